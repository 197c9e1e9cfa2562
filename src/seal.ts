import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'

/**
 * Seals small texts so that the database alone cannot tell what is in them: the key is made from the service's secret, which
 * is never stored beside them. What cannot be opened (another secret, a changed row) throws.
 */
export interface Seal {
  /** `about` must be the same when opening, so that a sealed text cannot be moved to another row. */
  seal(about: string, text: string): string
  /** @throws Error when it was not sealed by this key for this `about` */
  open(about: string, sealed: string): string
  /** A name that says nothing without the key, always the same for the same words. */
  tag(words: string): string
}

/** Lengths must not tell a long comment from a short one: texts are filled up to a multiple of this. */
const BLOCK = 1024

/** @param salt makes a key of its own; once it is thrown away, nothing sealed with it can be opened again */
export function createSeal(secret: string, salt: string): Seal {
  const key = (what: string) => Buffer.from(hkdfSync('sha256', secret, salt, `jixiao-bot ${what}`, 32))
  const sealing = key('seal')
  const naming = key('tag')
  return {
    seal(about, text) {
      const body = Buffer.from(text)
      const padded = Buffer.alloc(Math.ceil((body.length + 4) / BLOCK) * BLOCK)
      padded.writeUInt32BE(body.length)
      body.copy(padded, 4)
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce).setAAD(Buffer.from(about))
      const sealed = Buffer.concat([cipher.update(padded), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
    },
    open(about, sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, 12), { authTagLength: 16 })
        .setAAD(Buffer.from(about))
        .setAuthTag(bytes.subarray(12, 28))
      const padded = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()])
      return padded.subarray(4, 4 + padded.readUInt32BE()).toString()
    },
    tag: (words) => createHmac('sha256', naming).update(words).digest('base64url'),
  }
}
