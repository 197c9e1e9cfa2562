import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, open, type RootDatabase } from 'lmdb'
import { decode } from '../bson/decode.ts'
import { encode } from '../bson/encode.ts'
import type { Doc } from '../bson/values.ts'
import { awaitSoundFile } from './file-check.ts'
import { FORMAT_VERSION, migrate } from './format.ts'

export type Table = Database<Buffer, Buffer>

export interface StoreOptions {
  dir: string
  /** False skips fsync: for tests whose data may be lost. */
  durable: boolean
}

/**
 * The LMDB environment and its four tables, all with binary keys:
 *
 * | table  | key                              | value                                                     |
 * | ------ | -------------------------------- | --------------------------------------------------------- |
 * | `meta` | name                             | BSON: format, owner, id counter, one entry per collection |
 * | `docs` | collection u32, record u64       | the document                                              |
 * | `idx`  | index u32, key string [, record] | record u64                                                |
 * | `sess` | session id                       | BSON: the last retryable write and its reply              |
 *
 * LMDB commits by writing a meta page after the data pages are synced, so a kill at any instant leaves the last
 * committed state, and its writer lock is a robust mutex shared by all processes that have the file open.
 */
export class Store {
  readonly meta: Table
  readonly docs: Table
  readonly idx: Table
  readonly sess: Table
  closed = false
  private readonly env: RootDatabase<Buffer, Buffer>

  constructor(options: StoreOptions) {
    if (!existsSync(options.dir)) mkdirSync(options.dir, { recursive: true, mode: 0o700 })
    chmodSync(options.dir, 0o700)
    const path = join(options.dir, 'data.mdb')
    const binary = { encoding: 'binary', keyEncoding: 'binary', cache: false } as const
    this.env = open<Buffer, Buffer>({
      path,
      ...binary,
      maxDbs: 8,
      maxReaders: 64,
      noSync: !options.durable,
      // A commit returns when it is on disk, not before.
      overlappingSync: false,
    })
    const table = (name: string): Table => this.env.openDB<Buffer, Buffer>({ name, ...binary })
    this.meta = table('meta')
    this.docs = table('docs')
    this.idx = table('idx')
    this.sess = table('sess')
    for (const file of [path, `${path}-lock`]) chmodSync(file, 0o600)
  }

  /** Opens a store and brings its format up to date. */
  static async open(options: StoreOptions): Promise<Store> {
    await awaitSoundFile(join(options.dir, 'data.mdb'))
    const store = new Store(options)
    try {
      store.upgrade()
    } catch (error) {
      await store.close()
      throw error
    }
    return store
  }

  upgrade(): void {
    this.transaction(() => {
      migrate(this, this.getMeta('format')?.get('version') as number | undefined)
      this.putMeta('format', new Map([['version', FORMAT_VERSION]]))
    })
  }

  /** Runs `action` in one write transaction; inside another it becomes a child that fails alone. */
  transaction<T>(action: () => T): T {
    return this.env.transactionSync(action)
  }

  getMeta(name: string): Doc | undefined {
    const bytes = this.meta.get(Buffer.from(name))
    return bytes && decode(bytes)
  }

  putMeta(name: string, value: Doc): void {
    this.meta.putSync(Buffer.from(name), encode(value))
  }

  removeMeta(name: string): void {
    this.meta.removeSync(Buffer.from(name))
  }

  /** Entries of `meta` whose names start with `prefix`. */
  *metaEntries(prefix: string): Iterable<[name: string, value: Doc]> {
    for (const { key, value } of this.meta.getRange({
      start: Buffer.from(prefix),
      end: Buffer.from(`${prefix}\uffff`),
    })) {
      yield [key.toString().slice(prefix.length), decode(Buffer.from(value))]
    }
  }

  /** The next id of a collection or index; none is ever given out twice. */
  nextId(): number {
    const id = Number(this.getMeta('counter')?.get('next') ?? 1)
    this.putMeta('counter', new Map([['next', id + 1]]))
    return id
  }

  /** Removes every key of a table that starts with a u32. */
  removeAll(table: Table, id: number): void {
    const keys = [...table.getKeys({ start: prefix(id), end: prefix(id + 1) })]
    for (const key of keys) table.removeSync(key)
  }

  close(): Promise<void> {
    this.closed = true
    return this.env.close()
  }
}

export function prefix(id: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32BE(id)
  return bytes
}

/** Record numbers stay below 2^53; written as u64. */
export function writeRecord(bytes: Buffer, record: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(record / 0x100000000), at)
  bytes.writeUInt32BE(record % 0x100000000, at + 4)
}

export function readRecord(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 0x100000000 + bytes.readUInt32BE(at + 4)
}

export function docKey(collection: number, record: number): Buffer {
  const key = Buffer.allocUnsafe(12)
  key.writeUInt32BE(collection, 0)
  writeRecord(key, record, 4)
  return key
}
