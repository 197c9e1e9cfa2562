import { fail } from '../errors.ts'
import { MAX_DEPTH } from './decode.ts'
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
  Raw,
  Regex,
  Timestamp,
  UNDEFINED,
  type Value,
} from './values.ts'

const INITIAL_BYTES = 64 * 1024
/** A buffer grown for one large reply is not kept for the next. */
const KEEP_BYTES = 1024 * 1024
/** More than any document or reply may have: a computed value stops here, not at the end of the memory. */
const MAX_BYTES = 64 * 1024 * 1024

let buffer = Buffer.allocUnsafe(INITIAL_BYTES)
let pos = 0
let depth = 0

/** Encodes a document; `decode(encode(x))` gives the same bytes back. */
export function encode(document: Doc): Buffer {
  pos = 0
  depth = 0
  writeDocument(document)
  const result = Buffer.from(buffer.subarray(0, pos))
  if (buffer.length > KEEP_BYTES) buffer = Buffer.allocUnsafe(INITIAL_BYTES)
  return result
}

function reserve(bytes: number): void {
  if (pos + bytes <= buffer.length) return
  if (pos + bytes > MAX_BYTES) fail(10334, `BSON of more than ${MAX_BYTES} bytes`)
  const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, pos + bytes))
  buffer.copy(larger, 0, 0, pos)
  buffer = larger
}

function writeDocument(document: Doc): void {
  const start = begin()
  for (const [name, value] of document) writeElement(name, value)
  finish(start)
}

function writeArray(values: Value[]): void {
  const start = begin()
  for (let i = 0; i < values.length; i++) writeElement(String(i), values[i]!)
  finish(start)
}

function begin(): number {
  if (depth++ > MAX_DEPTH) fail(15, `BSON nesting is deeper than ${MAX_DEPTH} levels`)
  const start = pos
  reserve(5)
  pos += 4
  return start
}

function finish(start: number): void {
  reserve(1)
  buffer[pos++] = 0
  buffer.writeInt32LE(pos - start, start)
  depth--
}

function writeText(text: string): void {
  if (text.length < 24) {
    reserve(text.length * 3)
    const start = pos
    let i = 0
    for (; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 127) break
      buffer[pos++] = unit
    }
    if (i === text.length) return
    pos = start
  }
  reserve(text.length * 3)
  pos += buffer.write(text, pos, 'utf8')
}

function writeCString(text: string): void {
  writeText(text)
  reserve(1)
  buffer[pos++] = 0
}

function writeString(text: string): void {
  reserve(4)
  const start = pos
  pos += 4
  writeCString(text)
  buffer.writeInt32LE(pos - start - 4, start)
}

function header(type: number, name: string): void {
  reserve(1)
  buffer[pos++] = type
  writeCString(name)
}

function writeElement(name: string, value: Value) {
  switch (typeof value) {
    case 'number':
      if (isInt32(value)) {
        header(0x10, name)
        reserve(4)
        pos = buffer.writeInt32LE(value, pos)
      } else writeDouble(name, value)
      return
    case 'string':
      header(0x02, name)
      writeString(value)
      return
    case 'boolean':
      header(0x08, name)
      reserve(1)
      buffer[pos++] = value ? 1 : 0
      return
    case 'bigint':
      header(0x12, name)
      reserve(8)
      pos = buffer.writeBigInt64LE(value, pos)
      return
  }
  if (value === null) return header(0x0a, name)
  if (value instanceof Map) {
    header(0x03, name)
    return writeDocument(value)
  }
  if (Array.isArray(value)) {
    header(0x04, name)
    return writeArray(value)
  }
  writeObject(name, value)
}

function writeDouble(name: string, value: number): void {
  header(0x01, name)
  reserve(8)
  pos = buffer.writeDoubleLE(value, pos)
}

function writeBytes(bytes: Buffer): void {
  reserve(bytes.length)
  pos += bytes.copy(buffer, pos)
}

function writeObject(name: string, value: Exclude<Value, number | bigint | string | boolean | null | Doc | Value[]>) {
  if (value instanceof Raw) {
    header(0x03, name)
    writeBytes(value.bytes)
  } else if (value instanceof ObjectId) {
    header(0x07, name)
    reserve(12)
    pos += buffer.write(value.hex, pos, 'hex')
  } else if (value instanceof Date) {
    header(0x09, name)
    reserve(8)
    pos = buffer.writeBigInt64LE(BigInt(value.getTime()), pos)
  } else if (value instanceof Double) {
    writeDouble(name, value.value)
  } else if (value instanceof Binary) {
    header(0x05, name)
    reserve(5)
    pos = buffer.writeInt32LE(value.bytes.length, pos)
    buffer[pos++] = value.subtype
    writeBytes(value.bytes)
  } else if (value instanceof Timestamp) {
    header(0x11, name)
    reserve(8)
    pos = buffer.writeUInt32LE(value.increment, pos)
    pos = buffer.writeUInt32LE(value.seconds, pos)
  } else if (value instanceof Decimal) {
    header(0x13, name)
    writeBytes(value.bytes)
  } else if (value instanceof Regex) {
    header(0x0b, name)
    writeCString(value.pattern)
    writeCString(value.flags)
  } else if (value instanceof Code) {
    writeCode(name, value)
  } else if (value instanceof BsonSymbol) {
    header(0x0e, name)
    writeString(value.text)
  } else if (value instanceof DbPointer) {
    header(0x0c, name)
    writeString(value.ns)
    reserve(12)
    pos += buffer.write(value.hex, pos, 'hex')
  } else if (value === UNDEFINED) header(0x06, name)
  else if (value === MIN_KEY) header(0xff, name)
  else if (value === MAX_KEY) header(0x7f, name)
}

function writeCode(name: string, code: Code) {
  if (!code.scope) {
    header(0x0d, name)
    return writeString(code.source)
  }
  header(0x0f, name)
  const start = pos
  reserve(4)
  pos += 4
  writeString(code.source)
  writeDocument(code.scope)
  buffer.writeInt32LE(pos - start, start)
}
