import { Schema } from 'mongoose'
import type { PlatformName } from '../platforms/port.ts'
import type { Db } from './connect.ts'

/** A group chat in which HR turned wishes and welcomes on. */
export interface WishGroup {
  _id: string
  platform: PlatformName
  groupId: string
  by: string
  at: Date
}

const schema = new Schema<WishGroup>(
  { _id: String, platform: String, groupId: String, by: String, at: Date },
  { versionKey: false, strict: 'throw', collection: 'wish-groups' },
)

export type WishGroups = ReturnType<typeof wishGroupStore>

export function wishGroupStore(db: Db) {
  const model = db.model<WishGroup>('wish-groups', schema, 'wish-groups')
  const id = (platform: PlatformName, groupId: string) => `${platform}/${groupId}`
  return {
    model,
    all: () => model.find().sort({ _id: 1 }).lean<WishGroup[]>(),
    has: async (platform: PlatformName, groupId: string) =>
      (await model.countDocuments({ _id: id(platform, groupId) })) > 0,
    async on(platform: PlatformName, groupId: string, by: string, at: Date): Promise<void> {
      await model.updateOne(
        { _id: id(platform, groupId) },
        { $setOnInsert: { platform, groupId, by, at } },
        { upsert: true },
      )
    },
    async off(platform: PlatformName, groupId: string): Promise<void> {
      await model.deleteOne({ _id: id(platform, groupId) })
    },
  }
}
