import { createHash } from 'node:crypto'
import type { Act, Ctx } from '../../src/context.ts'
import { type BehaviourCase, caseTitle, takesPoints } from '../../src/domain/behaviour.ts'
import { type Day, dayOf, monthOf } from '../../src/domain/time.ts'
import type { Add } from '../../src/outbox/outbox.ts'
import type { BehaviourRow } from '../../src/store/behaviour.ts'
import type { Person } from '../../src/store/people.ts'
import { judgeOf, mayJudge } from '../rights.ts'
import { closedState } from './closed.ts'

export interface BehaviourInput {
  caseId: string
  /** Signed, of one time. */
  points: string
  times: number
  day: Day
  facts: string
}

export type RecordOutcome =
  | { kind: 'recorded'; row: BehaviourRow; doubled: boolean }
  | { kind: 'not-allowed'; why: 'self' | 'not-below' | 'hr-only' | 'manager-only' }
  | { kind: 'bad-case' | 'future' | 'before-joining' | 'after-leaving' | 'not-for-position' }
  | { kind: 'bad-points'; case: BehaviourCase }
  /** The month is published or the team's result is confirmed: a correction (domain.md §11.24). */
  | { kind: 'closed'; state: 'confirmed' | 'published' }

export const push = (key: string, to: string, name: string, args: Record<string, unknown>, cause: string): Add => ({
  key,
  to,
  mode: 'push',
  cause,
  content: { kind: 'notice', name, args },
})

/** The same event gives the same record. */
export const recordId = (eventId: string): string => createHash('sha256').update(eventId).digest('hex').slice(0, 20)

/** Which cases somebody may record for a person: the superior the table's, HR its own (domain.md §11.15). */
export async function casesFor(ctx: Ctx, by: Person, person: Person): Promise<BehaviourCase[]> {
  if (by._id === person._id) return []
  const judges = await mayJudge(ctx, by, person)
  const hr = by.roles.includes('hr')
  return ctx
    .company()
    .behaviour.filter((c) => (judges && c.by !== 'hr') || (hr && c.by !== 'manager'))
    .filter((c) => !c.positions || c.positions.includes(person.position))
}

/**
 * Records behaviour (domain.md §4): by somebody above the person, or by HR in its own categories. HR's attendance record
 * waits for the unit's head. The employee is told at once of what counts.
 */
export async function recordBehaviour(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  input: BehaviourInput,
): Promise<RecordOutcome> {
  const id = recordId(act.id)
  const known = await ctx.behaviours.get(id)
  if (known) return tellRecorded(ctx, act, known)
  const { behaviour, timeZone } = ctx.company()
  const c = behaviour.find((x) => x.id === input.caseId)
  if (!c) return { kind: 'bad-case' }
  if (by._id === person._id) return { kind: 'not-allowed', why: 'self' }
  const judges = await mayJudge(ctx, by, person)
  const hr = by.roles.includes('hr')
  if (!judges && !hr) return { kind: 'not-allowed', why: 'not-below' }
  if (c.by === 'hr' && !hr) return { kind: 'not-allowed', why: 'hr-only' }
  if (c.by === 'manager' && !judges) return { kind: 'not-allowed', why: 'manager-only' }
  if (c.positions && !c.positions.includes(person.position)) return { kind: 'not-for-position' }
  if (!takesPoints(c, input.points) || !Number.isInteger(input.times) || input.times < 1 || input.times > 20)
    return { kind: 'bad-points', case: c }
  if (input.day > dayOf(act.at, timeZone)) return { kind: 'future' }
  if (person.joinedOn && input.day < person.joinedOn) return { kind: 'before-joining' }
  if (person.leftOn && input.day > person.leftOn) return { kind: 'after-leaving' }
  const month = monthOf(input.day)
  const closed = await closedState(ctx, person._id, month)
  if (closed) return { kind: 'closed', state: closed }

  const title = caseTitle(c)
  const row = {
    _id: id,
    personId: person._id,
    day: input.day,
    month,
    caseId: c.id,
    title,
    points: input.points,
    times: input.times,
    facts: input.facts.trim().slice(0, 500) || title,
    by: by._id,
    at: act.at,
    state: c.by === 'both' && !judges ? ('waiting' as const) : ('counts' as const),
  }
  await ctx.behaviours.add(row)
  return tellRecorded(ctx, act, { ...row, rev: 1, applied: [] })
}

/** What follows from a record that was written; harmless to run again. */
async function tellRecorded(ctx: Ctx, act: Act, row: BehaviourRow): Promise<RecordOutcome> {
  const { _id: id, personId, caseId, points, times, day } = row
  await ctx.audit.add({
    _id: `${act.id}/behaviour`,
    at: row.at,
    by: row.by,
    what: 'behaviour-recorded',
    to: `behaviour/${id}`,
    detail: { person: personId, case: caseId, points, times, day },
  })
  const judge = row.state === 'waiting' ? await judgeOf(ctx, (await ctx.people.get(personId))!) : undefined
  await ctx.outbox.add([
    judge
      ? push(`attendance/${id}`, judge._id, 'attendance-request', { record: id }, act.id)
      : push(`behaviour/${id}`, personId, 'behaviour-recorded', { record: id }, act.id),
  ])
  // The same fact in the driver's sheet counts there too: the recorder is warned (domain.md §11.24).
  const doubled = ctx.company().behaviour.some((c) => c.id === caseId && c.positions !== undefined)
  return { kind: 'recorded', row, doubled }
}

