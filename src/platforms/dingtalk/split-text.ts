/** Practitioners split at 3,500 to 3,800 characters; there is no official figure (dingtalk.md §5.4). */
const MOST_CHARACTERS = 3_500
/** A group's msgParam holds 15,000 bytes; the rest is room for its JSON. */
const MOST_BYTES = 12_000

/** Parts that fit into one message each, cut at line ends where there is one, never inside a character. */
export function splitText(text: string, mostCharacters = MOST_CHARACTERS, mostBytes = MOST_BYTES): string[] {
  const parts: string[] = []
  let rest = text
  for (;;) {
    const fit = fitting(rest, mostCharacters, mostBytes)
    if (fit >= rest.length) break
    const line = rest.lastIndexOf('\n', fit)
    const end = line > fit / 2 ? line : fit
    parts.push(rest.slice(0, end))
    rest = rest.slice(rest[end] === '\n' ? end + 1 : end)
  }
  if (rest.trim() !== '' || parts.length === 0) parts.push(rest)
  return parts
}

function fitting(text: string, mostCharacters: number, mostBytes: number): number {
  let bytes = 0
  let length = 0
  for (const character of text) {
    // As it stands inside a JSON string inside JSON: quotes, backslashes and line ends grow.
    bytes += Buffer.byteLength(JSON.stringify(JSON.stringify(character))) - 6
    if (length + character.length > mostCharacters || bytes > mostBytes) return length
    length += character.length
  }
  return length
}
