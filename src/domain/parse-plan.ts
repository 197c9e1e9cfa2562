import { halfWidth, trimMarks } from './chat-text.ts'
import { compare, exact, sum } from './decimal.ts'
import { DAY_SOURCE, DOTTED_DAY } from './parse-day.ts'
import { commandHeading, type Heading, headingOf, type Section } from './parse-headings.ts'
import { markerOf, type ReadItem, readAttributes, readItem, takeAttributeLine, toPlanItem } from './parse-item.ts'
import { beginsWithVerb, readListed, readPerItem, saysOutcome } from './parse-outcomes.ts'
import { type Column, columnsOf, readRow } from './parse-table.ts'
import { pointsText, sumPoints } from './score.ts'
import { type Day, formatWeek, type Week, weekOf } from './time.ts'
import type { Outcome, PlanItem, Summary } from './weekly-report.ts'

export interface ReportContext {
  /** The company's day on which the text was sent. */
  today: Day
  /** The week whose summary is due, and its plan; empty when there was none. */
  summaryWeek: Week
  planned: readonly PlanItem[]
  /** The week that is being planned. */
  planWeek: Week
  /** The other week the plan may be meant for as long as both are open (domain.md §11.14). */
  otherPlanWeek?: Week
  /** What the bot has asked for: lines without a heading belong there. */
  expect?: 'plan' | 'summary'
}

export interface Unread {
  /** 1-based line of the text. */
  line: number
  /** As typed. */
  text: string
  /** In Chinese, for the person. */
  why: string
}

export interface Question {
  kind: 'which-week'
  weeks: Week[]
  text: string
}

/** Every non-empty line was read, or is in `unread`. */
export interface ParsedReport {
  summary?: Summary
  plan: PlanItem[]
  unread: Unread[]
  /** What was taken for granted, in Chinese, to be shown with the reading. */
  assumptions: string[]
  ask?: Question
}

/** What one message may hold; the rest is named as unread. */
export const MAX_LINES = 300
export const MAX_LINE_LENGTH = 2500
const MAX_UNREAD_TEXT = 200

/** 「不足：太慢。问题：系统卡」: a further part on the same line, behind the end of a sentence. */
const SECTION_BREAK =
  /(?<=[。；;\s])(?=(?:存在的?|遇到的?)?(?:不足(?:之处)?|问题|困难|改进(?:措施|方法)?|心得(?:体会)?|更好的方法|计划外(?:工作)?)[:：])/

const NOTHING = /^(?:无|没有|暂无|无。|没有。|-|\/)$/
const TOTAL = /^(?:合计|总计|总分|共计|小计)\s?[:]?\s?(\d{1,5}(?:\.\d{1,6})?)\s?分?$/

/** Words of the draft's buttons, typed below a plan. */
const BUTTONS = /^(?:提交|(?:确认|确定)提交|修改|取消|本周计划全部完成|逐项选择完成情况|未完成列入下周)$/
/** Asked, not planned: a question mark or a particle at its end, or a question word before anything with points. */
const ASKS =
  /(?:[?？]|(?:吗|呢|么|没有?|多少(?:分|钱|项|人)?|什么|怎么办)[?？。!！~]{0,3})$|^(?:请问)?(?:为什么|为啥|凭什么|怎么(?:才|是|就|只|会|办|写|填|交|改|用|提交)|多少|什么时候|几点)/
const BARE_DAY = new RegExp(`^(?:${DAY_SOURCE}|${DOTTED_DAY})$`)

/** Whether a line without a mark of its own can be an item: no question, and more than a day. */
const isWork = (half: string): boolean => !ASKS.test(half) && !BARE_DAY.test(half)

interface Draft extends ReadItem {
  heading: PlanItem['kind'] | undefined
  numbered: boolean
}

/**
 * Reads a summary, a plan or both from what a person typed or pasted (features.md T2, T3, B15): headings or none, our
 * filled-in template, numbered lines, lists in one line, rows from Excel. Never throws; the time it takes grows with the
 * length of the text.
 */
export function parseReport(text: string, context: ReportContext): ParsedReport {
  const lines = text.split(/\r\n|\r|\n|\u2028|\u2029/).map((line) => line.replace(/[\u200b-\u200f\ufeff]/g, ''))
  const clear = withClearNumbers(lines)
  const reader = new ReportReader(context, clear)
  for (const [index, line] of clear.entries()) reader.line(line, index + 1)
  return reader.result()
}

