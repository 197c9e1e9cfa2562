import type { Needed } from '../bson/decode.ts'
import { type Doc, isDoc, isNumeric, UNDEFINED, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import { compare } from '../value/compare.ts'
import { asInteger } from '../value/numbers.ts'
import { someOnPath } from '../value/path.ts'
import { addNeeded } from './filter.ts'

export interface SortKey {
  path: string[]
  descending: boolean
}

/** @param code what MongoDB answers to a bad direction: 15975 in a pipeline, 2 in `find` */
export function parseSort(spec: Doc, code: number): SortKey[] {
  if (spec.size > 32) fail(13103, 'too many compound keys')
  return [...spec].map(([name, value]) => {
    if (isDoc(value)) {
      if (value.has('$meta')) return notImplemented('$meta')
      return fail(code, `Illegal key in $sort specification: ${name}`)
    }
    const direction = isNumeric(value) ? asInteger(value) : undefined
    if (direction !== 1 && direction !== -1) {
      return fail(code === 15975 ? 15975 : 2, '$sort key ordering must be 1 (for ascending) or -1 (for descending)')
    }
    if (name === '$natural' && code === 2) return { path: [name], descending: direction === -1 }
    if (name === '' || name.split('.').includes(''))
      fail(name === '' ? 40352 : 15998, 'FieldPath field names may not be empty strings.')
    if (name.startsWith('$')) fail(16410, `Field names may not start with '$'. Consider using $getField or $setField.`)
    return { path: name.split('.'), descending: direction === -1 }
  })
}

/** What a value is sorted by: an array counts as its lowest element ascending, its highest descending. */
export function sortValue(value: Value | undefined, key: SortKey): Value {
  let best: Value | undefined
  someOnPath(value, key.path, 0, (found) => {
    const candidates = Array.isArray(found) ? (found.length === 0 ? [UNDEFINED] : found) : [found ?? null]
    for (const candidate of candidates) {
      if (best === undefined || (key.descending ? compare(candidate, best) > 0 : compare(candidate, best) < 0)) {
        best = candidate
      }
    }
    return false
  })
  return best ?? null
}

export function sortValues(value: Value, keys: SortKey[]): Value[] {
  return keys.map((key) => sortValue(value, key))
}

export function compareSortValues(keys: SortKey[], a: Value[], b: Value[]): number {
  for (let i = 0; i < keys.length; i++) {
    const result = compare(a[i], b[i])
    if (result !== 0) return keys[i]!.descending ? -result : result
  }
  return 0
}

export function compareBySort(keys: SortKey[], a: Value, b: Value): number {
  return compareSortValues(keys, sortValues(a, keys), sortValues(b, keys))
}

export function neededBySort(keys: SortKey[], needed: Needed): void {
  for (const key of keys) addNeeded(needed, key.path)
}
