/**
 * The value model. BSON types stay apart from the first byte to the last:
 *
 * | BSON               | here                                                                    |
 * | ------------------ | ----------------------------------------------------------------------- |
 * | document           | `Map` (keeps `"10"` before `"9"` and `__proto__` a plain key)           |
 * | array              | array                                                                   |
 * | int32              | `number` that is an int32 and not -0                                    |
 * | double             | any other `number`; `Double` when it would look like an int32           |
 * | int64              | `bigint`                                                                |
 * | string, bool, null | the same                                                                |
 * | date               | `Date`                                                                  |
 * | others             | the classes below                                                       |
 *
 * A missing field is `undefined`, which is not BSON's deprecated `UNDEFINED`.
 */
export type Doc = Map<string, Value>
export type Value =
  | number
  | bigint
  | string
  | boolean
  | null
  | Doc
  | Value[]
  | Date
  | Double
  | ObjectId
  | Decimal
  | Timestamp
  | Binary
  | Regex
  | Code
  | BsonSymbol
  | DbPointer
  | Raw
  | typeof UNDEFINED
  | typeof MIN_KEY
  | typeof MAX_KEY

export class Double {
  constructor(readonly value: number) {}
}
export class ObjectId {
  /** @param hex 24 lower-case hex digits, so that string order is byte order */
  constructor(readonly hex: string) {}
}
/** IEEE 754-2008 decimal128 in BID encoding; arithmetic lives in `value/decimal.ts`. */
export class Decimal {
  /** @param bytes 16 bytes, little-endian as on the wire */
  constructor(readonly bytes: Buffer) {}
}
export class Timestamp {
  constructor(
    readonly seconds: number,
    readonly increment: number,
  ) {}
}
export class Binary {
  constructor(
    readonly bytes: Buffer,
    readonly subtype: number,
  ) {}
}
export class Regex {
  constructor(
    readonly pattern: string,
    readonly flags: string,
  ) {}
}
export class Code {
  constructor(
    readonly source: string,
    readonly scope?: Doc,
  ) {}
}
export class BsonSymbol {
  constructor(readonly text: string) {}
}
export class DbPointer {
  constructor(
    readonly ns: string,
    readonly hex: string,
  ) {}
}
/** A whole document in its stored bytes, passed through to a reply without decoding. */
export class Raw {
  constructor(readonly bytes: Buffer) {}
}
class Singleton {
  constructor(readonly name: string) {}
}
export const UNDEFINED = new (class Undefined extends Singleton {})('undefined')
export const MIN_KEY = new (class MinKey extends Singleton {})('minKey')
export const MAX_KEY = new (class MaxKey extends Singleton {})('maxKey')

/** BSON type numbers as `$type` knows them. */
export const TYPE = {
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  undefined: 6,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  dbPointer: 12,
  javascript: 13,
  symbol: 14,
  javascriptWithScope: 15,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  minKey: -1,
  maxKey: 127,
} as const
export type TypeName = keyof typeof TYPE

const CLASS_TYPES = new Map<unknown, TypeName>([
  [Date, 'date'],
  [ObjectId, 'objectId'],
  [Double, 'double'],
  [Decimal, 'decimal'],
  [Timestamp, 'timestamp'],
  [Binary, 'binData'],
  [Regex, 'regex'],
  [BsonSymbol, 'symbol'],
  [DbPointer, 'dbPointer'],
  [Raw, 'object'],
  [UNDEFINED.constructor, 'undefined'],
  [MIN_KEY.constructor, 'minKey'],
  [MAX_KEY.constructor, 'maxKey'],
])

export function typeName(value: Value): TypeName {
  switch (typeof value) {
    case 'number':
      return isInt32(value) ? 'int' : 'double'
    case 'string':
      return 'string'
    case 'boolean':
      return 'bool'
    case 'bigint':
      return 'long'
  }
  if (value === null) return 'null'
  if (value instanceof Map) return 'object'
  if (Array.isArray(value)) return 'array'
  if (value instanceof Code) return value.scope ? 'javascriptWithScope' : 'javascript'
  return CLASS_TYPES.get(value.constructor)!
}

export function isInt32(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0)
}

export type Numeric = number | bigint | Double | Decimal

export function isNumeric(value: Value | undefined): value is Numeric {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Double || value instanceof Decimal
}

export function isDoc(value: unknown): value is Doc {
  return value instanceof Map
}

/** A double, wrapped when a bare number would be read as an int32. */
export function toDouble(value: number): number | Double {
  return isInt32(value) ? new Double(value) : value
}

/** An integer of the narrowest BSON type that is at least int32. */
export function toInteger(value: bigint): number | bigint {
  const small = Number(value)
  return (small | 0) === small ? small : value
}

/** Builds a document from an object literal of our own (never from input). */
export function doc(fields: Record<string, Value | undefined>): Doc {
  const result: Doc = new Map()
  for (const key in fields) {
    const value = fields[key]
    if (value !== undefined) result.set(key, value)
  }
  return result
}

let objectIdCounter = Math.floor(Math.random() * 0xffffff)
const objectIdRandom = Array.from({ length: 5 }, () => Math.floor(Math.random() * 256))
  .map((byte) => byte.toString(16).padStart(2, '0'))
  .join('')

export function newObjectId(): ObjectId {
  objectIdCounter = (objectIdCounter + 1) & 0xffffff
  const seconds = Math.floor(Date.now() / 1000)
  return new ObjectId(
    seconds.toString(16).padStart(8, '0') + objectIdRandom + objectIdCounter.toString(16).padStart(6, '0'),
  )
}
