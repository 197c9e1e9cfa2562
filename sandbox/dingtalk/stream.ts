import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Core } from './core.ts'
import type { Faults } from './faults.ts'
import { CALLBACK_TOPICS, type FrameHead, makeFrame, ROBOT_TOPIC, readAck } from './frames.ts'
import { isRecord, isText, parseJson } from './json.ts'
import { RawReply, refuse } from './refusal.ts'
import type { Route } from './server.ts'

const TICKET_LIFE_MS = 90_000

interface Subscription {
  type: 'EVENT' | 'CALLBACK'
  topic: string
}

interface Client {
  id: string
  socket: WebSocket
  subscriptions: Subscription[]
  /** After `disconnect` nothing is delivered any more. */
  leaving: boolean
}

export interface Push {
  type: 'EVENT' | 'CALLBACK'
  topic: string
  messageId: string
  data: unknown
  event?: Record<string, string>
  waitMs: number
}

export type PushResult = { kind: 'ack'; code: number; data: unknown } | { kind: 'none'; why: string }

export interface Stream {
  routes: Route[]
  attach(server: Server): void
  /** Resolves with the first valid answer, or `none` after `waitMs`. */
  push(push: Push): Promise<PushResult>
  clients(): number
  /** Resolves when a client takes robot messages. */
  connected(): Promise<void>
  /** Asks every client to echo now; true when all did in time. */
  ping(): Promise<boolean>
  drop(): void
  sendRaw(text: string): void
  disconnect(reason: string): void
}

interface Parts {
  core: Core
  faults: Faults
  /** Receiving mode chosen in the console. */
  isStreamMode(): boolean
  baseUrl(): string
}

