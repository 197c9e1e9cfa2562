import type { Clock } from '../../clock.ts'
import { type Pace, realPace } from '../pace.ts'

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

/** In any two of these at most two requests, so that one early end of a token costs no waiting. */
const APART_MS = 1_000
const MOST_BACK_OFF_MS = 60_000

/**
 * One request at a time whoever asks, never more than one a second on the whole; after a failure the answer comes from memory for
 * a while, longer each time, so that an outage is no stampede (reliability.md P4).
 *
 * @param borrow asks the platform; rejects when there is none to be had
 */
export function createTokens(clock: Clock, borrow: () => Promise<Lent>, pace: Pace = realPace(clock)): Tokens {
  let held: { value: string; until: number } | undefined
  let asking: Promise<string> | undefined
  let askedMs = Number.NEGATIVE_INFINITY
  let askedBeforeMs = Number.NEGATIVE_INFINITY
  let failed: { error: unknown; untilMs: number } | undefined
  let failures = 0

  async function ask(): Promise<string> {
    const waitMs = askedBeforeMs + 2 * APART_MS - pace.nowMs()
    if (waitMs > 0) await pace.sleep(waitMs)
    askedBeforeMs = askedMs
    askedMs = pace.nowMs()
    const askedAt = clock.now().getTime()
    try {
      const { value, livesMs } = await borrow()
      held = { value, until: askedAt + Math.max(livesMs - MARGIN_MS, livesMs / 2) }
      failed = undefined
      failures = 0
      return value
    } catch (error) {
      failed = { error, untilMs: pace.nowMs() + Math.min(MOST_BACK_OFF_MS, APART_MS * 2 ** failures++) }
      throw error
    }
  }

  return {
    async get() {
      if (held && clock.now().getTime() < held.until) return held.value
      if (failed && !asking && pace.nowMs() < failed.untilMs) throw failed.error
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
