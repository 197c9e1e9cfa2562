import { halfWidth, NUMERAL, numeral, trimMarks } from './chat-text.ts'
import { readLeaveWords, readsAsTrip } from './parse-leave.ts'

export type Intent =
  | 'help'
  | 'weekly-plan'
  | 'weekly-summary'
  | 'my-status'
  | 'who-is-missing'
  | 'left-to-score'
  | 'late-cost'
  | 'my-records'
  | 'interviews'
  | 'open-appeals'
  | 'terms'
  | 'chase'
  | 'score'
  | 'undo'
  | 'submit'
  | 'confirm'
  | 'cancel'
  | 'change'
  | 'on-leave'
  | 'on-trip'
  | 'back-from-leave'
  | 'snooze'
  | 'my-data'
  | 'my-result'
  | 'appeal'
  | 'birthday'
  | 'no-wishes'
  | 'support'
  | 'survey'
  | 'survey-results'
  | 'new-survey'
  | 'anonymous-comment'
  | 'acknowledge'
  | 'thanks'
  | 'unknown'

/** Whether the words that were asked for are taken back instead: 撤销 then means the question, not what was done before it. */
export const isCancel = (said: string): boolean =>
  /^(?:那|还是)?(?:(?:算了|取消)吧?[\s,]*)?(?:取消|算了|不用了?|放弃|撤[销消回]|我?不(?:要|提交|交|登记|申诉|写|填|发|说|改|约|谈|记)了)(?:吧|申诉|提交)?$/.test(
    trimMarks(halfWidth(said.slice(0, 40))),
  )

export interface Command {
  intent: Intent
  /** What stands behind the command, as typed; the whole text for `unknown`. */
  rest: string
}

/** Intents that are only meant when nothing else is said. */
const ALONE: [Intent, string][] = [
  [
    'help',
    '帮助|菜单|功能|使用说明|怎么用|如何使用|help|menu|hi|hello|你好|您好|在吗|在不在|早上好|早|下午好|晚上好|开始|\\?|？|你能做什么|能做什么',
  ],
  [
    'my-status',
    '我的|状态|进度|我的状态|我的进度|我的周报|我的计划|查看进度|查进度|我?(?:已经)?提?交了?(?:吗|没|没有|了没)|我?(?:提交|交)(?:成功|上)了?(?:吗|没|没有)|查状态|我的情况|截止时间|什么时候截止|几点截止',
  ],
  [
    'who-is-missing',
    '团队|我的团队|团队情况|下属情况|谁迟交|谁迟交了|谁晚交了|迟交名单|今天谁没交|本周谁没交|谁没交|谁没有交|谁还没交|还有谁没交|谁没提交|谁还没提交|哪些人没交|未交名单|未提交名单|没交的人|提交情况|交了几个|收齐了吗|还差谁|团队进度',
  ],
  [
    'left-to-score',
    '谁没评分|谁没有评分|谁还没评分|谁还没有评分|还有谁没评分|谁没打分|谁还没打分|哪些上级没评分|未评分名单|评分进度|评分情况',
  ],
  [
    'my-records',
    '我的扣分记录|我的扣分|扣分记录|我的加分|我的加减分|我的奖励|我被扣了几分|我被扣了多少分|这个月扣分|本月扣分|为什么扣我分|为什么扣分',
  ],
  ['interviews', '我的面谈|我的绩效面谈|什么时候面谈|面谈什么时候|面谈时间'],
  ['open-appeals', '待处理申诉|待处理的申诉|申诉列表|处理申诉|有哪些申诉'],
  [
    'terms',
    '谁快转正|谁快转正了|谁要转正了|转正名单|待转正|待转正名单|合同到期|合同到期名单|谁的合同快到期了?|谁合同快到期了?',
  ],
  ['chase', '催一下|催办|催交|催催|催一催|催一下没交的|提醒没交的人|提醒一下|提醒他们|提醒大家|催他们'],
  ['undo', '撤销|撤回|撤销提交|撤回提交|撤销评分|撤回评分|撤销刚才的|撤回刚才的|撤消'],
  [
    'back-from-leave',
    '(?:取消|撤[销消回])\\s?(?:请假|休假|年假|病假|事假)|(?:请假|休假)取消|我?(?:要|已|提前)?销假了?|我?不(?:请|休)假了|我?(?:已经?)?回来(?:上班)?了|我?不(?:请|休)(?:年|病|事)?假了',
  ],
  ['submit', '提交|确认提交|确定提交|确认并提交|交了|提交吧|我要提交|发送'],
  ['confirm', '确认|确定|好的|好|是|是的|对|对的|可以|没问题|没错|ok|okay|yes|y|嗯|行'],
  ['cancel', '取消|不提交|不交了|算了|放弃|不要了|no|n|否|不是|不对'],
  ['change', '修改|改一下|我要修改|重新填|重填|重写|编辑|修改一下'],
  ['my-data', '我的数据|我的信息|我的资料|导出我的数据|导出|删除我的数据|我的个人信息|个人信息'],
  ['my-result', '我的结果|我的成绩|我的得分|我的绩效|绩效结果|我的分数|本月结果|月度结果|查分|查结果'],
  ['support', '支持|我的支持|支持请求|谁需要支持|待支持|需要我支持的'],
  ['no-wishes', '不要祝福|不要公开祝福|不用祝福|关闭祝福|取消祝福'],
  ['survey', '调查|问卷|我的调查|满意度调查|满意度|食堂满意度|填问卷|做问卷|管理调查'],
  ['survey-results', '调查结果|问卷结果|满意度结果|食堂满意度结果|食堂得分'],
  ['acknowledge', '知道了|收到|已阅|已知悉|明白|了解'],
  ['thanks', '谢谢|多谢|感谢|辛苦了|谢了|谢谢你|谢谢您'],
]

