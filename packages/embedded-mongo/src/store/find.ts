import { sortBy } from '../agg/sorter.ts'
import { decode, type Needed } from '../bson/decode.ts'
import type { Doc, Value } from '../bson/values.ts'
import { type Filter, matches, mergeNeeded, neededBy } from '../query/filter.ts'
import { neededBySort, type SortKey } from '../query/sort.ts'
import { roughSize } from '../value/size.ts'
import type { Collection } from './collection.ts'
import { type IndexAccess, makePlan, type Plan } from './plan.ts'

export interface Found {
  record: number
  /** The whole document; empty unless `keepBytes` was asked for. */
  bytes: Buffer
  /** Decoded as far as the query needs it. */
  document: Doc
}

export interface FindOptions {
  filter: Filter
  sort?: SortKey[]
  skip?: number
  limit?: number
  hint?: Value | undefined
  /** Fields wanted of `document`; `undefined` for all. */
  needed: Needed | undefined
  /** Copies the stored bytes of what is found. */
  keepBytes?: boolean
  /** Throws when the command's time is over. */
  checkDeadline: () => void
}

export interface Counters {
  keysExamined: number
  docsExamined: number
}

/** Fields that a read nobody looks into needs: those of the filter and the sort are added to it. */
export const NO_FIELDS: Needed = new Map()

const DEADLINE_EVERY = 256

/** Finds records, checking each against the whole filter. Safe to leave and resume between commands. */
export function find(collection: Collection, options: FindOptions, counters?: Counters): Iterable<Found> {
  const { filter, sort = [], skip = 0, limit = Number.POSITIVE_INFINITY } = options
  const plan = makePlan(collection, filter, sort, options.hint)
  const needed = withQueryFields(options)
  const matching = filtered(collection, plan, options, needed, counters)
  const ordered = plan.sorted
    ? matching
    : sortBy(
        matching,
        sort,
        (found) => ({ document: found.document, bytes: found.bytes.length + roughSize(found.document) }),
        skip + limit,
      )
  return skip === 0 && limit === Number.POSITIVE_INFINITY ? ordered : part(ordered, skip, limit)
}

function* part(found: Iterable<Found>, skip: number, limit: number): Iterable<Found> {
  let position = 0
  for (const entry of found) {
    if (position++ < skip) continue
    yield entry
    if (position >= skip + limit) return
  }
}

function withQueryFields({ filter, sort = [], needed }: FindOptions): Needed | undefined {
  if (!needed) return undefined
  const all: Needed = new Map()
  mergeNeeded(all, needed)
  neededBySort(sort, all)
  return neededBy(filter, all)
}

function* filtered(
  collection: Collection,
  plan: Plan,
  { filter, keepBytes, checkDeadline }: FindOptions,
  needed: Needed | undefined,
  counters: Counters | undefined,
): Iterable<Found> {
  let examined = 0
  for (const { record, bytes } of records(collection, plan, counters)) {
    if (examined++ % DEADLINE_EVERY === 0) checkDeadline()
    if (counters) counters.docsExamined++
    const document = decode(bytes, 0, needed)
    if (matches(filter, document)) yield { record, bytes: keepBytes ? copied(bytes) : NO_BYTES, document }
  }
}

const NO_BYTES = Buffer.alloc(0)

/** The lent buffer may be longer than the document in it. */
function copied(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(0, bytes.readInt32LE(0)))
}

type Records = Iterable<{ record: number; bytes: Buffer }>

function records(collection: Collection, plan: Plan, counters?: Counters): Records {
  return plan.kind === 'scan' ? collection.records(plan.reverse) : indexedRecords(collection, plan, counters)
}

function* indexedRecords(collection: Collection, plan: Exclude<Plan, { kind: 'scan' }>, counters?: Counters): Records {
  const parts = plan.kind === 'union' ? plan.parts : [plan.access]
  const mayRepeat = parts.length > 1 || parts.some((part) => part.index.isMultikey)
  const seen = mayRepeat ? new Set<number>() : undefined
  for (const part of parts) {
    for (const record of entries(part)) {
      if (counters) counters.keysExamined++
      if (seen?.has(record)) continue
      seen?.add(record)
      // Gone meanwhile: a cursor may be read long after it was opened.
      const bytes = collection.get(record)
      if (bytes) yield { record, bytes }
    }
  }
}

function* entries({ index, ranges, reverse }: IndexAccess): Iterable<number> {
  const ordered = reverse ? [...ranges].reverse() : ranges
  for (const { low, high, exact } of ordered) {
    const record = exact && index.lookUp(exact)
    if (record !== undefined) yield record
    else if (!exact) yield* index.scan(low, high, reverse)
  }
}

/** The plan as `explain` shows it. */
export function describePlan(plan: Plan, sort: SortKey[], filter: Doc): Doc {
  const stage = (name: string, fields: Record<string, Value> = {}): Doc =>
    new Map<string, Value>([['stage', name], ...Object.entries(fields)])
  const scan = ({ index, reverse }: IndexAccess) =>
    stage('IXSCAN', {
      keyPattern: index.spec.get('key')!,
      indexName: index.name,
      isMultiKey: index.isMultikey,
      isUnique: index.unique,
      isSparse: index.sparse,
      isPartial: index.partial !== undefined,
      indexVersion: 2,
      direction: reverse ? 'backward' : 'forward',
    })
  let result: Doc
  if (plan.kind === 'scan') result = stage('COLLSCAN', { filter, direction: plan.reverse ? 'backward' : 'forward' })
  else if (plan.kind === 'index') result = stage('FETCH', { filter, inputStage: scan(plan.access) })
  else result = stage('FETCH', { filter, inputStage: stage('OR', { inputStages: plan.parts.map(scan) }) })
  if (plan.sorted) return result
  const pattern: Doc = new Map(sort.map((key): [string, Value] => [key.path.join('.'), key.descending ? -1 : 1]))
  return stage('SORT', { sortPattern: pattern, inputStage: result })
}
