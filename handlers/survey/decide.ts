import type { Act, Ctx } from '../../src/context.ts'
import type { Survey } from '../../src/domain/survey.ts'
import { extendedClose, monthOfPeriod, nextOpening, type RoundPlan } from '../../src/domain/survey-round.ts'
import { dayOf } from '../../src/domain/time.ts'
import type { Person } from '../../src/store/people.ts'
import type { Round } from '../../src/store/survey-rounds.ts'
import { countRound, isImprover } from './count.ts'
import { type Opened, openRound, push, silentOf } from './round.ts'

type NotAllowed = { kind: 'not-allowed' }
type Gone = { kind: 'gone' }
const isHr = (by: Person): boolean => by.active && by.roles.includes('hr')
/** By how much HR extends in one tap. */
export const EXTEND_WORKDAYS = 3

const note = (ctx: Ctx, act: Act, by: Person, what: string, roundId: string, detail?: Record<string, unknown>) =>
  ctx.audit.add({ _id: act.id, at: act.at, by: by._id, what, to: `survey/${roundId}`, ...(detail && { detail }) })

/** Moves the close of a running round, or opens one with too few answers again; those who are silent are told once. */
export async function extendRound(
  ctx: Ctx,
  act: Act,
  by: Person,
  roundId: string,
): Promise<{ kind: 'extended'; until: Date } | Gone | NotAllowed> {
  if (!isHr(by)) return { kind: 'not-allowed' }
  const { weeks: calendar, timeZone } = ctx.company()
  const until = await ctx.surveyRounds.change<string | null>(roundId, act.id, (r) => {
    if (r.state !== 'open' && r.state !== 'too-few') return { outcome: null }
    const closesAt = extendedClose(r.closesAt, act.at, EXTEND_WORKDAYS, calendar, r.survey, timeZone)
    const { answers: _, ...rest } = r
    return {
      round: { ...rest, state: 'open', closesAt, decided: { how: 'extended', by: by._id, at: act.at } },
      outcome: closesAt.toISOString(),
    }
  })
  if (!until) return { kind: 'gone' }
  await note(ctx, act, by, 'survey-extended', roundId, { until })
  const round = (await ctx.surveyRounds.get(roundId))!
  const silent = await silentOf(ctx, round)
  await ctx.outbox.add(
    silent.map((to) =>
      push(
        `survey-extended/${roundId}/${until}/${to}`,
        to,
        'survey-invite',
        { round: roundId, again: 'extended' },
        act.id,
        new Date(until),
      ),
    ),
  )
  return { kind: 'extended', until: new Date(until) }
}

/** Ends a running round now and counts it. */
export async function closeRound(
  ctx: Ctx,
  act: Act,
  by: Person,
  roundId: string,
): Promise<{ kind: 'closed'; round: Round } | Gone | NotAllowed> {
  if (!isHr(by)) return { kind: 'not-allowed' }
  const closed = await ctx.surveyRounds.change<boolean>(roundId, act.id, (r) =>
    r.state === 'open' ? { round: { ...r, closesAt: act.at }, outcome: true } : { outcome: false },
  )
  if (!closed) return { kind: 'gone' }
  await note(ctx, act, by, 'survey-closed', roundId)
  await countRound(ctx, (await ctx.surveyRounds.get(roundId))!, act.id)
  return { kind: 'closed', round: (await ctx.surveyRounds.get(roundId))! }
}

/**
 * What becomes of a round with too few answers, when HR does not extend it (domain.md §11.29): last time's score is carried
 * over, or there is none. The envelopes are destroyed unopened.
 */
