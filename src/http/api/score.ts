import { z } from 'zod'
import { mayAnswerWeek, mayJudgeWeek, mayReadWeek } from '../../../handlers/rights.ts'
import { toScore } from '../../../handlers/score-week.ts'
import {
  addNote,
  decideChange,
  decideExcuse,
  returnWeek,
  scoreSubject,
  scoreWeek,
  withdrawScore,
} from '../../../handlers/weekly/judge.ts'
import { lastDueWeek, runningWeek } from '../../../handlers/weekly/target.ts'
import { teamOf, teamView } from '../../../handlers/weekly/team.ts'
import { deadlineOf, itemsToScore, viewWeek } from '../../../handlers/weekly/week.ts'
import type { Ctx } from '../../context.ts'
import { isOnTime } from '../../domain/deadline.ts'
import { pointsText } from '../../domain/score.ts'
import type { Week } from '../../domain/time.ts'
import type { PlanItem } from '../../domain/weekly-report.ts'
import type { Person } from '../../store/people.ts'
import { ApiError } from './body.ts'
import { closeCards } from './cards.ts'
import type { Scored, ScoreQueue, ScoreSheet } from './contract.ts'
import { type Call, type Endpoint, endpoint } from './endpoint.ts'
import { givenScore, noQuery, requestId, saying, week } from './fields.ts'
import {
  dueOf,
  excuseOf,
  nameOfWeek,
  namesIn,
  notesOf,
  personLine,
  plannedOf,
  returnedOf,
  scoreViewOf,
  statusForOthers,
  submittedOf,
  waitingChange,
  whyNotScorable,
} from './views.ts'
import { readable } from './week.ts'

const text = {
  notYours: '您没有查看或处理这项内容的权限',
  points: (item: number, planned: number) => `第${item}项的得分应在0到${planned}之间`,
  count: (n: number) => `本周计划有${n}项，请刷新页面后重新评分`,
  deduction: '扣分项重复或分值不正确',
  early: '还未提交，截止时间后可评分',
  excused: '本周已免计，无需评分',
  notBack: '这一周已免计，不需要补充',
  settled: '该周所在月份的结果已确认，不能再修改；未发布时请确认人撤销确认，已发布请联系人力资源更正',
  scored: '已评分，不能再退回或修改；可先撤销评分',
  notSubmitted: '还没有提交，无法退回',
  gone: '该申请已处理或已被新的提交替代',
  undone: '没有可以撤销的评分',
  tooLate: (minutes: number) => `评分已超过${minutes}分钟，不能撤销；可重新评分`,
  nobody: '没有可以接收留言的上级，请联系人力资源',
}

const NEVER = '没有这位同事或您没有权限'

/** The person of a route, if the caller may; one answer for nobody and for somebody else's people. */
async function subject(
  call: Pick<Call, 'ctx' | 'me' | 'params'>,
  right: (ctx: Ctx, by: Person, of: Person, week: Week) => Promise<boolean>,
): Promise<{ person: Person; which: Week }> {
  const which = readable(call.params)
  const person = await call.ctx.people.get(call.params.person ?? '')
  if (!person || !(await right(call.ctx, call.me, person, which))) throw new ApiError(403, 'forbidden', NEVER)
  return { person, which }
}

const planLines = (plan: readonly PlanItem[]): string[] =>
  plan.map((item) => `${item.text}（${pointsText(item.points)}分）`)

const forbidden = () => new ApiError(403, 'forbidden', text.notYours)

export async function scoreSheet(ctx: Ctx, me: Person, person: Person, which: Week, now: Date): Promise<ScoreSheet> {
  const view = await viewWeek(ctx, person, which, now)
  const nameOf = await namesIn(ctx, view)
  const content = view.counts?.submission.content
  const { outcomes = [], ...summary } = content?.summary ?? {}
  const change = waitingChange(view)
  const blocked = whyNotScorable(ctx, view)
  const items = await plannedOf(ctx, blocked ? view : { ...view, planned: itemsToScore(view) })
  return {
    ...nameOfWeek(which),
    person: { id: person._id, name: person.name, position: person.position },
    now: now.toISOString(),
    rev: view.row.rev,
    ...dueOf(ctx, view),
    status: view.status,
    statusText: statusForOthers(view),
    items: items.map((item, i) => ({ ...item, ...(outcomes[i] && { outcome: outcomes[i] }) })),
    ...(content?.summary && { summary: summary as ScoreSheet['summary'] & object }),
    next: { ...nameOfWeek(ctx.company().weeks.nextOpenWeek(which)), plan: content?.plan ?? [] },
    ...submittedOf(view),
    late: view.counts?.late ?? true,
    ...(blocked && { blocked }),
    mayJudge: await mayJudgeWeek(ctx, me, person, which),
    ...returnedOf(view, nameOf),
    ...excuseOf(view),
    ...(change && {
      change: {
        at: change.at.toISOString(),
        before: planLines(content?.plan ?? []),
        after: planLines(change.content.plan),
      },
    }),
    ...scoreViewOf(ctx, view, me, now, nameOf),
    notes: notesOf(view, me, nameOf),
  }
}

