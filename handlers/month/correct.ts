import type { Act, Ctx } from '../../src/context.ts'
import { exact } from '../../src/domain/decimal.ts'
import { settle } from '../../src/domain/settlement.ts'
import { dayOf, type Month } from '../../src/domain/time.ts'
import { monthRowId } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import type { ResultRow } from '../../src/store/results.ts'
import { judges } from '../rights.ts'
import { askAfterCorrection } from './appeal-stage.ts'
import { push } from './behaviour.ts'
import { factsOf, monthFrame } from './facts.ts'
import { publicationKey } from './publish.ts'
import { hashOf } from './settle.ts'

export type ProposeOutcome =
  | { kind: 'proposed'; approvers: string[] }
  /** Nothing would change. */
  | { kind: 'unchanged' | 'not-published' | 'not-allowed' | 'bad-points' | 'no-reason' | 'pending' | 'incomplete' }

/** Who confirms a correction of somebody's result: a general manager who is not the person; their stand-in otherwise. */
export async function correctionApprovers(ctx: Ctx, personId: string): Promise<Person[]> {
  const gms = (await ctx.people.withRole('gm')).filter((p) => p._id !== personId)
  if (gms.length > 0) return gms
  const judgeId = (await judges(ctx))((await ctx.people.get(personId))!)
  const standIn = judgeId ? await ctx.people.get(judgeId) : null
  return standIn ? [standIn] : []
}

/**
 * A correction after publication (domain.md §6, §11.19): what is recorded now, with signed points on top where HR says so,
 * becomes a proposal; it counts when the general manager has confirmed it.
 *
 * @param points `'2'`, `'-1.5'`; undefined: only what was recorded anew
 */
export async function proposeCorrection(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  month: Month,
  { points, why }: { points?: string; why: string },
): Promise<ProposeOutcome> {
  if (!(by.roles.includes('hr') || by.roles.includes('gm')) || by._id === person._id) return { kind: 'not-allowed' }
  if (why.trim() === '') return { kind: 'no-reason' }
  if (points !== undefined && !/^-?\d{1,3}(\.\d{1,2})?$/.test(points)) return { kind: 'bad-points' }
  const id = monthRowId(person._id, month)
  const row = await ctx.results.get(id)
  const before = row?.versions.at(-1)
  if (!row || !before) return { kind: 'not-published' }
  const extra = points === undefined || exact(points).n === 0n ? undefined : points
  const after = await recompute(ctx, person, month, act.at, extra, why)
  const hash = hashOf(after)
  if (!row.applied.some((a) => a.event === act.id)) {
    if (row.proposal) return { kind: 'pending' }
    if (after.missing.length > 0) return { kind: 'incomplete' }
    if (hash === before.hash) return { kind: 'unchanged' }
  }
  const outcome = await ctx.results.change<'proposed' | 'pending'>(id, act.id, (r) => {
    if (r.proposal) return { outcome: 'pending' }
    const proposal = {
      id: act.id,
      by: by._id,
      at: act.at,
      why: why.trim().slice(0, 300),
      result: after,
      hash,
      ...(extra !== undefined && { points: extra }),
    }
    return { row: { ...r, proposal }, outcome: 'proposed' }
  })
  if (outcome !== 'proposed') return { kind: 'pending' }
  await ctx.audit.add({
    _id: `${act.id}/correction-proposed`,
    at: act.at,
    by: by._id,
    what: 'correction-proposed',
    to: `result/${id}`,
    detail: { why, ...(extra !== undefined && { points: extra }), from: before.hash, to: hash },
  })
  const approvers = await correctionApprovers(ctx, person._id)
  const args = { row: id, proposal: act.id }
  await ctx.outbox.add(
    approvers.map((p) => push(`correction/${id}/${act.id}/${p._id}`, p._id, 'correction-request', args, act.id)),
  )
  return { kind: 'proposed', approvers: approvers.map((p) => p.name) }
}

/** Why no correction of somebody's published result can be proposed now; undefined: it can, or there is no result. */
export type Hindrance =
  | { kind: 'pending'; by: string; at: Date; approvers: string[] }
  | { kind: 'incomplete'; missing: string[] }

