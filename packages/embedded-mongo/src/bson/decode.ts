import { isUtf8 } from 'node:buffer'
import { fail, notImplemented } from '../errors.ts'
import {
  Binary,
  BsonSymbol,
  Code,
  DbPointer,
  Decimal,
  type Doc,
  Double,
  isInt32,
  MAX_KEY,
  MIN_KEY,
  ObjectId,
  Regex,
  Timestamp,
  UNDEFINED,
  type Value,
} from './values.ts'

/**
 * Which fields a reader needs: a name maps to `true` (the whole value) or to the fields below it. Skipping the others
 * while decoding makes a `$group` over many documents several times faster than decoding them whole.
 */
export type Needed = Map<string, Needed | true>

/** MongoDB's limit on nesting; also what keeps recursion off the end of the stack. */
export const MAX_DEPTH = 200

const MAX_DATE_MS = 8.64e15

/** Decodes a document that ends exactly where its length says. Malformed input is error 22. */
export function decode(buffer: Buffer, start = 0, needed?: Needed): Doc {
  return new Reader(buffer).document(start, 0, needed)
}

/** Length of the document at `start`, checked against what is there. */
export function documentLength(buffer: Buffer, start: number): number {
  if (start + 5 > buffer.length) fail(22, 'not enough data for a BSON document')
  const length = buffer.readInt32LE(start)
  if (length < 5 || start + length > buffer.length) fail(22, `invalid BSON document length ${length}`)
  return length
}

// Field names repeat in every document, so the last name seen in each slot is kept and compared by bytes.
const INTERN_SLOTS = 1024
const internBytes: (Uint8Array | undefined)[] = new Array(INTERN_SLOTS)
const internNames: string[] = new Array(INTERN_SLOTS)

class Reader {
  private pos = 0

  constructor(private readonly buffer: Buffer) {}

  document(start: number, depth: number, needed?: Needed): Doc {
    const result: Doc = new Map()
    this.elements(start, depth, result, needed)
    return result
  }

  private array(start: number, depth: number, needed?: Needed): Value[] {
    const result: Value[] = []
    this.elements(start, depth, result, undefined, needed)
    return result
  }

  /** @param neededInside what is needed of the documents in an array */
  private elements(start: number, depth: number, into: Doc | Value[], needed?: Needed, neededInside?: Needed): void {
    if (depth > MAX_DEPTH) fail(15, `BSON nesting is deeper than ${MAX_DEPTH} levels`)
    const { buffer } = this
    const end = start + documentLength(buffer, start) - 1
    if (buffer[end] !== 0) fail(22, 'BSON document does not end in a zero byte')
    this.pos = start + 4
    let missing = needed ? needed.size : -1
    while (missing !== 0 && this.pos < end) {
      const type = buffer[this.pos++]!
      const name = this.name(end)
      const want = needed ? needed.get(name) : true
      if (want === undefined) {
        this.skip(type, end)
        continue
      }
      missing--
      const value = this.value(type, end, depth, want === true ? neededInside : want)
      if (Array.isArray(into)) into.push(value)
      else into.set(name, value)
      if (this.pos > end) fail(22, `BSON field '${name}' runs past the end of its document`)
    }
    if (missing !== 0 && this.pos !== end) fail(22, 'BSON document has bytes after its last field')
    this.pos = end + 1
  }

  private name(end: number): string {
    const { buffer } = this
    const start = this.pos
    let hash = 0
    let pos = start
    let byte = buffer[pos]!
    while (byte !== 0) {
      hash = (Math.imul(hash, 31) + byte) | 0
      byte = buffer[++pos]!
      if (pos > end) fail(22, 'BSON field name has no end')
    }
    this.pos = pos + 1
    const length = pos - start
    const slot = (hash ^ (hash >>> 10)) & (INTERN_SLOTS - 1)
    const known = internBytes[slot]
    if (known !== undefined && known.length === length) {
      let i = 0
      while (i < length && known[i] === buffer[start + i]) i++
      if (i === length) return internNames[slot]!
    }
    const name = this.text(start, pos)
    internBytes[slot] = Uint8Array.prototype.slice.call(buffer, start, pos)
    internNames[slot] = name
    return name
  }

  private text(start: number, end: number): string {
    const { buffer } = this
    if (end - start < 24) {
      let text = ''
      let pos = start
      for (; pos < end; pos++) {
        const byte = buffer[pos]!
        if (byte > 127) break
        text += String.fromCharCode(byte)
      }
      if (pos === end) return text
    }
    const text = buffer.toString('utf8', start, end)
    if (text.includes('\ufffd') && !isUtf8(buffer.subarray(start, end))) fail(22, 'BSON string is not valid UTF-8')
    return text
  }

