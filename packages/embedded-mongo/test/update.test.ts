import { Decimal128, Double, deserialize, Int32, Long } from 'bson'
import { describe, expect, test } from 'vitest'
import { encode } from '../src/bson/encode.ts'
import { MongoError } from '../src/errors.ts'
import { parseFilter } from '../src/query/parse.ts'
import { matchedPosition } from '../src/query/position.ts'
import { applyUpdate } from '../src/update/apply.ts'
import { parseUpdate } from '../src/update/parse.ts'
import { upsertBase } from '../src/update/upsert.ts'
import { toDoc } from './support.ts'

type Json = Record<string, unknown>
const NOW = new Date('2026-11-07T09:00:00Z')

function apply(before: Json, update: unknown, query: Json = {}, arrayFilters?: Json[], isInsert = false): Json {
  const document = toDoc(before)
  const parsed = parseUpdate(toDoc({ u: update }).get('u')!, arrayFilters?.map(toDoc))
  const position = matchedPosition(parseFilter(toDoc(query)), document)
  return deserialize(encode(applyUpdate(document, parsed, { isInsert, position, now: NOW })), { promoteValues: false })
}
// Deserialized without promotion, so that int, long and double stay apart.
const typed = (document: Json) => deserialize(encode(toDoc(document)), { promoteValues: false })

