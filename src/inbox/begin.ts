/** A write of more has many waiting behind it. */
const FEW = 4
/** However great the rush, one piece of work begins in so many writes. */
const ONE_IN = 8

/**
 * Says when work on what is stored begins. What is not stored yet comes first: its platform waits for the answer. While writes
 * follow each other, one piece of work begins after a small one and hardly any between great ones; otherwise one at each turn
 * of the loop, so that arrivals are heard in between.
 */
export function createBeginnings() {
  const waiting: (() => void)[] = []
  let storing = false
  let writes = 0

  function next(): void {
    if (storing || waiting.length === 0) return
    waiting.shift()!()
    setImmediate(next)
  }

  return {
    /** Resolves when it is time. */
    begin: (): Promise<void> | undefined =>
      storing || waiting.length > 0 ? new Promise((go) => waiting.push(go)) : undefined,
    /** Writes follow each other from now on. */
    storingBegins(): void {
      storing = true
    },
    /** A write of so many is over. */
    wrote(rows: number): void {
      writes++
      if (rows <= FEW || writes % ONE_IN === 0) waiting.shift()?.()
    },
    storingEnds(): void {
      storing = false
      next()
    },
  }
}
