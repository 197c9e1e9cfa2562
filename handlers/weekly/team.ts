import type { Act, Ctx } from '../../src/context.ts'
import {
  dayOf,
  mondayOf,
  monthOf,
  monthOfWeek,
  saturdayOf,
  type Week,
  weekOf,
  weeksOfMonth,
} from '../../src/domain/time.ts'
import { owesReport } from '../../src/domain/weekly-report.ts'
import type { Person } from '../../src/store/people.ts'
import { managerOn, positionOn } from '../../src/store/positions.ts'
import { weekRowId } from '../../src/store/weeks.ts'
import { unpublishedMonths } from '../month/inputs.ts'
import { judges } from '../rights.ts'
import { runningWeek } from './target.ts'
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

/**
 * Whose weeks somebody scores: those whose superior they were on the Saturday and who worked by weekly plans then (domain.md
 * §11.15, §11.21), who has left since included. The people of all weeks, and how to choose those of one.
 */
export async function scoredBy(ctx: Ctx, manager: Person) {
  const [present, left, ever, judgeOf] = await Promise.all([
    directReports(ctx, manager),
    ctx.people.leftUnder(manager._id),
    ctx.positions.everUnder(manager._id).then((ids) => ctx.people.many(ids)),
    judges(ctx),
  ])
  const people = [...new Map([...present, ...left, ...ever].map((p) => [p._id, p])).values()]
    .filter((p) => p._id !== manager._id && (p.active || p.leftOn !== undefined) && p.joinedInto === undefined)
    .sort((a, b) => (a._id < b._id ? -1 : 1))
  const histories = await ctx.positions.many(people.map((p) => p._id))
  const company = ctx.company()
  const today = dayOf(ctx.clock.now(), company.timeZone)
  const isTheirs = (person: Person, week: Week): boolean => {
    const saturday = saturdayOf(week)
    const history = histories.get(person._id)
    const position = (saturday <= today && positionOn(history, saturday)) || person.position
    return (
      worksByWeeklyPlan(company, { ...person, position }) &&
      judgeOf(person, managerOn(history, saturday, today)) === manager._id
    )
  }
  return { people, of: (week: Week) => people.filter((p) => isTheirs(p, week)) }
}

/** Weeks that still count for a result, the oldest first: of months that are not published, up to the running one. */
export async function openWeeks(ctx: Ctx, at: Date): Promise<Week[]> {
  if (ctx.firstWeek === '') return []
  const today = dayOf(at, ctx.company().timeZone)
  const running = runningWeek(ctx, at)
  const months = [...(await unpublishedMonths(ctx, today)), monthOf(today), monthOfWeek(running)]
  return [...new Set(months.flatMap(weeksOfMonth))].filter((w) => w > ctx.firstWeek && w <= running)
}

/**
 * Everybody who may have weeks of others to look after: with people with weekly plans below them, now or in the weeks that still
 * count. What each really has is asked when they are told.
 */
export async function leaders(ctx: Ctx): Promise<Person[]> {
  const company = ctx.company()
  const now = ctx.clock.now()
  const since = mondayOf((await openWeeks(ctx, now))[0] ?? weekOf(dayOf(now, company.timeZone)))
  const [people, left, moved, judgeOf] = await Promise.all([
    ctx.people.active(),
    ctx.people.leftSince(since),
    ctx.positions.changedSince(since),
    judges(ctx),
  ])
  const hasMoved = new Set(moved.map((m) => m._id))
  const led = [...people, ...left].filter((p) => worksByWeeklyPlan(company, p) || hasMoved.has(p._id))
  const judging = new Set([
    ...led.map((p) => judgeOf(p)),
    ...moved.flatMap((m) => m.history.flatMap((h) => h.managerId ?? [])),
  ])
  return people.filter((p) => judging.has(p._id))
}

/** A team's week. Of those who have left only what they still owed then. */
export async function teamView(
  ctx: Ctx,
  manager: Person,
  week: Week,
  now: Date,
  scope: 'own' | 'all' = 'own',
): Promise<TeamView> {
  const people = scope === 'all' ? await teamOf(ctx, manager, 'all') : (await scoredBy(ctx, manager)).of(week)
  return { week, views: await owedViews(ctx, people, week, now) }
}

/** The weeks of several people, without those of people who were not there any more. */
export const owedViews = async (ctx: Ctx, people: Person[], week: Week, now: Date): Promise<WeekView[]> =>
  (await viewWeeks(ctx, people, week, now)).filter((v) => v.person.active || v.status.kind !== 'not-owed')

/** Those with weekly plans whom nobody may score. */
export async function withoutJudge(ctx: Ctx): Promise<Person[]> {
  const company = ctx.company()
  const [people, judgeOf] = await Promise.all([ctx.people.active(), judges(ctx)])
  return people.filter((p) => worksByWeeklyPlan(company, p) && !judgeOf(p))
}

/** Has not handed in, and is owed: whom a reminder may reach. On leave (asked for or granted) is left in peace (features.md B14). */
export const isOwing = (view: WeekView): boolean =>
  view.person.active && owesReport(view.status) && view.row.excuse?.state !== 'proposed'

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
