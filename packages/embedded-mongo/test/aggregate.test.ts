import { Decimal128, Double, Long, ObjectId } from 'bson'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeEngine, type TestEngine } from './support.ts'

let db: TestEngine
const DOCS = [
  { _id: 1, city: 'bj', n: 1, tags: ['x', 'y'], at: new Date('2026-11-07T23:30:00Z'), sub: { k: 1 } },
  { _id: 2, city: 'bj', n: 3, tags: [], at: new Date('2026-11-08T01:00:00Z'), sub: { k: 2 } },
  { _id: 3, city: 'sh', n: 5, tags: ['y'], at: new Date('2027-01-01T00:00:00Z') },
  { _id: 4, city: null, n: 'x', tags: 'z' },
]

beforeAll(async () => {
  db = makeEngine()
  await db.run({ insert: 'c', documents: DOCS })
  await db.run({
    insert: 'other',
    documents: [
      { _id: 'bj', name: 'Beijing', of: [1, 2] },
      { _id: 'sh', name: 'Shanghai', of: 3 },
    ],
  })
})
afterAll(() => db.close())

async function run(pipeline: object[], collection: unknown = 'c') {
  const reply = await db.run({ aggregate: collection, pipeline, cursor: {} })
  return reply.ok === 1 ? reply.cursor.firstBatch : reply.code
}
const evaluate = async (expression: unknown) =>
  (await run([{ $match: { _id: 1 } }, { $project: { _id: 0, r: expression } }]))[0]?.r

