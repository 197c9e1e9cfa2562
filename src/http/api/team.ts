import { z } from 'zod'
import { runningWeek } from '../../../handlers/weekly/target.ts'
import { chase, isOwing, teamOf, teamView } from '../../../handlers/weekly/team.ts'
import { isToScore, viewWeeks, type WeekView } from '../../../handlers/weekly/week.ts'
import type { Ctx } from '../../context.ts'
import { partsOf, saturdayOf, type Week } from '../../domain/time.ts'
import type { Person } from '../../store/people.ts'
import { ApiError } from './body.ts'
import type { TeamPage, TrendWeek } from './contract.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { noQuery, requestId, week } from './fields.ts'
import { dueOf, nameOfWeek, personLine } from './views.ts'

const scope = z.enum(['own', 'all'])
/** A phone shows no more; the whole company is counted all the same. */
const MOST_PEOPLE = 300
const TREND_WEEKS = 8

export const seesAll = (person: Person): boolean => person.roles.includes('hr') || person.roles.includes('gm')

/** Whose weeks these are is asked anew at every call. @throws ApiError 403 */
async function allowed(ctx: Ctx, me: Person, wanted: 'own' | 'all' | undefined): Promise<'own' | 'all'> {
  const leads = (await teamOf(ctx, me, 'own')).length > 0
  const chosen = wanted ?? (leads || !seesAll(me) ? 'own' : 'all')
  if (chosen === 'all' ? !seesAll(me) : !leads && !seesAll(me))
    throw new ApiError(403, 'forbidden', '您没有需要查看的团队')
  return chosen
}

function countsOf(views: WeekView[]): TeamPage['counts'] {
  const count = (test: (v: WeekView) => boolean) => views.filter(test).length
  const excused = count((v) => v.status.kind === 'not-owed')
  return {
    owed: views.length - excused,
    submitted: count((v) => v.status.kind !== 'not-owed' && v.counts !== undefined),
    late: count((v) => v.status.kind !== 'not-owed' && v.counts?.late === true),
    open: count((v) => isOwing(v) && v.status.kind !== 'returned'),
    excused,
    scored: count((v) => v.status.kind === 'scored'),
    toScore: count(isToScore),
  }
}

/** What needs a hand first. */
const order = ['missing', 'draft', 'owed', 'returned', 'late', 'submitted', 'scored', 'not-owed']

async function teamPage(ctx: Ctx, me: Person, which: Week, now: Date, chosen: 'own' | 'all'): Promise<TeamPage> {
  const { views } = await teamView(ctx, me, which, now, chosen)
  const sorted = [...views].sort(
    (a, b) =>
      order.indexOf(a.status.kind) - order.indexOf(b.status.kind) || a.person.name.localeCompare(b.person.name, 'zh'),
  )
  const weeks: Week[] = []
  for (
    let w = runningWeek(ctx, now);
    w >= ctx.firstWeek && weeks.length < 6;
    w = ctx.company().weeks.previousOpenWeek(w)
  )
    weeks.push(w)
  return {
    ...nameOfWeek(which),
    now: now.toISOString(),
    scope: chosen,
    ...(sorted[0] ? dueOf(ctx, sorted[0]) : {}),
    counts: countsOf(views),
    people: sorted.slice(0, MOST_PEOPLE).map((v) => personLine(ctx, v)),
    more: Math.max(0, sorted.length - MOST_PEOPLE),
    weeks: weeks.map(nameOfWeek),
  }
}

export const teamEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/team',
    query: z.strictObject({ week: week.optional(), scope: scope.optional() }),
    async run({ ctx, me, now, query }): Promise<TeamPage> {
      const chosen = await allowed(ctx, me, query.scope)
      return teamPage(ctx, me, query.week ?? runningWeek(ctx, now), now, chosen)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/team/trend',
    query: z.strictObject({ scope: scope.optional() }),
    async run({ ctx, me, now, query }): Promise<TrendWeek[]> {
      const team = await teamOf(ctx, me, await allowed(ctx, me, query.scope))
      const trend: TrendWeek[] = []
      let which = runningWeek(ctx, now)
      for (let i = 0; i < TREND_WEEKS && which > ctx.firstWeek; i++) {
        const views = await viewWeeks(ctx, team, which, now)
        // Before its deadline a week has no rate yet.
        const due = views[0]?.due
        if (due && due !== 'closed' && due.deadline < now) {
          const owing = views.filter((v) => v.status.kind !== 'not-owed')
          const { month, dayOfMonth } = partsOf(saturdayOf(which))
          trend.unshift({
            ...nameOfWeek(which),
            label: `${month}/${dayOfMonth}`,
            owed: owing.length,
            onTime: owing.filter((v) => v.counts && !v.counts.late).length,
            late: owing.filter((v) => v.counts?.late).length,
          })
        }
        which = ctx.company().weeks.previousOpenWeek(which)
      }
      return trend
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/team/chase',
    query: noQuery,
    body: z.strictObject({ requestId, week, scope: scope.optional() }),
    async run({ ctx, me, act, now, body }): Promise<{ asked: number; page: TeamPage }> {
      const chosen = await allowed(ctx, me, body.scope)
      const { asked } = await chase(ctx, act, me, body.week, chosen)
      return { asked: asked.length, page: await teamPage(ctx, me, body.week, now, chosen) }
    },
  }),
]
