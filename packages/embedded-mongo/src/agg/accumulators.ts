import { type Doc, isDoc, isNumeric, type Numeric, toDouble, typeName, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import { compareSortValues, parseSort, type SortKey, sortValues } from '../query/sort.ts'
import { compare } from '../value/compare.ts'
import { hashKey } from '../value/keystring.ts'
import { asInteger, asNumber } from '../value/numbers.ts'
import { roughSize } from '../value/size.ts'
import { type Env, type Expression, parseExpression, type Scope } from './expression.ts'
import { isNullish, namedArguments } from './ops.ts'
import { addNumbers, divideNumbers } from './ops-arithmetic.ts'

/** What one group keeps for one accumulator. `add` answers the bytes it took to keep. */
export interface Accumulator {
  add(env: Env): number
  result(): Value | undefined
}
type Factory = () => Accumulator
type AccumulatorParser = (argument: Value, scope: Scope, name: string) => Factory

/** An accumulator over the values of one expression. */
function over<State>(
  start: () => State,
  add: (state: State, value: Value | undefined) => State,
  finish: (state: State) => Value | undefined,
): AccumulatorParser {
  return (argument, scope, name) => {
    const expression = single(argument, scope, name)
    return () => {
      let state = start()
      return {
        add(env) {
          state = add(state, expression(env))
          return 0
        },
        result: () => finish(state),
      }
    }
  }
}

function single(argument: Value, scope: Scope, name: string): Expression {
  if (Array.isArray(argument)) fail(40237, `The ${name} accumulator is a unary operator`)
  return parseExpression(argument, scope)
}

const sum = over<Numeric>(
  () => 0,
  (total, value) => (isNumeric(value) ? addNumbers(total, value) : total),
  (total) => total,
)

const avg = over<{ total: Numeric; count: number }>(
  () => ({ total: 0, count: 0 }),
  (state, value) => (isNumeric(value) ? { total: addNumbers(state.total, value), count: state.count + 1 } : state),
  ({ total, count }) => (count === 0 ? null : divideNumbers(total, count)),
)

const extreme = (sign: number) =>
  over<Value>(
    () => null,
    (best, value) => (isNullish(value) ? best : best === null || compare(value, best) * sign > 0 ? value! : best),
    (best) => best,
  )

const first = over<{ seen: boolean; value?: Value | undefined }>(
  () => ({ seen: false }),
  (state, value) => (state.seen ? state : { seen: true, value }),
  (state) => state.value ?? null,
)

const last = over<Value | undefined>(
  () => undefined,
  (_state, value) => value,
  (value) => value ?? null,
)

const mergeObjects = over<Doc>(
  () => new Map(),
  (merged, value) => {
    if (isNullish(value)) return merged
    if (!isDoc(value))
      return fail(40400, `$mergeObjects requires object inputs, but input is of type ${typeName(value!)}`)
    for (const [name, inner] of value) merged.set(name, inner)
    return merged
  },
  (merged) => merged,
)

/** Welford's running variance. */
const stdDev = (sample: boolean) =>
  over(
    () => ({ count: 0, mean: 0, squares: 0 }),
    (state, value) => {
      if (!isNumeric(value)) return state
      const number = asNumber(value)
      const count = state.count + 1
      const delta = number - state.mean
      const mean = state.mean + delta / count
      return { count, mean, squares: state.squares + delta * (number - mean) }
    },
    ({ count, squares }) => {
      const divisor = sample ? count - 1 : count
      return divisor <= 0 ? null : toDouble(Math.sqrt(squares / divisor))
    },
  )

const push: AccumulatorParser = (argument, scope, name) => {
  const expression = single(argument, scope, name)
  return () => {
    const list: Value[] = []
    return {
      add(env) {
        const value = expression(env)
        if (value === undefined) return 0
        list.push(value)
        return roughSize(value)
      },
      result: () => list,
    }
  }
}

const addToSet: AccumulatorParser = (argument, scope, name) => {
  const expression = single(argument, scope, name)
  return () => {
    const seen = new Map<string, Value>()
    return {
      add(env) {
        const value = expression(env)
        if (value === undefined) return 0
        const key = hashKey(value)
        if (seen.has(key)) return 0
        seen.set(key, value)
        return roughSize(value) + key.length
      },
      result: () => [...seen.values()],
    }
  }
}

const count: AccumulatorParser = (argument, scope) => {
  if (!isDoc(argument) || argument.size > 0) return fail(9, '$count takes no arguments, i.e. $count:{}')
  return sum(1, scope, '$sum')
}

function parseCount(value: Value, name: string): number {
  const n = isNumeric(value) ? asInteger(value) : undefined
  if (n === undefined)
    return fail(5787902, `Value for 'n' must be of integral type, but found ${typeName(value)} in ${name}`)
  return n > 0 ? n : fail(5787908, `'n' must be greater than 0, found ${n}`)
}

/** `$firstN`, `$lastN`, `$minN`, `$maxN`: `keep` trims the list to `n` after each value. */
function listN(keep: (list: Value[], n: number) => Value[], skipNull: boolean): AccumulatorParser {
  return (argument, scope, name) => {
    const named = namedArguments(argument, name, { required: ['input', 'n'], codes: [5787801, 5787901, 5787906] })
    const input = parseExpression(named.get('input')!, scope)
    const n = parseCount(named.get('n')!, name)
    return () => {
      let list: Value[] = []
      return {
        add(env) {
          const value = input(env)
          if (skipNull && isNullish(value)) return 0
          list = keep([...list, value ?? null], n)
          return list.length < n ? roughSize(value ?? null) : 0
        },
        result: () => list,
      }
    }
  }
}

/** `$top`, `$bottom` and their N forms: output of the first or last documents in an order of their own. */
function ordered(end: 'top' | 'bottom', many: boolean): AccumulatorParser {
  return (argument, scope, name) => {
    const required = many ? ['sortBy', 'output', 'n'] : ['sortBy', 'output']
    const named = namedArguments(argument, name, { required, codes: [5788001, 5788002, 5788003] })
    const sortBy = named.get('sortBy')
    if (!isDoc(sortBy)) return fail(5788604, `${name} requires 'sortBy' to be an object`)
    const keys: SortKey[] = parseSort(sortBy, 15975)
    for (const key of keys) scope.needed.set(key.path[0]!, true)
    const output = parseExpression(named.get('output')!, scope)
    const n = many ? parseCount(named.get('n')!, name) : 1
    return () => {
      let kept: { key: Value[]; value: Value }[] = []
      return {
        add(env) {
          kept.push({ key: sortValues(env.root, keys), value: output(env) ?? null })
          kept.sort((a, b) => compareSortValues(keys, a.key, b.key))
          if (kept.length <= n) return roughSize(kept[0]!.value)
          kept = end === 'top' ? kept.slice(0, n) : kept.slice(-n)
          return 0
        },
        result: () => (many ? kept.map((entry) => entry.value) : kept[0]?.value),
      }
    }
  }
}

const ACCUMULATORS = new Map<string, AccumulatorParser>([
  ['$sum', sum],
  ['$avg', avg],
  ['$min', extreme(-1)],
  ['$max', extreme(1)],
  ['$first', first],
  ['$last', last],
  ['$push', push],
  ['$addToSet', addToSet],
  ['$count', count],
  ['$mergeObjects', mergeObjects],
  ['$stdDevPop', stdDev(false)],
  ['$stdDevSamp', stdDev(true)],
  ['$firstN', listN((list, n) => list.slice(0, n), false)],
  ['$lastN', listN((list, n) => list.slice(-n), false)],
  ['$minN', listN((list, n) => list.sort(compare).slice(0, n), true)],
  ['$maxN', listN((list, n) => list.sort((a, b) => compare(b, a)).slice(0, n), true)],
  ['$top', ordered('top', false)],
  ['$bottom', ordered('bottom', false)],
  ['$topN', ordered('top', true)],
  ['$bottomN', ordered('bottom', true)],
])
const REFUSED = new Set(['$accumulator', '$median', '$percentile', '$concatArrays', '$setUnion'])

/** Parses `{$sum: '$n'}` of a group field. */
export function parseAccumulator(field: string, value: Value, scope: Scope): Factory {
  if (field.includes('.')) fail(40235, `The field name '${field}' cannot contain '.'`)
  if (field.startsWith('$')) fail(40236, `The field name '${field}' cannot be an operator name`)
  if (!isDoc(value)) return fail(40234, `The field '${field}' must be an accumulator object`)
  if (value.size !== 1) return fail(40238, `The field '${field}' must specify one accumulator`)
  const [name, argument] = [...value][0]!
  const parser = ACCUMULATORS.get(name)
  if (parser) return parser(argument, scope, name)
  if (REFUSED.has(name)) return notImplemented(`accumulator ${name}`)
  return fail(15952, `unknown group operator '${name}'`)
}
