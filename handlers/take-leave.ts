import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { isOnTime } from '../src/domain/deadline.ts'
import { type LeaveDays, leaveDays, readLeaveWords, weeksOfLeave } from '../src/domain/parse-leave.ts'
import {
  addDays,
  addWeeks,
  type Day,
  dayOf,
  formatDay,
  formatInstant,
  formatWeek,
  formatWeeks,
  instantAt,
  partsOf,
  sundayOf,
  type Week,
} from '../src/domain/time.ts'
import type { Answer, OnCard, Turn } from '../src/inbox/handler.ts'
import type { WeekRow } from '../src/store/weeks.ts'
import { judgeOf } from './rights.ts'
import { type AskedExcuse, awake, hush, proposeExcuses, takeBackExcuses } from './weekly/submit.ts'
import { runningWeek, weeksFor } from './weekly/target.ts'
import { deadlineOf, viewWeek } from './weekly/week.ts'
import { meantBy } from './write-week.ts'

const text = {
  asked: (days: string, weeks: string, judge: string | undefined) =>
    `已记下${days}，${weeks}不再提醒。${judge ? `请假是否免计由${judge}确认，确认后告诉您。` : ''}`,
  noted: (days: string) => `已记下${days}。`,
  already: '您的请假已经在确认中，请稍候。',
  granted: (weeks: string) => `${weeks}已经免计，无需提交。`,
  settled: '该周所在月份的结果已确认，不能再登记请假；如确有需要，请联系直属上级或人力资源。',
  part: (week: string, due: string) =>
    `${week}请假不到工作日的一半，仍需提交（截止${due}），方便时可以在手机上提前提交。`,
  partLate: (week: string) => `${week}请假不到工作日的一半，仍需提交；已过截止时间，可以补交。`,
  noWorkdays: (days: string) => `${days}没有需要提交的周，不用登记。`,
  beyond: (until: string) => `一次最多登记半年；${until}之后仍在请假的，请到时再告诉我。`,
  unclear: '没有看懂请假的日期，可以这样写：请假 12月7日至12月11日，或：请假到周五。',
  trip: (week: string, due: string) =>
    `出差不算请假，${week}仍需提交（截止${due}），在手机上发“周计划”即可填写。如果是休假，请发“我在请假”。`,
  goodTrip: '出差不算请假，周总结和计划照常；本周您已提交，一路顺利。',
  takenBack: (weeks: string) => `已撤回${weeks}的请假，提醒照常，请按时提交。`,
  stillGranted: (weeks: string, judge: string) => `${weeks}已同意免计，如需改为照常提交，请联系${judge}。`,
  nothing: '目前没有等待确认的请假，提醒照常。',
}

/** How far ahead weeks are asked for: half a year, enough for a maternity leave. */
const MOST_WEEKS = 26

/** 我在请假, 请假 12月7日至12月11日: weeks that lose half of their working days are proposed, of others it is said what is due. */
export async function onLeaveByWord(turn: Turn, ctx: Ctx, said: string): Promise<Answer[]> {
  const { weeks: calendar, timeZone } = ctx.company()
  const today = dayOf(turn.at, timeZone)
  const words = readLeaveWords(said)
  const days = words && leaveDays(words, today, calendar)
  const reason = said.slice(0, 100)
  if (days === undefined) return [{ text: text.unclear }]
  const running = runningWeek(ctx, turn.at)
  if (days === 'now') return [{ text: (await ask(turn, ctx, [running], reason)).join('\n') }]
  const last = addWeeks(running, MOST_WEEKS - 1)
  const within = (week: Week) => week >= ctx.firstWeek && week <= last
  const { most, part } = weeksOfLeave(days, calendar)
  const [asked, owed] = [most.filter(within), part.filter(within)]
  const named = daysText(days, today)
  if (asked.length + owed.length === 0) return [{ text: text.noWorkdays(named) }]
  const lines = asked.length > 0 ? await ask(turn, ctx, asked, reason, named) : [text.noted(named)]
  for (const week of owed) lines.push(...(await stillOwed(turn, ctx, week, days)))
  if (days.to > sundayOf(last)) lines.push(text.beyond(dayText(sundayOf(last), today)))
  return [{ text: lines.join('\n') }]
}

export const onLeave: OnCard = async (turn, ctx) => {
  const week = String(turn.instance.context.week)
  return [
    { replace: closedCard(`${formatWeek(week)}的周总结和计划`, '已登记请假') },
    { text: (await ask(turn, ctx, [week], '请假')).join('\n') },
  ]
}

async function ask(turn: Turn, ctx: Ctx, weeks: Week[], reason: string, days = ''): Promise<string[]> {
  const outcomes = await proposeExcuses(ctx, turn, turn.person, weeks, reason)
  const of = (kind: string) => weeks.filter((_, i) => outcomes[i]!.kind === kind)
  const [proposed, granted] = [of('proposed'), of('granted')]
  const judge = await judgeOf(ctx, turn.person)
  return [
    ...(proposed.length > 0 ? [text.asked(days, formatWeeks(proposed), judge?.name)] : []),
    ...(proposed.length === 0 && of('already').length > 0 ? [text.already] : []),
    ...(granted.length > 0 ? [text.granted(formatWeeks(granted))] : []),
    ...(of('settled').length > 0 ? [text.settled] : []),
  ]
}

