import { computed, reactive, watch } from 'vue'
import { shown } from '../../../src/domain/decimal.ts'
import type { Requirement } from '../../../src/domain/score.ts'
import { isActual, weekScore } from '../../../src/domain/score.ts'
import type { Scored, ScoreSheet } from '../../../src/http/api/contract.ts'
import { local, newId } from './app.ts'
import { pending, sendOrKeep } from './pending.ts'

interface Given {
  points: (number | undefined | null)[]
  deductions: Partial<Record<Requirement, number>>
}

/** The points of one sheet as they are given: kept in the browser until sent, computed by the rule the server uses. */
export function useScore(myId: string, sheet: ScoreSheet) {
  const key = `${myId}/score/${sheet.person.id}/${sheet.week}`
  const empty = (): Given => ({
    points: sheet.items.map((_, i) => sheet.score?.items[i]?.actual),
    deductions: Object.fromEntries((sheet.score?.deductions ?? []).map((d) => [d.requirement, d.points])),
  })
  const start = JSON.stringify(normal(empty()))
  const kept = local.read<Given>(key)
  const given = reactive<Given>(kept?.points?.length === sheet.items.length ? kept : empty())
  const changed = computed(() => JSON.stringify(normal(given)) !== start)
  watch(given, () => (changed.value ? local.write(key, given) : local.drop(key)), { deep: true })

  const deductions = computed(() =>
    Object.entries(given.deductions)
      .filter(([, points]) => points !== undefined)
      .map(([requirement, points]) => ({ requirement: requirement as Requirement, points: points! })),
  )
  const left = computed(
    () => sheet.items.filter((_, i) => given.points[i] === undefined || given.points[i] === null).length,
  )
  /** Undefined while a point is missing. */
  const computedScore = computed(() => {
    const items = sheet.items.map((item, i) => ({ planned: item.points, actual: given.points[i] }))
    const complete = items.flatMap(({ planned, actual }) =>
      typeof actual === 'number' && isActual(actual, planned) ? [{ planned, actual }] : [],
    )
    if (complete.length < items.length || complete.every((i) => i.planned === 0)) return undefined
    const { score, lines } = weekScore({ items: complete, late: sheet.late, deductions: deductions.value })
    return { shown: shown(score), lines }
  })
  const waiting = computed(() => pending.list.some((p) => p.about === key))

  /** @returns undefined when it waits for the line. @throws Refused */
  async function submit(): Promise<Scored | undefined> {
    const body = {
      requestId: newId(),
      points: given.points.map((p) => p ?? 0),
      deductions: deductions.value,
      ...(sheet.score && { replaces: sheet.score.at }),
    }
    const path = `/api/score/${sheet.person.id}/${sheet.week}`
    const answer = await sendOrKeep<Scored>({ path, body, what: `${sheet.person.name}的评分`, about: key })
    local.drop(key)
    return answer
  }

  return {
    given,
    deductions,
    changed,
    left,
    computedScore,
    waiting,
    submit,
    discard: () => local.drop(key),
    about: key,
  }
}

const normal = (g: Given) => ({
  points: g.points.map((p) => p ?? null),
  deductions: Object.entries(g.deductions)
    .filter(([, v]) => v !== undefined)
    .sort(),
})
