import type { Random } from './random.ts'

export type FaultName =
  | 'slow'
  | 'hang'
  | 'reset-before'
  | 'http-500'
  | 'busy'
  | 'rate-limit'
  | 'token-invalid'
  | 'reset-after'
  | 'hang-after'

/** What can go wrong with an API call, switchable at any time. Shares are of 1, drawn from the seeded random. */
export interface WecomFaults {
  /** Answers 503 to everything. To refuse connections see `WecomStandIn.refuseConnections`. */
  down: boolean
  /** Every answer waits so long, in real time. */
  slowMs: number
  /** Never answered, never done. */
  hangShare: number
  http500Share: number
  /** The connection breaks and nothing was done. */
  resetBeforeShare: number
  /** The call is done, then the connection breaks. */
  resetAfterShare: number
  /** The call is done and never answered. */
  hangAfterShare: number
  /** errcode -1. */
  busyShare: number
  /** errcode 45009. */
  rateLimitShare: number
  /** The token of the call is invalidated early: 40014 from then on. */
  tokenInvalidShare: number
  /** The caller's address as the platform sees it, when it is not on the allow-list: 60020. */
  untrustedIp: string | undefined
  /** The caller's address is blocked, `gettoken` included: 45009. */
  ipBanned: boolean
  /** Limits the shares and `next` to paths that match, e.g. /message\/send/. */
  only: RegExp | undefined
  /** Faults of the next calls that `only` covers, one each, before any share is drawn. */
  next: FaultName[]
  /** How often each fault struck. */
  readonly counts: Partial<Record<FaultName | 'down' | 'untrusted-ip' | 'ip-banned', number>>
}

export function newFaults(): WecomFaults {
  return {
    ...{ down: false, slowMs: 0, hangShare: 0, http500Share: 0, resetBeforeShare: 0, resetAfterShare: 0 },
    ...{ hangAfterShare: 0, busyShare: 0, rateLimitShare: 0, tokenInvalidShare: 0 },
    ...{ untrustedIp: undefined, ipBanned: false, only: undefined, next: [], counts: {} },
  }
}

/** Draws at most one fault for a call. */
export function drawFault(faults: WecomFaults, path: string, random: Random): FaultName | undefined {
  if (faults.only && !faults.only.test(path)) return undefined
  const planned = faults.next.shift()
  if (planned) return planned
  const shares: [FaultName, number][] = [
    ['hang', faults.hangShare],
    ['reset-before', faults.resetBeforeShare],
    ['http-500', faults.http500Share],
    ['busy', faults.busyShare],
    ['rate-limit', faults.rateLimitShare],
    ['token-invalid', faults.tokenInvalidShare],
    ['reset-after', faults.resetAfterShare],
    ['hang-after', faults.hangAfterShare],
  ]
  if (shares.every(([, share]) => share === 0)) return undefined
  let mark = random()
  for (const [name, share] of shares) {
    if (mark < share) return name
    mark -= share
  }
  return undefined
}

export function count(faults: WecomFaults, name: keyof WecomFaults['counts']): void {
  faults.counts[name] = (faults.counts[name] ?? 0) + 1
}
