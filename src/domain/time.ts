/**
 * Days, ISO weeks and months of the company's time zone (domain.md §3, §11.1). Everything here is arithmetic on
 * written dates: the host's own zone never takes part.
 */

/** A calendar day of the company, `YYYY-MM-DD`. Days compare as strings. */
export type Day = string
/** An ISO week, Monday to Sunday, `2026-W48`. Weeks compare as strings. */
export type Week = string
/** A calendar month, `2026-11`. */
export type Month = string
/** 1 = Monday … 7 = Sunday. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7

const DAY_MS = 86_400_000
const SHANGHAI = 'Asia/Shanghai'
const SHANGHAI_OFFSET_MS = 8 * 3_600_000
/** China had summer time until 1991; from here on its offset is fixed. */
const SHANGHAI_FIXED_SINCE = Date.UTC(1992, 0, 1)
const WEEKDAY_NAMES = ['周一', '周二', '周三', '周四', '周五', '周六', '周日'] as const

const pad = (value: number, width = 2) => String(value).padStart(width, '0')

/** Days since 1970-01-01; undefined: not a day of the calendar. */
function serialIn(day: string): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day)
  if (!match) return undefined
  const [year, month, dayOfMonth] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const exists = year >= 100 && month >= 1 && month <= 12 && dayOfMonth >= 1 && dayOfMonth <= daysIn(year, month)
  return exists ? Date.UTC(year, month - 1, dayOfMonth) / DAY_MS : undefined
}

/** The same. @throws RangeError on anything that is not a day of the calendar */
function serialOf(day: Day): number {
  const serial = serialIn(day)
  if (serial === undefined) throw new RangeError(`not a day: ${day}`)
  return serial
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
const daysIn = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31

/** The UTC day of a number of milliseconds. */
const dayFromMs = (ms: number): Day => new Date(ms).toISOString().slice(0, 10)

/**
 * The day of a serial by arithmetic on the 400-year cycle (146097 days) that begins with March: whole companies are settled
 * with it, where making a Date each time is most of the work.
 */
function dayFromSerial(serial: number): Day {
  const shifted = serial + 719_468
  const cycle = Math.floor(shifted / 146_097)
  const inCycle = shifted - cycle * 146_097
  const year = Math.floor(
    (inCycle - Math.floor(inCycle / 1460) + Math.floor(inCycle / 36_524) - Math.floor(inCycle / 146_096)) / 365,
  )
  const inYear = inCycle - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const fromMarch = Math.floor((5 * inYear + 2) / 153)
  const dayOfMonth = inYear - Math.floor((153 * fromMarch + 2) / 5) + 1
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  const calendarYear = year + cycle * 400 + (month <= 2 ? 1 : 0)
  if (calendarYear < 100 || calendarYear > 9999) return dayFromMs(serial * DAY_MS)
  return `${pad(calendarYear, 4)}-${month < 10 ? '0' : ''}${month}-${dayOfMonth < 10 ? '0' : ''}${dayOfMonth}`
}

/** Whether a text is a day of the calendar: `2026-02-29` is not, nor is any of the first century. */
export const isDay = (text: string): boolean => serialIn(text) !== undefined

/** A day from numbers, or undefined when the calendar has no such day. `month` 1–12. */
export function makeDay(year: number, month: number, dayOfMonth: number): Day | undefined {
  const day = `${pad(year, 4)}-${pad(month)}-${pad(dayOfMonth)}`
  return isDay(day) ? day : undefined
}

/** The parts of a day as numbers; `month` 1–12. */
export function partsOf(day: Day): { year: number; month: number; dayOfMonth: number } {
  serialOf(day)
  return { year: Number(day.slice(0, 4)), month: Number(day.slice(5, 7)), dayOfMonth: Number(day.slice(8, 10)) }
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Formatters are costly to make (about 50 µs), so each zone has one. @throws RangeError on an unknown zone */
function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone)
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formatters.set(zone, formatter)
  }
  return formatter
}

