import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Document, deserialize, serialize } from 'bson'
import { decode } from '../src/bson/decode.ts'
import { encode } from '../src/bson/encode.ts'
import type { Doc } from '../src/bson/values.ts'
import { Engine } from '../src/engine/engine.ts'
import { Store } from '../src/store/store.ts'

// biome-ignore lint/suspicious/noExplicitAny: replies are looked into by path, as a driver's user would
export type Reply = any

export function scratchDir(): string {
  return mkdtempSync(join(tmpdir(), 'em-test-'))
}

/** What the driver would send, read by our decoder. */
export function toDoc(document: Document): Doc {
  return decode(Buffer.from(serialize(document, { ignoreUndefined: false })))
}

/** What the driver would show of our bytes, with the numeric types kept apart. */
export function fromDoc(document: Doc): Reply {
  return deserialize(encode(document), { promoteValues: true, promoteLongs: true })
}

export interface TestEngine {
  /** Runs a command on database `t`; the reply carries `code` when it failed. */
  run(command: Document): Promise<Reply>
  store: Store
  close(): Promise<void>
}

/** An engine without sockets or worker, on a store that is not synced. */
export function makeEngine(dir = scratchDir()): TestEngine {
  const store = new Store({ dir, durable: false })
  store.upgrade()
  const engine = new Engine(store, { address: 'test', checkOwner: () => {}, connections: () => 0 })
  return {
    store,
    run: async (command) =>
      fromDoc(await engine.execute(toDoc({ ...command, $db: command.$db ?? 't' }), { connectionId: 1, peer: 'test' })),
    async close() {
      engine.stop()
      await store.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Builds dist/ when a source is newer: some tests run the package as its users do. */
export async function ensureBuilt(): Promise<void> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const newest = readdirSync(join(root, 'src'), { recursive: true }).reduce(
    (latest, file) => Math.max(latest, statSync(join(root, 'src', String(file))).mtimeMs),
    0,
  )
  const built = statSync(join(root, 'dist/index.js'), { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built > newest) return
  const { build } = await import('../build.mjs')
  await build()
}
