import { encode } from '../bson/encode.ts'
import { Binary, type Doc, isDoc, isNumeric, Raw, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import { matches } from '../query/filter.ts'
import { parseFilter } from '../query/parse.ts'
import { checkNamespace } from '../store/catalog.ts'
import type { Collection } from '../store/collection.ts'
import { Index } from '../store/index.ts'
import { equal } from '../value/compare.ts'
import { asInteger } from '../value/numbers.ts'
import { show } from '../value/show.ts'
import type { Command, Context } from './command.ts'
import { nsOf, refuseCollation } from './crud.ts'
import { countField, docField, flag, listOfDocs } from './fields.ts'
import { parseIndexSpec, reconcile } from './index-spec.ts'

function existing(ns: string, context: Context): Collection {
  return context.catalog.get(ns) ?? fail(26, `ns does not exist: ${ns}`)
}

const CREATE_REFUSED = [
  'capped',
  'size',
  'max',
  'timeseries',
  'clusteredIndex',
  'viewOn',
  'pipeline',
  'validator',
  'validationLevel',
  'validationAction',
  'changeStreamPreAndPostImages',
  'encryptedFields',
  'expireAfterSeconds',
  'storageEngine',
  'indexOptionDefaults',
]

export const create: Command = {
  kind: 'write',
  fields: {
    create: 'string!',
    collation: 'object',
    autoIndexId: 'bool',
    idIndex: 'object',
    ...Object.fromEntries(CREATE_REFUSED.map((name) => [name, 'any' as const])),
  },
  prepare(command, context) {
    const ns = nsOf(command, 'create', context)
    refuseCollation(command)
    if (command.has('autoIndexId') && !flag(command, 'autoIndexId')) fail(72, "the '_id' index is always made")
    for (const name of CREATE_REFUSED) {
      const value = command.get(name)
      if (value !== undefined && value !== false && !(isDoc(value) && value.size === 0))
        notImplemented(`collection option ${name}`)
    }
    return () => {
      // MongoDB answers ok when the collection exists with the same options, and no option is kept here.
      context.catalog.getOrCreate(ns)
      return new Map()
    }
  },
}

export const drop: Command = {
  kind: 'write',
  fields: { drop: 'string!' },
  prepare(command, context) {
    const ns = nsOf(command, 'drop', context)
    return () => {
      const collection = context.catalog.get(ns)
      if (!collection) return new Map()
      const nIndexesWas = collection.indexes.length
      context.catalog.drop(ns)
      return new Map<string, Value>([
        ['nIndexesWas', nIndexesWas],
        ['ns', ns],
      ])
    }
  },
}

export const dropDatabase: Command = {
  kind: 'write',
  fields: { dropDatabase: 'number!' },
  prepare: (_command, context) => () => {
    const collections = context.catalog.in(context.db)
    for (const collection of collections) context.catalog.drop(collection.ns)
    return collections.length > 0 ? new Map([['dropped', context.db]]) : new Map()
  },
}

export const renameCollection: Command = {
  kind: 'write',
  fields: { renameCollection: 'string!', to: 'string!', dropTarget: 'bool' },
  prepare(command, context) {
    if (context.db !== 'admin') fail(13, 'renameCollection may only be run against the admin database.')
    const from = command.get('renameCollection') as string
    const to = command.get('to') as string
    checkNamespace(from)
    checkNamespace(to)
    return () => {
      if (!context.catalog.get(from)) fail(26, `Source collection ${from} does not exist`)
      if (from === to) fail(20, "Can't rename a collection to itself")
      if (context.catalog.get(to)) {
        if (!flag(command, 'dropTarget')) fail(48, 'target namespace exists')
        context.catalog.drop(to)
      }
      context.catalog.rename(from, to)
      return new Map()
    }
  },
}

export const createIndexes: Command = {
  kind: 'write',
  fields: { createIndexes: 'string!', indexes: 'array!', commitQuorum: 'any', ignoreUnknownIndexOptions: 'bool' },
  prepare(command, context) {
    const ns = nsOf(command, 'createIndexes', context)
    if (flag(command, 'ignoreUnknownIndexOptions')) notImplemented('ignoreUnknownIndexOptions')
    const specs = listOfDocs(command.get('indexes'), 'createIndexes.indexes').map(parseIndexSpec)
    if (specs.length === 0) fail(2, 'Must specify at least one index to create')
    return () => {
      const created = context.catalog.get(ns) === undefined
      const collection = context.catalog.getOrCreate(ns)
      const before = collection.indexes.length
      for (const spec of specs) {
        if (!reconcile(collection, spec)) continue
        if (collection.indexes.length >= 64)
          fail(67, `add index fails, too many indexes for ${ns} key:${show(spec.get('key'))}`)
        const index = new Index(context.catalog.store, context.catalog.store.nextId(), spec)
        collection.build(index)
        collection.indexes.push(index)
      }
      collection.save()
      const reply: Doc = new Map<string, Value>([
        ['numIndexesBefore', before],
        ['numIndexesAfter', collection.indexes.length],
      ])
      if (created) reply.set('createdCollectionAutomatically', true)
      if (collection.indexes.length === before) reply.set('note', 'all indexes already exist')
      return reply
    }
  },
}

export const dropIndexes: Command = {
  kind: 'write',
  fields: { dropIndexes: 'string!', index: 'any!' },
  prepare(command, context) {
    const ns = nsOf(command, 'dropIndexes', context)
    const target = command.get('index')!
    return () => {
      const collection = existing(ns, context)
      const nIndexesWas = collection.indexes.length
      const doomed =
        target === '*' ? collection.indexes.filter((index) => index.name !== '_id_') : indexesFor(collection, target)
      for (const index of doomed) index.drop()
      collection.indexes = collection.indexes.filter((index) => !doomed.includes(index))
      collection.save()
      return new Map([['nIndexesWas', nIndexesWas]])
    }
  },
}

function indexesFor(collection: Collection, target: Value): Index[] {
  const names = Array.isArray(target) ? target : [target]
  return names.map((name) => {
    const index = collection.indexes.find((candidate) =>
      isDoc(name) ? equal(candidate.spec.get('key'), name) : candidate.name === name,
    )
    if (!index)
      return fail(
        27,
        isDoc(name)
          ? `can't find index with key: ${show(name)}`
          : `index not found with name [${show(name).replaceAll('"', '')}]`,
      )
    if (index.name === '_id_') fail(72, 'cannot drop _id index')
    return index
  })
}

export const listIndexes: Command = {
  kind: 'read',
  fields: { listIndexes: 'string!', cursor: 'object' },
  prepare(command, context) {
    const ns = nsOf(command, 'listIndexes', context)
    const batchSize = countField(docField(command, 'cursor'), 'batchSize', 'cursor') ?? Number.POSITIVE_INFINITY
    return () => {
      const collection = existing(ns, context)
      const list = collection.indexes.map((index) => new Raw(encode(index.spec)))
      return context.cursors.start(
        { ns, session: context.session, isAlive: () => true },
        list,
        batchSize,
        false,
        context.deadline,
      )
    }
  },
}

export const listCollections: Command = {
  kind: 'read',
  fields: {
    listCollections: 'number!',
    filter: 'object',
    nameOnly: 'bool',
    authorizedCollections: 'bool',
    cursor: 'object',
  },
  prepare(command, context) {
    const filter = parseFilter(docField(command, 'filter'))
    const batchSize = countField(docField(command, 'cursor'), 'batchSize', 'cursor') ?? Number.POSITIVE_INFINITY
    return () => {
      const list = context.catalog
        .in(context.db)
        .map((collection) => describe(collection, flag(command, 'nameOnly')))
        .filter((entry) => matches(filter, entry))
        .map((entry) => new Raw(encode(entry)))
      const owner = { ns: `${context.db}.$cmd.listCollections`, session: context.session, isAlive: () => true }
      return context.cursors.start(owner, list, batchSize, false, context.deadline)
    }
  },
}

function describe(collection: Collection, nameOnly: boolean): Doc {
  const entry: Doc = new Map<string, Value>([
    ['name', collection.name],
    ['type', 'collection'],
  ])
  if (nameOnly) return entry
  return entry
    .set('options', new Map())
    .set(
      'info',
      new Map<string, Value>([
        ['readOnly', false],
        ['uuid', new Binary(Buffer.from(collection.uuid, 'hex'), 4)],
      ]),
    )
    .set('idIndex', collection.indexes[0]!.spec)
}

export const listDatabases: Command = {
  kind: 'read',
  fields: { listDatabases: 'number!', filter: 'object', nameOnly: 'bool', authorizedDatabases: 'bool' },
  prepare(command, context) {
    const filter = parseFilter(docField(command, 'filter'))
    return () => {
      const databases = context.catalog
        .databases()
        .map((name): Doc => {
          if (flag(command, 'nameOnly')) return new Map([['name', name]])
          const size = context.catalog.in(name).reduce((total, collection) => total + collection.byteSize(), 0)
          return new Map<string, Value>([
            ['name', name],
            ['sizeOnDisk', BigInt(size)],
            ['empty', size === 0],
          ])
        })
        .filter((entry) => matches(filter, entry))
      const total = databases.reduce((sum, entry) => sum + ((entry.get('sizeOnDisk') as bigint | undefined) ?? 0n), 0n)
      return new Map<string, Value>([
        ['databases', databases],
        ['totalSize', total],
        ['totalSizeMb', total >> 20n],
      ])
    }
  },
}

export const collMod: Command = {
  kind: 'write',
  fields: {
    collMod: 'string!',
    index: 'object',
    validator: 'any',
    validationLevel: 'any',
    validationAction: 'any',
    viewOn: 'any',
    pipeline: 'any',
  },
  prepare(command, context) {
    const ns = nsOf(command, 'collMod', context)
    for (const name of ['validator', 'validationLevel', 'validationAction', 'viewOn', 'pipeline'])
      if (command.has(name)) notImplemented(`collMod ${name}`)
    const change = docField(command, 'index')
    const { hidden, expireAfterSeconds } = {
      hidden: change.get('hidden'),
      expireAfterSeconds: change.get('expireAfterSeconds'),
    }
    if (hidden !== undefined && typeof hidden !== 'boolean')
      fail(14, "BSON field 'collMod.index.hidden' is the wrong type, expected type 'bool'")
    if (
      expireAfterSeconds !== undefined &&
      (!isNumeric(expireAfterSeconds) || (asInteger(expireAfterSeconds) ?? -1) < 0)
    )
      fail(72, 'TTL index expireAfterSeconds must be a number within the range of 0 to 2147483647')
    return () => {
      const collection = existing(ns, context)
      const reply: Doc = new Map()
      if (change.size === 0) return reply
      const target =
        change.get('name') ??
        change.get('keyPattern') ??
        fail(72, 'index option must be specified with either a name or a key pattern')
      const [index] =
        isDoc(target) || target !== '_id_' ? indexesFor(collection, target) : fail(72, 'cannot hide _id index')
      const spec = new Map(index!.spec)
      for (const [name, value] of [
        ['hidden', hidden],
        ['expireAfterSeconds', expireAfterSeconds],
      ] as const) {
        if (value === undefined) continue
        reply.set(`${name}_old`, spec.get(name) ?? (name === 'hidden' ? false : 0)).set(`${name}_new`, value)
        if (value === false) spec.delete(name)
        else spec.set(name, value)
      }
      index!.spec = spec
      collection.save()
      return reply
    }
  },
}
