import { isDoc, isNumeric, ObjectId, Timestamp, typeName, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { asInteger } from '../value/numbers.ts'
import { show } from '../value/show.ts'
import {
  addUnits,
  dayOfYear,
  difference,
  type Fields,
  fieldsOf,
  formatDate,
  isoWeek,
  truncate,
  type Unit,
} from './dates.ts'
import { type OperatorParser, parseExpression } from './expression.ts'
import { isNullish, namedArguments, onNamed } from './ops.ts'
import { parseDate } from './ops-convert.ts'

export function toDate(value: Value, code = 16006): Date {
  if (value instanceof Date) return value
  if (value instanceof ObjectId) return new Date(Number.parseInt(value.hex.slice(0, 8), 16) * 1000)
  if (value instanceof Timestamp) return new Date(value.seconds * 1000)
  return fail(code, `can't convert from BSON type ${typeName(value)} to Date`)
}

function zoneOf(value: Value | undefined): string {
  if (value === undefined) return 'UTC'
  return typeof value === 'string' ? value : fail(40517, `timezone must evaluate to a string, found ${typeName(value)}`)
}

/** `{$year: date}` or `{$year: {date, timezone}}`. */
function part(read: (fields: Fields) => number | bigint): OperatorParser {
  return (argument, scope, name) => {
    const isNamed = isDoc(argument) && !argument.keys().next().value?.startsWith('$')
    const named = isNamed
      ? namedArguments(argument, name, { required: ['date'], optional: ['timezone'], codes: [40535, 40535, 40539] })
      : undefined
    const plain = Array.isArray(argument) && argument.length === 1 ? argument[0]! : argument
    if (Array.isArray(plain))
      return fail(40536, `${name} accepts exactly one argument if given an array, but was given ${plain.length}`)
    const date = parseExpression(named ? named.get('date')! : plain, scope)
    const zone = named?.has('timezone') ? parseExpression(named.get('timezone')!, scope) : () => 'UTC'
    return (env) => {
      const value = date(env)
      const where = zone(env)
      return isNullish(value) || isNullish(where) ? null : read(fieldsOf(toDate(value!), zoneOf(where)))
    }
  }
}

const UNITS = new Set(['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'])

function unitOf(value: Value | undefined, name: string): Unit {
  if (typeof value !== 'string') return fail(5439013, `${name} requires 'unit' to be a string`)
  if (!UNITS.has(value)) fail(9, `unknown time unit value: ${value}`)
  return value as Unit
}

const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

function weekStartOf(value: Value | undefined, name: string): number {
  if (value === undefined) return 0
  const day = typeof value === 'string' ? WEEKDAYS.indexOf(value.toLowerCase().slice(0, 3)) : -1
  return day < 0 ? fail(9, `${name} parameter 'startOfWeek' is not a day of the week: ${show(value)}`) : day
}

function add(sign: 1 | -1): OperatorParser {
  return onNamed(
    { required: ['startDate', 'unit', 'amount'], optional: ['timezone'], codes: [5166400, 5166401, 5166402] },
    ({ startDate, unit, amount, timezone }, name) => {
      if ([startDate, unit, amount].some(isNullish)) return null
      const by = isNumeric(amount) ? asInteger(amount) : undefined
      if (by === undefined) return fail(5166405, `${name} expects integer amount of time units`)
      return addUnits(toDate(startDate!, 5166403), unitOf(unit, name), sign * by, zoneOf(timezone))
    },
  )
}

const dateTrunc = onNamed(
  { required: ['date', 'unit'], optional: ['binSize', 'timezone', 'startOfWeek'], codes: [5439007, 5439008, 5439009] },
  ({ date, unit, binSize = 1, timezone, startOfWeek }, name) => {
    if (isNullish(date) || isNullish(unit) || isNullish(binSize)) return null
    const size = isNumeric(binSize) ? asInteger(binSize) : undefined
    if (size === undefined || size < 1) return fail(5439018, `${name} requires 'binSize' to be a positive integer`)
    return truncate(toDate(date!, 5439012), unitOf(unit, name), size, zoneOf(timezone), weekStartOf(startOfWeek, name))
  },
)

const dateDiff = onNamed(
  {
    required: ['startDate', 'endDate', 'unit'],
    optional: ['timezone', 'startOfWeek'],
    codes: [5166301, 5166302, 5166303],
  },
  ({ startDate, endDate, unit, timezone, startOfWeek }, name) => {
    if ([startDate, endDate, unit].some(isNullish)) return null
    return BigInt(
      difference(
        toDate(startDate!, 5166307),
        toDate(endDate!, 5166307),
        unitOf(unit, name),
        zoneOf(timezone),
        weekStartOf(startOfWeek, name),
      ),
    )
  },
)

const dateToString = onNamed(
  { required: ['date'], optional: ['format', 'timezone', 'onNull'], codes: [18629, 18534, 18628] },
  ({ date, format = '%Y-%m-%dT%H:%M:%S.%LZ', timezone = 'UTC', onNull = null }) => {
    if (isNullish(date)) return onNull
    if (isNullish(format) || isNullish(timezone)) return null
    if (typeof format !== 'string')
      return fail(18533, `$dateToString requires that 'format' be a string, found: ${typeName(format)}`)
    return formatDate(toDate(date!), format, zoneOf(timezone))
  },
)

const dateToParts = onNamed(
  { required: ['date'], optional: ['timezone'], codes: [40524, 40520, 40522] },
  ({ date, timezone }) => {
    if (isNullish(date)) return null
    const { year, month, day, hour, minute, second, ms } = fieldsOf(toDate(date!), zoneOf(timezone))
    return new Map<string, Value>(Object.entries({ year, month, day, hour, minute, second, millisecond: ms }))
  },
)

const dateFromString = onNamed(
  { required: ['dateString'], optional: ['timezone', 'onError', 'onNull'], codes: [40540, 40541, 40542] },
  ({ dateString, timezone, onError, onNull = null }) => {
    if (isNullish(dateString)) return onNull
    const date = typeof dateString === 'string' ? parseDate(dateString, zoneOf(timezone)) : undefined
    if (date) return date
    return (
      onError ?? fail(241, `an incomplete date/time string has been found, with elements missing: ${show(dateString)}`)
    )
  },
)

export const dateOperators: [string, OperatorParser][] = [
  ['$year', part((f) => f.year)],
  ['$month', part((f) => f.month)],
  ['$dayOfMonth', part((f) => f.day)],
  ['$dayOfYear', part(dayOfYear)],
  ['$dayOfWeek', part((f) => f.weekday + 1)],
  ['$hour', part((f) => f.hour)],
  ['$minute', part((f) => f.minute)],
  ['$second', part((f) => f.second)],
  ['$millisecond', part((f) => f.ms)],
  ['$week', part((f) => Math.floor((dayOfYear(f) + 6 - f.weekday) / 7))],
  ['$isoWeek', part((f) => isoWeek(f).week)],
  ['$isoWeekYear', part((f) => BigInt(isoWeek(f).year))],
  ['$isoDayOfWeek', part((f) => f.weekday || 7)],
  ['$dateToString', dateToString],
  ['$dateToParts', dateToParts],
  ['$dateFromString', dateFromString],
  ['$dateAdd', add(1)],
  ['$dateSubtract', add(-1)],
  ['$dateDiff', dateDiff],
  ['$dateTrunc', dateTrunc],
]
