/** Reading what people type and what voice input makes of it (features.md B15). */

/**
 * Full-width digits, letters and punctuation as their half-width twins, and `。` `、` kept. Each character stays one
 * character, so a position in the result is the same position in the original.
 */
export const halfWidth = (text: string): string =>
  text.replace(/[\uFF01-\uFF5E\u3000\u00A0〔〕【】［］﹙﹚–—−～·]/g, (char) => {
    const twin = TWINS[char]
    return twin ?? String.fromCharCode(char.charCodeAt(0) - 0xfee0)
  })

const TWINS: Record<string, string> = {
  '\u3000': ' ',
  '\u00A0': ' ',
  '〔': '[',
  '〕': ']',
  '【': '[',
  '】': ']',
  '［': '[',
  '］': ']',
  '﹙': '(',
  '﹚': ')',
  '–': '-',
  '—': '-',
  '−': '-',
  '～': '~',
  '·': '·',
}

const DIGITS: Record<string, number> = {
  零: 0,
  〇: 0,
  一: 1,
  二: 2,
  两: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
  七: 7,
  八: 8,
  九: 9,
}

/** The characters a Chinese numeral is made of, for a character class. */
export const NUMERAL = '零〇一二两三四五六七八九十百'

/**
 * A numeral from 0 to 9999 in half-width digits or Chinese: `18`, `14.5`, `二十`, `一百零五`, `一百二` (120), `九二` (92),
 * `三点五`. Undefined for anything else.
 */
export function numeral(text: string): number | undefined {
  if (/^\d{1,4}(\.\d{1,6})?$/.test(text)) return Number(text)
  const [whole = '', part, ...more] = text.split('点')
  if (more.length > 0) return undefined
  const integer = chineseInteger(whole)
  if (integer === undefined || part === undefined) return integer
  const digits = digitRow(part)
  return digits === undefined || part.length > 6 ? undefined : Number(`${integer}.${digits}`)
}

/** `九二` as `92`: digits read out one by one. */
function digitRow(text: string): string | undefined {
  const digits = [...text].map((char) => DIGITS[char])
  return digits.length === 0 || digits.includes(undefined) ? undefined : digits.join('')
}

function chineseInteger(text: string): number | undefined {
  const row = digitRow(text)
  if (row !== undefined) return row.length <= 3 ? Number(row) : undefined
  const match =
    /^(?:([一二两三四五六七八九])百)?(零|〇)?(?:([一二两三四五六七八九])?(十))?([一二两三四五六七八九])?$/.exec(text)
  if (!match || text === '') return undefined
  const [, hundreds, gap, tens, ten, ones] = match
  if (gap && (!hundreds || (!ten && !ones))) return undefined
  const digit = (char: string | undefined, absent: number) => (char ? DIGITS[char]! : absent)
  // 一百二 is 120; 一百零二 is 102.
  const unit = hundreds && !ten && !gap ? 10 : 1
  return digit(hundreds, 0) * 100 + (ten ? digit(tens, 1) * 10 : 0) + digit(ones, 0) * unit
}

/** `分`, `分半`, or nothing behind a numeral, as a source of a regular expression; the numeral is group 1, 半 group 2. */
export const POINTS_SOURCE = `(\\d{1,4}(?:\\.\\d{1,6})?|[${NUMERAL}]{1,6}(?:点[${NUMERAL}]{1,4})?)\\s*分(半)?`

/** Points from what the pattern above matched; undefined when the numeral makes no sense. */
export function pointsOf(number: string, half: string | undefined): number | undefined {
  const value = numeral(number)
  return value === undefined ? undefined : half ? value + 0.5 : value
}

/** Spaces and punctuation at both ends, which only separated things. */
export const trimMarks = (text: string): string =>
  text.replace(/^[\s,，;；。.、:：|]+/, '').replace(/[\s,，;；。、:：|]+$/, '')
