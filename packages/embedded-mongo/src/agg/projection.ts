import type { Needed } from '../bson/decode.ts'
import { type Doc, isDoc, isNumeric, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { addNeeded, type Filter } from '../query/filter.ts'
import { elemMatchFilter } from '../query/parse.ts'
import { matchedPosition } from '../query/position.ts'
import { asInteger, isTrue } from '../value/numbers.ts'
import { show } from '../value/show.ts'
import {
  type Env,
  type Expression,
  isExpressionOperator,
  NO_VARIABLES,
  parseExpression,
  parseFieldPath,
  type Variables,
} from './expression.ts'

type Node =
  | { kind: 'keep' }
  | { kind: 'drop' }
  | { kind: 'compute'; expression: Expression }
  | { kind: 'change'; run: (value: Value | undefined, env: Env) => Value | undefined }
  | { kind: 'tree'; tree: Tree }
type Tree = Map<string, Node>

export interface Projection {
  apply(document: Doc): Doc
  /** Fields that the result depends on; `undefined` for all. */
  needed: Needed | undefined
  /** True for an exclusion: fields it does not name pass through. */
  passesRest: boolean
}

interface Options {
  variables?: Variables
  /** The query, which positional `$`, `$slice` and `$elemMatch` of `find` refer to; absent in a pipeline. */
  find?: Filter | undefined
  isFind?: boolean
}

/** `$project` and the projection of `find`: what to keep, or what to drop, and what to compute. */
export function parseProjection(spec: Doc, options: Options = {}): Projection {
  if (spec.size === 0 && !options.isFind)
    fail(51272, 'Invalid $project :: caused by :: projection specification must have at least one field')
  const builder = new Builder(options)
  for (const [name, value] of spec) builder.add(name, value)
  return builder.finish()
}

/** `$addFields` and `$set`: everything stays, the named paths are computed. */
export function parseAddFields(
  spec: Doc,
  stage: string,
  variables: Variables,
): { apply(document: Doc): Doc; reads: Needed } {
  if (spec.size === 0) fail(40177, `Invalid ${stage} :: caused by :: specification must have at least one field`)
  const tree: Tree = new Map()
  const reads: Needed = new Map()
  const addAll = (prefix: string[], fields: Doc) => {
    for (const [name, value] of fields) {
      const path = [...prefix, ...parseFieldPath(name)]
      if (isDoc(value) && value.size > 0 && !value.keys().next().value!.startsWith('$')) addAll(path, value)
      else {
        const expression = parseExpression(value, { needed: reads, vars: variables.names })
        place(tree, path, { kind: 'compute', expression })
        addNeeded(reads, path.slice(0, 1))
      }
    }
  }
  addAll([], spec)
  return { reads, apply: (document) => applyDropping(document, tree, { root: document, vars: variables.values }) }
}

class Builder {
  private readonly tree: Tree = new Map()
  private mode: 'include' | 'exclude' | undefined
  private id: boolean | undefined
  private computes = false
  private readonly needed: Needed = new Map()

  constructor(private readonly options: Options) {}

  add(name: string, value: Value): void {
    if (name === '_id' && isFlag(value)) {
      this.id = isTrue(value)
      return
    }
    if (name.endsWith('.$') || name === '$') {
      this.addPositional(name)
      return
    }
    this.addPath(parseFieldPath(name), value)
  }

  private addPath(path: string[], value: Value): void {
    if (isFlag(value)) {
      const keep = isTrue(value)
      // `_id` below another field is an ordinary name.
      this.setMode(keep ? 'include' : 'exclude', path)
      this.put(path, { kind: keep ? 'keep' : 'drop' })
      return
    }
    if (isDoc(value)) {
      const first = value.keys().next().value
      if (first === undefined)
        fail(51270, `An empty sub-projection is not a valid value. Found empty object at path '${path.join('.')}'`)
      if (!first.startsWith('$')) {
        for (const [name, inner] of value) this.addPath([...path, ...parseFieldPath(name)], inner)
        return
      }
      if (value.size > 1)
        fail(31249, `an object representing an expression must have exactly one field: ${show(value)}`)
      if (this.options.isFind && this.addFindOperator(path, first, value.get(first)!)) return
      if (!isExpressionOperator(first) && this.options.isFind) fail(31325, `Unknown expression ${first}`)
    }
    const expression = parseExpression(value, { needed: this.needed, vars: this.options.variables?.names })
    this.computes = true
    if (path.length > 1 || path[0] !== '_id') this.setMode('include', path)
    this.put(path, { kind: 'compute', expression })
  }

  private addFindOperator(path: string[], op: string, argument: Value): boolean {
    if (
      op === '$slice' &&
      (!Array.isArray(argument) || (argument.length === 2 && argument.every((part) => isNumeric(part))))
    ) {
      this.put(path, { kind: 'change', run: sliceOf(argument) })
      return true
    }
    if (op === '$elemMatch') {
      if (!isDoc(argument))
        return fail(31274, `elemMatch: Invalid argument, object required, but got ${show(argument)}`)
      if (path.length > 1) fail(31275, `Cannot use $elemMatch projection on a nested field.`)
      const test = elemMatchFilter(argument)
      this.setMode('include', path)
      this.put(path, {
        kind: 'change',
        run: (value) => {
          const found = Array.isArray(value) ? value.find(test) : undefined
          return found === undefined ? undefined : [found]
        },
      })
      return true
    }
    return false
  }

  private addPositional(name: string): void {
    const { find } = this.options
    const path = parseFieldPath(name.slice(0, -2))
    if (!this.options.isFind || !find) fail(31324, 'Cannot use positional projection in an aggregation')
    this.setMode('include', path)
    const run = (value: Value | undefined, env: Env) => {
      if (!Array.isArray(value)) return value
      const position = matchedPosition(find!, env.root)
      if (position === undefined || position >= value.length)
        return fail(
          51246,
          "Executor error during find command :: caused by :: positional operator '.$' couldn't find a matching element in the array",
        )
      return [value[position]!]
    }
    this.put(path, { kind: 'change', run })
    this.computes = true
    this.needed.set('', true)
  }

  private setMode(mode: 'include' | 'exclude', path: string[]): void {
    if (this.mode !== undefined && this.mode !== mode) {
      if (mode === 'exclude') fail(31254, `Cannot do exclusion on field ${path.join('.')} in inclusion projection`)
      fail(31253, `Cannot do inclusion on field ${path.join('.')} in exclusion projection`)
    }
    this.mode = mode
  }

  private put(path: string[], node: Node): void {
    place(this.tree, path, node)
    addNeeded(this.needed, path)
  }

  finish(): Projection {
    const { tree, options } = this
    const mode =
      this.mode ??
      (this.id === false || !(this.id || tree.size > 0) || [...tree.values()].some((node) => node.kind === 'change')
        ? 'exclude'
        : 'include')
    const vars = (options.variables ?? NO_VARIABLES).values
    if (mode === 'exclude') {
      if (this.id === false) tree.set('_id', { kind: 'drop' })
      return {
        needed: undefined,
        passesRest: true,
        apply: (document) => applyDropping(document, tree, { root: document, vars }),
      }
    }
    if (this.id !== false && !tree.has('_id')) tree.set('_id', { kind: 'keep' })
    if (this.id !== false) addNeeded(this.needed, ['_id'])
    const all = this.computes && this.needed.has('')
    return {
      needed: all ? undefined : this.needed,
      passesRest: false,
      apply: (document) => applyKeeping(document, tree, { root: document, vars }),
    }
  }
}

function isFlag(value: Value): boolean {
  return typeof value === 'boolean' || isNumeric(value)
}

function place(tree: Tree, path: string[], node: Node): void {
  let level = tree
  for (let i = 0; i < path.length - 1; i++) {
    const known = level.get(path[i]!)
    if (known && known.kind !== 'tree') {
      fail(31249, `Path collision at ${path.join('.')} remaining portion ${path.slice(i + 1).join('.')}`)
    }
    const below = known?.kind === 'tree' ? known : { kind: 'tree' as const, tree: new Map() }
    level.set(path[i]!, below)
    level = below.tree
  }
  if (level.has(path.at(-1)!)) fail(31250, `Path collision at ${path.join('.')}`)
  level.set(path.at(-1)!, node)
}

function applyKeeping(document: Doc, tree: Tree, env: Env): Doc {
  const result: Doc = new Map()
  for (const [name, value] of document) {
    const node = tree.get(name)
    if (!node || node.kind === 'compute' || node.kind === 'drop') continue
    const kept =
      node.kind === 'keep' ? value : node.kind === 'change' ? node.run(value, env) : keepInside(value, node.tree, env)
    if (kept !== undefined) result.set(name, kept)
  }
  compute(result, document, tree, env)
  return result
}

function keepInside(value: Value, tree: Tree, env: Env): Value | undefined {
  if (isDoc(value)) return applyKeeping(value, tree, env)
  if (!Array.isArray(value)) return undefined
  return value.map((element) => keepInside(element, tree, env)).filter((element) => element !== undefined)
}

function applyDropping(document: Doc, tree: Tree, env: Env): Doc {
  const result: Doc = new Map()
  for (const [name, value] of document) {
    const node = tree.get(name)
    if (!node) result.set(name, value)
    else if (node.kind === 'tree') result.set(name, dropInside(value, node.tree, env))
    else if (node.kind === 'change') {
      const changed = node.run(value, env)
      if (changed !== undefined) result.set(name, changed)
    } else if (node.kind === 'compute') {
      // Keeps the field's place among its siblings.
      const computed = node.expression(env)
      if (computed !== undefined) result.set(name, computed)
    }
  }
  compute(result, document, tree, env)
  return result
}

function dropInside(value: Value, tree: Tree, env: Env): Value {
  if (isDoc(value)) return applyDropping(value, tree, env)
  if (Array.isArray(value)) return value.map((element) => dropInside(element, tree, env))
  return hasCompute(tree) ? applyDropping(new Map(), tree, env) : value
}

function hasCompute(tree: Tree): boolean {
  return [...tree.values()].some((node) => node.kind === 'compute' || (node.kind === 'tree' && hasCompute(node.tree)))
}

/** Adds computed fields that the document did not have, in the order of the specification. */
function compute(result: Doc, document: Doc, tree: Tree, env: Env): void {
  for (const [name, node] of tree) {
    if (node.kind === 'compute') {
      if (result.has(name)) continue
      const computed = node.expression(env)
      if (computed !== undefined) result.set(name, computed)
    } else if (node.kind === 'tree' && !document.has(name) && hasCompute(node.tree)) {
      result.set(name, applyKeeping(new Map(), node.tree, env))
    }
  }
}

function sliceOf(argument: Value): (value: Value | undefined) => Value | undefined {
  const [first, second] = (Array.isArray(argument) ? argument : [argument]).map((part) => {
    const number = asInteger(part)
    return number ?? fail(28724, `First argument to $slice must be an array, but is of type: ${show(part)}`)
  })
  if (second !== undefined && second <= 0) fail(28729, `Third argument to $slice must be positive: ${second}`)
  return (value) => {
    if (!Array.isArray(value)) return value
    if (second === undefined) return first! < 0 ? value.slice(first) : value.slice(0, first)
    const start = first! < 0 ? Math.max(0, value.length + first!) : first!
    return value.slice(start, start + second)
  }
}
