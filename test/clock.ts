import type { Clock } from '../src/clock.ts'

/** A clock that stands still until it is told. */
export function standingClock(start: string): Clock & { set(at: string): void; minute(): Promise<void> } {
  let now = new Date(start)
  const ticks = new Set<() => unknown>()
  return {
    now: () => new Date(now),
    everyMinute(tick) {
      ticks.add(tick)
      return () => void ticks.delete(tick)
    },
    set(at) {
      now = new Date(at)
    },
    async minute() {
      for (const tick of ticks) await tick()
    },
  }
}
