import { fail } from '../errors.ts'

const MS_PER_DAY = 86_400_000
const MS_PER_WEEK = 7 * MS_PER_DAY

/** The calendar fields of an instant in a time zone; `weekday` 0 is Sunday. */
export interface Fields {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  ms: number
  weekday: number
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Offset of a zone from UTC at an instant. A zone is an Olson name or `+08:00`, `+0800`, `+08`. */
export function offsetMs(instant: number, zone: string): number {
  if (zone === 'UTC' || zone === 'GMT' || zone === 'Z') return 0
  const fixed = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone)
  if (fixed) return (fixed[1] === '-' ? -1 : 1) * (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * 60_000
  let formatter = formatters.get(zone)
  if (!formatter) {
    try {
      formatter = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
        era: 'short',
      })
    } catch {
      return fail(40485, `unrecognized time zone identifier: "${zone}"`)
    }
    formatters.set(zone, formatter)
  }
  const parts = Object.fromEntries(formatter.formatToParts(instant).map((part) => [part.type, part.value]))
  const year = parts.era === 'BC' ? 1 - Number(parts.year) : Number(parts.year)
  const local = utc(
    year,
    Number(parts.month),
    Number(parts.day),
    Number(parts.hour),
    Number(parts.minute),
    Number(parts.second),
  )
  return local - Math.floor(instant / 1000) * 1000
}

function utc(year: number, month: number, day: number, hour = 0, minute = 0, second = 0, ms = 0): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second, ms)
  return date.getTime()
}

export function fieldsOf(date: Date, zone: string): Fields {
  const local = new Date(date.getTime() + offsetMs(date.getTime(), zone))
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    ms: local.getUTCMilliseconds(),
    weekday: local.getUTCDay(),
  }
}

/** The instant of local calendar fields, which may overflow (month 13, day 0). */
export function instantOf(fields: Omit<Fields, 'weekday'>, zone: string): Date {
  const local = utc(fields.year, fields.month, fields.day, fields.hour, fields.minute, fields.second, fields.ms)
  const first = local - offsetMs(local, zone)
  // Near a change of the clocks the offset at the guess may differ from the offset at the result.
  const second = local - offsetMs(first, zone)
  return new Date(second)
}

export function dayOfYear(fields: Fields): number {
  return (utc(fields.year, fields.month, fields.day) - utc(fields.year, 1, 1)) / MS_PER_DAY + 1
}

