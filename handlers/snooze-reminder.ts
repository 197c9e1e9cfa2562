import type { Ctx } from '../src/context.ts'
import { readSnooze, type Snooze } from '../src/domain/commands.ts'
import { reminderInstants } from '../src/domain/deadline.ts'
import { addDays, dayOf, formatInstant, instantAt, type Week } from '../src/domain/time.ts'
import type { Answer, OnCard, Turn } from '../src/inbox/handler.ts'
import { snooze } from './weekly/submit.ts'
import { runningWeek } from './weekly/target.ts'
import { deadlineOf } from './weekly/week.ts'

const text = {
  later: (at: string) => `好的，${at}再提醒您。`,
  pastDeadline: (at: string) => `那时已过截止时间（${at}），建议尽早提交；我会在截止前再提醒一次。`,
  noneLeft: (at: string) => `那时已过截止时间（${at}），此前也不再有提醒，请在截止前提交。`,
}

const HOUR: Snooze = { minutes: 60 }
/** What the buttons of a reminder ask for. */
const buttons: Record<string, Snooze> = {
  '30m': { minutes: 30 },
  '1h': HOUR,
  tomorrow: { daysAhead: 1, at: '09:00' },
}

/** When a snooze ends; a time of today that is over means an hour. */
function wakeAt(ctx: Ctx, at: Date, asked: Snooze): Date {
  const inMinutes = (minutes: number) => new Date(at.getTime() + minutes * 60_000)
  if ('minutes' in asked) return inMinutes(asked.minutes)
  const zone = ctx.company().timeZone
  const then = instantAt(addDays(dayOf(at, zone), asked.daysAhead), asked.at, zone)
  return then > at ? then : inMinutes(60)
}

async function snoozeFor(turn: Turn, ctx: Ctx, week: Week, asked: Snooze): Promise<Answer[]> {
  const { timeZone: zone, weeks: calendar, deadlines } = ctx.company()
  const until = wakeAt(ctx, turn.at, asked)
  const due = deadlineOf(ctx.company(), week)
  if (due !== 'closed' && until >= due.deadline && turn.at < due.deadline) {
    const left = reminderInstants(week, calendar, deadlines)
    const comes = left !== 'closed' && [left.first, left.morning, left.last].some((at) => at && at > turn.at)
    return [{ text: (comes ? text.pastDeadline : text.noneLeft)(formatInstant(due.deadline, zone)) }]
  }
  await snooze(ctx, turn, turn.person, week, until)
  return [{ text: text.later(formatInstant(until, zone)) }]
}

/** 1小时后, 今晚, 明天上午: typed of the week that is running. */
export const snoozeByWord = (turn: Turn, ctx: Ctx, said: string): Promise<Answer[]> =>
  snoozeFor(turn, ctx, runningWeek(ctx, turn.at), readSnooze(said) ?? HOUR)

export const onSnooze: OnCard = async (turn, ctx) =>
  snoozeFor(turn, ctx, String(turn.instance.context.week), Object.hasOwn(buttons, turn.arg) ? buttons[turn.arg]! : HOUR)
