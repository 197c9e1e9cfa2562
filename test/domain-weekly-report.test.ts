import { describe, expect, test } from 'vitest'
import { makeCalendar } from '../src/domain/calendar.ts'
import { weekDeadline } from '../src/domain/deadline.ts'
import {
  ageInWeeks,
  arePoints,
  carryOver,
  decideChange,
  describeMissing,
  isComplete,
  kindNames,
  outcomeNames,
  owesReport,
  type PlanItem,
  type Summary,
  sameContent,
  standing,
  submit,
  validateContent,
  type WeeklyContent,
  type WeekReport,
  weekStatus,
  weeksMeant,
} from '../src/domain/weekly-report.ts'

const week = '2026-W48'
const deadline = new Date('2026-11-28T04:00:00Z')
const item = (text: string, points = 20, more: Partial<PlanItem> = {}): PlanItem => ({
  text,
  kind: 'key',
  points,
  ...more,
})
const summary = (more: Partial<Summary> = {}): Summary => ({
  outcomes: [{ outcome: 'done' }],
  extra: [],
  shortcomings: '无',
  problems: '无',
  improvements: '无',
  ...more,
})
const content = (text = '招聘方案'): WeeklyContent => ({ summary: summary(), plan: [item(text)] })
const at = (time: string) => new Date(`2026-11-28T${time}+08:00`)
const send = (report: WeekReport | undefined, text: string, time: string, settled = false) =>
  submit(report, content(text), { week, at: at(time), deadline, settled })
const sent = (report: WeekReport | undefined, text: string, time: string): WeekReport => {
  const result = send(report, text, time)
  if (!('report' in result)) throw new Error(result.kind)
  return result.report
}
const counts = (report: WeekReport) => {
  const found = standing(report, deadline)
  return found && [found.submission.content.plan[0]!.text, found.late]
}

