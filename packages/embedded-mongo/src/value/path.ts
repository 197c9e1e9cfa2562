import { type Doc, isDoc, type Value } from '../bson/values.ts'

const INDEX = /^(0|[1-9]\d*)$/

/** True for a path part that can be a position in an array: `0`, `12`, but not `01`. */
export function isIndex(part: string): boolean {
  return INDEX.test(part) && part.length < 10
}

/**
 * Calls `visit` for each value that a query path reaches. Arrays on the way are entered both by position and through
 * each of their documents, one array level per part; scalars inside such arrays are passed over; a document or scalar
 * without the next part counts as one missing value. Stops when `visit` answers true, and answers that.
 */
export function someOnPath(
  value: Value | undefined,
  path: readonly string[],
  at: number,
  visit: (value: Value | undefined) => boolean,
): boolean {
  if (at === path.length) return visit(value)
  if (isDoc(value)) return someOnPath(value.get(path[at]!), path, at + 1, visit)
  if (!Array.isArray(value)) return visit(undefined)
  const part = path[at]!
  if (isIndex(part)) {
    const element = value[Number(part)]
    if (element !== undefined && someOnPath(element, path, at + 1, visit)) return true
  }
  for (const element of value) {
    if (isDoc(element) && someOnPath(element.get(part), path, at + 1, visit)) return true
  }
  return false
}

/** The value of a path in expressions: an array on the way gives the array of what its documents have. */
export function valueOnPath(value: Value | undefined, path: readonly string[], at = 0): Value | undefined {
  let current = value
  for (let i = at; i < path.length; i++) {
    if (Array.isArray(current)) {
      const found: Value[] = []
      for (const element of current) {
        if (!isDoc(element) && !Array.isArray(element)) continue
        const inner = valueOnPath(element, path, i)
        if (inner !== undefined) found.push(inner)
      }
      return found
    }
    if (!isDoc(current)) return undefined
    current = current.get(path[i]!)
  }
  return current
}

/** Copies documents and arrays, so that a change to the copy leaves the original alone; scalars are immutable. */
export function clone<T extends Value>(value: T): T {
  const source: Value = value
  if (isDoc(source)) {
    const copy: Doc = new Map()
    for (const [name, inner] of source) copy.set(name, clone(inner))
    return copy as T
  }
  return (Array.isArray(source) ? source.map((element) => clone(element)) : source) as T
}
