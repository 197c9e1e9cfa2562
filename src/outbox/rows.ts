import { Schema } from 'mongoose'
import type { Card } from '../../cards/card.ts'
import type { Chat, PlatformName } from '../platforms/port.ts'
import type { Db } from '../store/connect.ts'

/** What a row sends. `notice` is rendered from live data at the moment of sending, or cancelled there. */
export type Content =
  | { kind: 'text'; text: string }
  | { kind: 'card'; card: Card; subject: string; context: Record<string, unknown> }
  | { kind: 'notice'; name: string; args: Record<string, unknown> }
  /** Puts a new face on a card that was sent. Without a living code it goes out as a new message when `orSend`. */
  | { kind: 'update'; cardId: string; card: Card; code?: string; context?: Record<string, unknown>; orSend: boolean }
  | { kind: 'group-reply'; chat: Chat & { kind: 'group' }; text: string }
  /** Into a group, about the person it is addressed to; a text, made or cancelled when it is sent. */
  | { kind: 'group-notice'; chat: Chat & { kind: 'group' }; name: string; args: Record<string, unknown> }

export interface OutboxRow {
  /** What it is about: the same fact never has two rows. */
  _id: string
  /** A person's id. */
  to: string
  content: Content
  /** `answer`: to something the person just did. `push`: of our own accord, held back by quiet hours and the daily cap. */
  mode: 'answer' | 'push'
  platform?: PlatformName
  /** The event or slot that caused it. */
  cause?: string
  state: 'pending' | 'sent' | 'cancelled' | 'failed'
  /** Order of writing. */
  seq: number
  createdAt: Date
  /** Business time: not before, and not at or after. */
  notBefore: Date
  expiresAt?: Date
  owner?: string
  /** Machine time: leased until, or not to be tried before. */
  holdUntil: number
  tries: number
  /** How often it was sent again by hand after the platform had refused it. */
  resent?: number
  sentAt?: Date
  sentOn?: PlatformName
  messageId?: string
  /** Taken back from the phone by an administrator. */
  recalledAt?: Date
  /** Why it was cancelled or failed, in Chinese for the administrator, and what to do. */
  reason?: string
  advice?: string
}

const schema = new Schema<OutboxRow>(
  {
    _id: String,
    to: { type: String, required: true },
    content: { type: Schema.Types.Mixed, required: true },
    mode: String,
    platform: String,
    cause: String,
    state: String,
    seq: Number,
    createdAt: Date,
    notBefore: Date,
    expiresAt: Date,
    owner: String,
    holdUntil: Number,
    tries: Number,
    resent: Number,
    sentAt: Date,
    sentOn: String,
    messageId: String,
    recalledAt: Date,
    reason: String,
    advice: String,
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ state: 1, seq: 1 })
schema.index({ to: 1, sentAt: -1 })
schema.index({ createdAt: 1 }, { expireAfterSeconds: 400 * 86400 })

export const outboxModel = (db: Db) => db.model<OutboxRow>('outbox', schema, 'outbox')
