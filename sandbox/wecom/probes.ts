import {
  envelope,
  exchange,
  plaintext,
  type Sender,
  type SignedRequest,
  signedFrame,
  signedRequest,
  signedUrl,
} from './callback.ts'
import { encrypt, encryptPadded, frame, pad, padSize } from './crypto.ts'
import { contactEvent, message } from './events.ts'
import type { Callback, TokenKind, World } from './state.ts'

/** Requests that a bot must not believe; `replay` repeats the last good one, which a bot must not act on twice. */
export type ProbeKind =
  | 'bad-signature'
  | 'no-signature'
  | 'wrong-token'
  | 'wrong-receiveid'
  | 'wrong-agent'
  | 'wrong-key'
  | 'tampered'
  | 'cut'
  | 'pad-zero'
  | 'pad-33'
  | 'pad-unequal'
  | 'length-beyond'
  | 'doubled-query'
  | 'doctype-outside'
  | 'doctype-inside'
  | 'not-xml'
  | 'no-encrypt'
  | 'oversized'
  | 'replay'

/** Sends one hostile request, once. @returns the HTTP status, 0 when the connection broke or nothing came in time */
export async function probe(sender: Sender, kind: ProbeKind, to: TokenKind): Promise<number> {
  const callback = sender.world.callbacks[to]
  if (!callback) throw new Error('no callback is configured')
  const request = kind === 'replay' ? sender.last[to] : hostile(sender.world, kind, to, callback)
  if (!request) throw new Error('nothing was delivered yet')
  const { status } = await exchange(sender, { ...request, method: 'POST', deadlineMs: sender.timing.deadlineMs })
  return status ?? 0
}

function hostile(world: World, kind: Exclude<ProbeKind, 'replay'>, to: TokenKind, callback: Callback): SignedRequest {
  const plain = harmless(world, to)
  const good = signedRequest(world, to, callback, plain)
  const framed = frame(plain, world.corpId)
  const signedText = (encrypted: string): SignedRequest => ({
    ...{ url: signedUrl(world, callback, encrypted), body: envelope(world, to, encrypted) },
  })
  switch (kind) {
    case 'bad-signature':
      return { ...good, url: good.url.replace(/msg_signature=(.)/, (_, c) => `msg_signature=${c === '0' ? '1' : '0'}`) }
    case 'no-signature':
      return { ...good, url: callback.url }
    case 'wrong-token':
      return signedRequest(world, to, { ...callback, token: `${callback.token.slice(1)}x` }, plain)
    case 'wrong-receiveid':
      return signedFrame(world, to, callback, pad(frame(plain, 'ww0000000000000000')))
    case 'wrong-agent':
      return signedRequest(world, to, callback, plain.replace(String(world.agentId), String(world.agentId + 1)))
    case 'wrong-key':
      return signedText(encrypt('0'.repeat(43), plain, world.corpId))
    case 'tampered':
      return { ...good, body: envelope(world, to, encrypt(callback.aesKey, plain, world.corpId)) }
    case 'cut':
      return signedText(base64Cut(encryptPadded(callback.aesKey, pad(framed))))
    case 'pad-zero':
    case 'pad-33':
    case 'pad-unequal':
      return signedFrame(world, to, callback, badPad(framed, kind))
    case 'length-beyond': {
      const long = Buffer.from(framed)
      long.writeUInt32BE(framed.length + 1000, 16)
      return signedFrame(world, to, callback, pad(long))
    }
    case 'doubled-query':
      return { ...good, url: `${good.url}&msg_signature=${'0'.repeat(40)}&timestamp=1&nonce=1` }
    case 'doctype-outside':
      return { ...good, body: `<!DOCTYPE xml [<!ENTITY a "b">]>${good.body}` }
    case 'doctype-inside':
      return signedRequest(world, to, callback, `<!DOCTYPE xml [<!ENTITY a "b">]>${plain}`)
    case 'not-xml':
      return { ...good, body: '{"Encrypt":"AAAA"}' }
    case 'no-encrypt':
      return { ...good, body: '<xml><ToUserName>x</ToUserName></xml>' }
    case 'oversized':
      return { ...good, body: good.body.replace(/<\/xml>$/, `<Filler>${'a'.repeat(2 ** 21)}</Filler></xml>`) }
  }
}

/** A message that would be believed if all else were right. */
function harmless(world: World, to: TokenKind): string {
  if (to === 'contacts') return plaintext(world, contactEvent(world, 'delete_user', { UserID: 'probe' }))
  const [member] = world.members.values()
  return plaintext(world, message(world, member!, 'text', { Content: 'probe' }))
}

function base64Cut(encrypted: string): string {
  return Buffer.from(encrypted, 'base64').subarray(0, -16).toString('base64')
}

function badPad(framed: Buffer, kind: 'pad-zero' | 'pad-33' | 'pad-unequal'): Buffer {
  if (kind === 'pad-zero') return Buffer.concat([framed, Buffer.alloc(padSize(framed.length), 0)])
  if (kind === 'pad-33') return Buffer.concat([framed, Buffer.alloc(padSize(framed.length), 33)])
  // Longer than one byte, so that there is a byte to differ.
  const size = padSize(framed.length) === 1 ? 33 : padSize(framed.length)
  const padding = Buffer.alloc(size, Math.min(size, 32))
  padding[0] = 0
  if (size === 33) padding[1] = 0
  return Buffer.concat([framed, padding])
}
