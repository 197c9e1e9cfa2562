import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CompanyError, parseCompany } from '../src/company.ts'
import { makeCalendar } from '../src/domain/calendar.ts'
import { divide, exact, exactText, shown, sum } from '../src/domain/decimal.ts'
import { readSurvey, surveyForm } from '../src/domain/parse-survey.ts'
import {
  type Answers,
  canteenSurvey,
  EVERYBODY,
  employeeSurvey,
  firstOpen,
  noAnswers,
  type Survey,
  takeAnswers,
} from '../src/domain/survey.ts'
import { averageStars, lowestDimension, responseRate, tally } from '../src/domain/survey-result.ts'
import { extendedClose, nextOpening, reminderOn, roundOpeningOn } from '../src/domain/survey-round.ts'
import { checkDraw, drawSample, sampleSize } from '../src/domain/survey-sample.ts'
import { addDays, formatInstant, instantAt } from '../src/domain/time.ts'

const zone = 'Asia/Shanghai'
const calendar = makeCalendar()
const stars = (hygiene: number, price: number, taste: number, variety: number): Answers => ({
  stars: { hygiene, price, taste, variety },
  choices: {},
})

test('samples of 0 to 2,000 diners: all when fewer than 10, then 30 % rounded up, at least 10, at most 500', () => {
  const rule = canteenSurvey.sample
  for (let diners = 0; diners <= 2000; diners++) {
    const size = sampleSize(diners, rule)
    expect(size).toBeLessThanOrEqual(diners)
    if (diners < 10) expect(size).toBe(diners)
    else {
      expect(size).toBeGreaterThanOrEqual(10)
      expect(size).toBeLessThanOrEqual(500)
      // Rounded up and not more than that, in whole numbers only.
      if (size > 10 && size < 500) {
        expect(size * 10).toBeGreaterThanOrEqual(diners * 3)
        expect((size - 1) * 10).toBeLessThan(diners * 3)
      }
    }
  }
  const at = [0, 9, 10, 33, 34, 100, 101, 1666, 1667, 2000]
  expect(at.map((n) => sampleSize(n, rule))).toEqual([0, 9, 10, 10, 11, 30, 31, 500, 500, 500])
})

const ids = (n: number) => Array.from({ length: n }, (_, i) => `e${i}`)

test('a draw is repeated and checked from its seed, and any change to it is found', () => {
  const drawn = drawSample({
    seed: 'a'.repeat(32),
    rule: canteenSurvey.sample,
    candidates: ids(100),
    resting: [],
    last: [],
  })
  expect(drawn.chosen).toHaveLength(30)
  expect(checkDraw(drawn)).toBe(true)
  expect(drawSample({ ...drawn, candidates: [...drawn.candidates].reverse() }).chosen).toEqual(drawn.chosen)
  expect(checkDraw({ ...drawn, seed: 'b'.repeat(32) })).toBe(false)
  const [first, ...rest] = drawn.chosen
  const other = drawn.candidates.find((id) => !drawn.chosen.includes(id))!
  expect(first).toBeDefined()
  expect(checkDraw({ ...drawn, chosen: [...rest, other] })).toBe(false)
})

test('nobody is asked again until all others have been, nor twice in a row where that can be', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 5, max: 60 }), fc.string(), (n, percent, salt) => {
      const rule = { percent, atLeast: 3, atMost: 40 }
      const candidates = ids(n)
      const times = new Map(candidates.map((id) => [id, 0]))
      let before: { restingAfter: string[]; chosen: string[] } = { restingAfter: [], chosen: [] }
      for (let round = 0; round < 12; round++) {
        const turn = { resting: before.restingAfter, last: before.chosen }
        const drawn = drawSample({ seed: `${salt}/${round}`, rule, candidates, ...turn })
        expect(drawn.chosen).toHaveLength(sampleSize(n, rule))
        expect(checkDraw(drawn)).toBe(true)
        for (const id of drawn.chosen) times.set(id, times.get(id)! + 1)
        const counts = [...times.values()]
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        if (drawn.chosen.length * 2 <= n) expect(drawn.chosen.filter((id) => before.chosen.includes(id))).toEqual([])
        before = drawn
      }
    }),
    { numRuns: 60 },
  )
})

