import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongo } from 'embedded-mongo'
import mongoose from 'mongoose'
import { afterEach, expect, test } from 'vitest'
import { companyOfFive } from './company-of-five.ts'
import { crowd } from './process.ts'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** A database behind a wire that can be cut, or that swallows everything. */
async function databaseOnAWire() {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-wire-'))
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => probe.once('listening', done))
  const { port: enginePort } = probe.address() as AddressInfo
  await new Promise((done) => probe.close(done))
  const engine = await startEmbeddedMongo({ dir, dbName: 'jixiao', port: enginePort, sync: 'off' })
  const sockets = new Set<Socket>()
  const clients = new Set<Socket>()
  let wire: 'whole' | 'cut' | 'silent' | 'full' = 'whole'
  /** All connections end at every so many requests: in turns the request is lost, or what it was answered. */
  let cuts = { every: 1, left: 0 }
  let asked = 0
  const server = createServer((client) => {
    if (wire === 'cut') return void client.destroy()
    const engineSide = connect(enginePort, '127.0.0.1')
    const ask = messages((message) => {
      const cut = cuts.left > 0 && asked++ % cuts.every === 0
      const refused = wire === 'full' && refuseWrite(message)
      if (refused) client.write(refused)
      else if (!cut || cuts.left % 2 === 0) engineSide.write(message)
      if (!cut) return
      cuts.left--
      for (const s of clients) s.destroy()
    })
    clients.add(client)
    for (const [a, b] of [
      [client, engineSide],
      [engineSide, client],
    ] as const) {
      sockets.add(a)
      a.on('data', (d) => {
        if (wire !== 'silent') a === client ? ask(d) : b.write(d)
      })
      a.on('error', () => {})
      a.on('close', () => {
        sockets.delete(a)
        clients.delete(a)
        // What was asked before is carried out, though nobody hears of it.
        if (a === client) b.end()
        else b.destroy()
      })
    }
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  stops.push(async () => {
    for (const s of sockets) s.destroy()
    await new Promise((done) => server.close(done))
    await engine.stop()
    rmSync(dir, { recursive: true, force: true })
  })
  return {
    uri: `mongodb://127.0.0.1:${port}/jixiao?directConnection=true`,
    set(to: typeof wire) {
      // Bytes that were swallowed do not come again: the connections are useless and end with the silence.
      if (to === 'cut' || wire === 'silent') for (const s of sockets) s.destroy()
      wire = to
    },
    /** As a primary does that steps down, so many times; the first time at the next request. */
    cutEvery(requests: number, times: number) {
      cuts = { every: requests, left: times }
      asked = 0
    },
    cutsLeft: () => cuts.left,
  }
}

/** Puts what arrives together to whole messages: each begins with its length. */
function messages(take: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const size = rest.readInt32LE(0)
      take(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
  }
}

const { BSON } = mongoose.mongo

/** What a database on a full disk answers to a write (OP_MSG: header of 16 bytes, flags, kind, the command). */
function refuseWrite(message: Buffer): Buffer | undefined {
  if (message.readInt32LE(12) !== 2013) return undefined
  const command = Object.keys(BSON.deserialize(message.subarray(21, 21 + message.readInt32LE(21))))[0]!
  if (!['insert', 'update', 'delete', 'findAndModify'].includes(command)) return undefined
  const body = BSON.serialize({ ok: 0, code: 14031, codeName: 'OutOfDiskSpace', errmsg: 'No space left on device' })
  const head = Buffer.alloc(21)
  head.writeInt32LE(21 + body.length, 0)
  head.writeInt32LE(message.readInt32LE(4), 8)
  head.writeInt32LE(2013, 12)
  return Buffer.concat([head, body])
}

async function worldOnAWire(
  people = companyOfFive,
): Promise<{ world: WeekWorld; wire: Awaited<ReturnType<typeof databaseOnAWire>> }> {
  const wire = await databaseOnAWire()
  const world = await startWeekWorld({
    ...{ start: '2026-11-20T10:00:00+08:00', people, env: { MONGODB_URI: wire.uri } },
  })
  stops.push(() => world.stop())
  return { world, wire }
}

test.each(['cut', 'silent'] as const)(
  'the database is away (%s): callbacks are refused in time for a repetition, nothing is acknowledged, all says so, and it recovers alone',
  async (how) => {
    const { world, wire } = await worldOnAWire()
    const zhao = world.phone('zhao')
    await zhao.type('帮助')
    world.wecom!.quirks.retries = 0
    wire.set(how)
    const { url } = world.bot()
    await Promise.all(['我的', '帮助', '团队'].map((t) => world.wecom!.type('zhao', t)))
    const attempts = world.wecom!.callbacks.slice(-3).flatMap((c) => c.attempts)
    expect(attempts.map((a) => a.status)).toEqual([500, 500, 500])
    expect(Math.max(...attempts.map((a) => a.tookMs))).toBeLessThan(2_500)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const ready = await fetch(`${url}/readyz`)
    expect([ready.status, (await ready.json()) as unknown]).toMatchObject([503, { checks: { database: 'no answer' } }])
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('jixiao_database_up 0')
    wire.set('whole')
    await expect
      .poll(async () => (await fetch(`${url}/readyz`)).json(), { timeout: 15_000 })
      .toMatchObject({ ok: true })
    world.wecom!.quirks.retries = 3
    await zhao.type('帮助')
    // What was refused may have been stored in the end; then it counts, and once.
    const stored = await world.bot().ctx.people.model.db.collection('inbox').countDocuments()
    expect(stored).toBeGreaterThanOrEqual(2)
    await expect.poll(() => zhao.messages().filter((m) => m.from === 'bot').length).toBe(stored)
  },
  60_000,
)

test('a message that went out while the database was cut off is not sent again when it is back', async () => {
  const { world, wire } = await worldOnAWire()
  const zhao = world.phone('zhao')
  const sends = () => world.wecom!.log.filter((e) => e.path.endsWith('/message/send')).length
  world.wecom!.faults.slowMs = 300
  const before = sends()
  const typed = world.wecom!.type('zhao', '帮助')
  await expect.poll(sends).toBe(before + 1)
  await typed
  wire.set('cut')
  await expect.poll(() => zhao.messages().filter((m) => m.from === 'bot').length).toBe(1)
  world.wecom!.faults.slowMs = 0
  wire.set('whole')
  const outbox = () => world.bot().ctx.outbox.model.countDocuments({ state: 'sent' })
  await expect.poll(() => outbox().catch(() => 0), { timeout: 10_000 }).toBe(1)
  expect([sends() - before, zhao.messages().filter((m) => m.from === 'bot').length]).toEqual([1, 1])
}, 60_000)

test('the disk is full: nothing is acknowledged that is not stored, all says so, nothing is sent twice, and it goes on when there is room', async () => {
  const { world, wire } = await worldOnAWire()
  const zhao = world.phone('zhao')
  await zhao.type('帮助')
  const { url, ctx } = world.bot()
  const count = () => ctx.people.model.db.collection('inbox').countDocuments()
  const before = await count()
  wire.set('full')
  world.wecom!.quirks.retries = 0
  await Promise.all(['我的', '帮助', '团队'].map((t) => world.wecom!.type('zhao', t)))
  const attempts = world.wecom!.callbacks.slice(-3).flatMap((c) => c.attempts)
  expect(attempts.map((a) => a.status)).toEqual([500, 500, 500])
  expect(await count()).toBe(before)
  const ready = await fetch(`${url}/readyz`)
  expect([ready.status, (await ready.json()) as unknown]).toMatchObject([503, { checks: { database: 'disk full' } }])
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('jixiao_database_up 0')
  wire.set('whole')
  expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ ok: true })
  world.wecom!.quirks.retries = 3
  // What the platform delivers again is taken in now, and once.
  await zhao.type('帮助')
  expect(await count()).toBe(before + 1)
  await expect.poll(() => zhao.messages().filter((m) => m.from === 'bot').length).toBe(2)
}, 60_000)

