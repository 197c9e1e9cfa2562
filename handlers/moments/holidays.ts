import type { Act, Ctx } from '../../src/context.ts'
import type { HolidayYear } from '../../src/domain/holidays.ts'
import type { Person } from '../../src/store/people.ts'

/** Puts a year's arrangement into force, from the next question on; a later one replaces it (features.md B2). */
export async function confirmHolidays(
  ctx: Ctx,
  act: Act,
  by: Person,
  year: HolidayYear,
): Promise<{ kind: 'in-force' | 'not-allowed' }> {
  if (!by.roles.includes('hr') && !by.roles.includes('admin')) return { kind: 'not-allowed' }
  await ctx.holidays.put(year, by._id, act.at)
  await ctx.holidays.refresh()
  await ctx.audit.add({
    _id: `${act.id}/holidays`,
    at: act.at,
    by: by._id,
    what: 'holidays-confirmed',
    to: `holidays/${year.year}`,
    detail: { papers: year.papers ?? [], days: year.days.length },
  })
  return { kind: 'in-force' }
}
