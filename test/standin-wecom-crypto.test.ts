import * as official from '@wecom/crypto'
import { describe, expect, test } from 'vitest'
import { decrypt, encrypt, encryptPadded, frame, keyBytes, pad, padSize, sign } from '../sandbox/wecom/crypto.ts'
import { jsSignature } from '../sandbox/wecom/tickets.ts'
import { parseXml, toXml } from '../sandbox/wecom/xml.ts'
import { CORP, KEYS } from './standin-wecom-world.ts'

const { token, aesKey } = KEYS
const ECHO = 'P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=='
const PUSH =
  'RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=='
const PUSH_PLAIN =
  '<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>'

describe('the official vectors', () => {
  test('both signatures come out', () => {
    expect(sign(token, '1409659589', '263014780', ECHO)).toBe('5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3')
    expect(sign(token, '1409659813', '1372623149', PUSH)).toBe('477715d11cdb4164915debcba66cb864d751f3e6')
  })

  test('both decrypt, and encrypt again byte for byte with their random', () => {
    expect(decrypt(aesKey, ECHO)).toEqual({ message: '1616140317555161061', receiveId: CORP })
    expect(decrypt(aesKey, PUSH)).toEqual({ message: PUSH_PLAIN, receiveId: CORP })
    expect(encrypt(aesKey, '1616140317555161061', CORP, Buffer.from('c41b64491c2468d0'))).toBe(ECHO)
    expect(encrypt(aesKey, PUSH_PLAIN, CORP, Buffer.from('0960688932c47ef1'))).toBe(PUSH)
  })

  test.each<[string, string, string, string]>([
    [
      ...(['abcdefghijklmnopqrstuvwxyz', CORP] as const),
      'sKqRbbiSUnDhFHOvPjtUMZGyoR1r/GzKAbbgquGlaOgIlt+xQAi/JKk90aBApUWQUg5O+k5ZufIRKoqgtkAVwJKF1H3y/sfk7izzwSIp1tYTy01NHOGT9sTJ2jdv5sCT',
      '30e53862b778ddd07ad23e2fbd311284fc2a3e42',
    ],
    [
      ...(['{"msgtype":"text"}', ''] as const),
      'sKqRbbiSUnDhFHOvPjtUMXwcNQzHVFNeLGShu75XAxnlReSDiqIMxFSwaGouVQm/TLf+6IgUPvQBjguiS7rgiw==',
      'f3ed528019a89b91c9255e644525b06a75cdb316',
    ],
  ])('a full block of padding and an empty receiver: %s', (message, receiveId, encrypted, signature) => {
    expect(encrypt(aesKey, message, receiveId, Buffer.from('0123456789abcdef'))).toBe(encrypted)
    expect(sign(token, '1700000000', 'nonce123', encrypted)).toBe(signature)
  })

  test('the JS signature comes out', () => {
    const ticket = 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg'
    const page = { noncestr: 'Wm3WZYTPz0wzccnW', timestamp: '1414587457', url: 'http://mp.weixin.qq.com?params=value' }
    expect(jsSignature(ticket, page)).toBe('0f9de62fce790f9a083d5c99e95740ceb90c27ed')
  })
})

test('the official library reads and signs as we do, at every length of padding', () => {
  for (let length = 0; length < 40; length++) {
    const message = '审'.repeat(length % 7) + 'x'.repeat(length)
    const encrypted = encrypt(aesKey, message, CORP)
    expect(official.decrypt(aesKey, encrypted)).toMatchObject({ message, id: CORP })
    expect(official.getSignature(token, 1700000000, 'n', encrypted)).toBe(sign(token, '1700000000', 'n', encrypted))
    expect(decrypt(aesKey, official.encrypt(aesKey, message, CORP))).toEqual({ message, receiveId: CORP })
  }
})

test('refuses what was not padded, cut or counted as the platform does', () => {
  const plain = frame('hello', CORP)
  const filled = (byte: number): Buffer => Buffer.concat([plain, Buffer.alloc(padSize(plain.length), byte)])
  const long = Buffer.from(plain)
  long.writeUInt32BE(1000, 16)
  const unequal = pad(plain)
  unequal[plain.length] = 0
  for (const [bytes, why] of [
    [filled(0), 'bad pad'],
    [filled(33), 'bad pad'],
    [unequal, 'unequal pad bytes'],
    [pad(long), 'length beyond the buffer'],
    [pad(Buffer.alloc(3)), 'too short'],
  ] as const)
    expect(() => decrypt(aesKey, encryptPadded(aesKey, bytes))).toThrow(why)
  expect(() => decrypt(aesKey, ECHO.replaceAll('+', ' '))).toThrow('not base64')
  expect(() => decrypt(aesKey, ECHO.slice(0, 20))).toThrow('not whole blocks')
})

test('an AES key has 43 letters or digits', () => {
  expect(keyBytes(aesKey)).toHaveLength(32)
  for (const bad of [aesKey.slice(1), `${aesKey}x`, `${aesKey.slice(1)}+`])
    expect(() => keyBytes(bad)).toThrow(RangeError)
})

test('XML comes back as it went, in both styles', () => {
  const value = 'a ]]> <b> & "c" 😀'
  for (const cdata of [true, false]) {
    const xml = toXml({ A: value, B: { C: ['1', '2'], D: 12345678901234567890n }, E: '' }, { cdata, gap: '\n' })
    const root = parseXml(xml)
    expect(root.children.get('A')![0]!.text).toBe(value)
    expect(
      root.children
        .get('B')![0]!
        .children.get('C')!
        .map((one) => one.text),
    ).toEqual(['1', '2'])
    expect(xml).toContain('<D>12345678901234567890</D>')
    expect(root.children.get('E')![0]!.text).toBe('')
  }
})

test.each([
  '<!DOCTYPE a><xml></xml>',
  '<xml><a></b></xml>',
  '<xml></xml><xml></xml>',
  '<xml a="1"/>',
  '<xml>&x;</xml>',
  '<a/>',
  'success',
  '',
])('refuses the XML %s', (source) => {
  expect(() => parseXml(source)).toThrow()
})
