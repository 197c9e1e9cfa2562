import { machineMs } from '../clock.ts'
import type { Db } from './connect.ts'

export interface LeaseClock {
  /** Milliseconds that all replicas on one database agree on, however wrong their machines' clocks are. Never goes back by itself. */
  now(): number
  /** Asks the database again; keeps what it has when there is no answer. */
  refresh(): Promise<void>
}

/** Below this the difference is the way to the database and back. */
const NOISE_MS = 50

/** Leases are compared between machines, so they are told by the one clock that all of them share: the database's. */
export async function leaseClock(db: Db): Promise<LeaseClock> {
  let offset = machineMs() - performance.now()
  async function refresh(): Promise<void> {
    const asked = performance.now()
    const { localTime } = (await db.db!.command({ hello: 1 })) as { localTime: Date }
    const halfway = (asked + performance.now()) / 2
    const found = localTime.getTime() - halfway
    if (Math.abs(found - offset) > NOISE_MS) offset = found
  }
  await refresh()
  return { now: () => Math.floor(performance.now() + offset), refresh }
}
