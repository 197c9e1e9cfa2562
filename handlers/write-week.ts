import type { Card } from '../cards/card.ts'
import { OUTCOMES_PER_STEP, outcomeStepCard } from '../cards/outcome-steps.ts'
import { closedCard, planSubmittedCard } from '../cards/plan-submitted.ts'
import { whichWeekCard } from '../cards/requests.ts'
import type { Ctx } from '../src/context.ts'
import { trimMarks } from '../src/domain/chat-text.ts'
import { isOnTime } from '../src/domain/deadline.ts'
import { sumPoints } from '../src/domain/score.ts'
import { ITEM_EXAMPLE } from '../src/domain/template-text.ts'
import { formatInstant, formatWeek, shortWeek, type Week } from '../src/domain/time.ts'
import { type Outcome, type Submission, type Summary, standing } from '../src/domain/weekly-report.ts'
import type { Answer, CardTurn, OnCard, OnTalk, TextTurn, Turn } from '../src/inbox/handler.ts'
import { reportOf } from '../src/store/weeks.ts'
import { draftAnswer, draftFace, isOver, scoredWords, takeIntoDraft, templateFor, unplanned } from './weekly/draft.ts'
import { dropDraft, saveDraft, submitWeek, withdrawWeek } from './weekly/submit.ts'
import { supportStates } from './weekly/support.ts'
import { weeksFor } from './weekly/target.ts'
import { deadlineOf, viewWeek, type WeekView, weekSubject } from './weekly/week.ts'

const ASK_MS = 30 * 60_000

const text = {
  howTo: (week: Week) =>
    `请复制下面的内容，填好后发给我（${formatWeek(week)}）。也可以直接按自己的习惯写，例如“${ITEM_EXAMPLE}”。`,
  which: '您还有上一周的内容未提交。这次填写的是哪一周？',
  nothing: '没有可以撤销的内容。',
  closedWeek: '本周放假，无需提交。',
  withdrawn: '已撤销，内容保留为草稿。修改后请再次提交。',
  withdrawnBefore: '已撤销刚才的提交。您之后写的内容仍是草稿，核对后请再次提交。',
  newerSubmission: '这次提交之后您又提交过，这张卡片不再撤销。要撤销最近一次，请发“撤销”。',
  tooLong: (minutes: number) => `提交已超过${minutes}分钟，不能撤销；截止前直接再次发送即可替换。`,
  deadlinePassed: '已过截止时间，撤销后会变成迟交，因此保留原来的提交。如需修改，请直接发送新的内容，由上级确认。',
  scored: '本周已评分，不能再修改；如有疑问请回复上级。',
  scoredEarly: '上级已评分，不能撤销；截止前可以直接发送新的内容，由上级重新评分。',
  settled: '该周所在月份的结果已由上级确认，不能再提交；如确有需要，请联系直属上级或人力资源。',
  noDraft: '这份草稿已经处理过了。需要修改请直接发送新的内容。',
  nothingToSubmit: '没有可以提交的草稿。发“周计划”开始填写。',
  isIn: (when: string) => `您已于${when}提交，不用再交。`,
  isAsked: (when: string) => `您的修改已于${when}提交，正在请上级确认，不用再交。`,
  returned: '上级请您补充：请发送修改后的内容，核对后再提交。',
  cancelled: '已取消，草稿没有保留',
  newer: '内容已更新，请核对下面这一份再提交',
  newerDraft: '内容已更新，没有取消',
  restored: '已恢复原来的计划',
}

const weekOfCard = (turn: CardTurn): Week => String(turn.instance.context.week)

/** 周计划 / 周总结 without more: the form, with last week's plan in it. */
export async function startWriting(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const weeks = await weeksFor(ctx, turn.person, turn.at)
  if (weeks.length > 1)
    return [{ card: whichWeekCard(weeks, text.which), subject: `which-week/${turn.person._id}`, context: {} }]
  return startWeek(turn, ctx, weeks[0]!)
}

