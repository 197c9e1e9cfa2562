import type { Act, Ctx } from '../../src/context.ts'
import type { Period } from '../../src/domain/interview.ts'
import { interviewId } from '../../src/store/interviews.ts'
import type { Person } from '../../src/store/people.ts'
import { push } from '../month/behaviour.ts'
import { mayJudge } from '../rights.ts'
import { closeStale, managerOf, stateOf } from './interview.ts'

const MOST_AHEAD_MS = 92 * 86_400_000

export type ArrangeOutcome =
  | { kind: 'proposed' | 'agreed'; to?: Person }
  | { kind: 'not-allowed' | 'past' | 'too-far' | 'over' | 'changed' }

/** Whether it can still be given a time. */
const ARRANGEABLE: ReadonlySet<string> = new Set(['open', 'asked', 'countered', 'agreed', 'to-record'])

/**
 * Names a time, or another one: the manager asks the employee, the employee the manager. Whoever is asked answers with one tap or a
 * time of their own (domain.md §8).
 */
export async function proposeTime(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  period: Period,
  when: { at: Date; place: string },
): Promise<ArrangeOutcome> {
  const own = by._id === person._id
  if (!own && !(await mayJudge(ctx, by, person))) return { kind: 'not-allowed' }
  if (when.at <= act.at) return { kind: 'past' }
  if (when.at.getTime() - act.at.getTime() > MOST_AHEAD_MS) return { kind: 'too-far' }
  const id = interviewId(person._id, period)
  const outcome = await ctx.interviews.change<number | 'over'>(id, act.id, (row) => {
    if (row.openedOn === '' || !ARRANGEABLE.has(stateOf(ctx, row, act.at))) return { outcome: 'over' }
    const round = (row.appointment?.round ?? 0) + 1
    const appointment = {
      ...when,
      by: own ? ('employee' as const) : ('manager' as const),
      agreed: false,
      round,
      askedAt: act.at,
    }
    return { row: { ...row, appointment, ...(!own && { managerId: by._id }) }, outcome: round }
  })
  if (outcome === undefined || typeof outcome === 'string') return { kind: outcome ?? 'over' }
  const row = (await ctx.interviews.get(id))!
  const to = own ? await managerOf(ctx, row, person) : person
  await closeStale(ctx, act.id, id, (c) => Number(c.round) < outcome)
  if (to)
    await ctx.outbox.add([
      push(`interview-time/${id}/${outcome}`, to._id, 'interview-time', { id, round: outcome }, act.id),
    ])
  return { kind: 'proposed', ...(to && { to }) }
}

/** Takes the time that the other side named. */
export async function agreeTime(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  period: Period,
  round: number,
  pressed?: string,
): Promise<ArrangeOutcome> {
  const own = by._id === person._id
  if (!own && !(await mayJudge(ctx, by, person))) return { kind: 'not-allowed' }
  const id = interviewId(person._id, period)
  const outcome = await ctx.interviews.change<'agreed' | 'over' | 'changed' | 'past' | 'not-allowed'>(
    id,
    act.id,
    (row) => {
      const { appointment } = row
      if (!appointment || !ARRANGEABLE.has(stateOf(ctx, row, act.at))) return { outcome: 'over' }
      if (appointment.round !== round) return { outcome: 'changed' }
      if (appointment.agreed) return { outcome: 'agreed' }
      if ((appointment.by === 'employee') === own) return { outcome: 'not-allowed' }
      if (appointment.at <= act.at) return { outcome: 'past' }
      return {
        row: { ...row, appointment: { ...appointment, agreed: true }, ...(!own && { managerId: by._id }) },
        outcome: 'agreed',
      }
    },
  )
  if (outcome !== 'agreed') return { kind: outcome ?? 'over' }
  const row = (await ctx.interviews.get(id))!
  const to = own ? await managerOf(ctx, row, person) : person
  await closeStale(ctx, act.id, id, (c) => Number(c.round) <= round, pressed)
  if (to)
    await ctx.outbox.add([push(`interview-agreed/${id}/${round}`, to._id, 'interview-agreed', { id, round }, act.id)])
  return { kind: 'agreed', ...(to && { to }) }
}
