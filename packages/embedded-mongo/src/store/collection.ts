import { randomUUID } from 'node:crypto'
import { decode } from '../bson/decode.ts'
import { type Doc, isDoc, Regex, UNDEFINED, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { Index } from './index.ts'
import { docKey, prefix, readRecord, type Store, writeRecord } from './store.ts'

export const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
const MAX_RECORD = Number.MAX_SAFE_INTEGER

/** One collection: its records, its indexes, and its count, which changes in the same transaction as the records. */
export class Collection {
  count: number
  indexes: Index[]
  private nextRecord: number | undefined
  private savedCount: number

  constructor(
    private readonly store: Store,
    readonly ns: string,
    readonly id: number,
    readonly uuid: string,
    saved?: Doc,
  ) {
    this.count = Number(saved?.get('count') ?? 0)
    this.savedCount = this.count
    this.indexes = ((saved?.get('indexes') as Doc[] | undefined) ?? []).map((entry) => Index.load(store, entry))
  }

  static create(store: Store, ns: string): Collection {
    const collection = new Collection(store, ns, store.nextId(), randomUUID().replaceAll('-', ''))
    collection.indexes.push(
      new Index(
        store,
        store.nextId(),
        new Map<string, Value>([
          ['v', 2],
          ['key', new Map([['_id', 1]])],
          ['name', '_id_'],
        ]),
      ),
    )
    collection.save()
    return collection
  }

  static load(store: Store, ns: string, saved: Doc): Collection {
    return new Collection(store, ns, Number(saved.get('id')), String(saved.get('uuid')), saved)
  }

  get db(): string {
    return this.ns.slice(0, this.ns.indexOf('.'))
  }

  get name(): string {
    return this.ns.slice(this.ns.indexOf('.') + 1)
  }

  /** Writes the catalog entry. Called by whoever changed it, once per command. */
  save(): void {
    const entry: Doc = new Map<string, Value>([
      ['id', this.id],
      ['uuid', this.uuid],
      ['count', BigInt(this.count)],
      ['indexes', this.indexes.map((index) => index.saved())],
    ])
    this.store.putMeta(`ns/${this.ns}`, entry)
    this.savedCount = this.count
  }

  saveCount(): void {
    if (this.count !== this.savedCount) this.save()
  }

  /** The bytes of a record, lent until the next read of the store. */
  get(record: number): Buffer | undefined {
    return this.store.docs.getBinaryFast(docKey(this.id, record))
  }

  /** Adds a document given in its bytes, `_id` included. */
  insert(document: Doc, bytes: Buffer): void {
    if (bytes.length > MAX_DOCUMENT_BYTES)
      fail(10334, `BSONObj size: ${bytes.length} is invalid. Size must be between 0 and ${MAX_DOCUMENT_BYTES}`)
    const plans = this.indexes.map((index) => ({ index, keys: index.keysOf(document) }))
    for (const { index, keys } of plans) index.checkUnique(keys, document, undefined, this.ns)
    const record = this.newRecord()
    this.store.docs.putSync(docKey(this.id, record), bytes)
    for (const { index, keys } of plans) if (index.add(keys, record)) this.save()
    this.count++
  }

  /** Replaces a document; index entries change only where the keys do. */
  update(record: number, before: Doc, after: Doc, bytes: Buffer): void {
    if (bytes.length > MAX_DOCUMENT_BYTES)
      fail(17419, `Resulting document after update is larger than ${MAX_DOCUMENT_BYTES}`)
    const changes = this.indexes
      .map((index) => ({ index, old: index.keysOf(before), next: index.keysOf(after) }))
      .filter(({ old, next }) => !sameKeys(old.keys, next.keys))
    for (const { index, next } of changes) index.checkUnique(next, after, record, this.ns)
    for (const { index, old } of changes) index.remove(old, record)
    for (const { index, next } of changes) if (index.add(next, record)) this.save()
    this.store.docs.putSync(docKey(this.id, record), bytes)
  }

  remove(record: number, document: Doc): void {
    for (const index of this.indexes) index.remove(index.keysOf(document), record)
    this.store.docs.removeSync(docKey(this.id, record))
    this.count--
  }

  /** Fills a new index from the records; a duplicate or parallel array leaves nothing behind. */
  build(index: Index): void {
    for (const { record, bytes } of this.records(false)) {
      const document = decode(bytes)
      const keys = index.keysOf(document)
      index.checkUnique(keys, document, record, this.ns)
      index.add(keys, record)
    }
  }

  /**
   * All records in the order of insertion. No LMDB cursor stays open between two of them, and their bytes are lent:
   * they hold until the next read of the store. Records that follow each other in number are read straight by key,
   * which costs a third less than a range; where numbers are missing, the next ones are looked up.
   */
  *records(reverse: boolean): Iterable<{ record: number; bytes: Buffer }> {
    const step = reverse ? -1 : 1
    const key = docKey(this.id, 0)
    let record = this.nextPresent(reverse ? MAX_RECORD : 0, reverse, 1)[0]
    while (record !== undefined && record >= 0) {
      writeRecord(key, record, 4)
      const bytes = this.store.docs.getBinaryFast(key)
      if (bytes) {
        yield { record, bytes }
        record += step
        continue
      }
      const present = this.nextPresent(record, reverse, 64)
      for (const next of present) {
        writeRecord(key, next, 4)
        const found = this.store.docs.getBinaryFast(key)
        if (found) yield { record: next, bytes: found }
      }
      const last = present.at(-1)
      record = last === undefined ? undefined : last + step
    }
  }

  private nextPresent(from: number, reverse: boolean, limit: number): number[] {
    const start = docKey(this.id, from)
    const end = reverse ? docKey(this.id, 0) : prefix(this.id + 1)
    return [...this.store.docs.getKeys({ start, end, reverse, limit })].map((key) => readRecord(key, 4))
  }

  drop(): void {
    this.store.removeAll(this.store.docs, this.id)
    for (const index of this.indexes) index.drop()
    this.store.removeMeta(`ns/${this.ns}`)
  }

  /** Record numbers follow the highest key present, never a saved counter: a kill could leave that behind. */
  private newRecord(): number {
    this.nextRecord ??= (this.nextPresent(MAX_RECORD, true, 1)[0] ?? 0) + 1
    return this.nextRecord++
  }

  byteSize(): number {
    let total = 0
    for (const { bytes } of this.records(false)) total += bytes.readInt32LE(0)
    return total
  }
}

function sameKeys(a: Buffer[], b: Buffer[]): boolean {
  return a.length === b.length && a.every((key, i) => key.equals(b[i]!))
}

/** MongoDB's rules for `_id`: any value but an array, a regex or undefined. */
export function checkId(id: Value): void {
  if (Array.isArray(id)) fail(53, "The '_id' value cannot be of type array")
  if (id instanceof Regex) fail(53, "The '_id' value cannot be of type regex")
  if (id === UNDEFINED) fail(53, "The '_id' value cannot be of type undefined")
  if (isDoc(id))
    for (const name of id.keys())
      if (name.startsWith('$'))
        fail(52, `_id fields may not contain '$'-prefixed fields: ${name} is not valid for storage.`)
}
