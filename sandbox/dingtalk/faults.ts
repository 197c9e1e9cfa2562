import type { Random } from './random.ts'

/** Shares are of 1; everything may be changed while the stand-in runs. Chances come from the seed. */
export interface FaultSettings {
  /** Only paths that match; all when undefined. */
  only: RegExp | undefined
  /** Connections are cut as they come, open ones at once. */
  down: boolean
  slowMs: number
  /** No answer ever. */
  hangShare: number
  http500Share: number
  /** The connection is cut before anything is done. */
  resetBeforeShare: number
  /** It is done, and then the connection is cut. */
  resetAfterShare: number
  /** `system.busy` / -1. */
  busyShare: number
  /** Throttled although the figures are kept. */
  qpsShare: number
  /** Scopes the app does not have, e.g. `Card.Instance.Write`. */
  deniedScopes: Set<string>
  ipNotInWhitelist: boolean
  /** The monthly API quota is used up. */
  apiQuotaGone: boolean
  /** Inbound robot messages come without their text, errCode 20001. */
  webhookQuotaGone: boolean
  /** The IP is banned for five minutes: no error body but a page (§1.4). */
  banned: false | 'html' | 'json'
  /** People whom the robot may not write to just now. */
  flowControlled: Set<string>
  /** Share of acknowledged pushes that come once more. */
  duplicateShare: number
  /** WebSocket pings stay unanswered. */
  noPong: boolean
  /** Frames are sent to nobody: the connection looks alive and is dead. */
  blackHole: boolean
}

export interface DingtalkFaults extends FaultSettings {
  /** How often each fault struck. */
  readonly counts: Record<string, number>
  /** Every token is invalid from now on. */
  invalidateTokens(): void
  /** Cuts every Stream connection without a word. */
  dropSockets(): void
  /** A frame that is no JSON. */
  sendGarbage(): void
  /** A frame of that many bytes. */
  sendHuge(bytes: number): void
  /** `disconnect`: nothing more is delivered, the socket is closed after a while. */
  disconnect(reason?: string): void
}

export interface Faults {
  settings: FaultSettings
  counts: Record<string, number>
  /** True when this fault strikes this path now; counted. */
  strikes(fault: 'hang' | 'http500' | 'resetBefore' | 'resetAfter' | 'busy' | 'qps', path: string): boolean
  count(fault: string): void
}

export function createFaults(random: Random): Faults {
  const settings: FaultSettings = {
    only: undefined,
    down: false,
    slowMs: 0,
    hangShare: 0,
    http500Share: 0,
    resetBeforeShare: 0,
    resetAfterShare: 0,
    busyShare: 0,
    qpsShare: 0,
    deniedScopes: new Set(),
    ipNotInWhitelist: false,
    apiQuotaGone: false,
    webhookQuotaGone: false,
    banned: false,
    flowControlled: new Set(),
    duplicateShare: 0,
    noPong: false,
    blackHole: false,
  }
  const counts: Record<string, number> = {}
  const count = (fault: string) => {
    counts[fault] = (counts[fault] ?? 0) + 1
  }
  return {
    settings,
    counts,
    count,
    strikes(fault, path) {
      if (settings.only && !settings.only.test(path)) return false
      if (!random.chance(settings[`${fault}Share`])) return false
      count(fault)
      return true
    },
  }
}
