import type { Ctx } from '../../src/context.ts'
import { dayOf, type Month } from '../../src/domain/time.ts'
import { type ResultLine, resultsWorkbook } from '../../src/excel/results.ts'
import { currentOf } from './view.ts'

/** A month as HR keeps it, by department and 工号: the figures in force, drafts marked as such. */
export async function exportResults(
  ctx: Pick<Ctx, 'results' | 'company'>,
  month: Month,
  now: Date,
): Promise<{ bytes: Uint8Array; people: number; drafts: number }> {
  const rows = await ctx.results.ofMonth(month)
  const company = ctx.company()
  const lines: ResultLine[] = rows.map((r) => ({
    jobNumber: r.jobNumber,
    name: r.name,
    department: r.department,
    state: r.state,
    version: r.versions.length,
    result: currentOf(r),
  }))
  lines.sort((a, b) => order(a.department, b.department) || order(a.jobNumber, b.jobNumber) || order(a.name, b.name))
  const { grades, month: settings, timeZone } = company
  const bytes = await resultsWorkbook(company.name, month, lines, {
    grades,
    guide: settings.guide,
    made: dayOf(now, timeZone),
  })
  return { bytes, people: lines.length, drafts: lines.filter((l) => l.state === 'draft').length }
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
