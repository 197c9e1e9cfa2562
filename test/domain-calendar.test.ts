import { HolidayUtil } from 'lunar-typescript'
import { LegalHoliday } from 'tyme4ts'
import { describe, expect, test } from 'vitest'
import { makeCalendar } from '../src/domain/calendar.ts'
import { shippedHolidays, statutoryDays } from '../src/domain/holidays.ts'
import { addDays, partsOf, saturdayOf, weekday, weekOf, weeksOfMonth } from '../src/domain/time.ts'

const calendar = makeCalendar()
const everyDay = (from: string, to: string) => {
  const days: string[] = []
  for (let day = from; day <= to; day = addDays(day, 1)) days.push(day)
  return days
}

describe('the notices of 2025 and 2026', () => {
  test('all 730 days agree with two libraries', () => {
    const days = everyDay('2025-01-01', '2026-12-31')
    expect(days).toHaveLength(730)
    for (const day of days) {
      const { year, month, dayOfMonth } = partsOf(day)
      const other = LegalHoliday.fromYmd(year, month, dayOfMonth)
      const second = HolidayUtil.getHoliday(day)
      const ordinary = weekday(day) < 6
      expect([day, calendar.isWorkday(day)]).toEqual([day, other ? other.isWork() : ordinary])
      expect([day, calendar.isWorkday(day)]).toEqual([day, second ? second.isWork() : ordinary])
      expect(calendar.kind(day).known).toBe(true)
    }
  })

  test('of the 52 Saturdays of 2026 seven are holidays, four are worked and 41 are ordinary rest days', () => {
    const kinds = everyDay('2026-01-01', '2026-12-31')
      .filter((day) => weekday(day) === 6)
      .map((day) => calendar.kind(day).kind)
    const count = (kind: string) => kinds.filter((one) => one === kind).length
    expect([count('holiday'), count('makeup'), count('rest'), count('workday')]).toEqual([7, 4, 41, 0])
  })

  test.each([
    ['2026-01-03', '2025-12-31', '2026-01-04'],
    ['2026-02-21', '2026-02-14', '2026-02-24'],
    ['2026-04-04', '2026-04-03', '2026-04-07'],
    ['2026-05-02', '2026-04-30', '2026-05-06'],
    ['2026-06-20', '2026-06-18', '2026-06-22'],
    ['2026-09-26', '2026-09-24', '2026-09-28'],
    ['2026-10-03', '2026-09-30', '2026-10-08'],
  ])('holiday Saturday %s lies between the working days %s and %s', (day, before, after) => {
    expect([calendar.previousWorkday(day), calendar.nextWorkday(day)]).toEqual([before, after])
  })

  test('days have names', () => {
    expect(calendar.kind('2026-06-20')).toEqual({ kind: 'holiday', name: '端午节', known: true })
    expect(calendar.kind('2026-02-28')).toEqual({ kind: 'makeup', name: '春节', known: true })
    expect(calendar.kind('2026-11-28')).toEqual({ kind: 'rest', known: true })
    expect(calendar.kind('2026-11-27')).toEqual({ kind: 'workday', known: true })
  })

  test('working days are counted with make-up days: a result of 30 September 2026 runs to 15 October', () => {
    expect(calendar.addWorkdays('2026-09-30', 1)).toBe('2026-10-08')
    expect(calendar.addWorkdays('2026-09-30', 3)).toBe('2026-10-10')
    expect(calendar.addWorkdays('2026-09-30', 7)).toBe('2026-10-15')
    expect(calendar.addWorkdays('2026-10-15', -7)).toBe('2026-09-30')
    expect(calendar.addWorkdays('2026-10-03', 0)).toBe('2026-10-03')
  })
})

