import type { Calendar } from './calendar.ts'
import type { Survey, When } from './survey.ts'
import {
  addDays,
  type Day,
  dayOf,
  formatMonth,
  instantAt,
  type Month,
  makeDay,
  monthOf,
  partsOf,
  previousMonth,
} from './time.ts'

/** When one round of a survey is answered. */
export interface RoundPlan {
  /** `2026-11`, `2026-H2`, or the opening day of a survey that is held once. */
  period: string
  opensAt: Date
  /** The last second that counts (domain.md §11.27). */
  closesAt: Date
}

/** Fewer working days would leave no time to be reminded and to answer (domain.md §11.30). */
export const SHORTEST_WORKDAYS = 3
export const MOST_REMINDERS = 2

const orNextWorkday = (day: Day, calendar: Calendar): Day => (calendar.isWorkday(day) ? day : calendar.nextWorkday(day))

/** Opening and close, each on the next working day, at least three working days apart (domain.md §11.30). */
function planBetween(
  period: string,
  opens: Day,
  closes: Day,
  times: { opensTime: string; closesTime: string },
  calendar: Calendar,
  zone: string,
): RoundPlan {
  const opensOn = orNextWorkday(opens, calendar)
  const earliest = calendar.addWorkdays(opensOn, SHORTEST_WORKDAYS)
  const wanted = orNextWorkday(closes, calendar)
  return {
    period,
    opensAt: instantAt(opensOn, times.opensTime, zone),
    closesAt: instantAt([wanted, earliest].sort().at(-1)!, times.closesTime, zone),
  }
}

/** The round of a month, where the survey has one then: each month, or June and December. */
function planOfMonth(when: Exclude<When, { every: 'once' }>, month: Month, calendar: Calendar, zone: string) {
  const { year, month: number } = partsOf(`${month}-01`)
  if (when.every === 'half-year' && number !== 6 && number !== 12) return undefined
  const period = when.every === 'month' ? month : `${year}-H${number / 6}`
  const opens = makeDay(year, number, when.opensDay)!
  return planBetween(period, opens, makeDay(year, number, when.closesDay)!, when, calendar, zone)
}

/** The round of a survey that opens on this very day. */
export function roundOpeningOn(survey: Survey, day: Day, calendar: Calendar, zone: string): RoundPlan | undefined {
  const { when } = survey
  // A holiday may move an opening into the next month.
  const plans =
    when.every === 'once'
      ? [planBetween(when.opensOn, when.opensOn, when.closesOn, when, calendar, zone)]
      : [previousMonth(monthOf(day)), monthOf(day)].map((month) => planOfMonth(when, month, calendar, zone))
  return plans.find((plan) => plan && dayOf(plan.opensAt, zone) === day)
}

/** The next opening after a day, or undefined for a survey that is not held again within a year. */
export function nextOpening(survey: Survey, after: Day, calendar: Calendar, zone: string): RoundPlan | undefined {
  for (let i = 1; i <= 400; i++) {
    const plan = roundOpeningOn(survey, addDays(after, i), calendar, zone)
    if (plan) return plan
  }
  return undefined
}

/**
 * Which reminder a day brings, 1 or 2, or undefined: working days at lunch, none on the first day, none once it is over,
 * at most two (domain.md §11.30).
 */
export function reminderOn(
  round: { opensAt: Date; closesAt: Date },
  slot: Date,
  calendar: Calendar,
  zone: string,
): number | undefined {
  const day = dayOf(slot, zone)
  if (slot > round.closesAt || !calendar.isWorkday(day)) return undefined
  let at = dayOf(round.opensAt, zone)
  for (let n = 1; n <= MOST_REMINDERS; n++) {
    at = calendar.nextWorkday(at)
    if (at === day) return n
  }
  return undefined
}

/** Where HR may move a close to: so many working days after the later of the old close and today. */
export function extendedClose(
  closesAt: Date,
  now: Date,
  workdays: number,
  calendar: Calendar,
  survey: Survey,
  zone: string,
): Date {
  const from = dayOf(closesAt > now ? closesAt : now, zone)
  return instantAt(calendar.addWorkdays(from, workdays), survey.when.closesTime, zone)
}

/** The month whose work score a round is; undefined for rounds of other lengths. */
export const monthOfPeriod = (period: string): Month | undefined => (/^\d{4}-\d{2}$/.test(period) ? period : undefined)

/** 2026年11月, 2026年上半年; nothing for a survey that is held once. */
export function formatPeriod(period: string): string {
  const half = /^(\d{4})-H([12])$/.exec(period)
  if (half) return `${half[1]}年${half[2] === '1' ? '上' : '下'}半年`
  return monthOfPeriod(period) ? formatMonth(period) : ''
}
