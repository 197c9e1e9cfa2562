import { describe, expect, test } from 'vitest'
import {
  type BehaviourFact,
  behaviourSum,
  caseTitle,
  defaultCases,
  pointChoices,
  takesPoints,
} from '../src/domain/behaviour.ts'
import { makeCalendar } from '../src/domain/calendar.ts'
import { exact } from '../src/domain/decimal.ts'
import { appealLeft, appealUntil, dayText, type MonthSettings, monthDates } from '../src/domain/month-dates.ts'
import { distribution, gradeOf, type SettleFacts, settle, shownTotal } from '../src/domain/settlement.ts'

const grades = [
  { name: 'A', from: 90 },
  { name: 'B', from: 80 },
  { name: 'C', from: 60 },
  { name: 'D', from: 0 },
]
const late: BehaviourFact = { id: 'b1', day: '2026-11-05', title: '会议迟到', points: '-2', times: 1, facts: '' }
const praise: BehaviourFact = { id: 'b2', day: '2026-11-03', title: '部门表扬', points: '3', times: 1, facts: '' }
const facts = (more: Partial<SettleFacts> = {}, work: number | string = 89): SettleFacts => ({
  month: '2026-11',
  parts: [
    {
      from: '2026-11-01',
      to: '2026-11-30',
      position: '行政人事助理',
      scheme: '周计划',
      work: { kind: 'scored', score: exact(work), lines: ['(83+95)÷2 = 89'] },
    },
  ],
  behaviour: [late, praise],
  adjustments: [],
  grades,
  ruleVersion: 'r1',
  ...more,
})

describe('the month of one person', () => {
  test('work score plus behaviour, with every line of it', () => {
    const result = settle(facts({ previous: '88.50' }))
    expect(result).toMatchObject({
      work: '89',
      shownWork: '89.00',
      plus: '3',
      minus: '2',
      total: '90',
      shownTotal: '90.00',
      grade: 'A',
      change: '+1.50',
      missing: [],
    })
    expect(result.sections.map((s) => s.title)).toEqual(['工作得分', '日常行为', '总分'])
    expect(result.sections[1]!.lines).toEqual(['11月3日 部门表扬：+3', '11月5日 会议迟到：−2'])
    expect(result.sections[2]!.lines).toEqual([
      '工作得分 89',
      '加分 3，扣分 2',
      '89+3−2 = 90',
      '总分 90.00，等级A',
      '上月 88.50，较上月 +1.50',
    ])
    const worse = settle(facts({ previous: '91.25', behaviour: [late] }))
    expect(worse.sections[1]!.lines).toEqual(['11月5日 会议迟到：−2'])
    expect(worse.sections[2]!.lines.at(-1)).toBe('上月 91.25，较上月 −4.25')
    expect(settle(facts({ behaviour: [] })).sections[1]!.lines).toEqual(['本月没有记录'])
  })

  test('a total below every grade has none, and its line names none', () => {
    const result = settle(facts({ grades: [{ name: 'A', from: 95 }] }))
    expect(result.sections[2]!.lines.at(-1)).toBe('总分 90.00')
    expect('grade' in result).toBe(false)
  })

  test('the same facts give the same bytes, in whatever order the records come', () => {
    const once = JSON.stringify(settle(facts()))
    expect(JSON.stringify(settle(facts({ behaviour: [praise, late] })))).toBe(once)
  })

  test('the total never falls below 0; behaviour itself may', () => {
    const result = settle(facts({ behaviour: [{ ...late, points: '-12', times: 8 }] }, 80))
    expect(result).toMatchObject({ minus: '96', total: '0', grade: 'D' })
    expect(result.sections[2]!.lines).toContain('低于0按0计')
    expect(settle(facts({ behaviour: [{ ...late, points: '-10', times: 8 }] }, 80)).total).toBe('0')
  })

  test('without a work score there is no total and no grade, never 0 or D', () => {
    const part = { ...facts().parts[0]!, work: { kind: 'none' as const, lines: ['没有计分的周'] } }
    const result = settle(facts({ parts: [part] }))
    expect(result.total).toBeUndefined()
    expect(result.grade).toBeUndefined()
    expect(result.missing).toEqual([])
  })

  test('what is missing is named, and nothing is made up for it', () => {
    const part = { ...facts().parts[0]!, work: { kind: 'missing' as const, missing: ['还有1周未评分'], lines: [] } }
    expect(settle(facts({ parts: [part] }))).toMatchObject({ missing: ['还有1周未评分'] })
    expect(settle(facts({ parts: [part] })).total).toBeUndefined()
    const { scheme: _, ...unassigned } = part
    expect(settle(facts({ parts: [unassigned] })).missing).toEqual(['岗位“行政人事助理”没有设置考核方案'])
    // Its points, if it has any, count for nothing.
    const scored = { ...unassigned, position: '', work: facts().parts[0]!.work }
    const result = settle(facts({ parts: [scored] }))
    expect(result).toMatchObject({ position: '', scheme: '', missing: ['岗位“未填写”没有设置考核方案'] })
    expect(result.total).toBeUndefined()
    expect(settle(facts({ parts: [] }))).toMatchObject({ position: '', scheme: '', missing: [] })
  })

  test('who joined or left inside the month reads so in the first lines', () => {
    expect(settle(facts({ joined: '2026-11-16' })).sections[0]!.lines[0]).toBe('11月16日入职，只计在职期间')
    expect(settle(facts({ joined: '2026-11-01' })).sections[0]!.lines[0]).toBe('(83+95)÷2 = 89')
    expect(settle(facts({ left: '2026-11-20' })).sections[0]!.lines[0]).toBe('11月20日离职，只计在职期间')
    expect(settle(facts({ left: '2026-11-30' })).sections[0]!.lines[0]).toBe('(83+95)÷2 = 89')
    expect(settle(facts({ joined: '2026-11-30' })).sections[0]!.lines[0]).toBe('11月30日入职，只计在职期间')
    expect(settle(facts({ left: '2026-11-01' })).sections[0]!.lines[0]).toBe('11月1日离职，只计在职期间')
    for (const other of [
      { joined: '2026-12-01' },
      { joined: '2020-03-01' },
      { left: '2026-10-31' },
      { left: '2027-01-05' },
    ])
      expect(settle(facts(other)).sections[0]!.lines).toEqual(['(83+95)÷2 = 89'])
  })

  test('a change of position counts by calendar days', () => {
    const work = (n: number) => ({ kind: 'scored' as const, score: exact(n), lines: [`${n}`] })
    const parts = [
      { from: '2026-11-01', to: '2026-11-10', position: '司机', scheme: '检查', work: work(80) },
      { from: '2026-11-11', to: '2026-11-30', position: '车队队长', scheme: '周计划', work: work(95) },
    ]
    const result = settle(facts({ parts, behaviour: [] }))
    expect(result).toMatchObject({ work: '90', position: '车队队长', scheme: '周计划' })
    expect(result.sections[0]!.lines).toEqual([
      '司机 11月1日至11月10日（10天）',
      '80',
      '车队队长 11月11日至11月30日（20天）',
      '95',
      '(80×10+95×20)÷30 = 90',
    ])
    const third = { ...parts[0]!, from: '2026-11-21', to: '2026-11-30', position: '', work: work(100) }
    const three = settle(facts({ parts: [parts[0]!, { ...parts[1]!, to: '2026-11-20' }, third] }))
    expect(three).toMatchObject({ position: '', scheme: '检查' })
    expect(three.sections[0]!.lines).toContain('未填岗位 11月21日至11月30日（10天）')
  })

  test('an accepted appeal stands on a line of its own', () => {
    const result = settle(facts({ adjustments: [{ points: '1.5', reason: '申诉成立', day: '2026-12-09' }] }))
    expect(result.total).toBe('183/2')
    expect(result.sections[2]).toEqual({ title: '更正', lines: ['12月9日 申诉成立：+1.5'] })
    expect(result.sections[3]!.lines.slice(1, 4)).toEqual(['加分 3，扣分 2', '更正 +1.5', '89+3−2+1.5 = 91.5'])
    const back = settle(facts({ adjustments: [{ points: '-1.5', reason: '更正', day: '2026-12-09' }] }))
    expect(back.sections[3]!.lines.slice(2, 4)).toEqual(['更正 −1.5', '89+3−2−1.5 = 88.5'])
  })
})

