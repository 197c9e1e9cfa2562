import { z } from 'zod'
import { appealState, explainFile, explainWithdraw } from '../../../handlers/appeal.ts'
import { fileAppeal, windowOf, withdrawAppeal } from '../../../handlers/month/appeal.ts'
import { acknowledgeBehaviour } from '../../../handlers/month/behaviour.ts'
import { closedState } from '../../../handlers/month/closed.ts'
import { attachPicture, maySeeRecord, pictureFor } from '../../../handlers/month/pictures.ts'
import { explainPicture } from '../../../handlers/record-behaviour.ts'
import { signed } from '../../domain/behaviour.ts'
import { exact, exactText, multiply } from '../../domain/decimal.ts'
import { appealLeft } from '../../domain/month-dates.ts'
import { MOST_PICTURE_BYTES } from '../../domain/picture.ts'
import { addDays, dayOf, formatDayFull } from '../../domain/time.ts'
import { appealId } from '../../store/appeals.ts'
import type { BehaviourRow } from '../../store/behaviour.ts'
import type { Person } from '../../store/people.ts'
import { ApiError } from './body.ts'
import type { RecordLine, RecordsPage } from './contract.ts'
import { type Call, type Endpoint, endpoint } from './endpoint.ts'
import { noQuery, requestId, saying } from './fields.ts'

const personId = z.string().regex(/^[0-9A-Za-z_-]{1,64}$/)
/** So far back records are listed. */
const DAYS_BACK = 180
const MOST = 60

/** The same for what is somebody else's and for what is not there. */
const notYours = () => new ApiError(403, 'forbidden', '没有这项内容，或您没有查看的权限')

type AnyCall = Call<never, never>

async function lineOf(
  { ctx, me, now }: AnyCall,
  row: BehaviourRow,
  pictures: ReadonlySet<string>,
): Promise<RecordLine> {
  const { weeks, timeZone } = ctx.company()
  const [by, appeal, closed] = await Promise.all([
    ctx.people.get(row.by),
    ctx.appeals.standing(appealId(row.personId, row.month, { kind: 'behaviour', recordId: row._id })),
    row.by === me._id ? closedState(ctx, row.personId, row.month) : undefined,
  ])
  const own = row.personId === me._id
  const window = windowOf(ctx, row.decided?.at ?? row.at)
  const open = own && row.state === 'counts' && !appeal && now < window.until
  const decided = appeal?.decision
  return {
    id: row._id,
    day: formatDayFull(row.day),
    title: row.title,
    points: signed(exactText(multiply(exact(row.points), exact(row.times)))),
    ...(row.times > 1 && { times: `${row.times}次，每次${signed(row.points)}` }),
    facts: row.facts === row.title ? '' : row.facts,
    by: by?.name ?? '',
    state: row.state,
    ...(row.revoked && { revoked: row.revoked.reason }),
    read: row.acknowledgedAt !== undefined,
    ...(open && { appeal: appealLeft(dayOf(now, timeZone), window.day, weeks) }),
    ...(appeal && {
      appealed: decided ? `裁定${decided.accepted ? '成立' : '不成立'}：${decided.text}` : appealState(appeal),
    }),
    mayWithdraw: own && appeal?.state === 'filed',
    picture: pictures.has(row._id),
    mayAttach: row.by === me._id && !closed && (row.state === 'counts' || row.state === 'waiting'),
  }
}

async function recordsOf(call: AnyCall, person: Person): Promise<RecordsPage> {
  const { ctx, me, now } = call
  const own = person._id === me._id
  const all = await ctx.behaviours.ofPerson(person._id, addDays(dayOf(now, ctx.company().timeZone), -DAYS_BACK))
  // What waits for its head, or was not confirmed, is not the person's to see yet.
  const rows = all.filter((r) => !own || r.state === 'counts' || r.state === 'revoked').slice(0, MOST)
  const pictures = await ctx.pictures.among(rows.map((r) => r._id))
  return { name: person.name, own, records: await Promise.all(rows.map((r) => lineOf(call, r, pictures))) }
}

