import {
  Binary,
  BSONRegExp,
  Code,
  Decimal128,
  Double,
  Long,
  MaxKey,
  MinKey,
  ObjectId,
  serialize,
  Timestamp,
} from 'bson'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode } from '../src/bson/decode.ts'
import { encode } from '../src/bson/encode.ts'
import { MongoError } from '../src/errors.ts'

const scalar = fc.oneof(
  fc.integer(),
  fc.double().map((value) => new Double(value)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => Long.fromBigInt(value)),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', minLength: 20 }),
  fc.boolean(),
  fc.constant(null),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => new ObjectId(bytes)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => new Binary(bytes, 5)),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => new Decimal128(bytes)),
  fc.tuple(fc.nat(), fc.nat()).map(([t, i]) => new Timestamp({ t, i })),
  fc.constantFrom(new MinKey(), new MaxKey(), new BSONRegExp('a.*b', 'im'), new Code('f()'), new Code('g()', { a: 1 })),
)
const name = fc.oneof(
  fc.constantFrom('a', '10', '9', '__proto__', 'constructor', '名字'),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
)
const { document } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('document'),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
  document: fc
    .uniqueArray(fc.tuple(name, tie('value')), { selector: ([key]) => key, maxLength: 6 })
    .map((entries) => new Map(entries as [string, unknown][])),
}))

describe('codec', () => {
  test('what the official encoder writes comes back byte for byte', () => {
    fc.assert(
      fc.property(document, (generated) => {
        const bytes = Buffer.from(serialize(generated as Map<string, unknown>))
        expect(encode(decode(bytes)).equals(bytes)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  test('damaged bytes are error 22 or another document, never anything else', () => {
    const sample = fc.tuple(document, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    fc.assert(
      fc.property(sample, ([generated, edits]) => {
        const bytes = Buffer.from(serialize(generated as Map<string, unknown>))
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte
        try {
          decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(MongoError)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a pruned decode gives the same values for the fields it is asked for', () => {
    fc.assert(
      fc.property(document, fc.array(name, { maxLength: 3 }), (generated, names) => {
        const bytes = Buffer.from(serialize(generated as Map<string, unknown>))
        const whole = decode(bytes)
        const pruned = decode(bytes, 0, new Map(names.map((field) => [field, true as const])))
        expect(pruned).toEqual(new Map([...whole].filter(([field]) => names.includes(field))))
      }),
    )
  })

  test.each([
    ['a text that is not UTF-8', Buffer.from('10000000027300040000006180620000', 'hex')],
    ['a length past the end', Buffer.from('ff00000000', 'hex')],
    ['an unknown type', Buffer.from('0900000044610000', 'hex')],
    ['no final zero', Buffer.from('0500000001', 'hex')],
  ])('%s is error 22', (_name, bytes) => {
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 22 }))
  })

  test('nesting past 200 levels is refused, not a stack overflow', () => {
    let bytes = Buffer.from(serialize({}))
    for (let i = 0; i < 5000; i++) {
      const head = Buffer.alloc(7)
      head.writeInt32LE(bytes.length + 8)
      head.set([3, 97, 0], 4)
      bytes = Buffer.concat([head, bytes, Buffer.from([0])])
    }
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: 15 }))
  })
})
