import { type PlanDraft, planDraftCard } from '../../cards/plan-draft.ts'
import type { Ctx } from '../../src/context.ts'
import { changePlan } from '../../src/domain/change-plan.ts'
import { isOnTime } from '../../src/domain/deadline.ts'
import { parseReport } from '../../src/domain/parse-plan.ts'
import { contentText, type TemplateContext } from '../../src/domain/template-text.ts'
import { dayOf, formatWeek, type Week } from '../../src/domain/time.ts'
import { carryOver, type Summary, validateContent, type WeeklyContent } from '../../src/domain/weekly-report.ts'
import type { Answer, TextTurn, Turn } from '../../src/inbox/handler.ts'
import type { Person } from '../../src/store/people.ts'
import { saveDraft } from './submit.ts'
import { supportersAmong, supportStates } from './support.ts'
import { deadlineWords, viewWeek, type WeekView, weekSubject } from './week.ts'

const words = {
  notChanged: (text: string, why: string) => `没有修改：“${text}”，${why}。`,
  replaced: (n: number) => `已替换原来的${n}项`,
}

export const planWeekOf = (ctx: Ctx, week: Week): Week => ctx.company().weeks.nextOpenWeek(week)

export function templateContext(ctx: Ctx, view: WeekView, at: Date): TemplateContext {
  return {
    today: dayOf(at, ctx.company().timeZone),
    summaryWeek: view.week,
    planned: view.planned,
    planWeek: planWeekOf(ctx, view.week),
  }
}

/** The form to fill in, with the week's plan laid before the person and what they have written so far (features.md T3). */
export async function templateFor(ctx: Ctx, turn: Turn, week: Week): Promise<string> {
  const view = await viewWeek(ctx, turn.person, week, turn.at)
  return contentText(inHand(view), templateContext(ctx, view, turn.at))
}

/** What is new replaces what was there; what was not said again stays. @param whole the plan is all there is now */
function mergeContent(
  base: WeeklyContent,
  summary: Summary | undefined,
  plan: WeeklyContent['plan'],
  whole: boolean,
): WeeklyContent {
  const merged: WeeklyContent = { plan: whole || plan.length > 0 ? plan : base.plan }
  const old = base.summary
  if (summary && old) {
    merged.summary = {
      outcomes: summary.outcomes.map((o, i) => o ?? old.outcomes[i] ?? null),
      extra: summary.extra.length > 0 ? summary.extra : old.extra,
      shortcomings: summary.shortcomings || old.shortcomings,
      problems: summary.problems || old.problems,
      improvements: summary.improvements || old.improvements,
    }
  } else if (summary ?? old) merged.summary = (summary ?? old)!
  return merged
}

/** Scored, and the deadline is over: nothing more can be handed in, so no draft begins. */
export const isOver = ({ row, due }: WeekView, at: Date): boolean =>
  row.score !== undefined && due !== 'closed' && !isOnTime(at, due.deadline)
export const scoredWords = (week: Week): string =>
  `${formatWeek(week)}已评分，不能再修改。发“我的”可查看得分；如有疑问，请点评分通知上的“回复上级”。`

/** What is being written, or what has been handed in. */
const inHand = (view: WeekView): WeeklyContent =>
  view.row.draft?.content ?? view.counts?.submission.content ?? { plan: [] }

/** Whether a text says anything of a week at all. */
export function readsAsReport(ctx: Ctx, view: WeekView, turn: TextTurn): boolean {
  if (view.row.draft?.key === turn.id) return true
  const context = templateContext(ctx, view, turn.at)
  if (changePlan(turn.text, inHand(view).plan, context)) return true
  const { plan, summary } = parseReport(turn.text, context)
  return plan.length > 0 || summary !== undefined
}

