import { z } from 'zod'
import { type ArrangeOutcome, agreeTime, proposeTime } from '../../../handlers/interview/arrange.ts'
import {
  appointmentText,
  clockOf,
  managerOf,
  needsPlan,
  stateOf,
  stateText,
} from '../../../handlers/interview/interview.ts'
import {
  addPlanNote,
  confirmRecord,
  type DecideOutcome,
  decideReview,
  noteReading,
  type RecordOutcome,
  reviewPlan,
  waiveInterview,
  writeRecord,
} from '../../../handlers/interview/record.ts'
import {
  chains,
  ownInterviews,
  quarterProgress,
  resultsOf,
  runningInterviews,
  type SeenInterview,
  teamInterviews,
} from '../../../handlers/interview/view.ts'
import { mayJudge, mayRead } from '../../../handlers/rights.ts'
import type { Ctx } from '../../context.ts'
import {
  formatPeriod,
  type InterviewState,
  isPeriod,
  isQuarter,
  lastReview,
  MAX_PLAN_ITEMS,
  monthsLater,
  waitsForManager,
} from '../../domain/interview.ts'
import { dayOf, formatDay, formatInstant, formatMonth, instantAt, partsOf } from '../../domain/time.ts'
import { type InterviewRow, interviewId } from '../../store/interviews.ts'
import type { Person } from '../../store/people.ts'
import { ApiError } from './body.ts'
import type { ChainLine, InterviewLine, InterviewPage, InterviewsPage, RecordAnswer } from './contract-interviews.ts'
import { type Call, type Endpoint, endpoint } from './endpoint.ts'
import { day, noQuery, requestId, rev, saying, words } from './fields.ts'

const MAX_WORDS = 1000
const MAX_ITEM = 200
const MAX_PLACE = 40
/** Lines of a list; the rest is reached through the chat or when these are done. */
const MOST_LINES = 300

const text = {
  notYours: '没有这次面谈，或您没有查看的权限',
  notAllowed: '这一步不由您处理',
  changed: '内容刚刚有了变化，请核对后再操作',
  past: '这个时间已经过去了，请换一个时间',
  tooFar: '请约在三个月以内的时间',
  over: '这一步已经处理过了，请查看最新状态',
  empty: '请填写“做得好的”或“需要改进的”',
  needsPlan: '这次面谈需要制定改进计划，请至少填写一项',
  future: '面谈日期不能晚于今天',
  tooEarly: '面谈日期早于发起时间一个月以上，请核对',
  reviewPast: '复核日期应晚于今天',
  reviewFar: '复核日期应在两年以内',
  objection: '请写明您的不同意见',
}

type AnyCall = Pick<Call, 'ctx' | 'me' | 'now' | 'params'>

interface Found {
  row: InterviewRow
  person: Person
}

/** The interview of the address, for those who may read it: the same answer for what is not there. */
async function found(call: AnyCall): Promise<Found> {
  const { ctx, me } = call
  const { person: personId = '', period = '' } = call.params
  const person = /^[0-9A-Za-z_-]{1,64}$/.test(personId) && isPeriod(period) ? await ctx.people.get(personId) : null
  const row = person && (await ctx.interviews.get(interviewId(person._id, period)))
  if (!person?.active || !row || row.openedOn === '' || !(await mayRead(ctx, me, person)))
    throw new ApiError(403, 'forbidden', text.notYours)
  return { row, person }
}

const WAITS_FOR_YOU: Partial<Record<InterviewState, string>> = {
  asked: '待您确认时间',
  countered: '待您确认时间',
  'to-confirm': '待您确认记录',
  'to-allow': '待您同意复核日期',
}

/** Whether it waits for whoever looks. */
function isMine(me: Person, s: SeenInterview, team: boolean): boolean {
  if (s.person._id === me._id) return s.state === 'asked' || s.state === 'to-confirm'
  return (team && waitsForManager(s.state)) || (s.state === 'to-allow' && me.roles.includes('hr'))
}