describe('handing in', () => {
  test('12:00:00 is on time, 12:00:01 is late', () => {
    expect(send(undefined, '甲', '11:59:59').kind).toBe('on-time')
    expect(send(undefined, '甲', '12:00:00').kind).toBe('on-time')
    expect(send(undefined, '甲', '12:00:01').kind).toBe('late')
  })

  test('until the deadline the last one counts and earlier ones are kept', () => {
    const report = sent(sent(undefined, '甲', '09:00:00'), '乙', '11:30:00')
    expect(counts(report)).toEqual(['乙', false])
    expect(report.submissions).toHaveLength(2)
  })

  test('after it a first one is late and a change needs consent, which costs nothing more', () => {
    const late = sent(undefined, '甲', '12:07:00')
    const asked = send(late, '乙', '12:30:00')
    expect(asked.kind).toBe('needs-consent')
    if (asked.kind !== 'needs-consent') return
    expect(counts(asked.report)).toEqual(['甲', true])
    expect(counts(decideChange(asked.report, at('12:30:00'), 'given')!)).toEqual(['乙', true])
    expect(counts(decideChange(asked.report, at('12:30:00'), 'refused')!)).toEqual(['甲', true])
    expect(decideChange(asked.report, at('12:31:00'), 'given')).toBeUndefined()
    const onTime = sent(undefined, '甲', '11:00:00')
    const change = sent(onTime, '乙', '12:00:01')
    expect(counts(change)).toEqual(['甲', false])
    expect(counts(decideChange(change, at('12:00:01'), 'given')!)).toEqual(['乙', false])
  })

  test('of several on time the last counts, in whatever order they are kept; of several late ones the first', () => {
    const one = (text: string, time: string, consent?: 'asked' | 'given' | 'refused') => ({
      content: content(text),
      at: at(time),
      ...(consent && { consent }),
    })
    const of = (...submissions: ReturnType<typeof one>[]) => counts({ week, submissions })
    expect(of(one('丙', '11:50:00'), one('甲', '11:00:00'), one('乙', '11:30:00'))).toEqual(['丙', false])
    expect(of(one('乙', '12:10:00'), one('甲', '12:05:00'))).toEqual(['甲', true])
    expect(of(one('乙', '12:10:00', 'asked'), one('甲', '12:05:00', 'refused'))).toEqual(['甲', true])
    // A change that was consented to is one of what came before it.
    expect(of(one('乙', '12:05:00', 'given'), one('甲', '12:10:00'))).toEqual(['甲', true])
    expect(of(one('甲', '12:05:00'), one('乙', '12:05:00', 'given'))).toEqual(['乙', true])
    expect(standing({ week, submissions: [] }, deadline)).toBeUndefined()
  })

  test('a request is decided once, and nothing else with it', () => {
    const asked = sent(sent(sent(undefined, '甲', '12:07:00'), '乙', '12:30:00'), '丙', '12:40:00')
    const refused = decideChange(asked, at('12:30:00'), 'refused')!
    expect(refused.submissions.map((one) => one.consent)).toEqual([undefined, 'refused', 'asked'])
    expect(decideChange(refused, at('12:30:00'), 'given')).toBeUndefined()
    expect(decideChange(refused, at('12:07:00'), 'given')).toBeUndefined()
  })

  test('one that comes late and was in time leaves decisions as they are', () => {
    const given = decideChange(sent(sent(undefined, '甲', '12:01:00'), '乙', '12:05:00'), at('12:05:00'), 'given')!
    const report = sent(given, '丙', '11:59:00')
    expect(report.submissions.map((one) => one.consent)).toEqual([undefined, 'asked', 'given'])
  })

  test('the same content again, or the same delivery, changes nothing', () => {
    const report = sent(undefined, '甲', '11:00:00')
    expect(send(report, '甲', '11:00:00').kind).toBe('unchanged')
    expect(send(report, '甲', '11:10:00').kind).toBe('unchanged')
    expect(send(report, '甲', '12:10:00').kind).toBe('unchanged')
    const changed = sent(report, '乙', '11:30:00')
    expect(send(changed, '甲', '11:00:00').kind).toBe('unchanged')
    // Back to what was handed in before, and another text in the same second, are changes.
    expect(counts(sent(changed, '甲', '11:40:00'))).toEqual(['甲', false])
    expect(send(changed, '丙', '11:00:00').kind).toBe('on-time')
    const unsaid = (): WeeklyContent => ({ summary: summary({ outcomes: [null] }), plan: [item('甲')] })
    expect(sameContent(unsaid(), unsaid())).toBe(true)
    expect(sameContent(unsaid(), content('甲'))).toBe(false)
    expect(sameContent({ plan: [item('甲')] }, { plan: [{ points: 20, kind: 'key', text: '甲' }] })).toBe(true)
    expect(sameContent({ plan: [item('甲', 20, { due: undefined as never })] }, { plan: [item('甲')] })).toBe(true)
    expect(sameContent({ plan: [item('甲', 21)] }, { plan: [item('甲')] })).toBe(false)
  })

  test('deliveries that arrive in another order give the same answer', () => {
    const report = sent(sent(undefined, '乙', '12:05:00'), '甲', '11:59:00')
    expect(counts(report)).toEqual(['甲', false])
    expect(report.submissions.map((one) => one.consent)).toEqual([undefined, 'asked'])
    const swapped = sent(sent(undefined, '乙', '11:30:00'), '甲', '11:00:00')
    expect(counts(swapped)).toEqual(['乙', false])
  })

  test('what the manager sent back may be handed in anew without further consent', () => {
    const returned = { ...sent(undefined, '甲', '11:00:00'), returnedAt: at('14:00:00') }
    const again = send(returned, '乙', '15:00:00')
    expect(again.kind).toBe('on-time')
    if (again.kind !== 'on-time') return
    expect(counts(again.report)).toEqual(['乙', false])
    expect(again.report.returnedAt).toBeUndefined()
    expect(send(again.report, '丙', '16:00:00').kind).toBe('needs-consent')
    const lateReturned = { ...sent(undefined, '甲', '12:30:00'), returnedAt: at('14:00:00') }
    expect(send(lateReturned, '乙', '15:00:00').kind).toBe('late')
    expect(send(returned, '乙', '14:00:00').kind).toBe('on-time')
    // On its way while it was sent back: a request, and still to be handed in anew.
    expect(send(returned, '乙', '13:59:59')).toMatchObject({
      kind: 'needs-consent',
      report: { returnedAt: at('14:00:00') },
    })
    expect(sent(sent(undefined, '甲', '11:00:00'), '乙', '12:30:00')).not.toHaveProperty('returnedAt')
    const early = { ...sent(undefined, '甲', '11:00:00'), returnedAt: at('11:30:00') }
    expect(sent(early, '乙', '11:40:00')).not.toHaveProperty('returnedAt')
    expect(sent({ week, submissions: [], returnedAt: at('11:30:00') }, '甲', '12:30:00')).not.toHaveProperty(
      'returnedAt',
    )
  })

  test('after settlement it is a correction', () => {
    expect(send(undefined, '甲', '12:30:00', true).kind).toBe('settled')
    expect(submit(undefined, content(), { week, at: at('11:00:00'), deadline }).kind).toBe('on-time')
  })
})

