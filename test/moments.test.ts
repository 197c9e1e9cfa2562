import { describe, expect, test } from 'vitest'
import { makeCalendar } from '../src/domain/calendar.ts'
import {
  type MomentPerson,
  type MomentSettings,
  momentsOn,
  termStage,
  variantOf,
  wishDay,
} from '../src/domain/moments.ts'
import { addDays, type Day } from '../src/domain/time.ts'

const calendar = makeCalendar()
const settings: MomentSettings = { restDay: 'same-day', feb29: '02-28' }
const lin: MomentPerson = { id: 'lin', active: true, stint: 1, wishes: 'all' }

function on(person: MomentPerson, day: Day, more: Partial<MomentSettings> = {}): string[] {
  const own = { ...settings, ...more }
  return momentsOn(person, wishDay(day, calendar, own), own).map((m) =>
    m.kind === 'wish' ? `${m.birthday ? 'birthday' : ''}${m.years === undefined ? '' : `+${m.years}`}` : m.key,
  )
}

describe('welcome', () => {
  const hired = { ...lin, joinedOn: '2026-11-02' }
  test('from the hire date on and for thirty days, under one key', () => {
    expect(on(hired, '2026-11-01')).toEqual([])
    expect(on(hired, '2026-11-02')).toEqual(['welcome/lin/1'])
    expect(on(hired, '2026-12-02')).toContain('welcome/lin/1')
    expect(on(hired, '2026-12-03')).toEqual([])
  })
  test('without a hire date from the day of appearing; never for people the bot found there', () => {
    expect(on({ ...lin, appearedOn: '2026-11-02' }, '2026-11-02')).toEqual(['welcome/lin/1'])
    expect(on(lin, '2026-11-02')).toEqual([])
  })
  test('again for somebody who comes back', () => {
    expect(on({ ...hired, stint: 2 }, '2026-11-02')).toEqual(['welcome/lin/2'])
  })
})

describe('check-ins on day 7 and 30, on the next working day when that is off', () => {
  // 2026-11-02 is a Monday: day 7 is Sunday the 8th, day 30 Tuesday 1 December.
  const hired = { ...lin, joinedOn: '2026-11-02' }
  const checkIns = (day: Day) => on(hired, day).filter((k) => k.startsWith('check-in'))
  test.each<[Day, string[]]>([
    ['2026-11-07', []],
    ['2026-11-08', []],
    ['2026-11-09', ['check-in/lin/1/7']],
    ['2026-11-10', []],
    ['2026-11-30', []],
    ['2026-12-01', ['check-in/lin/1/30']],
    ['2026-12-02', []],
  ])('%s', (day, expected) => expect(checkIns(day)).toEqual(expected))
})

describe('wishes', () => {
  const may3 = { ...lin, birthday: { calendar: 'solar' as const, month: 5, day: 3 } }
  test('on the day itself, also when it is off', () => {
    expect(on(may3, '2026-05-02')).toEqual([])
    expect(on(may3, '2026-05-03')).toEqual(['birthday'])
    expect(on(may3, '2026-05-04')).toEqual([])
  })
  test('or on the working day before, where the company wants that', () => {
    // 1–5 May 2026 are off.
    expect(on(may3, '2026-04-29', { restDay: 'workday-before' })).toEqual([])
    expect(on(may3, '2026-04-30', { restDay: 'workday-before' })).toEqual(['birthday'])
    expect(on(may3, '2026-05-03', { restDay: 'workday-before' })).toEqual([])
    // A working day keeps its own.
    const may6 = { ...lin, birthday: { calendar: 'solar' as const, month: 5, day: 6 } }
    expect(on(may6, '2026-05-06', { restDay: 'workday-before' })).toEqual(['birthday'])
    expect(on(may6, '2026-04-30', { restDay: 'workday-before' })).toEqual([])
  })
  test('birthday and anniversary on one day are one message; years of service from the first year on', () => {
    const both = { ...may3, joinedOn: '2024-05-03' }
    expect(on(both, '2024-05-03').filter((k) => !k.startsWith('welcome'))).toEqual(['birthday'])
    expect(on(both, '2026-05-03')).toEqual(['birthday+2'])
    expect(on({ ...lin, joinedOn: '2024-05-03' }, '2026-05-03')).toEqual(['+2'])
    expect(on({ ...lin, joinedOn: '2024-05-03' }, '2026-05-04')).toEqual([])
  })
  test('sent ahead of a weekend that holds both days, they are one message too', () => {
    // 2026-11-28 is a Saturday.
    const weekend = { ...lin, birthday: { calendar: 'solar' as const, month: 11, day: 28 }, joinedOn: '2023-11-29' }
    expect(on(weekend, '2026-11-27', { restDay: 'workday-before' })).toEqual(['birthday+3'])
    expect(on(weekend, '2026-11-28')).toEqual(['birthday'])
    expect(on(weekend, '2026-11-29')).toEqual(['+3'])
  })
  test('hired on 29 February: kept like a birthday of that day', () => {
    const leap = { ...lin, joinedOn: '2024-02-29' }
    expect(on(leap, '2026-02-28')).toEqual(['+2'])
    expect(on(leap, '2026-03-01')).toEqual([])
    expect(on(leap, '2028-02-28')).toEqual([])
    expect(on(leap, '2028-02-29')).toEqual(['+4'])
  })
  test("none for those who want none; the choice of the day is the person's", () => {
    expect(on({ ...may3, wishes: 'none' }, '2026-05-03')).toEqual([])
    const feb29 = { ...lin, birthday: { calendar: 'solar' as const, month: 2, day: 29 }, feb29: '03-01' as const }
    expect(on(feb29, '2027-02-28')).toEqual([])
    expect(on(feb29, '2027-03-01')).toEqual(['birthday'])
  })
  test('public only for those who have not said no', () => {
    const wish = (wishes: MomentPerson['wishes']) =>
      momentsOn({ ...may3, wishes }, wishDay('2026-05-03', calendar, settings), settings)
    expect(wish('all')).toMatchObject([{ public: true }])
    expect(wish('private')).toMatchObject([{ public: false }])
  })
})

