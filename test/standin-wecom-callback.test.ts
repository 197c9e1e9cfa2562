import { createServer } from 'node:http'
import * as official from '@wecom/crypto'
import { XMLParser } from 'fast-xml-parser'
import { describe, expect, test } from 'vitest'
import { ONE_PIXEL } from '../sandbox/picture.ts'
import { decrypt } from '../sandbox/wecom/crypto.ts'
import type { ProbeKind } from '../sandbox/wecom/stand-in.ts'
import { childText, type XmlElement } from '../sandbox/wecom/xml.ts'
import { AGENT, buttonCard, CORP, KEYS, makeBot, makeWecom, makeWecomWithBot, reply } from './standin-wecom-world.ts'

const fields = (inner: XmlElement) =>
  Object.fromEntries([...inner.children].map(([name, [value]]) => [name, value!.text]))
const answerText = (content: string, more = {}) => ({
  body: reply({ ToUserName: 'qian', FromUserName: CORP, CreateTime: 1, MsgType: 'text', Content: content, ...more }),
})

describe('saving a callback URL', () => {
  const saving = async (answer: (message: string) => string | undefined, status = 200) => {
    const server = createServer((request, response) => {
      const echo = new URL(request.url!, 'http://bot').searchParams.get('echostr')!
      const text = answer(decrypt(KEYS.aesKey, echo).message)
      if (text !== undefined) response.writeHead(status).end(text)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as { port: number }
    const { wecom, sendCard } = await makeWecom({ verifyDeadlineMs: 40 })
    try {
      await wecom.setCallback({ ...KEYS, url: `http://127.0.0.1:${port}/` })
      return 'saved'
    } catch (error) {
      expect((await sendCard(buttonCard('t'))).errcode).toBe(43012)
      return (error as Error).message
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  test('needs the plain text back, with nothing around it', async () => {
    expect(await saving((message) => message)).toBe('saved')
    for (const wrong of [JSON.stringify, (m: string) => `${m}\n`, (m: string) => `\ufeff${m}`, () => 'success'])
      expect(await saving(wrong)).toContain('not the plain echostr')
  })

  test('needs status 200, in time', async () => {
    expect(await saving((message) => message, 201)).toContain('status 201')
    expect(await saving(() => undefined)).toContain('timeout')
  })

  test('needs keys that the console would take', async () => {
    const { wecom } = await makeWecom()
    const url = 'http://127.0.0.1:9/'
    await expect(wecom.setCallback({ url, token: 'a-b', aesKey: KEYS.aesKey })).rejects.toThrow('Token')
    await expect(wecom.setCallback({ url, token: 'a', aesKey: 'short' })).rejects.toThrow('EncodingAESKey')
    await expect(wecom.setCallback({ ...KEYS, url: 'bot.example.com/wecom' })).rejects.toThrow('http')
  })
})

test('a message comes signed, encrypted, to this app, with a number that only text can hold', async () => {
  const { wecom, bot, clock } = await makeWecomWithBot()
  await wecom.type('QIAN', '周计划：\n1. ]]> <完成> & "测试"😀')
  const { inner, outer } = bot.received[0]!
  expect(fields(inner)).toEqual({
    ...{ ToUserName: CORP, FromUserName: 'qian', CreateTime: String(clock.now().getTime() / 1000), MsgType: 'text' },
    ...{
      Content: '周计划：\n1. ]]> <完成> & "测试"😀',
      MsgId: expect.stringMatching(/^\d{19}$/),
      AgentID: String(AGENT),
    },
  })
  expect(childText(outer, 'AgentID')).toBe(String(AGENT))
  expect(wecom.chat('qian')).toMatchObject([{ from: 'qian', kind: 'text' }])
})

test('elements come in any order, with and without CDATA, with every length of padding', async () => {
  const { wecom, bot } = await makeWecomWithBot()
  for (let i = 0; i < 200; i++) await wecom.type('qian', 'a')
  const orders = (of: (one: (typeof bot.received)[0]) => XmlElement) =>
    new Set(bot.received.map((one) => [...of(one).children.keys()].join()))
  expect(orders((one) => one.outer).size).toBe(6)
  expect(orders((one) => one.inner).size).toBeGreaterThan(100)
  const pads = new Set(bot.received.map(({ plain }) => 32 - ((20 + Buffer.byteLength(plain) + CORP.length) % 32)))
  expect([...pads].sort((a, b) => a - b)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1))
  const styled = bot.received.filter(({ plain }) => plain.includes('<![CDATA[')).length
  expect(styled).toBeGreaterThan(50)
  expect(styled).toBeLessThan(150)
  expect(new Set(bot.received.map(({ inner }) => childText(inner, 'MsgId'))).size).toBe(200)
})

test('the official library and a well-known parser read what is sent', async () => {
  const { wecom, bot } = await makeWecomWithBot()
  const parser = new XMLParser({ parseTagValue: false, trimValues: false })
  for (let i = 0; i < 20; i++) await wecom.type('qian', '本周 <a&b> ]]> 007')
  for (const { body, query } of bot.received) {
    const { Encrypt } = parser.parse(body).xml as { Encrypt: string }
    const signature = official.getSignature(KEYS.token, query.get('timestamp')!, query.get('nonce')!, Encrypt)
    expect(signature).toBe(query.get('msg_signature'))
    const { message, id } = official.decrypt(KEYS.aesKey, Encrypt)
    expect(id).toBe(CORP)
    expect(parser.parse(message).xml).toMatchObject({ Content: '本周 <a&b> ]]> 007', FromUserName: 'qian' })
  }
})

describe('a delivery', () => {
  test('is repeated three times when no answer comes in time, always the same message', async () => {
    const { wecom, bot } = await makeWecomWithBot(() => ({ delayMs: 2000 }), { deadlineMs: 30 })
    await wecom.type('qian', 'a')
    expect(bot.received).toHaveLength(4)
    expect(new Set(bot.received.map((one) => one.plain)).size).toBe(1)
    expect(new Set(bot.received.map((one) => one.body)).size).toBe(4)
    expect(wecom.callbacks[0]).toMatchObject({ acknowledged: false, attempts: Array(4).fill({ problem: 'timeout' }) })
  })

  test('ends with the first 200', async () => {
    let calls = 0
    const { wecom, bot } = await makeWecomWithBot(() => ({ status: ++calls < 3 ? 500 : 200 }))
    await wecom.type('qian', 'a')
    expect(bot.received).toHaveLength(3)
    expect(wecom.callbacks[0]).toMatchObject({ acknowledged: true })
    expect(wecom.callbacks[0]!.attempts.map((one) => one.status)).toEqual([500, 500, 200])
  })

  test('with another status is not repeated where only silence counts', async () => {
    const { wecom, bot } = await makeWecomWithBot(() => ({ status: 500 }), { quirks: { retryOnNon200: false } })
    await wecom.type('qian', 'a')
    expect(bot.received).toHaveLength(1)
    expect(wecom.callbacks[0]!.acknowledged).toBe(false)
  })

  test('fails on a dead bot after as many tries as the platform makes', async () => {
    const { wecom } = await makeWecom({ callback: { ...KEYS, url: 'http://127.0.0.1:9/' }, quirks: { retries: 2 } })
    await wecom.type('qian', 'a')
    expect(wecom.callbacks[0]!.attempts.map((one) => one.problem)).toEqual(Array(3).fill('connection'))
  })

  test('may come twice although it was acknowledged, afterwards or at once', async () => {
    const { wecom, bot } = await makeWecomWithBot()
    for (const way of ['after', 'together'] as const) {
      wecom.quirks.duplicateDeliveries = way
      bot.received.length = 0
      await wecom.type('qian', 'a')
      expect(bot.received).toHaveLength(2)
      expect(bot.received[0]!.plain).toBe(bot.received[1]!.plain)
    }
  })

  test('may be built anew, with a response code of its own', async () => {
    let calls = 0
    const { wecom, bot, sendCard } = await makeWecomWithBot(() => ({ status: ++calls === 1 ? 500 : 200 }), {
      quirks: { retryRebuilds: true },
    })
    const { msgid } = await sendCard(buttonCard('t'))
    await wecom.tap('qian', msgid as string, 'approve')
    const [first, second] = bot.received.map((one) => fields(one.inner))
    expect(first!.ResponseCode).not.toBe(second!.ResponseCode)
    expect({ ...first, ResponseCode: '' }).toEqual({ ...second, ResponseCode: '' })
  })
})

describe('a passive reply', () => {
  test('appears in the chat', async () => {
    const { wecom } = await makeWecomWithBot(() => answerText(`收到 ]]> ${'a'.repeat(3000)}`))
    await wecom.type('qian', 'a')
    expect(wecom.chat('qian').at(-1)).toMatchObject({ from: 'bot', kind: 'text' })
    expect(Buffer.byteLength(wecom.chat('qian').at(-1)!.text!)).toBe(2048)
    expect(wecom.callbacks[0]).toMatchObject({ acknowledged: true, reply: 'text' })
  })

  test.each<[string, string, string]>([
    ['that is no XML', 'success', 'bad XML|root'],
    ['with a foreign signature', reply({ MsgType: 'text' }, { ...KEYS, token: 'other' }), 'bad signature'],
    ['to somebody else', answerText('a', { ToUserName: 'sun' }).body, 'ToUserName'],
    ['from somebody else', answerText('a', { FromUserName: 'qian' }).body, 'FromUserName'],
    ['in milliseconds of a text', answerText('a', { CreateTime: 'now' }).body, 'CreateTime'],
    ['of an unknown type', answerText('a', { MsgType: 'card' }).body, 'unknown MsgType'],
    ['without content', answerText('').body, 'Content'],
  ])('%s is thrown away, and the message counts as acknowledged', async (_, body, why) => {
    const { wecom, bot } = await makeWecomWithBot(() => ({ body }))
    await wecom.type('qian', 'a')
    expect(bot.received).toHaveLength(1)
    expect(wecom.callbacks[0]).toMatchObject({ acknowledged: true, replyProblem: expect.stringMatching(why) })
    expect(wecom.chat('qian')).toHaveLength(1)
  })
})

test('media, place, entering and the menu each have their event', async () => {
  const { wecom, bot, get, post, app } = await makeWecomWithBot()
  for (const media of ['image', 'voice', 'video', 'location'] as const) await wecom.sendMedia('qian', media)
  await expect(wecom.sendMedia('qian', 'file')).rejects.toThrow('no files')
  const button = [{ name: '绩效', sub_button: [{ name: '计划', type: 'click', key: 'plan' }] }]
  await post(`menu/create?access_token=${app}&agentid=${AGENT}`, { button })
  await wecom.tapMenu('qian', 'plan')
  await expect(wecom.tapMenu('qian', 'other')).rejects.toThrow('no entry')
  await wecom.open('qian')
  await post(`agent/set?access_token=${app}`, { agentid: AGENT, isreportenter: 0 })
  await wecom.open('qian')
  const seen = bot.received.map(({ inner }) => childText(inner, 'Event') ?? childText(inner, 'MsgType'))
  expect(seen).toEqual(['image', 'voice', 'video', 'location', 'click', 'enter_agent'])
  const { MediaId } = fields(bot.received[0]!.inner)
  const file = await fetch(`${wecom.apiBase}/cgi-bin/media/get?access_token=${app}&media_id=${MediaId}`)
  expect(file.headers.get('content-disposition')).toContain('photo.jpg')
  expect(Buffer.from(await file.arrayBuffer())).toEqual(ONE_PIXEL)
  // One's own picture comes through as it was sent.
  await wecom.sendPicture('qian', Buffer.from('any bytes'))
  const own = fields(bot.received.at(-1)!.inner)
  const sent = await fetch(`${wecom.apiBase}/cgi-bin/media/get?access_token=${app}&media_id=${own.MediaId}`)
  expect(await sent.text()).toBe('any bytes')
  expect((await get(`media/get?access_token=${app}&media_id=x`)).errcode).toBe(40007)
})

describe('joining and leaving', () => {
  const both = async (options = {}) => {
    const contacts = await makeBot()
    const world = await makeWecomWithBot(undefined, options)
    await world.wecom.setContactsCallback({ ...KEYS, url: contacts.url })
    return { ...world, contacts }
  }

  test('tells the app subscribe and unsubscribe, and the assistant ids only', async () => {
    const { wecom, bot, contacts } = await both()
    await wecom.join({ userId: 'wu', name: '吴越', title: '员工', departments: ['食堂'], hiredOn: '2026-11-25' })
    await wecom.leave('wu')
    expect(bot.received.map(({ inner }) => [childText(inner, 'Event'), childText(inner, 'FromUserName')])).toEqual([
      ['subscribe', 'wu'],
      ['unsubscribe', 'wu'],
    ])
    const [created, deleted] = contacts.received.map(({ inner }) => fields(inner))
    expect(created).toEqual({
      ...{ ToUserName: CORP, FromUserName: 'sys', CreateTime: expect.any(String), MsgType: 'event' },
      ...{ Event: 'change_contact', ChangeType: 'create_user', UserID: 'wu', Department: expect.any(String) },
    })
    expect(deleted).toMatchObject({ ChangeType: 'delete_user', UserID: 'wu' })
    expect(contacts.received[0]!.outer.children.has('AgentID')).toBe(false)
  })

  test('a change tells the assistant only of department, leader and user id', async () => {
    const { wecom, contacts } = await both()
    await wecom.change('qian', { title: '主管' })
    expect(contacts.received).toHaveLength(0)
    await wecom.change('qian', { departments: ['行政部'] })
    await wecom.change('qian', { newUserId: 'qianjin' })
    expect(contacts.received.map(({ inner }) => fields(inner).NewUserID)).toEqual([undefined, 'qianjin'])
    expect(wecom.chat('qianjin')).toEqual([])
  })

  test('an assistant from before 2022 gets names too', async () => {
    const { wecom, contacts } = await both({ quirks: { legacyContactEvents: true } })
    await wecom.join({ userId: 'wu', name: '吴越', title: '员工', departments: ['食堂'] })
    expect(fields(contacts.received[0]!.inner)).toMatchObject({ Name: '吴越', Position: '员工', Status: '1' })
  })

  test('a wider range subscribes veterans, one event each; who is outside sees no app', async () => {
    const { wecom, bot } = await both({ visible: ['Zhao'] })
    await expect(wecom.type('qian', 'a')).rejects.toThrow('does not see the app')
    await wecom.setVisible('everybody')
    expect(bot.received.map(({ inner }) => childText(inner, 'Event'))).toEqual(Array(4).fill('subscribe'))
    bot.received.length = 0
    await wecom.setVisible(['Zhao', 'qian', 'sun', 'li'])
    expect(bot.received.map(({ inner }) => fields(inner))).toMatchObject([
      { Event: 'unsubscribe', FromUserName: 'zhou' },
    ])
  })
})

test('anything at all can be sent raw', async () => {
  const { wecom, bot } = await makeWecomWithBot()
  await wecom.sendRaw({ MsgType: 'event', Event: 'inactive_alert', AgentID: AGENT, EffectTime: 1764032400 })
  expect(fields(bot.received[0]!.inner)).toMatchObject({ Event: 'inactive_alert', FromUserName: 'sys' })
})

test('every probe reaches the bot as a request of its own, and a replay is the last one byte for byte', async () => {
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    requests.push(`${request.url}\n${body}`)
    response.writeHead(403).end()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}/`
  const { wecom } = await makeWecom({ callback: { ...KEYS, url }, quirks: { retryOnNon200: false } })
  const kinds: ProbeKind[] = [
    ...(['bad-signature', 'no-signature', 'wrong-token', 'wrong-receiveid', 'wrong-agent', 'wrong-key'] as const),
    ...(['tampered', 'cut', 'pad-zero', 'pad-33', 'pad-unequal', 'length-beyond', 'doubled-query'] as const),
    ...(['doctype-outside', 'doctype-inside', 'not-xml', 'no-encrypt', 'oversized'] as const),
  ]
  for (const kind of kinds) expect(await wecom.probe(kind)).toBe(403)
  await wecom.type('qian', 'a')
  expect(await wecom.probe('replay')).toBe(403)
  expect(requests).toHaveLength(kinds.length + 2)
  expect(requests.at(-1)).toBe(requests.at(-2))
  server.closeAllConnections()
  server.close()
})
