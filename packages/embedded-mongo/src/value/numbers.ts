import { Decimal, Double, type Numeric, toDouble, UNDEFINED, type Value } from '../bson/values.ts'
import { addExact, exactOf, exactToNumber, multiplyExact, roundExact, toDecimal } from './decimal.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** Type of a sum or product: decimal beats double beats long beats int. */
type Kind = 'int' | 'long' | 'double' | 'decimal'

function kindOf(value: Numeric): Kind {
  if (value instanceof Decimal) return 'decimal'
  if (typeof value === 'bigint') return 'long'
  if (value instanceof Double) return 'double'
  return (value | 0) === value && !Object.is(value, -0) ? 'int' : 'double'
}

export function asNumber(value: Numeric): number {
  if (typeof value === 'number') return value
  if (value instanceof Double) return value.value
  return typeof value === 'bigint' ? Number(value) : exactToNumber(exactOf(value))
}

export function asDecimal(value: Numeric): Decimal {
  if (value instanceof Decimal) return value
  if (kindOf(value) !== 'double') return toDecimal(exactOf(value))
  const number = asNumber(value)
  if (!Number.isFinite(number)) return toDecimal(exactOf(number))
  // A double becomes the decimal of its first 15 digits, as MongoDB converts it.
  const [mantissa, exponent] = number.toExponential(14).split('e') as [string, string]
  return toDecimal({ coefficient: BigInt(mantissa.replace('.', '')), exponent: Number(exponent) - 14 })
}

/**
 * Adds or multiplies as MongoDB does: int overflows to long, any double makes a double, any decimal a decimal.
 * `undefined` on overflow of int64; `$inc` refuses it, expressions go on with a double.
 */
export function arithmetic(op: 'add' | 'multiply', a: Numeric, b: Numeric): Numeric | undefined {
  const kindA = kindOf(a)
  const kindB = kindOf(b)
  if (kindA === 'decimal' || kindB === 'decimal') {
    const combine = op === 'add' ? addExact : multiplyExact
    return toDecimal(combine(exactOf(asDecimal(a)), exactOf(asDecimal(b))))
  }
  if (kindA === 'double' || kindB === 'double') {
    const x = asNumber(a)
    const y = asNumber(b)
    return toDouble(op === 'add' ? x + y : x * y)
  }
  if (kindA === 'int' && kindB === 'int') {
    const result = op === 'add' ? (a as number) + (b as number) : (a as number) * (b as number)
    if ((result | 0) === result) return Object.is(result, -0) ? 0 : result
  }
  const x = BigInt(a as number | bigint)
  const y = BigInt(b as number | bigint)
  const wide = op === 'add' ? x + y : x * y
  return wide < INT64_MIN || wide > INT64_MAX ? undefined : wide
}

/** An integer given as any numeric type, or `undefined` when it has a fraction or leaves the safe range. */
export function asInteger(value: Value | undefined): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'bigint' && !(value instanceof Double) && !(value instanceof Decimal)) return undefined
  const number = asNumber(value)
  return Number.isSafeInteger(number) ? number : undefined
}

/** Clamps to int64 and drops the fraction, as MongoDB reads a limit, a `$mod` operand or a `$slice` count. */
export function truncateToInt64(value: Numeric): bigint {
  if (typeof value === 'bigint') return value
  const exact = exactOf(value)
  if (exact === 'NaN') return 0n
  if (typeof exact === 'string') return exact === 'Infinity' ? INT64_MAX : INT64_MIN
  const { coefficient, exponent } = exact.exponent < 0 ? roundExact(exact, 0, true) : exact
  if (exponent > 40) return coefficient > 0n ? INT64_MAX : coefficient < 0n ? INT64_MIN : 0n
  const whole = coefficient * 10n ** BigInt(exponent)
  return whole < INT64_MIN ? INT64_MIN : whole > INT64_MAX ? INT64_MAX : whole
}

/** MongoDB's truth: false, null, missing, undefined and zero are false, all else is true. */
export function isTrue(value: Value | undefined): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number' || value instanceof Double) return asNumber(value) !== 0
  if (typeof value === 'bigint') return value !== 0n
  if (value instanceof Decimal) {
    const exact = exactOf(value)
    return typeof exact === 'string' || exact.coefficient !== 0n
  }
  return value !== undefined && value !== null && value !== UNDEFINED
}
