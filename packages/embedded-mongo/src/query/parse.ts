import { NO_VARIABLES, parseExpression, type Variables } from '../agg/expression.ts'
import { type Doc, isDoc, Regex, typeName, type Value } from '../bson/values.ts'
import { fail, notImplemented } from '../errors.ts'
import { isTrue } from '../value/numbers.ts'
import { type Filter, matches } from './filter.ts'
import { elemMatchIsValueForm, eqLeaf, parseLeaf, regexLeaf } from './operators.ts'

/** Top-level and field operators that MongoDB has and this engine refuses. */
const REFUSED_TOP = new Set(['$text', '$where', '$jsonSchema', '$alwaysTrue', '$alwaysFalse'])
const REFUSED_FIELD = new Set([
  '$near',
  '$nearSphere',
  '$geoWithin',
  '$within',
  '$geoIntersects',
  '$geoNear',
  '$maxDistance',
  '$minDistance',
  '$uniqueDocs',
])

/** Parses a whole filter before any document is read. */
export function parseFilter(filter: Doc, variables: Variables = NO_VARIABLES): Filter {
  return simplify({ kind: 'and', branches: parseDocument(filter, variables) })
}

function simplify(filter: Filter): Filter {
  return filter.kind === 'and' && filter.branches.length === 1 ? filter.branches[0]! : filter
}

function parseDocument(filter: Doc, variables: Variables): Filter[] {
  const result: Filter[] = []
  for (const [name, value] of filter) {
    if (name.startsWith('$')) {
      const parsed = parseTop(name, value, variables)
      if (parsed) result.push(parsed)
    } else result.push(...parseField(name, value))
  }
  return result
}

