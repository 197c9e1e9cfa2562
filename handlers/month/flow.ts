import { createHash } from 'node:crypto'
import type { Act, Ctx } from '../../src/context.ts'
import { monthDates } from '../../src/domain/month-dates.ts'
import type { Month } from '../../src/domain/time.ts'
import { monthRowId } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import type { ResultRow } from '../../src/store/results.ts'
import { judges, mayJudge } from '../rights.ts'
import { push } from './behaviour.ts'
import { isOver, refreshPeople } from './settle.ts'

export const datesOf = (ctx: Ctx, month: Month) => {
  const { weeks, month: settings, timeZone } = ctx.company()
  return monthDates(month, weeks, settings, timeZone)
}

/** What keeps a row from being confirmed, named. */
export interface Open {
  personId: string
  name: string
  what: string[]
}

export interface TeamMonth {
  month: Month
  judgeId: string
  rows: ResultRow[]
  open: Open[]
  /** Of the figures shown: a confirmation counts for these only. */
  digest: string
}

const digestOf = (rows: readonly ResultRow[]): string =>
  createHash('sha256')
    .update(rows.map((r) => `${r._id}:${r.hash}`).join('\n'))
    .digest('hex')
    .slice(0, 16)

/** What is missing in some rows: figures, and attendance records that wait for their head. */
export async function openOf(ctx: Ctx, month: Month, rows: readonly ResultRow[]): Promise<Open[]> {
  const drafts = rows.filter((r) => r.state === 'draft')
  const waiting = await ctx.behaviours.waiting(
    month,
    drafts.map((r) => r.personId),
  )
  return drafts.flatMap((r) => {
    const what = [...r.draft.missing]
    if (waiting.some((w) => w.personId === r.personId)) what.push('有考勤记录待部门经理确认')
    return what.length > 0 ? [{ personId: r.personId, name: r.name, what }] : []
  })
}

/** The people whose month `judgeId` confirms, computed anew while they are drafts. */
export async function teamMonth(ctx: Ctx, judgeId: string, month: Month, now: Date): Promise<TeamMonth> {
  const people = await teamPeople(ctx, judgeId)
  if (people.length > 0 && isOver(ctx, month, now)) await refreshPeople(ctx, month, people, now)
  const rows = await ctx.results.ofTeam(month, judgeId)
  return { month, judgeId, rows, open: await openOf(ctx, month, rows), digest: digestOf(rows) }
}

async function teamPeople(ctx: Ctx, judgeId: string): Promise<Person[]> {
  const judgeOf = await judges(ctx)
  const standIn = Object.keys(ctx.company().standIns).length > 0
  const candidates = standIn
    ? await ctx.people.all()
    : await ctx.people.model.find({ managerId: judgeId }).sort({ _id: 1 }).lean<Person[]>()
  return candidates.filter((p) => judgeOf(p) === judgeId)
}

export type ConfirmOutcome =
  | { kind: 'confirmed'; people: number }
  | { kind: 'missing'; open: Open[] }
  /** Somebody was first, or it was done before. */
  | { kind: 'already'; by: string }
  /** The figures of somebody have changed since they were shown; who was confirmed before that was noticed, stays so. */
  | { kind: 'changed' }
  | { kind: 'not-over' | 'published' | 'no-team' | 'not-allowed' }

/**
 * The superior's word on a team's month (domain.md §6): for everybody at once, for the figures that were seen, and only when
 * nothing is missing. Others above may do it too; nobody for themselves.
 */
