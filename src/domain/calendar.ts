import { type HolidayYear, shippedHolidays, statutoryDays } from './holidays.ts'
import {
  addDays,
  type Day,
  daysBetween,
  daysOfWeek,
  nextWeek,
  partsOf,
  previousWeek,
  saturdayOf,
  type Week,
  weekday,
} from './time.ts'

/**
 * What kind of day it is. `holiday`: off by the State Council's notice or by law. `makeup`: a weekend day worked by the
 * notice (调休). `rest`: weekend, or the company's own day off. `workday`: anything else.
 */
export interface DayKind {
  kind: 'workday' | 'rest' | 'holiday' | 'makeup'
  /** 端午节: of the holiday, or of the one a make-up day belongs to. */
  name?: string
  /** False: no notice for this year, so a longer holiday or a make-up day may still come (features.md B2). */
  known: boolean
}

export interface CompanyDays {
  /** Days off of the company's own, stronger than any notice. */
  restDays?: readonly Day[]
  /** Days worked in this company, stronger than any notice. */
  workDays?: readonly Day[]
  /** 大小周: a Saturday that is worked; so is every second one before and after, except on holidays. */
  alternateSaturdays?: Day
}

export interface Calendar {
  /** Whether the year's notice has been imported. */
  knows(year: number): boolean
  kind(day: Day): DayKind
  isWorkday(day: Day): boolean
  /** The last working day before `day`, never `day` itself. @throws RangeError when there is none within 400 days */
  previousWorkday(day: Day): Day
  /** The first working day after `day`, never `day` itself. */
  nextWorkday(day: Day): Day
  /** The `count`-th working day after `day` (before, when negative); 0 gives `day` back. Day 1 is the day after. */
  addWorkdays(day: Day, count: number): Day
  workdaysOfWeek(week: Week): Day[]
  /**
   * Nobody owes anything: no working day from Monday to Saturday (domain.md §11.5). A make-up Sunday behind six days off
   * does not open the week: its deadline would lie before its Monday.
   */
  isClosedWeek(week: Week): boolean
  /** The next week that is not closed: the one a plan handed in for `week` is for (domain.md §11.5). */
  nextOpenWeek(week: Week): Week
  /** The last week before that was not closed: the one whose submission planned `week`. */
  previousOpenWeek(week: Week): Week
}

/** A company's year has a working day somewhere. */
const SEARCH_DAYS = 400

/**
 * The working days of a company. A year without a notice has its 13 statutory days off and no make-up days, and says
 * `known: false` (domain.md §11.4). Later entries of `years` replace earlier ones of the same year; one without days
 * (published as a placeholder before the notice) leaves the year unknown.
 *
 * @throws RangeError when `alternateSaturdays` is no Saturday
 */
export function makeCalendar({
  years = shippedHolidays,
  company = {},
}: {
  years?: readonly HolidayYear[]
  company?: CompanyDays
} = {}): Calendar {
  const noticed = new Map<number, HolidayYear>()
  for (const year of years) if (year.days.length > 0) noticed.set(year.year, year)
  const announced = new Map<Day, { name: string; isOffDay: boolean }>()
  for (const { days } of noticed.values()) for (const day of days) announced.set(day.date, day)
  const statutory = new Map<number, Map<Day, string>>()
  const restDays = new Set(company.restDays)
  const workDays = new Set(company.workDays)
  const anchor = company.alternateSaturdays
  if (anchor !== undefined && weekday(anchor) !== 6) throw new RangeError(`alternateSaturdays：${anchor}不是周六`)

  function statutoryName(day: Day, year: number): string | undefined {
    let days = statutory.get(year)
    if (!days) {
      days = statutoryDays(year)
      statutory.set(year, days)
    }
    return days.get(day)
  }

  function weekRhythm(day: Day): 'workday' | 'rest' {
    const number = weekday(day)
    if (number < 6) return 'workday'
    return number === 6 && anchor !== undefined && daysBetween(anchor, day) % 14 === 0 ? 'workday' : 'rest'
  }

  function kind(day: Day): DayKind {
    const { year } = partsOf(day)
    if (restDays.has(day)) return { kind: 'rest', known: true }
    if (workDays.has(day)) return { kind: 'workday', known: true }
    const notice = announced.get(day)
    // A notice may reach over its year's end, so a day can be known in a year that is not.
    if (notice) return { kind: notice.isOffDay ? 'holiday' : 'makeup', name: notice.name, known: true }
    if (noticed.has(year)) return { kind: weekRhythm(day), known: true }
    const name = statutoryName(day, year)
    return name === undefined ? { kind: weekRhythm(day), known: false } : { kind: 'holiday', name, known: false }
  }

  const isWorkday = (day: Day): boolean => {
    const { kind: what } = kind(day)
    return what === 'workday' || what === 'makeup'
  }

  function step(from: Day, direction: 1 | -1): Day {
    for (let i = 1; i <= SEARCH_DAYS; i++) {
      const day = addDays(from, i * direction)
      if (isWorkday(day)) return day
    }
    throw new RangeError(`no working day within ${SEARCH_DAYS} days of ${from}`)
  }

  /** Asked for again and again, by every deadline around it. */
  const closed = new Map<Week, boolean>()
  function isClosedWeek(week: Week): boolean {
    const known = closed.get(week) ?? !daysOfWeek(week).slice(0, 6).some(isWorkday)
    closed.set(week, known)
    return known
  }

  function openWeek(from: Week, move: (week: Week) => Week): Week {
    let week = move(from)
    for (let i = 0; isClosedWeek(week); i++) {
      if (i === 60) throw new RangeError(`no open week near ${from}`)
      week = move(week)
    }
    return week
  }

  return {
    knows: (year) => noticed.has(year),
    kind,
    isWorkday,
    previousWorkday: (day) => step(day, -1),
    nextWorkday: (day) => step(day, 1),
    addWorkdays(day, count) {
      let at = day
      for (let i = 0; i < Math.abs(count); i++) at = step(at, count > 0 ? 1 : -1)
      return at
    },
    workdaysOfWeek: (week) => daysOfWeek(week).filter(isWorkday),
    isClosedWeek,
    nextOpenWeek: (week) => openWeek(week, nextWeek),
    previousOpenWeek: (week) => openWeek(week, previousWeek),
  }
}

/** Whether the week's Saturday is off by a notice or by law, so that its deadline moves (domain.md §3). */
export const isHolidaySaturday = (week: Week, calendar: Calendar): boolean =>
  calendar.kind(saturdayOf(week)).kind === 'holiday'