describe('what is missing', () => {
  const problems = (one: WeeklyContent, planned = 1) => validateContent(one, planned)
  const kinds = (one: WeeklyContent, planned = 1) => problems(one, planned).map((each) => each.kind)

  test('is said as a person would, and blames nobody', () => {
    expect(describeMissing(problems({ summary: summary(), plan: [item('考勤', 20, { kind: 'routine' })] }))).toBe(
      '还可补充1项（不填可能被扣分）：下周重点工作',
    )
    expect(describeMissing(problems({ plan: [] }))).toBe('还差2项：本周总结、下周计划')
    expect(
      describeMissing(problems({ summary: summary({ problems: ' ', improvements: '' }), plan: [item('甲')] })),
    ).toBe('还可补充2项（不填可能被扣分）：遇到的问题、更好的方法')
    expect(describeMissing(problems({ summary: summary({ problems: '' }), plan: [] }))).toBe(
      '还差1项：下周计划；还可补充1项（不填可能被扣分）：遇到的问题',
    )
    expect(describeMissing(problems(content()))).toBeUndefined()
  })

  test('both parts are needed; 不足, 问题 and 更好的方法 are asked for and block nothing', () => {
    expect(isComplete(problems({ summary: summary({ shortcomings: '' }), plan: [item('甲')] }))).toBe(true)
    expect(isComplete(problems({ summary: summary({ outcomes: [null] }), plan: [item('甲')] }))).toBe(true)
    expect(isComplete(problems({ plan: [item('甲')] }))).toBe(false)
    expect(isComplete(problems({ summary: summary(), plan: [] }))).toBe(false)
    expect(isComplete(problems({ plan: [item('甲')] }, 0))).toBe(true)
  })

  test('a plan of 0 points, negative points and over-long text are refused', () => {
    expect(kinds({ summary: summary(), plan: [item('甲', 0), item('乙', 0)] })).toEqual(['all-zero'])
    expect(kinds({ summary: summary(), plan: [item('甲', 0), item('乙', 1)] })).toEqual(['no-points'])
    expect(isComplete(problems({ summary: summary(), plan: [item('甲', 0), item('乙', 1)] }))).toBe(true)
    expect(kinds({ summary: summary(), plan: [item('甲', -0.01)] })).toEqual(['bad-points'])
    expect(kinds({ summary: summary(), plan: [item('长'.repeat(500))] })).toEqual([])
    expect(kinds({ summary: summary(), plan: [item('长'.repeat(501))] })).toEqual(['too-long'])
    expect(kinds({ summary: summary(), plan: Array.from({ length: 30 }, () => item('甲')) })).toEqual([])
    expect(kinds({ summary: summary(), plan: Array.from({ length: 31 }, () => item('甲')) })).toEqual(['too-many'])
    expect(kinds({ summary: summary(), plan: [item(' ')] })).toEqual(['empty-text'])
    expect(kinds({ summary: summary(), plan: [item('甲')] }, 2)).toEqual(['outcomes-mismatch'])
  })

  test('every problem says what to do, about which item, and whether it blocks', () => {
    const plan = [item(' '), item('长'.repeat(501), -1), item('乙', 0), item('丙', 1, { kind: 'routine' })]
    expect(problems({ summary: summary(), plan })).toStrictEqual([
      { level: 'wrong', kind: 'empty-text', text: '第1项没有内容', item: 1 },
      { level: 'wrong', kind: 'too-long', text: '第2项超过500字，请精简', item: 2 },
      { level: 'wrong', kind: 'bad-points', text: '第2项的分值应在0到1000之间，最多6位小数', item: 2 },
      { level: 'hint', kind: 'no-points', text: '第3项没有分值', item: 3 },
    ])
    expect(problems({ plan: [] })).toStrictEqual([
      { level: 'missing', kind: 'no-summary', text: '本周总结' },
      { level: 'missing', kind: 'no-plan', text: '下周计划' },
    ])
    const routine = Array.from({ length: 31 }, () => item('甲', 0, { kind: 'routine' }))
    expect(problems({ summary: summary(), plan: routine })).toStrictEqual([
      { level: 'hint', kind: 'no-key-item', text: '下周重点工作' },
      { level: 'wrong', kind: 'too-many', text: '计划最多30项，现有31项，请合并后再提交' },
      { level: 'wrong', kind: 'all-zero', text: '计划还没有分值，请为每项写上分值，例如“20分”' },
    ])
    expect(kinds({ summary: summary(), plan: [item('甲', 0)] })).toEqual(['all-zero'])
  })

  test('so does every problem of a summary', () => {
    const note = (size: number) => ({ outcome: 'done' as const, note: '长'.repeat(size) })
    const extra = (count: number, size: number) => Array.from({ length: count }, () => '长'.repeat(size))
    const of = (more: Partial<Summary>, planned: number) =>
      problems({ summary: summary(more), plan: [item('甲')] }, planned)
    expect(of({ outcomes: [null, note(501), note(500)], extra: extra(31, 501) }, 4)).toStrictEqual([
      { level: 'wrong', kind: 'outcomes-mismatch', text: '本周计划有4项，完成情况有3项，请核对' },
      { level: 'hint', kind: 'no-outcome', text: '第1项的完成情况', item: 1 },
      { level: 'wrong', kind: 'too-long', text: '第2项的说明超过500字，请精简', item: 2 },
      { level: 'wrong', kind: 'too-many', text: '计划外工作最多30项，请合并后再提交' },
      { level: 'wrong', kind: 'too-long', text: '计划外工作每项不超过500字，请精简' },
    ])
    const long = '长'.repeat(2001)
    expect(of({ shortcomings: '', problems: long, improvements: ' ' }, 1)).toStrictEqual([
      { level: 'hint', kind: 'no-shortcomings', text: '不足' },
      { level: 'wrong', kind: 'too-long', text: '“遇到的问题”超过2000字，请精简' },
      { level: 'hint', kind: 'no-improvements', text: '更好的方法' },
    ])
    expect(of({ problems: '' }, 1)).toStrictEqual([{ level: 'hint', kind: 'no-problems', text: '遇到的问题' }])
    expect(of({ problems: '长'.repeat(2000), extra: extra(30, 500) }, 1)).toEqual([])
  })

  test('what is wrong, or could have points, is not missing', () => {
    const plan = [item('长'.repeat(501)), item('乙', 0)]
    expect(describeMissing(problems({ summary: summary(), plan }))).toBeUndefined()
    expect(Object.values(outcomeNames)).toEqual(['完成', '部分完成', '未完成'])
    expect(Object.values(kindNames)).toEqual(['重点', '日常'])
  })

  test('points: 0 to 1000 with up to six decimals', () => {
    expect([0, 0.000001, 1000, 14.5].map(arePoints)).toEqual([true, true, true, true])
    expect([-0.5, 1000.000001, 0.0000001, Number.NaN, Number.POSITIVE_INFINITY].map(arePoints)).toEqual([
      false,
      false,
      false,
      false,
      false,
    ])
  })
})

