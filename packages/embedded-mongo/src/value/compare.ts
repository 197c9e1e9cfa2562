import { decode } from '../bson/decode.ts'
import {
  Binary,
  BsonSymbol,
  Code,
  DbPointer,
  Decimal,
  type Doc,
  Double,
  MAX_KEY,
  MIN_KEY,
  type Numeric,
  ObjectId,
  Raw,
  Regex,
  Timestamp,
  type Value,
} from '../bson/values.ts'
import { compareExact, exactOf } from './decimal.ts'

/**
 * Rank of a type in MongoDB's comparison order (manual: "Comparison/Sort Order"). Values of one rank are compared by
 * value; the numbers also serve as the type bytes of index keys, so none is 0 or 255.
 */
export const RANK = {
  minKey: 1,
  undefined: 2,
  null: 5,
  number: 10,
  string: 15,
  object: 20,
  array: 25,
  binData: 30,
  objectId: 35,
  bool: 40,
  date: 45,
  timestamp: 47,
  regex: 50,
  dbPointer: 55,
  code: 60,
  codeWithScope: 65,
  maxKey: 127,
} as const

export function rankOf(value: Value | undefined): number {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return RANK.number
    case 'string':
      return RANK.string
    case 'boolean':
      return RANK.bool
    case 'undefined':
      return RANK.undefined
  }
  if (value === null) return RANK.null
  if (value instanceof Map || value instanceof Raw) return RANK.object
  if (Array.isArray(value)) return RANK.array
  if (value instanceof Date) return RANK.date
  if (value instanceof ObjectId) return RANK.objectId
  if (value instanceof Double || value instanceof Decimal) return RANK.number
  if (value instanceof Binary) return RANK.binData
  if (value instanceof Timestamp) return RANK.timestamp
  if (value instanceof Regex) return RANK.regex
  if (value instanceof BsonSymbol) return RANK.string
  if (value instanceof Code) return value.scope ? RANK.codeWithScope : RANK.code
  if (value instanceof DbPointer) return RANK.dbPointer
  if (value === MIN_KEY) return RANK.minKey
  if (value === MAX_KEY) return RANK.maxKey
  return RANK.undefined
}

/** Orders any two values; a missing value (`undefined`) sorts with `UNDEFINED`, below null. */
export function compare(a: Value | undefined, b: Value | undefined): number {
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  const rank = rankOf(a)
  const difference = rank - rankOf(b)
  if (difference !== 0) return difference
  switch (rank) {
    case RANK.number:
      return compareNumbers(a as Numeric, b as Numeric)
    case RANK.string:
      return compareStrings(textOf(a), textOf(b))
    case RANK.object:
      return compareDocs(docOf(a), docOf(b))
    case RANK.array:
      return compareArrays(a as Value[], b as Value[])
    case RANK.date:
      return (a as Date).getTime() - (b as Date).getTime()
    case RANK.objectId:
      return order((a as ObjectId).hex, (b as ObjectId).hex)
    case RANK.bool:
      return Number(a) - Number(b)
    default:
      return compareRare(a as Value, b as Value)
  }
}

export function equal(a: Value | undefined, b: Value | undefined): boolean {
  return compare(a, b) === 0
}

function compareRare(a: Value, b: Value): number {
  if (a instanceof Binary && b instanceof Binary) {
    return a.bytes.length - b.bytes.length || a.subtype - b.subtype || a.bytes.compare(b.bytes)
  }
  if (a instanceof Timestamp && b instanceof Timestamp) return a.seconds - b.seconds || a.increment - b.increment
  if (a instanceof Regex && b instanceof Regex) {
    return compareStrings(a.pattern, b.pattern) || compareStrings(a.flags, b.flags)
  }
  if (a instanceof Code && b instanceof Code) {
    return compareStrings(a.source, b.source) || (a.scope && b.scope ? compareDocs(a.scope, b.scope) : 0)
  }
  if (a instanceof DbPointer && b instanceof DbPointer) return compareStrings(a.ns, b.ns) || order(a.hex, b.hex)
  return 0
}

function docOf(value: Value | undefined): Doc {
  return value instanceof Raw ? decode(value.bytes) : (value as Doc)
}

function textOf(value: Value | undefined): string {
  return value instanceof BsonSymbol ? value.text : (value as string)
}

function order<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** By code point, which is the byte order of UTF-8; JavaScript's own order is by UTF-16 unit. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    // Surrogates (0xd800-0xdfff) stand for code points above 0xffff: lift them over 0xe000-0xffff.
    return (x >= 0xd800 && x < 0xe000 ? x + 0x10000 : x) - (y >= 0xd800 && y < 0xe000 ? y + 0x10000 : y)
  }
  return a.length - b.length
}

/** Exact across int, long, double and decimal; NaN equals NaN and is below every other number. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  const x = a instanceof Double ? a.value : a
  const y = b instanceof Double ? b.value : b
  if (x instanceof Decimal || y instanceof Decimal) return compareExact(exactOf(x), exactOf(y))
  if (x < y) return -1
  if (x > y) return 1
  // biome-ignore lint/suspicious/noDoubleEquals: mixes number and bigint, which compare exactly
  if (x == y) return 0
  return Number(Number.isNaN(y)) - Number(Number.isNaN(x))
}

function compareDocs(a: Doc, b: Doc): number {
  const right = b.entries()
  for (const [name, value] of a) {
    const other = right.next()
    if (other.done) return 1
    const [otherName, otherValue] = other.value
    const result = rankOf(value) - rankOf(otherValue) || compareStrings(name, otherName) || compare(value, otherValue)
    if (result !== 0) return result
  }
  return right.next().done ? 0 : -1
}

function compareArrays(a: Value[], b: Value[]): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const result = compare(a[i], b[i])
    if (result !== 0) return result
  }
  return a.length - b.length
}
