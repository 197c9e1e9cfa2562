import { managerOf } from '../handlers/interview/interview.ts'
import { openInterviews } from '../handlers/interview/open.ts'
import { runningInterviews, waitingManagers } from '../handlers/interview/view.ts'
import { push } from '../handlers/month/behaviour.ts'
import type { Ctx } from '../src/context.ts'
import { checkDays } from '../src/domain/interview.ts'
import { type Day, dayOf, instantAt, weekOf } from '../src/domain/time.ts'
import type { Add } from '../src/outbox/outbox.ts'
import type { Job } from '../src/schedule/schedule.ts'

const AT = '09:20'
/** An appointment before this time is brought to mind on the working day before. */
const EARLY = '10:30'
/** Working days without a confirmation: the employee is asked once more. */
const AGAIN_AFTER = 2

/** What both sides of each interview are owed on a working day. */
async function owed(ctx: Ctx, day: Day, slot: Date, cause: string): Promise<Add[]> {
  const { weeks: calendar, timeZone } = ctx.company()
  const now = ctx.clock.now()
  const tomorrow = instantAt(calendar.nextWorkday(day), EARLY, timeZone)
  const rows: Add[] = []
  for (const { row, person, state } of await runningInterviews(ctx, now)) {
    const { _id: id, appointment, record } = row
    if (state === 'asked' && dayOf(appointment!.askedAt, timeZone) < day) {
      const args = { id, round: appointment!.round }
      rows.push(push(`interview-time/${id}/${appointment!.round}/again`, person._id, 'interview-time', args, cause))
    }
    if (state === 'agreed' && appointment!.at < tomorrow) {
      const manager = await managerOf(ctx, row, person)
      for (const to of [person, ...(manager ? [manager] : [])]) {
        const args = { id, round: appointment!.round }
        rows.push(push(`interview-today/${id}/${appointment!.round}/${to._id}`, to._id, 'interview-today', args, cause))
      }
    }
    if (state === 'to-confirm' && dayOf(record!.at, timeZone) <= calendar.addWorkdays(day, -AGAIN_AFTER)) {
      const args = { id, version: record!.version }
      rows.push(push(`interview-record/${id}/${record!.version}/again`, person._id, 'interview-record', args, cause))
    }
    if (state === 'improving') {
      const days = checkDays(dayOf(row.confirmedAt!, timeZone), record!.plan!.reviewOn, calendar)
      if (days.includes(day))
        rows.push(push(`interview-check/${id}/${day}`, person._id, 'interview-check', { id }, cause))
    }
  }
  const since = instantAt(calendar.previousWorkday(day), AT, timeZone)
  const first = calendar.workdaysOfWeek(weekOf(day))[0] === day
  for (const [to, fresh] of await waitingManagers(ctx, day, since, slot))
    if (fresh || first) rows.push(push(`interviews-waiting/${to}/${day}`, to, 'interviews-waiting', {}, cause))
  if (first)
    for (const p of await ctx.people.withRole('hr'))
      rows.push(push(`interviews-hr/${weekOf(day)}/${p._id}`, p._id, 'interviews-hr', {}, cause))
  return rows
}

/** 绩效面谈 and what follows from it (domain.md §8): proposed, brought to mind, followed up until the review. */
export const interviews: Job<Ctx> = {
  name: 'interviews',
  about: '每个工作日09:20：季度面谈和最低等级面谈的发起、提醒、改进计划进展和复核',
  catchUpMs: 8 * 3_600_000,
  times: (day, ctx) => {
    const { weeks, timeZone } = ctx.company()
    return weeks.isWorkday(day) ? [instantAt(day, AT, timeZone)] : []
  },
  async run(slot, ctx) {
    const day = dayOf(slot, ctx.company().timeZone)
    const cause = `interviews@${slot.toISOString()}`
    await openInterviews(ctx, day, cause)
    await ctx.outbox.add(await owed(ctx, day, slot, cause))
  },
}
