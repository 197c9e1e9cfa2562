import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Incoming } from '../src/platforms/port.ts'
import { type CallbackRequest, createCallback } from '../src/platforms/wecom/callback.ts'
import { type CallbackKeys, encrypt, sign } from '../src/platforms/wecom/crypto.ts'
import { vectorKeys as keys, V1, V2, VECTOR_TOKEN } from './wecom-vectors.ts'

/** A callback at a written instant, with everything that it did. */
function world(options: { now?: string; receive?: (event: Incoming) => Promise<void>; agentId?: number } = {}) {
  const seen: Incoming[] = []
  const logged: { level: string; obj: object; msg: string }[] = []
  const log = (level: string) => (obj: object, msg: string) => void logged.push({ level, obj, msg })
  const receive = options.receive ?? (async (event: Incoming) => void seen.push(event))
  let now = new Date(options.now ?? '2026-11-07T12:00:00+08:00')
  const handle = createCallback({
    keys,
    ...('agentId' in options ? {} : { agentId: 218 }),
    clock: { now: () => now, everyMinute: () => () => {} },
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    receive: () => receive,
  })
  const travel = (to: string) => {
    now = new Date(to)
  }
  return { handle, seen, logged, travel, now: () => now }
}

const body = (encrypted: string) =>
  Buffer.from(
    `<xml><ToUserName><![CDATA[${keys.receiveId}]]></ToUserName><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`,
  )

/** A request as the platform would make it at that instant. */
function post(inner: string, at: string, by: CallbackKeys = keys): CallbackRequest {
  const encrypted = encrypt(by, inner)
  const timestamp = String(Date.parse(at) / 1000)
  const query = { msg_signature: sign(by.token, timestamp, 'n1', encrypted), timestamp, nonce: 'n1' }
  return { method: 'POST', query, body: body(encrypted) }
}

const text = (words: string, more = '<AgentID>218</AgentID>') =>
  `<xml><ToUserName>${keys.receiveId}</ToUserName><FromUserName>lin</FromUserName><CreateTime>1794024000</CreateTime><MsgType>text</MsgType><Content><![CDATA[${words}]]></Content><MsgId>1</MsgId>${more}</xml>`

const V1_REQUEST: CallbackRequest = {
  method: 'GET',
  query: { msg_signature: V1.signature, timestamp: V1.timestamp, nonce: V1.nonce, echostr: V1.encrypted },
  body: Buffer.alloc(0),
}
const V2_REQUEST: CallbackRequest = {
  method: 'POST',
  query: { msg_signature: V2.signature, timestamp: V2.timestamp, nonce: V2.nonce },
  body: body(V2.encrypted),
}
const in2014 = { now: '2014-09-02T12:10:13Z' }

describe('the official vectors, in their own year', () => {
  test('URL verification is answered with the bare text: no quotes, no newline', async () => {
    expect(await world({ now: '2014-09-02T12:06:29Z' }).handle(V1_REQUEST)).toEqual({ status: 200, body: V1.message })
  })

  test('the message is stored, then acknowledged with nothing', async () => {
    const { handle, seen } = world(in2014)
    expect(await handle(V2_REQUEST)).toEqual({ status: 200, body: '' })
    expect(seen).toMatchObject([{ id: 'wecom:4561255354251345929', type: 'text', text: 'hello', userId: 'mycreate' }])
  })
})

