import { reactive } from 'vue'
import { Refused, send, Unreachable } from './api.ts'
import { local } from './app.ts'

/** Something that could not be sent: kept in the browser, sent again under the same number, so that it happens once. */
export interface Pending {
  path: string
  body: { requestId: string }
  /** 周总结和计划 … */
  what: string
  /** A later one about the same takes its place. */
  about: string
}

type Settled = { ok: true; answer: unknown } | { ok: false; error: Refused }

export const pending = reactive({ list: [] as Pending[], sending: false })

const listeners = new Set<(one: Pending, result: Settled) => void>()
let key: string | undefined

const keep = () => key && (pending.list.length > 0 ? local.write(key, pending.list) : local.drop(key))

/** Takes up what this person left behind, and tries again whenever the line is back. */
export function startPending(personId: string): void {
  key = `${personId}/pending`
  pending.list = local.read<Pending[]>(key) ?? []
  addEventListener('online', () => void flush())
  addEventListener('visibilitychange', () => document.visibilityState === 'visible' && void flush())
  setInterval(() => pending.list.length > 0 && void flush(), 15_000)
  void flush()
}

export function onSettled(listener: (one: Pending, result: Settled) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/**
 * Posts now, or keeps it for later.
 * @returns the answer; undefined when it waits for the line
 * @throws Refused
 */
export async function sendOrKeep<T>(one: Pending): Promise<T | undefined> {
  try {
    return await send<T>('POST', one.path, one.body)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    pending.list = [...pending.list.filter((p) => p.about !== one.about), one]
    keep()
    return undefined
  }
}

export const forget = (about: string): void => {
  pending.list = pending.list.filter((p) => p.about !== about)
  keep()
}

async function flush(): Promise<void> {
  if (pending.sending) return
  pending.sending = true
  try {
    while (pending.list.length > 0) {
      const one = pending.list[0]!
      let result: Settled
      try {
        result = { ok: true, answer: await send('POST', one.path, one.body) }
      } catch (error) {
        if (!(error instanceof Refused)) return
        result = { ok: false, error }
      }
      pending.list = pending.list.filter((p) => p.body.requestId !== one.body.requestId)
      keep()
      for (const listener of listeners) listener(one, result)
    }
  } finally {
    pending.sending = false
  }
}
