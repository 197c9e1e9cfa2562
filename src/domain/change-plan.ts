import { halfWidth, NUMERAL, numeral, trimMarks } from './chat-text.ts'
import { type ReadItem, readAttributes, readItem } from './parse-item.ts'
import { readListed } from './parse-outcomes.ts'
import { parseReport, type ReportContext, type Unread } from './parse-plan.ts'
import { pointsText } from './score.ts'
import type { Outcome, PlanItem, Summary } from './weekly-report.ts'

/** What a text makes of the plan in hand. */
export interface ChangedPlan {
  plan: PlanItem[]
  /** What it said of the summary besides: outcomes of items, or a part that was added. */
  summary?: Summary
  unread: Unread[]
  /** What was done, in Chinese, to be shown with the changed plan. */
  assumptions: string[]
}

const ONE = `(?:\\d{1,2}(?!\\d)|[${NUMERAL}]{1,3})`
/** 第2项, 第1、3项, 最后一项, and in front of a verb 2 alone. */
const NUMBERED = new RegExp(
  `^(?:第\\s?)?${ONE}\\s?(?:项|条)?(?:\\s?[、,和及与]\\s?(?:第\\s?)?${ONE}\\s?(?:项|条)?){0,15}$`,
)
const LAST = /^最后[一1]?(?:项|条)$/
/** Begins with the number of an item and no mark behind it: never the beginning of an item itself. */
const BEGINS_NUMBERED = new RegExp(`^(?:第\\s?${ONE}\\s?(?:项|条)|最后[一1]?(?:项|条))(?!\\s?[.、)])`)

const POLITE = '(?:请|麻烦|帮我|帮忙|我想|我要|需要){0,2}'
const IN_PLAN = '(?:下周|本周|周)?(?:计划)?(?:里面?|中)?的?'
const TAKE_OUT = '(?:删除|删掉|删去|删了|去掉|去除|拿掉|移除|删)'
const REMOVE_BEFORE = new RegExp(`^${POLITE}(?:再)?(?:${TAKE_OUT}|取消|不要)\\s?${IN_PLAN}\\s?(.{1,80}?)(?:了|吧)?$`)
const REMOVE_BEHIND = new RegExp(
  `^${POLITE}(?:把|将)?\\s?${IN_PLAN}(.{1,80}?)\\s?(?:都|也|全)?(?:给我)?(?:${TAKE_OUT}|不要)(?:了|掉|吧){0,2}$`,
)
const SET_WORDS =
  '(?:改成|改为|改到|改作|换成|调整为|调整到|调整成|调成|调为|调到|变成|变为|设为|设成|定为|写成|应该是|应为|改(?=\\s?\\d))'
const SET = new RegExp(
  `^${POLITE}(?:修改一下|改一下|改下|修改|调整一下|调整|更改|把|将|改)?\\s?${IN_PLAN}(.{1,80}?)\\s?的?(?:分值|分数|得分|权重|完成时间|时间|日期|期限|内容|名称|类别)?\\s?(?:都|均)?\\s?${SET_WORDS}\\s?[:]?\\s?(.{1,600})$`,
)
const SAID = new RegExp(
  `^${POLITE}(?:修改一下|改一下|改下|修改|更改|把|将|改)?\\s?(第\\s?${ONE}\\s?(?:项|条)|最后[一1]?(?:项|条))\\s?(?:是|为)?\\s?[:、,.]?\\s?(.{1,600})$`,
)
const PUT_IN = '(?:加上|加入|加|增加|补充|添加|新增|追加|补)'
const SOME = '\\s?(?:一|1|两|2|二|三|3|几)\\s?'
const ITEMS = '(?:工作|计划|任务)?'
const ADD = new RegExp(
  `^${POLITE}(?:${[
    `(?:再|另外?|还要?)\\s?${PUT_IN}${SOME}(?:项(?!目)|条|个)${ITEMS}`,
    // 「增加一条生产线」 is work; so is 「再加强…」.
    `${PUT_IN}${SOME}(?:项(?!目)|条(?=\\s?[:,工计任]))${ITEMS}`,
    `(?:再|另外?|还要?)\\s?${PUT_IN}(?=[\\s:,])`,
    '(?:再|另)加(?![强快大班工固深油热装载急密])',
    '(?:加上?|增加|添加|新增|追加)(?=:)',
  ].join('|')})\\s?[:,]?\\s?(.{0,2400})$`,
)
/** Where a further wish begins on the same line. */
const NEXT = new RegExp(
  `[,;。]\\s?(?=(?:再|然后|并且?|同时)?\\s?(?:(?:把|将)?\\s?第\\s?${ONE}\\s?(?:项|条)|(?:再|另)(?:加|增|补|添|新)|加一项|${TAKE_OUT}|最后[一1]?项))`,
)