describe('leaving', () => {
  const leaver = { ...lin, joinedOn: '2020-11-30', leftOn: '2026-11-30' }
  test('the last day still counts, the day after nothing does', () => {
    expect(on(leaver, '2026-11-29')).toEqual([])
    expect(on(leaver, '2026-11-30')).toEqual(['+6', 'farewell/lin/1'])
    expect(on({ ...leaver, leftOn: '2026-11-29' }, '2026-11-30')).toEqual([])
    expect(on({ ...leaver, active: false }, '2026-11-30')).toEqual([])
  })
  test('no wish ahead for a day after the last one', () => {
    const saturday = { ...lin, birthday: { calendar: 'solar' as const, month: 11, day: 28 }, leftOn: '2026-11-27' }
    expect(on(saturday, '2026-11-27', { restDay: 'workday-before' })).toEqual(['farewell/lin/1'])
    expect(on({ ...saturday, leftOn: '2026-11-28' }, '2026-11-27', { restDay: 'workday-before' })).toEqual(['birthday'])
  })
})

describe('ends of probation and contract', () => {
  // Ends on Monday 30 November 2026.
  const stage = (today: Day) => termStage('probation', '2026-11-30', today, calendar)
  test.each<[Day, string | undefined]>([
    ['2026-11-13', undefined],
    ['2026-11-16', '14'],
    ['2026-11-20', '14'],
    ['2026-11-21', undefined],
    ['2026-11-23', '7'],
    // The third day before is a Friday, the one before the end a Sunday, which is told on that Friday.
    ['2026-11-26', '7'],
    ['2026-11-27', '1'],
    ['2026-11-30', '0'],
    ['2026-12-01', 'overdue-2026-W49'],
    ['2026-12-04', 'overdue-2026-W49'],
    ['2026-12-07', 'overdue-2026-W50'],
    ['2026-12-05', undefined],
  ])('probation on %s', (today, expected) => expect(stage(today)).toBe(expected))

  test('a stage on a day off is told on the working day before', () => {
    // 14 days before 2026-12-05 is Saturday 21 November.
    expect(termStage('probation', '2026-12-05', '2026-11-19', calendar)).toBeUndefined()
    expect(termStage('probation', '2026-12-05', '2026-11-20', calendar)).toBe('14')
  })
  test('contracts 60 and 30 days before; entered late, the one that has passed', () => {
    expect(termStage('contract', '2027-01-25', '2026-11-25', calendar)).toBeUndefined()
    expect(termStage('contract', '2027-01-24', '2026-11-25', calendar)).toBe('60')
    expect(termStage('contract', '2026-12-26', '2026-11-25', calendar)).toBe('60')
    expect(termStage('contract', '2026-12-25', '2026-11-25', calendar)).toBe('30')
  })
})

test('neighbours get different words: on one day, on the days around, and in another year', () => {
  for (let day = '2026-01-01'; day < '2027-01-01'; day = addDays(day, 1)) {
    const today = [0, 1, 2].map((place) => variantOf(day, place, 8))
    const tomorrow = [0, 1, 2].map((place) => variantOf(addDays(day, 1), place, 8))
    expect(new Set([...today, ...tomorrow]).size).toBe(6)
    const nextYear = `2027${day.slice(4)}`
    expect(variantOf(nextYear, 0, 8)).not.toBe(variantOf(day, 0, 8))
  }
})