const EXPRESSIONS: [expression: unknown, expected: unknown][] = [
  [{ $add: ['$n', 2] }, 3],
  [{ $add: ['$at', 1000] }, new Date('2026-11-07T23:30:01Z')],
  [{ $add: [2147483647, 1] }, 2147483648],
  [{ $add: ['$missing', 1] }, null],
  [{ $subtract: ['$at', new Date('2026-11-07T23:29:00Z')] }, 60000],
  [{ $multiply: [2, 2.5] }, 5],
  [{ $divide: [1, 4] }, 0.25],
  [{ $mod: [-7, 3] }, -1],
  [{ $abs: -3 }, 3],
  [{ $ceil: 1.2 }, 2],
  [{ $floor: -1.2 }, -2],
  [{ $round: [2.5] }, 2],
  [{ $round: [1.255, 2] }, 1.25],
  [{ $round: [1234, -2] }, 1200],
  [{ $trunc: [-1.7] }, -1],
  [{ $pow: [2, 10] }, 1024],
  [{ $sqrt: 9 }, 3],
  [{ $max: [1, 'a', null] }, 'a'],
  [{ $min: ['$tags'] }, 'x'],
  [{ $sum: ['$n', 4, 'x'] }, 5],
  [{ $avg: [1, 2] }, 1.5],
  [{ $eq: [1, new Double(1)] }, true],
  [{ $gt: [null, '$missing'] }, true],
  [{ $cmp: ['a', 'b'] }, -1],
  [{ $and: [1, 'x', true] }, true],
  [{ $or: [0, null] }, false],
  [{ $not: [0] }, true],
  [{ $cond: [{ $gt: ['$n', 0] }, 'pos', 'neg'] }, 'pos'],
  // biome-ignore lint/suspicious/noThenProperty: that is the operator's name for it
  [{ $cond: { if: false, then: 1, else: 2 } }, 2],
  [{ $ifNull: ['$missing', null, 3] }, 3],
  // biome-ignore lint/suspicious/noThenProperty: that is the operator's name for it
  [{ $switch: { branches: [{ case: { $eq: ['$n', 1] }, then: 'one' }], default: 'other' } }, 'one'],
  [{ $concat: ['a', '$city'] }, 'abj'],
  [{ $toUpper: 'aé' }, 'Aé'],
  [{ $substrCP: ['中文字', 1, 1] }, '文'],
  [{ $substrBytes: ['hello', 1, 3] }, 'ell'],
  [{ $strLenCP: '中文' }, 2],
  [{ $strLenBytes: '中文' }, 6],
  [{ $split: ['a-b-c', '-'] }, ['a', 'b', 'c']],
  [{ $trim: { input: '  a ' } }, 'a'],
  [{ $ltrim: { input: 'xxa', chars: 'x' } }, 'a'],
  [{ $regexMatch: { input: 'Abc', regex: /^a/i } }, true],
  [{ $regexFind: { input: 'xay', regex: 'a(y)' } }, { match: 'ay', idx: 1, captures: ['y'] }],
  [{ $replaceAll: { input: 'aXbX', find: 'X', replacement: { $literal: '$&' } } }, 'a$&b$&'],
  [{ $arrayElemAt: ['$tags', -1] }, 'y'],
  [{ $first: '$tags' }, 'x'],
  [{ $slice: ['$tags', -1] }, ['y']],
  [{ $size: '$tags' }, 2],
  [{ $in: ['x', '$tags'] }, true],
  [{ $indexOfArray: ['$tags', 'y'] }, 1],
  [{ $concatArrays: ['$tags', ['z']] }, ['x', 'y', 'z']],
  [{ $reverseArray: '$tags' }, ['y', 'x']],
  [{ $range: [0, 6, 2] }, [0, 2, 4]],
  [{ $filter: { input: [1, 2, 3], as: 'v', cond: { $gt: ['$$v', 1] } } }, [2, 3]],
  [{ $map: { input: [1, 2], in: { $add: ['$$this', '$n'] } } }, [2, 3]],
  [{ $reduce: { input: [1, 2, 3], initialValue: 0, in: { $add: ['$$value', '$$this'] } } }, 6],
  [
    { $zip: { inputs: [[1, 2], ['a']], useLongestLength: true } },
    [
      [1, 'a'],
      [2, null],
    ],
  ],
  [{ $sortArray: { input: [3, 1, 2], sortBy: -1 } }, [3, 2, 1]],
  [{ $setUnion: [[2, 1], [1]] }, [1, 2]],
  [{ $setDifference: [[1, 2], [2]] }, [1]],
  [
    {
      $setIntersection: [
        [1, 2],
        [2, 3],
      ],
    },
    [2],
  ],
  [{ $arrayToObject: [[['a', 1]]] }, { a: 1 }],
  [{ $objectToArray: '$sub' }, [{ k: 'k', v: 1 }]],
  [{ $mergeObjects: ['$sub', { z: 1 }] }, { k: 1, z: 1 }],
  [{ $getField: 'city' }, 'bj'],
  [{ $let: { vars: { a: 2 }, in: { $multiply: ['$$a', 3] } } }, 6],
  [{ $literal: '$n' }, '$n'],
  [{ $type: '$missing' }, 'missing'],
  [{ $isNumber: '$n' }, true],
  [{ $toString: '$n' }, '1'],
  [{ $toInt: '12' }, 12],
  [{ $toLong: 3.9 }, 3],
  [{ $toDecimal: '1.50' }, Decimal128.fromString('1.50')],
  [{ $toDate: '2026-11-07T00:00:00Z' }, new Date('2026-11-07T00:00:00Z')],
  [{ $toObjectId: '0123456789abcdef01234567' }, new ObjectId('0123456789abcdef01234567')],
  [{ $toBool: 0 }, false],
  [{ $convert: { input: 'x', to: 'int', onError: -1 } }, -1],
  [{ $year: '$at' }, 2026],
  [{ $dayOfMonth: { date: '$at', timezone: 'Asia/Shanghai' } }, 8],
  [{ $hour: { date: '$at', timezone: '+08:00' } }, 7],
  [{ $isoWeek: '$at' }, 45],
  [{ $isoWeekYear: new Date('2027-01-01T00:00:00Z') }, 2026],
  [{ $dayOfWeek: '$at' }, 7],
  [{ $dateToString: { date: '$at', format: '%Y-%m-%d %H:%M', timezone: 'Asia/Shanghai' } }, '2026-11-08 07:30'],
  [{ $dateToString: { date: '$at', format: '%G-W%V-%u' } }, '2026-W45-6'],
  [{ $dateTrunc: { date: '$at', unit: 'day', timezone: 'Asia/Shanghai' } }, new Date('2026-11-07T16:00:00Z')],
  [{ $dateTrunc: { date: '$at', unit: 'week', startOfWeek: 'monday' } }, new Date('2026-11-02T00:00:00Z')],
  [{ $dateTrunc: { date: '$at', unit: 'month' } }, new Date('2026-11-01T00:00:00Z')],
  [
    { $dateAdd: { startDate: new Date('2026-01-31T00:00:00Z'), unit: 'month', amount: 1 } },
    new Date('2026-02-28T00:00:00Z'),
  ],
  [{ $dateDiff: { startDate: '$at', endDate: new Date('2026-11-08T00:00:00Z'), unit: 'day' } }, 1],
  [
    { $dateFromString: { dateString: '2026-11-07T08:00:00', timezone: 'Asia/Shanghai' } },
    new Date('2026-11-07T00:00:00Z'),
  ],
  ['$sub.k', 1],
  ['$$ROOT.sub', { k: 1 }],
  [
    ['$n', '$missing'],
    [1, null],
  ],
]