async function recordOf(call: AnyCall): Promise<BehaviourRow> {
  const id = call.params.record ?? ''
  const row = /^[0-9a-f]{20}$/.test(id) ? await call.ctx.behaviours.get(id) : undefined
  const person = row && (await call.ctx.people.get(row.personId))
  if (!row || !person || !(await maySeeRecord(call.ctx, call.me, row, person))) throw notYours()
  return row
}

/** The page of one's own records once more, after something was done. */
const ownPage = (call: AnyCall) => recordsOf(call, call.me)

async function ownRecord(call: AnyCall): Promise<BehaviourRow> {
  const row = await recordOf(call)
  if (row.personId !== call.me._id) throw notYours()
  return row
}

export const recordEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/records',
    query: z.strictObject({ person: personId.optional() }),
    async run(call): Promise<RecordsPage> {
      const { ctx, me, query } = call
      const person = query.person === undefined ? me : await ctx.people.get(query.person)
      // Whoever may see one record of somebody by their place may see all; who only recorded one sees it by its address.
      const blank = { personId: person?._id, by: '' } as BehaviourRow
      if (!person || !(await maySeeRecord(ctx, me, blank, person))) throw notYours()
      return recordsOf(call as AnyCall, person)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/records/:record/read',
    query: noQuery,
    body: z.strictObject({ requestId }),
    async run(call): Promise<RecordsPage> {
      const row = await ownRecord(call as AnyCall)
      await acknowledgeBehaviour(call.ctx, call.act, call.me, row._id)
      return ownPage(call as AnyCall)
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/records/:record/appeal',
    query: noQuery,
    body: z.strictObject({ requestId, text: saying(1000) }),
    async run(call): Promise<{ text: string; page: RecordsPage }> {
      const { ctx, me, act, body } = call
      const row = await ownRecord(call as AnyCall)
      const about = { kind: 'behaviour' as const, recordId: row._id }
      const outcome = await fileAppeal(ctx, act, me, row.month, about, body.text)
      if (outcome.kind !== 'filed') throw new ApiError(422, 'refused', explainFile(outcome))
      return { text: explainFile(outcome), page: await ownPage(call as AnyCall) }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/records/:record/appeal/withdraw',
    query: noQuery,
    body: z.strictObject({ requestId }),
    async run(call): Promise<RecordsPage> {
      const { ctx, me, act } = call
      const row = await ownRecord(call as AnyCall)
      const about = { kind: 'behaviour' as const, recordId: row._id }
      const { kind } = await withdrawAppeal(ctx, act, me, appealId(me._id, row.month, about))
      if (kind !== 'withdrawn') throw new ApiError(422, 'refused', explainWithdraw(kind))
      return ownPage(call as AnyCall)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/records/:record/picture',
    query: noQuery,
    async run(call): Promise<{ type: string; data: string }> {
      const row = await recordOf(call as AnyCall)
      const picture = await pictureFor(call.ctx, call.me, row._id)
      if (!picture) throw new ApiError(404, 'not-found', '这条记录没有照片')
      return { type: picture.type, data: picture.bytes.toString('base64') }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/records/:record/picture',
    query: noQuery,
    mostBytes: Math.ceil((MOST_PICTURE_BYTES * 4) / 3) + 4096,
    body: z.strictObject({ requestId, data: z.base64() }),
    async run(call): Promise<{ text: string }> {
      const { ctx, me, act, body } = call
      const row = await recordOf(call as AnyCall)
      const outcome = await attachPicture(ctx, act, me, row._id, Buffer.from(body.data, 'base64'))
      const text = explainPicture(outcome, (await ctx.people.get(row.personId))?.name)
      if (outcome.kind !== 'attached')
        throw new ApiError(outcome.kind === 'not-allowed' ? 403 : 422, outcome.kind, text)
      return { text }
    },
  }),
]
