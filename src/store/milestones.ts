import { Schema } from 'mongoose'
import type { MilestoneState } from '../domain/milestone.ts'
import type { Day } from '../domain/time.ts'
import type { Db } from './connect.ts'
import { type Versioned, versioned } from './versioned.ts'

export interface MilestoneStep {
  by: string
  at: Date
  kind: 'progress' | 'handed-in' | 'accepted' | 'returned'
  words: string
}

/** What one person owes by one day (domain.md §9). */
export interface MilestoneRow extends Versioned {
  /** Id in the settings; empty: HR added it. */
  rule: string
  cycle: string
  title: string
  handIn?: string
  ownerId: string
  /** As whom the settings mean the owner: a department, hr, a name. */
  seat?: string
  /** From whom and when it came with its steps. */
  takenFrom?: { ownerId: string; day: Day }
  /** The day HR added it: no reminder from before is owed. */
  addedOn?: Day
  accepterId?: string
  planned: Day
  due: Day
  state: MilestoneState
  steps: MilestoneStep[]
  /** `movedTo`: who has it instead, with its steps. */
  cancelled?: { by: string; at: Date; reason: string; movedTo?: string }
  /** When nothing more was owed. */
  overAt?: Date
}

const Mixed = Schema.Types.Mixed
const list = { type: [Mixed] as never, default: [] }
const schema = new Schema<MilestoneRow>(
  {
    _id: String,
    rule: String,
    cycle: String,
    title: String,
    handIn: String,
    ownerId: { type: String, required: true },
    seat: String,
    takenFrom: Mixed,
    addedOn: String,
    accepterId: String,
    planned: String,
    due: String,
    state: String,
    steps: list,
    cancelled: Mixed,
    overAt: Date,
    rev: Number,
    applied: list,
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ state: 1, due: 1 })
schema.index({ ownerId: 1, state: 1 })
schema.index({ accepterId: 1, state: 1 })

export type Milestones = ReturnType<typeof milestoneStore>

const UNDER_WAY = ['open', 'handed-in'] as const

export function milestoneStore(db: Db) {
  const model = db.model<MilestoneRow>('milestones', schema, 'milestones')
  return {
    model,
    ...versioned<MilestoneRow>(model as never, (id) => ({
      ...{ _id: id, rule: '', cycle: '', title: '', ownerId: '', planned: '', due: '', state: 'open', steps: [] },
      ...{ rev: 0, applied: [] },
    })),
    underWay: () =>
      model
        .find({ state: { $in: UNDER_WAY } })
        .sort({ due: 1, _id: 1 })
        .lean<MilestoneRow[]>(),
    owedBy: (personId: string) =>
      model
        .find({ ownerId: String(personId), state: { $in: UNDER_WAY } })
        .sort({ due: 1, _id: 1 })
        .lean<MilestoneRow[]>(),
    toAccept: (personId: string) =>
      model
        .find({ accepterId: String(personId), state: 'handed-in' })
        .sort({ due: 1, _id: 1 })
        .lean<MilestoneRow[]>(),
    overSince: (at: Date) =>
      model
        .find({ overAt: { $gte: at } })
        .sort({ overAt: -1, _id: 1 })
        .limit(200)
        .lean<MilestoneRow[]>(),
    /** Of the calendar, in any state: of some cycles, and what was planned since a day. */
    ofCalendar: (cycles: string[], since: Day) =>
      model
        .find({ rule: { $ne: '' }, $or: [{ cycle: { $in: cycles } }, { planned: { $gte: since } }] })
        .sort({ _id: 1 })
        .lean<MilestoneRow[]>(),
  }
}
