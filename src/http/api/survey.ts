import { z } from 'zod'
import { surveyAbout, surveyTitle } from '../../../cards/survey.ts'
import { shownOf } from '../../../handlers/answer-survey.ts'
import { carryFrom, surveyIdOf } from '../../../handlers/run-survey.ts'
import { giveAnswers, giveComment, ownAnswers, roundsFor } from '../../../handlers/survey/answer.ts'
import { isImprover } from '../../../handlers/survey/count.ts'
import { closeRound, endUnread, extendRound, startSurvey } from '../../../handlers/survey/decide.ts'
import { hasAnswered, isOpenAt, roundIdOf } from '../../../handlers/survey/round.ts'
import { mayReadResults, resultsOf, runningOf, trendOf } from '../../../handlers/survey/view.ts'
import type { Act, Ctx } from '../../context.ts'
import { exact, shown } from '../../domain/decimal.ts'
import { makeSurvey } from '../../domain/parse-survey.ts'
import { firstOpen, MOST_COMMENT, questionsOf, STARS, starNames } from '../../domain/survey.ts'
import { averageStars, responseRate, TARGET_RATE, type Tally, thresholdOf } from '../../domain/survey-result.ts'
import { dayOf, instantAt } from '../../domain/time.ts'
import type { Person } from '../../store/people.ts'
import type { Round } from '../../store/survey-rounds.ts'
import { ApiError } from './body.ts'
import type {
  SurveyAnswered,
  SurveyAnswerPage,
  SurveyLine,
  SurveyRunning,
  SurveysPage,
  SurveyTrend,
} from './contract-survey.ts'
import { type Call, type Endpoint, endpoint } from './endpoint.ts'
import { day, noQuery, requestId, words } from './fields.ts'

const text = {
  notAsked: '这次调查没有询问您',
  closed: '这次调查已经截止，没有计入您的选择',
  notHr: '只有人力资源可以发起和管理调查',
  gone: '这次调查已经处理过了',
  tooSmall: (n: number, need: number) => `匿名调查的范围至少要有${need}人，现在只有${n}人；请扩大范围或改为实名`,
  tooLate: '截止时间已经过去',
  nothingToCarry: '没有以前的得分可以沿用，请选择延长或免计',
  withheld: '有部门作答人数不足，为保护匿名，整体不显示部门对比',
}

const lineOf = (ctx: Ctx, round: Round): SurveyLine => ({
  survey: round.surveyId,
  period: round.period,
  title: surveyTitle(round),
  until: shownOf(ctx, round).until,
})

const idOf = (params: Record<string, string>): string => roundIdOf(params.survey ?? '', params.period ?? '')

/** The round of a route for somebody it asks; one answer for no such round and for one that asks others. */
async function roundFor({ ctx, me, params }: Pick<Call, 'ctx' | 'me' | 'params'>): Promise<Round> {
  const round = await ctx.surveyRounds.get(idOf(params))
  if (!round || !(await ctx.surveyRounds.isAsked(round._id, me._id)))
    throw new ApiError(403, 'forbidden', text.notAsked)
  return round
}

const starsOf = (tally: Pick<Tally, 'stars'>, id: string) => shown(averageStars(tally.stars[id]!), 1)

async function resultFor(ctx: Ctx, me: Person, round: Round): Promise<SurveyTrend | undefined> {
  const results = await resultsOf(ctx, round)
  if (!results) return undefined
  const { survey, tally, before, asked } = results
  const reads = me.roles.includes('hr') || (await isImprover(ctx, round, me))
  const had = (id: string) => before?.stars[id]?.some((n) => n > 0)
  const dimensions = (of: Pick<Tally, 'stars'>) =>
    survey.dimensions.map((d) => ({ label: d.label, stars: starsOf(of, d.id) }))
  return {
    ...lineOf(ctx, round),
    ...(tally.score && { score: shown(exact(tally.score)) }),
    answers: tally.answers,
    asked,
    rate: responseRate(tally.answers, asked),
    dimensions: survey.dimensions.map((d) => ({
      label: d.label,
      stars: starsOf(tally, d.id),
      ...(before && had(d.id) && { before: starsOf(before, d.id) }),
    })),
    choices: survey.choices.map((c) => ({
      label: c.label,
      options: c.options.map((o) => ({ label: o.label, answers: tally.choices[c.id]?.[o.id] ?? 0 })),
    })),
    ...(tally.groups && {
      groups: Object.entries(tally.groups).map(([name, g]) => ({
        name,
        answers: g.answers,
        dimensions: dimensions(g),
      })),
    }),
    ...(survey.byDepartment && !tally.groups && { groupsWithheld: text.withheld }),
    ...(reads && survey.comment && { comments: await ctx.surveyResults.comments(round._id) }),
    ...(round.improvement && {
      improvement: {
        label: round.improvement.label,
        ...(round.improvement.text && { text: round.improvement.text }),
      },
    }),
    trend: await trendOf(ctx, round.surveyId),
  }
}

