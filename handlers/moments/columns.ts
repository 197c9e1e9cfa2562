import type { Act, Ctx } from '../../src/context.ts'
import { nextIssue } from '../../src/domain/columns.ts'
import { type Day, monthOf, weekOf } from '../../src/domain/time.ts'
import type { ColumnIssue } from '../../src/store/columns.ts'
import type { Person } from '../../src/store/people.ts'

/** The day on which a week's columns go out: its last working day; closed weeks have none (domain.md §11.33). */
export function columnDay(ctx: Ctx, day: Day): boolean {
  const { weeks: calendar } = ctx.company()
  const week = weekOf(day)
  return !calendar.isClosedWeek(week) && calendar.workdaysOfWeek(week).at(-1) === day
}

export const columnNames = (ctx: Ctx): string[] => Object.keys(ctx.company().columns.texts)

/** A column's texts, in order: the company file's, then what HR added in chat, without what HR removed. */
export async function poolOf(ctx: Ctx, column: string): Promise<string[]> {
  const stored = await ctx.columns.ofColumn(column)
  const removed = new Set(stored.filter((t) => t.removed).map((t) => t.text))
  const own = stored.filter((t) => !t.removed).map((t) => t.text)
  const all = [...(ctx.company().columns.texts[column] ?? []), ...own]
  return [...new Set(all)].filter((text) => !removed.has(text))
}

export interface ColumnState {
  issue?: ColumnIssue
  empty: boolean
  /** The pool has just been gone through: from now on texts come again. */
  usedUp: boolean
}

/** Chooses a day's text of a column, once; whoever asks again gets the same. */
export async function chooseIssue(ctx: Ctx, column: string, day: Day): Promise<ColumnState> {
  const pool = await poolOf(ctx, column)
  const known = await ctx.columns.issueOn(column, day)
  const before = (await ctx.columns.issuesOf(column)).filter((i) => i.day < day)
  const chosen = known ?? nextIssue(pool, before)
  if (!chosen) return { empty: true, usedUp: false }
  const issue = known ?? (await ctx.columns.issue(column, day, chosen))
  return { issue, empty: false, usedUp: issue.round > 1 && !before.some((i) => i.round === issue.round) }
}

/** Sends the day's columns to everybody who has not declined them, and tells HR of pools that are empty or used up. */
export async function sendColumns(ctx: Ctx, day: Day, cause: string): Promise<void> {
  const states = await Promise.all(
    columnNames(ctx).map(async (column) => ({ column, ...(await chooseIssue(ctx, column, day)) })),
  )
  const people = await ctx.people.active()
  const personal = await ctx.personal.many(people.map((p) => p._id))
  if (states.some((s) => s.issue)) {
    await ctx.outbox.add(
      people
        .filter((p) => !personal.get(p._id)?.noColumns && (p.joinedOn === undefined || p.joinedOn <= day))
        .map((p) => ({
          key: `columns/${day}/${p._id}`,
          to: p._id,
          mode: 'push' as const,
          cause,
          expiresAt: new Date(ctx.clock.now().getTime() + 4 * 3_600_000),
          content: { kind: 'notice' as const, name: 'columns', args: { day } },
        })),
    )
  }
  const empty = states.filter((s) => s.empty).map((s) => s.column)
  const usedUp = states.filter((s) => s.usedUp).map((s) => s.column)
  if (empty.length + usedUp.length === 0) return
  // An empty pool is told once a month: it may be meant.
  const key = usedUp.length > 0 ? `columns-used-up/${day}` : `columns-empty/${monthOf(day)}`
  const hr = await ctx.people.withRole('hr')
  await ctx.outbox.add(
    hr.map((to) => ({
      key: `${key}/${to._id}`,
      to: to._id,
      mode: 'push' as const,
      cause,
      content: { kind: 'notice' as const, name: 'columns-wanting', args: { empty, usedUp } },
    })),
  )
}

/** HR adds to or removes from a pool. */
export async function changePool(
  ctx: Ctx,
  act: Act,
  by: Person,
  column: string,
  text: string,
  change: 'add' | 'remove',
): Promise<{ kind: 'added' | 'removed' | 'known' | 'unknown'; left: number } | { kind: 'not-allowed' }> {
  if (!by.roles.includes('hr')) return { kind: 'not-allowed' }
  const pool = await poolOf(ctx, column)
  const has = pool.includes(text)
  if (change === 'add' && has) return { kind: 'known', left: pool.length }
  if (change === 'remove' && !has) return { kind: 'unknown', left: pool.length }
  if (change === 'add') await ctx.columns.put(column, text, by._id, act.at)
  else await ctx.columns.remove(column, text, by._id, act.at)
  await ctx.audit.add({
    _id: `${act.id}/column`,
    at: act.at,
    by: by._id,
    what: `column-${change}`,
    to: `column/${column}`,
    detail: { text },
  })
  return { kind: change === 'add' ? 'added' : 'removed', left: (await poolOf(ctx, column)).length }
}
