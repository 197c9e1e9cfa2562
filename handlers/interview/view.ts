import type { Ctx } from '../../src/context.ts'
import { type InterviewState, isOver, isQuarter, monthsOf, type Period, quarterOf } from '../../src/domain/interview.ts'
import {
  addMonths,
  dayOf,
  formatDay,
  formatMonth,
  instantAt,
  type Month,
  monthOf,
  partsOf,
} from '../../src/domain/time.ts'
import type { InterviewRow } from '../../src/store/interviews.ts'
import type { Person } from '../../src/store/people.ts'
import { judges } from '../rights.ts'
import { directReports } from '../weekly/team.ts'
import { stateOf } from './interview.ts'
import { lowestResults } from './open.ts'

export interface SeenInterview {
  row: InterviewRow
  person: Person
  state: InterviewState
}

async function withPeople(ctx: Ctx, rows: InterviewRow[], now: Date): Promise<SeenInterview[]> {
  const people = new Map((await ctx.people.many([...new Set(rows.map((r) => r.personId))])).map((p) => [p._id, p]))
  return rows.flatMap((row) => {
    const person = people.get(row.personId)
    return person?.active ? [{ row, person, state: stateOf(ctx, row, now) }] : []
  })
}

/** Of the people whose superior somebody is, those that are under way. */
export async function teamInterviews(ctx: Ctx, manager: Person, now: Date): Promise<SeenInterview[]> {
  const team = await directReports(ctx, manager)
  if (team.length === 0) return []
  return withPeople(ctx, await ctx.interviews.runningOf(team.map((p) => p._id)), now)
}

export const ownInterviews = async (ctx: Ctx, person: Person, now: Date): Promise<SeenInterview[]> =>
  withPeople(
    ctx,
    (await ctx.interviews.ofPerson(person._id)).filter((r) => r.openedOn !== '' && !r.gone),
    now,
  )

const TO_DO: Partial<Record<InterviewState, string>> = {
  open: '待约时间',
  countered: '待确认时间',
  'to-record': '待填写记录',
  objected: '记录待修改',
  'to-review': '改进计划待复核',
}

/** What waits for a manager, by what is to be done. */
export function toDo(seen: SeenInterview[]): { what: string; names: string[] }[] {
  return Object.entries(TO_DO).flatMap(([state, what]) => {
    const names = [...new Set(seen.filter((s) => s.state === state).map((s) => s.person.name))]
    return names.length > 0 ? [{ what, names }] : []
  })
}

/** Since when something waits for a manager; undefined: it does not. */
function waitsSince(ctx: Ctx, { row, state }: SeenInterview): Date | undefined {
  const { timeZone } = ctx.company()
  switch (state) {
    case 'open':
      return row.appointment?.at ?? instantAt(row.openedOn, '00:00', timeZone)
    case 'countered':
      return row.appointment!.askedAt
    case 'to-record':
      return row.appointment!.at
    case 'objected':
      return row.objection!.at
    case 'to-review':
      return instantAt(row.record!.plan!.reviewOn, '00:00', timeZone)
    default:
      return undefined
  }
}

/** What they have been told by a card of its own. */
const TOLD_BY_ITSELF: ReadonlySet<string> = new Set(['countered', 'objected'])

/**
 * Managers for whom something waits.
 *
 * @param since the job's last run, `week` its first of the week
 * @returns whether some of it is new since then, and whether some waited at the beginning of the week already
 */
export async function waitingManagers(
  ctx: Ctx,
  since: Date,
  week: Date,
  now: Date,
): Promise<Map<string, { fresh: boolean; old: boolean }>> {
  const [running, judgeOf] = await Promise.all([ctx.interviews.running(), judges(ctx)])
  const waiting = new Map<string, { fresh: boolean; old: boolean }>()
  for (const seen of await withPeople(ctx, running, now)) {
    const manager = judgeOf(seen.person)
    const at = waitsSince(ctx, seen)
    if (!manager || !at) continue
    const { fresh = false, old = false } = waiting.get(manager) ?? {}
    waiting.set(manager, {
      fresh: fresh || (at > since && !TOLD_BY_ITSELF.has(seen.state)),
      old: old || at < week,
    })
  }
  return waiting
}

