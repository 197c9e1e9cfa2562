import type { Model } from 'mongoose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { joinPeople } from '../handlers/moments/join.ts'
import { giveAnswers } from '../handlers/survey/answer.ts'
import { openRound, roundIdOf } from '../handlers/survey/round.ts'
import type { Ctx } from '../src/context.ts'
import { canteenSurvey, EVERYBODY } from '../src/domain/survey.ts'
import { KEEPS_FORMER_KEY } from '../src/people/join.ts'
import { companyOfFive, companyYaml } from './company-of-five.ts'
import { person } from './moments-world.ts'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

const KEEP = 'e00000000001'
const DROP = 'e00000000002'
const account = { platform: 'dingtalk' as const, userId: 'wu2' }

let world: WeekWorld
let ctx: Ctx
beforeAll(async () => {
  world = await startWeekWorld({
    start: '2026-11-25T10:00:00+08:00',
    platforms: ['wecom', 'dingtalk'],
    people: companyOfFive.map(({ jobNumber, ...p }) => (p.userId === 'sun' ? p : { ...p, jobNumber: jobNumber! })),
    yaml: `${companyYaml}roles: { hr: ['0004'] }\n`,
  })
  ctx = world.bot().ctx
}, 60_000)
afterAll(() => world.stop())

const models = (): [string, Model<unknown>][] => Object.entries(ctx.people.model.db.models) as never
const clean = async () => {
  for (const [, model] of models()) {
    await model.collection.deleteMany({ _id: { $regex: `${KEEP}|${DROP}` } as never })
    const rows = await model.collection.find().toArray()
    for (const row of rows) if (JSON.stringify(row).includes(DROP)) await model.collection.deleteOne({ _id: row._id })
  }
}
beforeEach(async () => {
  await clean()
  await ctx.people.save(person(KEEP, { name: '吴静', wecom: 'wu1', departments: ['行政部'] }))
  await ctx.people.save(person(DROP, { name: '吴静', dingtalk: 'wu2', departments: ['车队'] }))
})
const join = (on = ctx) => joinPeople(on, KEEP, DROP, account)

describe('every collection', () => {
  /** A row that names the person in one field only: as its id, in a text, in a list, deep inside, as the name of a field. */
  function rowWith(path: string, type: string, n: number, strings: string[]): Record<string, unknown> {
    const row: Record<string, unknown> = { _id: `walk/${n}` }
    // A row whose id is made of a person says so in a field as well.
    const own = /^(personId|person)$/
    for (const other of strings) row[other] = path === '_id' && own.test(other) ? DROP : `x${n}`
    row[path] = {
      String: path === '_id' ? `walk/${DROP}/${n}` : DROP,
      Array: [DROP, { by: DROP }],
      Mixed: { by: `week/${DROP}/2026-W48`, [DROP]: 1, list: [{ of: [DROP] }] },
    }[type]
    return row
  }

  test('no field of any keeps the former key, but where it is meant to stay', async () => {
    const inserted = new Map<string, number>()
    for (const [name, model] of models()) {
      if (Object.hasOwn(KEEPS_FORMER_KEY, name)) continue
      const paths = Object.entries(model.schema.paths).map(([path, type]) => [path, type.instance] as const)
      const strings = paths.filter(([path, type]) => type === 'String' && path !== '_id').map(([path]) => path)
      const fields = paths.filter(([, type]) => ['String', 'Array', 'Mixed'].includes(type))
      expect(fields.length, name).toBeGreaterThan(0)
      for (const [n, [path, type]] of fields.entries())
        await model.collection.insertOne(rowWith(path, type, n, strings) as never)
      inserted.set(name, fields.length)
    }
    expect(inserted.size).toBeGreaterThan(15)
    await join()
    for (const [name, count] of inserted) {
      const rows = await ctx.people.model.db.models[name]!.collection.find().toArray()
      const about = (key: string) => rows.filter((r) => JSON.stringify(r).includes(key)).length
      expect(about(DROP), name).toBe(0)
      expect(about(KEEP), name).toBeGreaterThanOrEqual(count)
    }
    for (const [, model] of models()) await model.collection.deleteMany({ _id: /^walk/ } as never)
  }, 30_000)

  test('those that keep it are there, so that none is excused by a name that has changed', () => {
    const names = models().map(([name]) => name)
    expect(Object.keys(KEEPS_FORMER_KEY).filter((name) => !names.includes(name))).toEqual([])
  })
})

