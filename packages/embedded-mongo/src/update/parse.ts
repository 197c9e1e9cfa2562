import { type Mapper, parseUpdatePipeline } from '../agg/update-pipeline.ts'
import { type Doc, isDoc, isNumeric, type Numeric, Regex, typeName, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { matches, matchesValue } from '../query/filter.ts'
import { elemMatchFilter, isOperatorDoc, parseFilter, parseOperators } from '../query/parse.ts'
import { SafeRegex } from '../query/regex.ts'
import { parseSort, type SortKey } from '../query/sort.ts'
import { equal } from '../value/compare.ts'
import { asInteger } from '../value/numbers.ts'
import { isIndex } from '../value/path.ts'
import { show } from '../value/show.ts'

/** One operator on one path, its argument already checked. */
export type Change =
  | { op: '$set' | '$setOnInsert' | '$min' | '$max'; path: string[]; value: Value }
  | { op: '$inc' | '$mul'; path: string[]; by: Numeric }
  | { op: '$unset'; path: string[] }
  | { op: '$rename'; path: string[]; to: string[] }
  | { op: '$currentDate'; path: string[]; as: 'date' | 'timestamp' }
  | { op: '$push'; path: string[]; values: Value[]; slice?: number; position?: number; sort?: SortKey[] | 1 | -1 }
  | { op: '$addToSet'; path: string[]; values: Value[] }
  | { op: '$pull'; path: string[]; test: (element: Value) => boolean }
  | { op: '$pop'; path: string[]; first: boolean }
  | { op: '$bit'; path: string[]; steps: { op: 'and' | 'or' | 'xor'; mask: number | bigint }[] }

export type Update =
  | { kind: 'replace'; document: Doc }
  | { kind: 'pipeline'; run: Mapper }
  | { kind: 'operators'; changes: Change[]; arrayFilters: Map<string, (element: Value) => boolean> }

const OPERATORS = new Set(
  '$set $setOnInsert $unset $inc $mul $min $max $rename $currentDate $push $addToSet $pull $pullAll $pop $bit'.split(
    ' ',
  ),
)

/** Parses an update and its array filters; nothing of it depends on the documents it will meet. */
export function parseUpdate(update: Value, arrayFilters: Value[] | undefined, constants?: Doc): Update {
  if (Array.isArray(update)) {
    if (arrayFilters) fail(9, 'arrayFilters may not be specified for pipeline-style updates')
    return { kind: 'pipeline', run: parseUpdatePipeline(update, constants) }
  }
  if (constants) fail(51198, 'Constant values may only be specified for pipeline updates')
  if (!isDoc(update)) return fail(9, 'Update argument must be either an object or an array')
  const first = update.keys().next().value
  if (first === undefined || !first.startsWith('$')) {
    if (arrayFilters) fail(9, 'arrayFilters may not be specified for replacement-style updates')
    for (const name of update.keys()) {
      if (name.startsWith('$'))
        fail(
          52,
          `The dollar ($) prefixed field '${name}' in '${name}' is not allowed in the context of an update's replacement document.`,
        )
    }
    return { kind: 'replace', document: update }
  }
  const filters = parseArrayFilters(arrayFilters ?? [])
  const changes: Change[] = []
  const used = new Set<string>()
  for (const [op, fields] of update) {
    if (!OPERATORS.has(op)) {
      fail(
        9,
        `Unknown modifier: ${op}. Expected a valid update modifier or pipeline-style update specified as an array`,
      )
    }
    if (!isDoc(fields)) {
      return fail(
        9,
        `Modifiers operate on fields but we found type ${typeName(fields)} instead. For example: {$mod: {<field>: ...}} not {${op}: ${show(fields)}}`,
      )
    }
    for (const [name, argument] of fields) {
      const path = parsePath(name, filters, used)
      changes.push(parseChange(op, path, argument))
    }
  }
  for (const id of filters.keys()) {
    if (!used.has(id)) fail(9, `The array filter for identifier '${id}' was not used in the update ${show(update)}`)
  }
  changes.sort((a, b) => comparePaths(a.path, b.path))
  refuseConflicts(changes)
  return { kind: 'operators', changes, arrayFilters: filters }
}

function parsePath(name: string, filters: Map<string, unknown>, used: Set<string>): string[] {
  const path = name.split('.')
  if (path.includes('')) {
    fail(
      56,
      name === ''
        ? 'An empty update path is not valid.'
        : `The update path '${name}' contains an empty field name, which is not allowed.`,
    )
  }
  if (path[0] === '$' || path[0]!.startsWith('$[')) {
    fail(2, `Cannot have positional (i.e. '${path[0]}') element in the first position in path '${name}'`)
  }
  if (path.filter((part) => part === '$').length > 1)
    fail(2, `Too many positional (i.e. '$') elements found in path '${name}'`)
  for (const part of path) {
    if (!part.startsWith('$') || part === '$' || part === '$[]') continue
    const id = /^\$\[(.*)\]$/.exec(part)?.[1]
    if (id === undefined)
      return fail(52, `The dollar ($) prefixed field '${part}' in '${name}' is not valid for storage.`)
    if (!filters.has(id)) fail(2, `No array filter found for identifier '${id}' in path '${name}'`)
    used.add(id)
  }
  return path
}

function parseChange(op: string, path: string[], argument: Value): Change {
  const name = path.join('.')
  switch (op) {
    case '$set':
    case '$setOnInsert':
    case '$min':
    case '$max':
      return { op, path, value: argument }
    case '$unset':
      return { op, path }
    case '$inc':
    case '$mul':
      if (!isNumeric(argument)) {
        const verb = op === '$inc' ? 'increment' : 'multiply'
        return fail(14, `Cannot ${verb} with non-numeric argument: {${name}: ${show(argument)}}`)
      }
      return { op, path, by: argument }
    case '$rename':
      return { op, path, to: parseRename(path, argument) }
    case '$currentDate':
      return { op, path, as: parseCurrentDate(argument) }
    case '$push':
      return parsePush(path, argument)
    case '$addToSet':
      return { op, path, values: parseAddToSet(argument) }
    case '$pull':
      return { op, path, test: parsePull(argument) }
    case '$pullAll': {
      if (!Array.isArray(argument))
        return fail(2, `$pullAll requires an array argument but was given a ${typeName(argument)}`)
      return { op: '$pull', path, test: (element) => argument.some((value) => equal(value, element)) }
    }
    case '$pop': {
      const end = isNumeric(argument) ? asInteger(argument) : undefined
      if (end !== 1 && end !== -1) fail(9, `$pop expects 1 or -1, found: ${show(argument)}`)
      return { op, path, first: end === -1 }
    }
    default:
      return { op: '$bit', path, steps: parseBit(name, argument) }
  }
}

function parseRename(path: string[], argument: Value): string[] {
  const from = path.join('.')
  if (typeof argument !== 'string')
    return fail(2, `The 'to' field for $rename must be a string: ${from}: ${show(argument)}`)
  const to = argument.split('.')
  if (to.includes('')) fail(56, `The update path '${argument}' contains an empty field name, which is not allowed.`)
  for (const [kind, parts] of [
    ['source', path],
    ['destination', to],
  ] as const) {
    if (parts.some((part) => part.startsWith('$')))
      fail(2, `The ${kind} field for $rename may not be dynamic: ${parts.join('.')}`)
  }
  if (isPrefix(path, to) || isPrefix(to, path)) {
    fail(2, `The source and target field for $rename must not be on the same path: ${from}: "${argument}"`)
  }
  return to
}

function parseCurrentDate(argument: Value): 'date' | 'timestamp' {
  if (typeof argument === 'boolean') return 'date'
  if (!isDoc(argument)) {
    return fail(
      2,
      `${typeName(argument)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`,
    )
  }
  const type = argument.get('$type')
  for (const name of argument.keys()) if (name !== '$type') fail(2, `Unrecognized $currentDate option: ${name}`)
  if (type !== 'date' && type !== 'timestamp') {
    return fail(
      2,
      "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}",
    )
  }
  return type
}

function parsePush(path: string[], argument: Value): Change {
  if (!isDoc(argument) || !argument.has('$each')) {
    if (isDoc(argument)) {
      for (const name of argument.keys())
        if (name.startsWith('$'))
          fail(52, `The dollar ($) prefixed field '${name}' in '${name}' is not valid for storage.`)
    }
    return { op: '$push', path, values: [argument] }
  }
  const each = argument.get('$each')
  if (!Array.isArray(each))
    return fail(2, `The argument to $each in $push must be an array but it was of type: ${typeName(each!)}`)
  const change: Change = { op: '$push', path, values: each }
  for (const [name, value] of argument) {
    if (name === '$each') continue
    if (name === '$slice' || name === '$position') {
      const number = isNumeric(value) ? asInteger(value) : undefined
      if (number === undefined)
        return fail(2, `The value for ${name} must be an integer value but was given type: ${typeName(value)}`)
      if (name === '$slice') change.slice = number
      else change.position = number
    } else if (name === '$sort') {
      if (isDoc(value)) {
        if (value.size === 0) fail(2, 'The $sort pattern is empty when it should be a set of fields.')
        change.sort = parseSort(value, 2)
      } else {
        const direction = isNumeric(value) ? asInteger(value) : undefined
        if (direction !== 1 && direction !== -1) return fail(2, 'The $sort element value must be either 1 or -1')
        change.sort = direction
      }
    } else fail(2, `Unrecognized clause in $push: ${name}`)
  }
  return change
}

function parseAddToSet(argument: Value): Value[] {
  if (!isDoc(argument) || argument.keys().next().value !== '$each') return [argument]
  const each = argument.get('$each')
  if (!Array.isArray(each))
    return fail(14, `The argument to $each in $addToSet must be an array but it was of type ${typeName(each!)}`)
  for (const name of argument.keys())
    if (name !== '$each') fail(2, `Found unexpected fields after $each in $addToSet: ${show(argument)}`)
  return each
}

/** `$pull` takes a value, operators on each element, or a filter on each element that is a document. */
function parsePull(argument: Value): (element: Value) => boolean {
  if (argument instanceof Regex) {
    const regex = new SafeRegex(argument.pattern, argument.flags)
    return (element) => (typeof element === 'string' ? regex.test(element) : equal(element, argument))
  }
  if (!isDoc(argument)) return (element) => equal(element, argument)
  if (isOperatorDoc(argument)) {
    if (['$and', '$or', '$nor'].includes(argument.keys().next().value!)) return elemMatchFilter(argument)
    const parsed = parseOperators([''], argument)
    return (element) =>
      parsed.every((filter) =>
        filter.kind === 'field' ? matchesValue(filter.leaf, element) : matches(filter, new Map([['', element]])),
      )
  }
  const filter = parseFilter(argument)
  return (element) => isDoc(element) && matches(filter, element)
}

function parseBit(name: string, argument: Value): { op: 'and' | 'or' | 'xor'; mask: number | bigint }[] {
  if (!isDoc(argument))
    return fail(
      2,
      `The $bit modifier is not compatible with a ${typeName(argument)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    )
  if (argument.size === 0)
    fail(2, `You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}`)
  return [...argument].map(([op, mask]) => {
    if (op !== 'and' && op !== 'or' && op !== 'xor')
      return fail(
        2,
        `The $bit modifier only supports 'and', 'or', and 'xor', not '${op}' which is an unknown operator: {${name}: ${show(argument)}}`,
      )
    const type = typeName(mask)
    if (type !== 'int' && type !== 'long')
      return fail(
        2,
        `The $bit modifier field must be an Integer(32/64 bit); a '${type}' is not supported here: {${name}: ${show(argument)}}`,
      )
    return { op, mask: mask as number | bigint }
  })
}

function parseArrayFilters(list: Value[]): Map<string, (element: Value) => boolean> {
  const result = new Map<string, (element: Value) => boolean>()
  for (const entry of list) {
    if (!isDoc(entry)) return fail(14, 'arrayFilters must contain objects')
    const id = arrayFilterId(entry)
    if (id === undefined) return fail(9, 'Cannot use an expression without a top-level field name in arrayFilters')
    if (!/^[a-z][a-zA-Z0-9]*$/.test(id))
      fail(
        2,
        `Error parsing array filter: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${id}'`,
      )
    if (result.has(id)) fail(9, `Found multiple array filters with the same top-level field name ${id}`)
    const filter = parseFilter(entry)
    result.set(id, (element) => matches(filter, new Map([[id, element]])))
  }
  return result
}

