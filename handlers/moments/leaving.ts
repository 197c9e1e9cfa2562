import type { Act, Ctx } from '../../src/context.ts'
import type { Day } from '../../src/domain/time.ts'
import { lastDay } from '../../src/people/roster.ts'
import type { Person } from '../../src/store/people.ts'
import { today } from './people.ts'

/** HR gives or takes back somebody's last day. It still counts; from the day after they receive nothing (domain.md §11.32). */
export async function setLastDay(
  ctx: Ctx,
  act: Act,
  by: Person,
  person: Person,
  day: Day | undefined,
): Promise<{ kind: 'set' | 'taken-back' | 'not-leaving' | 'not-allowed' }> {
  if (!by.roles.includes('hr') || by._id === person._id) return { kind: 'not-allowed' }
  if (day === undefined && (person.leftBy !== 'roster' || !person.active)) return { kind: 'not-leaving' }
  const after = { ...person }
  if (day === undefined) {
    delete after.leftOn
    delete after.leftBy
  } else lastDay(after, day, today(ctx, act.at))
  await ctx.people.save(after, person)
  await ctx.audit.add({
    _id: `${act.id}/last-day`,
    at: act.at,
    by: by._id,
    what: day === undefined ? 'last-day-taken-back' : 'last-day-set',
    to: `person/${person._id}`,
    ...(day !== undefined && { detail: { day } }),
  })
  return { kind: day === undefined ? 'taken-back' : 'set' }
}
