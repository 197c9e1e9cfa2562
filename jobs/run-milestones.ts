import { keepCalendar } from '../handlers/milestone/calendar.ts'
import { push } from '../handlers/month/behaviour.ts'
import type { Ctx } from '../src/context.ts'
import { lastReminder, tellsAccepter } from '../src/domain/milestone.ts'
import { dayOf, instantAt } from '../src/domain/time.ts'
import type { Add } from '../src/outbox/outbox.ts'
import type { Job } from '../src/schedule/schedule.ts'
import type { MilestoneRow } from '../src/store/milestones.ts'

const AT = '09:10'

/** The year's calendar (domain.md §9): 14, 7, 3, 1 days before and on the day, then daily, from the third day to the accepter too. */
export const milestones: Job<Ctx> = {
  name: 'milestones',
  about: '每个工作日09:10：工作节点到期前14、7、3、1天和当天提醒，逾期每天提醒，第三天起告知验收人',
  catchUpMs: 8 * 3_600_000,
  times: (day, ctx) => {
    const { weeks, timeZone } = ctx.company()
    return weeks.isWorkday(day) ? [instantAt(day, AT, timeZone)] : []
  },
  async run(slot, ctx) {
    const { weeks, timeZone } = ctx.company()
    const day = dayOf(slot, timeZone)
    const cause = `milestones@${slot.toISOString()}`
    const nobody = await keepCalendar(ctx, day, cause)
    const rows = await ctx.milestones.underWay()
    const dues = new Map(rows.map((r) => [r._id, r.due]))
    const active = new Set((await ctx.people.active()).map((p) => p._id))
    const told: Add[] = []
    // Those that could not be sent on one day do not come beside those of the next.
    const expiresAt = instantAt(weeks.nextWorkday(day), AT, timeZone)
    const daily = (key: string, to: string, name: string, args: Record<string, unknown>): Add => ({
      ...push(key, to, name, args, cause),
      expiresAt,
    })
    const late = new Map<string, string[]>()
    const accepters = new Set<string>()
    const orphans: { key: string; args: Record<string, unknown> }[] = nobody.map((n) => ({
      key: `milestone-nobody/${n.rule}/${n.cycle}/${n.who.join('、')}`,
      args: { ...n },
    }))
    const named = (row: MilestoneRow) =>
      nobody.some((n) => n.rule === row.rule && n.cycle === row.cycle && n.who.includes(row.seat ?? ''))
    for (const row of rows) {
      const { _id: id, ownerId, accepterId, due, state, title, takenFrom } = row
      if (!active.has(ownerId) && !named(row))
        orphans.push({ key: `milestone-nobody/${id}`, args: { title, due, who: [] } })
      if (state !== 'open') continue
      if (due < day && accepterId && tellsAccepter(day, due)) accepters.add(accepterId)
      if (!active.has(ownerId)) continue
      if (takenFrom?.day === day)
        for (const to of [ownerId, takenFrom.ownerId])
          told.push(push(`milestone-moved/${id}/${day}/${to}`, to, 'milestone-moved', { id }, cause))
      else if (due < day) late.set(ownerId, [...(late.get(ownerId) ?? []), id])
      else {
        const last = lastReminder(day, due, row.handIn !== undefined, weeks)
        if (last && last.on >= (row.addedOn ?? last.on))
          told.push(push(`milestone-due/${id}/${due}/${last.stage}`, ownerId, 'milestone-due', { id, due }, cause))
      }
    }
    // One message a day, however much is late.
    for (const [to, ids] of late) {
      const [id] = ids
      told.push(
        ids.length === 1
          ? daily(`milestone-late/${id}/${day}`, to, 'milestone-due', { id, due: dues.get(id!) })
          : daily(`milestones-owed/${to}/${day}`, to, 'milestones-owed', {}),
      )
    }
    for (const to of accepters) told.push(daily(`milestones-late/${to}/${day}`, to, 'milestones-late', {}))
    const hr = orphans.length > 0 ? await ctx.people.withRole('hr') : []
    for (const { key, args } of orphans)
      for (const p of hr) told.push(push(`${key}/${p._id}`, p._id, 'milestone-nobody', args, cause))
    await ctx.outbox.add(told)
  },
}