/** `2、3没完成` tells of two items, so only what counts something else may be an item's own first word. */
const MAYBE_NUMBER = /^\s*(\d{1,2})\s?、(?=\d{1,4}(?:年|月|季度|[号栋]?楼|期|批|台|份|名|人|家))/

/** `2、3月份报表` alone is about two months; after a line `1、` or before one `3、` it is the second item. */
function withClearNumbers(lines: string[]): string[] {
  const halves = lines.map(halfWidth)
  const numbers = halves.map((half) => markerOf(half)?.number ?? (Number(MAYBE_NUMBER.exec(half)?.[1]) || undefined))
  const counted = numbers.flatMap((n, line) => (n === undefined ? [] : [{ n, line }]))
  const copy = [...lines]
  for (const [i, { n, line }] of counted.entries()) {
    const maybe = MAYBE_NUMBER.exec(halves[line]!)
    if (!maybe || (counted[i - 1]?.n !== n - 1 && counted[i + 1]?.n !== n + 1)) continue
    copy[line] = `${copy[line]!.slice(0, maybe[0].length)} ${copy[line]!.slice(maybe[0].length)}`
  }
  return copy
}

/** The state of one reading; lives for one call of `parseReport`. */
class ReportReader {
  private section: Section | undefined
  /** The section is a summary because its first line read like one, not because a heading or the bot said so. */
  private guessed = false
  private kind: PlanItem['kind'] | undefined
  private columns: Column[] | undefined
  private rows = 0
  private planSaid: Heading['said']
  private sectionSaid: Heading['said']
  private readonly drafts: Draft[] = []
  private readonly outcomes: (Outcome | null)[]
  private readonly texts = { shortcomings: [] as string[], problems: [] as string[], improvements: [] as string[] }
  private readonly extra: string[] = []
  private readonly unread: Unread[] = []
  private readonly assumptions: string[] = []
  private lastOutcome: number | undefined

  private readonly context: ReportContext
  private readonly lines: readonly string[]

  constructor(context: ReportContext, lines: readonly string[]) {
    this.context = context
    this.lines = lines
    this.section = context.expect
    this.outcomes = context.planned.map(() => null)
  }

  line(raw: string, number: number): undefined {
    const line = raw.trim()
    if (line === '') return
    if (number > MAX_LINES) return this.skip(number, line, `一次最多读取${MAX_LINES}行，请分次发送`)
    if (raw.length > MAX_LINE_LENGTH) return this.skip(number, line, `本行超过${MAX_LINE_LENGTH}字，请分行发送`)
    if (line.includes('\t')) return this.row(line, raw, number)
    const [piece = line, ...more] = line.split(SECTION_BREAK)
    if (more.length > 0) {
      for (const one of [piece, ...more]) this.line(one, number)
      return
    }
    const heading =
      headingOf(line) ??
      (this.section === undefined || this.section === this.context.expect ? commandHeading(line) : undefined)
    if (!heading) return this.content(line, number)
    if (heading.title) return
    if (heading.section) {
      this.section = heading.section
      this.guessed = false
      this.kind = undefined
      this.columns = undefined
      this.sectionSaid = heading.said
      this.lastOutcome = undefined
    }
    if (heading.kind) {
      this.kind = heading.kind
      // 重点工作 under 本周总结 groups outcomes; anywhere else it begins plan items.
      if (this.section !== 'summary') this.section = 'plan'
      if (heading.said) this.sectionSaid = heading.said
    }
    if (heading.rest !== '') this.content(heading.rest, number)
  }

  private content(line: string, number: number): undefined {
    switch (this.section) {
      case 'plan':
        return this.planLines(line, number)
      case 'summary':
        return this.summaryLine(line, number)
      case 'extra':
        return this.extraLine(line)
      case 'shortcomings':
      case 'problems':
      case 'improvements':
        this.texts[this.section].push(line)
        return
      case 'problems-and-shortcomings':
        if (this.texts.problems.length === 0) this.assumptions.push('“问题与不足”同时计入不足和问题')
        this.texts.problems.push(line)
        this.texts.shortcomings.push(line)
        return
      case undefined:
        return this.guess(line, number)
    }
  }

