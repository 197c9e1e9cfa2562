import { z } from 'zod'
import { proposeExcuse, saveDraft, submitWeek, withdrawWeek } from '../../../handlers/weekly/submit.ts'
import { runningWeek, weeksFor } from '../../../handlers/weekly/target.ts'
import { viewWeek, type WeekView, weekSubject, worksByWeeklyPlan } from '../../../handlers/weekly/week.ts'
import type { Ctx } from '../../context.ts'
import { isOnTime } from '../../domain/deadline.ts'
import { addWeeks, daysOfWeek, formatDay, type Week, weekdayName } from '../../domain/time.ts'
import type { Person } from '../../store/people.ts'
import { ApiError } from './body.ts'
import { closeCards } from './cards.ts'
import type { Saved, Submitted, WeekPage } from './contract.ts'
import { type Call, type Endpoint, endpoint } from './endpoint.ts'
import { noQuery, requestId, rev, saying, week, weeklyContent } from './fields.ts'
import {
  dueOf,
  excuseOf,
  judgeName,
  nameOfWeek,
  namesIn,
  notesOf,
  plannedOf,
  returnedOf,
  scoreViewOf,
  statusForOneself,
  submittedOf,
  waitingChange,
} from './views.ts'

const text = {
  noPlans: '您的岗位不需要提交周计划',
  outOfReach: '这一周不能填写，请从本周开始',
  conflict: '这一周的内容已在别处更新，请核对后再继续',
  closed: '这一周放假，无需提交',
  settled: '当月已结算，如需修改请联系人力资源',
  scored: '上级已评分，如需修改请与上级沟通',
  nothing: '没有可以撤回的提交',
  tooLong: (minutes: number) => `提交已超过${minutes}分钟，不能撤回；截止前可修改后再次提交`,
  passed: '截止时间已过，撤回后再提交会按迟交计，因此不能撤回',
  closedCard: '已在页面提交',
  leaveCard: '已在页面申请免计',
}

/** How far back somebody's weeks can be opened from the list. */
const WEEKS_SHOWN = 8

/** Everything the page of one's own week shows. */
export async function weekPage(ctx: Ctx, me: Person, which: Week, now: Date): Promise<WeekPage> {
  const company = ctx.company()
  const view = await viewWeek(ctx, me, which, now)
  const nameOf = await namesIn(ctx, view)
  const next = company.weeks.nextOpenWeek(which)
  const { draft } = view.row
  const standing = view.counts?.submission.content
  const waiting = waitingChange(view)
  const last = view.row.submissions.at(-1)
  return {
    ...nameOfWeek(which),
    now: now.toISOString(),
    rev: view.row.rev,
    ...dueOf(ctx, view),
    status: view.status,
    statusText: statusForOneself(view),
    planned: await plannedOf(ctx, view),
    next: {
      ...nameOfWeek(next),
      days: daysOfWeek(next).map((day) => ({
        day,
        text: `${weekdayName(day)} ${formatDay(day)}`,
        off: !company.weeks.isWorkday(day),
      })),
    },
    content: draft?.content ?? waiting?.content ?? standing ?? { plan: [] },
    source: draft ? 'draft' : standing ? 'submitted' : 'blank',
    unread: draft?.unread ?? [],
    ...submittedOf(view),
    ...(waiting && { waiting: { at: waiting.at.toISOString() } }),
    ...(last?.consent === 'refused' && { refused: { at: last.at.toISOString() } }),
    ...returnedOf(view, nameOf),
    ...excuseOf(view),
    ...scoreViewOf(ctx, view, me, now, nameOf),
    notes: notesOf(view, me, nameOf),
    ...undoOf(ctx, view, now),
    ...(await judgeName(ctx, me)),
    weeks: await weeksToOpen(ctx, me, now),
  }
}

function undoOf(ctx: Ctx, view: WeekView, now: Date): { undoUntil?: string } {
  const last = view.row.submissions.at(-1)
  if (!last || view.row.score || view.due === 'closed') return {}
  let until = last.at.getTime() + ctx.company().weekly.undoMinutes * 60_000
  if (isOnTime(last.at, view.due.deadline)) until = Math.min(until, view.due.deadline.getTime() + 999)
  return now.getTime() <= until ? { undoUntil: new Date(until).toISOString() } : {}
}

async function weeksToOpen(ctx: Ctx, me: Person, now: Date): Promise<WeekPage['weeks']> {
  const running = runningWeek(ctx, now)
  const weeks: Week[] = []
  for (let w = running; w >= ctx.firstWeek && weeks.length < WEEKS_SHOWN; w = ctx.company().weeks.previousOpenWeek(w))
    weeks.push(w)
  const views = await Promise.all(weeks.map((w) => viewWeek(ctx, me, w, now)))
  return views.map((v) => ({ ...nameOfWeek(v.week), statusText: statusForOneself(v) }))
}

