import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type CompanyError, parseCompany, schemeFor } from '../src/company.ts'
import { exact, shown } from '../src/domain/decimal.ts'
import {
  checklistWork,
  combineWork,
  type KpiScheme,
  kpiWork,
  type RaterGroup,
  ratersWork,
  surveyWork,
  type Work,
  weeklyWork,
} from '../src/domain/schemes.ts'

const mistakes = (source: string): string[] => {
  try {
    parseCompany(source)
    return []
  } catch (error) {
    return (error as CompanyError).problems
  }
}
const value = (work: Work) => (work.kind === 'scored' ? shown(work.score) : work.kind)
const scored = (n: number | string): Work => ({ kind: 'scored', score: exact(n), lines: [`${n}`] })

describe('the examples that ship', () => {
  const example = (file: string) => parseCompany(readFileSync(`examples/${file}.yaml`, 'utf8'), file)

  test('篇三: weekly plans, the driver sheet by the fleet captain, the canteen for cooks', () => {
    const company = example('administration-fleet-canteen')
    expect(schemeFor(company, '车队队长')?.scheme.kind).toBe('weekly')
    const driver = schemeFor(company, '司机')!.scheme
    expect(driver.kind === 'checklist' && driver.items.map((i) => i.points)).toEqual([20, 20, 20, 20, 10, 10])
    expect(schemeFor(company, '炊事员')?.scheme).toEqual({ kind: 'survey', survey: 'canteen' })
    if (driver.kind !== 'checklist') throw new Error('not a checklist')
    const got = ['18', '20', '15', '19.5', '8', '10']
    const work = checklistWork(driver.items.map((i, n) => ({ ...i, got: got[n]! })))
    expect(work).toMatchObject({ kind: 'scored' })
    expect(value(work)).toBe('90.50')
    expect(work.lines.at(-1)).toBe('18+20+15+19.5+8+10 = 90.5')
  })

  test('篇七: indicators of the library with weights', () => {
    const company = example('kpi-departments')
    const scheme = schemeFor(company, '会计')!.scheme as KpiScheme
    const actuals = ['96', '93', '5000', '2']
    const work = kpiWork(
      scheme.indicators.map((i, n) => {
        const kpi = company.kpis[i.kpi]!
        return { name: i.kpi, kpi, weight: i.weight, target: (i.target ?? kpi.target)!, actual: actuals[n]! }
      }),
      scheme.cap,
    )
    // 96×40% + 90×30% + 80×20% + 80×10%
    expect(value(work)).toBe('89.40')
    expect(work.lines).toEqual([
      '工作量完成率 实际96%，目标100%：96÷100×100 = 96',
      '服务满意度 实际93%：达到90%得90分',
      '费用控制 实际5000元，目标4000元：4000÷5000×100 = 80',
      '差错 实际2次：100−2×10 = 80',
      '(96×40+90×30+80×20+80×10)÷100 = 89.4',
    ])
  })

  test('篇八: who rates whom, by share of project work', () => {
    const scheme = schemeFor(example('research-and-development'), '软件工程师')!.scheme
    expect(scheme).toMatchObject({ kind: 'raters', manager: 70, peers: 30, people: { '0103': { project: 60 } } })
  })
})

