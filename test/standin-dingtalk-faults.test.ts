import { afterEach, expect, test } from 'vitest'
import {
  bot,
  CARDS,
  CLIENT_ID,
  CLIENT_SECRET,
  connectTo,
  GROUP,
  impatient,
  ROBOT,
  startWorld,
  stopAll,
} from './standin-dingtalk-client.ts'

afterEach(stopAll)

const message = (more: object = {}) => ({
  robotCode: CLIENT_ID,
  userIds: ['zhao'],
  msgKey: 'sampleText',
  msgParam: '{"content":"你好"}',
  ...more,
})
const SEND = '/v1.0/robot/oToMessages/batchSend'

async function world(options: Parameters<typeof startWorld>[0] = {}) {
  const { standIn, clock } = await startWorld(options)
  const client = bot(standIn)
  await client.api('POST', SEND, message())
  const send = () => client.api('POST', SEND, message()).catch(() => 'cut' as const)
  return { standIn, clock, client, send, arrived: () => standIn.chat('zhao').length - 1 }
}

test('cut before: nothing happened; cut after: it did', async () => {
  const { standIn, send, arrived } = await world()
  standIn.faults.resetBeforeShare = 1
  expect(await send()).toBe('cut')
  expect(arrived()).toBe(0)
  standIn.faults.resetBeforeShare = 0
  standIn.faults.resetAfterShare = 1
  expect(await send()).toBe('cut')
  expect(arrived()).toBe(1)
  expect(standIn.faults.counts).toEqual({ resetBefore: 1, resetAfter: 1 })
})

test.each([
  ['http500Share', 1, 500, 'unknownError'],
  ['busyShare', 1, 429, 'system.busy'],
  ['qpsShare', 1, 403, 'Forbidden.AccessDenied.QpsLimitForAppkeyAndApi'],
  ['apiQuotaGone', true, 403, 'Forbidden.AccessDenied.ApiCountLimitForOrg'],
  ['ipNotInWhitelist', true, 403, 'Forbidden.AccessDenied.IpNotInWhiteList'],
] as const)('%s answers with its own code and sends nothing', async (fault, value, status, code) => {
  const { standIn, send, arrived } = await world()
  Object.assign(standIn.faults, { [fault]: value })
  expect(await send()).toMatchObject({ status, body: { code } })
  expect(arrived()).toBe(0)
})

test.each([
  ['busyShare', 1, -1],
  ['qpsShare', 1, 90018],
  ['ipNotInWhitelist', true, 60020],
] as const)('%s on the old host is HTTP 200 with a number', async (fault, value, errcode) => {
  const { standIn, client } = await world()
  Object.assign(standIn.faults, { [fault]: value })
  expect(await client.oapi('/topapi/v2/user/get', { userid: 'zhao' })).toMatchObject({ status: 200, body: { errcode } })
})

test('a banned IP gets a page, or JSON of another shape', async () => {
  const { standIn, send } = await world()
  standIn.faults.banned = 'html'
  expect(await send()).toMatchObject({ body: expect.stringContaining('<html>') })
  standIn.faults.banned = 'json'
  expect(await send()).toMatchObject({ body: { status: 1111, wait: 5, punish: 'deny' } })
})

test('a fault strikes only the paths it is meant for, and the same seed strikes the same calls', async () => {
  const struck = async () => {
    const { standIn, client } = await world()
    standIn.faults.only = /batchSend/
    standIn.faults.http500Share = 0.5
    const statuses: number[] = []
    for (let i = 0; i < 8; i++) statuses.push((await client.api('POST', SEND, message())).status)
    expect((await client.oapi('/topapi/v2/user/get', { userid: 'zhao' })).body.errcode).toBe(0)
    await stopAll()
    return statuses
  }
  const first = await struck()
  expect(new Set(first)).toEqual(new Set([200, 500]))
  expect(await struck()).toEqual(first)
})

test('tokens may be invalidated early; a new one works', async () => {
  const { standIn, client, send } = await world()
  const old = await client.token()
  standIn.faults.invalidateTokens()
  expect(await send()).toMatchObject({ status: 400, body: { code: 'InvalidAuthentication' } })
  expect(await client.token()).not.toBe(old)
})