function parseTop(name: string, value: Value, variables: Variables): Filter | undefined {
  switch (name) {
    case '$and':
    case '$or':
    case '$nor': {
      if (!Array.isArray(value)) return fail(2, `${name} must be an array`)
      if (value.length === 0) return fail(2, `${name} must be a nonempty array`)
      const branches = value.map((branch) =>
        isDoc(branch) ? parseFilter(branch, variables) : fail(2, `${name} entries need to be full objects`),
      )
      const kind = name.slice(1) as 'and' | 'or' | 'nor'
      return kind === 'or' && branches.length === 1 ? branches[0] : { kind, branches }
    }
    case '$expr': {
      const needed = new Map()
      const expression = parseExpression(value, { needed, vars: variables.names })
      return {
        kind: 'whole',
        test: (root) => isTrue(expression({ root, vars: variables.values })),
        needed: needed.has('') ? undefined : needed,
      }
    }
    case '$comment':
      return undefined
    case '$sampleRate': {
      if (typeof value !== 'number' && typeName(value) !== 'double')
        return fail(2, 'argument to $sampleRate must be a numeric type')
      const rate = Number((value as { value?: number }).value ?? value)
      if (!(rate >= 0 && rate <= 1)) return fail(2, '$sampleRate value must be between 0 and 1')
      return { kind: 'whole', test: () => Math.random() < rate, needed: new Map() }
    }
  }
  if (REFUSED_TOP.has(name)) return notImplemented(`query operator ${name}`)
  return fail(
    2,
    `unknown top level operator: ${name}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
  )
}

/** True for `{$gt: 1}`: a document that holds operators rather than a value to equal. */
export function isOperatorDoc(value: Value | undefined): value is Doc {
  if (!isDoc(value)) return false
  const first = value.keys().next()
  return !first.done && first.value.startsWith('$') && !isDbRef(first.value)
}

function isDbRef(name: string): boolean {
  return name === '$ref' || name === '$id' || name === '$db'
}

function parseField(name: string, value: Value): Filter[] {
  const path = name.split('.')
  if (value instanceof Regex) return [{ kind: 'field', path, op: '$regex', operand: value, leaf: regexLeaf(value) }]
  if (isOperatorDoc(value)) return parseOperators(path, value)
  return [{ kind: 'field', path, op: '$eq', operand: value, leaf: eqLeaf(value) }]
}

export function parseOperators(path: string[], operators: Doc): Filter[] {
  const result: Filter[] = []
  for (const [op, operand] of operators) {
    if (!op.startsWith('$')) fail(2, `unknown operator: ${op}`)
    const parsed = parseOperator(path, op, operand, operators)
    if (parsed) result.push(parsed)
  }
  return result
}

function parseOperator(path: string[], op: string, operand: Value, siblings: Doc): Filter | undefined {
  switch (op) {
    case '$ne':
      if (operand instanceof Regex) fail(2, "Can't have regex as arg to $ne.")
      return negate({ kind: 'field', path, op: '$eq', operand, leaf: eqLeaf(operand) })
    case '$nin':
      return negate(parseLeaf(path, '$in', operand, '$nin'))
    case '$not':
      if (operand instanceof Regex)
        return negate({ kind: 'field', path, op: '$regex', operand, leaf: regexLeaf(operand) })
      if (!isDoc(operand)) return fail(2, '$not needs a regex or a document')
      if (operand.size === 0) return fail(2, '$not cannot be empty')
      return negate({ kind: 'and', branches: parseOperators(path, operand) })
    case '$exists': {
      const exists: Filter = parseLeaf(path, '$exists', true)
      return isTrue(operand) ? exists : negate(exists)
    }
    case '$regex':
      return parseRegex(path, operand, siblings)
    case '$options':
      if (!siblings.has('$regex')) fail(2, '$options needs a $regex')
      return undefined
    case '$comment':
      return undefined
    case '$elemMatch':
      return parseElemMatch(path, operand)
    case '$all':
      return parseAll(path, operand)
    case '$expr':
      return fail(2, 'unknown operator: $expr')
  }
  if (REFUSED_FIELD.has(op)) return notImplemented(`query operator ${op}`)
  return parseLeaf(path, op, operand)
}

function negate(branch: Filter): Filter {
  return { kind: 'not', branch }
}

function parseRegex(path: string[], operand: Value, siblings: Doc): Filter {
  const options = siblings.get('$options')
  if (options !== undefined && typeof options !== 'string') fail(2, '$options has to be a string')
  let regex: Regex
  if (typeof operand === 'string') regex = new Regex(operand, (options as string | undefined) ?? '')
  else if (operand instanceof Regex) {
    if (operand.flags !== '' && options !== undefined) fail(51074, 'options set in both $regex and $options')
    regex = options === undefined ? operand : new Regex(operand.pattern, options as string)
  } else return fail(2, '$regex has to be a string')
  return { kind: 'field', path, op: '$regex', operand: regex, leaf: regexLeaf(regex) }
}

function parseElemMatch(path: string[], operand: Value): Filter {
  if (!isDoc(operand)) return fail(2, '$elemMatch needs an Object')
  return { kind: 'field', path, op: '$elemMatch', operand, leaf: elemMatchLeaf(operand) }
}

/** `{$elemMatch: {$gt: 1}}` tests each element itself, `{$elemMatch: {a: 1}}` each element that is a document. */
export function elemMatchLeaf(operand: Doc): { reach: 'value'; test(value: Value | undefined): boolean } {
  const filter = elemMatchFilter(operand)
  return {
    reach: 'value',
    test: (value) => Array.isArray(value) && value.some((element) => filter(element)),
  }
}

export function elemMatchFilter(operand: Doc): (element: Value) => boolean {
  if (elemMatchIsValueForm(operand)) {
    const parsed = parseOperators([''], operand)
    return (element) => parsed.every((filter) => matchesElement(filter, element))
  }
  const parsed = parseFilter(operand)
  // An array element is entered as a document whose names are the positions.
  return (element) => {
    if (isDoc(element)) return matches(parsed, element)
    if (!Array.isArray(element)) return false
    return matches(parsed, new Map(element.map((inner, i) => [String(i), inner])))
  }
}

/** Tests one array element against operators without entering it, if it is itself an array, except for `$in` etc. */
function matchesElement(filter: Filter, element: Value): boolean {
  switch (filter.kind) {
    case 'field':
      return filter.leaf.test(element)
    case 'not':
      return !matchesElement(filter.branch, element)
    case 'and':
      return filter.branches.every((branch) => matchesElement(branch, element))
    default:
      return false
  }
}

function parseAll(path: string[], operand: Value): Filter {
  if (!Array.isArray(operand)) return fail(2, '$all needs an array')
  if (operand.length === 0) return { kind: 'or', branches: [] }
  const branches = operand.map((value): Filter => {
    if (isDoc(value) && value.keys().next().value === '$elemMatch') {
      if (value.size !== 1) fail(2, '$all/$elemMatch has to be consistent')
      return parseElemMatch(path, value.get('$elemMatch')!)
    }
    if (isOperatorDoc(operand[0])) fail(2, 'no $ expressions in $all')
    if (value instanceof Regex) return { kind: 'field', path, op: '$regex', operand: value, leaf: regexLeaf(value) }
    if (isOperatorDoc(value)) fail(2, 'no $ expressions in $all')
    return { kind: 'field', path, op: '$eq', operand: value, leaf: eqLeaf(value) }
  })
  return simplify({ kind: 'and', branches })
}
