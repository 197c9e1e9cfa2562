import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { addDays, dayOf, formatInstant, formatWeek, instantAt, type Week } from '../src/domain/time.ts'
import type { Answer, OnCard, Turn } from '../src/inbox/handler.ts'
import { judgeOf } from './rights.ts'
import { proposeExcuse, snooze } from './weekly/submit.ts'
import { runningWeek } from './weekly/target.ts'
import { deadlineOf } from './weekly/week.ts'

const text = {
  later: (at: string) => `好的，${at}再提醒您。`,
  pastDeadline: (at: string) => `那时已过截止时间（${at}），建议尽早提交；我会在截止前再提醒一次。`,
  leave: (week: string, judge: string | undefined) =>
    judge ? `已记下，${week}不再提醒。请假是否免计由${judge}确认，确认后告诉您。` : `已记下，${week}不再提醒。`,
  already: '您的请假已经在确认中，请稍候。',
  granted: '本周已经免计，无需提交。',
  settled: '该周所在月份的结果已确认，不能再登记请假；如确有需要，请联系直属上级或人力资源。',
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

export async function onLeaveByWord(turn: Turn, ctx: Ctx, reason = '请假'): Promise<Answer[]> {
  return leave(turn, ctx, runningWeek(ctx, turn.at), reason)
}

export const onLeave: OnCard = async (turn, ctx) => {
  const week = String(turn.instance.context.week)
  return [
    { replace: closedCard(`${formatWeek(week)}的周总结和计划`, '已登记请假') },
    ...(await leave(turn, ctx, week, '请假')),
  ]
}

async function leave(turn: Turn, ctx: Ctx, week: Week, reason: string): Promise<Answer[]> {
  const { kind } = await proposeExcuse(ctx, turn, turn.person, week, reason)
  if (kind === 'granted') return [{ text: text.granted }]
  if (kind === 'already') return [{ text: text.already }]
  if (kind === 'settled') return [{ text: text.settled }]
  const judge = await judgeOf(ctx, turn.person)
  return [{ text: text.leave(formatWeek(week), judge?.name) }]
}
