import { NUMERAL, numeral } from './chat-text.ts'
import {
  addDays,
  addWeeks,
  type Day,
  daysBetween,
  daysOfWeek,
  formatDayFull,
  lastDayOf,
  makeDay,
  mondayOf,
  monthOf,
  monthOfWeek,
  nextMonth,
  partsOf,
  previousMonth,
  type Week,
  weekOf,
} from './time.ts'

/** One day as people write it, half-width. Groups are not counted on: `dayFrom` reads the matched text again. */
export const ONE_DAY =
  '(?:20\\d{2}\\s?[-/.年]\\s?\\d{1,2}\\s?[-/.月]\\s?\\d{1,2}[日号]?' +
  '|\\d{1,2}月\\s?\\d{1,2}[日号]?' +
  `|[${NUMERAL}]{1,3}月[${NUMERAL}]{1,3}[日号]` +
  '|\\d{1,2}[-/]\\d{1,2}(?![-/\\d])' +
  '|\\d{1,2}[日号]' +
  '|(?:本|这|这个|下|下个)?(?:周|星期|礼拜)[一二三四五六日天1-6]' +
  '|今天|明天|后天|大后天|(?:本|这个)?月[底末]|下个?月[底末]|(?:本)?周末)'

/**
 * A finish day with what people put around it: `周三前完成`, `预计11月25日`, `截止：25号`, `周一至周三`. Half-width text;
 * every quantifier is bounded, so it ends quickly on anything.
 */
export const DAY_SOURCE = `(?:(?:预计|计划|截止|截至|期限|最晚|完成时间|完成日期|完成时限|于|在|到)\\s?){0,2}[:]?\\s?(?:${ONE_DAY}\\s?[至到~-]\\s?)?(${ONE_DAY})(?:\\s?(?:之前|以前|前|内|截止|止|下班前))?(?:\\s?(?:完成|做完|提交|交))?`

/** Also `11.25`, which only a place for days makes a day: a cell of a day column, or a line whose points are read already. */
export const DOTTED_DAY = '\\d{1,2}\\.\\d{1,2}(?![.\\d])(?:\\s?(?:日|之前|以前|前))?(?:\\s?完成)?'

export interface DayContext {
  /** The week that is being planned: 周三 is its Wednesday, 25日 the first 25th that is not before it. */
  planWeek: Week
  /** The day on which it is said, for 明天. */
  today: Day
}

export interface ReadDay {
  day: Day
  /** What was assumed, in Chinese; absent when there is only one reading. */
  assumed?: string
}

/** The day that a text from `ONE_DAY` means. Undefined when there is no such day: `13月40日`. */
export function dayFrom(text: string, { planWeek, today }: DayContext): ReadDay | undefined {
  const monday = mondayOf(planWeek)
  const plain = text.replace(/\s/g, '')
  const full = /^(20\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号]?$/.exec(plain)
  if (full) return found(makeDay(Number(full[1]), Number(full[2]), Number(full[3])))

  const monthAndDay =
    /^(\d{1,2}|[零〇一二两三四五六七八九十]{1,3})[月\-/.](\d{1,2}|[零〇一二两三四五六七八九十]{1,3})[日号]?$/.exec(
      plain,
    )
  if (monthAndDay) return found(nearMonthDay(numeral(monthAndDay[1]!) ?? 0, numeral(monthAndDay[2]!) ?? 0, monday))

  const dayOnly = /^(\d{1,2})[日号]$/.exec(plain)
  if (dayOnly) return found(nextDayOfMonth(Number(dayOnly[1]), monday))

  const weekdayName = /^(本|这|这个|下|下个)?(?:周|星期|礼拜)([一二三四五六日天1-6])$/.exec(plain)
  if (weekdayName) {
    const [, which = '', name] = weekdayName
    const index = '一二三四五六日'.indexOf(name === '天' ? '日' : name!)
    const offset = index >= 0 ? index : Number(name) - 1
    const literal = which.startsWith('下') ? addWeeks(weekOf(today), 1) : which === '' ? planWeek : weekOf(today)
    // 本周三 in a plan for the coming week: the week of the plan, since the plan cannot lie before it.
    const week = literal < planWeek ? planWeek : literal
    const day = daysOfWeek(week)[offset]!
    return which !== '' && week !== literal ? { day, assumed: `“${plain}”按${formatDayFull(day)}理解` } : { day }
  }
  const ahead = ['今天', '明天', '后天', '大后天'].indexOf(plain)
  if (ahead >= 0) return { day: addDays(today, ahead) }
  if (/周末$/.test(plain)) return { day: addDays(monday, 6) }
  if (/^下个?月/.test(plain)) return { day: lastDayOf(nextMonth(monthOfWeek(planWeek))) }
  if (/月[底末]$/.test(plain)) return { day: lastDayOf(monthOfWeek(planWeek)) }
  return undefined
}

