import { connect } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decodeAesKey, encrypt, sign } from '../src/platforms/wecom/crypto.ts'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

let world: WeekWorld
beforeEach(async () => {
  world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00', platforms: ['wecom', 'dingtalk'] })
})
afterEach(() => world.stop())

const keys = {
  token: 'token',
  aesKey: decodeAesKey('jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C'),
  receiveId: 'ww1',
}
const stored = () => world.bot().ctx.people.model.db.collection('inbox').countDocuments()

/** Signed and encrypted as WeCom does it, whatever the message is. */
function signed(message: string): { query: string; body: string } {
  const encrypted = encrypt(keys, message)
  const timestamp = String(Math.floor(world.clock.now().getTime() / 1000))
  const query = `msg_signature=${sign(keys.token, timestamp, '1', encrypted)}&timestamp=${timestamp}&nonce=1`
  return {
    query,
    body: `<xml><ToUserName>ww1</ToUserName><Encrypt>${encrypted}</Encrypt><AgentID>1000002</AgentID></xml>`,
  }
}

const post = async (path: string, body: string | Buffer): Promise<number> =>
  (await fetch(`${world.bot().url}${path}`, { method: 'POST', body: body as never })).status

test('bytes changed anywhere in a good request: refused without an error of ours, nothing is stored', async () => {
  const good = signed(
    '<xml><FromUserName>zhao</FromUserName><MsgType>text</MsgType><Content>帮助</Content><MsgId>1</MsgId></xml>',
  )
  const before = await stored()
  const bytes = Buffer.from(good.body)
  const from = good.body.indexOf('<Encrypt>') + 9
  const end = good.body.indexOf('</Encrypt>')
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: from, max: end - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = Buffer.from(bytes)
      changed[at] = changed[at]! ^ by
      const status = await post(`/wecom/callback?${good.query}`, changed)
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    }),
    { numRuns: 300, seed: 8 },
  )
  expect(await stored()).toBe(before)
}, 60_000)

test('bodies and queries of any kind, on every callback, never meet an error of ours', async () => {
  const before = await stored()
  const path = fc.constantFrom(
    '/wecom/callback',
    '/wecom/contacts',
    '/dingtalk/robot',
    '/dingtalk/cards',
    '/dingtalk/events',
  )
  const piece = fc.constantFrom(
    '<xml>',
    '</xml>',
    '<Encrypt>',
    '</Encrypt>',
    '<![CDATA[',
    ']]>',
    '<!DOCTYPE a>',
    '&#0;',
    '&a;',
    '{"a":',
    '[',
    '"',
    '\0',
  )
  const body = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(fc.oneof(piece, fc.string({ maxLength: 20 })), { maxLength: 20 }).map((p) => p.join('')),
    fc.json(),
  )
  const query = fc.array(
    fc.tuple(
      fc.constantFrom('msg_signature', 'signature', 'timestamp', 'nonce', '__proto__', 'a[$gt]'),
      fc.string({ maxLength: 20 }),
    ),
    { maxLength: 5 },
  )
  await fc.assert(
    fc.asyncProperty(path, query, body, async (to, q, content) => {
      const text = q.map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join('&')
      const status = await post(`${to}?${text}`, content)
      expect([400, 401, 403, 404, 405, 413]).toContain(status)
    }),
    { numRuns: 400, seed: 9 },
  )
  expect(await stored()).toBe(before)
}, 60_000)

test('a signed message of any structure is taken, ignored or refused, and never ends the process', async () => {
  const names = [
    'FromUserName',
    'MsgType',
    'Event',
    'EventKey',
    'TaskId',
    'CreateTime',
    'MsgId',
    'Content',
    'SelectedItems',
    'AgentID',
    '__proto__',
    'constructor',
    'ChangeType',
    'UserID',
  ]
  const kinds = [
    'text',
    'event',
    'image',
    'template_card_event',
    'change_contact',
    'click',
    'subscribe',
    '$ne',
    '{"$gt":""}',
    '',
    '1000002',
    'zhao',
  ]
  const value = fc.oneof(
    fc.constantFrom(...kinds),
    fc.string({ maxLength: 30 }).map((s) => s.replace(/[<>&\]]/g, '')),
  )
  const element: fc.Memo<string> = fc.memo((n) =>
    fc
      .tuple(
        fc.constantFrom(...names),
        n > 1
          ? fc.oneof(
              value,
              fc.array(element(n - 1), { maxLength: 3 }).map((e) => e.join('')),
            )
          : value,
      )
      .map(([name, inner]) => `<${name}>${inner}</${name}>`),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(element(3), { maxLength: 10 }), async (elements) => {
      const { query, body } = signed(`<xml>${elements.join('')}</xml>`)
      expect([200, 400, 403]).toContain(await post(`/wecom/callback?${query}`, body))
    }),
    { numRuns: 300, seed: 10 },
  )
  await world.bot().idle()
  expect((await fetch(`${world.bot().url}/healthz`)).status).toBe(200)
}, 60_000)

