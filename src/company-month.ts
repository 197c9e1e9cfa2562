import { z } from 'zod'
import { defaultCases } from './domain/behaviour.ts'

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "10:00", in quotes')
const percent = z.number().min(0).max(100)
const name = z.string().trim().min(1).max(40)
/** Points and weights as people write them: at most two decimals. */
const decimal = z.number().refine((v) => Number(v.toFixed(2)) === v, 'must have at most 2 decimals')

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
      c.addIssue({ code: 'custom', path: ['items'], message: `points must add up to 100, they make ${total(points)}` })
    if (new Set(items.map((i) => i.name)).size < items.length)
      c.addIssue({ code: 'custom', path: ['items'], message: 'two items have one name' })
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
        message: `manager and peers must add up to 100, they make ${total([s.manager, s.peers])}`,
      })
    for (const [who, p] of Object.entries(s.people)) {
      const weights = Object.values(p.projectManagers ?? {})
      if ((p.project ?? s.project) > 0 && weights.length === 0)
        c.addIssue({ code: 'custom', path: ['people', who], message: 'project work needs projectManagers' })
      if (weights.length > 0 && !addsUp(weights))
        c.addIssue({
          code: 'custom',
          path: ['people', who, 'projectManagers'],
          message: `weights must add up to 100, they make ${total(weights)}`,
        })
      if (p.peers?.includes(who) || p.projectManagers?.[who] !== undefined)
        c.addIssue({ code: 'custom', path: ['people', who], message: 'nobody rates themselves' })
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
        message: `weights must add up to 100, they make ${total(weights)}`,
      })
    if (new Set(indicators.map((i) => i.kpi)).size < indicators.length)
      c.addIssue({ code: 'custom', path: ['indicators'], message: 'an indicator stands there twice' })
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
      .refine((s) => s.every((x, i) => i === 0 || x.from < s[i - 1]!.from), 'must go from the highest to the lowest'),
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
  .refine((v) => v !== 0 && Number.isInteger(v * 2), 'must be steps of 0.5, not 0')

/** The table of daily behaviour, domain.md §4. */
export const behaviourSettings = z
  .array(
    z
      .strictObject({
        id: z.string().regex(/^[a-z0-9-]{1,30}$/, 'must be 1 to 30 of a-z, 0-9 and -'),
        category: name,
        name,
        least: signedPoints,
        most: signedPoints,
        by: z.enum(['manager', 'hr', 'both']).default('manager'),
        positions: z.array(z.string()).min(1).optional(),
        words: z.array(z.string().trim().min(1)).optional(),
      })
      .refine((c) => Math.sign(c.least) === Math.sign(c.most), 'least and most must be of one sign')
      .refine((c) => Math.abs(c.least) <= Math.abs(c.most), 'least must not be larger in size than most'),
  )
  .refine((cases) => new Set(cases.map((c) => c.id)).size === cases.length, 'two cases have one id')
  .default([...defaultCases])

/** Grades from the best, domain.md §6. */
export const gradeSettings = z
  .array(z.strictObject({ name: z.string().min(1).max(4), from: z.number().min(0).max(200) }))
  .min(1)
  .max(10)
  .refine((g) => g.every((x, i) => i === 0 || x.from < g[i - 1]!.from), 'must go from the highest to the lowest')
  .refine((g) => g.at(-1)?.from === 0, 'the last grade must begin at 0, so that everybody has one')
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
          'is needed for "all": a published ranking of everybody is personal information made public, which needs separate consent or another ground (PIPL Art. 13, 25); write down which',
      })
      .refine((r) => r.show !== 'top' || r.consented.length > 0, {
        path: ['consented'],
        message: 'is needed for "top": only those who agreed may stand on the list',
      })
      .prefault({}),
  })
  .refine((m) => m.settleDay <= m.confirmDay && m.confirmDay <= m.approveDay && m.approveDay <= m.publishDay, {
    path: ['settleDay'],
    message: 'the days must keep the order settleDay, confirmDay, approveDay, publishDay',
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
    problems.push(`line ${lineOf(path)}: ${path.join('.')}: ${message}`)
  const known = Object.keys(file.kpis)
  for (const [scheme, s] of Object.entries(file.schemes)) {
    if (s.kind === 'survey') {
      if (!file.surveys[s.survey])
        wrong(
          ['schemes', scheme, 'survey'],
          `there is no survey "${s.survey}"; there is: ${Object.keys(file.surveys).join(', ') || 'none'}`,
        )
      else {
        const uses = Object.entries(file.positions).filter(([, to]) => to === scheme)
        for (const [position] of uses)
          if (!file.surveys[s.survey]!.assesses.includes(position))
            wrong(
              ['positions', position],
              `the survey "${s.survey}" does not assess "${position}"; add it to surveys.${s.survey}.assesses`,
            )
      }
    }
    if (s.kind !== 'kpi') continue
    for (const [n, i] of s.indicators.entries()) {
      const kpi = file.kpis[i.kpi]
      const path = ['schemes', scheme, 'indicators', n, 'kpi']
      if (!kpi) {
        wrong(path, `there is no KPI "${i.kpi}"; there is: ${known.join(', ') || 'none'}`)
        continue
      }
      const target = i.target ?? kpi.target
      if (kpi.rule.kind !== 'ratio' && kpi.rule.kind !== 'lower') continue
      if (target === undefined) wrong(path, `"${i.kpi}" needs a target, here or in kpis`)
      else if (target <= 0) wrong(path, `the target of "${i.kpi}" must be above 0: nothing can be divided by it`)
    }
  }
  for (const grade of Object.keys(file.month.guide))
    if (!file.grades.some((g) => g.name === grade))
      wrong(
        ['month', 'guide', grade],
        `there is no grade "${grade}"; there is: ${file.grades.map((g) => g.name).join(', ')}`,
      )
  checkPay(file, wrong)
  return problems
}

function checkPay({ pay, grades, people }: Checked, wrong: (path: PropertyKey[], message: string) => void): void {
  for (const [who, { allowances = [] }] of Object.entries(people))
    for (const [n, kind] of allowances.entries())
      if (!Object.hasOwn(pay?.allowances ?? {}, kind))
        wrong(
          ['people', who, 'allowances', n],
          `there is no allowance "${kind}"; there is: ${Object.keys(pay?.allowances ?? {}).join(', ') || 'none'}`,
        )
  if (!pay) return
  const names = grades.map((g) => g.name)
  const without = names.filter((g) => !Object.hasOwn(pay.coefficients, g))
  if (without.length > 0) wrong(['pay', 'coefficients'], `every grade needs one; missing: ${without.join(', ')}`)
  for (const grade of Object.keys(pay.coefficients))
    if (!names.includes(grade))
      wrong(['pay', 'coefficients', grade], `there is no grade "${grade}"; there is: ${names.join(', ')}`)
}
