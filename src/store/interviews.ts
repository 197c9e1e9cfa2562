import { Schema } from 'mongoose'
import type { InterviewPlan, Outcome, Period } from '../domain/interview.ts'
import type { Day, Month } from '../domain/time.ts'
import type { Db } from './connect.ts'
import { type Versioned, versioned } from './versioned.ts'

interface Deed {
  by: string
  at: Date
}

/** What both said, written by the manager. */
export interface InterviewRecord extends Deed {
  /** Counts up with each writing. */
  version: number
  heldOn: Day
  /** What went well. */
  good: string
  /** What is to become better. */
  improve: string
  /** What the employee said and needs. */
  employee: string
  plan?: InterviewPlan
}

/** One 绩效面谈 from its proposal to the review of what was agreed (domain.md §8, features.md B12). */
export interface InterviewRow extends Versioned {
  personId: string
  period: Period
  openedOn: Day
  /** Further months of the lowest grade that were published while this was under way. */
  absorbed?: Month[]
  /** The superior who took it up; the present one where nobody has. */
  managerId?: string
  appointment?: { at: Date; place: string; by: 'manager' | 'employee'; agreed: boolean; round: number; askedAt: Date }
  record?: InterviewRecord
  /** Why the employee does not confirm, or that HR wants another day for the review. */
  objection?: Deed & { words: string }
  confirmedAt?: Date
  /** How the plan goes, from either side. */
  notes: (Deed & { words: string })[]
  evaluation?: Deed & { outcomes: Outcome[]; words: string }
  /** HR: no interview, and why. */
  waived?: Deed & { reason: string }
  /** The result was corrected before it was held, or the person has left. */
  gone?: boolean
  /** Nothing more is owed by anybody. */
  over: boolean
}

const Mixed = Schema.Types.Mixed
const list = { type: [Mixed] as never, default: [] }
const schema = new Schema<InterviewRow>(
  {
    _id: String,
    personId: { type: String, required: true },
    period: { type: String, required: true },
    openedOn: String,
    absorbed: { type: [String], default: undefined },
    managerId: String,
    appointment: Mixed,
    record: Mixed,
    objection: Mixed,
    confirmedAt: Date,
    notes: list,
    evaluation: Mixed,
    waived: Mixed,
    gone: Boolean,
    over: Boolean,
    rev: Number,
    applied: list,
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ personId: 1, openedOn: -1 })
schema.index({ over: 1, period: 1 })
schema.index({ period: 1 })

export type Interviews = ReturnType<typeof interviewStore>

export const interviewId = (personId: string, period: Period): string => `${personId}/${period}`

export function interviewStore(db: Db) {
  const model = db.model<InterviewRow>('interviews', schema, 'interviews')
  return {
    model,
    ...versioned<InterviewRow>(model as never, (id) => {
      const at = id.lastIndexOf('/')
      return {
        ...{ _id: id, personId: id.slice(0, at), period: id.slice(at + 1), openedOn: '', notes: [], over: false },
        ...{ rev: 0, applied: [] },
      }
    }),
    /** Newest first. */
    ofPerson: (personId: string) =>
      model
        .find({ personId: String(personId) })
        .sort({ openedOn: -1, _id: 1 })
        .limit(40)
        .lean<InterviewRow[]>(),
    ofPeople: (personIds: string[]) =>
      model
        .find({ personId: { $in: personIds } })
        .sort({ openedOn: 1, _id: 1 })
        .lean<InterviewRow[]>(),
    ofPeriod: (period: Period) => model.find({ period: String(period) }).lean<InterviewRow[]>(),
    /** Those in which something is still owed. */
    running: () => model.find({ over: false }).sort({ openedOn: 1, _id: 1 }).lean<InterviewRow[]>(),
    runningOf: (personIds: string[]) =>
      model
        .find({ over: false, personId: { $in: personIds } })
        .sort({ openedOn: 1, _id: 1 })
        .lean<InterviewRow[]>(),
  }
}
