import type { AnyBulkWriteOperation } from 'mongodb'
import type { Model } from 'mongoose'

const MOST_AT_ONCE = 1_000

/**
 * Writes to one collection that come while a write is under way go out together in the next one: each caller waits for its own
 * and no longer than for one write before it. Documents are not cast: what is written must have the schema's types already.
 *
 * Each returned promise rejects when its own write failed; another's failure does not touch it. Two upserts of one new key at
 * the same time are one: the second counts as done.
 */
export function groupWrites<T>(model: Model<T>): (operation: AnyBulkWriteOperation) => Promise<void> {
  const waiting: { operation: AnyBulkWriteOperation; done: () => void; failed: (error: unknown) => void }[] = []
  let writing = false

  async function flush(): Promise<void> {
    if (writing) return
    writing = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MOST_AT_ONCE)
      const operations = batch.map((b) => b.operation)
      const errors = await model.collection.bulkWrite(operations as never, { ordered: false }).then(
        () => new Map<number, unknown>(),
        (error: unknown) => {
          const each = writeErrorsOf(error)
          return each.length > 0
            ? new Map<number, unknown>(each.map((e) => [e.index, e.code === 11000 ? undefined : e]))
            : new Map<number, unknown>(batch.map((_, i) => [i, error]))
        },
      )
      batch.forEach((b, i) => {
        const error = errors.get(i)
        if (error === undefined) b.done()
        else b.failed(error)
      })
    }
    writing = false
  }

  return (operation) =>
    new Promise((done, failed) => {
      waiting.push({ operation, done, failed })
      if (!writing) setImmediate(() => void flush())
    })
}

function writeErrorsOf(error: unknown): { index: number; code: number }[] {
  const errors = (error as { writeErrors?: unknown }).writeErrors
  const list = Array.isArray(errors) ? errors : errors ? [errors] : []
  return list as { index: number; code: number }[]
}
