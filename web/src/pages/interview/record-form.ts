import type { InterviewPage, PlanItemView } from '../../../../src/http/api/contract-interviews.ts'

/** One item while it is written. */
export interface PlanRow extends PlanItemView {
  key: number
  /** What the server finds that it lacks. */
  gaps: string[]
}

export interface RecordFields {
  heldOn: string
  good: string
  improve: string
  employee: string
  plan: { rows: PlanRow[]; reviewOn: string } | null
}

let rows = 0
const rowOf = (item: PlanItemView): PlanRow => ({ ...item, key: ++rows, gaps: [] })

export const blankRow = (): PlanRow =>
  rowOf({ goal: '', measure: '', standard: '', resources: '', by: '', training: false })

export const blankPlan = (page: InterviewPage) => ({ rows: [blankRow()], reviewOn: page.limits.reviewFrom })

/** What is there already, else an empty one: held on the day that was agreed, if it has come. */
export function fieldsOf(page: InterviewPage): RecordFields {
  const { record, appointment, limits } = page
  const agreed = appointment && appointment.day <= limits.today ? appointment.day : limits.today
  const { heldOn = agreed, good = '', improve = '', employee = '' } = record ?? {}
  const plan = record?.plan
    ? { rows: record.plan.items.map(rowOf), reviewOn: record.plan.reviewOn }
    : page.needsPlan
      ? blankPlan(page)
      : null
  return { heldOn, good, improve, employee, plan }
}

/** As it is sent. */
export function bodyOf({ plan, ...words }: RecordFields) {
  const items = plan?.rows.map(({ key: _key, gaps: _gaps, ...item }) => item)
  return { ...words, plan: plan && items ? { items, reviewOn: plan.reviewOn } : null }
}

/** One of the two is enough. */
export const saysNothing = (form: RecordFields): boolean => !form.good.trim() && !form.improve.trim()

/** Nothing is left out that has to be there, and nothing is too long. Whether it says enough the server decides. */
export function isFilled(form: RecordFields, { words, item, reviewLast }: InterviewPage['limits']): boolean {
  const fits = (text: string, most: number) => [...text].length <= most
  if (!form.heldOn || saysNothing(form)) return false
  if (![form.good, form.improve, form.employee].every((text) => fits(text, words))) return false
  if (!form.plan) return true
  return (
    form.plan.reviewOn !== '' &&
    form.plan.reviewOn <= reviewLast &&
    form.plan.rows.every(
      (r) =>
        r.by !== '' &&
        [r.goal, r.measure, r.standard].every((text) => text.trim() !== '') &&
        [r.goal, r.measure, r.standard, r.resources].every((text) => fits(text, item)),
    )
  )
}