async function startWeek(turn: Turn, ctx: Ctx, week: Week): Promise<Answer[]> {
  if (deadlineOf(ctx.company(), week) === 'closed') return [{ text: text.closedWeek }]
  const view = await viewWeek(ctx, turn.person, week, turn.at)
  if (isOver(view, turn.at)) return [{ text: scoredWords(week) }]
  const states = (await supportStates(ctx, view)).flatMap((state, i) => (state ? [`第${i + 1}项 ${state}`] : []))
  const supports = states.length > 0 ? `\n本周需要的支持：\n${states.join('\n')}` : ''
  return [{ text: `${text.howTo(week)}${supports}` }, { text: await templateFor(ctx, turn, week) }]
}

/** A plan or summary as people write it. */
export async function readReport(turn: TextTurn, ctx: Ctx, expect?: 'plan' | 'summary'): Promise<Answer[]> {
  const weeks = await weeksFor(ctx, turn.person, turn.at)
  if (weeks.length > 1) {
    const card = whichWeekCard(weeks, text.which)
    return [{ card, subject: `which-week/${turn.person._id}`, context: { text: turn.text, ...(expect && { expect }) } }]
  }
  return takeIntoDraft(ctx, turn, weeks[0]!, turn.text, expect)
}

/** Which of two open weeks a text was meant for (domain.md §11.14). */
export const onWhichWeek: OnCard = async (turn, ctx) => {
  const week = turn.arg
  const open = await weeksFor(ctx, turn.person, turn.at)
  const closed = { replace: closedCard('请选择是哪一周', shortWeek(week)) }
  if (!open.includes(week)) return [closed]
  const { text: typed, expect } = turn.instance.context
  if (typeof typed !== 'string') return [closed, ...(await startWeek(turn, ctx, week))]
  return [closed, ...(await takeIntoDraft(ctx, turn, week, typed, expect as 'plan' | undefined))]
}

export const onStartWeek: OnCard = async (turn, ctx) => startWeek(turn, ctx, weekOfCard(turn))

export const onShowDraft: OnCard = async (turn, ctx) => {
  const week = weekOfCard(turn)
  const { row } = await viewWeek(ctx, turn.person, week, turn.at)
  return row.draft ? [await draftAnswer(ctx, turn, week)] : startWeek(turn, ctx, week)
}

/** 修改: what is there goes back as a text to copy, change and send. */
export const onEditWeek: OnCard = async (turn, ctx) => startWeek(turn, ctx, weekOfCard(turn))

/** What was written since is not thrown away unseen. */
export const onCancelDraft: OnCard = async (turn, ctx) => {
  const week = weekOfCard(turn)
  const { draft } = turn.instance.context
  const { kind } = await dropDraft(ctx, turn, turn.person, week, typeof draft === 'string' ? draft : undefined)
  if (kind === 'other-draft')
    return [{ replace: closedCard('周总结和计划', text.newerDraft) }, await draftAnswer(ctx, turn, week)]
  return [{ replace: closedCard('周总结和计划', text.cancelled) }]
}

export const onSubmitWeek: OnCard = async (turn, ctx) => {
  const week = weekOfCard(turn)
  const { draft } = turn.instance.context
  const show = (card: Card, at = turn.at): Answer => ({ replace: card, context: { week, handedIn: at.toISOString() } })
  const again = (view: WeekView, last: Submission) => show(submittedFace(ctx, view, last, turn.at), last.at)
  return submitDraft(turn, ctx, week, show, again, typeof draft === 'string' ? draft : undefined)
}

/** 提交, typed: the draft that is there. */
export async function submitByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const week = (await meantBy(turn, ctx, 'draft', async () => (await weeksFor(ctx, turn.person, turn.at))[0]))!
  const show = (card: Card): Answer => ({
    card,
    subject: `submitted/${turn.person._id}/${week}`,
    context: { week, handedIn: turn.at.toISOString() },
  })
  const again = (_: WeekView, { at, consent }: Submission): Answer => {
    const when = formatInstant(at, ctx.company().timeZone)
    return { text: consent === 'asked' ? text.isAsked(when) : text.isIn(when) }
  }
  return submitDraft(turn, ctx, week, show, again)
}

