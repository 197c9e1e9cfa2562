import { isDoc, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { compare } from '../value/compare.ts'
import { isTrue } from '../value/numbers.ts'
import { type OperatorParser, parseExpression } from './expression.ts'
import { isNullish, namedArguments, onValues, parseArguments } from './ops.ts'

const comparison = (accept: (result: number) => boolean): OperatorParser =>
  onValues(2, 2, ([a, b]) => accept(compare(a, b)))

const parseAnd: OperatorParser = (argument, scope, name) => {
  const parts = parseArguments(argument, 0, Number.POSITIVE_INFINITY, scope, name)
  return (env) => parts.every((part) => isTrue(part(env)))
}

const parseOr: OperatorParser = (argument, scope, name) => {
  const parts = parseArguments(argument, 0, Number.POSITIVE_INFINITY, scope, name)
  return (env) => parts.some((part) => isTrue(part(env)))
}

const parseCond: OperatorParser = (argument, scope, name) => {
  let parts: Value[]
  if (isDoc(argument)) {
    const named = namedArguments(argument, name, { required: ['if', 'then', 'else'], codes: [17081, 17083, 17080] })
    parts = ['if', 'then', 'else'].map((key) => named.get(key)!)
  } else parts = argument as Value[]
  const [test, yes, no] = parseArguments(parts, 3, 3, scope, name)
  return (env) => (isTrue(test!(env)) ? yes!(env) : no!(env))
}

const parseIfNull: OperatorParser = (argument, scope, name) => {
  if (!Array.isArray(argument) || argument.length < 2)
    return fail(1257300, `$ifNull needs at least two arguments, had: ${Array.isArray(argument) ? argument.length : 1}`)
  const parts = parseArguments(argument, 2, Number.POSITIVE_INFINITY, scope, name)
  return (env) => {
    for (const part of parts.slice(0, -1)) {
      const value = part(env)
      if (!isNullish(value)) return value
    }
    return parts.at(-1)!(env)
  }
}

const parseSwitch: OperatorParser = (argument, scope) => {
  if (!isDoc(argument)) return fail(40060, '$switch requires an object as an argument')
  for (const key of argument.keys())
    if (key !== 'branches' && key !== 'default') fail(40067, `$switch found an unknown argument: ${key}`)
  const list = argument.get('branches')
  if (!Array.isArray(list)) return fail(40061, "$switch expected an array for 'branches'")
  if (list.length === 0) return fail(40068, '$switch requires at least one branch.')
  const branches = list.map((branch) => {
    if (!isDoc(branch)) return fail(40062, '$switch expected each branch to be an object')
    for (const key of branch.keys())
      if (key !== 'case' && key !== 'then') fail(40063, `$switch found an unknown argument to a branch: ${key}`)
    const test = branch.get('case')
    const then = branch.get('then')
    if (test === undefined) return fail(40064, "$switch requires each branch have a 'case' expression")
    if (then === undefined) return fail(40065, "$switch requires each branch have a 'then' expression.")
    return { test: parseExpression(test, scope), value: parseExpression(then, scope) }
  })
  const otherwise = argument.get('default')
  const fallback = otherwise === undefined ? undefined : parseExpression(otherwise, scope)
  return (env) => {
    for (const branch of branches) if (isTrue(branch.test(env))) return branch.value(env)
    return fallback
      ? fallback(env)
      : fail(40066, '$switch could not find a matching branch for an input, and no default was specified.')
  }
}

export const logicOperators: [string, OperatorParser][] = [
  ['$eq', comparison((result) => result === 0)],
  ['$ne', comparison((result) => result !== 0)],
  ['$gt', comparison((result) => result > 0)],
  ['$gte', comparison((result) => result >= 0)],
  ['$lt', comparison((result) => result < 0)],
  ['$lte', comparison((result) => result <= 0)],
  ['$cmp', onValues(2, 2, ([a, b]) => Math.sign(compare(a, b)))],
  ['$and', parseAnd],
  ['$or', parseOr],
  ['$not', onValues(1, 1, ([value]) => !isTrue(value))],
  ['$cond', parseCond],
  ['$ifNull', parseIfNull],
  ['$switch', parseSwitch],
]