  private cstring(end: number): string {
    const zero = this.buffer.indexOf(0, this.pos)
    if (zero < 0 || zero >= end) fail(22, 'BSON string has no end')
    const text = this.text(this.pos, zero)
    this.pos = zero + 1
    return text
  }

  private string(end: number): string {
    const length = this.int32(end)
    const start = this.pos
    const stop = start + length - 1
    if (length < 1 || stop >= end || this.buffer[stop] !== 0) fail(22, `invalid BSON string length ${length}`)
    this.pos = stop + 1
    return this.text(start, stop)
  }

  private int32(end: number): number {
    if (this.pos + 4 > end) fail(22, 'BSON value runs past the end of its document')
    const value = this.buffer.readInt32LE(this.pos)
    this.pos += 4
    return value
  }

  private take(count: number, end: number): number {
    const at = this.pos
    if (at + count > end) fail(22, 'BSON value runs past the end of its document')
    this.pos = at + count
    return at
  }

  private value(type: number, end: number, depth: number, needed?: Needed): Value {
    const { buffer } = this
    switch (type) {
      case 0x10:
        return this.int32(end)
      case 0x02:
        return this.string(end)
      case 0x07: {
        const at = this.take(12, end)
        return new ObjectId(buffer.toString('hex', at, at + 12))
      }
      case 0x09:
        return this.date(end)
      case 0x01: {
        const value = buffer.readDoubleLE(this.take(8, end))
        return isInt32(value) || Object.is(value, -0) ? new Double(value) : value
      }
      case 0x08: {
        const byte = buffer[this.take(1, end)]
        if (byte !== 0 && byte !== 1) fail(22, `invalid BSON boolean ${byte}`)
        return byte === 1
      }
      case 0x03:
      case 0x04: {
        const start = this.pos
        documentLength(buffer, start)
        return type === 3 ? this.document(start, depth + 1, needed) : this.array(start, depth + 1, needed)
      }
      case 0x12:
        return buffer.readBigInt64LE(this.take(8, end))
      case 0x0a:
        return null
      default:
        return this.rareValue(type, end, depth)
    }
  }

  private rareValue(type: number, end: number, depth: number): Value {
    const { buffer } = this
    switch (type) {
      case 0x05:
        return this.binary(end)
      case 0x06:
        return UNDEFINED
      case 0x0b: {
        const pattern = this.cstring(end)
        return new Regex(pattern, this.cstring(end))
      }
      case 0x0c: {
        const ns = this.string(end)
        const at = this.take(12, end)
        return new DbPointer(ns, buffer.toString('hex', at, at + 12))
      }
      case 0x0d:
        return new Code(this.string(end))
      case 0x0e:
        return new BsonSymbol(this.string(end))
      case 0x0f: {
        this.int32(end)
        const source = this.string(end)
        return new Code(source, this.document(this.pos, depth + 1))
      }
      case 0x11: {
        const at = this.take(8, end)
        return new Timestamp(buffer.readUInt32LE(at + 4), buffer.readUInt32LE(at))
      }
      case 0x13: {
        const at = this.take(16, end)
        return new Decimal(Buffer.from(buffer.subarray(at, at + 16)))
      }
      case 0x7f:
        return MAX_KEY
      case 0xff:
        return MIN_KEY
      default:
        return fail(22, `unknown BSON type 0x${type.toString(16)}`)
    }
  }

  private date(end: number): Date {
    const at = this.take(8, end)
    const ms = this.buffer.readInt32LE(at + 4) * 0x100000000 + this.buffer.readUInt32LE(at)
    if (Math.abs(ms) > MAX_DATE_MS) notImplemented('a date outside the years -271821 to 275760')
    return new Date(ms)
  }

  private binary(end: number): Binary {
    const length = this.int32(end)
    if (length < 0) fail(22, `invalid BSON binary length ${length}`)
    const at = this.take(length + 1, end)
    return new Binary(Buffer.from(this.buffer.subarray(at + 1, at + 1 + length)), this.buffer[at]!)
  }

  private skip(type: number, end: number): void {
    switch (type) {
      case 0x10:
        this.take(4, end)
        return
      case 0x01:
      case 0x09:
      case 0x11:
      case 0x12:
        this.take(8, end)
        return
      case 0x02:
        this.take(Math.max(1, this.int32(end)), end)
        return
      case 0x03:
      case 0x04:
        this.take(documentLength(this.buffer, this.pos), end)
        return
      case 0x07:
        this.take(12, end)
        return
      case 0x08:
        this.take(1, end)
        return
      case 0x05:
        this.take(Math.max(0, this.int32(end)) + 1, end)
        return
      default:
        this.value(type, end, 0)
    }
  }
}
