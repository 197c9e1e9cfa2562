import type { Store } from './store.ts'

/** Version of the layout on disk. Raise it together with a step in `STEPS`. */
export const FORMAT_VERSION = 1

/** `STEPS[n]` brings a store of version n to n + 1, in the transaction that opens it. */
const STEPS: Record<number, (store: Store) => void> = {}

/** Brings an older store up to date and refuses a newer one; a store without a version is new. */
export function migrate(store: Store, found: number | undefined, steps = STEPS, target = FORMAT_VERSION): void {
  if (found === undefined) return
  if (found > target) {
    throw new Error(
      `the embedded database has format ${found}, newer than the ${target} this program knows; use the newer program or MONGODB_URI`,
    )
  }
  for (let version = found; version < target; version++) {
    const step = steps[version]
    if (!step) throw new Error(`the embedded database has format ${found}, which this program can no longer read`)
    step(store)
  }
}
