import { parseProjection } from '../agg/projection.ts'
import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { fail, MongoError, notImplemented } from '../errors.ts'
import { parseFilter } from '../query/parse.ts'
import { parseSort } from '../query/sort.ts'
import { checkNamespace } from '../store/catalog.ts'
import { asInteger } from '../value/numbers.ts'
import type { Command, Context } from './command.ts'
import { checkFields, docField, type FieldTable, flag, listOfDocs } from './fields.ts'
import { insertDocument, planUpdate, runDelete, runUpdate, writeError } from './write.ts'

const MAX_STATEMENTS = 100_000

export function nsOf(command: Doc, name: string, context: Context): string {
  const collection = command.get(name)
  if (typeof collection !== 'string') return fail(73, `Collection name must be a string`)
  const ns = `${context.db}.${collection}`
  checkNamespace(ns)
  return ns
}

function statements(command: Doc, field: string): Doc[] {
  const list = command.get(field) as Value[]
  if (list.length === 0 || list.length > MAX_STATEMENTS) {
    fail(16, `Write batch sizes must be between 1 and ${MAX_STATEMENTS}. Got ${list.length} operations.`)
  }
  return listOfDocs(list, field)
}

/** Runs statements in order. An ordered command stops at the first that fails; what went before it stays. */
function runStatements(count: number, ordered: boolean, run: (i: number) => void): Value[] {
  const errors: Value[] = []
  for (let i = 0; i < count; i++) {
    try {
      run(i)
    } catch (error) {
      if (!(error instanceof MongoError) || error.code === 50) throw error
      errors.push(writeError(i, error))
      if (ordered) break
    }
  }
  return errors
}

const isOrdered = (command: Doc) => !command.has('ordered') || flag(command, 'ordered')

const WRITE: FieldTable = {
  ordered: 'bool',
  bypassDocumentValidation: 'bool',
  let: 'object',
  stmtId: 'number',
  stmtIds: 'array',
  maxTimeMS: 'number',
}

export const insert: Command = {
  kind: 'write',
  retryable: true,
  fields: { ...WRITE, insert: 'string!', documents: 'array!' },
  prepare(command, context) {
    const ns = nsOf(command, 'insert', context)
    const documents = statements(command, 'documents')
    const ordered = isOrdered(command)
    return () => {
      const collection = context.catalog.getOrCreate(ns)
      let n = 0
      const errors = runStatements(documents.length, ordered, (i) => {
        context.checkDeadline()
        insertDocument(collection, documents[i]!, context.now)
        n++
      })
      const reply: Doc = new Map([['n', n]])
      if (errors.length > 0) reply.set('writeErrors', errors)
      return reply
    }
  },
}

const UPDATE_STATEMENT: FieldTable = {
  q: 'object!',
  u: 'any!',
  c: 'object',
  multi: 'bool',
  upsert: 'bool',
  arrayFilters: 'array',
  hint: 'hint',
  collation: 'object',
}

export const update: Command = {
  kind: 'write',
  retryable: true,
  fields: { ...WRITE, update: 'string!', updates: 'array!' },
  prepare(command, context) {
    const ns = nsOf(command, 'update', context)
    refuseLet(command)
    const list = statements(command, 'updates')
    const ordered = isOrdered(command)
    // A statement that cannot be parsed fails in its turn: the ones before it are carried out.
    const plans = list.map((statement) => {
      checkFields(statement, UPDATE_STATEMENT, 'update.updates', true)
      refuseCollation(statement)
      return attempt(() =>
        planUpdate({
          query: statement.get('q')!,
          update: statement.get('u')!,
          multi: flag(statement, 'multi'),
          upsert: flag(statement, 'upsert'),
          arrayFilters: statement.get('arrayFilters') as Value[] | undefined,
          constants: statement.get('c') as Doc | undefined,
          hint: statement.get('hint'),
        }),
      )
    })
    return () => {
      let matched = 0
      let modified = 0
      const upserted: Value[] = []
      const errors = runStatements(plans.length, ordered, (i) => {
        const result = runUpdate(context.catalog, ns, plans[i]!(), context.now, context.checkDeadline)
        matched += result.matched
        modified += result.modified
        if (result.upserted)
          upserted.push(
            new Map<string, Value>([
              ['index', i],
              ['_id', result.upserted.id],
            ]),
          )
      })
      const reply: Doc = new Map<string, Value>([
        ['n', matched + upserted.length],
        ['nModified', modified],
      ])
      if (upserted.length > 0) reply.set('upserted', upserted)
      if (errors.length > 0) reply.set('writeErrors', errors)
      return reply
    }
  },
}

