import type { Act, Ctx } from '../../src/context.ts'
import { addDays, type Day, dayOf, instantAt, type Month, monthOf, previousMonth } from '../../src/domain/time.ts'
import type { PlatformName } from '../../src/platforms/port.ts'
import { monthRowId } from '../../src/store/month-inputs.ts'
import type { Person } from '../../src/store/people.ts'
import type { ResultRow } from '../../src/store/results.ts'
import { push } from './behaviour.ts'
import { datesOf } from './flow.ts'
import { firstMonth } from './inputs.ts'
import { isOver } from './settle.ts'

export type PublishOutcome =
  | { kind: 'published'; people: number }
  | { kind: 'already'; at: Date }
  | { kind: 'too-early'; at: Date }
  | { kind: 'not-approved'; open: number }
  | { kind: 'not-over' | 'not-allowed' }

/**
 * Publishes a month for all at once: at its hour by the clock, or by HR when the general manager was late. The month's own
 * document decides; what comes of it (versions, messages) is finished by whoever runs next (design §3).
 *
 * @param by undefined: the clock
 */
export async function publishMonth(ctx: Ctx, act: Act, by: Person | undefined, month: Month): Promise<PublishOutcome> {
  if (by && !by.roles.includes('hr')) return { kind: 'not-allowed' }
  if (!isOver(ctx, month, act.at)) return { kind: 'not-over' }
  const { publish } = datesOf(ctx, month)
  if (act.at < publish.at) return { kind: 'too-early', at: publish.at }
  const open = await ctx.results.model.countDocuments({ month, state: 'draft' })
  const outcome = await ctx.months.change<'published' | 'already' | 'not-approved'>(month, act.id, (row) => {
    if (row.state === 'published') return { outcome: 'already' }
    // Confirmed as a whole while somebody's confirmation was taken back: it waits for both again.
    if (row.state !== 'approved' || open > 0) return { outcome: 'not-approved' }
    return {
      row: { ...row, state: 'published', published: { by: by?._id ?? 'system', at: act.at } },
      outcome: 'published',
    }
  })
  if (outcome === 'not-approved') return { kind: 'not-approved', open }
  if (outcome === 'already') return { kind: 'already', at: (await ctx.months.get(month)).published!.at }
  return { kind: 'published', people: await finishPublication(ctx, month) }
}

/**
 * The instant of a day at which the clock publishes what is confirmed: each working day from last month's publishing day on,
 * for older months too; undefined: none on that day.
 */
export function publicationOn(ctx: Ctx, day: Day): Date | undefined {
  const { weeks, month: settings, timeZone } = ctx.company()
  const last = previousMonth(monthOf(day))
  if (ctx.firstWeek === '' || last < firstMonth(ctx) || !weeks.isWorkday(day)) return undefined
  return day >= datesOf(ctx, last).publish.day ? instantAt(day, settings.publishTime, timeZone) : undefined
}

/** When a month that is confirmed at an instant will be published; `planned`: on the day of the settings. */
export function nextPublication(ctx: Ctx, month: Month, at: Date): { at: Date; planned: boolean } {
  const { publish } = datesOf(ctx, month)
  if (at < publish.at) return { at: publish.at, planned: true }
  for (let day = dayOf(at, ctx.company().timeZone); ; day = addDays(day, 1)) {
    const next = publicationOn(ctx, day)
    if (next && next > at) return { at: next, planned: false }
  }
}

const BATCH = 200

/** Puts a publication into the audit, and gives everybody their version 1 and their message. Harmless to run again. */
export async function finishPublication(ctx: Ctx, month: Month): Promise<number> {
  const { published, told } = await ctx.months.get(month)
  if (!published || told) return 0
  await ctx.audit.add({
    _id: `month-published/${month}`,
    at: published.at,
    by: published.by,
    what: 'month-published',
    to: `month/${month}`,
    detail: { version: 1 },
  })
  const cause = `publish/${month}`
  let people = 0
  let after = ''
  const managers = new Set<string>()
  for (;;) {
    const rows = await ctx.results.model
      .find({ month, _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(BATCH)
      .lean<ResultRow[]>()
    if (rows.length === 0) break
    after = rows.at(-1)!._id
    const fresh = rows.filter((r) => r.state !== 'published')
    if (fresh.length > 0)
      await ctx.results.model.collection.bulkWrite(
        fresh.map((r) => {
          const version = {
            version: 1,
            by: published.by,
            at: published.at,
            why: '首次发布',
            result: r.draft,
            hash: r.hash,
          }
          return {
            updateOne: {
              filter: { _id: r._id as never, state: { $ne: 'published' } },
              update: { $set: { state: 'published', versions: [version] as never }, $inc: { rev: 1 } },
            },
          }
        }),
      )
    for (const r of rows) if (r.judgeId) managers.add(r.judgeId)
    people += rows.length
    await ctx.outbox.add(
      rows.map((r) =>
        push(publicationKey(r.personId, month, 1), r.personId, 'result-published', { month, version: 1 }, cause),
      ),
    )
  }
  await ctx.outbox.add(
    [...managers].map((m) => push(`team-published/${month}/${m}`, m, 'team-published', { month }, cause)),
  )
  const hrs = await ctx.people.withRole('hr')
  await ctx.outbox.add(hrs.map((p) => push(`hr-published/${month}/${p._id}`, p._id, 'hr-published', { month }, cause)))
  await ctx.months.change(month, `told/${month}`, (row) => ({ row: { ...row, told: true }, outcome: null }))
  return people
}

/** The outbox row that brings a version to its person: the proof of notice looks it up. */
export const publicationKey = (personId: string, month: Month, version: number): string =>
  `result/${month}/${personId}/${version}`

/** 确认 by the employee: that it was received, not that they agree. */
export async function acknowledgeResult(
  ctx: Ctx,
  act: Act,
  by: Person,
  month: Month,
  version: number,
  on: PlatformName,
): Promise<{ kind: 'noted' | 'gone' }> {
  const outcome = await ctx.results.change<'noted' | 'gone'>(monthRowId(by._id, month), act.id, (r) => {
    if (r.personId !== by._id || !r.versions.some((v) => v.version === version)) return { outcome: 'gone' }
    if (r.acknowledged.some((a) => a.version === version)) return { outcome: 'noted' }
    return { row: { ...r, acknowledged: [...r.acknowledged, { version, at: act.at, on }] }, outcome: 'noted' }
  })
  if (outcome !== 'noted') return { kind: 'gone' }
  await ctx.audit.add({
    _id: `${act.id}/result-acknowledged`,
    at: act.at,
    by: by._id,
    what: 'result-acknowledged',
    to: `result/${monthRowId(by._id, month)}`,
    detail: { version },
  })
  return { kind: 'noted' }
}

/** The person opened the details: noted once a version, for the proof of notice. */
export async function noteSeen(ctx: Ctx, act: Act, by: Person, month: Month, on: PlatformName): Promise<void> {
  await ctx.results.change(monthRowId(by._id, month), `seen/${act.at.toISOString()}`, (r) => {
    const version = r.versions.at(-1)?.version
    if (r.personId !== by._id || version === undefined || r.seen.some((s) => s.version === version))
      return { outcome: null }
    return { row: { ...r, seen: [...r.seen, { version, at: act.at, on }] }, outcome: null }
  })
}
