import type { Act, Ctx } from '../../src/context.ts'
import { signed } from '../../src/domain/behaviour.ts'
import { appealUntil } from '../../src/domain/month-dates.ts'
import { type Day, dayOf, formatMonth } from '../../src/domain/time.ts'
import { type AppealAbout, type AppealRow, appealId, isStanding, type StandingAppeal } from '../../src/store/appeals.ts'
import { monthRowId } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import { closeCards } from '../close-cards.ts'
import { judgeOf, mayJudge } from '../rights.ts'
import { answerUntil, askAnswer, askDecision, handlersOf, mayHandle, stageOf, tellNobody } from './appeal-stage.ts'
import { push, revokeBehaviour } from './behaviour.ts'
import { correctionHindrance, type Hindrance, type ProposeOutcome, proposeCorrection } from './correct.ts'
import { reopenResult } from './flow.ts'
import { finishPublication } from './publish.ts'

/** Until when an appeal about something that was told at an instant is open (domain.md §11.25). */
export function windowOf(ctx: Ctx, told: Date): { day: Day; until: Date } {
  const { weeks, month, timeZone } = ctx.company()
  return appealUntil(dayOf(told, timeZone), month.appealDays, weeks, timeZone)
}

export type FileOutcome =
  | { kind: 'filed'; row: AppealRow }
  | { kind: 'already'; row: StandingAppeal }
  | { kind: 'late'; day: Day }
  | { kind: 'gone' | 'no-reason' | 'not-allowed' }

/** What an appeal can be about now, with the instant from which its window runs. */
async function subject(ctx: Ctx, person: Person, about: AppealAbout, month: string): Promise<Date | undefined> {
  if (about.kind === 'result') {
    const row = await ctx.results.get(monthRowId(person._id, month))
    return row?.versions.find((v) => v.version === about.version)?.at
  }
  const record = await ctx.behaviours.get(about.recordId)
  if (record?.personId !== person._id || record.state !== 'counts') return undefined
  return record.decided?.at ?? record.at
}

/**
 * An employee's appeal (篇七): in its window, once a subject, with a reason; anew where it was withdrawn. HR is told to register
 * it.
 */
export async function fileAppeal(
  ctx: Ctx,
  act: Act,
  by: Person,
  month: string,
  about: AppealAbout,
  reason: string,
): Promise<FileOutcome> {
  const id = appealId(by._id, month, about)
  let row = await ctx.appeals.get(id)
  if (row && row.personId !== by._id) return { kind: 'not-allowed' }
  if (!row || !isStanding(row)) {
    const told = await subject(ctx, by, about, month)
    if (!told) return { kind: 'gone' }
    const window = windowOf(ctx, told)
    if (act.at >= window.until) return { kind: 'late', day: window.day }
    if (reason.trim() === '') return { kind: 'no-reason' }
    const filed = { reason: reason.trim().slice(0, 1000), filedAt: act.at, event: act.id, state: 'filed' as const }
    if (row) {
      await ctx.appeals.change(id, act.id, (r) =>
        isStanding(r) ? { outcome: null } : { row: { ...r, ...filed }, outcome: null },
      )
      row = (await ctx.appeals.get(id))!
    } else row = await ctx.appeals.file({ _id: id, personId: by._id, month, about, ...filed })
  }
  if (row.event !== act.id) return isStanding(row) ? { kind: 'already', row } : { kind: 'gone' }
  await note(ctx, { ...act, at: row.filedAt }, by, 'appeal-filed', id)
  const to = await handlersOf(ctx, row)
  await ctx.outbox.add(
    to.map((p) => push(`appeal-filed/${id}/${act.id}/${p._id}`, p._id, 'appeal-filed', { appeal: id }, act.id)),
  )
  if (to.length === 0) await tellNobody(ctx, id, act.id)
  return { kind: 'filed', row }
}

/** The person takes their appeal back, as long as HR has not registered it. HR's cards say so. */
export async function withdrawAppeal(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
): Promise<{ kind: 'withdrawn' } | { kind: 'registered' | 'gone' }> {
  const row = await ctx.appeals.get(id)
  if (row?.personId !== by._id) return { kind: 'gone' }
  const kind = await ctx.appeals.change<'withdrawn' | 'registered' | 'gone'>(id, act.id, (r) => {
    if (r.state === 'filed') return { row: { ...r, state: 'withdrawn' }, outcome: 'withdrawn' }
    return { outcome: r.state === 'withdrawn' ? 'gone' : 'registered' }
  })
  if (kind !== 'withdrawn') return { kind: kind ?? 'gone' }
  await note(ctx, act, by, 'appeal-withdrawn', id)
  await closeCards(ctx, act.id, `appeal/${id}`, { title: `${by.name}的申诉`, closed: '本人已撤回' }, () => true)
  return { kind: 'withdrawn' }
}