const at = (iso: string) => new Date(iso)
const submission = (iso: string) => ({ at: at(iso), content: { plan: [] } })
const blank = { rev: 1, applied: [] }

async function fill(): Promise<string> {
  const insert = (name: string, row: object) => ctx.people.model.db.models[name]!.collection.insertOne(row as never)
  const week = { pastScores: [], notes: [], ...blank }
  const [first, second] = [submission('2026-11-21T02:00:00Z'), submission('2026-11-21T03:00:00Z')]
  await insert('weeks', { ...week, _id: `${KEEP}/2026-W47`, personId: KEEP, week: '2026-W47', submissions: [second] })
  await insert('weeks', {
    ...{ ...week, _id: `${DROP}/2026-W47`, personId: DROP, week: '2026-W47', submissions: [first] },
    excuse: { state: 'granted', reason: '年假', at: first.at, decidedBy: 'li' },
  })
  await insert('weeks', { ...week, _id: `zhao/2026-W47`, personId: 'zhao', week: '2026-W47', score: { by: DROP } })
  const month = (id: string, state: string, shown: string) => ({
    ...{ ...blank, _id: `${id}/2026-10`, personId: id, month: '2026-10', name: '吴静', state },
    ...{ judgeId: 'li', draft: { shown }, versions: [], seen: [], acknowledged: [], sent: [] },
  })
  await insert('results', month(KEEP, 'draft', '没有数据'))
  await insert('results', month(DROP, 'published', '92'))
  const inputs = { ...blank, kpi: [], adjustments: [] }
  const rating = (by: string, score: string) => ({ by, score, at: first.at })
  await insert('month_inputs', {
    ...{ ...inputs, _id: `${KEEP}/2026-10`, personId: KEEP, month: '2026-10', ratings: [rating('li', '90')] },
  })
  await insert('month_inputs', {
    ...{ ...inputs, _id: `${DROP}/2026-10`, personId: DROP, month: '2026-10' },
    ratings: [rating('li', '70'), rating('wang', '80')],
  })
  await insert('behaviour', { ...blank, _id: 'b1', personId: DROP, by: 'li', month: '2026-11', state: 'counts' })
  await insert('behaviour', { ...blank, _id: 'b2', personId: 'zhao', by: DROP, month: '2026-11', state: 'counts' })
  await insert('cards', { _id: 'card1', personId: DROP, subject: `week/${DROP}/2026-W48`, state: 'open', codes: [] })
  await ctx.hrTalks.add({
    ...{
      _id: 'talk1',
      personId: 'zhao',
      occasion: 'yearly',
      heldOn: '2026-11-01',
      by: 'li',
      summary: '',
      at: first.at,
    },
    ...{ proposals: ['多沟通'], passedTo: [DROP] },
  })
  await ctx.personal.takeIn(DROP, { birthday: { birthday: { calendar: 'lunar', month: 8, day: 15 } } }, 'self')
  await ctx.personal.set(DROP, { wishes: 'private' })
  await ctx.people.save({ ...(await ctx.people.get(DROP))!, roles: ['hr'], jobNumber: '0099', managerId: 'li' })
  await ctx.people.save(person('zhao', { managerId: DROP }))
  const roundId = roundIdOf('joined', '2026-11')
  for (const name of ['survey_rounds', 'survey_draws'])
    await ctx.people.model.db.models[name]!.collection.deleteMany({ _id: roundId as never })
  const survey = { ...canteenSurvey, id: 'joined', assesses: [], sample: EVERYBODY }
  const plan = { period: '2026-11', opensAt: ctx.clock.now(), closesAt: at('2026-11-30T10:00:00Z') }
  await openRound(ctx, survey, plan, ctx.clock.now(), 'x')
  const stars = { hygiene: '5', price: '4', taste: '3', variety: '2' }
  const who = (await ctx.people.get(DROP))!
  expect((await giveAnswers(ctx, { id: 'a', at: ctx.clock.now() }, who, roundId, stars)).kind).toBe('done')
  return roundId
}

