import { createCipheriv, createDecipheriv, hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** What one callback URL is configured with (wecom.md §1.1). */
export interface CallbackKeys {
  token: string
  /** 32 bytes, see `decodeAesKey`. */
  aesKey: Buffer
  /** The corp id for an app's callback and the contact assistant's. */
  receiveId: string
}

/** Raised for anything that does not decrypt to a message meant for us. The text names no secret and no content. */
export class CryptoError extends Error {
  override name = 'CryptoError'
}

const BLOCK = 32
const RANDOM_BYTES = 16
const LENGTH_BYTES = 4

/**
 * @param encodingAesKey the 43 letters and digits of the console
 * @throws RangeError when it is anything else
 */
export function decodeAesKey(encodingAesKey: string): Buffer {
  if (!/^[A-Za-z0-9]{43}$/.test(encodingAesKey)) throw new RangeError('EncodingAESKey must be 43 letters and digits')
  return Buffer.from(`${encodingAesKey}=`, 'base64')
}

/** SHA-1 in lower-case hex over the four values in code-unit order (wecom.md §1.4). */
export function sign(token: string, timestamp: string, nonce: string, encrypted: string): string {
  return hash('sha1', [token, timestamp, nonce, encrypted].sort().join(''), 'hex')
}

/** Compares in constant time. All four are strings exactly as received. */
export function verify(token: string, timestamp: string, nonce: string, encrypted: string, signature: string): boolean {
  const given = Buffer.from(signature)
  const expected = Buffer.from(sign(token, timestamp, nonce, encrypted), 'latin1')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/**
 * Decrypts one `Encrypt` or `echostr` value to its message in UTF-8.
 *
 * Padding is taken off by hand: Node's own accepts pads 1 to 16 only, WeCom pads to 32 (wecom.md §1.5).
 *
 * @throws CryptoError on a wrong length, pad, inner length or receiver
 */
export function decrypt(keys: CallbackKeys, encrypted: string): string {
  const cipherText = Buffer.from(encrypted, 'base64')
  if (cipherText.length < BLOCK || cipherText.length % 16 !== 0) throw new CryptoError('bad ciphertext length')
  const decipher = createDecipheriv('aes-256-cbc', keys.aesKey, keys.aesKey.subarray(0, 16))
  decipher.setAutoPadding(false)
  // Whole blocks, no padding: `update` gives all of them, `final` has nothing left.
  const padded = decipher.update(cipherText)

  const pad = padded[padded.length - 1]!
  if (pad < 1 || pad > BLOCK) throw new CryptoError('bad padding')
  for (let i = padded.length - pad; i < padded.length; i++) if (padded[i] !== pad) throw new CryptoError('bad padding')

  const end = padded.length - pad
  const start = RANDOM_BYTES + LENGTH_BYTES
  const length = padded.readUInt32BE(RANDOM_BYTES)
  if (length > end - start) throw new CryptoError('length beyond the message')
  if (padded.toString('utf8', start + length, end) !== keys.receiveId) throw new CryptoError('wrong receiver')
  return padded.toString('utf8', start, start + length)
}

/** @param random 16 bytes; given in tests only, where it makes the result repeatable */
export function encrypt(keys: CallbackKeys, message: string, random: Buffer = randomBytes(RANDOM_BYTES)): string {
  const body = Buffer.from(message)
  const receiver = Buffer.from(keys.receiveId)
  const bare = RANDOM_BYTES + LENGTH_BYTES + body.length + receiver.length
  const pad = BLOCK - (bare % BLOCK)
  const plain = Buffer.alloc(bare + pad, pad)
  random.copy(plain, 0, 0, RANDOM_BYTES)
  plain.writeUInt32BE(body.length, RANDOM_BYTES)
  body.copy(plain, RANDOM_BYTES + LENGTH_BYTES)
  receiver.copy(plain, RANDOM_BYTES + LENGTH_BYTES + body.length)
  const cipher = createCipheriv('aes-256-cbc', keys.aesKey, keys.aesKey.subarray(0, 16))
  cipher.setAutoPadding(false)
  return Buffer.concat([cipher.update(plain), cipher.final()]).toString('base64')
}