/** Milliseconds the zone's clocks are ahead of UTC at an instant. */
function offsetMs(instantMs: number, zone: string): number {
  if (zone === SHANGHAI && instantMs >= SHANGHAI_FIXED_SINCE) return SHANGHAI_OFFSET_MS
  const parts: Record<string, number> = {}
  for (const { type, value } of formatterOf(zone).formatToParts(instantMs)) parts[type] = Number(value)
  const wall = Date.UTC(parts.year!, parts.month! - 1, parts.day!, parts.hour!, parts.minute!, parts.second!)
  return wall - Math.floor(instantMs / 1000) * 1000
}

/** What the zone's wall clock shows, as if it were UTC. */
const wallMs = (instant: Date, zone: string): number => instant.getTime() + offsetMs(instant.getTime(), zone)

/** The company's day at an instant. @throws RangeError on an unknown zone or an invalid date */
export function dayOf(instant: Date, zone: string): Day {
  return dayFromMs(wallMs(instant, zone))
}

/** The wall clock at an instant, `HH:mm:ss`. */
export function timeOf(instant: Date, zone: string): string {
  return new Date(wallMs(instant, zone)).toISOString().slice(11, 19)
}

/**
 * The instant at which the zone's clocks show a day and time. A time that summer time skips is read with the offset
 * before the change (02:30 becomes 03:30); one that happens twice is the first of the two.
 *
 * @param time `HH:mm` or `HH:mm:ss`, 00:00 to 23:59:59
 * @throws RangeError on a malformed day, time or zone
 */
