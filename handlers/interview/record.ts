import type { Act, Ctx } from '../../src/context.ts'
import {
  gapsOf,
  type InterviewPlan,
  isUsualReview,
  lastReview,
  type Outcome,
  type Period,
} from '../../src/domain/interview.ts'
import { type Day, dayOf } from '../../src/domain/time.ts'
import { type InterviewRow, interviewId } from '../../src/store/interviews.ts'
import type { Person } from '../../src/store/people.ts'
import { push } from '../month/behaviour.ts'
import { mayJudge } from '../rights.ts'
import { closeStale, managerOf, needsPlan, stateOf } from './interview.ts'

export interface WrittenRecord {
  heldOn: Day
  good: string
  improve: string
  employee: string
  plan?: Pick<InterviewPlan, 'items' | 'reviewOn'>
}

export type RecordOutcome =
  | { kind: 'kept'; waitsFor: 'employee' | 'hr' }
  /** What items of the plan lack; nothing is kept. */
  | { kind: 'gaps'; gaps: { item: number; text: string }[] }
  /** The review is not half a year to a year ahead; kept when it is said again knowingly. */
  | { kind: 'unusual' }
  | {
      kind:
        | 'not-allowed'
        | 'over'
        | 'changed'
        | 'empty'
        | 'needs-plan'
        | 'future'
        | 'too-early'
        | 'review-past'
        | 'review-far'
    }

const RECORDABLE: ReadonlySet<string> = new Set([
  ...['open', 'asked', 'countered', 'agreed', 'to-record'],
  ...['to-allow', 'to-confirm', 'objected'],
])
/** A talk may have been held before the bot proposed it. */
const DAYS_BEFORE = 31

const audit = (ctx: Ctx, act: Act, by: Person, what: string, id: string, detail?: Record<string, unknown>) =>
  ctx.audit.add({
    ...{ _id: `${act.id}/${what}`, at: act.at, by: by._id, what, to: `interview/${id}` },
    ...(detail && { detail }),
  })

/** Somebody else reads what was said: one line a day. */
export async function noteReading(
  ctx: Ctx,
  at: Date,
  by: Person,
  { _id, personId, record }: InterviewRow,
): Promise<void> {
  if (!record || by._id === personId) return
  const day = dayOf(at, ctx.company().timeZone)
  await ctx.audit.add({
    ...{
      _id: `interview-read/${_id}/${by._id}/${day}`,
      at,
      by: by._id,
      what: 'interview-read',
      to: `interview/${_id}`,
    },
    detail: { version: record.version },
  })
}

async function tellHr(ctx: Ctx, act: Act, id: string, version: number, except: Person): Promise<void> {
  const hr = (await ctx.people.withRole('hr')).filter((p) => p._id !== except._id)
  await ctx.outbox.add(
    hr.map((p) => push(`interview-allow/${id}/${version}/${p._id}`, p._id, 'interview-allow', { id, version }, act.id)),
  )
}

