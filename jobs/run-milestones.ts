import { keepCalendar } from '../handlers/milestone/calendar.ts'
import { push } from '../handlers/month/behaviour.ts'
import type { Ctx } from '../src/context.ts'
import { stageOn, tellsAccepter } from '../src/domain/milestone.ts'
import { dayOf, instantAt } from '../src/domain/time.ts'
import type { Add } from '../src/outbox/outbox.ts'
import type { Job } from '../src/schedule/schedule.ts'

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
    const late = new Map<string, string[]>()
    const accepters = new Set<string>()
    const orphans: { key: string; args: Record<string, unknown> }[] = nobody.map((n) => ({
      key: `milestone-nobody/${n.rule}/${n.cycle}`,
      args: { ...n },
    }))
    for (const row of rows) {
      const { _id: id, ownerId, accepterId, due, state, title } = row
      if (!active.has(ownerId)) orphans.push({ key: `milestone-nobody/${id}`, args: { title, due, who: [] } })
      if (state !== 'open') continue
      if (due >= day) {
        const stage = stageOn(day, due, row.handIn !== undefined, weeks)
        if (stage !== undefined)
          told.push(push(`milestone-due/${id}/${due}/${stage}`, ownerId, 'milestone-due', { id, due }, cause))
        continue
      }
      late.set(ownerId, [...(late.get(ownerId) ?? []), id])
      if (accepterId && tellsAccepter(day, due)) accepters.add(accepterId)
    }
    // One message a day, however much is late.
    for (const [to, ids] of late) {
      const [id] = ids
      told.push(
        ids.length === 1
          ? push(`milestone-late/${id}/${day}`, to, 'milestone-due', { id, due: dues.get(id!) }, cause)
          : push(`milestones-owed/${to}/${day}`, to, 'milestones-owed', {}, cause),
      )
    }
    for (const to of accepters) told.push(push(`milestones-late/${to}/${day}`, to, 'milestones-late', {}, cause))
    const hr = orphans.length > 0 ? await ctx.people.withRole('hr') : []
    for (const { key, args } of orphans)
      for (const p of hr) told.push(push(`${key}/${p._id}`, p._id, 'milestone-nobody', args, cause))
    await ctx.outbox.add(told)
  },
}
