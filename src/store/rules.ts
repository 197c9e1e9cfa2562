import { Schema } from 'mongoose'
import type { Month } from '../domain/time.ts'
import type { Db } from './connect.ts'

/** Rules that results of a month were made of, once for each state of the company file; a result names them as `ruleVersion`. */
export interface RulesRow {
  /** 2026-11/0123456789ab */
  _id: string
  month: Month
  /** JSON, because names of schemes may be no names of fields. */
  rules: string
}

const schema = new Schema<RulesRow>(
  { _id: String, month: { type: String, required: true }, rules: { type: String, required: true } },
  { versionKey: false, strict: 'throw' },
)

export type Rules = ReturnType<typeof ruleStore>

export function ruleStore(db: Db) {
  const model = db.model<RulesRow>('rules', schema, 'rules')
  const idOf = (month: Month, version: string) => `${month}/${version}`
  return {
    model,
    /** Kept already: nothing happens. */
    async keep(month: Month, version: string, rules: string): Promise<void> {
      await model.updateOne({ _id: idOf(month, version) }, { $setOnInsert: { month, rules } }, { upsert: true })
    },
    get: async (month: Month, version: string): Promise<string | undefined> =>
      (await model.findById(idOf(month, version)).lean<RulesRow>())?.rules,
  }
}
