import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MetaStore } from './meta.ts'

export interface Lock {
  /** @throws Error when the process is told to stop before it was its turn */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** Nobody waits any longer: the holder may be a dead process. Resolves when the lock is free of this one. */
  stop(): Promise<void>
}

/** How long a dead process keeps others out; a living one renews in good time. */
const LEASE_MS = 10_000
const RETRY_MS = 100

/**
 * Work that goes on once at a time, in this process and among all replicas; who comes meanwhile waits.
 *
 * @param leaseNow milliseconds that all replicas agree on
 */
export function createLock(meta: MetaStore, name: string, leaseNow: () => number): Lock {
  const _id = `lock/${name}`
  const stopping = new AbortController()
  let last: Promise<unknown> = Promise.resolve()

  /** Whether the lease is ours now: it was free, or its holder is dead. */
  async function take(holder: string): Promise<boolean> {
    const value = { holder, until: leaseNow() + LEASE_MS }
    try {
      const free = { _id, 'value.until': { $lt: leaseNow() } }
      const { matchedCount, upsertedCount } = await meta.model.updateOne(free, { $set: { value } }, { upsert: true })
      return matchedCount + upsertedCount > 0
    } catch (error) {
      // Held: the filter finds nothing, and there cannot be two of one id.
      if ((error as { code?: number }).code === 11000) return false
      throw error
    }
  }

  async function alone<T>(work: () => Promise<T>): Promise<T> {
    const holder = randomUUID()
    const mine = { _id, 'value.holder': holder }
    for (;;) {
      if (stopping.signal.aborted) throw new Error('the service is stopping')
      if (await take(holder)) break
      await sleep(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => {})
    }
    const renewing = setInterval(() => {
      meta.model.updateOne(mine, { $set: { 'value.until': leaseNow() + LEASE_MS } }).catch(() => {})
    }, LEASE_MS / 3)
    try {
      return await work()
    } finally {
      clearInterval(renewing)
      await meta.model.deleteOne(mine).catch(() => {})
    }
  }

  return {
    alone(work) {
      const turn = last.then(() => alone(work))
      last = turn.catch(() => {})
      return turn
    },
    async stop() {
      stopping.abort()
      await last
    },
  }
}