/** A week of which less than half is taken: due all the same, but nobody is reminded on the days of the leave. */
async function stillOwed(turn: Turn, ctx: Ctx, week: Week, { to, half }: LeaveDays): Promise<string[]> {
  const { timeZone } = ctx.company()
  const due = deadlineOf(ctx.company(), week)
  const { counts, row } = await viewWeek(ctx, turn.person, week, turn.at)
  if (due === 'closed' || counts || row.excuse?.state === 'granted') return []
  if (!isOnTime(turn.at, due.deadline)) return [text.partLate(formatWeek(week))]
  const until = instantAt(to < due.day ? addDays(to, 1) : due.day, '00:00', timeZone)
  if (!half && until > turn.at) await hush(ctx, turn, turn.person, week, until)
  return [text.part(formatWeek(week), formatInstant(due.deadline, timeZone))]
}

/** 11月30日至12月4日请假; days of another year with it. */
function daysText({ from, to, half }: LeaveDays, today: Day): string {
  const [first, last] = [dayText(from, today), dayText(to, today)]
  return from === to ? `${first}请假${half ? '半天' : ''}` : `${first}至${last}请假`
}

function dayText(day: Day, today: Day): string {
  const { year } = partsOf(day)
  return `${year === partsOf(today).year ? '' : `${year}年`}${formatDay(day)}`
}

/** 我在出差: no leave. */
export async function onTripByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const week = runningWeek(ctx, turn.at)
  const { counts, due } = await viewWeek(ctx, turn.person, week, turn.at)
  if (counts || due === 'closed') return [{ text: text.goodTrip }]
  return [{ text: text.trip(formatWeek(week), formatInstant(due.deadline, ctx.company().timeZone)) }]
}

const written = (rows: WeekRow[]): string | undefined =>
  rows.map((row) => `${row.week}@${row.excuse!.at.toISOString()}`).join() || undefined
const askedIn = (written: string | undefined): AskedExcuse[] =>
  (written?.split(',') ?? []).map((one) => {
    const [week = '', at = ''] = one.split('@')
    return { week, at: new Date(at) }
  })

/** 取消请假, 销假: what is not decided is asked for no more; what was granted is the superior's to take back. */
export async function backFromLeave(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const running = runningWeek(ctx, turn.at)
  const noted = await meantBy(turn, ctx, 'leave', async () =>
    written((await ctx.weeks.onLeave(turn.person._id)).filter((row) => row.excuse!.state === 'proposed')),
  )
  const taken = await takeBackExcuses(ctx, turn, turn.person, askedIn(noted))
  await awake(ctx, { ...turn, id: `${turn.id}/awake` }, turn.person, running)
  const granted = (await ctx.weeks.onLeave(turn.person._id))
    .filter((row) => row.excuse!.state === 'granted' && row.week >= running)
    .map((row) => row.week)
  const judge = (await judgeOf(ctx, turn.person))?.name ?? '人力资源'
  const lines = [
    ...(taken.length > 0 ? [text.takenBack(formatWeeks(taken))] : []),
    ...(granted.length > 0 ? [text.stillGranted(formatWeeks(granted), judge)] : []),
  ]
  return [{ text: lines.join('\n') || text.nothing }]
}

/** 撤销, typed right after a leave. @returns undefined when something else was done since, or nothing of the kind */
export async function takeBackLeaveByWord(turn: Turn, ctx: Ctx): Promise<Answer[] | undefined> {
  const noted = await meantBy(turn, ctx, 'leave', async () => {
    const undoMs = ctx.company().weekly.undoMinutes * 60_000
    const proposed = (await ctx.weeks.onLeave(turn.person._id)).filter((row) => row.excuse!.state === 'proposed')
    const at = Math.max(...proposed.map((row) => row.excuse!.at.getTime()))
    if (proposed.length === 0 || turn.at.getTime() - at > undoMs || at < (await lastDone(turn, ctx))) return undefined
    return written(proposed.filter((row) => row.excuse!.at.getTime() === at))
  })
  if (!noted) return undefined
  const taken = await takeBackExcuses(ctx, turn, turn.person, askedIn(noted))
  return [{ text: taken.length > 0 ? text.takenBack(formatWeeks(taken)) : text.nothing }]
}

/** When this person last handed in or scored a week. */
async function lastDone(turn: Turn, ctx: Ctx): Promise<number> {
  const rows = await ctx.weeks.ofPerson(turn.person._id, await weeksFor(ctx, turn.person, turn.at))
  const handedIn = rows.map((row) => row.submissions.at(-1)?.at.getTime() ?? 0)
  const scored = (await ctx.weeks.lastScoredBy(turn.person._id))?.score?.at.getTime() ?? 0
  return Math.max(scored, ...handedIn)
}
