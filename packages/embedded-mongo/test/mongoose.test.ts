import { rmSync } from 'node:fs'
import { type EmbeddedMongo, startEmbeddedMongo } from 'embedded-mongo'
import mongoose, { Schema } from 'mongoose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureBuilt, scratchDir } from './support.ts'

let db: EmbeddedMongo
let dir: string
let connection: mongoose.Connection
const commands: string[] = []

const itemSchema = new Schema({ sku: String, qty: Number })
const orderSchema = new Schema(
  {
    code: { type: String, required: true, unique: true },
    city: { type: String, index: true },
    tags: [String],
    items: [itemSchema],
    owner: { type: Schema.Types.ObjectId, ref: 'Owner' },
    scores: { type: Map, of: Number },
  },
  { timestamps: true, optimisticConcurrency: true },
)

beforeAll(async () => {
  await ensureBuilt()
  dir = scratchDir()
  db = await startEmbeddedMongo({ dir, sync: 'off' })
  connection = await mongoose.createConnection(db.uri, { monitorCommands: true }).asPromise()
  connection.getClient().on('commandFailed', (event) => commands.push(`${event.commandName}: ${event.failure.message}`))
  connection.model('Order', orderSchema)
  connection.model('Owner', new Schema({ name: String }))
  await Promise.all([connection.model('Order').init(), connection.model('Owner').init()])
})
afterAll(async () => {
  await connection.close()
  await db.stop()
  rmSync(dir, { recursive: true, force: true })
})

