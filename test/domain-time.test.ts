import fc from 'fast-check'
import { SolarDay } from 'tyme4ts'
import { describe, expect, test } from 'vitest'
import {
  addDays,
  addMonths,
  dayOf,
  daysBetween,
  daysOfWeek,
  formatDay,
  formatDayFull,
  formatInstant,
  formatMonth,
  formatWeek,
  instantAt,
  isDay,
  isWeek,
  lastDayOf,
  mondayOf,
  monthOfWeek,
  nextWeek,
  previousWeek,
  saturdayOf,
  shortWeek,
  timeOf,
  weekday,
  weekOf,
  weeksBetween,
  weeksOfMonth,
} from '../src/domain/time.ts'

const SHANGHAI = 'Asia/Shanghai'

describe('days and weeks', () => {
  test('every day of 2020 to 2035 has the weekday, week and month that another calendar says', () => {
    // The ISO week by another road: count Mondays from the week with the year's first Thursday.
    let week = 1
    let year = 2020
    let day = '2019-12-30'
    let solar = SolarDay.fromYmd(2019, 12, 30)
    const seen = new Map<string, number>()
    while (day <= '2035-12-31') {
      const number = ((solar.getWeek().getIndex() + 6) % 7) + 1
      if (number === 1 && day > '2019-12-30') {
        week++
        const thursday = solar.next(3)
        if (thursday.getYear() !== year) {
          year = thursday.getYear()
          week = 1
        }
      }
      const key = `${year}-W${String(week).padStart(2, '0')}`
      expect([weekday(day), weekOf(day)]).toEqual([number, key])
      if (number === 6) {
        const month = day.slice(0, 7)
        expect([monthOfWeek(key), saturdayOf(key)]).toEqual([month, day])
        seen.set(month, (seen.get(month) ?? 0) + 1)
      }
      solar = solar.next(1)
      day = solar
        .toString()
        .replace(/(\d+)年(\d+)月(\d+)日/, (_, y, m, d) => `${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`)
    }
    for (const [month, count] of seen) if (month >= '2020-01') expect(weeksOfMonth(month)).toHaveLength(count)
  })

  test('a week belongs to the month of its Saturday', () => {
    expect(weeksOfMonth('2026-11').map(saturdayOf)).toEqual(['2026-11-07', '2026-11-14', '2026-11-21', '2026-11-28'])
    expect(weeksOfMonth('2026-10').map(saturdayOf)).toHaveLength(5)
    expect(monthOfWeek('2026-W53')).toBe('2027-01')
    expect(weekOf('2027-01-02')).toBe('2026-W53')
    expect(weeksOfMonth('2027-01')[0]).toBe('2026-W53')
  })

  test('weeks follow one another over the turn of the year', () => {
    expect(nextWeek('2026-W53')).toBe('2027-W01')
    expect(previousWeek('2027-W01')).toBe('2026-W53')
    expect(weeksBetween('2026-W50', '2027-W02')).toBe(5)
    expect(daysOfWeek('2026-W48')).toEqual([
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
      '2026-11-26',
      '2026-11-27',
      '2026-11-28',
      '2026-11-29',
    ])
  })

  test('what is no day or week is refused', () => {
    expect([isDay('2026-02-28'), isDay('2026-02-29'), isDay('2028-02-29'), isDay('2026-2-8')]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect([isWeek('2026-W53'), isWeek('2027-W53'), isWeek('2026-W00'), isWeek('2026-W1')]).toEqual([
      true,
      false,
      false,
      false,
    ])
    expect(() => addDays('2026-02-30', 1)).toThrow(RangeError)
    expect(() => mondayOf('2027-W53')).toThrow(RangeError)
    // What is a day can be reckoned with.
    expect(['0000-01-01', '0050-01-01', '0099-12-31', '0100-01-01', '9999-12-31'].map(isDay)).toEqual([
      ...[false, false, false, true, true],
    ])
    for (const day of ['0100-01-01', '9999-12-31']) expect(() => instantAt(day, '10:00', SHANGHAI)).not.toThrow()
  })

  test('months and their last days', () => {
    expect(addMonths('2026-11', 2)).toBe('2027-01')
    expect(addMonths('2026-01', -1)).toBe('2025-12')
    expect([lastDayOf('2026-02'), lastDayOf('2028-02'), lastDayOf('2026-12')]).toEqual([
      '2026-02-28',
      '2028-02-29',
      '2026-12-31',
    ])
  })

  test('adding days and counting them are each other’s inverse', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: -9_000, max: 9_000 }), (start, count) => {
        const day = addDays('1971-01-01', start)
        expect(daysBetween(day, addDays(day, count))).toBe(count)
      }),
    )
  })
})

