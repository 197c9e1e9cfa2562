import DataLoader from 'dataloader'
import type { Model } from 'mongoose'

/** As many as one answer of the database brings at a time. */
const MOST_AT_ONCE = 1_000
/** Reads of one kind that are under way at a time; what is asked for meanwhile goes with the next one. */
const MOST_UNDER_WAY = 2

/**
 * Reads by a unique field. What is asked for in the same turn of the loop, and what is asked for while the database is answering,
 * is one read: two hundred messages that are made side by side ask once, and a list of people that is walked side by side
 * costs no more than one of them. Nothing is kept for later; who asked for the same document gets the same object, which
 * nobody may change.
 */
export function readTogether<T>(model: Model<T>, field: keyof T & string): (values: string[]) => Promise<(T | null)[]> {
  const loader = gathering<string, T | null>(async (wanted) => {
    const values = [...new Set(wanted)]
    const cursor = model.collection.find({ [field]: { $in: values } } as never).batchSize(values.length + 1)
    const found = new Map((await cursor.toArray()).map((row) => [row[field] as string, row as T]))
    return wanted.map((value) => found.get(value) ?? null)
  })
  return (values) => Promise.all(values.map((value) => loader.load(String(value))))
}

/** Reads of all that have one value of a field, in the order of `_id`: what is asked for at the same time is one read as well. */
export function readGroups<T extends { _id: string }>(
  model: Model<T>,
  field: keyof T & string,
  filter: Record<string, unknown>,
): (value: string) => Promise<T[]> {
  const loader = gathering<string, T[]>(async (wanted) => {
    const values = [...new Set(wanted)]
    const rows = (await model
      .find({ ...filter, [field]: { $in: values } } as never)
      .sort({ _id: 1 })
      .batchSize(MOST_AT_ONCE)
      .lean()) as unknown as T[]
    const groups = new Map<string, T[]>(values.map((v) => [v, []]))
    for (const row of rows) groups.get(row[field] as string)?.push(row)
    for (const group of groups.values()) Object.freeze(group)
    return wanted.map((value) => groups.get(value)!)
  })
  return (value) => loader.load(String(value))
}

/** A read of a whole: who asks for it at the same time shares the answer, which nobody may change. */
export function readOnce<T>(read: () => Promise<T>): () => Promise<T> {
  const loader = gathering<true, T>(async (asked) => {
    const answer = await read()
    return asked.map(() => answer)
  })
  return () => loader.load(true)
}

function gathering<K, V>(read: (wanted: readonly K[]) => Promise<V[]>): DataLoader<K, V> {
  let underWay = 0
  const waiting: (() => void)[] = []
  return new DataLoader<K, V>(
    async (wanted) => {
      try {
        return await read(wanted)
      } finally {
        underWay--
        waiting.shift()?.()
      }
    },
    {
      cache: false,
      maxBatchSize: MOST_AT_ONCE,
      batchScheduleFn(dispatch) {
        const begin = () => {
          underWay++
          dispatch()
        }
        if (underWay < MOST_UNDER_WAY) setImmediate(begin)
        else waiting.push(begin)
      },
    },
  )
}
