import { LunarDay, LunarMonth, LunarYear, SolarDay } from 'tyme4ts'
import { type Day, makeDay, partsOf } from './time.ts'

/**
 * Month and day of a birthday in the calendar the person keeps it by (features.md 4.4). The year of birth is no part of it:
 * nobody needs it to be wished well.
 */
export interface Birthday {
  calendar: 'solar' | 'lunar'
  /** 1–12; of a lunar birthday 1 is 正月, 11 冬月, 12 腊月. */
  month: number
  /** 1–31, lunar 1–30. */
  day: number
  /** Born in the leap month: 闰六月. */
  leap?: boolean
}

export interface BirthdayRules {
  /** When 29 February is kept in common years. */
  feb29: '02-28' | '03-01'
  /** A leap-month birthday: in the leap month when the year has it (domain.md §11.31), or always in the ordinary one. */
  leapMonth: 'leap' | 'ordinary'
}

export const defaultBirthdayRules: BirthdayRules = { feb29: '02-28', leapMonth: 'leap' }

/** One day in both calendars; made once, asked for many people. */
export interface DayInBoth {
  day: Day
  year: number
  month: number
  dayOfMonth: number
  lunar: {
    year: number
    month: number
    leap: boolean
    day: number
    /** Days of the lunar month: 29 or 30. */
    length: number
    /** The month that is doubled in this lunar year, 0: none. */
    leapMonth: number
  }
}

/** @throws RangeError on what is no day */
export function inBothCalendars(day: Day): DayInBoth {
  const { year, month, dayOfMonth } = partsOf(day)
  const lunar = SolarDay.fromYmd(year, month, dayOfMonth).getLunarDay()
  const lunarMonth = lunar.getLunarMonth()
  return {
    day,
    year,
    month,
    dayOfMonth,
    lunar: {
      year: lunar.getYear(),
      month: Math.abs(lunar.getMonth()),
      leap: lunar.getMonth() < 0,
      day: lunar.getDay(),
      length: lunarMonth.getDayCount(),
      leapMonth: LunarYear.fromYear(lunar.getYear()).getLeapMonth(),
    },
  }
}

const isLeapYear = (year: number): boolean => makeDay(year, 2, 29) !== undefined

/**
 * Whether a birthday is kept on a day. A lunar 三十 is kept on 廿九 when the month is short; so every lunar birthday comes
 * once in a lunar year, which may be twice or never in a solar one.
 *
 * @returns the year it belongs to, solar or lunar like the birthday: with the calendar the key under which it is wished once
 */
export function birthdayOn(birthday: Birthday, on: DayInBoth, rules: BirthdayRules): number | undefined {
  if (birthday.calendar === 'solar') {
    const { month, day } = keptInSolarYear(birthday, on.year, rules)
    return month === on.month && day === on.dayOfMonth ? on.year : undefined
  }
  const { lunar } = on
  const inLeapMonth = birthday.leap === true && rules.leapMonth === 'leap' && lunar.leapMonth === birthday.month
  if (lunar.month !== birthday.month || lunar.leap !== inLeapMonth) return undefined
  return lunar.day === Math.min(birthday.day, lunar.length) ? lunar.year : undefined
}

function keptInSolarYear({ month, day }: Birthday, year: number, { feb29 }: BirthdayRules) {
  if (month !== 2 || day !== 29 || isLeapYear(year)) return { month, day }
  return feb29 === '02-28' ? { month: 2, day: 28 } : { month: 3, day: 1 }
}

export type BirthdayCheck = { ok: true } | { ok: false; why: string }

/** Lunar dates are known to be right from here on (features.md 4.4), and nobody at work was born before. */
const FIRST_YEAR = 1930

/**
 * Whether there is such a birthday. With a year it must have existed in it (闰六月三十 of 2025 has not); without one, in any
 * year that somebody at work may be born in.
 *
 * @param thisYear years after it are refused
 * @returns `why`: a sentence for the person who typed it
 */
export function checkBirthday(birthday: Birthday, year: number | undefined, thisYear: number): BirthdayCheck {
  const refuse = (why: string): BirthdayCheck => ({ ok: false, why })
  if (year !== undefined && year > thisYear) return refuse(`${year}年还没有到，请核对年份。`)
  if (year !== undefined && year < FIRST_YEAR) return refuse(`${year}年看起来不对，请核对年份；不写年份也可以。`)
  const { calendar, month, day, leap } = birthday
  if (!(month >= 1 && month <= 12)) return refuse(`没有${month}月，请核对月份。`)
  if (calendar === 'solar') {
    if (day >= 1 && makeDay(year ?? 2000, month, day)) return { ok: true }
    return refuse(
      year !== undefined && month === 2 && day === 29
        ? `${year}年的2月没有29日，请核对日期；不写年份也可以。`
        : `${month}月没有${day}日，请核对日期。`,
    )
  }
  const name = `农历${formatLunar(month, Math.max(1, Math.min(day, 30)), leap === true)}`
  if (!(day >= 1 && day <= 30)) return refuse(`农历每月最多30天，没有${day}日，请核对日期。`)
  if (year !== undefined) {
    if (leap && LunarYear.fromYear(year).getLeapMonth() !== month)
      return refuse(`农历${year}年没有闰${monthName(month)}，请核对是否闰月；不写年份也可以。`)
    if (day > lengthOf(year, month, leap))
      return refuse(`农历${year}年的${leap ? '闰' : ''}${monthName(month)}只有29天，没有三十，请核对日期。`)
    return { ok: true }
  }
  for (let any = FIRST_YEAR; any <= thisYear; any++) {
    if (leap && LunarYear.fromYear(any).getLeapMonth() !== month) continue
    if (day <= lengthOf(any, month, leap)) return { ok: true }
  }
  return refuse(`${FIRST_YEAR}年以来没有${name}，请核对是否闰月。`)
}

const lengthOf = (year: number, month: number, leap: boolean | undefined): number =>
  LunarMonth.fromYm(year, leap ? -month : month).getDayCount()

/** The lunar birthday of somebody born on a solar day. */
export function toLunar(year: number, { month, day }: Birthday): Birthday {
  const lunar = SolarDay.fromYmd(year, month, day).getLunarDay()
  const leap = lunar.getMonth() < 0
  return { calendar: 'lunar', month: Math.abs(lunar.getMonth()), day: lunar.getDay(), ...(leap && { leap }) }
}

/** The day on which a person of this lunar birthday was born in a lunar year that has it. */
export function toSolar(lunarYear: number, { month, day, leap }: Birthday): Day {
  const solar = LunarDay.fromYmd(lunarYear, leap ? -month : month, day).getSolarDay()
  return makeDay(solar.getYear(), solar.getMonth(), solar.getDay())!
}

const MONTHS = ['正', '二', '三', '四', '五', '六', '七', '八', '九', '十', '冬', '腊']
const DIGITS = ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十']
const monthName = (month: number): string => `${MONTHS[month - 1]}月`

function lunarDayName(day: number): string {
  if (day <= 10) return `初${DIGITS[day - 1]}`
  if (day === 20) return '二十'
  if (day === 30) return '三十'
  return `${day < 20 ? '十' : '廿'}${DIGITS[(day % 10) - 1]}`
}

const formatLunar = (month: number, day: number, leap: boolean): string =>
  `${leap ? '闰' : ''}${monthName(month)}${lunarDayName(day)}`

/** 5月3日 or 农历闰六月初一; never a year. */
export function formatBirthday({ calendar, month, day, leap }: Birthday): string {
  return calendar === 'solar' ? `${month}月${day}日` : `农历${formatLunar(month, day, leap === true)}`
}
