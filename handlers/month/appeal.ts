import type { Act, Ctx } from '../../src/context.ts'
import { signed } from '../../src/domain/behaviour.ts'
import { appealUntil } from '../../src/domain/month-dates.ts'
import { type Day, dayOf, formatMonth } from '../../src/domain/time.ts'
import { type AppealAbout, type AppealRow, appealId } from '../../src/store/appeals.ts'
import { monthRowId } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import { judgeOf, mayJudge } from '../rights.ts'
import { push, revokeBehaviour } from './behaviour.ts'
import { type ProposeOutcome, proposeCorrection } from './correct.ts'
import { reopenResult } from './flow.ts'

/** Until when an appeal about something that was told at an instant is open (domain.md §11.25). */
export function windowOf(ctx: Ctx, told: Date): { day: Day; until: Date } {
  const { weeks, month, timeZone } = ctx.company()
  return appealUntil(dayOf(told, timeZone), month.appealDays, weeks, timeZone)
}

export type FileOutcome =
  | { kind: 'filed'; row: AppealRow }
  | { kind: 'already'; row: AppealRow }
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

/** An employee's appeal (篇七): in its window, once a subject, with a reason. HR is told to register it. */
export async function fileAppeal(
  ctx: Ctx,
  act: Act,
  by: Person,
  month: string,
  about: AppealAbout,
  reason: string,
): Promise<FileOutcome> {
  const id = appealId(by._id, month, about)
  const before = await ctx.appeals.get(id)
  if (before) return { kind: before.personId === by._id ? 'already' : 'not-allowed', row: before } as FileOutcome
  const told = await subject(ctx, by, about, month)
  if (!told) return { kind: 'gone' }
  const window = windowOf(ctx, told)
  if (act.at >= window.until) return { kind: 'late', day: window.day }
  if (reason.trim() === '') return { kind: 'no-reason' }
  const { row, fresh } = await ctx.appeals.file({
    _id: id,
    personId: by._id,
    month,
    about,
    reason: reason.trim().slice(0, 1000),
    filedAt: act.at,
    state: 'filed',
  })
  if (!fresh && row.filedAt.getTime() !== act.at.getTime()) return { kind: 'already', row }
  await note(ctx, act, by, 'appeal-filed', id)
  const to = await handlersOf(ctx, row)
  await ctx.outbox.add(
    to.map((p) => push(`appeal-filed/${id}/${p._id}`, p._id, 'appeal-filed', { appeal: id }, act.id)),
  )
  if (to.length === 0) await tellNobody(ctx, id, act.id)
  return { kind: 'filed', row }
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

/** People who are party to an appeal: the appellant, who judged, who recorded. */
async function partiesOf(ctx: Ctx, row: AppealRow): Promise<Set<string>> {
  const parties = new Set([row.personId])
  if (row.about.kind === 'behaviour') {
    const record = await ctx.behaviours.get(row.about.recordId)
    if (record) parties.add(record.by)
    if (record?.decided) parties.add(record.decided.by)
  }
  const result = await ctx.results.get(monthRowId(row.personId, row.month))
  if (result?.confirmed) parties.add(result.confirmed.by)
  if (row.answer) parties.add(row.answer.by)
  const person = await ctx.people.get(row.personId)
  const judge = person && (await judgeOf(ctx, person))
  if (judge) parties.add(judge._id)
  return parties
}

/** Who registers and decides: HR who is not party; the general manager where all of HR is (domain.md §6). */
export async function handlersOf(ctx: Ctx, row: AppealRow): Promise<Person[]> {
  const parties = await partiesOf(ctx, row)
  const free = (p: Person) => !parties.has(p._id)
  const hrs = (await ctx.people.withRole('hr')).filter(free)
  return hrs.length > 0 ? hrs : (await ctx.people.withRole('gm')).filter(free)
}

async function tellNobody(ctx: Ctx, id: string, cause: string): Promise<void> {
  const hrs = await ctx.people.withRole('hr')
  await ctx.outbox.add(
    hrs.map((p) => push(`appeal-nobody/${id}/${p._id}`, p._id, 'appeal-nobody', { appeal: id }, cause)),
  )
}

const mayHandle = async (ctx: Ctx, by: Person, row: AppealRow): Promise<boolean> =>
  (await handlersOf(ctx, row)).some((p) => p._id === by._id)

type Step<K extends string> = { kind: K; row: AppealRow } | { kind: 'gone' | 'not-allowed' | 'no-text' }

/** HR takes an appeal on: the superior is asked to answer, the employee is told. */
export async function registerAppeal(ctx: Ctx, act: Act, by: Person, id: string): Promise<Step<'registered'>> {
  const row = await ctx.appeals.get(id)
  if (!row) return { kind: 'gone' }
  if (!(await mayHandle(ctx, by, row))) return { kind: 'not-allowed' }
  const done = await ctx.appeals.change<boolean>(id, act.id, (r) =>
    r.state === 'filed'
      ? { row: { ...r, state: 'registered', registered: { by: by._id, at: act.at } }, outcome: true }
      : { outcome: false },
  )
  if (!done) return { kind: 'gone' }
  await note(ctx, act, by, 'appeal-registered', id)
  const person = await ctx.people.get(row.personId)
  const judge = person && (await judgeOf(ctx, person))
  await ctx.outbox.add([
    push(`appeal-step/${id}/registered`, row.personId, 'appeal-step', { appeal: id, step: 'registered' }, act.id),
    ...(judge ? [push(`appeal-answer/${id}/${judge._id}`, judge._id, 'appeal-answer', { appeal: id }, act.id)] : []),
  ])
  // Without a superior there is nobody to answer: it can be decided at once.
  if (!judge) await askDecision(ctx, row, act.id)
  return { kind: 'registered', row: (await ctx.appeals.get(id))! }
}

async function askDecision(ctx: Ctx, row: AppealRow, cause: string): Promise<void> {
  const to = await handlersOf(ctx, row)
  await ctx.outbox.add(
    to.map((p) => push(`appeal-decide/${row._id}/${p._id}`, p._id, 'appeal-decide', { appeal: row._id }, cause)),
  )
  if (to.length === 0) await tellNobody(ctx, row._id, cause)
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
  await askDecision(ctx, after, act.id)
  return { kind: 'answered', row: after }
}

export type DecideOutcome =
  | { kind: 'decided'; row: AppealRow; correction?: ProposeOutcome['kind'] }
  | { kind: 'gone' | 'not-allowed' | 'no-text' | 'bad-points' }

/**
 * The decision, by somebody who is not party, in writing. Accepted: a record of behaviour is revoked, a result gets signed
 * points; where the result is published that is a correction, which the general manager confirms.
 *
 * @param points of an accepted appeal about a result
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
  const repeated = row.applied.some((a) => a.event === act.id)
  if (!repeated && !(await mayHandle(ctx, by, row))) return { kind: 'not-allowed' }
  const { accepted, text, points } = decision
  if (text.trim() === '') return { kind: 'no-text' }
  const onResult = row.about.kind === 'result'
  if (accepted && onResult && !/^-?\d{1,3}(\.\d{1,2})?$/.test(points ?? '')) return { kind: 'bad-points' }
  const done = await ctx.appeals.change<boolean>(id, act.id, (r) => {
    const noAnswerer = r.state === 'registered' && !person.managerId
    if (r.state !== 'answered' && !noAnswerer) return { outcome: false }
    const kept = {
      by: by._id,
      at: act.at,
      accepted,
      text: text.trim().slice(0, 1000),
      ...(accepted && points && { points }),
    }
    return { row: { ...r, state: 'decided', decision: kept }, outcome: true }
  })
  if (!done) return { kind: 'gone' }
  await note(ctx, act, by, 'appeal-decided', id, { accepted, ...(points && { points }) })
  await ctx.outbox.add([
    push(`appeal-step/${id}/decided`, row.personId, 'appeal-step', { appeal: id, step: 'decided' }, act.id),
  ])
  let correction: ProposeOutcome['kind'] | undefined
  if (accepted) {
    const why = `申诉成立：${text.trim()}`
    if (row.about.kind === 'behaviour') {
      await revokeByDecision(ctx, act, by, row.about.recordId, why)
      await reopenResult(ctx, { ...act, id: `${act.id}/reopen` }, by, row.personId, row.month, why)
      if ((await ctx.months.get(row.month)).state === 'published')
        correction = (
          await proposeCorrection(ctx, { ...act, id: `${act.id}/correction` }, by, person, row.month, { why })
        ).kind
    } else
      correction = (
        await proposeCorrection(ctx, { ...act, id: `${act.id}/correction` }, by, person, row.month, {
          why: `${why}（${signed(points!)}分）`,
          points: points!,
        })
      ).kind
  }
  return { kind: 'decided', row: (await ctx.appeals.get(id))!, ...(correction && { correction }) }
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