describe('closed weeks', () => {
  test('only 16 to 22 February is closed in 2026, and its plan moves past it', () => {
    const weeks = Array.from({ length: 12 }, (_, i) => weeksOfMonth(`2026-${String(i + 1).padStart(2, '0')}`)).flat()
    expect(weeks.filter(calendar.isClosedWeek)).toEqual([weekOf('2026-02-16')])
    expect(calendar.nextOpenWeek(weekOf('2026-02-14'))).toBe(weekOf('2026-02-28'))
    expect(calendar.previousOpenWeek(weekOf('2026-02-28'))).toBe(weekOf('2026-02-14'))
    expect(calendar.workdaysOfWeek(weekOf('2026-02-16'))).toEqual([])
    expect(calendar.workdaysOfWeek(weekOf('2026-02-14'))).toHaveLength(6)
  })

  test('one working day before Saturday keeps a week open, a make-up Sunday alone does not', () => {
    const days = everyDay('2026-03-02', '2026-03-07')
    const restDays = days.slice(0, 5)
    expect(makeCalendar({ company: { restDays } }).isClosedWeek(weekOf('2026-03-02'))).toBe(true)
    expect(makeCalendar({ company: { restDays: restDays.slice(1) } }).isClosedWeek(weekOf('2026-03-02'))).toBe(false)
    expect(makeCalendar({ company: { restDays, workDays: ['2026-03-08'] } }).isClosedWeek(weekOf('2026-03-02'))).toBe(
      true,
    )
    expect(makeCalendar({ company: { restDays, workDays: ['2026-03-07'] } }).isClosedWeek(weekOf('2026-03-02'))).toBe(
      false,
    )
  })
})

describe('a year without a notice', () => {
  test('has its 13 statutory days off, no make-up days, and says that it is unknown', () => {
    expect([...statutoryDays(2027).keys()].sort()).toEqual([
      '2027-01-01',
      '2027-02-05',
      '2027-02-06',
      '2027-02-07',
      '2027-02-08',
      '2027-04-05',
      '2027-05-01',
      '2027-05-02',
      '2027-06-09',
      '2027-09-15',
      '2027-10-01',
      '2027-10-02',
      '2027-10-03',
    ])
    expect([calendar.knows(2026), calendar.knows(2027)]).toEqual([true, false])
    expect(calendar.kind('2027-10-01')).toEqual({ kind: 'holiday', name: '国庆节', known: false })
    expect(calendar.kind('2027-02-08')).toEqual({ kind: 'holiday', name: '春节', known: false })
    expect(calendar.kind('2027-02-09')).toEqual({ kind: 'workday', known: false })
    expect(calendar.kind('2027-10-09')).toEqual({ kind: 'rest', known: false })
  })

  test('the statutory days of known years are all in their notices', () => {
    for (const { year } of shippedHolidays) {
      const days = statutoryDays(year)
      // 中秋 2025 fell on 6 October, inside the national holiday: still 13 different days by law.
      expect(days.size).toBe(13)
      for (const day of days.keys()) expect([day, calendar.isWorkday(day)]).toEqual([day, false])
    }
  })

  test('a placeholder without days leaves the year unknown, and an imported notice makes it known', () => {
    const empty = makeCalendar({ years: [...shippedHolidays, { year: 2027, papers: [], days: [] }] })
    expect(empty.knows(2027)).toBe(false)
    const days = [{ name: '国庆节', date: '2027-10-09', isOffDay: false }]
    const imported = makeCalendar({ years: [...shippedHolidays, { year: 2027, days }] })
    expect(imported.knows(2027)).toBe(true)
    expect(imported.kind('2027-10-09')).toEqual({ kind: 'makeup', name: '国庆节', known: true })
  })
})

describe('the company’s own days', () => {
  test('are stronger than the notice', () => {
    const own = makeCalendar({ company: { restDays: ['2026-11-27', '2026-02-28'], workDays: ['2026-10-01'] } })
    expect([own.isWorkday('2026-11-27'), own.isWorkday('2026-02-28'), own.isWorkday('2026-10-01')]).toEqual([
      false,
      false,
      true,
    ])
  })

  test('大小周: every second Saturday is worked, holidays and make-up days as the notice says', () => {
    const own = makeCalendar({ company: { alternateSaturdays: '2026-11-28' } })
    const worked = [...weeksOfMonth('2026-10'), ...weeksOfMonth('2026-11'), ...weeksOfMonth('2026-12')]
      .map(saturdayOf)
      .filter(own.isWorkday)
    expect(worked).toEqual([
      '2026-10-10',
      '2026-10-17',
      '2026-10-31',
      '2026-11-14',
      '2026-11-28',
      '2026-12-12',
      '2026-12-26',
    ])
    expect(own.kind('2026-10-03').kind).toBe('holiday')
    expect(() => makeCalendar({ company: { alternateSaturdays: '2026-11-27' } })).toThrow(RangeError)
  })
})
