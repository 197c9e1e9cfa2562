import {
  add,
  compare,
  decimalText,
  divide,
  type Exact,
  equals,
  exact,
  HUNDRED,
  isNegative,
  multiply,
  negate,
  readable,
  shown,
  subtract,
  sum,
  toNumber,
  ZERO,
} from './decimal.ts'
import { formatMonth, formatWeek, type Month, type Week } from './time.ts'

/** 篇三: submitted after the deadline, or never and scored all the same (domain.md §11.10). At most once a week. */
export const LATE_POINTS = 3

/** What a summary and a plan must be (篇三), in the words of the deduction. */
export const requirements = {
  'summary-objective': '总结不客观',
  'summary-fair': '总结不公正',
  'summary-complete': '总结不完整',
  'plan-complete': '计划不完整',
  'plan-sound': '计划不合理',
} as const
export type Requirement = keyof typeof requirements

/** The manager's deduction for a requirement not met. */
export interface Deduction {
  requirement: Requirement
  /** 2 to 4 in steps of 0.5. */
  points: number
}

export const DEDUCTION_CHOICES: readonly number[] = [2, 2.5, 3, 3.5, 4]

/** Points a deduction may take (domain.md §11.11). */
export const isDeduction = (points: number): boolean => DEDUCTION_CHOICES.includes(points)

export interface ScoredItem {
  planned: number
  /** 0 to `planned`. */
  actual: number
}

export interface Computed {
  /** Exact; `shown(score)` for people. */
  score: Exact
  /** The arithmetic, line by line, for a person with a pocket calculator (features.md B7). */
  lines: string[]
}

/** Whether an item's actual points are possible: 0 to what was planned. */
export const isActual = (actual: number, planned: number): boolean =>
  Number.isFinite(actual) && actual >= 0 && compare(exact(actual), exact(planned)) <= 0

/**
 * A week's score, 篇三 (domain.md §3): 100 × Σ actual ÷ Σ planned − 3 when late − each deduction, never below 0.
 *
 * @throws RangeError on Σ planned = 0, on points outside 0 … planned, on a deduction outside 2 … 4 or a requirement
 *         deducted twice: whoever calls has checked and told the person
 */
export function weekScore({
  items,
  late,
  deductions = [],
}: {
  items: readonly ScoredItem[]
  late: boolean
  deductions?: readonly Deduction[]
}): Computed {
  for (const { planned, actual } of items)
    if (!isActual(actual, planned)) throw new RangeError(`points ${actual} of ${planned}`)
  for (const { points } of deductions) if (!isDeduction(points)) throw new RangeError(`deduction of ${points}`)
  if (new Set(deductions.map((one) => one.requirement)).size < deductions.length)
    throw new RangeError('a requirement is deducted once')
  const planned = items.map((item) => exact(item.planned))
  const actual = items.map((item) => exact(item.actual))
  const plannedSum = sum(planned)
  if (plannedSum.n === 0n) throw new RangeError('planned points add up to 0')

  const ratio = divide(multiply(HUNDRED, sum(actual)), plannedSum)
  const lines = [
    `计划分 ${chain(planned)} = ${readable(plannedSum)}`,
    `${bracketed(actual)}÷${readable(plannedSum)}×100 ${equals(ratio)}`,
  ]
  if (items.length === 1) lines.shift()
  let score = ratio
  if (late) {
    score = subtract(score, exact(LATE_POINTS))
    lines.push(`迟交 −${LATE_POINTS}`)
  }
  for (const { requirement, points } of deductions) {
    score = subtract(score, exact(points))
    lines.push(`${requirements[requirement]} −${points}`)
  }
  if (isNegative(score)) {
    lines.push(`合计 ${readable(negate(score)).replace(/^(≈?)/, '$1−')}，低于0按0计`)
    score = ZERO
  }
  lines.push(`得分 ${shown(score)}`)
  return { score, lines }
}

/** What is known of a person's week when it is to be counted. */
export interface WeekFacts {
  week: Week
  /** Closed, on leave, before joining... : out of both sums. `because` is shown to people: 请假, 放假. */
  excused?: { because: string }
  /** `none`: nothing was submitted. */
  submitted: 'on-time' | 'late' | 'none'
  /** Planned and, where the manager gave them, actual points. */
  items: readonly { planned: number; actual?: number }[]
  deductions?: readonly Deduction[]
}

