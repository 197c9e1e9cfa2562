import { z } from 'zod'
import {
  addMilestone,
  cancelMilestone,
  decide,
  handIn,
  lastHandIn,
  type MilestoneOutcome,
  mayDecide,
  noteProgress,
  toAccept,
} from '../../../handlers/milestone/act.ts'
import { ahead, dueText, movedWords, stateText } from '../../../handlers/milestone/calendar.ts'
import type { Ctx } from '../../context.ts'
import { addDays, type Day, dayOf, formatInstant } from '../../domain/time.ts'
import type { MilestoneRow } from '../../store/milestones.ts'
import type { Person } from '../../store/people.ts'
import { ApiError } from './body.ts'
import type { MilestoneLine, MilestonePage, MilestonesPage } from './contract-milestones.ts'
import { type Call, type Endpoint, endpoint } from './endpoint.ts'
import { day, noQuery, requestId, rev, saying, words } from './fields.ts'
import { seesAll } from './team.ts'

const MOST_WORDS = 500
const MOST_TITLE = 60
const MOST_HAND_IN = 200
const DONE_DAYS = 90
const SOON_DAYS = 14

const text = {
  notYours: '没有这个节点，或您没有查看的权限',
  notAllowed: '这一步不由您处理',
  over: '这个节点已有新的状态，请核对后再操作',
  hrOnly: '新增节点由人力资源处理',
  nobody: '没有找到这位同事，请刷新页面',
  past: '截止日期不能早于今天',
  own: '负责人不能验收自己的节点，请另选验收人',
  noHandIn: '需要验收的节点，请填写需提交的内容',
  reason: '请写明需要补充的内容',
}

type AnyCall = Pick<Call, 'ctx' | 'me' | 'now' | 'params'>

const todayOf = ({ ctx, now }: AnyCall): Day => dayOf(now, ctx.company().timeZone)
const isLate = (row: MilestoneRow, today: Day) => row.state === 'open' && row.due < today

function lineOf(ctx: Ctx, me: Person, row: MilestoneRow, owner: string, today: Day, accepts: boolean): MilestoneLine {
  const moved = movedWords(ctx, row)
  const owed = row.ownerId === me._id && row.state === 'open' && row.due <= addDays(today, SOON_DAYS)
  return {
    ...{ id: row._id, title: row.title, owner, dueText: dueText(row.due), state: row.state },
    ...(moved && { moved }),
    ...{ stateText: stateText(row, today), late: isLate(row, today) },
    mine: owed || accepts,
  }
}

async function namesOf(ctx: Ctx, ids: string[]): Promise<(id: string) => string> {
  const people = new Map((await ctx.people.many([...new Set(ids)])).map((p) => [p._id, p.name]))
  return (id) => people.get(id) ?? (id === 'system' ? '系统' : '已离职同事')
}

/** How many wait for somebody; for the home page. */
export async function milestonesWaiting(ctx: Ctx, me: Person, now: Date): Promise<number> {
  const soon = addDays(dayOf(now, ctx.company().timeZone), SOON_DAYS)
  const [owed, accepting] = await Promise.all([ctx.milestones.owedBy(me._id), toAccept(ctx, me)])
  return owed.filter((r) => r.state === 'open' && r.due <= soon).length + accepting.length
}

async function listOf(call: AnyCall): Promise<MilestonesPage> {
  const { ctx, me, now } = call
  const today = todayOf(call)
  const [own, accepting] = await Promise.all([ctx.milestones.owedBy(me._id), toAccept(ctx, me)])
  const all = seesAll(me)
  const [open, done] = all
    ? await Promise.all([
        ctx.milestones.underWay(),
        ctx.milestones.overSince(new Date(now.getTime() - DONE_DAYS * 86_400_000)),
      ])
    : [[], []]
  const name = await namesOf(
    ctx,
    [...own, ...accepting, ...open, ...done].map((r) => r.ownerId),
  )
  const mine = new Set(accepting.map((r) => r._id))
  const lines = (rows: MilestoneRow[]) => rows.map((r) => lineOf(ctx, me, r, name(r.ownerId), today, mine.has(r._id)))
  const hr = me.roles.includes('hr')
  return {
    own: lines(own),
    toAccept: lines(accepting),
    ...(all && {
      all: {
        ...{ open: lines(open), done: lines(done) },
        ahead: (await ahead(ctx, today)).map((a) => ({ title: a.title, dueText: dueText(a.due), owner: a.owner })),
      },
    }),
    ...(hr && {
      add: {
        people: (await ctx.people.active()).map((p) => ({
          ...{ id: p._id, name: p.name },
          place: `${p.departments[0] ?? '未分部门'}${p.jobNumber ? `，工号${p.jobNumber}` : ''}`,
        })),
        today,
        most: { title: MOST_TITLE, handIn: MOST_HAND_IN },
      },
    }),
  }
}

/** The milestone of the address, for its owner, its accepter, HR and the general manager. */
async function found({ ctx, me, params }: AnyCall): Promise<MilestoneRow> {
  const { id = '' } = params
  const row = /^[0-9A-Za-z:_-]{1,160}$/.test(id) ? await ctx.milestones.get(id) : undefined
  if (!row?.ownerId || !(row.ownerId === me._id || row.accepterId === me._id || seesAll(me)))
    throw new ApiError(403, 'forbidden', text.notYours)
  return row
}