function lineOf(ctx: Ctx, me: Person, s: SeenInterview, now: Date, team: boolean): InterviewLine {
  const { row, person, state } = s
  const mine = isMine(me, s, team)
  return {
    person: { id: person._id, name: person.name, place: person.departments[0] ?? '未分部门' },
    period: row.period,
    title: `${formatPeriod(row.period)}绩效面谈`,
    state,
    stateText: (mine && WAITS_FOR_YOU[state]) || stateText(ctx, row, now),
    mine,
  }
}

/** How many wait for somebody; for the home page. */
export async function interviewsWaiting(ctx: Ctx, me: Person, now: Date): Promise<number> {
  const [own, team] = await Promise.all([ownInterviews(ctx, me, now), teamInterviews(ctx, me, now)])
  return own.filter((s) => isMine(me, s, false)).length + team.filter((s) => isMine(me, s, true)).length
}

async function pageOf(call: AnyCall): Promise<InterviewPage> {
  const { ctx, me, now } = call
  const { row, person } = await found(call)
  const { timeZone } = ctx.company()
  const state = stateOf(ctx, row, now)
  const judges = await mayJudge(ctx, me, person)
  const own = me._id === person._id
  const hr = me.roles.includes('hr') && !own
  const manager = await managerOf(ctx, row, person)
  const { appointment, record, objection, waived, evaluation } = row
  const ids = [record?.by, waived?.by, evaluation?.by, ...row.notes.map((n) => n.by)].flatMap((id) => id ?? [])
  const names = new Map((await ctx.people.many([...new Set(ids)])).map((p) => [p._id, p.name]))
  const nameOf = (id: string) => names.get(id) ?? '已离职同事'
  const at = (instant: Date) => formatInstant(instant, timeZone)
  const long = (d: string) => `${partsOf(d).year}年${formatDay(d)}`
  const today = dayOf(now, timeZone)
  const arranging = ['open', 'asked', 'countered', 'agreed', 'to-record'].includes(state)
  const plan = record?.plan
  return {
    ...lineOf(ctx, me, { row, person, state }, now, judges),
    rev: row.rev,
    ...(manager && { manager: manager.name }),
    why: isQuarter(row.period)
      ? '每季度一次的绩效面谈：回顾这个季度，谈谈做得好的、需要改进的和需要的支持。'
      : `${formatMonth(row.period)}的结果需要面谈，一起找原因，并制定改进计划。`,
    needsPlan: needsPlan(row),
    may: {
      propose: arranging && (own || judges),
      agree: (state === 'asked' && own) || (state === 'countered' && judges) ? appointment!.at > now : false,
      record: judges && (arranging || ['to-allow', 'to-confirm', 'objected'].includes(state)),
      confirm: own && state === 'to-confirm',
      note: (own || judges) && (state === 'improving' || state === 'to-review'),
      review: judges && state === 'to-review',
      waive: hr && !row.over && !row.confirmedAt,
      allow: hr && state === 'to-allow',
    },
    ...(appointment &&
      state !== 'open' && {
        appointment: {
          text: appointmentText(ctx, { at: appointment.at, place: '' }),
          place: appointment.place,
          by: appointment.by === 'employee' ? person.name : (manager?.name ?? '上级'),
          agreed: appointment.agreed,
          day: dayOf(appointment.at, timeZone),
          time: clockOf(appointment.at, timeZone),
        },
      }),
    ...(record && {
      record: {
        ...{ heldOn: record.heldOn, heldText: long(record.heldOn), by: nameOf(record.by) },
        ...{ good: record.good, improve: record.improve, employee: record.employee },
        ...(plan && {
          plan: {
            ...{ items: plan.items, reviewOn: plan.reviewOn, reviewText: long(plan.reviewOn) },
            ...{ unusual: plan.unusual === true, allowed: plan.allowedBy !== undefined },
          },
        }),
      },
    }),
    ...(objection && {
      objection: { words: objection.words, at: at(objection.at), byHr: objection.by !== person._id },
    }),
    ...(row.confirmedAt && { confirmedAt: at(row.confirmedAt) }),
    ...(waived && { waived: { by: nameOf(waived.by), at: at(waived.at), reason: waived.reason } }),
    notes: row.notes.map((n) => ({ by: nameOf(n.by), at: at(n.at), words: n.words })),
    ...(evaluation && {
      evaluation: {
        ...{ by: nameOf(evaluation.by), at: at(evaluation.at) },
        ...{ outcomes: evaluation.outcomes, words: evaluation.words },
      },
    }),
    results: await resultsOf(ctx, row),
    limits: {
      ...{ today, reviewFrom: monthsLater(today, 6), reviewTo: monthsLater(today, 12), reviewLast: lastReview(today) },
      ...{ items: MAX_PLAN_ITEMS, words: MAX_WORDS, item: MAX_ITEM, place: MAX_PLACE },
    },
  }
}