describe('acknowledging', () => {
  const at = '2026-11-07T12:00:00+08:00'

  test('happens only when the event is stored', async () => {
    let store = () => {}
    const stored = new Promise<void>((resolve) => {
      store = resolve
    })
    let answered = false
    const answer = world({ receive: () => stored })
      .handle(post(text('hi'), at))
      .then((response) => {
        answered = true
        return response
      })
    for (let i = 0; i < 50; i++) await Promise.resolve()
    expect(answered).toBe(false)
    store()
    expect((await answer).status).toBe(200)
  })

  test('does not happen when it could not be stored: 500, so that the platform repeats', async () => {
    const { handle, logged } = world({ receive: () => Promise.reject(new Error('database down')) })
    expect(await handle(post(text('secret words'), at))).toEqual({ status: 500, body: '' })
    expect(JSON.stringify(logged)).toContain('wecom:1')
    expect(JSON.stringify(logged)).not.toContain('secret words')
  })

  test('does not happen before start and after stop: 503', async () => {
    const handle = createCallback({
      keys,
      clock: { now: () => new Date(at), everyMinute: () => () => {} },
      log: { info() {}, warn() {}, error() {} },
      receive: () => undefined,
    })
    expect((await handle(post(text('hi'), at))).status).toBe(503)
  })

  test('of an event that means nothing to us needs no store', async () => {
    const { handle, seen } = world()
    const view = `<xml><FromUserName>lin</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>view</Event></xml>`
    expect(await handle(post(view, at))).toEqual({ status: 200, body: '' })
    expect(seen).toEqual([])
  })

  test('of an unknown kind is logged once, however many come', async () => {
    const { handle, seen, logged } = world()
    const unknown = (name: string) =>
      post(
        `<xml><FromUserName>lin</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>${name}</Event></xml>`,
        at,
      )
    for (const name of ['new_a', 'new_a', 'new_b']) expect((await handle(unknown(name))).status).toBe(200)
    expect(seen.map((event) => event.type === 'notice' && event.what)).toEqual([
      'unknown-event',
      'unknown-event',
      'unknown-event',
    ])
    expect(logged.map(({ obj }) => obj)).toEqual([{ kind: 'event/new_a' }, { kind: 'event/new_b' }])
    // Whoever makes names up fills no log and no memory.
    for (let i = 0; i < 100; i++) await handle(unknown(`made_up_${i}`))
    expect(logged).toHaveLength(100)
  })

  test('of a notice that we know logs no unknown kind', async () => {
    const { handle, seen, logged } = world()
    const alert = `<xml><FromUserName>sys</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>inactive_alert</Event></xml>`
    expect((await handle(post(alert, at))).status).toBe(200)
    expect(seen).toMatchObject([{ type: 'notice', what: 'inactive-alert' }])
    expect(logged).toEqual([])
  })

  test('does not happen when something breaks that nobody thought of: 500, and the log has its name, not its words', async () => {
    const logged: object[] = []
    const handle = createCallback({
      keys,
      clock: { now: () => new Date(at), everyMinute: () => () => {} },
      log: { info() {}, warn() {}, error: (obj) => void logged.push(obj) },
      receive: () => {
        throw new TypeError('secret words')
      },
    })
    expect(await handle(post(text('hi'), at))).toEqual({ status: 500, body: '' })
    expect(logged).toEqual([{ error: 'TypeError' }])
  })

  test('a repeated delivery carries the same id, so that the store knows it', async () => {
    const { handle, seen } = world()
    for (const later of ['12:00:00', '12:00:05', '12:00:10', '12:00:15'])
      await handle(post(text('hi'), `2026-11-07T${later}+08:00`))
    expect(new Set(seen.map((event) => event.id)).size).toBe(1)
    expect(seen).toHaveLength(4)
  })
})

