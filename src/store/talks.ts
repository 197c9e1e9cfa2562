import { Schema } from 'mongoose'
import type { Db } from './connect.ts'
import { readTogether } from './read-together.ts'

/** What the bot waits for from a person in chat, e.g. the reason of sending back. One at a time, for a while. */
export interface Talk {
  _id: string
  expects: string
  data: Record<string, unknown>
  until: Date
  /** The event that was answered with the question. */
  askedBy?: string
  /** The event that answered it, or began something else. */
  endedBy?: string
}

const schema = new Schema<Talk>(
  {
    _id: String,
    expects: String,
    data: { type: Schema.Types.Mixed, default: {} },
    until: Date,
    askedBy: String,
    endedBy: String,
  },
  { versionKey: false, minimize: false },
)
schema.index({ until: 1 }, { expireAfterSeconds: 86400 })

export type Talks = ReturnType<typeof talkStore>

export function talkStore(db: Db) {
  const model = db.model<Talk>('talks', schema, 'talks')
  const byId = readTogether(model, '_id')
  return {
    model,
    /** @param ms how long the answer is waited for */
    async expect(
      turn: { id: string; at: Date; person: { _id: string } },
      expects: string,
      data: Record<string, unknown>,
      ms: number,
    ): Promise<void> {
      const talk = { expects, data, until: new Date(turn.at.getTime() + ms), askedBy: turn.id }
      await model.updateOne({ _id: turn.person._id }, { $set: talk, $unset: { endedBy: 1 } }, { upsert: true })
    },
    /** What an event may be the answer to: also what it has answered already, before a crash. */
    async of(personId: string, now: Date, event: string): Promise<Talk | undefined> {
      const [talk] = await byId([personId])
      return talk && talk.until > now && (talk.endedBy ?? event) === event ? talk : undefined
    },
    /** The event has answered it. Kept for a day: a crash in between, and the same event finds it once more. */
    async end(personId: string, event: string): Promise<void> {
      await model.updateOne({ _id: personId }, { $set: { endedBy: event } })
    },
    /** What an event was found to be about before it changed that; undefined: not found out yet. */
    async about(event: string): Promise<string | undefined> {
      return (await model.findOne({ _id: `about/${event}` }).lean<Talk>())?.data.about as string | undefined
    },
    async noteAbout(event: string, about: string, until: Date): Promise<void> {
      const note = { expects: '', data: { about }, until }
      await model.updateOne({ _id: `about/${event}` }, { $setOnInsert: note }, { upsert: true })
    },
  }
}
