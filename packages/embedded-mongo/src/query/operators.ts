import {
  Binary,
  BsonSymbol,
  type Doc,
  isDoc,
  isNumeric,
  MAX_KEY,
  MIN_KEY,
  type Numeric,
  Regex,
  TYPE,
  type TypeName,
  typeName,
  type Value,
} from '../bson/values.ts'
import { fail } from '../errors.ts'
import { compare, equal, RANK, rankOf } from '../value/compare.ts'
import { hashKey } from '../value/keystring.ts'
import { asInteger, asNumber, truncateToInt64 } from '../value/numbers.ts'
import { show } from '../value/show.ts'
import type { Filter, Leaf } from './filter.ts'
import { SafeRegex } from './regex.ts'

/** Parses an operator that tests single values. Unknown names are MongoDB's error 2. */
export function parseLeaf(path: string[], op: string, operand: Value, shownAs = op): Filter {
  switch (op) {
    case '$eq':
      if (operand instanceof Regex) return { kind: 'field', path, op, operand, leaf: exactRegexLeaf(operand) }
      return { kind: 'field', path, op, operand, leaf: eqLeaf(operand) }
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      if (operand instanceof Regex)
        return fail(2, `Can't have RegEx as arg to predicate over field '${path.join('.')}'.`)
      return { kind: 'field', path, op, operand, leaf: orderLeaf(op, operand) }
    case '$in':
      return { kind: 'field', path, op, operand, leaf: inLeaf(operand, shownAs) }
    case '$exists':
      return { kind: 'field', path, op, operand, leaf: { reach: 'value', test: (value) => value !== undefined } }
    case '$type':
      return { kind: 'field', path, op, operand, leaf: typeLeaf(operand) }
    case '$size':
      return { kind: 'field', path, op, operand, leaf: sizeLeaf(operand) }
    case '$mod':
      return { kind: 'field', path, op, operand, leaf: modLeaf(operand) }
    case '$bitsAllSet':
    case '$bitsAnySet':
    case '$bitsAllClear':
    case '$bitsAnyClear':
      return { kind: 'field', path, op: '$bits', operand, leaf: bitsLeaf(op, operand) }
  }
  return fail(2, `unknown operator: ${op}`)
}

export function eqLeaf(operand: Value): Leaf {
  if (operand === null)
    return { reach: 'each', test: (value) => value === undefined || (rankOf(value) <= RANK.null && value !== MIN_KEY) }
  if (typeof operand === 'string') {
    return {
      reach: 'each',
      test: (value) => value === operand || (value instanceof BsonSymbol && value.text === operand),
    }
  }
  return { reach: 'each', test: (value) => value !== undefined && equal(value, operand) }
}

/** `{$eq: /x/}` looks for the stored regex itself, not for strings it matches. */
function exactRegexLeaf(operand: Regex): Leaf {
  return { reach: 'each', test: (value) => value instanceof Regex && equal(value, operand) }
}

function isNaNValue(value: Value): boolean {
  return isNumeric(value) && Number.isNaN(asNumber(value))
}

/** Comparison is within one type only, except with MinKey and MaxKey; NaN is ordered with nothing but itself. */
function orderLeaf(op: string, operand: Value): Leaf {
  const orEqual = op.endsWith('e')
  const below = op.startsWith('$lt')
  if (operand === null) return orEqual ? eqLeaf(null) : { reach: 'each', test: () => false }
  const rank = rankOf(operand)
  const crossType = operand === MIN_KEY || operand === MAX_KEY
  const nan = isNaNValue(operand)
  return {
    reach: 'each',
    test(value) {
      if (value === undefined) return false
      if (!crossType && rankOf(value) !== rank) return false
      if (nan || isNaNValue(value)) return orEqual && nan && isNaNValue(value)
      const result = compare(value, operand)
      return result === 0 ? orEqual : result < 0 === below
    },
  }
}

export function regexLeaf(operand: Regex): Leaf {
  const regex = new SafeRegex(operand.pattern, operand.flags)
  return {
    reach: 'each',
    test(value) {
      if (typeof value === 'string') return regex.test(value)
      if (value instanceof BsonSymbol) return regex.test(value.text)
      return value instanceof Regex && equal(value, operand)
    },
  }
}

const HASH_FROM = 8

function inLeaf(operand: Value, shownAs: string): Leaf {
  if (!Array.isArray(operand)) return fail(2, `${shownAs} needs an array`)
  const leaves: Leaf[] = []
  const values: Value[] = []
  for (const value of operand) {
    if (value instanceof Regex) leaves.push(regexLeaf(value))
    else if (isDoc(value) && value.keys().next().value?.startsWith('$')) fail(2, `cannot nest $ under ${shownAs}`)
    else if (value === null) leaves.push(eqLeaf(null))
    else values.push(value)
  }
  if (values.length < HASH_FROM) leaves.push(...values.map(eqLeaf))
  else {
    const known = new Set(values.map(hashKey))
    leaves.push({ reach: 'each', test: (value) => value !== undefined && known.has(hashKey(value)) })
  }
  return { reach: 'each', test: (value) => leaves.some((leaf) => leaf.test(value)) }
}