test('a flood of forged callbacks: all are refused, and the good ones between them are stored and answered in the platform’s five seconds', async () => {
  const before = await stored()
  const good = Array.from({ length: 30 }, (_, i) => {
    const who = `<FromUserName>${['zhao', 'qian', 'li'][i % 3]}</FromUserName><MsgType>text</MsgType>`
    return signed(`<xml>${who}<Content>帮助</Content><MsgId>${7_000_000 + i}</MsgId></xml>`)
  })
  const forged = good.map(({ query, body }) => ({ query: query.replace(/msg_signature=(.)/, 'msg_signature=x'), body }))
  let over = false
  const refused: number[] = []
  const flood = Array.from({ length: 16 }, async (_, lane) => {
    for (let i = lane; !over; i++) {
      const { query, body } = forged[i % forged.length]!
      refused.push(await post(`/wecom/callback?${query}`, body))
    }
  })
  const answers: { status: number; ms: number }[] = []
  for (const { query, body } of good) {
    const from = performance.now()
    answers.push({ status: await post(`/wecom/callback?${query}`, body), ms: performance.now() - from })
  }
  over = true
  await Promise.all(flood)
  expect(answers.map((a) => a.status)).toEqual(good.map(() => 200))
  expect(Math.max(...answers.map((a) => a.ms))).toBeLessThan(5_000)
  expect(await stored()).toBe(before + good.length)
  expect(refused.length).toBeGreaterThan(5 * good.length)
  expect(new Set(refused)).toEqual(new Set([403]))
}, 60_000)

/** Sends raw bytes and says what came back, and after how long the other side hung up. */
function raw(text: string, more?: { every: number; byte: string }): Promise<{ answer: string; ms: number }> {
  const from = performance.now()
  return new Promise((done) => {
    let answer = ''
    const socket = connect(world.bot().port, '127.0.0.1', () => socket.write(text))
    const drip = more && setInterval(() => socket.write(more.byte), more.every)
    socket.on('data', (d) => {
      answer += d
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearInterval(drip)
      done({ answer: answer.slice(0, 12), ms: performance.now() - from })
    })
  })
}

test('methods, lengths and encodings that no platform uses are refused', async () => {
  const line = 'HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
  for (const method of ['TRACE', 'PUT', 'DELETE', 'PATCH'])
    expect([method, (await raw(`${method} /wecom/callback ${line}\r\n`)).answer]).toEqual([
      method,
      expect.stringMatching(/ 4\d\d$/),
    ])
  const both = `POST /wecom/callback ${line}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
  expect((await raw(both)).answer).toMatch(/ 400$/)
  const doubled = `POST /wecom/callback ${line}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`
  expect((await raw(doubled)).answer).toMatch(/ 400$/)
  const headers = `GET /healthz ${line}${'X-A: '.concat('a'.repeat(20_000))}\r\n\r\n`
  expect((await raw(headers)).answer).toMatch(/ 431$/)
})

test('whoever sends a header or a body by the byte is cut off within fifteen seconds, and others are served meanwhile', async () => {
  const slow = Promise.all([
    ...Array.from({ length: 50 }, () =>
      raw('POST /wecom/callback HTTP/1.1\r\nHost: x\r\nX-A: ', { every: 500, byte: 'a' }),
    ),
    ...Array.from({ length: 50 }, () =>
      raw('POST /wecom/callback?nonce=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n', {
        every: 500,
        byte: 'a',
      }),
    ),
  ])
  await world.phone('zhao').type('帮助')
  expect(world.phone('zhao').sees()).toContain('周计划')
  for (const { ms } of await slow) expect(ms).toBeLessThan(15_000)
}, 60_000)
