import { Binary, isDoc, Raw, type Value } from '../bson/values.ts'

/** About how many bytes a value occupies in memory: good enough to stop a sort or a group before it harms. */
export function roughSize(value: Value): number {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value !== 'object' || value === null) return 8
  if (isDoc(value)) {
    let total = 48
    for (const [name, inner] of value) total += 16 + name.length + roughSize(inner)
    return total
  }
  if (Array.isArray(value)) {
    let total = 32
    for (const inner of value) total += 8 + roughSize(inner)
    return total
  }
  return value instanceof Raw || value instanceof Binary ? 48 + value.bytes.length : 40
}

/** Memory that one blocking sort or group may hold (MongoDB's limit without disk use). */
export const MAX_BLOCKING_BYTES = 100 * 1024 * 1024
