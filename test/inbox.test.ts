import { afterAll, beforeAll, expect, test } from 'vitest'
import { machineMs } from '../src/clock.ts'
import { createBeginnings } from '../src/inbox/begin.ts'
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

test('what is handled is done, and goes after thirty days; what was parked after ninety', async () => {
  const box = inbox(async () => {})
  await box.model.createIndexes()
  expect(box.model.collection.name).toBe('inbox')
  expect(await box.model.collection.indexes()).toMatchObject([
    { key: { _id: 1 } },
    { key: { state: 1, leaseUntil: 1 } },
    { key: { receivedAt: 1 }, expireAfterSeconds: 2_592_000, partialFilterExpression: { state: 'done' } },
    { key: { parkedAt: 1 }, expireAfterSeconds: 7_776_000 },
  ])
  await box.receive({ ...text('done/1'), sealed: 'anonymous' } as unknown as Incoming)
  await box.idle()
  const row = await box.model.findById('done/1').lean()
  expect(row).toMatchObject({ state: 'done', tries: 0, receivedAt: clock.now() })
  expect(row!.event).not.toHaveProperty('sealed')
  await box.stop()
})

test('what arrives while something is being stored goes together with the next write', async () => {
  const box = inbox(async () => {})
  const mongo = box.model.db.db!
  const command = mongo.command
  const gates: (() => void)[] = []
  mongo.command = async (...args: Parameters<typeof command>) => {
    await new Promise<void>((go) => gates.push(go))
    return command.apply(mongo, args)
  }
  const arrived: Promise<void>[] = []
  for (const n of [1, 2, 3, 4]) {
    arrived.push(box.receive(text(`together/${n}`, `u${n}`)))
    await new Promise(setImmediate)
    await new Promise(setImmediate)
  }
  expect(gates).toHaveLength(1)
  gates[0]!()
  await arrived[0]
  await expect.poll(() => gates.length).toBe(2)
  gates[1]!()
  await Promise.all(arrived)
  expect(gates).toHaveLength(2)
  mongo.command = command
  await box.idle()
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

test('in a rush sixteen are worked on at a time, and a change of contacts does not wait for them', async () => {
  let underWay = 0
  let most = 0
  let left = false
  const gates: (() => void)[] = []
  const box = inbox(async (e) => {
    if (e.type === 'left') {
      left = true
      return
    }
    most = Math.max(most, ++underWay)
    await new Promise<void>((go) => gates.push(go))
    underWay--
  })
  const said = text('', '')
  const kinds: object[] = [
    said,
    { ...said, type: 'card-action', cardId: 'c', action: 'ok', choices: {} },
    { ...said, type: 'menu', key: 'plan' },
    { ...said, type: 'media', media: 'image' },
    { ...said, type: 'opened' },
  ]
  const one = (i: number) => ({ ...kinds[i % 5], id: `rush/${i}`, userId: `u${i}` }) as Incoming
  await Promise.all(Array.from({ length: 40 }, (_, i) => box.receive(one(i))))
  await box.receive({ id: 'rush/left', platform: 'wecom', userId: 'gone', at: new Date(), type: 'left' })
  await expect.poll(() => left).toBe(true)
  await expect.poll(() => gates.length).toBe(16)
  for (let opened = 0; opened < 40; opened++) {
    await expect.poll(() => gates.length).toBeGreaterThan(0)
    gates.shift()!()
  }
  await box.idle()
  expect(most).toBe(16)
  await box.stop()
})

test('work begins between writes, hardly any of it between great ones, and the rest when nothing is left to store', async () => {
  const { begin, storingBegins, wrote, storingEnds } = createBeginnings()
  expect(begin()).toBeUndefined()
  const begun: number[] = []
  const wait = (n: number) => void begin()?.then(() => begun.push(n))
  const turn = () => new Promise(setImmediate)
  storingBegins()
  for (const n of [1, 2, 3, 4, 5]) wait(n)
  wrote(4)
  await turn()
  expect(begun).toEqual([1])
  for (let write = 2; write < 8; write++) wrote(5)
  await turn()
  expect(begun).toEqual([1])
  wrote(5)
  await turn()
  expect(begun).toEqual([1, 2])
  storingEnds()
  await Promise.resolve()
  expect(begun).toEqual([1, 2, 3])
  // Behind those that wait, not before them.
  wait(6)
  await turn()
  expect(begun).toEqual([1, 2, 3, 4])
  await turn()
  // Deliveries came again.
  storingBegins()
  await turn()
  expect(begun).toEqual([1, 2, 3, 4, 5])
  storingEnds()
  await turn()
  expect(begun).toEqual([1, 2, 3, 4, 5, 6])
  expect(begin()).toBeUndefined()
})

test('what is stored waits while more is being stored, and is worked on then', async () => {
  const handled: string[] = []
  const box = inbox(async (e) => {
    handled.push(e.id)
  })
  const mongo = box.model.db.db!
  const command = mongo.command
  const gates: (() => void)[] = []
  mongo.command = async (...args: Parameters<typeof command>) => {
    await new Promise<void>((go) => gates.push(go))
    return command.apply(mongo, args)
  }
  const many = (from: number) => Array.from({ length: 5 }, (_, i) => box.receive(text(`begin/${from + i}`, `u${i}`)))
  const first = many(0)
  await expect.poll(() => gates.length).toBe(1)
  const second = many(5)
  await new Promise(setImmediate)
  gates[0]!()
  await Promise.all(first)
  await expect.poll(() => gates.length).toBe(2)
  await new Promise((r) => setTimeout(r, 20))
  expect(handled).toEqual([])
  mongo.command = command
  gates[1]!()
  await Promise.all(second)
  await box.idle()
  expect(handled).toHaveLength(10)
  await box.stop()
})

test('the leases of very many are renewed a few hundred at a time, each of them', async () => {
  let go = () => {}
  const gate = new Promise<void>((open) => {
    go = open
  })
  const box = inbox(() => gate, { owner: 'many', leaseMs: 300 })
  const model = box.model as unknown as { updateMany: (filter: { _id?: { $in: string[] } }, change: object) => object }
  const updateMany = model.updateMany
  const sizes: number[] = []
  model.updateMany = (filter, change) => {
    if (filter._id) sizes.push(filter._id.$in.length)
    return updateMany.call(model, filter, change)
  }
  await Promise.all(Array.from({ length: 450 }, (_, i) => box.receive(text(`renew/${i}`, `r${i}`))))
  const ends = (await box.model.find({ owner: 'many' }).lean()).map((r) => r.leaseUntil)
  await expect.poll(() => sizes.length).toBeGreaterThanOrEqual(3)
  expect(sizes.slice(0, 3)).toEqual([200, 200, 50])
  await expect.poll(() => box.model.countDocuments({ owner: 'many', leaseUntil: { $gt: Math.max(...ends) } })).toBe(450)
  model.updateMany = updateMany
  go()
  await box.idle()
  await box.stop()
})

test('an event whose process died is taken over when its lease is over, not before', async () => {
  const dead = inbox(() => new Promise(() => {}), { owner: 'dead' })
  await dead.receive(text('dead/1'))
  const handled: string[] = []
  const living = inbox(async (e) => void handled.push(e.id), { owner: 'living' })
  await living.recover()
  await living.idle()
  expect(handled).toEqual([])
  // A dead process renews nothing. Here it is the same process, so its lease is ended by hand.
  await living.model.updateMany({ owner: 'dead' }, { $set: { owner: 'gone', leaseUntil: 0 } })
  await living.recover()
  await living.idle()
  expect(handled).toEqual(['dead/1'])
  await living.stop()
})

test('all that a dead process left is taken over in the order of arrival, kept, and given back', async () => {
  const { db, stop } = await openTestDb()
  const order: string[] = []
  let release = () => {}
  const gate = new Promise<void>((r) => {
    release = r
  })
  const living = createInbox({
    ...{ db, clock, log, owner: 'living' },
    handle: async (e) => {
      if (order.push(e.id) > 600) await gate
    },
  })
  const other = createInbox({ ...{ db, clock, log, owner: 'other' }, handle: async (e) => void order.push(e.id) })
  // More than are taken over together; the later their names, the earlier they came.
  const left = Array.from({ length: 602 }, (_, i) => {
    const id = `left/${String(i).padStart(3, '0')}`
    const since = { receivedAt: new Date(clock.now().getTime() - i), owner: 'dead', leaseUntil: 0 }
    return { _id: id, event: text(id), state: 'new', tries: 0, ...since }
  })
  await living.model.collection.insertMany(left as never[])
  await living.recover()
  await expect.poll(() => order.length).toBe(601)
  expect(order).toEqual(
    left
      .map((row) => row._id)
      .toReversed()
      .slice(0, 601),
  )
  await other.recover()
  await other.idle()
  expect(order).toHaveLength(601)
  // The one under way is finished, the last one is another's at once.
  const stopped = living.stop()
  release()
  await stopped
  await other.recover()
  await other.idle()
  expect(order.slice(600)).toEqual(['left/001', 'left/000'])
  await other.stop()
  await stop()
})

test('an event that takes longer than a lease stays with its process as long as that lives', async () => {
  let release = () => {}
  const gate = new Promise<void>((r) => {
    release = r
  })
  const slow = inbox(() => gate, { owner: 'slow', leaseMs: 300 })
  await slow.receive(text('slow/1'))
  await slow.receive(text('slow/2'))
  const first = await slow.model.findById('slow/1').lean()
  // Its lease moves on and lies ahead, also of the one that waits its turn.
  const ahead = () => ({ $gt: Math.max(first!.leaseUntil + 300, machineMs() + 100) })
  await expect.poll(async () => slow.model.countDocuments({ owner: 'slow', leaseUntil: ahead() })).toBe(2)
  release()
  await slow.idle()
  await slow.stop()
})

test('what waits behind a write that failed is refused with it: the platform repeats both in time', async () => {
  const box = inbox(async () => {})
  const mongo = box.model.db.db!
  const command = mongo.command
  let writes = 0
  mongo.command = async () => {
    writes++
    await new Promise(setImmediate)
    throw new Error('no answer')
  }
  const first = box.receive(text('refused/1'))
  await new Promise(setImmediate)
  const second = box.receive(text('refused/2'))
  expect(await Promise.allSettled([first, second])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
  expect(writes).toBe(1)
  mongo.command = command
  await box.receive(text('refused/1'))
  await box.idle()
  await box.stop()
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
  expect(await box.model.findById('poison').lean()).toMatchObject({ state: 'done', tries: 0, owner: 'a' })
  expect(handled).toEqual(['healthy', 'poison'])
  expect(await box.parked()).toEqual([])
  await box.stop()
})

test('one that failed is tried again after a moment, and is not parked for it', async () => {
  let tries = 0
  const box = inbox(async () => {
    if (++tries === 1) throw new Error('the database is away')
  })
  await box.receive(text('moment/1'))
  await box.idle()
  expect(await box.model.findById('moment/1').lean()).toMatchObject({ state: 'new', tries: 1 })
  await expect.poll(async () => (await box.model.findById('moment/1').lean())!.state).toBe('done')
  expect(tries).toBe(2)
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

test('what arrives while something of the same person is worked on waits for it, also when something else was before', async () => {
  const begun: string[] = []
  const gates: (() => void)[] = []
  const box = inbox(async (e) => {
    begun.push(e.id)
    await new Promise<void>((go) => gates.push(go))
  })
  await box.receive(text('lane/1'))
  await box.receive(text('lane/2'))
  await expect.poll(() => gates.length).toBe(1)
  gates[0]!()
  await expect.poll(() => begun).toEqual(['lane/1', 'lane/2'])
  await box.receive(text('lane/3'))
  await box.receive(text('lane/other', 'qian'))
  await expect.poll(() => begun).toEqual(['lane/1', 'lane/2', 'lane/other'])
  gates[1]!()
  await expect.poll(() => begun.at(-1)).toBe('lane/3')
  gates[2]!()
  gates[3]!()
  await box.idle()
  await box.stop()
})

test('what the database refuses is not acknowledged, whatever it answers beside it', async () => {
  const handled: string[] = []
  const box = inbox(async (e) => void handled.push(e.id))
  const mongo = box.model.db.db!
  const command = mongo.command
  mongo.command = async () => ({ ok: 1, n: 0, writeErrors: [{ index: 0, code: 14031, errmsg: 'out of disk space' }] })
  await expect(box.receive(text('full/1'))).rejects.toThrow('not stored')
  mongo.command = command
  expect(handled).toEqual([])
  await box.receive(text('full/1'))
  await box.idle()
  expect(handled).toEqual(['full/1'])
  await box.stop()
})

test('a database that refuses makes the acknowledgement fail', async () => {
  const { db, stop } = await openTestDb()
  const box = createInbox({ db, clock, log, owner: 'a', handle: async () => {} })
  await db.close()
  await expect(box.receive(text('lost/1'))).rejects.toThrow()
  await stop().catch(() => {})
})

test('a delivery whose storing nobody heard of is worked on when it is repeated, not when its lease is over', async () => {
  const { db, stop } = await openTestDb()
  const handled: string[] = []
  const box = createInbox({ db, clock, log, owner: 'a', handle: async (event) => void handled.push(event.id) })
  const command = db.db!.command.bind(db.db)
  db.db!.command = async (...args: Parameters<typeof command>) => {
    const answer = await command(...args)
    db.db!.command = command
    throw new Error(`the connection broke on the way back, with ${JSON.stringify(answer)}`)
  }
  await expect(box.receive(text('unheard'))).rejects.toThrow('the connection broke')
  expect(handled).toEqual([])
  await Promise.all([box.receive(text('unheard')), box.receive(text('other'))])
  await box.receive(text('unheard'))
  await box.idle()
  expect(handled.sort()).toEqual(['other', 'unheard'])
  await box.stop()
  await stop()
})
