import { decode } from '../bson/decode.ts'
import { encode } from '../bson/encode.ts'
import { Binary, type Doc, isDoc, isNumeric, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { asInteger } from '../value/numbers.ts'

/** How long the reply of a retryable write is kept: the life of an idle session. */
export const SESSION_MS = 30 * 60_000

/** Reads `lsid`; the answer identifies the session. */
export function sessionOf(command: Doc): string | undefined {
  const lsid = command.get('lsid')
  if (lsid === undefined) {
    if (command.has('txnNumber')) fail(72, 'Transaction number is only allowed with a session id')
    return undefined
  }
  const id = isDoc(lsid) ? lsid.get('id') : undefined
  if (!(id instanceof Binary) || id.subtype !== 4 || id.bytes.length !== 16)
    return fail(14, "BSON field 'lsid.id' must be a UUID")
  return id.bytes.toString('hex')
}

export function txnNumberOf(command: Doc): bigint | undefined {
  const value = command.get('txnNumber')
  if (value === undefined) return undefined
  const number = isNumeric(value) ? asInteger(value) : undefined
  if (number === undefined || number < 0) return fail(2, 'Transaction number cannot be negative')
  return BigInt(number)
}

/**
 * Runs a retryable write at most once: its reply is saved in the transaction of the write itself, so a driver that asks
 * again after a lost connection, or after a crash of the server, gets the first answer.
 */
export function once(store: Store, session: string, txnNumber: bigint, now: Date, write: () => Doc): Doc {
  const key = Buffer.from(session, 'hex')
  const saved = store.sess.get(key)
  if (saved) {
    const entry = decode(saved)
    const last = BigInt(asInteger(entry.get('txn')) ?? 0)
    if (txnNumber < last)
      fail(
        225,
        `Retryable write with txnNumber ${txnNumber} is prohibited on session because a newer retryable write with txnNumber ${last} has already started.`,
      )
    if (txnNumber === last) return entry.get('reply') as Doc
  }
  const reply = write()
  store.sess.putSync(
    key,
    encode(
      new Map<string, Value>([
        ['txn', txnNumber],
        ['at', now],
        ['reply', reply],
      ]),
    ),
  )
  return reply
}

/** Removes the records of sessions that have been idle too long; call inside a transaction. */
export function expireSessions(store: Store, now: number): void {
  const stale: Buffer[] = []
  for (const { key, value } of store.sess.getRange({})) {
    const at = decode(Buffer.from(value), 0, new Map([['at', true]])).get('at') as Date
    if (now - at.getTime() > SESSION_MS) stale.push(Buffer.from(key))
  }
  for (const key of stale) store.sess.removeSync(key)
}
