import { halfWidth, NUMERAL, numeral, POINTS_SOURCE, pointsOf, trimMarks } from './chat-text.ts'
import { DAY_SOURCE, type DayContext, DOTTED_DAY, dayFrom } from './parse-day.ts'
import { addWeeks, type Day } from './time.ts'
import type { PlanItem, Support } from './weekly-report.ts'

/** What stands before an item: `1.` `1、` `①` `（1）` `一、` `-` `•`. */
export interface Marker {
  /** Characters it takes. */
  length: number
  /** Undefined for a bullet. */
  number?: number
}

const CIRCLED = '①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳'
const MARKER = new RegExp(
  `^\\s*(?:第?(\\d{1,2})(?:项)?\\s?(?:[.、):](?!\\d)|、(?=\\d[A-Za-z])|,(?!\\d))|\\((\\d{1,2})\\)|([${CIRCLED}])|第?([${NUMERAL}]{1,3})项?\\s?[、.:]|\\(([${NUMERAL}]{1,3})\\)|([-*+•·●○▪◆■□☐√✓>])(?!\\d))\\s*`,
)

/** The marker a half-width line begins with. */
export function markerOf(half: string): Marker | undefined {
  const match = MARKER.exec(half)
  if (!match) return undefined
  const [all, plain, bracketed, circled, chinese, chineseBracketed] = match
  const digits = plain ?? bracketed
  const words = chinese ?? chineseBracketed
  const number = digits ? Number(digits) : circled ? CIRCLED.indexOf(circled) + 1 : words ? numeral(words) : undefined
  return number === undefined ? { length: all.length } : { length: all.length, number }
}

/** Attributes read from an item; `points` undefined: none were written. */
export interface ReadItem {
  text: string
  kind?: PlanItem['kind']
  points?: number
  due?: Day
  support?: Support
  /** Whole weeks it was carried over. */
  carriedWeeks?: number
  assumed: string[]
}

const KIND = /^(?:重点(?:工作)?|日常(?:工作)?|常规(?:工作)?)$/
const kindOf = (text: string): PlanItem['kind'] => (text.startsWith('重点') ? 'key' : 'routine')

const LABELLED_POINTS = new RegExp(
  `^(?:分值|分数|计划分|标准分|权重|占)\\s?[:]?\\s?(\\d{1,4}(?:\\.\\d{1,6})?|[${NUMERAL}]{1,6})\\s?(?:分(半)?|%)?$`,
)
const POINTS = new RegExp(`^${POINTS_SOURCE}$`)
const DAY = new RegExp(`^${DAY_SOURCE}$`)
const DOTTED = new RegExp(`^(?:(?:完成时间|截止|预计)[:]?)?(${DOTTED_DAY})$`)
const CARRIED = /^(?:已)?(?:结转|顺延|延续)(?:第)?(\d{1,2})周$/
const SUPPORT =
  /^(?:需要?)(?:支持|协助|配合)([^:\s]{0,20})\s?[:]\s?(.{0,500})$|^(?:支持|协助|配合)()\s?[:]\s?(.{0,500})$/
const SUPPORT_BY = /^需要?([^:\s,;。、()]{1,12}?)(?:给予)?(支持|协助|配合)(.{0,500})$/

/**
 * Takes one attribute from a piece of text (half-width `half`, the same text as typed in `raw`) when the whole piece is one.
 * `bare`: whether a lone number is points; where it is not, 11.25 is a day.
 */