/** The card about a submission, as it stood when that was handed in. */
function submittedFace(ctx: Ctx, { counts, row }: WeekView, { at, consent, content }: Submission, now: Date): Card {
  const { weekly, timeZone } = ctx.company()
  return planSubmittedCard({
    kind: consent === 'asked' ? 'needs-consent' : counts?.late ? 'late' : 'on-time',
    again: row.submissions.length > 1,
    unscored: false,
    at: formatInstant(at, timeZone),
    undoMinutes: now.getTime() - at.getTime() <= weekly.undoMinutes * 60_000 ? weekly.undoMinutes : 0,
    planCount: content.plan.length,
    planPoints: sumPoints(content.plan.map((p) => p.points)),
  })
}

async function submitDraft(
  turn: Turn,
  ctx: Ctx,
  week: Week,
  show: (card: Card) => Answer,
  /** What to say where there is nothing but this submission. */
  again: (view: WeekView, last: Submission) => Answer,
  seen?: string,
): Promise<Answer[]> {
  const outcome = await submitWeek(ctx, turn, turn.person, week, undefined, undefined, seen)
  switch (outcome.kind) {
    case 'on-time':
    case 'late':
    case 'needs-consent':
    case 'unchanged': {
      const { row, due } = await viewWeek(ctx, turn.person, week, turn.at)
      const handedIn =
        row.submissions.find((s) => s.at.getTime() === turn.at.getTime()) ??
        (due === 'closed' ? undefined : standing(reportOf(row), due.deadline)?.submission)
      const plan = handedIn?.content.plan ?? []
      return [
        show(
          planSubmittedCard({
            kind: outcome.kind,
            again: 'again' in outcome && outcome.again,
            unscored: 'unscored' in outcome && outcome.unscored !== undefined,
            at: formatInstant(turn.at, ctx.company().timeZone),
            undoMinutes: ctx.company().weekly.undoMinutes,
            planCount: plan.length,
            planPoints: sumPoints(plan.map((p) => p.points)),
          }),
        ),
      ]
    }
    case 'incomplete':
      return [await draftAnswer(ctx, turn, week)]
    case 'other-draft':
      return [show(closedCard('周总结和计划', text.newer)), await draftAnswer(ctx, turn, week)]
    case 'no-draft': {
      const view = await viewWeek(ctx, turn.person, week, turn.at)
      const last = view.row.submissions.at(-1)
      if (view.status.kind === 'returned') return [{ text: text.returned }]
      return [last ? again(view, last) : { text: text.nothingToSubmit }]
    }
    case 'closed':
      return [{ text: text.closedWeek }]
    case 'settled':
      return [{ text: text.settled }]
    case 'scored':
      return [{ text: text.scored }]
    case 'conflict':
      throw new Error('a draft submitted in chat knows no version')
  }
}

/** 撤销 on a card takes back what that card is about: pressed twice, or on an older one, it leaves another submission alone. */
export const onWithdrawWeek: OnCard = async (turn, ctx) => {
  const { handedIn } = turn.instance.context
  const about = typeof handedIn === 'string' ? new Date(handedIn) : undefined
  const [answer, done] = await withdraw(turn, ctx, weekOfCard(turn), about)
  return done ? [{ replace: closedCard('周总结和计划', '已撤销') }, answer] : [answer]
}

/** 好的, typed while a draft waits: shown once more, because only 提交 hands in (features.md B15). */
export async function showDraftAgain(turn: Turn, ctx: Ctx): Promise<Answer[] | undefined> {
  const weeks = await weeksFor(ctx, turn.person, turn.at)
  const drafted = (await ctx.weeks.ofPerson(turn.person._id, weeks)).find((r) => r.draft)
  return drafted && [await draftAnswer(ctx, turn, drafted.week)]
}

/** 撤销, typed. @returns undefined when this person has nothing of the kind */
export async function withdrawByWord(turn: Turn, ctx: Ctx): Promise<Answer[] | undefined> {
  const week = await meantBy(turn, ctx, 'week', async () => {
    const weeks = await weeksFor(ctx, turn.person, turn.at)
    const rows = await ctx.weeks.ofPerson(turn.person._id, weeks)
    return weeks.findLast((w) => rows.some((row) => row.week === w && row.submissions.length > 0))
  })
  return week ? [(await withdraw(turn, ctx, week))[0]] : undefined
}

