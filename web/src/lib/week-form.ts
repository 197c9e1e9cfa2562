import { sumPoints } from '../../../src/domain/score.ts'
import {
  arePoints,
  carryOver,
  type Outcome,
  type PlanItem,
  type WeeklyContent,
} from '../../../src/domain/weekly-report.ts'
import type { WeekPage } from '../../../src/http/api/contract.ts'
import { readPoints } from './format.ts'

/** A row of the next plan as it is typed. */
export interface PlanRow {
  key: number
  text: string
  kind: 'key' | 'routine'
  points: string
  due: string
  who: string
  what: string
  carriedFrom?: string
}

export interface WeekForm {
  outcomes: { outcome: Outcome['outcome'] | ''; note: string }[]
  extra: string[]
  shortcomings: string
  problems: string
  improvements: string
  rows: PlanRow[]
}

let keys = 0

export const blankRow = (): PlanRow => ({ key: ++keys, text: '', kind: 'key', points: '', due: '', who: '', what: '' })

export const rowOf = (item: PlanItem): PlanRow => ({
  key: ++keys,
  text: item.text,
  kind: item.kind,
  points: item.points === 0 ? '' : String(item.points),
  due: item.due ?? '',
  who: item.support?.who ?? '',
  what: item.support?.what ?? '',
  ...(item.carriedFrom && { carriedFrom: item.carriedFrom }),
})

const isBlank = (row: PlanRow): boolean => !row.text.trim() && !row.points.trim() && !row.what.trim() && !row.who.trim()

/** The form of what is written so far, beside the plan it sums up. */
export function formOf(content: WeeklyContent, planned: number): WeekForm {
  const s = content.summary
  return {
    outcomes: Array.from({ length: planned }, (_, i) => ({
      outcome: s?.outcomes[i]?.outcome ?? '',
      note: s?.outcomes[i]?.note ?? '',
    })),
    extra: [...(s?.extra ?? [])],
    shortcomings: s?.shortcomings ?? '',
    problems: s?.problems ?? '',
    improvements: s?.improvements ?? '',
    rows: content.plan.length > 0 ? content.plan.map(rowOf) : [blankRow()],
  }
}

/** What is sent. Rows without a word are left out; points that are no number count as none yet. */
export function contentOf(form: WeekForm): WeeklyContent {
  const plan = form.rows
    .filter((row) => !isBlank(row))
    .map((row): PlanItem => {
      const points = readPoints(row.points)
      const who = row.who.trim()
      const what = row.what.trim()
      return {
        text: row.text.trim(),
        kind: row.kind,
        points: arePoints(points) ? points : 0,
        ...(row.due && { due: row.due }),
        ...((who || what) && { support: { ...(who && { who }), what } }),
        ...(row.carriedFrom && { carriedFrom: row.carriedFrom }),
      }
    })
  const extra = form.extra.map((t) => t.trim()).filter((t) => t !== '')
  const outcomes = form.outcomes.map((o) =>
    o.outcome ? { outcome: o.outcome, ...(o.note.trim() && { note: o.note.trim() }) } : null,
  )
  const said =
    outcomes.length > 0 ||
    extra.length > 0 ||
    [form.shortcomings, form.problems, form.improvements].some((t) => t.trim())
  if (!said) return { plan }
  const [shortcomings, problems, improvements] = [form.shortcomings, form.problems, form.improvements].map((t) =>
    t.trim(),
  )
  return {
    summary: { outcomes, extra, shortcomings: shortcomings!, problems: problems!, improvements: improvements! },
    plan,
  }
}

/** What is wrong with a row, in words; undefined when nothing is. */
export function pointsProblem(row: PlanRow): string | undefined {
  if (row.points.trim() === '') return undefined
  const points = readPoints(row.points)
  if (Number.isNaN(points)) return '请填写数字，例如20'
  return arePoints(points) ? undefined : '分值应在0到1000之间，最多6位小数'
}

export const totalPoints = (form: WeekForm): string => sumPoints(contentOf(form).plan.map((p) => p.points))

/** Items not reported as done that the next plan does not have yet (features.md T3). */
export function toCarry(form: WeekForm, page: WeekPage): PlanItem[] {
  const said = page.planned.map((item, i) => ({ item, outcome: form.outcomes[i]?.outcome }))
  const open = said.filter((x) => x.outcome && x.outcome !== 'done')
  const items = carryOver(
    open.map(({ item: { age: _, ...item } }) => item),
    open.map((x) => ({ outcome: x.outcome as Outcome['outcome'] })),
    { from: page.week, to: page.next.week },
  )
  return items.filter((item) => !form.rows.some((row) => row.text.trim() === item.text.trim()))
}
