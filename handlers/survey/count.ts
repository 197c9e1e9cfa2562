import { createHash } from 'node:crypto'
import type { Ctx } from '../../src/context.ts'
import { lowestDimension, tally, thresholdOf } from '../../src/domain/survey-result.ts'
import { monthOfPeriod } from '../../src/domain/survey-round.ts'
import type { Person } from '../../src/store/people.ts'
import type { Round } from '../../src/store/survey-rounds.ts'
import type { Envelope } from './answer.ts'
import { push, tellHr } from './round.ts'

/**
 * An order that depends on the texts alone: it says nothing of who wrote first, and counting twice gives the same.
 */
function withoutOrder(texts: string[]): string[] {
  const keyed = texts.map((text) => ({ text, key: createHash('sha256').update(text).digest('hex') }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ text }) => text)
}

/**
 * Counts a round that is over, throws its envelopes and its key away, and tells those who may know. Under the threshold
 * nothing is opened: HR decides (domain.md §11.29). Harmless to run again after a crash at any step.
 */
export async function countRound(ctx: Ctx, round: Round, cause: string): Promise<void> {
  const { survey } = round
  const step = `${round._id}@${round.closesAt.toISOString()}`
  await ctx.surveyRounds.change(round._id, `count/${step}`, (r) =>
    r.state === 'open' && r.closesAt.getTime() === round.closesAt.getTime()
      ? { round: { ...r, state: 'counting' }, outcome: null }
      : { outcome: null },
  )
  const now = await ctx.surveyRounds.get(round._id)
  if (now?.state !== 'counting') return
  const isCounted = async () => (await ctx.surveyResults.tally(round._id)) !== null
  // Asked again: another process may have counted and emptied the box meanwhile.
  if (!(await isCounted()) && !(await openEnvelopes(ctx, round)) && !(await isCounted())) {
    const answers = await ctx.surveyBallots.count(round._id)
    await putScore(ctx, round, { state: 'missing', answers })
    await settle(ctx, round._id, `too-few/${step}`, { state: 'too-few', answers })
    await tellHr(ctx, `survey-too-few/${step}`, 'survey-too-few', { round: round._id }, cause)
    return
  }
  const counted = (await ctx.surveyResults.tally(round._id))!
  await ctx.surveyBallots.destroy(round._id)
  if (counted.score) await putScore(ctx, round, { state: 'ok', answers: counted.answers, score: counted.score })
  const improvers = await improversOf(ctx, round)
  const lowest = improvers.length > 0 ? lowestDimension(survey, counted) : undefined
  const improvement = lowest && { dimension: lowest.id, label: lowest.label }
  await settle(ctx, round._id, `counted/${step}`, { answers: counted.answers, ...(improvement && { improvement }) })
  await tellResults(ctx, round, improvers, cause)
  if (lowest) {
    await ctx.outbox.add(
      improvers.map((p) =>
        push(`survey-improve/${round._id}/${p._id}`, p._id, 'survey-improve', { round: round._id }, cause),
      ),
    )
  }
  await settle(ctx, round._id, `closed/${step}`, { state: 'closed' })
}

/** Notes a step of counting, unless somebody else has finished it. */
async function settle(ctx: Ctx, roundId: string, event: string, what: Partial<Round>): Promise<void> {
  await ctx.surveyRounds.change(roundId, event, (r) =>
    r.state === 'counting' ? { round: { ...r, ...what }, outcome: null } : { outcome: null },
  )
}

/** Opens what is in the box and keeps the sums. @returns false under the threshold, and then nothing was opened */
async function openEnvelopes(ctx: Ctx, round: Round): Promise<boolean> {
  const { survey, _id } = round
  for (;;) {
    const inBox = await ctx.surveyBallots.count(_id)
    if (inBox < thresholdOf(survey)) return false
    const responses = (await ctx.surveyBallots.openAll(_id, 'answer')).map((text) => JSON.parse(text) as Envelope)
    const counted = tally(survey, responses)
    if (!counted) return false
    const named = responses.flatMap(({ person, answers }) => (person === undefined ? [] : [{ person, answers }]))
    await ctx.surveyResults.saveNamed(_id, named)
    await ctx.surveyResults.save(_id, counted, withoutOrder(await ctx.surveyBallots.openAll(_id, 'comment')))
    // One that was under way when the round closed is in as well.
    if ((await ctx.surveyBallots.count(_id)) === responses.length) return true
  }
}

async function putScore(
  ctx: Ctx,
  round: Round,
  what: { state: 'ok' | 'missing'; answers: number; score?: string },
): Promise<void> {
  const month = monthOfPeriod(round.period)
  const { assesses } = round.survey
  if (!month || assesses.length === 0) return
  await ctx.surveyScores.put({ _id: round._id, surveyId: round.surveyId, month, positions: assesses, ...what })
}

/** The people who say what they do about it: those of the first position in the list that anybody holds. */
export async function improversOf(ctx: Ctx, round: Round): Promise<Person[]> {
  const people = await ctx.people.active()
  for (const position of round.survey.improvedBy) {
    const found = people.filter((p) => p.position === position)
    if (found.length > 0) return found
  }
  return []
}

/** Asked for one person at a time, without reading everybody's row for most of them. */
export const isImprover = async (ctx: Ctx, round: Round, person: Person): Promise<boolean> =>
  round.survey.improvedBy.includes(person.position) && (await improversOf(ctx, round)).some((p) => p._id === person._id)

/** Everybody who may see a round's results; `mayReadResults` says the same of one. */
async function readersOf(ctx: Ctx, round: Round, improvers: Person[]): Promise<string[]> {
  const { resultsTo } = round.survey
  const readers = new Set((await ctx.people.withRole('hr')).map((p) => p._id))
  if (resultsTo.includes('gm')) for (const p of await ctx.people.withRole('gm')) readers.add(p._id)
  if (resultsTo.includes('improvers')) for (const p of improvers) readers.add(p._id)
  if (resultsTo.includes('asked')) for (const id of await ctx.surveyRounds.asked(round._id)) readers.add(id)
  return [...readers]
}

async function tellResults(ctx: Ctx, round: Round, improvers: Person[], cause: string): Promise<void> {
  const readers = await readersOf(ctx, round, improvers)
  const args = { round: round._id }
  await ctx.outbox.add(
    readers.map((to) => push(`survey-results/${round._id}/${to}`, to, 'survey-results', args, cause)),
  )
  await ctx.outbox.add(
    improvers.map((p) => push(`survey-trend/${round._id}/${p._id}`, p._id, 'survey-trend', args, cause)),
  )
  if (!round.survey.comment) return
  // What was written goes to those who work with it, not to everybody.
  const close = new Set([...(await ctx.people.withRole('hr')), ...improvers].map((p) => p._id))
  await ctx.outbox.add(
    [...close].map((to) => push(`survey-comments/${round._id}/${to}`, to, 'survey-comments', args, cause)),
  )
}
