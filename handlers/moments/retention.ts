import type { Ctx } from '../../src/context.ts'
import { addDays, type Day, instantAt, makeDay, monthOf, partsOf, weekOf } from '../../src/domain/time.ts'

function yearsBefore(day: Day, years: number): Day {
  const { year, month, dayOfMonth } = partsOf(day)
  return makeDay(year - years, month, dayOfMonth) ?? makeDay(year - years, month, 28)!
}

/**
 * Deletes what has been kept for as long as the settings say (features.md 5.4): personal facts of people who left, records of
 * talks, weekly reports, interviews, milestones, months with all that made them, whom surveys asked and who
 * answered what where there are names, comments, and at last the names of people who left long ago with all that is noted of them.
 * The audit outlives what it is about. One line of it a day says how much was deleted, not what.
 */
export async function keepNoLonger(ctx: Ctx, day: Day): Promise<void> {
  const { timeZone, retention } = ctx.company()
  const { personalDays, talkYears, recordYears, auditYears } = retention
  const midnight = (of: Day) => instantAt(of, '00:00', timeZone)
  const everybody = await ctx.people.all()
  const left = (before: Day) => everybody.filter((p) => !p.active && p.leftOn !== undefined && p.leftOn < before)
  const ids = left(addDays(day, -personalDays)).map((p) => p._id)
  const personal = await ctx.personal.model.deleteMany({ _id: { $in: ids } })
  const talks = await ctx.hrTalks.model.deleteMany({ heldOn: { $lt: yearsBefore(day, talkYears) } })
  const records = yearsBefore(day, recordYears)
  const milestones = await ctx.milestones.model.deleteMany({ overAt: { $lt: midnight(records) } })
  const interviews = await ctx.interviews.model.deleteMany({ openedOn: { $lt: records } })
  const weeks = await ctx.weeks.model.deleteMany({ week: { $lt: weekOf(records) } })
  const months = { month: { $lt: monthOf(records) } }
  const { results, monthInputs, behaviours, pictures, appeals, rules } = ctx
  const kept = [results, monthInputs, behaviours, pictures, appeals, rules].map((store) => store.model)
  let monthRows = 0
  for (const model of kept) monthRows += (await (model as typeof ctx.results.model).deleteMany(months)).deletedCount
  const rounds = await ctx.surveyRounds.forget(midnight(records))
  const answers = await ctx.surveyResults.forgetWords(rounds)
  const terms = await ctx.terms.model.deleteMany({ endsOn: { $lt: records } })
  const nameless = left(records).filter((p) => p.name !== FORMER)
  for (const { _id, leftOn } of nameless) {
    const rest = { position: '', departments: [], roles: [], nicknames: [], active: false, leftBy: 'platform' as const }
    await ctx.people.save({ _id, name: FORMER, leftOn: leftOn!, ...rest })
  }
  const gone = left(records).map((p) => p._id)
  await ctx.positions.model.deleteMany({ _id: { $in: gone } })
  await ctx.contacts.doubts.deleteMany({ $or: [{ personId: { $in: gone } }, { freshId: { $in: gone } }] })
  const audit = await ctx.audit.model.deleteMany({ at: { $lt: midnight(yearsBefore(day, auditYears)) } })
  const counts = {
    personal: personal.deletedCount,
    talks: talks.deletedCount,
    weeks: weeks.deletedCount,
    months: monthRows,
    interviews: interviews.deletedCount,
    milestones: milestones.deletedCount,
    answers,
    terms: terms.deletedCount,
    audit: audit.deletedCount,
    people: nameless.length,
  }
  if (Object.values(counts).every((n) => n === 0)) return
  await ctx.audit.add({
    _id: `retention/${day}`,
    at: ctx.clock.now(),
    by: 'system',
    what: 'retention',
    to: 'data',
    detail: counts,
  })
}

/** Stands where a name was. */
const FORMER = '已离职员工'
