import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { createBeginnings } from '../src/inbox/begin.ts'
import { createInbox, type Inbox, type InboxOptions } from '../src/inbox/inbox.ts'
import { createLog } from '../src/log.ts'
import type { Incoming } from '../src/platforms/port.ts'
import { createSeal } from '../src/seal.ts'
import type { Db } from '../src/store/connect.ts'
import { standingClock } from './clock.ts'
import { openTestDb } from './db.ts'

let database: { db: Db; stop(): Promise<void> }
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

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
const inbox = (handle: (e: Incoming) => Promise<void>, more: Partial<InboxOptions> = {}) =>
  createInbox({ db: database.db, clock, log, owner: 'a', handle, ...more })

/** A promise and what resolves it. */
function gate(): { passed: Promise<void>; open(): void } {
  let open = () => {}
  const passed = new Promise<void>((done) => {
    open = done
  })
  return { passed, open: () => open() }
}

/** Whether it comes to its end without anything else being done. */
const isOver = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((said) => setTimeout(said, 20, false))])

/** Renewals come when the test says so; with the time of leases in `now`. */
function standingLeases() {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const leases = {
    now: 1_000_000,
    pass(ms: number) {
      leases.now += ms
      vi.advanceTimersByTime(ms)
    },
  }
  return leases
}

/** Sees each change of many rows before it is made, until the test is over. */
function beforeUpdates(box: Inbox, see: (ids: string[] | undefined) => unknown): void {
  const model = box.model as unknown as { updateMany(filter: { _id?: { $in: string[] } }, change: object): object }
  const { updateMany } = model
  model.updateMany = async (filter, change) => {
    await see(filter._id?.$in)
    return updateMany.call(model, filter, change)
  }
  onTestFinished(() => {
    model.updateMany = updateMany
  })
}

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
  // Nothing waits yet.
  wrote(4)
  for (const n of [1, 2, 3, 4, 5]) wait(n)
  wrote(4)
  await turn()
  expect(begun).toEqual([1])
  for (let write = 3; write < 8; write++) wrote(5)
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
  wait(7)
  // Deliveries came again.
  storingBegins()
  await turn()
  expect(begun).toEqual([1, 2, 3, 4, 5])
  storingEnds()
  await turn()
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7])
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

test('while few are stored at a time, work goes on between the writes', async () => {
  const mongo = database.db.db!
  const { command } = mongo
  const gates: (() => void)[] = []
  mongo.command = async (...args: Parameters<typeof command>) => {
    await new Promise<void>((go) => gates.push(go))
    return command.apply(mongo, args)
  }
  onTestFinished(() => {
    mongo.command = command
  })
  const handled: string[] = []
  const box = inbox(async (e) => void handled.push(e.id))
  const arrived: Promise<void>[] = []
  for (const n of [1, 2, 3]) {
    arrived.push(box.receive(text(`between/${n}`, `u${n}`)))
    await expect.poll(() => gates.length).toBe(n)
    arrived.push(box.receive(text(`between/more/${n}`, `more${n}`)))
    await new Promise(setImmediate)
    if (n < 3) gates[n - 1]!()
  }
  await expect.poll(() => handled).toContain('between/1')
  mongo.command = command
  gates[2]!()
  await Promise.all(arrived)
  await box.idle()
  expect(handled).toHaveLength(6)
  await box.stop()
})

test('the leases of very many are renewed a few hundred at a time, each of them, until they are done', async () => {
  const leases = standingLeases()
  const { passed, open } = gate()
  const box = inbox(() => passed, { owner: 'many', leaseMs: 3_000, leaseNow: () => leases.now })
  const sizes: number[] = []
  beforeUpdates(box, (ids) => ids && sizes.push(ids.length))
  await Promise.all(Array.from({ length: 400 }, (_, i) => box.receive(text(`renew/${i}`, `r${i}`))))
  const ahead = () => box.model.countDocuments({ owner: 'many', leaseUntil: leases.now + 3_000 })
  leases.pass(1_000)
  await expect.poll(ahead).toBe(400)
  leases.pass(1_000)
  await expect.poll(ahead).toBe(400)
  expect(sizes).toEqual([200, 200, 200, 200])
  open()
  await box.idle()
  leases.pass(1_000)
  await new Promise(setImmediate)
  await box.stop()
  expect(sizes).toHaveLength(4)
})

