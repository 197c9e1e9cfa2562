import WebSocket from 'ws'
import { z } from 'zod'
import type { Log } from './api.ts'
import type { Answer } from './failure.ts'

export const ROBOT_TOPIC = '/v1.0/im/bot/messages/get'
export const CARD_TOPIC = '/v1.0/card/instances/callback'

/** A push as the handler sees it: the headers, and `data` parsed a second time. */
export interface Push {
  type: 'CALLBACK' | 'EVENT'
  headers: { topic: string; messageId: string; [name: string]: string | undefined }
  data: unknown
}

export interface StreamOptions {
  /** `connections/open` (dingtalk.md §2.1); a fresh ticket for every attempt. */
  open: () => Promise<Answer>
  /**
   * Stores what was pushed, then resolves with the data of the ack. `undefined`: nobody handles this topic. Rejecting
   * leaves a callback without an ack and answers LATER to an event: the platform sends it again (§2.6).
   */
  onPush: (push: Push) => Promise<object | undefined>
  /** What to tell an admin about a refused opening. */
  explain: (answer: Extract<Answer, { ok: false }>) => string
  log: Log
  times?: Partial<StreamTimes>
}

export interface StreamTimes {
  /** Back-off before the second, third... attempt: doubles from `firstMs` up to `mostMs`, with jitter. */
  firstMs: number
  mostMs: number
  /** A connection that lived so long was a good one: the back-off begins anew. */
  stableMs: number
  pingMs: number
  /** Nothing heard for so long after a ping: the connection is dead. */
  pongMs: number
  handshakeMs: number
  /** How long an old connection may still finish what it received. */
  lingerMs: number
}

export interface Stream {
  /** Resolves when the first attempt has succeeded or failed; goes on trying either way. */
  start(): Promise<void>
  /** Takes nothing new, acknowledges what is being received, closes. */
  stop(): Promise<void>
  status(): { ok: boolean; problem?: string }
}

const TIMES: StreamTimes = {
  firstMs: 1_000,
  mostMs: 60_000,
  stableMs: 10_000,
  pingMs: 15_000,
  pongMs: 10_000,
  handshakeMs: 10_000,
  lingerMs: 3_000,
}
/** So many times in a row a short-lived connection is replaced at once; then the back-off applies to `disconnect` too. */
const AT_ONCE = 3
/** Pushes are some kilobytes; a larger frame closes the connection (1009) and a new one is made. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024

const opened = z.object({ endpoint: z.string().regex(/^wss?:\/\//), ticket: z.string().min(1) })
const frame = z.object({
  type: z.string(),
  headers: z.object({ topic: z.string().catch(''), messageId: z.string().catch('') }).catchall(z.unknown()),
  data: z.unknown().optional(),
})

interface Connection {
  /** `leaving`: the platform is about to close it; `closed`: it is gone. Resolves once. */
  over: Promise<'leaving' | 'closed'>
  /** Closes when what is being received is acknowledged, after `lingerMs` at the latest. */
  finish(): Promise<void>
}

/**
 * Our own Stream client (dingtalk.md §2). Durable first: a push is acknowledged after `onPush` resolved. On `disconnect`
 * the next connection is opened before the old one is closed; a dead line is found by ws-level pings.
 */
