import type { Company } from '../../src/company.ts'
import { schemeOf } from '../../src/company.ts'
import type { Ctx } from '../../src/context.ts'
import { explainDeadline, explainLate, isOnTime, type WeekDeadline, weekDeadline } from '../../src/domain/deadline.ts'
import { type Computed, weekScore } from '../../src/domain/score.ts'
import { dayOf, type Week } from '../../src/domain/time.ts'
import { type PlanItem, type Standing, standing, type WeekStatus, weekStatus } from '../../src/domain/weekly-report.ts'
import type { Person } from '../../src/store/people.ts'
import { reportOf, type WeekRow, weekRowId } from '../../src/store/weeks.ts'

/** Everything that is known of one person's week at an instant. */
export interface WeekView {
  person: Person
  week: Week
  due: WeekDeadline | 'closed'
  /** Whether the deadline is over at that instant. */
  overdue: boolean
  status: WeekStatus
  /** What was planned for this week: from what counts of the submission before it. */
  planned: PlanItem[]
  /** What counts of this week's submissions. */
  counts?: Standing
  score?: Computed
  row: WeekRow
}

/** Deadlines of a company, which are asked for again and again and never change while its settings are the same. */
const known = new WeakMap<Company, Map<Week, WeekDeadline | 'closed'>>()

export function deadlineOf(company: Company, week: Week): WeekDeadline | 'closed' {
  let weeks = known.get(company)
  if (!weeks) {
    weeks = new Map()
    known.set(company, weeks)
  }
  let due = weeks.get(week)
  if (due === undefined) {
    due = weekDeadline(week, company.weeks, company.deadlines)
    weeks.set(week, due)
  }
  return due
}

/** What somebody is told of a week's deadline at an instant: what handing in costs, once it is over and nothing is in. */
export function deadlineWords(ctx: Ctx, { week, due, counts, row }: WeekView, at: Date): string {
  const { deadlines, timeZone } = ctx.company()
  if (due !== 'closed' && !isOnTime(at, due.deadline) && !counts && !row.score) return explainLate(week, due, deadlines)
  return explainDeadline(due, deadlines, { week, today: dayOf(at, timeZone) })
}

/** Whether somebody's position is assessed by weekly plans (domain.md §2). */
export const worksByWeeklyPlan = (company: Company, person: Person): boolean =>
  schemeOf(company, person.position)?.kind === 'weekly'

/** Whether their week cannot be planned yet because it is the first of the bot here. */
export const isFirstOfAll = (ctx: Ctx, week: Week): boolean => week <= ctx.firstWeek

/** The weeks of several people. Two reads, whatever their number. */
export async function viewWeeks(ctx: Ctx, people: Person[], week: Week, now: Date): Promise<WeekView[]> {
  const company = ctx.company()
  const ids = people.map((p) => p._id)
  const before = company.weeks.previousOpenWeek(week)
  const [rows, rowsBefore] = await Promise.all([ctx.weeks.ofWeek(week, ids), ctx.weeks.ofWeek(before, ids)])
  return people.map((person) => makeView(company, person, rows.get(person._id)!, rowsBefore.get(person._id)!, now))
}

/** One person's week as it stands at `now`. */
export async function viewWeek(ctx: Ctx, person: Person, week: Week, now: Date): Promise<WeekView> {
  const [view] = await viewWeeks(ctx, [person], week, now)
  return view!
}