const CASES: [before: Json, update: unknown, after: Json, query?: Json, arrayFilters?: Json[]][] = [
  [{ a: 1 }, { $set: { a: 2, b: 3 } }, { a: 2, b: 3 }],
  [{}, { $set: { b: 1, a: 2 } }, { a: 2, b: 1 }],
  [{}, { $set: { 'a.10': 1, 'a.9': 2 } }, { a: { 9: 2, 10: 1 } }],
  [{ a: [1] }, { $set: { 'a.3': 9 } }, { a: [1, null, null, 9] }],
  [{ a: { b: 1 } }, { $set: { 'a.c.d': 1 } }, { a: { b: 1, c: { d: 1 } } }],
  [{ a: 1 }, { $set: {} }, { a: 1 }],
  [{ a: 1, b: 2 }, { $unset: { a: '' } }, { b: 2 }],
  [{ a: [1, 2] }, { $unset: { 'a.0': '' } }, { a: [null, 2] }],
  [{ a: 1 }, { $unset: { 'a.b.c': '' } }, { a: 1 }],
  [{ a: 1 }, { $inc: { a: 2 } }, { a: 3 }],
  [{}, { $inc: { a: 2 } }, { a: 2 }],
  [{ a: 2147483647 }, { $inc: { a: 1 } }, { a: Long.fromNumber(2147483648) }],
  [{ a: 1 }, { $inc: { a: new Double(1) } }, { a: new Double(2) }],
  [{ a: 1 }, { $inc: { a: Long.fromNumber(1) } }, { a: Long.fromNumber(2) }],
  [{ a: 1 }, { $inc: { a: Decimal128.fromString('0.10') } }, { a: Decimal128.fromString('1.10') }],
  [{ a: 3 }, { $mul: { a: 4 } }, { a: 12 }],
  [{}, { $mul: { a: new Double(4) } }, { a: new Double(0) }],
  [{ a: 5 }, { $min: { a: 3 } }, { a: 3 }],
  [{ a: 5 }, { $min: { a: 'x' } }, { a: 5 }],
  [{}, { $max: { a: 3 } }, { a: 3 }],
  [{ a: 1 }, { $max: { a: new Double(1) } }, { a: 1 }],
  [{ a: 1, b: 2 }, { $rename: { a: 'c.d' } }, { b: 2, c: { d: 1 } }],
  [{ b: 2 }, { $rename: { a: 'c' } }, { b: 2 }],
  [{}, { $currentDate: { a: true } }, { a: NOW }],
  [{}, { $currentDate: { a: { $type: 'date' } } }, { a: NOW }],
  [{}, { $push: { a: 1 } }, { a: [1] }],
  [{ a: [1] }, { $push: { a: [2] } }, { a: [1, [2]] }],
  [{ a: [1] }, { $push: { a: { $each: [3, 2] } } }, { a: [1, 3, 2] }],
  [{ a: [1, 2] }, { $push: { a: { $each: [0], $position: 1 } } }, { a: [1, 0, 2] }],
  [{ a: [1, 2] }, { $push: { a: { $each: [0], $position: -1 } } }, { a: [1, 0, 2] }],
  [{ a: [3, 1] }, { $push: { a: { $each: [2], $sort: 1 } } }, { a: [1, 2, 3] }],
  [{ a: [{ x: 2 }] }, { $push: { a: { $each: [{ x: 1 }], $sort: { x: 1 } } } }, { a: [{ x: 1 }, { x: 2 }] }],
  [{ a: [1, 2] }, { $push: { a: { $each: [3], $slice: -2 } } }, { a: [2, 3] }],
  [{ a: [1, 2] }, { $push: { a: { $each: [], $slice: 1 } } }, { a: [1] }],
  [{ a: [1] }, { $addToSet: { a: new Double(1) } }, { a: [1] }],
  [{ a: [1] }, { $addToSet: { a: { $each: [2, 2, 1] } } }, { a: [1, 2] }],
  [
    { a: [{ x: 1, y: 2 }] },
    { $addToSet: { a: { y: 2, x: 1 } } },
    {
      a: [
        { x: 1, y: 2 },
        { y: 2, x: 1 },
      ],
    },
  ],
  [{ a: [1, 2, 3] }, { $pull: { a: { $gte: 2 } } }, { a: [1] }],
  [{ a: [1, 2, 1] }, { $pull: { a: 1 } }, { a: [2] }],
  [{ a: [{ x: 1, y: 2 }, { x: 2 }] }, { $pull: { a: { x: 1 } } }, { a: [{ x: 2 }] }],
  [{ a: ['ab', 'b'] }, { $pull: { a: /^a/ } }, { a: ['b'] }],
  [{ a: [1, 2] }, { $pull: { a: { $in: [1] } } }, { a: [2] }],
  [{ a: [1, 2, 3] }, { $pullAll: { a: [1, 3] } }, { a: [2] }],
  [{ a: [1, 2, 3] }, { $pop: { a: 1 } }, { a: [1, 2] }],
  [{ a: [1, 2, 3] }, { $pop: { a: -1 } }, { a: [2, 3] }],
  [{ a: 13 }, { $bit: { a: { and: 10 } } }, { a: 8 }],
  [{ a: 1 }, { $bit: { a: { or: 4, xor: 1 } } }, { a: 4 }],
  [{ a: [1, 5] }, { $set: { 'a.$': 9 } }, { a: [1, 9] }, { a: 5 }],
  [{ a: [{ x: 1 }, { x: 2, q: 0 }] }, { $inc: { 'a.$.q': 1 } }, { a: [{ x: 1 }, { x: 2, q: 1 }] }, { 'a.x': 2 }],
  [
    { a: [{ x: 1 }, { x: 2 }] },
    { $set: { 'a.$.y': 1 } },
    { a: [{ x: 1 }, { x: 2, y: 1 }] },
    { a: { $elemMatch: { x: 2 } } },
  ],
  [{ a: [1, 2] }, { $inc: { 'a.$[]': 10 } }, { a: [11, 12] }],
  [{ a: [1, 5] }, { $set: { 'a.$[big]': 0 } }, { a: [1, 0] }, {}, [{ big: { $gt: 3 } }]],
  [{ a: [{ x: 1 }, { x: 5 }] }, { $set: { 'a.$[e].y': 0 } }, { a: [{ x: 1 }, { x: 5, y: 0 }] }, {}, [{ 'e.x': 5 }]],
  [{ a: [] }, { $set: { 'a.$[]': 1 } }, { a: [] }],
  [{ _id: 1, a: 1 }, { b: 2 }, { _id: 1, b: 2 }],
  [{ _id: 1, a: 2 }, [{ $set: { b: { $multiply: ['$a', 2] } } }, { $unset: 'a' }], { _id: 1, b: 4 }],
  [{ _id: 1, a: { c: 3 } }, [{ $replaceWith: '$a' }], { _id: 1, c: 3 }],
]