test('the disk fills up while a message is under way: it is there once when there is room again', async () => {
  const { world, wire } = await worldOnAWire()
  const zhao = world.phone('zhao')
  const sends = () => world.wecom!.log.filter((e) => e.path.endsWith('/message/send')).length
  const before = sends()
  world.wecom!.faults.slowMs = 300
  await world.wecom!.type('zhao', '帮助')
  await expect.poll(sends).toBe(before + 1)
  wire.set('full')
  await expect.poll(() => zhao.messages().filter((m) => m.from === 'bot').length).toBe(1)
  world.wecom!.faults.slowMs = 0
  wire.set('whole')
  await expect.poll(() => world.bot().ctx.outbox.model.countDocuments({ state: 'sent' }), { timeout: 10_000 }).toBe(1)
  expect([sends() - before, zhao.messages().filter((m) => m.from === 'bot').length]).toEqual([1, 1])
}, 60_000)

test('connections that break again and again while people hand in: nothing acknowledged is lost, and each counts once', async () => {
  const people = crowd(12)
  const { world, wire } = await worldOnAWire(people)
  const wecom = world.wecom!
  const staff = people.slice(1).map((p) => p.userId)
  await Promise.all(staff.map((userId) => wecom.type(userId, '周计划\n1. 采购对账 30分\n2. 考勤统计 20分')))
  await world.bot().idle()
  const typed = wecom.callbacks.length
  const clicks = (userId: string) => wecom.callbacks.slice(typed).filter((c) => c.fields.FromUserName === userId)
  // Whoever sees that it did not go through presses again, as the platform does for some seconds.
  const handIn = async (userId: string) => {
    const { id, card } = wecom.chat(userId).at(-1)!
    const { key } = card!.buttons.find((b) => b.text === '提交')!
    do await wecom.tap(userId, id, key!)
    while (!clicks(userId).at(-1)!.acknowledged)
  }
  wire.cutEvery(12, 5)
  await Promise.all(staff.map(handIn))
  const { ctx } = world.bot()
  const count = (collection: string, filter = {}) =>
    ctx.people.model.db
      .collection(collection)
      .countDocuments(filter)
      .catch(() => undefined)
  await expect.poll(() => count('inbox', { state: 'new' }), { timeout: 30_000 }).toBe(0)
  expect(await count('inbox', { state: 'parked' })).toBe(0)
  expect(await count('inbox')).toBeGreaterThanOrEqual(wecom.callbacks.filter((c) => c.acknowledged).length)
  const rows = await ctx.weeks.model.find({ 'submissions.0': { $exists: true } }).lean()
  expect(rows.map((r) => r.submissions.length)).toEqual(Array(12).fill(1))
  expect(wire.cutsLeft()).toBe(0)
}, 60_000)
