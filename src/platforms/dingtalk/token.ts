import type { Clock } from '../../clock.ts'

/** A secret that the platform lends for a while: an access token, a JS ticket. */
export interface Lent {
  value: string
  livesMs: number
}

export interface Tokens {
  /** The one in hand while it is fresh, otherwise a new one; many callers at once make one request. */
  get(): Promise<string>
  /** Forgets this value after the platform refused it. A value that was replaced meanwhile stays. */
  drop(value: string): void
}

/** Docs advise to refresh about ten minutes before the end (dingtalk.md §1.1). */
const MARGIN_MS = 10 * 60_000

/** @param borrow asks the platform; rejects when there is none to be had (nothing is cached then). */
export function createTokens(clock: Clock, borrow: () => Promise<Lent>): Tokens {
  let held: { value: string; until: number } | undefined
  let asking: Promise<string> | undefined

  async function ask(): Promise<string> {
    const askedAt = clock.now().getTime()
    const { value, livesMs } = await borrow()
    held = { value, until: askedAt + Math.max(livesMs - MARGIN_MS, livesMs / 2) }
    return value
  }

  return {
    async get() {
      if (held && clock.now().getTime() < held.until) return held.value
      asking ??= ask().finally(() => {
        asking = undefined
      })
      return asking
    },
    drop(value) {
      if (held?.value === value) held = undefined
    },
  }
}