async function expectJoined(roundId: string): Promise<void> {
  const keep = (await ctx.people.get(KEEP))!
  expect(keep).toMatchObject({
    ...{ wecom: 'wu1', dingtalk: 'wu2', roles: ['hr'], jobNumber: '0099', managerId: 'li', departments: ['行政部'] },
  })
  expect(await ctx.people.get(DROP)).toMatchObject({ active: false, joinedInto: KEEP, roles: [] })
  expect((await ctx.people.get('zhao'))?.managerId).toBe(KEEP)
  const week = (await ctx.weeks.get(KEEP, '2026-W47'))!
  expect(week.submissions.map((s) => s.at.toISOString().slice(11, 13))).toEqual(['02', '03'])
  expect(week.excuse).toMatchObject({ state: 'granted', reason: '年假' })
  expect((await ctx.weeks.lastScoredBy(KEEP))?.personId).toBe('zhao')
  expect(await ctx.results.ofPerson(KEEP, 5)).toMatchObject([{ month: '2026-10', draft: { shown: '92' } }])
  expect((await ctx.monthInputs.get(`${KEEP}/2026-10`))?.ratings.map((r) => `${r.by} ${r.score}`)).toEqual([
    'li 90',
    'wang 80',
  ])
  expect((await ctx.behaviours.get('b1'))?.personId).toBe(KEEP)
  expect((await ctx.behaviours.get('b2'))?.by).toBe(KEEP)
  expect(await ctx.cards.get('card1')).toMatchObject({ personId: KEEP, subject: `week/${KEEP}/2026-W48` })
  expect((await ctx.hrTalks.get('talk1'))?.passedTo).toEqual([KEEP])
  expect(await ctx.personal.get(KEEP)).toMatchObject({
    ...{ wishes: 'private', birthday: { from: 'self', value: { calendar: 'lunar', month: 8, day: 15 } } },
  })
  expect(await ctx.surveyRounds.isAsked(roundId, DROP)).toBe(false)
  expect(await ctx.surveyRounds.isAsked(roundId, KEEP)).toBe(true)
  expect(await ctx.surveyBallots.answeredBy(roundId, [KEEP, DROP])).toEqual(new Set([KEEP]))
  expect(await ctx.surveyBallots.count(roundId)).toBe(1)
  const round = (await ctx.surveyRounds.get(roundId))!
  expect((await ctx.surveyRounds.asked(roundId)).length).toBe(round.asked)
}

test('months, weeks, behaviour, talks, roles, a survey’s answer and what people asked for come along', async () => {
  const roundId = await fill()
  await join()
  await expectJoined(roundId)
}, 30_000)

test('a process that dies anywhere in it joins the same when it is run again', async () => {
  for (let dies = 0, died = true; died; dies += 3) {
    await clean()
    for (const name of ['weeks', 'behaviour', 'cards', 'hr-talks', 'survey_asks', 'survey_ballots'])
      await ctx.people.model.db.models[name]!.collection.deleteMany({ _id: { $not: /^e0/ } } as never)
    await ctx.people.save(person(KEEP, { name: '吴静', wecom: 'wu1', departments: ['行政部'] }))
    await ctx.people.save(person(DROP, { name: '吴静', dingtalk: 'wu2', departments: ['车队'] }))
    const roundId = await fill()
    died = await join(dyingAfter(ctx, dies)).then(
      () => false,
      (error) => /killed/.test(String(error)) || Promise.reject(error),
    )
    if (died) await join()
    await expectJoined(roundId)
  }
}, 90_000)

