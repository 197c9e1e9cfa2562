import type { Act, Ctx } from '../../src/context.ts'
import { shown } from '../../src/domain/decimal.ts'
import { type Deduction, isActual, isDeduction, requirements, weekScore } from '../../src/domain/score.ts'
import { monthOfWeek, type Week } from '../../src/domain/time.ts'
import { decideChange as decide } from '../../src/domain/weekly-report.ts'
import type { Person } from '../../src/store/people.ts'
import { reportOf, weekRowId } from '../../src/store/weeks.ts'
import { closeCards } from '../close-cards.ts'
import { closedState } from '../month/closed.ts'
import { asOfWeek, mayAnswerWeek, mayJudgeWeek } from '../rights.ts'
import { deadlineOf, isFirstOfAll, itemsToScore, scoreOf, viewWeek, weekSubject } from './week.ts'

type NotAllowed = { kind: 'not-allowed' }

export type ScoreOutcome =
  | { kind: 'scored'; shown: string; lines: string[]; rev: number }
  /** Somebody scored it meanwhile: the first counts (features.md T10). */
  | { kind: 'already'; by: string; shown: string; rev: number }
  | { kind: 'bad-points'; item: number; planned: number }
  | { kind: 'wrong-count'; planned: number }
  | { kind: 'bad-deduction' }
  /** Nothing to score: not yet handed in, or no part of the month. */
  | { kind: 'too-early' | 'excused' }
  /** The month is confirmed or published: afterwards it is a correction (domain.md §11.9). */
  | { kind: 'settled' }
  | NotAllowed

export interface ScoreInput {
  /** 0…planned for each item of the week's plan, in its order. */
  points: number[]
  deductions: Deduction[]
  /** Set to replace one's own or another's score: the instant of the score that was seen. */
  replaces?: Date
}

/**
 * The superior's score of a week (domain.md §3). Before the deadline only what has been handed in can be scored. A second
 * scorer is told who was first; a score is replaced only by somebody who has seen it.
 */
export async function scoreWeek(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  week: Week,
  input: ScoreInput,
): Promise<ScoreOutcome> {
  if (!(await mayJudgeWeek(ctx, by, person, week))) return { kind: 'not-allowed' }
  const view = await viewWeek(ctx, person, week, act.at)
  const planned = itemsToScore(view)
  if (view.status.kind === 'not-owed' || isFirstOfAll(ctx, week)) return { kind: 'excused' }
  if (!view.counts && !view.overdue) return { kind: 'too-early' }
  if (await settledFor(ctx, act, person, week)) return { kind: 'settled' }
  if (input.points.length !== planned.length) return { kind: 'wrong-count', planned: planned.length }
  const bad = input.points.findIndex((p, i) => !isActual(p, planned[i]!.points))
  if (bad >= 0) return { kind: 'bad-points', item: bad + 1, planned: planned[bad]!.points }
  const names = input.deductions.map((d) => d.requirement)
  if (
    new Set(names).size < names.length ||
    input.deductions.some((d) => !isDeduction(d.points) || !(d.requirement in requirements))
  )
    return { kind: 'bad-deduction' }

  const outcome = await ctx.weeks.change<ScoreOutcome>(person._id, week, act.id, (row) => {
    const seen = input.replaces?.getTime()
    if (row.score && row.score.at.getTime() !== seen) {
      const value = shown(scoreOf(row, view.counts)!.score)
      return { outcome: { kind: 'already', by: row.score.by, shown: value, rev: row.rev } }
    }
    const score = {
      points: input.points,
      planned: planned.map(({ text, points }) => ({ text, points })),
      deductions: input.deductions,
      by: by._id,
      at: act.at,
    }
    const items = score.planned.map((p, i) => ({ planned: p.points, actual: score.points[i]! }))
    const computed = weekScore({ items, late: view.counts?.late ?? true, deductions: score.deductions })
    const pastScores = row.score ? [...row.pastScores, row.score] : row.pastScores
    return {
      row: { ...row, score, pastScores },
      outcome: { kind: 'scored', shown: shown(computed.score), lines: computed.lines, rev: row.rev + 1 },
    }
  })
  if (outcome.kind === 'scored') {
    await tell(ctx, act, person, `${act.id}/week-scored`, 'week-scored', {
      week,
      at: act.at.toISOString(),
    })
    await note(ctx, act, by, 'scored', person, week, { points: input.points, deductions: input.deductions })
    await settleOthers(ctx, act, by, person, week, `已由${by.name}评分`)
  }
  return outcome
}