describe('what cannot be is named with its line', () => {
  test.each([
    [
      'schemes:\n  司机:\n    kind: checklist\n    items: [{ name: 车容, points: 90 }]',
      '第5行：schemes.司机.items：各项分值合计应为100，现在是90',
    ],
    [
      'schemes:\n  研发: { kind: raters, manager: 70, peers: 20 }',
      '第3行：schemes.研发.manager：manager 与 peers 合计应为100，现在是90',
    ],
    [
      "schemes:\n  研发:\n    kind: raters\n    people:\n      '1': { project: 10 }",
      '有项目工作的人须写明 projectManagers',
    ],
    ["schemes:\n  研发:\n    kind: raters\n    people:\n      '1': { peers: ['1'] }", '不能由本人评价自己'],
    [
      'schemes:\n  科室:\n    kind: kpi\n    indicators: [{ kpi: 没有的, weight: 100 }]',
      '第5行：schemes.科室.indicators.0.kpi：没有指标“没有的”，现有：无',
    ],
    [
      'kpis:\n  率: { rule: { kind: ratio }, target: 0 }\nschemes:\n  科室:\n    kind: kpi\n    indicators: [{ kpi: 率, weight: 100 }]',
      '目标值应大于0',
    ],
    [
      'kpis:\n  率: { rule: { kind: ratio } }\nschemes:\n  科室:\n    kind: kpi\n    indicators: [{ kpi: 率, weight: 100 }]',
      '需要目标值',
    ],
    [
      'kpis:\n  率: { rule: { kind: steps, steps: [{ from: 80, score: 70 }, { from: 90, score: 90 }] } }',
      '应从高到低排列',
    ],
    [
      'schemes:\n  食堂: { kind: survey, survey: kantine }',
      '第3行：schemes.食堂.survey：没有调查“kantine”，现有：canteen、employees',
    ],
    ['schemes:\n  食堂: { kind: survey, survey: canteen }\npositions: { 面点师: 食堂 }', '不考核“面点师”'],
    ['grades: [{ name: A, from: 90 }, { name: B, from: 80 }]', '最后一个等级应从0分起'],
    ['month: { publishDay: 2, approveDay: 4 }', '日期应依次为'],
    ['month: { ranking: { show: all } }', '第2行：month.ranking.basis：show 为 all 时必须填写'],
    ['month: { ranking: { show: top } }', 'show 为 top 时必须填写'],
    ['month: { guide: { S: 10 } }', '没有等级“S”'],
    ['behaviour: [{ id: a, category: 会议, name: 迟到, least: -2, most: 3 }]', '应同为正数或同为负数'],
    ['behaviour: [{ id: a, category: 会议, name: 迟到, least: -2.3, most: -2.3 }]', '应为0.5的倍数'],
  ])('%s', (yaml, problem) => {
    expect(mistakes(`name: 示例\n${yaml}`).join('\n')).toContain(problem)
  })

  test('weights that only add up in binary are no mistake', () => {
    const items = '[{ name: 一, points: 33.33 }, { name: 二, points: 33.33 }, { name: 三, points: 33.34 }]'
    expect(
      mistakes(`name: 示例\nschemes:\n  表: { kind: checklist, items: ${items} }\npositions: { '*': 表 }`),
    ).toEqual([])
  })
})

describe('several raters', () => {
  const mixed = (scores: (string | undefined)[]): RaterGroup[] => [
    {
      name: '项目工作',
      share: 60,
      raters: [
        { role: 'project-manager', weight: 50, ...(scores[0] && { score: scores[0] }) },
        { role: 'project-manager', weight: 50, ...(scores[1] && { score: scores[1] }) },
      ],
    },
    {
      name: '其他工作',
      share: 40,
      raters: [
        { role: 'manager', weight: 70, ...(scores[2] && { score: scores[2] }) },
        { role: 'peer', weight: 15, ...(scores[3] && { score: scores[3] }) },
        { role: 'peer', weight: 15, ...(scores[4] && { score: scores[4] }) },
      ],
    },
  ]

  test('by weight inside the group and by share between groups; a peer cannot be told from another', () => {
    const work = ratersWork(mixed(['90', '80', '88', '95', '75']), false)
    // 60%×85 + 40%×(88×70%+85×30%)
    expect(value(work)).toBe('85.84')
    expect(work.lines).toEqual([
      '项目工作（占60%）：(项目经理90×50+项目经理80×50)÷100 = 85',
      '同事平均 (75+95)÷2 = 85',
      '其他工作（占40%）：(部门经理88×70+同事85×30)÷100 = 87.1',
      '(85×60+87.1×40)÷100 = 85.84',
    ])
  })

  test('a missing rater is named, and nothing is computed', () => {
    expect(ratersWork(mixed(['90', undefined, '88', undefined, undefined]), false)).toMatchObject({
      kind: 'missing',
      missing: ['还未评价：项目经理、同事2人'],
    })
  })

  test('closed by HR, the weight is spread inside the group first, and the lines say so', () => {
    const work = ratersWork(mixed(['90', undefined, '88', undefined, '75']), true)
    // 60×90 + 40×(88×70+75×15)/85
    expect(value(work)).toBe('88.28')
    expect(work.lines.join('\n')).toContain('其中1人未评价，其权重由本部分其他评价人按比例分担')
  })

  test('then between groups', () => {
    const work = ratersWork(mixed([undefined, undefined, '88', '95', '75']), true)
    expect(value(work)).toBe('87.10')
    expect(work.lines[0]).toBe('项目工作（占60%）无人评价，其占比由其他部分按比例分担')
  })

  test('never without the manager', () => {
    expect(ratersWork(mixed(['90', '80', undefined, '95', '75']), true)).toMatchObject({
      kind: 'missing',
      missing: ['还未评价：部门经理'],
    })
  })

  test('who has only project work is rated by project managers alone', () => {
    const [project] = mixed(['90', '80', undefined, undefined, undefined])
    expect(
      value(
        ratersWork(
          [
            { ...project!, share: 100 },
            { name: '其他工作', share: 0, raters: [] },
          ],
          false,
        ),
      ),
    ).toBe('85.00')
  })
})

