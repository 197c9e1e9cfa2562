import { firstPlanCard, planReminderCard, type ReminderStage } from '../cards/plan-reminder.ts'
import { changeRequestCard, noteCard, weekReturnedCard } from '../cards/requests.ts'
import { scoreCard, weekScoredCard } from '../cards/score-card.ts'
import { teamStatusCard } from '../cards/team-status.ts'
import { itemLine } from '../cards/weekly-words.ts'
import { excuseRequest } from '../handlers/decide-request.ts'
import { mayAnswerWeek, mayJudgeWeek } from '../handlers/rights.ts'
import { seenIn, sheetOf, toScore, waitingName } from '../handlers/score-week.ts'
import { teamStatus } from '../handlers/team-status.ts'
import { planWeekOf } from '../handlers/weekly/draft.ts'
import { scoreSubject } from '../handlers/weekly/judge.ts'
import { supportStates } from '../handlers/weekly/support.ts'
import { isOwing, withoutJudge } from '../handlers/weekly/team.ts'
import {
  deadlineWords,
  isToScore,
  isWithoutPlan,
  viewWeek,
  type WeekView,
  weekSubject,
  worksByWeeklyPlan,
} from '../handlers/weekly/week.ts'
import type { Ctx } from '../src/context.ts'
import { isOnTime } from '../src/domain/deadline.ts'
import { shown } from '../src/domain/decimal.ts'
import { formatInstant, formatWeek, formatWeeks, type Week } from '../src/domain/time.ts'
import type { Rendered } from '../src/outbox/notice.ts'
import type { Person } from '../src/store/people.ts'
import { interviewNotices } from './notices-interviews.ts'
import { milestoneNotices } from './notices-milestones.ts'
import { momentNotices } from './notices-moments.ts'
import { monthNotices } from './notices-month.ts'
import { operationsNotices } from './notices-operations.ts'
import { supportNotices } from './notices-support.ts'
import { surveyNotices } from './notices-survey.ts'

type Args = Record<string, unknown>
type Render = (to: Person, args: Args, ctx: Ctx) => Promise<Rendered>

const gone = (cancel: string): Rendered => ({ cancel })

/** Somebody owes a week: asked again at the moment of sending, so that nobody is reminded after handing in (features.md T20). */
const planReminder: Render = async (to, args, ctx) => {
  const now = ctx.clock.now()
  const week = String(args.week)
  const stage = args.stage as ReminderStage
  if (!worksByWeeklyPlan(ctx.company(), to)) return gone('岗位不需要提交')
  const view = await viewWeek(ctx, to, week, now)
  if (!isOwing(view)) return gone('已提交或无需提交')
  if (stage === 'draft' && !view.row.draft) return gone('草稿已处理')
  if (stage !== 'snoozed' && stage !== 'chased' && view.row.snoozedUntil && view.row.snoozedUntil > now)
    return gone('本人要求稍后提醒')
  const card = planReminderCard({
    week,
    stage,
    dueText: deadlineWords(ctx, view, now),
    planned: view.planned,
    hasDraft: view.row.draft !== undefined,
    ...(view.row.returned && view.status.kind === 'returned' && { returnedWhy: view.row.returned.reason }),
  })
  return { card, subject: weekSubject(to._id, week), context: { week } }
}

/** The first plan of somebody who has just joined. */
const firstPlan: Render = async (to, args, ctx) => {
  const week = String(args.week)
  const { status, counts, due } = await viewWeek(ctx, to, week, ctx.clock.now())
  if (status.kind !== 'not-owed' || status.because !== 'first-week' || counts || due === 'closed')
    return gone('已提交或无需提交')
  const card = firstPlanCard(week, formatInstant(due.deadline, ctx.company().timeZone))
  return { card, subject: weekSubject(to._id, week), context: { week } }
}

