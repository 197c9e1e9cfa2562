import { runInThisContext, Script } from 'node:vm'
import { fail } from '../errors.ts'

/**
 * Regular expressions: MongoDB speaks PCRE, JavaScript its own dialect. What both express is translated; what only
 * PCRE has (possessive, atomic, recursion, conditionals) is refused with MongoDB's code for a bad pattern, 51091.
 */
export class SafeRegex {
  readonly expression: RegExp
  private readonly risky: boolean

  constructor(
    readonly pattern: string,
    readonly options: string,
  ) {
    const { source, flags } = translate(pattern, options)
    this.expression = compile(source, flags, pattern)
    this.risky = isRisky(source)
  }

  test(text: string): boolean {
    return this.exec(text) !== null
  }

  /** Backtracking can take for ever; patterns or texts that could are run under a time limit. */
  exec(text: string): RegExpExecArray | null {
    if (!this.risky && text.length <= SAFE_TEXT_LENGTH) return this.expression.exec(text)
    return execWithLimit(this.expression, text)
  }
}

const SAFE_TEXT_LENGTH = 2_000
const TIME_LIMIT_MS = 200
const MAX_PATTERN_LENGTH = 16_384

/** The literal prefix that every match starts with, when the pattern is anchored and case matters. */
export function anchoredPrefix(pattern: string, options: string): string {
  if (!pattern.startsWith('^') || options.includes('i') || options.includes('m') || options.includes('x')) return ''
  if (pattern.includes('|')) return ''
  const literal = /^\^([\w \-@:/,;=<>!#%&'"~`\u0080-\uffff]*)/.exec(pattern)![1]!
  const next = pattern[literal.length + 1]
  // A quantifier belongs to the last character only.
  return next !== undefined && '*?{'.includes(next) ? literal.slice(0, -1) : literal
}

function translate(pattern: string, options: string): { source: string; flags: string } {
  if (pattern.length > MAX_PATTERN_LENGTH) fail(51091, 'Regular expression is invalid: regular expression is too large')
  if (pattern.includes('\0')) fail(9, 'Regular expression cannot contain an embedded null byte')
  let source = pattern
  const flags = new Set<string>()
  for (const option of options) {
    if (!'imsxu'.includes(option)) fail(51108, `invalid flag in regex options: ${option}`)
    flags.add(option)
  }
  for (let leading = /^\(\?([imsx]+)\)/.exec(source); leading; leading = /^\(\?([imsx]+)\)/.exec(source)) {
    for (const flag of leading[1]!) flags.add(flag)
    source = source.slice(leading[0].length)
  }
  if (flags.delete('x')) source = withoutLayout(source)
  source = rewrite(source, pattern)
  return { source, flags: [...flags].filter((flag) => flag !== 'u').join('') }
}

/** Drops the white space and comments that the `x` option allows. */
function withoutLayout(source: string): string {
  let result = ''
  let inClass = false
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!
    if (char === '\\') {
      result += char + (source[++i] ?? '')
      continue
    }
    if (char === '[') inClass = true
    else if (char === ']') inClass = false
    if (!inClass && /\s/.test(char)) continue
    if (!inClass && char === '#') {
      while (i + 1 < source.length && source[i + 1] !== '\n') i++
      continue
    }
    result += char
  }
  return result
}

const CLASSES: Record<string, string> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9a-fA-F',
  word: '\\w',
}

function rewrite(source: string, pattern: string): string {
  let result = ''
  let inClass = false
  for (let i = 0; i < source.length; i++) {
    const rest = source.slice(i, i + 12)
    if (source[i] === '\\') {
      const next = source[++i]
      if (next === undefined) fail(51091, 'Regular expression is invalid: \\ at end of pattern')
      const anchors: Record<string, string> = {
        A: '(?<![\\s\\S])',
        z: '(?![\\s\\S])',
        Z: '(?=\\n?(?![\\s\\S]))',
        h: '[\\t ]',
      }
      if (!inClass && anchors[next]) result += anchors[next]
      else if ('GKQERXCN'.includes(next) || next === 'g') unsupported(pattern)
      else result += `\\${next}`
      continue
    }
    const named = inClass ? /^\[:(\w+):\]/.exec(rest) : null
    if (named) {
      const members = CLASSES[named[1]!]
      if (members === undefined) unsupported(pattern)
      result += members
      i += named[0].length - 1
      continue
    }
    if (source[i] === '[' && !inClass) inClass = true
    else if (source[i] === ']' && inClass) inClass = false
    else if (!inClass && /^[*+?}]\+/.test(rest)) unsupported(pattern)
    else if (!inClass && /^\(\*|^\(\?(?:>|\||\(|R|&|\d|#|[+-]\d|P[>=])/.test(rest)) unsupported(pattern)
    else if (!inClass && rest.startsWith('(?P<')) {
      result += '(?<'
      i += 3
      continue
    } else if (!inClass && /^\(\?[a-zA-Z^-]/.test(rest)) unsupported(pattern)
    result += source[i]
  }
  return result
}

function unsupported(pattern: string): never {
  fail(51091, `Regular expression is invalid: /${pattern}/ uses a construct that this server does not have`)
}

function compile(source: string, flags: string, pattern: string): RegExp {
  try {
    return new RegExp(source, `${flags}u`)
  } catch {
    // Unicode mode refuses harmless escapes such as \- and \_ that PCRE allows.
  }
  try {
    return new RegExp(source, flags)
  } catch {
    return fail(51091, `Regular expression is invalid: /${pattern}/`)
  }
}

/** Repeated groups that repeat or branch inside, back references, and three or more open repetitions. */
function isRisky(source: string): boolean {
  const plain = source.replace(/\\[^1-9k]/g, '_').replace(/\[(?:[^\]\\]|\\.)*\]/g, '_')
  if (/\\[1-9k]/.test(plain)) return true
  if (/\)(?:[*+]|\{\d*,?\d*\})/.test(plain)) return true
  return (plain.match(/[*+]|\{\d+,\d*\}/g) ?? []).length >= 3
}

interface Job {
  expression: RegExp
  text: string
}

const slot: { job?: Job } = {}
const installJob = runInThisContext('(slot) => { globalThis[Symbol.for("embedded-mongo.regex")] = slot }') as (
  s: typeof slot,
) => void
installJob(slot)
const runJob = new Script(
  'globalThis[Symbol.for("embedded-mongo.regex")].job.expression.exec(globalThis[Symbol.for("embedded-mongo.regex")].job.text)',
)

function execWithLimit(expression: RegExp, text: string): RegExpExecArray | null {
  slot.job = { expression, text }
  try {
    return runJob.runInThisContext({ timeout: TIME_LIMIT_MS }) as RegExpExecArray | null
  } catch {
    return fail(51156, `Regular expression took longer than ${TIME_LIMIT_MS} ms`)
  } finally {
    slot.job = undefined
  }
}
