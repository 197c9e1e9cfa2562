import { Schema } from 'mongoose'
import type { Month } from '../domain/time.ts'
import { appealStore } from './appeals.ts'
import { behaviourStore } from './behaviour.ts'
import type { Db } from './connect.ts'
import { interviewStore } from './interviews.ts'
import { milestoneStore } from './milestones.ts'
import { monthInputStore } from './month-inputs.ts'
import { pictureStore } from './pictures.ts'
import { positionStore } from './positions.ts'
import { resultStore } from './results.ts'
import { ruleStore } from './rules.ts'
import { type Versioned, versioned } from './versioned.ts'

/** A month as a whole. Publication is this one document: before it nobody sees a result, after it everybody sees their own. */
export interface MonthRow extends Versioned {
  state: 'open' | 'approved' | 'published'
  settledAt?: Date
  approved?: { by: string; at: Date }
  published?: { by: string; at: Date }
  /** Everybody has their version, and a message in the outbox. */
  told?: boolean
  /** What the outbox knew of every version's message stands with the results; a correction begins anew. */
  kept?: boolean
}

const Mixed = Schema.Types.Mixed
const schema = new Schema<MonthRow>(
  {
    _id: String,
    state: String,
    settledAt: Date,
    approved: Mixed,
    published: Mixed,
    told: Boolean,
    kept: Boolean,
    rev: Number,
    applied: { type: [Mixed] as never, default: [] },
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)

export type Months = ReturnType<typeof monthStore>

export function monthStore(db: Db) {
  const model = db.model<MonthRow>('months', schema, 'months')
  const rows = versioned<MonthRow>(model as never, (id) => ({ _id: id, state: 'open', rev: 0, applied: [] }))
  const idsOf = async (filter: object): Promise<Month[]> =>
    (await model.find(filter, { _id: 1 }).sort({ _id: 1 }).lean<MonthRow[]>()).map((m) => m._id)
  return {
    model,
    get: async (month: Month) => (await rows.get(month))!,
    change: rows.change,
    /** Which of some months are published. */
    publishedAmong: async (months: Month[]): Promise<Set<Month>> =>
      new Set(
        (await model.find({ _id: { $in: months }, state: 'published' }, { _id: 1 }).lean<MonthRow[]>()).map(
          (m) => m._id,
        ),
      ),
    /** Published, and not everybody was told of it. */
    untold: () => idsOf({ state: 'published', told: { $ne: true } }),
    /** Published, and not every version's delivery is kept. */
    unkept: () => idsOf({ state: 'published', kept: { $ne: true } }),
    published: () => model.find({ state: 'published' }).sort({ _id: -1 }).limit(24).lean<MonthRow[]>(),
  }
}

export type MonthStores = ReturnType<typeof monthStores>

/** The collections of the month. */
export const monthStores = (db: Db) => ({
  behaviours: behaviourStore(db),
  pictures: pictureStore(db),
  monthInputs: monthInputStore(db),
  positions: positionStore(db),
  results: resultStore(db),
  rules: ruleStore(db),
  months: monthStore(db),
  appeals: appealStore(db),
  interviews: interviewStore(db),
  milestones: milestoneStore(db),
})
