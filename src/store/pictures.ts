import { Schema } from 'mongoose'
import type { Picture } from '../domain/picture.ts'
import type { Month } from '../domain/time.ts'
import type { Db } from './connect.ts'

/** A picture of a record of behaviour; its id is the record's. In a collection of its own: whoever reads records reads no pictures. */
export interface PictureRow {
  _id: string
  month: Month
  by: string
  at: Date
  type: Picture['type']
  bytes: Buffer
}

const schema = new Schema<PictureRow>(
  {
    _id: String,
    month: { type: String, required: true },
    by: String,
    at: Date,
    type: String,
    bytes: Buffer,
  },
  { versionKey: false, strict: 'throw' },
)
schema.index({ month: 1 })

export function pictureStore(db: Db) {
  const model = db.model<PictureRow>('pictures', schema, 'pictures')
  return {
    model,
    /** The last one counts. */
    put: ({ _id, ...rest }: PictureRow) => model.updateOne({ _id }, { $set: rest }, { upsert: true }),
    /** Of which of some records there is one. */
    among: async (records: string[]): Promise<Set<string>> =>
      new Set((await model.find({ _id: { $in: records } }, { _id: 1 }).lean()).map((p) => String(p._id))),
    async get(record: string): Promise<Picture | undefined> {
      const row = await model.findById(String(record)).lean()
      // The driver gives a Binary where lean documents are read.
      return row
        ? { type: row.type, bytes: Buffer.from((row.bytes as unknown as { buffer: Buffer }).buffer) }
        : undefined
    },
  }
}
