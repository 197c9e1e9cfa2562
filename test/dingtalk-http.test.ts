import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cardSign, decryptEvent, encryptEvent, eventSign, robotSign } from '../src/platforms/dingtalk/crypto.ts'
import { cardApiSecret } from '../src/platforms/dingtalk/http-mode.ts'
import { SECRET, type Server, startBot, startServer } from './dingtalk-server.ts'

const token = 'event123'
const aesKey = '4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij'
const now = Date.parse('2026-11-25T09:00:00+08:00')

let server: Server
let running: ReturnType<typeof startBot>
beforeEach(async () => {
  server = await startServer()
  running = startBot(server, { eventToken: token, eventAesKey: aesKey })
  await running.start()
})
afterEach(async () => {
  await running.bot.stop()
  await server.stop()
})

const request = (body: unknown, headers: Record<string, string> = {}, query: Record<string, string> = {}) => ({
  headers,
  query,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
})
const message = { msgId: '1', msgtype: 'text', conversationType: '1', senderStaffId: 'zhao', content: '周报' }
const signed = (at: number, secret = SECRET) => ({ timestamp: String(at), sign: robotSign(String(at), secret) })

test('registers where clicks go, with a secret that is not the app’s', () => {
  const [{ body }] = server.to('/v1.0/card/callbacks/register') as [ReturnType<Server['to']>[0]]
  expect(body).toEqual({
    callbackRouteKey: 'jixiao-dingapp',
    callbackUrl: 'https://bot.example.com/dingtalk/cards',
    apiSecret: cardApiSecret(SECRET),
    forceUpdate: true,
  })
  expect(body.apiSecret).not.toContain(SECRET)
})

test('a failed registration is told and tried again', async () => {
  server.answer('/v1.0/card/callbacks/register', (_, n) =>
    n < 4 ? { status: 500, body: { code: 'x', message: '' } } : undefined,
  )
  const other = startBot(server)
  await other.start()
  expect(other.bot.status()).toMatchObject({ ok: false, problem: expect.stringContaining('卡片回调') })
  await expect.poll(() => other.bot.status()).toEqual({ ok: true })
  await other.bot.stop()
})

test('a registration that DingTalk refuses is told with what to do, one without an answer with its reason', async () => {
  const problem = async (status: number, body: object) => {
    server.answer('/v1.0/card/callbacks/register', () => ({ status, body }))
    const other = startBot(server)
    await other.start()
    const said = other.bot.status()
    await other.bot.stop()
    return said
  }
  expect(await problem(400, { code: 'invalidClientIdOrSecret', message: '' })).toEqual({
    ok: false,
    problem: expect.stringMatching(/；卡片回调地址注册失败：应用凭证不正确。请在.*Client ID/),
  })
  expect(await problem(500, { code: 'x', message: '' })).toEqual({
    ok: false,
    problem: expect.stringMatching(/^卡片回调地址注册失败：[^。]+$/),
  })
})

describe('/dingtalk/robot', () => {
  test('takes a signed message', async () => {
    expect((await running.bot.handleRobot(request(message, signed(now)))).status).toBe(200)
    expect(running.received).toMatchObject([{ id: 'dingtalk/msg/1', userId: 'zhao', text: '周报' }])
  })

  test('takes a signature of up to an hour, on either side', async () => {
    for (const [at, status] of [
      [now - 3_600_000, 200],
      [now - 3_600_001, 401],
      [now + 3_600_000, 200],
      [now + 3_600_001, 401],
    ] as const)
      expect((await running.bot.handleRobot(request(message, signed(at)))).status).toBe(status)
  })

  test('refuses what is not signed by DingTalk', async () => {
    for (const headers of [
      {},
      signed(now, 'other'),
      { timestamp: String(now) },
      { ...signed(now), timestamp: String(now + 1) },
    ])
      expect((await running.bot.handleRobot(request(message, headers as Record<string, string>))).status).toBe(401)
    expect(running.received).toEqual([])
  })

  test('takes no timestamp in another spelling, though it is signed', async () => {
    for (const timestamp of [`${now}.0`, ` ${now}`, `${now} `, `0${now}`, '']) {
      const headers = { timestamp, sign: robotSign(timestamp, SECRET) }
      expect((await running.bot.handleRobot(request(message, headers))).status).toBe(401)
    }
  })

  test('answers an error when it is not stored, and takes no huge body', async () => {
    expect((await running.bot.handleRobot(request('x'.repeat(65_536), signed(now)))).status).toBe(200)
    expect((await running.bot.handleRobot(request('x'.repeat(65_537), signed(now)))).status).toBe(413)
    const broken = startBot(server)
    await broken.start(async () => {
      throw new Error('database down')
    })
    expect((await broken.bot.handleRobot(request(message, signed(now)))).status).toBe(500)
    expect(broken.logged).toEqual(['dingtalk callback not stored {"err":"Error: database down"}'])
    await broken.bot.stop()
  })

  test('any signed body is answered, nonsense changes nothing', async () => {
    for (const body of ['', '{', 'null', '[]', '{"msgId":{"$gt":""}}'])
      expect((await running.bot.handleRobot(request(body, signed(now)))).status).toBe(200)
    expect(running.received).toEqual([])
  })
})