/** 撤销 of a score within the company's minutes: the week is unscored again and the employee is told. */
export async function withdrawScore(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  week: Week,
): Promise<{ kind: 'withdrawn' | 'nothing' | 'too-long-ago' | 'settled' }> {
  if (await settledFor(ctx, act, person, week)) return { kind: 'settled' }
  const undoMs = ctx.company().weekly.undoMinutes * 60_000
  const outcome = await ctx.weeks.change<{ kind: 'withdrawn' | 'nothing' | 'too-long-ago' }>(
    person._id,
    week,
    act.id,
    (row) => {
      if (!row.score || row.score.by !== by._id) return { outcome: { kind: 'nothing' } }
      if (act.at.getTime() - row.score.at.getTime() > undoMs) return { outcome: { kind: 'too-long-ago' } }
      const { score, ...rest } = row
      return { row: { ...rest, pastScores: [...row.pastScores, score] }, outcome: { kind: 'withdrawn' } }
    },
  )
  if (outcome.kind === 'withdrawn') {
    await note(ctx, act, by, 'score-withdrawn', person, week)
    await tell(ctx, act, person, `${act.id}/score-withdrawn`, 'score-withdrawn', { week })
  }
  return outcome
}

/** Whether the week's month is confirmed or published for this person; the same event again gets its first outcome instead. */
async function settledFor(ctx: Ctx, act: Act, person: Person, week: Week): Promise<boolean> {
  if (!(await closedState(ctx, person._id, monthOfWeek(week)))) return false
  return !(await ctx.weeks.get(person._id, week)).applied.some((a) => a.event === act.id)
}

/** Sends a submission back with a reason: the next one replaces it without further consent (features.md T11). */
export async function returnWeek(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  week: Week,
  reason: string,
): Promise<{ kind: 'returned' | 'not-submitted' | 'scored' | 'excused' | 'settled' } | NotAllowed> {
  if (!(await mayJudgeWeek(ctx, by, person, week))) return { kind: 'not-allowed' }
  if (await settledFor(ctx, act, person, week)) return { kind: 'settled' }
  const outcome = await ctx.weeks.change<{ kind: 'returned' | 'not-submitted' | 'scored' | 'excused' }>(
    person._id,
    week,
    act.id,
    (row) => {
      if (row.excuse?.state === 'granted') return { outcome: { kind: 'excused' } }
      if (row.score) return { outcome: { kind: 'scored' } }
      if (row.submissions.length === 0) return { outcome: { kind: 'not-submitted' } }
      return { row: { ...row, returned: { at: act.at, by: by._id, reason } }, outcome: { kind: 'returned' } }
    },
  )
  if (outcome.kind === 'returned') {
    await note(ctx, act, by, 'returned', person, week, { reason })
    await tell(ctx, act, person, `${act.id}/week-returned`, 'week-returned', {
      week,
    })
    await settleOthers(ctx, act, by, person, week, `已由${by.name}退回`)
  }
  return outcome
}

/** The answer to a change asked for after the deadline: given, it counts and costs nothing (domain.md §11.9). */
export async function decideChange(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  week: Week,
  submittedAt: Date,
  consent: 'given' | 'refused',
): Promise<{ kind: 'decided' | 'gone' | 'scored' | 'settled' } | NotAllowed> {
  if (!(await mayAnswerWeek(ctx, by, person, week))) return { kind: 'not-allowed' }
  if (await settledFor(ctx, act, person, week)) return { kind: 'settled' }
  const outcome = await ctx.weeks.change<{ kind: 'decided' | 'gone' | 'scored' }>(person._id, week, act.id, (row) => {
    if (row.score) return { outcome: { kind: 'scored' } }
    const report = decide(reportOf(row), submittedAt, consent)
    if (!report) return { outcome: { kind: 'gone' } }
    return { row: { ...row, submissions: report.submissions }, outcome: { kind: 'decided' } }
  })
  if (outcome.kind === 'decided') {
    await note(ctx, act, by, `change-${consent}`, person, week)
    await tell(ctx, act, person, `${act.id}/change`, 'change-decided', { week, consent, by: by.name })
  }
  return outcome
}

