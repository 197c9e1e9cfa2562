import type { Act, Ctx } from '../../src/context.ts'
import type { Week } from '../../src/domain/time.ts'
import { owesReport } from '../../src/domain/weekly-report.ts'
import type { Person } from '../../src/store/people.ts'
import { weekRowId } from '../../src/store/weeks.ts'
import { judges } from '../rights.ts'
import { viewWeeks, type WeekView, worksByWeeklyPlan } from './week.ts'

/** Who of a manager's people is where with a week. `all`: for HR and the general manager, everybody. */
export interface TeamView {
  week: Week
  views: WeekView[]
}

/** The people whose weeks somebody looks after: those whose superior they are, or the whole company for HR. */
export async function teamOf(ctx: Ctx, manager: Person, scope: 'own' | 'all'): Promise<Person[]> {
  const people = scope === 'all' ? await ctx.people.active() : await directReports(ctx, manager)
  const company = ctx.company()
  return people.filter((p) => p._id !== manager._id && worksByWeeklyPlan(company, p))
}

/** Those whose superior is `manager`, and those for whom the settings name them as stand-in. */
export async function directReports(ctx: Ctx, manager: Person): Promise<Person[]> {
  if (Object.keys(ctx.company().standIns).length === 0) return ctx.people.reportsOf(manager._id)
  const [all, judgeOf] = await Promise.all([ctx.people.active(), judges(ctx)])
  return all.filter((p) => judgeOf(p) === manager._id)
}

/** Everybody who has people with weekly plans below them. Two reads, whatever the number of people. */
export async function leaders(ctx: Ctx): Promise<Person[]> {
  const company = ctx.company()
  const [people, judgeOf] = await Promise.all([ctx.people.active(), judges(ctx)])
  const judging = new Set(people.filter((p) => worksByWeeklyPlan(company, p)).map(judgeOf))
  return people.filter((p) => judging.has(p._id))
}

export async function teamView(
  ctx: Ctx,
  manager: Person,
  week: Week,
  now: Date,
  scope: 'own' | 'all' = 'own',
): Promise<TeamView> {
  return { week, views: await viewWeeks(ctx, await teamOf(ctx, manager, scope), week, now) }
}

/** Those with weekly plans whom nobody may score. */
export async function withoutJudge(ctx: Ctx): Promise<Person[]> {
  const company = ctx.company()
  const [people, judgeOf] = await Promise.all([ctx.people.active(), judges(ctx)])
  return people.filter((p) => worksByWeeklyPlan(company, p) && !judgeOf(p))
}

/** Has not handed in, and is owed: whom a reminder may reach. On leave (asked for or granted) is left in peace (features.md B14). */
export const isOwing = (view: WeekView): boolean => owesReport(view.status) && view.row.excuse?.state !== 'proposed'

/** Handed in, not scored yet. */
export const isToScore = (view: WeekView): boolean =>
  view.counts !== undefined &&
  (view.status.kind === 'submitted' || view.status.kind === 'late') &&
  view.planned.some((p) => p.points > 0)

/**
 * 催一下: a reminder to those who have not handed in at this very moment, checked again when each is sent
 * (features.md T6). One a person and quarter of an hour, whoever presses.
 */
export async function chase(
  ctx: Ctx,
  act: Act,
  manager: Person,
  week: Week,
  scope: 'own' | 'all' = 'own',
  only: (person: Person) => boolean = () => true,
): Promise<{ asked: Person[] }> {
  const { views } = await teamView(ctx, manager, week, act.at, scope)
  const owing = views.filter(isOwing).flatMap((v) => (only(v.person) ? [v.person] : []))
  const quarter = Math.floor(act.at.getTime() / 900_000)
  await ctx.outbox.add(
    owing.map((person) => ({
      key: `chase/${weekRowId(person._id, week)}/${quarter}`,
      to: person._id,
      mode: 'push' as const,
      cause: act.id,
      content: { kind: 'notice' as const, name: 'plan-reminder', args: { week, stage: 'chased' } },
    })),
  )
  return { asked: owing }
}