test('while the platform is down nothing connects, and after it everything does', async () => {
  const { standIn, client, send } = await world()
  const stream = await client.connect()
  standIn.faults.down = true
  await stream.closed
  expect(await send()).toBe('cut')
  standIn.faults.down = false
  expect(await send()).toMatchObject({ status: 200 })
})

test('a call that hangs is never answered', async () => {
  const { standIn } = await world()
  standIn.faults.hangShare = 1
  const call = fetch(`${standIn.apiBase}/gettoken`, { signal: AbortSignal.timeout(50) })
  await expect(call).rejects.toThrow()
})

test('the month counts sends and messages, not tokens, contacts or a throttled call', async () => {
  const { standIn, client, clock, send } = await world(impatient)
  expect(standIn.quotaUsed()).toEqual({ month: '2026-11', api: 1, webhook: 0 })
  await client.oapi('/topapi/v2/user/get', { userid: 'zhao' })
  standIn.faults.qpsShare = 1
  await send()
  standIn.faults.qpsShare = 0
  expect(standIn.quotaUsed().api).toBe(1)
  standIn.variants.robotRepeats = 0
  await standIn.type('zhao', '在吗')
  expect(standIn.quotaUsed().webhook).toBe(1)
  clock.set('2026-11-30T23:59:59+08:00')
  expect(standIn.quotaUsed().api).toBe(1)
  clock.set('2026-12-01T00:00:00+08:00')
  expect(standIn.quotaUsed()).toEqual({ month: '2026-12', api: 0, webhook: 0 })
})

test('with the month’s messages used up an inbound message comes without its text', async () => {
  const { standIn, client } = await world()
  const stream = await client.connect()
  standIn.limits.enforceMonthly = true
  standIn.limits.webhookPerMonth = 1
  for (const expected of [{ text: { content: '一' } }, { errCode: 20001 }]) {
    const typed = standIn.type('zhao', '一')
    const frame = await stream.next(ROBOT)
    stream.ack(frame, { response: null })
    await typed
    expect(JSON.parse(frame.data)).toMatchObject(expected)
    if ('errCode' in expected) expect(JSON.parse(frame.data)).not.toHaveProperty('text')
  }
})

test('limits may follow the injected clock', async () => {
  const { standIn, clock, client } = await world()
  Object.assign(standIn.limits, { by: 'clock', perSecond: 2 })
  clock.forward(10)
  const status = async () => (await client.api('POST', SEND, message())).status
  expect([await status(), await status(), await status()]).toEqual([200, 200, 403])
  clock.forward(1)
  expect(await status()).toBe(200)
})

test('each push goes to one connection that subscribed to it, now this one, now that one', async () => {
  const { standIn, client } = await world()
  const able = [await client.connect(), await client.connect()]
  const cardsOnly = await client.connect({ subscriptions: [{ type: 'CALLBACK', topic: CARDS }] })
  const got = [0, 0]
  for (const [i, stream] of able.entries())
    stream.socket.on('message', (text) => {
      got[i]!++
      stream.ack(JSON.parse(text.toString()), { response: null })
    })
  for (let i = 0; i < 12; i++) await standIn.type('zhao', String(i))
  expect(got[0]! + got[1]!).toBe(12)
  expect(Math.min(...got)).toBeGreaterThan(0)
  expect(cardsOnly.frames).toEqual([])
})

test('after `disconnect` nothing is delivered there, and the socket is closed a while later', async () => {
  const { standIn, client } = await world()
  const old = await client.connect()
  standIn.faults.disconnect()
  expect(JSON.parse((await old.next('disconnect')).data)).toEqual({ reason: 'connection is expired' })
  const fresh = await client.connect()
  const typed = standIn.type('zhao', '周报')
  fresh.ack(await fresh.next(ROBOT), { response: null })
  await typed
  expect(old.frames).toEqual([])
  expect(await old.closed).toBe(1000)
})

test('a dropped socket, a silent line, garbage and a huge frame', async () => {
  const { standIn, client } = await world(impatient)
  const first = await client.connect()
  standIn.faults.sendGarbage()
  standIn.faults.sendHuge(100_000)
  standIn.faults.dropSockets()
  expect(await first.closed).toBe(1006)
  expect(first.texts.map((t) => t.length)).toEqual([expect.any(Number), 100_000])
  expect(() => JSON.parse(first.texts[0]!)).toThrow()
  const second = await client.connect()
  standIn.faults.noPong = true
  standIn.faults.blackHole = true
  let pongs = 0
  second.socket.on('pong', () => pongs++)
  second.socket.ping()
  await standIn.type('zhao', '周报')
  expect([pongs, second.frames.length]).toEqual([0, 0])
})

