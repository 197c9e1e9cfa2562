import type { Ctx } from '../../src/context.ts'
import { isQuarter, monthsOf, type Period, quarterBeginningOn } from '../../src/domain/interview.ts'
import { addDays, addMonths, type Day, lastDayOf, type Month, mondayOf, monthOf } from '../../src/domain/time.ts'
import { type InterviewRow, interviewId } from '../../src/store/interviews.ts'
import type { Person } from '../../src/store/people.ts'
import type { ResultRow } from '../../src/store/results.ts'
import { judges } from '../rights.ts'

const AT_A_TIME = 200
/** Months back in which a result of the lowest grade may still appear: publication, and corrections of it. */
const MONTHS_BACK = 3
const GONE_AFTER_DAYS = 30

/** Begins an interview. @returns whether it is new */
export async function openInterview(
  ctx: Ctx,
  event: string,
  personId: string,
  period: Period,
  day: Day,
): Promise<boolean> {
  const opened = await ctx.interviews.change<boolean>(interviewId(personId, period), event, (row) =>
    row.openedOn !== '' && !row.gone
      ? { outcome: false }
      : { row: { ...row, openedOn: row.openedOn || day, gone: false, over: false }, outcome: true },
  )
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
 * them that has not been held.
 */
async function openQuarter(ctx: Ctx, day: Day, running: InterviewRow[], cause: string): Promise<void> {
  const quarter = quarterBeginningOn(day, ctx.company().weeks)
  if (!quarter || ctx.firstWeek === '' || mondayOf(ctx.firstWeek) > lastDayOf(monthsOf(quarter).at(-1)!)) return
  const [people, judgeOf, known] = await Promise.all([
    ctx.people.active(),
    judges(ctx),
    ctx.interviews.ofPeriod(quarter),
  ])
  const has = new Set([...known, ...running.filter((r) => !r.record)].map((r) => r.personId))
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
 * Those whose month was of the lowest grade (features.md B12). A second such month while a chain is under way belongs to that
 * chain; a correction that lifts the grade ends what was not held yet.
 */
async function openLowest(ctx: Ctx, day: Day, running: InterviewRow[], cause: string): Promise<void> {
  const months = Array.from({ length: MONTHS_BACK }, (_, n) => addMonths(monthOf(day), -1 - n))
  const low = await lowestResults(ctx, months)
  const active = new Set((await ctx.people.active()).map((p) => p._id))
  const isLow = new Set(low.map((r) => interviewId(r.personId, r.month)))
  const chained = new Set<string>()
  for (const row of running) {
    if (isQuarter(row.period)) continue
    if (row.record || isLow.has(row._id) || !months.includes(row.period)) chained.add(row.personId)
    else
      await ctx.interviews.change(row._id, `${cause}/corrected`, (r) =>
        r.record || r.over ? { outcome: null } : { row: { ...r, gone: true, over: true }, outcome: null },
      )
  }
  for (const month of months.toReversed()) {
    const due = low.filter((r) => r.month === month && active.has(r.personId) && !chained.has(r.personId))
    await openAll(
      ctx,
      cause,
      due.map((r) => r.personId),
      month,
      day,
    )
    for (const { personId } of due) chained.add(personId)
  }
}

/** Not who is missing in the contacts for a day: their plan goes on when they are back. */
const hasLeft = (person: Person | undefined, day: Day): boolean =>
  person?.active === false && (person.leftOn ?? day) < addDays(day, -GONE_AFTER_DAYS)

/** Opens what has become due by a working day and ends what people who left have open. */
export async function openInterviews(ctx: Ctx, day: Day, cause: string): Promise<void> {
  const running = await ctx.interviews.running()
  const settings = ctx.company().interviews
  if (settings.afterLowest) await openLowest(ctx, day, running, cause)
  if (settings.quarterly) await openQuarter(ctx, day, running, cause)
  const people = new Map((await ctx.people.many([...new Set(running.map((r) => r.personId))])).map((p) => [p._id, p]))
  for (const row of running)
    if (hasLeft(people.get(row.personId), day))
      await ctx.interviews.change(row._id, `${cause}/left`, (r) => ({
        row: { ...r, gone: true, over: true },
        outcome: null,
      }))
}
