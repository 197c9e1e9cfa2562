import { Binary, BSONRegExp, Decimal128, Double, Long, MaxKey, MinKey, ObjectId } from 'bson'
import { describe, expect, test } from 'vitest'
import { MongoError } from '../src/errors.ts'
import { matches } from '../src/query/filter.ts'
import { parseFilter } from '../src/query/parse.ts'
import { toDoc } from './support.ts'

type Json = Record<string, unknown>
const matching = (filter: Json, document: Json) => matches(parseFilter(toDoc(filter)), toDoc(document))

// Filter, document, whether it matches. What MongoDB's manual and its public functional tests say.
const CASES: [filter: Json, document: Json, expected: boolean][] = [
  // equality
  [{ a: 1 }, { a: new Double(1) }, true],
  [{ a: 1 }, { a: Long.fromNumber(1) }, true],
  [{ a: 1 }, { a: Decimal128.fromString('1.00') }, true],
  [{ a: 1 }, { a: '1' }, false],
  [{ a: 1 }, { a: [0, 1] }, true],
  [{ a: [0, 1] }, { a: [0, 1] }, true],
  [{ a: [0, 1] }, { a: [[0, 1], 2] }, true],
  [{ a: [1, 0] }, { a: [0, 1] }, false],
  [{ a: null }, {}, true],
  [{ a: null }, { a: null }, true],
  [{ a: null }, { a: 0 }, false],
  [{ a: null }, { a: [1, null] }, true],
  [{ a: null }, { a: [] }, false],
  [{ 'a.b': null }, { a: 5 }, true],
  [{ 'a.b': null }, { a: [] }, false],
  [{ 'a.b': null }, { a: [{ c: 1 }] }, true],
  [{ a: { x: 1, y: 2 } }, { a: { x: 1, y: 2 } }, true],
  [{ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }, false],
  [{ a: Number.NaN }, { a: Number.NaN }, true],
  [{ a: { $eq: { $gt: 1 } } }, { a: 2 }, false],
  // paths
  [{ 'a.b': 1 }, { a: { b: 1 } }, true],
  [{ 'a.b': 1 }, { a: [{ b: 2 }, { b: 1 }] }, true],
  [{ 'a.b': 1 }, { a: [[{ b: 1 }]] }, false],
  [{ 'a.0': 1 }, { a: [1, 2] }, true],
  [{ 'a.0.b': 1 }, { a: [{ b: 1 }, { b: 2 }] }, true],
  [{ 'a.1.b': 1 }, { a: [{ b: 1 }, { b: 2 }] }, false],
  [{ 'a.0': 1 }, { a: { 0: 1 } }, true],
  [{ __proto__x: 1, constructor: 2 }, { __proto__x: 1, constructor: 2 }, true],
  // comparison
  [{ a: { $gt: 1 } }, { a: 2 }, true],
  [{ a: { $gt: 1 } }, { a: 'z' }, false],
  [{ a: { $gt: 1 } }, {}, false],
  [{ a: { $lt: 1 } }, { a: null }, false],
  [{ a: { $gte: null } }, {}, true],
  [{ a: { $gt: 5, $lt: 3 } }, { a: [6, 2] }, true],
  [{ a: { $lt: 1 } }, { a: Number.NaN }, false],
  [{ a: { $lte: Number.NaN } }, { a: Number.NaN }, true],
  [{ a: { $gt: new MinKey() } }, { a: 'x' }, true],
  [{ a: { $lt: new MaxKey() } }, { a: { b: 1 } }, true],
  [{ a: { $gte: new Date(5) } }, { a: new Date(5) }, true],
  [{ a: { $gt: [1] } }, { a: [2] }, true],
  [{ a: { $lt: Long.fromString('9007199254740993') } }, { a: new Double(9007199254740992) }, true],
  // sets
  [{ a: { $in: [1, null] } }, {}, true],
  [{ a: { $in: [/^x/] } }, { a: 'xy' }, true],
  [{ a: { $in: [] } }, { a: 1 }, false],
  [{ a: { $in: [[1]] } }, { a: [1] }, true],
  [{ a: { $nin: [1] } }, {}, true],
  [{ a: { $nin: [1] } }, { a: [1, 2] }, false],
  [{ a: { $ne: 1 } }, { a: [1] }, false],
  [{ a: { $ne: null } }, {}, false],
  [{ a: { $in: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] } }, { a: new Double(11) }, true],
  // logic
  [{ $or: [{ a: 1 }, { b: 1 }] }, { b: 1 }, true],
  [{ $and: [{ a: 1 }, { b: 1 }] }, { b: 1 }, false],
  [{ $nor: [{ a: 1 }, { b: 1 }] }, { c: 1 }, true],
  [{ a: { $not: { $gt: 1 } } }, {}, true],
  [{ a: { $not: /x/ } }, { a: 'axb' }, false],
  // element
  [{ a: { $exists: true } }, { a: null }, true],
  [{ a: { $exists: false } }, { b: 1 }, true],
  [{ 'a.b': { $exists: true } }, { a: [{ b: 1 }] }, true],
  [{ a: { $type: 'string' } }, { a: [1, 'x'] }, true],
  [{ a: { $type: 'array' } }, { a: [] }, true],
  [{ a: { $type: 'number' } }, { a: Long.fromNumber(1) }, true],
  [{ a: { $type: ['int', 'null'] } }, { a: null }, true],
  [{ a: { $type: 1 } }, { a: 1 }, false],
  // arrays
  [{ a: { $size: 2 } }, { a: [1, 2] }, true],
  [{ a: { $size: 2 } }, { a: [[1, 2]] }, false],
  [{ a: { $all: [1, 2] } }, { a: [2, 1, 3] }, true],
  [{ a: { $all: [1] } }, { a: 1 }, true],
  [{ a: { $all: [] } }, { a: [] }, false],
  [{ a: { $all: [{ $elemMatch: { x: 1 } }, { $elemMatch: { x: 2 } }] } }, { a: [{ x: 1 }, { x: 2 }] }, true],
  [{ a: { $elemMatch: { $gt: 1, $lt: 3 } } }, { a: [0, 2] }, true],
  [{ a: { $elemMatch: { $gt: 5, $lt: 3 } } }, { a: [6, 2] }, false],
  [{ a: { $elemMatch: { x: 1, y: 2 } } }, { a: [{ x: 1 }, { y: 2 }] }, false],
  [{ a: { $elemMatch: { x: 1 } } }, { a: { x: 1 } }, false],
  [{ a: { $elemMatch: { $or: [{ x: 1 }, { y: 1 }] } } }, { a: [{ y: 1 }] }, true],
  [{ a: { $not: { $elemMatch: { x: 1 } } } }, { a: [{ x: 2 }] }, true],
  // evaluation
  [{ a: { $mod: [4, 1] } }, { a: 9 }, true],
  [{ a: { $mod: [4.9, 1] } }, { a: 5.7 }, true],
  [{ a: { $mod: [4, 0] } }, { a: 'x' }, false],
  [{ a: { $regex: 'B', $options: 'i' } }, { a: 'abc' }, true],
  [{ a: new BSONRegExp('^a.c$', 's') }, { a: 'a\nc' }, true],
  [{ a: new BSONRegExp('(?i)ABC') }, { a: 'abc' }, true],
  [{ a: new BSONRegExp('a b # note', 'x') }, { a: 'ab' }, true],
  [{ a: /x/ }, { a: ['y', 'x'] }, true],
  [{ a: { $regex: '\\Aab\\Z' } }, { a: 'ab\n' }, true],
  [{ $expr: { $gt: ['$a', '$b'] } }, { a: 2, b: 1 }, true],
  [{ $expr: { $eq: [{ $size: '$a' }, 2] } }, { a: [1, 2] }, true],
  [{ $comment: 'x', a: 1 }, { a: 1 }, true],
  [{ $sampleRate: 1 }, {}, true],
  // bits
  [{ a: { $bitsAllSet: 5 } }, { a: 7 }, true],
  [{ a: { $bitsAllSet: [0, 3] } }, { a: 7 }, false],
  [{ a: { $bitsAnyClear: [3] } }, { a: 7 }, true],
  [{ a: { $bitsAllClear: 8 } }, { a: 7 }, true],
  [{ a: { $bitsAnySet: new Binary(Buffer.from([1])) } }, { a: new Binary(Buffer.from([3])) }, true],
  [{ a: { $bitsAllSet: [63] } }, { a: -1 }, true],
  [{ a: new ObjectId('0123456789abcdef01234567') }, { a: new ObjectId('0123456789abcdef01234567') }, true],
]