/** Reads what somebody wrote of a week into their draft, and shows it back (features.md T5). */
export async function takeIntoDraft(
  ctx: Ctx,
  turn: Turn,
  week: Week,
  text: string,
  expect?: 'plan' | 'summary',
): Promise<Answer[]> {
  const view = await viewWeek(ctx, turn.person, week, turn.at)
  // After a crash the same text would be a further change.
  if (view.row.draft?.key === turn.id) return [await draftAnswer(ctx, turn, week)]
  if (isOver(view, turn.at)) return [{ text: scoredWords(week) }]
  const base = inHand(view)
  const context = { ...templateContext(ctx, view, turn.at), ...(expect && { expect }) }
  const changed = changePlan(text, base.plan, context)
  const { summary, plan, unread, assumptions } = changed ?? parseReport(text, context)
  if (changed && !summary && assumptions.length === 0)
    return [{ text: unread.map((u) => words.notChanged(u.text, u.why)).join('\n') }]
  const content = mergeContent(base, summary, plan, changed !== undefined)
  const fewer = content.plan.length < base.plan.length
  const formerPlan = fewer ? base.plan : content.plan === base.plan ? view.row.draft?.formerPlan : undefined
  const said = fewer && !changed ? [...assumptions, words.replaced(base.plan.length)] : assumptions
  const draft = { content, unread, assumptions: said, ...(formerPlan && { formerPlan }) }
  await saveDraft(ctx, turn, turn.person, week, draft)
  return [await draftAnswer(ctx, turn, week)]
}

/** The card of the draft as it stands. */
export async function draftAnswer(ctx: Ctx, turn: Turn, week: Week): Promise<Answer> {
  const { card, context } = await draftFace(ctx, turn, week)
  return { card, subject: weekSubject(turn.person._id, week), context }
}

/** Names of those whom a plan asks for support; undefined where an item names nobody. */
async function supportersOfPlan(ctx: Ctx, person: Person, plan: WeeklyContent['plan']) {
  if (!plan.some((item) => item.support?.who)) return plan.map(() => undefined)
  const people = await ctx.people.active()
  const ids = supportersAmong(people)(plan, person)
  const nameOf = (id: string) => people.find((p) => p._id === id)!.name
  return plan.map((item, i) => (item.support?.who ? ids[i]!.map(nameOf) : undefined))
}

export async function draftFace(ctx: Ctx, turn: Turn, week: Week) {
  const view = await viewWeek(ctx, turn.person, week, turn.at)
  const draft = view.row.draft ?? { content: { plan: [] }, unread: [], assumptions: [] }
  const face: PlanDraft = {
    week,
    planWeek: planWeekOf(ctx, week),
    dueText: deadlineWords(ctx, view, turn.at),
    planned: view.planned,
    content: draft.content,
    unread: draft.unread,
    assumptions: draft.assumptions,
    problems: validateContent(draft.content, view.planned.length),
    supports: await supportStates(ctx, view),
    supporters: await supportersOfPlan(ctx, turn.person, draft.content.plan),
    replaces: view.counts !== undefined,
    needsConsent: view.due !== 'closed' && !isOnTime(turn.at, view.due.deadline) && view.status.kind !== 'returned',
    toCarry: unplanned(ctx, view, draft.content).length,
    hasFormer: view.row.draft?.formerPlan !== undefined,
  }
  return { card: planDraftCard(face), context: { week, ...(view.row.draft && { draft: view.row.draft.key }) } }
}

/** Unfinished items that the new plan does not have yet (features.md T3). */
export function unplanned(ctx: Ctx, view: WeekView, content: WeeklyContent) {
  if (!content.summary) return []
  const outcomes = content.summary.outcomes
  const said = view.planned
    .map((item, i) => ({ item, outcome: outcomes[i] }))
    .filter((x) => x.outcome && x.outcome.outcome !== 'done')
  const carried = carryOver(
    said.map((x) => x.item),
    said.map((x) => x.outcome),
    { from: view.week, to: planWeekOf(ctx, view.week) },
  )
  return carried.filter((c) => !content.plan.some((p) => p.text.trim() === c.text.trim()))
}
