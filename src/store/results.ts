import { Schema } from 'mongoose'
import type { MonthResult } from '../domain/settlement.ts'
import type { Month } from '../domain/time.ts'
import type { PlatformName } from '../platforms/port.ts'
import type { Db } from './connect.ts'
import { monthRowId } from './month-inputs.ts'
import { type Versioned, versioned } from './versioned.ts'

interface Deed {
  by: string
  at: Date
}

/** What was published, and stays: a correction is a version of its own. */
export interface ResultVersion extends Deed {
  version: number
  why: string
  result: MonthResult
  /** SHA-256 of the result's JSON. */
  hash: string
}

/** One person's month on its way: draft (recomputed) → confirmed by the superior → published with the whole month. */
export interface ResultRow extends Versioned {
  personId: string
  month: Month
  name: string
  jobNumber: string
  department: string
  /** Who confirms; empty when nobody may (domain.md §11.16). */
  judgeId: string
  state: 'draft' | 'confirmed' | 'published'
  /** The figures in force before publication; what was confirmed stays as it was confirmed. */
  draft: MonthResult
  hash: string
  confirmed?: Deed
  /** Sent back by the superior (to HR) or by the general manager (to the superior); gone when it is confirmed again. */
  returned?: Deed & { reason: string; to: 'hr' | 'manager' }
  versions: ResultVersion[]
  /** A correction that waits for the general manager. */
  proposal?: Deed & { id: string; result: MonthResult; hash: string; why: string; points?: string }
  /** Opened its details, first time of each version. */
  seen: { version: number; at: Date; on: PlatformName }[]
  /** 确认 by the person, of each version. */
  acknowledged: { version: number; at: Date; on: PlatformName }[]
  /** What the outbox knew of each version's message. */
  sent: { version: number; at: Date; on: PlatformName; messageId: string }[]
}

const Mixed = Schema.Types.Mixed
const list = { type: [Mixed] as never, default: [] }
const schema = new Schema<ResultRow>(
  {
    _id: String,
    personId: { type: String, required: true },
    month: { type: String, required: true },
    name: String,
    jobNumber: String,
    department: String,
    judgeId: String,
    state: String,
    draft: Mixed,
    hash: String,
    confirmed: Mixed,
    returned: Mixed,
    versions: list,
    proposal: Mixed,
    seen: list,
    acknowledged: list,
    sent: list,
    rev: Number,
    applied: list,
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ month: 1, judgeId: 1 })
schema.index({ personId: 1, month: -1 })

/** One month of somebody's year. */
export type YearRow = Pick<ResultRow, 'personId' | 'month' | 'name' | 'jobNumber' | 'department'> & {
  versions: { version: number; result: Pick<MonthResult, 'total' | 'grade'> }[]
}

export type Results = ReturnType<typeof resultStore>

export type Draft = Pick<
  ResultRow,
  '_id' | 'personId' | 'month' | 'name' | 'jobNumber' | 'department' | 'judgeId' | 'draft' | 'hash'
>

/** Few enough that decoding them keeps nobody waiting. */
const DRAFTS_AT_A_TIME = 500

export function resultStore(db: Db) {
  const model = db.model<ResultRow>('results', schema, 'results')
  return {
    model,
    ...versioned<ResultRow>(model as never, () => undefined),
    ofMonth: (month: Month) => model.find({ month }).sort({ _id: 1 }).lean<ResultRow[]>(),
    ofTeam: (month: Month, judgeId: string) =>
      model
        .find({ month, judgeId: String(judgeId) })
        .sort({ _id: 1 })
        .lean<ResultRow[]>(),
    many: (month: Month, personIds: string[]) =>
      model
        .find({ _id: { $in: personIds.map((id) => monthRowId(id, month)) } })
        .sort({ _id: 1 })
        .lean<ResultRow[]>(),
    ofPerson: (personId: string, most: number) =>
      model
        .find({ personId: String(personId), state: 'published' })
        .sort({ month: -1 })
        .limit(most)
        .lean<ResultRow[]>(),
    /** What is in force of a year's published months, the last version's figures only, month by month. */
    ofYear: (year: number) =>
      model
        .find(
          { month: { $gte: `${year}-01`, $lte: `${year}-12` }, state: 'published' },
          {
            ...{ personId: 1, month: 1, name: 1, jobNumber: 1, department: 1 },
            ...{ 'versions.version': 1, 'versions.result.total': 1, 'versions.result.grade': 1 },
          },
        )
        .sort({ month: 1 })
        .lean<YearRow[]>(),
    proposals: () =>
      model
        .find({ proposal: { $exists: true } })
        .sort({ _id: 1 })
        .lean<ResultRow[]>(),
    /**
     * Writes drafts; what was confirmed or published meanwhile stays as it is, what is unchanged is not written.
     * @returns how many were written
     */
    async putDrafts(drafts: Draft[]): Promise<number> {
      if (drafts.length === 0) return 0
      const before = (await model.collection
        .find({ _id: { $in: drafts.map((d) => d._id) as never } })
        .project({ state: 1, hash: 1, judgeId: 1, name: 1, department: 1, jobNumber: 1 })
        .toArray()) as unknown as ResultRow[]
      const known = new Map(before.map((r) => [r._id, r]))
      const fresh: unknown[] = []
      const changes: unknown[] = []
      for (const d of drafts) {
        const was = known.get(d._id)
        if (!was) {
          fresh.push({ ...d, state: 'draft', versions: [], seen: [], acknowledged: [], sent: [], rev: 1, applied: [] })
          continue
        }
        const same = (['hash', 'judgeId', 'name', 'department', 'jobNumber'] as const).every((k) => was[k] === d[k])
        if (was.state !== 'draft' || same) continue
        const { _id, ...set } = d
        changes.push({ updateOne: { filter: { _id, state: 'draft' }, update: { $set: set, $inc: { rev: 1 } } } })
      }
      if (changes.length > 0) await model.collection.bulkWrite(changes as never, { ordered: false })
      if (fresh.length > 0)
        await model.collection.insertMany(fresh as never, { ordered: false }).catch((error: { code?: number }) => {
          // Another run inserted it in between: the same facts, so the same draft.
          if (error.code !== 11000) throw error
        })
      return fresh.length + changes.length
    },
    /** Drafts of people who are no longer part of the month. */
    async dropDrafts(month: Month, keep: ReadonlySet<string>): Promise<void> {
      const gone: string[] = []
      const drafts = model.collection.find(
        { month, state: 'draft' },
        { projection: { personId: 1 }, batchSize: DRAFTS_AT_A_TIME },
      )
      for await (const draft of drafts) if (!keep.has(String(draft.personId))) gone.push(String(draft._id))
      if (gone.length > 0) await model.deleteMany({ _id: { $in: gone }, state: 'draft' })
    },
  }
}
