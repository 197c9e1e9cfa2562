import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { isIndex } from '../value/path.ts'
import { type Filter, type Leaf, matches, matchesValue } from './filter.ts'

/** Position in the first array on the way of the element that made the filter match, for `$` paths. */
export function matchedPosition(filter: Filter, document: Doc): number | undefined {
  switch (filter.kind) {
    case 'and': {
      let last: number | undefined
      for (const branch of filter.branches) last = matchedPosition(branch, document) ?? last
      return last
    }
    case 'or':
      for (const branch of filter.branches) if (matches(branch, document)) return matchedPosition(branch, document)
      return undefined
    case 'field':
      return fieldPosition(document, filter.path, 0, filter.leaf)
    default:
      return undefined
  }
}

function fieldPosition(value: Value | undefined, path: string[], at: number, leaf: Leaf): number | undefined {
  if (isDoc(value)) return at < path.length ? fieldPosition(value.get(path[at]!), path, at + 1, leaf) : undefined
  if (!Array.isArray(value)) return undefined
  if (at === path.length) {
    const found = value.findIndex((element) => (leaf.reach === 'each' ? leaf.test(element) : leaf.test([element])))
    return found < 0 ? undefined : found
  }
  const part = path[at]!
  const rest = path.slice(at)
  const found = value.findIndex(
    (element) => isDoc(element) && matches({ kind: 'field', path: rest, op: '$eq', operand: null, leaf }, element),
  )
  if (found >= 0) return found
  if (!isIndex(part)) return undefined
  const element = value[Number(part)]
  return element !== undefined && at + 1 === path.length && matchesValue(leaf, element) ? Number(part) : undefined
}
