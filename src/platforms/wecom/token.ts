import type { Clock } from '../../clock.ts'
import { type Pace, realPace } from '../pace.ts'
import type { Failure } from './errors.ts'

export type Fetched =
  | { kind: 'ok'; value: string; lifeSeconds: number }
  /** `stop`: wrong secret and the like; asking again would get the IP blocked for an hour (wecom.md §3.5). */
  | { kind: 'failed'; failure: Failure; stop: boolean }

export type Got = { kind: 'ok'; value: string } | { kind: 'failed'; failure: Failure }

export type { Pace }

export interface TokenSource {
  get(): Promise<Got>
  /** Told by the platform that this value is no good: the next `get` fetches, unless somebody already has. */
  invalidate(value: string): void
  /** Why there is no value, while there is none. */
  problem(): string | undefined
}

export interface TokenOptions {
  fetch: () => Promise<Fetched>
  clock: Clock
  pace?: Pace
  /** Real time; in any two of these at most two fetches, so that one early end of a value costs no waiting. */
  minIntervalMs?: number
  /** False: within that time the caller is told to come later instead of being kept waiting. */
  waits?: boolean
}

const MARGIN_MS = 5 * 60_000
const TOO_OFTEN: Failure = { kind: 'later', reason: '获取过于频繁，稍后再试', afterMs: 0 }
const MAX_BACK_OFF_MS = 60_000
/** After `stop` it is tried this seldom, so that an app switched on again comes back without a restart. */
const STOPPED_MS = 60 * 60_000

/**
 * Holds one value that expires: the access token, or a ticket.
 *
 * One fetch at a time whoever asks; never more than one per `minIntervalMs` on the whole; failures back off up to a minute and are
 * answered at once from memory meanwhile, so that an outage is no stampede (reliability.md P4).
 */
export function createTokenSource(options: TokenOptions): TokenSource {
  const { fetch, clock, pace = realPace(clock), minIntervalMs = 1_000, waits = true } = options
  let held: { value: string; until: number } | undefined
  let running: Promise<Got> | undefined
  let lastFetchMs = Number.NEGATIVE_INFINITY
  let fetchBeforeMs = Number.NEGATIVE_INFINITY
  let failed: { failure: Failure; retryMs: number } | undefined
  let failures = 0

  async function refresh(): Promise<Got> {
    const waitMs = fetchBeforeMs + 2 * minIntervalMs - pace.nowMs()
    if (waitMs > 0 && !waits) return { kind: 'failed', failure: later(TOO_OFTEN, waitMs) }
    if (waitMs > 0) await pace.sleep(waitMs)
    fetchBeforeMs = lastFetchMs
    lastFetchMs = pace.nowMs()
    const fetched = await fetch()
    if (fetched.kind === 'ok') {
      const lifeMs = fetched.lifeSeconds * 1000
      held = { value: fetched.value, until: clock.now().getTime() + lifeMs - Math.min(MARGIN_MS, lifeMs / 2) }
      failed = undefined
      failures = 0
      return { kind: 'ok', value: fetched.value }
    }
    held = undefined
    const backOffMs = fetched.stop ? STOPPED_MS : Math.min(MAX_BACK_OFF_MS, minIntervalMs * 2 ** failures++)
    failed = { failure: fetched.failure, retryMs: pace.nowMs() + backOffMs }
    return { kind: 'failed', failure: later(fetched.failure, backOffMs) }
  }

  return {
    async get() {
      if (held && clock.now().getTime() < held.until) return { kind: 'ok', value: held.value }
      const waitMs = failed ? failed.retryMs - pace.nowMs() : 0
      if (failed && waitMs > 0 && !running) return { kind: 'failed', failure: later(failed.failure, waitMs) }
      running ??= refresh().finally(() => {
        running = undefined
      })
      return running
    },
    invalidate(value) {
      if (held?.value === value) held = undefined
    },
    problem() {
      if (!failed) return undefined
      return failed.failure.kind === 'refused'
        ? `${failed.failure.reason}：${failed.failure.advice}`
        : failed.failure.reason
    },
  }
}

/** Without a token nothing was sent, so whatever went wrong is not `unknown` for the caller's own call. */
function later(failure: Failure, afterMs: number): Failure {
  return failure.kind === 'refused'
    ? failure
    : { kind: 'later', reason: failure.reason, afterMs: Math.max(1, Math.ceil(afterMs)), outage: true }
}
