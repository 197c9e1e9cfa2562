/**
 * What people typed, made safe inside DingTalk's markdown (dingtalk.md §5.4). No page says that backslash escapes work, so
 * characters that could act as markup become their full-width twins, which read the same in Chinese text.
 */
const WIDE: Record<string, string> = {
  '[': '［',
  ']': '］',
  '<': '＜',
  '>': '＞',
  '`': '｀',
  '*': '＊',
  '~~': '～～',
  _: '＿',
}

/** One line of typed text; line breaks are for {@link markdownLines}. */
export function safeInline(text: string): string {
  return (
    text
      .replace(/[[\]<>`*]|~~/g, (mark) => WIDE[mark]!)
      // An underscore inside a word is no emphasis.
      .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '＿')
  )
}

/** Plain text of any number of lines: every line stays a line and begins no heading, list, code block or rule. */
export function safeText(text: string): string {
  return markdownLines(
    text.split(/\r\n|\r|\n/).map((line) =>
      safeInline(line.trim())
        .replace(/^#/, '＃')
        .replace(/^[-+=](?=\s|[-+=]*$)/, (mark) => ({ '-': '－', '+': '＋', '=': '＝' })[mark]!),
    ),
  )
}

/** A line break is two blanks and a newline. Empty lines part paragraphs. */
export function markdownLines(lines: string[]): string {
  return lines.join('  \n')
}

/** Cuts at `most` characters, between characters and not inside one. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  const end = /[\uD800-\uDBFF]/.test(text[most - 2]!) ? most - 2 : most - 1
  return `${text.slice(0, end)}…`
}
