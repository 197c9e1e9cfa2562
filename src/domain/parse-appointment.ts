import { halfWidth, NUMERAL, numeral } from './chat-text.ts'
import { DAY_SOURCE, dayFrom } from './parse-day.ts'
import { addDays, type Day, instantAt, weekOf } from './time.ts'

export interface Appointment {
  day: Day
  /** `HH:mm` */
  time: string
  at: Date
  /** Empty when none is named. */
  place: string
}

const DAY = new RegExp(DAY_SOURCE)
const TIME = new RegExp(
  `(上午|早上|中午|下午|傍晚|晚上)?\\s?(?:(\\d{1,2}):(\\d{2})|(\\d{1,2}|[${NUMERAL}]{1,3})(?:点钟?|时)(?:(半)|([0-5]?\\d)分?)?)`,
)
const MAX_PLACE = 40

/** `15:00` of 「下午3点」. One to six without 上午 is the afternoon: nobody works before seven. */
function timeFrom([, part = '', clockHour, clockMinute, hour, half, minute]: RegExpExecArray): string | undefined {
  const said = clockHour === undefined ? numeral(hour!) : Number(clockHour)
  if (said === undefined) return undefined
  const later = /下午|傍晚|晚上/.test(part) ? said < 12 : said >= 1 && said <= 6 && !/上午|早上/.test(part)
  const h = later ? said + 12 : said
  const m = half ? 30 : Number(clockMinute ?? minute ?? 0)
  if (h > 23 || m > 59) return undefined
  return `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`
}

/**
 * A day, a time and a place as people write them: 「周三下午3点 三楼会议室」, 「12月2日15:00」. A weekday that is over this week is the
 * next week's.
 *
 * @returns undefined: a day or a time is missing or there is no such one
 */
export function readAppointment(text: string, today: Day, zone: string): Appointment | undefined {
  const said = halfWidth(text).slice(0, 200)
  const dayFound = DAY.exec(said)
  if (!dayFound) return undefined
  const read = dayFrom(dayFound[1]!, { planWeek: weekOf(today), today })
  if (!read) return undefined
  const day = read.day < today && /^(?:周|星期|礼拜)/.test(dayFound[1]!) ? addDays(read.day, 7) : read.day
  const rest = `${said.slice(0, dayFound.index)} ${said.slice(dayFound.index + dayFound[0].length)}`
  const timeFound = TIME.exec(rest)
  const time = timeFound && timeFrom(timeFound)
  if (!time) return undefined
  const place = `${rest.slice(0, timeFound.index)} ${rest.slice(timeFound.index + timeFound[0].length)}`
    .replace(/[:,，。;；、\s]+/g, ' ')
    .replace(/地点\s?/, '')
    .trim()
    .replace(/^(?:在|到)/, '')
  return { day, time, at: instantAt(day, time, zone), place: [...place].slice(0, MAX_PLACE).join('') }
}