/**
 * Grants or refuses leave for a week; also without being asked. Excusing a scored week takes it out of both sums (§11.6).
 * @param together the weeks of one leave that are decided at once: the first, decided last, tells of all
 */
export async function decideExcuse(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  week: Week,
  state: 'granted' | 'refused',
  reason?: string,
  together: Week[] = [week],
): Promise<{ kind: 'decided' | 'already'; state: 'granted' | 'refused' } | { kind: 'settled' } | NotAllowed> {
  if (!(await mayAnswerWeek(ctx, by, person, week))) return { kind: 'not-allowed' }
  if (await settledFor(ctx, act, person, week)) return { kind: 'settled' }
  const outcome = await ctx.weeks.change<{ kind: 'decided' | 'already'; state: 'granted' | 'refused' }>(
    person._id,
    week,
    act.id,
    (row) => {
      if (row.excuse && row.excuse.state === state) return { outcome: { kind: 'already', state } }
      const excuse = {
        reason: reason ?? row.excuse?.reason ?? '请假',
        at: row.excuse?.at ?? act.at,
        state,
        decidedBy: by._id,
        decidedAt: act.at,
      }
      return { row: { ...row, excuse }, outcome: { kind: 'decided', state } }
    },
  )
  if (outcome.kind === 'decided') {
    await note(ctx, act, by, `excuse-${state}`, person, week)
    const what = { week, state, by: by.name, ...(together.length > 1 && { weeks: together }) }
    if (together[0] === week) await tell(ctx, act, person, `${act.id}/excuse`, 'excuse-decided', what)
  }
  return outcome
}

/** A word about a week, from either side; the other side gets it with its context (features.md T7). */
export async function addNote(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  week: Week,
  text: string,
): Promise<{ kind: 'sent'; to: string } | NotAllowed | { kind: 'nobody' }> {
  const own = by._id === person._id
  if (!own && !(await mayAnswerWeek(ctx, by, person, week))) return { kind: 'not-allowed' }
  const row = await ctx.weeks.get(person._id, week)
  // An employee's word goes to whoever wrote last, else to the superior.
  const lastOther = row.notes.filter((n) => n.by !== person._id).at(-1)?.by
  const to = own ? (lastOther ?? (await asOfWeek(ctx, person, week)).managerId) : person._id
  if (!to) return { kind: 'nobody' }
  await ctx.weeks.change(person._id, week, act.id, (r) => ({
    row: { ...r, notes: [...r.notes, { at: act.at, by: by._id, text }].slice(-50) },
    outcome: null,
  }))
  await ctx.outbox.add([
    {
      key: `${act.id}/note`,
      to,
      mode: 'answer',
      cause: act.id,
      content: {
        kind: 'notice',
        name: 'week-note',
        args: { personId: person._id, week, by: by._id, at: act.at.toISOString() },
      },
    },
  ])
  return { kind: 'sent', to }
}

async function tell(
  ctx: Ctx,
  act: Act,
  person: Person,
  key: string,
  name: string,
  args: Record<string, unknown>,
): Promise<void> {
  await ctx.outbox.add([
    { key, to: person._id, mode: 'answer', cause: act.id, content: { kind: 'notice', name, args } },
  ])
}

async function note(
  ctx: Ctx,
  act: Act,
  by: Person,
  what: string,
  person: Person,
  week: Week,
  detail?: Record<string, unknown>,
) {
  const line = { _id: act.id, at: act.at, by: by._id, what, to: weekSubject(person._id, week) }
  await ctx.audit.add(detail ? { ...line, detail } : line)
}

/** The cards that others still have open about this week say who did it. */
async function settleOthers(ctx: Ctx, act: Act, by: Person, person: Person, week: Week, closed: string): Promise<void> {
  const face = { title: `${person.name}的周总结`, closed }
  await closeCards(ctx, act.id, scoreSubject(person._id, week), face, (card) => card.personId !== by._id)
}

/** Cards about scoring one week. */
export const scoreSubject = (personId: string, week: Week): string => `score/${weekRowId(personId, week)}`

/** Whether a week can be judged at all. */
export const isOpenWeek = (ctx: Ctx, week: Week): boolean => deadlineOf(ctx.company(), week) !== 'closed'