/** Only how an item came out: that is a word about the summary. */
const OUTCOME =
  /^(?:已经?|还)?(?:全部|部分|基本|按时|未|没有?)?(?:完成|做完|开始|做)了?(?:一半|一部分|\d{1,2}%)?(?:$|[,:;。(])/

/**
 * Reads wishes to change the plan in hand: 「第2项改成50分」, 「删掉第1项」, 「再加一项：整理档案 10分」, several in one message
 * (features.md T5). Undefined: the text is something else, a plan or a summary of its own.
 *
 * @param plan what is in hand: the draft, or what has been handed in
 */
export function changePlan(text: string, plan: readonly PlanItem[], context: ReportContext): ChangedPlan | undefined {
  const pieces = piecesOf(text)
  const wishes = pieces.map(({ words }) => readWish(words, plan, context, pieces.length === 1))
  if (!wishes[0]) return undefined
  const changed: ChangedPlan = { plan: [...plan], unread: [], assumptions: [] }
  const outcomes: (Outcome | null)[] = context.planned.map(() => null)
  const gone = new Set<number>()
  const fail = (line: number, words: string, why: string) =>
    changed.unread.push({ line, text: words.slice(0, 200), why })
  for (let i = 0; i < pieces.length; i++) {
    const { words, line } = pieces[i]!
    const wish = wishes[i]
    switch (wish?.kind) {
      case 'add': {
        // The lines below belong to it, up to the next wish.
        const below = wishes.findIndex((other, j) => j > i && other !== undefined)
        const lines = pieces.slice(i + 1, below < 0 ? undefined : below)
        const read = parseReport([wish.words, ...lines.map((l) => l.words)].join('\n'), { ...context, expect: 'plan' })
        changed.plan.push(...read.plan)
        if (read.summary) changed.summary = read.summary
        changed.unread.push(...read.unread.map((u) => ({ ...u, line: line + u.line - 1 })))
        changed.assumptions.push(...read.assumptions)
        if (read.plan.length > 0) changed.assumptions.push(`已加入${read.plan.length}项`)
        else if (!read.summary && read.unread.length === 0)
          fail(line, words, '请写上工作内容和分值，例如“再加一项：整理档案 10分”')
        i += lines.length
        break
      }
      case 'remove':
        for (const index of wish.items) {
          gone.add(index)
          changed.assumptions.push(`已删除“${plan[index]!.text}（${pointsText(plan[index]!.points)}分）”`)
        }
        break
      case 'set':
        for (const index of wish.items) changed.plan[index] = { ...changed.plan[index]!, ...wish.to }
        changed.assumptions.push(`已修改第${wish.items.map((index) => index + 1).join('、')}项`, ...wish.assumed)
        break
      case 'outcome':
        for (const [number, outcome] of wish.outcomes) outcomes[number - 1] = outcome
        break
      case 'wrong':
        fail(line, words, wish.why)
        break
      default:
        fail(line, words, '没有看出要修改什么，例如“第2项改成50分”“删掉第1项”')
    }
  }
  changed.plan = changed.plan.filter((_, i) => !gone.has(i))
  if (outcomes.some((one) => one !== null))
    changed.summary = {
      ...{ extra: [], shortcomings: '', problems: '', improvements: '', ...changed.summary },
      outcomes,
    }
  return changed
}

function piecesOf(text: string): { words: string; line: number }[] {
  return text.split(/\r\n|\r|\n/).flatMap((typed, i) => {
    const words: string[] = []
    let rest = typed.replace(/[\u200b-\u200f\ufeff]/g, '')
    for (let cut = NEXT.exec(halfWidth(rest)); cut && words.length < 40; cut = NEXT.exec(halfWidth(rest))) {
      words.push(rest.slice(0, cut.index))
      rest = rest.slice(cut.index + 1)
    }
    return [...words, rest].map((w) => ({ words: trimMarks(w), line: i + 1 })).filter((p) => p.words !== '')
  })
}

type Wish =
  | { kind: 'add'; words: string }
  | { kind: 'remove'; items: number[] }
  | { kind: 'set'; items: number[]; to: Partial<PlanItem>; assumed: string[] }
  | { kind: 'outcome'; outcomes: Map<number, Outcome> }
  /** A wish, but one that cannot be done. */
  | { kind: 'wrong'; why: string }

function readWish(typed: string, plan: readonly PlanItem[], context: ReportContext, alone: boolean): Wish | undefined {
  const words = typed
    .replace(/^(?:然后|并且?|同时)\s?/, '')
    .replace(/[,，。!！\s]{1,3}(?:谢谢您?|多谢|辛苦了?)?[!！。]?$/, '')
  if (words.length > 2500) return undefined
  const half = halfWidth(words)
  const added = ADD.exec(half)
  if (added) return { kind: 'add', words: words.slice(words.length - added[1]!.length) }
  const removed = REMOVE_BEFORE.exec(half)?.[1] ?? REMOVE_BEHIND.exec(half)?.[1]
  if (removed !== undefined) {
    const items = itemsOf(removed, plan)
    if (items) return inPlan(items, plan) ?? { kind: 'remove', items }
  }
  const set = SET.exec(half)
  if (set) {
    const items = itemsOf(set[1]!, plan)
    if (items)
      return inPlan(items, plan) ?? setItem(items, words.slice(words.length - set[2]!.length), context, () => true)
  }
  if (context.planned.length > 0 && readListed(words, context.planned.length)) return undefined
  const said = SAID.exec(half)
  if (said && plan.length > 0) {
    const items = itemsOf(said[1]!, plan)!
    const rest = words.slice(words.length - said[2]!.length)
    // 「第1项：招聘 20分」 above 「第2项：培训 30分」 is a plan of its own.
    const wish = inPlan(items, plan) ?? setItem(items, rest, context, (read) => alone && isNewText(read))
    if (wish.kind !== 'wrong' || alone) return wish
  }
  return alone && plan.length > 0 && BEGINS_NUMBERED.test(half)
    ? { kind: 'wrong', why: '没有看出要修改什么，例如“第2项改成50分”“删掉第2项”' }
    : undefined
}

/** 0-based items that are meant; undefined where the words name none. Beyond the plan too. */
function itemsOf(half: string, plan: readonly PlanItem[]): number[] | undefined {
  const words = half.trim().replace(/^["“「]|["”」]$/g, '')
  if (LAST.test(words)) return [plan.length - 1]
  if (NUMBERED.test(words)) {
    const numbers = words.split(/[、,和及与]/).map((one) => numeral(one.replace(/[第项条\s]/g, '')))
    return numbers.every((n) => n !== undefined) ? [...new Set(numbers.map((n) => n! - 1))] : undefined
  }
  const named = plan.flatMap((item, i) => (halfWidth(item.text).trim() === words ? [i] : []))
  return named.length === 1 ? named : undefined
}

function inPlan(items: number[], plan: readonly PlanItem[]): Wish | undefined {
  if (items.every((i) => i >= 0 && i < plan.length)) return undefined
  return { kind: 'wrong', why: plan.length === 0 ? '计划还没有内容' : `计划共${plan.length}项，请核对序号` }
}

/** @param isItem whether what holds other words than attributes is the item's new text */
function setItem(items: number[], rest: string, context: ReportContext, isItem: (read: ReadItem) => boolean): Wish {
  if (OUTCOME.test(halfWidth(rest))) {
    const outcomes = readListed(
      `${items.map((index) => index + 1).join('、')}${rest}`,
      context.planned.length,
    )?.outcomes
    if (outcomes) return { kind: 'outcome', outcomes }
    return { kind: 'wrong', why: '没有看出要修改什么，例如“第2项改成50分”' }
  }
  const read = readAttributes(rest, context) ?? withoutAttribute(readItem(rest, context), context)
  if (read.text !== '' && !isItem(read)) return { kind: 'wrong', why: '没有看出要修改什么，例如“第2项改成50分”' }
  const { text, points, due, kind, support } = read
  const to: Partial<PlanItem> = {
    ...(text !== '' && { text }),
    ...(points !== undefined && { points }),
    ...(due !== undefined && { due }),
    ...(kind !== undefined && { kind }),
    ...(support !== undefined && { support }),
  }
  return { kind: 'set', items, to, assumed: read.assumed }
}

/** 「第3项：年会策划 30分」 without a word that it is to be changed; 「第3项加10分」 is no text. */
const isNewText = ({ text, points }: ReadItem): boolean =>
  points !== undefined && !/^(?:再|增?加|减|扣|改|和|与|、)/.test(text)

/** 「周五前50分」 leaves 周五前 as its text: that is a day. */
function withoutAttribute(read: ReadItem, context: ReportContext): ReadItem {
  const day = readAttributes(read.text, context)
  return day ? { ...day, ...read, text: '' } : read
}
