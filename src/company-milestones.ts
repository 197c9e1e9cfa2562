import { z } from 'zod'
import { isDue } from './domain/milestone.ts'

/** 工号 or a name that only one person has; hr, gm; a department, for whoever leads it; 各部门, for each of those. */
const who = z.string().trim().min(1).max(40)

const rule = z
  .strictObject({
    title: z.string().trim().min(2).max(60),
    due: z
      .union([z.string(), z.number().transform(String)])
      .refine(isDue, '应为 "03-31"（每年）、5（每月）或 "2026-12-20"（一次）；有横线时带引号'),
    everyWeeks: z.number().int().min(1).max(26).optional(),
    owners: z.array(who).min(1).max(60),
    accepter: who.optional(),
    handIn: z.string().trim().min(2).max(200).optional(),
    whenOff: z.enum(['earlier', 'later', 'stay']).default('earlier'),
  })
  .refine((r) => r.everyWeeks === undefined || /^\d{4}-/.test(r.due), {
    path: ['everyWeeks'],
    message: 'due 须写第一次的日期，例如 "2026-12-04"',
  })
  .refine((r) => r.accepter === undefined || r.handIn !== undefined, {
    path: ['accepter'],
    message: '须写 handIn：没有提交内容就没有可验收的',
  })

/** The year's calendar, domain.md §9: id to milestone. */
export const milestoneSettings = z
  .record(z.string().regex(/^[a-z0-9-]{1,30}$/, '应为1到30个小写字母、数字或-'), rule)
  .default({})
