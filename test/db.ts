import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongo } from 'embedded-mongo'
import { connect, type Db } from '../src/store/connect.ts'

let counter = 0

/**
 * A database of its own for a test: the embedded one in a temporary directory, or, when `TEST_MONGODB_URI` is set, a
 * fresh database on that server. Same assertions either way.
 */
export async function testDatabase(): Promise<{ uri: string; stop(): Promise<void> }> {
  const server = process.env.TEST_MONGODB_URI
  if (server) {
    const uri = new URL(server)
    uri.pathname = `/jixiao-test-${process.pid}-${counter++}`
    return {
      uri: uri.href,
      async stop() {
        const db = await connect(uri.href)
        await db.dropDatabase()
        await db.close()
      },
    }
  }
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-test-'))
  const engine = await startEmbeddedMongo({ dir, dbName: 'jixiao', sync: 'off' })
  return {
    uri: engine.uri,
    async stop() {
      await engine.stop()
      rmSync(dir, { recursive: true, force: true })
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