  /** A line before any heading: outcomes, or an item when it is numbered or has points. */
  private guess(line: string, number: number): undefined {
    if (this.tellsOutcome(line) && !(beginsWithVerb(line) && this.isTask(line, number))) {
      this.section = 'summary'
      this.guessed = true
      return this.summaryLine(line, number)
    }
    const half = halfWidth(line)
    const marker = markerOf(half)
    const item = readItem(line.slice(marker?.length ?? 0), this.context)
    if ((marker && item.text !== '') || (item.points !== undefined && isWork(half))) {
      this.section = 'plan'
      return this.planLines(line, number)
    }
    this.skip(number, line, '没有看出这是计划还是总结，可在前面加一行“周计划”或“周总结”')
  }

  /** Whether a line says how something of the plan came out. */
  private tellsOutcome(line: string): boolean {
    const { planned } = this.context
    if (planned.length === 0 || this.isItem(line)) return false
    return readPerItem(line, planned)?.outcome !== undefined || readListed(line, planned.length) !== undefined
  }

  /** Whether a line carries points or a finish day as an item of a plan does, and no outcome: 「1. 完成采购对账 20分 周三」. */
  private isItem(line: string): boolean {
    const marker = markerOf(halfWidth(line))
    const item = readItem(line.slice(marker?.length ?? 0), this.context)
    if (item.points === undefined && item.due === undefined) return false
    // 「1完成对账20分 2完成盘点30分」 counts what was done.
    if (!marker && (readListed(line, this.context.planned.length)?.outcomes.size ?? 0) > 1) return false
    const words = item.text.replace(/^完成\s+/, '')
    return /[\p{L}\p{N}]{2}/u.test(words) && !saysOutcome(words)
  }

  /** Whether 「1. 完成采购对账」, which item 1 is not about, is a task: unless the lines with it tell of outcomes. */
  private isTask(line: string, number: number): boolean {
    const { planned } = this.context
    if (readPerItem(line, planned)?.outcome) return false
    const below = this.lines.slice(number)
    const end = below.findIndex((one) => headingOf(one.trim()) !== undefined)
    return !below.slice(0, end < 0 ? undefined : end).some((one) => !beginsWithVerb(one) && this.tellsOutcome(one))
  }

  private planLines(line: string, number: number): undefined {
    for (const piece of splitItems(line, this.context)) this.planLine(piece, number)
  }

  private planLine(line: string, number: number): undefined {
    this.planSaid ??= this.sectionSaid
    const half = halfWidth(line)
    if (NOTHING.test(half)) return
    if (this.isAll(line)) return this.takeAll(line)
    if (BUTTONS.test(trimMarks(half))) return this.skip(number, line, '请核对后点卡片上的按钮')
    const total = TOTAL.exec(half)
    if (total) return this.checkTotal(total[1]!)
    const marker = markerOf(half)
    const body = line.slice(marker?.length ?? 0).trim()
    if (body === '' || /^\(\s?分?\s?\)$/.test(halfWidth(body))) return
    const previous = this.drafts.at(-1)
    if (!marker && previous && takeAttributeLine(body, previous, this.context)) return
    const read = readItem(body, this.context)
    if (read.text === '') return this.skip(number, line, '没有看出工作内容')
    const plain = read.points === undefined && read.kind === undefined && read.due === undefined && !read.support
    if (!marker && (BARE_DAY.test(half) || (plain && ASKS.test(half))))
      return this.skip(number, line, '没有看出工作内容')
    if (!marker && plain && previous?.numbered) {
      previous.text = `${previous.text} ${body}`
      this.assumptions.push(`第${number}行并入计划第${this.drafts.length}项`)
      return
    }
    for (const one of read.assumed) this.assumptions.push(`第${number}行${one}`)
    if (read.points !== undefined && halfWidth(read.text).search(SAID_POINTS) >= 0)
      this.assumptions.push(
        `第${number}行写有几个分值，按${pointsText(read.points)}分理解；如果是几项工作，请一行写一项再发送`,
      )
    this.drafts.push({ ...read, heading: this.kind, numbered: marker !== undefined })
  }

  /** 本周计划全部完成, as on the button, and its like: never part of an item. */
  private isAll(line: string): boolean {
    const { planned } = this.context
    if (markerOf(halfWidth(line)) || planned.length === 0) return false
    const listed = readListed(line, planned.length)
    return (
      listed?.outcomes.size === planned.length && !listed.left && [...listed.outcomes.values()].every((o) => !o.note)
    )
  }

  /** What was said of an item before stays. */
  private takeAll(line: string): undefined {
    for (const [number, outcome] of readListed(line, this.context.planned.length)!.outcomes)
      this.outcomes[number - 1] ??= outcome
  }