describe('instants', () => {
  test('the company’s day begins at its own midnight, on a host in another zone', () => {
    expect(process.env.TZ).toBe('UTC')
    expect(dayOf(new Date('2026-11-27T15:59:59Z'), SHANGHAI)).toBe('2026-11-27')
    expect(dayOf(new Date('2026-11-27T16:00:00Z'), SHANGHAI)).toBe('2026-11-28')
    expect(instantAt('2026-11-28', '12:00', SHANGHAI).toISOString()).toBe('2026-11-28T04:00:00.000Z')
    expect(instantAt('2026-11-28', '00:00:01', SHANGHAI).toISOString()).toBe('2026-11-27T16:00:01.000Z')
  })

  test('summer time: the hour that is skipped and the hour that comes twice', () => {
    const zone = 'America/New_York'
    expect(instantAt('2026-03-08', '01:59', zone).toISOString()).toBe('2026-03-08T06:59:00.000Z')
    expect(instantAt('2026-03-08', '02:30', zone).toISOString()).toBe('2026-03-08T07:30:00.000Z')
    expect(instantAt('2026-03-08', '03:00', zone).toISOString()).toBe('2026-03-08T07:00:00.000Z')
    expect(instantAt('2026-11-01', '01:30', zone).toISOString()).toBe('2026-11-01T05:30:00.000Z')
    expect(instantAt('2026-11-01', '02:00', zone).toISOString()).toBe('2026-11-01T07:00:00.000Z')
    expect(instantAt('1988-07-01', '12:00', SHANGHAI).toISOString()).toBe('1988-07-01T03:00:00.000Z')
  })

  test('a written day and time come back from the instant they name, in any zone', () => {
    const zones = [
      SHANGHAI,
      'UTC',
      'Asia/Kathmandu',
      'Asia/Urumqi',
      'Europe/Berlin',
      'Pacific/Apia',
      'America/St_Johns',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 5_800 }),
        fc.constantFrom('04:30', '12:00', '23:59:59'),
        (zone, offset, time) => {
          const day = addDays('2020-01-01', offset)
          const instant = instantAt(day, time, zone)
          expect([dayOf(instant, zone), timeOf(instant, zone)]).toEqual([day, time.padEnd(8, ':00')])
        },
      ),
    )
  })

  test('malformed times and zones are refused', () => {
    expect(() => instantAt('2026-11-28', '24:00', SHANGHAI)).toThrow(RangeError)
    expect(() => instantAt('2026-11-28', '9:00', SHANGHAI)).toThrow(RangeError)
    expect(() => dayOf(new Date(0), 'Asia/Nowhere')).toThrow(RangeError)
  })
})

test('every week of a century has a name that fits on a button', () => {
  for (let week = '2000-W01'; week < '2100-W01'; week = nextWeek(week)) {
    expect([...shortWeek(week)].length, week).toBeLessThanOrEqual(10)
    expect(shortWeek(week)).not.toBe(shortWeek(nextWeek(week)))
  }
})

test('people read days in Chinese', () => {
  expect(formatDay('2026-11-28')).toBe('11月28日')
  expect(formatDayFull('2026-11-28')).toBe('11月28日（周六）')
  expect(formatInstant(new Date('2026-11-28T04:00:00Z'), SHANGHAI)).toBe('11月28日 12:00')
  expect(formatWeek('2026-W48')).toBe('11月23日至29日')
  expect(formatWeek('2026-W49')).toBe('11月30日至12月6日')
  expect(shortWeek('2026-W48')).toBe('11月23日至29日')
  expect(shortWeek('2026-W49')).toBe('11/30至12/6')
  expect(formatMonth('2026-11')).toBe('2026年11月')
})
