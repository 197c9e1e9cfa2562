import { z } from 'zod'
import { defaultCases } from './domain/behaviour.ts'

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, '应为时刻，例如 "10:00"（带引号）')
const percent = z.number().min(0).max(100)
const name = z.string().trim().min(1).max(40)
/** Points and weights as people write them: at most two decimals. */
const decimal = z.number().refine((v) => Number(v.toFixed(2)) === v, '最多两位小数')

const listed = (names: readonly string[]): string => names.join('、') || '无'

/** Sums of decimals without binary neighbours: in hundredths. */
const hundredths = (values: number[]): number => values.reduce((s, v) => s + Math.round(v * 100), 0)
const addsUp = (values: number[]): boolean => hundredths(values) === 10_000
const total = (values: number[]): string => String(hundredths(values) / 100)

const checklist = z
  .strictObject({
    kind: z.literal('checklist'),
    scoredBy: z.string().min(1).default('manager'),
    items: z
      .array(z.strictObject({ name, points: decimal.min(0.5).max(100), rule: z.string().max(200).optional() }))
      .min(1)
      .max(30),
  })
  .superRefine(({ items }, c) => {
    const points = items.map((i) => i.points)
    if (!addsUp(points))
      c.addIssue({ code: 'custom', path: ['items'], message: `各项分值合计应为100，现在是${total(points)}` })
    if (new Set(items.map((i) => i.name)).size < items.length)
      c.addIssue({ code: 'custom', path: ['items'], message: '有两项名称相同' })
  })

const raters = z
  .strictObject({
    kind: z.literal('raters'),
    project: percent.default(0),
    manager: percent.default(70),
    peers: percent.default(30),
    people: z
      .record(
        z.string(),
        z.strictObject({
          project: percent.optional(),
          projectManagers: z.record(z.string(), decimal.min(0.5).max(100)).optional(),
          peers: z.array(z.string()).max(10).optional(),
        }),
      )
      .default({}),
  })
  .superRefine((s, c) => {
    if (!addsUp([s.manager, s.peers]))
      c.addIssue({
        code: 'custom',
        path: ['manager'],
        message: `manager 与 peers 合计应为100，现在是${total([s.manager, s.peers])}`,
      })
    for (const [who, p] of Object.entries(s.people)) {
      const weights = Object.values(p.projectManagers ?? {})
      if ((p.project ?? s.project) > 0 && weights.length === 0)
        c.addIssue({ code: 'custom', path: ['people', who], message: '有项目工作的人须写明 projectManagers' })
      if (weights.length > 0 && !addsUp(weights))
        c.addIssue({
          code: 'custom',
          path: ['people', who, 'projectManagers'],
          message: `权重合计应为100，现在是${total(weights)}`,
        })
      if (p.peers?.includes(who) || p.projectManagers?.[who] !== undefined)
        c.addIssue({ code: 'custom', path: ['people', who], message: '不能由本人评价自己' })
    }
  })

const kpiScheme = z
  .strictObject({
    kind: z.literal('kpi'),
    indicators: z
      .array(z.strictObject({ kpi: name, weight: decimal.min(1).max(100), target: z.number().optional() }))
      .min(1)
      .max(12),
    cap: z.number().min(100).max(200).default(100),
  })
  .superRefine(({ indicators }, c) => {
    const weights = indicators.map((i) => i.weight)
    if (!addsUp(weights))
      c.addIssue({
        code: 'custom',
        path: ['indicators'],
        message: `权重合计应为100，现在是${total(weights)}`,
      })
    if (new Set(indicators.map((i) => i.kpi)).size < indicators.length)
      c.addIssue({ code: 'custom', path: ['indicators'], message: '有指标重复' })
  })

/** How positions are assessed, domain.md §2. */
export const schemeSettings = z
  .record(
    z.string(),
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('weekly') }),
      z.strictObject({ kind: z.literal('none') }),
      checklist,
      z.strictObject({ kind: z.literal('survey'), survey: z.string().min(1) }),
      raters,
      kpiScheme,
    ]),
  )
  .default({ 周计划: { kind: 'weekly' } })

