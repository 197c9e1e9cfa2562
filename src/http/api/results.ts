import { z } from 'zod'
import { closedState } from '../../../handlers/month/closed.ts'
import { isLeaveOpen, itemsOf, viewWeek, type WeekView, worksByWeeklyPlan } from '../../../handlers/weekly/week.ts'
import type { Ctx } from '../../context.ts'
import { isOnTime } from '../../domain/deadline.ts'
import { shown } from '../../domain/decimal.ts'
import { monthScore, type WeekResult, weekResult } from '../../domain/score.ts'
import {
  addMonths,
  dayOf,
  formatMonth,
  type Month,
  monthOfWeek,
  partsOf,
  saturdayOf,
  weekOf,
  weeksOfMonth,
} from '../../domain/time.ts'
import type { ResultsPage, ResultWeek } from './contract.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { nameOfWeek, namesIn, scoreViewOf, statusForOneself } from './views.ts'

const MONTHS_A_TIME = 3
const month = z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/)

const text = { soFar: '未提交，暂按0分；补交后重新计算，也可由直属上级免计' }

const because = {
  closed: '放假',
  'not-joined': '未入职',
  'first-week': '入职首周',
  left: '已离职',
  excused: '请假',
} as const

/** How a week counts so far; `open`: nothing to be said before its deadline, nor before leave is answered. */
function resultOf(view: WeekView, now: Date): WeekResult | undefined {
  const { status, row, week, due } = view
  const decided = row.score !== undefined || status.kind === 'not-owed'
  if (!decided && due !== 'closed' && (isOnTime(now, due.deadline) || isLeaveOpen(view))) return undefined
  return weekResult({
    week,
    ...(status.kind === 'not-owed' && { excused: { because: because[status.because] } }),
    submitted: view.counts ? (view.counts.late ? 'late' : 'on-time') : 'none',
    items: itemsOf(view),
    deductions: row.score?.deductions ?? [],
  })
}

/** @param open the month still takes what is handed in late (domain.md §11.9) */
async function resultWeek(
  ctx: Ctx,
  view: WeekView,
  now: Date,
  open: boolean,
): Promise<{ week: ResultWeek; result: WeekResult | undefined }> {
  const result = resultOf(view, now)
  const { month: m, dayOfMonth } = partsOf(saturdayOf(view.week))
  const nameOf = await namesIn(ctx, view)
  const { score } = scoreViewOf(ctx, view, view.person, now, nameOf)
  const soFar = open && result?.kind === 'zero' && result.because === 'nothing-submitted'
  const value = result && 'score' in result ? result.score : undefined
  const week: ResultWeek = {
    ...nameOfWeek(view.week),
    label: `${m}/${dayOfMonth}`,
    kind: result?.kind ?? 'open',
    ...(value && { shown: shown(value), value: Number(shown(value)) }),
    lines: soFar ? [text.soFar] : result && 'lines' in result ? result.lines : [],
    ...(soFar && { soFar }),
    statusText: statusForOneself(view),
    late: view.counts?.late ?? false,
    ...(score && { by: score.by, items: score.items }),
  }
  return { week, result }
}

export const resultEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/results',
    query: z.strictObject({ before: month.optional() }),
    async run({ ctx, me, now, query }): Promise<ResultsPage> {
      if (!worksByWeeklyPlan(ctx.company(), me)) return { months: [] }
      const today = dayOf(now, ctx.company().timeZone)
      const running = monthOfWeek(weekOf(today))
      const first = monthOfWeek(ctx.firstWeek)
      const newest: Month = query.before && query.before <= running ? addMonths(query.before, -1) : running
      const months: ResultsPage['months'] = []
      let month = newest
      for (; months.length < MONTHS_A_TIME && month >= first; month = addMonths(month, -1)) {
        const weeks = weeksOfMonth(month).filter((w) => w > ctx.firstWeek && w <= weekOf(today))
        const open = (await closedState(ctx, me._id, month)) === undefined
        const rows = await Promise.all(
          weeks.map(async (w) => resultWeek(ctx, await viewWeek(ctx, me, w, now), now, open)),
        )
        const results = rows.flatMap((r) => (r.result ? [r.result] : []))
        const decided = results.filter((r) => r.kind !== 'missing')
        const score = monthScore(month, decided)
        const owed = weeksOfMonth(month).filter((w) => w > ctx.firstWeek).length
        const complete = decided.length === owed
        months.push({
          month,
          title: formatMonth(month),
          ...(score.kind === 'scored' && { shown: shown(score.score) }),
          lines: decided.length > 0 ? score.lines : [],
          provisional: !complete || rows.some((r) => r.week.soFar),
          weeks: rows.map((r) => r.week).reverse(),
        })
      }
      return { months, ...(month >= first && { earlier: addMonths(month, 1) }) }
    },
  }),
]
