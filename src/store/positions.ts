import { Schema } from 'mongoose'
import type { Day } from '../domain/time.ts'
import type { Db } from './connect.ts'

/** Which position somebody held since when, for months with a change inside (domain.md §11.21). Noted nightly. */
export interface PositionHistory {
  _id: string
  /** In order of days; the first one also stands for everything before it. */
  history: { from: Day; position: string }[]
}

const schema = new Schema<PositionHistory>(
  { _id: String, history: { type: [{ _id: false, from: String, position: String }], default: [] } },
  { versionKey: false, strict: 'throw' },
)

export type Positions = ReturnType<typeof positionStore>

export function positionStore(db: Db) {
  const model = db.model<PositionHistory>('positions', schema, 'positions')
  return {
    model,
    async many(personIds: string[]): Promise<Map<string, PositionHistory['history']>> {
      const rows = await model.find({ _id: { $in: personIds } }).lean<PositionHistory[]>()
      return new Map(rows.map((r) => [r._id, r.history]))
    },
    /** Everybody who has held one of these positions at some time. */
    heldBy: (positions: string[]): Promise<string[]> =>
      model.distinct('_id', { 'history.position': { $in: positions } }) as never,
    /** Notes what positions people have today; those that have not changed are left alone. The same day again replaces. */
    async note(day: Day, people: { _id: string; position: string }[]): Promise<number> {
      const known = await this.many(people.map((p) => p._id))
      const changed = people.filter((p) => known.get(p._id)?.at(-1)?.position !== p.position)
      if (changed.length === 0) return 0
      await model.collection.bulkWrite(
        changed.map((p) => {
          const kept = (known.get(p._id) ?? []).filter((h) => h.from < day)
          return {
            updateOne: {
              filter: { _id: p._id as never },
              update: { $set: { history: [...kept, { from: day, position: p.position }] } },
              upsert: true,
            },
          }
        }),
      )
      return changed.length
    },
  }
}