describe('what is not from the platform is refused and does nothing', () => {
  const at = '2026-11-07T12:00:00+08:00'
  const good = () => post(text('hi'), at)
  const refused = async (request: CallbackRequest, status: number) => {
    const { handle, seen } = world()
    expect(await handle(request)).toEqual({ status, body: '' })
    expect(seen).toEqual([])
  }

  test('a wrong signature: 403', async () => {
    const request = good()
    await refused({ ...request, query: { ...request.query, msg_signature: '0'.repeat(40) } }, 403)
  })

  test('the signature of another body: 403', async () => {
    await refused({ ...good(), body: body(encrypt(keys, text('other'))) }, 403)
  })

  test('swapped timestamp and nonce that sort alike still tell another time: 403', async () => {
    const request = good()
    const { timestamp, nonce } = request.query
    await refused({ ...request, query: { ...request.query, timestamp: nonce, nonce: timestamp } }, 403)
  })

  test.each(['msg_signature', 'timestamp', 'nonce'])('%s missing or doubled: 400', async (name) => {
    const request = good()
    await refused({ ...request, query: { ...request.query, [name]: undefined } }, 400)
    await refused({ ...request, query: { ...request.query, [name]: [request.query[name] as string, 'x'] } }, 400)
  })

  test('another company’s message under our token: 403', async () => {
    await refused(post(text('hi'), at, { ...keys, receiveId: 'ww0000000000000000' }), 403)
  })

  test('another key under our token: 403', async () => {
    await refused(post(text('hi'), at, { ...keys, aesKey: Buffer.alloc(32, 7) }), 403)
  })

  test('another app’s message: 403, and the log says where to look', async () => {
    const { handle, seen, logged } = world()
    expect((await handle(post(text('hi', '<AgentID>219</AgentID>'), at))).status).toBe(403)
    expect(seen).toEqual([])
    expect(logged[0]?.msg).toContain('接收消息')
  })

  test('a signed message that is no XML, or doubles what must be single: 400', async () => {
    await refused(post('hello', at), 400)
    await refused(post('<!DOCTYPE xml><xml></xml>', at), 400)
    await refused(post(text('hi', '<FromUserName>zhao</FromUserName>'), at), 400)
  })

  test('a body without Encrypt: 400; with a DOCTYPE: 400; over 64 KiB: 413; another method: 405', async () => {
    const request = good()
    await refused({ ...request, body: Buffer.from('{"Encrypt":"QUJD"}') }, 400)
    await refused({ ...request, body: Buffer.concat([Buffer.from('<!DOCTYPE x>'), request.body]) }, 400)
    await refused({ ...request, body: Buffer.alloc(65_536, 32) }, 400)
    await refused({ ...request, body: Buffer.alloc(65_537, 32) }, 413)
    await refused({ ...request, method: 'PUT' }, 405)
  })

  test('a URL verification without echostr: 400; forged, or a message in its place: 403', async () => {
    const { handle } = world(in2014)
    const verifying = (query: CallbackRequest['query']) =>
      handle({ ...V1_REQUEST, query: { ...V1_REQUEST.query, ...query } })
    expect((await verifying({})).status).toBe(200)
    expect(await verifying({ msg_signature: V2.signature })).toEqual({ status: 403, body: '' })
    // A captured message under its own signature: we read it to nobody.
    const captured = { ...V2_REQUEST.query, echostr: V2.encrypted }
    expect(await verifying(captured)).toEqual({ status: 403, body: '' })
    expect((await handle({ ...V1_REQUEST, query: { ...V1_REQUEST.query, echostr: undefined } })).status).toBe(400)
    expect(await handle({ ...V1_REQUEST, query: { ...V1_REQUEST.query, echostr: V2.encrypted } })).toEqual({
      status: 403,
      body: '',
    })
  })

  test('a captured request works for ten minutes, not a second longer, and not ahead of its time', async () => {
    const request = good()
    const { handle, seen, travel, logged } = world()
    const answerAt = async (time: string) => {
      travel(`2026-11-07T${time}+08:00`)
      return (await handle(request)).status
    }
    expect(await answerAt('12:00:20')).toBe(200)
    expect(await answerAt('12:10:00')).toBe(200)
    expect(await answerAt('12:10:00.001')).toBe(403)
    expect(await answerAt('11:50:00')).toBe(200)
    expect(await answerAt('11:49:59')).toBe(403)
    expect(await answerAt('23:00:00')).toBe(403)
    expect(seen).toHaveLength(3)
    expect(logged.map(({ obj }) => obj)).toEqual([{ apartMinutes: 10 }])
  })

  test('a signed timestamp that is no number: 403', async () => {
    const encrypted = encrypt(keys, text('hi'))
    const query = { msg_signature: sign(VECTOR_TOKEN, 'soon', 'n', encrypted), timestamp: 'soon', nonce: 'n' }
    await refused({ method: 'POST', query, body: body(encrypted) }, 403)
  })

  test('bytes flipped anywhere in a good request: never stored, never 500', async () => {
    const { handle, seen } = world()
    const request = good()
    await fc.assert(
      fc.asyncProperty(fc.nat(request.body.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const bytes = Buffer.from(request.body)
        bytes[at]! ^= mask
        const { status } = await handle({ ...request, body: bytes })
        // Outside of the signed value there is nothing that we read, so a flip there may leave it good.
        if (bytes.includes(request.body.subarray(request.body.indexOf('<Encrypt>'), -6)))
          expect([200, 400]).toContain(status)
        else expect([400, 403]).toContain(status)
      }),
      { numRuns: 2000 },
    )
    expect(new Set(seen.map((event) => event.id))).toEqual(seen.length > 0 ? new Set(['wecom:1']) : new Set())
  })

  test('any body and any query: never stored, never 500', async () => {
    const { handle, seen } = world()
    const value = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 2 }), fc.constant(undefined))
    const query = fc.record({ msg_signature: value, timestamp: value, nonce: value, echostr: value })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST'),
        query,
        fc.uint8Array({ maxLength: 300 }),
        async (method, q, bytes) => {
          const { status } = await handle({ method, query: q, body: Buffer.from(bytes) })
          expect([400, 403]).toContain(status)
        },
      ),
      { numRuns: 2000 },
    )
    expect(seen).toEqual([])
  })

  test('any XML that is signed: 200, 400 or 403, never an error', async () => {
    const { handle } = world()
    const name = fc.constantFrom(
      'MsgType',
      'Event',
      'FromUserName',
      'EventKey',
      'SelectedItems',
      'SelectedItem',
      'OptionIds',
      'AgentID',
      '__proto__',
    )
    const value = fc.constantFrom(
      'event',
      'text',
      'template_card_event',
      'change_contact',
      '$ne',
      '__proto__',
      '218',
      '',
    )
    const field = fc.tuple(name, value).map(([n, v]) => `<${n}>${v}</${n}>`)
    const nested = fc
      .tuple(name, fc.array(field, { maxLength: 3 }))
      .map(([n, inner]) => `<${n}>${inner.join('')}</${n}>`)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(field, nested), { maxLength: 6 }), async (parts) => {
        const { status } = await handle(post(`<xml>${parts.join('')}</xml>`, at))
        expect([200, 400, 403]).toContain(status)
      }),
      { numRuns: 1000 },
    )
  })
})

test('the contact assistant’s callback names no app, and is taken', async () => {
  const { handle, seen } = world({ agentId: undefined as never })
  const joined = `<xml><ToUserName>${keys.receiveId}</ToUserName><FromUserName>sys</FromUserName><CreateTime>1794024000</CreateTime><MsgType>event</MsgType><Event>change_contact</Event><ChangeType>create_user</ChangeType><UserID>new</UserID><Department>1</Department></xml>`
  expect((await handle(post(joined, '2026-11-07T12:00:00+08:00'))).status).toBe(200)
  expect(seen).toMatchObject([{ type: 'joined', userId: 'new' }])
})