const REFUSED: [before: Json, update: unknown, code: number, query?: Json, arrayFilters?: Json[]][] = [
  [{}, { $foo: { a: 1 } }, 9],
  [{}, { $set: { a: 1 }, b: 2 }, 9],
  [{}, { $set: 1 }, 9],
  [{}, { a: 1, $set: { b: 1 } }, 52],
  [{}, { $set: { a: 1, 'a.b': 2 } }, 40],
  [{}, { $set: { a: 1 }, $inc: { a: 1 } }, 40],
  [{ a: 1 }, { $set: { 'a.b': 1 } }, 28],
  [{ a: [] }, { $set: { 'a.b': 1 } }, 28],
  [{ a: null }, { $set: { 'a.b': 1 } }, 28],
  [{}, { $set: { '': 1 } }, 56],
  [{}, { $set: { 'a..b': 1 } }, 56],
  [{}, { $set: { $a: 1 } }, 52],
  [{ a: 'x' }, { $inc: { a: 1 } }, 14],
  [{}, { $inc: { a: 'x' } }, 14],
  [{ a: Long.MAX_VALUE }, { $inc: { a: 1 } }, 2],
  [{ a: 1 }, { $push: { a: 1 } }, 2],
  [{}, { $push: { a: { $each: 1 } } }, 2],
  [{}, { $push: { a: { $each: [], $foo: 1 } } }, 2],
  [{ a: 1 }, { $addToSet: { a: 1 } }, 2],
  [{}, { $addToSet: { a: { $each: 1 } } }, 14],
  [{}, { $pop: { a: 2 } }, 9],
  [{ a: 1 }, { $pop: { a: 1 } }, 14],
  [{ a: 1 }, { $pull: { a: 1 } }, 2],
  [{}, { $pullAll: { a: 1 } }, 2],
  [{}, { $rename: { a: 1 } }, 2],
  [{}, { $rename: { a: 'a.b' } }, 2],
  [{ a: [{ b: 1 }] }, { $rename: { 'a.0.b': 'c' } }, 2],
  [{}, { $currentDate: { a: 1 } }, 2],
  [{}, { $bit: { a: { and: new Double(1.5) } } }, 2],
  [{ a: [1] }, { $set: { 'a.$': 1 } }, 2],
  [{ a: [1] }, { $set: { 'a.$[x]': 1 } }, 2],
  [{ a: 1 }, { $set: { 'a.$[]': 1 } }, 2],
  [{}, { $set: { a: 1 } }, 9, {}, [{ x: 1 }]],
  [{}, { $set: { 'a.$[x]': 1 } }, 9, {}, [{ x: 1 }, { x: 2 }]],
  [{}, { a: 1 }, 9, {}, [{ x: 1 }]],
  [{ _id: 1 }, { $set: { _id: 2 } }, 66],
  [{ _id: 1 }, { _id: 2, a: 1 }, 66],
  [{}, [{ $match: {} }], 72],
  [{}, [{ $set: { a: { $foo: 1 } } }], 168],
]

describe('update', () => {
  test.each(CASES)('%j with %j becomes %j', (before, update, after, query, arrayFilters) => {
    const result = apply(before, update, query, arrayFilters)
    expect(result).toEqual(typed(after))
    expect(Object.keys(result)).toEqual(Object.keys(after))
  })

  test.each(REFUSED)('%j with %j is refused with %i', (before, update, code, query, arrayFilters) => {
    let caught: unknown
    try {
      apply(before, update, query, arrayFilters)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(MongoError)
    expect((caught as MongoError).code).toBe(code)
  })

  test.each<[Json, Json]>([
    [{ a: 1, b: { $gt: 2 } }, { a: 1 }],
    [
      { a: { $eq: 1 }, 'b.c': 2 },
      { a: 1, b: { c: 2 } },
    ],
    [
      { $and: [{ a: 1 }, { b: { $in: [2] } }], c: { $in: [1, 2] } },
      { a: 1, b: 2 },
    ],
    [{ $or: [{ a: 1 }] }, { a: 1 }],
    [
      { b: 1, _id: 7 },
      { _id: 7, b: 1 },
    ],
    [{ a: /x/ }, {}],
  ])('an upsert by %j starts from %j', (query, base) => {
    expect(deserialize(encode(upsertBase(toDoc(query))))).toEqual(base)
  })

  test('an upsert query that says one path twice is error 54', () => {
    expect(() => upsertBase(toDoc({ a: 1, $and: [{ a: 2 }] }))).toThrow(expect.objectContaining({ code: 54 }))
  })

  test('$setOnInsert counts on insert only', () => {
    expect(apply({}, { $setOnInsert: { a: 1 } }, {}, undefined, true)).toEqual({ a: new Int32(1) })
    expect(apply({}, { $setOnInsert: { a: 1 } })).toEqual({})
  })
})
