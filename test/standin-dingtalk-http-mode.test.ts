import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import {
  cardSignature,
  decryptEvent,
  encryptEvent,
  eventSignature,
  robotSignature,
} from '../sandbox/dingtalk/crypto.ts'
import {
  AI_TEMPLATE,
  atEnd,
  bot,
  CLIENT_ID,
  CLIENT_SECRET,
  impatient,
  startWorld,
  stopAll,
} from './standin-dingtalk-client.ts'

afterEach(stopAll)

const token = 'eventtoken'
const aesKey = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'

interface Seen {
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: whatever the platform sends
  body: any
}

/** A server of the bot; `undefined` never answers. */
async function startReceiver(answer: (seen: Seen) => string | undefined) {
  const seen: Seen[] = []
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = []
    for await (const chunk of req) chunks.push(chunk as Buffer)
    const url = new URL(req.url!, 'http://bot')
    const one = {
      path: url.pathname,
      query: url.searchParams,
      headers: req.headers,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    }
    seen.push(one)
    const text = answer(one)
    if (text !== undefined) res.end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => {
    server.closeAllConnections()
    server.close()
  })
  return { seen, base: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

function success({ query }: Seen, message = 'success', ownerKey = CLIENT_ID) {
  const encrypt = encryptEvent({ token, aesKey, ownerKey }, message, '0123456789abcdef')
  const timeStamp = query.get('timestamp') ?? query.get('timeStamp')!
  const msg_signature = eventSignature(token, timeStamp, 'n1', encrypt)
  return JSON.stringify({ msg_signature, encrypt, timeStamp, nonce: 'n1' })
}

async function httpWorld(answer: (seen: Seen) => string | undefined, options: object = {}) {
  const receiver = await startReceiver(answer)
  const { standIn, clock } = await startWorld({
    ...options,
    mode: 'http',
    http: {
      robotUrl: `${receiver.base}/robot`,
      eventsUrl: `${receiver.base}/events`,
      eventToken: token,
      eventAesKey: aesKey,
    },
  })
  return { standIn, clock, ...receiver }
}

test('a robot message is signed with the app secret, and its answer may be a message', async () => {
  const { standIn, clock, seen } = await httpWorld(() => JSON.stringify({ msgtype: 'text', text: { content: '收到' } }))
  await standIn.connected()
  await standIn.type('zhao', '周报')
  const [request] = seen
  const timestamp = String(clock.now().getTime())
  expect(request!.headers.timestamp).toBe(timestamp)
  expect(request!.headers.sign).toBe(robotSignature(timestamp, CLIENT_SECRET))
  expect(request!.body).toMatchObject({ msgtype: 'text', text: { content: '周报' }, senderStaffId: 'zhao' })
  expect(standIn.chat('zhao').map((m) => [m.from, m.text])).toEqual([
    ['zhao', '周报'],
    ['bot', '收到'],
  ])
})

test('a message without an answer in time comes once more with the same msgId', async () => {
  const { standIn, seen } = await httpWorld(() => undefined, impatient)
  await standIn.type('zhao', '周报')
  expect(seen).toHaveLength(2)
  expect(seen[0]!.body.msgId).toBe(seen[1]!.body.msgId)
})

test('saving the events address sends check_url and wants the encrypted success', async () => {
  let answer: (seen: Seen) => string = success
  const { standIn, seen, base } = await httpWorld((one) => answer(one))
  await standIn.setHttp({ eventsUrl: `${base}/events` })
  const { body, query } = seen[0]!
  expect(query.get('msg_signature')).toBe(
    eventSignature(token, query.get('timestamp')!, query.get('nonce')!, body.encrypt),
  )
  const plain = decryptEvent(aesKey, body.encrypt)
  expect(plain.ownerKey).toBe(CLIENT_ID)
  expect(JSON.parse(plain.message)).toMatchObject({ EventType: 'check_url' })

  for (const [wrong, why] of [
    [(one: Seen) => success(one, 'fail'), 'is not success'],
    [(one: Seen) => success(one, 'success', 'dingother'), 'wrong owner key'],
    [(one: Seen) => success(one).replace(/"msg_signature":"./, '"msg_signature":"x'), 'wrong signature'],
    [() => '{"encrypt":"x"}', 'lacks a field'],
    [() => 'success', 'no JSON object'],
  ] as const) {
    answer = wrong
    await expect(standIn.setHttp({ eventsUrl: `${base}/events` })).rejects.toThrow('encrypted success')
    expect(standIn.violations.at(-1)).toContain(why)
  }
})

test('an event that fails comes three times and is then listed, once', async () => {
  const { standIn, seen } = await httpWorld(() => '{}')
  await standIn.leave('qian')
  const events = seen.map(({ body }) => JSON.parse(decryptEvent(aesKey, body.encrypt).message))
  expect(events).toHaveLength(3)
  expect(new Set(events.map((e) => e.eventId)).size).toBe(1)
  expect(events[0]).toMatchObject({ EventType: 'user_leave_org', userId: ['qian'] })
  const list = () => bot(standIn).oapi('/call_back/get_call_back_failed_result', undefined, 'GET')
  expect((await list()).body).toMatchObject({
    has_more: false,
    failed_list: [{ call_back_tag: 'user_leave_org', userId: ['qian'] }],
  })
  expect((await list()).body.failed_list).toEqual([])
})

test('old senders name the query fields otherwise', async () => {
  const { standIn, seen } = await httpWorld(success)
  standIn.variants.oldEventQuery = true
  await standIn.leave('qian')
  expect(seen).toHaveLength(1)
  expect([...seen[0]!.query.keys()]).toEqual(['signature', 'timeStamp', 'nonce'])
})

test('a card click over HTTP is signed over the time stamp alone and answered bare', async () => {
  const answer = { cardData: { cardParamMap: { flowStatus: '3', msgTitle: '已评' } } }
  const { standIn, seen, base } = await httpWorld(() => JSON.stringify(answer))
  const client = bot(standIn)
  const register = { callbackRouteKey: 'k', callbackUrl: `${base}/cards`, apiSecret: 's3cret' }
  await client.api('POST', '/v1.0/card/callbacks/register', register)
  await client.api('POST', '/v1.0/card/instances/createAndDeliver', {
    cardTemplateId: AI_TEMPLATE,
    outTrackId: 'c1',
    callbackType: 'HTTP',
    callbackRouteKey: 'k',
    openSpaceId: 'dtv1.card//IM_ROBOT.zhao',
    imRobotOpenSpaceModel: { supportForward: false },
    imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT' },
    cardData: {
      cardParamMap: {
        flowStatus: '3',
        msgTitle: '评分',
        sys_full_json_obj: '{"msgButtons":[{"text":"满分","id":"full","request":true}]}',
      },
    },
  })
  await standIn.tap('zhao', standIn.chat('zhao')[0]!.id, 'full')
  const timestamp = String(seen[0]!.headers['x-ddpaas-signature-timestamp'])
  expect(seen[0]!.headers['x-ddpaas-signature']).toBe(cardSignature(timestamp, 's3cret'))
  expect(seen[0]!.body).toMatchObject({ type: 'actionCallback', outTrackId: 'c1', userId: 'zhao' })
  expect(standIn.chat('zhao')[0]!.card!.title).toBe('已评')
})

test('a route key that exists is kept, refused or replaced', async () => {
  const { standIn } = await startWorld()
  const register = (callbackUrl: string, more: object = {}) =>
    bot(standIn).api('POST', '/v1.0/card/callbacks/register', { callbackRouteKey: 'k', callbackUrl, ...more })
  await register('http://127.0.0.1/one')
  expect((await register('http://127.0.0.1/two')).body.result.callbackUrl).toBe('http://127.0.0.1/one')
  standIn.variants.routeKeyExists = 'error'
  expect(await register('http://127.0.0.1/two')).toMatchObject({
    status: 500,
    body: { code: 'param.callbackRouteKeyExist' },
  })
  const forced = await register('http://127.0.0.1/two', { forceUpdate: true })
  expect(forced.body.result.callbackUrl).toBe('http://127.0.0.1/two')
})

test('padding goes up to 32 bytes: the second published vector', () => {
  const key = '4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij'
  const encrypt =
    '1a3NBxmCFwkCJvfoQ7WhJHB+iX3qHPsc9JbaDznE1i03peOk1LaOQoRz3+nlyGNhwmwJ3vDMG+OzrHMeiZI7gTRWVdUBmfxjZ8Ej23JVYa9VrYeJ5as7XM/ZpulX8NEQis44w53h1qAgnC3PRzM7Zc/D6Ibr0rgUathB6zRHP8PYrfgnNOS9PhSBdHlegK+AGGanfwjXuQ9+0pZcy0w9lQ=='
  expect(eventSignature('123456', '1445827045067', 'nEXhMP4r', encrypt)).toBe(
    '5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0',
  )
  expect(decryptEvent(key, encrypt)).toEqual({
    message: '{"EventType":"check_create_suite_url","Random":"LPIdSnlF","TestSuiteKey":"suite4xxxxxxxxxxxxxxx"}',
    ownerKey: 'suite4xxxxxxxxxxxxxxx',
  })
  expect(encodeURIComponent(robotSignature('1577262236757', 'this is secret'))).toBe(
    'hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D',
  )
})
