import { Solar } from 'lunar-typescript'
import { describe, expect, test } from 'vitest'
import {
  type Birthday,
  type BirthdayRules,
  birthdayOn,
  checkBirthday,
  defaultBirthdayRules,
  formatBirthday,
  inBothCalendars,
  toLunar,
  toSolar,
} from '../src/domain/birthday.ts'
import { readBirthday, readDate } from '../src/domain/read-birthday.ts'
import { addDays, type Day } from '../src/domain/time.ts'

const lunar = (month: number, day: number, leap = false): Birthday => ({
  calendar: 'lunar',
  month,
  day,
  ...(leap && { leap }),
})
const solar = (month: number, day: number): Birthday => ({ calendar: 'solar', month, day })

const days = new Map<Day, ReturnType<typeof inBothCalendars>>()
for (let day = '2024-12-31'; day <= '2037-01-01'; day = addDays(day, 1)) days.set(day, inBothCalendars(day))

/** Every day on which a birthday is kept, from the first to the last year. */
function kept(birthday: Birthday, from: number, to: number, rules: BirthdayRules = defaultBirthdayRules): Day[] {
  return [...days.values()]
    .filter((d) => d.year >= from && d.year <= to && birthdayOn(birthday, d, rules) !== undefined)
    .map((d) => d.day)
}

describe('lunar birthdays in solar years (features.md 4.4)', () => {
  test.each<[string, Birthday, number, number, Day[]]>([
    ['正月初一', lunar(1, 1), 2026, 2029, ['2026-02-17', '2027-02-06', '2028-01-26', '2029-02-13']],
    ['八月十五', lunar(8, 15), 2025, 2028, ['2025-10-06', '2026-09-25', '2027-09-15', '2028-10-03']],
    [
      '腊月三十, on 廿九 in short months, a true one in 2030',
      lunar(12, 30),
      2025,
      2030,
      ['2025-01-28', '2026-02-16', '2027-02-05', '2028-01-25', '2029-02-12', '2030-02-02'],
    ],
    ['七月三十', lunar(7, 30), 2025, 2027, ['2025-09-21', '2026-09-10', '2027-08-31']],
    [
      '闰六月初一, in the leap month of 2025',
      lunar(6, 1, true),
      2025,
      2027,
      ['2025-07-25', '2026-07-14', '2027-07-04'],
    ],
    ['闰六月初一, in the leap month of 2036', lunar(6, 1, true), 2036, 2036, ['2036-07-23']],
    ['六月初一 in a year with both', lunar(6, 1), 2025, 2025, ['2025-06-25']],
    [
      '冬月廿五, none, one, two',
      lunar(11, 25),
      2025,
      2029,
      ['2026-01-13', '2027-01-02', '2027-12-22', '2029-01-09', '2029-12-29'],
    ],
    ['腊月初一, none, one, two', lunar(12, 1), 2025, 2028, ['2026-01-19', '2027-01-08', '2027-12-28']],
  ])('%s', (_name, birthday, from, to, expected) => {
    expect(kept(birthday, from, to)).toEqual(expected)
  })

  test('two in one solar year belong to two lunar years, so both are wished', () => {
    const years = ['2027-01-02', '2027-12-22'].map((d) => birthdayOn(lunar(11, 25), days.get(d)!, defaultBirthdayRules))
    expect(years).toEqual([2026, 2027])
  })

  test('somebody born in the leap month may keep the ordinary month in every year', () => {
    expect(kept(lunar(6, 1, true), 2025, 2025, { ...defaultBirthdayRules, leapMonth: 'ordinary' })).toEqual([
      '2025-06-25',
    ])
  })

  test('every lunar birthday comes exactly once in every lunar year', () => {
    const lunarYears = [2025, 2026, 2027, 2028, 2029, 2030, 2031, 2032, 2033, 2034, 2035]
    for (const leap of [false, true]) {
      for (let month = 1; month <= 12; month++) {
        for (const day of [1, 15, 29, 30]) {
          const years = [...days.values()].flatMap(
            (d) => birthdayOn(lunar(month, day, leap), d, defaultBirthdayRules) ?? [],
          )
          expect(
            years.filter((y) => y >= 2025 && y <= 2035),
            `${leap} ${month}/${day}`,
          ).toEqual(lunarYears)
        }
      }
    }
  })
})

describe('solar birthdays', () => {
  test('29 February is kept on 28 February in common years, or on 1 March by choice', () => {
    expect(kept(solar(2, 29), 2026, 2028)).toEqual(['2026-02-28', '2027-02-28', '2028-02-29'])
    expect(kept(solar(2, 29), 2026, 2028, { ...defaultBirthdayRules, feb29: '03-01' })).toEqual([
      '2026-03-01',
      '2027-03-01',
      '2028-02-29',
    ])
  })
  test('the days around it are their own', () => {
    expect(kept(solar(2, 28), 2027, 2028)).toEqual(['2027-02-28', '2028-02-28'])
    expect(kept(solar(3, 1), 2027, 2028)).toEqual(['2027-03-01', '2028-03-01'])
    expect(kept(solar(12, 31), 2026, 2026)).toEqual(['2026-12-31'])
  })
})

test('tyme4ts and lunar-typescript agree on every day from 2000 to 2050, and on every seventh from 1940 to 2100', () => {
  const wrong: string[] = []
  const next = (day: Day) => addDays(day, day >= '2000' && day < '2051' ? 1 : 7)
  for (let day = '1940-01-01'; day <= '2100-12-31'; day = next(day)) {
    const [y, m, d] = day.split('-').map(Number) as [number, number, number]
    const second = Solar.fromYmd(y, m, d).getLunar()
    const { lunar: first } = inBothCalendars(day)
    const same =
      first.year === second.getYear() &&
      (first.leap ? -first.month : first.month) === second.getMonth() &&
      first.day === second.getDay()
    if (!same) wrong.push(day)
  }
  expect(wrong).toEqual([])
}, 60_000)

