import { createHash } from 'node:crypto'
import { type Doc, isDoc, UNDEFINED, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { keyString } from '../value/keystring.ts'
import { isIndex } from '../value/path.ts'

/** LMDB keys end at 1,978 bytes; MongoDB's do not, so a longer key keeps its start and the hash of the whole. */
export const MAX_KEY_BYTES = 1_900
const KEPT_BYTES = MAX_KEY_BYTES - 32

interface Pending {
  field: number
  value: Value | undefined
  rest: string[]
}

export interface IndexKeys {
  keys: Buffer[]
  /** Fields whose path met an array. */
  multikey: boolean[]
  /** True when a key was cut: such an index cannot give an order. */
  lossy: boolean
  /** True when no indexed field is present, which a sparse index leaves out. */
  allMissing: boolean
}

/** The keys of one document in one index: one per array element, as MongoDB makes them. */
export function indexKeys(document: Doc, paths: string[][], descending: boolean[]): IndexKeys {
  const tuples: (Value | undefined)[][] = []
  const multikey = paths.map(() => false)
  expand(
    paths.map((rest, field) => ({ field, value: document, rest })),
    new Array(paths.length).fill(undefined),
    tuples,
    multikey,
    paths,
  )
  const result: IndexKeys = {
    keys: [],
    multikey,
    lossy: false,
    allMissing: tuples.every((tuple) => tuple.every((value) => value === undefined)),
  }
  const seen = new Set<string>()
  for (const tuple of tuples) {
    const whole = keyString(tuple, descending)
    const key = shorten(whole)
    if (key !== whole) result.lossy = true
    if (tuples.length > 1) {
      const text = key.toString('latin1')
      if (seen.has(text)) continue
      seen.add(text)
    }
    result.keys.push(key)
  }
  return result
}

/** A key as it is stored. */
export function shorten(key: Buffer): Buffer {
  if (key.length <= MAX_KEY_BYTES) return key
  return Buffer.concat([key.subarray(0, KEPT_BYTES), createHash('sha256').update(key).digest()])
}

/** Bounds of a scan that also covers shortened keys. */
export function shortenBound(key: Buffer): Buffer {
  return key.length <= KEPT_BYTES ? key : key.subarray(0, KEPT_BYTES)
}

function expand(
  pending: Pending[],
  fixed: (Value | undefined)[],
  out: (Value | undefined)[][],
  multikey: boolean[],
  paths: string[][],
): void {
  const atArray: (Pending & { value: Value[] })[] = []
  const values = [...fixed]
  for (const entry of pending) {
    const reached = walk(entry)
    if (Array.isArray(reached.value)) atArray.push(reached as Pending & { value: Value[] })
    else values[entry.field] = reached.value
  }
  if (atArray.length === 0) {
    out.push(values)
    return
  }
  const [first] = atArray
  for (const entry of atArray) {
    multikey[entry.field] = true
    if (entry.value !== first!.value) {
      fail(171, `cannot index parallel arrays [${paths[entry.field]!.at(-1)}] [${paths[first!.field]!.at(-1)}]`)
    }
  }
  const elements = first!.value
  if (elements.length === 0) {
    for (const { field, rest } of atArray) values[field] = rest.length === 0 ? UNDEFINED : undefined
    out.push(values)
    return
  }
  for (const element of elements) {
    const inner = [...values]
    const deeper: Pending[] = []
    for (const { field, rest } of atArray) {
      if (rest.length === 0) inner[field] = element
      else if (isDoc(element)) deeper.push({ field, value: element, rest })
      else inner[field] = undefined
    }
    if (deeper.length === 0) out.push(inner)
    else expand(deeper, inner, out, multikey, paths)
  }
}

/** Follows a path until it ends or meets an array that it does not enter by position. */
function walk({ field, value, rest }: Pending): Pending {
  let current = value
  let at = 0
  while (at < rest.length) {
    if (isDoc(current)) current = current.get(rest[at++]!)
    else if (Array.isArray(current) && isIndex(rest[at]!) && Number(rest[at]) < current.length)
      current = current[Number(rest[at++])]
    else break
  }
  const left = rest.slice(at)
  if (left.length > 0 && !Array.isArray(current)) return { field, value: undefined, rest: [] }
  return { field, value: current, rest: left }
}
