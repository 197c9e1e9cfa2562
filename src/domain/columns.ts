/** What a column brought before: each text with the round in which it came. */
export interface PastIssue {
  text: string
  round: number
}

/**
 * The next text of a column: none comes again until all have been (domain.md §7). A text that was added while a round is
 * under way comes in it, once.
 *
 * @param pool in order
 * @returns undefined when the pool is empty
 */
export function nextIssue(pool: readonly string[], past: readonly PastIssue[]): PastIssue | undefined {
  if (pool.length === 0) return undefined
  const last = new Map<string, number>()
  for (const { text, round } of past) last.set(text, Math.max(round, last.get(text) ?? 0))
  const current = Math.max(1, ...past.map((p) => p.round))
  const waiting = pool.find((text) => (last.get(text) ?? 0) < current)
  if (waiting !== undefined) return { text: waiting, round: current }
  // A new round does not begin with what has just been read.
  const recent = past.at(-1)?.text
  return { text: pool.length > 1 && pool[0] === recent ? pool[1]! : pool[0]!, round: current + 1 }
}
