import { halfWidth } from './chat-text.ts'

/** The parts of what people send in, and attributes that a heading gives to the lines below it. */
export type Section =
  | 'plan'
  | 'summary'
  | 'extra'
  | 'shortcomings'
  | 'problems'
  | 'improvements'
  | 'problems-and-shortcomings'

export interface Heading {
  section?: Section
  /** 重点工作： / 日常工作： */
  kind?: 'key' | 'routine'
  /** 本周 / 下周, as said. */
  said?: '本周' | '上周' | '下周'
  /** What follows on the same line, as typed. */
  rest: string
  /** A title such as 周报, or 姓名：张三: nothing to keep. */
  title?: boolean
}

const WORDS: [RegExp, Omit<Heading, 'rest' | 'said'>][] = [
  [
    /^(?:周|本周|上周|下周|工作)?(?:工作)?(?:周报|总结及?[与和、]?(?:下周)?(?:工作)?计划|周?总结[与和及、]周?计划|工作汇报)/,
    { title: true },
  ],
  [/^(?:下周)?(?:工作)?(?:重点工作计划|重点工作|重点任务|重点事项|重点)/, { kind: 'key' }],
  [/^(?:下周)?(?:工作)?(?:日常工作计划|日常工作|常规工作|日常事务|日常)/, { kind: 'routine' }],
  [/^(?:本周|上周)?(?:计划外工作|计划外|额外工作|额外|临时工作|临时性工作|其他工作|其它工作)/, { section: 'extra' }],
  [
    /^(?:本周|上周)?(?:工作)?(?:存在的?)?(?:问题[与和及、]不足(?:之处)?|不足(?:之处)?[与和及、]问题)/,
    { section: 'problems-and-shortcomings' },
  ],
  [
    /^(?:本周|上周)?(?:工作)?(?:中的?)?(?:存在的?)?(?:不足之处|不足|缺点|欠缺|做得不好的地方)/,
    { section: 'shortcomings' },
  ],
  [
    /^(?:本周|上周)?(?:工作)?(?:中)?(?:遇到的?|存在的?|碰到的?)?(?:问题[与和及、]困难|问题|困难)/,
    { section: 'problems' },
  ],
  [
    /^(?:本周|上周)?(?:更好的(?:工作)?方法|改进(?:措施|方法|建议|办法|方向|计划)?|工作心得|心得(?:体会)?|体会|收获|经验|好的?做法|好方法|方法|建议)/,
    { section: 'improvements' },
  ],
  [
    /^(?:本周|上周|周|工作|本周工作|上周工作)?(?:工作)?(?:总结|小结|完成情况|计划完成情况|工作完成情况)/,
    { section: 'summary' },
  ],
  [/^(?:本周|上周)(?:已?完成的?)?工作(?:内容)?/, { section: 'summary' }],
  [
    /^(?:本周|这周|上周)(?:主要|已经?)?(?:做了?|完成了?|做完了?)(?:的(?:工作|事情?))?(?=\s?[:])/,
    { section: 'summary' },
  ],
  [/^(?:下周|下一周)(?:主要|准备|打算|计划|要)?(?:要)?(?:做|完成)(?:的(?:工作|事情?))?(?=\s?[:])/, { section: 'plan' }],
  [/^(?:周|下周|本周|下周工作|本周工作|工作|下一周)?(?:的)?(?:工作)?(?:计划|安排)/, { section: 'plan' }],
  [/^(?:下周|下一周)(?:重点)?(?:工作|任务)/, { section: 'plan' }],
]

const OPEN =
  /^[\s[(*#=~\-<《「『]*(?:第?[一二三四五六七八九十]{1,2}\s?[、.]|\([一二三四五六七八九十]{1,2}\)|\d{1,2}\s?[.、](?!\d))?[\s[(*#=~<《「『]*/
/** A date or week behind the heading: （11.30-12.6）, 第49周, 11月30日至12月6日. */
const SPAN =
  /^\s?(?:内容|情况)?\s?[\])>*》」』]*\s?(?:\([^()]{0,60}\)|第?\s?\d{1,2}\s?周|[\d.\-/月日年至到~\s]{3,40})?\s?[\])*=~>》」』]*\s?/

/** Labels of a form that say nothing about the work. */
const LABEL = /^\s*(?:姓名|部门|岗位|职务|职位|工号|填报人|汇报人|日期|时间|填报日期|填表日期|周次)\s?[:：]/

/**
 * Whether a line is a heading. Without a colon or brackets it must be the whole line, so that 「问题整改 20分」 stays a
 * plan item and 「计划外出培训」 no heading.
 */
export function headingOf(line: string): Heading | undefined {
  const half = halfWidth(line).slice(0, 300)
  if (LABEL.test(half)) return { title: true, rest: '' }
  const opened = OPEN.exec(half)?.[0] ?? ''
  const body = half.slice(opened.length)
  const bracketed = /[[(《「『<]\s?$/.test(opened)
  for (const [pattern, heading] of WORDS) {
    const match = pattern.exec(body)
    if (!match) continue
    const span = SPAN.exec(body.slice(match[0].length))?.[0] ?? ''
    const end = opened.length + match[0].length + span.length
    const after = half.slice(end)
    const colon = /^\s?[:]/.exec(after)
    const closed = bracketed && /[\])>》」』]/.test(span)
    const behind = after.slice(colon?.[0].length ?? 0).trim()
    // 重点 before an item and [重点] are the item's own; a heading of kinds stands alone or before a numbered list.
    if (heading.kind && behind !== '' && !((colon || closed) && /^(?:\(?\d{1,2}[.、)]|[①②])/.test(behind))) continue
    if (after.trim() !== '' && !colon && !closed && !/^[:]/.test(span.trim())) continue
    const said = /本周|上周|下周|下一周/.exec(match[0])?.[0]?.replace('下一周', '下周') as Heading['said']
    const rest = line.slice(end + (colon?.[0].length ?? 0)).trim()
    if (heading.title && rest !== '') continue
    return { ...heading, ...(said ? { said } : {}), rest }
  }
  return undefined
}

/** 周计划 + items on one line: 「周计划 1、招聘 20分 2、培训 30分」, 「下周计划，招聘方案20分」. */
export function commandHeading(line: string): Heading | undefined {
  const half = halfWidth(line)
  const match = /^\s?(?:(?:我的)?(下周|本周|上周)?(?:周)?(?:工作)?(计划|总结))\s?(?:如下|是)?\s?[:,;\s]\s?/.exec(half)
  if (!match || match[0].length >= line.trimEnd().length) return undefined
  const section = match[2] === '计划' ? 'plan' : 'summary'
  if (!/^\s?(?:我的)?(?:周|下周|本周|上周|总结)/.test(half) && !/^\s?计划\s/.test(half)) return undefined
  return {
    section,
    ...(match[1] ? { said: match[1] as Heading['said'] } : {}),
    rest: line.slice(match[0].length).trim(),
  }
}
