import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import type { Filter } from '../query/filter.ts'
import type { SortKey } from '../query/sort.ts'
import { compare, equal, RANK, rankOf } from '../value/compare.ts'
import { boundsOf, EVERYTHING, type FieldFilter, type Range } from './bounds.ts'
import type { Collection } from './collection.ts'
import type { Index } from './index.ts'

export interface IndexAccess {
  index: Index
  ranges: Range[]
  reverse: boolean
}

/** How the records of a query are reached. Whatever an index yields is checked against the filter again. */
export type Plan =
  | { kind: 'scan'; reverse: boolean; sorted: boolean }
  | { kind: 'index'; access: IndexAccess; sorted: boolean }
  | { kind: 'union'; parts: IndexAccess[]; sorted: boolean }

/** Chooses one index, a union of indexes for `$or`, or the whole collection. */
export function makePlan(collection: Collection, filter: Filter, sort: SortKey[], hint?: Value): Plan {
  const natural = sort.length === 1 && sort[0]!.path[0] === '$natural' ? sort[0] : undefined
  if (natural) return { kind: 'scan', reverse: natural.descending, sorted: true }
  const conjuncts = conjunctsOf(filter)
  if (hint !== undefined) return hinted(collection, conjuncts, sort, hint)
  let best: { plan: Plan; score: number } | undefined
  for (const index of collection.indexes) {
    if (index.hidden) continue
    const candidate = useIndex(index, conjuncts, sort, false)
    if (candidate && (!best || candidate.score > best.score)) best = candidate
  }
  if (best?.plan.kind !== 'index' || best.score < RANGE_SCORE) {
    const union = unionPlan(collection, filter, sort)
    if (union) return union
  }
  return best?.plan ?? { kind: 'scan', reverse: false, sorted: sort.length === 0 }
}

const EQUAL_SCORE = 100
const RANGE_SCORE = 50
const SORT_SCORE = 40

function useIndex(
  index: Index,
  conjuncts: FieldFilter[],
  sort: SortKey[],
  forced: boolean,
): { plan: Plan; score: number } | undefined {
  if (!forced && !covers(index, conjuncts)) return undefined
  const bounds = boundsOf(index, conjuncts)
  const order = sortDirection(index, sort, bounds?.equalFields ?? 0, (bounds?.ranges.length ?? 1) === 1)
  const sorted = sort.length === 0 || order !== undefined
  if (!bounds && !forced && (sort.length === 0 || !sorted)) return undefined
  const ranges = bounds ? [...bounds.ranges].sort((a, b) => Buffer.compare(a.low, b.low)) : [EVERYTHING]
  const allEqual = bounds !== undefined && bounds.boundFields === index.paths.length && index.unique
  const score = bounds
    ? bounds.equalFields * EQUAL_SCORE +
      (bounds.boundFields > bounds.equalFields ? RANGE_SCORE * (bounds.boundFields - bounds.equalFields) : 0)
    : 0
  return {
    plan: { kind: 'index', access: { index, ranges, reverse: order === 'reverse' }, sorted },
    score: score + (sort.length > 0 && sorted ? SORT_SCORE : 0) + (allEqual ? EQUAL_SCORE : 0),
  }
}

/** Whether reading an index in one direction gives the order that is asked for. */
function sortDirection(
  index: Index,
  sort: SortKey[],
  equalFields: number,
  single: boolean,
): 'forward' | 'reverse' | undefined {
  if (sort.length === 0) return 'forward'
  if (index.lossy || !single) return undefined
  let field = 0
  let reverse: boolean | undefined
  for (const key of sort) {
    const name = key.path.join('.')
    const at = index.paths.findIndex((path) => path.join('.') === name)
    // A field held at one value does not matter to the order.
    if (at >= 0 && at < equalFields && !index.multikey[at]) continue
    field = Math.max(field, equalFields)
    if (at !== field || index.multikey[at]) return undefined
    const backwards = key.descending !== index.descending[at]
    if (reverse !== undefined && reverse !== backwards) return undefined
    reverse = backwards
    field++
  }
  return reverse ? 'reverse' : 'forward'
}

