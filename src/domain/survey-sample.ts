import { createHash } from 'node:crypto'
import type { SampleRule } from './survey.ts'

/** How many of `diners` are asked (domain.md §5, §11.27). `percent` is whole, so the share is exact. */
export function sampleSize(diners: number, rule: SampleRule): number {
  if (diners < rule.atLeast) return diners
  const share = Math.ceil((diners * rule.percent) / 100)
  return Math.min(diners, rule.atMost, Math.max(rule.atLeast, share))
}

/** Ids of people. */
export interface DrawInput {
  /** 32 hex digits from the machine's random source. */
  seed: string
  rule: SampleRule
  candidates: string[]
  /** Those who were asked in the running turn before this draw. */
  resting: string[]
  /** Those of the round before. */
  last: string[]
}

/** One draw with all that is needed to repeat it, sorted. */
export interface Draw extends DrawInput {
  chosen: string[]
  /** Those who have been asked in the running turn after it: the next draw's `resting`. */
  restingAfter: string[]
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** In an order that only the seed knows, by the hash of seed and id, so that anybody can check it with any tool. */
function shuffled(ids: string[], seed: string, last: Set<string>): string[] {
  return ids
    .map((id) => ({ id, key: createHash('sha256').update(`${seed}/${id}`).digest('hex') }))
    .sort((a, b) => Number(last.has(a.id)) - Number(last.has(b.id)) || byText(a.key, b.key))
    .map(({ id }) => id)
}

/**
 * Draws whom to ask. Nobody is asked again until all others have been (§11.27): those not yet asked in the running turn come
 * first; when they do not suffice, all of them are asked and a new turn begins with as many of the others as are missing.
 * Whoever was asked last time comes after everybody else, so that nobody is asked twice in a row while others are there.
 */
export function drawSample(input: DrawInput): Draw {
  const { seed, rule } = input
  const candidates = [...new Set(input.candidates)].sort(byText)
  const size = sampleSize(candidates.length, rule)
  const rested = new Set(input.resting)
  const last = new Set(input.last)
  const fresh = candidates.filter((id) => !rested.has(id))
  const first = shuffled(fresh, seed, last).slice(0, size)
  const others = candidates.filter((id) => rested.has(id))
  const again = shuffled(others, seed, last).slice(0, size - first.length)
  const ended = first.length === fresh.length
  const restingAfter = (ended ? again : [...new Set([...input.resting, ...first])]).sort(byText)
  const kept = { resting: [...input.resting].sort(byText), last: [...input.last].sort(byText) }
  return { seed, rule, candidates, ...kept, chosen: [...first, ...again].sort(byText), restingAfter }
}

/** Whether a kept draw is what its seed, its rule and its candidates give. */
export function checkDraw(draw: Draw): boolean {
  const again = drawSample(draw)
  return (
    again.chosen.join() === [...draw.chosen].sort(byText).join() &&
    again.restingAfter.join() === [...draw.restingAfter].sort(byText).join()
  )
}