export function createStream({ open, onPush, explain, log, times: given }: StreamOptions): Stream {
  const times = { ...TIMES, ...given }
  const stopping = new AbortController()
  const leftovers = new Set<Promise<void>>()
  let current: Connection | undefined
  let problem: string | undefined = '尚未连接钉钉'
  let running: Promise<void> | undefined

  async function connect(): Promise<Connection | undefined> {
    const answer = await open()
    if (!answer.ok) {
      problem = explain(answer)
      log.warn({ code: answer.failure.code, reason: answer.failure.message }, 'dingtalk stream refused')
      return undefined
    }
    const parsed = opened.safeParse(answer.data)
    if (!parsed.success) {
      problem = '钉钉 Stream 的答复无法识别'
      log.warn({}, 'dingtalk stream: no endpoint or ticket in the answer')
      return undefined
    }
    if (stopping.signal.aborted) return undefined
    const { endpoint, ticket } = parsed.data
    const url = `${endpoint}${endpoint.includes('?') ? '&' : '?'}ticket=${encodeURIComponent(ticket)}`
    try {
      return await dial(url)
    } catch (error) {
      problem = '无法建立钉钉 Stream 连接，请确认服务器可访问 wss-open-connection.dingtalk.com:443'
      // The message may quote the address with its ticket.
      log.warn({ code: (error as { code?: string }).code ?? 'handshake' }, 'dingtalk stream not connected')
      return undefined
    }
  }

  function dial(url: string): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, { maxPayload: MAX_FRAME_BYTES, handshakeTimeout: times.handshakeMs })
      const giveUp = () => socket.terminate()
      stopping.signal.addEventListener('abort', giveUp)
      const busy = new Set<Promise<void>>()
      let end: (how: 'leaving' | 'closed') => void
      const over = new Promise<'leaving' | 'closed'>((settle) => {
        end = settle
      })
      const closed = new Promise<void>((settle) => {
        socket.once('close', () => settle())
      })
      let heardAt = 0
      let watch: NodeJS.Timeout | undefined

      socket.once('open', () => {
        // From here on `finish` closes it, after the acks.
        stopping.signal.removeEventListener('abort', giveUp)
        let deadline: NodeJS.Timeout | undefined
        watch = setInterval(() => {
          const askedAt = performance.now()
          socket.ping()
          deadline ??= setTimeout(() => {
            deadline = undefined
            if (heardAt < askedAt) socket.terminate()
          }, times.pongMs)
        }, times.pingMs)
        socket.once('close', () => clearTimeout(deadline))
        resolve({ over, finish })
      })
      socket.on('pong', () => {
        heardAt = performance.now()
      })
      socket.on('message', (bytes: Buffer) => {
        heardAt = performance.now()
        // After stop: nothing new. Without an ack the platform sends it again, to whoever is connected then.
        if (stopping.signal.aborted) return
        const work = receive(socket, bytes, () => end('leaving')).catch((error) =>
          log.error({ err: String(error) }, 'dingtalk stream: frame not handled'),
        )
        busy.add(work)
        void work.finally(() => busy.delete(work))
      })
      socket.on('error', (error) => {
        log.warn({ code: (error as { code?: string }).code ?? 'socket' }, 'dingtalk stream socket error')
        reject(error)
        socket.terminate()
      })
      socket.once('close', () => {
        stopping.signal.removeEventListener('abort', giveUp)
        clearInterval(watch)
        reject(new Error('closed during the handshake'))
        end('closed')
      })

      let finishing: Promise<void> | undefined
      const finish = () => {
        finishing ??= finishNow()
        return finishing
      }
      async function finishNow() {
        const late = setTimeout(() => socket.terminate(), times.lingerMs)
        await Promise.race([Promise.all(busy), closed])
        socket.close(1000)
        await closed
        clearTimeout(late)
      }
    })
  }

  async function receive(socket: WebSocket, bytes: Buffer, onLeaving: () => void): Promise<void> {
    const parsed = frame.safeParse(parseJson(bytes.toString('utf8')))
    if (!parsed.success) {
      log.warn({ bytes: bytes.length }, 'dingtalk stream: a frame that cannot be read')
      return
    }
    const { type, headers, data } = parsed.data
    const answer = (code: number, message: string, body: string) => {
      if (socket.readyState !== WebSocket.OPEN) return
      const head = { messageId: headers.messageId, contentType: 'application/json' }
      socket.send(JSON.stringify({ code, message, headers: head, data: body }))
    }
    if (type === 'SYSTEM') {
      if (headers.topic === 'ping') answer(200, 'OK', typeof data === 'string' ? data : JSON.stringify(data ?? {}))
      if (headers.topic === 'disconnect') onLeaving()
      return
    }
    if (type !== 'CALLBACK' && type !== 'EVENT') return
    try {
      const push = {
        type,
        headers: headers as Push['headers'],
        data: typeof data === 'string' ? parseJson(data) : data,
      }
      const body = await onPush(push as Push)
      if (body) answer(200, 'OK', JSON.stringify(body))
      else answer(404, 'no handler', '{}')
    } catch (error) {
      log.error({ err: String(error), messageId: headers.messageId }, 'dingtalk stream: push not stored')
      if (type === 'EVENT') answer(200, 'OK', JSON.stringify({ status: 'LATER', message: 'not stored' }))
    }
  }

  async function run(firstAttempt: () => void): Promise<void> {
    let shortLived = 0
    while (!stopping.signal.aborted) {
      const previous = current
      const next = await connect()
      if (next) {
        current = next
        problem = undefined
      }
      firstAttempt()
      if (previous && next) retire(previous)
      if (stopping.signal.aborted) break
      const since = performance.now()
      const how = next ? await next.over : 'failed'
      if (stopping.signal.aborted) break
      if (how === 'closed') current = undefined
      if (how !== 'failed') {
        problem = '钉钉 Stream 连接已断开，正在重连'
        log.info({ how }, 'dingtalk stream: connecting again')
      }
      shortLived = how !== 'failed' && performance.now() - since >= times.stableMs ? 0 : shortLived + 1
      const step = how === 'leaving' ? shortLived - AT_ONCE : Math.max(shortLived, 1)
      if (step > 0) await pause(backoffMs(step, times), stopping.signal)
    }
  }

  function retire(old: Connection) {
    const done = old.finish()
    leftovers.add(done)
    void done.finally(() => leftovers.delete(done))
  }

  return {
    start: () =>
      new Promise((resolve) => {
        running ??= run(resolve)
      }),
    async stop() {
      stopping.abort()
      if (current) retire(current)
      await running
      if (current) retire(current)
      current = undefined
      problem = '已停止'
      await Promise.all(leftovers)
    },
    status: () => (problem === undefined ? { ok: true } : { ok: false, problem }),
  }
}

/** Wait before attempt `step` + 1: between half and the whole of a doubling time, never more than `mostMs`. */
export function backoffMs(
  step: number,
  { firstMs, mostMs }: Pick<StreamTimes, 'firstMs' | 'mostMs'>,
  random = Math.random,
): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(step - 1, 30))
  return whole / 2 + (random() * whole) / 2
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
