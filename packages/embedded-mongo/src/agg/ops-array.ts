import { type Doc, isDoc, isNumeric, typeName, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { compareBySort, parseSort } from '../query/sort.ts'
import { compare, equal } from '../value/compare.ts'
import { hashKey } from '../value/keystring.ts'
import { asInteger, isTrue } from '../value/numbers.ts'
import { show } from '../value/show.ts'
import { checkVariableName, type OperatorParser, parseExpression, withVars } from './expression.ts'
import { checkSize, isNullish, namedArguments, onPresent, onValues } from './ops.ts'

const SLOT_BYTES = 16

function array(value: Value | undefined, name: string, code: number): Value[] {
  if (!Array.isArray(value))
    return fail(
      code,
      `The argument to ${name} must be an array, but was of type: ${value === undefined ? 'missing' : typeName(value)}`,
    )
  return value
}

function integer(value: Value, name: string, code: number): number {
  const result = isNumeric(value) ? asInteger(value) : undefined
  if (result === undefined) return fail(code, `${name} requires an integer argument, found: ${show(value)}`)
  return result
}

const parseFilter: OperatorParser = (argument, scope, name) => {
  const named = namedArguments(argument, name, {
    required: ['input', 'cond'],
    optional: ['as', 'limit'],
    codes: [28646, 28647, 28648],
  })
  const as = (named.get('as') as string | undefined) ?? 'this'
  checkVariableName(as)
  const input = parseExpression(named.get('input')!, scope)
  const test = parseExpression(named.get('cond')!, withVars(scope, [as]))
  const limit = named.has('limit') ? parseExpression(named.get('limit')!, scope) : undefined
  return (env) => {
    const list = input(env)
    if (isNullish(list)) return null
    const most = limit ? limit(env) : undefined
    const max = isNullish(most) ? Number.POSITIVE_INFINITY : integer(most!, '$filter limit', 327391)
    if (max < 1) fail(327392, `$filter limit must be greater than 0, found: ${max}`)
    const result: Value[] = []
    for (const element of array(list, '$filter input', 28651)) {
      if (result.length >= max) break
      if (isTrue(test({ root: env.root, vars: new Map(env.vars).set(as, element) }))) result.push(element)
    }
    return result
  }
}

const parseMap: OperatorParser = (argument, scope, name) => {
  const named = namedArguments(argument, name, {
    required: ['input', 'in'],
    optional: ['as'],
    codes: [16878, 16879, 16880],
  })
  const as = (named.get('as') as string | undefined) ?? 'this'
  checkVariableName(as)
  const input = parseExpression(named.get('input')!, scope)
  const body = parseExpression(named.get('in')!, withVars(scope, [as]))
  return (env) => {
    const list = input(env)
    if (isNullish(list)) return null
    return array(list, '$map input', 16883).map(
      (element) => body({ root: env.root, vars: new Map(env.vars).set(as, element) }) ?? null,
    )
  }
}

const parseReduce: OperatorParser = (argument, scope, name) => {
  const named = namedArguments(argument, name, {
    required: ['input', 'initialValue', 'in'],
    codes: [40075, 40076, 40077],
  })
  const input = parseExpression(named.get('input')!, scope)
  const start = parseExpression(named.get('initialValue')!, scope)
  const body = parseExpression(named.get('in')!, withVars(scope, ['this', 'value']))
  return (env) => {
    const list = input(env)
    if (isNullish(list)) return null
    let value = start(env)
    for (const element of array(list, '$reduce input', 40080)) {
      value = body({ root: env.root, vars: new Map(env.vars).set('this', element).set('value', value) })
    }
    return value
  }
}

function elementAt([list, at]: Value[]): Value | undefined {
  if (!Array.isArray(list))
    return fail(28689, `$arrayElemAt's first argument must be an array, but is ${typeName(list!)}`)
  if (!isNumeric(at!))
    return fail(28690, `$arrayElemAt's second argument must be a numeric value, but is ${typeName(at!)}`)
  return list.at(integer(at, '$arrayElemAt', 28691))
}

function slice([list, a, b]: Value[]): Value {
  if (!Array.isArray(list))
    return fail(28724, `First argument to $slice must be an array, but is of type: ${typeName(list!)}`)
  const first = integer(a!, '$slice', 28725)
  if (b === undefined) return first < 0 ? list.slice(first) : list.slice(0, first)
  const count = integer(b, '$slice', 28727)
  if (count <= 0) return fail(28729, `Third argument to $slice must be positive: ${count}`)
  const start = first < 0 ? Math.max(0, list.length + first) : first
  return list.slice(start, start + count)
}

function range([start, end, step = 1]: Value[]): Value {
  const from = integer(start!, '$range', 34443)
  const to = integer(end!, '$range', 34445)
  const by = integer(step, '$range', 34447)
  if (by === 0) return fail(34449, '$range requires a non-zero step value')
  const count = Math.max(0, Math.ceil((to - from) / by))
  checkSize(count * SLOT_BYTES, '$range')
  return Array.from({ length: count }, (_, i) => from + i * by)
}

function concatArrays(lists: Value[], name: string): Value {
  const arrays = lists.map((list) => array(list, name, 28664))
  checkSize(arrays.reduce((total, list) => total + list.length, 0) * SLOT_BYTES, name)
  return arrays.flat(1)
}

function arrayToObject([list]: Value[], name: string): Value {
  const result: Doc = new Map()
  for (const entry of array(list, name, 40386)) {
    const [key, value] = isDoc(entry) ? [entry.get('k'), entry.get('v')] : Array.isArray(entry) ? entry : []
    if (isDoc(entry) && (entry.size !== 2 || value === undefined))
      fail(40392, '$arrayToObject requires an object keys of k and v')
    if (Array.isArray(entry) && entry.length !== 2) fail(40397, '$arrayToObject requires an array of size 2 arrays')
    if (typeof key !== 'string')
      return fail(
        40394,
        `$arrayToObject requires an array of key-value pairs, where the key must be of type string. Found key type: ${key === undefined ? 'missing' : typeName(key)}`,
      )
    if (key.includes('\0')) fail(4940400, 'Key field cannot contain an embedded null byte')
    result.set(key, value!)
  }
  return result
}

function objectToArray([value]: Value[]): Value {
  if (!isDoc(value)) return fail(40390, `$objectToArray requires a document input, found: ${typeName(value!)}`)
  return [...value].map(
    ([k, v]) =>
      new Map<string, Value>([
        ['k', k],
        ['v', v],
      ]),
  )
}

function zip(inputs: Value[][], longest: boolean, defaults: Value[]): Value {
  const lengths = inputs.map((list) => list.length)
  const length = longest ? Math.max(0, ...lengths) : Math.min(...lengths)
  checkSize(length * inputs.length * SLOT_BYTES, '$zip')
  return Array.from({ length }, (_, i) => inputs.map((list, j) => list[i] ?? defaults[j] ?? null))
}

const parseZip: OperatorParser = (argument, scope, name) => {
  const named = namedArguments(argument, name, {
    required: ['inputs'],
    optional: ['useLongestLength', 'defaults'],
    codes: [34460, 34464, 34465],
  })
  const inputs = named.get('inputs')
  if (!Array.isArray(inputs) || inputs.length === 0) return fail(34461, 'inputs must be an array of expressions')
  const lists = inputs.map((input) => parseExpression(input, scope))
  const longest = named.get('useLongestLength') ?? false
  if (typeof longest !== 'boolean') return fail(34463, 'useLongestLength must be a bool')
  const defaults = parseExpression(named.get('defaults') ?? [], scope)
  return (env) => {
    const values = lists.map((list) => list(env))
    return values.some(isNullish)
      ? null
      : zip(
          values.map((value) => array(value, name, 34468)),
          longest,
          defaults(env) as Value[],
        )
  }
}

const parseSortArray: OperatorParser = (argument, scope, name) => {
  const named = namedArguments(argument, name, { required: ['input', 'sortBy'], codes: [2942500, 2942501, 2942502] })
  const input = parseExpression(named.get('input')!, scope)
  const by = named.get('sortBy')!
  const direction = asInteger(by)
  if (!isDoc(by) && direction !== 1 && direction !== -1)
    return fail(2942507, 'The $sort element value must be either 1 or -1')
  const keys = isDoc(by) ? parseSort(by, 15975) : undefined
  return (env) => {
    const list = input(env)
    if (isNullish(list)) return null
    return [...array(list, name, 2942504)].sort((a, b) =>
      keys ? compareBySort(keys, a, b) : compare(a, b) * direction!,
    )
  }
}

function unique(list: Value[]): Value[] {
  const seen = new Map<string, Value>()
  for (const value of list) if (!seen.has(hashKey(value))) seen.set(hashKey(value), value)
  return [...seen.values()].sort(compare)
}

function mergeObjects(values: (Value | undefined)[], name: string): Value {
  const list = values.length === 1 && Array.isArray(values[0]) ? values[0] : values
  const result: Doc = new Map()
  for (const value of list) {
    if (isNullish(value)) continue
    if (!isDoc(value))
      return fail(40400, `${name} requires object inputs, but input ${show(value)} is of type ${typeName(value!)}`)
    for (const [key, inner] of value) result.set(key, inner)
  }
  return result
}

function edge(position: number): OperatorParser {
  return onPresent(1, 1, ([list], name) => array(list, name, 28689).at(position))
}

const ANY = Number.POSITIVE_INFINITY

export const arrayOperators: [string, OperatorParser][] = [
  ['$filter', parseFilter],
  ['$map', parseMap],
  ['$reduce', parseReduce],
  ['$zip', parseZip],
  ['$sortArray', parseSortArray],
  ['$arrayElemAt', onPresent(2, 2, elementAt)],
  ['$first', edge(0)],
  ['$last', edge(-1)],
  ['$slice', onPresent(2, 3, slice)],
  ['$size', onValues(1, 1, ([list]) => array(list, '$size', 17124).length)],
  ['$isArray', onValues(1, 1, ([list]) => Array.isArray(list))],
  ['$range', onPresent(2, 3, range)],
  ['$reverseArray', onPresent(1, 1, ([list], name) => [...array(list, name, 34435)].reverse())],
  ['$concatArrays', onPresent(0, ANY, concatArrays)],
  ['$in', onValues(2, 2, ([value, list]) => array(list, '$in', 40081).some((element) => equal(element, value)))],
  [
    '$indexOfArray',
    onValues(2, 4, ([list, value, start = 0, end]) => {
      if (isNullish(list)) return null
      const from = integer(start, '$indexOfArray', 40096)
      const to = end === undefined ? undefined : integer(end, '$indexOfArray', 40097)
      const found = array(list, '$indexOfArray', 40090).findIndex(
        (element, i) => i >= from && (to === undefined || i < to) && equal(element, value),
      )
      return found
    }),
  ],
  ['$arrayToObject', onPresent(1, 1, arrayToObject)],
  ['$objectToArray', onPresent(1, 1, objectToArray)],
  ['$mergeObjects', onValues(0, ANY, mergeObjects)],
  ['$setUnion', onPresent(0, ANY, (lists, name) => unique(lists.flatMap((list) => array(list, name, 17043))))],
  [
    '$setIntersection',
    onPresent(0, ANY, (lists, name) => {
      const [first = [], ...others] = lists.map((list) => array(list, name, 17047))
      const sets = others.map((list) => new Set(list.map(hashKey)))
      return unique(first).filter((value) => sets.every((set) => set.has(hashKey(value))))
    }),
  ],
  [
    '$setDifference',
    onPresent(2, 2, ([a, b], name) => {
      const drop = new Set(array(b, name, 17049).map(hashKey))
      return unique(array(a, name, 17048)).filter((value) => !drop.has(hashKey(value)))
    }),
  ],
  [
    '$setEquals',
    onValues(2, ANY, (lists, name) => {
      const keys = lists.map((list) =>
        unique(array(list, name, 17044))
          .map(hashKey)
          .join('\0'),
      )
      return keys.every((key) => key === keys[0])
    }),
  ],
  [
    '$getField',
    (argument, scope, name) => {
      const named = isDoc(argument) && argument.has('field')
      const field = named ? (argument as Doc).get('field')! : argument
      const input = named && (argument as Doc).has('input') ? (argument as Doc).get('input')! : '$$ROOT'
      if (typeof field !== 'string') return fail(5654602, `${name} requires 'field' to evaluate to a constant String`)
      const from = parseExpression(input, scope)
      return (env) => {
        const value = from(env)
        return isDoc(value) ? value.get(field) : isNullish(value) ? null : undefined
      }
    },
  ],
]