const note = (ctx: Ctx, act: Act, by: Person, what: string, id: string, detail?: Record<string, unknown>) =>
  ctx.audit.add({
    _id: `${act.id}/${what}`,
    at: act.at,
    by: by._id,
    what,
    to: `appeal/${id}`,
    ...(detail && { detail }),
  })

type Step<K extends string> = { kind: K; row: AppealRow } | { kind: 'gone' | 'not-allowed' | 'no-text' }

/** HR takes an appeal on: the superior is asked to answer, the employee is told. */
export async function registerAppeal(ctx: Ctx, act: Act, by: Person, id: string): Promise<Step<'registered'>> {
  const row = await ctx.appeals.get(id)
  if (!row) return { kind: 'gone' }
  if (!(await mayHandle(ctx, by, row))) return { kind: 'not-allowed' }
  const person = await ctx.people.get(row.personId)
  const judge = person && (await judgeOf(ctx, person))
  const done = await ctx.appeals.change<boolean>(id, act.id, (r) => {
    if (r.state !== 'filed') return { outcome: false }
    const asked = judge && { asked: { judge: judge._id, at: act.at } }
    return { row: { ...r, state: 'registered', registered: { by: by._id, at: act.at }, ...asked }, outcome: true }
  })
  if (!done) return { kind: 'gone' }
  await note(ctx, act, by, 'appeal-registered', id)
  const after = (await ctx.appeals.get(id))!
  await ctx.outbox.add([
    push(`appeal-step/${id}/registered`, row.personId, 'appeal-step', { appeal: id, step: 'registered' }, act.id),
  ])
  // Without a superior there is nobody to answer: it can be decided at once.
  if (after.asked) await askAnswer(ctx, id, after.asked.judge, act.id)
  else await askDecision(ctx, after, 'nobody', act.id)
  return { kind: 'registered', row: after }
}

/** The superior's answer in writing. */
export async function answerAppeal(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
  text: string,
): Promise<Step<'answered'>> {
  const row = await ctx.appeals.get(id)
  const person = row && (await ctx.people.get(row.personId))
  if (!row || !person) return { kind: 'gone' }
  if (!(await mayJudge(ctx, by, person))) return { kind: 'not-allowed' }
  if (text.trim() === '') return { kind: 'no-text' }
  const done = await ctx.appeals.change<boolean>(id, act.id, (r) =>
    r.state === 'registered'
      ? {
          row: { ...r, state: 'answered', answer: { by: by._id, at: act.at, text: text.trim().slice(0, 1000) } },
          outcome: true,
        }
      : { outcome: false },
  )
  if (!done) return { kind: 'gone' }
  await note(ctx, act, by, 'appeal-answered', id)
  const after = (await ctx.appeals.get(id))!
  await ctx.outbox.add([
    push(`appeal-step/${id}/answered`, row.personId, 'appeal-step', { appeal: id, step: 'answered' }, act.id),
  ])
  await askDecision(ctx, after, 'answered', act.id)
  return { kind: 'answered', row: after }
}

/** Why a decision cannot be made now. */
export type Undecidable =
  | { kind: 'gone' | 'not-allowed' }
  /** The superior has until the end of a day to answer. */
  | { kind: 'unanswered'; day: Day }
  | Hindrance

export type DecideOutcome =
  | { kind: 'decided'; row: AppealRow; correction?: ProposeOutcome['kind'] }
  | { kind: 'no-text' | 'bad-points' }
  | Undecidable

/** Asked before the reason is asked for, and again before anything is written; undefined: it can be decided. */
export async function undecidable(
  ctx: Ctx,
  act: Act,
  by: Person,
  row: AppealRow,
  accepted: boolean,
): Promise<Undecidable | undefined> {
  if (!(await mayHandle(ctx, by, row))) return { kind: 'not-allowed' }
  const stage = await stageOf(ctx, row, act.at)
  if (stage.kind === 'closed') return { kind: 'gone' }
  if (stage.kind === 'waiting') return { kind: 'unanswered', day: answerUntil(ctx, stage.asked ?? act.at).day }
  const person = await ctx.people.get(row.personId)
  // What is accepted becomes a correction of what is published: it must not be told before it can.
  return accepted && person ? correctionHindrance(ctx, person, row.month, act.at) : undefined
}

