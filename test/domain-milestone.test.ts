import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseCompany } from '../src/company.ts'
import { makeCalendar } from '../src/domain/calendar.ts'
import { shippedHolidays } from '../src/domain/holidays.ts'
import {
  dueWords,
  isDue,
  lastReminder,
  type MilestoneRule,
  occurrenceOf,
  occurrences,
  tellsAccepter,
} from '../src/domain/milestone.ts'
import { addDays } from '../src/domain/time.ts'

const calendar = makeCalendar({ years: shippedHolidays })
const rule = (due: string, more: Partial<MilestoneRule> = {}): MilestoneRule => ({
  ...{ id: 'r', title: '节点', due, whenOff: 'earlier', ...more },
})
const dues = (r: MilestoneRule, from = '2026-01-01', to = '2026-12-31') =>
  occurrences(r, from, to, calendar).map((o) => o.due)

describe('the days of a year', () => {
  test('by the 5th: six months of 2026 have it on a day off', () => {
    const moved = (whenOff: MilestoneRule['whenOff']) =>
      occurrences(rule('5', { whenOff }), '2026-01-01', '2026-12-31', calendar)
        .filter((o) => o.due !== o.planned)
        .map((o) => `${o.planned} ${o.due.slice(5)}`)
    expect(moved('earlier')).toEqual([
      ...['2026-04-05 04-03', '2026-05-05 04-30', '2026-07-05 07-03'],
      ...['2026-09-05 09-04', '2026-10-05 09-30', '2026-12-05 12-04'],
    ])
    expect(moved('later')).toEqual([
      ...['2026-04-05 04-07', '2026-05-05 05-06', '2026-07-05 07-06'],
      ...['2026-09-05 09-07', '2026-10-05 10-08', '2026-12-05 12-07'],
    ])
    expect(moved('stay')).toEqual([])
    expect(dues(rule('5', { whenOff: 'stay' }))).toHaveLength(12)
  })

  test.each([
    // 31 January is a Saturday, 31 May a Sunday; 28 February 2026 is a Saturday that is worked.
    ['01-31', ['2026-01-30']],
    ['02-29', ['2026-02-28']],
    ['03-31', ['2026-03-31']],
    ['05-31', ['2026-05-29']],
    ['06-10', ['2026-06-10']],
    ['2026-12-20', ['2026-12-18']],
    ['2027-01-10', []],
  ])('%s falls on %j', (due, days) => {
    expect(dues(rule(due))).toEqual(days)
  })

  test('the last day of each month is the 31st of a shorter one, and keeps its cycle when it moves into another', () => {
    const ends = occurrences(rule('31', { whenOff: 'later' }), '2026-01-01', '2026-06-30', calendar)
    expect(ends.map((o) => `${o.cycle} ${o.due}`)).toEqual([
      ...['2026-01 2026-02-02', '2026-02 2026-02-28', '2026-03 2026-03-31', '2026-04 2026-04-30', '2026-05 2026-06-01'],
      '2026-06 2026-06-30',
    ])
  })

  test('every second Friday from a day on, also years later, each once whatever part is asked for', () => {
    const fortnight = rule('2026-01-09', { everyWeeks: 2, whenOff: 'stay' })
    const year = dues(fortnight, '2027-01-01', '2027-12-31')
    expect(year).toHaveLength(26)
    expect(year[0]).toBe('2027-01-08')
    expect(dues(fortnight, '2026-01-01', '2026-01-31')).toEqual(['2026-01-09', '2026-01-23'])
    expect(dues(fortnight, '2026-01-09', '2026-01-09')).toEqual(['2026-01-09'])
    const parts = Array.from({ length: 365 }, (_, n) => addDays('2027-01-01', n)).flatMap((d) => dues(fortnight, d, d))
    expect(parts).toEqual(year)
  })

  test('what is under way belongs to the same occurrence when the rule’s day is moved', () => {
    const of = (r: MilestoneRule, cycle: string, planned: string) => {
      const found = occurrenceOf(r, { cycle, planned }, calendar)
      return found && `${found.cycle} ${found.planned} ${found.due}`
    }
    expect(of(rule('12-05'), '2026', '2026-03-31')).toBe('2026 2026-12-05 2026-12-04')
    expect(of(rule('31'), '2026-02', '2026-02-05')).toBe('2026-02 2026-02-28 2026-02-28')
    expect(of(rule('2026-10-26'), '2026-10-23', '2026-10-23')).toBe('2026-10-26 2026-10-26 2026-10-26')
    const fortnight = rule('2026-12-11', { everyWeeks: 2, whenOff: 'stay' })
    expect(
      ['2026-12-04', '2026-12-17', '2026-12-18', '2027-01-10'].map((d) => of(fortnight, d, d)?.slice(0, 10)),
    ).toEqual(['2026-12-11', '2026-12-11', '2026-12-25', '2027-01-08'])
    // Before the first one, and of another kind.
    expect(of(fortnight, '2026-12-03', '2026-12-03')).toBeUndefined()
    for (const [r, cycle] of [
      [rule('03-31'), '2026-03'],
      [rule('5'), '2026'],
      [rule('5'), '2026-12-04'],
      [rule('2026-10-26'), '2026'],
      [fortnight, '2026-12'],
    ] as const)
      expect(of(r, cycle, '2026-12-31')).toBeUndefined()
  })

  test('asked day by day a year of moved days is the same as asked at once', () => {
    for (const r of [rule('5'), rule('31', { whenOff: 'later' }), rule('10-01'), rule('10-01', { whenOff: 'later' })]) {
      const parts = Array.from({ length: 365 }, (_, n) => addDays('2026-01-01', n)).flatMap((d) => dues(r, d, d))
      expect(parts).toEqual(dues(r).sort())
    }
  })
})

