import type { Calendar } from './calendar.ts'
import { halfWidth, NUMERAL, numeral, trimMarks } from './chat-text.ts'
import { dayFrom, ONE_DAY } from './parse-day.ts'
import {
  addDays,
  addWeeks,
  type Day,
  daysBetween,
  lastDayOf,
  makeDay,
  mondayOf,
  partsOf,
  sundayOf,
  type Week,
  weekOf,
} from './time.ts'

/** Days of a leave, both included; `half`: of its one day only a half. */
export interface LeaveDays {
  from: Day
  to: Day
  half: boolean
}

/** What somebody says of their own leave, before it is known which day it is today. */
export interface LeaveWords {
  /** Of the days, without spaces; empty: none were named, the leave is now. */
  days: string
  /** 产假 runs over weekends and holidays; others are counted in working days. */
  everyDay: boolean
}

const COUNT = `(?:\\d{1,3}|[${NUMERAL}]{1,3})`
const LENGTH = `(${COUNT})个?(天|日|工作日|周|星期|礼拜|月)(?:时间)?`
const HALF = '(?:半天|半日|一?个?上午|一?个?下午)'
const WEEK = '(本|这个?|下下个?|下个?|整)(?:周|星期|礼拜)(?:整周|全周)?'
const MONTH = '(?:(20\\d{2})年)?(\\d{1,2})月(?:份|底|末)?'
const END = `(?:${ONE_DAY}|${MONTH}|年底)`
const FROM = '(?:从|自)?'

/** The ways in which days of a leave are named. Groups: what `leaveDays` reads of each. */
const SPANS = {
  now: /^$/,
  half: new RegExp(`^(${ONE_DAY})?${HALF}$`),
  length: new RegExp(`^${FROM}(${ONE_DAY})?(?:起|开始)?${LENGTH}$`),
  range: new RegExp(`^${FROM}(${ONE_DAY})(?:起|开始)?(?:到|至|-|~)(${END})$`),
  until: new RegExp(`^(?:请到|休到|直到|到|至)(${END})$`),
  since: new RegExp(`^${FROM}(${ONE_DAY})(?:起|开始)$`),
  day: new RegExp(`^(${ONE_DAY})(?:全天|整天)?$`),
  week: new RegExp(`^${WEEK}$`),
} as const
const isSpan = (text: string): boolean => Object.values(SPANS).some((span) => span.test(text))

const KIND = '(?:年休|年|病|事|产|陪产|婚|丧|护理|育儿)'
const LEAVE = new RegExp(
  `^(?:我|本人)?(?:想要?|要|需要|打算|准备|申请)?(.{0,24}?)我?(?:在|想要?|要|已经?|正在|需要|打算|申请)?(?:(?:请|休)个?(${COUNT}天|半天)?的?(${KIND})?假|(${KIND})假)(?:了|中)?(.{0,24}?)(?:为止|止|结束|回来)?了?$`,
)

/** One part between commas: the leave with what it says of its days. */
function leaveIn(part: string): LeaveWords | undefined {
  const match = LEAVE.exec(part)
  if (!match) return undefined
  const [, before = '', count = '', kind, alone, after = ''] = match
  const days = `${before}${count}${after}`
  return isSpan(days) ? { days, everyDay: (kind ?? alone)?.endsWith('产') ?? false } : undefined
}

/** The most characters that are looked at. */
const MAX_LENGTH = 60

/**
 * 「请假」, 「下周请年假」, 「请假 12月7日至12月11日」, 「孩子生病，明天请假一天」: one's own leave and nothing else but a reason
 * (domain.md §11.6). Undefined for anything else: 「张三请假」, 「请假制度宣贯 10分」.
 */
export function readLeaveWords(text: string): LeaveWords | undefined {
  const half = trimMarks(halfWidth(text))
    .replace(/[!?。.]+$/, '')
    .replace(/(?<![\d.])(\d{1,2})\.(\d{1,2})(?![\d.])/g, '$1月$2日')
  if (half.length > MAX_LENGTH || half.includes('\n')) return undefined
  const byCommas = half.split(/[,，;；。]/).map((part) => part.replace(/\s+/g, ''))
  // 「我在请假 家里有事」: a space, too, may stand before the reason.
  return readParts(byCommas) ?? readParts(half.split(/[,，;；。\s]+/))
}

function readParts(parts: string[]): LeaveWords | undefined {
  const at = parts.findIndex((part) => leaveIn(part))
  const leave = at < 0 ? undefined : leaveIn(parts[at]!)
  if (!leave) return undefined
  const rest = parts.map((part, i) => ({ part, behind: i > at })).filter(({ part }, i) => i !== at && part !== '')
  const days = leave.days === '' ? rest.find(({ part }) => isSpan(part)) : undefined
  const isSure = leave.days !== '' || days !== undefined || /^(?:我|本人)/.test(parts[at]!)
  const isReason = ({ part, behind }: { part: string; behind: boolean }) =>
    part.length <= 30 && !/\d/.test(part) && (isSure || !behind)
  if (!rest.every((one) => one === days || isReason(one))) return undefined
  return days ? { ...leave, days: days.part } : leave
}

const TRIP =
  /^(?:我|本人)?(.{0,16}?)(?:在|要去?|去|正在|已经?)?(?:[去到赴在][\u4e00-\u9fff]{2,6})?出差(?:了|中)?(.{0,16}?)$/