/** The same context, whose n-th write is the last thing that happens. */
function dyingAfter(whole: Ctx, n: number): Ctx {
  let writes = 0
  const WRITES = /^(updateOne|updateMany|insertOne|replaceOne|deleteOne|deleteMany)$/
  const counting = <T extends object>(one: T): T =>
    new Proxy(one, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (typeof value !== 'function' || !WRITES.test(String(key))) return value
        return async (...args: unknown[]) => {
          if (writes++ >= n) throw new Error('killed')
          return value.apply(target, args)
        }
      },
    })
  const store = <T extends object>(one: T): T =>
    new Proxy(one, {
      get(target, key) {
        const value = Reflect.get(target, key)
        if (typeof value !== 'function') return value
        if (!/^(save|dropAccounts|reassign|takeIn|set|remove|join|change|note)$/.test(String(key))) return value
        return async (...args: unknown[]) => {
          if (writes++ >= n) throw new Error('killed')
          return value.apply(target, args)
        }
      },
    })
  const db = whole.people.model.db
  const wrapped = Object.fromEntries(
    Object.entries(db.models).map(([name, model]) => [name, { collection: counting(model.collection) }]),
  )
  return {
    ...whole,
    people: { ...store(whole.people), model: { db: { models: wrapped } } },
    personal: store(whole.personal),
    surveyBallots: store(whole.surveyBallots),
    surveyRounds: store(whole.surveyRounds),
    contacts: store(whole.contacts),
  } as unknown as Ctx
}

test('two published results of one month are both kept, and HR is told', async () => {
  const insert = (id: string, shown: string) =>
    ctx.results.model.collection.insertOne({
      ...{ ...blank, _id: `${id}/2026-09`, personId: id, month: '2026-09', state: 'published', versions: [] },
      draft: { shown },
    } as never)
  await insert(KEEP, '88')
  await insert(DROP, '77')
  await join()
  expect((await ctx.results.ofPerson(KEEP, 5))[0]?.draft).toEqual({ shown: '88' })
  expect((await ctx.results.ofPerson(DROP, 5))[0]?.draft).toEqual({ shown: '77' })
  const notes = (await ctx.contacts.notesSince(new Date(0))).map((n) => n.text)
  expect(notes.filter((t) => t.includes('2026-09月度结果'))).toHaveLength(1)
})

test('whoever was asked under the former key rests in the next draw', async () => {
  await ctx.people.save({ ...(await ctx.people.get(DROP))!, active: false, joinedInto: KEEP })
  const draws = ctx.people.model.db.models.survey_draws!
  await draws.collection.deleteMany({ surveyId: 'rest' })
  const others = (await ctx.people.active()).map((p) => p._id).filter((id) => id !== KEEP)
  const rule = { percent: 1, atLeast: 1, atMost: 1 }
  const drawn = { seed: 'a', rule, candidates: [DROP], resting: [], last: [], chosen: [DROP], restingAfter: [DROP] }
  await ctx.surveyRounds.keepDraw('rest/2026-10', 'rest', at('2026-10-20T03:30:00Z'), drawn)
  const survey = { ...canteenSurvey, id: 'rest', assesses: [], sample: rule, threshold: 3 }
  const plan = { period: '2026-11', opensAt: ctx.clock.now(), closesAt: at('2026-11-30T10:00:00Z') }
  await openRound(ctx, survey, plan, ctx.clock.now(), 'x')
  const draw = (await ctx.surveyRounds.draw('rest/2026-11'))!
  expect(draw.resting).toEqual([KEEP])
  expect(others).toContain(draw.chosen[0])
})

test('on the phone: a plan begun on one record is handed in after HR has said that it is one person', async () => {
  await clean()
  await world.wecom!.join({ userId: 'hu1', name: '胡蓉', departments: ['行政部'], title: '行政人事助理' })
  await world.dingtalk!.join({ userId: 'hu2', name: '胡蓉', departments: ['车队'], title: '行政人事助理' })
  await world.bot().idle()
  const phone = world.phone('hu2', 'dingtalk')
  await phone.type('1. 整理档案 20分 周三\n2. 更新台账 30分 周五')
  expect(phone.sees()).toContain('<提交>')
  await world.phone('qian').tap('是同一人')
  await phone.tap('提交')
  const [one, ...more] = (await ctx.people.active()).filter((p) => p.name === '胡蓉')
  expect(more).toEqual([])
  const weeks = await ctx.weeks.model.find({ personId: one!._id }).lean()
  expect(weeks.flatMap((w) => w.submissions)).toHaveLength(1)
}, 30_000)