describe('/dingtalk/cards', () => {
  const click = {
    type: 'actionCallback',
    outTrackId: 'c1',
    userId: 'zhao',
    value: '{"cardPrivateData":{"actionIds":["n"],"params":{"id":"ok"}}}',
  }
  const headers = (at: number, secret = cardApiSecret(SECRET)) => ({
    'x-ddpaas-signature-timestamp': String(at),
    'x-ddpaas-signature': cardSign(String(at), secret),
  })

  test('takes a signed click; the same delivery has the same id, a second click its own', async () => {
    expect(await running.bot.handleCards(request(click, headers(now)))).toEqual({
      status: 200,
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    await running.bot.handleCards(request(click, headers(now)))
    await running.bot.handleCards(request(click, headers(now + 1)))
    const [first, again, second] = running.received
    expect(first).toMatchObject({ type: 'card-action', cardId: 'c1', action: 'ok', at: new Date(now) })
    expect(again!.id).toBe(first!.id)
    expect(second!.id).not.toBe(first!.id)
    expect(first!.id).toMatch(/^[\w/-]+$/)
  })

  test('takes no huge body', async () => {
    for (const [size, status] of [
      [65_536, 200],
      [65_537, 413],
    ] as const)
      expect((await running.bot.handleCards(request('x'.repeat(size), headers(now)))).status).toBe(status)
  })

  test('refuses the robot’s formula and other secrets', async () => {
    const at = String(now)
    for (const sign of [robotSign(at, SECRET), robotSign(at, cardApiSecret(SECRET)), cardSign(at, SECRET), ''])
      expect(
        (
          await running.bot.handleCards(
            request(click, { 'x-ddpaas-signature-timestamp': at, 'x-ddpaas-signature': sign }),
          )
        ).status,
      ).toBe(401)
    expect((await running.bot.handleCards(request(click, headers(now - 3_600_001)))).status).toBe(401)
    expect(running.received).toEqual([])
  })
})

describe('/dingtalk/events', () => {
  const sealed = (event: unknown, ownerKey = 'dingapp', names: 'new' | 'old' = 'new', key = aesKey) => {
    const encrypt = encryptEvent(JSON.stringify(event), ownerKey, key)
    const signature = eventSign(token, '1614767836', 'nonce', encrypt)
    return request(
      { encrypt },
      {},
      names === 'new'
        ? { msg_signature: signature, timestamp: '1614767836', nonce: 'nonce' }
        : { signature, timeStamp: '1614767836', nonce: 'nonce' },
    )
  }
  const joined = { EventType: 'user_add_org', CorpId: 'dingcorp', EventTime: now, eventId: 'e1', userId: ['li'] }
  const isSuccess = (reply: { status: number; body: string }, ownerKey = 'dingapp') => {
    expect(reply.status).toBe(200)
    const { msg_signature, encrypt, timeStamp, nonce } = JSON.parse(reply.body)
    expect(msg_signature).toBe(eventSign(token, timeStamp, nonce, encrypt))
    expect(decryptEvent(encrypt, aesKey)).toEqual({ message: 'success', ownerKey })
  }

  test('takes an event and answers with an encrypted, signed success', async () => {
    isSuccess(await running.bot.handleEvents(sealed(joined)))
    expect(running.received).toEqual([
      { id: 'dingtalk/event/e1/li', platform: 'dingtalk', userId: 'li', at: new Date(now), type: 'joined' },
    ])
  })

  test('reads older parameter names and the company as owner', async () => {
    isSuccess(await running.bot.handleEvents(sealed(joined, 'dingcorp', 'old')), 'dingcorp')
  })

  test('counts from the instant that the event names', async () => {
    await running.bot.handleEvents(sealed({ ...joined, EventTime: now - 60_000 }))
    await running.bot.handleEvents(sealed({ ...joined, eventId: 'e2', EventTime: String(now - 60_000) }))
    await running.bot.handleEvents(sealed({ ...joined, eventId: 'e3', EventTime: {} }))
    expect(running.received.map((event) => now - event.at.getTime())).toEqual([60_000, 60_000, 0])
  })

  test('knows an event again by its id, in either spelling, or by all that it says', async () => {
    const { eventId: _, ...bare } = joined
    const idOf = async (more: object) => {
      await running.bot.handleEvents(sealed({ ...bare, ...more }))
      return running.received.at(-1)!.id
    }
    for (const id of ['e', 'e'.repeat(200)]) {
      expect(await idOf({ eventId: id })).toBe(`dingtalk/event/${id}/li`)
      expect(await idOf({ EventId: id })).toBe(`dingtalk/event/${id}/li`)
    }
    const own = await idOf({})
    expect(own).toMatch(/^dingtalk\/event\/[\w-]{43}\/li$/)
    expect(await idOf({})).toBe(own)
    expect(await idOf({ EventTime: now + 1 })).not.toBe(own)
    // No id at all: what nobody sends as one.
    for (const id of ['', 'e'.repeat(201), 7])
      for (const name of ['eventId', 'EventId'])
        expect(await idOf({ [name]: id })).toMatch(/^dingtalk\/event\/[\w-]{43}\/li$/)
  })

  test('refuses another key under our token, what is signed and no event, and a huge body', async () => {
    const other = aesKey.replace('4', '5')
    expect((await running.bot.handleEvents(sealed(joined, 'dingapp', 'new', other))).status).toBe(401)
    for (const nothing of [null, 'text', {}, { EventType: 1 }])
      expect((await running.bot.handleEvents(sealed(nothing))).status).toBe(400)
    expect((await running.bot.handleEvents(request('x'.repeat(65_536)))).status).toBe(400)
    expect((await running.bot.handleEvents(request('x'.repeat(65_537)))).status).toBe(413)
    expect(running.received).toEqual([])
  })

  test('is no address where token or key are not set', async () => {
    for (const set of [{}, { eventToken: token }, { eventAesKey: aesKey }]) {
      const without = startBot(server, set)
      await without.start()
      expect((await without.bot.handleEvents(sealed(joined))).status).toBe(404)
      await without.bot.stop()
    }
  })

  test('answers the verification of the address', async () => {
    isSuccess(await running.bot.handleEvents(sealed({ EventType: 'check_url' })))
    expect(running.received).toEqual([])
  })

  test('refuses another owner, a wrong signature, another body under a signature', async () => {
    expect((await running.bot.handleEvents(sealed(joined, 'suiteother'))).status).toBe(401)
    const good = sealed(joined)
    expect((await running.bot.handleEvents({ ...good, query: { ...good.query, nonce: 'other' } })).status).toBe(401)
    expect((await running.bot.handleEvents({ ...good, body: sealed(joined).body })).status).toBe(401)
    expect(
      (await running.bot.handleEvents({ ...good, query: { ...good.query, nonce: ['nonce', 'nonce'] } })).status,
    ).toBe(401)
    for (const body of ['', '{}', '[]', '{"encrypt":1}']) {
      const status = (await running.bot.handleEvents(request(body, {}, { msg_signature: 'x' }))).status
      expect(status).toBe(400)
    }
    expect(running.received).toEqual([])
  })
})

test('in Stream mode there are no HTTP callbacks', async () => {
  const stream = startBot(server, { mode: 'stream', eventToken: token, eventAesKey: aesKey })
  for (const handle of [stream.bot.handleRobot, stream.bot.handleCards, stream.bot.handleEvents])
    expect((await handle(request(message, signed(now)))).status).toBe(404)
  await stream.bot.stop()
})
