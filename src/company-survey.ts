import { z } from 'zod'
import { ALL, canteenSurvey, EVERYBODY, employeeSurvey, LOWEST_THRESHOLD, type Survey } from './domain/survey.ts'
import { isDay } from './domain/time.ts'

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, '应为时刻，例如 "11:30"（带引号）')
const day = z.string().refine(isDay, '应为日期，例如 2026-12-01')
const id = z
  .string()
  .regex(/^[a-z0-9-]{1,20}$/, '应为1到20个小写字母、数字或-：它是问题的编号，改文字时保持不变')
  // A name that every object of JavaScript has.
  .refine((v) => v !== 'constructor', '请换一个词')
const label = z.string().trim().min(1).max(30)
const dayOfMonth = z.number().int().min(1).max(28, '应为1到28之间的日期，每个月都有')
const list = z.array(z.string().min(1)).default([])

/** One survey of the file; the settings' shape, flat where people write it. */
const surveySchema = z
  .strictObject({
    title: z.string().trim().min(1).max(20),
    /** id to words, asked in this order. */
    dimensions: z.record(id, label).default({}),
    choices: z.record(id, z.strictObject({ label, options: z.record(id, label) })).default({}),
    comment: z.boolean().default(true),
    anonymous: z.boolean().default(true),
    threshold: z.number().int().min(LOWEST_THRESHOLD, '不能小于3，一般为5').max(100).default(5),
    audience: z
      .strictObject({ departments: list, positions: list, exceptPositions: list, exceptPeople: list })
      .prefault({}),
    sample: z
      .strictObject({
        percent: z.number().int().min(1).max(100),
        atLeast: z.number().int().min(1).max(100_000),
        atMost: z.number().int().min(1).max(100_000),
      })
      .default(EVERYBODY),
    every: z.enum(['month', 'half-year', 'once']),
    opensDay: dayOfMonth.optional(),
    closesDay: dayOfMonth.optional(),
    opensOn: day.optional(),
    closesOn: day.optional(),
    opensTime: time.default('11:30'),
    closesTime: time.default('18:00'),
    resultsTo: z.array(z.enum(['gm', 'asked', 'improvers'])).default(['asked']),
    byDepartment: z.boolean().default(false),
    assesses: list,
    improvedBy: list,
  })
  .superRefine((s, c) => {
    const wrong = (path: string, message: string) => c.addIssue({ code: 'custom', path: [path], message })
    const questions = [...Object.keys(s.dimensions), ...Object.keys(s.choices)]
    if (questions.length === 0) wrong('dimensions', '至少要有一个问题')
    if (questions.length > 12) wrong('dimensions', '问题不能超过12个')
    if (new Set(questions).size < questions.length) wrong('choices', 'dimensions 和 choices 中有相同的编号')
    for (const [key, { options }] of Object.entries(s.choices)) {
      const count = Object.keys(options).length
      if (count < 2 || count > 5)
        c.addIssue({ code: 'custom', path: ['choices', key, 'options'], message: '应有2到5个选项' })
    }
    const { percent, atLeast, atMost } = s.sample
    if (atLeast > atMost) wrong('sample', 'atLeast 不能大于 atMost')
    if (s.anonymous && (atMost < s.threshold || (percent < 100 && atLeast < s.threshold)))
      wrong('sample', `至少要询问${s.threshold}人，否则永远达不到可以统计的人数`)
    const [from, until] = s.every === 'once' ? (['opensOn', 'closesOn'] as const) : (['opensDay', 'closesDay'] as const)
    for (const key of [from, until]) if (s[key] === undefined) wrong(key, `没有填写；every 为 ${s.every} 时需要`)
    if (s[from] !== undefined && s[until] !== undefined && s[until] <= s[from]) wrong(until, `应晚于 ${from}`)
    if (s.assesses.length > 0 && (s.every !== 'month' || questions.length === Object.keys(s.choices).length))
      wrong('assesses', '作为工作得分的调查须每月开展，且有评星的项目（dimensions）')
    if (s.assesses.length > 0 && !s.anonymous) wrong('anonymous', '考核同事的调查只能匿名')
  })

type Written = z.infer<typeof surveySchema>

const written = (s: Survey): z.input<typeof surveySchema> => {
  const { id: _, dimensions, choices: _choices, when, ...rest } = s
  return { ...rest, dimensions: Object.fromEntries(dimensions.map((d) => [d.id, d.label])), choices: {}, ...when }
}

/** What stands in the file is what is held: `surveys: {}` means none. */
export const surveysSchema = z
  .record(z.string().regex(/^[a-z0-9-]{1,40}$/, '应为1到40个小写字母、数字或-'), surveySchema)
  .prefault({ canteen: written(canteenSurvey), employees: written(employeeSurvey) })

/** The surveys of a checked file. */
export function surveysOf(file: Record<string, Written>): Survey[] {
  return Object.entries(file).map(([surveyId, s]) => ({
    id: surveyId,
    title: s.title,
    dimensions: Object.entries(s.dimensions).map(([key, words]) => ({ id: key, label: words })),
    choices: Object.entries(s.choices).map(([key, choice]) => ({
      id: key,
      label: choice.label,
      options: Object.entries(choice.options).map(([option, words]) => ({ id: option, label: words })),
    })),
    comment: s.comment,
    anonymous: s.anonymous,
    threshold: s.threshold,
    audience: { ...ALL, ...s.audience },
    sample: s.sample,
    when:
      s.every === 'once'
        ? {
            every: 'once',
            opensOn: s.opensOn!,
            closesOn: s.closesOn!,
            opensTime: s.opensTime,
            closesTime: s.closesTime,
          }
        : {
            every: s.every,
            opensDay: s.opensDay!,
            closesDay: s.closesDay!,
            opensTime: s.opensTime,
            closesTime: s.closesTime,
          },
    resultsTo: s.resultsTo,
    byDepartment: s.byDepartment,
    assesses: s.assesses,
    improvedBy: s.improvedBy,
  }))
}
