import { createCipheriv } from 'node:crypto'
import * as official from '@wecom/crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CryptoError, decodeAesKey, decrypt, encrypt, sign, verify } from '../src/platforms/wecom/crypto.ts'
import { vectorKeys as keys, V1, V2 } from './wecom-vectors.ts'

const own = {
  fullPad: {
    message: 'abcdefghijklmnopqrstuvwxyz',
    encrypted:
      'sKqRbbiSUnDhFHOvPjtUMZGyoR1r/GzKAbbgquGlaOgIlt+xQAi/JKk90aBApUWQUg5O+k5ZufIRKoqgtkAVwJKF1H3y/sfk7izzwSIp1tYTy01NHOGT9sTJ2jdv5sCT',
    signature: '30e53862b778ddd07ad23e2fbd311284fc2a3e42',
  },
  noReceiver: {
    message: '{"msgtype":"text"}',
    encrypted: 'sKqRbbiSUnDhFHOvPjtUMXwcNQzHVFNeLGShu75XAxnlReSDiqIMxFSwaGouVQm/TLf+6IgUPvQBjguiS7rgiw==',
    signature: 'f3ed528019a89b91c9255e644525b06a75cdb316',
  },
}
const random = Buffer.from('0123456789abcdef')

/** A ciphertext of exactly these bytes, whatever their padding. */
function raw(plain: Buffer): string {
  const cipher = createCipheriv('aes-256-cbc', keys.aesKey, keys.aesKey.subarray(0, 16))
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64')
}

/** Whole blocks with a chosen length field, end and padding. */
function plain({ length = 4, pad = 22, receiver = keys.receiveId, size = 64 } = {}): Buffer {
  const head = Buffer.concat([random, Buffer.alloc(4), Buffer.from(`ping${receiver}`)])
  head.writeUInt32BE(length, 16)
  return Buffer.concat([head, Buffer.alloc(size - head.length, pad)])
}

describe('the official vectors', () => {
  test.each([V1, V2])('$name verifies, decrypts, and encrypts back to the same bytes', (vector) => {
    expect(verify(keys.token, vector.timestamp, vector.nonce, vector.encrypted, vector.signature)).toBe(true)
    expect(decrypt(keys, vector.encrypted)).toBe(vector.message)
    expect(encrypt(keys, vector.message, Buffer.from(vector.random))).toBe(vector.encrypted)
  })

  test('a message that fills its last block gets a whole block of padding', () => {
    expect(encrypt(keys, own.fullPad.message, random)).toBe(own.fullPad.encrypted)
    expect(decrypt(keys, own.fullPad.encrypted)).toBe(own.fullPad.message)
    expect(sign(keys.token, '1700000000', 'nonce123', own.fullPad.encrypted)).toBe(own.fullPad.signature)
  })

  test('a message for nobody decrypts only where nobody is expected', () => {
    expect(decrypt({ ...keys, receiveId: '' }, own.noReceiver.encrypted)).toBe(own.noReceiver.message)
    expect(() => decrypt(keys, own.noReceiver.encrypted)).toThrow('wrong receiver')
  })
})

test('the shortest message, one block, decrypts', () => {
  const short = { ...keys, receiveId: 'w' }
  const encrypted = encrypt(short, 'hi')
  expect(Buffer.from(encrypted, 'base64')).toHaveLength(32)
  expect(decrypt(short, encrypted)).toBe('hi')
})

describe('a second opinion', () => {
  const encodingAesKey = 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C'

  test('@wecom/crypto reads what we encrypt, and we read what it encrypts, for any message and every padding', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (message) => {
        expect(official.decrypt(encodingAesKey, encrypt(keys, message))).toMatchObject({ message, id: keys.receiveId })
        expect(decrypt(keys, official.encrypt(encodingAesKey, message, keys.receiveId))).toBe(message)
      }),
    )
    for (let length = 0; length <= 64; length++) {
      const message = 'x'.repeat(length)
      expect(decrypt(keys, official.encrypt(encodingAesKey, message, keys.receiveId))).toBe(message)
    }
  })

  test('both sign alike', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.base64String(), (timestamp, nonce, encrypted) => {
        expect(sign(keys.token, timestamp, nonce, encrypted)).toBe(
          official.getSignature(keys.token, timestamp, nonce, encrypted),
        )
      }),
    )
  })
})

