import { isDeepStrictEqual } from 'node:util'
import { closedCard } from '../cards/plan-submitted.ts'
import {
  deductionStepCard,
  deductionSteps,
  ITEMS_PER_STEP,
  LEFT_RETURNED,
  pointsOfChoice,
  requirementsOfStep,
  type ScoreSheet,
  scoreAgainCard,
  scoreCard,
  scoreConfirmCard,
  scoreStepCard,
} from '../cards/score-card.ts'
import type { Ctx } from '../src/context.ts'
import { isCancel } from '../src/domain/commands.ts'
import { shown } from '../src/domain/decimal.ts'
import { type Deduction, isDeduction, weekScore } from '../src/domain/score.ts'
import { formatInstant, formatWeek, type Week } from '../src/domain/time.ts'
import type { Answer, CardTurn, OnCard, OnTalk, TextTurn, Turn } from '../src/inbox/handler.ts'
import type { Person } from '../src/store/people.ts'
import type { GivenScore } from '../src/store/weeks.ts'
import { excuseRequest } from './decide-request.ts'
import { mayJudgeWeek } from './rights.ts'
import { addNote, returnWeek, type ScoreOutcome, scoreSubject, scoreWeek, withdrawScore } from './weekly/judge.ts'
import { supportStates } from './weekly/support.ts'
import { runningWeek } from './weekly/target.ts'
import { openWeeks, owedViews, scoredBy } from './weekly/team.ts'
import { isLeaveOpen, isLeftReturned, isToScore, itemsToScore, viewWeek, type WeekView } from './weekly/week.ts'
import { ask, meantBy } from './write-week.ts'

const text = {
  notAllowed: '您不是这位同事的上级，不能评分。',
  already: (by: string, shown: string) => `${by}已先评分（${shown}分）。如需修改，请在页面上打开后更改。`,
  badPoints: (item: number, planned: number) => `第${item}项的得分应在0到${planned}之间，请重新选择。`,
  wrongCount: (n: number) => `这份计划有${n}项，请按顺序给出${n}个分数。`,
  tooEarly: '还没有提交，截止时间之后再评分。',
  excused: '这一周已免计，不需要评分。',
  settled: '该周所在月份的结果已确认，不能再修改。如确有需要：未发布时请确认人发“撤销确认”，已发布请联系人力资源更正。',
  badDeduction: '每项要求扣2到4分，以0.5为一档，请重新选择。',
  none: '目前没有待您评分的周总结。',
  returnAsk: (name: string) => `请回复退回的原因，我会转达给${name}。（回复“取消”放弃）`,
  noteAsk: (name: string) => `请输入要转达给${name}的话。（回复“取消”放弃）`,
  cancelled: '已取消。',
  returned: (name: string) => `已退回，并转达给${name}。`,
  sent: (name: string) => `已转达给${name}。`,
  notSubmitted: '对方还没有提交，无法退回。',
  excusedAlready: '这一周已免计，不需要补充。',
  scoredAlready: '已经评分，不能退回。如需重新提交，请先撤销评分。',
  withdrawn: (name: string) => `已撤销对${name}的评分，并告知对方。`,
  tooLong: (minutes: number) => `评分已超过${minutes}分钟，不能撤销；可以在评分页修改。`,
  gone: '找不到这位同事，可能已离职。',
}

interface Subject {
  person: Person
  week: Week
}

async function subjectOf(turn: CardTurn, ctx: Ctx): Promise<Subject | undefined> {
  const { personId, week } = turn.instance.context
  const person = await ctx.people.get(String(personId))
  return person ? { person, week: String(week) } : undefined
}

/** What a scorer sees of a week. */
export function sheetOf(ctx: Ctx, view: WeekView): ScoreSheet {
  const counts = view.counts
  return {
    personId: view.person._id,
    name: view.person.name,
    week: view.week,
    planned: itemsToScore(view),
    ...(counts?.submission.content.summary && { summary: counts.submission.content.summary }),
    submitted: counts ? (counts.late ? 'late' : 'on-time') : 'none',
    ...(counts && { submittedAt: formatInstant(counts.submission.at, ctx.company().timeZone) }),
    leftReturned: isLeftReturned(view),
  }
}

/**
 * Weeks that wait for a manager: to be scored, or for the answer to leave that was asked for. Those due last, the running one
 * where it has been handed in, and whatever older one is left of a month whose result is not out yet: without it the month
 * cannot be confirmed.
 */
