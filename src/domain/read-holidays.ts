import { z } from 'zod'
import { halfWidth } from './chat-text.ts'
import { type HolidayYear, statutoryDays } from './holidays.ts'
import {
  addDays,
  type Day,
  daysBetween,
  formatDay,
  formatDayFull,
  isDay,
  makeDay,
  weekday,
  weekdayName,
} from './time.ts'

export type ReadHolidays =
  | { kind: 'read'; year: HolidayYear }
  /** It is a notice, but something in it cannot be: sentences for HR, nothing is to be stored. */
  | { kind: 'wrong'; year: number; problems: string[] }
  | { kind: 'no-notice' }

const NAMES = ['元旦', '春节', '清明节', '劳动节', '端午节', '中秋节', '国庆节'] as const
const NAME = '元旦|春节|清明节?|劳动节|端午节?|中秋节?|国庆节?'
const HEADING = new RegExp(`(?:^|[\\s、.。])((?:${NAME})(?:[、和与及](?:${NAME}))*)\\s*[:：]`, 'g')
const DATE = /(?:(\d{4})年)?(?:(\d{1,2})月)?(\d{1,2})日(?:<([一二三四五六日天]?)>)?/
const RANGE = new RegExp(`${DATE.source}(?:\\s*[至到~-]\\s*${DATE.source})?`, 'g')
/** A holiday with its weekends is never longer. */
const LONGEST = 12

/** Whether a text looks like a State Council notice or its JSON, so that it is worth reading as one. */
export const looksLikeHolidays = (text: string): boolean =>
  (/"isOffDay"/.test(text) && /^\s*\{/.test(text)) ||
  (/20\d{2}年/.test(halfWidth(text)) && /放假/.test(text) && (text.match(new RegExp(NAME, 'g'))?.length ?? 0) >= 3)

const json = z.object({
  year: z.number().int().min(2020).max(2100),
  papers: z.array(z.string()).default([]),
  days: z.array(z.object({ name: z.string().min(1).max(20), date: z.string(), isOffDay: z.boolean() })).max(120),
})

/**
 * Reads next year's arrangement out of the State Council's notice as HR pastes it, or out of JSON in holiday-cn's shape
 * (features.md B2), and checks it against itself and the law: weekdays that are written must be right, counts must add up,
 * statutory days must be off, make-up days lie on weekends.
 */
export function readHolidays(text: string): ReadHolidays {
  if (!looksLikeHolidays(text)) return { kind: 'no-notice' }
  if (/^\s*\{/.test(text)) return readJson(text)
  const plain = halfWidth(text)
    // What stands in brackets is a lunar date, a remark or a weekday; only the last is kept.
    .replace(/\(([^()]*)\)/g, (_, inside: string) => `<${/(?:周|星期)([一二三四五六日天])/.exec(inside)?.[1] ?? ''}>`)
  const named = /(20\d{2})年(?:部分)?节假日安排/.exec(plain) ?? /(20\d{2})年/.exec(plain)
  const year = Number(named![1])
  const problems: string[] = []
  const days: HolidayYear['days'] = []
  const headings = [...plain.matchAll(HEADING)]
  for (const [i, heading] of headings.entries()) {
    const names = heading[1]!.split(/[、和与及]/).map(fullName)
    const body = plain.slice(heading.index + heading[0].length, headings[i + 1]?.index ?? plain.length)
    readBody(body, names, year, days, problems)
  }
  const paper = /国务院办公厅关于20\d{2}年[^\n。]{0,20}通知/.exec(halfWidth(text))?.[0]
  return checked({ year, papers: [paper ?? `人力资源粘贴的${year}年放假通知`], days }, problems)
}

function readJson(text: string): ReadHolidays {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'wrong', year: 0, problems: ['JSON 不完整或格式有误，请重新复制全文。'] }
  }
  const parsed = json.safeParse(value)
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? ''
    return { kind: 'wrong', year: 0, problems: [`JSON 中的“${at}”不符合 holiday-cn 的格式。`] }
  }
  const { year, papers, days } = parsed.data
  const bad = days.filter((d) => !isDay(d.date)).map((d) => `“${d.date}”不是有效日期。`)
  return bad.length > 0 ? { kind: 'wrong', year, problems: bad } : checked({ year, papers, days }, [])
}

const fullName = (name: string): string => (name === '元旦' || name.endsWith('节') ? name : `${name}节`)