describe('reminders', () => {
  const all = (due: string, handIn = true) =>
    Array.from({ length: 20 }, (_, n) => addDays(due, n - 19)).flatMap((day) => {
      const last = lastReminder(day, due, handIn, calendar)
      return last?.on === day ? [`${day.slice(5)} ${last.stage}`] : []
    })
  test('14, 7, 3 and 1 days before and on the day', () => {
    expect(all('2026-12-10')).toEqual(['11-26 14', '12-03 7', '12-07 3', '12-09 1', '12-10 0'])
  })
  test('never on a day off: the working day before, once where several meet', () => {
    // 8 October follows seven days of holidays; its days 7, 3 and 1 before are all off.
    expect(all('2026-10-08')).toEqual(['09-24 14', '09-30 1', '10-08 0'])
  })
  test('one whose day was missed counts for three working days, and only the last of several', () => {
    const on = (day: string) => lastReminder(day, '2026-12-10', true, calendar)
    expect(['2026-11-25', '2026-11-27', '2026-12-01', '2026-12-02'].map(on)).toEqual([
      ...[undefined, { stage: 14, on: '2026-11-26' }, { stage: 14, on: '2026-11-26' }, undefined],
    ])
    expect(on('2026-12-08')).toEqual({ stage: 3, on: '2026-12-07' })
    expect(on('2026-12-10')).toEqual({ stage: 0, on: '2026-12-10' })
  })
  test('a day that is only told is told the day before and on the day', () => {
    expect(all('2026-12-10', false)).toEqual(['12-09 1', '12-10 0'])
  })
  test('from the third day after it whoever accepts is told', () => {
    expect(['2026-12-12', '2026-12-13'].map((d) => tellsAccepter(d, '2026-12-10'))).toEqual([false, true])
    expect(['2026-12-03', '2026-12-09', '2026-12-10', '2026-12-12'].map((d) => dueWords(d, '2026-12-10'))).toEqual([
      ...['还有7天', '还有1天', '今天到期', '逾期2天'],
    ])
  })
})

describe('the settings', () => {
  test('the calendar that ships: a year of it, on working days', () => {
    const company = parseCompany(readFileSync('examples/milestones.yaml', 'utf8'))
    const year = Object.entries(company.milestones).flatMap(([id, m]) =>
      occurrences({ ...(m as Omit<MilestoneRule, 'id'>), id }, '2026-01-01', '2026-12-31', calendar).map(
        (o) => `${o.due} ${id}`,
      ),
    )
    const yearly = year.filter((line) => !/training|meeting|exchange/.test(line)).sort()
    expect(yearly).toEqual([
      ...['2026-01-30 rules', '2026-03-31 budget-targets', '2026-05-29 budget-projects', '2026-05-29 budget-whole'],
      ...['2026-05-29 rd-plan', '2026-06-10 budget-monitor', '2026-07-31 budget-publish', '2026-09-30 rd-review'],
      '2026-12-31 rd-close',
    ])
    expect(year.filter((line) => line.endsWith('training'))).toHaveLength(12)
    expect(year.every((line) => calendar.isWorkday(line.slice(0, 10)))).toBe(true)
  })

  test.each(['03-31', '02-29', '1', '31', '2026-12-20'])('%s is a day', (due) => expect(isDue(due)).toBe(true))
  test.each(['', '13-01', '02-30', '0', '32', '2026-02-29', '3-31', '103-31', '03-311', 'x2026-12-20', '每月5日'])(
    '%s is none',
    (due) => expect(isDue(due)).toBe(false),
  )

  const mistakes = (entry: string): string => {
    try {
      parseCompany(`name: 公司\nmilestones:\n  budget: ${entry}\n`)
      return ''
    } catch (error) {
      return String(error)
    }
  }
  test('are checked with the line of each mistake', () => {
    expect(mistakes('{ title: 预算目标, due: "03-31", owners: [财务部], accepter: gm, handIn: 目标表 }')).toBe('')
    expect(mistakes('{ title: 例会, due: "2026-12-04", everyWeeks: 2, owners: [各部门] }')).toBe('')
    expect(mistakes('{ title: 例会, due: 5, owners: [各部门] }')).toBe('')
    expect(mistakes('{ title: 例会, due: "13-01", owners: [各部门] }')).toContain('第3行：milestones.budget.due：应为')
    expect(mistakes('{ title: 例会, due: 5, everyWeeks: 2, owners: [各部门] }')).toContain('due 须写第一次的日期')
    expect(mistakes('{ title: 例会, due: 5, owners: [各部门], accepter: gm }')).toContain('须写 handIn')
    expect(mistakes('{ title: 例会, due: 5, owners: [] }')).toContain('milestones.budget.owners')
  })
})
