import { type Doc, isDoc, Regex, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { isOperatorDoc } from '../query/parse.ts'
import { clone } from '../value/path.ts'
import { write } from './apply.ts'

/** The document that an upsert starts from: what the query says must be equal. */
export function upsertBase(query: Doc): Doc {
  const equalities = new Map<string, Value>()
  collect(query, equalities)
  const base: Doc = new Map()
  const id = equalities.get('_id')
  if (id !== undefined) base.set('_id', clone(id))
  for (const [name, value] of equalities) if (name !== '_id') write(base, name.split('.'), clone(value))
  return base
}

function collect(query: Doc, into: Map<string, Value>): void {
  for (const [name, value] of query) {
    if (name === '$and' || (name === '$or' && Array.isArray(value) && value.length === 1)) {
      for (const branch of value as Value[]) if (isDoc(branch)) collect(branch, into)
    } else if (!name.startsWith('$')) {
      const equality = equalityOf(value)
      if (equality !== undefined) add(name, equality, into)
    }
  }
}

function equalityOf(value: Value): Value | undefined {
  if (value instanceof Regex) return undefined
  if (!isOperatorDoc(value)) return value
  const exact = value.get('$eq')
  if (exact !== undefined) return exact instanceof Regex ? undefined : exact
  for (const op of ['$in', '$all']) {
    const list = value.get(op)
    if (Array.isArray(list) && list.length === 1 && !(list[0] instanceof Regex) && !isOperatorDoc(list[0]))
      return list[0]
  }
  return undefined
}

function add(name: string, value: Value, into: Map<string, Value>): void {
  for (const known of into.keys()) {
    if (known === name || known.startsWith(`${name}.`) || name.startsWith(`${known}.`)) {
      fail(
        54,
        `cannot infer query fields to set, ${known === name ? `path '${name}' is matched twice` : `both paths '${known}' and '${name}' are matched`}`,
      )
    }
  }
  into.set(name, value)
}
