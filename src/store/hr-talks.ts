import { Schema } from 'mongoose'
import type { TalkOccasion } from '../domain/hr-talks.ts'
import type { Day } from '../domain/time.ts'
import type { Db } from './connect.ts'

/** A talk of HR with an employee (domain.md §7): for HR, and for the managers it was passed to. */
export interface HrTalk {
  /** From the event that recorded it. */
  _id: string
  personId: string
  occasion: TalkOccasion
  heldOn: Day
  by: string
  summary: string
  proposals: string[]
  /** Managers the proposals were passed to. */
  passedTo: string[]
  at: Date
}

const schema = new Schema<HrTalk>(
  {
    _id: String,
    personId: String,
    occasion: String,
    heldOn: String,
    by: String,
    summary: String,
    proposals: [String],
    passedTo: [String],
    at: Date,
  },
  { versionKey: false, strict: 'throw', collection: 'hr-talks' },
)
schema.index({ personId: 1, heldOn: -1 })
schema.index({ passedTo: 1 })

export type HrTalks = ReturnType<typeof hrTalkStore>

export function hrTalkStore(db: Db) {
  const model = db.model<HrTalk>('hr-talks', schema, 'hr-talks')
  return {
    model,
    get: (id: string) => model.findById(String(id)).lean<HrTalk>(),
    async add(talk: HrTalk): Promise<void> {
      const { _id, ...rest } = talk
      await model.updateOne({ _id }, { $setOnInsert: rest }, { upsert: true })
    },
    about: (personId: string) =>
      model
        .find({ personId: String(personId) })
        .sort({ heldOn: -1, _id: 1 })
        .lean<HrTalk[]>(),
    since: (day: Day) => model.find({ heldOn: { $gte: day } }).lean<HrTalk[]>(),
  }
}
