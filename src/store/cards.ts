import { Schema } from 'mongoose'
import type { PlatformName } from '../platforms/port.ts'
import type { Db } from './connect.ts'
import { groupInserts, groupWrites } from './group-writes.ts'
import { readTogether } from './read-together.ts'

/**
 * A card that was sent: who may act on it, for what, and how to change it (design §2 "A card instance is remembered").
 * What a click means is decided from here and from the signed sender, never from what the click carries.
 */
export interface CardInstance {
  _id: string
  personId: string
  platform: PlatformName
  /** Which cards are about the same thing, e.g. `score/<person>/2026-W48`: they close together. */
  subject: string
  /** What handlers of its buttons need to know. */
  context: Record<string, unknown>
  /** What its buttons say, over all faces that it had; a press of anything else was not made on it. */
  actions?: string[]
  state: 'open' | 'closed'
  /** Which message put its present face on it, by the order of writing; an older one that comes late is not shown. */
  face?: number
  /** Response codes with the instant they were given; each is good for one change within 72 hours (wecom.md §4.5). */
  codes: { code: string; at: Date }[]
  /** Those that were taken: a press that is handled once more after a crash brings its code again. */
  spent?: string[]
  sentAt: Date
  expiresAt: Date
}

const schema = new Schema<CardInstance>(
  {
    _id: String,
    personId: { type: String, required: true },
    platform: { type: String, required: true },
    subject: { type: String, required: true },
    context: { type: Schema.Types.Mixed, default: {} },
    actions: { type: [String], default: undefined },
    state: { type: String, default: 'open' },
    face: Number,
    codes: { type: [{ _id: false, code: String, at: Date }], default: [] },
    spent: { type: [String], default: undefined },
    sentAt: Date,
    expiresAt: Date,
  },
  { versionKey: false, strict: 'throw', minimize: false },
)
schema.index({ subject: 1, state: 1 })
schema.index({ personId: 1 })
// Two months after a card's life is over nobody can press it any more.
schema.index({ expiresAt: 1 }, { expireAfterSeconds: 60 * 86400 })

/** More than anybody presses a card before an event of a dead process is handled again. */
const MOST_SPENT = 50

export type Cards = ReturnType<typeof cardStore>

export function cardStore(db: Db) {
  const model = db.model<CardInstance>('cards', schema, 'cards')
  const byId = readTogether(model, '_id')
  const keep = groupInserts(model)
  /** For what comes after sending, when nobody waits any more. */
  const writeLater = groupWrites(model, 25)
  return {
    model,
    get: async (id: string): Promise<CardInstance | null> => (await byId([id]))[0]!,
    /** Remembers a card before it is sent; the same again when sending is repeated. */
    async remember(card: Omit<CardInstance, 'codes' | 'state'> & { actions: string[] }): Promise<void> {
      if (!(await keep({ ...card, codes: [], state: 'open' }))) {
        // A notice that is made anew for a second try may offer something else, and either may have arrived.
        const { _id, actions } = card
        await model.updateOne({ _id }, { $addToSet: { actions: { $each: actions } } })
      }
    },
    /** A new face has buttons of its own; noted before anybody can press them. */
    async offer(card: Pick<CardInstance, '_id' | 'actions'>, actions: readonly string[]): Promise<void> {
      if (!card.actions || actions.every((a) => card.actions!.includes(a))) return
      await model.updateOne({ _id: card._id }, { $addToSet: { actions: { $each: actions } } })
    },
    async addCode(id: string, code: string, at: Date): Promise<void> {
      const filter = { _id: String(id) as never, 'codes.code': { $ne: String(code) }, spent: { $ne: String(code) } }
      await writeLater({ updateOne: { filter, update: { $push: { codes: { code: String(code), at } as never } } } })
    },
    /**
     * Takes the newest code that is still good, so that nobody else uses it. It is kept elsewhere before it is gone from
     * here: a crash in between must not lose it.
     */
    async takeCode(id: string, notBefore: Date, keep: (code: string) => Promise<unknown>): Promise<string | undefined> {
      for (;;) {
        const [card] = await byId([id])
        const good = card?.codes.filter((c) => c.at >= notBefore).at(-1)
        if (!good) return undefined
        await keep(good.code)
        if (await this.dropCode(id, good.code)) return good.code
      }
    },
    /** False when it was not there any more. */
    async dropCode(id: string, code: string): Promise<boolean> {
      const { modifiedCount } = await model.updateOne(
        { _id: id, 'codes.code': code },
        { $pull: { codes: { code } }, $push: { spent: { $each: [code], $slice: -MOST_SPENT } } },
      )
      return modifiedCount > 0
    },
    async change(id: string, to: Partial<Pick<CardInstance, 'state' | 'context' | 'face'>>): Promise<void> {
      const isNewest = to.face !== undefined && { face: { $not: { $gt: to.face } } }
      await model.updateOne({ _id: id, ...isNewest }, { $set: to })
    },
    /** The open cards of somebody with one of these buttons, those that were written last first. */
    openWith: (personId: string, actions: readonly string[], now: Date) =>
      model
        .find({ personId, state: 'open', expiresAt: { $gt: now }, actions: { $in: [...actions] } })
        .sort({ face: -1, _id: 1 })
        .limit(10)
        .lean<CardInstance[]>(),
    openAbout: (subject: string) => model.find({ subject, state: 'open' }).sort({ _id: 1 }).lean<CardInstance[]>(),
  }
}
