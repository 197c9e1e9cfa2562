import { encode } from '../bson/encode.ts'
import { type Doc, isDoc, newObjectId, Timestamp, typeName, type Value } from '../bson/values.ts'
import { fail, type MongoError } from '../errors.ts'
import type { Filter } from '../query/filter.ts'
import { parseFilter } from '../query/parse.ts'
import { matchedPosition } from '../query/position.ts'
import type { SortKey } from '../query/sort.ts'
import type { Catalog } from '../store/catalog.ts'
import { type Collection, checkId } from '../store/collection.ts'
import { find } from '../store/find.ts'
import { applyUpdate } from '../update/apply.ts'
import { parseUpdate, type Update } from '../update/parse.ts'
import { upsertBase } from '../update/upsert.ts'

/** Bytes of documents as the client sent them, kept so that an insert need not encode again. */
export const receivedBytes = new WeakMap<Doc, Buffer>()

/** Puts `_id` first, adds it if missing, fills empty top-level timestamps, and stores the document. */
export function insertDocument(collection: Collection, document: Doc, now: Date): void {
  let stored = document
  let bytes = receivedBytes.get(document)
  const first = document.keys().next().value
  if (first !== '_id') {
    stored = new Map<string, Value>([['_id', document.get('_id') ?? newObjectId()]])
    for (const [name, value] of document) if (name !== '_id') stored.set(name, value)
    bytes = undefined
  }
  for (const [name, value] of stored) {
    if (value instanceof Timestamp && value.seconds === 0 && value.increment === 0 && name !== '_id') {
      stored.set(name, new Timestamp(Math.floor(now.getTime() / 1000), 1))
      bytes = undefined
    }
  }
  checkId(stored.get('_id')!)
  collection.insert(stored, bytes ?? encode(stored))
}

/** One parsed update statement or findAndModify. */
export interface UpdatePlan {
  query: Doc
  filter: Filter
  update: Update
  multi: boolean
  upsert: boolean
  sort?: SortKey[]
  hint?: Value | undefined
}

export function planUpdate(parts: {
  query: Value
  update: Value
  multi?: boolean
  upsert?: boolean
  arrayFilters?: Value[] | undefined
  constants?: Doc | undefined
  hint?: Value | undefined
  sort?: SortKey[]
}): UpdatePlan {
  const { query, multi = false, upsert = false } = parts
  if (!isDoc(query)) return fail(14, `the query of an update must be an object, not ${typeName(query)}`)
  const update = parseUpdate(parts.update, parts.arrayFilters, parts.constants)
  if (multi && update.kind === 'replace') fail(9, 'multi update is not supported for replacement-style update')
  return {
    query,
    filter: parseFilter(query),
    update,
    multi,
    upsert,
    hint: parts.hint,
    ...(parts.sort && { sort: parts.sort }),
  }
}

export interface UpdateResult {
  matched: number
  modified: number
  upserted?: { id: Value; document: Doc }
  /** Of the last document touched, for findAndModify. */
  before?: Doc
  after?: Doc
}

/** Runs one update. `collection` is absent when it does not exist yet; an upsert creates it. */
export function runUpdate(
  catalog: Catalog,
  ns: string,
  plan: UpdatePlan,
  now: Date,
  checkDeadline: () => void,
): UpdateResult {
  const result: UpdateResult = { matched: 0, modified: 0 }
  const collection = catalog.get(ns)
  if (collection) {
    // All matches are gathered first: a changed document must not be met again further on in the scan.
    const limit = plan.multi ? Number.POSITIVE_INFINITY : 1
    const found = [
      ...find(collection, {
        filter: plan.filter,
        sort: plan.sort ?? [],
        limit,
        hint: plan.hint,
        keepBytes: true,
        needed: undefined,
        checkDeadline,
      }),
    ]
    for (const { record, bytes, document } of found) {
      result.matched++
      const position = matchedPosition(plan.filter, document)
      const after = applyUpdate(document, plan.update, { isInsert: false, position, now })
      const encoded = encode(after)
      result.before = document
      result.after = after
      if (encoded.equals(bytes)) continue
      collection.update(record, document, after, encoded)
      result.modified++
    }
  }
  if (result.matched === 0 && plan.upsert) {
    const document = upsertDocument(plan, now)
    insertDocument(catalog.getOrCreate(ns), document, now)
    result.upserted = { id: document.get('_id')!, document }
    result.after = document
  }
  return result
}

function upsertDocument({ query, update }: UpdatePlan, now: Date): Doc {
  if (update.kind === 'replace') {
    const id = update.document.get('_id') ?? upsertBase(onlyId(query)).get('_id') ?? newObjectId()
    const document: Doc = new Map([['_id', id]])
    for (const [name, value] of update.document) if (name !== '_id') document.set(name, value)
    return document
  }
  const made = applyUpdate(upsertBase(query), update, { isInsert: true, position: undefined, now })
  const document: Doc = new Map([['_id', made.get('_id') ?? newObjectId()]])
  for (const [name, value] of made) if (name !== '_id') document.set(name, value)
  return document
}

/** A replacement takes only the `_id` of the query. */
function onlyId(query: Doc): Doc {
  const kept: Doc = new Map()
  for (const [name, value] of query) if (name === '_id' || name === '$and') kept.set(name, value)
  if (Array.isArray(kept.get('$and'))) kept.set('$and', (kept.get('$and') as Doc[]).map(onlyId))
  return kept
}

export function runDelete(
  catalog: Catalog,
  ns: string,
  plan: { filter: Filter; limit: number; hint?: Value | undefined; sort?: SortKey[] },
  checkDeadline: () => void,
): { count: number; last?: Doc } {
  const collection = catalog.get(ns)
  if (!collection) return { count: 0 }
  const limit = plan.limit === 0 ? Number.POSITIVE_INFINITY : plan.limit
  const found = [
    ...find(collection, {
      filter: plan.filter,
      sort: plan.sort ?? [],
      limit,
      hint: plan.hint,
      needed: undefined,
      checkDeadline,
    }),
  ]
  for (const { record, document } of found) collection.remove(record, document)
  const last = found.at(-1)?.document
  return last ? { count: found.length, last } : { count: found.length }
}

export function writeError(index: number, error: MongoError): Doc {
  const entry: Doc = new Map<string, Value>([
    ['index', index],
    ['code', error.code],
  ])
  for (const [name, value] of error.extra) entry.set(name, value as Value)
  entry.set('errmsg', error.message)
  return entry
}
