import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  add,
  compare,
  decimalText,
  divide,
  exact,
  exactText,
  multiply,
  shown,
  subtract,
  sum,
  toNumber,
} from '../src/domain/decimal.ts'
import {
  type Deduction,
  isActual,
  isDeduction,
  monthScore,
  pointsText,
  requirements,
  spreadPercent,
  type WeekResult,
  weekResult,
  weekScore,
} from '../src/domain/score.ts'

const items = (planned: number[], actual: number[]) =>
  planned.map((points, index) => ({ planned: points, actual: actual[index]! }))
const incomplete: Deduction = { requirement: 'summary-complete', points: 2 }

describe('exact numbers', () => {
  test('a tenth is a tenth', () => {
    expect(exactText(add(exact(0.1), exact(0.2)))).toBe('3/10')
    expect(exactText(exact('14.50'))).toBe('29/2')
    expect(exactText(exact(1e-7))).toBe('1/10000000')
    expect(exactText(exact('275/3'))).toBe('275/3')
    for (const text of ['', 'NaN', '1/0', '1,5', '٣']) expect(() => exact(text)).toThrow(RangeError)
    expect(() => exact(Number.POSITIVE_INFINITY)).toThrow(RangeError)
  })

  test('a half is rounded up, and only when shown', () => {
    expect([
      shown(exact('89.995')),
      shown(exact('89.9949')),
      shown(exact('0.005')),
      shown(exact('-0.005')),
      shown(exact('-0.004')),
    ]).toEqual(['90.00', '89.99', '0.01', '-0.01', '0.00'])
    expect([shown(exact('2.5'), 0), shown(exact(83))]).toEqual(['3', '83.00'])
    expect(decimalText(divide(exact(1), exact(3)))).toBeUndefined()
  })

  test('the laws of arithmetic hold', () => {
    const number = fc.tuple(fc.bigInt(-9999n, 9999n), fc.bigInt(1n, 999n)).map(([n, d]) => exact(`${n}/${d}`))
    fc.assert(
      fc.property(number, number, number, (a, b, c) => {
        expect(compare(multiply(a, add(b, c)), add(multiply(a, b), multiply(a, c)))).toBe(0)
        expect(compare(subtract(add(a, b), b), a)).toBe(0)
        if (b.n !== 0n) expect(compare(multiply(divide(a, b), b), a)).toBe(0)
        expect(exactText(exact(exactText(a)))).toBe(exactText(a))
      }),
    )
  })
})

