import { LunarDay, type SolarDay, SolarTerm } from 'tyme4ts'
import year2025 from './holidays/2025.json' with { type: 'json' }
import year2026 from './holidays/2026.json' with { type: 'json' }
import { addDays, type Day, makeDay } from './time.ts'

/** One year's arrangement, in the shape the community already exchanges (NateScarlet/holiday-cn). */
export interface HolidayYear {
  year: number
  /** The notices it was taken from. Empty, as are `days`, while a year is not announced yet. */
  papers?: string[]
  days: { name: string; date: Day; isOffDay: boolean }[]
}

/** The State Council notices that ship with the bot, features.md 4.2. */
export const shippedHolidays: HolidayYear[] = [year2025, year2026]

/**
 * The 13 statutory days of a year whose notice is not known: 元旦, 除夕 to 初三, 清明, 1–2 May, 端午, 中秋, 1–3 October
 * (features.md 4.3, the law since 2025). Keyed by day; where two fall together the lunar one gives the name.
 */
export function statutoryDays(year: number): Map<Day, string> {
  const days = new Map<Day, string>()
  const add = (day: Day, name: string, count = 1) => {
    for (let i = 0; i < count; i++) days.set(addDays(day, i), name)
  }
  add(makeDay(year, 1, 1)!, '元旦')
  add(makeDay(year, 5, 1)!, '劳动节', 2)
  add(makeDay(year, 10, 1)!, '国庆节', 3)
  add(solarDay(SolarTerm.fromName(year, '清明').getJulianDay().getSolarDay()), '清明节')
  add(addDays(lunarDay(year, 1, 1), -1), '春节', 4)
  add(lunarDay(year, 5, 5), '端午节')
  add(lunarDay(year, 8, 15), '中秋节')
  return days
}

const solarDay = (day: SolarDay): Day => makeDay(day.getYear(), day.getMonth(), day.getDay())!
const lunarDay = (year: number, month: number, day: number): Day =>
  solarDay(LunarDay.fromYmd(year, month, day).getSolarDay())