/** Intents that take words behind them, after a space, a colon or a line break. */
const LEADING: [Intent, string][] = [
  [
    'weekly-plan',
    '周计划|下周计划|写周计划|提交周计划|填周计划|交周计划|写计划|填计划|交计划|计划|本周计划|工作计划|周报|写周报|填周报|交周报',
  ],
  ['weekly-summary', '周总结|总结|本周总结|写周总结|填周总结|提交周总结|交周总结|写总结|填总结|交总结|工作总结'],
  ['score', '打分|评分|我要打分|我要评分|去评分|开始评分|给分|待评分|给大家打分'],
  ['new-survey', '发起调查|新建调查|发起问卷|新建问卷'],
  ['anonymous-comment', '匿名意见'],
  ['appeal', '申诉|我要申诉|绩效申诉'],
  ['birthday', '改生日|修改生日|我的生日|设置生日|更改生日'],
  ['undo', '撤销|撤回'],
]

/** Every wish with the ways to say it; some of these are patterns. */
export const wishes: readonly (readonly [Intent, string])[] = [...ALONE, ...LEADING]

const exactly = (words: string): RegExp => new RegExp(`^(?:${words})$`, 'i')
const alone = ALONE.map(([intent, words]) => [intent, exactly(words)] as const)
const leading = LEADING.map(([intent, words]) => [intent, new RegExp(`^(?:${words})(?=$|[\\s:,。;])`, 'i')] as const)

/** Longer texts are never commands on their own: they are something to read. */
const MAX_COMMAND = 24

/**
 * Recognises a short wish in what a person typed. Polite words, marks and an @ of the bot around it do not matter; the wish
 * must be all that is said (or stand first, for those that take text), so that a plan item 「撤销旧账户 20分」 is no command.
 */
export function recognise(text: string): Command {
  const said = text
    .replace(/[\u200b-\u200f\ufeff]/g, '')
    .replace(/^\s*@[^\s@]{1,30}[\s\u2005]+/, '')
    .trim()
  const core = polish(said)
  if (core.length <= MAX_COMMAND) {
    for (const [intent, pattern] of alone) if (pattern.test(core)) return { intent, rest: '' }
    if (readsAsTrip(core)) return { intent: 'on-trip', rest: '' }
    if (isSnooze(core)) return { intent: 'snooze', rest: said }
  }
  for (const text of [said, core]) if (readLeaveWords(text)) return { intent: 'on-leave', rest: text }
  const half = halfWidth(said)
  for (const [intent, pattern] of leading) {
    const match = pattern.exec(half) ?? (core.length <= MAX_COMMAND ? pattern.exec(core) : null)
    if (!match) continue
    const rest = half.startsWith(match[0]) ? trimStart(said.slice(match[0].length)) : ''
    // 「撤销旧账户」 never came here; 「撤销 旧账户 20分」 is an item all the same.
    if (intent === 'undo' && rest !== '') continue
    return { intent, rest }
  }
  return { intent: 'unknown', rest: said }
}

