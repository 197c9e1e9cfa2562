import { Binary, Double, Long, ObjectId, Timestamp, UUID } from 'bson'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeEngine, type Reply, type TestEngine } from './support.ts'

let db: TestEngine
beforeEach(() => {
  db = makeEngine()
})
afterEach(() => db.close())

const numbered = (count: number) => Array.from({ length: count }, (_, _id) => ({ _id, n: _id % 3 }))
const lsid = () => ({ id: new UUID() })

describe('requests that a server refuses', () => {
  test.each<[command: object, code: number]>([
    [{ foo: 1 }, 59],
    [{ Find: 'c' }, 59],
    [{ atlasVersion: 1 }, 59],
    [{ mapReduce: 'c' }, 238],
    [{ bulkWrite: 1 }, 238],
    [{ find: 'c', foo: 1 }, 40415],
    [{ find: 'c', filter: 1 }, 14],
    [{ find: 'c', limit: 'x' }, 14],
    [{ find: 'c', limit: -1 }, 51024],
    [{ find: 'c', skip: -1 }, 51024],
    [{ find: 'c', sort: { a: 2 } }, 2],
    [{ find: 'c', tailable: true }, 2],
    [{ find: 'c', min: { a: 1 } }, 238],
    [{ find: 'c', collation: { locale: 'zh' } }, 238],
    [{ find: '' }, 73],
    [{ find: 'a$b' }, 73],
    [{ find: 'system.users' }, 73],
    [{ find: 1 }, 14],
    [{ find: 'c', $db: 'a.b' }, 73],
    [{ find: 'c', maxTimeMS: -1 }, 2],
    [{ find: 'c', readConcern: { level: 'snapshot' } }, 246],
    [{ find: 'c', readConcern: { level: 'foo' } }, 9],
    [{ find: 'c', projection: { a: 1, b: 0 } }, 31254],
    [{ find: 'c', projection: { a: { $foo: 1 } } }, 31325],
    [{ find: 'c', projection: { a: { $meta: 'textScore' } } }, 238],
    [{ insert: 'c', documents: [] }, 16],
    [{ insert: 'c' }, 40414],
    [{ insert: 'c', documents: [1] }, 14],
    [{ update: 'c', updates: [{ q: {}, u: {}, sort: {} }] }, 40415],
    [{ update: 'c', updates: [{ u: {} }] }, 40414],
    [{ delete: 'c', deletes: [{ q: {}, limit: 2 }] }, 9],
    [{ findAndModify: 'c' }, 9],
    [{ findAndModify: 'c', remove: true, update: {} }, 9],
    [{ findAndModify: 'c', remove: true, new: true }, 9],
    [{ findAndModify: 'c', update: { $foo: 1 } }, 9],
    [{ aggregate: 'c', pipeline: [] }, 9],
    [{ aggregate: 'c', cursor: {} }, 40414],
    [{ create: 'c', capped: true, size: 10 }, 238],
    [{ create: 'c', viewOn: 'd' }, 238],
    [{ create: 'c', validator: { a: 1 } }, 238],
    [{ collMod: 'c', validator: {} }, 238],
    [{ renameCollection: 't.c', to: 't.d' }, 13],
    [{ renameCollection: 't.c', to: 't.d', $db: 'admin' }, 26],
    [{ listIndexes: 'c' }, 26],
    [{ getMore: Long.fromNumber(5), collection: 'c' }, 43],
    [{ getParameter: 1, foo: 1 }, 40415],
    [{ commitTransaction: 1, $db: 'admin' }, 238],
    [
      { insert: 'c', documents: [{}], startTransaction: true, autocommit: false, txnNumber: Long.ONE, lsid: lsid() },
      238,
    ],
    [{ insert: 'c', documents: [{}], txnNumber: Long.ONE }, 72],
    [{ ping: 1, lsid: { id: 1 } }, 14],
  ])('%j: %i', async (command, code) => {
    const reply = await db.run(command)
    expect(reply).toMatchObject({ ok: 0, code })
    expect(reply.codeName).toBeTruthy()
    if (code === 238) expect(reply.errmsg).toContain('MONGODB_URI')
  })
})