export async function confirmTeam(
  ctx: Ctx,
  act: Act,
  by: Person,
  judgeId: string,
  month: Month,
  digest: string,
): Promise<ConfirmOutcome> {
  const judge = await ctx.people.get(judgeId)
  if (!judge || (by._id !== judgeId && !(await mayJudge(ctx, by, judge)))) return { kind: 'not-allowed' }
  if (!isOver(ctx, month, act.at)) return { kind: 'not-over' }
  if ((await ctx.months.get(month)).state === 'published') return { kind: 'published' }
  const before = await ctx.results.ofTeam(month, judgeId)
  const mine = (r: ResultRow) => r.confirmed?.by === by._id && r.applied.some((a) => a.event === act.id)
  const repeated = before.some(mine)
  const team = repeated ? undefined : await teamMonth(ctx, judgeId, month, act.at)
  const rows = team?.rows ?? before
  if (rows.length === 0) return { kind: 'no-team' }
  if (rows.some((r) => r.personId === by._id)) return { kind: 'not-allowed' }
  const seen = digestOf(rows) === digest
  if (team) {
    const first = rows.find((r) => r.state !== 'draft')
    if (rows.every((r) => r.state !== 'draft')) return { kind: 'already', by: first!.confirmed!.by }
    if (team.open.length > 0) return { kind: 'missing', open: team.open }
    if (!seen) return { kind: 'changed' }
  }
  let people = 0
  let changed = false
  let other: string | undefined
  for (const row of rows) {
    const outcome = await ctx.results.change<{ by: string } | null>(row._id, act.id, (r) => {
      if (r.state !== 'draft') return { outcome: { by: r.confirmed?.by ?? '' } }
      // Computed anew while this went on: nobody has seen these figures.
      if (!seen || r.hash !== row.hash) return { outcome: null }
      const { returned: _, ...rest } = r
      return { row: { ...rest, state: 'confirmed', confirmed: { by: by._id, at: act.at } }, outcome: { by: by._id } }
    })
    if (!outcome) changed = true
    else if (outcome.by === by._id) people++
    else other = outcome.by
  }
  if (people === 0) return changed ? { kind: 'changed' } : { kind: 'already', by: other ?? '' }
  await ctx.audit.add({
    _id: `${act.id}/team-confirmed`,
    at: act.at,
    by: by._id,
    what: 'team-confirmed',
    to: `month/${month}/${judgeId}`,
    detail: { people, digest },
  })
  await askApproval(ctx, month, act.id)
  return changed ? { kind: 'changed' } : { kind: 'confirmed', people }
}

/** Once every team is confirmed the general manager is asked. @param expiresAt when they are asked anew */
export async function askApproval(ctx: Ctx, month: Month, cause: string, expiresAt?: Date): Promise<void> {
  const open = await ctx.results.model.countDocuments({ month, state: 'draft' })
  if (open > 0) return
  const round = await ctx.results.model.countDocuments({ month, returned: { $exists: true } })
  const gms = await ctx.people.withRole('gm')
  const hrs = await ctx.people.withRole('hr')
  const key = `approval/${month}/${cause}/${round}`
  await ctx.outbox.add(
    gms.length > 0
      ? gms.map((p) => ({
          ...push(`${key}/${p._id}`, p._id, 'month-approval', { month }, cause),
          ...(expiresAt && { expiresAt }),
        }))
      : hrs.map((p) => push(`no-gm/${month}/${p._id}`, p._id, 'no-gm', { month }, cause)),
  )
}

/** A superior sends one person's month back to HR, with a reason; confirming the team afterwards says that it was mended. */
export async function returnResult(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  month: Month,
  reason: string,
): Promise<{ kind: 'returned' | 'not-allowed' | 'gone' | 'confirmed' | 'no-reason' }> {
  if (reason.trim() === '') return { kind: 'no-reason' }
  if (!(await mayJudge(ctx, by, person))) return { kind: 'not-allowed' }
  const outcome = await ctx.results.change<'returned' | 'confirmed'>(monthRowId(person._id, month), act.id, (r) =>
    r.state === 'draft'
      ? {
          row: { ...r, returned: { by: by._id, at: act.at, reason: reason.trim().slice(0, 300), to: 'hr' } },
          outcome: 'returned',
        }
      : { outcome: 'confirmed' },
  )
  if (!outcome) return { kind: 'gone' }
  if (outcome === 'confirmed') return { kind: 'confirmed' }
  await ctx.audit.add({
    _id: `${act.id}/result-returned`,
    at: act.at,
    by: by._id,
    what: 'result-returned',
    to: `result/${monthRowId(person._id, month)}`,
    detail: { reason },
  })
  const args = { personId: person._id, month }
  const hrs = await ctx.people.withRole('hr')
  await ctx.outbox.add(
    hrs.map((p) => push(`result-returned/${act.id}/${p._id}`, p._id, 'result-returned', args, act.id)),
  )
  return { kind: 'returned' }
}

