import type { Ctx } from '../src/context.ts'
import type { Db } from '../src/store/connect.ts'

const WRITES = [
  ...(['insertOne', 'insertMany', 'updateOne', 'updateMany', 'replaceOne'] as const),
  ...(['deleteOne', 'deleteMany', 'findOneAndUpdate', 'bulkWrite'] as const),
]
const READS = ['find', 'findOne', 'countDocuments', 'aggregate', 'distinct'] as const

/** Before a write is also after the one before; halfway through one of many rows, the first half is written. */
export type When = 'before' | 'halfway'

/** A command that writes, as the driver names it when it is watched. */
export const isWrite = ({ commandName }: { commandName: string }): boolean =>
  /^(insert|update|delete|findAndModify|bulkWrite)$/.test(commandName)

export interface Dying {
  /** How many there were of those that it could have died at. */
  writes(): number
  /** Resolves when it dies. */
  died: Promise<void>
}

/** Everything that a process asks of the database goes through here; from its n-th write on, nothing does. */
export function dieAt(db: Db, n: number, when: When): Dying {
  let writes = 0
  let dead = false
  let tellDeath = () => {}
  const died = new Promise<void>((resolve) => {
    tellDeath = resolve
  })
  const gone = () => {
    if (dead) throw new Error('killed')
  }
  /** @param some what of it is written when it dies halfway; undefined: it is of one piece */
  const lives = async (some: (() => Promise<unknown>) | undefined): Promise<void> => {
    gone()
    if ((when === 'halfway' && !some) || writes++ !== n) return
    dead = true
    tellDeath()
    if (when === 'halfway') await some!()
    gone()
  }
  for (const model of Object.values(db.models)) {
    const real = Object.getPrototypeOf(model.collection)
    const collection = model.collection as unknown as Record<string, unknown>
    for (const name of READS)
      collection[name] = function (...args: unknown[]) {
        gone()
        return real[name].apply(this, args)
      }
    for (const name of WRITES)
      collection[name] = async function (...args: unknown[]) {
        const [rows, ...rest] = args
        const half = Array.isArray(rows) && rows.length > 1 ? rows.slice(0, rows.length / 2) : undefined
        await lives(half && (() => real[name].call(this, half, ...rest)))
        return real[name].apply(this, args)
      }
  }
  const native = db.db!
  const command: typeof native.command = Object.getPrototypeOf(native).command
  native.command = async (asked, ...rest) => {
    const { insert, documents = [] } = asked as { insert?: string; documents?: object[] }
    if (insert === undefined) gone()
    else {
      const half = { ...asked, documents: documents.slice(0, documents.length / 2) }
      await lives(documents.length > 1 ? () => command.call(native, half, ...rest) : undefined)
    }
    return command.call(native, asked, ...rest)
  }
  return { writes: () => writes, died }
}

const CHANGES: ReadonlySet<string | symbol> = new Set(['change', 'add', 'file'])

/** The same context; in these stores the n-th change or addition is the last thing that happens. */
export function dyingStores(whole: Ctx, names: readonly (keyof Ctx)[], n: number): Ctx {
  let writes = 0
  const dying = (store: object): unknown =>
    new Proxy(store, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key)
        if (typeof value !== 'function' || !CHANGES.has(key)) return value
        return async (...args: unknown[]) => {
          if (writes++ >= n) throw new Error('killed')
          return value.apply(target, args)
        }
      },
    })
  return { ...whole, ...Object.fromEntries(names.map((name) => [name, dying(whole[name] as object)])) }
}

/** Runs a step until nothing kills it any more. @returns how often it died */
export async function untilItLives(step: (n: number) => Promise<unknown>): Promise<number> {
  for (let deaths = 0; ; deaths++) {
    const died = await step(deaths).then(
      () => false,
      (error) => /killed/.test(String(error)) || Promise.reject(error),
    )
    if (!died) return deaths
  }
}
