import type { Card } from '../cards/card.ts'
import {
  SELECTS_A_STEP,
  type Shown,
  surveyInviteCard,
  surveyOverCard,
  surveyRedoCard,
  surveyStepCard,
  surveyThanksCard,
} from '../cards/survey.ts'
import type { Ctx } from '../src/context.ts'
import { isCancel } from '../src/domain/commands.ts'
import { questionsOf } from '../src/domain/survey.ts'
import { formatInstant } from '../src/domain/time.ts'
import type { Answer, CardTurn, OnCard, OnTalk, TextTurn, Turn } from '../src/inbox/handler.ts'
import { commentIn } from '../src/inbox/private.ts'
import type { PlatformName } from '../src/platforms/port.ts'
import type { Round } from '../src/store/survey-rounds.ts'
import { giveAnswers, giveComment, ownAnswers, roundsFor } from './survey/answer.ts'
import { hasAnswered, roundSubject } from './survey/round.ts'
import { lastImprovement } from './survey/view.ts'
import { ask } from './write-week.ts'

const text = {
  closed: '这次调查已经截止，没有计入您刚才的选择。感谢参与。',
  notAsked: '这次调查没有询问您，无法作答。',
  none: '目前没有需要您作答的调查。',
  allDone: '需要您作答的调查都已提交，谢谢。',
  kept: (title: string) => `已收到您对“${title}”的匿名意见，谢谢。`,
  already: '您已经写过一次匿名意见，不能再改，谢谢。',
  noRound: '目前没有可以写匿名意见的调查。',
  empty: '请在“匿名意见：”后面写上内容，例如：匿名意见：希望增加素菜。',
  askComment: '请输入您的意见，会以您的姓名转给发起人。（回复“取消”放弃）',
  keptNamed: '已收到您的意见，谢谢。',
  cancelled: '已取消。',
}

export const shownOf = (ctx: Ctx, round: Round): Shown => ({
  survey: round.survey,
  period: round.period,
  until: formatInstant(round.closesAt, ctx.company().timeZone),
})

const roundOf = (turn: CardTurn): string => String(turn.instance.context.round)

/** Whether drop-downs can be drawn where the person is. */
const hasSelects = (ctx: Ctx, platform: PlatformName): boolean => ctx.platforms[platform]?.drawsSelects ?? true

/** 开始作答, 下一步, 提交: takes what was chosen and shows what is still open. */
export const onSurveyStep: OnCard = async (turn, ctx) => {
  const roundId = roundOf(turn)
  const chosen = Object.fromEntries(Object.entries(turn.choices).map(([id, [option]]) => [id, option]))
  const outcome = await giveAnswers(ctx, turn, turn.person, roundId, chosen)
  const context = { round: roundId }
  switch (outcome.kind) {
    case 'not-asked':
      return [{ text: text.notAsked }]
    case 'closed': {
      const round = await ctx.surveyRounds.get(roundId)
      return round ? [{ replace: surveyOverCard(shownOf(ctx, round)), context }, { text: text.closed }] : []
    }
    case 'done':
      return [{ replace: surveyThanksCard(shownOf(ctx, outcome.round)), context }]
    case 'open': {
      const { round, answers } = outcome
      const remaining = questionsOf(round.survey).filter(
        (q) => answers.stars[q.id] === undefined && answers.choices[q.id] === undefined,
      )
      const asked = Object.keys(chosen)
      const missed = asked.some((id) => remaining.some((q) => q.id === id))
      const card = surveyStepCard(shownOf(ctx, round), remaining, hasSelects(ctx, turn.platform), missed)
      return [{ replace: card, context }]
    }
  }
}

/** 修改答案, where answers carry names: through all of them once more. */
export const onNamedRedo: OnCard = async (turn, ctx) => {
  const roundId = roundOf(turn)
  const chosen = Object.fromEntries(Object.entries(turn.choices).map(([id, [option]]) => [id, option]))
  const from = Number(turn.arg)
  const outcome = await giveAnswers(ctx, turn, turn.person, roundId, chosen)
  if (outcome.kind === 'not-asked') return [{ text: text.notAsked }]
  if (outcome.kind === 'closed') return [{ text: text.closed }]
  const shown = shownOf(ctx, outcome.round)
  const answers = await ownAnswers(ctx, turn, turn.person, roundId)
  const selects = hasSelects(ctx, turn.platform)
  const ends = from >= questionsOf(outcome.round.survey).length || (selects && from % SELECTS_A_STEP !== 0)
  const card: Card = ends || !answers ? surveyThanksCard(shown) : surveyRedoCard(shown, answers, from, selects)
  return [{ replace: card, context: { round: roundId } }]
}

export const onNamedComment: OnCard = async (turn, ctx) => {
  await ask(turn, ctx, 'survey-comment', { round: roundOf(turn) })
  return [{ text: text.askComment }]
}

export const onNamedCommentText: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  if (isCancel(turn.text)) return [{ text: text.cancelled }]
  const { kind } = await giveComment(ctx, turn, turn.person, String(data.round), turn.text)
  return [{ text: kind === 'kept' ? text.keptNamed : kind === 'closed' ? text.closed : text.none }]
}

/** 匿名意见：… for the newest anonymous survey that takes comments and asks this person. */
export async function anonymousComment(turn: TextTurn, ctx: Ctx): Promise<Answer[]> {
  const said = commentIn(turn.text)
  if (said === undefined || said.trim() === '') return [{ text: text.empty }]
  const rounds = (await roundsFor(ctx, turn.person, turn.at)).filter((r) => r.survey.anonymous && r.survey.comment)
  let already = false
  for (const round of rounds) {
    const outcome = await giveComment(ctx, turn, turn.person, round._id, said)
    if (outcome.kind === 'kept') return [{ text: text.kept(round.survey.title) }]
    already ||= outcome.kind === 'already'
  }
  return [{ text: already ? text.already : text.noRound }]
}

/** 调查: the card of what is still to be answered. */
export async function mySurveys(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const rounds = await roundsFor(ctx, turn.person, turn.at)
  if (rounds.length === 0) return [{ text: text.none }]
  const answers: Answer[] = []
  for (const round of rounds.slice(0, 3)) {
    const context = { round: round._id }
    const subject = roundSubject(round._id)
    const shown = shownOf(ctx, round)
    if (await hasAnswered(ctx, round._id, turn.person._id)) {
      if (!round.survey.anonymous) answers.push({ card: surveyThanksCard(shown), subject, context })
    } else answers.push({ card: surveyInviteCard(shown, 'first', await lastImprovement(ctx, round)), subject, context })
  }
  return answers.length > 0 ? answers : [{ text: text.allDone }]
}