/** One holiday's sentences: days off, days worked. */
function readBody(body: string, names: string[], year: number, days: HolidayYear['days'], problems: string[]): void {
  const name = names[0]!
  let waiting = ''
  for (const clause of body.split(/[。;；,，\n]/)) {
    const hasDay = DATE.test(clause)
    const off = /放假|休息|补休/.test(clause)
    const work = /上班/.test(clause)
    if (hasDay && !off && !work) {
      waiting = clause
      continue
    }
    const said = hasDay ? clause : waiting
    waiting = ''
    const count = /(?:共|放假|休)\s*(\d{1,2})\s*天/.exec(clause)
    if (!off && !work) {
      const total = days.filter((d) => d.name === name && d.isOffDay).length
      if (count && total > 0 && total !== Number(count[1]))
        problems.push(`${names.join('、')}写的是共${count[1]}天，实际列出${total}天。`)
      continue
    }
    const found = daysIn(said, name, year, problems)
    for (const date of found) days.push({ name, date, isOffDay: !work })
    if (off && count && found.length > 0 && found.length !== Number(count[1]))
      problems.push(`${names.join('、')}写的是放假${count[1]}天，实际列出${found.length}天。`)
  }
  // 国庆节、中秋节 in one: the second is told apart by its statutory day.
  for (const other of names.slice(1)) {
    const own = [...statutoryDays(year)].filter(([, n]) => n === other).map(([d]) => d)
    for (const day of days) if (day.name === name && own.includes(day.date)) day.name = other
  }
}

function daysIn(said: string, name: string, year: number, problems: string[]): Day[] {
  const found: Day[] = []
  let month: number | undefined
  const one = (y: string | undefined, m: string | undefined, d: string, week: string | undefined): Day | undefined => {
    month = m === undefined ? month : Number(m)
    if (month === undefined) return undefined
    const own = y !== undefined ? Number(y) : name === '元旦' && month === 12 ? year - 1 : year
    const day = makeDay(own, month, Number(d))
    if (!day) {
      problems.push(`${name}：没有${month}月${d}日。`)
      return undefined
    }
    if (week && weekdayName(day).slice(1) !== week.replace('天', '日'))
      problems.push(`${name}：${formatDay(day)}写的是周${week}，${own}年的这一天是${weekdayName(day)}。`)
    return day
  }
  for (const m of said.matchAll(RANGE)) {
    const from = one(m[1], m[2], m[3]!, m[4])
    const to = m[7] === undefined ? from : one(m[5], m[6], m[7], m[8])
    if (!from || !to) continue
    if (to < from || daysBetween(from, to) >= LONGEST) {
      problems.push(`${name}：${formatDay(from)}至${formatDay(to)}的起止日期不对。`)
      continue
    }
    for (let day = from; day <= to; day = addDays(day, 1)) found.push(day)
  }
  return found
}

function checked(read: HolidayYear, problems: string[]): ReadHolidays {
  const { year, days } = read
  const kinds = new Map<Day, boolean>()
  for (const { date, isOffDay } of days) {
    if (kinds.has(date) && kinds.get(date) !== isOffDay) problems.push(`${formatDay(date)}既写放假又写上班。`)
    kinds.set(date, isOffDay)
    if (!isOffDay && weekday(date) < 6) problems.push(`${formatDayFull(date)}写的是调休上班，但它本来就不是周末。`)
    if (Math.abs(Number(date.slice(0, 4)) - year) > 1) problems.push(`${date}不在${year}年前后。`)
  }
  const missing = [...statutoryDays(year)].filter(([day]) => kinds.get(day) !== true)
  for (const [day, name] of missing) problems.push(`${name}${formatDay(day)}是法定节假日，通知中没有列为放假。`)
  if (problems.length > 0) return { kind: 'wrong', year, problems: [...new Set(problems)] }
  const sorted = [...new Map(days.map((d) => [d.date, d])).values()].sort((a, b) => (a.date < b.date ? -1 : 1))
  return { kind: 'read', year: { ...read, days: sorted } }
}

/** 元旦：1月1日至3日放假（3天）；1月4日（周日）上班 — a line for each holiday, to be shown back. */
export function describeHolidays({ days }: HolidayYear): string[] {
  const order = [...NAMES, ...days.map((d) => d.name)]
  const names = [...new Set(order)].filter((name) => days.some((d) => d.name === name))
  return names
    .map((name) => {
      const off = days.filter((d) => d.name === name && d.isOffDay).map((d) => d.date)
      const work = days.filter((d) => d.name === name && !d.isOffDay).map((d) => formatDayFull(d.date))
      const spans: string[] = []
      for (let i = 0; i < off.length; ) {
        let j = i
        while (j + 1 < off.length && addDays(off[j]!, 1) === off[j + 1]) j++
        spans.push(i === j ? formatDayFull(off[i]!) : `${formatDayFull(off[i]!)}至${formatDayFull(off[j]!)}`)
        i = j + 1
      }
      const rest = off.length > 0 ? `${spans.join('、')}放假，共${off.length}天` : ''
      return {
        first: off[0] ?? work[0] ?? '',
        line: `${name}：${[rest, work.length > 0 ? `${work.join('、')}上班` : ''].filter(Boolean).join('；')}`,
      }
    })
    .sort((a, b) => (a.first < b.first ? -1 : 1))
    .map((l) => l.line)
}
