import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLog } from '../src/log.ts'
import { noteRead, readFirst } from '../src/people/first-reading.ts'
import type { PlatformName } from '../src/platforms/port.ts'
import type { Db } from '../src/store/connect.ts'
import { metaStore } from '../src/store/meta.ts'
import { openTestDb } from './db.ts'

let database: { db: Db; stop(): Promise<void> }
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())
beforeEach(() => metaStore(database.db).model.deleteMany({}))

const now = new Date('2026-11-20T08:00:00Z')

/** @param readings per attempt, the platforms that can be read */
async function start(readings: PlatformName[][]) {
  const meta = metaStore(database.db)
  const told: string[] = []
  const first = await readFirst({
    ...{ platforms: ['wecom', 'dingtalk'], meta, log: createLog('silent'), retryMs: 5 },
    async readAll() {
      const able = readings.shift() ?? []
      told.push(`read ${able.join(' ')}`.trim())
      for (const platform of able) await noteRead(meta, platform, now)
      if (able.length < 2) throw new Error('down')
    },
    start: () => told.push('start'),
    async catchUp() {
      told.push('catch up')
    },
  })
  return { first, told }
}

test('on the very first start the schedule waits until the people are known', async () => {
  const { first, told } = await start([['wecom', 'dingtalk']])
  await first.attempt
  expect(told).toEqual(['read wecom dingtalk', 'start', 'catch up'])
})

test('later it starts at once, and what is due is done with the contacts as they are now', async () => {
  const meta = metaStore(database.db)
  await noteRead(meta, 'wecom', now)
  await noteRead(meta, 'dingtalk', now)
  const { first, told } = await start([['wecom', 'dingtalk']])
  await first.attempt
  expect(told).toEqual(['start', 'read wecom dingtalk', 'catch up'])
})

test('a platform that was never read and is down does not keep the other waiting', async () => {
  const { first, told } = await start([['dingtalk']])
  await first.attempt
  expect(told).toEqual(['read dingtalk', 'start', 'catch up'])
})

test('with both down it is tried again until one answers; stopping ends that', async () => {
  const { first, told } = await start([[], [], ['wecom']])
  await first.attempt
  expect(told).toEqual(['read'])
  await expect.poll(() => told.at(-1)).toBe('catch up')
  expect(told).toEqual(['read', 'read', 'read wecom', 'start', 'catch up'])

  await metaStore(database.db).model.deleteMany({})
  const again = await start([])
  await again.first.attempt
  again.first.stop()
  const tries = again.told.length
  await new Promise((done) => setTimeout(done, 50))
  expect(again.told).toHaveLength(tries)
})
