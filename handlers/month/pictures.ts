import type { Act, Ctx } from '../../src/context.ts'
import { type Picture, readPicture } from '../../src/domain/picture.ts'
import type { BehaviourRow } from '../../src/store/behaviour.ts'
import type { Person } from '../../src/store/people.ts'
import { mayJudge } from '../rights.ts'
import { closedState } from './closed.ts'

/** How long after recording a picture sent in chat belongs to it. */
const CHAT_MS = 10 * 60_000

export type AttachOutcome =
  | { kind: 'attached'; row: BehaviourRow }
  | { kind: 'gone' | 'not-allowed' | 'too-big' | 'not-a-picture' }
  | { kind: 'closed'; state: 'confirmed' | 'published' }

/** The picture of a record, by whoever recorded it; the last one counts until the month is confirmed. */
export async function attachPicture(
  ctx: Ctx,
  act: Act,
  by: Person,
  recordId: string,
  bytes: Buffer,
): Promise<AttachOutcome> {
  const row = await ctx.behaviours.get(recordId)
  if (!row || row.personId === by._id) return { kind: row ? 'not-allowed' : 'gone' }
  if (row.by !== by._id) return { kind: 'not-allowed' }
  if (row.state === 'revoked' || row.state === 'refused') return { kind: 'gone' }
  const closed = await closedState(ctx, row.personId, row.month)
  if (closed) return { kind: 'closed', state: closed }
  const picture = readPicture(bytes)
  if (typeof picture === 'string') return { kind: picture }
  await ctx.pictures.put({ _id: recordId, month: row.month, by: by._id, at: act.at, ...picture })
  await ctx.audit.add({
    _id: `${act.id}/picture`,
    at: act.at,
    by: by._id,
    what: 'behaviour-picture',
    to: `behaviour/${recordId}`,
    detail: { bytes: picture.bytes.length },
  })
  return { kind: 'attached', row }
}

/** Whose eyes a record and its picture are for: the person, whoever recorded it, those above, HR. */
export const maySeeRecord = async (ctx: Ctx, by: Person, row: BehaviourRow, person: Person): Promise<boolean> =>
  by.active &&
  (by._id === row.personId || by._id === row.by || by.roles.includes('hr') || (await mayJudge(ctx, by, person)))

/** The picture of a record for somebody; undefined: there is none, or not for these eyes. */
export async function pictureFor(ctx: Ctx, by: Person, recordId: string): Promise<Picture | undefined> {
  const row = await ctx.behaviours.get(recordId)
  const person = row && (await ctx.people.get(row.personId))
  if (!row || !person || !(await maySeeRecord(ctx, by, row, person))) return undefined
  return ctx.pictures.get(recordId)
}

/** The record that a picture sent in chat now belongs to: the one this person made just before. */
export async function justRecorded(ctx: Ctx, by: Person, at: Date): Promise<BehaviourRow | undefined> {
  const last = await ctx.behaviours.lastBy(by._id)
  const fresh = last && at.getTime() - last.at.getTime() <= CHAT_MS && at >= last.at
  return fresh && (last.state === 'counts' || last.state === 'waiting') ? last : undefined
}