describe('mongoose', () => {
  test('saves, changes and finds documents, with arrays, maps and versions', async () => {
    const Order = connection.model('Order')
    const order = await Order.create({
      code: 'A1',
      city: 'bj',
      tags: ['x'],
      items: [
        { sku: 'a', qty: 1 },
        { sku: 'b', qty: 2 },
      ],
      scores: { '2026-11': 90, '10': 1, '9': 2 },
    })
    order.get('tags').push('y')
    order.set('items.0.qty', 5)
    await order.save()
    const again = await Order.findOne({ code: 'A1' }).lean()
    expect(again).toMatchObject({
      tags: ['x', 'y'],
      items: [
        { sku: 'a', qty: 5 },
        { sku: 'b', qty: 2 },
      ],
      __v: 1,
      scores: { '2026-11': 90, '9': 2, '10': 1 },
    })
    const stale = await Order.findOne({ code: 'A1' })
    await Order.updateOne({ code: 'A1' }, { $inc: { __v: 1 } })
    stale!.set('city', 'sh')
    await expect(stale!.save()).rejects.toThrow(mongoose.Error.VersionError)
  })

  test('reports a duplicate key with its pattern and value', async () => {
    const Order = connection.model('Order')
    await Order.create({ code: 'dup' })
    await expect(Order.create({ code: 'dup' })).rejects.toMatchObject({
      code: 11000,
      keyPattern: { code: 1 },
      keyValue: { code: 'dup' },
    })
  })

  test('updates, upserts, deletes and bulk writes', async () => {
    const Order = connection.model('Order')
    const made = await Order.findOneAndUpdate(
      { code: 'U1' },
      { $inc: { 'scores.a': 1 }, $setOnInsert: { city: 'gz' } },
      { upsert: true, returnDocument: 'after' },
    ).lean()
    expect(made).toMatchObject({ code: 'U1', city: 'gz', scores: { a: 1 } })
    expect(
      await Order.updateMany({ code: 'U1' }, { $push: { items: { $each: [{ sku: 'z', qty: 1 }], $slice: -1 } } }),
    ).toMatchObject({ modifiedCount: 1 })
    await Order.updateOne({ code: 'U1', 'items.sku': 'z' }, { $set: { 'items.$.qty': 7 } })
    await Order.updateOne({ code: 'U1' }, { $inc: { 'items.$[i].qty': 1 } }, { arrayFilters: [{ 'i.qty': 7 }] })
    expect(await Order.findOne({ code: 'U1' }).lean()).toMatchObject({ items: [{ qty: 8 }] })
    const result = await Order.bulkWrite([
      { insertOne: { document: { code: 'B1' } } },
      { updateOne: { filter: { code: 'B1' }, update: { city: 'x' } } },
      { replaceOne: { filter: { code: 'B2' }, replacement: { code: 'B2' }, upsert: true } },
      { deleteMany: { filter: { code: { $in: ['B1', 'B2'] } } } },
    ])
    expect(result).toMatchObject({ insertedCount: 1, modifiedCount: 1, upsertedCount: 1, deletedCount: 2 })
    expect(await Order.findOneAndDelete({ code: 'U1' }).lean()).toMatchObject({ code: 'U1' })
    expect(await Order.exists({ code: 'U1' })).toBeNull()
  })

  test('populates, counts, lists distinct values and aggregates', async () => {
    const [Order, Owner] = [connection.model('Order'), connection.model('Owner')]
    const owner = await Owner.create({ name: 'Lin' })
    await Order.insertMany(['P1', 'P2', 'P3'].map((code, i) => ({ code, city: i ? 'p-a' : 'p-b', owner: owner._id })))
    const populated = await Order.findOne({ code: 'P1' }).populate<{ owner: { name: string } }>('owner')
    expect(populated!.owner.name).toBe('Lin')
    expect(await Order.countDocuments({ city: /^p-/ })).toBe(3)
    expect(await Owner.estimatedDocumentCount()).toBe(1)
    expect((await Order.distinct('city', { city: /^p-/ })).sort()).toEqual(['p-a', 'p-b'])
    const grouped = await Order.aggregate([
      { $match: { city: /^p-/ } },
      { $lookup: { from: 'owners', localField: 'owner', foreignField: '_id', as: 'o' } },
      { $group: { _id: '$city', n: { $sum: 1 }, who: { $first: { $first: '$o.name' } } } },
      { $sort: { _id: 1 } },
    ])
    expect(grouped).toEqual([
      { _id: 'p-a', n: 2, who: 'Lin' },
      { _id: 'p-b', n: 1, who: 'Lin' },
    ])
  })

  test('reads a whole collection by cursor in batches, with changes in between', async () => {
    const numbers = connection.collection('numbers')
    await numbers.insertMany(Array.from({ length: 2_500 }, (_, n) => ({ n })))
    const seen: number[] = []
    for await (const { n } of numbers.find().batchSize(100)) {
      seen.push(n as number)
      if (n === 50) await numbers.deleteMany({ n: { $gte: 2_000 } })
    }
    expect(seen).toEqual(Array.from({ length: 2_000 }, (_, n) => n))
    const cursor = numbers.find().batchSize(10)
    await cursor.next()
    await numbers.drop()
    await expect(cursor.toArray()).rejects.toMatchObject({ code: 175 })
  })

  test('keeps indexes in step and drops databases', async () => {
    const Order = connection.model('Order')
    expect(await Order.diffIndexes()).toEqual({ toDrop: [], toCreate: [] })
    await Order.collection.createIndex({ tags: 1 })
    expect(await Order.syncIndexes()).toEqual(['tags_1'])
    const other = connection.useDb('other')
    await other.collection('x').insertOne({ a: 1 })
    await other.dropDatabase()
    expect((await connection.db!.admin().listDatabases()).databases.map(({ name }) => name)).toEqual(['jixiao'])
  })

  test('sessions work; a transaction is refused in words that name the way out', async () => {
    const session = await connection.startSession()
    const found = await connection.model('Owner').find({}, null, { session })
    expect(found.length).toBeGreaterThan(0)
    session.startTransaction()
    await expect(connection.model('Owner').create([{ name: 'x' }], { session })).rejects.toMatchObject({
      code: 238,
      message: expect.stringContaining('MONGODB_URI'),
    })
    await session.endSession()
    await expect(connection.collection('owners').watch().next()).rejects.toMatchObject({ code: 238 })
  })

  test('no command failed but those meant to', () => {
    const expected = /E11000|not implemented|collection dropped/
    expect(commands.filter((failure) => !expected.test(failure))).toEqual([])
  })
})
