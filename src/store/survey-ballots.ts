import { randomBytes } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Schema } from 'mongoose'
import { createSeal, type Seal } from '../seal.ts'
import type { Db } from './connect.ts'

/**
 * One sealed envelope. Its id is a keyed hash of round and person, which makes it one a person without saying whose it is;
 * there is no time, and the content is sealed to one length. Half-filled ones are sealed as well (`done: false`).
 */
interface Ballot {
  _id: string
  round: string
  kind: BallotKind
  done: boolean
  body: string
}

export type BallotKind = 'answer' | 'comment'

/** Half of a round's key; the other half is the service's secret, which is not in the database. */
interface RoundKey {
  _id: string
  salt: string
  /** Tells a changed secret before anything is written under it. */
  check: string
}

const schema = new Schema<Ballot>(
  {
    _id: String,
    round: { type: String, required: true },
    kind: { type: String, required: true },
    done: { type: Boolean, required: true },
    body: { type: String, required: true },
  },
  { versionKey: false, strict: 'throw' },
)
schema.index({ round: 1, kind: 1, done: 1 })

const keySchema = new Schema<RoundKey>(
  { _id: String, salt: String, check: String },
  { versionKey: false, strict: 'throw' },
)

/** What lies in the box; `sealed` as it lies there, by which a change in between is seen. */
export interface InBox {
  done: boolean
  text: string
  sealed: string
}

export interface BallotBox {
  /** What somebody has put in so far, or undefined; `done` is final. */
  read(person: string, kind: BallotKind): Promise<InBox | undefined>
  /**
   * Puts something in. `false`: somebody's final one is there already, or another put came between `before` and this one.
   * @param before what `read` gave, to be replaced
   */
  put(person: string, kind: BallotKind, before: InBox | undefined, text: string, done: boolean): Promise<boolean>
}

const OPENED_AT_ONCE = 250

export type SurveyBallots = ReturnType<typeof surveyBallotStore>

/** The ballot boxes of running rounds. Nothing of them is left once a round is counted or ended (docs/surveys.md). */
export function surveyBallotStore(db: Db, secret: string) {
  const model = db.model<Ballot>('survey_ballots', schema, 'survey_ballots')
  const keys = db.model<RoundKey>('survey_keys', keySchema, 'survey_keys')
  const seals = new Map<string, Seal>()

  /** @throws Error when the service's secret is another one than when the round opened */
  async function sealOf(round: string): Promise<Seal | undefined> {
    const key = await keys.findById(round).lean<RoundKey>()
    if (!key) {
      seals.delete(round)
      return undefined
    }
    const known = seals.get(key.salt)
    if (known) return known
    const seal = createSeal(secret, key.salt)
    if (seal.tag('check') !== key.check)
      throw new Error(`SESSION_SECRET has changed while survey round ${round} is open: set the former value again`)
    seals.clear()
    seals.set(key.salt, seal)
    return seal
  }

  const idOf = (seal: Seal, round: string, person: string, kind: BallotKind) => seal.tag(`${kind}/${round}/${person}`)

  return {
    model,
    keys,
    /** Makes the key of a round; one that is there stays. */
    async openBox(round: string): Promise<void> {
      const salt = randomBytes(32).toString('base64url')
      const check = createSeal(secret, salt).tag('check')
      await keys.updateOne({ _id: round }, { $setOnInsert: { salt, check } }, { upsert: true })
    },
    /**
     * Undefined once the box has been emptied for good.
     * @param changeable whether a final one may be replaced: only where answers carry names
     */
    async box(round: string, changeable: boolean): Promise<BallotBox | undefined> {
      const seal = await sealOf(round)
      if (!seal) return undefined
      return {
        async read(person, kind) {
          const _id = idOf(seal, round, person, kind)
          const found = await model.findById(_id).lean<Ballot>()
          return found ? { done: found.done, text: seal.open(_id, found.body), sealed: found.body } : undefined
        },
        async put(person, kind, before, text, done) {
          const _id = idOf(seal, round, person, kind)
          const body = seal.seal(_id, text)
          if (!before) {
            try {
              await model.collection.insertOne({ _id, round, kind, done, body } as never)
              return true
            } catch (error) {
              if ((error as { code?: number }).code === 11000) return false
              throw error
            }
          }
          if (before.done && !changeable) return false
          // Each sealing is another text, so that what was replaced in between is no longer there.
          const { matchedCount } = await model.updateOne(
            { _id, done: before.done, body: before.sealed },
            { $set: { body, done: done || before.done } },
          )
          return matchedCount === 1
        },
      }
    },
    count: (round: string) => model.countDocuments({ round, kind: 'answer', done: true }),
    /** Which of these people have answered; asked while the round is open only. */
    async answeredBy(round: string, people: string[]): Promise<Set<string>> {
      const seal = await sealOf(round)
      if (!seal) return new Set()
      const ids = new Map(people.map((p) => [idOf(seal, round, p, 'answer'), p]))
      const answered = new Set<string>()
      const all = [...ids.keys()]
      for (let i = 0; i < all.length; i += 1000) {
        const found = await model
          .find({ _id: { $in: all.slice(i, i + 1000) }, done: true }, { _id: 1 })
          .lean<{ _id: string }[]>()
        for (const { _id } of found) answered.add(ids.get(_id)!)
      }
      return answered
    },
    /**
     * Two records are found to be one person: what lies in the box for `from` is `to`'s. A finished one comes before one that
     * is not; of two finished ones the other is thrown away unread, because one person answers once.
     */
    async join(round: string, from: string, to: string): Promise<void> {
      const seal = await sealOf(round)
      if (!seal) return
      for (const kind of ['answer', 'comment'] as const) {
        const [old, now] = [idOf(seal, round, from, kind), idOf(seal, round, to, kind)]
        const found = await model.findById(old).lean<Ballot>()
        if (!found) continue
        // Where answers carry names, the key stands inside as well.
        const body = seal.seal(now, seal.open(old, found.body).replaceAll(from, to))
        const there = await model.updateOne(
          { _id: now },
          { $setOnInsert: { round, kind, done: found.done, body } },
          { upsert: true },
        )
        if (there.upsertedCount === 0 && found.done)
          await model.updateOne({ _id: now, done: false }, { $set: { body, done: true } })
        await model.deleteOne({ _id: old })
      }
    },
    /** Opens every final envelope, for counting. Whose they are is not asked. */
    async openAll(round: string, kind: BallotKind): Promise<string[]> {
      const seal = await sealOf(round)
      if (!seal) return []
      const all = await model.find({ round, kind, done: true }).lean<Ballot[]>()
      const texts: string[] = []
      for (const [i, ballot] of all.entries()) {
        texts.push(seal.open(ballot._id, ballot.body))
        // Ten thousand at a stretch would keep everybody else waiting.
        if (i % OPENED_AT_ONCE === 0) await nextTurn()
      }
      return texts
    },
    /** Throws the key away first: what is left then is noise, even in a copy of the database. */
    async destroy(round: string): Promise<void> {
      await keys.deleteOne({ _id: round })
      await model.deleteMany({ round })
    },
  }
}