/** The manager writes down what was said, with the plan that came of it; the employee is asked to confirm. */
export async function writeRecord(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  period: Period,
  written: WrittenRecord,
  unusual: boolean,
  seen: number,
): Promise<RecordOutcome> {
  if (!(await mayJudge(ctx, by, person))) return { kind: 'not-allowed' }
  const today = dayOf(act.at, ctx.company().timeZone)
  const { plan, heldOn } = written
  if (heldOn > today) return { kind: 'future' }
  if (written.good.trim() === '' && written.improve.trim() === '') return { kind: 'empty' }
  if (!plan && needsPlan({ period })) return { kind: 'needs-plan' }
  if (plan) {
    if (plan.reviewOn <= today) return { kind: 'review-past' }
    if (plan.reviewOn > lastReview(today)) return { kind: 'review-far' }
    const gaps = plan.items.flatMap((item, n) => gapsOf(item, today, plan.reviewOn).map((text) => ({ item: n, text })))
    if (gaps.length > 0) return { kind: 'gaps', gaps }
    if (!isUsualReview(today, plan.reviewOn) && !unusual) return { kind: 'unusual' }
  }
  const id = interviewId(person._id, period)
  const isUnusual = plan !== undefined && !isUsualReview(today, plan.reviewOn)
  const outcome = await ctx.interviews.change<number | 'over' | 'changed' | 'too-early'>(id, act.id, (row) => {
    if (row.openedOn === '' || !RECORDABLE.has(stateOf(ctx, row, act.at))) return { outcome: 'over' }
    if (row.rev !== seen) return { outcome: 'changed' }
    if (dayNumber(heldOn) < dayNumber(row.openedOn) - DAYS_BEFORE) return { outcome: 'too-early' }
    const version = (row.record?.version ?? 0) + 1
    const { objection: _, ...rest } = row
    const record = {
      ...{ version, by: by._id, at: act.at, heldOn },
      ...{ good: written.good.trim(), improve: written.improve.trim(), employee: written.employee.trim() },
      ...(plan && { plan: { ...plan, ...(isUnusual && { unusual: true }) } }),
    }
    return { row: { ...rest, record, managerId: by._id }, outcome: version }
  })
  if (outcome === undefined || typeof outcome === 'string') return { kind: outcome ?? 'over' }
  await audit(ctx, act, by, 'interview-recorded', id, { version: outcome })
  await closeStale(ctx, act.id, id, (c) => c.round !== undefined || Number(c.version) < outcome)
  if (isUnusual) await tellHr(ctx, act, id, outcome, person)
  else await askEmployee(ctx, act, id, person, outcome)
  return { kind: 'kept', waitsFor: isUnusual ? 'hr' : 'employee' }
}

const dayNumber = (day: Day): number => Date.parse(day) / 86_400_000

const askEmployee = (ctx: Ctx, act: Act, id: string, person: Person, version: number): Promise<unknown> =>
  ctx.outbox.add([push(`interview-record/${id}/${version}`, person._id, 'interview-record', { id, version }, act.id)])

export type DecideOutcome = 'done' | 'not-allowed' | 'over' | 'changed'

/** 同意 or 请调整 by HR of a review outside half a year to a year (domain.md §11.34). */
export async function decideReview(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  period: Period,
  version: number,
  allow: boolean,
  pressed?: string,
): Promise<DecideOutcome> {
  if (!by.roles.includes('hr') || by._id === person._id) return 'not-allowed'
  const id = interviewId(person._id, period)
  const outcome = await ctx.interviews.change<DecideOutcome>(id, act.id, (row) => {
    const { record } = row
    if (!record?.plan || stateOf(ctx, row, act.at) !== 'to-allow') return { outcome: 'over' }
    if (record.version !== version) return { outcome: 'changed' }
    if (!allow)
      return {
        row: { ...row, objection: { by: by._id, words: '人力资源请您调整复核日期', at: act.at } },
        outcome: 'done',
      }
    return { row: { ...row, record: { ...record, plan: { ...record.plan, allowedBy: by._id } } }, outcome: 'done' }
  })
  if (outcome !== 'done') return outcome ?? 'over'
  await audit(ctx, act, by, allow ? 'interview-review-allowed' : 'interview-review-refused', id, { version })
  await closeStale(ctx, act.id, id, (c) => Number(c.version) === version, pressed)
  if (allow) await askEmployee(ctx, act, id, person, version)
  else await tellManager(ctx, act, id, person, 'interview-objected', { version })
  return 'done'
}

async function tellManager(
  ctx: Ctx,
  act: Act,
  id: string,
  person: Person,
  name: string,
  args: Record<string, unknown>,
): Promise<void> {
  const manager = await managerOf(ctx, (await ctx.interviews.get(id))!, person)
  if (manager)
    await ctx.outbox.add([
      push(`${name}/${id}/${Object.values(args).join('/')}`, manager._id, name, { id, ...args }, act.id),
    ])
}

/**
 * The employee confirms the record, which is then frozen, or says what they see differently: the manager reads it and writes anew.
 *
 * @param objection undefined: confirmed
 */
