import type { Needed } from '../bson/decode.ts'
import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import { addNeeded } from '../query/filter.ts'
import { valueOnPath } from '../value/path.ts'
import { show } from '../value/show.ts'
import { arithmeticOperators } from './ops-arithmetic.ts'
import { arrayOperators } from './ops-array.ts'
import { convertOperators } from './ops-convert.ts'
import { dateOperators } from './ops-date.ts'
import { logicOperators } from './ops-logic.ts'
import { stringOperators } from './ops-string.ts'

/** What an expression sees while it runs. */
export interface Env {
  root: Doc
  vars: ReadonlyMap<string, Value | undefined>
}

/** Variables that an enclosing `$lookup` sets before each run of its pipeline. */
export interface Variables {
  names: ReadonlySet<string>
  values: ReadonlyMap<string, Value | undefined>
}

export const NO_VARIABLES: Variables = { names: new Set(), values: new Map() }

/** What is known while an expression is parsed; `needed` gathers the fields it reads (`''` stands for all). */
export interface Scope {
  needed: Needed
  vars?: ReadonlySet<string>
}

/** A parsed expression; `undefined` is the missing value. */
export type Expression = (env: Env) => Value | undefined
export type OperatorParser = (argument: Value, scope: Scope, name: string) => Expression

const OPERATORS = new Map<string, OperatorParser>([
  ...arithmeticOperators,
  ...logicOperators,
  ...arrayOperators,
  ...stringOperators,
  ...dateOperators,
  ...convertOperators,
  ['$literal', (argument) => () => argument],
  ['$let', parseLet],
])

/** Expressions that MongoDB has and this engine refuses. */
const REFUSED = new Set(
  (
    '$accumulator $function $meta $sampleRate $rand $bsonSize $binarySize $toHashedIndexKey $tsIncrement $tsSecond ' +
    '$bitAnd $bitOr $bitXor $bitNot $sin $cos $tan $asin $acos $atan $atan2 $asinh $acosh $atanh $sinh $cosh $tanh ' +
    '$degreesToRadians $radiansToDegrees $median $percentile $unsetField $dateFromParts $indexOfBytes $indexOfCP ' +
    '$stdDevPop $stdDevSamp $firstN $lastN $minN $maxN $setIsSubset $allElementsTrue $anyElementTrue $toUUID'
  ).split(' '),
)

export function isExpressionOperator(name: string): boolean {
  return OPERATORS.has(name) || REFUSED.has(name)
}

export function parseExpression(value: Value, scope: Scope): Expression {
  if (typeof value === 'string') return value.startsWith('$') ? parsePathExpression(value, scope) : () => value
  if (Array.isArray(value)) {
    const elements = value.map((element) => parseExpression(element, scope))
    return (env) => elements.map((element) => element(env) ?? null)
  }
  if (!isDoc(value)) return () => value
  const first = value.keys().next().value
  if (first?.startsWith('$')) {
    if (value.size > 1) {
      return fail(15983, `an object representing an expression must have exactly one field: ${show(value)}`)
    }
    return parseOperator(first, value.get(first)!, scope)
  }
  return parseObject(value, scope)
}

function parseOperator(name: string, argument: Value, scope: Scope): Expression {
  const parser = OPERATORS.get(name)
  if (parser) return parser(argument, scope, name)
  if (REFUSED.has(name)) return notImplemented(`expression ${name}`)
  return fail(168, `Unrecognized expression '${name}'`)
}

function parseObject(value: Doc, scope: Scope): Expression {
  const fields = [...value].map(([name, inner]): [string, Expression] => {
    if (name.startsWith('$'))
      fail(15983, `an object representing an expression must have exactly one field: ${show(value)}`)
    if (name.includes('.'))
      fail(16405, `FieldPath field names may not contain '.'. Consider using $getField or $setField.`)
    return [name, parseExpression(inner, scope)]
  })
  return (env) => {
    const result: Doc = new Map()
    for (const [name, expression] of fields) {
      const computed = expression(env)
      if (computed !== undefined) result.set(name, computed)
    }
    return result
  }
}

/** Splits a field path and refuses what MongoDB refuses in one. */
export function parseFieldPath(text: string): string[] {
  if (text === '') return fail(40352, 'FieldPath cannot be constructed with empty string')
  if (text.endsWith('.')) fail(40353, "FieldPath must not end with a '.'.")
  if (text.includes('\0')) fail(16411, 'FieldPath field names may not contain embedded nulls.')
  const path = text.split('.')
  for (const part of path) {
    if (part === '') fail(15998, 'FieldPath field names may not be empty strings.')
    if (part.startsWith('$'))
      fail(16410, "FieldPath field names may not start with '$'. Consider using $getField or $setField.")
  }
  if (path.length > 200) fail(5984700, 'FieldPath is too long')
  return path
}

function parsePathExpression(text: string, scope: Scope): Expression {
  if (!text.startsWith('$$')) {
    const path = parseFieldPath(text.slice(1))
    addNeeded(scope.needed, path)
    if (path.length === 1) return (env) => env.root.get(path[0]!)
    return (env) => valueOnPath(env.root, path)
  }
  const [name, ...rest] = text.slice(2).split('.')
  if (rest.length > 0) parseFieldPath(rest.join('.'))
  switch (name) {
    case 'ROOT':
    case 'CURRENT':
      if (rest.length > 0) addNeeded(scope.needed, rest)
      else scope.needed.set('', true)
      return (env) => valueOnPath(env.root, rest)
    case 'REMOVE':
      return () => undefined
    case 'NOW': {
      const now = new Date()
      return () => now
    }
    case 'CLUSTER_TIME':
    case 'USER_ROLES':
    case 'SEARCH_META':
      return notImplemented(`variable $$${name}`)
  }
  if (name === '' || name === undefined) return fail(9, 'empty variable names are not allowed')
  if (!scope.vars?.has(name)) return fail(17276, `Use of undefined variable: ${name}`)
  if (rest.length === 0) return (env) => env.vars.get(name)
  return (env) => valueOnPath(env.vars.get(name), rest)
}

export function withVars(scope: Scope, names: Iterable<string>): Scope {
  return { needed: scope.needed, vars: new Set([...(scope.vars ?? []), ...names]) }
}

/** Checks the name of a variable that a user defines. */
export function checkVariableName(name: string): void {
  if (!/^[a-z\u0080-\uffff][\w\u0080-\uffff]*$/.test(name) && name !== 'CURRENT') {
    fail(9, `'${name}' starts with an invalid character for a user variable name`)
  }
}

function parseLet(argument: Value, scope: Scope): Expression {
  if (!isDoc(argument)) return fail(16874, '$let only supports an object as its argument')
  for (const name of argument.keys())
    if (name !== 'vars' && name !== 'in') fail(16875, `Unrecognized parameter to $let: ${name}`)
  const vars = argument.get('vars')
  const inside = argument.get('in')
  if (!isDoc(vars)) return fail(16876, "Missing 'vars' parameter to $let")
  if (inside === undefined) return fail(16877, "Missing 'in' parameter to $let")
  const definitions = [...vars].map(([name, value]): [string, Expression] => {
    checkVariableName(name)
    return [name, parseExpression(value, scope)]
  })
  const body = parseExpression(inside, withVars(scope, vars.keys()))
  return (env) => {
    const inner = new Map(env.vars)
    for (const [name, expression] of definitions) inner.set(name, expression(env))
    return body({ root: env.root, vars: inner })
  }
}
