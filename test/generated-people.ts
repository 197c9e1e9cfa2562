import { Lunar, LunarMonth, LunarYear, type Solar } from 'lunar-typescript'
import type { Birthday } from '../src/domain/birthday.ts'
import type { MomentPerson } from '../src/domain/moments.ts'
import { addDays, type Day, daysBetween, makeDay, partsOf } from '../src/domain/time.ts'

/** The same numbers every time (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

export interface Generated extends MomentPerson {
  name: string
  probationEndsOn?: Day
  contractEndsOn?: Day
}

/** A company: veterans and newcomers, solar, lunar, leap-month and 29 February birthdays, some unknown, some who leave. */
export function generatePeople(count: number, from: Day, to: Day, seed = 7): Generated[] {
  const random = randomFrom(seed)
  const span = daysBetween(from, to)
  return Array.from({ length: count }, (_, n) => {
    const joinedOn = random(3) === 0 ? addDays(from, random(span)) : addDays('2015-01-01', random(4000))
    const kind = random(10)
    const birthday: Birthday | undefined =
      kind === 0
        ? undefined
        : kind < 5
          ? { calendar: 'solar', month: 1 + random(12), day: 1 + random(28) }
          : kind === 5
            ? { calendar: 'solar', month: 2, day: 29 }
            : kind === 6
              ? { calendar: 'lunar', month: [3, 5, 6][random(3)]!, day: 1 + random(30), leap: true }
              : { calendar: 'lunar', month: 1 + random(12), day: 1 + random(30) }
    const leaves = random(6) === 0
    const earliest = joinedOn > from ? joinedOn : from
    const leftOn = leaves ? addDays(earliest, random(Math.max(1, daysBetween(earliest, to)))) : undefined
    const wishes = (['all', 'all', 'all', 'private', 'none'] as const)[random(5)]!
    return {
      id: `p${String(n).padStart(3, '0')}`,
      name: `员工${n}`,
      active: true,
      stint: 1,
      joinedOn,
      wishes,
      ...(birthday && { birthday }),
      ...(leftOn && { leftOn }),
      ...(joinedOn > from && { probationEndsOn: addDays(joinedOn, 90) }),
      ...(random(3) === 0 && { contractEndsOn: addDays(from, random(span)) }),
    }
  })
}

/** The days of a birthday in a span, worked out with the second lunar library, to hold ours against. */
export function birthdaysBySecondOpinion(b: Birthday, from: Day, to: Day): { day: Day; year: number }[] {
  const found: { day: Day; year: number }[] = []
  for (let year = partsOf(from).year - 1; year <= partsOf(to).year; year++) {
    let day: Day
    if (b.calendar === 'solar') day = makeDay(year, b.month, b.day) ?? makeDay(year, 2, 28)!
    else {
      const inLeap = b.leap === true && LunarYear.fromYear(year).getLeapMonth() === b.month
      const month = inLeap ? -b.month : b.month
      const length = LunarMonth.fromYm(year, month)!.getDayCount()
      const solar: Solar = Lunar.fromYmd(year, month, Math.min(b.day, length)).getSolar()
      day = makeDay(solar.getYear(), solar.getMonth(), solar.getDay())!
    }
    if (day >= from && day <= to) found.push({ day, year })
  }
  return found
}

/** Every moment of somebody in a span, straight from the sentences of the rules: key and day. */
export function owedMoments(p: Generated, from: Day, to: Day, isWorkday: (day: Day) => boolean): Map<string, Day> {
  const owed = new Map<string, Day>()
  const here = (day: Day) => day >= from && day <= to && day >= p.joinedOn! && !(p.leftOn && day > p.leftOn)
  const put = (key: string, day: Day) => {
    if (here(day)) owed.set(key, day)
  }
  // Somebody who joined up to 30 days before the span is still welcomed on its first day.
  if (daysBetween(p.joinedOn!, from) <= 30) put(`welcome/${p.id}/1`, p.joinedOn! > from ? p.joinedOn! : from)
  for (const after of [7, 30]) {
    let day = addDays(p.joinedOn!, after - 1)
    while (!isWorkday(day)) day = addDays(day, 1)
    put(`check-in/${p.id}/1/${after}`, day)
  }
  const birthdays = p.wishes === 'none' || !p.birthday ? [] : birthdaysBySecondOpinion(p.birthday, from, to)
  for (const { day, year } of birthdays) put(`birthday/${p.id}/${p.birthday!.calendar}/${year}`, day)
  const { year: joined, month, dayOfMonth } = partsOf(p.joinedOn!)
  for (let year = partsOf(from).year; p.wishes !== 'none' && year <= partsOf(to).year; year++) {
    const day = makeDay(year, month, dayOfMonth) ?? makeDay(year, 2, 28)!
    if (year > joined && !birthdays.some((b) => b.day === day)) put(`anniversary/${p.id}/${year}`, day)
  }
  if (p.leftOn) put(`farewell/${p.id}/1`, p.leftOn)
  return owed
}