describe('insert', () => {
  test('adds _id in front, keeps the rest in order, and fills empty timestamps', async () => {
    await db.run({ insert: 'c', documents: [{ b: 1, a: new Timestamp(0n), _id: 1 }, { z: 1 }] })
    const [first, second] = (await db.run({ find: 'c' })).cursor.firstBatch
    expect(Object.keys(first)).toEqual(['_id', 'b', 'a'])
    expect(first.a.t).toBeGreaterThan(1e9)
    expect(second._id).toBeInstanceOf(ObjectId)
  })

  test('an ordered insert stops at an error and keeps what was before it; an unordered one goes on', async () => {
    const documents = [{ _id: 1 }, { _id: 1 }, { _id: 2 }, { _id: [1] }, { _id: { $a: 1 } }]
    const ordered = await db.run({ insert: 'a', documents })
    expect([ordered.n, ordered.writeErrors.map((e: Reply) => [e.index, e.code])]).toEqual([1, [[1, 11000]]])
    const unordered = await db.run({ insert: 'b', documents, ordered: false })
    expect([unordered.n, unordered.writeErrors.map((e: Reply) => [e.index, e.code])]).toEqual([
      2,
      [
        [1, 11000],
        [3, 53],
        [4, 52],
      ],
    ])
  })

  test('a document of more than 16 MiB is refused, on insert and after an update', async () => {
    const big = 'x'.repeat(16 * 1024 * 1024 - 100)
    expect((await db.run({ insert: 'c', documents: [{ _id: 1, big }] })).n).toBe(1)
    const grown = await db.run({ update: 'c', updates: [{ q: { _id: 1 }, u: { $set: { more: 'y'.repeat(200) } } }] })
    expect(grown.writeErrors[0].code).toBe(17419)
    expect((await db.run({ count: 'c', query: { more: { $exists: true } } })).n).toBe(0)
  })
})

describe('update and findAndModify', () => {
  test('replies tell matched, modified and upserted', async () => {
    await db.run({ insert: 'c', documents: numbered(3) })
    const reply = await db.run({
      update: 'c',
      updates: [
        { q: { _id: { $gt: 0 } }, u: { $set: { n: 1 } }, multi: true },
        { q: { _id: 9 }, u: { $set: { n: 9 }, $setOnInsert: { fresh: true } }, upsert: true },
        { q: { k: 1 }, u: { v: 1 }, upsert: true },
      ],
    })
    expect(reply).toMatchObject({ n: 4, nModified: 1, upserted: [{ index: 1, _id: 9 }, { index: 2 }] })
    const [upserted] = (await db.run({ find: 'c', filter: { _id: 9 } })).cursor.firstBatch
    expect(upserted).toEqual({ _id: 9, fresh: true, n: 9 })
  })

  test('a multi update that moves documents along its own index meets each once', async () => {
    await db.run({ createIndexes: 'c', indexes: [{ key: { n: 1 }, name: 'n' }] })
    await db.run({ insert: 'c', documents: numbered(50) })
    const reply = await db.run({
      update: 'c',
      updates: [{ q: { n: { $gte: 0 } }, u: { $inc: { n: 100 } }, multi: true }],
    })
    expect(reply).toMatchObject({ n: 50, nModified: 50 })
    expect((await db.run({ count: 'c', query: { n: { $lt: 103 } } })).n).toBe(50)
  })

  test('findAndModify answers the document before or after, projected, sorted', async () => {
    await db.run({ insert: 'c', documents: numbered(5) })
    const before = await db.run({
      findAndModify: 'c',
      query: {},
      sort: { _id: -1 },
      update: { $inc: { n: 10 } },
      fields: { n: 1, _id: 0 },
    })
    expect(before).toMatchObject({ lastErrorObject: { n: 1, updatedExisting: true }, value: { n: 1 } })
    const after = await db.run({ findAndModify: 'c', query: { _id: 4 }, update: { $inc: { n: 10 } }, new: true })
    expect(after.value).toEqual({ _id: 4, n: 21 })
    const upserted = await db.run({ findAndModify: 'c', query: { _id: 77 }, update: { $set: { a: 1 } }, upsert: true })
    expect(upserted).toMatchObject({ lastErrorObject: { n: 1, updatedExisting: false, upserted: 77 }, value: null })
    const removed = await db.run({ findAndModify: 'c', query: { _id: 77 }, remove: true })
    expect(removed).toMatchObject({ lastErrorObject: { n: 1 }, value: { _id: 77, a: 1 } })
    expect((await db.run({ findAndModify: 'c', query: { _id: 77 }, remove: true })).value).toBeNull()
  })

  test('a failing findAndModify leaves nothing of itself behind', async () => {
    await db.run({ createIndexes: 'c', indexes: [{ key: { a: 1 }, name: 'a', unique: true }] })
    await db.run({
      insert: 'c',
      documents: [
        { _id: 1, a: 1 },
        { _id: 2, a: 2 },
      ],
    })
    const reply = await db.run({ findAndModify: 'c', query: { _id: 2 }, update: { $set: { a: 1 } } })
    expect(reply).toMatchObject({ ok: 0, code: 11000, keyPattern: { a: 1 }, keyValue: { a: 1 } })
    expect((await db.run({ find: 'c', filter: { a: 2 } })).cursor.firstBatch).toHaveLength(1)
    expect((await db.run({ insert: 'c', documents: [{ _id: 3, a: 3 }] })).n).toBe(1)
    expect((await db.run({ count: 'c' })).n).toBe(3)
  })
})

