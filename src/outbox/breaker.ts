import type { Platform, SendResult, UpdateResult } from '../platforms/port.ts'

export interface Breaker {
  /** 0: may be tried now, and the outcome is to be noted. Otherwise how long to wait. */
  ask(): number
  note(result: SendResult | UpdateResult): void
  /** How long nothing will be tried, without claiming the next try; 0 while all is well. */
  heldMs(): number
  isOpen(): boolean
}

export interface BreakerOptions {
  /** Milliseconds of the machine. */
  nowMs(): number
  /** Called when the platform takes messages again. */
  onClose?(): void
  /** So many calls in a row without an answer are an outage. */
  threshold?: number
  /** Between two tries during an outage; doubles from the first to the most. */
  firstMs?: number
  mostMs?: number
}

/**
 * Keeps an outage of a platform from costing every message its own tries: after a few calls without an answer, or one refusal that
 * is everybody's, a single message now and then finds out whether it is over, and the rest waits without being counted as tried
 * (reliability.md P1).
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const { nowMs, onClose, threshold = 5, firstMs = 1_000, mostMs = 30_000 } = options
  let misses = 0
  let open: { tryAt: number; waitMs: number; trying: boolean } | undefined

  return {
    ask() {
      if (!open) return 0
      const left = open.tryAt - nowMs()
      if (open.trying || left > 0) return Math.max(left, 50)
      open.trying = true
      return 0
    },
    note(result) {
      const everybodys = 'outage' in result && result.outage === true
      if (result.kind === 'later' && result.untried) {
        // Our own pace held it back, so that it says nothing of the platform.
        if (open?.trying) Object.assign(open, { trying: false, tryAt: nowMs() + result.afterMs })
        return
      }
      if (result.kind !== 'unknown' && !everybodys) {
        misses = 0
        if (!open) return
        open = undefined
        onClose?.()
        return
      }
      misses++
      if (open?.trying) {
        const waitMs = Math.min(mostMs, open.waitMs * 2)
        open = { tryAt: nowMs() + waitMs, waitMs, trying: false }
      } else if (!open && (misses >= threshold || result.kind === 'refused'))
        open = { tryAt: nowMs() + firstMs, waitMs: firstMs, trying: false }
    },
    isOpen: () => open !== undefined,
    heldMs: () => (open ? Math.max(0, open.tryAt - nowMs()) : 0),
  }
}

/** The platform as the outbox uses it: what goes to people asks the breaker first, and tells it what came of it. */
export function withBreaker(platform: Platform, breaker: Breaker): Platform {
  const tried = async <T extends SendResult | UpdateResult>(go: () => Promise<T>): Promise<T | SendResult> => {
    const afterMs = breaker.ask()
    if (afterMs > 0) return { kind: 'later', reason: '平台暂不可用，恢复后自动发送', afterMs, outage: true }
    try {
      const result = await go()
      breaker.note(result)
      return result
    } catch (error) {
      // A bug of ours: it was tried, and says nothing of the platform.
      breaker.note({ kind: 'later', reason: '', afterMs: 0, untried: true })
      throw error
    }
  }
  return {
    ...platform,
    send: (delivery) => tried(() => platform.send(delivery)),
    update: (update) => tried(() => platform.update(update)),
    reply: (chat, id, text) => tried(() => platform.reply(chat, id, text)),
  }
}