/** ISO 8601 week: Monday first, week 1 holds the first Thursday. */
export function isoWeek(fields: Fields): { year: number; week: number } {
  const isoDay = fields.weekday || 7
  const thursday = new Date(utc(fields.year, fields.month, fields.day) + (4 - isoDay) * MS_PER_DAY)
  const year = thursday.getUTCFullYear()
  return { year, week: Math.floor((thursday.getTime() - utc(year, 1, 1)) / MS_PER_WEEK) + 1 }
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ')

export function formatDate(date: Date, format: string, zone: string): string {
  const fields = fieldsOf(date, zone)
  const pad = (value: number, width: number) => String(value).padStart(width, '0')
  const offset = Math.round(offsetMs(date.getTime(), zone) / 60_000)
  const sign = offset < 0 ? '-' : '+'
  return format.replace(/%([\s\S]?)/g, (_whole, letter: string) => {
    switch (letter) {
      case 'Y':
        if (fields.year < 0 || fields.year > 9999)
          fail(
            18537,
            `Could not convert date to string: date component was outside the supported range of 0-9999: ${fields.year}`,
          )
        return pad(fields.year, 4)
      case 'm':
        return pad(fields.month, 2)
      case 'd':
        return pad(fields.day, 2)
      case 'H':
        return pad(fields.hour, 2)
      case 'M':
        return pad(fields.minute, 2)
      case 'S':
        return pad(fields.second, 2)
      case 'L':
        return pad(fields.ms, 3)
      case 'j':
        return pad(dayOfYear(fields), 3)
      case 'w':
        return String(fields.weekday + 1)
      case 'u':
        return String(fields.weekday || 7)
      case 'U':
        return pad(Math.floor((dayOfYear(fields) + 6 - fields.weekday) / 7), 2)
      case 'V':
        return pad(isoWeek(fields).week, 2)
      case 'G':
        return pad(isoWeek(fields).year, 4)
      case 'b':
        return MONTHS[fields.month - 1]!.slice(0, 3)
      case 'B':
        return MONTHS[fields.month - 1]!
      case 'z':
        return `${sign}${pad(Math.floor(Math.abs(offset) / 60), 2)}${pad(Math.abs(offset) % 60, 2)}`
      case 'Z':
        return String(offset)
      case '%':
        return '%'
      default:
        return fail(18536, `Invalid format character '%${letter}' in format string`)
    }
  })
}

export type Unit = 'year' | 'quarter' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second' | 'millisecond'

const FIXED: Partial<Record<Unit, number>> = { hour: 3_600_000, minute: 60_000, second: 1_000, millisecond: 1 }

/** Adds calendar units in the zone's local time; a month end stays inside its month. */
export function addUnits(date: Date, unit: Unit, amount: number, zone: string): Date {
  const fixed = FIXED[unit]
  let result: Date
  if (fixed) result = new Date(date.getTime() + amount * fixed)
  else {
    const fields = fieldsOf(date, zone)
    if (unit === 'day' || unit === 'week') fields.day += amount * (unit === 'week' ? 7 : 1)
    else {
      const months = fields.year * 12 + fields.month - 1 + amount * { year: 12, quarter: 3, month: 1 }[unit as 'year']!
      fields.year = Math.floor(months / 12)
      fields.month = (((months % 12) + 12) % 12) + 1
      fields.day = Math.min(fields.day, new Date(utc(fields.year, fields.month + 1, 0)).getUTCDate())
    }
    result = instantOf(fields, zone)
  }
  if (Number.isNaN(result.getTime())) fail(5166406, '$dateAdd: date overflow')
  return result
}

/** Start of the bin of `size` units that holds the date; bins are counted from 2000-01-01 as MongoDB does. */
export function truncate(date: Date, unit: Unit, size: number, zone: string, weekStart: number): Date {
  const fixed = FIXED[unit]
  const fields = fieldsOf(date, zone)
  const midnight = { hour: 0, minute: 0, second: 0, ms: 0 }
  if (fixed) {
    const local = date.getTime() + offsetMs(date.getTime(), zone)
    const start = Math.floor((local - utc(2000, 1, 1)) / (fixed * size)) * fixed * size + utc(2000, 1, 1)
    return new Date(date.getTime() - (local - start))
  }
  if (unit === 'day' || unit === 'week') {
    const origin = utc(2000, 1, 1)
    // 2000-01-01 was a Saturday (6): week bins start on the first `weekStart` on or after it.
    const first = unit === 'week' ? origin + ((weekStart - 6 + 7) % 7) * MS_PER_DAY : origin
    const step = size * (unit === 'week' ? MS_PER_WEEK : MS_PER_DAY)
    const day = utc(fields.year, fields.month, fields.day)
    const start = new Date(Math.floor((day - first) / step) * step + first)
    return instantOf(
      { ...midnight, year: start.getUTCFullYear(), month: start.getUTCMonth() + 1, day: start.getUTCDate() },
      zone,
    )
  }
  const step = size * { year: 12, quarter: 3, month: 1 }[unit as 'year']!
  const months = Math.floor(((fields.year - 2000) * 12 + fields.month - 1) / step) * step + 24_000
  return instantOf({ ...midnight, year: Math.floor(months / 12), month: (months % 12) + 1, day: 1 }, zone)
}

/** Number of unit boundaries crossed from `a` to `b`. */
export function difference(a: Date, b: Date, unit: Unit, zone: string, weekStart: number): number {
  const x = fieldsOf(a, zone)
  const y = fieldsOf(b, zone)
  const days = (f: Fields) => utc(f.year, f.month, f.day) / MS_PER_DAY
  switch (unit) {
    case 'year':
      return y.year - x.year
    case 'quarter':
      return (y.year - x.year) * 4 + Math.floor((y.month - 1) / 3) - Math.floor((x.month - 1) / 3)
    case 'month':
      return (y.year - x.year) * 12 + y.month - x.month
    case 'week': {
      // 1970-01-01 was a Thursday (4).
      const week = (f: Fields) => Math.floor((days(f) + 4 - weekStart) / 7)
      return week(y) - week(x)
    }
    case 'day':
      return days(y) - days(x)
    default: {
      const size = FIXED[unit]!
      const local = (date: Date) => Math.floor((date.getTime() + offsetMs(date.getTime(), zone)) / size)
      return unit === 'hour' ? local(b) - local(a) : Math.floor(b.getTime() / size) - Math.floor(a.getTime() / size)
    }
  }
}