function takeAttribute(raw: string, item: ReadItem, context: DayContext, bare: boolean): boolean {
  const text = raw.trim()
  const half = halfWidth(text)
  if (half === '' || half.length > 560) return false
  if (item.kind === undefined && KIND.test(half.replace(/^[[(]|[\])]$/g, ''))) {
    item.kind = kindOf(half.replace(/^[[(]/, ''))
    return true
  }
  if (item.points === undefined) {
    const match = POINTS.exec(half) ?? LABELLED_POINTS.exec(half)
    const points = match
      ? pointsOf(match[1]!, match[2])
      : bare && /^\d{1,3}(\.\d{1,6})?$/.test(half)
        ? Number(half)
        : undefined
    if (points !== undefined && (match || points <= 100)) {
      item.points = points
      return true
    }
  }
  if (item.due === undefined) {
    // 11.25 is a day only where it can be no points: these are known, or 前 or 完成 follows.
    const dotted = DOTTED.exec(half)
    const match = DAY.exec(half) ?? (dotted && (item.points !== undefined || !bare || /\D$/.test(half)) ? dotted : null)
    const read = match
      ? dayFrom(
          match[1]!.replace(/[日号之以前完成\s]*$/, (end) => end.match(/^[日号]/)?.[0] ?? ''),
          context,
        )
      : undefined
    if (read) {
      item.due = read.day
      if (read.assumed) item.assumed.push(read.assumed)
      return true
    }
  }
  if (item.carriedWeeks === undefined) {
    const match = CARRIED.exec(half)
    if (match) {
      item.carriedWeeks = Number(match[1])
      return true
    }
  }
  if (item.support === undefined) {
    const support = supportOf(text, half)
    if (support) {
      item.support = support
      return true
    }
  }
  return false
}

/** Who: 2 or 3 characters before a space, or something that is called a department or a post. */
const NAME =
  /^(?:[\u4e00-\u9fff]{2,3}|[\u4e00-\u9fffA-Za-z]{1,10}(?:部|处|室|组|科|中心|经理|总|主管|主任|老师|师傅|工))$/

function supportOf(text: string, half: string): Support | undefined {
  const labelled = SUPPORT.exec(half)
  if (labelled) {
    const who = labelled[1] ?? ''
    // The tail of the match is the tail of the text, so its length finds the same words as they were typed.
    const what = text.slice(text.length - (labelled[2] ?? labelled[4] ?? '').length).trim()
    if (who !== '') return { who: text.slice(half.indexOf(who), half.indexOf(who) + who.length), what }
    const space = /[\s,，、]/.exec(what)
    const first = space ? what.slice(0, space.index) : ''
    if (space && NAME.test(first)) return { who: first, what: what.slice(space.index + 1).trim() }
    return what === '' ? undefined : { what }
  }
  const by = SUPPORT_BY.exec(half)
  if (!by) return undefined
  const start = half.indexOf(by[1]!)
  const rest = trimMarks(text.slice(text.length - by[3]!.length))
  return { who: text.slice(start, start + by[1]!.length), what: rest === '' ? by[2]! : rest }
}

/**
 * Reads one item without its marker: text, points, day, kind, support in the orders people write them. What is no
 * attribute stays in the text, as typed.
 */
export function readItem(line: string, context: DayContext): ReadItem {
  const item: ReadItem = { text: '', assumed: [] }
  let text = takeKindBefore(line.trim(), item)
  // A bracket at the end that holds nothing but attributes, points among them, is how we write items ourselves: all is said.
  const whole = takeBracketAtEnd(text, item, context)
  if (whole !== undefined && item.points !== undefined) return { ...item, text: whole }
  text = takeTail(whole ?? text, item, context)
  const support = supportStart(text)
  if (item.support === undefined && support !== undefined && support > 0) {
    const before = text.slice(0, support)
    if (takeAttribute(closeBracket(text.slice(support)), item, context, false))
      text = takeTail(trimOpen(before), item, context)
  }
  text = takeHead(text, item, context)
  if (item.points === undefined) text = takeInlinePoints(text, item)
  if (item.due === undefined) findDay(text, item, context)
  return { ...item, text: text.trim() }
}

function takeKindBefore(text: string, item: ReadItem): string {
  const half = halfWidth(text)
  const match =
    /^(?:[[(](重点(?:工作)?|日常(?:工作)?)[\])]\s*:?\s?|(重点(?:工作)?|日常(?:工作)?)\s?[:、|]\s?|(重点|日常)\s{1,4}(?=\S))/.exec(
      half,
    )
  if (!match) return text
  item.kind = kindOf(match[1] ?? match[2] ?? match[3]!)
  return text.slice(match[0].length)
}

/** `…（20分，周三，需支持：张三 提供数据）`: the text before it when every part is an attribute. */
function takeBracketAtEnd(text: string, item: ReadItem, context: DayContext): string | undefined {
  const half = halfWidth(text)
  if (!half.endsWith(')') && !half.endsWith(']')) return undefined
  const open = openingOf(half)
  if (open === undefined || open === 0) return undefined
  const trial: ReadItem = { ...item, assumed: [...item.assumed] }
  const inner = text.slice(open + 1, -1)
  if (!takeParts(inner, trial, context)) return undefined
  Object.assign(item, trial)
  return text.slice(0, open).trim()
}

/** All parts of a bracket; a support runs to its end, commas and all. */
function takeParts(inner: string, trial: ReadItem, context: DayContext): boolean {
  let rest = inner
  for (let i = 0; i < 8 && rest.trim() !== ''; i++) {
    if (supportStart(rest) === 0 && takeAttribute(rest, trial, context, false)) return true
    const cut = /[,，;；、|]/.exec(rest)
    const piece = cut ? rest.slice(0, cut.index) : rest
    if (!takeAttribute(piece, trial, context, true) && !takeSpaced(piece, trial, context)) return false
    rest = cut ? rest.slice(cut.index + 1) : ''
  }
  return rest.trim() === '' && inner.trim() !== ''
}

/** Reads a text that holds nothing but attributes: `50分`, `周五前`, `30分，周三`. Undefined for anything else. */
export function readAttributes(text: string, context: DayContext): ReadItem | undefined {
  const item: ReadItem = { text: '', assumed: [] }
  return takeParts(trimMarks(text), item, context) ? item : undefined
}

/** `20分 周三`: several attributes with only spaces between them. */
function takeSpaced(piece: string, trial: ReadItem, context: DayContext): boolean {
  const words = piece.trim().split(/\s+/)
  return words.length > 1 && words.length <= 5 && words.every((word) => takeAttribute(word, trial, context, true))
}

/** The bracket that the last character closes. */
function openingOf(half: string): number | undefined {
  let depth = 0
  for (let i = half.length - 1; i >= 0 && half.length - i < 700; i--) {
    const char = half[i]
    if (char === ')' || char === ']') depth++
    else if ((char === '(' || char === '[') && --depth === 0) return i
  }
  return undefined
}

/** Attributes behind the text, one after the other, separated by spaces or commas, in brackets or directly joined. */
function takeTail(line: string, item: ReadItem, context: DayContext): string {
  let text = line.trim()
  for (let i = 0; i < 8; i++) {
    const clean = text.replace(/[\s,，;；。、|]{1,20}$/, '')
    const bracket = takeBracketAtEnd(clean, item, context)
    if (bracket !== undefined) {
      text = bracket
      continue
    }
    const half = halfWidth(clean)
    const bare = item.points === undefined && !INLINE_POINTS.test(half)
    // 「分值：20」 is one attribute; 「招聘方案：20分」 has it behind the colon.
    const cut = [lastSeparator(half, /[\s,;。、|]/), lastSeparator(half, /[\s,;。、|:]/)].find(
      (at) => at > 0 && takeAttribute(clean.slice(at), item, context, bare),
    )
    if (cut !== undefined) {
      text = clean.slice(0, cut).trim()
      continue
    }
    const joined = takeJoined(clean, half, item, context)
    if (joined === undefined) return i === 0 ? text : clean
    text = joined
  }
  return text
}

const lastSeparator = (half: string, marks: RegExp): number => {
  for (let i = half.length - 1; i >= 0; i--) if (marks.test(half[i]!)) return i + 1
  return 0
}

const JOINED_POINTS = new RegExp(`${POINTS_SOURCE}$`)
const JOINED_DAY = new RegExp(`${DAY_SOURCE}$`)

/** `招聘方案20分`, `招聘方案周三前完成20分`, `招聘方案20`: attributes without anything between. */
function takeJoined(text: string, half: string, item: ReadItem, context: DayContext): string | undefined {
  const from = Math.max(0, half.length - 60)
  const end = half.slice(from)
  if (item.points === undefined) {
    const match = JOINED_POINTS.exec(end)
    if (match && from + match.index > 0 && takeAttribute(match[0], item, context, false))
      return text.slice(0, from + match.index)
    const bare = /[\u4e00-\u9fff)\]"”》](\d{1,3}(?:\.\d{1,2})?)$/.exec(end)
    if (bare && Number(bare[1]) <= 100 && Number(bare[1]) > 0) {
      item.points = Number(bare[1])
      item.assumed.push(`末尾的“${bare[1]}”按${bare[1]}分理解`)
      return text.slice(0, text.length - bare[1]!.length)
    }
  }
  if (item.due === undefined) {
    const match = JOINED_DAY.exec(end)
    const before = match ? end[match.index - 1] : undefined
    // 「采购合同40分周三前」: behind points in digits a day belongs to them.
    const behindPoints = match !== null && /\d\s?分半?$/.test(end.slice(0, match.index))
    // 每周三 and 上周三 are no finish days, 截止 alone belongs to the words before it.
    if (
      match &&
      before !== undefined &&
      !/[每上各逢\d]/.test(before) &&
      (item.points !== undefined || behindPoints || /[)\]]/.test(before)) &&
      takeAttribute(match[0], item, context, false)
    )
      return text.slice(0, from + match.index)
  }
  return undefined
}