export async function confirmRecord(
  ctx: Ctx,
  act: Act,
  by: Person,
  period: Period,
  version: number,
  objection?: string,
): Promise<DecideOutcome> {
  const id = interviewId(by._id, period)
  const outcome = await ctx.interviews.change<DecideOutcome>(id, act.id, (row) => {
    if (!row.record || stateOf(ctx, row, act.at) !== 'to-confirm') return { outcome: 'over' }
    if (row.record.version !== version) return { outcome: 'changed' }
    if (objection !== undefined)
      return { row: { ...row, objection: { by: by._id, words: objection, at: act.at } }, outcome: 'done' }
    return { row: { ...row, confirmedAt: act.at, over: row.record.plan === undefined }, outcome: 'done' }
  })
  if (outcome !== 'done') return outcome ?? 'over'
  const what = objection === undefined ? 'interview-confirmed' : 'interview-objected'
  await audit(ctx, act, by, what, id, { version })
  await closeStale(ctx, act.id, id, (c) => Number(c.version) === version)
  await tellManager(ctx, act, id, by, what, { version })
  return 'done'
}

/** HR: no interview, with the reason that stands in its place (features.md B12). */
export async function waiveInterview(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  period: Period,
  reason: string,
): Promise<DecideOutcome> {
  if (!by.roles.includes('hr') || by._id === person._id) return 'not-allowed'
  const id = interviewId(person._id, period)
  const outcome = await ctx.interviews.change<DecideOutcome>(id, act.id, (row) => {
    if (row.openedOn === '' || row.over || row.confirmedAt) return { outcome: 'over' }
    return { row: { ...row, waived: { by: by._id, at: act.at, reason }, over: true }, outcome: 'done' }
  })
  if (outcome !== 'done') return outcome ?? 'over'
  await audit(ctx, act, by, 'interview-waived', id)
  await closeStale(ctx, act.id, id, () => true)
  await tellManager(ctx, act, id, person, 'interview-waived', {})
  return 'done'
}

export type NoteOutcome = 'done' | 'not-allowed' | 'over'

/** How the plan goes, from either side; the other one reads it (domain.md §8: check-ins, encouragement). */
export async function addPlanNote(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  period: Period,
  words: string,
): Promise<NoteOutcome> {
  const own = by._id === person._id
  if (!own && !(await mayJudge(ctx, by, person))) return 'not-allowed'
  const id = interviewId(person._id, period)
  const n = await ctx.interviews.change<number | 'over'>(id, act.id, (row) => {
    if (!['improving', 'to-review'].includes(stateOf(ctx, row, act.at))) return { outcome: 'over' }
    return { row: { ...row, notes: [...row.notes, { by: by._id, at: act.at, words }] }, outcome: row.notes.length }
  })
  if (n === undefined || n === 'over') return 'over'
  if (own) await tellManager(ctx, act, id, person, 'interview-note', { n })
  else await ctx.outbox.add([push(`interview-note/${id}/${n}`, person._id, 'interview-note', { id, n }, act.id)])
  return 'done'
}

/** On the day of the review: what became of each item. The chain ends with it. */
export async function reviewPlan(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  period: Period,
  outcomes: Outcome[],
  words: string,
): Promise<DecideOutcome> {
  if (!(await mayJudge(ctx, by, person))) return 'not-allowed'
  const id = interviewId(person._id, period)
  const outcome = await ctx.interviews.change<DecideOutcome>(id, act.id, (row: InterviewRow) => {
    if (stateOf(ctx, row, act.at) !== 'to-review') return { outcome: 'over' }
    if (row.record!.plan!.items.length !== outcomes.length) return { outcome: 'changed' }
    const evaluation = { by: by._id, at: act.at, outcomes, words }
    return { row: { ...row, evaluation, over: true }, outcome: 'done' }
  })
  if (outcome !== 'done') return outcome ?? 'over'
  await audit(ctx, act, by, 'interview-reviewed', id)
  await closeStale(ctx, act.id, id, () => true)
  await ctx.outbox.add([push(`interview-reviewed/${id}`, person._id, 'interview-reviewed', { id }, act.id)])
  return 'done'
}
