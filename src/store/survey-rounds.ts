import { Schema } from 'mongoose'
import type { Survey } from '../domain/survey.ts'
import type { Draw } from '../domain/survey-sample.ts'
import type { Db } from './connect.ts'

/** What the kitchen, or whoever is asked, says about the lowest dimension (features.md B11). */
export interface Improvement {
  dimension: string
  label: string
  text?: string
  by?: string
  at?: Date
}

/**
 * `counting`: closed, not counted yet. `too-few`: under the threshold, HR decides; the answers stay sealed. `unread`: HR let
 * it end there, nobody will ever read them. `closed`: counted, results out.
 */
export type RoundState = 'open' | 'counting' | 'too-few' | 'unread' | 'closed' | 'refused'

/** One round of a survey, with the survey as it was when it opened: an edit of the settings is for the next round. */
export interface Round {
  /** `<survey>/<period>` */
  _id: string
  surveyId: string
  period: string
  survey: Survey
  opensAt: Date
  closesAt: Date
  state: RoundState
  /** How many belong to the audience, and how many of them were drawn. */
  diners: number
  asked: number
  /** Known once it is counted. */
  answers?: number
  /** How HR ended a round with too few answers. */
  decided?: { how: 'extended' | 'carried' | 'excused'; by: string; at: Date }
  improvement?: Improvement
  rev: number
  applied: { event: string; outcome: string }[]
}

interface DrawRow extends Draw {
  _id: string
  surveyId: string
  at: Date
}

const Mixed = Schema.Types.Mixed
const schema = new Schema<Round>(
  {
    _id: String,
    surveyId: { type: String, required: true },
    period: { type: String, required: true },
    survey: { type: Mixed, required: true },
    opensAt: Date,
    closesAt: Date,
    state: { type: String, required: true },
    diners: Number,
    asked: Number,
    answers: Number,
    decided: Mixed,
    improvement: Mixed,
    rev: { type: Number, default: 0 },
    applied: { type: [Mixed] as never, default: [] },
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
schema.index({ state: 1, closesAt: 1 })
schema.index({ surveyId: 1, opensAt: -1 })

const drawSchema = new Schema<DrawRow>(
  {
    _id: String,
    surveyId: { type: String, required: true },
    at: Date,
    seed: String,
    rule: Mixed,
    candidates: [String],
    resting: [String],
    last: [String],
    chosen: [String],
    restingAfter: [String],
  },
  { versionKey: false, minimize: false, strict: 'throw' },
)
drawSchema.index({ surveyId: 1, at: -1 })

const askSchema = new Schema<{ _id: string; round: string; person: string }>(
  { _id: String, round: { type: String, required: true }, person: { type: String, required: true } },
  { versionKey: false, strict: 'throw' },
)
askSchema.index({ round: 1, person: 1 }, { unique: true })
askSchema.index({ person: 1 })

const KEPT_EVENTS = 20

export type RoundChange<T> = { round: Round; outcome: T } | { outcome: T }

export type SurveyRounds = ReturnType<typeof surveyRoundStore>

/** Rounds, whom each asks, and how they were drawn. Nothing here knows who answered. */
export function surveyRoundStore(db: Db) {
  const model = db.model<Round>('survey_rounds', schema, 'survey_rounds')
  const draws = db.model<DrawRow>('survey_draws', drawSchema, 'survey_draws')
  const asks = db.model('survey_asks', askSchema, 'survey_asks')
  const get = (id: string) => model.findById(String(id)).lean<Round>()

  return {
    model,
    get,
    open: () => model.find({ state: 'open' }).sort({ opensAt: 1, _id: 1 }).lean<Round[]>(),
    inState: (state: RoundState) => model.find({ state }).sort({ opensAt: 1, _id: 1 }).lean<Round[]>(),
    /** Newest first. */
    ofSurvey: (surveyId: string, most = 12) =>
      model.find({ surveyId }).sort({ opensAt: -1 }).limit(most).lean<Round[]>(),
    recent: (most = 10) => model.find().sort({ opensAt: -1 }).limit(most).lean<Round[]>(),
    /** The one that was there first stays. */
    async create(round: Round): Promise<Round> {
      const { _id, ...rest } = round
      await model.updateOne({ _id }, { $setOnInsert: rest }, { upsert: true })
      return (await get(_id))!
    },
    /** Exactly once per event, like `weeks.change`. @returns undefined when there is no such round */
    async change<T>(id: string, event: string, decide: (round: Round) => RoundChange<T>): Promise<T | undefined> {
      for (let attempt = 0; attempt < 20; attempt++) {
        const before = await get(id)
        if (!before) return undefined
        const known = before.applied.find((a) => a.event === event)
        if (known) return JSON.parse(known.outcome) as T
        const decided = decide(structuredClone(before))
        if (!('round' in decided)) return decided.outcome
        const after = {
          ...decided.round,
          rev: before.rev + 1,
          applied: [...before.applied, { event, outcome: JSON.stringify(decided.outcome) }].slice(-KEPT_EVENTS),
        }
        const { matchedCount } = await model.collection.replaceOne(
          { _id: id as never, rev: before.rev },
          after as never,
        )
        if (matchedCount === 1) return decided.outcome
      }
      throw new Error(`survey round ${id} is changed too often at once`)
    },
    draw: (round: string) => draws.findById(round).lean<DrawRow>(),
    /** The draw of the round before: whom it leaves resting. */
    lastDraw: (surveyId: string, notRound: string) =>
      draws
        .findOne({ surveyId, _id: { $ne: notRound } })
        .sort({ at: -1 })
        .lean<DrawRow>(),
    /** The first draw of a round stays: a second run asks the same people. */
    async keepDraw(round: string, surveyId: string, at: Date, draw: Draw): Promise<Draw> {
      await draws.updateOne({ _id: round }, { $setOnInsert: { surveyId, at, ...draw } }, { upsert: true })
      return (await draws.findById(round).lean<DrawRow>())!
    },
    /** Notes whom a round asks; the same again is no change. */
    async ask(round: string, people: string[]): Promise<void> {
      for (let i = 0; i < people.length; i += 1000) {
        await asks.bulkWrite(
          people.slice(i, i + 1000).map((person) => {
            const _id = `${round}/${person}`
            return { updateOne: { filter: { _id }, update: { $setOnInsert: { round, person } }, upsert: true } }
          }) as never,
          { ordered: false },
        )
      }
    },
    isAsked: async (round: string, person: string): Promise<boolean> =>
      (await asks.exists({ _id: `${round}/${person}` })) !== null,
    asked: async (round: string): Promise<string[]> =>
      (await asks.find({ round }, { person: 1 }).sort({ person: 1 }).lean<{ person: string }[]>()).map((a) => a.person),
    /** Forgets whom rounds that closed before an instant asked, and how they were drawn. @returns the rounds */
    async forget(before: Date): Promise<string[]> {
      const old = await model
        .find({ closesAt: { $lt: before }, state: { $nin: ['open', 'counting'] } }, { _id: 1 })
        .lean()
      const rounds = old.map((r) => r._id)
      await draws.deleteMany({ _id: { $in: rounds } })
      await asks.deleteMany({ round: { $in: rounds } })
      return rounds
    },
    roundsAsking: async (person: string): Promise<string[]> =>
      (await asks.find({ person }, { round: 1 }).lean<{ round: string }[]>()).map((a) => a.round),
  }
}
