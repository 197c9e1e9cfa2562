import { BsonSymbol, Code, isNumeric, Regex, typeName, type Value } from '../bson/values.ts'
import { fail } from '../errors.ts'
import { SafeRegex } from '../query/regex.ts'
import { compareStrings } from '../value/compare.ts'
import { exactOf, formatExact } from '../value/decimal.ts'
import { asInteger, asNumber } from '../value/numbers.ts'
import { formatDate } from './dates.ts'
import type { OperatorParser } from './expression.ts'
import { checkSize, isNullish, onNamed, onPresent, onValues } from './ops.ts'

/** Strings, and what MongoDB turns into one: numbers and dates. Null and missing become ''. */
function coerce(value: Value | undefined, name: string): string {
  if (isNullish(value)) return ''
  if (typeof value === 'string') return value
  if (value instanceof BsonSymbol) return value.text
  if (value instanceof Code) return value.source
  if (value instanceof Date) return formatDate(value, '%Y-%m-%dT%H:%M:%S.%LZ', 'UTC')
  if (isNumeric(value!))
    return typeof value === 'object' && !('value' in value) ? formatExact(exactOf(value)) : String(asNumber(value))
  return fail(16007, `can't convert from BSON type ${typeName(value!)} to String in ${name}`)
}

function text(value: Value | undefined, name: string, code: number): string {
  if (typeof value !== 'string')
    return fail(code, `${name} requires a string argument, found: ${value === undefined ? 'missing' : typeName(value)}`)
  return value
}

function concat(values: Value[]): Value {
  const parts = values.map((value) =>
    typeof value === 'string' ? value : fail(16702, `$concat only supports strings, not ${typeName(value)}`),
  )
  checkSize(
    parts.reduce((total, part) => total + part.length, 0),
    '$concat',
  )
  return parts.join('')
}

function count(value: Value | undefined, name: string, code: number): number {
  const result = isNumeric(value) ? asInteger(value) : undefined
  return result === undefined ? fail(code, `${name} needs an integer position`) : result
}

function substrCP([value, start, length]: (Value | undefined)[], name: string): Value {
  const points = [...coerce(value, name)]
  const from = count(start, name, 34450)
  const many = count(length, name, 34452)
  if (from < 0) fail(34455, `${name}: starting index must be non-negative`)
  if (many < 0) fail(34454, `${name}: length must be a nonnegative integer.`)
  return points.slice(from, from + many).join('')
}

function substrBytes([value, start, length]: (Value | undefined)[], name: string): Value {
  const bytes = Buffer.from(coerce(value, name))
  const from = count(start, name, 16034)
  const many = count(length, name, 16035)
  if (from < 0) fail(50752, `${name}: starting index must be non-negative (got: ${from})`)
  const to = many < 0 ? bytes.length : Math.min(bytes.length, from + many)
  const inside = (at: number) => at < bytes.length && (bytes[at]! & 0xc0) === 0x80
  if (inside(from)) fail(28656, `${name}: Invalid range, starting index is a UTF-8 continuation byte.`)
  if (inside(to)) fail(28657, `${name}: Invalid range, ending index is in the middle of a UTF-8 character.`)
  return bytes.toString('utf8', from, to)
}

function split([value, separator]: Value[]): Value {
  const by = text(separator, '$split', 40086)
  if (by === '') return fail(40087, '$split requires a non-empty separator')
  return text(value, '$split', 40085).split(by)
}

const DEFAULT_TRIM = '\0 \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a'

function trim(left: boolean, right: boolean): OperatorParser {
  return onNamed(
    { required: ['input'], optional: ['chars'], codes: [50696, 50694, 50695] },
    ({ input, chars }, name) => {
      if (isNullish(input) || (chars !== undefined && isNullish(chars))) return null
      const points = [...text(input, name, 50699)]
      const drop = new Set(chars === undefined ? DEFAULT_TRIM : text(chars, name, 50700))
      let start = 0
      let end = points.length
      if (left) while (start < end && drop.has(points[start]!)) start++
      if (right) while (end > start && drop.has(points[end - 1]!)) end--
      return points.slice(start, end).join('')
    },
  )
}

/** The last regex parsed is kept: an expression applies the same one to document after document. */
let lastRegex: SafeRegex | undefined