export async function toScore(ctx: Ctx, manager: Person, at: Date): Promise<WeekView[]> {
  const last = ctx.company().weeks.previousOpenWeek(runningWeek(ctx, at))
  const [weeks, team] = await Promise.all([openWeeks(ctx, at), scoredBy(ctx, manager)])
  if (team.people.length === 0) return []
  const older = weeks.filter((w) => w < last)
  const ids = team.people.map((p) => p._id)
  const left = older.length > 0 ? await ctx.weeks.unscored(older, ids) : []
  const asked = [...left, ...weeks.filter((w) => w >= last)]
  const views = await Promise.all(asked.map((week) => owedViews(ctx, team.of(week), week, at)))
  return views.flat().filter((v) => isToScore(v) || isLeaveOpen(v))
}

/** Whose week waits, with what is special about it. */
export function waitingName(view: WeekView): string {
  const { name } = view.person
  if (!isToScore(view)) return `${name}（请假未确认）`
  return isLeftReturned(view) ? `${name}（${LEFT_RETURNED}）` : name
}

/** 待评分 / 下一位: the next card to score. */
export async function scoreNext(turn: Turn, ctx: Ctx, after?: string): Promise<Answer[]> {
  const waiting = await toScore(ctx, turn.person, turn.at)
  const position = waiting.findIndex((v) => v.row._id === after)
  const next = waiting[position + 1] ?? waiting.find((v) => v.row._id !== after)
  return next ? [await scoreAnswer(ctx, turn.person, next)] : [{ text: text.none }]
}

/** Which submission a scorer has before them, and the plan that it is scored by: a change of that one is agreed to apart. */
export const seenIn = (view: WeekView): string =>
  `${view.row.submissions.length}/${view.counts?.submission.at.toISOString() ?? 'none'}/${itemsToScore(view)
    .map((p) => p.points)
    .join()}`

async function scoreAnswer(ctx: Ctx, to: Person, view: WeekView): Promise<Answer> {
  const { person, week } = view
  if (isLeaveOpen(view) && !isToScore(view)) {
    const asked = await excuseRequest(ctx, to, person, week)
    if (asked) return asked
  }
  const context = { personId: view.person._id, week: view.week, seen: seenIn(view) }
  const supports = await supportStates(ctx, view)
  const card = scoreCard({ ...sheetOf(ctx, view), supports })
  return { card, subject: scoreSubject(view.person._id, view.week), context }
}

export const onScoreNext: OnCard = async (turn, ctx) => {
  const { personId, week } = turn.instance.context
  return scoreNext(turn, ctx, personId && week ? `${personId}/${week}` : undefined)
}

const pointsIn = (context: Record<string, unknown>): Record<number, number> => ({
  ...(context.points as Record<number, number> | undefined),
})
const deductionsIn = (context: Record<string, unknown>): Deduction[] => [
  ...((context.deductions as Deduction[] | undefined) ?? []),
]

export const onScoreFull: OnCard = async (turn, ctx) => {
  const about = await subjectOf(turn, ctx)
  if (!about) return [{ text: text.gone }]
  const view = await viewWeek(ctx, about.person, about.week, turn.at)
  const points = Object.fromEntries(itemsToScore(view).map((p, i) => [i, p.points]))
  return confirmFace(turn, ctx, view, points, [])
}

/** The wizard item by item; after the last step comes the confirmation with its arithmetic. */
export const onScoreStep: OnCard = async (turn, ctx) => {
  const about = await subjectOf(turn, ctx)
  if (!about) return [{ text: text.gone }]
  const view = await viewWeek(ctx, about.person, about.week, turn.at)
  const points = pointsIn(turn.instance.context)
  for (const [id, [value]] of Object.entries(turn.choices)) {
    const index = /^p(\d+)$/.exec(id)?.[1]
    if (index !== undefined && value !== undefined) points[Number(index)] = pointsOfChoice(value)
  }
  const from = Number(turn.arg)
  if (from < itemsToScore(view).length && from % ITEMS_PER_STEP === 0) {
    return [{ replace: scoreStepCard(sheetOf(ctx, view), points, from), context: { ...turn.instance.context, points } }]
  }
  return confirmFace(turn, ctx, view, points, deductionsIn(turn.instance.context))
}

