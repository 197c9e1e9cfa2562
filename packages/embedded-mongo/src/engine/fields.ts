import { type Doc, isDoc, isNumeric, type TypeName, typeName, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { asInteger, isTrue } from '../value/numbers.ts'

/** What a command field may hold; `!` behind it makes the field required. */
export type FieldType =
  | 'string'
  | 'object'
  | 'array'
  | 'bool'
  | 'number'
  | 'hint'
  | 'any'
  | 'stringOrArray'
  | 'stringOrObject'
export type FieldTable = Record<string, FieldType | `${FieldType}!`>

/** Arguments that every command takes. */
const GENERIC = new Set(
  (
    '$db lsid txnNumber autocommit startTransaction $clusterTime $readPreference readConcern writeConcern maxTimeMS ' +
    'comment apiVersion apiStrict apiDeprecationErrors $audit $client $configTime $topologyTime'
  ).split(' '),
)

const NUMBERS: TypeName[] = ['long', 'int', 'decimal', 'double']
const ACCEPTED: Record<FieldType, TypeName[]> = {
  string: ['string'],
  object: ['object'],
  array: ['array'],
  bool: ['bool', ...NUMBERS],
  number: NUMBERS,
  hint: ['string', 'object'],
  any: [],
  stringOrArray: ['string', 'array'],
  stringOrObject: ['string', 'object'],
}

/** Checks a command or a part of one against its table before anything else is done. */
export function checkFields(document: Doc, table: FieldTable, name: string, nested = false): void {
  for (const [field, value] of document) {
    const spec = Object.hasOwn(table, field) ? table[field] : undefined
    if (spec === undefined) {
      if (!nested && GENERIC.has(field)) continue
      fail(40415, `BSON field '${name}.${field}' is an unknown field.`)
    }
    const required = spec.endsWith('!')
    const type = spec.replace('!', '') as FieldType
    if (value === null && !required) {
      document.delete(field)
      continue
    }
    checkType(value, ACCEPTED[type], `${name}.${field}`)
  }
  for (const field in table) {
    if (table[field]!.endsWith('!') && !document.has(field))
      fail(40414, `BSON field '${name}.${field}' is missing but a required field`)
  }
}

function checkType(value: Value, accepted: TypeName[], field: string): void {
  if (accepted.length === 0 || accepted.includes(typeName(value))) return
  const expected = accepted.length === 1 ? `type '${accepted[0]}'` : `types '[${accepted.join(', ')}]'`
  fail(14, `BSON field '${field}' is the wrong type '${typeName(value)}', expected ${expected}`)
}

/** A count such as `limit`: whole and not negative. */
export function countField(document: Doc, field: string, command: string, min = 0): number | undefined {
  const value = document.get(field)
  if (value === undefined) return undefined
  const count = isNumeric(value) ? (asInteger(value) ?? Math.trunc(Number(value))) : Number.NaN
  if (!(count >= min)) fail(51024, `BSON field '${command}.${field}' value must be >= ${min}, actual value '${count}'`)
  return count
}

export function flag(document: Doc, field: string): boolean {
  return isTrue(document.get(field))
}

export function docField(document: Doc, field: string): Doc {
  const value = document.get(field)
  return isDoc(value) ? value : new Map()
}

export function listOfDocs(value: Value | undefined, field: string): Doc[] {
  return (value as Value[]).map((entry, i) => {
    if (isDoc(entry)) return entry
    return fail(14, `BSON field '${field}.${i}' is the wrong type '${typeName(entry)}', expected type 'object'`)
  })
}
