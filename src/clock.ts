import nodeCron from 'node-cron'

/**
 * The only source of business time. Everything that asks what time it is, or wants to be woken, gets a `Clock`,
 * so that the sandbox can travel and tests need no sleeping.
 */
export interface Clock {
  now(): Date
  /** Calls `tick` at least once in every minute of this clock. Returns a function that stops it. */
  everyMinute(tick: () => unknown): () => void
}

/** The machine's clock; node-cron is the alarm, the ledger of slots (src/schedule) is the memory. */
export const systemClock: Clock = {
  now: () => new Date(),
  everyMinute(tick) {
    const task = nodeCron.schedule('* * * * *', () => tick(), { noOverlap: true, suppressMissedWarning: true })
    return () => void task.destroy()
  },
}

/**
 * Milliseconds of the machine's own clock: for leases and back-off, which are about processes and networks and
 * go on at their own pace when business time stands still or jumps.
 */
export const machineMs = (): number => Date.now()
