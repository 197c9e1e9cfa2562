import { type Doc, isDoc, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { type Expression, type OperatorParser, parseExpression } from './expression.ts'

/** Bytes that one computed string or array may take. */
export const MAX_VALUE_BYTES = 64 * 1024 * 1024

/** Null, missing and undefined: most operators answer null when one of their arguments is. */
export function isNullish(value: Value | undefined): boolean {
  return (
    value === undefined ||
    value === null ||
    (typeof value === 'object' && 'name' in value && value.name === 'undefined')
  )
}

/** Parses the arguments of an operator that takes `min` to `max` of them. */
export function parseArguments(argument: Value, min: number, max: number, ...[scope, name]: Tail): Expression[] {
  const list = Array.isArray(argument) ? argument : [argument]
  if (list.length < min || list.length > max) {
    if (min === max) fail(16020, `Expression ${name} takes exactly ${min} arguments. ${list.length} were passed in.`)
    if (max === Number.POSITIVE_INFINITY)
      fail(28667, `Expression ${name} takes at least ${min} arguments. ${list.length} were passed in.`)
    fail(
      28667,
      `Expression ${name} takes at least ${min} arguments, and at most ${max}, but ${list.length} were passed in.`,
    )
  }
  return list.map((element) => parseExpression(element, scope))
}

type Tail = [Parameters<OperatorParser>[1], string]

/** An operator on a fixed number of values. */
export function onValues(
  min: number,
  max: number,
  run: (values: (Value | undefined)[], name: string) => Value | undefined,
): OperatorParser {
  return (argument, scope, name) => {
    const expressions = parseArguments(argument, min, max, scope, name)
    if (expressions.length === 1) {
      const only = expressions[0]!
      return (env) => run([only(env)], name)
    }
    return (env) =>
      run(
        expressions.map((expression) => expression(env)),
        name,
      )
  }
}

/** The same, answering null as soon as one value is null or missing. */
export function onPresent(
  min: number,
  max: number,
  run: (values: Value[], name: string) => Value | undefined,
): OperatorParser {
  return onValues(min, max, (values, name) => (values.some(isNullish) ? null : run(values as Value[], name)))
}

interface NamedSpec {
  required: string[]
  optional?: string[]
  /** MongoDB's codes for: not an object, unknown name, missing name. */
  codes: [notObject: number, unknown: number, missing: number]
}

/** Checks the named arguments of an operator such as `$filter`. */
export function namedArguments(argument: Value, name: string, spec: NamedSpec): Doc {
  if (!isDoc(argument)) return fail(spec.codes[0], `${name} only supports an object as its argument`)
  for (const key of argument.keys()) {
    if (!spec.required.includes(key) && !spec.optional?.includes(key))
      fail(spec.codes[1], `Unrecognized argument to ${name}: ${key}`)
  }
  for (const key of spec.required) if (!argument.has(key)) fail(spec.codes[2], `Missing '${key}' parameter to ${name}`)
  return argument
}

/** An operator with named arguments, each of them an expression. */
export function onNamed(
  spec: NamedSpec,
  run: (values: Record<string, Value | undefined>, name: string) => Value | undefined,
): OperatorParser {
  return (argument, scope, name) => {
    const fields = [...namedArguments(argument, name, spec)].map(([key, value]): [string, Expression] => [
      key,
      parseExpression(value, scope),
    ])
    return (env) => run(Object.fromEntries(fields.map(([key, expression]) => [key, expression(env)])), name)
  }
}

/** Refuses a computed string or array before it can exhaust the process. */
export function checkSize(bytes: number, name: string): void {
  if (bytes > MAX_VALUE_BYTES)
    fail(146, `${name} would use too much memory and cannot spill to disk. Memory limit: ${MAX_VALUE_BYTES} bytes`)
}
