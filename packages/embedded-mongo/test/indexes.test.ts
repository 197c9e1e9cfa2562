import { Double } from 'bson'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parseSort, sortValues } from '../src/query/sort.ts'
import { hashKey } from '../src/value/keystring.ts'
import { makeEngine, type Reply, type TestEngine, toDoc } from './support.ts'

let db: TestEngine
beforeEach(() => {
  db = makeEngine()
})
afterEach(() => db.close())

const insert = (...documents: object[]) => db.run({ insert: 'c', documents })
const index = (key: object, options: object = {}): Promise<Reply> =>
  db.run({ createIndexes: 'c', indexes: [{ key, name: Object.entries(key).flat().join('_'), ...options }] })
const find = async (filter: object, rest: object = {}): Promise<Reply[]> =>
  (await db.run({ find: 'c', filter, batchSize: 100_000, ...rest })).cursor.firstBatch
const stages = async (filter: object, rest: object = {}): Promise<string> => {
  const reply = await db.run({ explain: { find: 'c', filter, ...rest }, verbosity: 'executionStats' })
  const names: string[] = []
  for (let stage = reply.queryPlanner.winningPlan; stage; stage = stage.inputStage)
    names.push(stage.indexName ?? stage.stage)
  return names.join('<')
}

describe('unique', () => {
  test('a second document with the value is error 11000 with the key in it', async () => {
    await index({ email: 1 }, { unique: true })
    await insert({ _id: 1, email: 'a@x' })
    const { writeErrors } = await insert({ _id: 2, email: 'a@x' })
    expect(writeErrors).toEqual([
      {
        index: 0,
        code: 11000,
        keyPattern: { email: 1 },
        keyValue: { email: 'a@x' },
        errmsg: 'E11000 duplicate key error collection: t.c index: email_1 dup key: { email: "a@x" }',
      },
    ])
    expect(await find({})).toHaveLength(1)
  })

  test('missing counts as null, 1 and 1.0 are one value, and elements collide across documents only', async () => {
    await index({ a: 1 }, { unique: true })
    expect((await insert({ _id: 1 })).n).toBe(1)
    expect((await insert({ _id: 2, a: null })).writeErrors[0].code).toBe(11000)
    expect((await insert({ _id: 3, a: 1 })).n).toBe(1)
    expect((await insert({ _id: 4, a: new Double(1) })).writeErrors[0].code).toBe(11000)
    expect((await insert({ _id: 5, a: [7, 7, 8] })).n).toBe(1)
    expect((await insert({ _id: 6, a: 8 })).writeErrors[0].code).toBe(11000)
  })

  test('sparse and partial indexes let through what they do not hold', async () => {
    await index({ a: 1 }, { unique: true, sparse: true })
    await index({ b: 1 }, { unique: true, partialFilterExpression: { on: true } })
    expect((await insert({ _id: 1, b: 1 }, { _id: 2, b: 1 })).n).toBe(2)
    expect((await insert({ _id: 3, a: 1, b: 1, on: true })).n).toBe(1)
    expect((await insert({ _id: 4, a: 2, b: 1, on: true })).writeErrors[0].keyPattern).toEqual({ b: 1 })
    expect((await insert({ _id: 5, a: 1 })).writeErrors[0].keyPattern).toEqual({ a: 1 })
  })

  test('an index over duplicates is not built and leaves nothing', async () => {
    await insert({ _id: 1, a: 1 }, { _id: 2, a: 1 })
    expect((await index({ a: 1 }, { unique: true })).code).toBe(11000)
    expect((await db.run({ listIndexes: 'c' })).cursor.firstBatch).toHaveLength(1)
    expect((await insert({ _id: 3, a: 1 })).n).toBe(1)
  })

  test('a value longer than a key of the store still is unique and found', async () => {
    await index({ a: 1 }, { unique: true })
    const long = 'x'.repeat(5_000)
    expect((await insert({ _id: 1, a: `${long}1` }, { _id: 2, a: `${long}2` })).n).toBe(2)
    expect((await insert({ _id: 3, a: `${long}1` })).writeErrors[0].code).toBe(11000)
    expect(await find({ a: `${long}2` })).toMatchObject([{ _id: 2 }])
    expect((await find({ a: { $gte: `${long}1` } }, { sort: { a: -1 } })).map((d) => d._id)).toEqual([2, 1])
  })

  test('two arrays in one compound index are error 171', async () => {
    await index({ a: 1, b: 1 })
    expect((await insert({ a: [1], b: [2] })).writeErrors[0].code).toBe(171)
  })
})

