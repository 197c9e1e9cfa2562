import { teamStatusCard } from '../cards/team-status.ts'
import type { Ctx } from '../src/context.ts'
import { halfWidth, trimMarks } from '../src/domain/chat-text.ts'
import { isOnTime } from '../src/domain/deadline.ts'
import { formatInstant, formatWeek, type Week } from '../src/domain/time.ts'
import type { Answer, FindCommand, OnCard, TextTurn, Turn } from '../src/inbox/handler.ts'
import type { Person } from '../src/store/people.ts'
import { scoreNext, toScore, waitingName } from './score-week.ts'
import { runningWeek } from './weekly/target.ts'
import { chase, isOwing, leaders, teamOf, teamView } from './weekly/team.ts'
import { deadlineOf, isToScore, viewWeek, type WeekView } from './weekly/week.ts'

const text = {
  noTeam: '您目前没有需要提交周计划的下属。',
  notInTeam: (who: string) => `${who}不在您的团队中，或不需要提交周计划。发“催一下”可提醒所有还未提交的下属。`,
  chasedOne: (who: string) => `已提醒${who}。`,
  owesNothing: (who: string) => `${who}没有需要提交的内容，未再提醒。`,
  status: (who: string, week: string, status: string) => `${who}${week}：${status}。`,
  onTime: (at: string) => `已按时提交（${at}）`,
  late: (at: string) => `迟交（${at}）`,
  returned: '已退回，等待补充',
  excused: '请假或免计',
  owing: '还未提交',
  notOwed: '不需要提交',
  excuseHow: '请打开页面，点页面下方的“免计本周”并写明原因；对方申请请假时，也会有卡片请您直接处理。',
  notYours: (who: string) => `${who}的请假和免计由直属上级处理。`,
  leftToScore: (n: number) => `还有${n}位上级有周总结待评分：`,
  allScored: '目前没有待评分的周总结。',
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

/** 催赵敏: only her; where no such person is known, 催货款 is something else. */
export const chaseOneCommand: FindCommand = async (turn, ctx) => {
  const said = /^(?:催|提醒)(?:一下)?\s?([\u4e00-\u9fff]{2,4}?)(?:一下|交|提交)?[。！!]?$/.exec(turn.text.trim())
  if (!said) return undefined
  const isMeant = (p: Person) => p.name === said[1] || p.nicknames.includes(said[1]!)
  return (await ctx.people.active()).some(isMeant) ? () => chaseOne(turn, ctx, said[1]!, isMeant) : undefined
}

async function chaseOne(turn: Turn, ctx: Ctx, who: string, isMeant: (p: Person) => boolean): Promise<Answer[]> {
  const scope = scopeOf(turn.person)
  if (!(await teamOf(ctx, turn.person, scope)).some(isMeant)) return [{ text: text.notInTeam(who) }]
  const { asked } = await chase(ctx, turn, turn.person, runningWeek(ctx, turn.at), scope, isMeant)
  return [{ text: asked.length > 0 ? text.chasedOne(who) : text.owesNothing(who) }]
}

const NAME = '([\\u4e00-\\u9fff·]{2,12}?)'
const HAS_HANDED_IN = new RegExp(`^${NAME}的?(?:周报|周?计划|周?总结)?(?:提交|交)了?(?:吗|没有?|了没)$`)
const EXCUSE = new RegExp(`^(?:免计${NAME}|(?:批准|同意)${NAME}的?(?:请假|免计)|${NAME}(?:本周|这周)?免计)$`)

/** 「赵敏交了吗」, 「赵敏免计」: of one's own people, for HR of everybody's hand-in. @returns undefined for other words */
export async function readTeamWords(turn: TextTurn, ctx: Ctx): Promise<Answer[] | undefined> {
  const said = trimMarks(halfWidth(turn.text)).replace(/[?!\s]/g, '')
  const asked = HAS_HANDED_IN.exec(said)
  const excuse = EXCUSE.exec(said)
  const who = asked?.[1] ?? excuse?.slice(1).find((name) => name !== undefined)
  if (!who) return undefined
  const isMeant = (p: Person) => p.name === who || p.nicknames.includes(who)
  const scope = scopeOf(turn.person)
  const person = (await teamOf(ctx, turn.person, asked ? scope : 'own')).find(isMeant)
  if (!person) {
    // A colleague's matters are nobody else's.
    const known = scope === 'all' && (await ctx.people.active()).some(isMeant)
    return known ? [{ text: asked ? text.owesNothing(who) : text.notYours(who) }] : undefined
  }
  const week = runningWeek(ctx, turn.at)
  const view = await viewWeek(ctx, person, week, turn.at)
  if (asked) return [{ text: text.status(person.name, formatWeek(week), statusOf(ctx, view)) }]
  const card = {
    title: `${person.name}${formatWeek(week)}免计`,
    text: text.excuseHow,
    link: { text: '打开评分页', path: `/h5/score/${person._id}/${week}` },
  }
  return [{ card, subject: `excuse-page/${person._id}/${week}` }]
}

function statusOf(ctx: Ctx, { counts, status, row }: WeekView): string {
  if (row.excuse?.state === 'proposed' || (status.kind === 'not-owed' && status.because === 'excused'))
    return text.excused
  if (status.kind === 'returned') return text.returned
  if (!counts) return status.kind === 'not-owed' ? text.notOwed : text.owing
  const at = formatInstant(counts.submission.at, ctx.company().timeZone)
  return counts.late ? text.late(at) : text.onTime(at)
}

const MOST_LINES = 30

/** 谁还没评分: for HR and the general manager by superior, for a superior what is left of their own. */
export async function leftToScore(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  if (scopeOf(turn.person) === 'own') return scoreNext(turn, ctx)
  const left: { name: string; count: number }[] = []
  for (const leader of await leaders(ctx)) {
    const count = (await toScore(ctx, leader, turn.at)).length
    if (count > 0) left.push({ name: leader.name, count })
  }
  if (left.length === 0) return [{ text: text.allScored }]
  const lines = left
    .sort((a, b) => b.count - a.count)
    .slice(0, MOST_LINES)
    .map(({ name, count }) => `· ${name}：${count}份`)
  const more = left.length > MOST_LINES ? [`等${left.length}位。`] : []
  return [{ text: [text.leftToScore(left.length), ...lines, ...more].join('\n') }]
}