describe('what is not from the platform', () => {
  const { timestamp, nonce, encrypted, signature } = V2

  test('a flipped digit, another length, upper case or something that is no hex at all does not verify', () => {
    const flipped = `${signature.slice(0, -1)}${signature.endsWith('6') ? '7' : '6'}`
    for (const bad of [flipped, signature.slice(1), `${signature}0`, signature.toUpperCase(), '', '签'.repeat(40)])
      expect(verify(keys.token, timestamp, nonce, encrypted, bad)).toBe(false)
  })

  test('swapped parameters, and another body under this signature, do not verify', () => {
    expect(verify(keys.token, timestamp, nonce, V1.encrypted, signature)).toBe(false)
    expect(verify(keys.token, V1.timestamp, nonce, encrypted, signature)).toBe(false)
    expect(verify('another', timestamp, nonce, encrypted, signature)).toBe(false)
  })

  test('a plus that became a space does not verify', () => {
    expect(V1.encrypted).toContain('+')
    expect(verify(keys.token, V1.timestamp, V1.nonce, V1.encrypted.replaceAll('+', ' '), V1.signature)).toBe(false)
  })

  test('a ciphertext cut short, or not of whole blocks, does not decrypt', () => {
    const bytes = Buffer.from(encrypted, 'base64')
    for (const end of [0, 16, 17, 31, bytes.length - 16, bytes.length - 1])
      expect(() => decrypt(keys, bytes.subarray(0, end).toString('base64'))).toThrow(CryptoError)
    // Whole without them, and signed by nobody with them.
    expect(() => decrypt(keys, Buffer.concat([bytes, Buffer.alloc(5)]).toString('base64'))).toThrow(CryptoError)
  })

  test('the helper of this test makes a message that decrypts', () => {
    expect(decrypt(keys, raw(plain()))).toBe('ping')
  })

  test.each([0, 33, 255])('a pad of %i is refused', (pad) => {
    expect(() => decrypt(keys, raw(plain({ pad })))).toThrow('bad padding')
  })

  test('a pad of more than one block is refused although every byte of it is there', () => {
    expect(() => decrypt(keys, raw(plain({ size: 96, pad: 54 })))).toThrow('bad padding')
  })

  test('padding and nothing before it is refused', () => {
    expect(() => decrypt({ ...keys, receiveId: '' }, raw(Buffer.alloc(32, 32)))).toThrow(CryptoError)
  })

  test('unequal pad bytes are refused', () => {
    const bytes = plain()
    bytes[bytes.length - 2] = 21
    expect(() => decrypt(keys, raw(bytes))).toThrow('bad padding')
  })

  test('a length beyond the message is refused, by one byte and by gigabytes', () => {
    const most = 4 + keys.receiveId.length
    expect(() => decrypt(keys, raw(plain({ length: most })))).toThrow('wrong receiver')
    expect(() => decrypt(keys, raw(plain({ length: most + 1 })))).toThrow('length beyond')
    expect(() => decrypt(keys, raw(plain({ length: 0xffffffff })))).toThrow('length beyond')
  })

  test('a message for another company is refused', () => {
    expect(() => decrypt(keys, raw(plain({ receiver: 'wx5823bf96d3bd56c8' })))).toThrow('wrong receiver')
  })

  test('no error text repeats the message or the key', () => {
    try {
      decrypt({ ...keys, receiveId: 'other' }, encrypted)
    } catch (error) {
      expect(String(error)).not.toMatch(/hello|mycreate|wx5823/)
    }
  })
})

test.each(['', 'x'.repeat(42), 'x'.repeat(44), `${'x'.repeat(42)}=`])('%j is no EncodingAESKey', (text) => {
  expect(() => decodeAesKey(text)).toThrow(RangeError)
})
