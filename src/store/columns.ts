import { createHash } from 'node:crypto'
import { Schema } from 'mongoose'
import type { Day } from '../domain/time.ts'
import type { Db } from './connect.ts'

/** A text that HR added to a column's pool in chat; those of the company file are not stored. */
interface PoolText {
  _id: string
  column: string
  text: string
  by: string
  at: Date
  removed?: boolean
}

/** What a column brought on a day. `round`: how often its pool has been gone through, from 1. */
export interface ColumnIssue {
  _id: string
  column: string
  day: Day
  text: string
  round: number
}

const textSchema = new Schema<PoolText>(
  { _id: String, column: String, text: String, by: String, at: Date, removed: Boolean },
  { versionKey: false, strict: 'throw', collection: 'column-texts' },
)
textSchema.index({ column: 1 })
const issueSchema = new Schema<ColumnIssue>(
  { _id: String, column: String, day: String, text: String, round: Number },
  { versionKey: false, strict: 'throw', collection: 'column-issues' },
)
issueSchema.index({ column: 1, day: 1 })

const textId = (column: string, text: string): string =>
  createHash('sha256').update(`${column}/${text}`).digest('base64url').slice(0, 20)

export type Columns = ReturnType<typeof columnStore>

export function columnStore(db: Db) {
  const texts = db.model<PoolText>('column-texts', textSchema, 'column-texts')
  const issues = db.model<ColumnIssue>('column-issues', issueSchema, 'column-issues')
  return {
    texts,
    issues,
    /** What HR added and removed; a removed text also hides the same one of the company file. */
    ofColumn: (column: string) => texts.find({ column }).sort({ at: 1, _id: 1 }).lean<PoolText[]>(),
    async put(column: string, text: string, by: string, at: Date): Promise<void> {
      await texts.updateOne(
        { _id: textId(column, text) },
        { $set: { column, text, by, at }, $unset: { removed: 1 } },
        { upsert: true },
      )
    },
    async remove(column: string, text: string, by: string, at: Date): Promise<void> {
      await texts.updateOne(
        { _id: textId(column, text) },
        { $set: { column, text, by, at, removed: true } },
        { upsert: true },
      )
    },
    issuesOf: (column: string) => issues.find({ column }).sort({ day: 1 }).lean<ColumnIssue[]>(),
    issueOn: (column: string, day: Day) => issues.findById(`${day}/${column}`).lean<ColumnIssue>(),
    /** The first choice for a day stands, whoever chooses again. */
    async issue(column: string, day: Day, chosen: { text: string; round: number }): Promise<ColumnIssue> {
      const row = await issues
        .findOneAndUpdate(
          { _id: `${day}/${column}` },
          { $setOnInsert: { column, day, ...chosen } },
          { upsert: true, returnDocument: 'after' },
        )
        .lean<ColumnIssue>()
      return row!
    },
  }
}
