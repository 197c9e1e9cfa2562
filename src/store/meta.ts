import { Schema } from 'mongoose'
import type { Db } from './connect.ts'
import { together } from './group-writes.ts'

interface Meta {
  _id: string
  value: unknown
}

const schema = new Schema<Meta>({ _id: String, value: Schema.Types.Mixed }, { versionKey: false, minimize: false })

export type MetaStore = ReturnType<typeof metaStore>

/** A few facts of the installation as a whole: when it was first started, quota counters. */
export function metaStore(db: Db) {
  const model = db.model<Meta>('meta', schema, 'meta')
  const count = together<{ key: string; n: number }>(async (counted) => {
    const sums = new Map<string, number>()
    for (const { key, n } of counted) sums.set(key, (sums.get(key) ?? 0) + n)
    for (const [_id, value] of sums) await model.updateOne({ _id }, { $inc: { value } }, { upsert: true })
    return undefined
  })
  return {
    model,
    async get<T>(key: string): Promise<T | undefined> {
      return (await model.findById(key).lean<Meta>())?.value as T | undefined
    },
    async set(key: string, value: unknown): Promise<void> {
      await model.updateOne({ _id: key }, { $set: { value } }, { upsert: true })
    },
    /** The value that was there first wins, whoever else tries. */
    async setOnce<T>(key: string, value: T): Promise<T> {
      const doc = await model
        .findOneAndUpdate({ _id: key }, { $setOnInsert: { value } }, { upsert: true, returnDocument: 'after' })
        .lean<Meta>()
      return doc?.value as T
    },
    /** Puts `next` in place of what was read, unless another replica was first; `n` tells versions apart. */
    async swap<T extends { n: number }>(key: string, was: T | undefined, next: T): Promise<boolean> {
      if (was) {
        const { modifiedCount } = await model.updateOne({ _id: key, 'value.n': was.n }, { $set: { value: next } })
        return modifiedCount > 0
      }
      const { upsertedCount } = await model.updateOne({ _id: key }, { $setOnInsert: { value: next } }, { upsert: true })
      return upsertedCount > 0
    },
    /** Counts on; in a rush many are one write. */
    add: (key: string, n: number): Promise<void> => count({ key, n }),
  }
}
