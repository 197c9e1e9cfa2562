import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const BLOCK = 32

export interface CallbackKeys {
  token: string
  /** EncodingAESKey as the console shows it: 43 characters. */
  aesKey: string
}

/** @throws RangeError when it is not exactly 43 of `[A-Za-z0-9]` (wecom.md §1.1) */
export function keyBytes(aesKey: string): Buffer {
  if (!/^[A-Za-z0-9]{43}$/.test(aesKey)) throw new RangeError('EncodingAESKey must be 43 letters or digits')
  return Buffer.from(`${aesKey}=`, 'base64')
}

/** SHA-1 over the four values sorted by code unit (wecom.md §1.4). */
export function sign(token: string, timestamp: string, nonce: string, encrypted: string): string {
  return createHash('sha1').update([token, timestamp, nonce, encrypted].sort().join('')).digest('hex')
}

export function sameSignature(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Frames and encrypts one message (wecom.md §1.5). `random` is fixed only to reproduce published vectors. */
export function encrypt(aesKey: string, message: string, receiveId: string, random = randomBytes(16)): string {
  return encryptPadded(aesKey, pad(frame(message, receiveId, random)))
}

/** The plain frame: 16 random bytes, length in bytes, message, receiver. */
export function frame(message: string, receiveId: string, random: Buffer = randomBytes(16)): Buffer {
  const body = Buffer.from(message, 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([random, length, body, Buffer.from(receiveId, 'utf8')])
}

/** PKCS#7 with blocks of 32: 1 to 32 bytes, each holding their number. */
export function pad(plain: Buffer): Buffer {
  const size = padSize(plain.length)
  return Buffer.concat([plain, Buffer.alloc(size, size)])
}

export function padSize(plainLength: number): number {
  return BLOCK - (plainLength % BLOCK)
}

/** For hostile probes too, so the padding is the caller's: a multiple of 16 bytes. */
export function encryptPadded(aesKey: string, padded: Buffer): string {
  const key = keyBytes(aesKey)
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64')
}

/** @throws Error naming what is wrong: a bad pad, a length beyond the buffer, text that is not base64 */
export function decrypt(aesKey: string, encrypted: string): { message: string; receiveId: string } {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encrypted)) throw new Error('not base64')
  const bytes = Buffer.from(encrypted, 'base64')
  if (bytes.length === 0 || bytes.length % 16 !== 0) throw new Error('not whole blocks')
  const key = keyBytes(aesKey)
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(bytes), decipher.final()])
  const size = padded.at(-1)!
  if (size < 1 || size > BLOCK || size > padded.length) throw new Error('bad pad')
  if (!padded.subarray(-size).every((byte) => byte === size)) throw new Error('unequal pad bytes')
  const plain = padded.subarray(0, -size)
  if (plain.length < 20) throw new Error('too short')
  const end = 20 + plain.readUInt32BE(16)
  if (end > plain.length) throw new Error('length beyond the buffer')
  return { message: plain.toString('utf8', 20, end), receiveId: plain.toString('utf8', end) }
}
