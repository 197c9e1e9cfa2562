import { setTimeout as sleep } from 'node:timers/promises'
import type { AnyBulkWriteOperation } from 'mongodb'
import type { Model } from 'mongoose'

const MOST_AT_ONCE = 1_000
/** More than these in one write, and more are on their way. */
const FEW = 4

/**
 * Gathers what comes while a write is under way and hands it to the next one together: each caller waits for its own and no
 * longer than for one write before it. The promises reject with `write`'s error, or each with its own where `write` returns
 * a map of them by position.
 *
 * @param gatherMs for what nobody waits for: under load, so long from the beginning of one write to that of the next
 */
export function together<T>(
  write: (items: T[]) => Promise<Map<number, unknown> | undefined>,
  gatherMs = 0,
): (item: T) => Promise<void> {
  const waiting: { item: T; done: () => void; failed: (error: unknown) => void }[] = []
  let writing = false
  let next = 0

  async function flush(): Promise<void> {
    if (writing) return
    writing = true
    while (waiting.length > 0) {
      const pause = next - performance.now()
      if (pause > 0) await sleep(pause)
      const batch = waiting.splice(0, MOST_AT_ONCE)
      next = batch.length > FEW ? performance.now() + gatherMs : 0
      const errors = await write(batch.map((b) => b.item)).catch(
        (error: unknown) => new Map<number, unknown>(batch.map((_, i) => [i, error])),
      )
      batch.forEach((b, i) => {
        const error = errors?.get(i)
        if (error === undefined) b.done()
        else b.failed(error)
      })
    }
    writing = false
  }

  return (item) =>
    new Promise((done, failed) => {
      waiting.push({ item, done, failed })
      if (!writing) setImmediate(() => void flush())
    })
}

/**
 * `together` for the writes to one collection. Documents are not cast: what is written must have the schema's types already.
 * A write's failure does not touch another's. Two upserts of one new key at the same time are one: the second counts as done.
 */
export function groupWrites<T>(model: Model<T>, gatherMs = 0): (operation: AnyBulkWriteOperation) => Promise<void> {
  return together(async (operations) => {
    try {
      await model.collection.bulkWrite(operations as never, { ordered: false })
      return undefined
    } catch (error) {
      const each = writeErrorsOf(error)
      if (each.length === 0) throw error
      return new Map<number, unknown>(each.map((e) => [e.index, e.code === 11000 ? undefined : e]))
    }
  }, gatherMs)
}

/**
 * Inserts documents, which are not cast. The command itself: the driver's insertMany measures each document before it writes it,
 * which costs as much again.
 *
 * @returns by position, the error of each that was not inserted
 * @throws Error when the majority has not taken them
 */
export async function insertNew<T>(model: Model<T>, documents: T[]): Promise<Map<number, { code: number }>> {
  const { collection, db } = model
  const answer: { writeErrors?: { code: number; index: number }[]; writeConcernError?: object } = await db.db!.command(
    { insert: collection.collectionName, documents, ordered: false, writeConcern: { w: 'majority' } },
    { ignoreUndefined: true },
  )
  if (answer.writeConcernError) throw new Error('not stored')
  return new Map((answer.writeErrors ?? []).map((e) => [e.index, e]))
}

/** `together` for new documents of one collection, which are not cast. @returns whether it was new; what was there stays as it is */
export function groupInserts<T>(model: Model<T>): (document: T) => Promise<boolean> {
  const insert = together<T>((documents) => insertNew(model, documents))
  return (document) =>
    insert(document).then(
      () => true,
      (error) => {
        if ((error as { code?: number }).code === 11000) return false
        throw error instanceof Error ? error : new Error('not stored')
      },
    )
}

function writeErrorsOf(error: unknown): { index: number; code: number }[] {
  const errors = (error as { writeErrors?: unknown }).writeErrors
  const list = Array.isArray(errors) ? errors : errors ? [errors] : []
  return list as { index: number; code: number }[]
}
