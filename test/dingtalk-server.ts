import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Clock } from '../src/clock.ts'
import { createDingtalk, type DingtalkConfig, type DingtalkDeps } from '../src/platforms/dingtalk/index.ts'
import type { Incoming } from '../src/platforms/port.ts'

export interface Asked {
  method: string
  /** Without the query. */
  path: string
  query: URLSearchParams
  headers: Record<string, string | string[] | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: each test looks at what it expects
  body: any
}

export interface Told {
  status?: number
  body: unknown
  /** Breaks the connection instead of answering. */
  hangUp?: boolean
  afterMs?: number
}

export const SECRET = 'app-secret-7f3a'

/** A few answers of the platform on loopback, written by each test; nothing is checked here. */
export async function startServer() {
  const asked: Asked[] = []
  const answers = new Map<string, Told | ((asked: Asked, n: number) => Told | undefined)>()
  const counts = new Map<string, number>()
  const sockets: WebSocket[] = []
  const waiting: ((socket: WebSocket) => void)[] = []
  let tokens = 0

  const defaults = (one: Asked): Told => {
    if (one.path === '/v1.0/oauth2/accessToken')
      return { body: { accessToken: `token-secret-${++tokens}`, expireIn: 7200 } }
    if (one.path === '/v1.0/gateway/connections/open')
      return { body: { endpoint: `ws://127.0.0.1:${port()}/connect`, ticket: `ticket-secret/${asked.length}` } }
    if (one.path === '/v1.0/card/instances/createAndDeliver')
      return {
        body: {
          success: true,
          result: { outTrackId: one.body.outTrackId, deliverResults: [{ success: true, carrierId: 'carrier' }] },
        },
      }
    if (one.path.startsWith('/v1.0/robot/'))
      return { body: { processQueryKey: 'pqk', invalidStaffIdList: [], flowControlledStaffIdList: [] } }
    if (one.path.startsWith('/v1.0/')) return { body: { success: true, result: true } }
    return { body: { errcode: 0, errmsg: 'ok', result: {} } }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const url = new URL(request.url!, 'http://x')
      const text = Buffer.concat(chunks).toString()
      const one: Asked = {
        method: request.method!,
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: text ? JSON.parse(text) : undefined,
      }
      asked.push(one)
      const n = (counts.get(one.path) ?? 0) + 1
      counts.set(one.path, n)
      const written = answers.get(one.path)
      const told = (typeof written === 'function' ? written(one, n) : written) ?? defaults(one)
      if (told.hangUp) return request.socket.destroy()
      setTimeout(() => {
        response.writeHead(told.status ?? 200, { 'content-type': 'application/json' })
        response.end(typeof told.body === 'string' ? told.body : JSON.stringify(told.body))
      }, told.afterMs ?? 0)
    })
  })
  const hub = new WebSocketServer({ server, autoPong: true })
  hub.on('connection', (socket) => {
    const next = waiting.shift()
    if (next) next(socket)
    else sockets.push(socket)
  })
  const port = () => (server.address() as AddressInfo).port
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    base: `http://127.0.0.1:${port()}`,
    asked,
    to: (path: string) => asked.filter((one) => one.path === path),
    /** What one path answers from now on; `undefined` from a function is the ordinary answer. */
    answer: (path: string, told: Told | ((asked: Asked, n: number) => Told | undefined)) =>
      void answers.set(path, told),
    usual: (path: string) => void answers.delete(path),
    /** The next connection that was not given out yet. */
    connection: () =>
      sockets.length > 0
        ? Promise.resolve(sockets.shift()!)
        : new Promise<WebSocket>((resolve) => void waiting.push(resolve)),
    connections: () => hub.clients.size,
    async stop() {
      for (const socket of hub.clients) socket.terminate()
      hub.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type Server = Awaited<ReturnType<typeof startServer>>

export function clockAt(iso: string): Clock & { set(iso: string): void } {
  let now = new Date(iso)
  return {
    now: () => now,
    everyMinute: () => () => {},
    set(next) {
      now = new Date(next)
    },
  }
}

export function startBot(
  server: { base: string },
  more: Partial<DingtalkConfig> = {},
  deps: Partial<DingtalkDeps> & { clock?: ReturnType<typeof clockAt> } = {},
) {
  const logged: string[] = []
  const write = (obj: object, msg: string) => void logged.push(`${msg} ${JSON.stringify(obj)}`)
  const clock = deps.clock ?? clockAt('2026-11-25T09:00:00+08:00')
  const bot = createDingtalk(
    {
      corpId: 'dingcorp',
      clientId: 'dingapp',
      clientSecret: SECRET,
      agentId: '42',
      mode: 'http',
      apiBase: server.base,
      oapiBase: server.base,
      publicBaseUrl: 'https://bot.example.com',
      ...more,
    },
    {
      log: { info: write, warn: write, error: write },
      times: {
        stream: { firstMs: 2, mostMs: 20, stableMs: 10_000, pingMs: 20, pongMs: 400, handshakeMs: 500, lingerMs: 200 },
        registerAgainMs: 2,
      },
      ...deps,
      clock,
    },
  )
  const received: Incoming[] = []
  return {
    bot,
    clock,
    logged,
    received,
    start: (receive?: (event: Incoming) => Promise<void>) =>
      bot.start(async (event) => {
        await receive?.(event)
        received.push(event)
      }),
  }
}
