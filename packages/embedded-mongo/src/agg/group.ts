import type { Needed } from '../bson/decode.ts'
import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { compare } from '../value/compare.ts'
import { hashKey } from '../value/keystring.ts'
import { show } from '../value/show.ts'
import { MAX_BLOCKING_BYTES } from '../value/size.ts'
import { type Accumulator, parseAccumulator } from './accumulators.ts'
import { type Env, type Expression, parseExpression, type Variables } from './expression.ts'
import type { Stage } from './pipeline.ts'

type Outputs = [field: string, create: () => Accumulator][]

/** Blocking stages that gather documents: `$group $sortByCount $bucket`. */
export function parseGroupStage(name: string, spec: Value, variables: Variables): Stage | undefined {
  switch (name) {
    case '$group':
      return parseGroup(spec, variables)
    case '$sortByCount':
      return parseSortByCount(spec, variables)
    case '$bucket':
      return parseBucket(spec, variables)
  }
  return undefined
}

function parseGroup(spec: Value, variables: Variables): Stage {
  if (!isDoc(spec)) return fail(15947, "a group's fields must be specified in an object")
  const idSpec = spec.get('_id')
  if (idSpec === undefined) return fail(15955, 'a group specification must include an _id')
  const needed: Needed = new Map()
  const scope = { needed, vars: variables.names }
  const id = parseExpression(idSpec, scope)
  const outputs: Outputs = []
  for (const [field, value] of spec) if (field !== '_id') outputs.push([field, parseAccumulator(field, value, scope)])
  return {
    name: '$group',
    reads: needed.has('') ? undefined : needed,
    closes: true,
    run: (input) => group(input, id, outputs, variables),
  }
}

interface Group {
  id: Value | undefined
  accumulators: Accumulator[]
}

/** Bytes counted for a group's own bookkeeping. */
const GROUP_BYTES = 200

function* group(input: Iterable<Doc>, id: Expression, outputs: Outputs, variables: Variables): Iterable<Doc> {
  const groups = new Map<string, Group>()
  let held = 0
  const env: Env = { root: new Map(), vars: variables.values }
  for (const document of input) {
    env.root = document
    const value = id(env)
    const key = hashKey(value)
    let known = groups.get(key)
    if (!known) {
      known = { id: value, accumulators: outputs.map(([, create]) => create()) }
      groups.set(key, known)
      held += GROUP_BYTES + key.length * 2
    }
    for (const accumulator of known.accumulators) held += accumulator.add(env)
    if (held > MAX_BLOCKING_BYTES) fail(292, `Exceeded memory limit for $group, but didn't allow external sort.`)
  }
  for (const { id: value, accumulators } of groups.values()) {
    const result: Doc = new Map([['_id', value ?? null]])
    accumulators.forEach((accumulator, i) => {
      const output = accumulator.result()
      if (output !== undefined) result.set(outputs[i]![0], output)
    })
    yield result
  }
}

function parseSortByCount(spec: Value, variables: Variables): Stage {
  const isExpression = isDoc(spec)
    ? spec.keys().next().value?.startsWith('$')
    : typeof spec === 'string' && spec.startsWith('$')
  if (!isExpression)
    fail(
      isDoc(spec) ? 40147 : 40148,
      `the sortByCount field must be defined as a $-prefixed path or an expression inside an object`,
    )
  const grouped = parseGroup(
    new Map<string, Value>([
      ['_id', spec],
      ['count', new Map([['$sum', 1]])],
    ]),
    variables,
  )
  return {
    ...grouped,
    name: '$sortByCount',
    run: (input, reader) => [...grouped.run(input, reader)].sort((a, b) => compare(b.get('count'), a.get('count'))),
  }
}

const BUCKET_FIELDS = new Set(['groupBy', 'boundaries', 'default', 'output'])

function parseBucket(spec: Value, variables: Variables): Stage {
  if (!isDoc(spec)) return fail(40201, 'Argument to $bucket stage must be an object')
  for (const key of spec.keys()) if (!BUCKET_FIELDS.has(key)) fail(40197, `Unrecognized option to $bucket: ${key}.`)
  const groupBy = spec.get('groupBy')
  const boundaries = spec.get('boundaries')
  if (groupBy === undefined || boundaries === undefined)
    return fail(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.")
  if (!Array.isArray(boundaries)) return fail(40200, "The $bucket 'boundaries' field must be an array")
  if (boundaries.length < 2) return fail(40192, "The $bucket 'boundaries' field must have at least 2 values")
  for (let i = 1; i < boundaries.length; i++) {
    if (compare(boundaries[i - 1], boundaries[i]) >= 0)
      fail(40194, "The 'boundaries' option to $bucket must be sorted and unique")
  }
  const fallback = spec.get('default')
  const needed: Needed = new Map()
  const scope = { needed, vars: variables.names }
  const by = parseExpression(groupBy, scope)
  const output = spec.get('output') ?? new Map<string, Value>([['count', new Map([['$sum', 1]])]])
  if (!isDoc(output)) return fail(40196, "The $bucket 'output' field must be an object")
  const outputs: Outputs = [...output].map(([field, value]) => [field, parseAccumulator(field, value, scope)])
  const bucketOf: Expression = (env) => {
    const value = by(env)
    for (let i = boundaries.length - 2; i >= 0; i--) {
      if (compare(value, boundaries[i]) >= 0) {
        if (compare(value, boundaries[i + 1]) < 0) return boundaries[i]
        break
      }
    }
    return (
      fallback ??
      fail(40066, `$switch could not find a matching branch for an input, and no default was specified: ${show(value)}`)
    )
  }
  return {
    name: '$bucket',
    reads: needed.has('') ? undefined : needed,
    closes: true,
    run: (input) => [...group(input, bucketOf, outputs, variables)].sort((a, b) => compare(a.get('_id'), b.get('_id'))),
  }
}
