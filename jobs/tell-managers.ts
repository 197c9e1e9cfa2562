import { leaders } from '../handlers/weekly/team.ts'
import type { Ctx } from '../src/context.ts'
import { scoringReminderOn, weekDeadline } from '../src/domain/deadline.ts'
import { type Day, dayOf, type Week, weekOf } from '../src/domain/time.ts'
import type { Job } from '../src/schedule/schedule.ts'

/** The second 12:00:00 is still on time and messages travel for a moment, so the digest follows a minute later. */
const DIGEST_DELAY_MS = 60_000

const digestOn = (day: Day, ctx: Ctx): { at: Date; week: Week } | undefined => {
  const { weeks: calendar, deadlines } = ctx.company()
  const due = weekDeadline(weekOf(day), calendar, deadlines)
  return due !== 'closed' && due.day === day
    ? { at: new Date(due.deadline.getTime() + DIGEST_DELAY_MS), week: weekOf(day) }
    : undefined
}

/** At the deadline one digest to each manager of who is late (domain.md §3, features.md T19). */
export const digestLate: Job<Ctx> = {
  name: 'digest-late',
  about: '截止时：向每位上级发一条本组提交情况',
  catchUpMs: 12 * 3_600_000,
  times: (day, ctx) => [digestOn(day, ctx)?.at ?? []].flat(),
  async run(slot, ctx) {
    const week = digestOn(dayOf(slot, ctx.company().timeZone), ctx)?.week
    if (!week) return
    await ctx.outbox.add(
      (await leaders(ctx)).map((m) => ({
        key: `late-digest/${week}/${m._id}`,
        to: m._id,
        mode: 'push' as const,
        cause: `digest-late@${slot.toISOString()}`,
        content: { kind: 'notice' as const, name: 'late-digest', args: { week } },
      })),
    )
  },
}

/** The week whose scoring is reminded of on a day. */
const scoringOn = (day: Day, ctx: Ctx): { at: Date; week: Week } | undefined => {
  const { weeks: calendar, deadlines } = ctx.company()
  for (const week of [weekOf(day), calendar.previousOpenWeek(weekOf(day))]) {
    const at = scoringReminderOn(day, week, calendar, deadlines)
    if (at) return { at, week }
  }
  return undefined
}

/** From the next working day on, daily until done: weeks left to score (domain.md §3). */
export const remindScoring: Job<Ctx> = {
  name: 'remind-scoring',
  about: '截止后的每个工作日10:00：提醒上级评分，直到评完',
  catchUpMs: 8 * 3_600_000,
  times: (day, ctx) => [scoringOn(day, ctx)?.at ?? []].flat(),
  async run(slot, ctx) {
    const day = dayOf(slot, ctx.company().timeZone)
    const week = scoringOn(day, ctx)?.week
    if (!week || week < ctx.firstWeek) return
    await ctx.outbox.add(
      (await leaders(ctx)).map((m) => ({
        key: `scoring-reminder/${day}/${m._id}`,
        to: m._id,
        mode: 'push' as const,
        cause: `remind-scoring@${slot.toISOString()}`,
        content: { kind: 'notice' as const, name: 'scoring-reminder', args: { week } },
      })),
    )
  },
}