const conflict = async (call: AnyCall, code: string, message: string): Promise<never> => {
  throw new ApiError(409, code, message, { current: await pageOf(call) })
}

async function arranged(call: AnyCall, { kind }: ArrangeOutcome): Promise<InterviewPage> {
  if (kind === 'not-allowed') throw new ApiError(403, 'forbidden', text.notAllowed)
  if (kind === 'past') throw new ApiError(422, 'past', text.past)
  if (kind === 'too-far') throw new ApiError(422, 'too-far', text.tooFar)
  if (kind === 'over' || kind === 'changed') return conflict(call, kind, kind === 'over' ? text.over : text.changed)
  return pageOf(call)
}

async function decided(call: AnyCall, kind: DecideOutcome): Promise<InterviewPage> {
  if (kind === 'not-allowed') throw new ApiError(403, 'forbidden', text.notAllowed)
  if (kind !== 'done') return conflict(call, kind, kind === 'over' ? text.over : text.changed)
  return pageOf(call)
}

async function recorded(call: AnyCall, outcome: RecordOutcome): Promise<RecordAnswer> {
  switch (outcome.kind) {
    case 'kept':
      return { kept: true, gaps: [], unusual: false }
    case 'gaps':
      return { kept: false, gaps: outcome.gaps, unusual: false }
    case 'unusual':
      return { kept: false, gaps: [], unusual: true }
    case 'not-allowed':
      throw new ApiError(403, 'forbidden', text.notAllowed)
    case 'over':
      return conflict(call, 'over', text.over)
    case 'changed':
      return conflict(call, 'changed', text.changed)
    case 'empty':
      throw new ApiError(422, 'empty', text.empty)
    case 'needs-plan':
      throw new ApiError(422, 'needs-plan', text.needsPlan)
    case 'future':
      throw new ApiError(422, 'future', text.future)
    case 'too-early':
      throw new ApiError(422, 'too-early', text.tooEarly)
    case 'review-past':
      throw new ApiError(422, 'review-past', text.reviewPast)
    case 'review-far':
      throw new ApiError(422, 'review-far', text.reviewFar)
  }
}

const base = '/api/interview/:person/:period'
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, '不正确')
const outcome = z.enum(['done', 'partly', 'not-done'])
const planItem = z.strictObject({
  ...{ goal: saying(MAX_ITEM), measure: words(MAX_ITEM), standard: words(MAX_ITEM), resources: words(MAX_ITEM) },
  ...{ by: day, training: z.boolean() },
})

/** One step of an interview, by somebody who has seen it as it stands. */
function step<B extends z.ZodRawShape>(
  name: string,
  fields: B,
  run: (call: Call<unknown, z.infer<z.ZodObject<B>>>, it: Found) => Promise<InterviewPage | RecordAnswer>,
): Endpoint {
  return {
    method: 'POST',
    path: `${base}/${name}`,
    query: noQuery,
    body: z.strictObject({ requestId, ...fields }),
    async run(call: Parameters<typeof run>[0]) {
      const it = await found(call)
      // Of a call that is repeated the row has moved on by itself.
      const repeated = it.row.applied.some((a) => a.event === call.act.id)
      const { rev: seen } = call.body as { rev?: number }
      if (seen !== undefined && it.row.rev !== seen && !repeated) return conflict(call, 'changed', text.changed)
      return run(call, it)
    },
  }
}

