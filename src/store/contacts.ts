import { Schema } from 'mongoose'
import type { Decisions, Doubt, Note } from '../people/merge.ts'
import type { Db } from './connect.ts'

export interface DoubtRow extends Doubt {
  state: 'open' | 'decided'
  /** The person somebody is; absent: somebody new. */
  personId?: string
  /** The record that was made for them meanwhile. */
  freshId?: string
  decidedBy?: string
  decidedAt?: Date
  openedAt: Date
}

interface NoteRow {
  _id: string
  text: string
  at: Date
}

const doubtSchema = new Schema<DoubtRow>(
  {
    _id: String,
    platform: String,
    userId: String,
    name: String,
    departments: [String],
    candidates: [String],
    state: String,
    personId: String,
    freshId: String,
    decidedBy: String,
    decidedAt: Date,
    openedAt: Date,
  },
  { versionKey: false, strict: 'throw' },
)
doubtSchema.index({ state: 1 })

const noteSchema = new Schema<NoteRow>(
  { _id: String, text: String, at: Date },
  { versionKey: false, strict: 'throw', collection: 'contact-notes' },
)
noteSchema.index({ at: 1 }, { expireAfterSeconds: 400 * 86400 })

export type Contacts = ReturnType<typeof contactStore>

/** What reading the contacts left for HR: who may be whom, and what was found on the way. */
export function contactStore(db: Db) {
  const doubts = db.model<DoubtRow>('doubts', doubtSchema, 'doubts')
  const notes = db.model<NoteRow>('contact-notes', noteSchema, 'contact-notes')
  return {
    doubts,
    notes,
    async decisions(): Promise<Decisions> {
      const rows = await doubts.find({ state: 'decided' }).lean<DoubtRow[]>()
      return new Map(rows.map((r) => [r._id, r.personId ?? null]))
    },
    /** Opens doubts that are new; one that was decided stays so. */
    async open(doubt: Doubt, freshId: string, now: Date): Promise<void> {
      const { _id, ...rest } = doubt
      await doubts.updateOne(
        { _id },
        { $setOnInsert: { ...rest, state: 'open', freshId, openedAt: now } },
        { upsert: true },
      )
    },
    openDoubts: () => doubts.find({ state: 'open' }).sort({ _id: 1 }).lean<DoubtRow[]>(),
    doubt: (id: string) => doubts.findById(String(id)).lean<DoubtRow>(),
    /** The first decision stands. Returns the row as it is afterwards. */
    async decide(id: string, personId: string | undefined, by: string, at: Date): Promise<DoubtRow | null> {
      await doubts.updateOne(
        { _id: String(id), state: 'open' },
        { $set: { state: 'decided', decidedBy: by, decidedAt: at, ...(personId !== undefined && { personId }) } },
      )
      return doubts.findById(String(id)).lean<DoubtRow>()
    },
    async note(found: Note[], now: Date): Promise<void> {
      for (const { key, text } of found)
        await notes.updateOne({ _id: key }, { $setOnInsert: { text, at: now } }, { upsert: true })
    },
    notesSince: (since: Date) =>
      notes
        .find({ at: { $gt: since } })
        .sort({ at: 1, _id: 1 })
        .lean<NoteRow[]>(),
  }
}
