import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInbox } from '../src/inbox/inbox.ts'
import { createLog } from '../src/log.ts'
import type { Incoming } from '../src/platforms/port.ts'
import type { Db } from '../src/store/connect.ts'
import { standingClock } from './clock.ts'
import { openTestDb } from './db.ts'

let database: { db: Db; stop(): Promise<void> }
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())

const clock = standingClock('2026-11-27T16:00:00+08:00')
const log = createLog('silent')
const text = (id: string, userId = 'zhao', said = '你好'): Incoming => ({
  id,
  platform: 'wecom',
  userId,
  at: clock.now(),
  type: 'text',
  text: said,
  chat: { kind: 'private' },
})
const inbox = (
  handle: (e: Incoming) => Promise<void>,
  more: { owner?: string; leaseMs?: number; retryMs?: number[] } = {},
) => createInbox({ db: database.db, clock, log, owner: 'a', handle, ...more })

test('an event is stored before it is acknowledged and handled once, however often it is delivered', async () => {
  const handled: string[] = []
  const box = inbox(async (e) => {
    handled.push(e.id)
  })
  await Promise.all([box.receive(text('wecom/1')), box.receive(text('wecom/1')), box.receive(text('wecom/2'))])
  expect(await box.model.countDocuments({ _id: { $in: ['wecom/1', 'wecom/2'] } })).toBe(2)
  await box.receive(text('wecom/1'))
  await box.idle()
  expect(handled.sort()).toEqual(['wecom/1', 'wecom/2'])
  await box.stop()
})

test('two replicas that get the same delivery in one moment handle it once', async () => {
  const handled: string[] = []
  const a = inbox(async (e) => void handled.push(`a ${e.id}`), { owner: 'a' })
  const b = inbox(async (e) => void handled.push(`b ${e.id}`), { owner: 'b' })
  await Promise.all(
    Array.from({ length: 20 }, (_, i) => [a.receive(text(`twin/${i}`)), b.receive(text(`twin/${i}`))]).flat(),
  )
  await Promise.all([a.idle(), b.idle()])
  expect(handled).toHaveLength(20)
  await Promise.all([a.stop(), b.stop()])
})

test('events of one person are handled in the order of arrival, those of others do not wait', async () => {
  const order: string[] = []
  let release = () => {}
  const gate = new Promise<void>((r) => {
    release = r
  })
  const box = inbox(async (e) => {
    if (e.id === 'order/1') await gate
    order.push(e.id)
  })
  await box.receive(text('order/1', 'zhao'))
  await box.receive(text('order/2', 'zhao'))
  await box.receive(text('order/3', 'qian'))
  await expect.poll(() => order).toEqual(['order/3'])
  release()
  await box.idle()
  expect(order).toEqual(['order/3', 'order/1', 'order/2'])
  await box.stop()
})

test('an event whose process died is taken over when its lease is over, not before', async () => {
  const dead = inbox(() => new Promise(() => {}), { owner: 'dead', leaseMs: 40 })
  await dead.receive(text('dead/1'))
  const handled: string[] = []
  const living = inbox(async (e) => void handled.push(e.id), { owner: 'living' })
  await living.recover()
  await living.idle()
  expect(handled).toEqual([])
  await expect
    .poll(async () => {
      await living.recover()
      await living.idle()
      return handled
    })
    .toEqual(['dead/1'])
  await living.stop()
})

test('a handler that always fails is parked with its reason while others go on, and can be run again', async () => {
  let broken = true
  const handled: string[] = []
  const box = inbox(
    async (e) => {
      if (e.id === 'poison' && broken) throw new Error('no such week')
      handled.push(e.id)
    },
    { retryMs: [1, 1] },
  )
  await box.receive(text('poison'))
  await box.receive(text('healthy'))
  await expect.poll(() => handled).toEqual(['healthy'])
  await expect
    .poll(async () => (await box.parked()).map((r) => [r._id, r.tries, r.error]))
    .toEqual([['poison', 3, 'no such week']])
  broken = false
  expect(await box.retry('poison')).toBe(true)
  expect(await box.retry('poison')).toBe(false)
  await box.idle()
  expect(handled).toEqual(['healthy', 'poison'])
  expect(await box.parked()).toEqual([])
  await box.stop()
})

test('after stopping nothing is taken in, and what was not begun is given back at once', async () => {
  let release = () => {}
  const gate = new Promise<void>((r) => {
    release = r
  })
  const handled: string[] = []
  const box = inbox(async (e) => {
    await gate
    handled.push(e.id)
  })
  await box.receive(text('stop/1'))
  await box.receive(text('stop/2'))
  const stopped = box.stop()
  await expect(box.receive(text('stop/3'))).rejects.toThrow('stopping')
  release()
  await stopped
  expect(handled).toEqual(['stop/1'])
  const next = inbox(async (e) => void handled.push(e.id), { owner: 'next' })
  await next.recover()
  await next.idle()
  expect(handled).toEqual(['stop/1', 'stop/2'])
  expect(await next.model.countDocuments({ _id: 'stop/3' })).toBe(0)
  await next.stop()
})

test('a database that refuses makes the acknowledgement fail', async () => {
  const { db, stop } = await openTestDb()
  const box = createInbox({ db, clock, log, owner: 'a', handle: async () => {} })
  await db.close()
  await expect(box.receive(text('lost/1'))).rejects.toThrow()
  await stop().catch(() => {})
})