function hinted(collection: Collection, conjuncts: FieldFilter[], sort: SortKey[], hint: Value): Plan {
  if (isDoc(hint) && hint.has('$natural')) {
    return { kind: 'scan', reverse: compare(hint.get('$natural'), 0) < 0, sorted: sort.length === 0 }
  }
  const index = collection.indexes.find((candidate) =>
    typeof hint === 'string' ? candidate.name === hint : sameKeyPattern(candidate.spec.get('key') as Doc, hint as Doc),
  )
  if (!index || index.hidden)
    return fail(
      2,
      'error processing query: planner returned error :: caused by :: hint provided does not correspond to an existing index',
    )
  return useIndex(index, conjuncts, sort, true)!.plan
}

export function sameKeyPattern(a: Doc, b: Doc): boolean {
  return equal(a, b)
}

function conjunctsOf(filter: Filter): FieldFilter[] {
  if (filter.kind === 'field') return [filter]
  return filter.kind === 'and' ? filter.branches.flatMap(conjunctsOf) : []
}

function unionPlan(collection: Collection, filter: Filter, sort: SortKey[]): Plan | undefined {
  const or =
    filter.kind === 'or'
      ? filter
      : filter.kind === 'and'
        ? filter.branches.find((branch) => branch.kind === 'or')
        : undefined
  if (or?.kind !== 'or' || or.branches.length === 0) return undefined
  const parts: IndexAccess[] = []
  for (const branch of or.branches) {
    let best: { plan: Plan; score: number } | undefined
    for (const index of collection.indexes) {
      const candidate = index.hidden ? undefined : useIndex(index, conjunctsOf(branch), [], false)
      if (candidate && (!best || candidate.score > best.score)) best = candidate
    }
    if (best?.plan.kind !== 'index') return undefined
    parts.push(best.plan.access)
  }
  return { kind: 'union', parts, sorted: sort.length === 0 }
}

/** A sparse or partial index may answer only a filter that implies what it holds. */
function covers(index: Index, conjuncts: FieldFilter[]): boolean {
  if (
    index.sparse &&
    !conjuncts.some((filter) => filter.path.join('.') === index.paths[0]!.join('.') && excludesMissing(filter))
  )
    return false
  if (!index.partial) return true
  const wanted = conjunctsOf(index.partial)
  if (!isConjunction(index.partial)) return false
  return wanted.every((part) =>
    conjuncts.some((filter) => filter.path.join('.') === part.path.join('.') && implies(filter, part)),
  )
}

function isConjunction(filter: Filter): boolean {
  return filter.kind === 'field' || (filter.kind === 'and' && filter.branches.every(isConjunction))
}

function excludesMissing({ op, operand }: FieldFilter): boolean {
  if (op === '$eq') return rankOf(operand) > RANK.null
  if (op === '$in') return (operand as Value[]).every((value) => rankOf(value) > RANK.null)
  return op !== '$exists' ? rankOf(operand) > RANK.null : true
}

/** True when every document that passes `filter` passes `part`; both are on the same path. */
function implies(filter: FieldFilter, part: FieldFilter): boolean {
  if (filter.op === part.op && equal(filter.operand, part.operand)) return true
  if (part.op === '$exists') return excludesMissing(filter)
  if (filter.op === '$eq') return !Array.isArray(filter.operand) && part.leaf.test(filter.operand)
  if (filter.op === '$in')
    return (filter.operand as Value[]).every((value) => !Array.isArray(value) && part.leaf.test(value))
  const sameSide = part.op.slice(0, 3) === filter.op.slice(0, 3) && /^\$[gl]t/.test(part.op)
  if (!sameSide || rankOf(filter.operand) !== rankOf(part.operand)) return false
  const difference = compare(filter.operand, part.operand) * (part.op.startsWith('$gt') ? 1 : -1)
  return difference > 0 || (difference === 0 && part.op.endsWith('e'))
}
