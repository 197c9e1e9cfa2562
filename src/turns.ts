/** At most so many at a time; the others wait in the order they came. */
export function createTurns(most: number): <T>(act: () => Promise<T>) => Promise<T> {
  let taken = 0
  const queue: (() => void)[] = []
  return async (act) => {
    if (taken < most) taken++
    else await new Promise<void>((turn) => queue.push(turn))
    try {
      return await act()
    } finally {
      const next = queue.shift()
      if (next) next()
      else taken--
    }
  }
}
