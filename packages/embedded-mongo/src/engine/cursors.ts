import { randomBytes } from 'node:crypto'
import { encode } from '../bson/encode.ts'
import { type Doc, Raw, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'

/** A reply stays under MongoDB's message limit: one batch holds at most this. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024
const MAX_IDLE_MS = 10 * 60_000
export const DEFAULT_FIRST_BATCH = 101

export interface CursorOwner {
  ns: string
  /** Session that opened it, which alone may read on. */
  session: string | undefined
  /** Whether what it reads still exists. */
  isAlive: () => boolean
}

interface Cursor extends CursorOwner {
  source: Iterator<Raw>
  /** Read ahead but not sent: it did not fit, or told that there is more. */
  waiting: Raw | undefined
  lastUsed: number
  clock: Deadline
}

/** Time limit of the command that is reading now; each `getMore` brings its own. */
export interface Deadline {
  at: number
}

export function checkDeadline(deadline: Deadline): void {
  if (Date.now() > deadline.at) fail(50, 'operation exceeded time limit')
}

/** Open cursors. Between two batches a cursor holds no lock and no LMDB reader. */
export class Cursors {
  private readonly open = new Map<bigint, Cursor>()

  /** Replies with the first batch, and keeps a cursor if there is more. */
  start(owner: CursorOwner, source: Iterable<Raw>, batchSize: number, single: boolean, clock: Deadline): Doc {
    const cursor: Cursor = {
      ...owner,
      source: source[Symbol.iterator](),
      waiting: undefined,
      lastUsed: Date.now(),
      clock,
    }
    const { batch, done } = fill(cursor, batchSize)
    let id = 0n
    if (!done && !single) {
      id = randomBytes(8).readBigUInt64LE() >> 1n || 1n
      this.open.set(id, cursor)
    }
    return reply('firstBatch', batch, id, owner.ns)
  }

  more(id: bigint, ns: string, session: string | undefined, batchSize: number, deadlineAt: number): Doc {
    const cursor = this.open.get(id)
    if (!cursor) return fail(43, `cursor id ${id} not found`)
    if (cursor.ns !== ns)
      fail(13, `Requested getMore on namespace '${ns}', but cursor belongs to a different namespace ${cursor.ns}`)
    if (cursor.session !== session)
      fail(50738, `Cannot run getMore on cursor ${id}, which was not created in this session`)
    if (!cursor.isAlive()) {
      this.open.delete(id)
      fail(175, `collection dropped. UUID of '${ns}' is gone`)
    }
    cursor.lastUsed = Date.now()
    cursor.clock.at = deadlineAt
    try {
      const { batch, done } = fill(cursor, batchSize)
      if (done) this.open.delete(id)
      return reply('nextBatch', batch, done ? 0n : id, ns)
    } catch (error) {
      this.open.delete(id)
      throw error
    }
  }

  kill(id: bigint): boolean {
    return this.open.delete(id)
  }

  killSession(session: string): void {
    for (const [id, cursor] of this.open) if (cursor.session === session) this.open.delete(id)
  }

  closeIdle(now: number): void {
    for (const [id, cursor] of this.open) if (now - cursor.lastUsed > MAX_IDLE_MS) this.open.delete(id)
  }

  get size(): number {
    return this.open.size
  }
}

function fill(cursor: Cursor, batchSize: number): { batch: Raw[]; done: boolean } {
  const batch: Raw[] = []
  let bytes = 0
  let next = cursor.waiting ?? take(cursor)
  cursor.waiting = undefined
  while (next && batch.length < batchSize && (bytes === 0 || bytes + next.bytes.length <= MAX_BATCH_BYTES)) {
    batch.push(next)
    bytes += next.bytes.length + 12
    next = take(cursor)
  }
  cursor.waiting = next
  return { batch, done: next === undefined }
}

function take(cursor: Cursor): Raw | undefined {
  const next = cursor.source.next()
  return next.done ? undefined : next.value
}

function reply(field: 'firstBatch' | 'nextBatch', batch: Raw[], id: bigint, ns: string): Doc {
  const cursor: Doc = new Map<string, Value>([
    [field, batch],
    ['id', id],
    ['ns', ns],
  ])
  return new Map([['cursor', cursor]])
}

export function* asRaw(documents: Iterable<Doc>): Iterable<Raw> {
  for (const document of documents) {
    const bytes = encode(document)
    if (bytes.length > MAX_BATCH_BYTES)
      fail(10334, `BSONObj size: ${bytes.length} is invalid. Size must be between 0 and ${MAX_BATCH_BYTES}`)
    yield new Raw(bytes)
  }
}