/** People whom nobody may score or decide for: HR has to name a stand-in (domain.md §11.16). */
const nobodyJudges: Render = async (_to, _args, ctx) => {
  const names = (await withoutJudge(ctx)).map((p) => p.name)
  if (names.length === 0) return gone('都有上级')
  return {
    text: `以下同事在通讯录中没有上级，周计划无人评分和审批：${names.join('、')}。请在通讯录中设置上级，或在公司设置的 standIns 中指定代评人。`,
  }
}

/** At the deadline: who of one's own people is late, to their manager in private (domain.md §11.17). */
const lateDigest: Render = async (to, args, ctx) => {
  const week = String(args.week)
  const status = await teamStatus(ctx, to, week, ctx.clock.now(), 'late', 'own')
  if (status.owing.length + status.submitted.length + status.late.length === 0) return gone('没有需要提交的下属')
  return { card: teamStatusCard(status), subject: `team/${to._id}/${week}`, context: { week, scope: 'own' } }
}

/** Weeks left to score, daily until done (domain.md §3). */
const scoringReminder: Render = async (to, args, ctx) => {
  const now = ctx.clock.now()
  const waiting = await toScore(ctx, to, now)
  if (waiting.length === 0) return gone('已全部评分')
  const week = String(args.week)
  const status = {
    ...(await teamStatus(ctx, to, week, now, 'to-score', 'own')),
    toScore: waiting.map(waitingName),
  }
  return { card: teamStatusCard(status), subject: `team/${to._id}/${week}`, context: { week, scope: 'own' } }
}

const subjectPerson = async (args: Args, ctx: Ctx) => ctx.people.get(String(args.personId))

const excuseAsked: Render = async (to, args, ctx) => {
  const person = await subjectPerson(args, ctx)
  return (person && (await excuseRequest(ctx, to, person, String(args.week)))) ?? gone('请求已处理')
}

/** What became of a leave; of weeks that were decided together in one message. */
const excuseDecided: Render = async (to, args, ctx) => {
  const now = ctx.clock.now()
  const decided = (args.weeks as Week[] | undefined) ?? [String(args.week)]
  const views = (await Promise.all(decided.map((week) => viewWeek(ctx, to, week, now)))).filter(
    (v) => v.row.excuse?.state === args.state,
  )
  const weeks = views.map((v) => v.week)
  if (weeks.length === 0) return gone('已重新处理')
  const named = formatWeeks(weeks)
  if (args.state === 'granted') return { text: `${String(args.by)}已同意：${named}免计，无需提交。` }
  const owed = views.filter((v) => !v.counts && v.due !== 'closed')
  const isPast = (v: WeekView) => v.due !== 'closed' && !isOnTime(now, v.due.deadline)
  const past = owed.filter(isPast).map((v) => v.week)
  const what = [
    ...(past.length > 0 ? [`${formatWeeks(past)}已过截止时间，仍可补交，按迟交扣3分`] : []),
    ...(owed.length > past.length ? [`请在${past.length > 0 ? '其余各周的' : ''}截止时间前提交`] : []),
    ...(owed.length === 0 ? ['以已提交的内容为准'] : []),
  ].join('；')
  return { text: `${String(args.by)}未同意${named}免计，${what}；如有困难请直接与上级沟通。` }
}

const changeRequest: Render = async (to, args, ctx) => {
  const person = await subjectPerson(args, ctx)
  const week = String(args.week)
  if (!person || !(await mayAnswerWeek(ctx, to, person, week))) return gone('请求已处理')
  const view = await viewWeek(ctx, person, week, ctx.clock.now())
  const asked = view.row.submissions.find((s) => s.at.toISOString() === args.at && s.consent === 'asked')
  if (!asked || !view.counts) return gone('请求已处理')
  const lines = (plan: typeof asked.content.plan) => plan.map((item, i) => itemLine(item, i + 1, planWeekOf(ctx, week)))
  const card = changeRequestCard(
    person.name,
    week,
    lines(view.counts.submission.content.plan),
    lines(asked.content.plan),
  )
  return { card, subject: `change/${person._id}/${week}`, context: { personId: person._id, week, at: args.at } }
}

