import { compare, divide, type Exact, exact, sum } from './decimal.ts'
import type { Month } from './time.ts'

/** What a person's published months of a year come to. */
export interface PersonYear {
  personId: string
  /** Still employed: nobody else is proposed. */
  active: boolean
  /** Exact totals as `MonthResult.total` holds them, of the months that have one. */
  months: ReadonlyMap<Month, { total: string; grade: string }>
}

export interface YearResult extends PersonYear {
  /** Mean of the months that have a total; undefined when none has. */
  mean: Exact | undefined
  grades: ReadonlyMap<string, number>
  /** Among all who have a mean, equal means share a place. */
  place: number | undefined
  /** Proposed as outstanding: HR decides. */
  proposed: boolean
}

/** A year with fewer counted months says too little about it. */
export const MONTHS_FOR_OUTSTANDING = 10
/** Of those who can be proposed, so many of a hundred are. */
export const OUTSTANDING_PERCENT = 10

/**
 * A year from its twelve months, and who is proposed as outstanding (domain.md §9, 篇七): of those employed with at least ten counted months
 * and none of the lowest grade, the best tenth by mean, rounded up, with everybody who is level with the last of them.
 *
 * @param lowest the lowest grade's name
 */
export function yearOf(people: readonly PersonYear[], lowest: string): YearResult[] {
  const results = people.map((p): YearResult => {
    const values = [...p.months.values()]
    const grades = new Map<string, number>()
    for (const { grade } of values) grades.set(grade, (grades.get(grade) ?? 0) + 1)
    const mean = values.length === 0 ? undefined : divide(sum(values.map((v) => exact(v.total))), exact(values.length))
    return { ...p, mean, grades, place: undefined, proposed: false }
  })
  const ranked = results.filter((r) => r.mean !== undefined).sort((a, b) => compare(b.mean!, a.mean!))
  for (const [n, r] of ranked.entries()) {
    const before = ranked[n - 1]
    r.place = before && compare(before.mean!, r.mean!) === 0 ? before.place : n + 1
  }
  const eligible = ranked.filter((r) => r.active && r.months.size >= MONTHS_FOR_OUTSTANDING && !r.grades.has(lowest))
  const last = eligible[Math.ceil((eligible.length * OUTSTANDING_PERCENT) / 100) - 1]
  for (const r of eligible) r.proposed = last !== undefined && compare(r.mean!, last.mean!) >= 0
  return results
}
