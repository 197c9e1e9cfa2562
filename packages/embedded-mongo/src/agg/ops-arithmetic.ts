import { Decimal, Double, isNumeric, type Numeric, toDouble, toInteger, typeName, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { compare } from '../value/compare.ts'
import { divideExact, exactOf, roundExact, toDecimal } from '../value/decimal.ts'
import { arithmetic, asDecimal, asInteger, asNumber } from '../value/numbers.ts'
import type { OperatorParser } from './expression.ts'
import { isNullish, onPresent, onValues } from './ops.ts'

/** Adds numbers the way `$sum` and `$add` do: past int64 the result is a double. */
export function addNumbers(a: Numeric, b: Numeric): Numeric {
  return arithmetic('add', a, b) ?? toDouble(asNumber(a) + asNumber(b))
}

export function divideNumbers(a: Numeric, b: Numeric): Numeric {
  if (a instanceof Decimal || b instanceof Decimal)
    return toDecimal(divideExact(exactOf(asDecimal(a)), exactOf(asDecimal(b))))
  return toDouble(asNumber(a) / asNumber(b))
}

function numeric(value: Value, name: string): Numeric {
  if (!isNumeric(value)) return fail(28765, `${name} only supports numeric types, not ${typeName(value)}`)
  return value
}

function add(values: Value[]): Value {
  let sum: Numeric = 0
  let date: Date | undefined
  for (const value of values) {
    if (value instanceof Date) {
      if (date) fail(16612, 'only one date allowed in an $add expression')
      date = value
    } else if (isNumeric(value)) sum = addNumbers(sum, value)
    else fail(14, `$add only supports numeric or date types, not ${typeName(value)}`)
  }
  return date ? new Date(date.getTime() + Math.round(asNumber(sum))) : sum
}

function subtract([a, b]: Value[]): Value {
  if (a instanceof Date) {
    if (b instanceof Date) return BigInt(a.getTime() - b.getTime())
    if (isNumeric(b!)) return new Date(a.getTime() - Math.round(asNumber(b)))
  }
  if (!isNumeric(a!) || !isNumeric(b!)) return fail(14, `can't $subtract ${typeName(b!)} from ${typeName(a!)}`)
  return addNumbers(a, negative(b))
}

function negative(value: Numeric): Numeric {
  if (value instanceof Double) return toDouble(-value.value)
  return arithmetic('multiply', value, -1) ?? toDouble(-asNumber(value))
}

function multiply(values: Value[]): Value {
  let product: Numeric = 1
  for (const value of values) {
    if (!isNumeric(value)) return fail(14, `$multiply only supports numeric types, not ${typeName(value)}`)
    product = arithmetic('multiply', product, value) ?? toDouble(asNumber(product) * asNumber(value))
  }
  return product
}

function divide([a, b]: Value[]): Value {
  if (!isNumeric(a!) || !isNumeric(b!))
    return fail(14, `$divide only supports numeric types, not ${typeName(a!)} and ${typeName(b!)}`)
  if (asNumber(b) === 0) return fail(2, "can't $divide by zero")
  return divideNumbers(a, b)
}

function mod([a, b]: Value[]): Value {
  if (!isNumeric(a!) || !isNumeric(b!))
    return fail(16611, `$mod only supports numeric types, not ${typeName(a!)} and ${typeName(b!)}`)
  if (asNumber(b) === 0) return fail(16610, "can't $mod by zero")
  const wide = typeof a === 'bigint' || typeof b === 'bigint'
  const x = asNumber(a)
  const y = asNumber(b)
  if (wide && Number.isInteger(x) && Number.isInteger(y) && typeof a !== 'object' && typeof b !== 'object')
    return BigInt(a) % BigInt(b)
  if (a instanceof Decimal || b instanceof Decimal) return asDecimal(toDouble(x % y))
  const isDouble = typeName(a) === 'double' || typeName(b) === 'double'
  return isDouble ? toDouble(x % y) : (x % y) + 0
}

/** `$round`, `$trunc`, `$ceil`, `$floor`: the type of the number stays. */
function rounding(round: (value: number) => number, mode: 'half-even' | 'truncate'): OperatorParser {
  return onPresent(1, mode === 'half-even' || round === Math.trunc ? 2 : 1, ([value, digits], name) => {
    const number = numeric(value!, name)
    const place = digits === undefined ? 0 : asInteger(digits)
    if (place === undefined) return fail(51082, `precision argument to ${name} must be a integral value`)
    if (place < -20 || place > 100)
      return fail(51083, `cannot apply ${name} with precision value ${place} value must be in [-20, 100]`)
    if (typeof number === 'bigint' || (typeName(number) === 'int' && place >= 0)) {
      if (place >= 0) return number
    }
    const exact = exactOf(number)
    if (typeof exact === 'string') return number
    if (number instanceof Decimal || place !== 0) {
      const rounded = roundExact(exact, -place, mode === 'truncate')
      if (number instanceof Decimal) return toDecimal(rounded)
      const result = Number(`${rounded.coefficient}e${rounded.exponent}`)
      if (typeName(number) === 'double') return toDouble(result)
      return toInteger(BigInt(result))
    }
    return toDouble(round(asNumber(number)))
  })
}

function halfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

function ceilFloor(round: (value: number) => number): OperatorParser {
  return onPresent(1, 1, ([value], name) => {
    const number = numeric(value!, name)
    const type = typeName(number)
    if (type === 'int' || type === 'long') return number
    if (number instanceof Decimal) {
      const exact = exactOf(number)
      if (typeof exact === 'string') return number
      const cut = roundExact(exact, 0, true)
      const step = round(asNumber(number)) - Math.trunc(asNumber(number))
      return toDecimal({ coefficient: cut.coefficient + BigInt(step), exponent: cut.exponent })
    }
    return toDouble(round(asNumber(number)))
  })
}

function real(run: (value: number) => number, check: (value: number) => void = () => {}): OperatorParser {
  return onPresent(1, 1, ([value], name) => {
    const number = asNumber(numeric(value!, name))
    check(number)
    return toDouble(run(number))
  })
}

function pow([base, exponent]: Value[]): Value {
  if (!isNumeric(base!)) return fail(28762, `$pow's base must be numeric, not ${typeName(base!)}`)
  if (!isNumeric(exponent!)) return fail(28763, `$pow's exponent must be numeric, not ${typeName(exponent!)}`)
  const power = asNumber(exponent)
  if (asNumber(base) === 0 && power < 0) return fail(28764, '$pow cannot take a base of 0 and a negative exponent')
  const result = asNumber(base) ** power
  const whole = ['int', 'long'].includes(typeName(base)) && ['int', 'long'].includes(typeName(exponent)) && power >= 0
  if (whole && Math.abs(result) < 2 ** 63) {
    const exact = BigInt(asNumber(base)) ** BigInt(power)
    return typeof base === 'bigint' || typeof exponent === 'bigint' ? exact : toInteger(exact)
  }
  return toDouble(result)
}

function abs([value]: Value[], name: string): Value {
  const number = numeric(value!, name)
  if (number === -(2n ** 63n)) return fail(28680, "can't take $abs of long long min")
  return compare(number, 0) < 0 ? negative(number) : number
}

/** `$max`, `$min`, `$sum` and `$avg` as expressions: one array argument is taken for its elements. */
function overList(run: (values: Value[]) => Value | undefined): OperatorParser {
  return onValues(0, Number.POSITIVE_INFINITY, (values) => {
    const list = values.length === 1 && Array.isArray(values[0]) ? values[0] : values
    return run(list.filter((value): value is Value => !isNullish(value)))
  })
}

const best = (sign: number) => (values: Value[]) =>
  values.reduce<Value>((a, b) => (a === null || compare(b, a) * sign > 0 ? b : a), null)

function sum(values: Value[]): Numeric {
  return values.filter(isNumeric).reduce(addNumbers, 0)
}

export const arithmeticOperators: [string, OperatorParser][] = [
  ['$add', onPresent(0, Number.POSITIVE_INFINITY, add)],
  ['$subtract', onPresent(2, 2, subtract)],
  ['$multiply', onPresent(0, Number.POSITIVE_INFINITY, multiply)],
  ['$divide', onPresent(2, 2, divide)],
  ['$mod', onPresent(2, 2, mod)],
  ['$abs', onPresent(1, 1, abs)],
  ['$ceil', ceilFloor(Math.ceil)],
  ['$floor', ceilFloor(Math.floor)],
  ['$round', rounding(halfEven, 'half-even')],
  ['$trunc', rounding(Math.trunc, 'truncate')],
  ['$pow', onPresent(2, 2, pow)],
  ['$sqrt', real(Math.sqrt, (x) => x < 0 && fail(28714, '$sqrt argument must be greater than or equal to 0'))],
  ['$exp', real(Math.exp)],
  ['$ln', real(Math.log, (x) => x <= 0 && fail(28766, `$ln's argument must be a positive number, but is ${x}`))],
  [
    '$log10',
    real(Math.log10, (x) => x <= 0 && fail(28761, `$log10's argument must be a positive number, but is ${x}`)),
  ],
  [
    '$log',
    onPresent(2, 2, ([value, base]) => {
      if (!isNumeric(value!) || asNumber(value) <= 0)
        return fail(28758, `$log's argument must be a positive number, but is ${typeName(value!)}`)
      if (!isNumeric(base!) || asNumber(base) <= 0 || asNumber(base) === 1)
        return fail(28759, `$log's base must be a positive number not equal to 1, but is ${typeName(base!)}`)
      return toDouble(Math.log(asNumber(value)) / Math.log(asNumber(base)))
    }),
  ],
  ['$max', overList(best(1))],
  ['$min', overList(best(-1))],
  ['$sum', overList(sum)],
  [
    '$avg',
    overList((values) => {
      const numbers = values.filter(isNumeric)
      return numbers.length === 0 ? null : divideNumbers(sum(numbers), numbers.length)
    }),
  ],
]