test('stopping does not wait until the leases of very many are renewed', async () => {
  const leases = standingLeases()
  const work = gate()
  const renewal = gate()
  const box = inbox(() => work.passed, { owner: 'brief', leaseMs: 3_000, leaseNow: () => leases.now })
  const sizes: number[] = []
  beforeUpdates(box, (ids) => ids && sizes.push(ids.length) && renewal.passed)
  await Promise.all(Array.from({ length: 201 }, (_, i) => box.receive(text(`brief/${i}`, `b${i}`))))
  leases.pass(1_000)
  await expect.poll(() => sizes).toEqual([200])
  const stopped = box.stop()
  work.open()
  expect(await isOver(stopped)).toBe(false)
  renewal.open()
  await stopped
  expect(sizes).toEqual([200])
  expect(await box.model.countDocuments({ owner: 'brief', state: 'new', leaseUntil: { $gte: leases.now } })).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
  await box.model.deleteMany({ owner: 'brief' })
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

test('an event that takes longer than a lease stays with its process, as does one that waits for its turn or its next try', async () => {
  const leases = standingLeases()
  const { passed, open } = gate()
  const more = { leaseMs: 3_000, leaseNow: () => leases.now, retryMs: [3_600_000] }
  const slow = inbox(
    async (e) => {
      if (e.id === 'slow/fails') throw new Error('not now')
      await passed
    },
    { ...more, owner: 'slow' },
  )
  const taken: string[] = []
  const other = inbox(async (e) => void taken.push(e.id), { ...more, owner: 'other' })
  await slow.receive(text('slow/1'))
  await slow.receive(text('slow/2'))
  await slow.receive(text('slow/fails', 'qian'))
  await expect.poll(() => slow.model.countDocuments({ _id: 'slow/fails', tries: 1 })).toBe(1)
  for (let i = 0; i < 4; i++) {
    leases.pass(2_000)
    await expect.poll(() => slow.model.countDocuments({ owner: 'slow', leaseUntil: { $gt: leases.now } })).toBe(3)
    await other.recover()
  }
  open()
  await slow.idle()
  await other.idle()
  expect(taken).toEqual([])
  await slow.stop()
  await other.recover()
  await other.idle()
  expect(taken).toEqual(['slow/fails'])
  await other.stop()
})

test('what one replica is about is not handled twice by it, though the lease ran out while the database was away', async () => {
  const leases = standingLeases()
  const { passed, open } = gate()
  const more = { leaseNow: () => leases.now, leaseMs: 3_000 }
  const handled: string[] = []
  const box = inbox(
    async (e) => {
      await passed
      handled.push(e.id)
    },
    { ...more, owner: 'away' },
  )
  const other = inbox(async (e) => void handled.push(`other ${e.id}`), { ...more, owner: 'other' })
  await box.receive(text('away/1'))
  await box.receive(text('away/2'))
  leases.now += 3_001
  await box.recover()
  await other.recover()
  open()
  await Promise.all([box.idle(), other.idle()])
  expect(handled).toEqual(['away/1', 'away/2'])
  await Promise.all([box.stop(), other.stop()])
})

test('two replicas that take over in one moment what a third one left share it', async () => {
  const { db, stop } = await openTestDb()
  const handled: string[] = []
  const handle = async (e: Incoming) => void handled.push(e.id)
  const [a, b] = ['a', 'b'].map((owner) => inbox(handle, { db, owner })) as [Inbox, Inbox]
  const ids = Array.from({ length: 9 }, (_, i) => `share/${i}`)
  const since = { state: 'new', tries: 0, receivedAt: clock.now(), owner: 'dead', leaseUntil: 0 }
  await a.model.collection.insertMany(ids.map((_id, i) => ({ _id, event: text(_id, `s${i}`), ...since })) as never[])
  const { passed, open } = gate()
  let found = 0
  for (const box of [a, b])
    beforeUpdates(box, () => {
      if (++found === 2) open()
      return passed
    })
  await Promise.all([a.recover(), b.recover()])
  await Promise.all([a.idle(), b.idle()])
  expect(handled.sort()).toEqual(ids)
  await Promise.all([a.stop(), b.stop()])
  await stop()
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

test('an administrator finds in the log and beside the event why it is parked, whatever was thrown, the oldest first', async () => {
  const { db, stop } = await openTestDb()
  const time = standingClock('2026-11-27T16:00:00+08:00')
  const thrown: Record<string, unknown> = {
    'why/text': 'out of paper',
    'why/nothing': undefined,
    'why/long': new Error(`${'x'.repeat(499)}yz`),
  }
  const box = inbox((e) => Promise.reject(thrown[e.id]), { db, clock: time, retryMs: [] })
  const told = vi.spyOn(log, 'error')
  for (const [i, id] of Object.keys(thrown).entries()) {
    time.set(`2026-11-2${7 - i}T16:00:00+08:00`)
    await box.receive(text(id))
    await box.idle()
    expect(told).toHaveBeenCalledWith(expect.objectContaining({ event: id, tries: 1, parked: true }), 'event failed')
  }
  expect(told).toHaveBeenCalledTimes(3)
  expect((await box.parked()).map((r) => [r._id, r.error, r.parkedAt])).toEqual([
    ['why/long', `${'x'.repeat(499)}y`, new Date('2026-11-25T16:00:00+08:00')],
    ['why/nothing', 'undefined', new Date('2026-11-26T16:00:00+08:00')],
    ['why/text', 'out of paper', new Date('2026-11-27T16:00:00+08:00')],
  ])
  await box.stop()
  await stop()
})

test('a parked event that is run again has all its tries again, and no other replica takes it meanwhile', async () => {
  const { db, stop } = await openTestDb()
  let tries = 0
  const { passed, open } = gate()
  const box = inbox(
    async () => {
      if (++tries === 4) await passed
      throw new Error('still broken')
    },
    { db, retryMs: [1, 1] },
  )
  const taken: string[] = []
  const other = inbox(async (e) => void taken.push(e.id), { db, owner: 'other' })
  const parked = async () => (await box.parked()).map((r) => [r.tries, tries])
  await box.receive(text('again'))
  await expect.poll(parked).toEqual([[3, 3]])
  expect(await box.retry('again')).toBe(true)
  await expect.poll(() => tries).toBe(4)
  expect(await box.model.findById('again').lean()).toMatchObject({ state: 'new', tries: 0, owner: 'a' })
  await other.recover()
  await other.idle()
  expect(taken).toEqual([])
  open()
  await expect.poll(parked).toEqual([[3, 6]])
  await Promise.all([box.stop(), other.stop()])
  await stop()
})

test('an anonymous comment lies sealed in the store, is handled as it was written, and is gone then', async () => {
  const said = '匿名意见 食堂太挤'
  const handled: Incoming[] = []
  let lying = ''
  const all = async () => JSON.stringify(await box.model.find({ 'event.userId': 'anon' }).lean())
  const box: Inbox = inbox(
    async (e) => {
      lying = await all()
      handled.push(e)
    },
    { seal: createSeal('a-session-secret-of-thirty-two-or-more', 'inbox') },
  )
  await box.receive(text('anon/1', 'anon', said))
  await box.idle()
  expect(handled).toMatchObject([{ userId: 'anon', text: said }])
  expect(lying).toContain('"sealed":')
  expect(lying).not.toContain('食堂')
  expect(await all()).not.toContain('"sealed":')
  await box.stop()
  // Without a seal, as in a trial, it is an event as any other.
  const trial = inbox(async (e) => void handled.push(e))
  await trial.receive(text('anon/2', 'anon', said))
  await trial.idle()
  expect(handled[1]).toMatchObject({ id: 'anon/2', text: said })
  await trial.stop()
})

test('one that failed is tried again after a moment, and is not parked for it', async () => {
  let tries = 0
  const leases = standingLeases()
  const box = inbox(
    async () => {
      if (++tries === 1) throw new Error('the database is away')
    },
    { leaseMs: 3_000, leaseNow: () => leases.now },
  )
  const renewed: string[] = []
  beforeUpdates(box, (ids) => ids && renewed.push(...ids))
  await box.receive(text('moment/1'))
  await box.idle()
  expect(await box.model.findById('moment/1').lean()).toMatchObject({ state: 'new', tries: 1 })
  await expect.poll(async () => (await box.model.findById('moment/1').lean())!.state).toBe('done')
  expect(tries).toBe(2)
  // Then it is over, also for its lease.
  await box.idle()
  leases.pass(1_000)
  await new Promise(setImmediate)
  await box.stop()
  expect(renewed).toEqual([])
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
  expect(await isOver(stopped)).toBe(false)
  release()
  await stopped
  expect(handled).toEqual(['stop/1'])
  expect(await box.model.findById('stop/1').lean()).toMatchObject({ state: 'done' })
  const next = inbox(async (e) => void handled.push(e.id), { owner: 'next' })
  await next.recover()
  await next.idle()
  expect(handled).toEqual(['stop/1', 'stop/2'])
  expect(await next.model.countDocuments({ _id: 'stop/3' })).toBe(0)
  await next.stop()
})

test('what arrived before the stop is stored and acknowledged, and given back as well', async () => {
  const mongo = database.db.db!
  const { command } = mongo
  const storing = gate()
  let writes = 0
  mongo.command = async (...args: Parameters<typeof command>) => {
    writes++
    await storing.passed
    return command.apply(mongo, args)
  }
  onTestFinished(() => {
    mongo.command = command
  })
  const handled: string[] = []
  const box = inbox(async (e) => void handled.push(e.id), { owner: 'full' })
  const arrived = box.receive(text('before/1'))
  const stopped = box.stop()
  await expect.poll(() => writes).toBe(1)
  expect(await isOver(stopped)).toBe(false)
  storing.open()
  await Promise.all([arrived, stopped])
  expect(handled).toEqual([])
  const next = inbox(async (e) => void handled.push(e.id), { owner: 'next' })
  await next.recover()
  await next.idle()
  expect(handled).toEqual(['before/1'])
  await next.stop()
})

test('what is being taken over when the process stops is given back as well', async () => {
  const { db, stop } = await openTestDb()
  const handled: string[] = []
  const handle = async (e: Incoming) => void handled.push(e.id)
  const [box, next] = ['a', 'b'].map((owner) => inbox(handle, { db, owner })) as [Inbox, Inbox]
  const since = { state: 'new', tries: 0, receivedAt: clock.now(), owner: 'dead', leaseUntil: 0 }
  await box.model.collection.insertOne({ _id: 'back/1', event: text('back/1'), ...since } as never)
  const { passed, open } = gate()
  let changes = 0
  beforeUpdates(box, () => {
    changes++
    return passed
  })
  const recovered = box.recover()
  await expect.poll(() => changes).toBe(1)
  const stopped = box.stop()
  open()
  await Promise.all([recovered, stopped])
  expect(handled).toEqual([])
  await next.recover()
  await next.idle()
  expect(handled).toEqual(['back/1'])
  await next.stop()
  await stop()
})

test('a process that stops is not kept up by what waits for its next try, also when that failed in this moment', async () => {
  const HOUR = 3_600_000
  const timeouts = vi.spyOn(globalThis, 'setTimeout')
  const waits = () => timeouts.mock.results.filter((_, i) => timeouts.mock.calls[i]![1] === HOUR)
  const late = gate()
  let begun = 0
  const box = inbox(
    async (e) => {
      begun++
      if (e.id === 'kept/late') await late.passed
      throw new Error('not now')
    },
    { owner: 'kept', retryMs: [HOUR] },
  )
  await box.receive(text('kept/early', 'qian'))
  await expect.poll(() => waits().length).toBe(1)
  await box.receive(text('kept/late'))
  await expect.poll(() => begun).toBe(2)
  const stopped = box.stop()
  late.open()
  await stopped
  expect(waits().map((r) => (r.value as NodeJS.Timeout).hasRef())).toEqual([false, false])
  const handled: string[] = []
  const next = inbox(async (e) => void handled.push(e.id), { owner: 'next' })
  await next.recover()
  await next.idle()
  expect(handled.sort()).toEqual(['kept/early', 'kept/late'])
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

test('a delivery that is repeated while the answer about its storing is late is handled once', async () => {
  const { db, stop } = await openTestDb()
  const work = gate()
  const handled: string[] = []
  const box = inbox(
    async (e) => {
      handled.push(e.id)
      await work.passed
    },
    { db },
  )
  const command = db.db!.command.bind(db.db)
  const answer = gate()
  db.db!.command = async (...args: Parameters<typeof command>) => {
    db.db!.command = command
    const answered = await command(...args)
    await answer.passed
    return answered
  }
  // Nobody waits here for as long as the inbox does for the database.
  const { setTimeout } = globalThis
  const patience = vi
    .spyOn(globalThis, 'setTimeout')
    .mockImplementation(((act: () => void, ms: number) => setTimeout(act, ms === 1_500 ? 100 : ms)) as never)
  await expect(box.receive(text('late/1'))).rejects.toThrow('in time')
  patience.mockRestore()
  // The late answer comes while it is looked up what became of it.
  const model = box.model as unknown as { find(...args: unknown[]): object }
  const { find } = model
  model.find = (...args) => {
    answer.open()
    return find.apply(model, args)
  }
  await box.receive(text('late/1'))
  await expect.poll(() => handled).toEqual(['late/1'])
  model.find = find
  work.open()
  await box.idle()
  expect(handled).toEqual(['late/1'])
  await box.stop()
  await stop()
})
