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

  test('answers an error when it is not stored, and takes no huge body', async () => {
    expect((await running.bot.handleRobot(request('x'.repeat(65_537), signed(now)))).status).toBe(413)
    const broken = startBot(server)
    await broken.start(async () => {
      throw new Error('database down')
    })
    expect((await broken.bot.handleRobot(request(message, signed(now)))).status).toBe(500)
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
    expect(await running.bot.handleCards(request(click, headers(now)))).toMatchObject({ status: 200, body: '{}' })
    await running.bot.handleCards(request(click, headers(now)))
    await running.bot.handleCards(request(click, headers(now + 1)))
    const [first, again, second] = running.received
    expect(first).toMatchObject({ type: 'card-action', cardId: 'c1', action: 'ok', at: new Date(now) })
    expect(again!.id).toBe(first!.id)
    expect(second!.id).not.toBe(first!.id)
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
  const sealed = (event: object, ownerKey = 'dingapp', names: 'new' | 'old' = 'new') => {
    const encrypt = encryptEvent(JSON.stringify(event), ownerKey, aesKey)
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