const rule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ratio') }),
  z.strictObject({ kind: z.literal('lower') }),
  z.strictObject({
    kind: z.literal('steps'),
    steps: z
      .array(z.strictObject({ from: z.number(), score: z.number().min(0).max(200) }))
      .min(1)
      .max(10)
      .refine((s) => s.every((x, i) => i === 0 || x.from < s[i - 1]!.from), '应从高到低排列'),
  }),
  z.strictObject({ kind: z.literal('per-case'), points: decimal.min(0.5).max(100) }),
])

/** The KPI library, 篇七. */
export const kpiSettings = z
  .record(name, z.strictObject({ rule, unit: z.string().max(10).default(''), target: z.number().optional() }))
  .default({})

const signedPoints = z
  .number()
  .min(-100)
  .max(100)
  .refine((v) => v !== 0 && Number.isInteger(v * 2), '应为0.5的倍数，不能为0')

/** The table of daily behaviour, domain.md §4. */
export const behaviourSettings = z
  .array(
    z
      .strictObject({
        id: z.string().regex(/^[a-z0-9-]{1,30}$/, '应为1到30个小写字母、数字或-'),
        category: name,
        name,
        least: signedPoints,
        most: signedPoints,
        by: z.enum(['manager', 'hr', 'both']).default('manager'),
        positions: z.array(z.string()).min(1).optional(),
        words: z.array(z.string().trim().min(1)).optional(),
      })
      .refine((c) => Math.sign(c.least) === Math.sign(c.most), 'least 与 most 应同为正数或同为负数')
      .refine((c) => Math.abs(c.least) <= Math.abs(c.most), 'least 的绝对值不能大于 most'),
  )
  .refine((cases) => new Set(cases.map((c) => c.id)).size === cases.length, '有两种情形的 id 相同')
  .default([...defaultCases])

/** Grades from the best, domain.md §6. */
export const gradeSettings = z
  .array(z.strictObject({ name: z.string().min(1).max(4), from: z.number().min(0).max(200) }))
  .min(1)
  .max(10)
  .refine((g) => g.every((x, i) => i === 0 || x.from < g[i - 1]!.from), '应从高到低排列')
  .refine((g) => g.at(-1)?.from === 0, '最后一个等级应从0分起，使每人都有等级')
  .default([
    { name: 'A', from: 90 },
    { name: 'B', from: 80 },
    { name: 'C', from: 60 },
    { name: 'D', from: 0 },
  ])

const dayOfMonth = z.number().int().min(1).max(20)

/** The month's dates and what may be seen, domain.md §6 and features.md B8. */
export const monthSettings = z
  .strictObject({
    settleDay: dayOfMonth.default(1),
    settleTime: time.default('09:00'),
    confirmDay: dayOfMonth.default(3),
    approveDay: dayOfMonth.default(4),
    publishDay: dayOfMonth.default(5),
    publishTime: time.default('10:00'),
    appealDays: z.number().int().min(1).max(15).default(3),
    /** Once more on the month's last Saturday. */
    lastScoringReminder: time.default('15:00'),
    /** Whether the card that says the result is there shows its figures. */
    figuresOnCard: z.boolean().default(false),
    /** Guide shares of grades in percent: warned, never enforced. */
    guide: z.record(z.string(), percent).default({}),
    ranking: z
      .strictObject({
        show: z.enum(['off', 'own-place', 'top', 'all']).default('off'),
        top: z.number().int().min(1).max(20).default(3),
        /** 工号 or names of those who agreed to stand on a top list. */
        consented: z.array(z.string()).default([]),
        /** On what ground everybody's place may be shown: recorded, because the law asks for it. */
        basis: z.string().trim().min(10).max(300).optional(),
      })
      .refine((r) => r.show !== 'all' || r.basis !== undefined, {
        path: ['basis'],
        message:
          'show 为 all 时必须填写：公开全部名次属于公开个人信息，须有单独同意或其他依据（个人信息保护法第13、25条），请写明是哪一种',
      })
      .refine((r) => r.show !== 'top' || r.consented.length > 0, {
        path: ['consented'],
        message: 'show 为 top 时必须填写：只有同意的人可以上榜',
      })
      .prefault({}),
  })
  .refine((m) => m.settleDay <= m.confirmDay && m.confirmDay <= m.approveDay && m.approveDay <= m.publishDay, {
    path: ['settleDay'],
    message: '日期应依次为 settleDay、confirmDay、approveDay、publishDay',
  })
  .prefault({})