describe('grades', () => {
  test('from the exact total, and shown with enough digits not to lie', () => {
    expect(gradeOf(exact('90'), grades)).toBe('A')
    expect(gradeOf(exact('89.995'), grades)).toBe('B')
    expect(shownTotal(exact('89.995'), grades)).toBe('89.995')
    expect(shownTotal(exact('89.994'), grades)).toBe('89.99')
    expect(shownTotal(exact('90'), grades)).toBe('90.00')
    expect(shownTotal(exact('269999/3000'), grades)).toBe('89.9997')
    // Twelve places at most, whatever grade they then look like.
    expect(shownTotal(exact('89.999999999996'), grades)).toBe('89.999999999996')
    expect(shownTotal(exact('89.9999999999996'), grades)).toBe('90.000000000000')
    expect(gradeOf(exact('-1'), grades)).toBeUndefined()
  })

  test.each([
    ['90', 'A'],
    ['89.9999999', 'B'],
    ['80', 'B'],
    ['79.9999999', 'C'],
    ['60', 'C'],
    ['59.9999999', 'D'],
    ['0', 'D'],
  ])('%s is %s, and shows as no other', (total, grade) => {
    expect(gradeOf(exact(total), grades)).toBe(grade)
    expect(gradeOf(exact(shownTotal(exact(total), grades)), grades)).toBe(grade)
  })

  test('a guide share warns over the pool, never under five people', () => {
    const of = (...names: string[]) => names.map((grade) => ({ grade }))
    const five = distribution(of('A', 'A', 'B', 'B', 'B'), grades, { A: 20 })
    expect(five.grades[0]).toEqual({ name: 'A', count: 2, share: '40.0', guide: 20, over: 1 })
    expect(distribution(of('A', 'B', 'B', 'B', 'B'), grades, { A: 20 }).grades[0]!.over).toBeUndefined()
    expect(distribution(of('A', 'A', 'A', 'A'), grades, { A: 20 }).grades[0]!.over).toBeUndefined()
    expect(distribution([{}, ...of('A')], grades).counted).toBe(1)
    // What the share allows is rounded up: 43 % of seven are 3.01, so four.
    const seven = (...names: string[]) => distribution(of(...names, 'B', 'B', 'B'), grades, { A: 43 }).grades
    expect(seven('A', 'A', 'A', 'A')[0]!.over).toBeUndefined()
    expect(distribution(of(...'AAAAABB'), grades, { A: 43 }).grades[0]!.over).toBe(1)
    expect(seven('A', 'A', 'A', 'A')[1]).toStrictEqual({ name: 'B', count: 3, share: '42.9' })
    expect(distribution([], grades).grades[0]).toStrictEqual({ name: 'A', count: 0, share: '0.0' })
  })
})

