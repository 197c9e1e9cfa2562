import { Schema } from 'mongoose'
import type { Term } from '../domain/moments.ts'
import type { Day } from '../domain/time.ts'
import type { Db } from './connect.ts'

/** The end of one person's probation or contract, about which manager and HR are told until somebody has answered. */
export interface TermCase {
  _id: string
  personId: string
  term: Term
  endsOn: Day
  openedAt: Date
  answeredBy?: string
  answeredAt?: Date
  /** Who put it off, and to which day. */
  later: Record<string, Day>
}

const schema = new Schema<TermCase>(
  {
    _id: String,
    personId: String,
    term: String,
    endsOn: String,
    openedAt: Date,
    answeredBy: String,
    answeredAt: Date,
    later: { type: Schema.Types.Mixed, default: {} },
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ personId: 1 })

export const termId = (term: Term, personId: string, endsOn: Day): string => `${term}/${personId}/${endsOn}`

export type Terms = ReturnType<typeof termStore>

export function termStore(db: Db) {
  const model = db.model<TermCase>('terms', schema, 'terms')
  return {
    model,
    get: (id: string) => model.findById(String(id)).lean<TermCase>(),
    many: (ids: string[]) => model.find({ _id: { $in: ids } }).lean<TermCase[]>(),
    async open(term: Term, personId: string, endsOn: Day, now: Date): Promise<void> {
      await model.updateOne(
        { _id: termId(term, personId, endsOn) },
        { $setOnInsert: { personId, term, endsOn, openedAt: now, later: {} } },
        { upsert: true },
      )
    },
    /** The first answer stands. Returns the case as it is afterwards. */
    async answer(id: string, by: string, at: Date): Promise<TermCase | null> {
      await model.updateOne(
        { _id: String(id), answeredBy: { $exists: false } },
        { $set: { answeredBy: by, answeredAt: at } },
      )
      return model.findById(String(id)).lean<TermCase>()
    },
    async putOff(id: string, by: string, until: Day): Promise<void> {
      await model.updateOne({ _id: String(id) }, { $set: { [`later.${by}`]: until } })
    },
  }
}
