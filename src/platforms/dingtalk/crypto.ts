import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Compares in constant time; different lengths differ. */
export function sameText(one: string, other: string): boolean {
  const a = Buffer.from(one)
  const b = Buffer.from(other)
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Signature of a robot message over HTTP (dingtalk.md §3.1). */
export function robotSign(timestamp: string, appSecret: string): string {
  return createHmac('sha256', appSecret).update(`${timestamp}\n${appSecret}`).digest('base64')
}

/** Signature of a card click over HTTP: the timestamp alone is signed (§3.2). */
export function cardSign(timestamp: string, apiSecret: string): string {
  return createHmac('sha256', apiSecret).update(timestamp).digest('base64')
}

/** Signature of an event over HTTP (§3.3). */
export function eventSign(token: string, timestamp: string, nonce: string, encrypt: string): string {
  return createHash('sha1').update([token, timestamp, nonce, encrypt].sort().join('')).digest('hex')
}

/** The padding block is 32 bytes, not AES's 16 (§3.3), so that Node's own padding cannot be used. */
const BLOCK = 32
const HEAD = 20

/** @param aesKey 43 characters, as set in the console */
function keyOf(aesKey: string): Buffer {
  const key = Buffer.from(`${aesKey}=`, 'base64')
  if (aesKey.length !== 43 || key.length !== 32) throw new RangeError('an event AES key has 43 characters')
  return key
}

/** `undefined`: not encrypted with this key. */
export function decryptEvent(encrypt: string, aesKey: string): { message: string; ownerKey: string } | undefined {
  const key = keyOf(aesKey)
  const sealed = Buffer.from(encrypt, 'base64')
  if (sealed.length < BLOCK || sealed.length % 16 !== 0) return undefined
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(sealed), decipher.final()])
  const pad = padded[padded.length - 1]!
  if (pad < 1 || pad > BLOCK) return undefined
  if (!padded.subarray(padded.length - pad).every((byte) => byte === pad)) return undefined
  const plain = padded.subarray(0, padded.length - pad)
  const end = HEAD + padded.readUInt32BE(16)
  if (end > plain.length) return undefined
  return { message: plain.toString('utf8', HEAD, end), ownerKey: plain.toString('utf8', end) }
}

/** @param random 16 bytes */
export function encryptEvent(message: string, ownerKey: string, aesKey: string, random = randomBytes(16)): string {
  const key = keyOf(aesKey)
  const body = Buffer.from(message)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  const plain = Buffer.concat([random, length, body, Buffer.from(ownerKey)])
  const pad = BLOCK - (plain.length % BLOCK)
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(pad, pad)), cipher.final()]).toString('base64')
}
