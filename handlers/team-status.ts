import { teamStatusCard } from '../cards/team-status.ts'
import type { Ctx } from '../src/context.ts'
import { isOnTime } from '../src/domain/deadline.ts'
import { formatInstant, type Week } from '../src/domain/time.ts'
import type { Answer, OnCard, Turn } from '../src/inbox/handler.ts'
import type { Person } from '../src/store/people.ts'
import { waitingName } from './score-week.ts'
import { runningWeek } from './weekly/target.ts'
import { chase, isOwing, teamOf, teamView } from './weekly/team.ts'
import { deadlineOf, isToScore } from './weekly/week.ts'

const text = {
  noTeam: '您目前没有需要提交周计划的下属。',
  notInTeam: (who: string) => `${who}不在您的团队中，或不需要提交周计划。发“催一下”可提醒所有还未提交的下属。`,
  chasedOne: (who: string) => `已提醒${who}。`,
  owesNothing: (who: string) => `${who}没有需要提交的内容，未再提醒。`,
  chased: (n: number) => (n === 0 ? '大家都已提交，没有需要提醒的同事。' : `已提醒${n}位还未提交的同事。`),
}

const scopeOf = (person: Person): 'own' | 'all' =>
  person.roles.includes('hr') || person.roles.includes('gm') ? 'all' : 'own'

/** The names behind a team's week, as the card shows them. */
export async function teamStatus(
  ctx: Ctx,
  manager: Person,
  week: Week,
  at: Date,
  kind: 'late' | 'live' | 'to-score',
  scope: 'own' | 'all',
) {
  const { views } = await teamView(ctx, manager, week, at, scope)
  const name = (list: typeof views) => list.map((v) => v.person.name)
  const due = deadlineOf(ctx.company(), week)
  const handedIn = views.filter((v) => v.counts && v.status.kind !== 'not-owed' && v.status.kind !== 'returned')
  const own = scope === 'own' ? views : (await teamView(ctx, manager, week, at, 'own')).views
  return {
    week,
    kind,
    submitted: name(handedIn.filter((v) => !v.counts!.late)),
    late: name(handedIn.filter((v) => v.counts!.late)),
    owing: name(views.filter(isOwing)),
    excused: name(
      views.filter(
        (v) => (v.status.kind === 'not-owed' && v.status.because === 'excused') || v.row.excuse?.state === 'proposed',
      ),
    ),
    toScore: own.filter(isToScore).map(waitingName),
    at: formatInstant(at, ctx.company().timeZone),
    overdue: due !== 'closed' && !isOnTime(at, due.deadline),
  }
}

/** 谁还没交: live, for one's own people; for HR and the general manager everybody. */
export async function whoHasSubmitted(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const { views } = await teamView(ctx, turn.person, runningWeek(ctx, turn.at), turn.at)
  const scope = views.length > 0 ? 'own' : scopeOf(turn.person)
  if (views.length === 0 && scope === 'own') return [{ text: text.noTeam }]
  const week = runningWeek(ctx, turn.at)
  const status = await teamStatus(ctx, turn.person, week, turn.at, 'live', scope)
  return [{ card: teamStatusCard(status), subject: `team/${turn.person._id}/${week}`, context: { week, scope } }]
}

export const onChase: OnCard = async (turn, ctx) => {
  const { week, scope } = turn.instance.context
  // What the card says of its scope counts only as far as the person still has it.
  const all = scope === 'all' && scopeOf(turn.person) === 'all'
  const { asked } = await chase(ctx, turn, turn.person, String(week), all ? 'all' : 'own')
  return [{ text: text.chased(asked.length) }]
}

/** 催一下, typed. */
export async function chaseByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const week = runningWeek(ctx, turn.at)
  const { views } = await teamView(ctx, turn.person, week, turn.at)
  const scope = views.length > 0 ? 'own' : scopeOf(turn.person)
  if (views.length === 0 && scope === 'own') return [{ text: text.noTeam }]
  const { asked } = await chase(ctx, turn, turn.person, week, scope)
  return [{ text: text.chased(asked.length) }]
}

/** 催赵敏: only her. @returns undefined where no such person is known: 催货款 is something else */
export async function chaseOne(turn: Turn, ctx: Ctx, who: string): Promise<Answer[] | undefined> {
  const isMeant = (p: Person) => p.name === who || p.nicknames.includes(who)
  if (!(await ctx.people.active()).some(isMeant)) return undefined
  const scope = scopeOf(turn.person)
  if (!(await teamOf(ctx, turn.person, scope)).some(isMeant)) return [{ text: text.notInTeam(who) }]
  const { asked } = await chase(ctx, turn, turn.person, runningWeek(ctx, turn.at), scope, isMeant)
  return [{ text: asked.length > 0 ? text.chasedOne(who) : text.owesNothing(who) }]
}
