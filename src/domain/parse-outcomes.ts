import { halfWidth, NUMERAL, numeral, trimMarks } from './chat-text.ts'
import { markerOf } from './parse-item.ts'
import type { Outcome, PlanItem } from './weekly-report.ts'

const NOT_DONE =
  '未完成|没有?完成|没有?做完|没有?做|未做|未开始|没有?开始|未启动|尚未完成|尚未开始|还没完成|还没做完|还没做|完不成|取消|暂缓|推迟|延期|✗|✘|×'
const PARTLY =
  '部分完成|完成部分|完成一部分|完成了一部分|基本完成|大部分完成|未全部完成|没有?全部完成|没有?全做完|完成一半|[\\u4e00-\\u9fff]了一半|做了一部分|进行中|正在进行|推进中|还在做|(?:已经?)?(?:完成|做)了?\\s?\\d{1,2}(?:\\.\\d{1,2})?%|\\d{1,2}(?:\\.\\d{1,2})?%'
const DONE =
  '已经?全部完成|全部完成|按时完成|按期完成|如期完成|提前完成|已经完成|已完成|完成了|完成|已经做完|做完了|做完|做好了|搞定了?|已办结|办结|100%|√|✓|✔|[Oo][Kk]'
const WORD = `(${NOT_DONE})|(${PARTLY})|(${DONE})`

function outcomeOf(match: RegExpExecArray | RegExpMatchArray, from: number): Outcome {
  const [notDone, partly] = [match[from], match[from + 1]]
  if (notDone)
    return /取消|暂缓|推迟|延期/.test(notDone) ? { outcome: 'not-done', note: notDone } : { outcome: 'not-done' }
  if (!partly) return { outcome: 'done' }
  // 完成80% says more than 部分完成: the words are kept.
  return /部分完成|完成部分/.test(partly) ? { outcome: 'partly' } : { outcome: 'partly', note: partly }
}

const withNote = (outcome: Outcome, note: string): Outcome => {
  const clean = trimMarks(unbracket(trimMarks(note))).replace(/^(?:因为|由于|原因是?[:：]?)\s*/, '')
  if (clean === '') return outcome
  return { ...outcome, note: outcome.note ? `${outcome.note}，${clean}` : clean }
}

const unbracket = (text: string): string => {
  const match = /^[（(](.{0,600})[)）]$/.exec(text)
  return match ? match[1]! : text
}

const ONE = `\\d{1,2}(?!\\d)|[${NUMERAL}]{1,3}`
/** `1`, `1、3`, `第1到3项`, `一、二`, and the outcome right behind it. */
const LISTED = new RegExp(
  `(?<![\\d.])(?:第|工作)?((?:${ONE})(?:\\s?[、,和及与&\\-~至到]\\s?第?(?:${ONE})){0,15})\\s?(?:项|条|个)?(?:工作|任务)?\\s?[:.、)]?\\s?(?:都|均|也|全部|已经?)?(?:${WORD})`,
  'g',
)

/** 1、3 → [1, 3]; 1-3 → [1, 2, 3]. Undefined where a number makes no sense. */
function listOf(text: string): number[] | undefined {
  const numbers: number[] = []
  for (const part of text.split(/[、,和及与&]/)) {
    const [from, to] = part.split(/[-~至到]/).map((one) => numeral(one.replace(/第/g, '').trim()))
    if (from === undefined || (part.match(/[-~至到]/) && to === undefined)) return undefined
    const last = to ?? from
    if (last < from || last - from > 40) return undefined
    for (let number = from; number <= last; number++) numbers.push(number)
  }
  return numbers
}

const ALL = new RegExp(
  `^(?:本周|上周)?(?:的)?(?:计划|工作|任务|以上|上述|各项|内容)*(?:都|全部|均|全|所有)(?:工作|计划|任务)?(?:都|均)?(?:已经?|按时|按计划|按期|顺利)*(?:${WORD})了?(?:$|[。.!,;、\\s])`,
)
const EXCEPT = new RegExp(
  `^除了?\\s?第?((?:${ONE})(?:[、,和及与]第?(?:${ONE})){0,15})\\s?项?(?:之?外|以外)?[,，]?\\s?(?:其他|其余|其它)?(?:的)?(?:都|全部|均|全)(?:已经?)?(?:${WORD})了?`,
)
const REST = new RegExp(`(?:其他|其余|其它|剩下)的?(?:都|全部|均|全)?(?:已经?)?(?:${WORD})了?`)

export interface OutcomeReading {
  outcomes: Map<number, Outcome>
  /** What the line holds besides, as typed; undefined when nothing is left. */
  left?: string
  assumed: string[]
}

