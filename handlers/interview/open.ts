import type { Ctx } from '../../src/context.ts'
import { isQuarter, monthsOf, type Period, quarterBeginningOn } from '../../src/domain/interview.ts'
import { addDays, addMonths, type Day, lastDayOf, type Month, mondayOf, monthOf } from '../../src/domain/time.ts'
import { type InterviewRow, interviewId } from '../../src/store/interviews.ts'
import type { Person } from '../../src/store/people.ts'
import type { ResultRow } from '../../src/store/results.ts'
import { judges } from '../rights.ts'
import { closeStale } from './interview.ts'

const AT_A_TIME = 200
/** Months back in which a result of the lowest grade may still appear: publication, and corrections of it. */
const MONTHS_BACK = 3
const GONE_AFTER_DAYS = 30

/**
 * Begins an interview.
 *
 * @param instead one that has not been held and that this takes the place of: its appointment stays
 * @returns whether it is new
 */
export async function openInterview(
  ctx: Ctx,
  event: string,
  personId: string,
  period: Period,
  day: Day,
  instead?: InterviewRow,
): Promise<boolean> {
  const opened = await ctx.interviews.change<boolean>(interviewId(personId, period), event, (row) => {
    if (row.openedOn !== '' && !row.gone) return { outcome: false }
    const appointment = row.appointment ?? instead?.appointment
    const managerId = row.managerId ?? instead?.managerId
    return {
      row: {
        ...{ ...row, openedOn: row.openedOn || day, gone: false, over: false },
        ...(appointment && { appointment }),
        ...(managerId && { managerId }),
      },
      outcome: true,
    }
  })
  return opened === true
}

async function openAll(ctx: Ctx, cause: string, people: string[], period: Period, day: Day): Promise<void> {
  for (let from = 0; from < people.length; from += AT_A_TIME)
    await Promise.all(people.slice(from, from + AT_A_TIME).map((id) => openInterview(ctx, cause, id, period, day)))
}

/** Was there for at least the last month of the quarter. */
const wasThere = (person: Person, quarter: string): boolean => {
  const joined = person.joinedOn ?? person.appearedOn
  return joined === undefined || joined <= `${monthsOf(quarter).at(-1)!}-01`
}

/**
 * The quarter's interviews, in the first working week after it (domain.md §8, §11.34); not for those who have another one before
 * them that has not been held, nor for those with whom one about a month was held since the quarter's end.
 */
async function openQuarter(ctx: Ctx, day: Day, cause: string): Promise<void> {
  const quarter = quarterBeginningOn(day, ctx.company().weeks)
  const end = quarter && lastDayOf(monthsOf(quarter).at(-1)!)
  if (!quarter || ctx.firstWeek === '' || mondayOf(ctx.firstWeek) > end!) return
  const [people, judgeOf, known, running] = await Promise.all([
    ctx.people.active(),
    judges(ctx),
    ctx.interviews.ofPeriod(quarter),
    // With those that were opened just now.
    ctx.interviews.running(),
  ])
  const stands = ({ period, record }: InterviewRow) => !record || (!isQuarter(period) && record.heldOn > end!)
  const has = new Set([...known.filter((r) => !r.gone), ...running.filter(stands)].map((r) => r.personId))
  const due = people.filter((p) => !has.has(p._id) && judgeOf(p) && wasThere(p, quarter) && !p.leftOn)
  await openAll(
    ctx,
    cause,
    due.map((p) => p._id),
    quarter,
    day,
  )
}

export type LowResult = Pick<ResultRow, 'personId' | 'month'>

/** Published results that have the lowest grade as they stand, by person and month. */
export async function lowestResults(ctx: Ctx, months: Month[]): Promise<LowResult[]> {
  const { grades } = ctx.company()
  const lowest = grades.at(-1)!.name
  if (grades.length < 2) return []
  const rows = await ctx.results.model
    .find({ month: { $in: months }, state: 'published', 'versions.result.grade': lowest })
    .sort({ month: 1, _id: 1 })
    .lean<ResultRow[]>()
  return rows.filter((r) => r.versions.at(-1)?.result.grade === lowest)
}