test.each([
  ['data that is an object', { data: {} }, 'ack data is no string'],
  ['data that holds no JSON', { data: 'ok' }, 'ack data holds no JSON'],
  ['a code that is a text', { code: '200' }, 'ack code is no number'],
  ['no contentType', { headers: { messageId: 'x' } }, 'contentType'],
  ['data without `response`', { data: '{}' }, 'not {"response":…}'],
])('an ack with %s counts for nothing: the message comes again', async (_what, more, why) => {
  const { standIn, client } = await world(impatient)
  const stream = await client.connect()
  const typed = standIn.type('zhao', '周报')
  const frame = await stream.next(ROBOT)
  stream.ack(frame, { response: null }, more)
  const again = await stream.next(ROBOT)
  stream.ack(again, { response: null })
  await typed
  expect(JSON.parse(again.data).msgId).toBe(JSON.parse(frame.data).msgId)
  expect(again.headers.messageId).not.toBe(frame.headers.messageId)
  expect(standIn.violations).toEqual([expect.stringContaining(why)])
})

test('a ping whose data is not echoed is a violation; a silent client is told to go', async () => {
  const { standIn } = await startWorld({ deadlines: { pingEveryMs: 20, pingAnswerMs: 20 } })
  const stream = await bot(standIn).connect()
  stream.ack(await stream.next('ping'), { opaque: 'other' })
  expect(JSON.parse((await stream.next('disconnect')).data)).toEqual({ reason: 'persistent connection is timeout' })
  expect(await stream.closed).toBe(1000)
  expect(standIn.violations).toEqual(['stream: ping answered with other data'])
})

test('acknowledged pushes come once more on demand', async () => {
  const { standIn, client } = await world()
  const stream = await client.connect()
  const typed = standIn.type('zhao', '周报')
  const frame = await stream.next(ROBOT)
  stream.ack(frame, { response: null })
  await typed
  const again = standIn.redeliver()
  const second = await stream.next(ROBOT)
  stream.ack(second, { response: null })
  await again
  expect(second.data).toBe(frame.data)
})

test.each([
  ['a secret that is wrong', { clientSecret: 'x' }, {}],
  ['an event topic other than *', { subscriptions: [{ type: 'EVENT', topic: 'user_add_org' }] }, {}],
  ['a topic that does not exist', { subscriptions: [{ type: 'CALLBACK', topic: '/v1.0/im/bot' }] }, {}],
  ['no subscription', { subscriptions: [] }, {}],
  ['HTTP chosen in the console', {}, { mode: 'http' as const }],
])('a connection is refused for %s', async (_what, body, more) => {
  const { standIn } = await startWorld(more)
  expect((await bot(standIn).open(body)).status).toBe(400)
})

test('a ticket opens one connection', async () => {
  const { standIn } = await startWorld()
  const { body } = await bot(standIn).open()
  const url = `${body.endpoint}?ticket=${body.ticket}`
  await connectTo(url)
  await expect(connectTo(url)).rejects.toThrow('401')
  await expect(connectTo(`${body.endpoint}?ticket=made-up`)).rejects.toThrow('401')
})

test('secrets of the app are never in an address', async () => {
  const { standIn, client } = await world()
  await client.open()
  expect(standIn.log.some((entry) => entry.path.includes(CLIENT_SECRET))).toBe(false)
})

test('the bot out of a group: neither heard nor able to write', async () => {
  const { standIn, client } = await world()
  const stream = await client.connect()
  standIn.setBotInGroup(GROUP, false)
  await standIn.type('zhao', '@机器人 在吗', GROUP)
  expect(stream.frames).toEqual([])
  const { userIds: _none, ...rest } = message()
  const toGroup = { ...rest, openConversationId: GROUP }
  expect(await client.api('POST', '/v1.0/robot/groupMessages/send', toGroup)).toMatchObject({ status: 400 })
  expect(standIn.groups()).toEqual([])
})
