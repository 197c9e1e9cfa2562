import type { Deadlines, DingtalkStandInOptions, Variants } from './options.ts'
import { defaultDeadlines, defaultVariants } from './options.ts'
import type { Random } from './random.ts'
import { createRandom } from './random.ts'

/** What every part of the stand-in shares. */
export interface Core {
  app: { corpId: string; clientId: string; clientSecret: string; agentId: string }
  /** Business time in milliseconds. */
  now(): number
  random: Random
  variants: Variants
  deadlines: Deadlines
  redeliverAfterMs: number
  /** What the bot did against the protocol, in order; empty for a well-behaved one. */
  violations: string[]
  violation(what: string): void
  /** Real time. Resolves early, with false, when the stand-in stops. */
  sleep(ms: number): Promise<boolean>
  /** Runs in real time, unless the returned function is called or the stand-in stops before. */
  after(ms: number, run: () => void): () => void
  /** Runs at stop. */
  onStop(end: () => void): void
  stop(): void
}

export function createCore(o: DingtalkStandInOptions): Core {
  const sleepers = new Map<NodeJS.Timeout, () => void>()
  const ends: (() => void)[] = []
  let stopped = false
  const violations: string[] = []
  return {
    app: { corpId: o.corpId, clientId: o.clientId, clientSecret: o.clientSecret, agentId: o.agentId },
    now: () => o.clock.now().getTime(),
    random: createRandom(o.seed ?? 1),
    variants: { ...defaultVariants, ...o.variants },
    deadlines: { ...defaultDeadlines, ...o.deadlines },
    redeliverAfterMs: o.redeliverAfterMs ?? 60_000,
    violations,
    violation(what) {
      violations.push(what)
      if (violations.length > 1_000) violations.shift()
    },
    sleep(ms) {
      if (stopped) return Promise.resolve(false)
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          sleepers.delete(timer)
          resolve(true)
        }, ms)
        sleepers.set(timer, () => resolve(false))
      })
    },
    after(ms, run) {
      const timer = setTimeout(() => {
        sleepers.delete(timer)
        run()
      }, ms)
      sleepers.set(timer, () => {})
      return () => {
        clearTimeout(timer)
        sleepers.delete(timer)
      }
    },
    onStop: (end) => void ends.push(end),
    stop() {
      stopped = true
      for (const [timer, wake] of sleepers) {
        clearTimeout(timer)
        wake()
      }
      sleepers.clear()
      for (const end of ends) end()
    },
  }
}

/** The platform's day and month are Beijing's. */
export function beijingDay(atMs: number): string {
  return new Date(atMs + 8 * 3_600_000).toISOString().slice(0, 10)
}
