import { createCipheriv } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  cardSign,
  decryptEvent,
  encryptEvent,
  eventSign,
  robotSign,
  sameText,
} from '../src/platforms/dingtalk/crypto.ts'
import { signPage } from '../src/platforms/dingtalk/js-signature.ts'

/** Published by DingTalk and recomputed: dingtalk.md §3.1, §3.3, §5.5. */
const events = [
  {
    token: '123456',
    aesKey: '1234567890123456789012345678901234567890123',
    timestamp: '1614767836',
    nonce: 'A7Co0cJLMzIDtMMI',
    encrypt: 'YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA==',
    signature: '9a95a004dd16f5c307e849b994173f76aa26e5eb',
    message: 'success',
    ownerKey: 'dingsnotzck6pm5veliw',
  },
  {
    token: '123456',
    aesKey: '4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij',
    timestamp: '1445827045067',
    nonce: 'nEXhMP4r',
    encrypt:
      '1a3NBxmCFwkCJvfoQ7WhJHB+iX3qHPsc9JbaDznE1i03peOk1LaOQoRz3+nlyGNhwmwJ3vDMG+OzrHMeiZI7gTRWVdUBmfxjZ8Ej23JVYa9VrYeJ5as7XM/ZpulX8NEQis44w53h1qAgnC3PRzM7Zc/D6Ibr0rgUathB6zRHP8PYrfgnNOS9PhSBdHlegK+AGGanfwjXuQ9+0pZcy0w9lQ==',
    signature: '5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0',
    message: '{"EventType":"check_create_suite_url","Random":"LPIdSnlF","TestSuiteKey":"suite4xxxxxxxxxxxxxxx"}',
    ownerKey: 'suite4xxxxxxxxxxxxxxx',
  },
]

test.each(events)('reads the published encrypted event of $ownerKey', (event) => {
  expect(eventSign(event.token, event.timestamp, event.nonce, event.encrypt)).toBe(event.signature)
  expect(decryptEvent(event.encrypt, event.aesKey)).toEqual({ message: event.message, ownerKey: event.ownerKey })
})

test('writes the published encrypted answer byte for byte', () => {
  const [first] = events
  const random = Buffer.from('dICkEDLj0eb6yAbc')
  expect(encryptEvent('success', first!.ownerKey, first!.aesKey, random)).toBe(first!.encrypt)
})

test('pads to 32 bytes at every length and reads it back', () => {
  const aesKey = events[0]!.aesKey
  for (let length = 0; length <= 70; length++) {
    const message = '绩'.repeat(length)
    const sealed = encryptEvent(message, 'owner', aesKey)
    expect(Buffer.from(sealed, 'base64').length % 32).toBe(0)
    expect(decryptEvent(sealed, aesKey)).toEqual({ message, ownerKey: 'owner' })
  }
})

test('a text that is not encrypted with this key is refused, not thrown over', () => {
  const aesKey = events[0]!.aesKey
  for (const text of ['', 'AAAA', '!!!', Buffer.alloc(64, 7).toString('base64'), events[1]!.encrypt])
    expect(decryptEvent(text, aesKey)).toBeUndefined()
})

/** Exactly these bytes, encrypted with this key, whatever their padding. */
function seal(plain: Buffer, aesKey = events[0]!.aesKey): string {
  const key = Buffer.from(`${aesKey}=`, 'base64')
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64')
}

/** `ping` for `owner`, with a chosen length field, padding and size. */
function plain({ length = 4, pad = 35, size = 64 } = {}): Buffer {
  const head = Buffer.from('0123456789abcdef....pingowner')
  head.writeUInt32BE(length, 16)
  return Buffer.concat([head, Buffer.alloc(size - head.length, pad)])
}

test('what is encrypted with this key and is no message all the same is refused', () => {
  const open = (bytes: Buffer) => decryptEvent(seal(bytes), events[0]!.aesKey)
  const good = plain({ size: 32, pad: 3 })
  expect(open(good)).toEqual({ message: 'ping', ownerKey: 'owner' })
  // Pads of nothing, of more than one block though every byte is there, of unequal bytes, and nothing but a pad.
  for (const bytes of [plain({ size: 32, pad: 0 }), plain({ size: 32, pad: 255 }), plain(), Buffer.alloc(32, 32)])
    expect(open(bytes)).toBeUndefined()
  const unequal = Buffer.from(good)
  unequal[30] = 2
  expect(open(unequal)).toBeUndefined()
  expect(open(Buffer.alloc(16, 1))).toBeUndefined()
  const more = Buffer.concat([Buffer.from(seal(good), 'base64'), Buffer.alloc(5)]).toString('base64')
  expect(decryptEvent(more, events[0]!.aesKey)).toBeUndefined()
  // A length up to the end of the message, one byte and gigabytes beyond.
  expect(open(plain({ size: 32, pad: 3, length: 9 }))).toEqual({ message: 'pingowner', ownerKey: '' })
  for (const length of [10, 0xffffffff]) expect(open(plain({ size: 32, pad: 3, length }))).toBeUndefined()
})

test('a key that is none is a mistake of the settings, and is said', () => {
  const { encrypt, aesKey } = events[0]!
  for (const bad of ['', aesKey.slice(1), `${aesKey}1`, `${aesKey.slice(1)}!`, `${aesKey}!`]) {
    expect(() => decryptEvent(encrypt, bad)).toThrow('43 characters')
    expect(() => encryptEvent('success', 'owner', bad)).toThrow('43 characters')
  }
})

test('signs a robot message as DingTalk does', () => {
  expect(robotSign('1577262236757', 'this is a secret')).toBe('DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA=')
  // The custom webhook's vector is the same formula, url-encoded.
  expect(encodeURIComponent(robotSign('1577262236757', 'this is secret'))).toBe(
    'hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D',
  )
})

test('a card click signs the timestamp alone', () => {
  expect(cardSign('1577262236757', 'this is a secret')).not.toBe(robotSign('1577262236757', 'this is a secret'))
})

test('texts of different lengths are simply different', () => {
  expect(sameText('abc', 'abcd')).toBe(false)
  expect(sameText('', '')).toBe(true)
  expect(sameText('abc', 'abd')).toBe(false)
})

test('a page is signed without its fragment and with its query decoded', () => {
  const signed = signPage('ticket', 'nonce', '1', 'https://bot.example.com/h5/plan?name=%E7%BB%A9%E6%95%88')
  expect(signed).toMatch(/^[0-9a-f]{64}$/)
  expect(signPage('ticket', 'nonce', '1', 'https://bot.example.com/h5/plan?name=绩效#/week/48')).toBe(signed)
  expect(signPage('ticket', 'nonce', '1', 'https://bot.example.com/h5/plan?name=other')).not.toBe(signed)
})
