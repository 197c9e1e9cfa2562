import type { Improved } from '../../cards/survey.ts'
import type { Running } from '../../cards/survey-admin.ts'
import type { Results } from '../../cards/survey-results.ts'
import type { Ctx } from '../../src/context.ts'
import { exact, shown } from '../../src/domain/decimal.ts'
import { responseRate } from '../../src/domain/survey-result.ts'
import { checkDraw } from '../../src/domain/survey-sample.ts'
import { formatInstant } from '../../src/domain/time.ts'
import type { Person } from '../../src/store/people.ts'
import type { Round } from '../../src/store/survey-rounds.ts'
import type { Trend } from '../../src/trend-png.ts'
import { isImprover } from './count.ts'

/** What was promised after the round before this one. */
export async function lastImprovement(ctx: Ctx, round: Round): Promise<Improved | undefined> {
  const rounds = await ctx.surveyRounds.ofSurvey(round.surveyId)
  const last = rounds.find((r) => r.opensAt < round.opensAt)?.improvement
  return last?.text ? { label: last.label, text: last.text } : undefined
}

/** A counted round with the one before it; undefined while there is nothing to show. */
export async function resultsOf(ctx: Ctx, round: Round): Promise<Results | undefined> {
  const counted = await ctx.surveyResults.tally(round._id)
  if (!counted) return undefined
  const earlier = (await ctx.surveyRounds.ofSurvey(round.surveyId)).find(
    (r) => r.opensAt < round.opensAt && r.state === 'closed',
  )
  const before = earlier && (await ctx.surveyResults.tally(earlier._id))
  const { survey, period, asked } = round
  return { survey, period, asked, tally: counted, ...(before && { before }) }
}

/** The score round by round, oldest first. */
export async function trendOf(ctx: Ctx, surveyId: string): Promise<Trend & { rates: number[] }> {
  const rounds = (await ctx.surveyRounds.ofSurvey(surveyId)).filter((r) => r.state === 'closed').reverse()
  const tallies = new Map((await ctx.surveyResults.tallies(rounds.map((r) => r._id))).map((t) => [t._id, t]))
  const known = rounds.flatMap((r) => {
    const counted = tallies.get(r._id)
    return counted ? [{ r, counted }] : []
  })
  return {
    labels: known.map(({ r }) => r.period.replace(/^\d{2}(?=\d{2}-)/, '')),
    values: known.map(({ counted }) => (counted.score ? Number(shown(exact(counted.score))) : null)),
    rates: known.map(({ r, counted }) => responseRate(counted.answers, r.asked)),
  }
}

/** Whether somebody may see a round's results (domain.md §5: HR, and whom the survey names). */
export async function mayReadResults(ctx: Ctx, by: Person, round: Round): Promise<boolean> {
  const { resultsTo } = round.survey
  if (!by.active) return false
  if (by.roles.includes('hr') || (resultsTo.includes('gm') && by.roles.includes('gm'))) return true
  if (resultsTo.includes('asked') && (await ctx.surveyRounds.isAsked(round._id, by._id))) return true
  return resultsTo.includes('improvers') && (await isImprover(ctx, round, by))
}

/** A running round for HR: numbers only. */
export async function runningOf(ctx: Ctx, round: Round): Promise<Running> {
  const draw = await ctx.surveyRounds.draw(round._id)
  const answers = round.state === 'open' ? await ctx.surveyBallots.count(round._id) : (round.answers ?? 0)
  const { survey, period, asked, diners } = round
  return {
    survey,
    period,
    asked,
    diners,
    answers,
    until: formatInstant(round.closesAt, ctx.company().timeZone),
    ...(draw && asked < diners && { seed: draw.seed, drawChecks: checkDraw(draw) }),
  }
}

/** Who chose what, for HR, where answers carry names. */
export async function namedLines(ctx: Ctx, round: Round): Promise<string[]> {
  const rows = await ctx.surveyResults.named(round._id)
  if (rows.length === 0) return []
  const people = new Map((await ctx.people.many(rows.map((r) => r.person))).map((p) => [p._id, p.name]))
  return round.survey.choices.flatMap((c) =>
    c.options.flatMap((o) => {
      const names = rows.filter((r) => r.answers.choices[c.id] === o.id).map((r) => people.get(r.person) ?? '')
      return names.length > 0 ? [`${c.label}－${o.label}：${names.join('、')}`] : []
    }),
  )
}
