import { decode, documentLength } from '../bson/decode.ts'
import { encode } from '../bson/encode.ts'
import type { Doc, Value } from '../bson/values.ts'
import { receivedBytes } from '../engine/write.ts'
import { fail, MongoError } from '../errors.ts'

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013
const HEADER_BYTES = 16
export const MAX_MESSAGE_BYTES = 48_000_000

const CHECKSUM_PRESENT = 1
const MORE_TO_COME = 2
/** Bits 0 to 15 must be understood by the receiver; the others may be ignored. */
const REQUIRED_BITS = 0xffff

/** A message that breaks the protocol: the connection is closed, as MongoDB does. */
export class ProtocolError extends Error {}

export interface Request {
  requestId: number
  /** A legacy query, which only a handshake may use. */
  legacy: boolean
  wantsReply: boolean
  /** The command, or what was wrong with its BSON. */
  body: Doc | MongoError
}

/** Cuts a byte stream into messages. */
export class FrameReader {
  private chunks: Buffer[] = []
  private size = 0;

  *push(chunk: Buffer): Iterable<Buffer> {
    this.chunks.push(chunk)
    this.size += chunk.length
    while (this.size >= 4) {
      const first = this.chunks[0]!.length >= 4 ? this.chunks[0]! : this.joined()
      const length = first.readInt32LE(0)
      if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) throw new ProtocolError(`message length ${length}`)
      if (this.size < length) return
      const whole = this.joined()
      const rest = whole.subarray(length)
      this.chunks = rest.length > 0 ? [rest] : []
      this.size = rest.length
      yield whole.subarray(0, length)
    }
  }

  private joined(): Buffer {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)]
    return this.chunks[0]!
  }
}

export function parseMessage(message: Buffer): Request {
  const requestId = message.readInt32LE(4)
  const opCode = message.readInt32LE(12)
  if (opCode === OP_MSG) return parseMsg(message, requestId)
  if (opCode === OP_QUERY) return parseQuery(message, requestId)
  throw new ProtocolError(`operation ${opCode}`)
}

function parseMsg(message: Buffer, requestId: number): Request {
  if (message.length < HEADER_BYTES + 10) throw new ProtocolError('short message')
  const flags = message.readUInt32LE(HEADER_BYTES)
  const unknown = flags & REQUIRED_BITS & ~(CHECKSUM_PRESENT | MORE_TO_COME)
  if (unknown !== 0) throw new ProtocolError(`flags ${flags}`)
  const end = message.length - (flags & CHECKSUM_PRESENT ? 4 : 0)
  return {
    requestId,
    legacy: false,
    wantsReply: (flags & MORE_TO_COME) === 0,
    body: guarded(() => parseSections(message, end)),
  }
}

function guarded(parse: () => Doc): Doc | MongoError {
  try {
    return parse()
  } catch (error) {
    if (error instanceof MongoError) return error
    throw error
  }
}

function parseSections(message: Buffer, end: number): Doc {
  let body: Doc | undefined
  const sequences: [name: string, documents: Value[]][] = []
  let at = HEADER_BYTES + 4
  while (at < end) {
    const kind = message[at++]
    if (kind === 0) {
      if (body) fail(40430, 'OP_MSG has more than one body section')
      const length = documentLength(message, at)
      body = decode(message, at)
      at += length
    } else if (kind === 1) {
      const size = at + 4 <= end ? message.readInt32LE(at) : 0
      const stop = at + size
      const zero = message.indexOf(0, at + 4)
      if (size < 5 || stop > end || zero < 0 || zero >= stop) fail(22, 'malformed document sequence')
      sequences.push([message.toString('utf8', at + 4, zero), parseSequence(message, zero + 1, stop)])
      at = stop
    } else fail(40432, `Unknown section kind ${kind}`)
  }
  if (!body) return fail(40587, 'OP_MSG messages must have a body section')
  if (!body.has('$db')) fail(40571, 'OP_MSG requests require a $db argument')
  for (const [name, documents] of sequences) {
    if (body.has(name)) fail(40433, `Duplicate document sequence '${name}'`)
    body.set(name, documents)
  }
  return body
}

function parseSequence(message: Buffer, start: number, stop: number): Value[] {
  const documents: Value[] = []
  for (let at = start; at < stop; ) {
    const length = documentLength(message, at)
    if (at + length > stop) fail(22, 'malformed document sequence')
    const document = decode(message, at)
    receivedBytes.set(document, message.subarray(at, at + length))
    documents.push(document)
    at += length
  }
  return documents
}

function parseQuery(message: Buffer, requestId: number): Request {
  const zero = message.indexOf(0, HEADER_BYTES + 4)
  if (zero < 0 || zero + 9 > message.length) throw new ProtocolError('short query')
  const ns = message.toString('utf8', HEADER_BYTES + 4, zero)
  if (!ns.endsWith('.$cmd')) throw new ProtocolError(`legacy query on ${ns}`)
  const body = guarded(() => decode(message, zero + 9).set('$db', ns.slice(0, -5)))
  return { requestId, legacy: true, wantsReply: true, body }
}

let nextReplyId = 1

export function encodeReply(request: Request, reply: Doc): Buffer {
  const body = encode(reply)
  // OP_REPLY: flags, cursor id, start, count; OP_MSG: flags, section kind.
  const prefix = request.legacy ? 20 : 5
  const message = Buffer.allocUnsafe(HEADER_BYTES + prefix + body.length)
  message.writeInt32LE(message.length, 0)
  message.writeInt32LE(nextReplyId++ & 0x7fffffff, 4)
  message.writeInt32LE(request.requestId, 8)
  message.writeInt32LE(request.legacy ? OP_REPLY : OP_MSG, 12)
  message.fill(0, HEADER_BYTES, HEADER_BYTES + prefix)
  if (request.legacy) {
    message.writeInt32LE(8, HEADER_BYTES) // AwaitCapable
    message.writeInt32LE(1, HEADER_BYTES + 16)
  }
  body.copy(message, HEADER_BYTES + prefix)
  return message
}