describe('projection of find', () => {
  test.each<[projection: object, expected: object]>([
    [{ a: 1 }, { _id: 1, a: 1 }],
    [{ a: 1, _id: 0 }, { a: 1 }],
    [
      { l: 0, s: 0 },
      { _id: 1, a: 1 },
    ],
    [{ 's.x': 1 }, { _id: 1, s: { x: 1 } }],
    [
      { l: { $slice: 1 }, s: 0, a: 0 },
      { _id: 1, l: [{ k: 1, v: 1 }] },
    ],
    [
      { l: { $slice: [-1, 1] }, s: 0, a: 0 },
      { _id: 1, l: [{ k: 2, v: 2 }] },
    ],
    [{ l: { $elemMatch: { k: 2 } } }, { _id: 1, l: [{ k: 2, v: 2 }] }],
    [{ 'l.$': 1 }, { _id: 1, l: [{ k: 2, v: 2 }] }],
    [{ 'l.k': 1, _id: 0 }, { l: [{ k: 1 }, { k: 2 }] }],
    [{ b: { $add: ['$a', 1] }, _id: 0 }, { b: 2 }],
    [{ _id: 1 }, { _id: 1 }],
    [
      { _id: 0 },
      {
        a: 1,
        s: { x: 1, y: 2 },
        l: [
          { k: 1, v: 1 },
          { k: 2, v: 2 },
        ],
      },
    ],
  ])('%j gives %j', async (projection, expected) => {
    await db.run({
      insert: 'c',
      documents: [
        {
          _id: 1,
          a: 1,
          s: { x: 1, y: 2 },
          l: [
            { k: 1, v: 1 },
            { k: 2, v: 2 },
          ],
        },
      ],
    })
    expect((await db.run({ find: 'c', filter: { 'l.k': 2 }, projection })).cursor.firstBatch).toEqual([expected])
  })
})

describe('cursors', () => {
  test('singleBatch and a reached limit leave no cursor', async () => {
    await db.run({ insert: 'c', documents: numbered(5) })
    expect((await db.run({ find: 'c', batchSize: 2, singleBatch: true })).cursor).toMatchObject({ id: 0 })
    expect((await db.run({ find: 'c', batchSize: 2, limit: 2 })).cursor).toMatchObject({ id: 0 })
  })

  test('maxTimeMS stops a long scan with error 50', async () => {
    await db.run({ insert: 'c', documents: numbered(2_000) })
    const slow = {
      $expr: {
        $gt: [{ $size: { $filter: { input: { $range: [0, 2_000] }, cond: { $gt: ['$$this', '$_id'] } } } }, 5_000],
      },
    }
    expect(await db.run({ find: 'c', filter: slow, maxTimeMS: 20 })).toMatchObject({
      ok: 0,
      code: 50,
      codeName: 'MaxTimeMSExpired',
    })
  })
})

describe('collections', () => {
  test('are created, listed, renamed and dropped', async () => {
    expect((await db.run({ create: 'a' })).ok).toBe(1)
    expect((await db.run({ create: 'a' })).ok).toBe(1)
    await db.run({ insert: 'b', documents: [{ _id: 1 }] })
    const names = async () =>
      (await db.run({ listCollections: 1, nameOnly: true })).cursor.firstBatch.map((entry: Reply) => entry.name)
    expect(await names()).toEqual(['a', 'b'])
    expect((await db.run({ renameCollection: 't.b', to: 't.a', $db: 'admin' })).code).toBe(48)
    expect((await db.run({ renameCollection: 't.b', to: 't.a', dropTarget: true, $db: 'admin' })).ok).toBe(1)
    expect(await names()).toEqual(['a'])
    expect((await db.run({ count: 'a' })).n).toBe(1)
    expect((await db.run({ listDatabases: 1, $db: 'admin' })).databases).toMatchObject([{ name: 't', empty: false }])
    expect((await db.run({ drop: 'a' })).nIndexesWas).toBe(1)
    expect((await db.run({ drop: 'a' })).ok).toBe(1)
    expect([...db.store.docs.getKeys({})]).toEqual([])
    expect([...db.store.idx.getKeys({})]).toEqual([])
  })

  test('distinct, count with skip and limit, collStats and dbStats', async () => {
    await db.run({ insert: 'c', documents: [...numbered(6), { _id: 7, n: [1, 9] }] })
    expect((await db.run({ distinct: 'c', key: 'n' })).values.sort()).toEqual([0, 1, 2, 9])
    expect((await db.run({ count: 'c', query: { n: 1 }, skip: 1 })).n).toBe(2)
    expect((await db.run({ count: 'c', limit: 2 })).n).toBe(2)
    expect(await db.run({ collStats: 'c' })).toMatchObject({ count: 7, nindexes: 1 })
    expect(await db.run({ dbStats: 1 })).toMatchObject({ collections: 1, objects: 7 })
    const [stats] = (await db.run({ aggregate: 'c', pipeline: [{ $collStats: { count: {} } }], cursor: {} })).cursor
      .firstBatch
    expect(stats).toMatchObject({ ns: 't.c', count: 7 })
    const indexes = await db.run({ aggregate: 'c', pipeline: [{ $indexStats: {} }], cursor: {} })
    expect(indexes.cursor.firstBatch).toMatchObject([{ name: '_id_', key: { _id: 1 } }])
  })
})

