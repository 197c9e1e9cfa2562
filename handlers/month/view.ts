import type { Progress, TeamCard } from '../../cards/month.ts'
import type { Ctx } from '../../src/context.ts'
import { compare, exact } from '../../src/domain/decimal.ts'
import { type Distribution, distribution, type MonthResult } from '../../src/domain/settlement.ts'
import type { Month } from '../../src/domain/time.ts'
import type { Person } from '../../src/store/people.ts'
import type { ResultRow } from '../../src/store/results.ts'
import { findByRef, mayRead } from '../rights.ts'
import { windowOf } from './appeal.ts'
import { datesOf, openOf, type TeamMonth } from './flow.ts'

/** The figures in force of a row: the last version, else the draft. */
export const currentOf = (row: ResultRow): MonthResult => row.versions.at(-1)?.result ?? row.draft

/** The team as a card; figures in it only where the company allows them in chat. */
export async function teamCardOf(ctx: Ctx, team: TeamMonth): Promise<TeamCard> {
  const { month, rows, open } = team
  const published = (await ctx.months.get(month)).state === 'published'
  const drafts = rows.filter((r) => r.state === 'draft')
  const returned = drafts.flatMap((r) => (r.returned ? [{ name: r.name, reason: r.returned.reason }] : []))
  const figures = rows.map((r) => {
    const f = currentOf(r)
    return `${r.name}：${f.shownTotal ?? '无'}${f.grade ? `（${f.grade}）` : ''}`
  })
  const remarks = drafts.flatMap((r) => (r.draft.remarks ?? []).map((what) => `${r.name}：${what}`))
  return {
    month,
    dates: datesOf(ctx, month),
    people: rows.length,
    open,
    ...(remarks.length > 0 && { remarks }),
    state: published ? 'published' : drafts.length > 0 ? 'draft' : 'confirmed',
    ...(ctx.company().month.figuresOnCard && { figures }),
    ...(returned.length > 0 && { returned }),
  }
}

/** Where a month stands, for HR and the general manager. */
export async function progressOf(ctx: Ctx, month: Month): Promise<Progress> {
  const rows = await ctx.results.ofMonth(month)
  const { state } = await ctx.months.get(month)
  const drafts = rows.filter((r) => r.state === 'draft')
  const counts = new Map<string, number>()
  for (const r of drafts) counts.set(r.judgeId, (counts.get(r.judgeId) ?? 0) + 1)
  const names = new Map((await ctx.people.many([...counts.keys()])).map((p) => [p._id, p.name]))
  const appeals = (await ctx.appeals.open()).filter((a) => a.month === month).length
  const missing = state === 'published' ? [] : await openOf(ctx, month, rows)
  const returned = drafts.flatMap((r) =>
    r.returned
      ? [{ name: r.name, what: [`${r.returned.to === 'hr' ? '上级退回' : '总经理退回'}：${r.returned.reason}`] }]
      : [],
  )
  return {
    month,
    dates: datesOf(ctx, month),
    state,
    people: rows.length,
    confirmed: rows.length - drafts.length,
    waiting: [...counts].map(([id, people]) => ({ name: names.get(id) ?? '没有上级，请指定代评人', people })),
    missing: [...missing, ...returned],
    mayPublish: ctx.clock.now() >= datesOf(ctx, month).publish.at,
    appeals,
  }
}

/** How the month's grades are spread over everybody (domain.md §11.26). */
export async function distributionOf(ctx: Ctx, month: Month): Promise<{ people: number; spread: Distribution }> {
  const rows = await ctx.results.ofMonth(month)
  const { grades, month: settings } = ctx.company()
  return { people: rows.length, spread: distribution(rows.map(currentOf), grades, settings.guide) }
}

export interface OwnResult {
  month: Month
  version: number
  result: MonthResult
  why: string
  appealDay: string
  appealOpen: boolean
  acknowledged: boolean
  /** One's own place among so many, where the company shows it and nothing waits. */
  place?: { place: number; of: number }
  /** A list of the best, or of everybody, as the settings say. */
  list?: { place: number; name: string; shown: string }[]
  versions: { version: number; at: Date; why: string; shownTotal?: string }[]
}

/** Somebody's published result, for themselves and whoever may read it; undefined: there is none, or not for these eyes. */
export async function ownResult(
  ctx: Ctx,
  by: Person,
  person: Person,
  month: Month,
  now: Date,
): Promise<OwnResult | undefined> {
  if (!(await mayRead(ctx, by, person))) return undefined
  const row = await ctx.results.get(`${person._id}/${month}`)
  const last = row?.versions.at(-1)
  if (!row || !last) return undefined
  const window = windowOf(ctx, last.at)
  return {
    month,
    version: last.version,
    result: last.result,
    why: last.why,
    appealDay: window.day,
    appealOpen: now < window.until,
    acknowledged: row.acknowledged.some((a) => a.version === last.version),
    ...(await rankingFor(ctx, row)),
    versions: row.versions.map(({ version, at, why, result }) => ({
      version,
      at,
      why,
      ...(result.shownTotal !== undefined && { shownTotal: result.shownTotal }),
    })),
  }
}

/** Places by exact total, equal totals share one; whoever has an appeal under way waits (domain.md §11.25). */
async function rankingFor(ctx: Ctx, own: ResultRow): Promise<Pick<OwnResult, 'place' | 'list'>> {
  const { ranking } = ctx.company().month
  if (ranking.show === 'off') return {}
  const rows = (await ctx.results.ofMonth(own.month)).filter((r) => currentOf(r).total !== undefined)
  const waiting = new Set(
    (
      await ctx.appeals.openAmong(
        own.month,
        rows.map((r) => r.personId),
      )
    ).map((a) => a.personId),
  )
  const totals = rows.map((r) => ({ r, total: exact(currentOf(r).total!) })).sort((a, b) => compare(b.total, a.total))
  const placeOf = (row: (typeof totals)[number]) => totals.filter((x) => compare(x.total, row.total) > 0).length + 1
  const mine = totals.find((t) => t.r.personId === own.personId)
  const place = mine && !waiting.has(own.personId) ? { place: { place: placeOf(mine), of: totals.length } } : {}
  if (ranking.show === 'own-place') return place
  const people = await ctx.people.many(rows.map((r) => r.personId))
  const agreed = new Set(ranking.consented.map((ref) => findByRef(people, ref)?._id))
  const list = totals
    .filter((t) => !waiting.has(t.r.personId) && (ranking.show === 'all' || agreed.has(t.r.personId)))
    .map((t) => ({ place: placeOf(t), name: t.r.name, shown: currentOf(t.r).shownTotal ?? '' }))
    .filter((t) => ranking.show === 'all' || t.place <= ranking.top)
  return { ...place, list }
}