export type UndoOutcome =
  | { kind: 'undone'; people: number }
  /** The general manager's own word on the whole is taken back; the teams stay confirmed. */
  | { kind: 'unapproved' }
  /** The general manager has confirmed the whole: only they can open it again. */
  | { kind: 'approved'; by: string }
  | { kind: 'published' | 'nothing' }

/** 撤销确认: one's own confirmation, until the next step was taken (domain.md §11.19). What was confirmed is a draft again. */
export async function undoConfirm(ctx: Ctx, act: Act, by: Person, month: Month): Promise<UndoOutcome> {
  const before = await ctx.months.get(month)
  const repeated = before.applied.some((a) => a.event === act.id)
  if (before.state === 'published') return { kind: 'published' }
  if (repeated || (before.state === 'approved' && before.approved?.by === by._id)) {
    const undone = await openMonthAgain(ctx, month, act.id)
    if (undone === 'published') return { kind: 'published' }
    await noteUndo(ctx, act, by, `month/${month}`, {})
    await askApproval(ctx, month, act.id)
    return { kind: 'unapproved' }
  }
  if (before.state === 'approved') return { kind: 'approved', by: before.approved!.by }
  const mine = await ctx.results.model
    .find({ month, 'confirmed.by': by._id }, { _id: 1 })
    .sort({ _id: 1 })
    .lean<ResultRow[]>()
  const done = await ctx.results.model
    .find({ month, 'applied.event': act.id, state: 'draft' }, { _id: 1 })
    .lean<ResultRow[]>()
  let people = done.length
  for (const { _id } of mine) {
    const undone = await ctx.results.change<boolean>(_id, act.id, (r) => {
      if (r.state !== 'confirmed' || r.confirmed?.by !== by._id) return { outcome: false }
      const { confirmed: _, ...rest } = r
      return { row: { ...rest, state: 'draft' }, outcome: true }
    })
    if (undone) people++
  }
  if (people === 0) return { kind: 'nothing' }
  // The general manager may have been quicker: what they confirmed is not whole any more.
  await openMonthAgain(ctx, month, `${act.id}/open`)
  await noteUndo(ctx, act, by, `month/${month}/${by._id}`, { people })
  return { kind: 'undone', people }
}

const noteUndo = (ctx: Ctx, act: Act, by: Person, to: string, detail: Record<string, unknown>) =>
  ctx.audit.add({
    _id: `${act.id}/confirmation-undone`,
    at: act.at,
    by: by._id,
    what: 'confirmation-undone',
    to,
    detail,
  })

const openMonthAgain = (ctx: Ctx, month: Month, event: string) =>
  ctx.months.change<'open' | 'published'>(month, event, (row) => {
    if (row.state === 'published') return { outcome: 'published' }
    const { approved: _, ...rest } = row
    return { row: { ...rest, state: 'open' }, outcome: 'open' }
  })

/** A decision changed what a confirmed and unpublished result is made of: it is confirmed anew by its superior, who is told why. */
export async function reopenResult(ctx: Ctx, act: Act, by: Person, personId: string, month: Month, reason: string) {
  const id = monthRowId(personId, month)
  const row = await ctx.results.get(id)
  const repeated = row?.applied.some((a) => a.event === act.id)
  if (!row || (!repeated && row.state !== 'confirmed')) return
  if ((await openMonthAgain(ctx, month, act.id)) === 'published') return
  const reopened = await ctx.results.change<boolean>(id, act.id, (r) => {
    if (r.state !== 'confirmed') return { outcome: false }
    const { confirmed: _, ...rest } = r
    const returned = { by: by._id, at: act.at, reason: reason.slice(0, 300), to: 'manager' as const }
    return { row: { ...rest, state: 'draft', returned }, outcome: true }
  })
  if (!reopened) return
  await ctx.audit.add({
    _id: `${act.id}/result-reopened`,
    at: act.at,
    by: by._id,
    what: 'result-reopened',
    to: `result/${id}`,
    detail: { reason },
  })
  if (row.judgeId)
    await ctx.outbox.add([
      push(`result-reopened/${act.id}`, row.judgeId, 'team-month', { month, why: 'returned' }, act.id),
    ])
}

