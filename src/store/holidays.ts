import { Schema } from 'mongoose'
import type { HolidayYear } from '../domain/holidays.ts'
import type { Db } from './connect.ts'

/** A year's notice that HR confirmed. */
interface StoredYear {
  _id: string
  days: HolidayYear['days']
  papers: string[]
  by: string
  at: Date
}

const schema = new Schema<StoredYear>(
  { _id: String, days: { type: [Schema.Types.Mixed] as never }, papers: [String], by: String, at: Date },
  { versionKey: false, strict: 'throw' },
)

export type Holidays = ReturnType<typeof holidayStore>

/** Years confirmed by HR; they stand before the shipped ones. */
export function holidayStore(db: Db) {
  const model = db.model<StoredYear>('holidays', schema, 'holidays')
  let stamp = ''
  let years: HolidayYear[] = []
  let changed = () => {}
  return {
    model,
    /** As of the last `refresh`; a new array whenever something changed. */
    current: (): HolidayYear[] => years,
    /** Reads what another replica may have stored. */
    async refresh(): Promise<void> {
      const rows = await model.find().sort({ _id: 1 }).lean<StoredYear[]>()
      const now = rows.map((r) => `${r._id}@${r.at.toISOString()}`).join()
      if (now === stamp) return
      stamp = now
      years = rows.map((r) => ({ year: Number(r._id), papers: r.papers, days: r.days }))
      changed()
    },
    onChange(listener: () => void): void {
      changed = listener
    },
    async put({ year, days, papers }: HolidayYear, by: string, at: Date): Promise<void> {
      await model.updateOne({ _id: String(year) }, { $set: { days, papers: papers ?? [], by, at } }, { upsert: true })
    },
  }
}