  private checkTotal(written: string): undefined {
    const points = this.drafts.map((draft) => draft.points ?? 0)
    if (compare(sum(points.map(exact)), exact(written)) !== 0)
      this.assumptions.push(`合计写的是${written}分，逐项相加为${sumPoints(points)}分，按逐项分值计`)
  }

  private row(line: string, raw: string, number: number): undefined {
    const cells = raw
      .replace(/^ +| +$/g, '')
      .split('\t')
      .map((cell) =>
        cell
          .trim()
          .replace(/^"(.*)"$/, '$1')
          .replace(/""/g, '"'),
      )
    if (this.section !== undefined && this.section !== 'plan')
      return this.content(line.replace(/\s*\t\s*/g, ' '), number)
    const columns = columnsOf(cells)
    if (columns) {
      this.section = 'plan'
      this.columns = columns
      this.rows = 0
      return
    }
    const filled = cells.filter((cell) => cell !== '')
    const total = TOTAL.exec(halfWidth(filled.join(' ')))
    if (total) return this.checkTotal(total[1]!)
    if (filled.length === 1) return this.line(filled[0]!, number)
    const item = readRow(cells, this.columns, this.rows + 1, this.context)
    if (!item) return this.skip(number, line, '没有看出工作内容')
    this.section = 'plan'
    this.planSaid ??= this.sectionSaid
    this.rows++
    for (const one of item.assumed) this.assumptions.push(`第${number}行${one}`)
    this.drafts.push({ ...item, heading: this.kind, numbered: true })
  }

  private summaryLine(line: string, number: number): undefined {
    const { planned } = this.context
    if (NOTHING.test(halfWidth(line))) return
    const parts = this.outcomesIn(line)
    if (parts.length > 1) {
      for (const part of parts) this.summaryLine(part, number)
      return
    }
    const single = readPerItem(line, planned)
    const item = single?.item ?? (markerOf(halfWidth(line))?.number ?? 0) - 1
    // What was said already, or what stands under no heading, is not said once more with points: the plan begins.
    if ((this.outcomes[item] || (this.guessed && !single?.named)) && this.isItem(line)) {
      this.assumptions.push(`第${number}行起有分值或完成时间，按周计划理解`)
      this.section = 'plan'
      return this.planLines(line, number)
    }
    const listed = readListed(line, planned.length)
    // 「1完成 2没做完」 also begins like item 1: several numbers make it a list; an item named by its text is that item.
    if (listed && !single?.named && (listed.outcomes.size > 1 || !single?.outcome)) {
      for (const [item, outcome] of listed.outcomes) this.takeOutcome(item - 1, outcome, line, number)
      for (const one of listed.assumed) this.assumptions.push(`第${number}行：${one}`)
      if (listed.left) this.skip(number, listed.left, '没有看出这一部分的意思')
      this.lastOutcome = undefined
      return
    }
    if (single?.outcome) {
      this.takeOutcome(single.item, single.outcome, line, number)
      if (single.assumed) this.assumptions.push(single.assumed)
      this.lastOutcome = single.item
      return
    }
    if (single) {
      this.lastOutcome = single.item
      // An untouched line of the template says nothing, and there is nothing to lose in it.
      if (/[:：]\s*$/.test(line)) return
      return this.skip(number, line, `没有看出第${single.item + 1}项的完成情况，请写完成、部分完成或未完成`)
    }
    const half = halfWidth(line)
    const marker = markerOf(half)
    const body = line.slice(marker?.length ?? 0).trim()
    if (body === '') return
    if (marker && /分/.test(half) && this.isItem(line)) {
      this.assumptions.push(`第${number}行起有分值，按周计划理解`)
      this.section = 'plan'
      return this.planLines(line, number)
    }
    const before = this.lastOutcome === undefined ? null : this.outcomes[this.lastOutcome]
    if (!marker && before && this.lastOutcome !== undefined && !saysOutcome(line)) {
      this.outcomes[this.lastOutcome] = { ...before, note: before.note ? `${before.note}，${body}` : body }
      this.assumptions.push(`第${number}行并入第${this.lastOutcome + 1}项的说明`)
      return
    }
    this.extra.push(trimMarks(body))
    this.assumptions.push(`第${number}行不在本周计划内，计入计划外工作`)
  }

