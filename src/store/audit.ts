import { Schema } from 'mongoose'
import type { Db } from './connect.ts'

/** Who did what when to which version. Only ever added to. */
export interface AuditLine {
  _id: string
  at: Date
  /** A person's id, `system`, or `admin` for who holds the administrator's token. */
  by: string
  what: string
  /** What it was done to, e.g. `week/<person>/2026-W48`. */
  to: string
  detail?: Record<string, unknown>
}

const schema = new Schema<AuditLine>(
  { _id: String, at: Date, by: String, what: String, to: String, detail: Schema.Types.Mixed },
  { versionKey: false, strict: 'throw' },
)
schema.index({ to: 1, at: 1 })
schema.index({ by: 1, at: 1 })
schema.index({ at: 1 })

export type Audit = ReturnType<typeof auditStore>

export function auditStore(db: Db) {
  const model = db.model<AuditLine>('audit', schema, 'audit')
  return {
    model,
    /** `_id` comes from the event that caused it, so that a repeated run adds nothing. */
    async add(line: AuditLine): Promise<void> {
      const { _id, ...rest } = line
      await model.updateOne({ _id }, { $setOnInsert: rest }, { upsert: true })
    },
    /** The newest lines first. @param about the beginning of what it was done to */
    list(filter: { about?: string; by?: string | string[]; from?: Date; until?: Date; skip?: number; limit: number }) {
      const { about, by, from, until } = filter
      // From the prefix up to the last character there is: an index can answer that.
      const query = {
        ...(about !== undefined && { to: { $gte: about, $lt: `${about}\uffff` } }),
        ...(by !== undefined && { by: Array.isArray(by) ? { $in: by } : by }),
        ...((from || until) && { at: { ...(from && { $gte: from }), ...(until && { $lt: until }) } }),
      }
      return model
        .find(query)
        .sort({ at: -1, _id: -1 })
        .skip(filter.skip ?? 0)
        .limit(filter.limit)
        .lean<AuditLine[]>()
    },
    about: (to: string) => model.find({ to }).sort({ at: 1, _id: 1 }).lean<AuditLine[]>(),
  }
}