/** `20分 招聘方案`, `周三 招聘方案`. */
function takeHead(line: string, item: ReadItem, context: DayContext): string {
  let text = line
  for (let i = 0; i < 3; i++) {
    const cut = /^\S{1,24}?(?=[\s,，:：])/.exec(text)
    if (!cut || cut[0].length >= text.trim().length) return text
    if (!takeAttribute(cut[0], item, context, false)) return text
    text = text.slice(cut[0].length).replace(/^[\s,，:：]+/, '')
  }
  return text
}

const INLINE_POINTS = new RegExp(`(^|[\\s,(\\[;:、])${POINTS_SOURCE}(?=$|[\\s,)\\];。、])`)

/** Points in the middle of a line, with something around them that sets them apart. */
function takeInlinePoints(text: string, item: ReadItem): string {
  const half = halfWidth(text)
  const match = INLINE_POINTS.exec(half)
  if (!match) return text
  const points = pointsOf(match[2]!, match[3])
  if (points === undefined) return text
  item.points = points
  const opened = match[1] === '(' || match[1] === '['
  const start = match.index + (opened ? 0 : match[1]!.length)
  const end = match.index + match[0].length + (opened ? 1 : 0)
  return `${text.slice(0, start).trim()}${text.slice(end)}`.trim()
}

