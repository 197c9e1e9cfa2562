/**
 * Exact numbers (domain.md §11.18): a fraction of two big integers in lowest terms, denominator above 0. Scores are never
 * rounded inside a computation, so a third stays a third until somebody looks at it.
 */
export interface Exact {
  readonly n: bigint
  readonly d: bigint
}

const gcd = (a: bigint, b: bigint): bigint => {
  let x = a < 0n ? -a : a
  let y = b
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** @throws RangeError when `d` is 0 */
function fraction(n: bigint, d: bigint): Exact {
  if (d === 1n) return { n, d }
  if (d === 0n) throw new RangeError('division by zero')
  const sign = d < 0n ? -1n : 1n
  const common = gcd(n, d * sign)
  return { n: (n * sign) / common, d: (d * sign) / common }
}

export const ZERO: Exact = { n: 0n, d: 1n }
export const HUNDRED: Exact = { n: 100n, d: 1n }

/**
 * The decimal a person wrote, exactly: `'14.5'`, `18`, `0.1` (one tenth, as the number is written, not its binary
 * neighbour). Also reads what `exactText` writes (`'275/3'`).
 *
 * @throws RangeError on anything else
 */
export function exact(value: number | string): Exact {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return { n: BigInt(value), d: 1n }
  const text = String(value)
  const decimal = /^(-?)(\d{1,40})(?:\.(\d{1,40}))?(?:e([+-]\d{1,2}))?$/.exec(text)
  if (decimal) {
    const [, sign, whole, part = '', exponent = '0'] = decimal
    const digits = BigInt(`${sign}${whole}${part}`)
    const places = part.length - Number(exponent)
    return places > 0 ? fraction(digits, 10n ** BigInt(places)) : { n: digits * 10n ** BigInt(-places), d: 1n }
  }
  const quotient = /^(-?\d{1,200})\/(\d{1,200})$/.exec(text)
  if (quotient) return fraction(BigInt(quotient[1]!), BigInt(quotient[2]!))
  throw new RangeError(`not a number: ${text}`)
}

export const add = (a: Exact, b: Exact): Exact =>
  a.d === b.d ? fraction(a.n + b.n, a.d) : fraction(a.n * b.d + b.n * a.d, a.d * b.d)
export const negate = (a: Exact): Exact => ({ n: -a.n, d: a.d })
export const subtract = (a: Exact, b: Exact): Exact => add(a, negate(b))
export const multiply = (a: Exact, b: Exact): Exact => fraction(a.n * b.n, a.d * b.d)
/** @throws RangeError when `b` is 0 */
export const divide = (a: Exact, b: Exact): Exact => fraction(a.n * b.d, a.d * b.n)
/** Below, at or above 0 as `a` is less than, equal to or more than `b`. */
export const compare = (a: Exact, b: Exact): number => {
  const left = a.n * b.d
  const right = b.n * a.d
  return left < right ? -1 : left > right ? 1 : 0
}
export const sum = (values: readonly Exact[]): Exact => values.reduce(add, ZERO)
export const isNegative = (a: Exact): boolean => a.n < 0n

/** For storing and for `exact`: `'83'`, `'275/3'`. */
export const exactText = (a: Exact): string => (a.d === 1n ? `${a.n}` : `${a.n}/${a.d}`)

/** Fixed places for people, 四舍五入 (a half goes away from zero): 89.995 shows as 90.00. Only ever the last step. */
export function shown(a: Exact, places = 2): string {
  const scale = 10n ** BigInt(places)
  const magnitude = a.n < 0n ? -a.n : a.n
  const rounded = (2n * magnitude * scale + a.d) / (2n * a.d)
  const digits = `${rounded}`.padStart(places + 1, '0')
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`
  return a.n < 0n && rounded !== 0n ? `-${text}` : text
}

/**
 * As a decimal without needless zeros, or undefined when it has no end within `mostPlaces` (a third never has).
 */
export function decimalText(a: Exact, mostPlaces = 12): string | undefined {
  if (a.d === 1n) return `${a.n}`
  const scaled = a.n * 10n ** BigInt(mostPlaces)
  if (scaled % a.d !== 0n) return undefined
  return trimZeros(shown(a, mostPlaces))
}

/** Exactly where that is short, otherwise to six places with ≈ before it: `88`, `88.5`, `≈64.285714`. */
export const readable = (a: Exact): string => decimalText(a, 6) ?? `≈${shown(a, 6)}`

/** `= 88` or `≈ 64.285714`, for the right side of a line of arithmetic. */
export function equals(a: Exact): string {
  const text = decimalText(a, 6)
  return text === undefined ? `≈ ${shown(a, 6)}` : `= ${text}`
}

/** A number that writes exactly this decimal. @throws RangeError when a JavaScript number cannot say it */
export function toNumber(a: Exact): number {
  const text = decimalText(a)
  const value = Number(text)
  if (text === undefined || compare(exact(value), a) !== 0) throw new RangeError(`no exact number for ${exactText(a)}`)
  return value
}

const trimZeros = (text: string): string => (text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text)
