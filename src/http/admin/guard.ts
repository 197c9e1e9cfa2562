import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context } from 'koa'
import type { Clock } from '../../clock.ts'

/** So many wrong tokens from one address in a window, and nothing more is compared for it until the window is over. */
const MOST_WRONG = 10
const WINDOW_MS = 60_000
/** Addresses that are remembered; a flood from more than that is forgotten from the oldest on. */
const MOST_ADDRESSES = 1_000

export type Verdict = 'yes' | 'no' | 'too-many'
export type AdminGuard = (ctx: Context) => Verdict

/**
 * Whether a request carries ADMIN_TOKEN as a bearer token. Compared in constant time. Beyond ten wrong ones a minute from one
 * address also the right one is refused: otherwise guessing could go on.
 */
export function adminGuard(token: string, clock: Clock): AdminGuard {
  const wanted = digest(token)
  const wrong = new Map<string, { since: number; count: number }>()

  return (ctx) => {
    const address = ctx.req.socket.remoteAddress ?? ''
    const now = clock.now().getTime()
    const seen = wrong.get(address)
    const current = seen && now - seen.since >= 0 && now - seen.since < WINDOW_MS ? seen : undefined
    if (current && current.count >= MOST_WRONG) return 'too-many'
    const [scheme = '', given = ''] = ctx.get('authorization').split(' ')
    if (scheme.toLowerCase() === 'bearer' && timingSafeEqual(digest(given), wanted)) return 'yes'
    // Somebody without any token is not guessing: a browser that opens the address.
    if (given !== '') {
      wrong.delete(address)
      wrong.set(address, { since: current?.since ?? now, count: (current?.count ?? 0) + 1 })
      if (wrong.size > MOST_ADDRESSES) wrong.delete(wrong.keys().next().value!)
    }
    return 'no'
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
