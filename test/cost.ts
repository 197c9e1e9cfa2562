/**
 * What a piece of work costs, in microseconds of this process: the least of several runs. Time of the process does not
 * pass while others have the processor, and collecting garbage or compiling, which count as well, come and go.
 *
 * @param work what is measured; it must do the same every time
 * @param times how often it is run
 */
export function cost(work: () => void, times: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let n = 0; n < times; n++) {
    const from = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(from)
    best = Math.min(best, user + system)
  }
  return best
}
