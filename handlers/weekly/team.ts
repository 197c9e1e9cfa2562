import type { Act, Ctx } from '../../src/context.ts'
import type { Week } from '../../src/domain/time.ts'
import { owesReport } from '../../src/domain/weekly-report.ts'
import type { Person } from '../../src/store/people.ts'
import { weekRowId } from '../../src/store/weeks.ts'
import { judgeOf } from '../rights.ts'
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
async function directReports(ctx: Ctx, manager: Person): Promise<Person[]> {
  const own = await ctx.people.reportsOf(manager._id)
  const standIns = ctx.company().standIns
  if (Object.keys(standIns).length === 0) return own
  const all = await ctx.people.active()
  const refersTo = (p: Person, ref: string) => p.jobNumber === ref || p.name === ref
  const substituted = Object.entries(standIns)
    .filter(([, to]) => refersTo(manager, to))
    .flatMap(([of]) => all.filter((p) => refersTo(p, of) && !p.managerId))
  return [...own, ...substituted.filter((p) => !own.some((o) => o._id === p._id))]
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
  const people = (await ctx.people.active()).filter((p) => worksByWeeklyPlan(company, p))
  const judges = await Promise.all(people.map((p) => judgeOf(ctx, p)))
  return people.filter((_, i) => !judges[i])
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