/** The week one most likely means: last week's while it is owed, else the running one (domain.md §11.14). */
async function likelyWeek(ctx: Ctx, me: Person, now: Date): Promise<Week> {
  return (await weeksFor(ctx, me, now))[0] ?? runningWeek(ctx, now)
}

function writable({ ctx, me, now, params }: Call<never, never>): Week {
  if (!worksByWeeklyPlan(ctx.company(), me)) throw new ApiError(403, 'no-plans', text.noPlans)
  const which = readable(params)
  const running = runningWeek(ctx, now)
  if (which < ctx.firstWeek || which < addWeeks(running, -53) || which > addWeeks(running, 1))
    throw new ApiError(400, 'week', text.outOfReach, { fields: [{ path: 'week', message: text.outOfReach }] })
  return which
}

export function readable(params: Record<string, string>): Week {
  const parsed = week.safeParse(params.week)
  if (!parsed.success) throw new ApiError(404, 'not-found', '没有这一周')
  return parsed.data
}

const conflict = async (call: Call<never, never>, which: Week) =>
  new ApiError(409, 'conflict', text.conflict, { current: await weekPage(call.ctx, call.me, which, call.now) })

export const weekEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/week',
    query: z.strictObject({ week: week.optional() }),
    async run({ ctx, me, now, query }): Promise<WeekPage> {
      if (!worksByWeeklyPlan(ctx.company(), me)) throw new ApiError(403, 'no-plans', text.noPlans)
      return weekPage(ctx, me, query.week ?? (await likelyWeek(ctx, me, now)), now)
    },
  }),
  endpoint({
    method: 'PUT',
    path: '/api/week/:week/draft',
    query: noQuery,
    body: z.strictObject({ requestId, rev, content: weeklyContent, dropUnread: z.boolean().optional() }),
    async run(call): Promise<Saved> {
      const { ctx, me, act, body, now } = call
      const which = writable(call as Call<never, never>)
      const view = await viewWeek(ctx, me, which, now)
      const unread = body.dropUnread ? [] : (view.row.draft?.unread ?? [])
      const draft = { content: body.content, unread, assumptions: [] }
      const outcome = await saveDraft(ctx, act, me, which, draft, body.rev)
      if (outcome.kind === 'conflict') throw await conflict(call as Call<never, never>, which)
      return { rev: outcome.rev }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/week/:week/submit',
    query: noQuery,
    body: z.strictObject({ requestId, rev, content: weeklyContent }),
    async run(call): Promise<Submitted> {
      const { ctx, me, act, body, now } = call
      const which = writable(call as Call<never, never>)
      const outcome = await submitWeek(ctx, act, me, which, body.content, body.rev)
      switch (outcome.kind) {
        case 'conflict':
          throw await conflict(call as Call<never, never>, which)
        case 'other-draft':
          throw await conflict(call as Call<never, never>, which)
        case 'incomplete': {
          const stops = outcome.problems.filter((p) => p.level !== 'hint')
          const fields = stops.map((p) => ({
            path: p.item === undefined ? p.kind : `plan.${p.item - 1}`,
            message: p.level === 'missing' ? `还差：${p.text}` : p.text,
          }))
          throw new ApiError(400, 'incomplete', fields[0]!.message, { fields })
        }
        case 'closed':
        case 'settled':
        case 'scored':
          throw new ApiError(422, outcome.kind, text[outcome.kind])
        case 'no-draft':
          throw new ApiError(400, 'incomplete', '还没有填写内容')
      }
      await closeCards(call, [weekSubject(me._id, which), `mine/${me._id}/${which}`], text.closedCard)
      const again = 'again' in outcome && outcome.again
      return { kind: outcome.kind, again, page: await weekPage(ctx, me, which, now) }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/week/:week/withdraw',
    query: noQuery,
    body: z.strictObject({ requestId }),
    async run(call): Promise<WeekPage> {
      const { ctx, me, act, now } = call
      const which = writable(call as Call<never, never>)
      const { kind } = await withdrawWeek(ctx, act, me, which)
      if (kind === 'nothing') throw new ApiError(422, kind, text.nothing)
      if (kind === 'scored') throw new ApiError(422, kind, text.scored)
      if (kind === 'deadline-passed') throw new ApiError(422, kind, text.passed)
      if (kind === 'too-long-ago') throw new ApiError(422, kind, text.tooLong(ctx.company().weekly.undoMinutes))
      return weekPage(ctx, me, which, now)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/week/:week/leave',
    query: noQuery,
    body: z.strictObject({ requestId, reason: saying(200) }),
    async run(call): Promise<WeekPage> {
      const { ctx, me, act, body, now } = call
      const which = writable(call as Call<never, never>)
      const { kind } = await proposeExcuse(ctx, act, me, which, body.reason)
      if (kind === 'settled') throw new ApiError(422, kind, text.settled)
      await closeCards(call, [weekSubject(me._id, which)], text.leaveCard)
      return weekPage(ctx, me, which, now)
    },
  }),
]
