import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { Schema } from 'mongoose'
import type { PlatformName } from '../platforms/port.ts'
import type { Db } from './connect.ts'
import { readGroups, readOnce, readTogether } from './read-together.ts'

export type Role = 'hr' | 'gm' | 'admin'

/** One employee, however many platforms they are on. Days are 'YYYY-MM-DD' in company time. */
export interface Person {
  _id: string
  name: string
  jobNumber?: string
  position: string
  departments: string[]
  managerId?: string
  roles: Role[]
  wecom?: string
  dingtalk?: string
  /** Where they last wrote or pressed something: pushes go there. */
  lastPlatform?: PlatformName
  joinedOn?: string
  /** The last day, which still counts as employed; may be set ahead. */
  leftOn?: string
  /** `roster`: HR gave the last day; `platform`: gone from the contacts. */
  leftBy?: 'roster' | 'platform'
  /** First seen in the contacts after the bot was set up, or seen again after having left. */
  appearedOn?: string
  /** Counts employments, 1 when absent. */
  stint?: number
  /** The form of address of the imported roster; the company file may say another. */
  rosterAddress?: string
  /** How the bot says their name (roster), e.g. 王姐; the name itself when unknown. */
  address?: string
  nicknames: string[]
  active: boolean
  /** HR found this record to be another person's: everything it had is theirs (handlers/moments/join.ts). */
  joinedInto?: string
}

const schema = new Schema<Person>(
  {
    _id: String,
    name: { type: String, required: true },
    jobNumber: String,
    position: { type: String, default: '' },
    departments: { type: [String], default: [] },
    managerId: String,
    roles: { type: [String], default: [] },
    wecom: String,
    dingtalk: String,
    lastPlatform: String,
    joinedOn: String,
    leftOn: String,
    leftBy: String,
    appearedOn: String,
    stint: Number,
    rosterAddress: String,
    address: String,
    nicknames: { type: [String], default: [] },
    active: { type: Boolean, default: true },
    joinedInto: String,
  },
  { versionKey: false, strict: 'throw' },
)
schema.index({ wecom: 1 }, { unique: true, partialFilterExpression: { wecom: { $exists: true } } })
schema.index({ dingtalk: 1 }, { unique: true, partialFilterExpression: { dingtalk: { $exists: true } } })
schema.index({ jobNumber: 1 }, { partialFilterExpression: { jobNumber: { $exists: true } } })
schema.index({ managerId: 1 })

const OPTIONAL = [
  'jobNumber',
  'managerId',
  'wecom',
  'dingtalk',
  'joinedOn',
  'leftOn',
  'leftBy',
  'appearedOn',
  'stint',
  'rosterAddress',
  'address',
  'joinedInto',
] as const

/** A person's id: short, stable, says nothing about them. Made from the first identity they were known by. */
export function personIdOf(identity: string): string {
  return `e${createHash('sha256').update(identity).digest('hex').slice(0, 11)}`
}

/** People written in one statement: nothing else waits long for it. */
const SAVED_AT_ONCE = 500

export type People = ReturnType<typeof peopleStore>

export function peopleStore(db: Db) {
  const model = db.model<Person>('people', schema, 'people')
  const byId = readTogether(model, '_id')
  const byUser = { wecom: readTogether(model, 'wecom'), dingtalk: readTogether(model, 'dingtalk') }

  /** @param before what was read: only what differs from it is written, so that what another changed meanwhile stays */
  async function saveAll(saved: { person: Person; before: Person | undefined }[]): Promise<void> {
    const operations = saved.flatMap(({ person, before }) => {
      const { _id, lastPlatform, ...rest } = person
      const differs = (k: keyof typeof rest) => !before || !isDeepStrictEqual(rest[k], before[k])
      const set = Object.fromEntries(Object.entries(rest).filter(([k, v]) => v !== undefined && differs(k as never)))
      const gone = OPTIONAL.filter((k) => rest[k] === undefined && differs(k))
      const update = {
        ...(Object.keys(set).length > 0 && { $set: set }),
        ...(gone.length > 0 && { $unset: Object.fromEntries(gone.map((k) => [k, 1])) }),
      }
      return Object.keys(update).length > 0 ? [{ updateOne: { filter: { _id }, update, upsert: !before } }] : []
    })
    for (let i = 0; i < operations.length; i += SAVED_AT_ONCE)
      await model.bulkWrite(operations.slice(i, i + SAVED_AT_ONCE) as never)
  }

  return {
    model,
    get: async (id: string): Promise<Person | null> => (await byId([id]))[0]!,
    many: async (ids: string[]): Promise<Person[]> => (await byId(ids)).filter((p) => p !== null),
    byAccount: async (platform: PlatformName, userId: string): Promise<Person | null> =>
      (await byUser[platform]([userId]))[0]!,
    active: readOnce(async () => {
      const people = await model.find({ active: true }).sort({ _id: 1 }).batchSize(1_000).lean<Person[]>()
      return Object.freeze(people) as Person[]
    }),
    all: () => model.find().sort({ _id: 1 }).lean<Person[]>(),
    reportsOf: readGroups(model, 'managerId', { active: true }),
    /** Those who have left and had this superior then. */
    leftUnder: readGroups(model, 'managerId', { active: false, leftOn: { $exists: true } }),
    /** Those who are not there any more and were it on a day or after it. */
    leftSince: (day: string) =>
      model
        .find({ active: false, leftOn: { $gte: day } })
        .sort({ _id: 1 })
        .lean<Person[]>(),
    withRole: (role: Role) => model.find({ roles: role, active: true }).sort({ _id: 1 }).lean<Person[]>(),
    save: (person: Person, before?: Person): Promise<void> => saveAll([{ person, before }]),
    saveAll,
    async dropAccounts(ids: string[], platform: PlatformName): Promise<void> {
      if (ids.length > 0) await model.updateMany({ _id: { $in: ids } }, { $unset: { [platform]: 1 } })
    },
    /** Former keys of people whose records were joined, to the key they go by now. */
    async formerKeys(): Promise<Map<string, string>> {
      const rows = await model.find({ joinedInto: { $exists: true } }, { joinedInto: 1 }).lean<Person[]>()
      return new Map(rows.map((p) => [p._id, p.joinedInto!]))
    },
    /** The reports of one manager become another's, and records that were joined to the one are joined to the other. */
    async reassign(from: string, to: string): Promise<void> {
      await model.updateMany({ joinedInto: String(from) }, { $set: { joinedInto: String(to) } })
      await model.updateMany({ managerId: String(from) }, { $set: { managerId: String(to) } })
    },
    async seenOn(id: string, platform: PlatformName): Promise<void> {
      await model.updateOne({ _id: id, lastPlatform: { $ne: platform } }, { $set: { lastPlatform: platform } })
    },
    /** The people above somebody, nearest first; ends at a missing manager or a cycle. */
    async chainAbove(person: Person): Promise<Person[]> {
      const chain: Person[] = []
      const seen = new Set([person._id])
      for (let next = person.managerId; next && !seen.has(next); ) {
        seen.add(next)
        const manager: Person | null = (await byId([next]))[0]!
        if (!manager) break
        chain.push(manager)
        next = manager.managerId
      }
      return chain
    },
  }
}
