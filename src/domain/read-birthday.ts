import { type Birthday, checkBirthday, toSolar } from './birthday.ts'
import { halfWidth, numeral } from './chat-text.ts'
import { type Day, partsOf } from './time.ts'

export type ReadBirthday =
  | { kind: 'read'; birthday: Birthday; year?: number }
  /** 八月十五 without a calendar: people mean either. */
  | { kind: 'which-calendar'; solar: Birthday; lunar: Birthday; year?: number }
  /** There is no such day; `why` is for the person who typed it. */
  | { kind: 'impossible'; why: string }
  | { kind: 'unread' }

const SOLAR = /(?:公历|阳历|新历|国历|西历)/
const LUNAR = /(?:农历|阴历|旧历|古历|老历|夏历)/
const LUNAR_MONTHS: Record<string, number> = { 正: 1, 冬: 11, 腊: 12 }
const NUMBER = '[零〇一二两三四五六七八九十]{1,3}|\\d{1,2}'
const WRITTEN = new RegExp(
  `^(?:(\\d{4}|\\d{2}(?=年))\\s*[-/.年]\\s*)?(闰)?\\s*(正|冬|腊|${NUMBER})\\s*(?:月|[-/.])\\s*(?:初|廿|卅)?(?:${NUMBER})?\\s*(?:日|号)?$`,
)
const DAY_PART = new RegExp(`(?:月|[-/.])\\s*((初|廿|卅)?(${NUMBER})?)\\s*(?:日|号)?$`)

/**
 * A birthday as people write it: 1990-05-03, 5月3日, 5.3, 农历八月十五, 阴历闰六月初一, 腊月廿九, also full-width. A two-digit
 * year with 年 is of the last hundred years. A calendar is assumed only where the words leave no other.
 *
 * @param today no birthday lies after it
 */
export function readBirthday(text: string, today: Day): ReadBirthday {
  const thisYear = partsOf(today).year
  const half = halfWidth(text).trim()
  const saysLunar = LUNAR.test(half)
  const saysSolar = SOLAR.test(half)
  if (saysLunar && saysSolar) return { kind: 'unread' }
  const plain = half
    .replace(/^(?:我的?)?(?:生日|出生日期|出生)?(?:是|为|在|改成|改为|改到)?\s*[:：]?\s*/, '')
    .replace(LUNAR, '')
    .replace(SOLAR, '')
    .replace(/[()（）]/g, '')
    .replace(/(?:生日|出生|生|过)$/, '')
    .replace(/\s+00:00(?::00)?(?:\.0+)?$/, '')
    .trim()
  const compact = /^(\d{4})(\d{2})(\d{2})$/.exec(plain)
  const shaped = compact ? `${compact[1]}-${compact[2]}-${compact[3]}` : plain
  const written = WRITTEN.exec(shaped)
  const day = written && dayNumber(shaped)
  if (!written || day === undefined || day === null) return { kind: 'unread' }
  const monthWord = written[3]!
  const month = LUNAR_MONTHS[monthWord] ?? numeral(monthWord)
  if (month === undefined) return { kind: 'unread' }
  const year = written[1] === undefined ? undefined : fullYear(written[1], thisYear)
  const leap = written[2] !== undefined
  const onlyLunar = leap || LUNAR_MONTHS[monthWord] !== undefined || /(?:初|廿|卅)/.test(shaped)
  if (onlyLunar && saysSolar) return { kind: 'unread' }

  const lunar: Birthday = { calendar: 'lunar', month, day, ...(leap && { leap }) }
  const solar: Birthday = { calendar: 'solar', month, day }
  if (saysLunar || onlyLunar) return checked(lunar, year, today)
  // 八月十五 in characters and without 日 is how lunar days are said, but solar ones now and then too.
  const inCharacters = !/\d/.test(shaped.replace(/^\d{4}年?/, '')) && !/[日号]$/.test(shaped)
  if (!saysSolar && inCharacters && checkBirthday(lunar, year, thisYear).ok && checkBirthday(solar, year, thisYear).ok)
    return { kind: 'which-calendar', solar, lunar, ...(year !== undefined && { year }) }
  if (!saysSolar && inCharacters && !checkBirthday(solar, year, thisYear).ok) return checked(lunar, year, today)
  return checked(solar, year, today)
}

function checked(birthday: Birthday, year: number | undefined, today: Day): ReadBirthday {
  const result = checkBirthday(birthday, year, partsOf(today).year)
  if (!result.ok) return { kind: 'impossible', why: result.why }
  if (year !== undefined && bornOn(birthday, year) > today)
    return { kind: 'impossible', why: '这个日期还没有到，请核对年份；不写年份也可以。' }
  return { kind: 'read', birthday, ...(year !== undefined && { year }) }
}

function bornOn(birthday: Birthday, year: number): Day {
  if (birthday.calendar === 'lunar') return toSolar(year, birthday)
  return `${year}-${String(birthday.month).padStart(2, '0')}-${String(birthday.day).padStart(2, '0')}`
}

/** 初八 8, 廿九 29, 卅 30, 三十 30, 15. */
function dayNumber(text: string): number | undefined {
  const [, whole = '', ten, rest] = DAY_PART.exec(text) ?? []
  if (whole === '') return undefined
  const number = rest === undefined ? 0 : numeral(rest)
  if (number === undefined) return undefined
  if (ten === undefined) return rest === undefined ? undefined : number
  if (ten === '初') return number >= 1 && number <= 10 ? number : undefined
  if (ten === '卅') return number === 0 || number === 1 ? 30 + number : undefined
  return number >= 1 && number <= 9 ? 20 + number : undefined
}

function fullYear(digits: string, thisYear: number): number {
  if (digits.length === 4) return Number(digits)
  const inThisCentury = 2000 + Number(digits)
  return inThisCentury <= thisYear ? inThisCentury : inThisCentury - 100
}

/** A date out of a roster or a text field: 2024-03-01, 2024/3/1, 2024.3.1, 2024年3月1日, 20240301, with a time behind it. */
export function readDate(text: string): Day | undefined {
  const parts =
    /^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s].*)?$/.exec(halfWidth(text).trim()) ??
    /^(\d{4})(\d{2})(\d{2})$/.exec(halfWidth(text).trim())
  if (!parts) return undefined
  const [year, month, day] = [parts[1]!, parts[2]!.padStart(2, '0'), parts[3]!.padStart(2, '0')]
  const at = new Date(`${year}-${month}-${day}T00:00:00Z`)
  return Number.isNaN(at.getTime()) || at.getUTCDate() !== Number(day) ? undefined : `${year}-${month}-${day}`
}