describe('specifications', () => {
  test.each<[key: object, options: object, code: number]>([
    [{ a: 0 }, {}, 67],
    [{ a: 'foo' }, {}, 67],
    [{ a: true }, {}, 67],
    [{}, {}, 67],
    [{ a: 1 }, { name: '' }, 67],
    [{ a: 1 }, { bogus: 1 }, 197],
    [{ a: 1 }, { unique: 'x' }, 14],
    [{ a: 1 }, { expireAfterSeconds: -1 }, 67],
    [{ a: 1, b: 1 }, { expireAfterSeconds: 1 }, 67],
    [{ _id: 1 }, { sparse: true }, 197],
    [{ a: 1 }, { partialFilterExpression: { b: { $ne: 1 } } }, 67],
    [{ a: 1 }, { partialFilterExpression: { b: 1 }, sparse: true }, 67],
    [{ a: 'text' }, {}, 238],
    [{ a: '2dsphere' }, {}, 238],
    [{ a: 'hashed' }, {}, 238],
    [{ 'a.$**': 1 }, {}, 238],
    [{ a: 1 }, { collation: { locale: 'zh' } }, 238],
  ])('%j with %j is refused with %i', async (key, options, code) => {
    expect((await index(key, { name: 'i', ...options })).code).toBe(code)
  })

  test('the same index again changes nothing; a contradicting one is 85 or 86', async () => {
    expect(await index({ a: 1 })).toMatchObject({
      numIndexesBefore: 1,
      numIndexesAfter: 2,
      createdCollectionAutomatically: true,
    })
    expect(await index({ a: 1 })).toMatchObject({ numIndexesAfter: 2, note: 'all indexes already exist' })
    expect((await index({ a: 1 }, { name: 'other' })).code).toBe(85)
    expect((await index({ b: 1 }, { name: 'a_1' })).code).toBe(86)
    expect((await index({ a: 1 }, { unique: true })).code).toBe(86)
    expect((await index({ a: 1 }, { unique: true, name: 'unique' })).numIndexesAfter).toBe(3)
  })

  test('dropIndexes refuses _id_ and unknown names', async () => {
    await index({ a: 1 })
    expect((await db.run({ dropIndexes: 'c', index: '_id_' })).code).toBe(72)
    expect((await db.run({ dropIndexes: 'c', index: 'x' })).code).toBe(27)
    expect((await db.run({ dropIndexes: 'c', index: { a: 1 } })).nIndexesWas).toBe(2)
    expect((await db.run({ dropIndexes: 'none', index: '*' })).code).toBe(26)
  })
})

describe('planner', () => {
  beforeEach(async () => {
    await index({ a: 1, b: -1 })
    await index({ s: 1 }, { sparse: true })
    await index({ p: 1 }, { partialFilterExpression: { on: { $exists: true } } })
    await insert(
      ...Array.from({ length: 20 }, (_, i) => ({
        _id: i,
        a: i % 4,
        b: i,
        ...(i % 2 && { s: i }),
        p: i,
        ...(i < 5 && { on: 1 }),
      })),
    )
  })

  test.each<[filter: object, rest: object, plan: string]>([
    [{ _id: 3 }, {}, 'FETCH<_id_'],
    [{ a: 1 }, {}, 'FETCH<a_1_b_-1'],
    [{ a: 1, b: { $gt: 3 } }, {}, 'FETCH<a_1_b_-1'],
    [{ a: { $in: [1, 2] } }, { sort: { b: 1 } }, 'SORT<FETCH<a_1_b_-1'],
    [{ a: 1 }, { sort: { b: 1 } }, 'FETCH<a_1_b_-1'],
    [{ a: 1 }, { sort: { b: -1 } }, 'FETCH<a_1_b_-1'],
    [{}, { sort: { a: 1, b: -1 } }, 'FETCH<a_1_b_-1'],
    [{}, { sort: { a: -1, b: 1 } }, 'FETCH<a_1_b_-1'],
    [{}, { sort: { a: 1, b: 1 } }, 'SORT<COLLSCAN'],
    [{ b: 1 }, {}, 'COLLSCAN'],
    [{ s: 1 }, {}, 'FETCH<s_1'],
    [{ s: null }, {}, 'COLLSCAN'],
    [{}, { sort: { s: 1 } }, 'SORT<COLLSCAN'],
    [{ p: 1 }, {}, 'COLLSCAN'],
    [{ p: 1, on: 1 }, {}, 'FETCH<p_1'],
    [{ p: 1, on: null }, {}, 'COLLSCAN'],
    [{ $or: [{ a: 1 }, { _id: 2 }] }, {}, 'FETCH<OR'],
    [{ $or: [{ a: 1 }, { b: 2 }] }, {}, 'COLLSCAN'],
    [{ a: { $ne: 1 } }, {}, 'COLLSCAN'],
    [{ a: 1 }, { hint: { $natural: 1 } }, 'COLLSCAN'],
    [{ b: 1 }, { hint: 'a_1_b_-1' }, 'FETCH<a_1_b_-1'],
  ])('%j %j is answered by %s', async (filter, rest, plan) => {
    expect(await stages(filter, rest)).toBe(plan)
  })

  test('an unknown hint is error 2, and a hidden index is not used', async () => {
    expect((await db.run({ find: 'c', hint: 'nope' })).code).toBe(2)
    await db.run({ collMod: 'c', index: { name: 'a_1_b_-1', hidden: true } })
    expect(await stages({ a: 1 })).toBe('COLLSCAN')
  })
})

