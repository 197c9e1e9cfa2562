import { divide, type Exact, exact, exactText, multiply } from './decimal.ts'
import { type Answers, LOWEST_THRESHOLD, type Question, type Survey } from './survey.ts'

/**
 * What is kept of a round once it is counted: sums, no single answer. Text numbers are exact (`exactText`).
 */
export interface Tally {
  answers: number
  /** Dimension to how many gave 1, 2, 3, 4, 5 stars. */
  stars: Record<string, number[]>
  /** Choice question to how many took each option. */
  choices: Record<string, Record<string, number>>
  /** 0…100, undefined without answers. */
  score?: string
  /** Department to the same; absent when it was not asked for, or a group is too small (domain.md §11.28). */
  groups?: Record<string, GroupTally>
}

export type GroupTally = Omit<Tally, 'groups'>

/** 20 points a star (domain.md §5). */
const POINTS_A_STAR = exact(20)

/**
 * The survey's score: the mean of the responses' scores, each the mean of its dimensions (domain.md §5). Every response has
 * every dimension (§11.27), so it is the mean of all stars there are.
 */
function scoreOf(stars: Record<string, number[]>): string | undefined {
  const counts = Object.values(stars)
  const given = counts.flat().reduce((a, b) => a + b, 0)
  const total = counts.flatMap((one) => one.map((n, i) => n * (i + 1))).reduce((a, b) => a + b, 0)
  return given === 0 ? undefined : exactText(divide(multiply(POINTS_A_STAR, exact(total)), exact(given)))
}

function countOne(survey: Survey, all: Answers[]): GroupTally {
  const stars = Object.fromEntries(
    survey.dimensions.map(({ id }) => [id, [1, 2, 3, 4, 5].map((n) => all.filter((a) => a.stars[id] === n).length)]),
  )
  const choices = Object.fromEntries(
    survey.choices.map(({ id, options }) => [
      id,
      Object.fromEntries(options.map((o) => [o.id, all.filter((a) => a.choices[id] === o.id).length])),
    ]),
  )
  const score = scoreOf(stars)
  return { answers: all.length, stars, choices, ...(score && { score }) }
}

export const thresholdOf = (survey: Pick<Survey, 'anonymous' | 'threshold'>): number =>
  survey.anonymous ? Math.max(LOWEST_THRESHOLD, survey.threshold) : 1

/**
 * Counts the complete responses of a round: the survey's score is the mean of the responses' (domain.md §5). A breakdown is
 * made only when every group that answered is large enough: otherwise the total minus the shown groups would tell of the
 * others.
 *
 * @param responses `group` the department at the time of answering
 * @returns undefined under the threshold: then nothing is counted at all
 */
export function tally(survey: Survey, responses: { answers: Answers; group: string }[]): Tally | undefined {
  const threshold = thresholdOf(survey)
  if (responses.length < threshold) return undefined
  const whole = countOne(
    survey,
    responses.map((r) => r.answers),
  )
  if (!survey.byDepartment) return whole
  const names = [...new Set(responses.map((r) => r.group))].sort()
  const groups = Object.fromEntries(
    names.map((name) => [
      name,
      countOne(
        survey,
        responses.filter((r) => r.group === name).map((r) => r.answers),
      ),
    ]),
  )
  const shows = names.length > 1 && Object.values(groups).every((g) => g.answers >= threshold)
  return shows ? { ...whole, groups } : whole
}

/** Stars on the average, exactly. @throws RangeError without answers */
export function averageStars(counts: readonly number[]): Exact {
  const answers = counts.reduce((a, b) => a + b, 0)
  const stars = counts.reduce((a, n, i) => a + n * (i + 1), 0)
  return divide(exact(stars), exact(answers))
}

/** The dimension with the fewest stars; of equal ones the first asked. */
export function lowestDimension(survey: Survey, counted: Pick<Tally, 'stars'>): Question | undefined {
  const value = (q: Question) => {
    const { n, d } = averageStars(counted.stars[q.id]!)
    return { n, d }
  }
  return survey.dimensions.reduce<Question | undefined>((lowest, q) => {
    if (!lowest) return q
    const a = value(q)
    const b = value(lowest)
    return a.n * b.d < b.n * a.d ? q : lowest
  }, undefined)
}

/** Share of `asked` who answered, in whole per cent rounded down: 75 is reached only when it is (features.md 5.7). */
export const responseRate = (answers: number, asked: number): number =>
  asked === 0 ? 0 : Math.floor((answers * 100) / asked)
export const TARGET_RATE = 75