describe('impossible dates are refused with a sentence', () => {
  const why = (birthday: Birthday, year?: number) => {
    const result = checkBirthday(birthday, year, 2026)
    return result.ok ? 'ok' : result.why
  }
  test('solar', () => {
    expect(why(solar(6, 31))).toBe('6月没有31日，请核对日期。')
    expect(why(solar(6, 30))).toBe('ok')
    expect(why(solar(13, 1))).toBe('没有13月，请核对月份。')
    expect(why(solar(2, 29))).toBe('ok')
    expect(why(solar(2, 30))).toBe('2月没有30日，请核对日期。')
    expect(why(solar(2, 29), 1990)).toBe('1990年的2月没有29日，请核对日期；不写年份也可以。')
    expect(why(solar(2, 29), 1992)).toBe('ok')
    expect(why(solar(5, 0))).toBe('5月没有0日，请核对日期。')
    expect(why(solar(5, 3), 2027)).toBe('2027年还没有到，请核对年份。')
    expect(why(solar(5, 3), 2026)).toBe('ok')
  })
  test('lunar', () => {
    expect(why(lunar(6, 30, true), 2025)).toBe('农历2025年的闰六月只有29天，没有三十，请核对日期。')
    expect(why(lunar(6, 29, true), 2025)).toBe('ok')
    expect(why(lunar(6, 30, true))).toBe('ok')
    expect(why(lunar(6, 1, true), 1990)).toBe('农历1990年没有闰六月，请核对是否闰月；不写年份也可以。')
    expect(why(lunar(5, 1, true), 1990)).toBe('ok')
    expect(why(lunar(12, 1, true))).toBe('1930年以来没有农历闰腊月初一，请核对是否闰月。')
    expect(why(lunar(8, 31))).toBe('农历每月最多30天，没有31日，请核对日期。')
  })
})

describe('birthdays as people write them', () => {
  const read = (text: string) => {
    const result = readBirthday(text, '2026-11-25')
    switch (result.kind) {
      case 'read':
        return [formatBirthday(result.birthday), result.year ?? '']
      case 'which-calendar':
        return ['?', formatBirthday(result.solar), formatBirthday(result.lunar)]
      case 'impossible':
        return result.why
      case 'unread':
        return 'unread'
    }
  }
  test.each<[string, unknown]>([
    ['1990-05-03', ['5月3日', 1990]],
    ['1990/5/3', ['5月3日', 1990]],
    ['1990.5.3', ['5月3日', 1990]],
    ['1990年5月3日', ['5月3日', 1990]],
    ['19900503', ['5月3日', 1990]],
    ['1990-05-03 00:00:00', ['5月3日', 1990]],
    ['90年5月3日', ['5月3日', 1990]],
    ['５月３日', ['5月3日', '']],
    ['5.3', ['5月3日', '']],
    ['05-03', ['5月3日', '']],
    ['五月三日', ['5月3日', '']],
    ['我的生日是 5月3号', ['5月3日', '']],
    ['公历五月三', ['5月3日', '']],
    ['农历八月十五', ['农历八月十五', '']],
    ['阴历8月15', ['农历八月十五', '']],
    ['农历 1990年八月十五', ['农历八月十五', 1990]],
    ['1990年八月十五（农历）', ['农历八月十五', 1990]],
    ['农历1990-08-15', ['农历八月十五', 1990]],
    ['腊月三十', ['农历腊月三十', '']],
    ['腊月廿九', ['农历腊月廿九', '']],
    ['冬月初八', ['农历冬月初八', '']],
    ['正月初一', ['农历正月初一', '']],
    ['闰六月初一', ['农历闰六月初一', '']],
    ['农历闰六月廿九', ['农历闰六月廿九', '']],
    ['八月十五', ['?', '8月15日', '农历八月十五']],
    ['二月三十', ['农历二月三十', '']],
    ['6月31日', '6月没有31日，请核对日期。'],
    ['2025年闰六月三十', '农历2025年的闰六月只有29天，没有三十，请核对日期。'],
    ['闰六月三十', ['农历闰六月三十', '']],
    ['2026-11-25', ['11月25日', 2026]],
    ['2026-11-26', '这个日期还没有到，请核对年份；不写年份也可以。'],
    ['公历闰六月初一', 'unread'],
    ['明天', 'unread'],
    ['', 'unread'],
    ['5月', 'unread'],
    ['35', 'unread'],
    ['腊月初十一', 'unread'],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected)
  })
})

test('a solar birth date gives the lunar birthday, and back', () => {
  expect(toLunar(2025, solar(7, 25))).toEqual(lunar(6, 1, true))
  expect(toSolar(2025, lunar(6, 1, true))).toBe('2025-07-25')
  expect(toLunar(1996, solar(7, 20))).toEqual(lunar(6, 5))
})

test('dates out of free text fields', () => {
  for (const text of [
    '2024-03-01',
    '2024/3/1',
    '2024.3.1',
    '2024年3月1日',
    '20240301',
    '２０２４－０３－０１',
    '2024-03-01 00:00:00',
  ])
    expect(readDate(text), text).toBe('2024-03-01')
  for (const text of ['2024-02-30', '三月', '', '2024-13-01', '45352']) expect(readDate(text), text).toBeUndefined()
})
