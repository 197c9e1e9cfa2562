import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type EmbeddedMongo, startEmbeddedMongo } from 'embedded-mongo'
import { MongoClient } from 'mongodb'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Ownership } from '../src/server/owner.ts'
import { migrate } from '../src/store/format.ts'
import { Store } from '../src/store/store.ts'
import { check, newAcks, startWriter } from './crash.mjs'
import { ensureBuilt, scratchDir } from './support.ts'

let dir: string
const started: EmbeddedMongo[] = []
const start = async (options: Partial<Parameters<typeof startEmbeddedMongo>[0]> = {}) => {
  const db = await startEmbeddedMongo({ dir, ...options })
  started.push(db)
  return db
}

beforeAll(ensureBuilt)
beforeEach(() => {
  dir = scratchDir()
})
afterEach(async () => {
  for (const db of started.splice(0).reverse()) await db.stop()
  rmSync(dir, { recursive: true, force: true })
})

/** While one process takes over from another a driver may meet a closed socket: a caller tries again. */
async function settled<T>(action: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + 10_000; ; ) {
    try {
      // The driver waits for good when it writes to a socket that the other side has closed in the same moment.
      return await Promise.race([action(), sleep(2_000).then(() => Promise.reject(new Error('no answer')))])
    } catch (error) {
      if (Date.now() > until) throw error
      await sleep(20)
    }
  }
}

describe('kill -9', () => {
  test('six kills under load lose no acknowledged write, tear no document and leave no index behind', {
    timeout: 40_000,
  }, async () => {
    const acked = newAcks()
    for (let round = 0; round < 6; round++) {
      const writer = await startWriter(dir, 8, `r${round}`, acked)
      expect(writer.owner).toBe(true)
      await writer.wrote(3 + ((round * 37) % 150))
      await writer.kill()
    }
    const { problems, documents } = await check(dir, acked)
    expect(problems).toEqual([])
    expect(documents).toBeGreaterThanOrEqual(acked.items.length)
  })

  test('when the owner is killed, a process that was attached serves on at the same address', {
    timeout: 30_000,
  }, async () => {
    const acked = newAcks()
    const writer = await startWriter(dir, 4, 'w', acked)
    const here = await start()
    expect(here.owner).toBe(false)
    const client = await MongoClient.connect(here.uri, { serverSelectionTimeoutMS: 10_000 })
    await writer.kill()
    const late = { _id: 'after' as never, key: 'after', body: 'after', length: 5 }
    await settled(() => client.db().collection('items').replaceOne({ _id: late._id }, late, { upsert: true }))
    expect(here.owner).toBe(true)
    await client.close()
    await here.stop()
    expect((await check(dir, acked)).problems.filter((problem) => !problem.includes('after'))).toEqual([])
  })
})

describe('several processes', () => {
  test('three of them count together without losing a step', { timeout: 30_000 }, async () => {
    const db = await start()
    const script = `
      import { startEmbeddedMongo } from 'embedded-mongo'
      import { MongoClient } from 'mongodb'
      const db = await startEmbeddedMongo({ dir: process.argv[1] })
      const client = await MongoClient.connect(db.uri)
      const c = client.db().collection('c')
      await Promise.all(Array.from({ length: 8 }, async () => { for (let i = 0; i < 25; i++) await c.updateOne({ _id: 1 }, { $inc: { n: 1 } }, { upsert: true }) }))
      await client.close()
      await db.stop()
      console.log(db.owner)`
    const run = () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, dir], { cwd: import.meta.dirname })
    const outputs = await Promise.all([run(), run(), run()])
    expect(outputs.map(({ stdout }) => stdout.trim())).toEqual(['false', 'false', 'false'])
    const client = await MongoClient.connect(db.uri)
    expect(await client.db().collection('c').findOne()).toEqual({ _id: 1, n: 600 })
    await client.close()
  })

  test('two that start at once agree on one owner, and the other takes over when it stops', {
    timeout: 30_000,
  }, async () => {
    const pair = await Promise.all([start(), start()])
    expect(pair.map((db) => db.owner).sort()).toEqual([false, true])
    const [owner, other] = pair[0]!.owner ? pair : [pair[1]!, pair[0]!]
    expect(other!.uri).toBe(owner!.uri)
    const client = await MongoClient.connect(other!.uri, { serverSelectionTimeoutMS: 10_000 })
    await client
      .db()
      .collection('c')
      .insertOne({ _id: 1 as never })
    await owner!.stop()
    expect(await settled(() => client.db().collection('c').countDocuments())).toBe(1)
    expect(other!.owner).toBe(true)
    await client.close()
  })

  test('an owner that lost its claim writes nothing more', async () => {
    const first = new Store({ dir, durable: false })
    const claim = new Ownership(first)
    expect(claim.claim()).toBe(true)
    expect(new Ownership(first).claim()).toBe(false)
    const owner = first.getMeta('owner')!
    first.transaction(() => first.putMeta('owner', new Map(owner).set('startTicks', '1')))
    const successor = new Ownership(first)
    expect(successor.claim()).toBe(true)
    expect(claim.holds()).toBe(false)
    claim.release()
    expect(successor.holds()).toBe(true)
    await first.close()
  })

  test('an engine thread takes the claim of the one that ended before it in the same process', async () => {
    const store = new Store({ dir, durable: false })
    const ended = new Ownership(store)
    ended.claim()
    expect(new Ownership(store).claim()).toBe(false)
    expect(new Ownership(store).claim(ended.token)).toBe(true)
    await store.close()
  })
})

