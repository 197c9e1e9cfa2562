import { type Doc, isDoc, isNumeric, Timestamp, typeName, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { compareBySort } from '../query/sort.ts'
import { compare, equal } from '../value/compare.ts'
import { arithmetic } from '../value/numbers.ts'
import { clone, isIndex } from '../value/path.ts'
import { show } from '../value/show.ts'
import type { Change, Update } from './parse.ts'

export interface ApplyContext {
  /** True when the document is the base of an upsert. */
  isInsert: boolean
  /** Position of the array element that the query matched, for the `$` path part. */
  position: number | undefined
  now: Date
}

const MAX_PADDING = 1_500_000

/** Returns the updated document; the original is left alone. */
export function applyUpdate(original: Doc, update: Update, context: ApplyContext): Doc {
  if (update.kind === 'pipeline') return keepId(original, update.run(original))
  if (update.kind === 'replace') return keepId(original, update.document)
  const target = clone(original)
  const touched: string[][] = []
  for (const change of update.changes) {
    const dynamic = change.path.some((part) => part.startsWith('$'))
    const paths = dynamic ? expandPath(target, change.path, update.arrayFilters, context) : [change.path]
    for (const path of paths) {
      if (dynamic) refuseRuntimeConflict(touched, path)
      touched.push(path)
      applyChange(target, change, path, context)
    }
  }
  const id = original.get('_id')
  if (id !== undefined && !equal(id, target.get('_id'))) {
    fail(66, "Performing an update on the path '_id' would modify the immutable field '_id'")
  }
  return target
}

/** A replacement without `_id` keeps the old one, in front; with another `_id` it is refused. */
function keepId(original: Doc, replacement: Doc): Doc {
  const id = original.get('_id')
  const next = replacement.get('_id')
  if (id === undefined) return replacement
  if (next !== undefined && !equal(id, next)) {
    fail(
      66,
      `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${show(next)}`,
    )
  }
  const result: Doc = new Map([['_id', id]])
  for (const [name, value] of replacement) if (name !== '_id') result.set(name, value)
  return result
}

function refuseRuntimeConflict(touched: string[][], path: string[]): void {
  const name = path.join('.')
  for (const other of touched) {
    if (`${name}.`.startsWith(`${other.join('.')}.`)) fail(40, `Update created a conflict at '${name}'`)
  }
}

/** Replaces `$`, `$[]` and `$[id]` by the positions they stand for in this document. */
function expandPath(
  root: Doc,
  path: string[],
  filters: Map<string, (element: Value) => boolean>,
  context: ApplyContext,
): string[][] {
  let current: { value: Value | undefined; path: string[] }[] = [{ value: root, path: [] }]
  for (const part of path) {
    const next: typeof current = []
    for (const { value, path: soFar } of current) {
      if (part === '$') {
        if (context.position === undefined) {
          fail(2, `The positional operator did not find the match needed from the query.`)
        }
        const position = String(context.position)
        next.push({ value: child(value, position), path: [...soFar, position] })
      } else if (part.startsWith('$[')) {
        if (!Array.isArray(value)) {
          if (value === undefined) {
            fail(2, `The path '${soFar.join('.')}' must exist in the document in order to apply array updates.`)
          }
          return fail(2, `Cannot apply array updates to non-array element ${soFar.at(-1)}: ${show(value)}`)
        }
        const accept = part === '$[]' ? () => true : filters.get(part.slice(2, -1))!
        value.forEach((element, i) => {
          if (accept(element)) next.push({ value: element, path: [...soFar, String(i)] })
        })
      } else next.push({ value: child(value, part), path: [...soFar, part] })
    }
    current = next
  }
  return current.map((entry) => entry.path)
}

function child(value: Value | undefined, part: string): Value | undefined {
  if (isDoc(value)) return value.get(part)
  return Array.isArray(value) && isIndex(part) ? value[Number(part)] : undefined
}

/** Reads a path strictly: positions in arrays, names in documents. */
function read(root: Doc, path: string[]): Value | undefined {
  let value: Value | undefined = root
  for (const part of path) value = child(value, part)
  return value
}

/** Writes a path, creating the documents on the way and padding arrays with null. */
export function write(root: Doc, path: string[], value: Value): void {
  let container: Doc | Value[] = root
  for (let i = 0; i < path.length - 1; i++) {
    const next = child(container, path[i]!)
    if (isDoc(next) || Array.isArray(next)) container = next
    else if (next === undefined) {
      const created: Doc = new Map()
      put(container, path, i, created)
      container = created
    } else cannotCreate(path, i, next)
  }
  put(container, path, path.length - 1, value)
}

function put(container: Doc | Value[], path: string[], at: number, value: Value): void {
  const part = path[at]!
  if (isDoc(container)) {
    container.set(part, value)
    return
  }
  if (!isIndex(part)) cannotCreate(path, at - 1, container)
  const index = Number(part)
  if (index - container.length > MAX_PADDING)
    fail(2, `cannot pad array with ${index - container.length} nulls: ${path.join('.')}`)
  while (container.length < index) container.push(null)
  container[index] = value
}

function cannotCreate(path: string[], at: number, value: Value): never {
  return fail(28, `Cannot create field '${path[at + 1]}' in element {${path[at]}: ${show(value)}}`)
}

function remove(root: Doc, path: string[]): void {
  const container = read(root, path.slice(0, -1))
  const part = path.at(-1)!
  if (isDoc(container)) container.delete(part)
  // An array keeps its length: the position is set to null.
  else if (Array.isArray(container) && isIndex(part) && Number(part) < container.length) container[Number(part)] = null
}

function applyChange(root: Doc, change: Change, path: string[], context: ApplyContext) {
  const old = read(root, path)
  switch (change.op) {
    case '$set':
      return write(root, path, clone(change.value))
    case '$setOnInsert':
      return context.isInsert ? write(root, path, clone(change.value)) : undefined
    case '$min':
    case '$max': {
      const better =
        old === undefined || (change.op === '$min' ? compare(change.value, old) < 0 : compare(change.value, old) > 0)
      return better ? write(root, path, clone(change.value)) : undefined
    }
    case '$inc':
    case '$mul':
      return write(root, path, incremented(root, change, path, old))
    case '$unset':
      return remove(root, path)
    case '$rename':
      return rename(root, path, change.to)
    case '$currentDate':
      return write(
        root,
        path,
        change.as === 'date' ? context.now : new Timestamp(Math.floor(context.now.getTime() / 1000), 1),
      )
    case '$push':
      return push(root, change, path, old)
    case '$addToSet':
      return addToSet(root, change, path, old)
    case '$pull': {
      if (old === undefined) return undefined
      if (!Array.isArray(old)) return fail(2, 'Cannot apply $pull to a non-array value')
      return write(
        root,
        path,
        old.filter((element) => !change.test(element)),
      )
    }
    case '$pop': {
      if (old === undefined) return undefined
      if (!Array.isArray(old))
        return fail(14, `Path '${path.join('.')}' contains an element of non-array type '${typeName(old)}'`)
      return write(root, path, change.first ? old.slice(1) : old.slice(0, -1))
    }
    case '$bit':
      return bit(root, change, path, old)
  }
}

function incremented(
  root: Doc,
  change: Change & { op: '$inc' | '$mul' },
  path: string[],
  old: Value | undefined,
): Value {
  if (old === undefined) return change.op === '$inc' ? change.by : (arithmetic('multiply', change.by, 0) as Value)
  if (!isNumeric(old)) {
    const verb = change.op === '$inc' ? 'increment' : 'multiply'
    return fail(
      14,
      `Cannot apply ${change.op} to a value of non-numeric type. {_id: ${show(root.get('_id'))}} has the field '${path.at(-1)}' of non-numeric type ${typeName(old)}, cannot ${verb}`,
    )
  }
  const result = arithmetic(change.op === '$inc' ? 'add' : 'multiply', old, change.by)
  if (result === undefined) {
    return fail(
      2,
      `Failed to apply ${change.op} operations to current value (${show(old)}) for document {_id: ${show(root.get('_id'))}}`,
    )
  }
  return result
}

function rename(root: Doc, from: string[], to: string[]): void {
  refuseArrayOnPath(root, from, 'source')
  const value = read(root, from)
  if (value === undefined) return
  refuseArrayOnPath(root, to, 'destination')
  remove(root, from)
  write(root, to, value)
}

function refuseArrayOnPath(root: Doc, path: string[], kind: string): void {
  for (let length = 1; length < path.length; length++) {
    if (Array.isArray(read(root, path.slice(0, length)))) {
      fail(
        2,
        `The ${kind} field cannot be an array element, '${path.join('.')}' in doc with _id: ${show(root.get('_id'))} has an array field called '${path[length - 1]}'`,
      )
    }
  }
}

function push(root: Doc, change: Change & { op: '$push' }, path: string[], old: Value | undefined): void {
  if (old !== undefined && !Array.isArray(old)) {
    fail(
      2,
      `The field '${path.join('.')}' must be an array but is of type ${typeName(old)} in document {_id: ${show(root.get('_id'))}}`,
    )
  }
  let list = old === undefined ? [] : [...old]
  const { position = list.length, slice, sort } = change
  const at = position < 0 ? Math.max(0, list.length + position) : Math.min(position, list.length)
  list.splice(at, 0, ...change.values.map((value) => clone(value)))
  if (typeof sort === 'number') list.sort((a, b) => compare(a, b) * sort)
  else if (sort) list.sort((a, b) => compareBySort(sort, a, b))
  if (slice !== undefined) list = slice < 0 ? list.slice(slice) : list.slice(0, slice)
  write(root, path, list)
}

function addToSet(root: Doc, change: Change & { op: '$addToSet' }, path: string[], old: Value | undefined): void {
  if (old !== undefined && !Array.isArray(old)) {
    fail(
      2,
      `Cannot apply $addToSet to non-array field. Field named '${path.at(-1)}' has non-array type ${typeName(old)}`,
    )
  }
  const list = old === undefined ? [] : [...old]
  for (const value of change.values) if (!list.some((element) => equal(element, value))) list.push(clone(value))
  write(root, path, list)
}

function bit(root: Doc, change: Change & { op: '$bit' }, path: string[], old: Value | undefined): void {
  const type = old === undefined ? 'int' : typeName(old)
  if (type !== 'int' && type !== 'long') {
    fail(
      2,
      `Cannot apply $bit to a value of non-integral type.{_id: ${show(root.get('_id'))}} has the field ${path.at(-1)} of non-integer type ${type}`,
    )
  }
  let value = (old ?? 0) as number | bigint
  for (const { op, mask } of change.steps) {
    const wide = typeof value === 'bigint' || typeof mask === 'bigint'
    const a = BigInt(value)
    const b = BigInt(mask)
    const result: bigint = op === 'and' ? a & b : op === 'or' ? a | b : a ^ b
    value = wide ? BigInt.asIntN(64, result) : Number(result) | 0
  }
  write(root, path, value)
}
