import {
  Decimal,
  isNumeric,
  ObjectId,
  Timestamp,
  type TypeName,
  toDouble,
  typeName,
  type Value,
} from '../bson/values.ts'
import { fail } from '../errors.ts'
import { parseTypes } from '../query/operators.ts'
import { exactOf, formatExact, parseExact, toDecimal } from '../value/decimal.ts'
import { asDecimal, asNumber, isTrue, truncateToInt64 } from '../value/numbers.ts'
import { show } from '../value/show.ts'
import { formatDate, offsetMs } from './dates.ts'
import type { OperatorParser } from './expression.ts'
import { isNullish, onNamed, onValues } from './ops.ts'

/** Reads ISO 8601 and the likes of it; text without a zone is local to `zone`. */
export function parseDate(text: string, zone: string): Date | undefined {
  const match =
    /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?\s*$/.exec(
      text,
    )
  if (!match) return undefined
  const [year, month, day, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part)))
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  if (month! < 1 || month! > 12 || day! < 1 || day! > 31 || hour > 24 || minute > 59 || second > 59) return undefined
  const local = Date.UTC(year!, month! - 1, day!, hour, minute, second, ms)
  return new Date(local - offsetMs(local - offsetMs(local, match[8] ?? zone), match[8] ?? zone))
}

function unsupported(value: Value, to: string): never {
  return fail(241, `Unsupported conversion from ${typeName(value)} to ${to} in $convert with no onError value`)
}

function failed(value: Value, to: string): never {
  return fail(
    241,
    `Failed to parse ${to} '${typeof value === 'string' ? value : show(value)}' in $convert with no onError value`,
  )
}

function toNumberInRange(value: Value, to: 'int' | 'long'): Value {
  const [min, max] = to === 'int' ? [-(2n ** 31n), 2n ** 31n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n]
  let whole: bigint
  if (typeof value === 'boolean') whole = value ? 1n : 0n
  else if (typeof value === 'string') {
    if (!/^[+-]?\d{1,19}$/.test(value)) return failed(value, 'number')
    whole = BigInt(value)
  } else if (value instanceof Date && to === 'long') whole = BigInt(value.getTime())
  else if (isNumeric(value)) {
    const number = asNumber(value)
    if (!Number.isFinite(number))
      return fail(241, `Attempt to convert ${number} value to integer type in $convert with no onError value`)
    whole = Math.abs(number) > 2 ** 64 ? BigInt(Math.trunc(number)) : truncateToInt64(value)
  } else return unsupported(value, to)
  if (whole < min || whole > max)
    return fail(241, `Conversion would overflow target type in $convert with no onError value: ${whole}`)
  return to === 'int' ? Number(whole) : whole
}

function stringOf(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (value instanceof ObjectId) return value.hex
  if (value instanceof Date) return formatDate(value, '%Y-%m-%dT%H:%M:%S.%LZ', 'UTC')
  if (value instanceof Decimal) return formatExact(exactOf(value))
  if (isNumeric(value)) return typeof value === 'bigint' ? String(value) : String(asNumber(value))
  return unsupported(value, 'string')
}

function dateOf(value: Value): Date {
  if (value instanceof Date) return value
  if (value instanceof ObjectId) return new Date(Number.parseInt(value.hex.slice(0, 8), 16) * 1000)
  if (value instanceof Timestamp) return new Date(value.seconds * 1000)
  if (typeof value === 'string') return parseDate(value, 'UTC') ?? failed(value, 'date')
  if (isNumeric(value) && typeName(value) !== 'int') return new Date(Math.trunc(asNumber(value)))
  return unsupported(value, 'date')
}

function convert(value: Value, to: TypeName): Value {
  switch (to) {
    case 'int':
    case 'long':
      return toNumberInRange(value, to)
    case 'double':
    case 'decimal': {
      if (typeof value === 'string') {
        const exact = parseExact(value)
        if (exact === undefined) return failed(value, 'number')
        return to === 'decimal' ? toDecimal(exact) : toDouble(typeof exact === 'string' ? Number(exact) : Number(value))
      }
      const number =
        typeof value === 'boolean' ? Number(value) : value instanceof Date ? BigInt(value.getTime()) : value
      if (!isNumeric(number)) return unsupported(value, to)
      return to === 'decimal' ? asDecimal(number) : toDouble(asNumber(number))
    }
    case 'string':
      return stringOf(value)
    case 'bool':
      return typeof value === 'string' || isTrue(value)
    case 'date':
      return dateOf(value)
    case 'objectId':
      if (value instanceof ObjectId) return value
      if (typeof value !== 'string') return unsupported(value, to)
      return /^[0-9a-fA-F]{24}$/.test(value) ? new ObjectId(value.toLowerCase()) : failed(value, 'objectId')
    default:
      return unsupported(value, to)
  }
}

function to(type: TypeName): OperatorParser {
  return onValues(1, 1, ([value]) => (isNullish(value) ? null : convert(value!, type)))
}

const parseConvert = onNamed(
  { required: ['input', 'to'], optional: ['onError', 'onNull'], codes: [9, 9, 9] },
  ({ input, to: type, onError, onNull = null }) => {
    if (isNullish(input)) return onNull
    if (isNullish(type)) return null
    const [name] = parseTypes(type!, '$convert')
    if (onError === undefined) return convert(input!, name!)
    try {
      return convert(input!, name!)
    } catch {
      return onError
    }
  },
)

export const convertOperators: [string, OperatorParser][] = [
  ['$convert', parseConvert],
  ['$toInt', to('int')],
  ['$toLong', to('long')],
  ['$toDouble', to('double')],
  ['$toDecimal', to('decimal')],
  ['$toString', to('string')],
  ['$toBool', to('bool')],
  ['$toDate', to('date')],
  ['$toObjectId', to('objectId')],
  ['$type', onValues(1, 1, ([value]) => (value === undefined ? 'missing' : typeName(value)))],
  ['$isNumber', onValues(1, 1, ([value]) => isNumeric(value))],
]
