import { toScore } from '../../../handlers/score-week.ts'
import { runningWeek, weeksFor } from '../../../handlers/weekly/target.ts'
import { isOwing, teamOf, teamView } from '../../../handlers/weekly/team.ts'
import { viewWeek, worksByWeeklyPlan } from '../../../handlers/weekly/week.ts'
import type { Ctx } from '../../context.ts'
import { formatMonth, formatWeek, type Month } from '../../domain/time.ts'
import type { Person } from '../../store/people.ts'
import type { ResultRow } from '../../store/results.ts'
import type { Sessions } from '../session.ts'
import type { HomePage, Me } from './contract.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { noQuery } from './fields.ts'
import { interviewsWaiting } from './interviews.ts'
import { milestonesWaiting } from './milestones.ts'
import { seesAll } from './team.ts'
import { dueOf, nameOfWeek, statusForOneself, waitingChange } from './views.ts'

/** What of the month is there for somebody to open. */
async function monthLinks(ctx: Ctx, me: Person): Promise<HomePage['month']> {
  const name = (month: Month | undefined) => (month ? { month, title: formatMonth(month) } : undefined)
  const [own, team, below] = await Promise.all([
    ctx.results.ofPerson(me._id, 1),
    ctx.results.model
      .findOne(seesAll(me) ? {} : { judgeId: me._id })
      .sort({ month: -1 })
      .lean<ResultRow>(),
    ctx.people.model.exists({ managerId: me._id, active: true }),
  ])
  const result = name(own[0]?.month)
  const ofTeam = name(team?.month)
  return {
    ...(result && { result }),
    ...(ofTeam && { team: ofTeam }),
    records: below !== null || me.roles.includes('hr'),
  }
}

export const homeEndpoints = (sessions: Sessions): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/api/me',
    query: noQuery,
    async run({ ctx, me, now, platform, session }): Promise<Me> {
      return {
        id: me._id,
        name: me.name,
        platform,
        csrf: sessions.csrfToken(session),
        // Somebody whose people have all left may still have their last weeks to score.
        leads: (await teamOf(ctx, me, 'own')).length > 0 || (await toScore(ctx, me, now)).length > 0,
        seesAll: seesAll(me),
        plans: worksByWeeklyPlan(ctx.company(), me),
        company: ctx.company().name,
        zone: ctx.company().timeZone,
      }
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/home',
    query: noQuery,
    async run({ ctx, me, now }): Promise<HomePage> {
      const home: HomePage = { now: now.toISOString(), toScore: 0, requests: [], month: await monthLinks(ctx, me) }
      home.interviews = await interviewsWaiting(ctx, me, now)
      home.milestones = await milestonesWaiting(ctx, me, now)
      if (me.roles.includes('hr')) home.people = { doubts: (await ctx.contacts.openDoubts()).length }
      if (worksByWeeklyPlan(ctx.company(), me)) {
        const which = (await weeksFor(ctx, me, now))[0] ?? runningWeek(ctx, now)
        const view = await viewWeek(ctx, me, which, now)
        home.week = {
          ...nameOfWeek(which),
          status: view.status,
          statusText: statusForOneself(view),
          ...dueOf(ctx, view),
        }
      }
      home.toScore = (await toScore(ctx, me, now)).length
      if ((await teamOf(ctx, me, 'own')).length === 0) return home
      const running = runningWeek(ctx, now)
      const weeks = [running, ctx.company().weeks.previousOpenWeek(running)]
      const teams = await Promise.all(weeks.map((w) => teamView(ctx, me, w, now)))
      home.owing = teams[0]!.views.filter(isOwing).length
      for (const view of teams.flatMap((t) => t.views)) {
        const about = { person: { id: view.person._id, name: view.person.name }, week: view.week }
        const title = formatWeek(view.week)
        if (view.row.excuse?.state === 'proposed')
          home.requests.push({ kind: 'excuse', ...about, title, text: view.row.excuse.reason })
        if (waitingChange(view) && !view.row.score)
          home.requests.push({ kind: 'change', ...about, title, text: '申请修改已提交的内容' })
      }
      return home
    },
  }),
]