describe('sessions', () => {
  const inc = (session: object, txn: number): Promise<Reply> =>
    db.run({
      update: 'c',
      updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } }, upsert: true }],
      lsid: session,
      txnNumber: Long.fromNumber(txn),
    })

  test('a write that is sent again is carried out once and gets its first reply', async () => {
    const session = lsid()
    const first = await inc(session, 1)
    const second = await inc(session, 1)
    expect(second).toMatchObject({ n: first.n, upserted: first.upserted })
    await inc(session, 2)
    expect(await inc(session, 1)).toMatchObject({ ok: 0, code: 225 })
    expect((await db.run({ find: 'c' })).cursor.firstBatch).toEqual([{ _id: 1, n: 2 }])
  })

  test('a reply names its cluster time, which moves with each write', async () => {
    const before = (await db.run({ ping: 1 })).operationTime
    const after = (await inc(lsid(), 1)).operationTime
    expect(after.greaterThan(before)).toBe(true)
    expect((await db.run({ ping: 1 })).$clusterTime.signature.hash).toEqual(new Binary(Buffer.alloc(20)))
  })

  test('write concerns that one machine cannot meet are told, the write stays', async () => {
    const reply = await db.run({ insert: 'c', documents: [{}], writeConcern: { w: 2 } })
    expect(reply).toMatchObject({ ok: 1, n: 1, writeConcernError: { code: 100 } })
    expect((await db.run({ insert: 'c', documents: [{}], writeConcern: { w: 'dc' } })).writeConcernError.code).toBe(79)
    expect(
      (await db.run({ insert: 'c', documents: [{}], writeConcern: { w: 'majority', j: true } })).writeConcernError,
    ).toBeUndefined()
  })
})

describe('TTL', () => {
  test('documents go when their date has passed, others stay', async () => {
    const { TtlMonitor } = await import('../src/engine/ttl.ts')
    const { Catalog } = await import('../src/store/catalog.ts')
    const { GroupCommit } = await import('../src/engine/group-commit.ts')
    const now = Date.parse('2026-11-07T12:00:00Z')
    const ago = (seconds: number) => new Date(now - seconds * 1000)
    await db
      .run({
        createIndexes: 'c',
        indexes: [
          {
            key: { at: 1 },
            name: 'at',
            expireAfterSeconds: 60,
            partialFilterExpression: { keep: { $exists: false } },
          } as object,
        ],
      })
      .then((reply) => expect(reply.code).toBe(67))
    await db.run({ createIndexes: 'c', indexes: [{ key: { at: 1 }, name: 'at', expireAfterSeconds: 60 }] })
    await db.run({ createIndexes: 'd', indexes: [{ key: { at: -1 }, name: 'at', expireAfterSeconds: 0 }] })
    const documents = [
      { _id: 'old', at: ago(61) },
      { _id: 'due', at: ago(60) },
      { _id: 'young', at: ago(59) },
      { _id: 'no date', at: 5 },
      { _id: 'none' },
      { _id: 'earliest counts', at: [ago(10), ago(100)] },
    ]
    await db.run({ insert: 'c', documents })
    await db.run({ insert: 'd', documents: Array.from({ length: 1_500 }, (_, i) => ({ _id: i, at: ago(1 + i) })) })
    const catalog = new Catalog(db.store)
    await new TtlMonitor(catalog, new GroupCommit(catalog, () => {})).pass(now)
    const left = (await db.run({ find: 'c' })).cursor.firstBatch.map((entry: Reply) => entry._id)
    expect(left).toEqual(['young', 'no date', 'none'])
    expect((await db.run({ aggregate: 'd', pipeline: [{ $count: 'n' }], cursor: {} })).cursor.firstBatch).toEqual([])
  })
})

test('a retried write stays done after the engine was opened again', async () => {
  const { scratchDir } = await import('./support.ts')
  const dir = scratchDir()
  const command = { insert: 'c', documents: [{ _id: 1, v: new Double(1) }], lsid: lsid(), txnNumber: Long.ONE }
  const first = makeEngine(dir)
  const reply = await first.run(command)
  await first.store.close()
  const second = makeEngine(dir)
  expect(await second.run(command)).toMatchObject({ ok: 1, n: reply.n })
  await second.close()
})