export const onDeductStep: OnCard = async (turn, ctx) => {
  const about = await subjectOf(turn, ctx)
  if (!about) return [{ text: text.gone }]
  const step = Number(turn.arg)
  let deductions = deductionsIn(turn.instance.context)
  for (const requirement of requirementsOfStep(step - 1)) {
    const points = Number(turn.choices[requirement]?.[0]?.replace('_', '.'))
    deductions = deductions.filter((d) => d.requirement !== requirement)
    if (isDeduction(points)) deductions.push({ requirement, points })
  }
  const context = { ...turn.instance.context, deductions }
  if (step < deductionSteps)
    return [
      {
        replace: deductionStepCard(
          { personId: about.person._id, name: about.person.name, week: about.week },
          deductions,
          step,
        ),
        context,
      },
    ]
  const view = await viewWeek(ctx, about.person, about.week, turn.at)
  return confirmFace(turn, ctx, view, pointsIn(context), deductions)
}

async function confirmFace(
  turn: CardTurn,
  ctx: Ctx,
  view: WeekView,
  points: Record<number, number>,
  deductions: Deduction[],
): Promise<Answer[]> {
  const items = itemsToScore(view).map((p, i) => ({
    planned: p.points,
    actual: Math.min(points[i] ?? p.points, p.points),
  }))
  const computed = weekScore({ items, late: view.counts?.late ?? true, deductions })
  const context = {
    personId: view.person._id,
    week: view.week,
    seen: turn.instance.context.seen ?? seenIn(view),
    points: Object.fromEntries(items.map((x, i) => [i, x.actual])),
    deductions,
  }
  const waiting = await toScore(ctx, turn.person, turn.at)
  const rest = waiting.filter((v) => v.row._id !== view.row._id).length
  return [
    { replace: scoreConfirmCard(view.person.name, view.week, shown(computed.score), computed.lines, rest), context },
  ]
}

export const onScoreCancel: OnCard = async (turn, ctx) => {
  const about = await subjectOf(turn, ctx)
  return [{ replace: closedCard(`${about?.person.name ?? ''}的评分`, '已取消，没有评分') }]
}

/** The score counts; then the next person to score comes by itself. */
export const onScoreConfirm: OnCard = (turn, ctx) => giveScore(turn, ctx)

/** 重新评分: instead of the score that the card shows. */
export const onScoreAgain: OnCard = (turn, ctx) =>
  giveScore(turn, ctx, new Date(String(turn.instance.context.replaces)))

async function giveScore(turn: CardTurn, ctx: Ctx, replaces?: Date): Promise<Answer[]> {
  const about = await subjectOf(turn, ctx)
  if (!about) return [{ text: text.gone }]
  const { points, deductions, seen } = turn.instance.context
  const view = await viewWeek(ctx, about.person, about.week, turn.at)
  if (seen !== undefined && seen !== seenIn(view) && !view.row.score)
    return [
      { replace: closedCard(`${about.person.name}的评分`, '对方更新了内容') },
      await scoreAnswer(ctx, turn.person, view),
    ]
  const given = {
    points: Object.entries((points ?? {}) as Record<string, number>)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, p]) => p),
    deductions: (deductions as Deduction[] | undefined) ?? [],
  }
  const before = view.row.score
  const outcome = await scoreWeek(ctx, turn, turn.person, about.person, about.week, {
    ...given,
    ...(replaces && { replaces }),
  })
  const title = `${about.person.name}  ${formatWeek(about.week)}`
  if (outcome.kind === 'scored') {
    const done = closedCard(`${title}：${outcome.shown}分`, '已评分', outcome.lines.join('\n'))
    const next = await scoreNext(turn, ctx, `${about.person._id}/${about.week}`)
    return [{ replace: done }, ...(next[0] && 'card' in next[0] ? next : [])]
  }
  // The proposal of an older card: to be agreed to once more, now that there is a score.
  if (outcome.kind === 'already' && outcome.by === turn.person._id && before && !isSameScore(before, given)) {
    const items = itemsToScore(view).map((p, i) => ({ planned: p.points, actual: given.points[i] ?? p.points }))
    const { score, lines } = weekScore({ items, late: view.counts?.late ?? true, deductions: given.deductions })
    const context = { ...turn.instance.context, replaces: before.at.toISOString() }
    return [{ replace: scoreAgainCard(title, outcome.shown, shown(score), lines), context }]
  }
  // Pressed twice: the card goes on saying what the first press did.
  if (outcome.kind === 'already' && outcome.by === turn.person._id)
    return [{ replace: closedCard(`${title}：${outcome.shown}分`, '已评分', view.score?.lines.join('\n')) }]
  const said = await explain(ctx, outcome)
  if (outcome.kind === 'already') return [{ replace: closedCard(title, '已由他人评分', said) }]
  return [{ text: said }]
}

