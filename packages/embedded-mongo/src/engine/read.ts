import { type Pipeline, parsePipeline, type Reader, runPipeline, type SourceQuery } from '../agg/pipeline.ts'
import { parseProjection } from '../agg/projection.ts'
import { OWN_COLLECTION } from '../agg/stages-source.ts'
import { type Doc, isDoc, isNumeric, Raw, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import { parseFilter } from '../query/parse.ts'
import { parseSort } from '../query/sort.ts'
import type { Collection } from '../store/collection.ts'
import { type Counters, describePlan, type Found, find as findRecords, NO_FIELDS } from '../store/find.ts'
import { makePlan } from '../store/plan.ts'
import { hashKey } from '../value/keystring.ts'
import { asInteger } from '../value/numbers.ts'
import { someOnPath } from '../value/path.ts'
import type { Command, Context } from './command.ts'
import { nsOf, refuseCollation } from './crud.ts'
import { asRaw, type CursorOwner, DEFAULT_FIRST_BATCH } from './cursors.ts'
import { checkFields, countField, docField, type FieldTable, flag } from './fields.ts'
import { collectionStats } from './stats.ts'

const FIND_FIELDS: FieldTable = {
  find: 'string!',
  filter: 'object',
  sort: 'object',
  projection: 'object',
  hint: 'hint',
  skip: 'number',
  limit: 'number',
  batchSize: 'number',
  singleBatch: 'bool',
  min: 'object',
  max: 'object',
  returnKey: 'bool',
  showRecordId: 'bool',
  tailable: 'bool',
  awaitData: 'bool',
  oplogReplay: 'bool',
  noCursorTimeout: 'bool',
  allowPartialResults: 'bool',
  allowDiskUse: 'bool',
  collation: 'object',
  let: 'object',
}

interface Query {
  filterDoc: Doc
  run(counters?: Counters): Iterable<Raw>
  explain(): Doc
}

function prepareFind(command: Doc, ns: string, context: Context): Query {
  refuseCollation(command)
  for (const name of ['min', 'max', 'returnKey', 'showRecordId'])
    if (command.has(name) && command.get(name) !== false) notImplemented(`find option ${name}`)
  if (flag(command, 'tailable')) fail(2, 'error processing query: tailable cursor requested on non capped collection')
  if (flag(command, 'awaitData')) fail(9, 'Cannot set awaitData without tailable')
  const filterDoc = docField(command, 'filter')
  const filter = parseFilter(filterDoc, letVariables(command))
  const sort = parseSort(docField(command, 'sort'), 2)
  const skip = countField(command, 'skip', 'find') ?? 0
  const limit = countField(command, 'limit', 'find') || Number.POSITIVE_INFINITY
  const spec = docField(command, 'projection')
  const projection = spec.size > 0 ? parseProjection(spec, { isFind: true, find: filter }) : undefined
  const needed = projection ? projection.needed : NO_FIELDS
  const hint = command.get('hint')
  return {
    filterDoc,
    *run(counters) {
      const collection = context.catalog.get(ns)
      if (!collection) return
      const found = findRecords(
        collection,
        { filter, sort, skip, limit, hint, needed, keepBytes: !projection, checkDeadline: context.checkDeadline },
        counters,
      )
      if (projection) yield* asRaw(projected(found, projection.apply))
      else for (const { bytes } of found) yield new Raw(bytes)
    },
    explain() {
      const collection = context.catalog.get(ns)
      if (!collection) return new Map<string, Value>([['stage', 'EOF']])
      return describePlan(makePlan(collection, filter, sort, hint), sort, filterDoc)
    },
  }
}

function* projected(found: Iterable<Found>, apply: (document: Doc) => Doc): Iterable<Doc> {
  for (const { document } of found) yield apply(document)
}

/** Constants that `let` gives to the expressions of a command. */
function letVariables(command: Doc) {
  const constants = docField(command, 'let')
  for (const value of constants.values()) {
    if ((typeof value === 'string' && value.startsWith('$')) || isDoc(value)) notImplemented("an expression in 'let'")
  }
  return { names: new Set(constants.keys()), values: new Map(constants) }
}

function owner(ns: string, context: Context): CursorOwner {
  const uuid = context.catalog.get(ns)?.uuid
  return { ns, session: context.session, isAlive: () => context.catalog.get(ns)?.uuid === uuid }
}

export const find: Command = {
  kind: 'read',
  fields: FIND_FIELDS,
  prepare(command, context) {
    const ns = nsOf(command, 'find', context)
    const query = prepareFind(command, ns, context)
    const batchSize = countField(command, 'batchSize', 'find') ?? DEFAULT_FIRST_BATCH
    return () =>
      context.cursors.start(owner(ns, context), query.run(), batchSize, flag(command, 'singleBatch'), context.deadline)
  },
}

export const getMore: Command = {
  kind: 'read',
  fields: {
    getMore: 'number!',
    collection: 'string!',
    batchSize: 'number',
    term: 'number',
    lastKnownCommittedOpTime: 'any',
  },
  prepare(command, context) {
    const id = command.get('getMore')
    if (typeof id !== 'bigint') return fail(14, "BSON field 'getMore.getMore' is the wrong type, expected type 'long'")
    const batchSize = countField(command, 'batchSize', 'getMore') || Number.POSITIVE_INFINITY
    const ns = `${context.db}.${command.get('collection')}`
    return () => context.cursors.more(id, ns, context.session, batchSize, context.deadline.at)
  },
}

export const killCursors: Command = {
  kind: 'read',
  fields: { killCursors: 'string!', cursors: 'array!' },
  prepare(command, context) {
    const ids = command.get('cursors') as Value[]
    return () => {
      const killed = ids.filter((id) => typeof id === 'bigint' && context.cursors.kill(id))
      const others = ids.filter((id) => !killed.includes(id))
      return new Map<string, Value>([
        ['cursorsKilled', killed],
        ['cursorsNotFound', others],
        ['cursorsAlive', []],
        ['cursorsUnknown', []],
      ])
    }
  },
}

export const count: Command = {
  kind: 'read',
  fields: {
    count: 'string!',
    query: 'object',
    limit: 'number',
    skip: 'number',
    hint: 'hint',
    collation: 'object',
    fields: 'object',
  },
  prepare(command, context) {
    const ns = nsOf(command, 'count', context)
    refuseCollation(command)
    const filterDoc = docField(command, 'query')
    const filter = parseFilter(filterDoc)
    const skip = countField(command, 'skip', 'count') ?? 0
    // A negative limit means the same as a positive one.
    const limit = Math.abs(asInteger(command.get('limit')) ?? 0) || Number.POSITIVE_INFINITY
    const hint = command.get('hint')
    return () => {
      const collection = context.catalog.get(ns)
      if (!collection) return new Map([['n', 0]])
      if (filterDoc.size === 0 && hint === undefined)
        return new Map([['n', Math.min(limit, Math.max(0, collection.count - skip))]])
      let n = 0
      for (const _ of findRecords(collection, {
        filter,
        skip,
        limit,
        hint,
        needed: NO_FIELDS,
        checkDeadline: context.checkDeadline,
      }))
        n++
      return new Map([['n', n]])
    }
  },
}

export const distinct: Command = {
  kind: 'read',
  fields: { distinct: 'string!', key: 'string!', query: 'object', collation: 'object', hint: 'hint' },
  prepare(command, context) {
    const ns = nsOf(command, 'distinct', context)
    refuseCollation(command)
    const path = (command.get('key') as string).split('.')
    const filter = parseFilter(docField(command, 'query'))
    return () => {
      const collection = context.catalog.get(ns)
      const values = new Map<string, Value>()
      const add = (value: Value | undefined) => {
        if (value !== undefined) values.set(hashKey(value), value)
      }
      if (collection) {
        const needed = new Map([[path[0]!, true as const]])
        for (const { document } of findRecords(collection, {
          filter,
          needed,
          hint: command.get('hint'),
          checkDeadline: context.checkDeadline,
        })) {
          someOnPath(document, path, 0, (value) => {
            if (Array.isArray(value)) value.forEach(add)
            else add(value)
            return false
          })
        }
      }
      return new Map<string, Value>([['values', [...values.values()]]])
    }
  },
}

/** Lets pipelines read the collections of the command's database. */
function readerFor(ns: string, context: Context, hint?: Value): Reader {
  const resolve = (collection: string) =>
    context.catalog.get(collection === OWN_COLLECTION ? ns : `${context.db}.${collection}`)
  return {
    checkDeadline: context.checkDeadline,
    indexes: (collection) => resolve(collection)?.indexes.map((index) => index.spec) ?? [],
    stats: (collection) => collectionStats(resolve(collection), ns),
    read(name, query) {
      const collection = resolve(name)
      return collection ? readCollection(collection, query, context, name === OWN_COLLECTION ? hint : undefined) : []
    },
  }
}

function* readCollection(collection: Collection, query: SourceQuery, context: Context, hint?: Value): Iterable<Doc> {
  const filter = parseFilter(query.filter ?? new Map(), query.variables)
  const { sort = [], skip = 0, limit = Number.POSITIVE_INFINITY, needed } = query
  for (const { document } of findRecords(collection, {
    filter,
    sort,
    skip,
    limit,
    needed,
    hint,
    checkDeadline: context.checkDeadline,
  })) {
    yield document
  }
}

const AGGREGATE_FIELDS: FieldTable = {
  aggregate: 'any!',
  pipeline: 'array!',
  cursor: 'object',
  allowDiskUse: 'bool',
  bypassDocumentValidation: 'bool',
  collation: 'object',
  hint: 'hint',
  let: 'object',
  explain: 'bool',
}

function prepareAggregate(command: Doc, context: Context): { ns: string; pipeline: Pipeline; run(): Iterable<Doc> } {
  refuseCollation(command)
  const whole = isNumeric(command.get('aggregate'))
  const ns = whole ? `${context.db}.$cmd.aggregate` : nsOf(command, 'aggregate', context)
  const pipeline = parsePipeline(command.get('pipeline') as Value[], letVariables(command))
  if (whole && !pipeline.stages[0]?.source)
    fail(73, '{aggregate: 1} is not valid for this pipeline; a collection is required')
  const hint = command.get('hint')
  return { ns, pipeline, run: () => runPipeline(pipeline, OWN_COLLECTION, readerFor(ns, context, hint)) }
}

export const aggregate: Command = {
  kind: 'read',
  fields: AGGREGATE_FIELDS,
  prepare(command, context) {
    const { ns, run } = prepareAggregate(command, context)
    if (flag(command, 'explain')) return () => explainReply(ns, explainAggregate(command, ns, context))
    const cursor = command.get('cursor')
    if (!isDoc(cursor))
      return fail(9, "The 'cursor' option is required, except for aggregate with the explain argument")
    checkFields(cursor, { batchSize: 'number' }, 'cursor', true)
    const batchSize = countField(cursor, 'batchSize', 'cursor') ?? DEFAULT_FIRST_BATCH
    return () => context.cursors.start(owner(ns, context), asRaw(run()), batchSize, false, context.deadline)
  },
}

function explainAggregate(command: Doc, ns: string, context: Context): Doc {
  const [first, second] = command.get('pipeline') as Doc[]
  const stage = (entry: Doc | undefined, name: string) => entry?.get(name)
  const filter = stage(first, '$match')
  const sort = stage(first, '$sort') ?? (filter ? stage(second, '$sort') : undefined)
  const query: Doc = new Map([['find', ns.slice(ns.indexOf('.') + 1)]])
  if (filter) query.set('filter', filter)
  if (sort) query.set('sort', sort)
  return prepareFind(query, ns, context).explain()
}

function explainReply(ns: string, winningPlan: Doc, execution?: Doc, filter?: Doc): Doc {
  const planner: Doc = new Map<string, Value>([['namespace', ns]])
  if (filter) planner.set('parsedQuery', filter)
  planner.set('winningPlan', winningPlan).set('rejectedPlans', [])
  const reply: Doc = new Map<string, Value>([
    ['explainVersion', '1'],
    ['queryPlanner', planner],
  ])
  if (execution) reply.set('executionStats', execution)
  return reply
}

export const explain: Command = {
  kind: 'read',
  fields: { explain: 'object!', verbosity: 'string' },
  prepare(command, context) {
    const inner = docField(command, 'explain')
    const verbosity = command.get('verbosity') ?? 'allPlansExecution'
    if (!['queryPlanner', 'executionStats', 'allPlansExecution'].includes(verbosity as string))
      fail(2, `explain verbosity must be one of {'queryPlanner', 'executionStats', 'allPlansExecution'}`)
    const name = inner.keys().next().value
    if (name === 'aggregate') {
      checkFields(inner, AGGREGATE_FIELDS, 'aggregate')
      const { ns } = prepareAggregate(inner, context)
      return () => explainReply(ns, explainAggregate(inner, ns, context))
    }
    const asFind = explainable(inner, name)
    const ns = nsOf(asFind, 'find', context)
    const query = prepareFind(asFind, ns, context)
    return () => {
      if (verbosity === 'queryPlanner') return explainReply(ns, query.explain(), undefined, query.filterDoc)
      const counters: Counters = { keysExamined: 0, docsExamined: 0 }
      const started = Date.now()
      let returned = 0
      for (const _ of query.run(counters)) returned++
      const stats: Doc = new Map<string, Value>([
        ['executionSuccess', true],
        ['nReturned', returned],
        ['executionTimeMillis', Date.now() - started],
        ['totalKeysExamined', counters.keysExamined],
        ['totalDocsExamined', counters.docsExamined],
      ])
      return explainReply(ns, query.explain(), stats, query.filterDoc)
    }
  },
}

/** The read that a command's plan depends on. */
function explainable(inner: Doc, name: string | undefined): Doc {
  const statement = (list: string) => (inner.get(list) as Doc[] | undefined)?.[0]
  const as = (filter: Value | undefined) =>
    new Map<string, Value>([
      ['find', inner.get(name!)!],
      ['filter', filter ?? new Map()],
    ])
  switch (name) {
    case 'find':
      checkFields(inner, FIND_FIELDS, 'find')
      return inner
    case 'count':
    case 'distinct':
    case 'findAndModify':
      return as(inner.get('query'))
    case 'update':
      return as(statement('updates')?.get('q'))
    case 'delete':
      return as(statement('deletes')?.get('q'))
  }
  return fail(59, `Explain failed due to unknown command: ${name}`)
}
