import type { Needed } from '../bson/decode.ts'
import type { Doc, Value } from '../bson/values.ts'
import { someOnPath } from '../value/path.ts'

/** A parsed filter. The planner reads the tree; `matches` runs it. */
export type Filter =
  | { kind: 'and' | 'or' | 'nor'; branches: Filter[] }
  | { kind: 'not'; branch: Filter }
  | { kind: 'field'; path: string[]; op: FieldOp; operand: Value; leaf: Leaf }
  | { kind: 'whole'; test: (document: Doc) => boolean; needed: Needed | undefined }

export type FieldOp =
  | '$eq'
  | '$gt'
  | '$gte'
  | '$lt'
  | '$lte'
  | '$in'
  | '$regex'
  | '$exists'
  | '$type'
  | '$size'
  | '$all'
  | '$elemMatch'
  | '$mod'
  | '$bits'

/** How a field operator looks at what its path reaches. */
export interface Leaf {
  test(value: Value | undefined): boolean
  /** `each`: the value, and if it is an array also each element; `value`: only the value itself. */
  reach: 'each' | 'value'
}

export function matches(filter: Filter, document: Doc): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.branches.every((branch) => matches(branch, document))
    case 'or':
      return filter.branches.some((branch) => matches(branch, document))
    case 'nor':
      return !filter.branches.some((branch) => matches(branch, document))
    case 'not':
      return !matches(filter.branch, document)
    case 'field':
      return matchesField(filter.path, filter.leaf, document)
    case 'whole':
      return filter.test(document)
  }
}

function matchesField(path: string[], leaf: Leaf, document: Doc): boolean {
  if (path.length === 1) return matchesValue(leaf, document.get(path[0]!))
  return someOnPath(document, path, 0, (value) => matchesValue(leaf, value))
}

export function matchesValue(leaf: Leaf, value: Value | undefined): boolean {
  if (leaf.test(value)) return true
  if (leaf.reach === 'value' || !Array.isArray(value)) return false
  for (const element of value) if (leaf.test(element)) return true
  return false
}

/** Adds to `needed` what the filter reads; `undefined` when it may read anything. */
export function neededBy(filter: Filter, needed: Needed): Needed | undefined {
  switch (filter.kind) {
    case 'and':
    case 'or':
    case 'nor':
      for (const branch of filter.branches) if (!neededBy(branch, needed)) return undefined
      return needed
    case 'not':
      return neededBy(filter.branch, needed)
    case 'field':
      addNeeded(needed, filter.path)
      return needed
    case 'whole':
      if (!filter.needed) return undefined
      mergeNeeded(needed, filter.needed)
      return needed
  }
}

/** Marks a dotted path as needed. Below an array position the whole value is taken: the decoder counts by name only. */
export function addNeeded(needed: Needed, path: readonly string[]): void {
  let level = needed
  for (let i = 0; i < path.length; i++) {
    const part = path[i]!
    const known = level.get(part)
    if (known === true) return
    const last = i === path.length - 1 || /^\d+$/.test(path[i + 1]!)
    if (last) {
      level.set(part, true)
      return
    }
    const below = known ?? new Map()
    level.set(part, below)
    level = below
  }
}

export function mergeNeeded(into: Needed, from: Needed): void {
  for (const [name, below] of from) {
    const known = into.get(name)
    if (known === true) continue
    if (below === true || known === undefined) into.set(name, below === true ? true : new Map(below))
    else mergeNeeded(known, below)
  }
}
