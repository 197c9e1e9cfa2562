import { decode } from '../bson/decode.ts'
import { isNumeric, type Value } from '../bson/values.ts'
import type { Catalog } from '../store/catalog.ts'
import type { Index } from '../store/index.ts'
import { keyString } from '../value/keystring.ts'
import { asNumber } from '../value/numbers.ts'
import type { GroupCommit } from './group-commit.ts'

const BATCH = 1_000

/** Deletes documents whose indexed date is older than the index's `expireAfterSeconds`. */
export class TtlMonitor {
  private timer: NodeJS.Timeout | undefined
  private running = false

  constructor(
    private readonly catalog: Catalog,
    private readonly commits: GroupCommit,
  ) {}

  start(seconds: number): void {
    this.stop()
    this.timer = setInterval(() => void this.pass(Date.now()), seconds * 1000).unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** One pass over all TTL indexes, in batches so that other writes come in between. */
  async pass(now: number): Promise<void> {
    if (this.running) return
    this.running = true
    try {
      for (const collection of this.catalog.all()) {
        for (const index of collection.indexes) {
          if (!index.spec.has('expireAfterSeconds')) continue
          while ((await this.batch(collection.ns, index.name, now)) === BATCH);
        }
      }
    } catch {
      // The next pass tries again; what made this one fail is told to the writers that meet it.
    } finally {
      this.running = false
    }
  }

  private async batch(ns: string, indexName: string, now: number): Promise<number> {
    const reply = await this.commits.submit(() => {
      const collection = this.catalog.get(ns)
      const index = collection?.indexes.find((candidate) => candidate.name === indexName)
      if (!collection || !index) return new Map([['n', 0]])
      let n = 0
      for (const record of expired(index, now)) {
        const bytes = collection.get(record)
        if (!bytes) continue
        collection.remove(record, decode(bytes))
        n++
      }
      return new Map([['n', n]])
    })
    return reply.get('n') as number
  }
}

/** Records from the oldest date up to the limit: an array counts by its earliest date, which is its first entry. */
function expired(index: Index, now: number): Set<number> {
  const after: Value | undefined = index.spec.get('expireAfterSeconds')
  if (!isNumeric(after)) return new Set()
  const limit = new Date(now - asNumber(after) * 1000)
  const oldest = keyString([new Date(-8.64e15)], index.descending)
  const bound = keyString([limit], index.descending)
  const [low, high] = index.descending[0]
    ? [bound, Buffer.concat([oldest, Buffer.from([0xff])])]
    : [oldest, Buffer.concat([bound, Buffer.from([0xff])])]
  const records = new Set<number>()
  for (const record of index.scan(low, high, false)) {
    records.add(record)
    if (records.size === BATCH) break
  }
  return records
}
