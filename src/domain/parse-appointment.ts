import { halfWidth, NUMERAL, numeral } from './chat-text.ts'
import { dayFrom, ONE_DAY } from './parse-day.ts'
import { addDays, type Day, instantAt, weekday, weekOf } from './time.ts'

export interface Appointment {
  day: Day
  /** `HH:mm` */
  time: string
  at: Date
  /** Empty when none is named. */
  place: string
}

const PARTS = '上午|早上|早晨|清晨|早|中午|下午|午后|傍晚|晚上|晚间|晚|凌晨|半夜|深夜|夜里'
/** 三楼, 3号会议室, 15层: a number before these is a place's. */
const OF_PLACE = '楼层号室栋座幢厅门区院库'
/** 第一分公司 is no minute. */
const BRANCH = '公司|店|厂|院|校|行|部|局|会|机'
/** Not 两三点. */
const HOUR = `(?<![${NUMERAL}])(?:二?十[一二三四五六七八九]?|[零〇一二两三四五六七八九])`
const MINUTES = [
  '(半)(?!岛|个?小时|天)',
  '([一三13])刻钟?',
  `([0-5]?\\d|[${NUMERAL}]{1,3})分(?!钟|${BRANCH})`,
  `([0-5]\\d|[零〇][一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?)(?![\\d${NUMERAL}${OF_PLACE}分])`,
].join('|')
const TIME = new RegExp(
  `(${PARTS})?\\s?(?:(?<![\\d:])(\\d{1,2}):(\\d{2})(?!\\d)|((?<![\\d:])\\d{1,2}|${HOUR})(?:点钟?|时)(?:${MINUTES})?)`,
)
/** What a place does not say: there was more about the time than was understood. */
const MORE_TIME = new RegExp(
  `上午|早上|中午|下午|午后|傍晚|晚上|凌晨|\\d:\\d|[\\d${NUMERAL}]\\s?(?:点|时|刻|个?半?小时|分(?!${BRANCH}))` +
    '|半(?:个?小时|天)|[今明后]天|(?:周|星期|礼拜)[一二三四五六日天]|\\b[ap]m\\b',
  'i',
)
/** 「3点5」 */
const NUMBER_BEHIND = new RegExp(`^[\\d${NUMERAL}]+(?=$|[\\s,，。;；、])`)
/** 「3、4点」 */
const NUMBER_BEFORE = /(?:^|[\s午上早晚])\d{1,2}\s?[、,~或至到-]\s*$/
const MAX_PLACE = 40

/**
 * The hour of the day; undefined where there is none, or only one at night: 晚上12点, 凌晨3点. One to six without 上午 is the
 * afternoon: nobody works before seven.
 */
function hourFrom(part: string, said: number): number | undefined {
  if (/凌晨|夜/.test(part)) return undefined
  if (part.includes('晚')) return said >= 4 && said < 12 ? said + 12 : said >= 16 ? said : undefined
  if (/下午|午后/.test(part)) return said < 12 ? said + 12 : said
  if (part === '中午') return said >= 1 && said <= 2 ? said + 12 : said >= 11 && said <= 14 ? said : undefined
  if (part !== '') return said <= 12 ? said : undefined
  return said >= 1 && said <= 6 ? said + 12 : said
}

/** `15:00` of 「下午3点」 */
function timeFrom([, part = '', clock, clockMinute, hour, half, quarters, minute, bare]: RegExpExecArray) {
  const h = hourFrom(part, numeral(clock ?? hour!)!)
  const m = half ? 30 : quarters ? 15 * numeral(quarters)! : numeral(clockMinute ?? minute ?? bare ?? '0')
  if (h === undefined || m === undefined || h > 23 || m > 59) return undefined
  return `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`
}

const WEEKDAY = /^(?:周|星期|礼拜)/
/** 12号 and 12-2 may as well name a room: they are a day where nothing of a place stands right beside them. */
const BARE = /^\d{1,2}(?:[日号]|[-/]\d{1,2})$/
const BEFORE_DAY = /(?:^|[\s,，。;；、:(在到于改约定])$/
const BEHIND_DAY = new RegExp(`^(?:$|[\\s,，。;；、:()的]|${PARTS}|\\d|[${NUMERAL}]|周|星期|礼拜|[在到于])`)
const ROOM = /^\s*(?:会议|会客|接待|洽谈|培训|办公|教室|包间)/

/**
 * The day that is meant, and the text without it. Said twice, 「10月12日（周一）」, it must be the same one.
 *
 * @returns undefined: there is none, or there are several
 */
function dayIn(said: string, today: Day): { day: Day; rest: string } | undefined {
  const behind = ({ index, 0: text }: RegExpExecArray) => said.slice(index + text.length)
  const all = [...said.matchAll(new RegExp(ONE_DAY, 'g'))].filter(
    (f) => !BARE.test(f[0]) || (BEFORE_DAY.test(said.slice(0, f.index)) && BEHIND_DAY.test(behind(f))),
  )
  const certain = all.filter(({ 0: text }) => !BARE.test(text))
  const found = certain.length > 0 ? all.filter((f) => certain.includes(f) || !ROOM.test(behind(f))) : all
  const days = found.map(({ 0: text }) => {
    const day = dayFrom(text, { planWeek: weekOf(today), today })?.day
    // A weekday that is over this week is the next week's.
    return day !== undefined && day < today && WEEKDAY.test(text) ? addDays(day, 7) : day
  })
  const leads = Math.max(
    0,
    found.findIndex(({ 0: text }) => !WEEKDAY.test(text)),
  )
  const day = days[leads]
  const isSame = (other: Day | undefined, text: string) =>
    other === day || (other !== undefined && WEEKDAY.test(text) && weekday(other) === weekday(day!))
  if (day === undefined || !found.every(({ 0: text }, n) => isSame(days[n], text))) return undefined
  const rest = found.reduceRight(
    (left, { index, 0: text }) => `${left.slice(0, index)} ${left.slice(index + text.length)}`,
    said,
  )
  return { day, rest }
}

/**
 * A day, a time and a place as people write them: 「周三下午3点 三楼会议室」, 「12月2日15:00」, 「三点一刻」. What it says is sent on
 * at once, so nothing is guessed: where more of the text is about the time than was understood, it is not understood.
 *
 * @returns undefined: a day or a time is missing, there is no such one, or there are several
 */
export function readAppointment(text: string, today: Day, zone: string): Appointment | undefined {
  const read = dayIn(halfWidth(text).slice(0, 200), today)
  const found = read && TIME.exec(read.rest)
  const time = found && timeFrom(found)
  if (!time) return undefined
  const { day, rest } = read
  const [before, behind] = [rest.slice(0, found.index), rest.slice(found.index + found[0].length)]
  const place = `${before} ${behind}`
    .replace(/\(\s*\)/g, ' ')
    .replace(/[:,，。;；、\s]+/g, ' ')
    .replace(/地点\s?/, '')
    .trim()
    .replace(/^[改约定]?(?:[在到于]\s*|(?=\s|$))/, '')
    .trim()
  if (MORE_TIME.test(place) || NUMBER_BEHIND.test(behind) || NUMBER_BEFORE.test(before)) return undefined
  return { day, time, at: instantAt(day, time, zone), place: [...place].slice(0, MAX_PLACE).join('') }
}
