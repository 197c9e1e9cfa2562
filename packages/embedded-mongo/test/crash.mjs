// Kills a writing process at random moments and checks what it had been told was written.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startEmbeddedMongo } from 'embedded-mongo'
import { MongoClient } from 'mongodb'

const writer = fileURLToPath(new URL('writer.mjs', import.meta.url))

/** Starts a writer; `acked` gathers its acknowledged writes. */
export async function startWriter(dir, lanes, tag, acked) {
  const child = spawn(process.execPath, [writer, dir, String(lanes), tag], { stdio: ['ignore', 'pipe', 'inherit'] })
  let rest = ''
  let owner
  let told = 0
  const waiting = []
  let seen
  const ready = new Promise((resolve, reject) => {
    seen = resolve
    child.once('exit', (code) => reject(new Error(`writer ended with ${code}`)))
  })
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      const [kind, id] = line.split(' ')
      if (kind === 'ready') {
        owner = id === 'true'
        seen()
        continue
      }
      if (kind === 'i') acked.items.push(id)
      else acked.counters.set(id, (acked.counters.get(id) ?? 0) + 1)
      told++
      for (const wait of waiting) if (told >= wait.count) wait.resolve()
    }
  })
  await ready
  return {
    owner,
    /** Resolves when this writer has been told of so many writes. */
    wrote: (count) => new Promise((resolve) => void (told >= count ? resolve() : waiting.push({ count, resolve }))),
    async kill() {
      const gone = once(child, 'close')
      child.kill('SIGKILL')
      await gone
    },
  }
}

export const newAcks = () => ({ items: [], counters: new Map() })

/** Every acknowledged write is there whole, and each index holds exactly the documents. */
export async function check(dir, acked) {
  const db = await startEmbeddedMongo({ dir })
  const client = await MongoClient.connect(db.uri)
  try {
    const items = client.db().collection('items')
    const found = new Map()
    for await (const item of items.find()) found.set(item._id, item)
    const problems = []
    for (const id of acked.items) if (!found.has(id)) problems.push(`lost ${id}`)
    for (const [id, item] of found) {
      if (item.key !== `k${id}` || item.body.length !== item.length || !item.body.startsWith(id))
        problems.push(`torn ${id}`)
    }
    for (const hint of ['_id_', 'key_1', 'group_1_n_-1']) {
      const through = new Set(
        (await items.find({}, { hint, projection: { _id: 1 } }).toArray()).map((item) => item._id),
      )
      if (through.size !== found.size || [...found.keys()].some((id) => !through.has(id)))
        problems.push(`index ${hint} differs`)
    }
    if ((await items.estimatedDocumentCount()) !== found.size) problems.push('count differs')
    for (const [id, n] of acked.counters) {
      const counter = await client.db().collection('counters').findOne({ _id: id })
      // One more may be written than told: the kill came between the commit and the reply.
      if (!counter || counter.n < n || counter.n > n + 1) problems.push(`counter ${id} is ${counter?.n}, told ${n}`)
    }
    return { problems, documents: found.size }
  } finally {
    await client.close()
    await db.stop()
  }
}