export type WeekResult = { week: Week; lines: string[] } & (
  | { kind: 'scored'; score: Exact }
  /** Out of both sums, even when it was scored before (domain.md §11.6). */
  | { kind: 'excused' }
  /** Counts as 0 and is flagged for the manager, who may excuse it or set points. */
  | { kind: 'zero'; score: Exact; because: 'nothing-submitted' | 'no-points' }
  /** Submitted but not scored, or not wholly, or leave asked for and not answered: the month cannot be confirmed (domain.md §11.6, §11.10). */
  | { kind: 'missing'; because?: 'leave' }
)

/** How a week counts, domain.md §3 and §11.6, 11.10. */
export function weekResult({ week, excused, submitted, items, deductions = [] }: WeekFacts): WeekResult {
  if (excused) return { week, kind: 'excused', lines: [`${excused.because}，不计入当月`] }
  const scored = items.filter((item) => item.actual !== undefined).length
  // Never submitted: no plan of the person's own needs to exist, and 0 needs nobody to say so.
  if (submitted === 'none' && scored === 0)
    return {
      week,
      kind: 'zero',
      score: ZERO,
      because: 'nothing-submitted',
      lines: ['未提交，按0分计，可由直属上级免计'],
    }
  if (sum(items.map((item) => exact(item.planned))).n === 0n)
    return {
      week,
      kind: 'zero',
      score: ZERO,
      because: 'no-points',
      lines: ['本周没有计划分，无法计算，暂按0分计，可由直属上级补分或免计'],
    }
  if (scored < items.length) return { week, kind: 'missing', lines: [`还差${items.length - scored}项未评分`] }
  const complete = items.map(({ planned, actual = 0 }) => ({ planned, actual }))
  return { week, kind: 'scored', ...weekScore({ items: complete, late: submitted !== 'on-time', deductions }) }
}

export type MonthScore =
  | ({ kind: 'scored'; counted: number } & Computed)
  /** No counted week: no work score and no grade, never 0 or D (domain.md §11.7). */
  | { kind: 'none'; lines: string[] }
  /** Weeks left to score; the month cannot be confirmed. */
  | { kind: 'missing'; weeks: Week[]; lines: string[] }

/** 篇三: Σ week scores ÷ number of weeks of the month, excused weeks leaving both sums (domain.md §3). */
export function monthScore(month: Month, weeks: readonly WeekResult[]): MonthScore {
  const missing = weeks.filter((one) => one.kind === 'missing')
  if (missing.length > 0) {
    const asked = missing.filter((one) => one.because === 'leave')
    const unscored = missing.filter((one) => one.because !== 'leave')
    const names = unscored.map((one) => formatWeek(one.week)).join('、')
    return {
      kind: 'missing',
      weeks: missing.map((one) => one.week),
      lines: [
        ...(unscored.length > 0 ? [`还有${unscored.length}周未评分：${names}`] : []),
        ...asked.map((one) => `${formatWeek(one.week)}请假未确认，上级发“评分”即可答复`),
      ],
    }
  }
  const lines = weeks.map((one) => {
    const score = one.kind === 'scored' || one.kind === 'zero' ? readable(one.score) : '不计'
    return `${formatWeek(one.week)}：${score}`
  })
  const scores = weeks.flatMap((one) => (one.kind === 'scored' || one.kind === 'zero' ? [one.score] : []))
  if (scores.length === 0) return { kind: 'none', lines: [...lines, `${formatMonth(month)}没有计分的周，不评分`] }
  const score = divide(sum(scores), exact(scores.length))
  lines.push(`${bracketed(scores)}÷${scores.length} ${equals(score)}`, `${formatMonth(month)}得分 ${shown(score)}`)
  return { kind: 'scored', counted: scores.length, score, lines }
}

/**
 * 「王五 92」: the percentage spread over the items in proportion to what was planned (domain.md §11.12), so that it comes
 * out exactly and can be shown back item by item.
 *
 * @param percent 0 to 100, at most 2 decimals
 * @param planned points as planned, at most `MAX_POINT_DECIMALS` decimals
 * @throws RangeError on a percentage outside 0 … 100 or with more decimals than a number can carry exactly
 */
export function spreadPercent(percent: number, planned: readonly number[]): number[] {
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`percent ${percent}`)
  const share = divide(exact(percent), HUNDRED)
  return planned.map((points) => toNumber(multiply(exact(points), share)))
}

/** Points for people: `14.5`, `20`. */
export const pointsText = (points: number): string => decimalText(exact(points)) ?? String(points)

/** Exact sum of points, for showing. */
export const sumPoints = (points: readonly number[]): string => readable(points.map(exact).reduce(add, ZERO))

const chain = (values: readonly Exact[]): string => values.map(readable).join('+')
const bracketed = (values: readonly Exact[]): string =>
  values.length === 1 ? readable(values[0]!) : `(${chain(values)})`