/**
 * Outcomes of one line by the numbers of the plan: 「1完成 2部分完成：缺数据 3未完成」, 「都完成了，2没做完」, 「除2外都完成」.
 * Undefined when the line says nothing of the kind.
 *
 * @param count items of the plan; numbers beyond it make the line unread
 */
export function readListed(line: string, count: number): OutcomeReading | undefined {
  const half = halfWidth(line)
  const outcomes = new Map<number, Outcome>()
  const setAll = (outcome: Outcome) => {
    for (let number = 1; number <= count; number++) if (!outcomes.has(number)) outcomes.set(number, outcome)
  }
  const except = EXCEPT.exec(half)
  if (except && count > 0) {
    const numbers = listOf(except[1]!)
    if (!numbers || numbers.some((number) => number < 1 || number > count)) return undefined
    for (let number = 1; number <= count; number++)
      if (!numbers.includes(number)) outcomes.set(number, outcomeOf(except, 2))
    const rest = trimMarks(line.slice(except[0].length))
    const more = rest === '' ? undefined : readListed(rest, count)
    for (const [number, outcome] of more?.outcomes ?? []) outcomes.set(number, outcome)
    const unsaid = numbers.filter((number) => !outcomes.has(number))
    for (const number of unsaid)
      outcomes.set(number, more || rest === '' ? { outcome: 'not-done' } : { outcome: 'not-done', note: rest })
    const assumed = unsaid.length > 0 ? [`第${unsaid.join('、')}项按未完成理解`] : []
    return { outcomes, assumed, ...(more?.left ? { left: more.left } : {}) }
  }

  const matches = [...half.slice(0, 2000).matchAll(LISTED)]
  const all = ALL.exec(half)
  if (matches.length === 0 && !all) return undefined
  if (all && count === 0) return undefined
  const start = all ? all[0].length : 0
  const own = matches.filter((match) => match.index >= start - 1)
  const before = trimMarks(line.slice(start, own[0]?.index ?? (all ? undefined : 0)))
  for (const [index, match] of own.entries()) {
    const numbers = listOf(match[1]!)
    if (!numbers || numbers.some((number) => number < 1 || number > count)) return undefined
    let note = line.slice(match.index + match[0].length, own[index + 1]?.index)
    const rest = REST.exec(halfWidth(note))
    const outcome = outcomeOf(match, 2)
    if (rest) {
      const other = outcomeOf(rest, 1)
      for (let number = 1; number <= count; number++)
        if (!own.some((one) => listOf(one[1]!)?.includes(number))) outcomes.set(number, other)
      note = note.slice(0, rest.index) + note.slice(rest.index + rest[0].length)
    }
    for (const number of numbers) outcomes.set(number, withNote(outcome, note.replace(/^了/, '')))
  }
  if (all) setAll(outcomeOf(all, 1))
  return {
    outcomes,
    assumed: [],
    ...(before === '' || /^(?:本周|上周)?(?:计划|工作)?(?:完成情况)?$/.test(before) ? {} : { left: before }),
  }
}

const TAIL_WORD = new RegExp(`(?:${WORD})(?:了)?\\s?(?:$|[:,;。.!(\\[\\s]|-)`, 'g')
const plainText = (text: string): string => halfWidth(text).replace(/[^\p{L}\p{N}]/gu, '')

/**
 * The outcome of one planned item on a line of its own, in the way our template lays it out:
 * 「1. 招聘方案（20分）：部分完成，缺数据」, 「招聘方案 已完成」, 「1、完成」.
 *
 * `item`: index of the planned item. `unsaid`: the item is named and its outcome is not.
 */
export function readPerItem(
  line: string,
  planned: readonly PlanItem[],
): { item: number; named: boolean; outcome?: Outcome; assumed?: string } | undefined {
  const half = halfWidth(line)
  const marker = markerOf(half)
  const body = line.slice(marker?.length ?? 0)
  const named = longestNamed(body, planned, marker?.number)
  if (named) {
    const rest = afterName(body, named.end)
    const outcome = firstOutcome(rest)
    return { item: named.index, named: true, ...(outcome ? { outcome } : {}) }
  }
  const number = marker?.number
  if (number === undefined) return readByPart(body, planned)
  if (number < 1 || number > planned.length) return undefined
  const leading = firstOutcome(body) ?? verbOfItem(body, planned[number - 1]!)
  if (leading) return { item: number - 1, named: false, outcome: leading }
  const last = [...halfWidth(body).slice(0, 2000).matchAll(TAIL_WORD)].at(-1)
  if (!last) return undefined
  // Other words than the plan's: the number decides, and they are kept as the note.
  const words = trimMarks(body.slice(0, last.index))
  const note = trimMarks([words, trimMarks(body.slice(last.index + last[0].length))].filter(Boolean).join('，'))
  return {
    item: number - 1,
    named: false,
    outcome: withNote(outcomeOf(last, 1), note),
    assumed: `第${number}项按序号对应本周计划`,
  }
}

