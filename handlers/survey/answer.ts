import type { Act, Ctx } from '../../src/context.ts'
import { type Answers, firstOpen, MOST_COMMENT, noAnswers, takeAnswers } from '../../src/domain/survey.ts'
import type { Person } from '../../src/store/people.ts'
import type { BallotBox } from '../../src/store/survey-ballots.ts'
import type { Round } from '../../src/store/survey-rounds.ts'
import { isOpenAt } from './round.ts'

/** What lies in an envelope. The name is in it only where the survey says that it carries names. */
export interface Envelope {
  answers: Answers
  group: string
  person?: string
}

export type Refused = { kind: 'closed' } | { kind: 'not-asked' }
export type Progress =
  /** Some questions are still without an answer. */
  | { kind: 'open'; round: Round; answers: Answers }
  /** All in, now or before: a second tap changes nothing and hears the same. */
  | { kind: 'done'; round: Round }
  | Refused

/** The round and its box for somebody who is asked and in time. */
async function boxFor(
  ctx: Ctx,
  act: Act,
  person: Person,
  roundId: string,
): Promise<{ round: Round; box: BallotBox } | Refused> {
  // At lunch thousands tap at once: what does not wait for each other is asked together.
  const [round, asked] = await Promise.all([
    ctx.surveyRounds.get(roundId),
    ctx.surveyRounds.isAsked(roundId, person._id),
  ])
  if (!round || !asked) return { kind: 'not-asked' }
  if (!isOpenAt(round, act.at)) return { kind: 'closed' }
  const box = await ctx.surveyBallots.box(roundId, !round.survey.anonymous)
  return box ? { round, box } : { kind: 'closed' }
}

const envelope = (round: Round, person: Person, answers: Answers): string => {
  const content: Envelope = {
    answers,
    group: person.departments[0] ?? '未分部门',
    ...(!round.survey.anonymous && { person: person._id }),
  }
  return JSON.stringify(content)
}

/**
 * Takes what somebody chose, on a card or on the page. It counts once every question has an answer; until then it is kept
 * sealed, on whichever platform it is continued. An anonymous answer that is in cannot be changed (domain.md §11.30).
 *
 * @param chosen question id to option id; what is no question or option of this survey changes nothing
 */
export async function giveAnswers(
  ctx: Ctx,
  act: Act,
  person: Person,
  roundId: string,
  chosen: Record<string, string | undefined>,
): Promise<Progress> {
  const found = await boxFor(ctx, act, person, roundId)
  if ('kind' in found) return found
  const { round, box } = found
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = await box.read(person._id, 'answer')
    if (before?.done && round.survey.anonymous) return { kind: 'done', round }
    const was = before ? (JSON.parse(before.text) as Envelope).answers : noAnswers()
    const answers = takeAnswers(round.survey, was, chosen)
    const done = firstOpen(round.survey, answers) === undefined
    if (Object.keys(chosen).length > 0 || !before) {
      const kept = await box.put(person._id, 'answer', before, envelope(round, person, answers), done)
      if (!kept) continue
      // Between reading the round and putting the answer in, the box may have been emptied.
      if (done && !(await ctx.surveyBallots.box(roundId, true))) return { kind: 'closed' }
    }
    return done ? { kind: 'done', round } : { kind: 'open', round, answers }
  }
  throw new Error(`answers to ${roundId} are given too often at once`)
}

/** What somebody has answered so far, for a survey with names; an anonymous answer is never shown again. */
export async function ownAnswers(ctx: Ctx, act: Act, person: Person, roundId: string): Promise<Answers | undefined> {
  const found = await boxFor(ctx, act, person, roundId)
  if ('kind' in found || found.round.survey.anonymous) return undefined
  const before = await found.box.read(person._id, 'answer')
  return before && (JSON.parse(before.text) as Envelope).answers
}

export type CommentOutcome = { kind: 'kept'; round: Round } | { kind: 'already' | 'no-comments' | 'empty' } | Refused

/** A comment, once a person; apart from the stars, so that not even the counting knows which belong together. */
export async function giveComment(
  ctx: Ctx,
  act: Act,
  person: Person,
  roundId: string,
  text: string,
): Promise<CommentOutcome> {
  const found = await boxFor(ctx, act, person, roundId)
  if ('kind' in found) return found
  const { round, box } = found
  if (!round.survey.comment) return { kind: 'no-comments' }
  const words = [...text.replace(/\s+/g, ' ').trim()].slice(0, MOST_COMMENT).join('')
  if (words === '') return { kind: 'empty' }
  const said = round.survey.anonymous ? words : `${person.name}：${words}`
  const before = await box.read(person._id, 'comment')
  // The same event again, or the same words: it is in.
  if (before?.text === said) return { kind: 'kept', round }
  if (before && round.survey.anonymous) return { kind: 'already' }
  const kept = await box.put(person._id, 'comment', before, said, true)
  return kept ? { kind: 'kept', round } : { kind: 'already' }
}

/** Open rounds that ask somebody, the newest first. */
export async function roundsFor(ctx: Ctx, person: Person, at: Date): Promise<Round[]> {
  const asking = new Set(await ctx.surveyRounds.roundsAsking(person._id))
  const open = await ctx.surveyRounds.open()
  return open.filter((r) => asking.has(r._id) && isOpenAt(r, at)).reverse()
}
