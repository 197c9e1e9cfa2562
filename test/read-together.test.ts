import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Db } from '../src/store/connect.ts'
import { peopleStore } from '../src/store/people.ts'
import { openTestDb } from './db.ts'
import { crowd } from './process.ts'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

let opened: { db: Db; stop(): Promise<void> }
beforeAll(async () => {
  opened = await openTestDb()
})
afterAll(() => opened.stop())
let world: WeekWorld | undefined
afterEach(async () => {
  await world?.stop()
  world = undefined
})

/** How often a collection is read from here on. */
function readsOf(model: { collection: object }): () => number {
  const collection = model.collection as Record<string, unknown>
  const prototype = Object.getPrototypeOf(collection)
  let reads = 0
  for (const name of ['find', 'findOne'])
    collection[name] = function (...args: unknown[]) {
      reads++
      return prototype[name].apply(this, args)
    }
  return () => reads
}

test('what is asked for in one turn of the loop is one read, and nothing is kept for the next', async () => {
  const people = peopleStore(opened.db)
  await people.model.collection.insertMany([
    { _id: 'a', name: '甲', wecom: 'jia', active: true },
    { _id: 'b', name: '乙', wecom: 'yi', active: true },
  ] as never)
  const reads = readsOf(people.model)
  const both = await Promise.all([people.get('a'), people.get('b'), people.get('a'), people.get('nobody')])
  expect(both.map((p) => p?.name)).toEqual(['甲', '乙', '甲', undefined])
  expect((await people.many(['b', 'nobody', 'a'])).map((p) => p._id)).toEqual(['b', 'a'])
  const accounts = await Promise.all([people.byAccount('wecom', 'yi'), people.byAccount('wecom', 'jia')])
  expect(accounts.map((p) => p?._id)).toEqual(['b', 'a'])
  expect(reads()).toBe(3)
  const [one, other] = await Promise.all([people.active(), people.active()])
  expect([one.length, other.length, reads()]).toEqual([2, 2, 4])

  await people.model.updateOne({ _id: 'a' }, { $set: { name: '甲甲' } })
  expect((await people.get('a'))?.name).toBe('甲甲')
  await people.model.updateOne({ _id: 'a' }, { $set: { active: false } })
  expect((await people.active()).map((p) => p._id)).toEqual(['b'])
})

test('what is asked for while the database is answering goes with the next read', async () => {
  const people = peopleStore(opened.db)
  const { collection } = people.model
  const { find } = Object.getPrototypeOf(collection)
  let reads = 0
  const answers: (() => void)[] = []
  collection.find = (...args: unknown[]) => {
    const cursor = find.apply(collection, args)
    const slow = new Promise<void>((done) => answers.push(done))
    reads++
    return { batchSize: () => ({ toArray: () => slow.then(() => cursor.toArray()) }) } as never
  }
  const asked: Promise<unknown>[] = []
  for (let i = 0; i < 40; i++) {
    asked.push(people.get(i % 2 === 0 ? 'a' : 'b'))
    await new Promise(setImmediate)
  }
  expect(reads).toBe(2)
  const last = Promise.all(asked)
  const answering = setInterval(() => answers.shift()?.(), 1)
  expect((await last).map((p) => (p as { _id: string })._id).join('')).toBe('ab'.repeat(20))
  clearInterval(answering)
  collection.find = find
  expect(reads).toBe(3)
})

test('a read that fails fails for everybody who waited for it, and the next one is tried', async () => {
  const people = peopleStore(opened.db)
  const { collection } = people.model
  const find = collection.find
  collection.find = () => {
    throw new Error('away')
  }
  const both = await Promise.allSettled([people.get('a'), people.get('b')])
  expect(both.map((b) => b.status)).toEqual(['rejected', 'rejected'])
  collection.find = find
  expect((await people.get('b'))?.name).toBe('乙')
})

/** How often people and their weeks are read from Friday's reminder to Monday's, in a company of that size. */
async function readsOfAWeekend(size: number): Promise<{ people: number; weeks: number; told: number }> {
  const people = crowd(size)
    .slice(1)
    .map((p, i) => (i % 10 === 0 ? { ...p, managerUserId: 'boss' } : { ...p, managerUserId: lead(i) }))
  const boss = crowd(1)[0]!
  const yaml = `name: 测试公司
positions: { '*': 周计划, 总经理: 不考核 }
schemes: { 周计划: { kind: weekly }, 不考核: { kind: none } }
moments: { askBirthday: false }
standIns: { '0000': '00001' }
`
  const w = await startWeekWorld({ start: '2026-11-16T09:00:00+08:00', people: [boss, ...people], yaml })
  world = w
  await w.go('2026-11-20T15:59:00+08:00')
  const { ctx } = w.bot()
  const reads = { people: readsOf(ctx.people.model), weeks: readsOf(ctx.weeks.model) }
  const sentBefore = await ctx.outbox.model.countDocuments({ state: 'sent' })
  await w.go('2026-11-23T10:05:00+08:00')
  const told = (await ctx.outbox.model.countDocuments({ state: 'sent' })) - sentBefore
  const result = { people: reads.people(), weeks: reads.weeks(), told }
  await w.stop()
  world = undefined
  return result
}
const lead = (i: number) => `u${String(Math.floor(i / 10) * 10 + 1).padStart(5, '0')}`

test('a weekend’s reminders and digests read no more often for five times as many people', async () => {
  const few = await readsOfAWeekend(15)
  const many = await readsOfAWeekend(75)
  expect([few.told > 25, many.told > 150]).toEqual([true, true])
  expect(many.people).toBeLessThanOrEqual(few.people + 5)
  expect(many.weeks).toBeLessThanOrEqual(few.weeks + 5)
})