/** Asked before a decision that is to become a correction; `by` and `approvers` are names. */
export async function correctionHindrance(
  ctx: Ctx,
  person: Person,
  month: Month,
  at: Date,
): Promise<Hindrance | undefined> {
  const row = await ctx.results.get(monthRowId(person._id, month))
  if (!row?.versions.length) return undefined
  if (row.proposal) {
    const by = await ctx.people.get(row.proposal.by)
    const approvers = (await correctionApprovers(ctx, person._id)).map((p) => p.name)
    return { kind: 'pending', by: by?.name ?? '人力资源', at: row.proposal.at, approvers }
  }
  const { missing } = await recompute(ctx, person, month, at, undefined, '')
  return missing.length > 0 ? { kind: 'incomplete', missing } : undefined
}

async function recompute(ctx: Ctx, person: Person, month: Month, at: Date, points: string | undefined, why: string) {
  const frame = await monthFrame(ctx, month, at)
  const facts = (await factsOf(ctx, frame, [person], await judges(ctx))).get(person._id)!
  const day = dayOf(at, ctx.company().timeZone)
  const adjustments = [
    ...facts.adjustments,
    ...(points === undefined ? [] : [{ points, reason: why.trim().slice(0, 300), day }]),
  ]
  return settle({ ...facts, adjustments })
}

/** What an accepted or refused proposal came to, as JSON; `version` 0: refused. */
interface Decided {
  version: number
  adjusted?: { points: string; why: string; by: string; at: string }
}

/** The general manager's word on a correction: a new version, told to the employee, the old one kept. */
export async function decideCorrection(
  ctx: Ctx,
  act: Act,
  by: Person,
  rowId: string,
  proposalId: string,
  accept: boolean,
): Promise<{ kind: 'accepted' | 'refused'; row: ResultRow } | { kind: 'gone' | 'not-allowed' }> {
  const row = await ctx.results.get(rowId)
  if (!row) return { kind: 'gone' }
  const repeated = row.applied.some((a) => a.event === act.id)
  const approvers = await correctionApprovers(ctx, row.personId)
  if (!repeated && (!approvers.some((p) => p._id === by._id) || by._id === row.personId)) return { kind: 'not-allowed' }
  const decided = await ctx.results.change<Decided | null>(rowId, act.id, (r) => {
    if (r.proposal?.id !== proposalId) return { outcome: null }
    const { proposal: p, ...rest } = r
    if (!accept) return { row: rest, outcome: { version: 0 } }
    const version = r.versions.length + 1
    const next = { version, by: by._id, at: act.at, why: p.why, result: p.result, hash: p.hash }
    const adjusted = p.points !== undefined && { points: p.points, why: p.why, by: p.by, at: p.at.toISOString() }
    return {
      row: { ...rest, versions: [...r.versions, next] },
      outcome: { version, ...(adjusted && { adjusted }) },
    }
  })
  if (!decided) return { kind: 'gone' }
  const { version, adjusted } = decided
  if (adjusted) {
    // What was accepted, and only that, counts from now on in whatever is computed anew.
    const { points, why: reason, by: proposer } = adjusted
    const at = new Date(adjusted.at)
    const adjustment = { id: proposalId, points, reason, by: proposer, at, day: dayOf(at, ctx.company().timeZone) }
    await ctx.monthInputs.change(rowId, `adjust/${proposalId}`, (input) => ({
      row: { ...input, adjustments: [...input.adjustments, adjustment] },
      outcome: null,
    }))
  }
  const what = accept ? 'correction-accepted' : 'correction-refused'
  await ctx.audit.add({
    _id: `${act.id}/${what}`,
    at: act.at,
    by: by._id,
    what,
    to: `result/${rowId}`,
    detail: { version },
  })
  const args = { month: row.month, version }
  if (accept) {
    await ctx.outbox.add([
      push(publicationKey(row.personId, row.month, version), row.personId, 'result-published', args, act.id),
    ])
    await ctx.months.change(row.month, `${act.id}/unkept`, ({ kept: _, ...m }) => ({ row: m, outcome: null }))
  }
  const hrs = await ctx.people.withRole('hr')
  await ctx.outbox.add(
    hrs.map((p) => push(`${what}/${rowId}/${proposalId}/${p._id}`, p._id, what, { row: rowId }, act.id)),
  )
  await askAfterCorrection(ctx, row.personId, row.month, proposalId, act.at, act.id)
  return { kind: accept ? 'accepted' : 'refused', row: (await ctx.results.get(rowId))! }
}
