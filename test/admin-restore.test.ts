import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongo } from 'embedded-mongo'
import mongoose from 'mongoose'
import { expect, onTestFinished, test } from 'vitest'
import { runCli } from '../src/cli/index.ts'
import { connect } from '../src/store/connect.ts'

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-restore-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** A database behind an address, as a MongoDB server is. */
async function server(): Promise<string> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => probe.once('listening', done))
  const { port } = probe.address() as AddressInfo
  await new Promise((done) => probe.close(done))
  const engine = await startEmbeddedMongo({ dir: directory(), dbName: 'jixiao', port, sync: 'off' })
  onTestFinished(() => engine.stop())
  return `mongodb://127.0.0.1:${port}/jixiao?directConnection=true`
}

async function run(env: Record<string, string>, ...argv: string[]) {
  let err = ''
  const io = { env, now: () => new Date('2026-11-16T10:00:00+08:00'), out() {}, err: (t: string) => (err += `${t}\n`) }
  return { code: await runCli(argv, io), err }
}

const parts = (dir: string) => JSON.parse(readFileSync(join(dir, 'backup.json'), 'utf8')).parts

test('data goes from this machine to a server and back, count by count and hash by hash, whatever type it has', async () => {
  const dataDir = directory()
  const seed = await startEmbeddedMongo({ dir: join(dataDir, 'embedded'), dbName: 'jixiao' })
  const db = await connect(seed.uri)
  const { Long, Decimal128, Double, Binary } = mongoose.mongo.BSON
  await db.collection('people').insertMany(
    Array.from({ length: 1_201 }, (_, i) => ({
      _id: `e${i}` as never,
      name: `员工${i}`,
      nicknames: ['小', '老'],
      active: i % 2 === 0,
    })),
  )
  await db.collection('odd').insertOne({
    ...{ _id: 'types' as never, day: new Date('2026-11-16T02:00:00.001Z'), long: Long.fromString('9007199254740993') },
    ...{ whole: new Double(3), exact: Decimal128.fromString('89.50'), bytes: new Binary(Buffer.from([0, 255, 7])) },
    ...{ none: null, nested: { a: [{ b: { c: -0.1 } }] }, empty: {} },
  })
  await db.createCollection('empty')
  await db.close()
  await seed.stop()

  const env = { PORT: '0', COMPANY_FILE: 'none.yaml' }
  const here = { ...env, DATA_DIR: dataDir }
  const there = { ...env, DATA_DIR: directory(), MONGODB_URI: await server() }
  const back = { ...env, DATA_DIR: directory() }
  const [first, second, third] = [join(directory(), 'b'), join(directory(), 'b'), join(directory(), 'b')]
  expect(await run(here, 'backup', first)).toMatchObject({ code: 0 })
  expect(await run(there, 'restore', first)).toMatchObject({ code: 0 })
  expect(await run(there, 'backup', second)).toMatchObject({ code: 0 })
  expect(await run(back, 'restore', second)).toMatchObject({ code: 0 })
  expect(await run(back, 'backup', third)).toMatchObject({ code: 0 })
  expect(parts(first)).toEqual([
    { collection: 'empty', documents: 0, sha256: expect.any(String) },
    { collection: 'odd', documents: 1, sha256: expect.any(String) },
    { collection: 'people', documents: 1_201, sha256: expect.any(String) },
  ])
  expect([parts(second), parts(third)]).toEqual([parts(first), parts(first)])
  // What is there is never written over.
  expect(await run(there, 'restore', first)).toMatchObject({ code: 1, err: expect.stringContaining('不是空的') })
})