export interface Chain extends SeenInterview {
  /** Of the lowest grade. */
  months: Month[]
  steps: string[]
  withoutTraining: boolean
}

const MONTHS_BACK = 12

/** How far somebody is on the way from the lowest grade to the review (features.md B12). */
function stepsOf(ctx: Ctx, row: InterviewRow): string[] {
  const { record, waived, evaluation } = row
  const on = (at: Date) => formatDay(dayOf(at, ctx.company().timeZone))
  if (waived) return [`${on(waived.at)}登记无需面谈：${waived.reason}`]
  if (!record) return ['尚未面谈']
  const plan = record.plan
  const { year } = partsOf(plan?.reviewOn ?? record.heldOn)
  return [
    `${formatDay(record.heldOn)}已面谈`,
    row.confirmedAt ? `${on(row.confirmedAt)}双方确认` : '双方尚未确认',
    ...(plan
      ? [`改进计划${plan.items.length}项${plan.items.some((i) => i.training) ? '，含培训' : ''}`]
      : ['没有改进计划']),
    ...(plan ? [evaluation ? `${on(evaluation.at)}已复核` : `${year}年${formatDay(plan.reviewOn)}复核`] : []),
  ]
}

/** Everybody with a result of the lowest grade within a year, with their latest chain; those that are not over come first. */
export async function chains(ctx: Ctx, now: Date): Promise<Chain[]> {
  const last = monthOf(dayOf(now, ctx.company().timeZone))
  const low = await lowestResults(
    ctx,
    Array.from({ length: MONTHS_BACK }, (_, n) => addMonths(last, -1 - n)),
  )
  const months = new Map<string, Month[]>()
  for (const r of low) months.set(r.personId, [...(months.get(r.personId) ?? []), r.month])
  const rows = (await ctx.interviews.ofPeople([...months.keys()])).filter((r) => !isQuarter(r.period) && !r.gone)
  const latest = new Map(rows.map((r) => [r.personId, r]))
  const seen = await withPeople(ctx, [...latest.values()], now)
  return seen
    .map((s) => ({
      ...s,
      months: months.get(s.row.personId)!.toSorted(),
      steps: stepsOf(ctx, s.row),
      withoutTraining: s.row.record?.plan !== undefined && !s.row.record.plan.items.some((i) => i.training),
    }))
    .sort((a, b) => Number(isOver(a.state)) - Number(isOver(b.state)) || (a.row.openedOn < b.row.openedOn ? -1 : 1))
}

/** The last quarter's interviews: how many were held, of how many. */
export async function quarterProgress(ctx: Ctx, now: Date): Promise<{ quarter: Period; held: number; of: number }> {
  const quarter = quarterOf(addMonths(monthOf(dayOf(now, ctx.company().timeZone)), -3))
  const rows = (await ctx.interviews.ofPeriod(quarter)).filter((r) => r.openedOn !== '' && !r.gone && !r.waived)
  const seen = await withPeople(ctx, rows, now)
  return { quarter, held: seen.filter((s) => s.row.record !== undefined).length, of: seen.length }
}

/** Everything of everybody that is under way, for HR. */
export const runningInterviews = async (ctx: Ctx, now: Date): Promise<SeenInterview[]> =>
  withPeople(ctx, await ctx.interviews.running(), now)

/** The published results an interview is about: those of its months. */
export async function resultsOf(
  ctx: Ctx,
  row: InterviewRow,
): Promise<{ title: string; total?: string; grade?: string }[]> {
  const found = await Promise.all(monthsOf(row.period).map((m) => ctx.results.get(`${row.personId}/${m}`)))
  return found.flatMap((r) => {
    const result = r?.versions.at(-1)?.result
    if (!r || !result) return []
    const { shownTotal, grade } = result
    return [{ title: formatMonth(r.month), ...(shownTotal && { total: shownTotal }), ...(grade && { grade }) }]
  })
}
