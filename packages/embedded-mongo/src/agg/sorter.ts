import type { Doc, Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { compareSortValues, type SortKey, sortValues } from '../query/sort.ts'
import { MAX_BLOCKING_BYTES, roughSize } from '../value/size.ts'

interface Entry<T> {
  key: Value[]
  item: T
}

/**
 * Sorts in memory, stably. With a limit only that many are held at a time; past MongoDB's memory limit it is error 292.
 */
export function sortBy<T>(
  input: Iterable<T>,
  keys: SortKey[],
  read: (item: T) => { document: Doc; bytes: number },
  limit = Number.POSITIVE_INFINITY,
): T[] {
  let entries: Entry<T>[] = []
  let held = 0
  const order = (a: Entry<T>, b: Entry<T>) => compareSortValues(keys, a.key, b.key)
  for (const item of input) {
    const { document, bytes } = read(item)
    entries.push({ key: sortValues(document, keys), item })
    held += bytes
    if (entries.length >= 2 * limit + 1000) {
      held = Math.ceil((held * limit) / entries.length)
      entries = entries.sort(order).slice(0, limit)
    }
    if (held > MAX_BLOCKING_BYTES) {
      fail(292, `Sort exceeded memory limit of ${MAX_BLOCKING_BYTES} bytes, but did not opt in to external sorting.`)
    }
  }
  return entries
    .sort(order)
    .slice(0, limit)
    .map((entry) => entry.item)
}

export function sortDocuments(input: Iterable<Doc>, keys: SortKey[]): Doc[] {
  return sortBy(input, keys, (document) => ({ document, bytes: roughSize(document) }))
}
