import type { Ctx } from '../../src/context.ts'
import { dayOf, type Month } from '../../src/domain/time.ts'
import { type PayLine, paySheet } from '../../src/excel/pay.ts'
import { type ResultLine, resultsWorkbook } from '../../src/excel/results.ts'
import type { ResultRow } from '../../src/store/results.ts'
import { currentOf } from './view.ts'

/** A month as HR keeps it, by department and 工号: the figures in force, drafts marked as such, and pay where it is set up. */
export async function exportResults(
  ctx: Pick<Ctx, 'results' | 'company' | 'appeals'>,
  month: Month,
  now: Date,
): Promise<{ bytes: Uint8Array; people: number; drafts: number }> {
  const rows = await ctx.results.ofMonth(month)
  rows.sort((a, b) => order(a.department, b.department) || order(a.jobNumber, b.jobNumber) || order(a.name, b.name))
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

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
