import { Schema } from 'mongoose'
import type { Month } from '../domain/time.ts'
import type { Db } from './connect.ts'

/**
 * The work score that a survey gives to positions in a month (domain.md §5), for settlement. `missing`: too few answers and
 * HR has not decided; `excused`: HR decided that the month has none.
 */
export interface SurveyScore {
  /** The round, `<survey>/<period>`. */
  _id: string
  surveyId: string
  month: Month
  positions: string[]
  /** 0…100, exact (`exact` of domain/decimal.ts reads it). With `ok` only. */
  score?: string
  /** How many answered. */
  answers: number
  state: 'ok' | 'missing' | 'excused'
  decidedBy?: string
  /** The month whose score was carried over. */
  carriedFrom?: Month
}

const schema = new Schema<SurveyScore>(
  {
    _id: String,
    surveyId: { type: String, required: true },
    month: { type: String, required: true },
    positions: { type: [String], required: true },
    score: String,
    answers: Number,
    state: { type: String, required: true },
    decidedBy: String,
    carriedFrom: String,
  },
  { versionKey: false, strict: 'throw' },
)
schema.index({ month: 1 })
schema.index({ surveyId: 1, month: -1 })

export type SurveyScores = ReturnType<typeof surveyScoreStore>

export function surveyScoreStore(db: Db) {
  const model = db.model<SurveyScore>('survey_scores', schema, 'survey_scores')
  return {
    model,
    ofMonth: (month: Month) => model.find({ month }).sort({ _id: 1 }).lean<SurveyScore[]>(),
    /** The newest own score before a month, for carrying over. */
    lastBefore: (surveyId: string, month: Month) =>
      model
        .findOne({ surveyId, month: { $lt: month }, state: 'ok', carriedFrom: { $exists: false } })
        .sort({ month: -1 })
        .lean<SurveyScore>(),
    async put(row: SurveyScore): Promise<void> {
      const { _id, ...rest } = row
      const gone = (['score', 'decidedBy', 'carriedFrom'] as const).filter((k) => rest[k] === undefined)
      await model.updateOne(
        { _id },
        { $set: rest, ...(gone.length > 0 && { $unset: Object.fromEntries(gone.map((k) => [k, 1])) }) },
        { upsert: true },
      )
    },
  }
}
