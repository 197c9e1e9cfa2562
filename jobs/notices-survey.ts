import { randomUUID } from 'node:crypto'
import { type InviteKind, surveyInviteCard, surveyTitle } from '../cards/survey.ts'
import { surveyTooFewCard } from '../cards/survey-admin.ts'
import { surveyImproveCard, surveyImprovedCard, surveyResultsCard } from '../cards/survey-results.ts'
import { shownOf } from '../handlers/answer-survey.ts'
import { carryFrom } from '../handlers/run-survey.ts'
import { nextRoundOf } from '../handlers/survey/decide.ts'
import { hasAnswered, isOpenAt, roundSubject } from '../handlers/survey/round.ts'
import { lastImprovement, mayReadResults, namedLines, resultsOf, runningOf, trendOf } from '../handlers/survey/view.ts'
import type { Ctx } from '../src/context.ts'
import { thresholdOf } from '../src/domain/survey-result.ts'
import { dayOf, formatDay } from '../src/domain/time.ts'
import type { Rendered } from '../src/outbox/notice.ts'
import type { Person } from '../src/store/people.ts'
import type { Round } from '../src/store/survey-rounds.ts'
import { drawTrend } from '../src/trend-png.ts'

type Args = Record<string, unknown>
type Render = (to: Person, args: Args, ctx: Ctx) => Promise<Rendered>

const gone = (cancel: string): Rendered => ({ cancel })
const about = (round: Round) => ({ subject: roundSubject(round._id), context: { round: round._id } })

const ofRound =
  (render: (round: Round, to: Person, args: Args, ctx: Ctx) => Promise<Rendered>): Render =>
  async (to, args, ctx) => {
    const round = await ctx.surveyRounds.get(String(args.round))
    return round ? render(round, to, args, ctx) : gone('调查已不存在')
  }

/** Invitation, reminder, longer time: only while it is open and only to whoever is silent (domain.md §11.30). */
const invite = ofRound(async (round, to, args, ctx) => {
  if (!isOpenAt(round, ctx.clock.now())) return gone('调查已截止')
  if (await hasAnswered(ctx, round._id, to._id)) return gone('已作答')
  const kind: InviteKind = args.again === 'reminder' || args.again === 'extended' ? args.again : 'first'
  return { card: surveyInviteCard(shownOf(ctx, round), kind, await lastImprovement(ctx, round)), ...about(round) }
})

const results = ofRound(async (round, to, _args, ctx) => {
  const found = await resultsOf(ctx, round)
  if (!found || !(await mayReadResults(ctx, to, round))) return gone('没有可以查看的结果')
  const lines = to.roles.includes('hr') ? await namedLines(ctx, round) : []
  return { card: surveyResultsCard(found, lines), ...about(round) }
})

/** This process, of all that ever were. */
const HERE = randomUUID()

/**
 * The score round by round as a picture, for those who cook; there is none to draw of a single round. Neither platform knows a
 * picture again that was uploaded by a process before this one, so whoever takes over from a dead one sends it no more: rather
 * none than two, and the page shows it as well.
 */
const trend = ofRound(async (round, to, _args, ctx) => {
  const drawn = await trendOf(ctx, round.surveyId)
  const known = drawn.labels.flatMap((label, i) => {
    const value = drawn.values[i]
    return typeof value === 'number' ? [`${label}：${value.toFixed(1)}`] : []
  })
  if (known.length < 2) return gone('只有一次结果')
  if ((await ctx.meta.setOnce(`trend/${round._id}/${to._id}`, HERE)) !== HERE)
    return gone('上次发送时服务中断，图片可能已经送达')
  return { png: drawTrend(drawn), alt: `${round.survey.title}历次得分：${known.join('，')}` }
})

const MOST_COMMENTS = 100

const comments = ofRound(async (round, _to, _args, ctx) => {
  const all = await ctx.surveyResults.comments(round._id)
  if (all.length === 0) return gone('没有意见')
  const lines = all.slice(0, MOST_COMMENTS).map((said) => `· ${said}`)
  const more = all.length > MOST_COMMENTS ? [`另有${all.length - MOST_COMMENTS}条未列出。`] : []
  const head = `${surveyTitle(round)}的意见（${all.length}条${round.survey.anonymous ? '，已打乱顺序' : ''}）：`
  return { text: [head, ...lines, ...more].join('\n') }
})

const tooFew = ofRound(async (round, _to, _args, ctx) => {
  if (round.state !== 'too-few') return gone('已决定')
  return { card: surveyTooFewCard(await runningOf(ctx, round), await carryFrom(ctx, round)), ...about(round) }
})

const refused = ofRound(async (round) => ({
  text: `${surveyTitle(round)}没有开始：范围内只有${round.diners}人，少于${thresholdOf(round.survey)}人无法保护匿名。请在设置中扩大范围，或改为实名。`,
}))

const improve = ofRound(async (round, _to, args, ctx) => {
  if (!round.improvement || round.improvement.text) return gone('已回复')
  const next = nextRoundOf(ctx, round, ctx.clock.now())
  const until = next && formatDay(dayOf(next.opensAt, ctx.company().timeZone))
  const card = surveyImproveCard(round.survey, round.period, round.improvement.label, until, args.again === true)
  return { card, ...about(round) }
})

const improved = ofRound(async (round, _to, _args, ctx) => {
  const said = round.improvement
  if (!said?.text) return gone('没有改进措施')
  const by = said.by ? await ctx.people.get(said.by) : null
  const who = by?.roles.includes('hr') ? '公司' : by?.position || '相关同事'
  return { card: surveyImprovedCard(round.survey, round.period, said.label, said.text, who), ...about(round) }
})

const noAnswer = ofRound(async (round) =>
  round.improvement?.text
    ? gone('已回复')
    : {
        text: `${surveyTitle(round)}中评分最低的“${round.improvement?.label}”还没有收到改进措施，新一次调查已经开始。请跟进，或发“调查结果”查看。`,
      },
)

/** Messages about surveys, made when they are sent. */
export const surveyNotices: Record<string, Render> = {
  'survey-invite': invite,
  'survey-results': results,
  'survey-comments': comments,
  'survey-trend': trend,
  'survey-too-few': tooFew,
  'survey-refused': refused,
  'survey-improve': improve,
  'survey-improved': improved,
  'survey-no-answer': noAnswer,
}
