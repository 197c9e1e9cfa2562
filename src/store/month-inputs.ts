import { Schema } from 'mongoose'
import type { Day, Month } from '../domain/time.ts'
import type { Db } from './connect.ts'
import { type Versioned, versioned } from './versioned.ts'

interface Given {
  by: string
  at: Date
}

/** What is given once a month about somebody, beside weeks, behaviour and surveys. Scores are decimals as text. */
export interface MonthInput extends Versioned {
  personId: string
  month: Month
  /** In the scheme's order, with the items as they were scored. */
  checklist?: Given & { items: { name: string; points: number; got: string }[] }
  /** `as`: given as the superior, whoever that is by now. */
  ratings: (Given & { score: string; as?: 'manager' })[]
  kpi: (Given & { name: string; actual: string })[]
  /** HR closed the rating although somebody never gave theirs (domain.md §11.22). */
  ratingClosed?: Given & { reason: string }
  /** What goal management found (domain.md §2): shown beside the result, never part of it. */
  goals?: Given & { text: string }
  /** Accepted appeals and corrections: signed points that count on top. */
  adjustments: (Given & { id: string; points: string; reason: string; day: Day })[]
}

const Mixed = Schema.Types.Mixed
const schema = new Schema<MonthInput>(
  {
    _id: String,
    personId: { type: String, required: true },
    month: { type: String, required: true },
    checklist: Mixed,
    ratings: { type: [Mixed] as never, default: [] },
    kpi: { type: [Mixed] as never, default: [] },
    ratingClosed: Mixed,
    goals: Mixed,
    adjustments: { type: [Mixed] as never, default: [] },
    rev: Number,
    applied: { type: [Mixed] as never, default: [] },
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ month: 1, personId: 1 })

export type MonthInputs = ReturnType<typeof monthInputStore>

export const monthRowId = (personId: string, month: Month): string => `${personId}/${month}`

export function monthInputStore(db: Db) {
  const model = db.model<MonthInput>('month_inputs', schema, 'month_inputs')
  const blank = (id: string): MonthInput => {
    const [personId = '', month = ''] = id.split('/')
    return { _id: id, personId, month, ratings: [], kpi: [], adjustments: [], rev: 0, applied: [] }
  }
  return {
    model,
    ...versioned<MonthInput>(model as never, blank),
    async many(month: Month, personIds: string[]): Promise<Map<string, MonthInput>> {
      const rows = await model.find({ _id: { $in: personIds.map((id) => monthRowId(id, month)) } }).lean<MonthInput[]>()
      return new Map(rows.map((r) => [r.personId, r]))
    },
  }
}
