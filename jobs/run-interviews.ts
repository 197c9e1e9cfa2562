import { managerOf } from '../handlers/interview/interview.ts'
import { openInterviews } from '../handlers/interview/open.ts'
import { runningInterviews, type SeenInterview, waitingManagers } from '../handlers/interview/view.ts'
import { push } from '../handlers/month/behaviour.ts'
import { apart } from '../src/apart.ts'
import type { Ctx } from '../src/context.ts'
import { lastCheck } from '../src/domain/interview.ts'
import { addDays, type Day, dayOf, instantAt, weekOf } from '../src/domain/time.ts'
import type { Add } from '../src/outbox/outbox.ts'
import type { Job } from '../src/schedule/schedule.ts'

const AT = '09:20'
/** An appointment before this time is brought to mind on the working day before. */
const EARLY = '10:30'
/** Working days without a confirmation: the employee is asked once more. */
const AGAIN_AFTER = 2

/** What both sides of an interview are owed on a working day. */
async function owedFor(ctx: Ctx, { row, person, state }: SeenInterview, day: Day, cause: string): Promise<Add[]> {
  const { weeks: calendar, timeZone } = ctx.company()
  const { _id: id, appointment, record } = row
  const add = (key: string, to: string, name: string, args: Record<string, unknown> = {}): Add =>
    push(key, to, name, { id, ...args }, cause)
  const rows: Add[] = []
  if ((state === 'asked' || state === 'countered') && row.openedOn === day) {
    // It may have come from an interview that this one takes the place of.
    const to = state === 'asked' ? person : await managerOf(ctx, row, person)
    const { round } = appointment!
    if (to) rows.push(add(`interview-time/${id}/${round}`, to._id, 'interview-time', { round }))
  } else if (state === 'asked' && appointment!.askedAt <= lastRun(ctx, day)) {
    const { round } = appointment!
    rows.push(add(`interview-time/${id}/${round}/again`, person._id, 'interview-time', { round }))
  }
  if (state === 'agreed' && appointment!.at < instantAt(calendar.nextWorkday(day), EARLY, timeZone)) {
    const manager = await managerOf(ctx, row, person)
    const { round } = appointment!
    for (const to of [person, ...(manager ? [manager] : [])])
      rows.push(add(`interview-today/${id}/${round}/${to._id}`, to._id, 'interview-today', { round }))
  }
  if (state === 'to-confirm' && dayOf(record!.at, timeZone) <= calendar.addWorkdays(day, -AGAIN_AFTER)) {
    const { version } = record!
    rows.push(add(`interview-record/${id}/${version}/again`, person._id, 'interview-record', { version }))
  }
  if (state === 'improving') {
    const check = lastCheck(dayOf(row.confirmedAt!, timeZone), day, calendar)
    if (check) rows.push(add(`interview-check/${id}/${check}`, person._id, 'interview-check'))
  }
  return rows
}

/** The working day before, at this hour: what was asked by then has had a whole day. */
const lastRun = (ctx: Ctx, day: Day): Date => {
  const { weeks, timeZone } = ctx.company()
  return instantAt(weeks.previousWorkday(day), AT, timeZone)
}

/** What superiors and HR are told together. */
async function owedTogether(ctx: Ctx, day: Day, slot: Date, cause: string): Promise<Add[]> {
  const { weeks: calendar, timeZone } = ctx.company()
  const week = weekOf(day)
  const first = calendar.workdaysOfWeek(week)[0]!
  const rows: Add[] = []
  const waiting = await waitingManagers(ctx, lastRun(ctx, day), instantAt(first, AT, timeZone), slot)
  for (const [to, { fresh, old }] of waiting) {
    // Once a week in any case, also when the week's first run was missed.
    const of = day !== first && fresh ? day : day === first || old ? week : undefined
    if (!of) continue
    // Those that could not be sent do not come beside the next.
    const next = of === week ? addDays(first, 7) : calendar.nextWorkday(day)
    const expiresAt = instantAt(next, AT, timeZone)
    rows.push({ ...push(`interviews-waiting/${to}/${of}`, to, 'interviews-waiting', {}, cause), expiresAt })
  }
  for (const p of await ctx.people.withRole('hr'))
    rows.push(push(`interviews-hr/${week}/${p._id}`, p._id, 'interviews-hr', {}, cause))
  return rows
}

/** 绩效面谈 and what follows from it (domain.md §8): proposed, brought to mind, followed up until the review. */
export const interviews: Job<Ctx> = {
  name: 'interviews',
  about: '每个工作日09:20：季度面谈和最低等级面谈的发起、提醒、改进计划进展和复核',
  catchUpMs: 8 * 3_600_000,
  times: (day, ctx) => {
    const { weeks, timeZone } = ctx.company()
    return weeks.isWorkday(day) ? [instantAt(day, AT, timeZone)] : []
  },
  async run(slot, ctx) {
    const day = dayOf(slot, ctx.company().timeZone)
    const cause = `interviews@${slot.toISOString()}`
    const parts = apart(ctx.log)
    await parts.run('open', () => openInterviews(ctx, day, cause))
    const told: (Add[] | undefined)[] = []
    for (const seen of await runningInterviews(ctx, ctx.clock.now()))
      told.push(await parts.run(seen.row._id, () => owedFor(ctx, seen, day, cause)))
    told.push(await parts.run('together', () => owedTogether(ctx, day, slot, cause)))
    await ctx.outbox.add(told.flatMap((rows) => rows ?? []))
    parts.end()
  },
}
