import { type Doc, isDoc, isNumeric, typeName, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import type { Filter } from '../query/filter.ts'
import { parseFilter } from '../query/parse.ts'
import type { Collection } from '../store/collection.ts'
import { equal } from '../value/compare.ts'
import { asInteger, asNumber, isTrue } from '../value/numbers.ts'
import { show } from '../value/show.ts'

const MAX_FIELDS = 32
const REFUSED_TYPES = new Set(['text', '2d', '2dsphere', 'hashed', 'columnstore', 'wildcard', 'geoHaystack'])
const REFUSED_OPTIONS = new Set([
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
  '2dsphereIndexVersion',
  'bits',
  'min',
  'max',
  'wildcardProjection',
  'storageEngine',
  'prepareUnique',
  'bucketSize',
])
/** Accepted and without meaning in MongoDB too, or since long. */
const IGNORED_OPTIONS = new Set(['background', 'dropDups', 'ns'])

/** Checks an index specification and writes it the way listIndexes shows it. */
export function parseIndexSpec(given: Doc): Doc {
  const key = given.get('key')
  if (!isDoc(key)) return fail(9, "The 'key' field is a required property of an index specification")
  const spec: Doc = new Map<string, Value>([
    ['v', 2],
    ['key', parseKey(key)],
  ])
  const name = given.get('name') ?? defaultName(key)
  if (typeof name !== 'string' || name === '') return fail(67, 'index name cannot be empty')
  if (name === '*') fail(2, "The index name '*' is not valid.")
  spec.set('name', name)
  const isIdKey = key.size === 1 && key.has('_id')
  for (const [option, value] of given) {
    switch (option) {
      case 'key':
      case 'name':
        break
      case 'v':
        if (asInteger(value) !== 2) fail(67, `Index version ${show(value)} is not supported`)
        break
      case 'unique':
      case 'sparse':
      case 'hidden':
        if (typeof value !== 'boolean' && !isNumeric(value))
          fail(14, `The field '${option}' has value ${option}: ${show(value)}, which is not convertible to bool`)
        if (isIdKey && option !== 'unique')
          fail(197, `The field '${option}' is not valid for an _id index specification. Specification: ${show(given)}`)
        if (isTrue(value)) spec.set(option, true)
        break
      case 'expireAfterSeconds':
        spec.set(option, parseExpiry(value, key))
        break
      case 'partialFilterExpression': {
        if (!isDoc(value))
          return fail(14, `The field 'partialFilterExpression' must be an object, but got ${typeName(value)}`)
        if (isIdKey)
          fail(
            197,
            `The field 'partialFilterExpression' is not valid for an _id index specification. Specification: ${show(given)}`,
          )
        checkPartial(parseFilter(value))
        spec.set(option, value)
        break
      }
      case 'collation':
        if (!isDoc(value) || value.get('locale') !== 'simple') notImplemented('collation')
        break
      default:
        if (REFUSED_OPTIONS.has(option)) notImplemented(`index option ${option}`)
        if (!IGNORED_OPTIONS.has(option))
          fail(197, `The field '${option}' is not valid for an index specification. Specification: ${show(given)}`)
    }
  }
  if (spec.has('sparse') && spec.has('partialFilterExpression'))
    fail(67, 'cannot mix "partialFilterExpression" and "sparse" options')
  return spec
}

function parseKey(key: Doc): Doc {
  if (key.size === 0) return fail(67, 'Index keys cannot be an empty object')
  if (key.size > MAX_FIELDS) fail(13103, 'too many compound keys')
  for (const [name, direction] of key) {
    if (name.includes('$**')) return notImplemented('wildcard index')
    if (name === '') fail(67, 'Index keys cannot be an empty field.')
    if (name.split('.').includes('')) fail(67, 'Index keys cannot contain an empty field.')
    if (name.split('.').some((part) => part.startsWith('$')))
      fail(67, "Index key contains an illegal field name: field name starts with '$'.")
    if (typeof direction === 'string') {
      if (REFUSED_TYPES.has(direction)) return notImplemented(`${direction} index`)
      return fail(67, `Unknown index plugin '${direction}'`)
    }
    if (!isNumeric(direction))
      return fail(
        67,
        `Values in v:2 index key pattern cannot be of type ${typeName(direction)}. Only numbers > 0, numbers < 0, and strings are allowed.`,
      )
    if (!(Math.abs(asNumber(direction)) > 0)) return fail(67, 'Values in the index key pattern cannot be 0.')
  }
  return key
}

function defaultName(key: Doc): string {
  return [...key]
    .map(([name, direction]) => `${name}_${typeof direction === 'string' ? direction : asNumber(direction as number)}`)
    .join('_')
}

function parseExpiry(value: Value, key: Doc): Value {
  if (!isNumeric(value))
    return fail(
      14,
      `TTL index 'expireAfterSeconds' option must be numeric, but received a type of '${typeName(value)}'`,
    )
  const seconds = asNumber(value)
  if (!(seconds >= 0 && seconds <= 2_147_483_647))
    return fail(
      67,
      `TTL index 'expireAfterSeconds' option must be within an acceptable range, try a different value than ${show(value)}`,
    )
  if (key.size > 1) return fail(67, 'TTL indexes are single-field indexes, compound indexes do not support TTL')
  if (key.has('_id')) return fail(67, 'The _id field cannot have TTL')
  return value
}

const PARTIAL_OPS = new Set(['$eq', '$gt', '$gte', '$lt', '$lte', '$exists', '$type', '$in'])

function checkPartial(filter: Filter): void {
  if (filter.kind === 'and' || (filter.kind === 'or' && filter.branches.length > 0)) {
    for (const branch of filter.branches) checkPartial(branch)
    return
  }
  if (filter.kind === 'field' && PARTIAL_OPS.has(filter.op)) return
  fail(67, 'Expression not supported in partial index')
}

/** Compares a wanted index with those that exist: false when it is there already, an error when they contradict. */
export function reconcile(collection: Collection, spec: Doc): boolean {
  for (const { spec: other } of collection.indexes) {
    const sameName = other.get('name') === spec.get('name')
    const isId = other.get('name') === '_id_' && equal(spec.get('key'), new Map([['_id', 1]]))
    if (isId) return false
    const sameIdentity = ['key', 'unique', 'sparse', 'partialFilterExpression'].every((part) =>
      equal(other.get(part) ?? false, spec.get(part) ?? false),
    )
    const sameOptions = ['hidden', 'expireAfterSeconds'].every((part) =>
      equal(other.get(part) ?? false, spec.get(part) ?? false),
    )
    if (sameName && sameIdentity) {
      if (!sameOptions)
        fail(
          85,
          `An equivalent index already exists with the same name but different options. Requested index: ${show(spec)}, existing index: ${show(other)}`,
        )
      return false
    }
    if (sameName)
      fail(
        86,
        `An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation. Requested index: ${show(spec)}, existing index: ${show(other)}`,
      )
    if (sameIdentity) fail(85, `Index already exists with a different name: ${other.get('name')}`)
  }
  return true
}
