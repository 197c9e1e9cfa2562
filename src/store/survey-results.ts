import { Schema } from 'mongoose'
import type { Answers } from '../domain/survey.ts'
import type { Tally } from '../domain/survey-result.ts'
import type { Db } from './connect.ts'

/** What is kept of a counted round. */
interface TallyRow extends Tally {
  _id: string
}

interface CommentsRow {
  _id: string
  round: string
  texts: string[]
}

/** One person's answers to a survey with names. */
export interface NamedAnswer {
  _id: string
  round: string
  person: string
  answers: Answers
}

const Mixed = Schema.Types.Mixed
const schema = new Schema<TallyRow>(
  { _id: String, answers: Number, stars: Mixed, choices: Mixed, score: String, groups: Mixed },
  { versionKey: false, minimize: false, strict: 'throw' },
)
const commentSchema = new Schema<CommentsRow>(
  { _id: String, round: { type: String, required: true }, texts: [String] },
  { versionKey: false, strict: 'throw' },
)
commentSchema.index({ round: 1 })

const namedSchema = new Schema<NamedAnswer>(
  { _id: String, round: { type: String, required: true }, person: { type: String, required: true }, answers: Mixed },
  { versionKey: false, minimize: false, strict: 'throw' },
)
namedSchema.index({ round: 1 })

const COMMENTS_A_ROW = 500

export type SurveyResults = ReturnType<typeof surveyResultStore>

/** Sums and comments of counted rounds. Of an anonymous one no single answer is kept, and nothing of who gave it. */
export function surveyResultStore(db: Db) {
  const model = db.model<TallyRow>('survey_tallies', schema, 'survey_tallies')
  const comments = db.model<CommentsRow>('survey_comments', commentSchema, 'survey_comments')
  const named = db.model<NamedAnswer>('survey_named', namedSchema, 'survey_named')
  return {
    model,
    commentModel: comments,
    tally: (round: string) => model.findById(String(round)).lean<TallyRow>(),
    tallies: (rounds: string[]) => model.find({ _id: { $in: rounds } }).lean<TallyRow[]>(),
    /** @param texts in an order that depends on nothing but the texts, so that counting twice writes the same */
    async save(round: string, tally: Tally, texts: string[]): Promise<void> {
      for (let i = 0; i < texts.length; i += COMMENTS_A_ROW) {
        await comments.updateOne(
          { _id: `${round}/${i / COMMENTS_A_ROW}` },
          { $set: { round, texts: texts.slice(i, i + COMMENTS_A_ROW) } },
          { upsert: true },
        )
      }
      const { groups, ...rest } = tally
      await model.updateOne(
        { _id: round },
        { $set: { ...rest, ...(groups && { groups }) }, ...(!groups && { $unset: { groups: 1 } }) },
        { upsert: true },
      )
    },
    async saveNamed(round: string, rows: { person: string; answers: Answers }[]): Promise<void> {
      for (const { person, answers } of rows)
        await named.updateOne({ _id: `${round}/${person}` }, { $set: { round, person, answers } }, { upsert: true })
    },
    /** Forgets who chose what in these rounds; the sums stay. @returns how many answers */
    async forgetWords(rounds: string[]): Promise<number> {
      // What somebody wrote may say who wrote it; sums do not, and stay for the trend.
      await comments.deleteMany({ round: { $in: rounds } })
      return (await named.deleteMany({ round: { $in: rounds } })).deletedCount
    },
    named: (round: string) => named.find({ round }).sort({ _id: 1 }).lean<NamedAnswer[]>(),
    async comments(round: string): Promise<string[]> {
      const rows = await comments.find({ round }).sort({ _id: 1 }).lean<CommentsRow[]>()
      return rows.flatMap((r) => r.texts)
    },
  }
}