const REFUSED: [filter: Json, code: number][] = [
  [{ a: { $foo: 1 } }, 2],
  [{ $foo: 1 }, 2],
  [{ a: { $gt: 1, b: 2 } }, 2],
  [{ a: { $in: 1 } }, 2],
  [{ a: { $in: [{ $gt: 1 }] } }, 2],
  [{ $and: 1 }, 2],
  [{ $or: [] }, 2],
  [{ $nor: [1] }, 2],
  [{ a: { $not: 1 } }, 2],
  [{ a: { $not: {} } }, 2],
  [{ a: { $all: 1 } }, 2],
  [{ a: { $elemMatch: 1 } }, 2],
  [{ a: { $size: -1 } }, 2],
  [{ a: { $size: 1.5 } }, 2],
  [{ a: { $size: 'x' } }, 2],
  [{ a: { $type: 'foo' } }, 2],
  [{ a: { $type: [] } }, 9],
  [{ a: { $type: {} } }, 14],
  [{ a: { $mod: 1 } }, 2],
  [{ a: { $mod: [1] } }, 2],
  [{ a: { $mod: [0, 1] } }, 2],
  [{ a: { $regex: '(' } }, 51091],
  [{ a: { $regex: 'a++' } }, 51091],
  [{ a: { $regex: '(?>a)' } }, 51091],
  [{ a: { $regex: 'a', $options: 'q' } }, 51108],
  [{ a: { $regex: /a/i, $options: 'i' } }, 51074],
  [{ a: { $options: 'i' } }, 2],
  [{ a: { $ne: /x/ } }, 2],
  [{ a: { $gt: /x/ } }, 2],
  [{ a: { $bitsAllSet: 'x' } }, 2],
  [{ a: { $bitsAllSet: -1 } }, 9],
  [{ $expr: { $foo: 1 } }, 168],
  [{ $where: '1' }, 238],
  [{ $text: { $search: 'x' } }, 238],
  [{ $jsonSchema: {} }, 238],
  [{ a: { $near: [1, 2] } }, 238],
]

describe('query', () => {
  test.each(CASES)('%j on %j: %s', (filter, document, expected) => {
    expect(matching(filter, document)).toBe(expected)
  })

  test.each(REFUSED)('%j is refused with %i, whatever the documents are', (filter, code) => {
    let caught: unknown
    try {
      parseFilter(toDoc(filter))
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(MongoError)
    expect((caught as MongoError).code).toBe(code)
    if (code === 238) expect((caught as MongoError).message).toContain('MONGODB_URI')
  })

  test('a regular expression that backtracks for ever is stopped', () => {
    const filter = parseFilter(toDoc({ a: { $regex: '^(a+)+$' } }))
    const started = Date.now()
    expect(() => matches(filter, toDoc({ a: `${'a'.repeat(40)}!` }))).toThrow(expect.objectContaining({ code: 51156 }))
    expect(Date.now() - started).toBeLessThan(2_000)
  })
})
