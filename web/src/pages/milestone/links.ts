export interface WordPart {
  text: string
  /** Where it leads, for what is a link. */
  to?: string
}

/**
 * Words, cut where a link begins and ends. Only https, and without a user name, so that what is read is where it leads. A
 * link ends at the first sign that is not ASCII: 见https://example.com/a，请查收
 */
export function withLinks(words: string): WordPart[] {
  const parts: WordPart[] = []
  let done = 0
  for (const found of words.matchAll(/https:\/\/[!#-;=?-~]+/gi)) {
    const text = found[0].replace(/[.,;:!?'*)\]}]+$/, '')
    const to = addressOf(text)
    if (!to || to.username || to.password) continue
    if (found.index > done) parts.push({ text: words.slice(done, found.index) })
    parts.push({ text, to: to.href })
    done = found.index + text.length
  }
  if (done < words.length) parts.push({ text: words.slice(done) })
  return parts
}

/** Older web views lack `URL.canParse`. */
function addressOf(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