describe('a week', () => {
  test('worked example: 20+30+50, scored 18+30+40, submitted at 12:07, summary incomplete: 83', () => {
    const result = weekScore({ items: items([20, 30, 50], [18, 30, 40]), late: true, deductions: [incomplete] })
    expect(exactText(result.score)).toBe('83')
    expect(result.lines).toEqual([
      '计划分 20+30+50 = 100',
      '(18+30+40)÷100×100 = 88',
      '迟交 −3',
      '总结不完整 −2',
      '得分 83.00',
    ])
  })

  test('worked example: 40+40, scored 40+36 on time: 95', () => {
    const result = weekScore({ items: items([40, 40], [40, 36]), late: false })
    expect([exactText(result.score), result.lines]).toEqual([
      '95',
      ['计划分 40+40 = 80', '(40+36)÷80×100 = 95', '得分 95.00'],
    ])
  })

  test('keeps thirds exactly and says where a figure is only near', () => {
    const result = weekScore({ items: items([30], [20]), late: true })
    expect(exactText(result.score)).toBe('191/3')
    expect(result.lines).toEqual(['20÷30×100 ≈ 66.666667', '迟交 −3', '得分 63.67'])
    const decimals = weekScore({ items: items([0.1, 0.2], [0.1, 0.15]), late: false })
    expect(exactText(decimals.score)).toBe('250/3')
  })

  test('never falls below 0', () => {
    const deductions: Deduction[] = [incomplete, { requirement: 'plan-sound', points: 4 }]
    const low = weekScore({ items: items([100], [8]), late: true, deductions })
    expect(low.lines).toEqual([
      '8÷100×100 = 8',
      '迟交 −3',
      '总结不完整 −2',
      '计划不合理 −4',
      '合计 −1，低于0按0计',
      '得分 0.00',
    ])
    expect(exactText(low.score)).toBe('0')
    expect(exactText(weekScore({ items: items([100], [9]), late: true, deductions }).score)).toBe('0')
    expect(exactText(weekScore({ items: items([100], [9.5]), late: true, deductions }).score)).toBe('1/2')
  })

  test('refuses what is impossible', () => {
    expect(() => weekScore({ items: items([20], [20.01]), late: false })).toThrow(RangeError)
    expect(() => weekScore({ items: items([20], [-0.01]), late: false })).toThrow(RangeError)
    expect(() => weekScore({ items: items([-1], [0]), late: false })).toThrow(RangeError)
    expect(() => weekScore({ items: items([0], [0]), late: false })).toThrow('add up to 0')
    expect(() => weekScore({ items: [], late: false })).toThrow('add up to 0')
    for (const points of [1.5, 2.75, 4.5, Number.NaN])
      expect(() =>
        weekScore({ items: items([20], [20]), late: false, deductions: [{ ...incomplete, points }] }),
      ).toThrow(RangeError)
    const twice = [incomplete, incomplete]
    expect(() => weekScore({ items: items([20], [20]), late: false, deductions: twice })).toThrow(RangeError)
    expect(exactText(weekScore({ items: items([20, 0], [20, 0]), late: false }).score)).toBe('100')
  })

  test('actual points are 0 to what was planned, and a number', () => {
    const numbers = [0, 20, 20.01, -0.01, Number.POSITIVE_INFINITY, Number.NaN]
    expect(numbers.map((actual) => isActual(actual, 20))).toEqual([true, true, false, false, false, false])
  })

  test('points read as they were written', () => {
    expect([20, 14.5, 0.000001, 0].map(pointsText)).toEqual(['20', '14.5', '0.000001', '0'])
  })

  test('a deduction names what was not met', () => {
    const of = (requirement: Deduction['requirement']) =>
      weekScore({ items: items([20], [20]), late: false, deductions: [{ requirement, points: 2.5 }] }).lines[1]
    expect((Object.keys(requirements) as Deduction['requirement'][]).map(of)).toEqual([
      '总结不客观 −2.5',
      '总结不公正 −2.5',
      '总结不完整 −2.5',
      '计划不完整 −2.5',
      '计划不合理 −2.5',
    ])
  })

  test('a deduction is 2 to 4 in steps of a half', () => {
    expect([1.5, 2, 2.5, 2.75, 3, 3.5, 4, 4.5, -2, Number.NaN].map(isDeduction)).toEqual([
      false,
      true,
      true,
      false,
      true,
      true,
      true,
      false,
      false,
      false,
    ])
  })

  test('anybody can recompute the lines with a calculator', () => {
    const one = fc
      .integer({ min: 1, max: 2000 })
      .chain((cents) => fc.integer({ min: 0, max: cents }).map((got) => [cents / 20, got / 20] as const))
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 8 }), fc.boolean(), (list, late) => {
        const result = weekScore({ items: list.map(([planned, actual]) => ({ planned, actual })), late })
        const float =
          (100 * list.reduce((total, [, got]) => total + got, 0)) /
            list.reduce((total, [points]) => total + points, 0) -
          (late ? 3 : 0)
        expect(Math.abs(Number(shown(result.score, 6)) - Math.max(0, float))).toBeLessThan(1e-5)
        expect(result.lines.at(-1)).toBe(`得分 ${shown(result.score)}`)
      }),
    )
  })
})

describe('how a week counts', () => {
  const week = '2026-W48'
  const scored = [{ planned: 50, actual: 40 }]
  test('scored on time, late, and never submitted but scored, which costs 3 like late', () => {
    const score = (submitted: 'on-time' | 'late' | 'none') => {
      const result = weekResult({ week, submitted, items: scored })
      return result.kind === 'scored' ? exactText(result.score) : result.kind
    }
    expect([score('on-time'), score('late'), score('none')]).toEqual(['80', '77', '77'])
  })

  test('nothing submitted and nothing scored is 0 and flagged', () => {
    expect(weekResult({ week, submitted: 'none', items: [{ planned: 50 }] })).toMatchObject({
      kind: 'zero',
      because: 'nothing-submitted',
      lines: ['未提交，按0分计，可由直属上级免计'],
    })
    expect(weekResult({ week, submitted: 'none', items: [] })).toMatchObject({
      kind: 'zero',
      because: 'nothing-submitted',
    })
  })

  test('submitted but not wholly scored is missing, not 0', () => {
    expect(weekResult({ week, submitted: 'late', items: [{ planned: 50 }] }).kind).toBe('missing')
    expect(weekResult({ week, submitted: 'on-time', items: [...scored, { planned: 10 }] })).toMatchObject({
      kind: 'missing',
      lines: ['还差1项未评分'],
    })
    expect(weekResult({ week, submitted: 'on-time', items: [...scored, { planned: 10, actual: 0 }] }).kind).toBe(
      'scored',
    )
  })

  test('planned points of 0 are flagged and count 0', () => {
    expect(weekResult({ week, submitted: 'on-time', items: [] })).toMatchObject({
      kind: 'zero',
      because: 'no-points',
      lines: ['本周没有计划分，无法计算，暂按0分计，可由直属上级补分或免计'],
    })
  })

  test('an excused week leaves the sums even when it was scored', () => {
    expect(weekResult({ week, submitted: 'on-time', items: scored, excused: { because: '请假' } })).toEqual({
      week,
      kind: 'excused',
      lines: ['请假，不计入当月'],
    })
  })
})