describe('the directory', () => {
  test('is private, and so is the socket', async () => {
    dir = join(dir, 'new')
    const db = await start()
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(statSync(join(dir, 'engine.sock')).mode & 0o777).toBe(0o600)
    expect(db.uri).toBe(
      `mongodb://${encodeURIComponent(join(dir, 'engine.sock'))}/jixiao?directConnection=true&heartbeatFrequencyMS=1000`,
    )
  })

  test('with a path too long for a socket is served from a private folder', async () => {
    dir = join(dir, 'x'.repeat(100))
    const db = await start({ dbName: 'other' })
    const client = await MongoClient.connect(db.uri)
    expect((await client.db().command({ ping: 1 })).ok).toBe(1)
    expect(client.db().databaseName).toBe('other')
    await client.close()
  })

  test('of a newer format is refused and left alone', async () => {
    const store = new Store({ dir, durable: false })
    store.transaction(() => store.putMeta('format', new Map([['version', 99]])))
    await store.close()
    await expect(start()).rejects.toThrow(/format 99, newer.*MONGODB_URI/s)
    await expect(start()).rejects.toThrow(/format 99/)
  })

  test('of an older format is migrated step by step', async () => {
    const done: number[] = []
    const steps = { 1: () => done.push(1), 2: () => done.push(2) }
    migrate({} as Store, 1, steps, 3)
    expect(done).toEqual([1, 2])
    expect(() => migrate({} as Store, 0, steps, 3)).toThrow(/no longer read/)
    migrate({} as Store, undefined, steps, 3)
    expect(done).toEqual([1, 2])
  })

  test('with a file that is no database is refused with a clear word', async () => {
    mkdirSync(dir, { recursive: true })
    for (const bytes of [Buffer.alloc(64 * 1024, 'not a database '), Buffer.from('short')]) {
      writeFileSync(join(dir, 'data.mdb'), bytes)
      await expect(start()).rejects.toThrow(/cannot start.*damaged.*MONGODB_URI/s)
    }
  })

  test('with a file that was cut short is refused as well', async () => {
    const store = await Store.open({ dir, durable: false })
    store.transaction(() => {
      for (let i = 0; i < 500; i++) store.docs.putSync(Buffer.from(`key ${i}`), Buffer.alloc(500))
    })
    await store.close()
    truncateSync(join(dir, 'data.mdb'), 3 * 4096)
    await expect(start()).rejects.toThrow(/damaged/)
  })

  test('a loopback port serves the same', async () => {
    const { createServer } = await import('node:net')
    const free = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port } = probe.address() as { port: number }
        probe.close(() => resolve(port))
      })
    })
    const db = await start({ port: free })
    expect(db.uri).toBe(`mongodb://127.0.0.1:${free}/jixiao?directConnection=true&heartbeatFrequencyMS=1000`)
    const attached = await start()
    expect([attached.owner, attached.uri]).toEqual([false, db.uri])
    const client = await MongoClient.connect(db.uri)
    expect((await client.db().command({ ping: 1 })).ok).toBe(1)
    await client.close()
  })
})

describe('hostile requests', () => {
  test('what computes too much is an error, and the engine lives on', { timeout: 30_000 }, async () => {
    const db = await start({ sync: 'off' })
    const client = await MongoClient.connect(db.uri)
    const c = client.db().collection('c')
    await c.insertOne({ _id: 1 as never, s: 'x'.repeat(100_000) })
    const nest = Array.from({ length: 300 }, () => ({ $set: { d: { d: '$d' } } }))
    await expect(c.updateOne({}, nest)).rejects.toMatchObject({ code: 15 })
    expect(await c.countDocuments()).toBe(1)
    const copies = { $map: { input: { $range: [0, 100_000] }, in: '$$ROOT' } }
    await expect(c.aggregate([{ $addFields: { copies } }]).toArray()).rejects.toMatchObject({ code: 10334 })
    const fanned = [
      { $addFields: { l: { $range: [0, 100_000] } } },
      { $unwind: '$l' },
      { $group: { _id: null, all: { $push: '$s' } } },
    ]
    await expect(c.aggregate(fanned).toArray()).rejects.toMatchObject({ code: 292 })
    await expect(c.find({ s: { $regex: '(x+x+)+y' } }).toArray()).rejects.toMatchObject({ code: 51156 })
    expect((await client.db().command({ ping: 1 })).ok).toBe(1)
    await client.close()
  })
})
