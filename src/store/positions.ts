import { Schema } from 'mongoose'
import type { Day } from '../domain/time.ts'
import type { Db } from './connect.ts'

/** Which position somebody held under whom since when, for changes inside a month (domain.md §11.15, §11.21). Noted nightly. */
export interface PositionHistory {
  _id: string
  /** In order of days. */
  history: { from: Day; position: string; managerId?: string }[]
}

const schema = new Schema<PositionHistory>(
  {
    _id: String,
    history: { type: [{ _id: false, from: String, position: String, managerId: String }], default: [] },
  },
  { versionKey: false, strict: 'throw' },
)
schema.index({ 'history.managerId': 1 })

type Noted = PositionHistory['history'] | undefined

/** The position of a day; the first one that was noted also stands for everything before it. Undefined: nothing was noted. */
export const positionOn = (history: Noted, day: Day): string | undefined =>
  (history?.findLast((h) => h.from <= day) ?? history?.[0])?.position

/** Whose report somebody was on a day; undefined before it was noted, and for days ahead, which are the present superior's. */
export const managerOn = (history: Noted, day: Day, today: Day): string | undefined =>
  day > today ? undefined : history?.findLast((h) => h.from <= day)?.managerId

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
    /** Everybody whose superior somebody has been at some time. */
    everUnder: (managerId: string): Promise<string[]> =>
      model.distinct('_id', { 'history.managerId': String(managerId) }) as never,
    /** Whose position or superior has changed since a day. */
    changedSince: (day: Day) =>
      model.find({ 'history.1': { $exists: true }, 'history.from': { $gt: day } }).lean<PositionHistory[]>(),
    /** Notes who people are under in what position today; those that have not changed are left alone. The same day again replaces. */
    async note(day: Day, people: { _id: string; position: string; managerId?: string }[]): Promise<number> {
      const known = await this.many(people.map((p) => p._id))
      const changed = people.filter((p) => {
        const last = known.get(p._id)?.at(-1)
        return last?.position !== p.position || last?.managerId !== p.managerId
      })
      if (changed.length === 0) return 0
      await model.collection.bulkWrite(
        changed.map((p) => {
          const kept = (known.get(p._id) ?? []).filter((h) => h.from < day)
          const today = { from: day, position: p.position, ...(p.managerId && { managerId: p.managerId }) }
          return {
            updateOne: {
              filter: { _id: p._id as never },
              update: { $set: { history: [...kept, today] } },
              upsert: true,
            },
          }
        }),
      )
      return changed.length
    },
  }
}
