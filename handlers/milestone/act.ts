import type { Act, Ctx } from '../../src/context.ts'
import { type Day, dayOf } from '../../src/domain/time.ts'
import type { MilestoneRow, MilestoneStep } from '../../src/store/milestones.ts'
import type { Person } from '../../src/store/people.ts'
import { closeCards } from '../close-cards.ts'
import { push, recordId } from '../month/behaviour.ts'

/** `changed`: another hand-in than the one that was decided on. */
export type MilestoneOutcome = 'done' | 'not-allowed' | 'over' | 'changed'

export const milestoneSubject = (id: string): string => `milestone/${id}`

const step = (by: Person, act: Act, kind: MilestoneStep['kind'], words: string): MilestoneStep => ({
  ...{ by: by._id, at: act.at, kind, words },
})

/** Somebody's cards of one that is decided on another card or on the page. */
const closeFor = (ctx: Ctx, event: string, row: MilestoneRow, to: string, pressed?: string): Promise<void> =>
  closeCards(
    ctx,
    event,
    milestoneSubject(row._id),
    { title: row.title, closed: '已处理' },
    (card) => card._id !== pressed && card.personId === to,
  )

/** How it goes; it stands on the board and keeps the day. */
export async function noteProgress(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
  words: string,
): Promise<MilestoneOutcome> {
  const outcome = await ctx.milestones.change<MilestoneOutcome>(id, act.id, (row) => {
    if (row.ownerId !== by._id) return { outcome: 'not-allowed' }
    if (row.state !== 'open') return { outcome: 'over' }
    return { row: { ...row, steps: [...row.steps, step(by, act, 'progress', words)] }, outcome: 'done' }
  })
  return outcome ?? 'over'
}

/** 完成: with what is handed in, text or a link. Whoever accepts is asked; where nobody does it is done. */
export async function handIn(ctx: Ctx, act: Act, by: Person, id: string, words: string): Promise<MilestoneOutcome> {
  const n = await ctx.milestones.change<number | Exclude<MilestoneOutcome, 'done'>>(id, act.id, (row) => {
    if (row.ownerId !== by._id) return { outcome: 'not-allowed' }
    if (row.state !== 'open' || !row.handIn) return { outcome: 'over' }
    const steps = [...row.steps, step(by, act, 'handed-in', words)]
    const after: MilestoneRow = row.accepterId
      ? { ...row, steps, state: 'handed-in' }
      : { ...row, steps, state: 'accepted', overAt: act.at }
    return { row: after, outcome: row.steps.length }
  })
  if (typeof n !== 'number') return n ?? 'over'
  const row = (await ctx.milestones.get(id))!
  await closeFor(ctx, act.id, row, by._id)
  if (row.accepterId)
    await ctx.outbox.add([
      push(`milestone-handed-in/${id}/${n}`, row.accepterId, 'milestone-handed-in', { id, n }, act.id),
    ])
  return 'done'
}

/** Whether somebody accepts it: the one who is named, HR where that one is not there any more; never one's own. */
export async function mayDecide(ctx: Ctx, by: Person, row: MilestoneRow): Promise<boolean> {
  if (by._id === row.ownerId || !row.accepterId) return false
  if (row.accepterId === by._id) return true
  return by.roles.includes('hr') && (await ctx.people.get(row.accepterId))?.active !== true
}

/** What waits to be accepted by somebody; for HR also what waits for accepters who have left. */
export async function toAccept(ctx: Ctx, by: Person): Promise<MilestoneRow[]> {
  if (!by.roles.includes('hr')) return ctx.milestones.toAccept(by._id)
  const handedIn = (await ctx.milestones.underWay()).filter((r) => r.state === 'handed-in')
  const may = await Promise.all(handedIn.map((r) => mayDecide(ctx, by, r)))
  return handedIn.filter((_, i) => may[i])
}

/** Which of the steps was the last hand-in, from 0. */
export const lastHandIn = (row: MilestoneRow): number => row.steps.findLastIndex((s) => s.kind === 'handed-in')

