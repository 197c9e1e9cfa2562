import { afterAll, beforeAll, expect, test } from 'vitest'
import { giveAnswers } from '../handlers/survey/answer.ts'
import { countRound } from '../handlers/survey/count.ts'
import { openRound, roundIdOf } from '../handlers/survey/round.ts'
import { mayReadResults } from '../handlers/survey/view.ts'
import { notices } from '../jobs/notices.ts'
import type { World } from '../sandbox/world.ts'
import type { Ctx } from '../src/context.ts'
import { canteenSurvey, EVERYBODY, type Survey } from '../src/domain/survey.ts'
import type { Person } from '../src/store/people.ts'
import { startCanteen } from './survey-world.ts'

let world: World
let people: Person[]
beforeAll(async () => {
  world = await startCanteen()
  people = (await world.bot.ctx.people.active()).filter((p) => p.position !== '炊事员')
})
afterAll(() => world?.stop())

const plan = {
  period: '2026-11',
  opensAt: new Date('2026-11-20T03:30:00Z'),
  closesAt: new Date('2026-11-25T10:00:00Z'),
}
const act = { id: 'tap', at: new Date('2026-11-20T04:00:00Z') }
const surveyNo = (n: number | string): Survey => ({ ...canteenSurvey, id: `s${n}`, sample: EVERYBODY })
const all = (n: number) => ({ hygiene: `${n}`, price: '3', taste: '3', variety: '3' })

/** The same context, dead from the n-th write on: before it has happened, or right after. */
function dying(ctx: Ctx, at: number, when: 'before' | 'after'): Ctx {
  let calls = 0
  const store = <T extends object>(one: T): T =>
    new Proxy(one, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (typeof value !== 'function' || key === 'model' || key === 'keys') return value
        return async (...args: unknown[]) => {
          const call = calls++
          if (call > at || (call === at && when === 'before')) throw new Error('killed')
          const result = await value.apply(target, args)
          if (call === at) throw new Error('killed')
          return result
        }
      },
    })
  return {
    ...ctx,
    surveyRounds: store(ctx.surveyRounds),
    surveyBallots: store(ctx.surveyBallots),
    surveyResults: store(ctx.surveyResults),
    surveyScores: store(ctx.surveyScores),
    outbox: store(ctx.outbox),
  }
}

const messages = async (ctx: Ctx, name: string, round: string) =>
  ctx.outbox.model.countDocuments({ 'content.name': name, 'content.args.round': round })

test('a process that dies anywhere in opening asks the same people once', async () => {
  const { ctx } = world.bot
  for (const when of ['before', 'after'] as const)
    for (let at = 0, died = true; died; at++) {
      const survey = { ...canteenSurvey, id: `open-${when}-${at}` }
      const round = roundIdOf(survey.id, plan.period)
      died = await openRound(dying(ctx, at, when), survey, plan, plan.opensAt, 'x').then(
        () => false,
        () => true,
      )
      const drawn = (await ctx.surveyRounds.draw(round))?.chosen
      await openRound(ctx, survey, plan, plan.opensAt, 'x')
      const asked = await ctx.surveyRounds.asked(round)
      expect(asked).toHaveLength(10)
      if (drawn) expect(asked).toEqual(drawn)
      expect(await messages(ctx, 'survey-invite', round)).toBe(10)
      if (at > 30) throw new Error('opening never ends')
    }
}, 90_000)

test('a process that dies anywhere in counting counts everybody once and tells everybody once', async () => {
  const { ctx } = world.bot
  for (const when of ['before', 'after'] as const)
    for (let at = 0, died = true; died; at++) {
      const survey = surveyNo(`${when}-${at}`)
      const opened = await openRound(ctx, survey, plan, plan.opensAt, 'x')
      if (opened.kind !== 'opened') throw new Error(opened.kind)
      const { round } = opened
      for (const [i, person] of people.slice(0, 6).entries())
        await giveAnswers(ctx, act, person, round._id, all(i < 3 ? 1 : 5))
      died = await countRound(dying(ctx, at, when), round, 'x').then(
        () => false,
        () => true,
      )
      await countRound(ctx, round, 'x')
      await countRound(ctx, round, 'x')
      expect(await ctx.surveyResults.tally(round._id)).toMatchObject({
        answers: 6,
        score: '60',
        stars: { hygiene: [3, 0, 0, 0, 3] },
      })
      expect(await ctx.surveyRounds.get(round._id)).toMatchObject({ state: 'closed', answers: 6 })
      expect(await ctx.surveyScores.model.findById(round._id).lean()).toMatchObject({ state: 'ok', score: '60' })
      expect(await messages(ctx, 'survey-results', round._id)).toBe(people.length + 2)
      expect(await messages(ctx, 'survey-too-few', round._id)).toBe(0)
      expect(await ctx.surveyBallots.model.countDocuments({ round: round._id })).toBe(0)
      if (at > 60) throw new Error('counting never ends')
    }
}, 90_000)