/** Parses now, and fails when the result is asked for. */
function attempt<T>(parse: () => T): () => T {
  try {
    const result = parse()
    return () => result
  } catch (error) {
    return () => {
      throw error
    }
  }
}

export function refuseCollation(command: Doc): void {
  const collation = command.get('collation')
  if (!isDoc(collation) || collation.size === 0) return
  const simple = collation.size === 1 && collation.get('locale') === 'simple'
  if (!simple) notImplemented('collation')
}

function refuseLet(command: Doc): void {
  if (docField(command, 'let').size > 0) notImplemented("'let' in a write")
}

const DELETE_STATEMENT: FieldTable = { q: 'object!', limit: 'number!', hint: 'hint', collation: 'object' }

export const deleteCommand: Command = {
  kind: 'write',
  retryable: true,
  fields: { ...WRITE, delete: 'string!', deletes: 'array!' },
  prepare(command, context) {
    const ns = nsOf(command, 'delete', context)
    refuseLet(command)
    const ordered = isOrdered(command)
    const plans = statements(command, 'deletes').map((statement) => {
      checkFields(statement, DELETE_STATEMENT, 'delete.deletes', true)
      refuseCollation(statement)
      const limit = asInteger(statement.get('limit'))
      if (limit !== 0 && limit !== 1) return fail(9, `The limit field in delete objects must be 0 or 1. Got ${limit}`)
      return attempt(() => ({ filter: parseFilter(statement.get('q') as Doc), limit, hint: statement.get('hint') }))
    })
    return () => {
      let n = 0
      const errors = runStatements(plans.length, ordered, (i) => {
        n += runDelete(context.catalog, ns, plans[i]!(), context.checkDeadline).count
      })
      const reply: Doc = new Map([['n', n]])
      if (errors.length > 0) reply.set('writeErrors', errors)
      return reply
    }
  },
}

export const findAndModify: Command = {
  kind: 'write',
  retryable: true,
  fields: {
    findAndModify: 'string',
    findandmodify: 'string',
    query: 'object',
    sort: 'object',
    remove: 'bool',
    update: 'any',
    new: 'bool',
    fields: 'object',
    upsert: 'bool',
    arrayFilters: 'array',
    bypassDocumentValidation: 'bool',
    collation: 'object',
    hint: 'hint',
    let: 'object',
    stmtId: 'number',
  },
  prepare(command, context) {
    const ns = nsOf(command, command.has('findandmodify') ? 'findandmodify' : 'findAndModify', context)
    refuseCollation(command)
    refuseLet(command)
    const remove = flag(command, 'remove')
    const wantsNew = flag(command, 'new')
    const upsert = flag(command, 'upsert')
    const query = docField(command, 'query')
    const sort = parseSort(docField(command, 'sort'), 2)
    const filter = parseFilter(query)
    const fields = docField(command, 'fields')
    const projection = fields.size > 0 ? parseProjection(fields, { isFind: true, find: filter }) : undefined
    const project = (document: Doc | undefined): Value => (document ? (projection?.apply(document) ?? document) : null)
    const hint = command.get('hint')
    if (remove) {
      if (command.has('update')) fail(9, "Cannot specify both an 'update' and 'remove'=true")
      if (upsert) fail(9, "Cannot specify both 'upsert'=true and 'remove'=true")
      if (wantsNew)
        fail(9, "Cannot specify both 'new'=true and 'remove'=true; 'remove' always returns the deleted document")
      return () => {
        const { count, last } = runDelete(context.catalog, ns, { filter, limit: 1, sort, hint }, context.checkDeadline)
        return new Map<string, Value>([
          ['lastErrorObject', new Map([['n', count]])],
          ['value', project(last)],
        ])
      }
    }
    const change = command.get('update')
    if (change === undefined) return fail(9, 'Either an update or remove=true must be specified')
    const arrayFilters = command.get('arrayFilters') as Value[] | undefined
    const plan = planUpdate({ query, update: change, upsert, arrayFilters, sort, hint })
    return () => {
      const result = runUpdate(context.catalog, ns, plan, context.now, context.checkDeadline)
      const lastErrorObject: Doc = new Map<string, Value>([
        ['n', result.matched > 0 || result.upserted ? 1 : 0],
        ['updatedExisting', result.matched > 0],
      ])
      if (result.upserted) lastErrorObject.set('upserted', result.upserted.id)
      return new Map<string, Value>([
        ['lastErrorObject', lastErrorObject],
        ['value', project(wantsNew ? result.after : result.before)],
      ])
    }
  },
}
