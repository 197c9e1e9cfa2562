import type { Ctx } from '../src/context.ts'
import { gist, type Intent, isCancel, recognise } from '../src/domain/commands.ts'
import { LATE_POINTS } from '../src/domain/score.ts'
import { formatWeek } from '../src/domain/time.ts'
import type { Answer, FindCommand, OnCard, OnSay, TextTurn } from '../src/inbox/handler.ts'
import { supportsByWord } from './answer-support.ts'
import { anonymousComment, mySurveys } from './answer-survey.ts'
import { appealByWord, onAppealDrop, openAppealsByWord } from './appeal.ts'
import { confirmByWord } from './confirm-by-word.ts'
import { help } from './help.ts'
import { onHolidays, onKeepTalk, onLastDay } from './hr-words.ts'
import { interviewCommand, interviewsByWord } from './interviews.ts'
import { milestoneCommand } from './milestones.ts'
import { onInputCancel } from './month-inputs.ts'
import { monthCommand } from './month-list.ts'
import { myResult } from './month-result.ts'
import { lateCost, myWeek } from './my-week.ts'
import { onKeepData } from './own-data.ts'
import { momentCommands } from './people-moments.ts'
import { onBehaviourCancel, ownRecords, recordInPassing } from './record-behaviour.ts'
import { newSurvey, onSurveyCancel, surveyResultsByWord, surveysByWord } from './run-survey.ts'
import { readScores } from './score-by-line.ts'
import { onScoreCancel, scoreNext, withdrawScoreByWord } from './score-week.ts'
import { snoozeByWord } from './snooze-reminder.ts'
import { backFromLeave, onLeaveByWord, onTripByWord, takeBackLeaveByWord } from './take-leave.ts'
import { chaseByWord, chaseOneCommand, leftToScore, readTeamWords, whoHasSubmitted } from './team-status.ts'
import { readsAsReport } from './weekly/draft.ts'
import { dropDraft } from './weekly/submit.ts'
import { runningWeek, weeksFor } from './weekly/target.ts'
import { viewWeek, worksByWeeklyPlan } from './weekly/week.ts'
import {
  buttonByWord,
  meantBy,
  readReport,
  restoreByWord,
  startWriting,
  submitByWord,
  withdrawByWord,
} from './write-week.ts'

