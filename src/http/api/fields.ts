import { z } from 'zod'
import { isDeduction, requirements } from '../../domain/score.ts'
import { isDay, isWeek } from '../../domain/time.ts'
import {
  arePoints,
  MAX_EXTRA,
  MAX_ITEMS,
  MAX_POINT_DECIMALS,
  MAX_POINTS,
  MAX_SECTION,
  MAX_TEXT,
} from '../../domain/weekly-report.ts'

/** Text as a person wrote it, without invisible control characters; counted in characters, not code units. */
export const words = (most: number) =>
  z
    .string()
    .max(most * 4, `不能超过${most}字`)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
    .transform((v) => v.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ''))
    .refine((v) => [...v].length <= most, `不能超过${most}字`)

/** The same, and something must be said. */
export const saying = (most: number) =>
  words(most)
    .transform((v) => v.trim())
    .refine((v) => v !== '', '没有填写')

export const week = z.string().refine(isWeek, '不正确')
export const day = z.string().refine(isDay, '不正确')
/** Made by the browser: the same on every try of the same act. */
export const requestId = z.uuid()
export const rev = z.number().int().min(0)
export const noQuery = z.strictObject({})

const points = z.number().refine(arePoints, `应在0到${MAX_POINTS}之间，最多${MAX_POINT_DECIMALS}位小数`)

const planItem = z.strictObject({
  text: words(MAX_TEXT),
  kind: z.enum(['key', 'routine']),
  points,
  due: day.optional(),
  support: z.strictObject({ who: words(MAX_TEXT).optional(), what: words(MAX_TEXT) }).optional(),
  carriedFrom: week.optional(),
})

const outcome = z.strictObject({
  outcome: z.enum(['done', 'partly', 'not-done']),
  note: words(MAX_TEXT).optional(),
})

/** A week as it is written, complete or not (src/domain/weekly-report.ts). */
export const weeklyContent = z.strictObject({
  summary: z
    .strictObject({
      outcomes: z.array(outcome.nullable()).max(MAX_ITEMS),
      extra: z.array(words(MAX_TEXT)).max(MAX_EXTRA),
      shortcomings: words(MAX_SECTION),
      problems: words(MAX_SECTION),
      improvements: words(MAX_SECTION),
    })
    .optional(),
  plan: z.array(planItem).max(MAX_ITEMS),
})

const requirementNames = Object.keys(requirements) as [keyof typeof requirements, ...(keyof typeof requirements)[]]

export const givenScore = z.strictObject({
  requestId,
  points: z.array(z.number().min(0).max(MAX_POINTS)).max(MAX_ITEMS),
  deductions: z
    .array(
      z.strictObject({
        requirement: z.enum(requirementNames),
        points: z.number().refine(isDeduction, '应为2、2.5、3、3.5或4'),
      }),
    )
    .max(requirementNames.length),
  /** When a score is replaced: the instant of the one that was seen. */
  replaces: z.iso.datetime().optional(),
})
