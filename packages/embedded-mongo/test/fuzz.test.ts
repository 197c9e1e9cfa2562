import { Decimal128, Double, Long, MaxKey, MinKey, ObjectId } from 'bson'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeEngine, type TestEngine } from './support.ts'

let db: TestEngine
beforeAll(async () => {
  db = makeEngine()
  await db.run({
    createIndexes: 'c',
    indexes: [
      { key: { a: 1, b: -1 }, name: 'ab' },
      { key: { 'c.d': 1 }, name: 'cd', sparse: true },
    ],
  })
})
afterAll(() => db.close())

const list = (names: string) => fc.constantFrom(...names.split(' '))
const QUERY = list(
  '$eq $ne $gt $gte $lt $lte $in $nin $and $or $nor $not $exists $type $size $all $elemMatch $mod $regex $options $expr $bitsAllSet $bitsAnyClear $comment $sampleRate $foo',
)
const UPDATE = list(
  '$set $setOnInsert $unset $inc $mul $min $max $rename $currentDate $push $addToSet $pull $pullAll $pop $bit $each $slice $sort $position $foo',
)
const STAGE = list(
  '$match $project $addFields $set $unset $group $sort $limit $skip $count $unwind $lookup $unionWith $facet $replaceRoot $replaceWith $sortByCount $bucket $sample $documents $collStats $indexStats',
)
const EXPRESSION = list(
  '$add $subtract $multiply $divide $mod $abs $ceil $round $trunc $pow $sqrt $log $max $sum $avg $cmp $and $not $cond $ifNull $switch $concat $toUpper $substr $substrCP $strLenCP $split $trim $regexMatch $regexFindAll $replaceAll $filter $map $reduce $zip $sortArray $arrayElemAt $first $slice $size $isArray $range $concatArrays $in $indexOfArray $arrayToObject $objectToArray $mergeObjects $setUnion $setEquals $getField $let $literal $type $toString $toInt $toLong $toDecimal $toDate $toObjectId $convert $year $isoWeek $dateToString $dateTrunc $dateAdd $dateDiff $dateFromString $push $addToSet $topN $firstN $stdDevPop',
)
const ARGUMENT = list(
  'input in as cond initialValue vars if then else branches default case date unit amount startDate endDate format timezone regex find replacement n sortBy output from localField foreignField let pipeline coll newRoot path groupBy boundaries size to onError',
)

const field = list('a b c c.d c.0 a.$ a.$[] a.$[x] _id n.m.o x y.0.z $a $$ROOT $$this .. __proto__')
const scalar = fc.oneof(
  fc.integer({ min: -3, max: 50 }),
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    'a',
    '$a',
    '$c.d',
    '$$ROOT',
    '$$this',
    '^a',
    'day',
    'UTC',
    'Asia/Shanghai',
    '%Y',
    new Date(0),
    new Double(1.5),
    new Double(Number.NaN),
    new Double(Number.POSITIVE_INFINITY),
    Long.MAX_VALUE,
    Decimal128.fromString('1E+6000'),
    new MinKey(),
    new MaxKey(),
    new ObjectId('0'.repeat(24)),
    /a+/i,
  ),
)
function tree(names: fc.Arbitrary<string>) {
  return fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      scalar,
      tie('document'),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
    document: fc.dictionary(fc.oneof(names, field), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  }))
}
const document = tree(list('a b c d')).document as fc.Arbitrary<Record<string, unknown>>
const filter = tree(fc.oneof(QUERY, EXPRESSION)).document as fc.Arbitrary<Record<string, unknown>>
const update = fc.dictionary(UPDATE, tree(UPDATE).document, { maxKeys: 2, noNullPrototype: true })
const stage = fc.tuple(STAGE, tree(fc.oneof(EXPRESSION, ARGUMENT)).value).map(([name, spec]) => ({ [name]: spec }))

const command = fc.oneof(
  document.map((fields) => ({ insert: 'c', documents: [fields] })),
  fc
    .tuple(filter, tree(list('a b $slice $elemMatch')).document, tree(list('a b')).document)
    .map(([f, projection, sort]) => ({ find: 'c', filter: f, projection, sort })),
  fc
    .tuple(filter, fc.oneof(update, document), fc.boolean(), fc.boolean())
    .map(([q, u, multi, upsert]) => ({ update: 'c', updates: [{ q, u, multi, upsert }] })),
  fc
    .tuple(filter, fc.array(stage, { maxLength: 2 }))
    .map(([q, u]) => ({ findAndModify: 'c', query: q, update: u, upsert: true })),
  fc.array(stage, { minLength: 1, maxLength: 4 }).map((pipeline) => ({ aggregate: 'c', pipeline, cursor: {} })),
  filter.map((q) => ({ delete: 'c', deletes: [{ q, limit: 1 }] })),
  tree(list('a b')).document.map((key) => ({
    createIndexes: 'fresh',
    indexes: [{ key, name: 'i', partialFilterExpression: key }],
  })),
)

describe('random requests', () => {
  test('get an answer or an error of MongoDB, never an internal one, and leave collection and indexes equal', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 15 }), async (requests) => {
        await db.run({
          insert: 'c',
          documents: [
            { a: 1, b: [1, 2], c: [{ d: 1 }] },
            { a: 'a', c: { d: new Date(0) } },
          ],
        })
        for (const request of requests) {
          const reply = await db.run(request)
          const codes = [reply.code, ...(reply.writeErrors ?? []).map((error: { code: number }) => error.code)]
          expect(codes, JSON.stringify([request, reply.errmsg])).not.toContain(1)
        }
        const all = await db.run({ count: 'c', hint: { $natural: 1 } })
        expect((await db.run({ count: 'c' })).n).toBe(all.n)
        expect((await db.run({ count: 'c', hint: 'ab' })).n).toBe(all.n)
        await db.run({ delete: 'c', deletes: [{ q: {}, limit: 0 }] })
      }),
      { numRuns: 300 },
    )
  })
})
