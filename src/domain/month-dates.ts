import type { Calendar } from './calendar.ts'
import { type Day, formatDay, formatDayFull, instantAt, type Month, makeDay, nextMonth, partsOf } from './time.ts'

/** Days of the month after, and times of day (domain.md §6). */
export interface MonthSettings {
  settleDay: number
  settleTime: string
  confirmDay: number
  approveDay: number
  publishDay: number
  publishTime: string
  appealDays: number
}

export interface MonthDay {
  day: Day
  /** Set when it is not the day of the settings. */
  moved?: { from: Day; because: string }
}

export interface MonthDates {
  settle: MonthDay & { at: Date }
  confirm: MonthDay
  approve: MonthDay
  publish: MonthDay & { at: Date }
}

/**
 * The steps of a month's result, on days of the month after. A day off moves to the next working day; each step keeps at
 * least one working day after the one before (domain.md §6, §11.19).
 */
export function monthDates(month: Month, calendar: Calendar, s: MonthSettings, zone: string): MonthDates {
  const { year, month: number } = partsOf(`${nextMonth(month)}-01`)
  const step = (dayOfMonth: number, before?: Day): MonthDay => {
    const planned = makeDay(year, number, dayOfMonth)!
    const kind = calendar.kind(planned)
    const own = calendar.isWorkday(planned) ? planned : calendar.nextWorkday(planned)
    const earliest = before === undefined ? own : calendar.nextWorkday(before)
    const day = [own, earliest].sort().at(-1)!
    if (day === planned) return { day }
    const because = calendar.isWorkday(planned)
      ? '随上一步'
      : `因${kind.kind === 'holiday' ? (kind.name ?? '节假日') : '休息日'}`
    return { day, moved: { from: planned, because } }
  }
  const settle = step(s.settleDay)
  const confirm = step(s.confirmDay, settle.day)
  const approve = step(s.approveDay, confirm.day)
  const publish = step(s.publishDay, approve.day)
  return {
    settle: { ...settle, at: instantAt(settle.day, s.settleTime, zone) },
    confirm,
    approve,
    publish: { ...publish, at: instantAt(publish.day, s.publishTime, zone) },
  }
}

/** 12月7日（周一，因休息日由12月5日顺延）: stands anywhere in a sentence. */
export function dayText({ day, moved }: MonthDay): string {
  const full = formatDayFull(day)
  return moved ? `${full.slice(0, -1)}，${moved.because}由${formatDay(moved.from)}顺延）` : full
}

/**
 * Until when an appeal is open: 24:00 of the last of so many working days, day 1 being the working day after
 * (domain.md §11.25). @returns the day whose end it is, and the instant
 */
export function appealUntil(day: Day, days: number, calendar: Calendar, zone: string): { day: Day; until: Date } {
  const last = calendar.addWorkdays(day, days)
  return { day: last, until: new Date(instantAt(last, '23:59', zone).getTime() + 60_000) }
}

/** Working days left, the current one included when it is one: 还剩3个工作日（至10月15日）. */
export function appealLeft(today: Day, last: Day, calendar: Calendar): string {
  let left = calendar.isWorkday(today) ? 1 : 0
  for (let next = calendar.nextWorkday(today); next <= last; next = calendar.nextWorkday(next)) left++
  return `还剩${left}个工作日（至${formatDay(last)}）`
}