/**
 * Those whose month was of the lowest grade (features.md B12). A further such month that is published while a chain is under way
 * belongs to that chain, whatever becomes of it; a correction that lifts the grade ends what was not held yet.
 */
async function openLowest(ctx: Ctx, day: Day, running: InterviewRow[], cause: string): Promise<void> {
  const months = Array.from({ length: MONTHS_BACK }, (_, n) => addMonths(monthOf(day), -1 - n))
  const [low, people] = await Promise.all([lowestResults(ctx, months), ctx.people.active()])
  const active = new Set(people.map((p) => p._id))
  const isLow = new Set(low.map((r) => interviewId(r.personId, r.month)))
  const isLifted = (r: InterviewRow) =>
    !isQuarter(r.period) && !r.record && !r.over && months.includes(r.period) && !isLow.has(r._id)
  for (const { _id } of running.filter(isLifted))
    await ctx.interviews.change(_id, `${cause}/corrected`, (r) =>
      isLifted(r) ? { row: { ...r, gone: true, over: true }, outcome: null } : { outcome: null },
    )
  const lowOf = byPerson(low.filter((r) => active.has(r.personId)))
  const rowsOf = byPerson(await ctx.interviews.ofPeople([...lowOf.keys()]))
  const due = [...lowOf]
  for (let from = 0; from < due.length; from += AT_A_TIME)
    await Promise.all(
      due.slice(from, from + AT_A_TIME).map(([id, its]) => openForMonths(ctx, day, rowsOf.get(id) ?? [], its, cause)),
    )
}

function byPerson<T extends { personId: string }>(rows: T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) groups.set(row.personId, [...(groups.get(row.personId) ?? []), row])
  return groups
}

/** Of one person: each month that nothing is there for yet joins the chain under way, or begins one. */
async function openForMonths(ctx: Ctx, day: Day, rows: InterviewRow[], low: LowResult[], cause: string): Promise<void> {
  const chains = rows.filter((r) => !isQuarter(r.period) && !r.gone)
  const quarter = rows.find((r) => isQuarter(r.period) && !r.over && !r.record)
  const running = chains.find((r) => !r.over)
  let chain = running?._id
  for (const { personId, month } of low) {
    if (chains.some((r) => r.period === month || r.absorbed?.includes(month))) continue
    if (chain)
      await ctx.interviews.change(chain, `${cause}/${month}`, (r) =>
        r.over ? { outcome: null } : { row: { ...r, absorbed: [...(r.absorbed ?? []), month] }, outcome: null },
      )
    else {
      await openInterview(ctx, cause, personId, month, day, quarter)
      chain = interviewId(personId, month)
    }
  }
  if (quarter && chain && !running?.record) await endFor(ctx, quarter, cause)
}

/** The one about the month is the quarter's as well: nobody is asked for two. */
async function endFor(ctx: Ctx, { _id }: InterviewRow, cause: string): Promise<void> {
  await ctx.interviews.change(_id, `${cause}/joined`, (r) =>
    r.record || r.over ? { outcome: null } : { row: { ...r, gone: true, over: true }, outcome: null },
  )
  await closeStale(ctx, cause, _id, () => true)
}

/** Not who is missing in the contacts for a day: their plan goes on when they are back. */
const hasLeft = (person: Person | undefined, day: Day): boolean =>
  person?.active === false && (person.leftOn ?? day) < addDays(day, -GONE_AFTER_DAYS)

/** Opens what has become due by a working day and ends what people who left have open. */
export async function openInterviews(ctx: Ctx, day: Day, cause: string): Promise<void> {
  const running = await ctx.interviews.running()
  const settings = ctx.company().interviews
  if (settings.afterLowest) await openLowest(ctx, day, running, cause)
  if (settings.quarterly) await openQuarter(ctx, day, cause)
  const people = new Map((await ctx.people.many([...new Set(running.map((r) => r.personId))])).map((p) => [p._id, p]))
  for (const row of running)
    if (hasLeft(people.get(row.personId), day))
      await ctx.interviews.change(row._id, `${cause}/left`, (r) => ({
        row: { ...r, gone: true, over: true },
        outcome: null,
      }))
}
