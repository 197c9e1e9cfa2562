// A process that writes through an embedded database until it is killed. Used by the crash tests and their bench.
// node writer.mjs <dir> <lanes> <tag>: prints `ready` and then each acknowledged write, one a line.
import { startEmbeddedMongo } from 'embedded-mongo'
import { MongoClient } from 'mongodb'

const [dir, lanes, tag] = process.argv.slice(2)
const db = await startEmbeddedMongo({ dir })
const client = await MongoClient.connect(db.uri, { maxPoolSize: Number(lanes) })
const items = client.db().collection('items')
const counters = client.db().collection('counters')
await items.createIndex({ key: 1 }, { unique: true })
await items.createIndex({ group: 1, n: -1 })
process.stdout.write(`ready ${db.owner}\n`)

let n = 0
const lane = async (i) => {
  for (;;) {
    const id = `${tag}-${i}-${n++}`
    const body = id.repeat(1 + (n % 40))
    if (n % 5 === 0) {
      await counters.updateOne({ _id: `${tag}-${i}` }, { $inc: { n: 1 } }, { upsert: true })
      process.stdout.write(`c ${tag}-${i}\n`)
    } else {
      await items.insertOne({ _id: id, key: `k${id}`, group: n % 7, n, body, length: body.length })
      process.stdout.write(`i ${id}\n`)
    }
  }
}
await Promise.all(Array.from({ length: Number(lanes) }, (_, i) => lane(i)))
