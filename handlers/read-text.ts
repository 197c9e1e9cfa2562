import type { Ctx } from '../src/context.ts'
import { gist, type Intent, recognise } from '../src/domain/commands.ts'
import type { Answer, OnSay, TextTurn } from '../src/inbox/handler.ts'
import { supportsByWord } from './answer-support.ts'
import { anonymousComment } from './answer-survey.ts'
import { appealByWord, openAppealsByWord } from './appeal.ts'
import { confirmByWord } from './confirm-by-word.ts'
import { help } from './help.ts'
import { readInterviewWords } from './interviews.ts'
import { readMilestoneWords } from './milestones.ts'
import { readMonthWords } from './month-list.ts'
import { myResult } from './month-result.ts'
import { lateCost, myWeek } from './my-week.ts'
import { readMoments } from './people-moments.ts'
import { ownRecords, recordInPassing } from './record-behaviour.ts'
import { newSurvey, surveyResultsByWord, surveysByWord } from './run-survey.ts'
import { readScores } from './score-by-line.ts'
import { scoreNext, withdrawScoreByWord } from './score-week.ts'
import { snoozeByWord } from './snooze-reminder.ts'
import { backFromLeave, onLeaveByWord, onTripByWord, takeBackLeaveByWord } from './take-leave.ts'
import { chaseByWord, chaseOne, leftToScore, readTeamWords, whoHasSubmitted } from './team-status.ts'
import { readsAsReport } from './weekly/draft.ts'
import { dropDraft } from './weekly/submit.ts'
import { weeksFor } from './weekly/target.ts'
import { viewWeek, worksByWeeklyPlan } from './weekly/week.ts'
import { buttonByWord, readReport, restoreByWord, startWriting, submitByWord, withdrawByWord } from './write-week.ts'

const text = {
  nothingToUndo: '最近没有可以撤销的操作。',
  notWeekly: '您的岗位不需要提交周计划。',
  cancelled: '已取消，草稿没有保留。',
  nothingOpen: '目前没有等待您确认的内容。发“帮助”可以查看我能做什么。',
  welcome: '不客气。',
  soon: '这项内容请到页面查看，或联系人力资源。',
  lost: '抱歉，我没有看懂。发“周计划”开始填写，或发“帮助”查看我能做什么。',
  terms:
    '试用期结束前14天、合同到期前60天和30天，我会逐位通知您和直属上级，办妥后在通知上点“已处理”；全部日期请看您导入的花名册。',
  media: (what: string) => `我暂时看不了${what}，请用文字发给我，或打开页面填写。`,
}

const mediaNames: Record<string, string> = {
  image: '图片',
  voice: '语音',
  video: '视频',
  file: '文件',
  location: '位置',
  link: '链接',
}

export const mediaAnswer = (media: string): Answer[] => [{ text: text.media(mediaNames[media] ?? '这类消息') }]

type Say = (turn: TextTurn, ctx: Ctx, rest: string) => Promise<Answer[]>

const weekly =
  (say: Say): Say =>
  async (turn, ctx, rest) =>
    worksByWeeklyPlan(ctx.company(), turn.person) ? say(turn, ctx, rest) : [{ text: text.notWeekly }]

const writing = (expect: 'plan' | 'summary') =>
  weekly((turn, ctx, rest) => (rest.trim() === '' ? startWriting(turn, ctx) : readReport(turn, ctx, expect)))

