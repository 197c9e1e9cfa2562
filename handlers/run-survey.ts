import { createHash } from 'node:crypto'
import { closedCard } from '../cards/plan-submitted.ts'
import { surveyTitle } from '../cards/survey.ts'
import { surveyPreviewCard, surveyRunningCard, surveyTooFewCard } from '../cards/survey-admin.ts'
import { surveyResultsCard } from '../cards/survey-results.ts'
import type { Ctx } from '../src/context.ts'
import { isCancel } from '../src/domain/commands.ts'
import { readSurvey, surveyForm } from '../src/domain/parse-survey.ts'
import type { Survey } from '../src/domain/survey.ts'
import { thresholdOf } from '../src/domain/survey-result.ts'
import { dayOf, formatInstant, formatMonth, instantAt, weekOf } from '../src/domain/time.ts'
import type { Answer, OnCard, OnTalk, TextTurn, Turn } from '../src/inbox/handler.ts'
import type { Round } from '../src/store/survey-rounds.ts'
import { mySurveys } from './answer-survey.ts'
import { closeRound, endUnread, extendRound, improve, startSurvey } from './survey/decide.ts'
import { dinersOf, roundSubject } from './survey/round.ts'
import { mayReadResults, namedLines, resultsOf, runningOf } from './survey/view.ts'
import { ask } from './write-week.ts'

const text = {
  notHr: '只有人力资源可以发起和管理调查。',
  gone: '这次调查已经处理过了。',
  extended: (until: string) => `已延长到${until}，并告知还没有作答的同事。`,
  closed: '已截止，正在统计。',
  tooFew: '已截止，作答人数不足，等待决定',
  carried: (month: string) => `已沿用${month}的得分`,
  excused: '已结束，答案已销毁',
  nothingToCarry: '没有以前的得分可以沿用，请选择延长或免计。',
  started: (n: number) => `已发起，共询问${n}人`,
  tooSmall: (n: number, need: number) =>
    `匿名调查的范围至少要有${need}人，现在只有${n}人，无法保护匿名。请扩大范围，或改为实名。`,
  tooLate: '截止时间已经过去，请重新发起。',
  cancelled: '已取消，没有发起',
  form: '请复制下面的内容，填好后发给我。',
  problems: (lines: string[]) => `还不能发起，请修改后重新发送：\n${lines.map((l) => `· ${l}`).join('\n')}`,
  askImprove: '请回复改进措施，会发给这次被询问的同事。（回复“取消”放弃）',
  cancelledImprove: '已取消。',
  posted: (n: number) => `已发给被询问的${n}位同事，谢谢。`,
  alreadyImproved: '已有同事回复过改进措施。',
  notImprover: '这项内容由负责改进的同事或人力资源回复。',
  noResults: '目前没有您可以查看的调查结果。',
}

/** Running rounds and those that wait for HR, as cards. */
async function roundsForHr(ctx: Ctx): Promise<Answer[]> {
  const waiting = await ctx.surveyRounds.inState('too-few')
  const open = await ctx.surveyRounds.open()
  return Promise.all([...waiting, ...open].slice(0, 4).map((round) => roundCard(ctx, round)))
}

async function roundCard(ctx: Ctx, round: Round): Promise<Answer> {
  const running = await runningOf(ctx, round)
  const card =
    round.state === 'too-few' ? surveyTooFewCard(running, await carryFrom(ctx, round)) : surveyRunningCard(running)
  return { card, subject: roundSubject(round._id), context: { round: round._id } }
}

/** The month whose score could be carried over, in words. */
export async function carryFrom(ctx: Ctx, round: Round): Promise<string | undefined> {
  const last = await ctx.surveyScores.lastBefore(round.surveyId, round.period)
  return last ? formatMonth(last.month) : undefined
}

/** 调查: what one still has to answer; for HR also what is running. */
export async function surveysByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const own = await mySurveys(turn, ctx)
  if (!turn.person.roles.includes('hr')) return own
  const all = await roundsForHr(ctx)
  return all.length === 0 ? own : [...own.filter((a) => 'card' in a), ...all]
}

/** 调查结果: of the last rounds that this person may see. */
export async function surveyResultsByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const answers: Answer[] = []
  const seen = new Set<string>()
  for (const round of await ctx.surveyRounds.recent(30)) {
    if (seen.has(round.surveyId) || round.state !== 'closed' || !(await mayReadResults(ctx, turn.person, round)))
      continue
    seen.add(round.surveyId)
    const results = await resultsOf(ctx, round)
    if (!results) continue
    const lines = turn.person.roles.includes('hr') ? await namedLines(ctx, round) : []
    answers.push({
      card: surveyResultsCard(results, lines),
      subject: roundSubject(round._id),
      context: { round: round._id },
    })
    if (answers.length === 3) break
  }
  return answers.length > 0 ? answers : [{ text: text.noResults }]
}

/** The same for a repeated event. */
export const surveyIdOf = (eventId: string): string =>
  `hr-${createHash('sha256').update(eventId).digest('hex').slice(0, 10)}`