test('an answer given thirty times at once, in one process and another, is one; the first that is whole stays', async () => {
  const { ctx } = world.bot
  const opened = await openRound(ctx, surveyNo('at-once'), plan, plan.opensAt, 'x')
  if (opened.kind !== 'opened') throw new Error(opened.kind)
  const { _id } = opened.round
  const person = people[0]!
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, (_, i) => giveAnswers(ctx, { ...act, id: `t${i}` }, person, _id, all((i % 5) + 1))),
  )
  expect(new Set(outcomes.map((o) => o.kind))).toEqual(new Set(['done']))
  expect(await ctx.surveyBallots.count(_id)).toBe(1)
  const [first] = await ctx.surveyBallots.openAll(_id, 'answer')
  expect(await giveAnswers(ctx, act, person, _id, all(3))).toMatchObject({ kind: 'done' })
  expect(await ctx.surveyBallots.openAll(_id, 'answer')).toEqual([first])
})

test('two processes that count one round at once give one result', async () => {
  const { ctx } = world.bot
  const opened = await openRound(ctx, surveyNo('twice'), plan, plan.opensAt, 'x')
  if (opened.kind !== 'opened') throw new Error(opened.kind)
  for (const person of people.slice(0, 7)) await giveAnswers(ctx, act, person, opened.round._id, all(4))
  await Promise.all([countRound(ctx, opened.round, 'a'), countRound(ctx, opened.round, 'b')])
  expect(await ctx.surveyRounds.get(opened.round._id)).toMatchObject({ state: 'closed', answers: 7 })
  expect(await ctx.surveyScores.model.findById(opened.round._id).lean()).toMatchObject({ state: 'ok', score: '65' })
})

test('18:00:00 counts, a second later does not', async () => {
  const { ctx } = world.bot
  const opened = await openRound(ctx, surveyNo('last'), plan, plan.opensAt, 'x')
  if (opened.kind !== 'opened') throw new Error(opened.kind)
  const at = (time: string) => ({ id: time, at: new Date(`2026-11-25T${time}+08:00`) })
  const { _id } = opened.round
  expect(await giveAnswers(ctx, at('18:00:00.999'), people[0]!, _id, all(4))).toMatchObject({ kind: 'done' })
  expect(await giveAnswers(ctx, at('18:00:01'), people[1]!, _id, all(4))).toEqual({ kind: 'closed' })
})

test('who is told the results is who may read them', async () => {
  const { ctx } = world.bot
  for (const resultsTo of [[], ['asked'], ['improvers'], ['gm', 'asked', 'improvers']] as Survey['resultsTo'][]) {
    const survey = { ...surveyNo(`readers-${resultsTo.length}-${resultsTo[0]}`), resultsTo }
    const opened = await openRound(ctx, survey, plan, plan.opensAt, 'x')
    if (opened.kind !== 'opened') throw new Error(opened.kind)
    const { round } = opened
    for (const person of people.slice(0, 5)) await giveAnswers(ctx, act, person, round._id, all(4))
    await countRound(ctx, round, 'x')
    const told = await ctx.outbox.model
      .find({ 'content.name': 'survey-results', 'content.args.round': round._id })
      .lean()
    const may = []
    for (const person of await ctx.people.active()) if (await mayReadResults(ctx, person, round)) may.push(person._id)
    expect(told.map((row) => row.to).sort()).toEqual(may.sort())
  }
})

test('the trend that a process died over is not sent a second time; one that has to wait is', async () => {
  const { ctx } = world.bot
  for (const [n, period] of ['2026-10', '2026-11'].entries()) {
    const opensAt = new Date(`${period}-20T03:30:00Z`)
    const opened = await openRound(ctx, surveyNo('trend'), { ...plan, period, opensAt }, opensAt, 'x')
    if (opened.kind !== 'opened') throw new Error(opened.kind)
    for (const person of people.slice(0, 5)) await giveAnswers(ctx, act, person, opened.round._id, all(3 + n))
    await countRound(ctx, opened.round, 'x')
  }
  const [first, second] = people
  const draw = (to: Person) => notices['survey-trend']!(to, { round: 'strend/2026-11' }, ctx)
  for (let i = 0; i < 2; i++) expect(await draw(first!)).toHaveProperty('png')
  await ctx.meta.setOnce(`trend/strend/2026-11/${second!._id}`, 'another process')
  expect(await draw(second!)).toEqual({ cancel: '上次发送时服务中断，图片可能已经送达' })
})