/**
 * 通过, or 退回 with what is still wanted.
 *
 * @param handedIn the step that was read: a later hand-in is not decided on unread
 */
export async function decide(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
  handedIn: number,
  accept: boolean,
  words: string,
  pressed?: string,
): Promise<MilestoneOutcome> {
  const seen = await ctx.milestones.get(id)
  if (!seen || !(await mayDecide(ctx, by, seen))) return 'not-allowed'
  const outcome = await ctx.milestones.change<number | 'over' | 'changed'>(id, act.id, (row) => {
    if (row.state !== 'handed-in') return { outcome: 'over' }
    if (lastHandIn(row) !== handedIn) return { outcome: 'changed' }
    const steps = [...row.steps, step(by, act, accept ? 'accepted' : 'returned', words)]
    const after: MilestoneRow = accept
      ? { ...row, steps, state: 'accepted', overAt: act.at }
      : { ...row, steps, state: 'open' }
    return { row: after, outcome: row.steps.length }
  })
  if (typeof outcome !== 'number') return outcome ?? 'over'
  await closeFor(ctx, act.id, seen, by._id, pressed)
  await ctx.outbox.add([
    push(`milestone-decided/${id}/${outcome}`, seen.ownerId, 'milestone-decided', { id, n: outcome }, act.id),
  ])
  return 'done'
}

export interface NewMilestone {
  title: string
  owner: Person
  accepter?: Person
  due: Day
  handIn: string
}

/** HR adds one that is not of the calendar. */
export async function addMilestone(
  ctx: Ctx,
  act: Act,
  by: Person,
  m: NewMilestone,
): Promise<'added' | 'not-allowed' | 'past' | 'own' | 'no-hand-in'> {
  if (!by.roles.includes('hr')) return 'not-allowed'
  if (m.due < dayOf(act.at, ctx.company().timeZone)) return 'past'
  if (m.accepter?._id === m.owner._id) return 'own'
  if (m.accepter && m.handIn === '') return 'no-hand-in'
  const id = `once:${recordId(act.id)}`
  await ctx.milestones.change(id, act.id, (row) => ({
    row: {
      ...row,
      ...{ cycle: m.due, title: m.title, ownerId: m.owner._id, planned: m.due, due: m.due },
      addedOn: dayOf(act.at, ctx.company().timeZone),
      ...(m.handIn !== '' && { handIn: m.handIn }),
      ...(m.accepter && { accepterId: m.accepter._id }),
    },
    outcome: null,
  }))
  await ctx.audit.add({
    _id: `${act.id}/milestone-added`,
    at: act.at,
    by: by._id,
    what: 'milestone-added',
    to: `milestone/${id}`,
  })
  await ctx.outbox.add([push(`milestone-new/${id}`, m.owner._id, 'milestone-new', { id }, act.id)])
  return 'added'
}

/** HR: not needed, and why. */
export async function cancelMilestone(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
  reason: string,
): Promise<MilestoneOutcome> {
  if (!by.roles.includes('hr')) return 'not-allowed'
  const outcome = await ctx.milestones.change<MilestoneOutcome>(id, act.id, (row) => {
    if (row.state !== 'open' && row.state !== 'handed-in') return { outcome: 'over' }
    const cancelled = { by: by._id, at: act.at, reason }
    return { row: { ...row, state: 'cancelled', cancelled, overAt: act.at }, outcome: 'done' }
  })
  if (outcome !== 'done') return outcome ?? 'over'
  const row = (await ctx.milestones.get(id))!
  await ctx.audit.add({
    ...{ _id: `${act.id}/milestone-cancelled`, at: act.at, by: by._id },
    ...{ what: 'milestone-cancelled', to: `milestone/${id}` },
  })
  for (const to of [row.ownerId, row.accepterId]) if (to) await closeFor(ctx, act.id, row, to)
  await ctx.outbox.add([push(`milestone-cancelled/${id}`, row.ownerId, 'milestone-cancelled', { id }, act.id)])
  return 'done'
}
