/** WeCom cuts a text silently at this many bytes of UTF-8 (wecom.md §3.2). */
export const TEXT_BYTES = 2048

const UNWANTED = /(?![\n\t])[\p{Cc}\p{Cs}]/u
const ALL_UNWANTED = new RegExp(UNWANTED, 'gu')
const LINK_START = /<(?=\s*\/?\s*a\b)/gi

/** Takes out what JSON would escape by number, which the platform forbids (40033): control characters, half emoji. */
export function clean(text: string): string {
  return UNWANTED.test(text) ? text.replace(ALL_UNWANTED, '') : text
}

/** At most `most` code points, the last an ellipsis when something was left out. */
export function cut(text: string, most: number): string {
  // A code point is one or two units, so a short string needs no counting.
  if (text.length <= most) return text
  const points = [...text]
  return points.length <= most
    ? text
    : `${points
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}

/**
 * A text message in parts of at most 2048 bytes, broken between lines where that is possible and never inside a
 * character. `<a href>` is the one markup that WeCom reads in a text; it is shown as typed.
 *
 * @returns no part for a text without a visible character
 */
export function drawText(text: string): string[] {
  const shown = clean(text).replace(LINK_START, '＜')
  const parts: string[] = []
  let rest = shown
  while (Buffer.byteLength(rest) > TEXT_BYTES) {
    const most = unitsWithin(rest, TEXT_BYTES)
    const line = rest.lastIndexOf('\n', most)
    // A line break early in the part would leave it nearly empty: break inside the line then.
    const end = line > most / 2 ? line : most
    parts.push(rest.slice(0, end))
    rest = rest.slice(rest[end] === '\n' ? end + 1 : end)
  }
  parts.push(rest)
  return parts.filter((part) => part.trim() !== '')
}

/** How many UTF-16 units of `text` fit in `bytes` of UTF-8 without cutting a character. */
function unitsWithin(text: string, bytes: number): number {
  let used = 0
  let at = 0
  while (at < text.length) {
    const code = text.codePointAt(at)!
    used += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (used > bytes) return at
    at += code < 0x10000 ? 1 : 2
  }
  return at
}
