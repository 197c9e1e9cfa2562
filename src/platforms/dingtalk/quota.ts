import type { Clock } from '../../clock.ts'

/** Calls of a free organisation per calendar month (dingtalk.md §1.5). */
export const FREE_MONTHLY_CALLS = 5_000

export interface QuotaOptions {
  clock: Clock
  /** What was counted before this process began. */
  initial?: { month: string; used: number }
  limit?: number
  /** `n` more calls were counted in `month` (`2026-11`), to be added to what is stored. Must not throw. */
  onCount?: (month: string, n: number) => unknown
  /** The count reached 80 or 100 percent of the limit: once each in a month. */
  onMark?: (percent: 80 | 100, month: string) => void
}

export interface Quota {
  count(n: number): void
  /** As this process knows it; the organisation's other apps share the same limit. */
  read(): { month: string; used: number; limit: number }
}

/** Counts the calls that the platform counts. The month is the platform's, in Beijing time. */
export function createQuota({ clock, initial, limit = FREE_MONTHLY_CALLS, onCount, onMark }: QuotaOptions): Quota {
  const thisMonth = () => beijingDay(clock.now()).slice(0, 7)
  let month = thisMonth()
  let used = initial?.month === month ? initial.used : 0

  function turn() {
    const now = thisMonth()
    if (now === month) return
    month = now
    used = 0
  }

  return {
    count(n) {
      turn()
      const before = used
      used += n
      onCount?.(month, n)
      for (const percent of [80, 100] as const) {
        const mark = (limit * percent) / 100
        if (before < mark && used >= mark) onMark?.(percent, month)
      }
    },
    read() {
      turn()
      return { month, used, limit }
    },
  }
}

/** `2026-11-25` in Beijing, where DingTalk lives; China has no summer time. */
export function beijingDay(at: Date): string {
  return new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 10)
}

export interface Pace {
  /** Waits for its turn; resolves false, without a turn, when that would take longer than `mostMs`. */
  turn(api: string, mostMs: number): Promise<boolean>
}

/**
 * At most `perWindow` calls of one API within `windowMs` (20 a second, dingtalk.md §1.4; the window is a little longer
 * than the platform's because calls bunch up on the way). Real time: the platform's limit does not travel with the sandbox.
 */
export function createPace(perWindow = 20, windowMs = 1_050): Pace {
  const recent = new Map<string, number[]>()
  return {
    async turn(api, mostMs) {
      const slots = recent.get(api) ?? []
      recent.set(api, slots)
      const now = performance.now()
      while (slots.length > 0 && slots[0]! <= now - windowMs) slots.shift()
      const at = slots.length < perWindow ? now : slots[slots.length - perWindow]! + windowMs
      if (at - now > mostMs) return false
      slots.push(at)
      if (at > now) await new Promise((resolve) => setTimeout(resolve, at - now))
      return true
    },
  }
}