function regexOf(regex: Value | undefined, options: Value | undefined, name: string): SafeRegex {
  let pattern: string
  let flags = typeof options === 'string' ? options : ''
  if (regex instanceof Regex) {
    pattern = regex.pattern
    if (regex.flags !== '' && flags !== '')
      fail(51107, `${name}: found regex option(s) specified in both 'regex' and 'option' fields`)
    flags ||= regex.flags
  } else pattern = text(regex, `${name} 'regex'`, 51105)
  if (options !== undefined && !isNullish(options) && typeof options !== 'string')
    fail(51106, `${name} needs 'options' to be of type string`)
  if (lastRegex?.pattern !== pattern || lastRegex.options !== flags) lastRegex = new SafeRegex(pattern, flags)
  return lastRegex
}

function matchDoc(match: RegExpExecArray, offset: number, input: string): Value {
  return new Map<string, Value>([
    ['match', match[0]],
    ['idx', [...input.slice(0, offset + match.index)].length],
    ['captures', match.slice(1).map((capture) => capture ?? null)],
  ])
}

function regexOperator(run: (regex: SafeRegex, input: string) => Value, none: Value): OperatorParser {
  return onNamed(
    { required: ['input', 'regex'], optional: ['options'], codes: [51103, 31024, 31022] },
    ({ input, regex, options }, name) => {
      if (isNullish(regex)) return none
      const compiled = regexOf(regex, options, name)
      return isNullish(input) ? none : run(compiled, text(input, `${name} 'input'`, 51104))
    },
  )
}

function findAll(regex: SafeRegex, input: string): Value {
  const found: Value[] = []
  let offset = 0
  while (offset <= input.length) {
    const match = regex.exec(input.slice(offset))
    if (!match) break
    found.push(matchDoc(match, offset, input))
    checkSize(found.length * 200, '$regexFindAll')
    offset += match.index + Math.max(1, match[0].length)
  }
  return found
}

function replace(all: boolean): OperatorParser {
  return onNamed(
    { required: ['input', 'find', 'replacement'], codes: [51751, 51750, 51749] },
    ({ input, find, replacement }, name) => {
      const values = [input, find, replacement]
      for (const value of values) if (!isNullish(value)) text(value, name, 51746)
      if (values.some(isNullish)) return null
      const [from, what, to] = values as string[]
      if (all) {
        const parts = from!.split(what!)
        checkSize(from!.length + parts.length * to!.length, name)
        return parts.join(to)
      }
      return from!.replace(what!, () => to!)
    },
  )
}

const asciiLower = (value: string) => value.replace(/[A-Z]+/g, (part) => part.toLowerCase())
const asciiUpper = (value: string) => value.replace(/[a-z]+/g, (part) => part.toUpperCase())

export const stringOperators: [string, OperatorParser][] = [
  ['$concat', onPresent(0, Number.POSITIVE_INFINITY, concat)],
  ['$toLower', onValues(1, 1, ([value], name) => asciiLower(coerce(value, name)))],
  ['$toUpper', onValues(1, 1, ([value], name) => asciiUpper(coerce(value, name)))],
  [
    '$strcasecmp',
    onValues(2, 2, ([a, b], name) =>
      Math.sign(compareStrings(asciiUpper(coerce(a, name)), asciiUpper(coerce(b, name)))),
    ),
  ],
  ['$strLenCP', onValues(1, 1, ([value], name) => [...text(value, name, 34471)].length)],
  ['$strLenBytes', onValues(1, 1, ([value], name) => Buffer.byteLength(text(value, name, 34473)))],
  ['$substr', onValues(3, 3, substrBytes)],
  ['$substrBytes', onValues(3, 3, substrBytes)],
  ['$substrCP', onValues(3, 3, substrCP)],
  ['$split', onPresent(2, 2, split)],
  ['$trim', trim(true, true)],
  ['$ltrim', trim(true, false)],
  ['$rtrim', trim(false, true)],
  ['$regexMatch', regexOperator((regex, input) => regex.test(input), false)],
  [
    '$regexFind',
    regexOperator((regex, input) => {
      const match = regex.exec(input)
      return match ? matchDoc(match, 0, input) : null
    }, null),
  ],
  ['$regexFindAll', regexOperator(findAll, [])],
  ['$replaceOne', replace(false)],
  ['$replaceAll', replace(true)],
]