test('somebody new is asked once in the running turn and not again and again', () => {
  const rule = { percent: 30, atLeast: 1, atMost: 100 }
  let before = drawSample({ seed: '1', rule, candidates: ids(10), resting: [], last: [] })
  const asked: string[] = []
  for (let round = 2; round <= 3; round++) {
    const turn = { resting: before.restingAfter, last: before.chosen }
    before = drawSample({ seed: `${round}`, rule, candidates: [...ids(10), 'new'], ...turn })
    asked.push(...before.chosen)
  }
  expect(asked.filter((id) => id === 'new').length).toBeLessThanOrEqual(1)
})

test('a response is the mean of its dimensions at 20 points a star, the survey the mean of the responses, exactly', () => {
  const three = { ...canteenSurvey, dimensions: canteenSurvey.dimensions.slice(0, 3), threshold: 3 }
  const counted = tally(three, [
    { answers: stars(5, 5, 4, 1), group: '' },
    { answers: stars(4, 4, 4, 1), group: '' },
    { answers: stars(1, 2, 2, 1), group: '' },
  ])!
  // (280/3 + 80 + 100/3) / 3
  expect(counted.score).toBe('620/9')
  expect(shown(exact(counted.score!))).toBe('68.89')
  expect(counted.stars.hygiene).toEqual([1, 0, 0, 1, 1])
  expect(shown(averageStars(counted.stars.price!))).toBe('3.67')
  expect(lowestDimension(three, counted)?.id).toBe('hygiene')
})

test('the score is the mean of the means, whatever people answer', () => {
  const star = fc.integer({ min: 1, max: 5 })
  fc.assert(
    fc.property(fc.array(fc.tuple(star, star, star, star), { minLength: 5, maxLength: 40 }), (given) => {
      const responses = given.map((g) => ({ answers: stars(...g), group: '' }))
      const means = given.map((g) => divide(exact(20 * (g[0] + g[1] + g[2] + g[3])), exact(4)))
      const expected = divide(sum(means), exact(given.length))
      expect(tally(canteenSurvey, responses)!.score).toBe(exactText(expected))
    }),
  )
})

test('under five answers nothing is counted; three is the lowest that a company can choose', () => {
  const some = (n: number) => Array.from({ length: n }, () => ({ answers: stars(5, 5, 5, 5), group: 'a' }))
  expect(tally(canteenSurvey, some(4))).toBeUndefined()
  expect(tally(canteenSurvey, some(5))?.answers).toBe(5)
  const three = { ...canteenSurvey, threshold: 3 }
  expect(tally(three, some(2))).toBeUndefined()
  expect(tally(three, some(3))?.answers).toBe(3)
  expect(tally({ ...canteenSurvey, threshold: 1 }, some(2))).toBeUndefined()
})

test('no sum or difference of shown numbers is about fewer people than the threshold', () => {
  const survey = { ...employeeSurvey, dimensions: [{ id: 'overall', label: '总体' }] }
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }), (sizes) => {
      const responses = sizes.flatMap((size, g) =>
        Array.from({ length: size }, (_, i) => ({
          answers: { stars: { overall: (i % 5) + 1 }, choices: {} },
          group: `部门${g}`,
        })),
      )
      const counted = tally(survey, responses)
      if (!counted) return
      const groups = Object.values(counted.groups ?? {})
      // The attacker subtracts every choice of shown groups from the total.
      for (let mask = 0; mask < 2 ** groups.length; mask++) {
        const taken = groups.filter((_, i) => mask & (1 << i)).reduce((n, g) => n + g.answers, 0)
        const rest = counted.answers - taken
        expect(rest === 0 || rest >= survey.threshold).toBe(true)
        expect(taken === 0 || taken >= survey.threshold).toBe(true)
      }
      expect(counted.groups !== undefined).toBe(sizes.length > 1 && sizes.every((n) => n >= 5))
    }),
  )
})

test('a forged option, a sixth star and an unknown question answer nothing', () => {
  const survey: Survey = {
    ...canteenSurvey,
    choices: [
      {
        id: 'where',
        label: '在哪里',
        options: [
          { id: 'in', label: '室内' },
          { id: 'out', label: '室外' },
        ],
      },
    ],
  }
  const forged = { hygiene: '6', price: '0', taste: '5.0', variety: '-1', where: 'moon', __proto__x: '5', nothing: '3' }
  expect(takeAnswers(survey, noAnswers(), forged)).toEqual(noAnswers())
  const all = takeAnswers(survey, stars(1, 2, 3, 4), { where: 'in' })
  expect(firstOpen(survey, all)).toBeUndefined()
  expect(firstOpen(survey, stars(1, 2, 3, 4))?.id).toBe('where')
})

