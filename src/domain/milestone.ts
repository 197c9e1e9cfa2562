import type { Calendar } from './calendar.ts'
import {
  addDays,
  addMonths,
  type Day,
  daysBetween,
  isDay,
  lastDayOf,
  type Month,
  makeDay,
  monthOf,
  partsOf,
} from './time.ts'

/** One line of the year's calendar (domain.md §9). */
export interface MilestoneRule {
  id: string
  title: string
  /** `03-31` every year, `5` every month, `2026-12-04` once or, with `everyWeeks`, from that day on. */
  due: string
  everyWeeks?: number
  /** What is to be handed in; without it only the day is told. */
  handIn?: string
  /** When the day is off: earlier unless it says otherwise (§11.35). */
  whenOff: 'earlier' | 'later' | 'stay'
}

export interface Occurrence {
  /** Tells the occurrences of a rule apart: 2027, 2026-12, 2026-12-04. */
  cycle: string
  planned: Day
  due: Day
}

/** A day of a month, or its last where it is shorter. */
function dayIn(month: Month, dayOfMonth: number): Day {
  const { year, month: number } = partsOf(`${month}-01`)
  return makeDay(year, number, dayOfMonth) ?? lastDayOf(month)
}

/** `03-31` and 5 and a whole day are what `due` may be; for the settings. */
export function isDue(due: string): boolean {
  if (/^\d{4}-/.test(due)) return isDay(due)
  const yearly = /^(\d{2})-(\d{2})$/.exec(due)
  // 29 February is the last day of the month in other years.
  if (yearly) return makeDay(2024, Number(yearly[1]), Number(yearly[2])) !== undefined
  return /^(?:[1-9]|[12]\d|3[01])$/.test(due)
}

function moved(planned: Day, whenOff: MilestoneRule['whenOff'], calendar: Calendar): Day {
  if (whenOff === 'stay' || calendar.isWorkday(planned)) return planned
  return whenOff === 'later' ? calendar.nextWorkday(planned) : calendar.previousWorkday(planned)
}

/** The days a rule falls on, from one day to another, both included, by the day it is due. */
export function occurrences(rule: MilestoneRule, from: Day, to: Day, calendar: Calendar): Occurrence[] {
  const found: Occurrence[] = []
  const add = (cycle: string, planned: Day) => {
    const due = moved(planned, rule.whenOff, calendar)
    if (due >= from && due <= to) found.push({ cycle, planned, due })
  }
  // Moving takes a day a week or so away.
  const [first, last] = [addDays(from, -15), addDays(to, 15)]
  const kind = kindOf(rule)
  if (kind === 'once') add(rule.due, rule.due)
  else if (kind === 'weeks') {
    const span = rule.everyWeeks! * 7
    const skipped = Math.max(0, Math.floor(daysBetween(rule.due, first) / span))
    for (let day = addDays(rule.due, skipped * span); day <= last; day = addDays(day, span)) add(day, day)
  } else if (kind === 'year')
    for (let year = partsOf(first).year; year <= partsOf(last).year; year++)
      add(String(year), dayOfCycle(rule, String(year)))
  else
    for (let month = monthOf(first); month <= monthOf(last); month = addMonths(month, 1))
      add(month, dayOfCycle(rule, month))
  return found
}

type Kind = 'once' | 'weeks' | 'year' | 'month'

const kindOf = ({ due, everyWeeks }: MilestoneRule): Kind =>
  /^\d{4}-/.test(due) ? (everyWeeks === undefined ? 'once' : 'weeks') : due.includes('-') ? 'year' : 'month'

/** The day of a year or a month. */
function dayOfCycle(rule: MilestoneRule, cycle: string): Day {
  const [month, dayOfMonth] = rule.due.split('-')
  return dayOfMonth === undefined ? dayIn(cycle, Number(rule.due)) : dayIn(`${cycle}-${month}`, Number(dayOfMonth))
}

/**
 * The occurrence that a milestone of a rule belongs to, wherever the rule's day has been moved since: of a year or a month the same
 * one; a day that comes once is itself; of every so many weeks the nearest.
 *
 * @returns undefined: the rule does not ask for it any more
 */
export function occurrenceOf(
  rule: MilestoneRule,
  { cycle, planned }: Pick<Occurrence, 'cycle' | 'planned'>,
  calendar: Calendar,
): Occurrence | undefined {
  const at = (now: string, day: Day): Occurrence => ({
    ...{ cycle: now, planned: day, due: moved(day, rule.whenOff, calendar) },
  })
  switch (kindOf(rule)) {
    case 'once':
      return isDay(cycle) ? at(rule.due, rule.due) : undefined
    case 'weeks': {
      if (!isDay(cycle)) return undefined
      const span = rule.everyWeeks! * 7
      const nth = Math.round(daysBetween(rule.due, planned) / span)
      const day = addDays(rule.due, nth * span)
      return nth >= 0 ? at(day, day) : undefined
    }
    case 'year':
      return /^\d{4}$/.test(cycle) ? at(cycle, dayOfCycle(rule, cycle)) : undefined
    case 'month':
      return /^\d{4}-\d{2}$/.test(cycle) ? at(cycle, dayOfCycle(rule, cycle)) : undefined
  }
}

const STAGES = [14, 7, 3, 1, 0] as const
/** A day that is only told is not told two weeks before. */
const TOLD_ONLY = [1, 0] as const

/** A reminder whose day was missed still makes sense for so many working days. */
const MISSED_MOST = 3

/**
 * The last reminder before the due day that has come by a working day: how many days before, and its day. One whose day is off
 * comes on the working day before; where several meet the nearest one counts.
 *
 * @returns undefined: none, or it has been too long
 */
export function lastReminder(
  day: Day,
  due: Day,
  handIn: boolean,
  calendar: Calendar,
): { stage: number; on: Day } | undefined {
  const earliest = calendar.addWorkdays(day, -MISSED_MOST)
  for (const stage of [...(handIn ? STAGES : TOLD_ONLY)].reverse()) {
    const planned = addDays(due, -stage)
    const on = calendar.isWorkday(planned) ? planned : calendar.previousWorkday(planned)
    if (on <= day) return on >= earliest ? { stage, on } : undefined
  }
  return undefined
}

/** From the third day after the due day the accepter hears of it too. */
export const tellsAccepter = (day: Day, due: Day): boolean => daysBetween(due, day) >= 3

export type MilestoneState = 'open' | 'handed-in' | 'accepted' | 'past' | 'cancelled'

/** 还有7天, 今天到期, 逾期2天 */
export function dueWords(day: Day, due: Day): string {
  const left = daysBetween(day, due)
  return left > 0 ? `还有${left}天` : left === 0 ? '今天到期' : `逾期${-left}天`
}
