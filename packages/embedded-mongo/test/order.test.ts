import { Decimal128 } from 'bson'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Decimal, Double, MAX_KEY, MIN_KEY, ObjectId, toDouble, type Value } from '../src/bson/values.ts'
import { compare } from '../src/value/compare.ts'
import { addExact, exactOfDecimal, formatExact, multiplyExact, parseExact, toDecimal } from '../src/value/decimal.ts'
import { keyString } from '../src/value/keystring.ts'

const number = fc.oneof(
  fc.integer(),
  fc.double().map((value) => toDouble(value)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom<Value>(
    0,
    new Double(-0),
    new Double(0),
    2n ** 53n,
    2n ** 53n + 1n,
    9007199254740992,
    0.1,
    Number.NaN,
    Infinity,
  ),
  fc
    .tuple(fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }), fc.integer({ min: -400, max: 400 }))
    .map(([coefficient, exponent]) => toDecimal({ coefficient, exponent })),
  fc
    .constantFrom('0.1', '1', '-1', '0.10000000000000000555', '9007199254740993', 'NaN', '-Infinity')
    .map((text) => toDecimal(parseExact(text)!)),
)
const leaf = fc.oneof(
  number,
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom<Value>(null, true, false, MIN_KEY, MAX_KEY, '', '\0', 'a\0', 'a'),
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(...'0123456789abcdef').map((digit) => new ObjectId(digit.repeat(24))),
)
const { value } = fc.letrec<{ value: Value; list: Value[] }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaf,
    tie('list'),
    fc
      .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), tie('value')), { maxLength: 3 })
      .map((entries) => new Map(entries) as Value),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
}))

describe('order', () => {
  test('index keys are ordered as the values are, and equal exactly when they are', () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        expect(Math.sign(Buffer.compare(keyString([a]), keyString([b])))).toBe(Math.sign(compare(a, b)))
      }),
      { numRuns: 3000 },
    )
  })

  test('compound keys with descending fields are ordered field by field', () => {
    const tuple = fc.tuple(leaf, leaf, leaf)
    fc.assert(
      fc.property(tuple, tuple, fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), (a, b, descending) => {
        let expected = 0
        for (let i = 0; i < 3 && expected === 0; i++) expected = compare(a[i], b[i]) * (descending[i] ? -1 : 1)
        expect(Math.sign(Buffer.compare(keyString(a, descending), keyString(b, descending)))).toBe(
          Math.sign(expected) + 0,
        )
      }),
      { numRuns: 1500 },
    )
  })

  test('the order of types is that of the manual', () => {
    const ascending: Value[] = [
      MIN_KEY,
      null,
      -1,
      2n,
      'a',
      new Map(),
      [],
      new ObjectId('0'.repeat(24)),
      false,
      true,
      new Date(0),
      MAX_KEY,
    ]
    expect([...ascending].reverse().sort(compare)).toEqual(ascending)
  })

  test('strings are ordered by code point, not by UTF-16 unit', () => {
    expect(compare('\u{1f600}', '\uffee')).toBeGreaterThan(0)
  })
})

describe('decimal128', () => {
  const decimal = fc.tuple(
    fc.bigInt({ min: -(10n ** 34n) + 1n, max: 10n ** 34n - 1n }),
    fc.integer({ min: -6176, max: 6111 }),
  )
  test('is written and read as the official library does', () => {
    fc.assert(
      fc.property(decimal, ([coefficient, exponent]) => {
        const ours = toDecimal({ coefficient, exponent })
        const theirs = new Decimal128(ours.bytes)
        expect(formatExact(exactOfDecimal(ours))).toBe(
          coefficient === 0n ? formatExact(exactOfDecimal(ours)) : theirs.toString(),
        )
        expect(exactOfDecimal(new Decimal(Buffer.from(Decimal128.fromString(theirs.toString()).bytes)))).toEqual(
          exactOfDecimal(ours),
        )
      }),
    )
  })

  test.each([
    ['0.1', '0.2', '0.3', '0.02'],
    ['1.10', '2', '3.10', '2.20'],
    ['1E+40', '1', '10000000000000000000000000000000000000001', '1E+40'],
    ['Infinity', '-Infinity', 'NaN', '-Infinity'],
  ])('%s and %s: sum %s, product %s', (a, b, sum, product) => {
    expect(formatExact(addExact(parseExact(a)!, parseExact(b)!))).toBe(sum)
    expect(formatExact(multiplyExact(parseExact(a)!, parseExact(b)!))).toBe(product)
  })
})