const isSameScore = (a: Pick<GivenScore, 'points' | 'deductions'>, b: Pick<GivenScore, 'points' | 'deductions'>) =>
  isDeepStrictEqual(a.points, b.points) && isDeepStrictEqual(a.deductions, b.deductions)

/** Why a score did not count, for the scorer. */
export async function explain(ctx: Ctx, outcome: Exclude<ScoreOutcome, { kind: 'scored' }>): Promise<string> {
  switch (outcome.kind) {
    case 'not-allowed':
      return text.notAllowed
    case 'already':
      return text.already((await ctx.people.get(outcome.by))?.name ?? '其他上级', outcome.shown)
    case 'bad-points':
      return text.badPoints(outcome.item, outcome.planned)
    case 'wrong-count':
      return text.wrongCount(outcome.planned)
    case 'bad-deduction':
      return text.badDeduction
    case 'settled':
      return text.settled
    case 'too-early':
      return text.tooEarly
    case 'excused':
      return text.excused
  }
}

export const onSendBack: OnCard = async (turn, ctx) => {
  const about = await subjectOf(turn, ctx)
  if (!about) return [{ text: text.gone }]
  if (!(await mayJudgeWeek(ctx, turn.person, about.person, about.week))) return [{ text: text.notAllowed }]
  await ask(turn, ctx, 'return-reason', { personId: about.person._id, week: about.week, cardId: turn.instance._id })
  return [{ text: text.returnAsk(about.person.name) }]
}

export const onReturnReason: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  const person = await ctx.people.get(String(data.personId))
  if (!person || isCancel(turn.text)) return [{ text: text.cancelled }]
  const reason = turn.text.trim().slice(0, 500)
  const { kind } = await returnWeek(ctx, turn, turn.person, person, String(data.week), reason)
  switch (kind) {
    case 'returned':
      return [{ text: text.returned(person.name) }]
    case 'not-submitted':
      return [{ text: text.notSubmitted }]
    case 'scored':
      return [{ text: text.scoredAlready }]
    case 'excused':
      return [{ text: text.excusedAlready }]
    case 'settled':
      return [{ text: text.settled }]
    case 'not-allowed':
      return [{ text: text.notAllowed }]
  }
}

/** 回复一句, from either side of a week. */
export const onReplyWeek: OnCard = async (turn, ctx) => {
  const { personId = turn.person._id, week } = turn.instance.context
  const own = personId === turn.person._id
  const person = await ctx.people.get(String(personId))
  if (!person) return [{ text: text.gone }]
  await ask(turn, ctx, 'week-note', { personId, week })
  return [{ text: text.noteAsk(own ? '上级' : person.name) }]
}

export const onWeekNote: OnTalk = async (turn: TextTurn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  const person = await ctx.people.get(String(data.personId))
  if (!person || isCancel(turn.text)) return [{ text: text.cancelled }]
  const outcome = await addNote(ctx, turn, turn.person, person, String(data.week), turn.text.trim().slice(0, 1000))
  if (outcome.kind === 'not-allowed') return [{ text: text.notAllowed }]
  if (outcome.kind === 'nobody') return [{ text: text.gone }]
  const to = await ctx.people.get(outcome.to)
  return [{ text: text.sent(to?.name ?? '对方') }]
}

/** 撤销, typed by a scorer: the score they gave last. @returns undefined when there is none within the time */
export async function withdrawScoreByWord(turn: Turn, ctx: Ctx): Promise<Answer[] | undefined> {
  const id = await meantBy(turn, ctx, 'score', async () => {
    const row = await ctx.weeks.lastScoredBy(turn.person._id)
    const undoMs = ctx.company().weekly.undoMinutes * 60_000
    return row?.score && turn.at.getTime() - row.score.at.getTime() <= undoMs ? row._id : undefined
  })
  const [personId, week] = id?.split('/') ?? []
  const person = personId && (await ctx.people.get(personId))
  if (!person || !week) return undefined
  const { kind } = await withdrawScore(ctx, turn, turn.person, person, week)
  if (kind === 'settled') return [{ text: text.settled }]
  return kind === 'withdrawn' ? [{ text: text.withdrawn(person.name) }] : undefined
}
