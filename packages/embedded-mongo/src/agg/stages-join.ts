import type { Needed } from '../bson/decode.ts'
import { type Doc, isDoc, typeName, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { addNeeded, mergeNeeded } from '../query/filter.ts'
import { write } from '../update/apply.ts'
import { hashKey } from '../value/keystring.ts'
import { clone, someOnPath, valueOnPath } from '../value/path.ts'
import { MAX_BLOCKING_BYTES, roughSize } from '../value/size.ts'
import { checkVariableName, type Expression, parseExpression, parseFieldPath, type Variables } from './expression.ts'
import { neededFields, parsePipeline, type Reader, runPipeline, runStages, type Stage } from './pipeline.ts'

/** Stages that bring several streams together: `$lookup $unionWith $facet`. */
export function parseJoinStage(name: string, spec: Value, variables: Variables): Stage | undefined {
  switch (name) {
    case '$lookup':
      return parseLookup(spec, variables)
    case '$unionWith':
      return parseUnionWith(spec, variables)
    case '$facet':
      return parseFacet(spec, variables)
  }
  return undefined
}

const LOOKUP_FIELDS = new Set(['from', 'as', 'localField', 'foreignField', 'let', 'pipeline'])

function parseLookup(spec: Value, variables: Variables): Stage {
  if (!isDoc(spec)) return fail(9, `the $lookup stage specification must be an object, but found ${typeName(spec)}`)
  for (const key of spec.keys()) if (!LOOKUP_FIELDS.has(key)) fail(9, `unknown argument to $lookup: ${key}`)
  const text = (key: string) => {
    const value = spec.get(key)
    if (value !== undefined && typeof value !== 'string')
      fail(9, `$lookup argument '${key}: ${typeName(value)}' must be a string`)
    return value as string | undefined
  }
  const [from, as, local, foreign] = ['from', 'as', 'localField', 'foreignField'].map(text)
  if (as === undefined) return fail(9, "must specify 'as' field for a $lookup")
  if (from === undefined) return fail(9, "must specify 'from' field for a $lookup")
  if ((local === undefined) !== (foreign === undefined))
    return fail(9, "$lookup requires both or neither of 'localField' and 'foreignField' to be specified")
  const list = spec.get('pipeline')
  if (list === undefined && local === undefined)
    return fail(9, "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified")
  if (list !== undefined && !Array.isArray(list)) return fail(14, "'pipeline' option must be specified as an array")
  if (list === undefined && spec.has('let')) return fail(9, "$lookup with 'let' needs a 'pipeline'")

  const reads: Needed = new Map()
  const definitions = parseLet(spec.get('let'), reads, variables)
  const values = new Map<string, Value | undefined>()
  const inner: Variables = { names: new Set([...variables.names, ...definitions.map(([name]) => name)]), values }
  const pipeline = parsePipeline(list ?? [], inner, '$lookup')
  const target = parseFieldPath(as)
  const localPath = local === undefined ? undefined : parseFieldPath(local)
  const foreignPath = foreign === undefined ? undefined : parseFieldPath(foreign)
  if (localPath) addNeeded(reads, localPath)
  addNeeded(reads, target.slice(0, 1))

  return {
    name: '$lookup',
    reads: reads.has('') ? undefined : reads,
    closes: false,
    *run(input, reader) {
      const join = foreignPath ? new ForeignTable(from, foreignPath, pipeline.stages, reader) : undefined
      for (const document of input) {
        reader.checkDeadline()
        for (const [name, value] of variables.values) values.set(name, value)
        for (const [name, expression] of definitions)
          values.set(name, expression({ root: document, vars: variables.values }))
        const found = join
          ? runStages(pipeline.stages, join.matching(valueOnPath(document, localPath!)), reader)
          : runPipeline(pipeline, from, reader)
        const result = target.length === 1 ? new Map(document) : clone(document)
        write(result, target, bounded(found))
        yield result
      }
    },
  }
}

function bounded(documents: Iterable<Doc>): Doc[] {
  const result: Doc[] = []
  let held = 0
  for (const document of documents) {
    held += roughSize(document)
    if (held > MAX_BLOCKING_BYTES)
      fail(4568, 'Total size of documents in a $lookup or $facet result exceeds the maximum document size')
    result.push(document)
  }
  return result
}

function parseLet(spec: Value | undefined, needed: Needed, variables: Variables): [string, Expression][] {
  if (spec === undefined) return []
  if (!isDoc(spec))
    return fail(9, `$lookup argument 'let: ${typeName(spec)}' must be an object, is type ${typeName(spec)}`)
  return [...spec].map(([name, value]) => {
    checkVariableName(name)
    return [name, parseExpression(value, { needed, vars: variables.names })]
  })
}

/** The foreign side of an equality join, read once and hashed by what its path reaches. */
class ForeignTable {
  private table: Map<string, Doc[]> | undefined

  constructor(
    private readonly from: string,
    private readonly path: string[],
    private readonly stages: Stage[],
    private readonly reader: Reader,
  ) {}

  /** Foreign documents equal to the local value, or to one of its elements; a missing side counts as null. */
  matching(local: Value | undefined): Doc[] {
    const table = this.load()
    const wanted = Array.isArray(local) ? [...local, local] : [local ?? null]
    if (wanted.length === 1) return table.get(hashKey(wanted[0])) ?? []
    const found = new Set<Doc>()
    for (const value of wanted) for (const document of table.get(hashKey(value)) ?? []) found.add(document)
    return [...found]
  }

  private load(): Map<string, Doc[]> {
    if (this.table) return this.table
    const table = new Map<string, Doc[]>()
    const needed = neededFields(this.stages)
    if (needed) {
      const path: Needed = new Map()
      addNeeded(path, this.path)
      mergeNeeded(needed, path)
    }
    let held = 0
    for (const document of this.reader.read(this.from, { needed })) {
      held += roughSize(document)
      if (held > MAX_BLOCKING_BYTES) fail(292, 'Exceeded memory limit for $lookup')
      const keys = new Set<string>()
      someOnPath(document, this.path, 0, (value) => {
        keys.add(hashKey(value ?? null))
        if (Array.isArray(value)) for (const element of value) keys.add(hashKey(element))
        return false
      })
      for (const key of keys) {
        const known = table.get(key)
        if (known) known.push(document)
        else table.set(key, [document])
      }
    }
    this.table = table
    return table
  }
}

function parseUnionWith(spec: Value, variables: Variables): Stage {
  const named = typeof spec === 'string' ? new Map<string, Value>([['coll', spec]]) : spec
  if (!isDoc(named)) return fail(9, '$unionWith stage must be a string or an object')
  for (const key of named.keys())
    if (key !== 'coll' && key !== 'pipeline') fail(40415, `BSON field '$unionWith.${key}' is an unknown field.`)
  const coll = named.get('coll')
  if (typeof coll !== 'string') return fail(40414, "BSON field '$unionWith.coll' is missing but a required field")
  const list = named.get('pipeline') ?? []
  if (!Array.isArray(list)) return fail(14, "BSON field '$unionWith.pipeline' is the wrong type, expected type 'array'")
  const pipeline = parsePipeline(list, variables, '$lookup')
  return {
    name: '$unionWith',
    reads: undefined,
    closes: false,
    *run(input, reader) {
      yield* input
      yield* runPipeline(pipeline, coll, reader)
    },
  }
}

function parseFacet(spec: Value, variables: Variables): Stage {
  if (!isDoc(spec) || spec.size === 0) return fail(40169, 'the $facet specification must be a non-empty object')
  const facets = [...spec].map(([name, list]) => {
    if (!Array.isArray(list))
      return fail(40170, `arguments to $facet must be arrays, ${name} is type ${typeName(list)}`)
    if (name.startsWith('$')) fail(16410, "FieldPath field names may not start with '$'.")
    if (name.includes('.')) fail(40171, `$facet field names may not contain '.': ${name}`)
    return { name, pipeline: parsePipeline(list, variables, '$facet') }
  })
  let reads: Needed | undefined = new Map()
  for (const { pipeline } of facets) {
    const needed = neededFields(pipeline.stages)
    if (!needed) reads = undefined
    else if (reads) mergeNeeded(reads, needed)
  }
  return {
    name: '$facet',
    reads,
    closes: true,
    *run(input, reader) {
      const documents = bounded(input)
      const result: Doc = new Map()
      for (const { name, pipeline } of facets) result.set(name, bounded(runStages(pipeline.stages, documents, reader)))
      yield result
    },
  }
}