/** 「我在出差」, 「下周出差三天」: away, but not on leave. */
export function readsAsTrip(text: string): boolean {
  const match = TRIP.exec(trimMarks(halfWidth(text)).replace(/[\s!?。.]+/g, ''))
  return match !== null && isSpan(`${match[1]}${match[2]}`)
}

const BARE_WEEKDAY = /^(?:周|星期|礼拜)[一二三四五六日天1-6]$/
/** No leave is said of later than so many days on. */
const MOST_COUNT = 400

/**
 * The days that are meant. What lies behind today without saying so is meant ahead: 「请假到周二」 on a Wednesday.
 * @returns `now` when no day was named; undefined when the days make no sense: 13月40日, 周五到周三
 */
export function leaveDays(
  { days, everyDay }: LeaveWords,
  today: Day,
  calendar: Pick<Calendar, 'isWorkday' | 'addWorkdays'>,
): LeaveDays | 'now' | undefined {
  if (days === '') return 'now'
  const read = (text: string | undefined) =>
    text === undefined ? today : dayFrom(text, { planWeek: weekOf(today), today })?.day
  const ahead = (text: string | undefined) => {
    const day = read(text)
    return day !== undefined && day < today && text !== undefined && BARE_WEEKDAY.test(text) ? addDays(day, 7) : day
  }
  const whole = (from: Day | undefined, to: Day | undefined): LeaveDays | undefined =>
    from !== undefined && to !== undefined && from <= to ? { from, to, half: false } : undefined

  const half = SPANS.half.exec(days)
  if (half) {
    const day = ahead(half[1])
    return day === undefined ? undefined : { from: day, to: day, half: true }
  }
  const length = SPANS.length.exec(days)
  if (length) {
    const from = ahead(length[1])
    const count = numeral(length[2]!) ?? 0
    if (from === undefined || count < 1 || count > MOST_COUNT) return undefined
    const unit = { 周: 7, 星期: 7, 礼拜: 7, 月: 30 }[length[3]!]
    if (unit) return whole(from, addDays(from, Math.min(count * unit, MOST_COUNT) - 1))
    if (everyDay) return whole(from, addDays(from, count - 1))
    // 「请假3天」 on a Sunday begins on Monday.
    const start = length[1] || calendar.isWorkday(from) ? from : calendar.addWorkdays(from, 1)
    if (count === 1) return whole(start, start)
    return whole(start, calendar.addWorkdays(start, calendar.isWorkday(start) ? count - 1 : count))
  }
  const range = SPANS.range.exec(days)
  if (range) {
    const from = read(range[1])
    const to = from && endOf(range[2]!, from, read)
    // 「周一到周三」 on a Saturday is of the week to come.
    const shift = to && to < today && BARE_WEEKDAY.test(range[1]!) ? 7 : 0
    return from && to ? whole(addDays(from, shift), addDays(to, shift)) : undefined
  }
  const until = SPANS.until.exec(days)
  if (until) return whole(today, endOf(until[1]!, today, ahead))
  const since = SPANS.since.exec(days)
  if (since) {
    const from = ahead(since[1])
    return whole(from, from && sundayOf(weekOf(from)))
  }
  const week = SPANS.week.exec(days)
  if (week) {
    const which = week[1]!.startsWith('下下') ? 2 : week[1]!.startsWith('下') ? 1 : 0
    const meant = addWeeks(weekOf(today), which)
    return whole(mondayOf(meant), sundayOf(meant))
  }
  const day = ahead(SPANS.day.exec(days)?.[1])
  return whole(day, day)
}

/** The last day, said after `from`: 「下周一至周三」, 「11月3日至5日」, 「到2027年3月」. */
function endOf(text: string, from: Day, read: (text: string) => Day | undefined): Day | undefined {
  if (text === '年底') return makeDay(partsOf(from).year, 12, 31)
  const month = new RegExp(`^${MONTH}$`).exec(text)
  if (month) {
    const { year } = partsOf(from)
    const number = Number(month[2])
    const years = month[1] ? [Number(month[1])] : [year, year + 1]
    const ends = years.flatMap((one) =>
      makeDay(one, number, 1) ? [lastDayOf(makeDay(one, number, 1)!.slice(0, 7))] : [],
    )
    return ends.find((day) => day >= from)
  }
  const dayOnly = /^(\d{1,2})[日号]$/.exec(text)
  if (dayOnly) {
    const { year, month } = partsOf(from)
    const here = makeDay(year, month, Number(dayOnly[1]))
    return here !== undefined && here >= from ? here : read(text)
  }
  const day = read(text)
  if (day === undefined || day >= from || !BARE_WEEKDAY.test(text)) return day
  return addDays(day, Math.ceil(daysBetween(day, from) / 7) * 7)
}

/**
 * The weeks that a leave touches: `most`, of which it takes half of the working days or more, and `part`, of which it takes fewer
 * (domain.md §11.6). Closed weeks are in neither.
 */
export function weeksOfLeave(leave: LeaveDays, calendar: Calendar): { most: Week[]; part: Week[] } {
  const weeks: { most: Week[]; part: Week[] } = { most: [], part: [] }
  for (let week = weekOf(leave.from); week <= weekOf(leave.to); week = addWeeks(week, 1)) {
    if (calendar.isClosedWeek(week)) continue
    const days = calendar.workdaysOfWeek(week)
    const taken = days.filter((day) => day >= leave.from && day <= leave.to).length * (leave.half ? 0.5 : 1)
    if (taken > 0) weeks[taken * 2 >= days.length ? 'most' : 'part'].push(week)
  }
  return weeks
}
