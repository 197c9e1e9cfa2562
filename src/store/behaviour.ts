import { Schema } from 'mongoose'
import type { Day, Month } from '../domain/time.ts'
import type { Db } from './connect.ts'
import { type Versioned, versioned } from './versioned.ts'

/** One record of daily behaviour (domain.md §4). Never deleted, only revoked with a reason. */
export interface BehaviourRow extends Versioned {
  personId: string
  day: Day
  month: Month
  caseId: string
  /** As it was called when it was recorded: 会议迟到. */
  title: string
  /** Signed, of one time. */
  points: string
  times: number
  facts: string
  by: string
  at: Date
  /** `waiting`: HR's attendance record that the unit's head has not confirmed (domain.md §11.15). */
  state: 'waiting' | 'counts' | 'refused' | 'revoked'
  decided?: { by: string; at: Date }
  acknowledgedAt?: Date
  revoked?: { by: string; at: Date; reason: string }
}

const Mixed = Schema.Types.Mixed
const schema = new Schema<BehaviourRow>(
  {
    _id: String,
    personId: { type: String, required: true },
    day: String,
    month: { type: String, required: true },
    caseId: String,
    title: String,
    points: String,
    times: Number,
    facts: String,
    by: String,
    at: Date,
    state: String,
    decided: Mixed,
    acknowledgedAt: Date,
    revoked: Mixed,
    rev: Number,
    applied: { type: [Mixed] as never, default: [] },
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ month: 1, personId: 1 })
schema.index({ personId: 1, day: -1 })
schema.index({ by: 1, at: -1 })

export type Behaviours = ReturnType<typeof behaviourStore>

export function behaviourStore(db: Db) {
  const model = db.model<BehaviourRow>('behaviour', schema, 'behaviour')
  return {
    model,
    ...versioned<BehaviourRow>(model as never, () => undefined),
    /** Writes a new record; the same again changes nothing. @returns false when it was there */
    async add(row: Omit<BehaviourRow, 'rev' | 'applied'>): Promise<boolean> {
      try {
        await model.collection.insertOne({ ...row, rev: 1, applied: [] } as never)
        return true
      } catch (error) {
        if ((error as { code?: number }).code === 11000) return false
        throw error
      }
    },
    counting: (month: Month, personIds: string[]) =>
      model
        .find({ month, personId: { $in: personIds }, state: 'counts' })
        .sort({ _id: 1 })
        .lean<BehaviourRow[]>(),
    waiting: (month: Month, personIds: string[]) =>
      model
        .find({ month, personId: { $in: personIds }, state: 'waiting' })
        .sort({ _id: 1 })
        .lean<BehaviourRow[]>(),
    ofPerson: (personId: string, from: Day) =>
      model
        .find({ personId: String(personId), day: { $gte: from } })
        .sort({ day: -1, _id: 1 })
        .lean<BehaviourRow[]>(),
    lastBy: (by: string) =>
      model
        .findOne({ by: String(by) })
        .sort({ at: -1 })
        .lean<BehaviourRow>(),
  }
}