/** A word of outcome that runs straight into what it is about; a reason behind it is a note. */
const VERB = new RegExp(`^(?:${WORD})(?=\\p{L})(?!了|因为?|由于|原因)`, 'u')

/** Whether a numbered line begins with a verb, 「1. 完成采购对账」: as good as any beginning of a plan item. */
export function beginsWithVerb(line: string): boolean {
  const half = halfWidth(line)
  const marker = markerOf(half)
  return marker?.number !== undefined && VERB.test(half.slice(marker.length))
}

/** 「1. 完成采购对账，差一张发票」 where that is what item 1 is about. */
function verbOfItem(body: string, item: PlanItem): Outcome | undefined {
  const verb = VERB.exec(halfWidth(body))
  if (!verb) return undefined
  const rest = body.slice(verb[0].length)
  const end = endOfName(rest, item.text) ?? endOfName(rest, item.text.replace(/^完成/, ''))
  return end === undefined ? undefined : withNote(outcomeOf(verb, 1), afterName(rest, end))
}

/** Whether a line says an outcome of something. */
export const saysOutcome = (line: string): boolean => halfWidth(line).slice(0, 2000).search(TAIL_WORD) >= 0

/** 「消防培训 没完成」 for the item 组织消防培训: part of a name that only one item has. */
function readByPart(body: string, planned: readonly PlanItem[]) {
  const match = [...halfWidth(body).slice(0, 2000).matchAll(TAIL_WORD)][0]
  const words = match ? plainText(body.slice(0, match.index)) : ''
  if (!match || words.length < 2) return undefined
  const fitting = planned.flatMap((item, index) => {
    const name = plainText(item.text)
    return name.includes(words) || (name.length > 1 && words.includes(name)) ? [index] : []
  })
  const [index] = fitting
  if (index === undefined || fitting.length > 1) return undefined
  const outcome = withNote(outcomeOf(match, 1), body.slice(match.index + match[0].trimEnd().length))
  const typed = trimMarks(body.slice(0, match.index))
  return { item: index, named: true, outcome, assumed: `“${typed}”按第${index + 1}项“${planned[index]!.text}”理解` }
}

/** An outcome that the text begins with, and what follows as its note. */
function firstOutcome(text: string): Outcome | undefined {
  const clean = text.replace(/^[\s:：,，;；。、\-—–(（]+/, '')
  const match = new RegExp(`^(?:${WORD})了?`).exec(halfWidth(clean))
  if (!match) return undefined
  const rest = clean.slice(match[0].length)
  // 完成了招聘方案: a sentence, not an outcome with a note; 完成 may be followed by marks only.
  if (rest !== '' && !/^[\s:：,，;；。.、!！(（)）\-—]/.test(rest)) return undefined
  return withNote(
    outcomeOf(match, 1),
    rest.replace(/^[)）]/, '').replace(/[)）]$/, (end) => (/[（(]/.test(rest) ? end : '')),
  )
}

/** The planned item whose text the line begins with; of two with one text, the one with the line's number. */
function longestNamed(body: string, planned: readonly PlanItem[], number: number | undefined) {
  let best: { index: number; end: number; score: number } | undefined
  for (const [index, item] of planned.entries()) {
    const end = endOfName(body, item.text)
    if (end === undefined) continue
    const score = plainText(item.text).length * 2 + (number === index + 1 ? 1 : 0)
    if (!best || score > best.score) best = { index, end, score }
  }
  return best
}

/** Where a name ends that the text begins with, spaces and punctuation aside. */
function endOfName(body: string, name: string): number | undefined {
  const wanted = plainText(name)
  if (wanted === '') return undefined
  if (body.startsWith(name)) return name.length
  // Its points are no part of it: 「拜访客户1（20分）」 is not 拜访客户120.
  const half = halfWidth(body).split(/\(\d+(?:\.\d+)?分/, 1)[0]!
  let matched = 0
  for (let i = 0; i < half.length && i < 1200; i++) {
    if (!/[\p{L}\p{N}]/u.test(half[i]!)) continue
    if (half[i] !== wanted[matched]) return undefined
    if (++matched === wanted.length) return i + 1
  }
  return undefined
}

/** Behind the name and the bracket with its points, if there is one. */
function afterName(body: string, end: number): string {
  const rest = body.slice(end).replace(/^[\s"”》」』]+/, '')
  const bracket = /^[（([][^（()）\]]{0,80}[)）\]]/.exec(rest)
  if (bracket && /\d|[一二三四五六七八九十]/.test(halfWidth(bracket[0])) && /分|月|日|周|重点|日常/.test(bracket[0]))
    return rest.slice(bracket[0].length)
  return rest
}