  /** 「年会节目完成了，劳保用品发了一半」: a part that names another item and says its outcome is no note of the one before. */
  private outcomesIn(line: string): string[] {
    const { planned } = this.context
    const parts: { text: string; item?: number }[] = []
    for (const piece of splitOutside(line, halfWidth(line), ',;。')) {
      const read = readPerItem(piece, planned)
      const last = parts.at(-1)
      const named = read?.named && read.outcome && planned[read.item]!.text.includes(piece.slice(0, 2))
      if (!last || (named && parts.every((part) => part.item !== read.item)))
        parts.push({ text: piece, ...(named && { item: read.item }) })
      else last.text += `，${piece}`
    }
    return parts.every((part) => part.item !== undefined) ? parts.map((part) => part.text) : [line]
  }

  /** A later word on an item replaces an earlier one, but never one with a note: that would be lost. */
  private takeOutcome(item: number, outcome: Outcome, line: string, number: number): void {
    const before = this.outcomes[item]
    if (before?.note && before.note !== outcome.note)
      this.skip(number, line, `第${item + 1}项的完成情况前面已经写过，请合并成一行`)
    else this.outcomes[item] = outcome
  }

  private extraLine(line: string): undefined {
    for (const piece of splitItems(line, this.context)) {
      const body = piece.slice(markerOf(halfWidth(piece))?.length ?? 0).trim()
      if (body !== '' && !NOTHING.test(halfWidth(body))) this.extra.push(body)
    }
  }

  private skip(line: number, text: string, why: string): undefined {
    const shown = text.length > MAX_UNREAD_TEXT ? `${text.slice(0, MAX_UNREAD_TEXT)}…` : text
    this.unread.push({ line, text: shown, why })
  }

  result(): ParsedReport {
    const { planWeek } = this.context
    this.takeLooseNumbers()
    const plan = this.drafts.map((draft) => toPlanItem(draft, draft.heading, this.context))
    const unsaid = this.drafts.filter((draft) => draft.kind === undefined && draft.heading === undefined).length
    if (unsaid > 0) this.assumptions.push('没有注明重点或日常的，按重点工作理解')
    const ask = plan.length > 0 ? this.question() : undefined
    const summary = this.summary()
    if (plan.length > 0 && !ask) {
      const current = weekOf(this.context.today)
      const literal =
        this.planSaid === '本周' ? planWeek === current : this.planSaid === '下周' ? planWeek > current : true
      if (!literal) this.assumptions.push(`“${this.planSaid}计划”按${formatWeek(planWeek)}这一周理解`)
    }
    return {
      ...(summary ? { summary } : {}),
      plan,
      unread: this.unread,
      assumptions: this.assumptions,
      ...(ask ? { ask } : {}),
    }
  }

  /**
   * 「1年会策划 2车辆年检」, 「1 年会策划」: digits without a mark, which count only when every item has the next one, and alone
   * before a space where they count nothing.
   */
  private takeLooseNumbers(): undefined {
    const { drafts } = this
    const counted = drafts.every(
      (draft, index) =>
        !draft.numbered && new RegExp(`^${index + 1}(?:\\s+(?=\\S)|(?=[^\\d.\\s]))`).test(halfWidth(draft.text)),
    )
    const one = drafts.length === 1 && /^1\s+(?=[\u4e00-\u9fff])(?![个名台份次人位件批家辆期年月日号楼项条场部套])/
    if (!counted || (drafts.length < 2 && !(one && one.test(halfWidth(drafts[0]!.text))))) return
    for (const [index, draft] of drafts.entries()) draft.text = draft.text.slice(String(index + 1).length).trimStart()
    this.assumptions.push('各项开头的数字按序号理解')
  }

  /** 本周 or 下周 said while both readings are open. */
  private question(): Question | undefined {
    const { planWeek, otherPlanWeek } = this.context
    if (otherPlanWeek === undefined || this.planSaid === undefined) return undefined
    const weeks = [planWeek, otherPlanWeek].sort()
    const names = weeks.map(formatWeek).join('，还是')
    return { kind: 'which-week', weeks, text: `您说的“${this.planSaid}计划”是指${names}？` }
  }

  private summary(): Summary | undefined {
    const { shortcomings, problems, improvements } = this.texts
    const said = [...shortcomings, ...problems, ...improvements, ...this.extra]
    if (said.length === 0 && this.outcomes.every((one) => one === null)) return undefined
    return {
      outcomes: this.outcomes,
      extra: this.extra,
      shortcomings: shortcomings.join('\n'),
      problems: problems.join('\n'),
      improvements: improvements.join('\n'),
    }
  }
}

