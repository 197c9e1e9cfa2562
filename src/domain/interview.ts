import type { Calendar } from './calendar.ts'
import {
  addMonths,
  type Day,
  daysBetween,
  formatMonth,
  lastDayOf,
  type Month,
  makeDay,
  monthOf,
  partsOf,
} from './time.ts'

/** `2026-Q3` */
export type Quarter = string

/** What an interview is about: a quarter, or the month whose result has the lowest grade (domain.md §8, features.md B12). */
export type Period = Quarter | Month

export const isQuarter = (period: Period): boolean => /^\d{4}-Q[1-4]$/.test(period)
export const isPeriod = (text: string): boolean => isQuarter(text) || /^\d{4}-(?:0[1-9]|1[0-2])$/.test(text)

export function quarterOf(month: Month): Quarter {
  const [year, number] = month.split('-')
  return `${year}-Q${Math.ceil(Number(number) / 3)}`
}

/** The three months of a quarter, in order; of a month, itself. */
export function monthsOf(period: Period): Month[] {
  if (!isQuarter(period)) return [period]
  const last = `${period.slice(0, 4)}-${String(Number(period.slice(-1)) * 3).padStart(2, '0')}`
  return [addMonths(last, -2), addMonths(last, -1), last]
}

const QUARTER_NAMES = ['一', '二', '三', '四']

/** 2026年第三季度, 2026年10月 */
export const formatPeriod = (period: Period): string =>
  isQuarter(period)
    ? `${period.slice(0, 4)}年第${QUARTER_NAMES[Number(period.slice(-1)) - 1]}季度`
    : formatMonth(period)

/**
 * The quarter whose interviews begin on a day: its first working week has come (domain.md §8, §11.34), and for two weeks after
 * that, for whoever was not there on the day.
 */
export function quarterBeginningOn(day: Day, calendar: Calendar): Quarter | undefined {
  const quarter = quarterOf(addMonths(monthOf(day), -1))
  const over = lastDayOf(monthsOf(quarter).at(-1)!)
  const first = calendar.nextWorkday(over)
  return day >= first && daysBetween(first, day) < 14 ? quarter : undefined
}

/** One thing to develop (domain.md §8). */
export interface PlanItem {
  /** What is to become better. */
  goal: string
  /** What is done for it. */
  measure: string
  /** How one sees that it is reached. */
  standard: string
  /** Time, people, money that it needs. */
  resources: string
  by: Day
  /** Training or another post: what the law wants before 不胜任 is spoken of (features.md B12). */
  training: boolean
}

export const MAX_PLAN_ITEMS = 5

/** What an item lacks of specific, measurable and dated, in words that say what to add; empty: nothing. */
export function gapsOf(item: PlanItem, today: Day, reviewOn: Day): string[] {
  const gaps: string[] = []
  const length = (text: string) => [...text.trim()].length
  if (
    length(item.goal) < 4 ||
    /^(?:加强|提高|提升|改善|改进|端正|注意|努力)?(?:学习|工作|业务|态度|能力|水平|效率|质量|沟通|责任心){1,3}$/.test(
      item.goal.trim(),
    )
  )
    gaps.push('要提升的内容不够具体，请写明是哪项工作、哪种情况')
  if (length(item.measure) < 4) gaps.push('请写明具体措施')
  if (!/[\d０-９零一二三四五六七八九十百半两]/.test(item.standard) && length(item.standard) < 8)
    gaps.push('衡量标准请写成可以核对的，例如次数、比例、时间或交付物')
  if (item.by < today) gaps.push('完成日期已经过去')
  else if (item.by > reviewOn) gaps.push('完成日期晚于复核日期')
  return gaps
}

/** The same day some months later, or that month's last. */
export function monthsLater(day: Day, count: number): Day {
  const month = addMonths(monthOf(day), count)
  const { year, month: number } = partsOf(`${month}-01`)
  return makeDay(year, number, partsOf(day).dayOfMonth) ?? lastDayOf(month)
}