export function instantAt(day: Day, time: string, zone: string): Date {
  const match = /^([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(time)
  if (!match) throw new RangeError(`not a time: ${time}`)
  const seconds = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0)
  const wall = serialOf(day) * DAY_MS + seconds * 1000
  // No zone changes twice within two days, so the offsets a day before and after are the only candidates.
  const before = offsetMs(wall - DAY_MS, zone)
  const after = offsetMs(wall + DAY_MS, zone)
  const fits = [before, after]
    .map((offset) => wall - offset)
    .filter((candidate) => candidate + offsetMs(candidate, zone) === wall)
  return new Date(fits.length > 0 ? Math.min(...fits) : wall - before)
}

/** `count` days later; negative: earlier. */
export const addDays = (day: Day, count: number): Day => dayFromSerial(serialOf(day) + count)

/** Days from `from` to `to`; negative when `to` is earlier. */
export const daysBetween = (from: Day, to: Day): number => serialOf(to) - serialOf(from)

/** 1970-01-01 was a Thursday. */
export const weekday = (day: Day): Weekday => (((((serialOf(day) + 3) % 7) + 7) % 7) + 1) as Weekday

/** The ISO week a day lies in; its year is that of the week's Thursday. */
export function weekOf(day: Day): Week {
  const thursday = addDays(day, 4 - weekday(day))
  const year = thursday.slice(0, 4)
  return `${year}-W${pad(Math.floor(daysBetween(`${year}-01-01`, thursday) / 7) + 1)}`
}

/** Whether a text names a week that exists: `2026-W53` does, `2027-W53` does not. */
export function isWeek(text: string): boolean {
  const match = /^(\d{4})-W(\d{2})$/.exec(text)
  return match !== null && weekOf(addDays(firstMonday(match[1]!), (Number(match[2]) - 1) * 7)) === text
}

/** Monday of the year's week 1, the week with 4 January in it. */
function firstMonday(year: string): Day {
  const fourth = `${year}-01-04`
  return addDays(fourth, 1 - weekday(fourth))
}

/** @throws RangeError on a week that does not exist */
export function mondayOf(week: Week): Day {
  const known = mondays.get(week)
  if (known !== undefined) return known
  if (!isWeek(week)) throw new RangeError(`not a week: ${week}`)
  const monday = addDays(firstMonday(week.slice(0, 4)), (Number(week.slice(6)) - 1) * 7)
  if (mondays.size >= MOST_MONDAYS) mondays.clear()
  mondays.set(week, monday)
  return monday
}
/** The few weeks that everything is asked about, over and over. */
const mondays = new Map<Week, Day>()
const MOST_MONDAYS = 1000

export const saturdayOf = (week: Week): Day => addDays(mondayOf(week), 5)
export const sundayOf = (week: Week): Day => addDays(mondayOf(week), 6)

/** Monday to Sunday. */
export function daysOfWeek(week: Week): Day[] {
  const monday = mondayOf(week)
  return [0, 1, 2, 3, 4, 5, 6].map((offset) => addDays(monday, offset))
}

export const addWeeks = (week: Week, count: number): Week => weekOf(addDays(mondayOf(week), count * 7))
export const previousWeek = (week: Week): Week => addWeeks(week, -1)
export const nextWeek = (week: Week): Week => addWeeks(week, 1)
/** Weeks from `from` to `to`; negative when `to` is earlier. */
export const weeksBetween = (from: Week, to: Week): number => daysBetween(mondayOf(from), mondayOf(to)) / 7

export const monthOf = (day: Day): Month => {
  serialOf(day)
  return day.slice(0, 7)
}

/** A week belongs to the month of its Saturday: 2026-W53 to January 2027 (domain.md §3, §11.1). */
export const monthOfWeek = (week: Week): Month => monthOf(saturdayOf(week))

/** The weeks whose Saturday lies in the month, 4 or 5, in order. @throws RangeError on a malformed month */
export function weeksOfMonth(month: Month): Week[] {
  const first = `${month}-01`
  const weeks: Week[] = []
  for (let day = addDays(first, 6 - (weekday(first) % 7)); monthOf(day) === month; day = addDays(day, 7))
    weeks.push(weekOf(day))
  return weeks
}

export function addMonths(month: Month, count: number): Month {
  const { year, month: number } = partsOf(`${month}-01`)
  const total = year * 12 + (number - 1) + count
  return `${pad(Math.floor(total / 12), 4)}-${pad((total % 12) + 1)}`
}
export const previousMonth = (month: Month): Month => addMonths(month, -1)
export const nextMonth = (month: Month): Month => addMonths(month, 1)
export const lastDayOf = (month: Month): Day => addDays(`${nextMonth(month)}-01`, -1)

/** 周六 */
export const weekdayName = (day: Day): string => WEEKDAY_NAMES[weekday(day) - 1]!

/** 11月28日 */
export function formatDay(day: Day): string {
  const { month, dayOfMonth } = partsOf(day)
  return `${month}月${dayOfMonth}日`
}

/** 11月28日（周六） */
export const formatDayFull = (day: Day): string => `${formatDay(day)}（${weekdayName(day)}）`

/** 11月28日 12:00 */
export const formatInstant = (instant: Date, zone: string): string =>
  `${formatDay(dayOf(instant, zone))} ${timeOf(instant, zone).slice(0, 5)}`

/** 11月23日至29日, 11月30日至12月6日: Monday to Sunday. */
export function formatWeek(week: Week): string {
  const monday = mondayOf(week)
  const sunday = sundayOf(week)
  const end = monthOf(monday) === monthOf(sunday) ? `${partsOf(sunday).dayOfMonth}日` : formatDay(sunday)
  return `${formatDay(monday)}至${end}`
}

/** Several weeks in order: 11月23日至29日和11月30日至12月6日, 11月23日至12月20日共4周. */
export function formatWeeks(weeks: readonly Week[]): string {
  if (weeks.length < 3) return weeks.map(formatWeek).join('和')
  return `${formatDay(mondayOf(weeks[0]!))}至${formatDay(sundayOf(weeks.at(-1)!))}共${weeks.length}周`
}

/** One week in at most ten characters, for a button: 11月23日至29日, 11/30至12/6. */
export function shortWeek(week: Week): string {
  const [monday, sunday] = [mondayOf(week), sundayOf(week)]
  if (monthOf(monday) === monthOf(sunday)) return formatWeek(week)
  const slashed = (day: Day) => `${partsOf(day).month}/${partsOf(day).dayOfMonth}`
  return `${slashed(monday)}至${slashed(sunday)}`
}

/** 2026年11月 */
export function formatMonth(month: Month): string {
  const parts = partsOf(`${month}-01`)
  return `${parts.year}年${parts.month}月`
}
