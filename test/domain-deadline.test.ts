import { describe, expect, test } from 'vitest'
import { makeCalendar } from '../src/domain/calendar.ts'
import {
  defaultDeadlineSettings,
  explainDeadline,
  explainLate,
  isOnTime,
  reminderInstants,
  scoringReminderOn,
  type WeekDeadline,
  weekDeadline,
} from '../src/domain/deadline.ts'
import {
  addWeeks,
  formatInstant,
  instantAt,
  monthOfWeek,
  saturdayOf,
  weekOf,
  weeksOfMonth,
} from '../src/domain/time.ts'

const calendar = makeCalendar()
const zone = 'Asia/Shanghai'
const at = (date: Date | undefined) => (date ? formatInstant(date, zone) : undefined)
const dueOn = (day: string) => {
  const due = weekDeadline(weekOf(day), calendar)
  return due === 'closed' ? due : at(due.deadline)
}

describe('the deadline of a week', () => {
  test('is Saturday 12:00 in an ordinary week', () => {
    expect(weekDeadline('2026-W48', calendar)).toEqual({
      deadline: new Date('2026-11-28T04:00:00Z'),
      day: '2026-11-28',
      known: true,
    })
  })

  test.each([
    ['2026-01-03', '12月31日 12:00'],
    ['2026-02-14', '2月14日 12:00'],
    ['2026-02-21', 'closed'],
    ['2026-02-28', '2月28日 12:00'],
    ['2026-04-04', '4月3日 12:00'],
    ['2026-05-02', '4月30日 12:00'],
    ['2026-05-09', '5月9日 12:00'],
    ['2026-06-20', '6月18日 12:00'],
    ['2026-09-26', '9月24日 12:00'],
    ['2026-10-03', '9月30日 12:00'],
    ['2026-10-10', '10月10日 12:00'],
  ])('for Saturday %s is %s', (saturday, expected) => {
    expect(dueOn(saturday)).toBe(expected)
  })

  test('moves only on holiday Saturdays, never out of its week, and keeps its month', () => {
    const weeks = Array.from({ length: 104 }, (_, i) => addWeeks('2025-W01', i))
    for (const week of weeks) {
      const due = weekDeadline(week, calendar)
      if (due === 'closed') continue
      expect(weekOf(due.day)).toBe(week)
      expect(due.moved !== undefined).toBe(calendar.kind(saturdayOf(week)).kind === 'holiday')
    }
    expect(monthOfWeek(weekOf('2026-10-03'))).toBe('2026-10')
  })

  test('six days off and a make-up Sunday close the week: the deadline would lie beside the one before', () => {
    // 10–17 February 2024 were off and Sunday the 18th was worked.
    const days = Array.from({ length: 8 }, (_, i) => ({ name: '春节', date: `2024-02-${10 + i}`, isOffDay: true }))
    days.push(
      { name: '春节', date: '2024-02-04', isOffDay: false },
      { name: '春节', date: '2024-02-18', isOffDay: false },
    )
    const year2024 = makeCalendar({ years: [{ year: 2024, days }] })
    expect(weekDeadline(weekOf('2024-02-17'), year2024)).toBe('closed')
    const before = weekDeadline(weekOf('2024-02-10'), year2024)
    expect(before).toMatchObject({ day: '2024-02-09', moved: { from: '2024-02-10', because: '春节' } })
  })

  test('counts the whole second: 12:00:00 is on time, 12:00:01 is late', () => {
    const deadline = instantAt('2026-11-28', '12:00', zone)
    expect(isOnTime(new Date('2026-11-28T03:59:59Z'), deadline)).toBe(true)
    expect(isOnTime(new Date('2026-11-28T04:00:00Z'), deadline)).toBe(true)
    expect(isOnTime(new Date('2026-11-28T04:00:00.999Z'), deadline)).toBe(true)
    expect(isOnTime(new Date('2026-11-28T04:00:01Z'), deadline)).toBe(false)
  })

  test('is explained in one sentence', () => {
    const say = (day: string) => explainDeadline(weekDeadline(weekOf(day), calendar))
    expect(say('2026-06-20')).toBe('因端午节放假，本周截止时间提前至6月18日（周四）12:00')
    expect(say('2026-11-28')).toBe('本周截止时间为11月28日（周六）12:00')
    expect(say('2026-02-21')).toBe('本周放假，无需提交周总结和周计划')
    expect(say('2027-10-02')).toBe(
      '因国庆节放假，本周截止时间提前至9月30日（周四）12:00（2027年放假安排尚未导入，如有调整另行通知）',
    )
  })

  test('said in another week it names its own, and once it is over what handing in costs', () => {
    const on = (today: string, week = '2026-W48') =>
      explainDeadline(weekDeadline(week, calendar), undefined, { week, today })
    expect(on('2026-11-29')).toBe('本周截止时间为11月28日（周六）12:00')
    expect(on('2026-11-30')).toBe('11月23日至29日的截止时间为11月28日（周六）12:00')
    expect(on('2026-02-15', '2026-W08')).toBe('2月16日至22日放假，无需提交周总结和周计划')
    expect(explainLate('2026-W48', weekDeadline('2026-W48', calendar) as WeekDeadline)).toBe(
      '11月23日至29日已于11月28日12:00截止；现在提交按迟交计，扣3分',
    )
  })
})

