import { once } from 'node:events'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { WebSocket } from 'ws'
import { backoffMs, CARD_TOPIC, ROBOT_TOPIC } from '../src/platforms/dingtalk/stream.ts'
import type { Incoming } from '../src/platforms/port.ts'
import { type Server, startBot, startServer } from './dingtalk-server.ts'

let server: Server
let running: ReturnType<typeof startBot>
beforeEach(async () => {
  server = await startServer()
  running = startBot(server, { mode: 'stream' })
})
afterEach(async () => {
  await running.bot.stop()
  await server.stop()
})

const message = (msgId: string) => ({
  msgId,
  msgtype: 'text',
  conversationType: '1',
  senderStaffId: 'zhao',
  text: { content: '周报' },
})
function push(socket: WebSocket, topic: string, messageId: string, data: object, type = 'CALLBACK', more: object = {}) {
  const headers = { topic, messageId, contentType: 'application/json', time: '1', ...more }
  socket.send(JSON.stringify({ specVersion: '1.0', type, headers, data: JSON.stringify(data) }))
}
// biome-ignore lint/suspicious/noExplicitAny: each test looks at what it expects
async function next(socket: WebSocket): Promise<any> {
  const [bytes] = await once(socket, 'message')
  return JSON.parse(String(bytes))
}

test('opens with its credentials, asks for JSON and subscribes to events, messages and clicks', async () => {
  await running.start()
  await server.connection()
  const [open] = server.to('/v1.0/gateway/connections/open')
  expect(open!.headers.accept).toBe('application/json')
  expect(open!.body).toMatchObject({ clientId: 'dingapp' })
  expect(open!.body.subscriptions).toEqual([
    { type: 'EVENT', topic: '*' },
    { type: 'CALLBACK', topic: ROBOT_TOPIC },
    { type: 'CALLBACK', topic: CARD_TOPIC },
  ])
  expect(running.bot.status()).toEqual({ ok: true })
})

test('acknowledges a message only after it is stored', async () => {
  let stored: () => void = () => {}
  const order: string[] = []
  await running.start(
    () =>
      new Promise((resolve) => {
        stored = () => {
          order.push('stored')
          resolve()
        }
        order.push('asked to store')
        setImmediate(() => setImmediate(stored))
      }),
  )
  const socket = await server.connection()
  push(socket, ROBOT_TOPIC, 'm1', message('1'))
  const ack = await next(socket)
  order.push('acknowledged')
  expect(order).toEqual(['asked to store', 'stored', 'acknowledged'])
  expect(ack).toEqual({
    code: 200,
    message: 'OK',
    headers: { messageId: 'm1', contentType: 'application/json' },
    data: '{"response":null}',
  })
})

test('a click and an event get the answers of their kind', async () => {
  await running.start()
  const socket = await server.connection()
  const content = JSON.stringify({ cardPrivateData: { actionIds: ['n'], params: { id: 'ok' } } })
  push(socket, CARD_TOPIC, 'm2', { outTrackId: 'c1', userId: 'zhao', content })
  expect(await next(socket)).toMatchObject({ code: 200, data: '{"response":{}}' })
  const headers = { eventType: 'user_leave_org', eventId: 'e1', eventCorpId: 'dingcorp', eventBornTime: '1' }
  push(socket, '*', 'm3', { userId: ['li'] }, 'EVENT', headers)
  expect(JSON.parse((await next(socket)).data)).toMatchObject({ status: 'SUCCESS' })
  push(socket, '/v1.0/graph/api/invoke', 'm4', {})
  expect(await next(socket)).toMatchObject({ code: 404 })
  expect(running.received.map(({ id, type }) => [id, type])).toEqual([
    ['dingtalk/card/m2', 'card-action'],
    ['dingtalk/event/e1/li', 'left'],
  ])
})

test('what could not be stored is not acknowledged, an event is asked for later', async () => {
  await running.start(async () => {
    throw new Error('database down')
  })
  const socket = await server.connection()
  push(socket, ROBOT_TOPIC, 'm1', message('1'))
  push(socket, '*', 'm2', { userId: ['li'] }, 'EVENT', { eventType: 'user_add_org', eventId: 'e1' })
  const only = await next(socket)
  expect(only.headers.messageId).toBe('m2')
  expect(JSON.parse(only.data)).toMatchObject({ status: 'LATER' })
})

test('echoes a ping', async () => {
  await running.start()
  const socket = await server.connection()
  push(socket, 'ping', 'p1', { opaque: 'x-1' }, 'SYSTEM')
  expect(await next(socket)).toMatchObject({ code: 200, headers: { messageId: 'p1' }, data: '{"opaque":"x-1"}' })
})

test('garbage, binary and half frames change nothing', async () => {
  await running.start()
  const socket = await server.connection()
  for (const text of ['', 'garbage', '{', '[]', 'null', '{"type":"CALLBACK"}', '{"type":5,"headers":{}}'])
    socket.send(text)
  socket.send(Buffer.from([0, 255, 1]))
  socket.send(JSON.stringify({ type: 'CALLBACK', headers: { topic: ROBOT_TOPIC, messageId: 'bad' }, data: '{broken' }))
  expect(await next(socket)).toMatchObject({ headers: { messageId: 'bad' } })
  push(socket, ROBOT_TOPIC, 'm1', message('1'))
  expect(await next(socket)).toMatchObject({ headers: { messageId: 'm1' } })
  expect(running.received).toHaveLength(1)
})

