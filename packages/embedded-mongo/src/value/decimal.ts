import { Decimal, Double, type Numeric } from '../bson/values.ts'

/** `sign * coefficient * 10^exponent`, exact; or one of the three special values. */
export type Exact = { coefficient: bigint; exponent: number } | 'NaN' | 'Infinity' | '-Infinity'

const MAX_DIGITS = 34
const BIAS = 6176
const MIN_EXPONENT = -6176
const MAX_EXPONENT = 6111
const LOW_49 = (1n << 49n) - 1n

/** Reads the BID encoding (IEEE 754-2008, section 3.5.2). */
export function exactOfDecimal(decimal: Decimal): Exact {
  const high = decimal.bytes.readBigUInt64LE(8)
  const low = decimal.bytes.readBigUInt64LE(0)
  const negative = high >> 63n === 1n
  const combination = Number((high >> 58n) & 31n)
  if (combination === 31) return 'NaN'
  if (combination === 30) return negative ? '-Infinity' : 'Infinity'
  const large = combination >> 3 === 3
  const exponent = Number((high >> (large ? 47n : 49n)) & 0x3fffn) - BIAS
  // The "large" form would hold coefficients above 34 digits: not canonical, read as zero by the standard.
  const coefficient = large ? 0n : ((high & LOW_49) << 64n) | low
  return { coefficient: negative ? -coefficient : coefficient, exponent }
}

/** The exact value of any number: a double is a finite binary fraction, so also a finite decimal one. */
export function exactOf(value: Numeric): Exact {
  if (value instanceof Decimal) return exactOfDecimal(value)
  if (typeof value === 'bigint') return { coefficient: value, exponent: 0 }
  const number = value instanceof Double ? value.value : value
  if (Number.isNaN(number)) return 'NaN'
  if (!Number.isFinite(number)) return number > 0 ? 'Infinity' : '-Infinity'
  if (Number.isInteger(number)) return { coefficient: BigInt(number), exponent: 0 }
  const bits = Buffer.alloc(8)
  bits.writeDoubleBE(number)
  const raw = bits.readBigUInt64BE()
  const biased = Number((raw >> 52n) & 0x7ffn)
  const fraction = raw & ((1n << 52n) - 1n)
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n)
  const power = Math.max(biased, 1) - 1075 // negative here: integers were handled above
  const coefficient = mantissa * 5n ** BigInt(-power)
  return { coefficient: number < 0 ? -coefficient : coefficient, exponent: power }
}

export function compareExact(a: Exact, b: Exact): number {
  const rank = (x: Exact) => (x === 'NaN' ? 0 : x === '-Infinity' ? 1 : x === 'Infinity' ? 3 : 2)
  if (typeof a === 'string' || typeof b === 'string') return rank(a) - rank(b)
  // Very different magnitudes would build huge powers of ten; compare signs and lengths first.
  const signA = sign(a.coefficient)
  const signB = sign(b.coefficient)
  if (signA !== signB || signA === 0) return signA - signB
  const magnitudeA = digitCount(a.coefficient) + a.exponent
  const magnitudeB = digitCount(b.coefficient) + b.exponent
  if (magnitudeA !== magnitudeB) return (magnitudeA - magnitudeB) * signA
  const [x, y] = align(a, b)
  return x < y ? -1 : x > y ? 1 : 0
}

function sign(value: bigint): number {
  return value > 0n ? 1 : value < 0n ? -1 : 0
}

export function digitCount(value: bigint): number {
  return (value < 0n ? -value : value).toString().length
}

type Finite = Exclude<Exact, string>

function align(a: Finite, b: Finite): [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent)
  return [
    a.coefficient * 10n ** BigInt(a.exponent - exponent),
    b.coefficient * 10n ** BigInt(b.exponent - exponent),
    exponent,
  ]
}

export function addExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'string') return typeof b === 'string' && a !== b ? 'NaN' : a
  if (typeof b === 'string') return b
  if (a.coefficient === 0n && a.exponent >= b.exponent) return b
  const [x, y, exponent] = align(a, b)
  return { coefficient: x + y, exponent }
}

export function multiplyExact(a: Exact, b: Exact): Exact {
  if (typeof a === 'string' || typeof b === 'string') {
    const signOf = (x: Exact) =>
      x === 'NaN' ? 0 : typeof x === 'string' ? (x === 'Infinity' ? 1 : -1) : sign(x.coefficient)
    const product = signOf(a) * signOf(b)
    return product === 0 ? 'NaN' : product > 0 ? 'Infinity' : '-Infinity'
  }
  return { coefficient: a.coefficient * b.coefficient, exponent: a.exponent + b.exponent }
}

