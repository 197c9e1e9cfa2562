import { createHash } from 'node:crypto'
import { Schema } from 'mongoose'
import type { Db } from './connect.ts'

interface LoginCode {
  _id: string
  at: Date
}

const schema = new Schema<LoginCode>({ _id: String, at: Date }, { versionKey: false, strict: 'throw' })
// A code lives five minutes on both platforms (wecom.md §7, dingtalk.md §9.1).
schema.index({ at: 1 }, { expireAfterSeconds: 3600 })

export type LoginCodes = ReturnType<typeof loginCodeStore>

/** Which login codes have been redeemed, so that each is redeemed once whatever the number of replicas. Codes are kept as hashes. */
export function loginCodeStore(db: Db) {
  const model = db.model<LoginCode>('login-codes', schema, 'login-codes')
  return {
    model,
    /** True for the first who asks for this code, false for everybody after. */
    async claim(platform: string, code: string, at: Date): Promise<boolean> {
      const _id = `${platform}/${createHash('sha256').update(code).digest('base64url')}`
      try {
        await model.collection.insertOne({ _id: _id as never, at })
        return true
      } catch (error) {
        if ((error as { code?: number }).code === 11000) return false
        throw error
      }
    },
  }
}
