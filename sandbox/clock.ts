import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../src/clock.ts'

const MINUTE = 60_000
/** A long journey lets the rest of the process breathe this often, in real milliseconds. */
const BREATH_MS = 8

/** Business time of the sandbox: stands still or runs like the machine's, and travels forward. Never backwards. */
export interface TravelClock extends Clock {
  /**
   * Goes to an instant through every whole minute on the way: at each, every tick is awaited and then `settle`, so that
   * whatever is due happens at its own instant and in order. Journeys queue up; stops early when `signal` fires.
   *
   * @throws RangeError when the instant lies in the past of this clock
   */
  travelTo(target: Date, options?: { onMinute?: (at: Date) => void; signal?: AbortSignal }): Promise<void>
  /** Called after the ticks of every minute; awaited. */
  onSettle(settle: () => Promise<unknown>): () => void
  /** From now on time passes as on the machine. Until then, and after `hold`, it stands still. */
  run(): void
  hold(): void
  readonly running: boolean
  readonly travelling: boolean
}

export function createTravelClock(start: Date | string): TravelClock {
  /** Where time stands, or stood when it began to run. */
  let base = new Date(start).getTime()
  /** The machine's monotonic time at `base`; undefined while time stands still. */
  let anchor: number | undefined
  let journeys = 0
  let timer: NodeJS.Timeout | undefined
  let queue: Promise<unknown> = Promise.resolve()
  const ticks = new Set<() => unknown>()
  const settles = new Set<() => Promise<unknown>>()
  let wanted = false

  const nowMs = () => (anchor === undefined ? base : base + Math.floor(performance.now() - anchor))
  const minuteAfter = (ms: number) => Math.floor(ms / MINUTE) * MINUTE + MINUTE

  async function atMinute(): Promise<void> {
    for (const tick of [...ticks]) await tick()
    for (const settle of [...settles]) await settle()
  }

  /** One thing after the other: a journey never meets the alarm of a passing minute. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = queue.then(work)
    queue = mine.catch(() => {})
    return mine
  }

  function freeze(): void {
    base = nowMs()
    anchor = undefined
    clearTimeout(timer)
  }

  function flow(): void {
    if (!wanted || journeys > 0 || anchor !== undefined) return
    anchor = performance.now()
    setAlarm()
  }

  function setAlarm(): void {
    clearTimeout(timer)
    const now = nowMs()
    timer = setTimeout(
      () => {
        if (anchor === undefined) return
        void inTurn(async () => {
          if (anchor !== undefined) await atMinute()
        }).finally(() => {
          if (anchor !== undefined) setAlarm()
        })
        // A timer may fire a little early.
      },
      minuteAfter(now) - now + 2,
    )
    timer.unref()
  }

  return {
    now: () => new Date(nowMs()),
    everyMinute(tick) {
      ticks.add(tick)
      return () => void ticks.delete(tick)
    },
    onSettle(settle) {
      settles.add(settle)
      return () => void settles.delete(settle)
    },
    run() {
      wanted = true
      flow()
    },
    hold() {
      wanted = false
      freeze()
    },
    get running() {
      return wanted
    },
    get travelling() {
      return journeys > 0
    },
    travelTo(target, { onMinute, signal } = {}) {
      return inTurn(async () => {
        if (!(target.getTime() >= nowMs())) {
          throw new RangeError(`time only goes forward: it is ${new Date(nowMs()).toISOString()} already`)
        }
        journeys++
        freeze()
        try {
          let breath = performance.now()
          while (base < target.getTime() && !signal?.aborted) {
            base = Math.min(target.getTime(), minuteAfter(base))
            await atMinute()
            if (performance.now() - breath > BREATH_MS) {
              onMinute?.(new Date(base))
              await nextTurn()
              breath = performance.now()
            }
          }
        } finally {
          journeys--
          flow()
        }
      })
    },
  }
}