/** The same from rows that were read already: for whole companies. */
export function makeView(company: Company, person: Person, row: WeekRow, rowBefore: WeekRow, now: Date): WeekView {
  const due = deadlineOf(company, row.week)
  const dueBefore = deadlineOf(company, rowBefore.week)
  const planned = row.score
    ? undefined
    : dueBefore === 'closed'
      ? []
      : (standing(reportOf(rowBefore), dueBefore.deadline)?.submission.content.plan ?? [])
  const counts = due === 'closed' ? undefined : standing(reportOf(row), due.deadline)
  const status = weekStatus({
    week: row.week,
    due,
    now,
    ...(person.joinedOn && { joined: person.joinedOn }),
    ...(person.leftOn && { left: person.leftOn }),
    excused: row.excuse?.state === 'granted',
    report: reportOf(row),
    hasDraft: row.draft !== undefined,
    scored: row.score !== undefined,
  })
  const items = planned ?? plannedOfScore(rowBefore, dueBefore, row)
  const overdue = due !== 'closed' && !isOnTime(now, due.deadline)
  const view: WeekView = {
    person,
    week: row.week,
    due,
    overdue,
    status,
    planned: items,
    row,
    ...(counts && { counts }),
  }
  if (row.score) view.score = scoreOf(row, counts)
  return view
}

/** The items as they were scored, with what the plan says of them where it still has them. */
function plannedOfScore(rowBefore: WeekRow, dueBefore: WeekDeadline | 'closed', row: WeekRow): PlanItem[] {
  const plan =
    dueBefore === 'closed' ? [] : (standing(reportOf(rowBefore), dueBefore.deadline)?.submission.content.plan ?? [])
  // What was scored as a whole was not planned: nobody has to sum it up.
  const planned = row.score?.planned.filter((p) => p.text !== WHOLE_WEEK.text) ?? []
  return planned.map((scored, i) => ({ kind: 'routine' as const, ...plan[i], ...scored }))
}

/** 篇三 asks for Σ planned points; where nothing was planned the superior may judge the week as a whole (domain.md §11.10). */
const WHOLE_WEEK: PlanItem = { text: '本周工作（没有计划）', kind: 'routine', points: 100 }

const hasPoints = (view: WeekView): boolean => view.planned.some((p) => p.points > 0)

/** What a week is given points for: its plan, or the week as a whole. */
export const itemsToScore = (view: WeekView): PlanItem[] => (hasPoints(view) ? view.planned : [WHOLE_WEEK])

/** What a week counts by: as it was scored, else as it was planned. */
export const itemsOf = (view: WeekView): { planned: number; actual?: number }[] =>
  (view.row.score ? itemsToScore(view) : view.planned).map((p, i) => {
    const actual = view.row.score?.points[i]
    return actual === undefined ? { planned: p.points } : { planned: p.points, actual }
  })

/** Sent back, and not handed in again before the deadline was over: what was handed in first can be scored. */
export const isLeftReturned = (view: WeekView): boolean => view.status.kind === 'returned' && view.overdue

const isHandedIn = ({ counts, status }: WeekView): boolean =>
  counts !== undefined && (status.kind === 'submitted' || status.kind === 'late')

/** Handed in, not scored yet. */
export const isToScore = (view: WeekView): boolean => (isHandedIn(view) || isLeftReturned(view)) && hasPoints(view)

/** Without a plan, and counting 0 if nobody sets points or excuses it (domain.md §11.10). */
export const isWithoutPlan = (view: WeekView): boolean =>
  !hasPoints(view) && !view.row.score && view.status.kind !== 'not-owed' && (isHandedIn(view) || view.overdue)

/** Leave that was asked for, with no answer and no score when the deadline was over (domain.md §11.6). */
export const isLeaveOpen = (view: WeekView): boolean =>
  view.row.excuse?.state === 'proposed' && !view.row.score && view.overdue && view.status.kind !== 'not-owed'

/** The arithmetic of a given score: late counts when nothing came in time (domain.md §3). */
export function scoreOf(row: WeekRow, counts: Standing | undefined): Computed | undefined {
  const given = row.score
  if (!given) return undefined
  const items = given.planned.map((p, i) => ({ planned: p.points, actual: given.points[i] ?? 0 }))
  return weekScore({ items, late: counts?.late ?? true, deductions: given.deductions })
}

/** Names the rows about one week in the audit and in card subjects. */
export const weekSubject = (personId: string, week: Week): string => `week/${weekRowId(personId, week)}`
