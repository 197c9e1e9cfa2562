import type { Needed } from '../bson/decode.ts'
import { type Doc, isDoc, isNumeric, typeName, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { addNeeded, matches, neededBy } from '../query/filter.ts'
import { parseFilter } from '../query/parse.ts'
import { neededBySort, parseSort } from '../query/sort.ts'
import { asInteger } from '../value/numbers.ts'
import { show } from '../value/show.ts'
import { parseFieldPath, type Variables } from './expression.ts'
import type { Stage } from './pipeline.ts'
import { sortDocuments } from './sorter.ts'

const NOTHING: Needed = new Map()

/** Stages that pass documents on: `$match $sort $limit $skip $unwind $count $sample`. */
export function parseStreamStage(name: string, spec: Value, variables: Variables): Stage | undefined {
  switch (name) {
    case '$match':
      return parseMatch(spec, variables)
    case '$sort':
      return parseSortStage(spec)
    case '$limit':
    case '$skip':
      return parseBound(name, spec)
    case '$unwind':
      return parseUnwind(spec)
    case '$count':
      return parseCountStage(spec)
    case '$sample':
      return parseSample(spec)
  }
  return undefined
}

function parseMatch(spec: Value, variables: Variables): Stage {
  if (!isDoc(spec)) return fail(15959, 'the match filter must be an expression in an object')
  const filter = parseFilter(spec, variables)
  return {
    name: '$match',
    reads: neededBy(filter, new Map()),
    closes: false,
    pushdown: { filter: spec },
    *run(input) {
      for (const document of input) if (matches(filter, document)) yield document
    },
  }
}

function parseSortStage(spec: Value): Stage {
  if (!isDoc(spec)) return fail(15973, 'the $sort key specification must be an object')
  if (spec.size === 0) return fail(15976, '$sort stage must have at least one sort key')
  const keys = parseSort(spec, 15975)
  const reads: Needed = new Map()
  neededBySort(keys, reads)
  return {
    name: '$sort',
    reads,
    closes: false,
    pushdown: { sort: keys },
    run: (input) => sortDocuments(input, keys),
  }
}

function parseBound(name: '$limit' | '$skip', spec: Value): Stage {
  const code = name === '$limit' ? 5107201 : 5107200
  const count = isNumeric(spec) ? asInteger(spec) : undefined
  if (count === undefined)
    return fail(code, `invalid argument to ${name} stage: Expected an integer: ${name}: ${show(spec)}`)
  if (count < 0)
    return fail(code, `invalid argument to ${name} stage: Expected a non-negative number in: ${name}: ${show(spec)}`)
  if (name === '$skip') {
    return {
      name,
      reads: NOTHING,
      closes: false,
      pushdown: { skip: count },
      *run(input) {
        let skipped = 0
        for (const document of input) if (++skipped > count) yield document
      },
    }
  }
  if (count === 0) return fail(15958, 'the limit must be positive')
  return {
    name,
    reads: NOTHING,
    closes: false,
    pushdown: { limit: count },
    *run(input) {
      let seen = 0
      for (const document of input) {
        yield document
        if (++seen >= count) return
      }
    },
  }
}

function parseUnwind(spec: Value): Stage {
  let path = spec
  let indexField: string | undefined
  let keepEmpty = false
  if (isDoc(spec)) {
    for (const [key, value] of spec) {
      if (key === 'path') path = value
      else if (key === 'includeArrayIndex') {
        if (typeof value !== 'string' || value === '')
          return fail(
            28810,
            `expected a non-empty string for the includeArrayIndex  option to $unwind stage, got ${typeName(value)}`,
          )
        if (value.startsWith('$'))
          return fail(28822, `includeArrayIndex option to $unwind stage should not be prefixed with a '$': ${value}`)
        indexField = value
      } else if (key === 'preserveNullAndEmptyArrays') {
        if (typeof value !== 'boolean')
          return fail(28809, 'expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage')
        keepEmpty = value
      } else return fail(28811, `unrecognized option to $unwind stage: ${key}`)
    }
    path = spec.get('path') ?? fail(28812, 'no path specified to $unwind stage')
  }
  if (typeof path !== 'string')
    return fail(
      isDoc(spec) ? 28808 : 15981,
      `expected either a string or an object as specification for $unwind stage, got ${typeName(path)}`,
    )
  if (!path.startsWith('$')) return fail(28818, `path option to $unwind stage should be prefixed with a '$': ${path}`)
  const parts = parseFieldPath(path.slice(1))
  const reads: Needed = new Map()
  addNeeded(reads, parts)
  return {
    name: '$unwind',
    reads,
    closes: false,
    *run(input) {
      for (const document of input) yield* unwind(document, parts, indexField, keepEmpty)
    },
  }
}

function* unwind(document: Doc, path: string[], indexField: string | undefined, keepEmpty: boolean): Iterable<Doc> {
  let value: Value | undefined = document
  for (const part of path) value = isDoc(value) ? value.get(part) : undefined
  const withIndex = (result: Doc, index: bigint | null) =>
    indexField === undefined ? result : replacePath(result, indexField.split('.'), index)
  if (Array.isArray(value) && value.length > 0) {
    for (let i = 0; i < value.length; i++) yield withIndex(replacePath(document, path, value[i]!), BigInt(i))
  } else if (value !== undefined && value !== null && !Array.isArray(value)) yield withIndex(document, null)
  else if (keepEmpty) yield withIndex(Array.isArray(value) ? replacePath(document, path, undefined) : document, null)
}

/** A copy of the document with one path changed; what lies beside the path is shared. */
function replacePath(document: Doc, path: string[], value: Value | undefined, at = 0): Doc {
  const copy: Doc = new Map(document)
  const part = path[at]!
  if (at < path.length - 1) {
    const below = copy.get(part)
    copy.set(part, replacePath(isDoc(below) ? below : new Map(), path, value, at + 1))
  } else if (value === undefined) copy.delete(part)
  else copy.set(part, value)
  return copy
}

function parseCountStage(spec: Value): Stage {
  if (typeof spec !== 'string') return fail(40156, 'the count field must be a non-empty string')
  if (spec === '') return fail(40156, 'the count field must be a non-empty string')
  if (spec.startsWith('$')) return fail(40158, 'the count field cannot be a $-prefixed path')
  if (spec.includes('.')) return fail(40160, "the count field cannot contain '.'")
  return {
    name: '$count',
    reads: NOTHING,
    closes: true,
    *run(input) {
      let count = 0
      for (const _ of input) count++
      if (count > 0) yield new Map([[spec, count]])
    },
  }
}

function parseSample(spec: Value): Stage {
  if (!isDoc(spec)) return fail(28745, 'the $sample stage specification must be an object')
  for (const key of spec.keys()) if (key !== 'size') return fail(28748, `unrecognized option to $sample: ${key}`)
  const argument = spec.get('size')
  if (argument === undefined) return fail(28749, '$sample stage must specify a size')
  const size = isNumeric(argument) ? asInteger(argument) : fail(28746, 'size argument to $sample must be a number')
  if (size === undefined || size <= 0) return fail(28747, 'size argument to $sample must be a positive integer')
  return {
    name: '$sample',
    reads: NOTHING,
    closes: false,
    run(input) {
      // Reservoir sampling: every document is kept with equal chance, in one pass.
      const kept: Doc[] = []
      let seen = 0
      for (const document of input) {
        const slot = seen++ < size ? seen - 1 : Math.floor(Math.random() * seen)
        if (slot < size) kept[slot] = document
      }
      for (let i = kept.length - 1; i > 0; i--) {
        const j = Math.floor(Math.random() * (i + 1))
        const swapped = kept[i]!
        kept[i] = kept[j]!
        kept[j] = swapped
      }
      return kept
    },
  }
}
