import type { ReminderStage } from '../cards/plan-reminder.ts'
import { isOwing, withoutJudge } from '../handlers/weekly/team.ts'
import { viewWeeks, type WeekView, worksByWeeklyPlan } from '../handlers/weekly/week.ts'
import type { Ctx } from '../src/context.ts'
import { reminderInstants, weekDeadline } from '../src/domain/deadline.ts'
import { type Day, dayOf, type Week, weekOf } from '../src/domain/time.ts'
import type { Job } from '../src/schedule/schedule.ts'
import { weekRowId } from '../src/store/weeks.ts'

type Stage = Extract<ReminderStage, 'first' | 'morning' | 'last' | 'draft'>

/** The reminder of a stage that falls on a day, with its week. */
export function reminderOn(stage: Stage, day: Day, ctx: Ctx): { at: Date; week: Week }[] {
  const { weeks: calendar, deadlines } = ctx.company()
  // A deadline moved to Monday or Tuesday has its first reminder in the week before.
  return [weekOf(day), calendar.nextOpenWeek(weekOf(day))].flatMap((week) => {
    const instants = reminderInstants(week, calendar, deadlines)
    const at = instants === 'closed' ? undefined : instants[stage]
    return at && dayOf(at, deadlines.zone) === day ? [{ at, week }] : []
  })
}

/** Asks who is owed a reminder, at the stage's instants (domain.md §3); each is checked again when it is sent. */
function remind(stage: Stage, about: string, catchUpMs: number): Job<Ctx> {
  return {
    name: `remind-weekly-plan-${stage}`,
    about,
    catchUpMs,
    times: (day, ctx) => reminderOn(stage, day, ctx).map((r) => r.at),
    async run(slot, ctx) {
      const { weeks: calendar, deadlines, timeZone } = ctx.company()
      const due = reminderOn(stage, dayOf(slot, timeZone), ctx).filter((r) => r.at.getTime() === slot.getTime())
      for (const { week } of due) {
        const deadline = weekDeadline(week, calendar, deadlines)
        if (deadline === 'closed' || ctx.clock.now() >= deadline.deadline) continue
        const people = (await ctx.people.active()).filter((p) => worksByWeeklyPlan(ctx.company(), p))
        const views = await viewWeeks(ctx, people, week, ctx.clock.now())
        const add = (name: string, to: string, args: Record<string, unknown>) => ({
          key: `${name}/${weekRowId(to, week)}/${stage}`,
          to,
          mode: 'push' as const,
          cause: `remind-weekly-plan-${stage}@${slot.toISOString()}`,
          expiresAt: deadline.deadline,
          content: { kind: 'notice' as const, name, args: { week, ...args } },
        })
        const owing = views.filter((v) => isOwing(v) && (stage === 'draft' ? v.row.draft : true))
        await ctx.outbox.add(owing.map(({ person }) => add('plan-reminder', person._id, { stage })))
        if (stage !== 'first') continue
        const isNew = (v: WeekView) => v.status.kind === 'not-owed' && v.status.because === 'first-week' && !v.counts
        await ctx.outbox.add(views.filter(isNew).map(({ person }) => add('first-plan', person._id, {})))
        const unjudged = await withoutJudge(ctx)
        if (unjudged.length > 0)
          await ctx.outbox.add((await ctx.people.withRole('hr')).map((hr) => add('nobody-judges', hr._id, {})))
      }
    },
  }
}

const HOUR = 3_600_000

export const remindWeeklyPlan: Job<Ctx>[] = [
  remind('first', '截止前一个工作日16:00：提醒所有需要提交的人', 18 * HOUR),
  remind('morning', '截止当天9:00：提醒还没提交的人', 2 * HOUR),
  remind('draft', '截止前1小时：提醒有草稿未提交的人', HOUR),
  remind('last', '截止前30分钟：最后一次提醒', HOUR / 2),
]