export const interviewEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/interviews',
    query: noQuery,
    async run({ ctx, me, now }): Promise<InterviewsPage> {
      const [own, team] = await Promise.all([ownInterviews(ctx, me, now), teamInterviews(ctx, me, now)])
      const page: InterviewsPage = {
        own: own.map((s) => lineOf(ctx, me, s, now, false)),
        team: team.map((s) => lineOf(ctx, me, s, now, true)),
      }
      if (!me.roles.includes('hr')) return page
      const [progress, all, running] = await Promise.all([
        quarterProgress(ctx, now),
        chains(ctx, now),
        runningInterviews(ctx, now),
      ])
      const others = all.filter((c) => c.person._id !== me._id)
      const chained = new Set(others.map((c) => c.row._id))
      return {
        ...page,
        all: {
          quarter: { title: formatPeriod(progress.quarter), held: progress.held, of: progress.of },
          chains: others.slice(0, MOST_LINES).map(
            (c): ChainLine => ({
              ...lineOf(ctx, me, c, now, false),
              months: c.months.map((m) => `${m.slice(0, 4)}年${formatMonth(m).replace(/^\d{4}年/, '')}`).join('、'),
              steps: c.steps,
              withoutTraining: c.withoutTraining,
            }),
          ),
          running: running
            .filter((s) => !chained.has(s.row._id) && s.person._id !== me._id)
            .slice(0, MOST_LINES)
            .map((s) => lineOf(ctx, me, s, now, false)),
        },
      }
    },
  }),
  endpoint({
    method: 'GET',
    path: base,
    query: noQuery,
    async run(call) {
      const { row } = await found(call)
      await noteReading(call.ctx, call.now, call.me, row)
      return pageOf(call)
    },
  }),
  step('time', { rev, day, time, place: words(MAX_PLACE) }, async (call, { row, person }) => {
    const { ctx, me, act, body } = call
    const when = { at: instantAt(body.day, body.time, ctx.company().timeZone), place: body.place.trim() }
    return arranged(call, await proposeTime(ctx, act, me, person, row.period, when))
  }),
  step('agree', { rev }, async (call, { row, person }) =>
    arranged(call, await agreeTime(call.ctx, call.act, call.me, person, row.period, row.appointment?.round ?? 0)),
  ),
  step(
    'record',
    {
      ...{ rev, heldOn: day, good: words(MAX_WORDS), improve: words(MAX_WORDS), employee: words(MAX_WORDS) },
      plan: z.strictObject({ items: z.array(planItem).min(1).max(MAX_PLAN_ITEMS), reviewOn: day }).nullable(),
      unusual: z.boolean(),
    },
    async (call, { row, person }) => {
      const { heldOn, good, improve, employee, plan, unusual, rev: seen } = call.body
      const written = { heldOn, good, improve, employee, ...(plan && { plan }) }
      return recorded(call, await writeRecord(call.ctx, call.act, call.me, person, row.period, written, unusual, seen))
    },
  ),
  step(
    'confirm',
    { rev, answer: z.enum(['confirm', 'object']), words: words(MAX_WORDS) },
    async (call, { row, person }) => {
      const { ctx, me, act, body } = call
      if (person._id !== me._id) throw new ApiError(403, 'forbidden', text.notAllowed)
      const said = body.words.trim()
      if (body.answer === 'object' && said === '') throw new ApiError(422, 'empty', text.objection)
      const objection = body.answer === 'object' ? said : undefined
      return decided(call, await confirmRecord(ctx, act, me, row.period, row.record?.version ?? 0, objection))
    },
  ),
  step('note', { words: saying(MAX_WORDS) }, async (call, { row, person }) =>
    decided(call, await addPlanNote(call.ctx, call.act, call.me, person, row.period, call.body.words)),
  ),
  step(
    'review',
    { rev, outcomes: z.array(outcome).min(1).max(MAX_PLAN_ITEMS), words: words(MAX_WORDS) },
    async (call, { row, person }) => {
      const { outcomes, words: said } = call.body
      return decided(call, await reviewPlan(call.ctx, call.act, call.me, person, row.period, outcomes, said.trim()))
    },
  ),
  step('waive', { rev, reason: saying(MAX_ITEM) }, async (call, { row, person }) =>
    decided(call, await waiveInterview(call.ctx, call.act, call.me, person, row.period, call.body.reason)),
  ),
  step('allow', { rev, allow: z.boolean() }, async (call, { row, person }) => {
    const { ctx, act, me, body } = call
    return decided(call, await decideReview(ctx, act, me, person, row.period, row.record?.version ?? 0, body.allow))
  }),
]
