import {
  Binary,
  BsonSymbol,
  Code,
  DbPointer,
  Decimal,
  type Doc,
  Double,
  type Numeric,
  ObjectId,
  Regex,
  Timestamp,
  type Value,
} from '../bson/values.ts'
import { RANK, rankOf } from './compare.ts'
import { addExact, compareExact, digitCount, type Exact, exactOf, exactToNumber } from './decimal.ts'

/**
 * Index keys: byte strings whose `memcmp` order is the order of `compare`, and which are equal exactly when the values
 * are. A value is its type byte and its body; every body ends itself, so keys of several fields are concatenated.
 * Missing, null: one key. A descending field has all its bytes inverted.
 */
export function keyString(values: (Value | undefined)[], descending: boolean[] = []): Buffer {
  writer.pos = 0
  for (let i = 0; i < values.length; i++) {
    const start = writer.pos
    writeValue(values[i] ?? null)
    if (descending[i]) writer.invert(start)
  }
  return writer.copy()
}

/** A string equal for equal values, to key a `Map` or `Set`; missing and null differ. */
export function hashKey(value: Value | undefined): string {
  if (typeof value === 'string') return `s${value}`
  if (value === undefined) return ''
  if (value instanceof ObjectId) return `o${value.hex}`
  return keyString([value]).toString('latin1')
}

class Writer {
  bytes = Buffer.allocUnsafe(4096)
  pos = 0

  reserve(count: number): void {
    if (this.pos + count <= this.bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.pos + count))
    this.bytes.copy(larger, 0, 0, this.pos)
    this.bytes = larger
  }

  byte(value: number): void {
    this.reserve(1)
    this.bytes[this.pos++] = value
  }

  uint32(value: number): void {
    this.reserve(4)
    this.pos = this.bytes.writeUInt32BE(value >>> 0, this.pos)
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.bytes.set(bytes, this.pos)
    this.pos += bytes.length
  }

  /** UTF-8 with 0x00 escaped as 0x00 0xff and closed by 0x00: no type byte is 0xff, so the order holds. */
  text(text: string): void {
    this.reserve(text.length * 3 + 1)
    const start = this.pos
    this.pos += this.bytes.write(text, start, 'utf8')
    if (text.includes('\0')) {
      const plain = Buffer.from(this.bytes.subarray(start, this.pos))
      this.pos = start
      for (const byte of plain) {
        this.byte(byte)
        if (byte === 0) this.byte(0xff)
      }
    }
    this.byte(0)
  }

  invert(start: number): void {
    for (let i = start; i < this.pos; i++) this.bytes[i] = ~this.bytes[i]! & 0xff
  }

  copy(): Buffer {
    const result = Buffer.from(this.bytes.subarray(0, this.pos))
    if (this.bytes.length > 1 << 20) this.bytes = Buffer.allocUnsafe(4096)
    return result
  }
}

const writer = new Writer()

function writeValue(value: Value) {
  const rank = rankOf(value)
  writer.byte(rank)
  switch (rank) {
    case RANK.number:
      return writeNumber(value as Numeric)
    case RANK.string:
      return writer.text(value instanceof BsonSymbol ? value.text : (value as string))
    case RANK.object:
      return writeDoc(value as Doc)
    case RANK.array:
      for (const element of value as Value[]) writeValue(element)
      return writer.byte(0)
    case RANK.objectId:
      writer.reserve(12)
      writer.pos += writer.bytes.write((value as ObjectId).hex, writer.pos, 'hex')
      return
    case RANK.bool:
      return writer.byte(value ? 1 : 0)
    case RANK.date: {
      const ms = (value as Date).getTime()
      writer.uint32(Math.floor(ms / 0x100000000) ^ 0x80000000)
      return writer.uint32(ms % 0x100000000)
    }
  }
  if (value instanceof Binary) {
    writer.uint32(value.bytes.length)
    writer.byte(value.subtype)
    writer.raw(value.bytes)
  } else if (value instanceof Timestamp) {
    writer.uint32(value.seconds)
    writer.uint32(value.increment)
  } else if (value instanceof Regex) {
    writer.text(value.pattern)
    writer.text(value.flags)
  } else if (value instanceof Code) {
    writer.text(value.source)
    if (value.scope) writeDoc(value.scope)
  } else if (value instanceof DbPointer) {
    writer.text(value.ns)
    writer.text(value.hex)
  }
}

function writeDoc(document: Doc): void {
  for (const [name, value] of document) {
    writer.byte(rankOf(value))
    writer.text(name)
    writeValue(value)
  }
  writer.byte(0)
}

/**
 * A number is the largest double not above it, made order-preserving, and what is left over: nothing for int32 and
 * double, an exact positive decimal for the longs and decimals between two doubles.
 */
function writeNumber(value: Numeric) {
  if (typeof value === 'number') return writeDouble(value, undefined)
  if (value instanceof Double) return writeDouble(value.value, undefined)
  if (typeof value === 'bigint') {
    const near = Number(value)
    if (BigInt(near) === value) return writeDouble(near, undefined)
  }
  const exact = exactOf(value)
  if (typeof exact === 'string') return writeDouble(Number(exact), undefined)
  let floor = exactToNumber(exact)
  if (value instanceof Decimal && exact.coefficient === 0n) return writeDouble(0, undefined)
  if (compareExact(exactOf(floor), exact) > 0) floor = nextDown(floor)
  // Decimals below the least double are counted up from a power of ten that is below every decimal.
  const whole = floor === Number.NEGATIVE_INFINITY ? BELOW_ALL : (exactOf(floor) as Exclude<Exact, string>)
  const rest = addExact(exact, { coefficient: -whole.coefficient, exponent: whole.exponent }) as typeof whole
  writeDouble(floor, rest.coefficient === 0n ? undefined : rest)
}

const BELOW_ALL = { coefficient: -1n, exponent: 6_200 }
const scratch = Buffer.alloc(8)

function writeDouble(value: number, rest: Exclude<Exact, string> | undefined) {
  writer.reserve(8)
  if (Number.isNaN(value)) {
    writer.bytes.fill(0, writer.pos, writer.pos + 8)
    writer.pos += 8
  } else {
    const start = writer.pos
    writer.pos = writer.bytes.writeDoubleBE(value === 0 ? 0 : value, start)
    if (value < 0) writer.invert(start)
    else writer.bytes[start] = writer.bytes[start]! | 0x80
  }
  if (!rest) return writer.byte(0)
  writer.byte(1)
  const digits = rest.coefficient.toString().replace(/0+$/, '')
  writer.uint32(rest.exponent + digitCount(rest.coefficient) + 0x40000000)
  writer.text(digits)
}

function nextDown(value: number): number {
  if (value === Number.POSITIVE_INFINITY) return Number.MAX_VALUE
  if (value === 0) return -Number.MIN_VALUE
  scratch.writeDoubleBE(value)
  const bits = scratch.readBigInt64BE()
  scratch.writeBigInt64BE(value > 0 ? bits - 1n : bits + 1n)
  return scratch.readDoubleBE()
}
