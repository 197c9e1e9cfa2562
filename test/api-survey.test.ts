import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRound } from '../handlers/survey/round.ts'
import { canteenSurvey, EVERYBODY } from '../src/domain/survey.ts'
import type { SurveyAnswerPage, SurveyLine, SurveysPage } from '../src/http/api/contract-survey.ts'
import { type Client, type PagesWorld, signIn, startPagesWorld } from './pages-world.ts'

let world: PagesWorld
let hr: Client
beforeEach(async () => {
  world = await startPagesWorld()
  hr = await signIn(world, 'zhou')
}, 60_000)
afterEach(() => world.stop())

const form = {
  title: '办公环境',
  dimensions: ['采光', '噪声'],
  choices: [{ label: '是否需要加湿器', options: ['需要', '不需要'] }],
  departments: [],
  closesOn: '2026-12-02',
  anonymous: true,
  comment: true,
}
const everybody = ['wang', 'li', 'zhao', 'qian', 'sun', 'zhou', 'zheng', 'wu']

async function started(more: object = {}) {
  const made = await hr.send('POST', '/api/surveys', { requestId: randomUUID(), ...form, ...more })
  await world.bot.idle()
  return made
}
const pathOf = (line: unknown) => {
  const { survey, period } = line as SurveyLine
  return `/api/survey/${survey}/${period}`
}
const errorOf = (body: unknown) => (body as { error: { code: string; message: string } }).error

test('HR makes a survey on the page, people answer it there, and everybody asked sees the sums', async () => {
  const requestId = randomUUID()
  const made = await hr.send('POST', '/api/surveys', { requestId, ...form })
  expect(made).toMatchObject({ status: 200, body: { title: '办公环境', asked: 8, until: '12月2日 18:00' } })
  const again = await hr.send('POST', '/api/surveys', { requestId, ...form })
  expect(again.body).toEqual(made.body)
  const path = pathOf(made.body)

  const li = await signIn(world, 'li')
  const page = (await li.get(path)).body as SurveyAnswerPage
  expect(page).toMatchObject({ state: 'open', anonymous: true, comment: 300 })
  expect(page.about[0]).toContain('满5人')
  const [a, b, c] = page.questions.map((q) => q.id)
  const part = await li.send('POST', path, { requestId: randomUUID(), chosen: { [a!]: '4' } })
  expect(part.body).toEqual({ kind: 'open', missing: '噪声' })

  for (const [i, userId] of everybody.slice(0, 6).entries()) {
    const one = await signIn(world, userId)
    const chosen = { [a!]: '4', [b!]: i < 3 ? '2' : '3', [c!]: i < 4 ? 'o1' : 'o2' }
    const comment = `${userId}觉得西侧太吵`
    const body = { requestId: randomUUID(), chosen, comment }
    expect((await one.send('POST', path, body)).body).toEqual({ kind: 'done' })
    expect((await one.send('POST', path, { ...body, chosen: { ...chosen, [a!]: '1' } })).body).toEqual({ kind: 'done' })
    expect((await one.get(path)).body as SurveyAnswerPage).toMatchObject({ state: 'done' })
    expect(JSON.stringify((await one.get(path)).body)).not.toContain('answers')
  }
  const seen = (await hr.get('/api/surveys')).body as SurveysPage
  expect(seen.running).toMatchObject([{ answers: 6, asked: 8, rate: 75, state: 'open' }])
  expect(seen.results).toEqual([])

  const extended = await hr.send('POST', `${path}/extend`, { requestId: randomUUID() })
  expect(extended.body).toEqual({ until: '12月7日 18:00' })
  await hr.send('POST', `${path}/close`, { requestId: randomUUID() })
  const wu = await signIn(world, 'wu')
  const { results } = (await wu.get('/api/surveys')).body as SurveysPage
  expect(results).toMatchObject([
    {
      title: '办公环境',
      score: '65.00',
      answers: 6,
      asked: 8,
      rate: 75,
      dimensions: [
        { label: '采光', stars: '4.0' },
        { label: '噪声', stars: '2.5' },
      ],
      choices: [{ options: [{ answers: 4 }, { answers: 2 }] }],
    },
  ])
  expect(results[0]!.comments).toBeUndefined()
  const own = ((await hr.get('/api/surveys')).body as SurveysPage).results[0]!
  expect(own.comments).toHaveLength(6)
  const late = await wu.send('POST', path, { requestId: randomUUID(), chosen: {} })
  expect([late.status, errorOf(late.body).code]).toEqual([410, 'closed'])
}, 60_000)