const MOST_RESULTS = 6

async function resultsFor(ctx: Ctx, me: Person): Promise<SurveyTrend[]> {
  const found: SurveyTrend[] = []
  const seen = new Set<string>()
  for (const round of await ctx.surveyRounds.recent(40)) {
    if (found.length === MOST_RESULTS) break
    if (round.state !== 'closed' || seen.has(round.surveyId) || !(await mayReadResults(ctx, me, round))) continue
    seen.add(round.surveyId)
    const one = await resultFor(ctx, me, round)
    if (one) found.push(one)
  }
  return found
}

async function runningFor(ctx: Ctx): Promise<SurveyRunning[]> {
  const rounds = [...(await ctx.surveyRounds.inState('too-few')), ...(await ctx.surveyRounds.open())]
  return Promise.all(
    rounds.map(async (round) => {
      const { answers, asked, diners, seed, drawChecks = false } = await runningOf(ctx, round)
      const carry = round.state === 'too-few' ? await carryFrom(ctx, round) : undefined
      return {
        ...lineOf(ctx, round),
        ...{ answers, asked, diners, rate: responseRate(answers, asked) },
        state: round.state === 'too-few' ? 'too-few' : 'open',
        assesses: round.survey.assesses.length > 0,
        ...(carry && { carry }),
        ...(seed && { draw: { seed, checks: drawChecks } }),
      } satisfies SurveyRunning
    }),
  )
}

function mustBeHr(me: Person): void {
  if (!me.roles.includes('hr')) throw new ApiError(403, 'forbidden', text.notHr)
}

/** What HR does about a round, as in chat (handlers/run-survey.ts). */
const changes = new Map<string, (ctx: Ctx, act: Act, by: Person, roundId: string) => Promise<{ kind: string }>>([
  ['extend', extendRound],
  ['close', closeRound],
  ['carry', (ctx, act, by, roundId) => endUnread(ctx, act, by, roundId, 'carried')],
  ['excuse', (ctx, act, by, roundId) => endUnread(ctx, act, by, roundId, 'excused')],
])

const chosen = z
  .record(z.string().regex(/^[a-z0-9-]{1,40}$/), z.string().max(60))
  .refine((v) => Object.keys(v).length <= 20, '太多')

