import { Schema } from 'mongoose'
import type { Db } from './connect.ts'

/** What the bot waits for from a person in chat, e.g. the reason of sending back. One at a time, for a while. */
export interface Talk {
  _id: string
  expects: string
  data: Record<string, unknown>
  until: Date
}

const schema = new Schema<Talk>(
  { _id: String, expects: String, data: { type: Schema.Types.Mixed, default: {} }, until: Date },
  { versionKey: false, minimize: false },
)
schema.index({ until: 1 }, { expireAfterSeconds: 86400 })

export type Talks = ReturnType<typeof talkStore>

export function talkStore(db: Db) {
  const model = db.model<Talk>('talks', schema, 'talks')
  return {
    model,
    async expect(personId: string, expects: string, data: Record<string, unknown>, until: Date): Promise<void> {
      await model.updateOne({ _id: personId }, { $set: { expects, data, until } }, { upsert: true })
    },
    async of(personId: string, now: Date): Promise<Talk | null> {
      return model.findOne({ _id: personId, until: { $gt: now } }).lean<Talk>()
    },
    async end(personId: string): Promise<void> {
      await model.deleteOne({ _id: personId })
    },
  }
}