/**
 * The decision, by somebody who is not party, in writing. Accepted: a record of behaviour is revoked, a result gets signed
 * points; where the result is published that is a correction, which the general manager confirms.
 *
 * @param points of an accepted appeal about a result, not 0
 */
export async function decideAppeal(
  ctx: Ctx,
  act: Act,
  by: Person,
  id: string,
  decision: { accepted: boolean; text: string; points?: string },
): Promise<DecideOutcome> {
  const row = await ctx.appeals.get(id)
  const person = row && (await ctx.people.get(row.personId))
  if (!row || !person) return { kind: 'gone' }
  const { accepted, text, points } = decision
  if (!row.applied.some((a) => a.event === act.id)) {
    const hindrance = await undecidable(ctx, act, by, row, accepted)
    if (hindrance?.kind === 'not-allowed') return hindrance
    if (text.trim() === '') return { kind: 'no-text' }
    if (accepted && row.about.kind === 'result' && !isPoints(points)) return { kind: 'bad-points' }
    if (hindrance) return hindrance
  }
  const done = await ctx.appeals.change<boolean>(id, act.id, (r) => {
    if (r.state !== 'registered' && r.state !== 'answered') return { outcome: false }
    const kept = {
      by: by._id,
      at: act.at,
      accepted,
      text: text.trim().slice(0, 1000),
      ...(accepted && points && { points }),
      ...(r.state === 'registered' && r.asked && { unanswered: true as const }),
    }
    return { row: { ...r, state: 'decided', decision: kept }, outcome: true }
  })
  if (!done) return { kind: 'gone' }
  const after = (await ctx.appeals.get(id))!
  const detail = { accepted, ...(points && { points }), ...(after.decision?.unanswered && { unanswered: true }) }
  await note(ctx, act, by, 'appeal-decided', id, detail)
  const correction = accepted ? await carryOut(ctx, act, by, person, after) : undefined
  await ctx.outbox.add([
    push(`appeal-step/${id}/decided`, row.personId, 'appeal-step', { appeal: id, step: 'decided' }, act.id),
  ])
  return { kind: 'decided', row: after, ...(correction && { correction }) }
}

const isPoints = (points = ''): boolean => /^-?\d{1,3}(\.\d{1,2})?$/.test(points) && /[1-9]/.test(points)

/** What an accepted appeal changes. @returns what became of the correction, where the month is published */
async function carryOut(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  { about, month, decision }: AppealRow,
): Promise<ProposeOutcome['kind'] | undefined> {
  const { text, points } = decision!
  const why = `申诉成立：${text}`
  const correct = { ...act, id: `${act.id}/correction` }
  if (about.kind === 'result') {
    const words = { why: `${why}（${signed(points!)}分）`, points: points! }
    return (await proposeCorrection(ctx, correct, by, person, month, words)).kind
  }
  await revokeByDecision(ctx, act, by, about.recordId, why)
  await reopenResult(ctx, { ...act, id: `${act.id}/reopen` }, by, person._id, month, why)
  if ((await ctx.months.get(month)).state !== 'published') return undefined
  // A publication that was cut off would have no version to correct.
  await finishPublication(ctx, month)
  return (await proposeCorrection(ctx, correct, by, person, month, { why })).kind
}

async function revokeByDecision(ctx: Ctx, act: Act, by: Person, recordId: string, why: string): Promise<void> {
  // The general manager decides where HR is party, and does here what HR would have done.
  const acting = by.roles.includes('hr') ? by : { ...by, roles: [...by.roles, 'hr' as const] }
  await revokeBehaviour(ctx, { ...act, id: `${act.id}/revoke` }, acting, recordId, why, true)
}

/** What an appeal is about, in words. */
export async function aboutText(ctx: Ctx, row: AppealRow): Promise<string> {
  if (row.about.kind === 'result')
    return `${formatMonth(row.month)}绩效结果${row.about.version > 1 ? `（第${row.about.version}版）` : ''}`
  const record = await ctx.behaviours.get(row.about.recordId)
  return record
    ? `${record.title}（${Number(record.day.slice(5, 7))}月${Number(record.day.slice(8))}日）`
    : '日常行为记录'
}