export const surveyEndpoints: Endpoint[] = [
  endpoint({
    method: 'GET',
    path: '/api/surveys',
    query: noQuery,
    async run({ ctx, me, now }): Promise<SurveysPage> {
      const open = await roundsFor(ctx, me, now)
      const silent = await Promise.all(
        open.map(async (r) => !r.survey.anonymous || !(await hasAnswered(ctx, r._id, me._id))),
      )
      return {
        toAnswer: open.filter((_, i) => silent[i]).map((r) => lineOf(ctx, r)),
        results: await resultsFor(ctx, me),
        ...(me.roles.includes('hr') && { running: await runningFor(ctx) }),
        target: TARGET_RATE,
      }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/surveys',
    query: noQuery,
    body: z.strictObject({
      requestId,
      title: words(20),
      dimensions: z.array(words(30)).max(12),
      choices: z.array(z.strictObject({ label: words(30), options: z.array(words(30)).max(5) })).max(12),
      departments: z.array(words(40)).max(50),
      closesOn: day,
      anonymous: z.boolean(),
      comment: z.boolean(),
    }),
    async run({ ctx, me, act, body, now }): Promise<SurveyLine & { asked: number }> {
      mustBeHr(me)
      const { timeZone } = ctx.company()
      const made = makeSurvey(body, dayOf(now, timeZone), () => surveyIdOf(act.id))
      if ('problems' in made)
        throw new ApiError(400, 'invalid', made.problems[0]!, {
          fields: made.problems.map((message) => ({ path: '', message })),
        })
      const closesAt = instantAt(made.closesOn, made.survey.when.closesTime, timeZone)
      const opened = await startSurvey(ctx, act, me, made.survey, closesAt)
      switch (opened.kind) {
        case 'opened':
        case 'known':
          return { ...lineOf(ctx, opened.round), asked: opened.round.asked }
        case 'too-small':
          throw new ApiError(422, 'too-small', text.tooSmall(opened.round.diners, thresholdOf(made.survey)))
        case 'too-late':
          throw new ApiError(422, 'too-late', text.tooLate)
        case 'not-allowed':
          throw new ApiError(403, 'forbidden', text.notHr)
        case 'nobody-assessed':
          throw new Error('a survey made on the page assesses nobody')
      }
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/survey/:survey/:period',
    query: noQuery,
    async run(call): Promise<SurveyAnswerPage> {
      const { ctx, me, act, now } = call
      const round = await roundFor(call)
      const { survey } = round
      const open = isOpenAt(round, now)
      const done = open && (await hasAnswered(ctx, round._id, me._id))
      const own = done ? await ownAnswers(ctx, act, me, round._id) : undefined
      return {
        title: surveyTitle(round),
        until: shownOf(ctx, round).until,
        anonymous: survey.anonymous,
        about: surveyAbout(survey),
        state: done ? 'done' : open ? 'open' : 'closed',
        questions: questionsOf(survey).map((q) => {
          const choice = survey.choices.find((c) => c.id === q.id)
          const stars = STARS.map((n) => ({ id: `${n}`, text: starNames[n]! }))
          const options = choice?.options.map((o) => ({ id: o.id, text: o.label }))
          return { id: q.id, label: q.label, stars: !choice, options: options ?? stars }
        }),
        ...(survey.comment && { comment: MOST_COMMENT }),
        ...(own && {
          answers: {
            ...Object.fromEntries(Object.entries(own.stars).map(([id, n]) => [id, `${n}`])),
            ...own.choices,
          },
        }),
      }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/survey/:survey/:period',
    query: noQuery,
    body: z.strictObject({ requestId, chosen, comment: words(MOST_COMMENT).optional() }),
    async run(call): Promise<SurveyAnswered> {
      const { ctx, me, act, body } = call
      const round = await roundFor(call)
      // The comment first: what ends the form is that the answer is in.
      if (body.comment?.trim()) await giveComment(ctx, act, me, round._id, body.comment)
      const outcome = await giveAnswers(ctx, act, me, round._id, body.chosen)
      switch (outcome.kind) {
        case 'done':
          return { kind: 'done' }
        case 'open':
          return { kind: 'open', missing: firstOpen(round.survey, outcome.answers)!.label }
        case 'closed':
          throw new ApiError(410, 'closed', text.closed)
        case 'not-asked':
          throw new ApiError(403, 'forbidden', text.notAsked)
      }
    },
  }),
  endpoint({
    method: 'POST',
    path: '/api/survey/:survey/:period/:what',
    query: noQuery,
    body: z.strictObject({ requestId }),
    async run({ ctx, me, act, params }): Promise<{ until?: string }> {
      mustBeHr(me)
      const change = changes.get(params.what ?? '')
      if (!change) throw new ApiError(404, 'not-found', '没有这个地址')
      const outcome = await change(ctx, act, me, idOf(params))
      if (outcome.kind === 'nothing-to-carry') throw new ApiError(422, 'nothing-to-carry', text.nothingToCarry)
      if (outcome.kind === 'gone') throw new ApiError(422, 'gone', text.gone)
      if (outcome.kind === 'not-allowed') throw new ApiError(403, 'forbidden', text.notHr)
      const round = await ctx.surveyRounds.get(idOf(params))
      return round ? { until: shownOf(ctx, round).until } : {}
    },
  }),
]
