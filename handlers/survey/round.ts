import { randomBytes } from 'node:crypto'
import type { Ctx } from '../../src/context.ts'
import type { Survey } from '../../src/domain/survey.ts'
import { thresholdOf } from '../../src/domain/survey-result.ts'
import type { RoundPlan } from '../../src/domain/survey-round.ts'
import { drawSample } from '../../src/domain/survey-sample.ts'
import { dayOf } from '../../src/domain/time.ts'
import type { Add } from '../../src/outbox/outbox.ts'
import type { Person } from '../../src/store/people.ts'
import type { Round } from '../../src/store/survey-rounds.ts'
import { findByRef } from '../rights.ts'
import { runningWeek } from '../weekly/target.ts'

export const roundIdOf = (surveyId: string, period: string): string => `${surveyId}/${period}`
/** Cards about one round, whoever has them. */
export const roundSubject = (roundId: string): string => `survey/${roundId}`

/** Who is on leave in the week of an instant, as the weekly plans know it. */
async function onLeave(ctx: Ctx, ids: string[], at: Date): Promise<Set<string>> {
  const rows = await ctx.weeks.ofWeek(runningWeek(ctx, at), ids)
  return new Set(ids.filter((id) => ['proposed', 'granted'].includes(rows.get(id)?.excuse?.state ?? '')))
}

/**
 * Whom a survey could ask at an instant (domain.md §5, §11.27): its audience without those who are assessed by it, those
 * HR took out, those who have left or not begun, and those on leave.
 */
export async function dinersOf(ctx: Ctx, survey: Survey, at: Date): Promise<Person[]> {
  const { audience, assesses } = survey
  const today = dayOf(at, ctx.company().timeZone)
  const active = await ctx.people.active()
  const out = new Set(audience.exceptPeople.map((ref) => findByRef(active, ref)?._id))
  const fits = active.filter(
    (p) =>
      !out.has(p._id) &&
      !assesses.includes(p.position) &&
      !audience.exceptPositions.includes(p.position) &&
      (audience.positions.length === 0 || audience.positions.includes(p.position)) &&
      (audience.departments.length === 0 || audience.departments.some((d) => p.departments.includes(d))) &&
      (p.joinedOn === undefined || p.joinedOn <= today) &&
      (p.leftOn === undefined || p.leftOn >= today),
  )
  const away = await onLeave(
    ctx,
    fits.map((p) => p._id),
    at,
  )
  return fits.filter((p) => !away.has(p._id))
}

export type Opened =
  | { kind: 'opened' | 'known'; round: Round }
  /** Nobody holds a position that it assesses. */
  | { kind: 'nobody-assessed' }
  /** Fewer people than the threshold (domain.md §11.29): nothing could ever be shown. */
  | { kind: 'too-small'; round: Round }

/**
 * Opens a round: draws, makes the box, asks. Run again at any point it asks the same people under the same draw.
 * @param cause the event or slot behind it
 */
export async function openRound(ctx: Ctx, survey: Survey, plan: RoundPlan, now: Date, cause: string): Promise<Opened> {
  const id = roundIdOf(survey.id, plan.period)
  const known = await ctx.surveyRounds.get(id)
  if (known && known.state !== 'open') return { kind: 'known', round: known }
  const fresh = {
    _id: id,
    surveyId: survey.id,
    period: plan.period,
    survey,
    opensAt: plan.opensAt,
    closesAt: plan.closesAt,
    rev: 0,
    applied: [],
  }
  if (!known && !(await ctx.surveyRounds.draw(id))) {
    if (survey.assesses.length > 0) {
      const people = await ctx.people.active()
      if (!people.some((p) => survey.assesses.includes(p.position))) return { kind: 'nobody-assessed' }
    }
    const candidates = (await dinersOf(ctx, survey, now)).map((p) => p._id)
    if (candidates.length < thresholdOf(survey)) {
      const round = await ctx.surveyRounds.create({ ...fresh, state: 'refused', diners: candidates.length, asked: 0 })
      await tellHr(ctx, `survey-refused/${id}`, 'survey-refused', { round: id }, cause)
      return { kind: 'too-small', round }
    }
    const before = await ctx.surveyRounds.lastDraw(survey.id, id)
    const seed = randomBytes(16).toString('hex')
    // Somebody whose two records were joined since counts under the key they go by now.
    const former = await ctx.people.formerKeys()
    const known = (ids: string[] = []) => [...new Set(ids.map((p) => former.get(p) ?? p))]
    const turn = { resting: known(before?.restingAfter), last: known(before?.chosen) }
    const drawn = drawSample({ seed, rule: survey.sample, candidates, ...turn })
    await ctx.surveyRounds.keepDraw(id, survey.id, plan.opensAt, drawn)
  }
  const draw = (await ctx.surveyRounds.draw(id))!
  await ctx.surveyBallots.openBox(id)
  await ctx.surveyRounds.ask(id, draw.chosen)
  const round = await ctx.surveyRounds.create({
    ...fresh,
    state: 'open',
    diners: draw.candidates.length,
    asked: draw.chosen.length,
  })
  await ctx.outbox.add(
    draw.chosen.map((to) =>
      push(`survey-invite/${id}/${to}`, to, 'survey-invite', { round: id }, cause, round.closesAt),
    ),
  )
  return { kind: known ? 'known' : 'opened', round }
}

export const push = (
  key: string,
  to: string,
  name: string,
  args: Record<string, unknown>,
  cause: string,
  expiresAt?: Date,
): Add => ({
  key,
  to,
  mode: 'push',
  cause,
  ...(expiresAt && { expiresAt }),
  content: { kind: 'notice', name, args },
})

export async function tellHr(
  ctx: Ctx,
  key: string,
  name: string,
  args: Record<string, unknown>,
  cause: string,
): Promise<void> {
  const people = await ctx.people.withRole('hr')
  await ctx.outbox.add(people.map((p) => push(`${key}/${p._id}`, p._id, name, args, cause)))
}

/** Those asked who have not answered at this moment. */
export async function silentOf(ctx: Ctx, round: Round): Promise<string[]> {
  const asked = await ctx.surveyRounds.asked(round._id)
  const answered = await ctx.surveyBallots.answeredBy(round._id, asked)
  return asked.filter((id) => !answered.has(id))
}

export const hasAnswered = async (ctx: Ctx, roundId: string, personId: string): Promise<boolean> =>
  (await ctx.surveyBallots.answeredBy(roundId, [personId])).has(personId)

/** Whether an answer given at an instant counts: the whole last second does (domain.md §11.27). */
export const isOpenAt = (round: Round, at: Date): boolean =>
  round.state === 'open' && at.getTime() < round.closesAt.getTime() + 1000
