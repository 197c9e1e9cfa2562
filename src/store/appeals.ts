import { Schema } from 'mongoose'
import type { Month } from '../domain/time.ts'
import type { Db } from './connect.ts'
import { type Versioned, versioned } from './versioned.ts'

/** What an appeal is about: a version of a month's result, or a record of behaviour. */
export type AppealAbout = { kind: 'result'; version: number } | { kind: 'behaviour'; recordId: string }

/** One appeal; once per subject (domain.md §11.25). */
export interface AppealRow extends Versioned {
  personId: string
  month: Month
  about: AppealAbout
  reason: string
  filedAt: Date
  /** The event that filed it: the same again goes on with what it had begun. */
  event?: string
  /** `withdrawn` by its person before it was registered: as if there were none, and it may be filed again. */
  state: 'filed' | 'registered' | 'answered' | 'decided' | 'withdrawn'
  registered?: { by: string; at: Date }
  /** Which superior was asked last for an answer. */
  asked?: { judge: string; at: Date }
  answer?: { by: string; at: Date; text: string }
  decision?: { by: string; at: Date; accepted: boolean; text: string; points?: string; unanswered?: true }
}

export type StandingAppeal = AppealRow & { state: Exclude<AppealRow['state'], 'withdrawn'> }
export const isStanding = (row: AppealRow): row is StandingAppeal => row.state !== 'withdrawn'
const UNDER_WAY: AppealRow['state'][] = ['filed', 'registered', 'answered']

const Mixed = Schema.Types.Mixed
const schema = new Schema<AppealRow>(
  {
    _id: String,
    personId: { type: String, required: true },
    month: { type: String, required: true },
    about: Mixed,
    reason: String,
    filedAt: Date,
    event: String,
    state: String,
    registered: Mixed,
    asked: Mixed,
    answer: Mixed,
    decision: Mixed,
    rev: Number,
    applied: { type: [Mixed] as never, default: [] },
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ state: 1, filedAt: 1 })
schema.index({ personId: 1, month: 1 })

export type Appeals = ReturnType<typeof appealStore>

/** `result/<person>/2026-11/1`, `behaviour/<record>`: what makes a second appeal the same one. */
export const appealId = (personId: string, month: Month, about: AppealAbout): string =>
  about.kind === 'result' ? `result/${personId}/${month}/${about.version}` : `behaviour/${about.recordId}`

export function appealStore(db: Db) {
  const model = db.model<AppealRow>('appeals', schema, 'appeals')
  const rows = versioned<AppealRow>(model as never, () => undefined)
  return {
    model,
    ...rows,
    /** @returns the appeal that stands: this one, or the one that was there */
    async file(row: Omit<AppealRow, 'rev' | 'applied'>): Promise<AppealRow> {
      try {
        const fresh = { ...row, rev: 1, applied: [] }
        await model.collection.insertOne(fresh as never)
        return fresh
      } catch (error) {
        if ((error as { code?: number }).code !== 11000) throw error
        return (await model.findById(row._id).lean<AppealRow>())!
      }
    },
    /** The appeal that stands about a subject; one that was withdrawn does not. */
    async standing(id: string): Promise<StandingAppeal | undefined> {
      const row = await rows.get(id)
      return row && isStanding(row) ? row : undefined
    },
    open: () =>
      model
        .find({ state: { $in: UNDER_WAY } })
        .sort({ filedAt: 1 })
        .lean<StandingAppeal[]>(),
    registered: () => model.find({ state: 'registered' }).sort({ filedAt: 1 }).lean<AppealRow[]>(),
    ofPerson: (personId: string, month: Month) =>
      model
        .find({ personId: String(personId), month })
        .sort({ filedAt: 1 })
        .lean<AppealRow[]>(),
    openOf: (personId: string) =>
      model
        .find({ personId: String(personId), state: { $in: UNDER_WAY } })
        .sort({ filedAt: 1 })
        .lean<StandingAppeal[]>(),
    openAmong: (month: Month, personIds: string[]) =>
      model.find({ month, personId: { $in: personIds }, state: { $in: UNDER_WAY } }).lean<AppealRow[]>(),
  }
}