const text = {
  nothingToUndo: '最近没有可以撤销的操作。',
  notWeekly: '您的岗位不需要提交周计划。',
  cancelled: '已取消，草稿没有保留。',
  dropped: (what: string) => `已取消：${what}。`,
  nothingOpen: '目前没有等待您确认的内容。发“帮助”可以查看我能做什么。',
  welcome: '不客气。',
  soon: '这项内容请到页面查看，或联系人力资源。',
  lost: '抱歉，我没有看懂。发“周计划”开始填写；写计划可以一行一件事，例如“1. 完成采购对账 20分 周三”。发“帮助”查看我能做什么。',
  lostElsewhere: '抱歉，我没有看懂。发“帮助”查看我能做什么。',
  late: `截止后仍可以补交，按迟交计，当周扣${LATE_POINTS}分；发“周计划”领取模板，填好发给我即可。本周请假请发“我在请假”。`,
  objection: '如对结果或扣分有异议，可在申诉期内发“申诉”；周得分有疑问，可以直接回复上级。',
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

/** Found with the other words about one's own data. */
type OwnData = 'my-data' | 'birthday' | 'no-wishes'

const intents: Record<Exclude<Intent, OwnData | 'unknown'>, Say> = {
  help: (turn, ctx) => help(turn, ctx),
  'weekly-plan': writing('plan'),
  'weekly-summary': writing('summary'),
  'my-status': async (turn, ctx) =>
    worksByWeeklyPlan(ctx.company(), turn.person) ? myWeek(turn, ctx) : ownThings(turn, ctx),
  'my-result': (turn, ctx) => myResult(turn, ctx),
  appeal: (turn, ctx) => appealByWord(turn, ctx),
  'who-is-missing': (turn, ctx) => whoHasSubmitted(turn, ctx),
  'left-to-score': (turn, ctx) => leftToScore(turn, ctx),
  'late-cost': weekly((turn, ctx) => lateCost(turn, ctx)),
  'my-records': (turn, ctx) => ownRecords(turn, ctx),
  interviews: (turn, ctx) => interviewsByWord(turn, ctx),
  'open-appeals': (turn, ctx) => openAppealsByWord(turn, ctx),
  terms: async (turn) => [{ text: turn.person.roles.includes('hr') ? text.terms : text.soon }],
  chase: (turn, ctx) => chaseByWord(turn, ctx),
  score: async (turn, ctx, rest) => (rest && (await readScores(turn, ctx))) || scoreNext(turn, ctx),
  submit: weekly((turn, ctx) => submitByWord(turn, ctx)),
  // 好的, said to nothing in particular, is politeness.
  confirm: async (turn, ctx) =>
    (await confirmByWord(turn, ctx)) ?? (/确[认定]/.test(turn.text) ? [{ text: text.nothingOpen }] : []),
  change: weekly((turn, ctx) => startWriting(turn, ctx)),
  async cancel(turn, ctx) {
    const dropped = await dropNewest(turn, ctx)
    if (dropped) return dropped
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

/** Buttons that drop what waits on a card for a yes. The draft of a week has a drop of its own. */
const drops: Record<string, OnCard | undefined> = {
  'cancel-draft': undefined,
  'score-cancel': onScoreCancel,
  'behaviour-cancel': onBehaviourCancel,
  'input-cancel': onInputCancel,
  'keep-talk:drop': onKeepTalk,
  'appeal-drop': onAppealDrop,
  'holidays:cancel': onHolidays,
  'last-day:cancel': onLastDay,
  'survey-cancel': onSurveyCancel,
  'keep-data': onKeepData,
}
const WAITS_MS = 24 * 3_600_000

/** 取消, typed: as if it were pressed on the newest card that waits for a yes. */
async function dropNewest(turn: TextTurn, ctx: Ctx): Promise<Answer[] | undefined> {
  const id = await meantBy(turn, ctx, 'card', async () => {
    const since = new Date(turn.at.getTime() - WAITS_MS)
    const open = await ctx.cards.openWith(turn.person._id, Object.keys(drops), turn.at)
    return open.find((card) => card.sentAt > since)?._id
  })
  const instance = id && (await ctx.cards.get(id))
  const action = instance && instance.actions?.find((a) => Object.hasOwn(drops, a))
  const drop = action && drops[action]
  if (!instance || !drop) return undefined
  const answers = await drop({ ...turn, instance, arg: action.split(':')[1] ?? '', choices: {} }, ctx)
  return answers.flatMap((a): Answer[] =>
    'replace' in a ? [{ ...a, of: instance._id }, { text: text.dropped(a.replace.title) }] : 'text' in a ? [] : [a],
  )
}

/**
 * Words of conversation: while the bot waits for an answer they may well be that answer, 「病假」 as a reason or 「明天」 as a
 * time. Every other wish is a command, one that is new as well.
 */
const conversation: ReadonlySet<Intent> = new Set<Intent>([
  'confirm',
  'cancel',
  'change',
  'on-leave',
  'on-trip',
  'snooze',
  'acknowledge',
  'thanks',
  'unknown',
])

/** 我的, where there is no weekly plan: what is theirs all the same. */
async function ownThings(turn: TextTurn, ctx: Ctx): Promise<Answer[]> {
  const surveys = (await mySurveys(turn, ctx)).filter((answer) => 'card' in answer)
  return [{ text: text.notWeekly }, ...(await ownRecords(turn, ctx)), ...(await myResult(turn, ctx)), ...surveys]
}

const POLITE =
  /^(?:收到|好的?|嗯+|知道了|明白了?|了解|(?:非常|十分|太)?感谢|谢谢?|多谢|你|您|辛苦|麻烦|费心|啦|了|哈|[\s,，。.!！~～、]|\p{Extended_Pictographic}|\p{Emoji_Component})+$/u
/** Thanks get a word, a thumb up gets nothing; 收到 and 好的 alone are read as any other words. */
const isPolite = (said: string): boolean =>
  POLITE.test(said) && !/\d/.test(said) && (/谢|辛苦|麻烦|费心/.test(said) || !/\p{Script=Han}/u.test(said))

/** What people ask in words of their own before they know ours. */
async function everyday(turn: TextTurn, ctx: Ctx): Promise<Answer[] | undefined> {
  const said = turn.text.trim()
  if (said.length > 30 || /\n|\d\s?分(?!钟)/.test(said)) return undefined
  if (isPolite(said)) return /谢|辛苦|麻烦|费心/.test(said) ? [{ text: text.welcome }] : []
  const works = worksByWeeklyPlan(ctx.company(), turn.person)
  if (works && /(?:不会|怎么|如何|咋)(?:写|填)(?!.*问卷)/.test(said)) return startWriting(turn, ctx)
  if (works && /(?:没|忘记?了?)(?:有|写|交|填|来得及).{0,8}(?:怎么办|咋办|怎么弄|行吗|可以吗)/.test(said))
    return [{ text: text.late }, ...(await myWeek(turn, ctx))]
  if (
    /^(?:我)?(?:为什么|为啥|凭什么|怎么).{0,6}扣.{0,4}分|(?:绩效|得分|分数|结果).{0,4}(?:怎么|如何|咋)(?:算|来)|^我?不服气?$/.test(
      said,
    )
  )
    return [...(works ? await lastScore(turn, ctx) : []), ...(await myResult(turn, ctx)), { text: text.objection }]
  return undefined
}

/** One's last scored week with its arithmetic. */
async function lastScore(turn: TextTurn, ctx: Ctx): Promise<Answer[]> {
  const running = runningWeek(ctx, turn.at)
  for (const week of [running, ctx.company().weeks.previousOpenWeek(running)]) {
    const { score } = await viewWeek(ctx, turn.person, week, turn.at)
    if (score) return [{ text: [`${formatWeek(week)}：`, ...score.lines].join('\n') }]
  }
  return []
}

const isKnown = (intent: Intent): intent is keyof typeof intents => Object.hasOwn(intents, intent)

/** 周计划, 我的, 谁没交: nothing else said, as 「计划：第2项请写具体」 may be the reason of sending back. */
const intentCommand: FindCommand = async (turn, ctx) => {
  const { intent, rest } = recognise(turn.text)
  const whole = rest.trim() === '' || intent === 'new-survey'
  return whole && isKnown(intent) && !conversation.has(intent) ? () => intents[intent](turn, ctx, rest) : undefined
}

const commands: FindCommand[] = [
  ...momentCommands,
  monthCommand,
  interviewCommand,
  milestoneCommand,
  intentCommand,
  chaseOneCommand,
  async (turn, ctx) => {
    const about = await readTeamWords(turn, ctx)
    return about && (async () => about)
  },
]

const firstOf = async (turn: TextTurn, ctx: Ctx) => {
  for (const find of commands) {
    const command = await find(turn, ctx)
    if (command) return command
  }
  return undefined
}

/** A complete command, also a whole plan or a whole line of scores: it is no answer to what the bot has asked for. */
export const commandIn: FindCommand = async (turn, ctx) => {
  // 撤销 and 取消 mean the question.
  if (isCancel(turn.text)) return undefined
  const command = await firstOf(turn, ctx)
  if (command) return command
  const { intent, rest } = recognise(turn.text)
  if ((intent === 'weekly-plan' || intent === 'weekly-summary') && (await isReport({ ...turn, text: rest }, ctx)))
    return () => intents[intent](turn, ctx, rest)
  const scores = await readScores(turn, ctx)
  const whole = scores?.some((answer) => 'card' in answer) || NAME_AND_POINTS.test(turn.text.trim())
  return scores && whole ? async () => scores : undefined
}

/** 「赵敏的第2项没有写完」 begins with a name and is a reason; 「赵敏 18 30 40」 is never one, even if it cannot be taken. */
const NAME_AND_POINTS = /^[^\d\s]{2,10}[\s:：]*(?:\d{1,3}(?:\.\d{1,2})?分?[\s,，、]*)+$/

async function isReport(turn: TextTurn, ctx: Ctx): Promise<boolean> {
  if (!worksByWeeklyPlan(ctx.company(), turn.person)) return false
  const weeks = await weeksFor(ctx, turn.person, turn.at)
  return readsAsReport(ctx, await viewWeek(ctx, turn.person, weeks[0]!, turn.at), turn)
}

/** Anything typed in private: a wish, a score line, a plan, or a word that leads on (features.md T1). */
export const readText: OnSay = async (turn, ctx) => {
  const command = await firstOf(turn, ctx)
  if (command) return command()
  const plain = await everyday(turn, ctx)
  if (plain) return plain
  const { intent, rest } = recognise(turn.text)
  if (isKnown(intent)) return intents[intent](turn, ctx, rest)
  const passing = await recordInPassing(turn, ctx)
  if (passing) return passing
  const scores = await readScores(turn, ctx)
  if (scores) return scores
  const button = worksByWeeklyPlan(ctx.company(), turn.person) && (await buttonByWord(turn, ctx))
  if (button) return button
  if (await isReport(turn, ctx)) return readReport(turn, ctx)
  const lost = worksByWeeklyPlan(ctx.company(), turn.person) ? text.lost : text.lostElsewhere
  return (await byGist(turn, ctx)) ?? [{ text: lost }]
}

/** A question in free words; about a colleague nothing is guessed. */
async function byGist(turn: TextTurn, ctx: Ctx): Promise<Answer[] | undefined> {
  const about = gist(turn.text)
  if (!about || !isKnown(about)) return undefined
  const others = (await ctx.people.active()).filter((p) => p._id !== turn.person._id)
  if (others.some((p) => [p.name, ...p.nicknames].some((name) => turn.text.includes(name)))) return undefined
  return intents[about]({ ...turn, text: '' }, ctx, '')
}