describe('other schemes', () => {
  test('a survey that is not over or had too few answers is missing, an excused one is no score', () => {
    expect(value(surveyWork('食堂满意度', undefined))).toBe('missing')
    expect(value(surveyWork('食堂满意度', { state: 'missing', answers: 4 }))).toBe('missing')
    expect(value(surveyWork('食堂满意度', { state: 'excused', answers: 4 }))).toBe('none')
    expect(value(surveyWork('食堂满意度', { state: 'ok', answers: 12, score: '254/3' }))).toBe('84.67')
  })

  test('a checklist names the items that are open', () => {
    expect(
      checklistWork([
        { name: '车容', points: 60, got: '50' },
        { name: '出勤', points: 40 },
      ]),
    ).toMatchObject({
      missing: ['月度检查表还差出勤'],
    })
  })

  test('no week counted is no score, never 0', () => {
    expect(weeklyWork('2026-02', [{ week: '2026-W08', kind: 'excused', lines: [] }]).kind).toBe('none')
  })

  test('a lower-is-better indicator at 0 has full points; above the cap stays the cap', () => {
    const lower = { name: '费用', kpi: { rule: { kind: 'lower' as const }, unit: '' }, weight: 100, target: 10 }
    expect(value(kpiWork([{ ...lower, actual: '0' }], 100))).toBe('100.00')
    expect(value(kpiWork([{ ...lower, actual: '5' }], 100))).toBe('100.00')
    expect(value(kpiWork([{ ...lower, actual: '5' }], 120))).toBe('120.00')
    expect(value(kpiWork([{ ...lower, actual: '20' }], 100))).toBe('50.00')
  })

  test('cases cost points and end at 0', () => {
    const cases = { name: '差错', kpi: { rule: { kind: 'per-case' as const, points: 40 }, unit: '次' }, weight: 100 }
    expect(value(kpiWork([{ ...cases, actual: '2' }], 100))).toBe('20.00')
    expect(value(kpiWork([{ ...cases, actual: '3' }], 100))).toBe('0.00')
  })

  test('two positions in one month count by calendar days; one without a score leaves both sums', () => {
    const part = (days: number, work: Work) => ({ days, label: '岗位', work })
    expect(value(combineWork([part(10, scored(80)), part(20, scored(95))]))).toBe('90.00')
    expect(value(combineWork([part(10, { kind: 'none', lines: [] }), part(20, scored(95))]))).toBe('95.00')
    expect(
      combineWork([part(10, scored(80)), part(20, { kind: 'missing', missing: ['检查表'], lines: [] })]).kind,
    ).toBe('missing')
  })
})
