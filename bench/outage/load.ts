import { mkdirSync, writeFileSync } from 'node:fs'
import { halfHourWithout } from '../../test/half-hour.ts'

/** Half an hour of business time without the platform, with so many cards waiting (reliability.md P1). Prints and keeps the figures. */
export async function load(waiting: number): Promise<boolean> {
  const from = performance.now()
  const it = await halfHourWithout(waiting)
  const result = { ...it, seconds: Math.round((performance.now() - from) / 1000) }
  console.log(JSON.stringify(result, undefined, 2))
  mkdirSync('bench/results', { recursive: true })
  writeFileSync('bench/results/outage.json', `${JSON.stringify(result, undefined, 2)}\n`)
  return it.missing + it.twice + it.failed === 0
}