/** The unit head's word on HR's attendance record (domain.md §11.15). */
export async function decideAttendance(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
  accept: boolean,
): Promise<{ kind: 'decided'; row: BehaviourRow } | { kind: 'gone' | 'not-allowed' }> {
  const before = await ctx.behaviours.get(id)
  const person = before && (await ctx.people.get(before.personId))
  if (!before || !person) return { kind: 'gone' }
  if (!(await mayJudge(ctx, by, person)) || by._id === before.by) return { kind: 'not-allowed' }
  const outcome = await ctx.behaviours.change<'decided' | 'gone'>(id, act.id, (row) =>
    row.state === 'waiting'
      ? {
          row: { ...row, state: accept ? 'counts' : 'refused', decided: { by: by._id, at: act.at } },
          outcome: 'decided',
        }
      : { outcome: 'gone' },
  )
  if (outcome !== 'decided') return { kind: 'gone' }
  const what = accept ? 'attendance-confirmed' : 'attendance-refused'
  await ctx.audit.add({ _id: `${act.id}/${what}`, at: act.at, by: by._id, what, to: `behaviour/${id}` })
  await ctx.outbox.add([
    accept
      ? push(`behaviour/${id}`, person._id, 'behaviour-recorded', { record: id }, act.id)
      : push(`attendance-refused/${id}`, before.by, 'attendance-refused', { record: id }, act.id),
  ])
  return { kind: 'decided', row: (await ctx.behaviours.get(id))! }
}

/**
 * Revoked with a reason, never deleted; the employee is told. By the recorder, somebody above, or HR.
 *
 * @param byDecision an accepted appeal: also in a confirmed month, which is then opened again
 */
export async function revokeBehaviour(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
  reason: string,
  byDecision = false,
): Promise<
  | { kind: 'revoked'; row: BehaviourRow }
  | { kind: 'gone' | 'not-allowed' | 'no-reason' }
  | { kind: 'closed'; state: 'confirmed' | 'published' }
> {
  const before = await ctx.behaviours.get(id)
  const person = before && (await ctx.people.get(before.personId))
  if (!before || !person) return { kind: 'gone' }
  const may = before.by === by._id || by.roles.includes('hr') || (await mayJudge(ctx, by, person))
  if (!may || by._id === person._id) return { kind: 'not-allowed' }
  if (reason.trim() === '') return { kind: 'no-reason' }
  const known = before.applied.some((a) => a.event === act.id)
  // What was confirmed stays as it was confirmed, and after publication only an accepted appeal or HR's correction changes it.
  const closed = known || byDecision ? undefined : await closedState(ctx, person._id, before.month)
  if (closed === 'confirmed' || (closed && !by.roles.includes('hr'))) return { kind: 'closed', state: closed }
  const outcome = await ctx.behaviours.change<'counted' | 'waited' | 'gone'>(id, act.id, (row) =>
    row.state === 'revoked' || row.state === 'refused'
      ? { outcome: 'gone' }
      : {
          row: { ...row, state: 'revoked', revoked: { by: by._id, at: act.at, reason: reason.trim().slice(0, 300) } },
          outcome: row.state === 'counts' ? 'counted' : 'waited',
        },
  )
  if (!outcome || outcome === 'gone') return { kind: 'gone' }
  await ctx.audit.add({
    _id: `${act.id}/behaviour-revoked`,
    at: act.at,
    by: by._id,
    what: 'behaviour-revoked',
    to: `behaviour/${id}`,
    detail: { reason },
  })
  // Of what never counted the person knows nothing.
  if (outcome === 'counted')
    await ctx.outbox.add([push(`behaviour-revoked/${id}`, person._id, 'behaviour-revoked', { record: id }, act.id)])
  return { kind: 'revoked', row: (await ctx.behaviours.get(id))! }
}

/** 知道了: that the person has read it, no more. */
export async function acknowledgeBehaviour(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
): Promise<{ kind: 'noted' | 'gone' }> {
  const row = await ctx.behaviours.get(id)
  if (!row || row.personId !== by._id) return { kind: 'gone' }
  await ctx.behaviours.change(id, act.id, (r) =>
    r.acknowledgedAt ? { outcome: null } : { row: { ...r, acknowledgedAt: act.at }, outcome: null },
  )
  await ctx.audit.add({ _id: `${act.id}/read`, at: act.at, by: by._id, what: 'behaviour-read', to: `behaviour/${id}` })
  return { kind: 'noted' }
}