/** Two years: later than that nobody remembers what was agreed. */
export const lastReview = (today: Day): Day => monthsLater(today, 24)

/** Half a year to a year ahead (domain.md §8); outside it HR has to allow (§11.34). */
export const isUsualReview = (today: Day, reviewOn: Day): boolean =>
  reviewOn >= monthsLater(today, 6) && reviewOn <= monthsLater(today, 12)

/** A check whose day was missed still makes sense for so many working days. */
const MISSED_MOST = 3

/**
 * The last working day that has come on which a plan is asked about: a month after it was agreed, and each month from then on.
 *
 * @returns undefined: none yet, or it has been too long
 */
export function lastCheck(agreedOn: Day, today: Day, calendar: Calendar): Day | undefined {
  const [from, to] = [partsOf(agreedOn), partsOf(today)]
  const months = (to.year - from.year) * 12 + to.month - from.month
  // One that is put off may come in the next month.
  for (let n = months; n >= Math.max(1, months - 1); n--) {
    const planned = monthsLater(agreedOn, n)
    const day = calendar.isWorkday(planned) ? planned : calendar.nextWorkday(planned)
    if (day <= today) return day >= calendar.addWorkdays(today, -MISSED_MOST) ? day : undefined
  }
  return undefined
}

export interface InterviewPlan {
  items: PlanItem[]
  reviewOn: Day
  /** Of a review outside the usual time: who of HR has allowed it. */
  allowedBy?: string
  unusual?: boolean
}

export type Outcome = 'done' | 'partly' | 'not-done'

/** As much of an interview as says where it stands. */
export interface InterviewFacts {
  period: Period
  /** The result was corrected before it was held, or the person has left. */
  gone?: boolean
  waived?: unknown
  appointment?: { at: Date; by: 'manager' | 'employee'; agreed: boolean }
  record?: { plan?: InterviewPlan }
  objection?: unknown
  confirmedAt?: Date
  evaluation?: unknown
}

export type InterviewState =
  | 'gone'
  | 'waived'
  /** Nobody has named a time, or it has passed without an answer. */
  | 'open'
  /** The manager's time waits for the employee. */
  | 'asked'
  /** The employee's time waits for the manager. */
  | 'countered'
  | 'agreed'
  /** The time has come and there is no record. */
  | 'to-record'
  /** HR has to allow the day of the review. */
  | 'to-allow'
  | 'to-confirm'
  /** Not confirmed, or not allowed: the manager writes anew. */
  | 'objected'
  /** Confirmed by both, without a plan. */
  | 'done'
  | 'improving'
  /** The day of the review has come. */
  | 'to-review'
  | 'reviewed'

/** Where an interview stands at an instant. */
export function interviewState(row: InterviewFacts, now: Date, today: Day): InterviewState {
  if (row.waived) return 'waived'
  if (row.gone) return 'gone'
  const { record, appointment } = row
  if (!record) {
    if (!appointment) return 'open'
    if (!appointment.agreed)
      return appointment.at <= now ? 'open' : appointment.by === 'manager' ? 'asked' : 'countered'
    return appointment.at <= now ? 'to-record' : 'agreed'
  }
  if (row.evaluation) return 'reviewed'
  if (row.confirmedAt) {
    if (!record.plan) return 'done'
    return record.plan.reviewOn <= today ? 'to-review' : 'improving'
  }
  if (row.objection) return 'objected'
  return record.plan?.unusual && !record.plan.allowedBy ? 'to-allow' : 'to-confirm'
}

/** Nothing more is owed by anybody. */
export const isOver = (state: InterviewState): boolean => ['gone', 'waived', 'done', 'reviewed'].includes(state)

/** What waits for the manager. */
export const waitsForManager = (state: InterviewState): boolean =>
  ['open', 'countered', 'to-record', 'objected', 'to-review'].includes(state)
