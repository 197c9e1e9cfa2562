/**
 * What WeCom drops or punishes, counted before it happens. All in the milliseconds of the injected clock.
 */

/** At most `limit` calls in any window; less for a while after the platform has complained all the same. */
export interface Meter {
  /** 0 and the call is counted, or how long to wait. */
  take(nowMs: number, calls?: number): number
  /** The platform said 45009: pause for its window, then go slower for half an hour than what it had let pass. */
  complained(nowMs: number): void
  /** The platform accepted a call. */
  accepted(): void
  /** Calls of the last minute, how many there may be now, and for how long there may be none. */
  read(nowMs: number): { used: number; limit: number; pausedMs: number }
}

const MINUTE_MS = 60_000
/** Calls do not arrive as evenly as they leave; so much may shift between our minute and theirs. */
const JITTER_MS = 400
const LONGEST_PAUSE_MS = 60 * MINUTE_MS
const SLOW_MS = 30 * MINUTE_MS
/** Of the limit. Fewer calls than this are not what it complains of: others' are, or the day's sum, and only waiting helps. */
const LEAST_SHARE = 0.1

/** An exact sliding minute: the call `limit` calls ago must be a minute old. 8 bytes a call. */
export function createMeter(perMinute: number): Meter {
  const times = new Float64Array(perMinute).fill(Number.NEGATIVE_INFINITY)
  let next = 0
  let slow = perMinute
  let slowUntil = Number.NEGATIVE_INFINITY
  let pausedUntil = Number.NEGATIVE_INFINITY
  let pauseMs = MINUTE_MS

  const limitAt = (nowMs: number) => (nowMs < slowUntil ? slow : perMinute)
  const timeOf = (callsAgo: number) => times[(next - callsAgo + perMinute) % perMinute]!

  function usedWithin(nowMs: number): number {
    let used = 0
    while (used < perMinute && timeOf(used + 1) > nowMs - MINUTE_MS) used++
    return used
  }

  return {
    take(nowMs, calls = 1) {
      // A clock that was set back: what lies in its future says nothing about its minute.
      if (timeOf(1) > nowMs + MINUTE_MS) times.fill(Number.NEGATIVE_INFINITY)
      if (pausedUntil > nowMs + LONGEST_PAUSE_MS) pausedUntil = nowMs
      if (slowUntil > nowMs + SLOW_MS) slowUntil = nowMs
      if (nowMs < pausedUntil) return pausedUntil - nowMs
      const oldest = timeOf(Math.max(1, limitAt(nowMs) - calls + 1))
      const waitMs = oldest + MINUTE_MS + JITTER_MS - nowMs
      if (waitMs > 0) return waitMs
      for (let i = 0; i < calls; i++) {
        times[next] = nowMs
        next = (next + 1) % perMinute
      }
      return 0
    },
    complained(nowMs) {
      if (nowMs < pausedUntil) return
      const used = usedWithin(nowMs)
      if (used >= perMinute * LEAST_SHARE) {
        slow = Math.floor(used * 0.9)
        slowUntil = nowMs + SLOW_MS
      }
      pausedUntil = nowMs + pauseMs
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
    },
    accepted() {
      pauseMs = MINUTE_MS
    },
    read: (nowMs) => ({ used: usedWithin(nowMs), limit: limitAt(nowMs), pausedMs: Math.max(0, pausedUntil - nowMs) }),
  }
}

/** Sees to it that one member gets no more than WeCom delivers. */
export interface MemberMeter {
  /** 0, or how long to wait before so many messages may go. */
  wait(userId: string, nowMs: number, messages: number): number
  add(userId: string, nowMs: number, messages: number): void
}

const CELLS = 1 << 16

/**
 * 30 a minute and 1,000 an hour for one member; WeCom drops the excess and still answers ok (wecom.md §3.4).
 *
 * Counted in a table of fixed size by a hash of the user id, so that a push to 100,000 people costs no memory of its
 * own. Two members in one cell are counted as one: that can delay a message when both get dozens in a minute, never
 * let one too many pass. Windows are counted in slots and end late rather than early.
 */
export function createMemberMeter(): MemberMeter {
  const minute = createSlots(30, 10_000, 7, (size) => new Uint8Array(size))
  const hour = createSlots(1000, 5 * MINUTE_MS, 13, (size) => new Uint16Array(size))
  return {
    wait(userId, nowMs, messages) {
      const cell = cellOf(userId)
      return Math.max(minute.wait(cell, nowMs, messages), hour.wait(cell, nowMs, messages))
    },
    add(userId, nowMs, messages) {
      const cell = cellOf(userId)
      minute.add(cell, nowMs, messages)
      hour.add(cell, nowMs, messages)
    },
  }
}

function createSlots<Table extends Uint8Array | Uint16Array>(
  limit: number,
  slotMs: number,
  slots: number,
  table: (size: number) => Table,
) {
  const tables = Array.from({ length: slots }, () => table(CELLS))
  let current = 0

  function moveTo(slot: number) {
    if (slot === current) return
    // Also a clock that was set back begins anew.
    const passed = slot > current ? Math.min(slot - current, slots) : slots
    for (let i = 0; i < passed; i++) tables[(((slot - i) % slots) + slots) % slots]!.fill(0)
    current = slot
  }

  return {
    wait(cell: number, nowMs: number, messages: number): number {
      moveTo(Math.floor(nowMs / slotMs))
      let used = 0
      for (const counts of tables) used += counts[cell]!
      if (used + messages <= limit) return 0
      // Slots leave oldest first; wait until enough of them have.
      for (let age = slots - 1; age > 0; age--) {
        used -= tables[(((current - age) % slots) + slots) % slots]![cell]!
        if (used + messages <= limit) return (current + slots - age) * slotMs - nowMs
      }
      return slots * slotMs
    },
    add(cell: number, nowMs: number, messages: number) {
      moveTo(Math.floor(nowMs / slotMs))
      tables[((current % slots) + slots) % slots]![cell]! += messages
    },
  }
}

/** FNV-1a; user ids differ in case only for show (wecom.md §9.1). */
function cellOf(userId: string): number {
  let value = 0x811c9dc5
  for (let i = 0; i < userId.length; i++) {
    const unit = userId.charCodeAt(i)
    value = Math.imul(value ^ (unit >= 65 && unit <= 90 ? unit + 32 : unit), 0x01000193)
  }
  return (value ^ (value >>> 16)) & (CELLS - 1)
}
