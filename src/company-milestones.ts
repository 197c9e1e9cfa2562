import { z } from 'zod'
import { isDue } from './domain/milestone.ts'

/** 工号 or a name that only one person has; hr, gm; a department, for whoever leads it; 各部门, for each of those. */
const who = z.string().trim().min(1).max(40)

const rule = z
  .strictObject({
    title: z.string().trim().min(2).max(60),
    due: z
      .union([z.string(), z.number().transform(String)])
      .refine(
        isDue,
        'must be "03-31" (every year), 5 (every month) or "2026-12-20" (once), in quotes where it has a dash',
      ),
    everyWeeks: z.number().int().min(1).max(26).optional(),
    owners: z.array(who).min(1).max(60),
    accepter: who.optional(),
    handIn: z.string().trim().min(2).max(200).optional(),
    whenOff: z.enum(['earlier', 'later', 'stay']).default('earlier'),
  })
  .refine((r) => r.everyWeeks === undefined || /^\d{4}-/.test(r.due), {
    path: ['everyWeeks'],
    message: 'needs a first day in due, such as "2026-12-04"',
  })
  .refine((r) => r.accepter === undefined || r.handIn !== undefined, {
    path: ['accepter'],
    message: 'needs handIn: without it there is nothing to accept',
  })

/** The year's calendar, domain.md §9: id to milestone. */
export const milestoneSettings = z
  .record(z.string().regex(/^[a-z0-9-]{1,30}$/, 'must be 1 to 30 of a-z, 0-9 and -'), rule)
  .default({})
