import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongo } from 'embedded-mongo'
import { connect, type Db } from '../src/store/connect.ts'

let counter = 0
let engine: Promise<string> | undefined
/** Lives as long as the engine. */
let dropping: Promise<Db> | undefined

async function startEngine(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-test-'))
  return (await startEmbeddedMongo({ dir, dbName: 'jixiao', sync: 'off' })).uri
}

/** One engine for all tests of a worker: starting one, and running it cold, was a quarter of their work. */
function sharedEngine(): Promise<string> {
  engine ??= startEngine()
  return engine
}

/**
 * A database of its own for a test: on the embedded engine, or, when `TEST_MONGODB_URI` is set, on that server. Same assertions
 * either way.
 */
export async function testDatabase(): Promise<{ uri: string; stop(): Promise<void> }> {
  const uri = new URL(process.env.TEST_MONGODB_URI ?? (await sharedEngine()))
  uri.pathname = `/jixiao-test-${process.pid}-${counter++}`
  return {
    uri: uri.href,
    async stop() {
      dropping ??= connect(uri.href)
      await (await dropping).useDb(uri.pathname.slice(1)).dropDatabase()
    },
  }
}

/** A connection to a database of its own. */
export async function openTestDb(): Promise<{ db: Db; stop(): Promise<void> }> {
  const database = await testDatabase()
  const db = await connect(database.uri)
  return {
    db,
    async stop() {
      await db.close()
      await database.stop()
    },
  }
}
