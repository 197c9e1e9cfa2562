import type { Doc, Numeric, Value } from '../bson/values.ts'
import { MongoError } from '../errors.ts'
import { type Filter, matches } from '../query/filter.ts'
import { parseFilter } from '../query/parse.ts'
import { asNumber } from '../value/numbers.ts'
import { show } from '../value/show.ts'
import { type IndexKeys, indexKeys } from './index-keys.ts'
import { prefix, readRecord, type Store, writeRecord } from './store.ts'

/** One index: `spec` is what listIndexes shows; the sticky marks say what its entries can be used for. */
export class Index {
  readonly paths: string[][]
  readonly descending: boolean[]
  readonly unique: boolean
  readonly sparse: boolean
  readonly partial: Filter | undefined
  private readonly head: Buffer
  private readonly isId: boolean

  constructor(
    private readonly store: Store,
    readonly id: number,
    public spec: Doc,
    /** Per field: some document had an array on its path. */
    readonly multikey: boolean[] = [],
    /** Some key was too long for LMDB and had to be cut. */
    public lossy = false,
  ) {
    const key = spec.get('key') as Doc
    this.paths = [...key.keys()].map((name) => name.split('.'))
    this.descending = [...key.values()].map((direction) => asNumber(direction as Numeric) < 0)
    this.isId = spec.get('name') === '_id_'
    this.unique = this.isId || spec.get('unique') === true
    this.sparse = spec.get('sparse') === true
    const partial = spec.get('partialFilterExpression') as Doc | undefined
    this.partial = partial && parseFilter(partial)
    this.head = prefix(id)
    for (let i = 0; i < this.paths.length; i++) this.multikey[i] ??= false
  }

  static load(store: Store, saved: Doc): Index {
    return new Index(
      store,
      Number(saved.get('id')),
      saved.get('spec') as Doc,
      [...(saved.get('multikey') as boolean[])],
      saved.get('lossy') === true,
    )
  }

  saved(): Doc {
    return new Map<string, Value>([
      ['id', this.id],
      ['spec', this.spec],
      ['multikey', [...this.multikey]],
      ['lossy', this.lossy],
    ])
  }

  get name(): string {
    return this.spec.get('name') as string
  }

  get hidden(): boolean {
    return this.spec.get('hidden') === true
  }

  get isMultikey(): boolean {
    return this.multikey.includes(true)
  }

  keysOf(document: Doc): IndexKeys {
    const none: IndexKeys = { keys: [], multikey: [], lossy: false, allMissing: false }
    if (this.partial && !matches(this.partial, document)) return none
    const keys = this.isId
      ? // `_id` is never an array.
        indexKeys(new Map([['_id', document.get('_id')!]]), this.paths, this.descending)
      : indexKeys(document, this.paths, this.descending)
    return this.sparse && keys.allMissing ? none : keys
  }

  /** Refuses keys that another record holds. */
  checkUnique({ keys }: IndexKeys, document: Doc, own: number | undefined, ns: string): void {
    if (!this.unique) return
    for (const key of keys) {
      const holder = this.store.idx.getBinaryFast(this.entry(key))
      if (!holder || readRecord(holder, 0) === own) continue
      throw duplicateKey(this, document, ns)
    }
  }

  /** Adds entries; true when a sticky mark changed and the catalog must be saved. */
  add({ keys, multikey, lossy }: IndexKeys, record: number): boolean {
    const value = Buffer.allocUnsafe(8)
    writeRecord(value, record, 0)
    for (const key of keys) this.store.idx.putSync(this.entry(key, record), value)
    let changed = false
    multikey.forEach((mark, i) => {
      if (mark && !this.multikey[i]) {
        this.multikey[i] = true
        changed = true
      }
    })
    if (lossy && !this.lossy) {
      this.lossy = true
      changed = true
    }
    return changed
  }

  remove({ keys }: IndexKeys, record: number): void {
    for (const key of keys) this.store.idx.removeSync(this.entry(key, record))
  }

  drop(): void {
    this.store.removeAll(this.store.idx, this.id)
  }

  /** The record behind one whole key of a unique index. */
  lookUp(key: Buffer): number | undefined {
    const value = this.store.idx.getBinaryFast(this.entry(key))
    return value && readRecord(value, 0)
  }

  /** Records of the entries from `start` up to, not including, `end`; bounds are key strings. */
  *scan(start: Buffer, end: Buffer, reverse: boolean): Iterable<number> {
    const low = Buffer.concat([this.head, start])
    const high = Buffer.concat([this.head, end])
    // Reversed, LMDB takes the start and leaves the end out. No entry of a non-unique index equals a bound (entries are
    // longer), and a unique one can equal only the low bound: one byte less than `low` keeps it in the range.
    let from: Buffer = reverse ? high : low
    const to = reverse ? justBelow(low) : high
    let exclusiveStart = reverse
    for (let chunk = 4; ; chunk = Math.min(chunk * 8, 512)) {
      const batch: number[] = []
      let last: Buffer | undefined
      for (const { key, value } of this.store.idx.getRange({
        start: from,
        end: to,
        reverse,
        limit: chunk,
        exclusiveStart,
      })) {
        batch.push(readRecord(value, 0))
        last = key
      }
      yield* batch
      if (batch.length < chunk || !last) return
      from = last
      exclusiveStart = true
    }
  }

  private entry(key: Buffer, record?: number): Buffer {
    const bytes = Buffer.allocUnsafe(4 + key.length + (this.unique ? 0 : 8))
    this.head.copy(bytes, 0)
    key.copy(bytes, 4)
    if (!this.unique) writeRecord(bytes, record!, 4 + key.length)
    return bytes
  }
}

/** A bound that sorts below `key` and above everything smaller that can occur as an entry. */
function justBelow(key: Buffer): Buffer {
  const below = Buffer.from(key)
  for (let i = below.length - 1; i >= 0; i--) {
    if (below[i]! > 0) {
      below[i]!--
      return Buffer.concat([below.subarray(0, i + 1), Buffer.alloc(64, 0xff)])
    }
  }
  return Buffer.alloc(0)
}

function duplicateKey(index: Index, document: Doc, ns: string): MongoError {
  const value: Doc = new Map()
  for (const path of index.paths) value.set(path.join('.'), shownValue(document, path))
  const message = `E11000 duplicate key error collection: ${ns} index: ${index.name} dup key: ${show(value)}`
  return new MongoError(
    11000,
    message,
    new Map<string, Value>([
      ['keyPattern', index.spec.get('key')!],
      ['keyValue', value],
    ]),
  )
}

function shownValue(document: Doc, path: string[]): Value {
  let value: Value | undefined = document
  for (const part of path) value = value instanceof Map ? value.get(part) : undefined
  return value ?? null
}