test('a frame of 10 MiB costs the connection, not the process', async () => {
  await running.start()
  const socket = await server.connection()
  const closed = once(socket, 'close')
  socket.send('x'.repeat(10 * 1024 * 1024))
  await closed
  const again = await server.connection()
  push(again, ROBOT_TOPIC, 'm1', message('1'))
  expect(await next(again)).toMatchObject({ headers: { messageId: 'm1' } })
})

test('on `disconnect` the next connection is open before the old one is closed', async () => {
  await running.start()
  const old = await server.connection()
  const closed = once(old, 'close')
  push(old, 'disconnect', 'd1', { reason: 'connection is expired' }, 'SYSTEM')
  const young = await server.connection()
  expect(server.connections()).toBe(2)
  await closed
  push(young, ROBOT_TOPIC, 'm1', message('1'))
  expect(await next(young)).toMatchObject({ headers: { messageId: 'm1' } })
  expect(running.bot.status()).toEqual({ ok: true })
})

test('what was received before `disconnect` is still acknowledged on the old connection', async () => {
  let store: () => void = () => {}
  await running.start(
    () =>
      new Promise((resolve) => {
        store = resolve
      }),
  )
  const old = await server.connection()
  push(old, ROBOT_TOPIC, 'm1', message('1'))
  push(old, 'disconnect', 'd1', { reason: 'connection is expired' }, 'SYSTEM')
  await server.connection()
  store()
  expect(await next(old)).toMatchObject({ headers: { messageId: 'm1' } })
})

test('a server that answers no pings is left for a new connection', async () => {
  await running.start()
  const mute = await server.connection()
  // Frames are no longer read, so that no pong is written.
  mute.pause()
  await server.connection()
  expect(server.to('/v1.0/gateway/connections/open').length).toBe(2)
})

test('dropped 120 times it comes back each time with a fresh ticket and loses nothing that was not acknowledged', async () => {
  const acknowledged = new Set<string>()
  await running.start()
  for (let n = 0; n < 120; n++) {
    const socket = await server.connection()
    push(socket, ROBOT_TOPIC, `m${n}`, message(String(n)))
    if (n % 3 > 0) acknowledged.add((await next(socket)).headers.messageId)
    socket.terminate()
  }
  await server.connection()
  const stored = new Set(running.received.map(({ id }) => id.replace('dingtalk/msg/', 'm')))
  for (const id of acknowledged) expect(stored).toContain(id)
  expect(acknowledged.size).toBe(80)
  expect(server.to('/v1.0/gateway/connections/open').length).toBe(121)
})

test('a refused opening is tried again, and the admin is told where to look', async () => {
  let refused = 3
  server.answer('/v1.0/gateway/connections/open', () =>
    refused-- > 0 ? { status: 400, body: { code: 'authFailed', message: `bad ${'app-secret-7f3a'}` } } : undefined,
  )
  await running.start()
  expect(running.bot.status()).toMatchObject({ ok: false, problem: expect.stringContaining('Stream') })
  await server.connection()
  await expect.poll(() => running.bot.status()).toEqual({ ok: true })
})

test('starting while the platform is down does not throw', async () => {
  await server.stop()
  await running.start()
  expect(running.bot.status().ok).toBe(false)
  server = await startServer()
})

test('stop acknowledges what is being stored and takes nothing new', async () => {
  let store: () => void = () => {}
  const asked: Incoming[] = []
  await running.start((event) => {
    asked.push(event)
    return new Promise((resolve) => {
      store = resolve
    })
  })
  const socket = await server.connection()
  push(socket, ROBOT_TOPIC, 'm1', message('1'))
  await expect.poll(() => asked.length).toBe(1)
  const stopped = running.bot.stop()
  push(socket, ROBOT_TOPIC, 'm2', message('2'))
  const acked = next(socket)
  store()
  expect((await acked).headers.messageId).toBe('m1')
  await stopped
  expect(asked).toHaveLength(1)
  expect(server.to('/v1.0/gateway/connections/open')).toHaveLength(1)
})

test('stop does not wait for a connection that never comes about', async () => {
  const silent = createTcpServer().listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  server.answer('/v1.0/gateway/connections/open', { body: { endpoint: `ws://127.0.0.1:${port}/connect`, ticket: 't' } })
  const slow = startBot(server, { mode: 'stream' }, { times: { stream: { handshakeMs: 60_000 } } })
  const dialled = once(silent, 'connection')
  const started = slow.start()
  await dialled
  await slow.bot.stop()
  await started
  silent.close()
})

test('waits 1, 2, 4 ... 60 seconds, each time between half and the whole', () => {
  const times = { firstMs: 1_000, mostMs: 60_000 }
  expect([1, 2, 3, 6, 7, 50, 5_000].map((step) => backoffMs(step, times, () => 1))).toEqual([
    1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000,
  ])
  expect(backoffMs(7, times, () => 0)).toBe(30_000)
})

test('no secret, token or ticket is ever written to the log or the status', async () => {
  server.answer('/v1.0/gateway/connections/open', (asked, n) =>
    n < 4
      ? [
          { status: 400, body: { code: 'x', message: `secret ${asked.body.clientSecret}` } },
          { status: 200, body: { endpoint: 'ws://127.0.0.1:1/connect', ticket: 'ticket-secret/1' } },
          { status: 200, body: { endpoint: 'ws://bad host/', ticket: 'ticket-secret/2' } },
        ][n - 1]
      : undefined,
  )
  await running.start()
  await server.connection()
  const written = `${running.logged.join('\n')}${JSON.stringify(running.bot.status())}`
  expect(written).toContain('stream')
  expect(written).not.toMatch(/app-secret|ticket-secret|token-secret/)
})