export async function endUnread(
  ctx: Ctx,
  act: Act,
  by: Person,
  roundId: string,
  how: 'carried' | 'excused',
): Promise<{ kind: 'ended'; round: Round; carriedFrom?: string } | { kind: 'nothing-to-carry' } | Gone | NotAllowed> {
  if (!isHr(by)) return { kind: 'not-allowed' }
  const round = await ctx.surveyRounds.get(roundId)
  if (!round) return { kind: 'gone' }
  const month = monthOfPeriod(round.period)
  const last = month ? await ctx.surveyScores.lastBefore(round.surveyId, month) : null
  if (how === 'carried' && !last?.score) return { kind: 'nothing-to-carry' }
  const mine = await ctx.surveyRounds.change<boolean>(roundId, act.id, (r) =>
    r.state === 'too-few'
      ? { round: { ...r, state: 'unread', decided: { how, by: by._id, at: act.at } }, outcome: true }
      : { outcome: false },
  )
  if (!mine) return { kind: 'gone' }
  if (month && round.survey.assesses.length > 0) {
    const row = { _id: roundId, surveyId: round.surveyId, month, positions: round.survey.assesses }
    const decided = { answers: round.answers ?? 0, decidedBy: by._id }
    await ctx.surveyScores.put(
      how === 'carried' && last?.score
        ? { ...row, ...decided, state: 'ok', score: last.score, carriedFrom: last.month }
        : { ...row, ...decided, state: 'excused' },
    )
  }
  await ctx.surveyBallots.destroy(roundId)
  await note(ctx, act, by, `survey-${how}`, roundId)
  const after = (await ctx.surveyRounds.get(roundId))!
  return { kind: 'ended', round: after, ...(how === 'carried' && last && { carriedFrom: last.month }) }
}

/** You said, we did (features.md B11): what is done about the lowest dimension, posted to those who were asked. */
export async function improve(
  ctx: Ctx,
  act: Act,
  by: Person,
  roundId: string,
  text: string,
): Promise<{ kind: 'posted'; asked: number } | { kind: 'already'; by: string } | Gone | NotAllowed> {
  const round = await ctx.surveyRounds.get(roundId)
  if (!round?.improvement) return { kind: 'gone' }
  if (!isHr(by) && !(await isImprover(ctx, round, by))) return { kind: 'not-allowed' }
  const outcome = await ctx.surveyRounds.change<{ kind: 'posted' } | { kind: 'already'; by: string }>(
    roundId,
    act.id,
    (r) => {
      if (r.improvement?.text) return { outcome: { kind: 'already', by: r.improvement.by ?? '' } }
      const improvement = { ...r.improvement!, text, by: by._id, at: act.at }
      return { round: { ...r, improvement }, outcome: { kind: 'posted' } }
    },
  )
  if (outcome?.kind !== 'posted') return outcome ?? { kind: 'gone' }
  const asked = await ctx.surveyRounds.asked(roundId)
  await ctx.outbox.add(
    asked.map((to) => push(`survey-improved/${roundId}/${to}`, to, 'survey-improved', { round: roundId }, act.id)),
  )
  await note(ctx, act, by, 'survey-improved', roundId)
  return { kind: 'posted', asked: asked.length }
}

/** When the next round of the same survey opens, as the settings are now. */
export function nextRoundOf(ctx: Ctx, round: Round, now: Date): RoundPlan | undefined {
  const { weeks: calendar, timeZone, surveyList } = ctx.company()
  const survey = surveyList.find((s) => s.id === round.surveyId)
  return survey && nextOpening(survey, dayOf(now, timeZone), calendar, timeZone)
}

/** A survey that HR made: held once, open at once. */
export async function startSurvey(
  ctx: Ctx,
  act: Act,
  by: Person,
  survey: Survey,
  closesAt: Date,
): Promise<Opened | { kind: 'too-late' } | NotAllowed> {
  if (!isHr(by)) return { kind: 'not-allowed' }
  if (closesAt <= act.at) return { kind: 'too-late' }
  const plan = { period: dayOf(act.at, ctx.company().timeZone), opensAt: act.at, closesAt }
  const opened = await openRound(ctx, survey, plan, act.at, act.id)
  if (opened.kind === 'opened') await note(ctx, act, by, 'survey-started', opened.round._id)
  return opened
}
