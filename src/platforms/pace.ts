import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../clock.ts'

/** Real milliseconds since some start; only for the pace of network calls. */
export interface Pace {
  nowMs(): number
  sleep(ms: number): Promise<void>
}

/**
 * The machine's time, or the clock's wherever that runs faster: a token that ended because time was made to pass in the
 * sandbox is fetched without the wait that is meant for a storm.
 */
export function realPace(clock: Clock): Pace {
  let machine = performance.now()
  let business = clock.now().getTime()
  let passed = 0
  return {
    nowMs() {
      const [nowMachine, nowBusiness] = [performance.now(), clock.now().getTime()]
      passed += Math.max(nowMachine - machine, nowBusiness - business)
      machine = nowMachine
      business = nowBusiness
      return passed
    },
    sleep: (ms) => sleep(ms),
  }
}