/** The Stream gateway (dingtalk.md §2). */
export function createStream({ core, faults, isStreamMode, baseUrl }: Parts): Stream {
  const { app, random, deadlines } = core
  const appId = random.uuid()
  const tickets = new Map<string, { expiresAt: number; subscriptions: Subscription[] }>()
  const clients = new Set<Client>()
  const pending = new Map<string, { client: Client; settle(result: PushResult): void }>()
  let waiting: (() => void)[] = []
  const sockets = new WebSocketServer({ noServer: true, autoPong: false, maxPayload: 1024 * 1024 })

  const openRoute: Route = {
    method: 'POST',
    path: '/v1.0/gateway/connections/open',
    host: 'api',
    open: true,
    handle({ body, headers }) {
      if (body.clientId !== app.clientId || body.clientSecret !== app.clientSecret)
        throw refuse('authFailed', '鉴权失败')
      if (!isStreamMode()) throw refuse('param.error', '机器人的消息接收模式不是Stream模式')
      const subscriptions = readSubscriptions(body.subscriptions)
      const ticket = random.uuid()
      tickets.set(ticket, { expiresAt: core.now() + TICKET_LIFE_MS, subscriptions })
      const endpoint = `${baseUrl().replace('http', 'ws')}/connect`
      if (!/application\/json/i.test(headers.accept ?? ''))
        return new RawReply(
          200,
          'application/xml',
          `<response><endpoint>${endpoint}</endpoint><ticket>${ticket}</ticket></response>`,
        )
      return { endpoint, ticket }
    },
  }

  function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer) {
    const url = new URL(req.url ?? '/', 'http://stand-in')
    const ticket = url.searchParams.get('ticket') ?? ''
    const grant = tickets.get(ticket)
    tickets.delete(ticket)
    if (url.pathname !== '/connect' || !grant || core.now() > grant.expiresAt || faults.settings.down) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
      return
    }
    sockets.handleUpgrade(req, socket, head, (ws) => welcome(ws, grant.subscriptions))
  }

  function welcome(socket: WebSocket, subscriptions: Subscription[]) {
    const client: Client = { id: random.uuid(), socket, subscriptions, leaving: false }
    clients.add(client)
    socket.on('message', (data, isBinary) => {
      if (isBinary) core.violation('stream: binary frame')
      else hear(client, data.toString())
    })
    socket.on('ping', (data) => {
      if (!faults.settings.noPong) socket.pong(data)
      else faults.count('noPong')
    })
    socket.on('error', () => socket.terminate())
    socket.on('close', () => clients.delete(client))
    if (core.variants.systemFrames)
      for (const topic of ['CONNECTED', 'REGISTERED', 'KEEPALIVE']) send(client, system(client, topic), {})
    void heartbeat(client)
    if (takes(client, 'CALLBACK', ROBOT_TOPIC)) {
      for (const tell of waiting) tell()
      waiting = []
    }
  }

  function system(client: Client, topic: string): FrameHead {
    return {
      type: 'SYSTEM',
      topic,
      messageId: random.hex(16),
      connectionId: client.id,
      appId,
      timeMs: core.now(),
    }
  }

  function send(client: Client, head: FrameHead, data: unknown) {
    if (faults.settings.blackHole) faults.count('blackHole')
    else client.socket.send(makeFrame(head, data))
  }

  function hear(client: Client, text: string) {
    const ack = readAck(text)
    if (!ack.ok) {
      core.violation(`stream: ${ack.why}`)
      return
    }
    const open = pending.get(ack.messageId)
    if (!open) faults.count('lateAck')
    else if (open.client !== client) core.violation('stream: ack on another connection')
    else open.settle({ kind: 'ack', code: ack.code, data: ack.data })
  }

  async function ask(client: Client, head: FrameHead, data: unknown, waitMs: number): Promise<PushResult> {
    let cancel = () => {}
    const answer = new Promise<PushResult>((settle) => {
      pending.set(head.messageId, { client, settle })
      cancel = core.after(waitMs, () => settle({ kind: 'none', why: `no answer within ${waitMs} ms` }))
    })
    send(client, head, data)
    const result = await answer
    cancel()
    pending.delete(head.messageId)
    return result
  }

  async function pingOne(client: Client): Promise<boolean> {
    const opaque = random.uuid()
    const result = await ask(client, system(client, 'ping'), { opaque }, deadlines.pingAnswerMs)
    if (result.kind === 'none') return false
    if (result.code === 200 && isRecord(result.data) && result.data.opaque === opaque) return true
    core.violation('stream: ping answered with other data')
    return false
  }

  async function heartbeat(client: Client) {
    while ((await core.sleep(deadlines.pingEveryMs)) && clients.has(client) && !client.leaving) {
      if (await pingOne(client)) continue
      if (clients.has(client)) leave(client, 'persistent connection is timeout')
    }
  }

  function leave(client: Client, reason: string) {
    if (client.leaving) return
    send(client, system(client, 'disconnect'), { reason })
    client.leaving = true
    void core.sleep(deadlines.closeAfterDisconnectMs).then(() => client.socket.close(1000))
  }

  core.onStop(() => {
    for (const { settle } of pending.values()) settle({ kind: 'none', why: 'stopped' })
    for (const { socket } of clients) socket.terminate()
    sockets.close()
  })

  return {
    routes: [openRoute],
    attach: (server) => void server.on('upgrade', upgrade),
    async push({ type, topic, messageId, data, event, waitMs }) {
      const able = [...clients].filter((c) => !c.leaving && takes(c, type, type === 'EVENT' ? '*' : topic))
      if (able.length === 0) {
        await core.sleep(waitMs)
        return { kind: 'none', why: `nobody is connected for ${topic}` }
      }
      const client = random.pick(able)
      const head: FrameHead = { type, topic, messageId, connectionId: client.id, appId, timeMs: core.now(), event }
      return ask(client, head, data, waitMs)
    },
    clients: () => clients.size,
    connected: () =>
      [...clients].some((c) => takes(c, 'CALLBACK', ROBOT_TOPIC))
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push(resolve)),
    async ping() {
      const answers = await Promise.all([...clients].map(pingOne))
      return answers.every(Boolean)
    },
    drop() {
      for (const { socket } of clients) socket.terminate()
      clients.clear()
    },
    sendRaw(text) {
      for (const { socket } of clients) socket.send(text)
    },
    disconnect(reason) {
      for (const client of clients) leave(client, reason)
    },
  }
}

function takes(client: Client, type: string, topic: string): boolean {
  return client.subscriptions.some((s) => s.type === type && s.topic === topic)
}

function readSubscriptions(given: unknown): Subscription[] {
  if (!Array.isArray(given) || given.length === 0) throw refuse('param.invalid', 'subscriptions不能为空')
  return given.map((s) => {
    if (!isRecord(s) || !isText(s.topic)) throw refuse('param.invalid', 'subscriptions不合法')
    if (s.type === 'EVENT' && s.topic === '*') return { type: 'EVENT', topic: '*' }
    if (s.type === 'CALLBACK' && CALLBACK_TOPICS.includes(s.topic)) return { type: 'CALLBACK', topic: s.topic }
    throw refuse('param.invalid', `不支持的订阅：${String(s.type)} ${s.topic}`)
  })
}

/** Data of an answer as a robot or card callback must give it: `{"response": …}` (dingtalk.md §2.3). */
export function responseOf(data: unknown): { response: unknown } | undefined {
  const value = typeof data === 'string' ? parseJson(data) : data
  return isRecord(value) && 'response' in value ? { response: value.response } : undefined
}