const MEANT_MS = 24 * 3_600_000

/**
 * What a typed 提交 or 撤销 is about. It is noted before that changes: after a crash the same word is handled once more, and must
 * neither find nothing nor hand in or take back something else.
 */
export async function meantBy(
  turn: Turn,
  ctx: Ctx,
  kind: 'score' | 'week' | 'draft' | 'leave' | 'former' | 'appeal' | 'card',
  find: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const known = await ctx.talks.about(turn.id)
  if (known) return known.startsWith(`${kind}:`) ? known.slice(kind.length + 1) : undefined
  const found = await find()
  if (found) await ctx.talks.noteAbout(turn.id, `${kind}:${found}`, new Date(turn.at.getTime() + MEANT_MS))
  return found
}

async function withdraw(turn: Turn, ctx: Ctx, week: Week, about?: Date): Promise<[Answer, boolean]> {
  const outcome = await withdrawWeek(ctx, turn, turn.person, week, about)
  switch (outcome.kind) {
    case 'withdrawn':
      return [{ text: outcome.newerDraft ? text.withdrawnBefore : text.withdrawn }, true]
    case 'nothing':
      return [{ text: text.nothing }, false]
    case 'newer-submission':
      return [{ text: text.newerSubmission }, false]
    case 'too-long-ago':
      return [{ text: text.tooLong(ctx.company().weekly.undoMinutes) }, false]
    case 'deadline-passed':
      return [{ text: text.deadlinePassed }, false]
    case 'scored': {
      const due = deadlineOf(ctx.company(), week)
      const open = due !== 'closed' && isOnTime(turn.at, due.deadline)
      return [{ text: open ? text.scoredEarly : text.scored }, false]
    }
  }
}

const emptySummary = (outcomes: (Outcome | null)[]): Summary => ({
  outcomes,
  extra: [],
  shortcomings: '',
  problems: '',
  improvements: '',
})

/** 本周计划全部完成, in one tap. */
export const onOutcomesAll: OnCard = async (turn, ctx) =>
  changeOutcomes(turn, ctx, (outcomes) => outcomes.map((o) => o ?? { outcome: 'done' }))

/** The wizard: takes the step's choices and shows the next, or the draft when it was the last. */
export const onOutcomesStep: OnCard = async (turn, ctx) => {
  const from = Number(turn.arg)
  const week = weekOfCard(turn)
  const chosen = Object.entries(turn.choices).flatMap(([id, [value]]) => {
    const index = /^o(\d+)$/.exec(id)?.[1]
    return index !== undefined && (value === 'done' || value === 'partly' || value === 'not-done')
      ? [[Number(index), value] as const]
      : []
  })
  if (chosen.length > 0) {
    await changeOutcomes(turn, ctx, (outcomes) => {
      for (const [i, outcome] of chosen) if (i < outcomes.length) outcomes[i] = { ...outcomes[i], outcome }
      return outcomes
    })
  }
  const { planned, row } = await viewWeek(ctx, turn.person, week, turn.at)
  if (from >= planned.length || from % OUTCOMES_PER_STEP !== 0) {
    const { card, context } = await draftFace(ctx, turn, week)
    return [{ replace: card, context }]
  }
  return [
    { replace: outcomeStepCard(week, planned, row.draft?.content.summary?.outcomes ?? [], from), context: { week } },
  ]
}

async function changeOutcomes(
  turn: CardTurn,
  ctx: Ctx,
  change: (outcomes: (Outcome | null)[]) => (Outcome | null)[],
): Promise<Answer[]> {
  const week = weekOfCard(turn)
  const { planned, row } = await viewWeek(ctx, turn.person, week, turn.at)
  if (!row.draft) return [{ text: text.noDraft }]
  const { content } = row.draft
  const before = planned.map((_, i) => content.summary?.outcomes[i] ?? null)
  const summary = { ...(content.summary ?? emptySummary(before)), outcomes: change([...before]) }
  await saveDraft(ctx, turn, turn.person, week, { ...row.draft, content: { ...content, summary } })
  const { card, context } = await draftFace(ctx, turn, week)
  return [{ replace: card, context }]
}