export function divideExact(a: Exact, b: Exact): Exact {
  if (a === 'NaN' || b === 'NaN') return 'NaN'
  if (typeof a === 'string') return typeof b === 'string' ? 'NaN' : multiplyExact(a, b)
  if (typeof b === 'string') return { coefficient: 0n, exponent: 0 }
  const shift = Math.max(0, MAX_DIGITS + 3 + digitCount(b.coefficient) - digitCount(a.coefficient))
  let coefficient = (a.coefficient * 10n ** BigInt(shift)) / b.coefficient
  let exponent = a.exponent - shift - b.exponent
  while (exponent < 0 && exponent < a.exponent - b.exponent && coefficient !== 0n && coefficient % 10n === 0n) {
    coefficient /= 10n
    exponent++
  }
  return { coefficient, exponent }
}

/** Drops digits below `exponent`, half to even unless `truncate`. */
export function roundExact(value: Finite, exponent: number, truncate = false): Finite {
  const drop = exponent - value.exponent
  if (drop <= 0) return value
  if (drop > digitCount(value.coefficient) + 1) return { coefficient: 0n, exponent }
  const unit = 10n ** BigInt(drop)
  let quotient = value.coefficient / unit
  if (!truncate) {
    const rest = value.coefficient % unit
    const twice = (rest < 0n ? -rest : rest) * 2n
    if (twice > unit || (twice === unit && quotient % 2n !== 0n)) quotient += value.coefficient < 0n ? -1n : 1n
  }
  return { coefficient: quotient, exponent }
}

export function toDecimal(value: Exact): Decimal {
  if (value === 'NaN') return special(0x7c)
  if (typeof value === 'string') return special(value === 'Infinity' ? 0x78 : 0xf8)
  let rounded = value
  const excess = digitCount(rounded.coefficient) - MAX_DIGITS
  if (excess > 0) rounded = roundExact(rounded, rounded.exponent + excess)
  if (rounded.exponent < MIN_EXPONENT) rounded = roundExact(rounded, MIN_EXPONENT)
  let { coefficient, exponent } = rounded
  while (exponent > MAX_EXPONENT && coefficient !== 0n && digitCount(coefficient) < MAX_DIGITS) {
    coefficient *= 10n
    exponent--
  }
  if (exponent > MAX_EXPONENT) {
    if (coefficient !== 0n) return special(coefficient > 0n ? 0x78 : 0xf8)
    exponent = MAX_EXPONENT
  }
  const absolute = coefficient < 0n ? -coefficient : coefficient
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64LE(absolute & 0xffffffffffffffffn, 0)
  const signBit = coefficient < 0n ? 1n << 63n : 0n
  bytes.writeBigUInt64LE(signBit | (BigInt(exponent + BIAS) << 49n) | (absolute >> 64n), 8)
  return new Decimal(bytes)
}

function special(topByte: number): Decimal {
  const bytes = Buffer.alloc(16)
  bytes[15] = topByte
  return new Decimal(bytes)
}

/** Reads a decimal number in plain or scientific notation; `undefined` when it is none. */
export function parseExact(text: string): Exact | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  if (!match) {
    const name = /^([+-]?)(nan|inf|infinity)$/i.exec(text)
    if (!name) return undefined
    return name[2]!.toLowerCase() === 'nan' ? 'NaN' : name[1] === '-' ? '-Infinity' : 'Infinity'
  }
  const fraction = match[3] ?? ''
  const digits = match[2]! + fraction
  const power = Number(match[4] ?? 0)
  if (digits === '' || Math.abs(power) > 100_000 || digits.length > 10_000) return undefined
  const coefficient = BigInt(digits)
  return { coefficient: match[1] === '-' ? -coefficient : coefficient, exponent: power - fraction.length }
}

/** The notation of IEEE 754 and of MongoDB's shell: plain when short, otherwise `1.5E+10`. */
export function formatExact(value: Exact): string {
  if (typeof value === 'string') return value
  const { coefficient, exponent } = value
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString()
  const minus = coefficient < 0n ? '-' : ''
  const adjusted = exponent + digits.length - 1
  if (exponent <= 0 && adjusted >= -6) {
    if (exponent === 0) return minus + digits
    const padded = digits.padStart(1 - exponent, '0')
    const point = padded.length + exponent
    return `${minus}${padded.slice(0, point)}.${padded.slice(point)}`
  }
  const mantissa = digits.length > 1 ? `${digits[0]}.${digits.slice(1)}` : digits
  return `${minus}${mantissa}E${adjusted >= 0 ? '+' : ''}${adjusted}`
}

/** Nearest double. */
export function exactToNumber(value: Exact): number {
  return typeof value === 'string' ? Number(value) : Number(`${value.coefficient}e${value.exponent}`)
}