const opens = (survey: Survey, day: string) => {
  const plan = roundOpeningOn(survey, day, calendar, zone)
  return plan && [plan.period, formatInstant(plan.opensAt, zone), formatInstant(plan.closesAt, zone)]
}

test('rounds move to working days and last at least three of them', () => {
  expect(opens(canteenSurvey, '2026-11-20')).toEqual(['2026-11', '11月20日 11:30', '11月25日 18:00'])
  // 20 September 2026 is a Sunday that is worked; the 25th begins a holiday, the next working day is the 28th.
  expect(opens(canteenSurvey, '2026-09-20')).toEqual(['2026-09', '9月20日 11:30', '9月28日 18:00'])
  // Spring festival until the 23rd: opens on the 24th, so the 25th would leave a single working day.
  expect(opens(canteenSurvey, '2026-02-20')).toBeUndefined()
  expect(opens(canteenSurvey, '2026-02-24')).toEqual(['2026-02', '2月24日 11:30', '2月27日 18:00'])
  expect(opens(canteenSurvey, '2026-10-20')).toEqual(['2026-10', '10月20日 11:30', '10月26日 18:00'])
  expect(opens(employeeSurvey, '2026-11-10')).toBeUndefined()
  expect(opens(employeeSurvey, '2026-12-10')).toEqual(['2026-H2', '12月10日 11:30', '12月21日 18:00'])
  expect(nextOpening(canteenSurvey, '2026-11-20', calendar, zone)?.period).toBe('2026-12')
})

test('the half-yearly survey comes every June and December, moved to working days, once each', () => {
  const found: string[][] = []
  for (let day = '2025-01-01'; day <= '2026-12-31'; day = addDays(day, 1)) {
    const plan = opens(employeeSurvey, day)
    if (plan) found.push(plan)
  }
  expect(found).toEqual([
    ['2025-H1', '6月10日 11:30', '6月20日 18:00'],
    ['2025-H2', '12月10日 11:30', '12月22日 18:00'],
    // The 20th is a Saturday in the holiday of 端午, which ends on Sunday.
    ['2026-H1', '6月10日 11:30', '6月22日 18:00'],
    ['2026-H2', '12月10日 11:30', '12月21日 18:00'],
  ])
  // Set to open on a day that is off: the next working day, and still of its own half-year.
  const moved = { ...employeeSurvey, when: { ...employeeSurvey.when, opensDay: 20, closesDay: 21 } as never }
  expect(opens(moved, '2026-06-20')).toBeUndefined()
  expect(opens(moved, '2026-06-22')).toEqual(['2026-H1', '6月22日 11:30', '6月25日 18:00'])
  expect(nextOpening(moved, '2026-06-22', calendar, zone)?.period).toBe('2026-H2')
})

test('every month of 2026 has one canteen round, open on a working day', () => {
  const found: string[] = []
  for (let day = '2026-01-01'; day <= '2026-12-31'; day = addDays(day, 1)) {
    const plan = roundOpeningOn(canteenSurvey, day, calendar, zone)
    if (plan) found.push(plan.period)
    if (plan) expect(calendar.isWorkday(day)).toBe(true)
  }
  expect(found).toHaveLength(12)
  expect(new Set(found).size).toBe(12)
})

test('reminders at lunch on the two working days after the first, none on the first day and none after the close', () => {
  const round = roundOpeningOn(canteenSurvey, '2026-11-20', calendar, zone)!
  const on = (day: string) => reminderOn(round, instantAt(day, '11:30', zone), calendar, zone)
  expect(['2026-11-20', '2026-11-21', '2026-11-23', '2026-11-24', '2026-11-25', '2026-11-26'].map(on)).toEqual([
    undefined,
    undefined,
    1,
    2,
    undefined,
    undefined,
  ])
  const early = { ...round, closesAt: instantAt('2026-11-23', '11:29', zone) }
  expect(reminderOn(early, instantAt('2026-11-23', '11:30', zone), calendar, zone)).toBeUndefined()
})