const INLINE_DAY = new RegExp(`(^|[^每上各逢\\d])${DAY_SOURCE}`)

/** 「周三前完成招聘方案」: the day is taken and the words stay. Only where 前, 完成 or 截止 says that it is a finish day. */
function findDay(text: string, item: ReadItem, context: DayContext) {
  const match = INLINE_DAY.exec(halfWidth(text).slice(0, 600))
  if (!match || !/前|完成|止|截|期限/.test(match[0])) return
  const read = dayFrom(match[2]!, context)
  if (!read) return
  item.due = read.day
  if (read.assumed) item.assumed.push(read.assumed)
}

/** Where a support begins that runs to the end of the text. */
function supportStart(text: string): number | undefined {
  const half = halfWidth(text)
  const match =
    /(^|[\s,;。、([])(需要?(?:支持|协助|配合)[^:\s]{0,20}\s?:|(?:支持|协助|配合)\s?:|需要?[^:\s,;。、()]{1,12}?(?:支持|协助|配合))/.exec(
      half,
    )
  return match ? match.index + match[1]!.length : undefined
}

const closeBracket = (text: string): string => (/^[^(（]*[)）]$/.test(text) ? text.slice(0, -1) : text)
const trimOpen = (text: string): string => text.replace(/[\s,，;；。、(（[【]+$/, '')

/** The item as the plan holds it. Points that were not written are 0, which the check of the content names. */
export function toPlanItem(read: ReadItem, heading: PlanItem['kind'] | undefined, context: DayContext): PlanItem {
  return {
    text: read.text,
    kind: read.kind ?? heading ?? 'key',
    points: read.points ?? 0,
    ...(read.due === undefined ? {} : { due: read.due }),
    ...(read.support === undefined ? {} : { support: read.support }),
    ...(read.carriedWeeks === undefined ? {} : { carriedFrom: addWeeks(context.planWeek, -read.carriedWeeks) }),
  }
}

/** An attribute on a line of its own belongs to the item above: `需支持：…`, `完成时间：周三`, `分值：20`. */
export function takeAttributeLine(line: string, item: ReadItem, context: DayContext): boolean {
  return takeAttribute(trimMarks(line), item, context, false)
}

/** A cell of a table whose column is known. */
export function takeCell(
  cell: string,
  item: ReadItem,
  context: DayContext,
  column: 'points' | 'due' | 'kind',
): boolean {
  if (column === 'points') {
    const value = numeral(halfWidth(cell).trim())
    if (value !== undefined && item.points === undefined) {
      item.points = value
      return true
    }
  }
  if (column === 'due' && item.due === undefined) {
    const half = halfWidth(cell).trim()
    if (new RegExp(`^${DOTTED_DAY}$`).test(half)) {
      const read = dayFrom(half.replace(/[^\d.].*$/, ''), context)
      if (read) item.due = read.day
      return read !== undefined
    }
  }
  return takeAttribute(cell, item, context, false)
}