/** Puts what was not finished on the new plan (features.md T3). */
export const onCarryOver: OnCard = async (turn, ctx) => {
  const week = weekOfCard(turn)
  if (!(await carryOver(turn, ctx, week))) return [{ text: text.noDraft }]
  const { card, context } = await draftFace(ctx, turn, week)
  return [{ replace: card, context }]
}

async function carryOver(turn: Turn, ctx: Ctx, week: Week): Promise<boolean> {
  const view = await viewWeek(ctx, turn.person, week, turn.at)
  if (!view.row.draft) return false
  const { formerPlan: _, ...draft } = view.row.draft
  const plan = [...draft.content.plan, ...unplanned(ctx, view, draft.content)]
  await saveDraft(ctx, turn, turn.person, week, { ...draft, content: { ...draft.content, plan } })
  return true
}

/** The words on a button of the draft, typed. Undefined: they are none, or there is no draft. */
export async function buttonByWord(turn: TextTurn, ctx: Ctx): Promise<Answer[] | undefined> {
  const words = trimMarks(turn.text)
  if (!/^(?:未完成列入下周|逐项选择完成情况|恢复原来的)$/.test(words)) return undefined
  const weeks = await weeksFor(ctx, turn.person, turn.at)
  const row = (await ctx.weeks.ofPerson(turn.person._id, weeks)).find((r) => r.draft)
  if (!row) return undefined
  const { planned } = await viewWeek(ctx, turn.person, row.week, turn.at)
  if (words === '逐项选择完成情况' && planned.length > 0) {
    const card = outcomeStepCard(row.week, planned, row.draft?.content.summary?.outcomes ?? [], 0)
    return [{ card, subject: weekSubject(turn.person._id, row.week), context: { week: row.week } }]
  }
  if (words === '未完成列入下周') await carryOver(turn, ctx, row.week)
  if (words === '恢复原来的') await restorePlan(ctx, turn, row.week)
  return [await draftAnswer(ctx, turn, row.week)]
}

/** 恢复原来的: the plan as it was before its items went. */
export const onRestorePlan: OnCard = async (turn, ctx) => {
  const week = weekOfCard(turn)
  const { row } = await viewWeek(ctx, turn.person, week, turn.at)
  if (!row.draft) return [{ text: text.noDraft }]
  if (row.draft.key !== turn.id && row.draft.key !== turn.instance.context.draft)
    return [{ replace: closedCard('周总结和计划', text.newer) }, await draftAnswer(ctx, turn, week)]
  await restorePlan(ctx, turn, week)
  const { card, context } = await draftFace(ctx, turn, week)
  return [{ replace: card, context }]
}

/** 撤销, typed, where items have gone from the plan and no submission can be taken back instead. */
export async function restoreByWord(turn: Turn, ctx: Ctx): Promise<Answer[] | undefined> {
  const undoMs = ctx.company().weekly.undoMinutes * 60_000
  const week = await meantBy(turn, ctx, 'former', async () => {
    const rows = await ctx.weeks.ofPerson(turn.person._id, await weeksFor(ctx, turn.person, turn.at))
    return rows.find(({ draft, submissions }) => {
      const last = submissions.at(-1)
      return draft?.formerPlan && !(last && turn.at.getTime() - last.at.getTime() <= undoMs)
    })?.week
  })
  if (!week) return undefined
  await restorePlan(ctx, turn, week)
  return [await draftAnswer(ctx, turn, week)]
}

async function restorePlan(ctx: Ctx, turn: Turn, week: Week): Promise<void> {
  const { draft } = await ctx.weeks.get(turn.person._id, week)
  if (!draft?.formerPlan) return
  const { formerPlan, unread, content } = draft
  const restored = { content: { ...content, plan: formerPlan }, unread, assumptions: [text.restored] }
  await saveDraft(ctx, turn, turn.person, week, restored)
}

/** Somebody was asked for something and answers in words. */
export async function ask(turn: Turn, ctx: Ctx, expects: string, data: Record<string, unknown>): Promise<void> {
  await ctx.talks.expect(turn, expects, data, ASK_MS)
}

export type { OnTalk }