/** 发起调查: the form, or the filled form read back. */
export async function newSurvey(turn: TextTurn, ctx: Ctx, rest: string): Promise<Answer[]> {
  if (!turn.person.roles.includes('hr')) return [{ text: text.notHr }]
  if (rest.trim() === '') return [{ text: text.form }, { text: surveyForm }]
  const { timeZone } = ctx.company()
  const today = dayOf(turn.at, timeZone)
  const read = readSurvey(rest, { today, planWeek: weekOf(today) }, () => surveyIdOf(turn.id))
  if ('problems' in read) return [{ text: text.problems(read.problems) }]
  const closesAt = instantAt(read.closesOn, read.survey.when.closesTime, timeZone)
  if (closesAt <= turn.at) return [{ text: text.tooLate }]
  const people = (await dinersOf(ctx, read.survey, turn.at)).length
  const need = thresholdOf(read.survey)
  if (people < need) return [{ text: text.tooSmall(people, need) }]
  const card = surveyPreviewCard(read.survey, formatInstant(closesAt, timeZone), people)
  const context = { survey: read.survey, closesAt: closesAt.toISOString() }
  return [{ card, subject: `new-survey/${read.survey.id}`, context }]
}

export const onSurveyStart: OnCard = async (turn, ctx) => {
  const { survey, closesAt } = turn.instance.context as unknown as { survey: Survey; closesAt: string }
  const opened = await startSurvey(ctx, turn, turn.person, survey, new Date(closesAt))
  switch (opened.kind) {
    case 'opened':
    case 'known':
      return [{ replace: closedCard(survey.title, '已发起', text.started(opened.round.asked)) }]
    case 'too-small':
      return [{ replace: closedCard(survey.title, '未发起', text.tooSmall(opened.round.diners, thresholdOf(survey))) }]
    case 'too-late':
      return [{ replace: closedCard(survey.title, '未发起', text.tooLate) }]
    case 'not-allowed':
      return [{ text: text.notHr }]
    case 'nobody-assessed':
      throw new Error('a survey made in chat assesses nobody')
  }
}

export const onSurveyCancel: OnCard = async (turn) => {
  const { survey } = turn.instance.context as unknown as { survey: Survey }
  return [{ replace: closedCard(survey.title, text.cancelled) }]
}

const roundOf = (context: Record<string, unknown>): string => String(context.round)

export const onSurveyExtend: OnCard = async (turn, ctx) => {
  const roundId = roundOf(turn.instance.context)
  const outcome = await extendRound(ctx, turn, turn.person, roundId)
  if (outcome.kind === 'not-allowed') return [{ text: text.notHr }]
  const round = await ctx.surveyRounds.get(roundId)
  if (outcome.kind === 'gone' || !round) return [{ text: text.gone }]
  const until = formatInstant(outcome.until, ctx.company().timeZone)
  return [{ replace: surveyRunningCard(await runningOf(ctx, round)) }, { text: text.extended(until) }]
}

export const onSurveyClose: OnCard = async (turn, ctx) => {
  const outcome = await closeRound(ctx, turn, turn.person, roundOf(turn.instance.context))
  if (outcome.kind === 'not-allowed') return [{ text: text.notHr }]
  if (outcome.kind === 'gone') return [{ text: text.gone }]
  const said = outcome.round.state === 'too-few' ? text.tooFew : text.closed
  return [{ replace: closedCard(surveyTitle(outcome.round), '已截止', said) }]
}

const end =
  (how: 'carried' | 'excused'): OnCard =>
  async (turn, ctx) => {
    const outcome = await endUnread(ctx, turn, turn.person, roundOf(turn.instance.context), how)
    switch (outcome.kind) {
      case 'not-allowed':
        return [{ text: text.notHr }]
      case 'gone':
        return [{ text: text.gone }]
      case 'nothing-to-carry':
        return [{ text: text.nothingToCarry }]
      case 'ended': {
        const done = outcome.carriedFrom ? text.carried(formatMonth(outcome.carriedFrom)) : text.excused
        return [{ replace: closedCard(surveyTitle(outcome.round), '已处理', done) }]
      }
    }
  }

export const onSurveyCarry = end('carried')
export const onSurveyExcuse = end('excused')

export const onSurveyImprove: OnCard = async (turn, ctx) => {
  await ask(turn, ctx, 'survey-improve', { round: roundOf(turn.instance.context) })
  return [{ text: text.askImprove }]
}

export const onImproveText: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  const said = turn.text.trim().slice(0, 300)
  if (said === '' || isCancel(said)) return [{ text: text.cancelledImprove }]
  const outcome = await improve(ctx, turn, turn.person, String(data.round), said)
  switch (outcome.kind) {
    case 'posted':
      return [{ text: text.posted(outcome.asked) }]
    case 'already':
      return [{ text: text.alreadyImproved }]
    case 'not-allowed':
      return [{ text: text.notImprover }]
    case 'gone':
      return [{ text: text.gone }]
  }
}