/** A day of a fact, half-width: 昨天, 周三, 上周五, 10日, 11月20日, 11/20. Also days ahead, so that they can be refused. */
export const FACT_DAY_SOURCE =
  '(20\\d{2}\\s?[-/.年]\\s?\\d{1,2}\\s?[-/.月]\\s?\\d{1,2}[日号]?' +
  '|\\d{1,2}月\\s?\\d{1,2}[日号]?' +
  `|[${NUMERAL}]{1,3}月[${NUMERAL}]{1,3}[日号]` +
  '|\\d{1,2}[-/]\\d{1,2}(?![-/\\d])' +
  '|(?:上个?月|本月|这个?月)?\\d{1,2}[日号]' +
  '|(?:上上|上个?|本|这个?|下个?)?(?:周|星期|礼拜)[一二三四五六日天1-6]' +
  '|大前天|前天|昨天|昨日|今天|今日|明天|后天)'

/**
 * The day that a text from `FACT_DAY_SOURCE` means. What leaves it open is in the past: 周三 is the last Wednesday, today's
 * included, 10日 this month's or else the last one's. Undefined when there is no such day.
 */
export function factDayFrom(text: string, today: Day): Day | undefined {
  const plain = text.replace(/\s/g, '')
  const ofMonth = /^(上|本|这)?(?:个?月)?(\d{1,2})[日号]$/.exec(plain)
  if (ofMonth) {
    const [, which, number] = ofMonth
    const [here, before] = [monthOf(today), previousMonth(monthOf(today))].map((month) => {
      const parts = partsOf(`${month}-01`)
      return makeDay(parts.year, parts.month, Number(number))
    })
    if (which) return which === '上' ? before : here
    return here !== undefined && here <= today ? here : before
  }
  const ofWeek = /^(上上|上|本|这|下)?个?(?:周|星期|礼拜)([一二三四五六日天1-6])$/.exec(plain)
  if (ofWeek) {
    const [, which, name] = ofWeek
    const index = '一二三四五六日'.indexOf(name === '天' ? '日' : name!)
    const day = daysOfWeek(weekOf(today))[index >= 0 ? index : Number(name) - 1]!
    const weeks = { 上上: -2, 上: -1, 本: 0, 这: 0, 下: 1 }[which ?? ''] ?? (day <= today ? 0 : -1)
    return addDays(day, weeks * 7)
  }
  const ahead = { 大前天: -3, 前天: -2, 昨天: -1, 昨日: -1, 今天: 0, 今日: 0, 明天: 1, 后天: 2 }[plain]
  // 11月20日 without a year is the nearest one.
  return ahead === undefined ? dayFrom(plain, { planWeek: weekOf(today), today })?.day : addDays(today, ahead)
}

const found = (day: Day | undefined): ReadDay | undefined => (day === undefined ? undefined : { day })

/** 11月25日 without a year: the one nearest to the planned week. */
function nearMonthDay(month: number, dayOfMonth: number, monday: Day): Day | undefined {
  const { year } = partsOf(monday)
  const days = [year - 1, year, year + 1].flatMap((one) => makeDay(one, month, dayOfMonth) ?? [])
  return days.sort((a, b) => Math.abs(daysBetween(a, monday)) - Math.abs(daysBetween(b, monday)))[0]
}

/** 25日: the first 25th from the planned Monday on. */
function nextDayOfMonth(dayOfMonth: number, monday: Day): Day | undefined {
  let month = monthOf(monday)
  for (let i = 0; i < 4; i++, month = nextMonth(month)) {
    const { year, month: number } = partsOf(`${month}-01`)
    const day = makeDay(year, number, dayOfMonth)
    if (day !== undefined && day >= monday) return day
  }
  return undefined
}