test('what somebody may not do is refused: others’ surveys, HR’s doings, audiences too small, forms half filled', async () => {
  const zhao = await signIn(world, 'zhao')
  expect((await zhao.send('POST', '/api/surveys', { requestId: randomUUID(), ...form })).status).toBe(403)
  const small = await started({ departments: ['市场部'] })
  expect([small.status, errorOf(small.body).message]).toEqual([
    422,
    '匿名调查的范围至少要有5人，现在只有2人；请扩大范围或改为实名',
  ])
  expect((await started({ title: '' })).status).toBe(400)
  expect((await started({ closesOn: '2026-11-01' })).status).toBe(400)
  expect((await started({ choices: [{ label: '一', options: ['只有一个'] }] })).status).toBe(400)

  const made = await started({ departments: ['市场部'], anonymous: false })
  expect(made.status).toBe(200)
  const path = pathOf(made.body)
  expect((await zhao.get(path)).status).toBe(403)
  expect((await zhao.send('POST', path, { requestId: randomUUID(), chosen: {} })).status).toBe(403)
  expect((await zhao.send('POST', `${path}/close`, { requestId: randomUUID() })).status).toBe(403)
  expect((await zhao.get('/api/survey/nothing/2026-11')).status).toBe(403)
  expect(((await zhao.get('/api/surveys')).body as SurveysPage).running).toBeUndefined()
})

test('HR lets a month with too few answers go on the page, carries the last score over, and neither twice', async () => {
  const { ctx } = world
  const survey = { ...canteenSurvey, id: 'lunch', sample: EVERYBODY }
  await ctx.people.save({ ...(await world.person('sun')), position: '炊事员' })
  const open = async (period: string) => {
    const opensAt = new Date(`${period}-20T11:30:00+08:00`)
    await openRound(ctx, survey, { period, opensAt, closesAt: new Date(`${period}-25T18:00:00+08:00`) }, opensAt, 'x')
    return (what: string) => hr.send('POST', `/api/survey/lunch/${period}/${what}`, { requestId: randomUUID() })
  }
  const running = async () => ((await hr.get('/api/surveys')).body as SurveysPage).running
  const september = await open('2026-09')
  expect((await september('excuse')).status).toBe(422)
  await september('close')
  expect(await running()).toMatchObject([{ state: 'too-few', assesses: true }])
  expect(errorOf((await september('carry')).body).code).toBe('nothing-to-carry')
  expect((await september('excuse')).status).toBe(200)
  expect((await september('extend')).status).toBe(422)
  expect(await ctx.surveyScores.ofMonth('2026-09')).toMatchObject([{ state: 'excused' }])
  const row = { surveyId: 'lunch', positions: survey.assesses, answers: 6 }
  await ctx.surveyScores.put({ ...row, _id: 'lunch/2026-10', month: '2026-10', state: 'ok', score: '82' })
  const november = await open('2026-11')
  await november('close')
  expect(await running()).toMatchObject([{ state: 'too-few', carry: '2026年10月' }])
  const li = await signIn(world, 'li')
  expect((await li.send('POST', '/api/survey/lunch/2026-11/carry', { requestId: randomUUID() })).status).toBe(403)
  expect((await november('carry')).status).toBe(200)
  expect((await november('excuse')).status).toBe(422)
  expect(await ctx.surveyScores.ofMonth('2026-11')).toMatchObject([
    { state: 'ok', score: '82', carriedFrom: '2026-10', decidedBy: world.idOf('zhou') },
  ])
  expect(await running()).toEqual([])
}, 60_000)

test('answers with names are shown to oneself and can be changed', async () => {
  const path = pathOf((await started({ anonymous: false })).body)
  const zhao = await signIn(world, 'zhao')
  const chosen = { d1: '4', d2: '4', c1: 'o1' }
  await zhao.send('POST', path, { requestId: randomUUID(), chosen })
  expect((await zhao.get(path)).body).toMatchObject({ state: 'done', answers: chosen })
  await zhao.send('POST', path, { requestId: randomUUID(), chosen: { ...chosen, d1: '2' } })
  expect((await zhao.get(path)).body).toMatchObject({ answers: { ...chosen, d1: '2' } })
})

test('a page answer of an anonymous survey is nowhere beside its person', async () => {
  const path = pathOf((await started()).body)
  const zhao = await signIn(world, 'zhao')
  const chosen = { d1: '1', d2: '5', c1: 'o2' }
  await zhao.send('POST', path, { requestId: randomUUID(), chosen, comment: '只有我知道的话' })
  const { db } = world.ctx.surveyRounds.model
  for (const { name } of await db.listCollections())
    for (const doc of await db.collection(name).find().toArray()) {
      const said = JSON.stringify(doc)
      expect(said).not.toContain('只有我知道的话')
      if (said.includes(world.idOf('zhao'))) expect(said).not.toMatch(/"d1":"?1|"c1":"?o2/)
    }
})

test('without the form template DingTalk asks one question a card, in buttons', async () => {
  await started()
  await world.dingtalk.type('wu', '调查')
  await world.bot.idle()
  const tap = async (text: string) => {
    const message = world.dingtalk.chat('wu').findLast((m) => m.card?.buttons.some((b) => b.text === text && b.key))!
    const { key } = message.card!.buttons.find((b) => b.text === text)!
    await world.dingtalk.tap('wu', message.id, key!)
    await world.bot.idle()
  }
  await tap('开始作答')
  await tap('★★★★ 满意')
  await tap('★★ 不满意')
  await tap('需要')
  expect(JSON.stringify(world.dingtalk.chat('wu').findLast((m) => m.card)!.card)).toContain('已提交，谢谢')
  const round = (await world.ctx.surveyRounds.open())[0]!
  expect(await world.ctx.surveyBallots.count(round._id)).toBe(1)
})