test('an extension counts working days from the later of the close and today', () => {
  const closesAt = instantAt('2026-11-25', '18:00', zone)
  const to = (now: string) =>
    formatInstant(extendedClose(closesAt, new Date(now), 3, calendar, canteenSurvey, zone), zone)
  expect(to('2026-11-24T09:00:00+08:00')).toBe('11月30日 18:00')
  expect(to('2026-11-27T09:00:00+08:00')).toBe('12月2日 18:00')
})

test('75 % is reached only when it is', () => {
  expect([responseRate(749, 1000), responseRate(750, 1000), responseRate(0, 0), responseRate(5, 5)]).toEqual([
    74, 75, 0, 100,
  ])
})

test('canteen and employee surveys ship ready; what a file says is held instead', () => {
  expect(parseCompany('name: 甲').surveyList).toEqual([canteenSurvey, employeeSurvey])
  expect(parseCompany('name: 甲\nsurveys: {}').surveyList).toEqual([])
  const example = readFileSync(new URL('../company.example.yaml', import.meta.url), 'utf8')
  expect(parseCompany(example).surveyList).toEqual([canteenSurvey, employeeSurvey])
})

test('mistakes in surveys are named with their line', () => {
  const wrong = `name: 甲
surveys:
  lunch:
    title: 午餐
    every: month
    opensDay: 31
    closesDay: 25
    threshold: 2
    dimensions: { taste: 味道 }
  party:
    title: 年会
    every: once
    opensOn: 2026-12-05
    closesOn: 2026-12-01
    assesses: [炊事员]
    dimensions: { fun: 气氛 }
  empty:
    title: 空
    every: month
    opensDay: 1
    closesDay: 5
    colour: red
  few:
    title: 少
    every: month
    opensDay: 1
    closesDay: 5
    sample: { percent: 10, atLeast: 2, atMost: 50 }
    dimensions: { taste: 甲 }
  odd:
    title: 怪
    every: month
    opensDay: 1
    closesDay: 5
    dimensions: { constructor: 甲 }
`
  let problems: string[] = []
  try {
    parseCompany(wrong)
  } catch (error) {
    problems = (error as CompanyError).problems
  }
  const text = problems.join('\n')
  expect(text).toMatch(/第6行：surveys\.lunch\.opensDay：应为1到28之间的日期/)
  expect(text).toMatch(/第8行：surveys\.lunch\.threshold：不能小于3/)
  expect(text).toMatch(/第14行：surveys\.party\.closesOn：应晚于 opensOn/)
  expect(text).toMatch(/第15行：surveys\.party\.assesses：作为工作得分的调查/)
  expect(text).toMatch(/第28行：surveys\.few\.sample：至少要询问5人/)
  expect(text).toMatch(/第35行：surveys\.odd\.dimensions\.constructor：请换一个词/)
  expect(text).toMatch(/第22行：没有“surveys\.empty\.colour”这个设置/)
})

test('HR types a survey in a form, and every mistake is named at once', () => {
  const context = { today: '2026-11-25', planWeek: '2026-W48' }
  const read = readSurvey(
    '标题：年会满意度\n评分：组织、节目、餐饮\n选择：明年在哪里办=室内/户外\n范围：全员\n截止：12月5日\n匿名：是\n意见：否',
    context,
    () => 'hr-1',
  )
  expect(read).toMatchObject({
    closesOn: '2026-12-05',
    survey: {
      id: 'hr-1',
      title: '年会满意度',
      anonymous: true,
      comment: false,
      sample: EVERYBODY,
      dimensions: [{ label: '组织' }, { label: '节目' }, { label: '餐饮' }],
      choices: [{ label: '明年在哪里办', options: [{ label: '室内' }, { label: '户外' }] }],
    },
  })
  const empty = readSurvey(surveyForm, context, () => 'hr-2')
  expect('problems' in empty && empty.problems.length).toBe(3)
  const wrong = readSurvey('标题：甲\n评分：乙\n截止：11月1日\n匿名：也许\n颜色：红', context, () => 'hr-3')
  expect('problems' in wrong && wrong.problems.join()).toMatch(/颜色.*匿名.*截止/)
})
