import type { Model } from 'mongoose'
import { groupInserts, together } from './group-writes.ts'
import { readTogether } from './read-together.ts'

/** A row that is changed under a version check; `applied` remembers the outcome of the last events. */
export interface Versioned {
  _id: string
  rev: number
  applied: { event: string; outcome: string }[]
}

/** The outcome of a change: what the caller needs to answer, the same when the event comes again. Must survive JSON. */
export type Change<R, T> = { row: R; outcome: T } | { outcome: T }

const isIn = (change: Versioned['applied'][number], row: Versioned | null): boolean =>
  row?.applied.some((a) => a.event === change.event && a.outcome === change.outcome) ?? false

const OUTDATED = new Error('the row has changed meanwhile')
const isTaken = (written: Promise<void>): Promise<boolean> =>
  written.then(
    () => true,
    (error) => {
      if (error === OUTDATED) return false
      throw error
    },
  )

/** More than a draft is saved while one submission is being retried. */
const KEPT_EVENTS = 60

/**
 * Reading and changing rows one by one, exactly once per event: the version check keeps a concurrent change from being
 * overwritten (the decision is taken again on what is there then), a repeated event gets its first outcome.
 *
 * @param blank the row as it is before anything was written
 */
export function versioned<R extends Versioned>(model: Model<R>, blank: (id: string) => R | undefined) {
  const byId = readTogether(model, '_id')
  const get = async (id: string): Promise<R | undefined> => (await byId([id]))[0] ?? blank(id)

  const insert = groupInserts(model)
  /** Rejects with `OUTDATED` where another change was quicker. */
  const replace = together<R>(async (changed) => {
    const { matchedCount } = await model.collection.bulkWrite(
      changed.map((row) => ({
        replaceOne: { filter: { _id: row._id as never, rev: row.rev - 1 }, replacement: row as never },
      })),
      { ordered: false },
    )
    if (matchedCount === changed.length) return undefined
    const rows = await byId(changed.map((row) => row._id))
    return new Map(changed.flatMap((row, i) => (isIn(row.applied.at(-1)!, rows[i]!) ? [] : [[i, OUTDATED] as const])))
  })

  return {
    get,
    /** `undefined`: there is no such row and none can begin. */
    async change<T>(id: string, event: string, decide: (row: R) => Change<R, T>): Promise<T | undefined> {
      for (let attempt = 0; attempt < 20; attempt++) {
        const before = await get(id)
        if (!before) return undefined
        const known = before.applied.find((a) => a.event === event)
        if (known) return JSON.parse(known.outcome) as T
        const decided = decide(structuredClone(before))
        if (!('row' in decided)) return decided.outcome
        const applied = [...before.applied, { event, outcome: JSON.stringify(decided.outcome ?? null) }]
        const after = { ...decided.row, rev: before.rev + 1, applied: applied.slice(-KEPT_EVENTS) }
        if (before.rev === 0 ? await insert(after) : await isTaken(replace(after))) return decided.outcome
      }
      throw new Error(`${model.modelName} ${id} is changed too often at once`)
    },
  }
}