const PIPELINES: [pipeline: object[], expected: unknown][] = [
  [[{ $match: { city: 'bj' } }, { $count: 'c' }], [{ c: 2 }]],
  [[{ $match: { _id: 99 } }, { $count: 'c' }], []],
  [
    [{ $group: { _id: '$city', n: { $sum: '$n' }, c: { $count: {} } } }, { $sort: { _id: 1 } }],
    [
      { _id: null, n: 0, c: 1 },
      { _id: 'bj', n: 4, c: 2 },
      { _id: 'sh', n: 5, c: 1 },
    ],
  ],
  [
    [
      { $sort: { _id: 1 } },
      {
        $group: {
          _id: null,
          first: { $first: '$_id' },
          last: { $last: '$_id' },
          min: { $min: '$_id' },
          avg: { $avg: '$n' },
          all: { $push: '$_id' },
        },
      },
    ],
    [{ _id: null, first: 1, last: 4, min: 1, avg: 3, all: [1, 2, 3, 4] }],
  ],
  [
    [{ $group: { _id: null, cities: { $addToSet: '$city' } } }, { $project: { _id: 0, n: { $size: '$cities' } } }],
    [{ n: 3 }],
  ],
  [
    [
      {
        $group: {
          _id: null,
          top: { $topN: { n: 2, sortBy: { _id: -1 }, output: '$_id' } },
          low: { $minN: { input: '$_id', n: 2 } },
        },
      },
    ],
    [{ _id: null, top: [4, 3], low: [1, 2] }],
  ],
  [
    [{ $unwind: '$tags' }, { $project: { _id: 1, tags: 1 } }],
    [
      { _id: 1, tags: 'x' },
      { _id: 1, tags: 'y' },
      { _id: 3, tags: 'y' },
      { _id: 4, tags: 'z' },
    ],
  ],
  [
    [
      { $match: { _id: 2 } },
      { $unwind: { path: '$tags', preserveNullAndEmptyArrays: true, includeArrayIndex: 'i' } },
      { $project: { i: 1 } },
    ],
    [{ _id: 2, i: null }],
  ],
  [[{ $sort: { _id: -1 } }, { $skip: 1 }, { $limit: 1 }, { $project: { _id: 1 } }], [{ _id: 3 }]],
  [[{ $limit: 2 }, { $match: { _id: { $gt: 1 } } }, { $project: { _id: 1 } }], [{ _id: 2 }]],
  [[{ $match: { _id: 1 } }, { $project: { sub: 0, tags: 0, at: 0 } }], [{ _id: 1, city: 'bj', n: 1 }]],
  [[{ $match: { _id: 1 } }, { $project: { 'sub.k': 1, _id: 0 } }], [{ sub: { k: 1 } }]],
  [
    [{ $match: { _id: 1 } }, { $addFields: { 'sub.z': '$n', n: '$$REMOVE' } }, { $project: { sub: 1, n: 1, _id: 0 } }],
    [{ sub: { k: 1, z: 1 } }],
  ],
  [[{ $match: { _id: 1 } }, { $unset: ['tags', 'at', 'sub.k'] }], [{ _id: 1, city: 'bj', n: 1, sub: {} }]],
  [[{ $match: { _id: 1 } }, { $replaceRoot: { newRoot: { $mergeObjects: [{ a: 1 }, '$sub'] } } }], [{ a: 1, k: 1 }]],
  [[{ $match: { _id: 1 } }, { $project: { a: '$$ROOT' } }, { $group: { _id: '$a.city' } }], [{ _id: 'bj' }]],
  [[{ $sortByCount: '$city' }, { $limit: 1 }], [{ _id: 'bj', count: 2 }]],
  [
    [{ $match: { _id: { $lt: 4 } } }, { $bucket: { groupBy: '$n', boundaries: [0, 3, 6] } }],
    [
      { _id: 0, count: 1 },
      { _id: 3, count: 2 },
    ],
  ],
  [
    [{ $facet: { a: [{ $count: 'n' }], b: [{ $match: { _id: 1 } }, { $project: { n: 1 } }] } }],
    [{ a: [{ n: 4 }], b: [{ _id: 1, n: 1 }] }],
  ],
  [
    [
      { $match: { _id: 1 } },
      { $lookup: { from: 'other', localField: 'city', foreignField: '_id', as: 'o' } },
      { $project: { o: 1 } },
    ],
    [{ _id: 1, o: [{ _id: 'bj', name: 'Beijing', of: [1, 2] }] }],
  ],
  [
    [
      { $match: { _id: 2 } },
      {
        $lookup: {
          from: 'other',
          localField: '_id',
          foreignField: 'of',
          as: 'o',
          pipeline: [{ $project: { name: 1, _id: 0 } }],
        },
      },
      { $project: { o: 1 } },
    ],
    [{ _id: 2, o: [{ name: 'Beijing' }] }],
  ],
  [
    [
      { $match: { _id: 3 } },
      {
        $lookup: {
          from: 'other',
          let: { c: '$city' },
          pipeline: [{ $match: { $expr: { $eq: ['$_id', '$$c'] } } }, { $project: { name: 1 } }],
          as: 'o',
        },
      },
      { $project: { o: 1 } },
    ],
    [{ _id: 3, o: [{ _id: 'sh', name: 'Shanghai' }] }],
  ],
  [
    [
      { $match: { _id: 1 } },
      { $project: { _id: 1 } },
      { $unionWith: { coll: 'other', pipeline: [{ $project: { _id: 1 } }] } },
    ],
    [{ _id: 1 }, { _id: 'bj' }, { _id: 'sh' }],
  ],
  [[{ $sample: { size: 10 } }, { $count: 'n' }], [{ n: 4 }]],
]