/** Whether somebody approves months: the general manager, never their own. */
const isGm = (p: Person): boolean => p.active && p.roles.includes('gm')

export type ApproveOutcome =
  | { kind: 'approved' }
  | { kind: 'open'; teams: { name: string; people: number }[] }
  | { kind: 'already'; by: string }
  | { kind: 'published' | 'nothing' | 'not-over' | 'not-allowed' }

/** The general manager's word on the month as a whole (篇七). Named: which superiors have not confirmed yet. */
export async function approveMonth(ctx: Ctx, act: Act, by: Person, month: Month): Promise<ApproveOutcome> {
  if (!isGm(by)) return { kind: 'not-allowed' }
  if (!isOver(ctx, month, act.at)) return { kind: 'not-over' }
  const open = await ctx.results.model.find({ month, state: 'draft' }, { judgeId: 1 }).lean<ResultRow[]>()
  const all = await ctx.results.model.countDocuments({ month })
  const outcome = await ctx.months.change<ApproveOutcome>(month, act.id, (row) => {
    if (row.state === 'published') return { outcome: { kind: 'published' } }
    if (row.state === 'approved') return { outcome: { kind: 'already', by: row.approved!.by } }
    if (open.length > 0) return { outcome: { kind: 'open', teams: [] } }
    if (all === 0) return { outcome: { kind: 'nothing' } }
    return {
      row: { ...row, state: 'approved', approved: { by: by._id, at: act.at } },
      outcome: { kind: 'approved' },
    }
  })
  switch (outcome!.kind) {
    case 'open': {
      const counts = new Map<string, number>()
      for (const r of open) counts.set(r.judgeId, (counts.get(r.judgeId) ?? 0) + 1)
      const names = new Map((await ctx.people.many([...counts.keys()])).map((p) => [p._id, p.name]))
      return {
        kind: 'open',
        teams: [...counts].map(([id, people]) => ({ name: names.get(id) ?? '没有上级的人员', people })),
      }
    }
    case 'approved':
      await ctx.audit.add({
        _id: `${act.id}/month-approved`,
        at: act.at,
        by: by._id,
        what: 'month-approved',
        to: `month/${month}`,
        detail: { people: all },
      })
      return { kind: 'approved' }
    default:
      return outcome!
  }
}

/** The general manager sends a team back to its superior, with a reason: its people are drafts again. */
export async function returnTeam(
  ctx: Ctx,
  act: Act,
  by: Person,
  judgeId: string,
  month: Month,
  reason: string,
): Promise<{ kind: 'returned'; people: number } | { kind: 'not-allowed' | 'published' | 'nothing' | 'no-reason' }> {
  if (!isGm(by)) return { kind: 'not-allowed' }
  if (reason.trim() === '') return { kind: 'no-reason' }
  if ((await openMonthAgain(ctx, month, act.id)) === 'published') return { kind: 'published' }
  let people = 0
  for (const row of await ctx.results.ofTeam(month, judgeId)) {
    const done = await ctx.results.change<boolean>(row._id, act.id, (r) => {
      if (r.state !== 'confirmed') return { outcome: false }
      const { confirmed: _, ...rest } = r
      const returned = { by: by._id, at: act.at, reason: reason.trim().slice(0, 300), to: 'manager' as const }
      return { row: { ...rest, state: 'draft', returned }, outcome: true }
    })
    if (done) people++
  }
  if (people === 0) return { kind: 'nothing' }
  await ctx.audit.add({
    _id: `${act.id}/team-returned`,
    at: act.at,
    by: by._id,
    what: 'team-returned',
    to: `month/${month}/${judgeId}`,
    detail: { reason, people },
  })
  await ctx.outbox.add([push(`team-returned/${act.id}`, judgeId, 'team-month', { month, why: 'returned' }, act.id)])
  return { kind: 'returned', people }
}
