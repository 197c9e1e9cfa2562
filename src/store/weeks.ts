import { Schema } from 'mongoose'
import type { Deduction } from '../domain/score.ts'
import type { Day, Week } from '../domain/time.ts'
import type { PlanItem, Submission, WeeklyContent, WeekReport } from '../domain/weekly-report.ts'
import type { Db } from './connect.ts'
import { readTogether } from './read-together.ts'
import { type Change, type Versioned, versioned } from './versioned.ts'

/** Points for each item of the week's plan, in its order, with what was deducted. */
export interface GivenScore {
  points: number[]
  /** The items as they were scored: planned points can no longer change underneath. */
  planned: { text: string; points: number }[]
  deductions: Deduction[]
  by: string
  at: Date
}

export interface Excuse {
  state: 'proposed' | 'granted' | 'refused'
  reason: string
  at: Date
  decidedBy?: string
  decidedAt?: Date
}

export interface Draft {
  content: WeeklyContent
  at: Date
  /** The event it came from: which draft a card shows. */
  key: string
  /** Lines the bot could not read: kept, and shown again. */
  unread: { line: number; text: string; why: string }[]
  assumptions: string[]
  /** The plan as it was before items went from it, to be taken back by one tap. */
  formerPlan?: PlanItem[]
}

/** 需支持 of the week's plan, asked of one colleague (features.md B6). A plan that is changed does not take it out. */
export interface SupportRequest {
  to: string
  /** As the plan names them. */
  who: string
  what: string
  /** Text of the item that needs it. */
  item: string
  askedOn: Day
  answer?: 'agreed' | 'declined'
  answeredAt?: Date
  words?: string
  /** When the asker's superior was told that nobody answered. */
  shownOn?: Day
}

/** Sent back by a superior. */
export interface Returned {
  at: Date
  by: string
  reason: string
}

/**
 * One person's week: what is handed in at its Saturday (the summary of it and the plan of the next), and how it was scored.
 * `rev` counts changes, `applied` remembers the outcome of the last events, so that an event that is run twice decides the same.
 */
export interface WeekRow extends Versioned {
  personId: string
  week: Week
  submissions: (Submission & { answers?: Returned })[]
  draft?: Draft
  returned?: Returned
  score?: GivenScore
  /** Scores that were replaced or taken back. */
  pastScores: GivenScore[]
  excuse?: Excuse
  snoozedUntil?: Date
  notes: { at: Date; by: string; text: string }[]
  supports?: SupportRequest[]
}

const Mixed = Schema.Types.Mixed
const schema = new Schema<WeekRow>(
  {
    _id: String,
    personId: { type: String, required: true },
    week: { type: String, required: true },
    submissions: { type: [Mixed] as never, default: [] },
    draft: Mixed,
    returned: Mixed,
    score: Mixed,
    pastScores: { type: [Mixed] as never, default: [] },
    excuse: Mixed,
    snoozedUntil: Date,
    notes: { type: [Mixed] as never, default: [] },
    supports: { type: [Mixed] as never, default: undefined },
    rev: { type: Number, default: 0 },
    applied: { type: [Mixed] as never, default: [] },
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ week: 1, personId: 1 }, { unique: true })
schema.index({ personId: 1, week: -1 })
schema.index({ 'score.by': 1, 'score.at': -1 })

export type Weeks = ReturnType<typeof weekStore>

export const weekRowId = (personId: string, week: Week): string => `${personId}/${week}`

export const reportOf = (row: WeekRow): WeekReport => ({
  week: row.week,
  submissions: row.submissions,
  ...(row.returned && { returnedAt: row.returned.at }),
})

export function weekStore(db: Db) {
  const model = db.model<WeekRow>('weeks', schema, 'weeks')
  const blank = (personId: string, week: Week): WeekRow => ({
    _id: weekRowId(personId, week),
    personId,
    week,
    submissions: [],
    pastScores: [],
    notes: [],
    rev: 0,
    applied: [],
  })

  const rows = versioned(model, (id) => {
    const cut = id.lastIndexOf('/')
    return blank(id.slice(0, cut), id.slice(cut + 1))
  })
  const byId = readTogether(model, '_id')
  const get = async (personId: string, week: Week): Promise<WeekRow> =>
    (await byId([weekRowId(personId, week)]))[0] ?? blank(personId, week)

  return {
    model,
    get,
    async ofWeek(week: Week, personIds: string[]): Promise<Map<string, WeekRow>> {
      const rows = await byId(personIds.map((id) => weekRowId(id, week)))
      return new Map(personIds.map((id, i) => [id, rows[i] ?? blank(id, week)]))
    },
    ofPerson: (personId: string, weeks: Week[]) => model.find({ personId, week: { $in: weeks } }).lean<WeekRow[]>(),
    /** The weeks of one leave, which were asked for together, in order. */
    ofLeave: (personId: string, at: Date) =>
      model
        .find({ personId: String(personId), 'excuse.at': at })
        .sort({ week: 1 })
        .lean<WeekRow[]>(),
    /** Weeks that the superior has been asked to excuse or has excused, in order. */
    onLeave: (personId: string) =>
      model
        .find({ personId: String(personId), 'excuse.state': { $in: ['proposed', 'granted'] } })
        .sort({ week: 1 })
        .lean<WeekRow[]>(),
    /** Which of some weeks hold something of these people that was handed in or asked for, and not scored; in order. */
    async unscored(weeks: Week[], personIds: string[]): Promise<Week[]> {
      const rows = await model
        .find(
          { week: { $in: weeks }, personId: { $in: personIds }, score: { $exists: false } },
          { week: 1, 'submissions.at': 1, 'excuse.state': 1 },
        )
        .lean<WeekRow[]>()
      return [
        ...new Set(rows.filter((r) => r.submissions.length > 0 || r.excuse?.state === 'proposed').map((r) => r.week)),
      ].sort()
    },
    /** Whose plan, handed in in one of these weeks, needs somebody's support. */
    needingSupport: (weeks: Week[]): Promise<string[]> =>
      model.distinct('personId', {
        week: { $in: weeks },
        'submissions.content.plan.support.who': { $exists: true },
      }) as never,
    /** Which rows of some weeks have asked somebody for support. */
    askingFor: (weeks: Week[], to: string) =>
      model.find({ week: { $in: weeks }, 'supports.to': String(to) }).lean<WeekRow[]>(),
    /** The last one this person scored, for 撤销. */
    lastScoredBy: (by: string) => model.findOne({ 'score.by': by }).sort({ 'score.at': -1 }).lean<WeekRow>(),
    /** Changes one row by a pure decision, exactly once per event (`versioned`). */
    async change<T>(
      personId: string,
      week: Week,
      event: string,
      decide: (row: WeekRow) => Change<WeekRow, T>,
    ): Promise<T> {
      // A week's row can always begin, so there is an outcome.
      return (await rows.change(weekRowId(personId, week), event, decide)) as T
    },
  }
}