function arrayFilterId(filter: Doc): string | undefined {
  let id: string | undefined
  for (const [name, value] of filter) {
    const names: (string | undefined)[] = []
    if (!name.startsWith('$')) names.push(name.split('.')[0])
    else if (Array.isArray(value)) for (const inner of value) if (isDoc(inner)) names.push(arrayFilterId(inner))
    for (const found of names) {
      if (id !== undefined && found !== undefined && id !== found) {
        fail(9, `Error parsing array filter: Expected a single top-level field name, found '${id}' and '${found}'`)
      }
      id ??= found
    }
  }
  return id
}

/** Fields are changed in the order of their names, positions in the order of their numbers. */
export function comparePaths(a: string[], b: string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i]!
    const y = b[i]!
    if (x === y) continue
    if (isIndex(x) && isIndex(y)) return Number(x) - Number(y)
    return x < y ? -1 : 1
  }
  return a.length - b.length
}

export function isPrefix(prefix: string[], path: string[]): boolean {
  return prefix.length <= path.length && prefix.every((part, i) => part === path[i])
}

function refuseConflicts(changes: Change[]): void {
  const paths = changes.flatMap((change) => (change.op === '$rename' ? [change.path, change.to] : [change.path]))
  paths.sort(comparePaths)
  const seen = new Set<string>()
  for (const path of paths) {
    const name = path.join('.')
    if (seen.has(name)) fail(40, `Updating the path '${name}' would create a conflict at '${name}'`)
    for (let length = 1; length < path.length; length++) {
      const above = path.slice(0, length).join('.')
      if (seen.has(above)) fail(40, `Updating the path '${name}' would create a conflict at '${above}'`)
    }
    seen.add(name)
  }
}
