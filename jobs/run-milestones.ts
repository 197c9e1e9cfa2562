import { keepCalendar, type Nobody } from '../handlers/milestone/calendar.ts'
import { push } from '../handlers/month/behaviour.ts'
import { apart } from '../src/apart.ts'
import type { Ctx } from '../src/context.ts'
import { lastReminder, tellsAccepter } from '../src/domain/milestone.ts'
import { type Day, dayOf, instantAt } from '../src/domain/time.ts'
import type { Add } from '../src/outbox/outbox.ts'
import type { Job } from '../src/schedule/schedule.ts'
import type { MilestoneRow } from '../src/store/milestones.ts'

const AT = '09:10'

/** What the owner of an open milestone is told by itself on a working day: before its day, or that it is theirs now. */
function byItself(ctx: Ctx, row: MilestoneRow, day: Day, cause: string): Add[] {
  const { _id: id, ownerId, due, takenFrom, addedOn } = row
  if (takenFrom?.day === day)
    return [ownerId, takenFrom.ownerId].map((to) =>
      push(`milestone-moved/${id}/${day}/${to}`, to, 'milestone-moved', { id }, cause),
    )
  const last = lastReminder(day, due, row.handIn !== undefined, ctx.company().weeks)
  if (due < day || !last || (addedOn && last.on < addedOn)) return []
  return [push(`milestone-due/${id}/${due}/${last.stage}`, ownerId, 'milestone-due', { id, due }, cause)]
}

/** What is late, to owners and from the third day to accepters: one message a day, however much it is. */
function daily(
  late: MilestoneRow[],
  isActive: (id: string) => boolean,
  day: Day,
  expiresAt: Date,
  cause: string,
): Add[] {
  const add = (key: string, to: string, name: string, args: Record<string, unknown> = {}): Add => ({
    ...push(`${key}/${day}`, to, name, args, cause),
    // Those that could not be sent do not come beside those of the next day.
    expiresAt,
  })
  const owners = new Map<string, MilestoneRow[]>()
  for (const row of late)
    if (isActive(row.ownerId) && row.takenFrom?.day !== day)
      owners.set(row.ownerId, [...(owners.get(row.ownerId) ?? []), row])
  const accepters = new Set(late.flatMap((r) => (r.accepterId && tellsAccepter(day, r.due) ? [r.accepterId] : [])))
  return [
    ...[...owners].map(([to, [first, ...more]]) =>
      more.length === 0
        ? add(`milestone-late/${first!._id}`, to, 'milestone-due', { id: first!._id, due: first!.due })
        : add(`milestones-owed/${to}`, to, 'milestones-owed'),
    ),
    ...[...accepters].map((to) => add(`milestones-late/${to}`, to, 'milestones-late')),
  ]
}

/** To HR: what nobody will do or accept, once for each name that is missing. */
async function toHr(ctx: Ctx, nobody: Nobody[], orphans: MilestoneRow[], cause: string): Promise<Add[]> {
  const isNamed = (row: MilestoneRow) =>
    nobody.some((n) => n.rule === row.rule && n.cycle === row.cycle && n.who.includes(row.seat ?? ''))
  const facts = [
    ...nobody.map((n) => ({ key: `${n.rule}/${n.cycle}/${n.who.join('、')}`, args: { ...n } })),
    ...orphans
      .filter((row) => !isNamed(row))
      .map(({ _id, title, due }) => ({ key: _id, args: { title, due, who: [] } })),
  ]
  const hr = facts.length > 0 ? await ctx.people.withRole('hr') : []
  return facts.flatMap(({ key, args }) =>
    hr.map((p) => push(`milestone-nobody/${key}/${p._id}`, p._id, 'milestone-nobody', args, cause)),
  )
}

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
    const parts = apart(ctx.log)
    const nobody = await parts.run('calendar', () => keepCalendar(ctx, day, cause, parts))
    const rows = await ctx.milestones.underWay()
    const active = new Set((await ctx.people.active()).map((p) => p._id))
    const isActive = (id: string) => active.has(id)
    const open = rows.filter((r) => r.state === 'open')
    const told: (Add[] | undefined)[] = []
    for (const row of open.filter((r) => isActive(r.ownerId)))
      told.push(await parts.run(row._id, () => byItself(ctx, row, day, cause)))
    const expiresAt = instantAt(weeks.nextWorkday(day), AT, timeZone)
    const late = open.filter((r) => r.due < day)
    told.push(await parts.run('late', () => daily(late, isActive, day, expiresAt, cause)))
    const orphans = rows.filter((r) => !isActive(r.ownerId))
    told.push(await parts.run('for HR', () => toHr(ctx, nobody ?? [], orphans, cause)))
    await ctx.outbox.add(told.flatMap((adds) => adds ?? []))
    parts.end()
  },
}