describe('reminders', () => {
  const remind = (day: string, settings = defaultDeadlineSettings, by = calendar) => {
    const times = reminderInstants(weekOf(day), by, settings)
    if (times === 'closed') return times
    return [times.first, times.morning, times.draft, times.last, times.digest, times.scoring].map(at)
  }

  test('of an ordinary week', () => {
    expect(remind('2026-11-28')).toEqual([
      '11月27日 16:00',
      '11月28日 09:00',
      '11月28日 11:00',
      '11月28日 11:30',
      '11月28日 12:00',
      '11月30日 10:00',
    ])
  })

  test('move with the deadline', () => {
    expect(remind('2026-06-20')).toEqual([
      '6月17日 16:00',
      '6月18日 09:00',
      '6月18日 11:00',
      '6月18日 11:30',
      '6月18日 12:00',
      '6月22日 10:00',
    ])
    expect(remind('2026-01-03')).toEqual([
      '12月30日 16:00',
      '12月31日 09:00',
      '12月31日 11:00',
      '12月31日 11:30',
      '12月31日 12:00',
      '1月4日 10:00',
    ])
    expect(remind('2026-02-21')).toBe('closed')
    expect(remind('2026-02-14')).toContain('2月24日 10:00')
  })

  test('never ask for two weeks at once: a Monday deadline is announced the day before', () => {
    const restDays = ['2026-03-10', '2026-03-11', '2026-03-12', '2026-03-13']
    const days = [...restDays, '2026-03-14'].map((date) => ({ name: '测试节', date, isOffDay: true }))
    const odd = makeCalendar({ years: [{ year: 2026, days }] })
    expect(remind('2026-03-14', defaultDeadlineSettings, odd)).toEqual([
      '3月8日 16:00',
      '3月9日 09:00',
      '3月9日 11:00',
      '3月9日 11:30',
      '3月9日 12:00',
      '3月16日 10:00',
    ])
  })

  test('the first comes on the working day before, also where that is not the day before', () => {
    const bridged = makeCalendar({ company: { restDays: ['2026-11-27'] } })
    expect(remind('2026-11-28', defaultDeadlineSettings, bridged)![0]).toBe('11月26日 16:00')
  })

  test('the first waits for the deadline of the week before, to the minute', () => {
    // Due on Monday the 9th; the working day before is Saturday the 7th, until noon of which the week before is open.
    const restDays = ['2026-03-10', '2026-03-11', '2026-03-12', '2026-03-13', '2026-03-14']
    const days = restDays.map((date) => ({ name: '测试节', date, isOffDay: true }))
    const odd = makeCalendar({ years: [{ year: 2026, days }], company: { workDays: ['2026-03-07'] } })
    const first = (firstReminder: string) =>
      remind('2026-03-14', { ...defaultDeadlineSettings, firstReminder }, odd)![0]
    expect([first('12:00'), first('12:01')]).toEqual(['3月8日 12:00', '3月7日 12:01'])
  })

  test('a quarter of an hour apart is far enough, a minute less is not', () => {
    const apart = (lastReminderMinutes: number, draftReminderMinutes: number) => {
      const times = remind('2026-11-28', { ...defaultDeadlineSettings, lastReminderMinutes, draftReminderMinutes })
      return [times![2], times![3]]
    }
    expect(apart(15, 30)).toEqual(['11月28日 11:30', '11月28日 11:45'])
    expect(apart(14, 29)).toEqual(['11月28日 11:31', undefined])
    expect(apart(15, 29)).toEqual([undefined, '11月28日 11:45'])
    expect(apart(30, -20)[0]).toBeUndefined()
  })

  test('are left out where they would come at the deadline, after it or within minutes of the next', () => {
    const early = { ...defaultDeadlineSettings, deadlineTime: '09:30' }
    expect(remind('2026-11-28', early)).toEqual([
      '11月27日 16:00',
      undefined,
      '11月28日 08:30',
      '11月28日 09:00',
      '11月28日 09:30',
      '11月30日 10:00',
    ])
    const late = { ...defaultDeadlineSettings, morningReminder: '13:00', draftReminderMinutes: 35 }
    expect(remind('2026-11-28', late)).toEqual([
      '11月27日 16:00',
      undefined,
      undefined,
      '11月28日 11:30',
      '11月28日 12:00',
      '11月30日 10:00',
    ])
  })

  test('of every week of 2025 and 2026 are in order, apart, and before the deadline', () => {
    const months = [2025, 2026].flatMap((year) =>
      Array.from({ length: 12 }, (_, i) => `${year}-${String(i + 1).padStart(2, '0')}`),
    )
    let previousDigest = 0
    for (const week of months.flatMap(weeksOfMonth)) {
      const times = reminderInstants(week, calendar)
      if (times === 'closed') continue
      const order = [times.first!, times.morning!, times.draft!, times.last!, times.digest, times.scoring].map((one) =>
        one.getTime(),
      )
      for (let i = 1; i < order.length; i++) expect(order[i]! - order[i - 1]!).toBeGreaterThanOrEqual(15 * 60_000)
      expect(order[0]!).toBeGreaterThan(previousDigest)
      previousDigest = times.digest.getTime()
    }
  })

  test('to score come on every working day after the deadline’s, at 10:00', () => {
    const on = (day: string) => at(scoringReminderOn(day, '2026-W48', calendar))
    expect([on('2026-11-28'), on('2026-11-29'), on('2026-11-30'), on('2026-12-01'), on('2026-12-05')]).toEqual([
      undefined,
      undefined,
      '11月30日 10:00',
      '12月1日 10:00',
      undefined,
    ])
    // Not while it is due, and not on its day, though both are worked.
    expect(on('2026-11-27')).toBeUndefined()
    expect(scoringReminderOn('2026-06-18', weekOf('2026-06-20'), calendar)).toBeUndefined()
    expect(scoringReminderOn('2026-02-24', weekOf('2026-02-21'), calendar)).toBeUndefined()
  })
})
