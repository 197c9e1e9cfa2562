import { LEFT_RETURNED } from '../../../cards/score-card.ts'
import { statusText } from '../../../handlers/my-week.ts'
import { judgeOf } from '../../../handlers/rights.ts'
import { supportStates } from '../../../handlers/weekly/support.ts'
import { isFirstOfAll, isToScore, type WeekView } from '../../../handlers/weekly/week.ts'
import type { Ctx } from '../../context.ts'
import { explainDeadline } from '../../domain/deadline.ts'
import { shown } from '../../domain/decimal.ts'
import { dayOf, formatInstant, formatWeek, type Week } from '../../domain/time.ts'
import type { PlanItem } from '../../domain/weekly-report.ts'
import { ageInWeeks } from '../../domain/weekly-report.ts'
import type { Person } from '../../store/people.ts'
import type { Due, PersonLine, Planned, ScoreView, WeekName, WeekNote } from './contract.ts'

export const nameOfWeek = (week: Week): WeekName => ({ week, title: formatWeek(week) })

export function dueOf(ctx: Ctx, view: WeekView): { due?: Due } {
  if (view.due === 'closed') return {}
  const { deadlines, timeZone } = ctx.company()
  const today = dayOf(ctx.clock.now(), timeZone)
  const text = explainDeadline(view.due, deadlines, { week: view.week, today })
  return { due: { at: view.due.deadline.toISOString(), text, moved: view.due.moved !== undefined } }
}

const withAge = (items: readonly PlanItem[], week: Week) =>
  items.map((item) => ({ ...item, age: ageInWeeks(item, week) }))

/** What was planned for a week, with what came of the support it needs. */
export async function plannedOf(ctx: Ctx, view: WeekView): Promise<Planned[]> {
  const states = await supportStates(ctx, view)
  return withAge(view.planned, view.week).map((item, i) => ({
    ...item,
    ...(states[i] !== undefined && { supportState: states[i] }),
  }))
}

/** Names of the people a week speaks of, in one read. */
export async function namesIn(ctx: Ctx, view: WeekView): Promise<(id: string) => string> {
  const { row } = view
  const ids = [...row.notes.map((n) => n.by), row.returned?.by, row.score?.by].filter((id) => id !== undefined)
  const people = await ctx.people.many([...new Set(ids)])
  return (id) => people.find((p) => p._id === id)?.name ?? '已离职同事'
}

export const notesOf = (view: WeekView, me: Person, nameOf: (id: string) => string): WeekNote[] =>
  view.row.notes.map((n) => ({ at: n.at.toISOString(), by: nameOf(n.by), own: n.by === me._id, text: n.text }))

export function scoreViewOf(
  ctx: Ctx,
  view: WeekView,
  me: Person,
  now: Date,
  nameOf: (id: string) => string,
): { score?: ScoreView } {
  const given = view.row.score
  if (!given || !view.score) return {}
  const undoUntil = new Date(given.at.getTime() + ctx.company().weekly.undoMinutes * 60_000)
  const own = given.by === me._id
  return {
    score: {
      shown: shown(view.score.score),
      lines: view.score.lines,
      items: given.planned.map((p, i) => ({ text: p.text, planned: p.points, actual: given.points[i] ?? 0 })),
      deductions: given.deductions,
      by: nameOf(given.by),
      at: given.at.toISOString(),
      own,
      ...(own && undoUntil >= now && { undoUntil: undoUntil.toISOString() }),
    },
  }
}

export const returnedOf = (view: WeekView, nameOf: (id: string) => string) =>
  view.row.returned && view.status.kind === 'returned'
    ? {
        returned: {
          at: view.row.returned.at.toISOString(),
          by: nameOf(view.row.returned.by),
          reason: view.row.returned.reason,
        },
      }
    : {}

export const excuseOf = (view: WeekView) =>
  view.row.excuse ? { excuse: { state: view.row.excuse.state, reason: view.row.excuse.reason } } : {}

export const submittedOf = (view: WeekView) =>
  view.counts ? { submitted: { at: view.counts.submission.at.toISOString(), late: view.counts.late } } : {}

/** The last change that waits for consent. */
export const waitingChange = (view: WeekView) => view.row.submissions.findLast((s) => s.consent === 'asked')

export function personLine(ctx: Ctx, view: WeekView): PersonLine {
  const change = waitingChange(view)
  return {
    id: view.person._id,
    name: view.person.name,
    position: view.person.position,
    status: view.status,
    statusText: statusForOthers(view),
    toScore: isToScore(view),
    ...(view.counts && { submittedAt: formatInstant(view.counts.submission.at, ctx.company().timeZone) }),
    ...(view.score && { score: shown(view.score.score) }),
    ...excuseOf(view),
    ...(change && view.status.kind !== 'scored' && { change: { at: change.at.toISOString() } }),
  }
}

/** A word or two on where somebody else's week stands. */
export function statusForOthers(view: WeekView): string {
  const { status } = view
  switch (status.kind) {
    case 'not-owed':
      return {
        closed: '放假',
        'not-joined': '未入职',
        'first-week': '入职首周',
        left: '已离职',
        excused: '已免计',
      }[status.because]
    case 'owed':
      return '未提交'
    case 'draft':
      return status.overdue ? '逾期·有草稿' : '有草稿'
    case 'submitted':
      return '已提交'
    case 'late':
      return '迟交'
    case 'returned':
      return view.overdue ? LEFT_RETURNED : '已退回'
    case 'scored':
      return status.late ? '已评分·迟交' : '已评分'
    case 'missing':
      return '逾期未交'
  }
}

export const statusForOneself = (view: WeekView): string => statusText(view.status)

/** Why a week cannot be scored now; the rules are `scoreWeek`'s. */
export function whyNotScorable(ctx: Ctx, view: WeekView): string | undefined {
  if (view.due === 'closed') return '本周放假，无需评分'
  if (view.row.excuse?.state === 'granted') return '本周已免计，无需评分'
  if (view.status.kind === 'not-owed' || isFirstOfAll(ctx, view.week)) return '本周不计分，无需评分'
  if (!view.counts && !view.overdue) return '还未提交，截止时间后可评分'
  return undefined
}

export async function judgeName(ctx: Ctx, person: Person): Promise<{ judge?: string }> {
  const judge = await judgeOf(ctx, person)
  return judge ? { judge: judge.name } : {}
}