/** The score with its arithmetic; not one that was replaced or taken back meanwhile. */
const weekScored: Render = async (to, args, ctx) => {
  const week = String(args.week)
  const view = await viewWeek(ctx, to, week, ctx.clock.now())
  const given = view.row.score
  if (!given || !view.score || given.at.toISOString() !== args.at) return gone('评分已变更')
  const by = await ctx.people.get(given.by)
  const again = view.row.pastScores.length > 0
  const card = weekScoredCard(week, shown(view.score.score), view.score.lines, by?.name ?? '上级', again)
  return { card, subject: weekSubject(to._id, week), context: { week } }
}

/** A week that was scored before the deadline and then handed in anew. */
const scoreAgain: Render = async (to, args, ctx) => {
  const person = await subjectPerson(args, ctx)
  if (!person || !(await mayJudgeWeek(ctx, to, person, String(args.week)))) return gone('无需重新评分')
  const view = await viewWeek(ctx, person, String(args.week), ctx.clock.now())
  if (!isToScore(view) && !isWithoutPlan(view)) return gone('无需重新评分')
  const card = scoreCard({ ...sheetOf(ctx, view), supports: await supportStates(ctx, view) })
  return {
    card: { ...card, subtitle: '截止前更新了内容，原来的评分不再计入，请重新评分' },
    subject: scoreSubject(person._id, view.week),
    context: { personId: person._id, week: view.week, seen: seenIn(view) },
  }
}

const weekReturned: Render = async (to, args, ctx) => {
  const week = String(args.week)
  const { row, status } = await viewWeek(ctx, to, week, ctx.clock.now())
  if (!row.returned || status.kind !== 'returned') return gone('已重新提交')
  const by = await ctx.people.get(row.returned.by)
  return {
    card: weekReturnedCard(week, by?.name ?? '上级', row.returned.reason),
    subject: weekSubject(to._id, week),
    context: { week },
  }
}

const weekNote: Render = async (to, args, ctx) => {
  const person = await subjectPerson(args, ctx)
  const week = String(args.week)
  const row = person && (await ctx.weeks.get(person._id, week))
  const note = row?.notes.find((n) => n.by === args.by && n.at.toISOString() === args.at)
  const from = await ctx.people.get(String(args.by))
  if (!person || !note || !from) return gone('消息已不存在')
  const about = person._id === to._id ? '您' : person._id === from._id ? '' : person.name
  const context = { personId: person._id, week }
  return { card: noteCard(week, from.name, about, note.text), subject: `note/${person._id}/${week}`, context }
}

const say =
  (words: (args: Args) => string): Render =>
  async (_to, args) => ({ text: words(args) })

/** Messages that are made from live data when they are sent; the outbox keeps only their name and what they are about. */
export const notices: Record<string, Render> = {
  ...momentNotices,
  ...surveyNotices,
  ...supportNotices,
  ...monthNotices,
  ...interviewNotices,
  ...milestoneNotices,
  ...operationsNotices,
  'plan-reminder': planReminder,
  'first-plan': firstPlan,
  'nobody-judges': nobodyJudges,
  'late-digest': lateDigest,
  'scoring-reminder': scoringReminder,
  'excuse-request': excuseAsked,
  'change-request': changeRequest,
  'week-scored': weekScored,
  'score-again': scoreAgain,
  'week-returned': weekReturned,
  'week-note': weekNote,
  'score-withdrawn': say((a) => `${formatWeek(String(a.week))}的评分已由上级撤回，重新评分后会再通知您。`),
  'excuse-decided': excuseDecided,
  'change-decided': say((a) =>
    a.consent === 'given'
      ? `${String(a.by)}已同意您对${formatWeek(String(a.week))}提交内容的修改，不影响得分。`
      : `${String(a.by)}未同意修改，${formatWeek(String(a.week))}以原来提交的内容为准。`,
  ),
}
