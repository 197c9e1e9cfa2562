// Speed of the embedded database through mongoose, beside the bare LMDB loop of the same run.
// Run: node bench/embedded-mongo/speed.mjs [seconds per figure, default 2]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { startEmbeddedMongo } from 'embedded-mongo'
import { open } from 'lmdb'
import mongoose from 'mongoose'

const seconds = Number(process.argv[2] ?? 2)
const scratch = () => mkdtempSync(join(tmpdir(), 'em-speed-'))
const rss = () => Math.round(process.memoryUsage.rss() / 1048576)
const figures = {}
const note = (name, value, unit = '') => {
  figures[name] = value
  console.log(`${name.padEnd(46)} ${String(value).padStart(9)} ${unit}`)
}

/** Runs `step` from `lanes` loops for the set time; answers steps a second. */
async function rate(lanes, step) {
  const end = performance.now() + seconds * 1000
  let done = 0
  const start = performance.now()
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      while (performance.now() < end) {
        await step(lane)
        done++
      }
    }),
  )
  return Math.round((done / (performance.now() - start)) * 1000)
}

async function bareLmdb() {
  const dir = scratch()
  const env = open({
    path: join(dir, 'data.mdb'),
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    cache: false,
  })
  const value = Buffer.alloc(200, 1)
  const key = Buffer.alloc(12)
  let n = 0
  const put = () => {
    key.writeUInt32BE(++n, 8)
    env.putSync(key, value)
    key.writeUInt32BE(n + 0x40000000, 8)
    env.putSync(key, value.subarray(0, 8))
  }
  const durable = await rate(1, () => env.transactionSync(put))
  const grouped = await rate(1, () =>
    env.transactionSync(() => {
      for (let i = 0; i < 32; i++) env.transactionSync(put)
    }),
  )
  await env.close()
  rmSync(dir, { recursive: true })
  return { durable, grouped: grouped * 32 }
}

const bare = await bareLmdb()
note('bare LMDB, 1 document a transaction, synced', bare.durable, '/s')
note('bare LMDB, 32 child transactions, synced', bare.grouped, '/s')

const dir = scratch()
const before = rss()
const start = performance.now()
const db = await startEmbeddedMongo({ dir })
note('ready after', Math.round(performance.now() - start), 'ms')
await new Promise((done) => setTimeout(done, 500))
note('idle memory above an empty process', rss() - before, 'MB')

await mongoose.connect(db.uri, { maxPoolSize: 32, minPoolSize: 32 })
const schema = new mongoose.Schema({
  email: { type: String, unique: true },
  city: { type: String, index: true },
  age: Number,
  name: String,
  joinedAt: Date,
})
const Person = mongoose.model('Person', schema)
await Person.init()
let n = 0
const cities = ['Beijing', 'Shanghai', 'Shenzhen', 'Chengdu', 'Wuhan', 'Xian', 'Nanjing', 'Suzhou']
const person = () => ({
  email: `p${++n}@example.com`,
  city: cities[n % 8],
  age: n % 60,
  name: `Person ${n}`,
  joinedAt: new Date(1.7e12 + n * 1000),
})
await rate(32, () => Person.create(person())).then(() => {})
note('create, 32 at once, durable', await rate(32, () => Person.create(person())), '/s')
note('create, one after another, durable', await rate(1, () => Person.create(person())), '/s')
const known = n
const email = () => `p${1 + Math.floor(Math.random() * known)}@example.com`
note('findOne by unique index, 32 at once, lean', await rate(32, () => Person.findOne({ email: email() }).lean()), '/s')
note('findOne by unique index, one after another', await rate(1, () => Person.findOne({ email: email() }).lean()), '/s')
note(
  'updateOne $inc, 32 at once, durable',
  await rate(32, () => Person.updateOne({ email: email() }, { $inc: { age: 1 } })),
  '/s',
)

await Person.collection.deleteMany({})
n = 0
const fillStart = performance.now()
for (let i = 0; i < 100; i++) await Person.collection.insertMany(Array.from({ length: 1000 }, person))
note('insertMany of 1,000', Math.round(100_000 / ((performance.now() - fillStart) / 1000)), 'documents/s')
const group = [
  { $group: { _id: '$city', count: { $sum: 1 }, average: { $avg: '$age' }, oldest: { $max: '$age' } } },
  { $sort: { _id: 1 } },
]
const times = []
for (let i = 0; i < 7; i++) {
  const began = performance.now()
  await Person.collection.aggregate(group).toArray()
  times.push(performance.now() - began)
}
note('$group with 3 accumulators over 100,000', Math.round(Math.min(...times)), 'ms, best of 7')
note(
  'ratio: creates at 32 to bare synced transactions',
  (figures['create, 32 at once, durable'] / bare.durable).toFixed(2),
)
await mongoose.disconnect()
await db.stop()
rmSync(dir, { recursive: true })
console.log(
  `node ${process.version}, ${readFileSync('/proc/cpuinfo', 'utf8').match(/model name\s*: (.*)/)?.[1] ?? process.arch}`,
)