const intents: Partial<Record<Intent, Say>> = {
  help: (turn, ctx) => help(turn, ctx),
  'weekly-plan': writing('plan'),
  'weekly-summary': writing('summary'),
  'my-status': (turn, ctx) => myWeek(turn, ctx),
  'my-result': (turn, ctx) => myResult(turn, ctx),
  appeal: (turn, ctx) => appealByWord(turn, ctx),
  'who-is-missing': (turn, ctx) => whoHasSubmitted(turn, ctx),
  'left-to-score': (turn, ctx) => leftToScore(turn, ctx),
  'late-cost': weekly((turn, ctx) => lateCost(turn, ctx)),
  'my-records': (turn, ctx) => ownRecords(turn, ctx),
  interviews: async (turn, ctx) => (await readInterviewWords({ ...turn, text: '面谈' }, ctx)) ?? [{ text: text.lost }],
  'open-appeals': (turn, ctx) => openAppealsByWord(turn, ctx),
  terms: async (turn) => [{ text: turn.person.roles.includes('hr') ? text.terms : text.soon }],
  chase: (turn, ctx) => chaseByWord(turn, ctx),
  score: async (turn, ctx, rest) => (rest && (await readScores(turn, ctx))) || scoreNext(turn, ctx),
  submit: weekly((turn, ctx) => submitByWord(turn, ctx)),
  confirm: async (turn, ctx) => (await confirmByWord(turn, ctx)) ?? [{ text: text.nothingOpen }],
  change: weekly((turn, ctx) => startWriting(turn, ctx)),
  async cancel(turn, ctx) {
    for (const week of await weeksFor(ctx, turn.person, turn.at)) {
      const { kind } = await dropDraft(ctx, turn, turn.person, week)
      if (kind === 'dropped') return [{ text: text.cancelled }]
    }
    return [{ text: text.nothingOpen }]
  },
  undo: async (turn, ctx) =>
    (await takeBackLeaveByWord(turn, ctx)) ??
    (await withdrawScoreByWord(turn, ctx)) ??
    (await restoreByWord(turn, ctx)) ??
    (await withdrawByWord(turn, ctx)) ?? [{ text: text.nothingToUndo }],
  'on-leave': weekly((turn, ctx, rest) => onLeaveByWord(turn, ctx, rest)),
  'on-trip': weekly((turn, ctx) => onTripByWord(turn, ctx)),
  'back-from-leave': weekly((turn, ctx) => backFromLeave(turn, ctx)),
  snooze: weekly((turn, ctx, rest) => snoozeByWord(turn, ctx, rest)),
  support: (turn, ctx) => supportsByWord(turn, ctx),
  survey: (turn, ctx) => surveysByWord(turn, ctx),
  'survey-results': (turn, ctx) => surveyResultsByWord(turn, ctx),
  'new-survey': (turn, ctx, rest) => newSurvey(turn, ctx, rest),
  'anonymous-comment': (turn, ctx) => anonymousComment(turn, ctx),
  acknowledge: async () => [],
  thanks: async () => [{ text: text.welcome }],
}

/** Anything typed in private: a wish, a score line, a plan, or a word that leads on (features.md T1). */
export const readText: OnSay = async (turn, ctx) => {
  const moments = await readMoments(turn, ctx)
  if (moments) return moments
  const month =
    (await readMonthWords(turn, ctx)) ?? (await readInterviewWords(turn, ctx)) ?? (await readMilestoneWords(turn, ctx))
  if (month) return month
  const { intent, rest } = recognise(turn.text)
  const say = intents[intent]
  if (say) return say(turn, ctx, rest)
  if (intent !== 'unknown') return [{ text: text.soon }]
  const chased = /^(?:催|提醒)(?:一下)?\s?([\u4e00-\u9fff]{2,4}?)(?:一下|交|提交)?[。！!]?$/.exec(turn.text.trim())
  const asked = chased && (await chaseOne(turn, ctx, chased[1]!))
  if (asked) return asked
  const about = (await readTeamWords(turn, ctx)) ?? (await recordInPassing(turn, ctx))
  if (about) return about
  const scores = await readScores(turn, ctx)
  if (scores) return scores
  if (worksByWeeklyPlan(ctx.company(), turn.person)) {
    const button = await buttonByWord(turn, ctx)
    if (button) return button
    const weeks = await weeksFor(ctx, turn.person, turn.at)
    const view = await viewWeek(ctx, turn.person, weeks[0]!, turn.at)
    if (readsAsReport(ctx, view, turn)) return readReport(turn, ctx)
  }
  return (await byGist(turn, ctx)) ?? [{ text: text.lost }]
}

/** A question in free words; about a colleague nothing is guessed. */
async function byGist(turn: TextTurn, ctx: Ctx): Promise<Answer[] | undefined> {
  const about = gist(turn.text)
  const say = about && intents[about]
  if (!say) return undefined
  const others = (await ctx.people.active()).filter((p) => p._id !== turn.person._id)
  if (others.some((p) => [p.name, ...p.nicknames].some((name) => turn.text.includes(name)))) return undefined
  return say({ ...turn, text: '' }, ctx, '')
}

/** Wishes that are never meant as an answer to what the bot has asked for. */
const interrupting: ReadonlySet<Intent> = new Set<Intent>([
  'help',
  'my-status',
  'who-is-missing',
  'chase',
  'score',
  'weekly-plan',
  'submit',
])

/** Whether a text is a command although the bot is waiting for words, e.g. for the reason of sending back. */
export const interrupts = (said: string): boolean => {
  const { intent, rest } = recognise(said)
  return interrupting.has(intent) && rest.trim() === ''
}
