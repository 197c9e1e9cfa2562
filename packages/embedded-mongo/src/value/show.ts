import {
  Binary,
  BsonSymbol,
  Code,
  Decimal,
  Double,
  isDoc,
  ObjectId,
  Regex,
  Timestamp,
  typeName,
  type Value,
} from '../bson/values.ts'
import { exactOf, formatExact } from './decimal.ts'

/** Writes a value as MongoDB does in its messages: `{ email: "a@x", n: 1 }`. */
export function show(value: Value | undefined): string {
  if (value === undefined) return 'missing'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value === null) return 'null'
  if (isDoc(value)) {
    const fields = [...value].map(([name, inner]) => `${name}: ${show(inner)}`)
    return fields.length > 0 ? `{ ${fields.join(', ')} }` : '{}'
  }
  if (Array.isArray(value)) return value.length > 0 ? `[ ${value.map(show).join(', ')} ]` : '[]'
  if (value instanceof Double) return showDouble(value.value)
  if (value instanceof ObjectId) return `ObjectId('${value.hex}')`
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (value instanceof Decimal) return `NumberDecimal('${formatExact(exactOf(value))}')`
  if (value instanceof Timestamp) return `Timestamp(${value.seconds}, ${value.increment})`
  if (value instanceof Binary) return `BinData(${value.subtype}, ${value.bytes.toString('hex').toUpperCase()})`
  if (value instanceof Regex) return `/${value.pattern}/${value.flags}`
  if (value instanceof Code) return value.source
  if (value instanceof BsonSymbol) return JSON.stringify(value.text)
  return typeName(value)
}

function showDouble(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toFixed(1) : String(value)
}
