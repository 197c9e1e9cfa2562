const ZONE = 'Asia/Shanghai'

const clockFormat = new Intl.DateTimeFormat('zh-CN', {
  timeZone: ZONE,
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
})
const secondFormat = new Intl.DateTimeFormat('zh-CN', {
  ...{ timeZone: ZONE, hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false },
})
const dayFormat = new Intl.DateTimeFormat('zh-CN', { timeZone: ZONE, month: 'long', day: 'numeric' })
const weekdayFormat = new Intl.DateTimeFormat('zh-CN', { timeZone: ZONE, weekday: 'short' })
const keyFormat = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short' })

/** Company time, whatever the zone of the browser. */
export const clockTime = (at: string | number | Date): string => clockFormat.format(new Date(at))
export const clockSeconds = (at: string | number | Date): string => secondFormat.format(new Date(at))
/** Such as 11月27日. */
export const shortDay = (at: string | number | Date): string => dayFormat.format(new Date(at))
/** Such as 周五. */
export const weekdayText = (at: string | number | Date): string => weekdayFormat.format(new Date(at))
/** Such as 11月27日 周五. */
export const dayText = (at: string | number | Date): string => `${shortDay(at)} ${weekdayText(at)}`
/** Such as 2026-11-27. */
export const dayKey = (at: string | number | Date): string => keyFormat.format(new Date(at))
export const momentText = (at: string | number | Date): string => `${dayText(at)} ${clockTime(at)}`
/** From the fields of a form to an instant of company time. */
export const instantOf = (day: string, time: string): string => `${day}T${time}:00+08:00`