const INLINE_MARKER =
  /(?:^|(?<=[\s;,。、)\]分]))(?:\(\d{1,2}\)|\d{1,2}\s?(?:[.、)](?!\d)|、(?=\d[A-Za-z])))|[①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳]/g

/** Several items in one line: numbered 1, 2, 3…, or each with its own points between semicolons or commas. */
export function splitItems(line: string, context: { planWeek: Week; today: Day }): string[] {
  const half = halfWidth(line)
  const starts: number[] = []
  for (const match of half.matchAll(INLINE_MARKER)) {
    const start = match.index
    if (starts.length === 0 && half.slice(0, start).trim() !== '') break
    if (markerOf(half.slice(start))?.number === starts.length + 1) starts.push(start)
  }
  if (starts.length > 1) {
    const pieces = starts.map((start, index) =>
      line
        .slice(start, starts[index + 1])
        .trim()
        .replace(/[;；,，]$/, ''),
    )
    const pointed = pieces.filter((piece) => hasPoints(piece, context)).length
    if (pointed === 0 || pointed === pieces.length) return pieces
  }
  const isList = (pieces: string[]) =>
    pieces.length > 1 && pieces.length <= 40 && pieces.every((piece) => hasPoints(piece, context))
  const readings = [
    () => splitOutside(line, half, ';'),
    () => groupByAttributes(splitOutside(line, half, ';,。、'), context),
    () => splitOutside(line, half, ',。'),
    () => splitOutside(line, half, '、'),
    () => cutBehindPoints(line, half),
  ]
  for (const reading of readings) {
    const pieces = reading()
    if (isList(pieces)) return pieces
  }
  return [line]
}

/**
 * 「采购合同40分，周三前，培训30分，周五」: what is only an attribute belongs to the words before it; where the line begins with one,
 * to those behind it. Empty when there is none.
 */
function groupByAttributes(pieces: string[], context: { planWeek: Week; today: Day }): string[] {
  if (pieces.length > 100) return []
  const alone = pieces.map((piece) => readAttributes(piece, context) !== undefined)
  if (!alone.includes(true)) return []
  const groups: { text: string; pointed: boolean }[] = []
  for (const [i, piece] of pieces.entries()) {
    const last = groups.at(-1)
    if (last && (!last.pointed || (alone[i] && !alone[0]))) last.text += `，${piece}`
    else groups.push({ text: piece, pointed: false })
    const group = groups.at(-1)!
    group.pointed ||= hasPoints(group.text, context)
  }
  return groups.map((group) => group.text)
}

/** Points in digits; 20分钟 and 3分公司 are none. */
const SAID_POINTS = /\d{1,3}(?:\.\d{1,2})?\s?分半?(?![钟之部类店布期享公支管包批析工配解发别组红行级层流数段秒])/g
const DAY_BEHIND = new RegExp(`^[\\s,;。、]{0,3}${DAY_SOURCE}`)

/** 「采购合同40分周三前培训30分」: an item ends behind its points and the day that follows them. */
function cutBehindPoints(line: string, half: string): string[] {
  const pieces: string[] = []
  let start = 0
  for (const match of half.matchAll(SAID_POINTS)) {
    const behind = match.index + match[0].length
    const end = behind + (DAY_BEHIND.exec(half.slice(behind, behind + 80))?.[0].length ?? 0)
    const open = half.slice(start, end).match(/[([]/g)?.length ?? 0
    if (open > (half.slice(start, end).match(/[)\]]/g)?.length ?? 0)) continue
    pieces.push(trimMarks(line.slice(start, end)))
    start = end
  }
  const rest = trimMarks(line.slice(start))
  return rest === '' ? pieces : [...pieces, rest]
}

function hasPoints(piece: string, context: { planWeek: Week; today: Day }): boolean {
  const item = readItem(piece.slice(markerOf(halfWidth(piece))?.length ?? 0), context)
  return item.points !== undefined && item.text !== ''
}

/** Pieces between marks that are not inside brackets. */
function splitOutside(line: string, half: string, marks: string): string[] {
  const pieces: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < half.length; i++) {
    const char = half[i]!
    if (char === '(' || char === '[') depth++
    else if (char === ')' || char === ']') depth = Math.max(0, depth - 1)
    else if (depth === 0 && marks.includes(char)) {
      pieces.push(line.slice(start, i))
      start = i + 1
    }
  }
  return [...pieces, line.slice(start)].map((piece) => piece.trim()).filter((piece) => piece !== '')
}