describe('a month', () => {
  const week = (
    number: number,
    planned: number[],
    actual: number[],
    late = false,
    deductions: Deduction[] = [],
  ): WeekResult =>
    weekResult({
      week: `2026-W${number}`,
      submitted: late ? 'late' : 'on-time',
      items: items(planned, actual),
      deductions,
    })
  const excused = (number: number): WeekResult =>
    weekResult({ week: `2026-W${number}`, submitted: 'none', items: [], excused: { because: '请假' } })

  test('worked example: 83 and 95 and two excused weeks make 89', () => {
    const weeks = [
      week(45, [20, 30, 50], [18, 30, 40], true, [incomplete]),
      week(46, [40, 40], [40, 36]),
      excused(47),
      excused(48),
    ]
    const month = monthScore('2026-11', weeks)
    expect(month).toMatchObject({ kind: 'scored', counted: 2, score: exact(89) })
    expect(month.lines).toEqual([
      '11月2日至8日：83',
      '11月9日至15日：95',
      '11月16日至22日：不计',
      '11月23日至29日：不计',
      '(83+95)÷2 = 89',
      '2026年11月得分 89.00',
    ])
  })

  test('without a counted week has no score, never 0', () => {
    expect(monthScore('2026-11', [excused(45), excused(46)])).toEqual({
      kind: 'none',
      lines: ['11月2日至8日：不计', '11月9日至15日：不计', '2026年11月没有计分的周，不评分'],
    })
    expect(monthScore('2026-11', []).kind).toBe('none')
  })

  test('counts a week of nothing as 0', () => {
    const month = monthScore('2026-11', [
      week(45, [10], [10]),
      weekResult({ week: '2026-W46', submitted: 'none', items: [] }),
    ])
    expect(month).toMatchObject({ kind: 'scored', counted: 2, score: exact(50) })
    expect(month.lines).toEqual(['11月2日至8日：100', '11月9日至15日：0', '(100+0)÷2 = 50', '2026年11月得分 50.00'])
  })

  test('with an unscored week is missing and names it', () => {
    const missing = weekResult({ week: '2026-W46', submitted: 'late', items: [{ planned: 10 }] })
    expect(monthScore('2026-11', [week(45, [10], [10]), missing])).toEqual({
      kind: 'missing',
      weeks: ['2026-W46'],
      lines: ['还有1周未评分：11月9日至15日'],
    })
    const third = weekResult({ week: '2026-W47', submitted: 'late', items: [{ planned: 10 }] })
    expect(monthScore('2026-11', [missing, third]).lines).toEqual(['还有2周未评分：11月9日至15日、11月16日至22日'])
  })

  test('rounds once, at the end: three weeks of 191/3 are 63.67, and sums stay exact', () => {
    const weeks = [45, 46, 47].map((number) => week(number, [30], [20], true))
    const month = monthScore('2026-11', weeks)
    expect(month.kind === 'scored' && exactText(month.score)).toBe('191/3')
    expect(month.lines.at(-1)).toBe('2026年11月得分 63.67')
  })
})

describe('92 % for a week', () => {
  test('is spread over the items in proportion', () => {
    expect(spreadPercent(92, [20, 30, 50])).toEqual([18.4, 27.6, 46])
    expect(spreadPercent(100, [20, 30.5])).toEqual([20, 30.5])
    expect(spreadPercent(0, [20])).toEqual([0])
    expect(() => spreadPercent(100.01, [20])).toThrow(RangeError)
    expect(() => spreadPercent(-1, [20])).toThrow(RangeError)
  })

  test('comes out exactly whatever the plan', () => {
    const points = fc
      .integer({ min: 1, max: 1_000_000_000 })
      .map((millionths) => Number(`${Math.floor(millionths / 1e6)}.${String(millionths % 1e6).padStart(6, '0')}`))
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.array(points, { minLength: 1, maxLength: 10 }),
        (hundredths, planned) => {
          const percent = hundredths / 100
          const actual = spreadPercent(percent, planned)
          const ratio = divide(multiply(exact(100), sum(actual.map(exact))), sum(planned.map(exact)))
          expect(compare(ratio, exact(percent))).toBe(0)
          expect(actual.every((one) => compare(exact(toNumber(exact(one))), exact(one)) === 0)).toBe(true)
        },
      ),
    )
  })
})