describe('carrying over', () => {
  const from = '2026-W48'
  const to = '2026-W49'
  test('everything not done goes on, with the week that planned it first', () => {
    const plan = [item('甲'), item('乙'), item('丙', 30, { carriedFrom: '2026-W46' }), item('丁')]
    const carried = carryOver(plan, [{ outcome: 'done' }, { outcome: 'partly' }, { outcome: 'not-done' }, null], {
      from,
      to,
    })
    expect(carried.map((one) => [one.text, one.points, ageInWeeks(one, to)])).toEqual([
      ['乙', 20, 1],
      ['丙', 30, 3],
      ['丁', 20, 1],
    ])
    expect(ageInWeeks(item('甲'), to)).toBe(0)
    expect(
      ['2026-W48', '2026-W49', '2026-W50'].map((carriedFrom) => ageInWeeks(item('甲', 20, { carriedFrom }), to)),
    ).toEqual([1, 0, 0])
  })

  test('a finish day that has passed is left to be set anew', () => {
    const plan = [item('甲', 20, { due: '2026-11-29' }), item('乙', 20, { due: '2026-11-30' })]
    expect(carryOver(plan, [], { from, to }).map((one) => one.due)).toEqual([undefined, '2026-11-30'])
  })
})

describe('where a person stands with a week', () => {
  const calendar = makeCalendar()
  const due = weekDeadline(week, calendar)
  const status = (more: Partial<Parameters<typeof weekStatus>[0]> = {}) =>
    weekStatus({ week, due, now: at('11:00:00'), ...more })

  test('not owed: closed, not yet joined, first week, left, excused', () => {
    const because = (more: Parameters<typeof status>[0]) => {
      const one = status(more)
      return one.kind === 'not-owed' ? one.because : one.kind
    }
    expect(because({ due: 'closed' })).toBe('closed')
    expect(because({ joined: '2026-11-30' })).toBe('not-joined')
    expect(because({ joined: '2026-11-29' })).toBe('first-week')
    expect(because({ joined: '2026-11-23' })).toBe('first-week')
    expect(because({ joined: '2026-11-22' })).toBe('owed')
    expect(because({ left: '2026-11-27' })).toBe('left')
    expect(because({ left: '2026-11-28' })).toBe('owed')
    expect(because({ excused: true })).toBe('excused')
    expect(because({ excused: true, scored: true })).toBe('excused')
  })

  test('owed, draft, missing: the second after the deadline decides', () => {
    expect(status({ now: at('12:00:00') })).toEqual({ kind: 'owed' })
    expect(status({ now: at('12:00:01') })).toEqual({ kind: 'missing' })
    expect(status({ now: at('12:00:00'), hasDraft: true })).toEqual({ kind: 'draft', overdue: false })
    expect(status({ now: at('12:00:01'), hasDraft: true })).toEqual({ kind: 'draft', overdue: true })
  })

  test('submitted, late, returned, scored', () => {
    const report = sent(undefined, '甲', '11:00:00')
    expect(status({ report })).toEqual({ kind: 'submitted' })
    expect(status({ report: sent(undefined, '甲', '12:00:01') })).toEqual({ kind: 'late' })
    const returned = { ...report, returnedAt: at('11:30:00') }
    expect(status({ report: returned })).toEqual({ kind: 'returned' })
    expect(status({ report: sent(returned, '乙', '11:40:00') })).toEqual({ kind: 'submitted' })
    expect(status({ report: { ...report, returnedAt: at('11:00:00') } })).toEqual({ kind: 'returned' })
    expect(status({ report: { ...report, returnedAt: at('10:59:59') } })).toEqual({ kind: 'submitted' })
    expect(status({ report: { week, submissions: [], returnedAt: at('10:00:00') } })).toEqual({ kind: 'owed' })
    expect(status({ report, scored: true })).toEqual({ kind: 'scored', late: false })
    expect(status({ scored: true })).toEqual({ kind: 'scored', late: true })
  })

  test('reminders reach those who owe and nobody who has handed in', () => {
    expect((['owed', 'missing', 'returned'] as const).map((kind) => owesReport({ kind }))).toEqual([true, true, true])
    expect(owesReport({ kind: 'draft', overdue: false })).toBe(true)
    expect((['submitted', 'late'] as const).map((kind) => owesReport({ kind }))).toEqual([false, false])
    expect(owesReport({ kind: 'not-owed', because: 'excused' })).toBe(false)
  })

  test('a submission on Monday may be for the week before while that is open', () => {
    expect(weeksMeant('2026-11-30', calendar, () => true)).toEqual(['2026-W48', '2026-W49'])
    expect(weeksMeant('2026-11-30', calendar, () => false)).toEqual(['2026-W49'])
    // In the closed week of the Spring Festival only the week before it can be meant.
    expect(weeksMeant('2026-02-18', calendar, () => true)).toEqual(['2026-W07'])
    expect(weeksMeant('2026-02-18', calendar, () => false)).toEqual([])
  })
})