/** In free words, the first that fits. Only what shows something or asks back: a guess must change nothing. */
const GISTS: [Intent, RegExp][] = [
  ['left-to-score', /(?:谁|哪些|哪几个|几个人|多少人|有人).{0,4}(?:没|未|不).{0,4}(?:评|打分)|评分(?:率|情况|进度)/],
  ['who-is-missing', /(?:谁|哪些人|哪几个|几个人|多少人|有人).{0,4}(?:没|未|不).{0,4}交|提交(?:率|情况|进度)/],
  ['late-cost', /(?:迟交|晚交|补交|逾期).{0,6}(?:扣|几分|多少分)/],
  ['survey', /(?:填|做|参加|回答|发起|还有).{0,8}(?:调查|问卷)|(?:调查|问卷|满意度).{0,4}(?:在哪|怎么|哪里|呢|吗)/],
  ['appeal', /(?:怎么|如何|可以|能|要|想).{0,4}申诉|(?:结果|分数|得分|绩效|扣分).{0,6}(?:不对|有误|有异议|不公|错了)/],
  ['my-records', /我.{0,4}扣.{0,3}(?:几|多少)分|扣了?我/],
  [
    'my-result',
    /(?:上个?月|这个?月|本月|当月|月度|绩效|考核|(?<!\d)1?\d月份?).{0,8}(?:结果|成绩|得分|分数|多少|几分|怎么样)|我的?.{0,4}(?:绩效|考核)|(?:绩效|考核)(?:呢|吗|出来)/,
  ],
  [
    'my-status',
    /(?:本周|这周|上周|我的?)(?:周?计划|本周|这周|上周)?的?(?:得分|分数|多少分|几分|得多少|得了)|(?:评|打)(?:了)?分?(?:了吗|了没)|(?:计划|总结|周报).{0,8}(?:怎么|如何|哪里|在哪|什么时候|几点|能|可以|忘|补|迟|晚|来不及|逾期)|(?:忘|怎么|如何|什么时候|几点|能不能|可以|来得及|来不及|补).{0,8}(?:交|计划|总结|周报)|截止/,
  ],
  ['my-status', /(?:为什么|为啥|凭什么|怎么(?:才|是|就|只)).{0,8}(?:分|扣|低|\d{2})|(?:才|只有?)\d{2}分?/],
  ['help', /(?:怎么|如何|咋).{0,4}(?:用|操作)|(?:能|会|可以)(?:做|干)(?:什么|啥)|不会用/],
]

/** What a question in free words is about; undefined: nothing that could be shown, or rather a line of a plan. */
export function gist(text: string): Intent | undefined {
  const core = halfWidth(text).trim()
  const item = !/^(?:为什么|为啥|凭什么|怎么)/.test(core) && /\d\s?分(?!钟)/.test(core)
  if (core.length > 40 || item || /\n|^\d{1,2}\s?[.、)]/.test(core)) return undefined
  return GISTS.find(([, pattern]) => pattern.test(core))?.[0]
}

const trimStart = (text: string): string => text.replace(/^[\s:：,，。;；]+/, '')

/** Without what politeness and haste put around a wish. */
function polish(text: string): string {
  return trimMarks(halfWidth(text).slice(0, 200))
    .replace(/(?<=.)[!?~.。…\s]{1,20}$/, '')
    .replace(/^(?:请问|请(?!假)|麻烦(?:你|您)?|帮我|给我|我想|我要|小助手|机器人)[\s,]?(?=\S)/, '')
    .replace(/(?<=..)(?:一下|吧|呀|啊|哦|呢|了|谢谢|哈)$/, (tail) => (tail === '了' || tail === '一下' ? tail : ''))
    .replace(/^["“”'‘’「『/#]|["“”'‘’」』]$/g, '')
    .trim()
}

const SNOOZE = new RegExp(
  `^(?:我)?(?:等|过|再等)?(?:(?:\\d{1,2}|半|[${NUMERAL}]{1,3})(?:个)?(?:半)?(?:小时|钟头|分钟)(?:之?后|以后)?|下午|今天下午|晚上|今晚|明天|明天上午|明早|明天早上|明天下午|明晚|明天晚上|稍后|等会儿?|等一会儿?|等一下|一会儿?|晚点|待会儿?|回头)(?:再)?(?:说|提醒(?:我)?|交|写|填|弄|提交)?$`,
)
const isSnooze = (core: string): boolean => SNOOZE.test(core)

/** When to remind again. `at` a time of day `HH:mm` on a day from today on; `minutes` from now. */
export type Snooze = { minutes: number } | { daysAhead: 0 | 1; at: string }

/** What 「1小时后」, 「下午」, 「明天」, 「稍后」 ask for (features.md B14). 稍后 is an hour; undefined: no snooze. */
export function readSnooze(text: string): Snooze | undefined {
  const core = polish(text)
  if (!isSnooze(core)) return undefined
  const span = new RegExp(`(\\d{1,2}|半|[${NUMERAL}]{1,3})(?:个)?(半)?(小时|钟头|分钟)`).exec(core)
  if (span) {
    const number = span[1] === '半' ? 0.5 : numeral(span[1]!)
    if (number === undefined) return undefined
    const minutes = Math.round((number + (span[2] ? 0.5 : 0)) * (span[3] === '分钟' ? 1 : 60))
    return minutes > 0 ? { minutes } : undefined
  }
  const daysAhead = /明/.test(core) ? 1 : 0
  if (/晚上|[今明]晚/.test(core)) return { daysAhead, at: '19:00' }
  if (/下午/.test(core)) return { daysAhead, at: '14:00' }
  if (daysAhead > 0) return { daysAhead, at: '09:00' }
  return { minutes: 60 }
}
