import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto'

/** PKCS#7 with a block of 32 bytes, whatever AES' own is (dingtalk.md §3.3). */
const BLOCK = 32

export interface EventKeys {
  token: string
  /** 43 characters; with `=` the base64 of 32 bytes. */
  aesKey: string
  ownerKey: string
}

function keyOf(aesKey: string): Buffer {
  if (!/^[A-Za-z0-9]{43}$/.test(aesKey)) throw new RangeError('an aes key has 43 letters and digits')
  return Buffer.from(`${aesKey}=`, 'base64')
}

/** SHA-1 hex of the sorted parts. */
export function eventSignature(token: string, timestamp: string, nonce: string, encrypt: string): string {
  return createHash('sha1').update([token, timestamp, nonce, encrypt].sort().join('')).digest('hex')
}

/** @param random16 16 bytes that go in front */
export function encryptEvent(keys: EventKeys, message: string, random16: string): string {
  const key = keyOf(keys.aesKey)
  const text = Buffer.from(message)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  const plain = Buffer.concat([Buffer.from(random16), length, text, Buffer.from(keys.ownerKey)])
  const pad = BLOCK - (plain.length % BLOCK)
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(Buffer.concat([plain, Buffer.alloc(pad, pad)])), cipher.final()]).toString(
    'base64',
  )
}

/** @throws RangeError when the text was not encrypted like that */
export function decryptEvent(aesKey: string, encrypt: string): { message: string; ownerKey: string } {
  const key = keyOf(aesKey)
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(Buffer.from(encrypt, 'base64')), decipher.final()])
  const pad = padded.at(-1) ?? 0
  const isPadded = pad >= 1 && pad <= BLOCK && padded.subarray(-pad).every((byte) => byte === pad)
  if (!isPadded || padded.length % BLOCK !== 0) throw new RangeError('not padded to 32 bytes')
  const plain = padded.subarray(0, padded.length - pad)
  if (plain.length < 20) throw new RangeError('too short')
  const end = 20 + plain.readUInt32BE(16)
  if (end > plain.length) throw new RangeError('length out of range')
  return { message: plain.subarray(20, end).toString(), ownerKey: plain.subarray(end).toString() }
}

/** Of a robot callback, and of a custom webhook before it is url-encoded (dingtalk.md §3.1, §5.5). */
export function robotSignature(timestamp: string, secret: string): string {
  return createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64')
}

/** Of a card callback: the time stamp alone (dingtalk.md §3.2). */
export function cardSignature(timestamp: string, apiSecret: string): string {
  return createHmac('sha256', apiSecret).update(timestamp).digest('base64')
}

/** Of a page that uses JSAPI: the address without its fragment, its query url-decoded (dingtalk.md §9.2). */
export function jsapiSignature(
  hash: 'sha256' | 'sha1',
  p: { ticket: string; nonceStr: string; timeStamp: string; url: string },
): string {
  const page = p.url.split('#')[0]!
  const at = page.indexOf('?')
  const url = at < 0 ? page : `${page.slice(0, at)}?${decodeURIComponent(page.slice(at + 1))}`
  const text = `jsapi_ticket=${p.ticket}&noncestr=${p.nonceStr}&timestamp=${p.timeStamp}&url=${url}`
  return createHash(hash).update(text).digest('hex')
}
