import { type AnyBulkWriteOperation, Schema } from 'mongoose'
import type { Birthday, BirthdayRules } from '../domain/birthday.ts'
import type { Day } from '../domain/time.ts'
import type { Db } from './connect.ts'
import { together } from './group-writes.ts'
import { readTogether } from './read-together.ts'

/** Who a fact comes from; an earlier one in `STRENGTH` is not overwritten by a later one. */
export type Source = 'self' | 'hr' | 'dingtalk' | 'wecom'

export interface Fact<T> {
  value: T
  from: Source
}

/**
 * Personal facts that serve people's moments, apart from the people themselves so that nothing else reads them along
 * (features.md 5.4). A birthday has no year; the year of birth stands alone, is optional, and is shown to its owner only.
 */
export interface Personal {
  _id: string
  birthday?: Fact<Birthday>
  birthYear?: number
  feb29?: BirthdayRules['feb29']
  leapMonth?: BirthdayRules['leapMonth']
  wishes: 'all' | 'private' | 'none'
  /** Wants no columns. */
  noColumns?: boolean
  /** The person had their birthday deleted: no other source may bring it back. */
  keepNoBirthday?: boolean
  /** Was asked for the birthday, and when. */
  askedAt?: Date
  probationEndsOn?: Fact<Day>
  contractEndsOn?: Fact<Day>
}

const Mixed = Schema.Types.Mixed
const schema = new Schema<Personal>(
  {
    _id: String,
    birthday: Mixed,
    birthYear: Number,
    feb29: String,
    leapMonth: String,
    wishes: { type: String, default: 'all' },
    noColumns: Boolean,
    keepNoBirthday: Boolean,
    askedAt: Date,
    probationEndsOn: Mixed,
    contractEndsOn: Mixed,
  },
  { versionKey: false, strict: 'throw' },
)

/** What a source says about somebody. */
export interface SaidFacts {
  birthday?: { birthday: Birthday; year?: number }
  probationEndsOn?: Day
  contractEndsOn?: Day
}

const STRENGTH: Record<Source, number> = { self: 3, hr: 2, dingtalk: 1, wecom: 1 }

export type PersonalStore = ReturnType<typeof personalStore>

export const blankPersonal = (personId: string): Personal => ({ _id: personId, wishes: 'all' })

export function personalStore(db: Db) {
  const model = db.model<Personal>('personal', schema, 'personal')

  const byId = readTogether(model, '_id')
  // The same once more does no harm, so that all of a write may be tried again when one of them fails.
  const write = together<AnyBulkWriteOperation<Personal>>(async (operations) => {
    await model.bulkWrite(operations, { ordered: false })
    return undefined
  })

  async function get(personId: string): Promise<Personal> {
    return (await byId([personId]))[0] ?? blankPersonal(personId)
  }

  /** Sets some fields; `undefined` removes one. The same again changes nothing. */
  async function set(personId: string, patch: Partial<Omit<Personal, '_id'>>): Promise<void> {
    const entries = Object.entries(patch)
    const gone = entries.filter(([, v]) => v === undefined).map(([k]) => [k, 1])
    const kept = entries.filter(([, v]) => v !== undefined)
    const update = {
      ...(kept.length > 0 && { $set: Object.fromEntries(kept) }),
      ...(gone.length > 0 && { $unset: Object.fromEntries(gone) }),
      ...(!('wishes' in patch) && { $setOnInsert: { wishes: 'all' as const } }),
    }
    await write({ updateOne: { filter: { _id: String(personId) }, update, upsert: true } })
  }

  return {
    model,
    get,
    set,
    async many(personIds: string[]): Promise<Map<string, Personal>> {
      const found = await byId(personIds)
      return new Map(personIds.map((id, i) => [id, found[i] ?? blankPersonal(id)]))
    },
    /**
     * Takes in what a source says; what a stronger source said before stays, and a birthday that its owner had deleted
     * stays deleted unless they say it again themselves.
     *
     * @param known what is stored, where the caller has it already
     * @returns the names of the facts that changed
     */
    async takeIn(personId: string, said: SaidFacts, from: Source, known?: Personal): Promise<string[]> {
      const before = known ?? (await get(personId))
      const patch: Partial<Omit<Personal, '_id'>> = {}
      const beats = (fact: Fact<unknown> | undefined) => !fact || STRENGTH[from] >= STRENGTH[fact.from]
      const differs = (fact: Fact<unknown> | undefined, value: unknown) =>
        !fact || fact.from !== from || JSON.stringify(fact.value) !== JSON.stringify(value)
      const { birthday } = said
      if (birthday && beats(before.birthday) && (from === 'self' || !before.keepNoBirthday)) {
        if (differs(before.birthday, birthday.birthday)) patch.birthday = { value: birthday.birthday, from }
        if (birthday.year !== undefined && birthday.year !== before.birthYear) patch.birthYear = birthday.year
        if (before.keepNoBirthday) patch.keepNoBirthday = undefined as never
      }
      for (const key of ['probationEndsOn', 'contractEndsOn'] as const) {
        const value = said[key]
        if (value !== undefined && beats(before[key]) && differs(before[key], value)) patch[key] = { value, from }
      }
      if (Object.keys(patch).length > 0) await set(personId, patch)
      return Object.keys(patch).filter((key) => key !== 'keepNoBirthday')
    },
    /** Everything about somebody, for the retention job and for merging two records of one person. */
    async remove(personId: string): Promise<void> {
      await model.deleteOne({ _id: String(personId) })
    },
  }
}