async function pageOf(call: AnyCall): Promise<MilestonePage> {
  const { ctx, me } = call
  const row = await found(call)
  const { timeZone } = ctx.company()
  const { accepterId, cancelled, handIn: wanted, state, steps } = row
  const name = await namesOf(ctx, [
    row.ownerId,
    ...(accepterId ? [accepterId] : []),
    ...steps.map((s) => s.by),
    ...(cancelled ? [cancelled.by] : []),
  ])
  const own = row.ownerId === me._id && state === 'open'
  const accepts = state === 'handed-in' && (await mayDecide(ctx, me, row))
  return {
    ...lineOf(ctx, me, row, name(row.ownerId), todayOf(call), accepts),
    rev: row.rev,
    ...(wanted && { handIn: wanted }),
    ...(accepterId && { accepter: name(accepterId) }),
    steps: steps.map((s) => ({ by: name(s.by), at: formatInstant(s.at, timeZone), kind: s.kind, words: s.words })),
    ...(cancelled && {
      cancelled: { by: name(cancelled.by), at: formatInstant(cancelled.at, timeZone), reason: cancelled.reason },
    }),
    may: {
      progress: own,
      handIn: own && wanted !== undefined,
      decide: accepts,
      cancel: me.roles.includes('hr') && (state === 'open' || state === 'handed-in'),
    },
    most: MOST_WORDS,
  }
}

async function after(call: AnyCall, kind: MilestoneOutcome): Promise<MilestonePage> {
  if (kind === 'not-allowed') throw new ApiError(403, 'forbidden', text.notAllowed)
  if (kind !== 'done') throw new ApiError(409, kind, text.over, { current: await pageOf(call) })
  return pageOf(call)
}

/** One step of a milestone, by somebody who has seen it as it stands. */
function step<B extends z.ZodRawShape>(
  name: string,
  fields: B,
  run: (call: Call<unknown, z.infer<z.ZodObject<B>>>, row: MilestoneRow) => Promise<MilestoneOutcome>,
): Endpoint {
  return {
    method: 'POST',
    path: `/api/milestone/:id/${name}`,
    query: noQuery,
    body: z.strictObject({ requestId, ...fields }),
    async run(call: Parameters<typeof run>[0]) {
      const row = await found(call)
      const { rev: seen } = call.body as { rev?: number }
      // Of a call that is repeated the row has moved on by itself.
      const repeated = row.applied.some((a) => a.event === call.act.id)
      if (seen !== undefined && row.rev !== seen && !repeated) return after(call, 'over')
      return after(call, await run(call, row))
    },
  }
}

export const milestoneEndpoints: Endpoint[] = [
  endpoint({ method: 'GET', path: '/api/milestones', query: noQuery, run: (call) => listOf(call) }),
  endpoint({
    method: 'POST',
    path: '/api/milestones',
    query: noQuery,
    body: z.strictObject({
      requestId,
      title: saying(MOST_TITLE),
      owner: z.string().min(1).max(60),
      accepter: z.string().max(60),
      due: day,
      handIn: words(MOST_HAND_IN),
    }),
    async run(call): Promise<MilestonesPage> {
      const { ctx, me, act, body } = call
      if (!me.roles.includes('hr')) throw new ApiError(403, 'forbidden', text.hrOnly)
      const [owner, accepter] = await Promise.all(
        [body.owner, body.accepter].map((id) => (id === '' ? null : ctx.people.get(id))),
      )
      if (!owner?.active || (body.accepter !== '' && !accepter?.active)) throw new ApiError(422, 'gone', text.nobody)
      const { title, due } = body
      const kind = await addMilestone(ctx, act, me, {
        ...{ title, owner, due, handIn: body.handIn.trim() },
        ...(accepter && { accepter }),
      })
      if (kind === 'past') throw new ApiError(422, 'past', text.past)
      if (kind === 'own') throw new ApiError(422, 'own', text.own)
      if (kind === 'no-hand-in') throw new ApiError(422, 'no-hand-in', text.noHandIn)
      if (kind === 'not-allowed') throw new ApiError(403, 'forbidden', text.hrOnly)
      return listOf(call)
    },
  }),
  endpoint({ method: 'GET', path: '/api/milestone/:id', query: noQuery, run: (call) => pageOf(call) }),
  step('progress', { words: saying(MOST_WORDS) }, ({ ctx, act, me, body }, row) =>
    noteProgress(ctx, act, me, row._id, body.words),
  ),
  step('hand-in', { rev, words: saying(MOST_WORDS) }, ({ ctx, act, me, body }, row) =>
    handIn(ctx, act, me, row._id, body.words),
  ),
  step('decide', { rev, accept: z.boolean(), words: words(MOST_WORDS) }, async ({ ctx, act, me, body }, row) => {
    const said = body.words.trim()
    if (!body.accept && said === '') throw new ApiError(422, 'empty', text.reason)
    return decide(ctx, act, me, row._id, lastHandIn(row), body.accept, said)
  }),
  step('cancel', { rev, reason: saying(MOST_WORDS) }, ({ ctx, act, me, body }, row) =>
    cancelMilestone(ctx, act, me, row._id, body.reason),
  ),
]
