import type { Ctx } from '../../src/context.ts'
import { dayOf, type Week, weekOf } from '../../src/domain/time.ts'
import { weeksMeant } from '../../src/domain/weekly-report.ts'
import type { Person } from '../../src/store/people.ts'
import { viewWeek } from './week.ts'

/**
 * The weeks that something sent now may be for: this one, and the one before while it is still owed (domain.md §11.14).
 * A week with a draft is the one meant.
 */
export async function weeksFor(ctx: Ctx, person: Person, at: Date): Promise<Week[]> {
  const { weeks: calendar, timeZone } = ctx.company()
  const today = dayOf(at, timeZone)
  const before = await viewWeek(ctx, person, calendar.previousOpenWeek(weekOf(today)), at)
  const open = before.week >= ctx.firstWeek && ['missing', 'draft', 'returned'].includes(before.status.kind)
  const weeks = weeksMeant(today, calendar, (week) => week === before.week && open)
  if (weeks.length < 2) return weeks
  if (before.row.draft) return [before.week]
  const rows = await ctx.weeks.ofPerson(person._id, weeks)
  const drafted = rows.find((r) => r.draft)
  return drafted ? [drafted.week] : weeks
}

/** The week that is running, or the next that is not closed. */
export function runningWeek(ctx: Ctx, at: Date): Week {
  const { weeks: calendar, timeZone } = ctx.company()
  const week = weekOf(dayOf(at, timeZone))
  return calendar.isClosedWeek(week) ? calendar.nextOpenWeek(week) : week
}

/** The last open week whose deadline has passed: the one that is scored now. */
export function lastDueWeek(ctx: Ctx, at: Date, passed: (week: Week) => boolean): Week {
  const running = runningWeek(ctx, at)
  return passed(running) ? running : ctx.company().weeks.previousOpenWeek(running)
}
