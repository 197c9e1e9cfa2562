import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { Envelope } from '../handlers/survey/answer.ts'
import { surveyBallotStore } from '../src/store/survey-ballots.ts'
import { crowd, killing, type ProcessWorld, startProcesses, until } from './process.ts'

let world: ProcessWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

/** The replicas' own (process.ts). */
const SECRET = 'a-session-secret-of-thirty-two-or-more'
const ROUND = 'canteen/2026-11'
const yaml = `name: 测试公司
positions: { '*': 不考核 }
schemes: { 不考核: { kind: none } }
moments: { askBirthday: false }
surveys:
  canteen:
    title: 食堂满意度
    every: month
    opensDay: 20
    closesDay: 25
    dimensions: { hygiene: 卫生, price: 价格, taste: 味道, variety: 花色 }
`

test('processes killed at random while people answer: no answer that was acknowledged is lost, none counts twice', async () => {
  const size = 20
  const people = crowd(size)
  world = await startProcesses({
    ...{ at: '2026-11-20T11:29:50+08:00', people, yaml, seed: 17 },
    prepare: async (db) => {
      await db.collection('meta').insertOne({ _id: 'started' as never, value: '2026-11-16T00:00:00.000Z' })
    },
  })
  const w = world
  const staff = people.slice(1).map((p) => p.userId)
  const cardOf = (userId: string) => w.wecom.chat(userId).findLast((m) => m.card?.buttons.some((b) => b.key))
  const closed = (userId: string) => w.wecom.chat(userId).some((m) => m.card?.closed === '已提交，谢谢')
  const has = (userId: string, button: string) => cardOf(userId)?.card?.buttons.some((b) => b.text === button)
  await until('everybody is asked', () => staff.every((u) => has(u, '开始作答')), 120_000)

  /** Everybody's own stars, so that each answer can be told from every other. */
  const starsOf = (i: number) => [0, 1, 2, 3].map((k) => (Math.floor(i / 5 ** k) % 5) + 1)
  const press = async (userId: string, stars: number[]) => {
    const message = cardOf(userId)!
    const { selects, buttons } = message.card!
    const chosen = selects.map((s, n) => [
      s.key,
      [s.options.find((o) => o.text.startsWith(`${'★'.repeat(stars[n]!)} `))!.id],
    ])
    // What the platform gives up on was not taken in, and the person sees that: they press again.
    for (let taken = false; !taken; ) {
      await w.wecom.tap(userId, message.id, buttons.find((b) => b.key)!.key!, Object.fromEntries(chosen))
      taken = w.wecom.callbacks.findLast((c) => c.fields.FromUserName === userId)!.acknowledged
    }
  }
  // Each step is answered once. A face that a killed process left behind must not cover a later one.
  const answer = async (userId: string, i: number) => {
    await sleep(i * 60)
    const stars = starsOf(i)
    await press(userId, [])
    await until(`${userId} sees the first step`, () => has(userId, '下一步') ?? false, 120_000)
    await press(userId, stars.slice(0, 3))
    await until(`${userId} sees the second step`, () => has(userId, '提交') ?? false, 120_000)
    await press(userId, stars.slice(3))
  }
  const answering = Promise.all(staff.map(answer))
  const kills = await killing(w, { seed: 7, kills: 3, everyMs: [400, 1_000], until: () => false })
  await answering
  await until('everybody is thanked', () => staff.every(closed), 120_000)
  expect(kills).toBe(3)

  // What was acknowledged is in the inbox, each once; what was taken in by a process that died before it said so may be there, too.
  const pressed = w.wecom.callbacks.map((c) => String(c.fields.ResponseCode))
  const acknowledged = w.wecom.callbacks.filter((c) => c.acknowledged).map((c) => String(c.fields.ResponseCode))
  const kept = (await w.db.collection('inbox').find().toArray()).map((row) => row.event.code)
  expect(new Set(kept).size).toBe(kept.length)
  expect(acknowledged.filter((code) => !kept.includes(code))).toEqual([])
  expect(kept.filter((code) => !pressed.includes(code))).toEqual([])
  // Nobody has two cards, and the box holds one envelope a person, all finished.
  for (const userId of staff) expect([userId, w.wecom.chat(userId).filter((m) => m.card).length]).toEqual([userId, 1])
  expect(await w.db.collection('survey_ballots').countDocuments({ round: ROUND, done: true })).toBe(size)
  expect(await w.db.collection('survey_ballots').countDocuments({})).toBe(size)

  // Opened as the counting does: everybody's own answer is in it, once.
  const texts = await surveyBallotStore(w.db, SECRET).openAll(ROUND, 'answer')
  const stars = texts.map((text) => (JSON.parse(text) as Envelope).answers.stars)
  const found = stars.map((s) => [s.hygiene, s.price, s.taste, s.variety].join(''))
  expect(found.sort()).toEqual(staff.map((_, i) => starsOf(i).join('')).sort())
}, 400_000)