/** Which interviews the bot proposes (domain.md §8, features.md B12). */
export const interviewSettings = z
  .strictObject({
    quarterly: z.boolean().default(true),
    /** After a month whose result has the lowest grade. */
    afterLowest: z.boolean().default(true),
  })
  .prefault({})

/** Performance pay, off until it is there (domain.md §6, §11.26). The base of each person stays with HR. */
export const paySettings = z
  .strictObject({
    coefficients: z.record(z.string(), decimal.min(0).max(10)),
    allowances: z.record(name, decimal.min(0).max(100_000)).default({}),
  })
  .optional()

interface Checked {
  pay?: z.infer<typeof paySettings>
  people: Record<string, { allowances?: string[] | undefined }>
  schemes: z.infer<typeof schemeSettings>
  kpis: z.infer<typeof kpiSettings>
  surveys: Record<string, { assesses: string[] }>
  positions: Record<string, string>
  grades: z.infer<typeof gradeSettings>
  month: z.infer<typeof monthSettings>
}

/** Mistakes that only show between sections, with the line of each. */
export function monthProblems(file: Checked, lineOf: (path: PropertyKey[]) => number): string[] {
  const problems: string[] = []
  const wrong = (path: PropertyKey[], message: string) =>
    problems.push(`第${lineOf(path)}行：${path.join('.')}：${message}`)
  const known = Object.keys(file.kpis)
  for (const [scheme, s] of Object.entries(file.schemes)) {
    if (s.kind === 'survey') {
      if (!file.surveys[s.survey])
        wrong(['schemes', scheme, 'survey'], `没有调查“${s.survey}”，现有：${listed(Object.keys(file.surveys))}`)
      else {
        const uses = Object.entries(file.positions).filter(([, to]) => to === scheme)
        for (const [position] of uses)
          if (!file.surveys[s.survey]!.assesses.includes(position))
            wrong(
              ['positions', position],
              `调查“${s.survey}”不考核“${position}”，请把它加到 surveys.${s.survey}.assesses`,
            )
      }
    }
    if (s.kind !== 'kpi') continue
    for (const [n, i] of s.indicators.entries()) {
      const kpi = file.kpis[i.kpi]
      const path = ['schemes', scheme, 'indicators', n, 'kpi']
      if (!kpi) {
        wrong(path, `没有指标“${i.kpi}”，现有：${listed(known)}`)
        continue
      }
      const target = i.target ?? kpi.target
      if (kpi.rule.kind !== 'ratio' && kpi.rule.kind !== 'lower') continue
      if (target === undefined) wrong(path, `“${i.kpi}”需要目标值 target，写在这里或 kpis 中`)
      else if (target <= 0) wrong(path, `“${i.kpi}”的目标值应大于0`)
    }
  }
  for (const grade of Object.keys(file.month.guide))
    if (!file.grades.some((g) => g.name === grade))
      wrong(['month', 'guide', grade], `没有等级“${grade}”，现有：${listed(file.grades.map((g) => g.name))}`)
  checkPay(file, wrong)
  return problems
}

function checkPay({ pay, grades, people }: Checked, wrong: (path: PropertyKey[], message: string) => void): void {
  for (const [who, { allowances = [] }] of Object.entries(people))
    for (const [n, kind] of allowances.entries())
      if (!Object.hasOwn(pay?.allowances ?? {}, kind))
        wrong(
          ['people', who, 'allowances', n],
          `没有津贴“${kind}”，现有：${listed(Object.keys(pay?.allowances ?? {}))}`,
        )
  if (!pay) return
  const names = grades.map((g) => g.name)
  const without = names.filter((g) => !Object.hasOwn(pay.coefficients, g))
  if (without.length > 0) wrong(['pay', 'coefficients'], `每个等级都要有系数，缺少：${listed(without)}`)
  for (const grade of Object.keys(pay.coefficients))
    if (!names.includes(grade)) wrong(['pay', 'coefficients', grade], `没有等级“${grade}”，现有：${listed(names)}`)
}