const REFUSED: [pipeline: object[], code: number][] = [
  [[{ $foo: {} }], 40324],
  [[{ $match: {}, $limit: 1 }], 40323],
  [[{}], 40323],
  [[{ $group: {} }], 15955],
  [[{ $group: { _id: 1, a: { $foo: 1 } } }], 15952],
  [[{ $group: { _id: 1, a: 1 } }], 40234],
  [[{ $project: {} }], 51272],
  [[{ $project: { a: 1, b: 0 } }], 31254],
  [[{ $project: { a: 0, b: 1 } }], 31253],
  [[{ $project: { a: 1, 'a.b': 1 } }], 31249],
  [[{ $project: { a: { $foo: 1 } } }], 168],
  [[{ $project: { a: '$$x' } }], 17276],
  [[{ $project: { a: '$a.' } }], 40353],
  [[{ $project: { a: '$a..b' } }], 15998],
  [[{ $project: { a: { $add: [1], $sum: 1 } } }], 31249],
  [[{ $addFields: { a: { $subtract: [1] } } }], 16020],
  [[{ $limit: 0 }], 15958],
  [[{ $limit: -1 }], 5107201],
  [[{ $sort: { a: 2 } }], 15975],
  [[{ $sort: {} }], 15976],
  [[{ $unwind: 'a' }], 28818],
  [[{ $limit: 1 }, { $collStats: {} }], 40602],
  [[{ $facet: { a: [{ $collStats: {} }] } }], 40600],
  [[{ $out: 'x' }], 238],
  [[{ $setWindowFields: {} }], 238],
  [[{ $changeStream: {} }], 238],
  [[{ $match: { $where: '1' } }], 238],
  [[{ $project: { a: { $function: {} } } }], 238],
  [[{ $addFields: { a: { $range: [0, 1e9] } } }], 146],
  [[{ $addFields: { a: { $divide: [1, 0] } } }], 2],
  [[{ $addFields: { a: { $toInt: 'x' } } }], 241],
]

describe('aggregation', () => {
  test.each(EXPRESSIONS)('%j is %j', async (expression, expected) => {
    expect(await evaluate(expression)).toEqual(expected)
  })
  test.each(PIPELINES)('%j gives %j', async (pipeline, expected) => {
    expect(await run(pipeline)).toEqual(expected)
  })
  test.each(REFUSED)('%j is refused with %i', async (pipeline, code) => {
    expect(await run(pipeline)).toBe(code)
  })

  test('what cannot be parsed is refused even when the collection does not exist', async () => {
    expect(await run([{ $foo: 1 }], 'nothing')).toBe(40324)
    expect(await run([{ $match: {} }], 'nothing')).toEqual([])
  })

  test('a pipeline that would fill the memory is stopped with an error', async () => {
    const doubling = Array.from({ length: 40 }, () => ({ $addFields: { a: { $concatArrays: ['$a', '$a'] } } }))
    expect(await run([{ $match: { _id: 1 } }, { $addFields: { a: [1, 2, 3] } }, ...doubling])).toBe(146)
    const wide = { $map: { input: { $range: [0, 1_000_000] }, in: '$$ROOT' } }
    expect([146, 10334]).toContain(await run([{ $match: { _id: 1 } }, { $addFields: { a: wide } }]))
  })

  test('$sum keeps the narrowest type that holds the result', async () => {
    const [{ s }] = await run(
      [{ $documents: [{ v: 2147483647 }, { v: 1 }] }, { $group: { _id: null, s: { $sum: '$v' } } }],
      1,
    )
    expect(Long.fromNumber(2147483648).toNumber()).toBe(s)
  })
})