describe('property', () => {
  const scalar = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.constantFrom(null, 'a', 'b', true, new Double(1.5), new Date(0), { x: 1 }),
  )
  const fieldValue = fc.oneof(
    { weight: 4, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  )
  const document = fc.record(
    {
      a: fieldValue,
      b: fc.oneof(scalar),
      c: fc.oneof(
        fc.record({ d: scalar }),
        fc.array(fc.record({ d: scalar, e: scalar }, { requiredKeys: [] }), { maxLength: 2 }),
      ),
    },
    { requiredKeys: [] },
  )
  const test1 = fc.oneof(
    scalar,
    fc
      .tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte', '$ne', '$eq'), scalar)
      .map(([op, value]) => ({ [op]: value })),
    fc.tuple(scalar, scalar).map(([low, high]) => ({ $gte: low, $lte: high })),
    fc.array(scalar, { maxLength: 3 }).map((values) => ({ $in: values })),
    fc.boolean().map((present) => ({ $exists: present })),
    fc.constantFrom(
      { $regex: '^a' },
      { $type: 'string' },
      { $not: { $gt: 0 } },
      { $size: 1 },
      { $elemMatch: { $gt: 0 } },
    ),
  )
  const branch = fc.record({ a: test1, b: test1, 'c.d': test1, 'c.e': test1 }, { requiredKeys: [] })
  const filter = fc.oneof(
    branch,
    fc.array(branch, { minLength: 1, maxLength: 3 }).map(($or) => ({ $or })),
    fc.tuple(branch, branch).map(($and) => ({ $and })),
  )
  const sort = fc.constantFrom({}, { a: 1 }, { a: -1 }, { a: 1, b: -1 }, { b: 1 }, { b: -1, a: 1 }, { 'c.d': 1 })

  test('whatever the index, a query finds what a full scan finds, in an order that is as good', async () => {
    for (const [key, options] of [
      [{ a: 1, b: -1 }, {}],
      [{ b: 1, a: 1 }, {}],
      [{ 'c.d': 1, 'c.e': 1 }, {}],
      [{ b: -1 }, { sparse: true }],
      [{ a: 1 }, { partialFilterExpression: { b: { $gte: 0 } } }],
    ] as const)
      await index(key, { name: JSON.stringify([key, options]), ...options })
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { minLength: 1, maxLength: 12 }),
        fc.array(fc.tuple(filter, sort), { minLength: 4, maxLength: 8 }),
        async (documents, queries) => {
          await db.run({ delete: 'c', deletes: [{ q: {}, limit: 0 }] })
          const inserted = await insert(...documents.map((fields, _id) => ({ _id, ...fields })))
          for (const [query, order] of queries) {
            const hinted = await find(query, { hint: { $natural: 1 }, sort: order })
            const planned = await find(query, { sort: order })
            const ids = (list: Reply[]) => list.map((entry) => entry._id).sort((x, y) => x - y)
            expect(ids(planned)).toEqual(ids(hinted))
            // Documents that sort alike may come in any order, so it is their sort keys that must agree.
            const sortKeys = parseSort(toDoc(order), 2)
            const keys = (list: Reply[]) => list.map((entry) => sortValues(toDoc(entry), sortKeys).map(hashKey))
            expect(keys(planned)).toEqual(keys(hinted))
          }
          expect(inserted.n + (inserted.writeErrors?.length ?? 0)).toBeLessThanOrEqual(documents.length)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('after random inserts, updates and deletes every index holds exactly the documents', async () => {
    await index({ a: 1, b: 1 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(9), fc.constantFrom('put', 'set', 'del'), document), { maxLength: 30 }),
        async (steps) => {
          await db.run({ delete: 'c', deletes: [{ q: {}, limit: 0 }] })
          for (const [_id, step, fields] of steps) {
            if (step === 'put') await insert({ _id, ...fields })
            else if (step === 'set')
              await db.run({ update: 'c', updates: [{ q: { _id }, u: { $set: { b: 2, ...fields } } }] })
            else await db.run({ delete: 'c', deletes: [{ q: { _id }, limit: 1 }] })
          }
          const all = (await find({})).map((entry) => entry._id).sort()
          expect((await find({}, { hint: 'a_1_b_1' })).map((entry) => entry._id).sort()).toEqual(all)
          expect((await find({}, { hint: '_id_' })).map((entry) => entry._id).sort()).toEqual(all)
          expect((await db.run({ count: 'c' })).n).toBe(all.length)
        },
      ),
      { numRuns: 40 },
    )
    expect([...db.store.docs.getKeys({})]).toHaveLength((await db.run({ count: 'c' })).n)
  })
})