describe('behaviour', () => {
  const byId = (id: string) => defaultCases.find((c) => c.id === id)!
  test('a fixed case takes no other number, a range takes its steps of half a point', () => {
    expect(pointChoices(byId('meeting-late'))).toEqual(['-2'])
    expect(pointChoices(byId('error'))).toEqual(['-0.5', '-1', '-1.5', '-2'])
    expect(takesPoints(byId('attitude'), '-5')).toBe(true)
    expect(takesPoints(byId('attitude'), '-5.5')).toBe(false)
    expect(takesPoints(byId('attitude'), '-1.5')).toBe(false)
    expect(takesPoints(byId('attitude'), '-2.3')).toBe(false)
    expect(takesPoints(byId('attitude'), '2')).toBe(false)
    expect(pointChoices(byId('other-reward'))).toHaveLength(20)
  })
  test('the table of 篇三 is whole', () => {
    expect(defaultCases.map((c) => `${caseTitle(c)} ${c.least}${c.most === c.least ? '' : `…${c.most}`}`)).toContain(
      '公司处罚警告 -12',
    )
    expect(defaultCases.filter((c) => c.by === 'hr').map((c) => c.name)).toEqual([
      '通报批评',
      '警告',
      '公司表扬',
      '记功',
    ])
    expect(byId('vehicle').positions).toEqual(['司机'])
  })
  test('several times are written out', () => {
    expect(behaviourSum([{ ...late, times: 3 }]).lines).toEqual(['11月5日 会议迟到：3次，每次−2，共−6'])
  })
})

describe('the dates of a month', () => {
  const settings: MonthSettings = {
    settleDay: 1,
    settleTime: '09:00',
    confirmDay: 3,
    approveDay: 4,
    publishDay: 5,
    publishTime: '10:00',
    appealDays: 3,
  }
  const calendar = makeCalendar()
  const days = (month: string) => {
    const d = monthDates(month, calendar, settings, 'Asia/Shanghai')
    return [d.settle.day, d.confirm.day, d.approve.day, d.publish.day]
  }
  test('ordinary: 1st, 3rd, 4th, 5th; a day off moves to the next working day', () => {
    expect(days('2026-10')).toEqual(['2026-11-02', '2026-11-03', '2026-11-04', '2026-11-05'])
    expect(days('2026-11')).toEqual(['2026-12-01', '2026-12-03', '2026-12-04', '2026-12-07'])
    expect(monthDates('2026-11', calendar, settings, 'Asia/Shanghai').publish.at).toEqual(
      new Date('2026-12-07T10:00+08:00'),
    )
  })
  test('behind the October holiday the steps keep a working day each, the make-up Saturday among them', () => {
    expect(days('2026-09')).toEqual(['2026-10-08', '2026-10-09', '2026-10-10', '2026-10-12'])
    const d = monthDates('2026-09', calendar, settings, 'Asia/Shanghai')
    expect(dayText(d.settle)).toBe('10月8日（周四，因国庆节由10月1日顺延）')
    expect(dayText(d.publish)).toBe('10月12日（周一，因国庆节由10月5日顺延）')
  })
  test('an appeal is open until midnight of the third working day; the holidays stop the clock', () => {
    const open = appealUntil('2026-12-07', 3, calendar, 'Asia/Shanghai')
    expect(open.day).toBe('2026-12-10')
    expect(open.until).toEqual(new Date('2026-12-11T00:00+08:00'))
    // Released 30 September: day 1 is 8 October, the 10th is worked, the seventh is the 15th (features.md B9).
    expect(appealUntil('2026-09-30', 7, calendar, 'Asia/Shanghai').day).toBe('2026-10-15')
    expect(appealLeft('2026-10-13', '2026-10-15', calendar)).toBe('还剩3个工作日（至10月15日）')
    expect(appealLeft('2026-10-11', '2026-10-15', calendar)).toBe('还剩4个工作日（至10月15日）')
    expect(appealLeft('2026-10-15', '2026-10-15', calendar)).toBe('还剩1个工作日（至10月15日）')
  })
})