const NUMBER_TYPES: TypeName[] = ['int', 'long', 'double', 'decimal']

/** Reads a type alias or number, or an array of them. */
export function parseTypes(operand: Value, op = '$type'): Set<TypeName> {
  const list = Array.isArray(operand) ? operand : [operand]
  if (list.length === 0) fail(9, `${op} must match at least one type`)
  const types = new Set<TypeName>()
  for (const entry of list) {
    if (entry === 'number') for (const type of NUMBER_TYPES) types.add(type)
    else if (typeof entry === 'string') {
      if (!Object.hasOwn(TYPE, entry)) fail(2, `Unknown type name alias: ${entry}`)
      types.add(entry as TypeName)
    } else if (isNumeric(entry)) {
      const code = asInteger(entry)
      const found = (Object.keys(TYPE) as TypeName[]).find((name) => TYPE[name] === code)
      if (!found) return fail(2, `Invalid numerical type code: ${show(entry)}`)
      types.add(found)
    } else fail(14, `type must be represented as a number or a string`)
  }
  return types
}

function typeLeaf(operand: Value): Leaf {
  const types = parseTypes(operand)
  return { reach: 'each', test: (value) => value !== undefined && types.has(typeName(value)) }
}

function sizeLeaf(operand: Value): Leaf {
  if (!isNumeric(operand)) return fail(2, `Failed to parse $size. Expected a number in: $size: ${show(operand)}`)
  const size = asInteger(operand)
  if (size === undefined) return fail(2, `Failed to parse $size. Expected an integer: $size: ${show(operand)}`)
  if (size < 0) return fail(2, `Failed to parse $size. Expected a non-negative number in: $size: ${show(operand)}`)
  return { reach: 'value', test: (value) => Array.isArray(value) && value.length === size }
}

function modLeaf(operand: Value): Leaf {
  if (!Array.isArray(operand)) return fail(2, 'malformed mod, needs to be an array')
  if (operand.length < 2) return fail(2, 'malformed mod, not enough elements')
  if (operand.length > 2) return fail(2, 'malformed mod, too many elements')
  const [divisor, remainder] = operand.map((value, i) => {
    if (!isNumeric(value)) return fail(2, `malformed mod, ${i === 0 ? 'divisor' : 'remainder'} not a number`)
    if (!Number.isFinite(asNumber(value)))
      return fail(2, `malformed mod, ${i === 0 ? 'divisor' : 'remainder'} value is invalid`)
    return truncateToInt64(value)
  }) as [bigint, bigint]
  if (divisor === 0n) return fail(2, 'divisor cannot be 0')
  return {
    reach: 'each',
    test: (value) =>
      isNumeric(value) && Number.isFinite(asNumber(value)) && truncateToInt64(value) % divisor === remainder,
  }
}

function bitsLeaf(op: string, operand: Value): Leaf {
  const positions = bitPositions(op, operand)
  const wantSet = op.endsWith('Set')
  const all = op.startsWith('$bitsAll')
  return {
    reach: 'each',
    test(value) {
      const bit = bitReader(value)
      if (!bit) return false
      const check = (position: number) => bit(position) === wantSet
      return all ? positions.every(check) : positions.some(check)
    },
  }
}

function bitPositions(op: string, operand: Value): number[] {
  if (Array.isArray(operand)) {
    return operand.map((value) => {
      const position = asInteger(value)
      if (position === undefined) return fail(2, `bit positions of ${op} must be integers`)
      return position < 0 ? fail(2, `bit positions of ${op} must be >= 0`) : position
    })
  }
  const length = operand instanceof Binary ? operand.bytes.length * 8 : 63
  if (isNumeric(operand)) {
    const mask = asInteger(operand)
    if (mask === undefined && typeof operand !== 'bigint') return fail(9, `${op} takes an integer mask`)
    if (truncateToInt64(operand) < 0n) return fail(9, `${op} takes a non-negative mask`)
  } else if (!(operand instanceof Binary)) {
    return fail(2, `${op} takes an Array, a number, or a BinData but received: ${show(operand)}`)
  }
  const bit = bitReader(operand)!
  return Array.from({ length }, (_, i) => i).filter(bit)
}

function bitReader(value: Value | undefined): ((position: number) => boolean) | undefined {
  if (value instanceof Binary) return (position) => ((value.bytes[position >> 3] ?? 0) >> (position & 7)) % 2 === 1
  if (!isNumeric(value)) return undefined
  const number = asNumber(value as Numeric)
  if (typeof value !== 'bigint' && (!Number.isInteger(number) || Math.abs(number) >= 2 ** 63)) return undefined
  const whole = truncateToInt64(value)
  return (position) => ((whole >> BigInt(Math.min(position, 63))) & 1n) === 1n
}

/** `{$gt: 1}` is tested on the elements themselves; `{$and: [...]}` and `{a: 1}` on elements that are documents. */
export function elemMatchIsValueForm(operand: Doc): boolean {
  const first = operand.keys().next().value
  return first?.startsWith('$') === true && !['$and', '$or', '$nor', '$expr', '$where'].includes(first)
}
