import type { Ctx } from '../src/context.ts'
import { addDays, dayOf, formatInstant, instantAt, type Week } from '../src/domain/time.ts'
import type { OnCard, Turn } from '../src/inbox/handler.ts'
import { snooze } from './weekly/submit.ts'
import { deadlineOf } from './weekly/week.ts'

const text = {
  later: (at: string) => `好的，${at}再提醒您。`,
  pastDeadline: (at: string) => `那时已过截止时间（${at}），建议尽早提交；我会在截止前再提醒一次。`,
}

/** When a snooze ends, from its name. */
function wakeAt(ctx: Ctx, at: Date, name: string): Date {
  const zone = ctx.company().timeZone
  const today = dayOf(at, zone)
  switch (name) {
    case '30m':
      return new Date(at.getTime() + 30 * 60_000)
    case 'afternoon':
      return instantAt(today, '14:00', zone) > at ? instantAt(today, '14:00', zone) : new Date(at.getTime() + 3_600_000)
    case 'tomorrow':
      return instantAt(addDays(today, 1), '09:00', zone)
    default:
      return new Date(at.getTime() + 3_600_000)
  }
}

export async function snoozeFor(
  turn: Turn,
  ctx: Ctx,
  week: Week,
  name: string,
): Promise<{ until: Date; said: string }> {
  const zone = ctx.company().timeZone
  const until = wakeAt(ctx, turn.at, name)
  const due = deadlineOf(ctx.company(), week)
  if (due !== 'closed' && until >= due.deadline && turn.at < due.deadline) {
    return { until, said: text.pastDeadline(formatInstant(due.deadline, zone)) }
  }
  await snooze(ctx, turn, turn.person, week, until)
  return { until, said: text.later(formatInstant(until, zone)) }
}

export const onSnooze: OnCard = async (turn, ctx) => {
  const { said } = await snoozeFor(turn, ctx, String(turn.instance.context.week), turn.arg)
  return [{ text: said }]
}
