import type { Ctx } from '../../src/context.ts'
import { dayOf, type Month } from '../../src/domain/time.ts'
import { yearOf } from '../../src/domain/year.ts'
import { type PayLine, paySheet } from '../../src/excel/pay.ts'
import { type ResultLine, resultsWorkbook } from '../../src/excel/results.ts'
import { yearWorkbook } from '../../src/excel/year.ts'
import type { ResultRow, YearRow } from '../../src/store/results.ts'
import { currentOf } from './view.ts'

/** A month as HR keeps it, by department and 工号: the figures in force, drafts marked as such, and pay where it is set up. */
export async function exportResults(
  ctx: Pick<Ctx, 'results' | 'company' | 'appeals'>,
  month: Month,
  now: Date,
): Promise<{ bytes: Uint8Array; people: number; drafts: number }> {
  const rows = await ctx.results.ofMonth(month)
  rows.sort(byPlaceInCompany)
  const company = ctx.company()
  const lines: ResultLine[] = rows.map((r) => ({
    jobNumber: r.jobNumber,
    name: r.name,
    department: r.department,
    state: r.state,
    version: r.versions.length,
    result: currentOf(r),
  }))
  const { grades, month: settings, timeZone, pay } = company
  const made = dayOf(now, timeZone)
  const bytes = await resultsWorkbook(company.name, month, lines, {
    ...{ grades, guide: settings.guide, made },
    further: pay ? [paySheet(company.name, month, await payLines(ctx, month, rows), pay, made)] : [],
  })
  return { bytes, people: lines.length, drafts: lines.filter((l) => l.state === 'draft').length }
}

/** A year's published months of everybody, and who is proposed as outstanding (domain.md §9). */
export async function exportYear(
  ctx: Pick<Ctx, 'results' | 'company' | 'people'>,
  year: number,
  now: Date,
): Promise<{ bytes: Uint8Array; people: number }> {
  const company = ctx.company()
  const rows = await ctx.results.ofYear(year)
  const active = new Set((await ctx.people.active()).map((p) => p._id))
  const people = new Map<string, { last: YearRow; months: Map<Month, { total: string; grade: string }> }>()
  for (const row of rows) {
    const own = people.get(row.personId) ?? { last: row, months: new Map() }
    const result = row.versions.at(-1)?.result
    if (result?.total !== undefined && result.grade !== undefined)
      own.months.set(row.month, { total: result.total, grade: result.grade })
    // Name and department are those of the latest month.
    people.set(row.personId, { last: row, months: own.months })
  }
  const results = yearOf(
    [...people].map(([personId, { months }]) => ({ personId, months, active: active.has(personId) })),
    company.grades.at(-1)!.name,
  )
  const lines = results.map((r) => ({ ...r, ...namesOf(people.get(r.personId)!.last) })).sort(byPlaceInCompany)
  const bytes = await yearWorkbook(company.name, year, lines, company.grades, dayOf(now, company.timeZone))
  return { bytes, people: lines.length }
}

const namesOf = ({ name, jobNumber, department }: YearRow) => ({ name, jobNumber, department })

async function payLines(
  ctx: Pick<Ctx, 'company' | 'appeals'>,
  month: Month,
  rows: readonly ResultRow[],
): Promise<PayLine[]> {
  const { people } = ctx.company()
  const open = await ctx.appeals.openAmong(
    month,
    rows.map((r) => r.personId),
  )
  const appealing = new Set(open.map((a) => a.personId))
  const named = (name: string) => rows.filter((r) => r.name === name).length
  return rows.map((r) => {
    // A name that two have says nothing about either.
    const own = people[r.jobNumber] ?? (named(r.name) === 1 ? people[r.name] : undefined)
    const held =
      r.state !== 'published' ? '结果未发布，暂不计发' : appealing.has(r.personId) ? '申诉处理中，暂缓计发' : undefined
    return {
      jobNumber: r.jobNumber,
      name: r.name,
      department: r.department,
      grade: currentOf(r).grade,
      allowances: own?.allowances ?? [],
      held,
    }
  })
}

type Placed = { department: string; jobNumber: string; name: string }
const byPlaceInCompany = (a: Placed, b: Placed): number =>
  order(a.department, b.department) || order(a.jobNumber, b.jobNumber) || order(a.name, b.name)
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
