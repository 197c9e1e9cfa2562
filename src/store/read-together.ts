import DataLoader from 'dataloader'
import type { Model } from 'mongoose'

/** As many as one answer of the database brings at a time. */
const MOST_AT_ONCE = 1_000

/**
 * Reads by a unique field. What is asked for in the same turn of the loop is one read: two hundred messages that are made side
 * by side ask the database once, and a list of people that is walked side by side costs no more than one of them. Nothing is
 * kept for later; who asked for the same document gets the same object, which nobody may change.
 */
export function readTogether<T>(model: Model<T>, field: keyof T & string): (values: string[]) => Promise<(T | null)[]> {
  const loader = new DataLoader<string, T | null>(
    async (wanted) => {
      const values = [...new Set(wanted)]
      const cursor = model.collection.find({ [field]: { $in: values } } as never).batchSize(values.length + 1)
      const found = new Map((await cursor.toArray()).map((row) => [row[field] as string, row as T]))
      return wanted.map((value) => found.get(value) ?? null)
    },
    { cache: false, maxBatchSize: MOST_AT_ONCE },
  )
  return (values) => Promise.all(values.map((value) => loader.load(String(value))))
}

/** A read of a whole: who asks for it in the same turn of the loop shares the answer, which nobody may change. */
export function readOnce<T>(read: () => Promise<T>): () => Promise<T> {
  const loader = new DataLoader<true, T>(
    async (asked) => {
      const answer = await read()
      return asked.map(() => answer)
    },
    { cache: false },
  )
  return () => loader.load(true)
}
