import { isNumeric, MAX_KEY, MIN_KEY, Regex, UNDEFINED, type Value } from '../bson/values.ts'
import type { Filter } from '../query/filter.ts'
import { anchoredPrefix } from '../query/regex.ts'
import { RANK, rankOf } from '../value/compare.ts'
import { keyString } from '../value/keystring.ts'
import { asNumber } from '../value/numbers.ts'
import type { Index } from './index.ts'
import { shorten, shortenBound } from './index-keys.ts'

export type FieldFilter = Extract<Filter, { kind: 'field' }>

/** Key strings from `low` up to, not including, `high`. */
export interface Range {
  low: Buffer
  high: Buffer
  /** The one key of a unique index that can lie in the range. */
  exact?: Buffer
}

export interface Bounds {
  ranges: Range[]
  /** Leading fields that are held at single values. */
  equalFields: number
  /** Fields with any bound. */
  boundFields: number
}

const AFTER = Buffer.from([0xff])
const MAX_POINTS = 1_000

/** Every key of an index. */
export const EVERYTHING: Range = { low: Buffer.alloc(0), high: AFTER }

/** What a filter's conjuncts say about an index: points on leading fields, then at most one range. */
export function boundsOf(index: Index, conjuncts: FieldFilter[]): Bounds | undefined {
  let points: Value[][] = [[]]
  let equalFields = 0
  let usedMultikey = false
  for (let field = 0; field < index.paths.length; field++) {
    const name = index.paths[field]!.join('.')
    // On arrays two conditions may be met by two elements, so only one of them may narrow the scan; and two fields
    // inside one array may be met by two of its documents.
    const isMultikey = index.multikey[field]!
    if (isMultikey && usedMultikey) break
    const filters = conjuncts.filter((filter) => filter.path.join('.') === name)
    const values = filters.map(pointsOf).find((found) => found !== undefined)
    if (values && values.length * points.length <= MAX_POINTS) {
      points = points.flatMap((prefix) => values.map((value) => [...prefix, value]))
      equalFields++
      usedMultikey ||= isMultikey
      continue
    }
    const ranges = rangesOf(isMultikey ? filters.filter(hasRange).slice(0, 1) : filters, index.descending[field]!)
    if (!ranges) break
    return {
      ranges: points.flatMap((prefix) => {
        const head = keyString(prefix, index.descending)
        return ranges.map(({ low, high }) =>
          shortened({ low: Buffer.concat([head, low]), high: Buffer.concat([head, high]) }),
        )
      }),
      equalFields: points.length === 1 ? equalFields : 0,
      boundFields: equalFields + 1,
    }
  }
  if (equalFields === 0) return undefined
  const exact = index.unique && equalFields === index.paths.length
  const ranges = points.map((prefix) => {
    const key = keyString(prefix, index.descending)
    const range = shortened({ low: key, high: Buffer.concat([key, AFTER]) })
    return exact ? { ...range, exact: shorten(key) } : range
  })
  return { ranges, equalFields: points.length === 1 ? equalFields : 0, boundFields: equalFields }
}

function shortened({ low, high }: Range): Range {
  const cut = shortenBound(high)
  return { low: shortenBound(low), high: cut === high ? high : Buffer.concat([cut, AFTER]) }
}

/** Single values that a condition allows, when it is an equality. */
function pointsOf(filter: FieldFilter): Value[] | undefined {
  const { op, operand } = filter
  if (op === '$eq') return pointOf(operand)
  if (op !== '$in') return undefined
  const points: Value[] = []
  for (const value of operand as Value[]) {
    const found = pointOf(value)
    if (!found || value instanceof Regex) return undefined
    points.push(...found)
  }
  return points.length <= MAX_POINTS ? points : undefined
}

function pointOf(value: Value): Value[] | undefined {
  // An array may equal the whole or be nested; an empty array is indexed like undefined.
  if (Array.isArray(value)) return undefined
  return value === null || value === UNDEFINED ? [null, UNDEFINED] : [value]
}

function hasRange(filter: FieldFilter): boolean {
  return rangeOf(filter, false) !== undefined
}

function rangesOf(filters: FieldFilter[], descending: boolean): Range[] | undefined {
  let result: Range | undefined
  for (const filter of filters) {
    if (filter.op === '$regex') {
      const { pattern, flags } = filter.operand as Regex
      const prefix = anchoredPrefix(pattern, flags)
      if (prefix === '' || result) continue
      return [stringPrefix(prefix, descending), point(filter.operand, descending)]
    }
    const range = rangeOf(filter, descending)
    if (!range) continue
    result = result
      ? {
          low: Buffer.compare(range.low, result.low) > 0 ? range.low : result.low,
          high: Buffer.compare(range.high, result.high) < 0 ? range.high : result.high,
        }
      : range
  }
  return result && [result]
}

function point(value: Value, descending: boolean): Range {
  const low = keyString([value], [descending])
  return { low, high: Buffer.concat([low, AFTER]) }
}

function stringPrefix(prefix: string, descending: boolean): Range {
  const closed = keyString([prefix])
  const open = Buffer.from(closed.subarray(0, -1))
  if (!descending) return { low: open, high: Buffer.concat([open, AFTER]) }
  for (let i = 0; i < open.length; i++) open[i] = ~open[i]! & 0xff
  return { low: open, high: Buffer.concat([open, Buffer.alloc(4, 0xff)]) }
}

/** A comparison stays within the type of its operand. */
function rangeOf({ op, operand }: FieldFilter, descending: boolean): Range | undefined {
  if (op !== '$gt' && op !== '$gte' && op !== '$lt' && op !== '$lte') return undefined
  const rank = rankOf(operand)
  if (operand === MIN_KEY || operand === MAX_KEY || rank <= RANK.null || rank === RANK.array) return undefined
  if (isNumeric(operand) && Number.isNaN(asNumber(operand))) return undefined
  const typeByte = descending ? ~rank & 0xff : rank
  const key = keyString([operand], [descending])
  const past = Buffer.concat([key, AFTER])
  // Descending keys run the other way: what is above the operand lies before it.
  const upward = op.startsWith('$gt') !== descending
  const inclusive = op.endsWith('e')
  if (upward) return { low: inclusive ? key : past, high: Buffer.from([typeByte + 1]) }
  return { low: Buffer.from([typeByte]), high: inclusive ? past : key }
}
