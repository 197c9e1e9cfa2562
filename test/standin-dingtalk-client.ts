import WebSocket from 'ws'
import type { Deadlines } from '../sandbox/dingtalk/options.ts'
import {
  type DingtalkStandIn,
  type DingtalkStandInOptions,
  startDingtalkStandIn,
} from '../sandbox/dingtalk/stand-in.ts'

/** A hand-made client of the stand-in, so that its tests rest on nothing of the bot. */
export interface Frame {
  type: string
  headers: Record<string, string>
  data: string
}

export const CLIENT_ID = 'ding-client'
export const CLIENT_SECRET = 'ding-secret'
export const CORP_ID = 'dingcorp'
export const FORM_TEMPLATE = 'form-template.schema'
export const AI_TEMPLATE = '382e4302-551d-4880-bf29-a30acfab2e71.schema'
export const ROBOT = '/v1.0/im/bot/messages/get'
export const CARDS = '/v1.0/card/instances/callback'
export const GROUP = 'cidGroupOne=='

const ends: (() => unknown)[] = []

/** Ends everything a test started, newest first. */
export async function stopAll(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end()
}

export function atEnd(end: () => unknown): void {
  ends.push(end)
}

export function makeClock(at = '2026-11-20T09:00:00+08:00') {
  let now = new Date(at)
  return {
    now: () => now,
    set: (next: string) => {
      now = new Date(next)
    },
    forward: (seconds: number) => {
      now = new Date(now.getTime() + seconds * 1000)
    },
  }
}

/** For tests that withhold an answer; all others are patient, so that a busy machine fails none. */
export const impatient = { redeliverAfterMs: 60, deadlines: { ackMs: 40, clickMs: 60, httpMs: 60 } }

type Options = Partial<Omit<DingtalkStandInOptions, 'deadlines'>> & { deadlines?: Partial<Deadlines> }

export async function startWorld(more: Options = {}) {
  const clock = makeClock()
  const standIn = await startDingtalkStandIn({
    clock,
    corpId: CORP_ID,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    agentId: '3001',
    formTemplateId: FORM_TEMPLATE,
    people: [
      { userId: 'zhao', name: '赵敏', departments: ['生产部', '一车间'], title: '操作工', managerUserId: 'lin' },
      { userId: 'lin', name: '林涛', departments: ['生产部'], title: '部长', leader: true, hiredOn: '2020-03-01' },
      {
        userId: 'qian',
        name: '钱多',
        departments: ['财务部'],
        title: '会计',
        extra: { 生日: '1990-05-06', 工号牌: 'A1' },
      },
    ],
    groups: [{ groupId: GROUP, name: '生产部群', members: ['zhao', 'lin'] }],
    redeliverAfterMs: 5_000,
    ...more,
    deadlines: {
      ackMs: 5_000,
      clickMs: 5_000,
      httpMs: 5_000,
      eventRetryMs: [10, 20],
      closeAfterDisconnectMs: 40,
      pingEveryMs: 60_000,
      pingAnswerMs: 5_000,
      ...more.deadlines,
    },
    variants: { numbersAsStrings: 0, ...more.variants },
  })
  ends.push(() => standIn.stop())
  return { standIn, clock }
}

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the platform answers
  body: any
}

/** Calls of the API and one Stream connection. */
export function bot(standIn: DingtalkStandIn) {
  let token: string | undefined

  async function send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Answer> {
    const text = typeof body === 'string' ? body : body === undefined ? undefined : JSON.stringify(body)
    const answer = await fetch(standIn.apiBase + path, {
      method,
      headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: text,
    })
    const reply = await answer.text()
    try {
      return { status: answer.status, body: JSON.parse(reply) }
    } catch {
      return { status: answer.status, body: reply }
    }
  }

  async function getToken(): Promise<string> {
    const { body } = await send('POST', '/v1.0/oauth2/accessToken', {}, { appKey: CLIENT_ID, appSecret: CLIENT_SECRET })
    return body.accessToken
  }

  const client = {
    send,
    token: getToken,
    /** A call with a good token where it belongs. */
    async api(method: string, path: string, body?: unknown): Promise<Answer> {
      token ??= await getToken()
      return send(method, path, { 'x-acs-dingtalk-access-token': token }, body)
    },
    async oapi(path: string, body?: unknown, method = 'POST'): Promise<Answer> {
      token ??= await getToken()
      return send(method, `${path}${path.includes('?') ? '&' : '?'}access_token=${token}`, {}, body)
    },
    open: (body: object = {}, headers: Record<string, string> = { accept: 'application/json' }) =>
      send('POST', '/v1.0/gateway/connections/open', headers, {
        clientId: CLIENT_ID,
        clientSecret: CLIENT_SECRET,
        subscriptions: [
          { type: 'EVENT', topic: '*' },
          { type: 'CALLBACK', topic: ROBOT },
          { type: 'CALLBACK', topic: CARDS },
        ],
        ...body,
      }),
    async connect(body: object = {}) {
      const { body: grant } = await client.open(body)
      return connectTo(`${grant.endpoint}?ticket=${encodeURIComponent(grant.ticket)}`)
    },
  }
  return client
}

export type StreamClient = Awaited<ReturnType<typeof connectTo>>

/** @throws Error when the upgrade is refused */
export async function connectTo(url: string) {
  const socket = new WebSocket(url)
  const frames: Frame[] = []
  const texts: string[] = []
  const waiting: { topic: string; tell(frame: Frame): void }[] = []
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  socket.on('message', (data) => {
    texts.push(data.toString())
    let frame: Frame
    try {
      frame = JSON.parse(data.toString())
    } catch {
      return
    }
    const at = waiting.findIndex((w) => w.topic === frame.headers.topic)
    if (at < 0) frames.push(frame)
    else waiting.splice(at, 1)[0]!.tell(frame)
  })
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => resolve())
    socket.on('error', reject)
  })
  ends.push(() => socket.terminate())
  return {
    socket,
    /** Frames nobody has asked for yet. */
    frames,
    texts,
    closed,
    next(topic: string): Promise<Frame> {
      const at = frames.findIndex((f) => f.headers.topic === topic)
      if (at >= 0) return Promise.resolve(frames.splice(at, 1)[0]!)
      return new Promise((tell) => waiting.push({ topic, tell }))
    },
    ack(frame: Frame, data: unknown, more: object = {}) {
      const headers = { messageId: frame.headers.messageId, contentType: 'application/json' }
      socket.send(JSON.stringify({ code: 200, message: 'OK', headers, data: JSON.stringify(data), ...more }))
    },
  }
}
