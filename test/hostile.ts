import { createHash } from 'node:crypto'
import type { Db } from '../src/store/connect.ts'

/** What stands in place of a scalar to become part of a query, of a prototype, or of a list of choices. */
export const operators: readonly unknown[] = [
  { $ne: null },
  { $gt: '' },
  { $where: 'sleep(1000)' },
  { $nor: [{}] },
  { $expr: { $function: { body: 'function () { return true }', args: [], lang: 'js' } } },
  [{ $ne: null }],
  ['2026-W48', '2026-W47'],
  { toString: 1, valueOf: 1 },
  { length: 1, 0: 'a' },
]

/** Keys that mean something to a database, to JavaScript, or to whoever trusts a whole object (mass assignment). */
export const foreignKeys = [
  '$where',
  '$set',
  'a.b',
  '__proto__',
  'constructor',
  'prototype',
  '_id',
  'personId',
  'score',
  'state',
  'approver',
  'roles',
  'managerId',
]

/** What stands in place of a part of a path; sent as it is. */
export const hostileParts = [
  encodeURIComponent('{"$ne":null}'),
  encodeURIComponent('[$ne]'),
  encodeURIComponent('$where'),
  '__proto__',
  'constructor',
  'toString',
  '..%2f..%2fetc%2fpasswd',
  '..%5c..%5cetc',
  '%252e%252e%252fapi',
  '%00',
  'x%00/2026-W48',
  '%0d%0aSet-Cookie:%20a=b',
  '%E0%A4%A',
  '%',
  'a'.repeat(5000),
]

/** A zod schema, as far as its fields are walked. */
interface Schema {
  def: {
    type: string
    shape?: Record<string, Schema>
    innerType?: Schema
    element?: Schema
  }
}

type Path = readonly (string | number)[]

/** Every place of a value and of the optional fields that its schema knows besides. */
export function placesOf(schema: unknown, value: unknown, path: Path = []): Path[] {
  let s = schema as Schema | undefined
  while (s?.def.innerType) s = s.def.innerType
  const own = path.length > 0 ? [path] : []
  if (Array.isArray(value)) return [...own, ...value.flatMap((v, i) => placesOf(s?.def.element, v, [...path, i]))]
  if (typeof value !== 'object' || value === null) return own
  const keys = new Set([...Object.keys(value), ...Object.keys(s?.def.shape ?? {})])
  return [
    ...own,
    ...[...keys].flatMap((k) => placesOf(s?.def.shape?.[k], (value as Record<string, unknown>)[k], [...path, k])),
  ]
}

/** Every object in a value, by its path. */
export const objectsOf = (value: unknown, path: Path = []): Path[] =>
  typeof value !== 'object' || value === null
    ? []
    : [
        ...(Array.isArray(value) ? [] : [path]),
        ...Object.entries(value).flatMap(([k, v]) => objectsOf(v, [...path, k])),
      ]

/** The value as JSON with something else at one place; a key like `__proto__` gets there as the text says it. */
export function jsonWith(value: unknown, path: Path, put: unknown): string {
  if (path.length === 0) return JSON.stringify(put)
  const [key, ...rest] = path
  if (Array.isArray(value))
    return `[${value.map((v, i) => (i === Number(key) ? jsonWith(v, rest, put) : JSON.stringify(v))).join(',')}]`
  const entries = Object.entries((value ?? {}) as object).filter(([k, v]) => k !== key && v !== undefined)
  const members = entries.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`)
  const inner = jsonWith((value as Record<string, unknown> | undefined)?.[String(key)], rest, put)
  return `{${[...members, `${JSON.stringify(key)}:${inner}`].join(',')}}`
}

/** Everything that is stored, a hash for each collection: what changed nothing leaves them as they were. */
export async function fingerprint(db: Db): Promise<Record<string, string>> {
  // Redeemed login codes go after an hour by the database's own clock, whatever is tested meanwhile.
  const names = (await db.listCollections()).map((c) => c.name).filter((name) => name !== 'login-codes')
  const hashed: Record<string, string> = {}
  for (const name of names.sort()) {
    const docs = await db.collection(name).find().sort({ _id: 1 }).toArray()
    hashed[name] = createHash('sha256').update(JSON.stringify(docs)).digest('hex')
  }
  return hashed
}

/** Nothing has been put on what all objects share. */
export function sharedIsClean(): boolean {
  const probe: Record<string, unknown> = {}
  return ['polluted', '$ne', 'roles', 'isAdmin', 'active'].every((k) => probe[k] === undefined)
}