const one = '/api/score/:person/:week'

export const scoreEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/score',
    query: z.strictObject({ week: week.optional() }),
    async run({ ctx, me, now, query }): Promise<ScoreQueue> {
      const passed = (w: Week) => {
        const due = deadlineOf(ctx.company(), w)
        return due !== 'closed' && !isOnTime(now, due.deadline)
      }
      const running = runningWeek(ctx, now)
      const waiting = await toScore(ctx, me, now)
      if (waiting.length === 0 && (await teamOf(ctx, me, 'own')).length === 0) throw forbidden()
      const lastDue = lastDueWeek(ctx, now, passed)
      const which = query.week ?? waiting[0]?.week ?? lastDue
      const { views } = await teamView(ctx, me, which, now)
      const left = waiting.map((v) => v.week)
      const weeks = [...new Set([running, lastDue, ctx.company().weeks.previousOpenWeek(running), ...left, which])]
        .filter((w) => w > ctx.firstWeek || w === which)
        .sort()
        .reverse()
      return {
        ...nameOfWeek(which),
        people: views.map((v) => personLine(ctx, v)),
        weeks: weeks.map((w) => ({ ...nameOfWeek(w), waiting: waiting.filter((v) => v.week === w).length })),
      }
    },
  }),
  endpoint({
    method: 'GET',
    path: one,
    query: noQuery,
    async run(call): Promise<ScoreSheet> {
      const { person, which } = await subject(call, mayReadWeek)
      return scoreSheet(call.ctx, call.me, person, which, call.now)
    },
  }),
  endpoint({
    method: 'POST',
    path: one,
    query: noQuery,
    body: givenScore,
    async run(call): Promise<Scored> {
      const { ctx, me, act, body, now } = call
      const { person, which } = await subject(call, mayJudgeWeek)
      const { points, deductions, replaces } = body
      const input = { points, deductions, ...(replaces && { replaces: new Date(replaces) }) }
      const outcome = await scoreWeek(ctx, act, me, person, which, input)
      switch (outcome.kind) {
        case 'scored':
          await closeCards(call, [scoreSubject(person._id, which)], `已由${me.name}评分`, `${person.name}的周总结`)
          return { kind: 'scored', sheet: await scoreSheet(ctx, me, person, which, now) }
        case 'already': {
          const by = (await ctx.people.get(outcome.by))?.name ?? ''
          const sheet = await scoreSheet(ctx, me, person, which, now)
          throw new ApiError(409, 'already', `${by}已先行评分，您的评分没有覆盖`, { current: sheet })
        }
        case 'bad-points': {
          const message = text.points(outcome.item, outcome.planned)
          throw new ApiError(400, 'invalid', message, { fields: [{ path: `points.${outcome.item - 1}`, message }] })
        }
        case 'wrong-count': {
          const sheet = await scoreSheet(ctx, me, person, which, now)
          throw new ApiError(409, 'conflict', text.count(outcome.planned), { current: sheet })
        }
        case 'bad-deduction':
          throw new ApiError(400, 'invalid', text.deduction, {
            fields: [{ path: 'deductions', message: text.deduction }],
          })
        case 'settled':
          throw new ApiError(422, outcome.kind, text.settled)
        case 'too-early':
          throw new ApiError(422, outcome.kind, text.early)
        case 'excused':
          throw new ApiError(422, outcome.kind, text.excused)
        case 'not-allowed':
          throw forbidden()
      }
    },
  }),
  endpoint({
    method: 'POST',
    path: `${one}/withdraw`,
    query: noQuery,
    body: z.strictObject({ requestId }),
    async run(call): Promise<ScoreSheet> {
      const { ctx, me, act, now } = call
      const { person, which } = await subject(call, mayJudgeWeek)
      const { kind } = await withdrawScore(ctx, act, me, person, which)
      if (kind === 'nothing') throw new ApiError(422, kind, text.undone)
      if (kind === 'too-long-ago') throw new ApiError(422, kind, text.tooLate(ctx.company().weekly.undoMinutes))
      if (kind === 'settled') throw new ApiError(422, kind, text.settled)
      return scoreSheet(ctx, me, person, which, now)
    },
  }),
  endpoint({
    method: 'POST',
    path: `${one}/return`,
    query: noQuery,
    body: z.strictObject({ requestId, reason: saying(500) }),
    async run(call): Promise<ScoreSheet> {
      const { ctx, me, act, body, now } = call
      const { person, which } = await subject(call, mayJudgeWeek)
      const { kind } = await returnWeek(ctx, act, me, person, which, body.reason)
      if (kind === 'not-allowed') throw forbidden()
      if (kind === 'scored') throw new ApiError(422, kind, text.scored)
      if (kind === 'excused') throw new ApiError(422, kind, text.notBack)
      if (kind === 'not-submitted') throw new ApiError(422, kind, text.notSubmitted)
      if (kind === 'settled') throw new ApiError(422, kind, text.settled)
      await closeCards(call, [scoreSubject(person._id, which)], `已由${me.name}退回`, `${person.name}的周总结`)
      return scoreSheet(ctx, me, person, which, now)
    },
  }),
  endpoint({
    method: 'POST',
    path: `${one}/excuse`,
    query: noQuery,
    body: z.strictObject({ requestId, state: z.enum(['granted', 'refused']), reason: saying(200).optional() }),
    async run(call): Promise<ScoreSheet> {
      const { ctx, me, act, body, now } = call
      const { person, which } = await subject(call, mayAnswerWeek)
      const { kind } = await decideExcuse(ctx, act, me, person, which, body.state, body.reason)
      if (kind === 'not-allowed') throw forbidden()
      if (kind === 'settled') throw new ApiError(422, kind, text.settled)
      const closed = `已由${me.name}${body.state === 'granted' ? '同意免计' : '答复：不免计'}`
      await closeCards(call, [`excuse/${person._id}/${which}`], closed, `${person.name}请假`)
      return scoreSheet(ctx, me, person, which, now)
    },
  }),
  endpoint({
    method: 'POST',
    path: `${one}/change`,
    query: noQuery,
    body: z.strictObject({ requestId, submittedAt: z.iso.datetime(), consent: z.enum(['given', 'refused']) }),
    async run(call): Promise<ScoreSheet> {
      const { ctx, me, act, body, now } = call
      const { person, which } = await subject(call, mayAnswerWeek)
      const { kind } = await decideChange(ctx, act, me, person, which, new Date(body.submittedAt), body.consent)
      if (kind === 'not-allowed') throw forbidden()
      if (kind === 'scored' || kind === 'settled') throw new ApiError(422, kind, text[kind])
      if (kind === 'gone') {
        const sheet = await scoreSheet(ctx, me, person, which, now)
        throw new ApiError(409, 'conflict', text.gone, { current: sheet })
      }
      const closed = `已由${me.name}${body.consent === 'given' ? '同意修改' : '答复：不同意修改'}`
      await closeCards(call, [`change/${person._id}/${which}`], closed, `${person.name}的修改申请`)
      return scoreSheet(ctx, me, person, which, now)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/notes/:person/:week',
    query: noQuery,
    body: z.strictObject({ requestId, text: saying(500) }),
    async run(call): Promise<{ to: string }> {
      const { ctx, me, act, body } = call
      const own = (_: Ctx, by: Person, of: Person, which: Week) =>
        by._id === of._id ? Promise.resolve(true) : mayAnswerWeek(call.ctx, by, of, which)
      const { person, which } = await subject(call, own)
      const outcome = await addNote(ctx, act, me, person, which, body.text)
      if (outcome.kind === 'not-allowed') throw forbidden()
      if (outcome.kind === 'nobody') throw new ApiError(422, 'nobody', text.nobody)
      return { to: (await ctx.people.get(outcome.to))?.name ?? '' }
    },
  }),
]
