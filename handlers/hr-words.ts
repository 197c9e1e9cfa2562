import { talkDraftCard, talksAboutText, talksDueText } from '../cards/hr-talks.ts'
import { holidaysCard, lastDayCard } from '../cards/hr-words.ts'
import { birthdayListText } from '../cards/moments.ts'
import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { halfWidth } from '../src/domain/chat-text.ts'
import { isCancel } from '../src/domain/commands.ts'
import type { HolidayYear } from '../src/domain/holidays.ts'
import { dayFrom } from '../src/domain/parse-day.ts'
import { describeHolidays, looksLikeHolidays, readHolidays } from '../src/domain/read-holidays.ts'
import {
  addDays,
  type Day,
  formatDayFull,
  formatMonth,
  makeDay,
  monthOf,
  nextMonth,
  partsOf,
  weekOf,
} from '../src/domain/time.ts'
import type { Answer, FindCommand, OnCard, OnTalk, TextTurn, Turn } from '../src/inbox/handler.ts'
import type { Person } from '../src/store/people.ts'
import { birthdaysOf } from './moments/birthdays.ts'
import { changePool, columnNames, poolOf } from './moments/columns.ts'
import { confirmHolidays } from './moments/holidays.ts'
import { occasionOf, readTalk, recordTalk, type TalkDraft, talksAbout, talksDue } from './moments/hr-talks.ts'
import { setLastDay } from './moments/leaving.ts'
import { today } from './moments/people.ts'
import { judgeOf } from './rights.ts'

const text = {
  hrOnly: '这项操作由人力资源处理，您没有权限。',
  nobody: (name: string) => `没有找到“${name}”，请核对姓名，或改用工号。`,
  several: (name: string, list: string[]) => `有${list.length}位“${name}”：${list.join('；')}。请改用工号。`,
  wrongMonth: '没有看懂月份，请写成“生日名单 12月”。',
  talkAsk: (name: string) =>
    `请发送与${name}的谈话内容。需要转给直属上级的建议，另起一行以“建议：”开头，一行一条。不登记请回复“取消”。`,
  talkEmpty: '谈话内容是空的，请重新发送，或回复“取消”。',
  talkKept: (name: string) => `已保存${name}的谈话记录，仅人力资源可见。`,
  talkPassed: (name: string, to: string) => `已保存${name}的谈话记录，建议已转给${to}。`,
  nothingDue: '目前没有必须安排的谈话。',
  self: '不能登记与自己的谈话。',
  cancelled: '已取消，没有登记。',
  added: (column: string, left: number) => `已加入“${column}”，现有${left}条。`,
  known: (column: string) => `“${column}”里已经有这一条。`,
  removed: (column: string, left: number) => `已从“${column}”删除，还有${left}条。`,
  unknown: (column: string) => `“${column}”里没有这一条，发“${column}”查看全部。`,
  tooShort: '内容太短，请写完整后再添加。',
  tooLong: '内容超过800字，请精简后再添加。',
  emptyPool: (column: string) => `“${column}”还没有内容。添加请发：添加${column} 内容。`,
  badHolidays: (problems: string[]) =>
    ['这份放假安排有疑问，没有启用：', ...problems.slice(0, 8).map((p) => `· ${p}`), '请核对后重新粘贴全文。'].join(
      '\n',
    ),
  holidaysOn: (year: number) => `${year}年放假安排已启用，截止时间和提醒即刻按新安排计算。`,
  holidaysOff: '已取消，没有启用。',
  stale: '这张卡片的内容已经变化，请重新发送。',
  ahead: '接下来的放假和调休安排：',
  noneAhead: (year: number) => `${year}年没有其他放假安排了。`,
  notYet: (year: number) => `${year}年放假安排尚未公布或导入，导入后会按新安排计算。`,
  noDay: '没有看懂日期，请写成“离职 姓名 11月30日”。',
  beforeJoining: '最后工作日早于入职日期，请核对。',
  lastDay: (name: string, day: string, past: boolean) =>
    past
      ? `已登记${name}的最后工作日为${day}，即日起不再向其发送消息。`
      : `已登记${name}的最后工作日为${day}，当天会送别，次日起不再发送消息。`,
  noLastDay: (name: string) => `已取消${name}的离职登记。`,
  noLeaving: (name: string) => `${name}没有离职登记。`,
}

const TALK_MS = 60 * 60_000

/** The words of HR about people, columns and holidays. */
export const hrCommand: FindCommand = async (turn, ctx) => {
  if (looksLikeHolidays(turn.text)) return () => importHolidays(turn, ctx)
  const said = halfWidth(turn.text).trim()
  if (said.length > 900) return undefined
  if (
    /^(?:\d{4}年|今年)?(?:法定)?(?:放假|节假日|假期|调休)(?:安排|时间|表)?(?:\?|是什么|呢)?$|^(?:什么时候|啥时候)放假\??$|^(?:今年|接下来|后面)?还有(?:哪些|什么|几个)(?:假|假期|节假日|法定假)(?:没放)?\??$|^(?:今年|明年)?(?:元旦|春节|过年|清明节?|五一|劳动节|端午节?|中秋节?|国庆节?|十一)(?:要|会)?(?:放|休|放假|休假|假期)(?:几天|多少天|多久|时间|安排|到几号|吗)?(?:假)?\??$|^(?:今年|明年)?(?:元旦|春节|清明节?|五一|劳动节|端午节?|中秋节?|国庆节?|十一)(?:什么时候|几号|从几号)(?:开始)?放(?:假)?\??$/.test(
      said,
    )
  )
    return async () => [{ text: holidaysAhead(ctx, today(ctx, turn.at)) }]
  const asked = isItOff(said, today(ctx, turn.at))
  if (asked) return async () => [{ text: whatDay(ctx, asked) }]
  const hr = turn.person.roles.includes('hr')
  const list =
    /^(?:(.{0,6}月)的?)?生日名单\s*(.*)$/.exec(said) ??
    (hr ? /^(下个?月|本月|这个?月|\d{1,2}月)(?:的|有谁)?(?:过)?生日()(?:有谁|的?有哪些人)?\??$/.exec(said) : null)
  if (list) return () => birthdayList(turn, ctx, `${list[1] ?? ''}${list[2]}`.trim())
  const records = /^谈话记录\s*(\S{1,20})$/.exec(said)
  if (records) {
    const person = await one(ctx, records[1]!)
    // For anybody but HR a name that nobody has means nothing.
    return hr || !Array.isArray(person) ? () => showTalks(turn, ctx, person) : undefined
  }
  const talk = /^(?:登记)?谈话(?:名单)?(?:[\s:](\S{1,20}))?$|^待谈(?:名单)?$/.exec(said)
  if (talk && hr) return () => (talk[1] ? startTalk(turn, ctx, talk[1]) : showDue(turn, ctx))
  const leaving = /^(取消)?离职[\s:]+(\S{1,20})(?:\s+(\S{1,16}))?$/.exec(said)
  if (leaving && hr) return () => lastDay(turn, ctx, leaving[2]!, leaving[1] ? 'cancel' : (leaving[3] ?? ''))
  const whoFirst = /^(\S{1,20}?)\s?离职[\s:]*(\d\S{0,15})$/.exec(said)
  if (whoFirst && hr) return () => lastDay(turn, ctx, whoFirst[1]!, whoFirst[2]!)
  return hr ? poolCommand(turn, ctx) : undefined
}

/** One person by name or 工号, or what to say instead. */
export async function one(ctx: Ctx, ref: string): Promise<Person | Answer[]> {
  const people = await ctx.people.active()
  const byNumber = people.filter((p) => p.jobNumber === ref)
  const found = byNumber.length > 0 ? byNumber : people.filter((p) => p.name === ref || p.nicknames.includes(ref))
  if (found.length === 1) return found[0]!
  if (found.length === 0) return [{ text: text.nobody(ref) }]
  const places = found.map((p) => `${p.departments[0] ?? '未分部门'}${p.jobNumber ? `，工号${p.jobNumber}` : ''}`)
  return [{ text: text.several(ref, places) }]
}

async function birthdayList(turn: Turn, ctx: Ctx, which: string): Promise<Answer[]> {
  if (!turn.person.roles.includes('hr')) return [{ text: text.hrOnly }]
  const now = today(ctx, turn.at)
  const asked = /^(?:(20\d{2})[年-])?(\d{1,2})月?$/.exec(which)
  let month = monthOf(now)
  if (/^下个?月$/.test(which)) month = nextMonth(month)
  else if (asked) {
    const { year, month: current } = partsOf(now)
    const number = Number(asked[2])
    const first = makeDay(asked[1] ? Number(asked[1]) : number < current ? year + 1 : year, number, 1)
    if (!first) return [{ text: text.wrongMonth }]
    month = monthOf(first)
  } else if (which !== '' && !/^(?:本|这个?|当)月$/.test(which)) return [{ text: text.wrongMonth }]
  await ctx.audit.add({
    _id: `${turn.id}/birthdays`,
    at: turn.at,
    by: turn.person._id,
    what: 'birthdays-read',
    to: `birthdays/${month}`,
  })
  return [{ text: birthdayListText(formatMonth(month), await birthdaysOf(ctx, month)) }]
}

async function showDue(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const day = today(ctx, turn.at)
  return [{ text: talksDueText(await talksDue(ctx, turn.person, day), day, true) ?? text.nothingDue }]
}

async function startTalk(turn: Turn, ctx: Ctx, ref: string): Promise<Answer[]> {
  const person = await one(ctx, ref)
  if (Array.isArray(person)) return person
  if (person._id === turn.person._id) return [{ text: text.self }]
  await ctx.talks.expect(turn, 'hr-talk', { personId: person._id }, TALK_MS)
  return [{ text: text.talkAsk(person.name) }]
}

export const onHrTalk: OnTalk = async (turn, data, ctx) => {
  const person = await ctx.people.get(String(data.personId))
  if (!person || isCancel(turn.text)) {
    await ctx.talks.end(turn.person._id, turn.id)
    return [{ text: text.cancelled }]
  }
  const draft = readTalk(turn.text.slice(0, 4000))
  if (draft.summary === '' && draft.proposals.length === 0) return [{ text: text.talkEmpty }]
  await ctx.talks.end(turn.person._id, turn.id)
  const manager = await judgeOf(ctx, person)
  const card = talkDraftCard(person.name, await occasionOf(ctx, person, today(ctx, turn.at)), draft, manager?.name)
  return [{ card, subject: `hr-talk/${person._id}`, context: { personId: person._id, draft } }]
}

export const onKeepTalk: OnCard = async (turn, ctx) => {
  const { personId, draft } = turn.instance.context as { personId?: string; draft?: TalkDraft }
  const person = personId === undefined ? null : await ctx.people.get(personId)
  if (!person || !draft) return [{ text: text.stale }]
  if (turn.arg === 'drop')
    return [{ replace: closedCard(`${person.name}的谈话记录`, '没有登记') }, { text: text.cancelled }]
  if (turn.arg === 'again')
    return [
      { replace: closedCard(`${person.name}的谈话记录`, '重新填写') },
      ...(await startTalk(turn, ctx, person.jobNumber ?? person.name)),
    ]
  const result = await recordTalk(ctx, turn, turn.person, person, draft, turn.arg === 'pass')
  if (result.kind === 'not-allowed') return [{ text: text.hrOnly }]
  const said = result.to ? text.talkPassed(person.name, result.to.name) : text.talkKept(person.name)
  return [{ replace: closedCard(`${person.name}的谈话记录`, '已保存') }, { text: said }]
}

/** HR reads whole records, a manager what was passed to them. */
async function showTalks(turn: Turn, ctx: Ctx, person: Person | Answer[]): Promise<Answer[]> {
  if (Array.isArray(person)) return person
  const talks = await talksAbout(ctx, turn, turn.person, person)
  if (!talks) return [{ text: text.hrOnly }]
  return [{ text: talksAboutText(person.name, talks) }]
}

/** 添加心灵启示 …, 删除心灵启示 …, 心灵启示. */
const poolCommand: FindCommand = async (turn, ctx) => {
  const typed = turn.text.trim()
  for (const column of columnNames(ctx)) {
    if (typed === column) return () => showPool(ctx, column)
    const found = [`添加${column}`, `增加${column}`, `删除${column}`].find((w) => typed.startsWith(w))
    if (!found) continue
    const content = typed
      .slice(found.length)
      .replace(/^[\s:：,，]+/, '')
      .trim()
    return () => toPool(turn, ctx, column, content, found.startsWith('删除') ? 'remove' : 'add')
  }
  return undefined
}

async function toPool(turn: Turn, ctx: Ctx, column: string, content: string, how: 'add' | 'remove'): Promise<Answer[]> {
  if (content.length < 4) return [{ text: text.tooShort }]
  if (content.length > 800) return [{ text: text.tooLong }]
  const result = await changePool(ctx, turn, turn.person, column, content, how)
  switch (result.kind) {
    case 'added':
      return [{ text: text.added(column, result.left) }]
    case 'removed':
      return [{ text: text.removed(column, result.left) }]
    case 'known':
      return [{ text: text.known(column) }]
    case 'unknown':
      return [{ text: text.unknown(column) }]
    case 'not-allowed':
      return [{ text: text.hrOnly }]
  }
}

async function showPool(ctx: Ctx, column: string): Promise<Answer[]> {
  const pool = await poolOf(ctx, column)
  if (pool.length === 0) return [{ text: text.emptyPool(column) }]
  const issued = new Set((await ctx.columns.issuesOf(column)).map((i) => i.text))
  const lines = pool.map((t, i) => `${i + 1}. ${t}${issued.has(t) ? '（已用过）' : ''}`)
  return [
    {
      text: [
        `“${column}”共${pool.length}条：`,
        ...lines,
        `添加请发：添加${column} 内容；删除请发：删除${column} 原文。`,
      ].join('\n'),
    },
  ]
}

async function importHolidays(turn: TextTurn, ctx: Ctx): Promise<Answer[]> {
  const { roles } = turn.person
  if (!roles.includes('hr') && !roles.includes('admin')) return [{ text: text.hrOnly }]
  const read = readHolidays(turn.text)
  if (read.kind !== 'read')
    return [{ text: text.badHolidays(read.kind === 'wrong' ? read.problems : ['没有看懂内容。']) }]
  const { year } = read
  const card = holidaysCard(year.year, describeHolidays(year), ctx.company().weeks.knows(year.year))
  return [{ card, subject: `holidays/${year.year}`, context: { year } }]
}

export const onHolidays: OnCard = async (turn, ctx) => {
  const { year } = turn.instance.context as { year?: HolidayYear }
  if (!year) return [{ text: text.stale }]
  const title = `${year.year}年放假安排`
  if (turn.arg !== 'confirm') return [{ replace: closedCard(title, '已取消') }, { text: text.holidaysOff }]
  const { kind } = await confirmHolidays(ctx, turn, turn.person, year)
  if (kind === 'not-allowed') return [{ text: text.hrOnly }]
  return [{ replace: closedCard(title, '已启用') }, { text: text.holidaysOn(year.year) }]
}

/** 10月1日上班吗, 2027-10-01放假吗: for everybody. */
function isItOff(said: string, now: Day): Day | undefined {
  const m =
    /^(?:(20\d{2})[-/.年])?(\d{1,2})[-/.月](\d{1,2})[日号]?(?:那天|当天)?(?:公司)?(?:是)?(?:要|用|还|需要)?(?:上班|放假|休息)(?:日)?(?:吗|么|不|嘛|\?)\??$/.exec(
      said,
    )
  if (m) return makeDay(m[1] ? Number(m[1]) : partsOf(now).year, Number(m[2]), Number(m[3]))
  const named =
    /^((?:本|这个?|下个?)?(?:周|星期|礼拜)[一二三四五六日天]|今天|明天|后天)(?:公司)?(?:要|用|还|需要)?(?:上班|放假|休息)(?:吗|么|不|嘛)\??$/.exec(
      said,
    )
  if (!named) return undefined
  const day = dayFrom(named[1]!, { planWeek: weekOf(now), today: now })?.day
  // 周六, asked on a Sunday, is the next one.
  return day !== undefined && day < now && /^[周星礼]/.test(named[1]!) ? addDays(day, 7) : day
}

function whatDay(ctx: Ctx, day: Day): string {
  const { kind, name, known } = ctx.company().weeks.kind(day)
  const { year } = partsOf(day)
  const what = {
    workday: '是工作日，上班',
    rest: '是休息日，不上班',
    holiday: `是${name}假期，不上班`,
    makeup: `因${name}调休，需要上班`,
  }[kind]
  if (known) return `${year}年${formatDayFull(day)}${what}。`
  const plain = kind === 'holiday' ? `是${name}法定假日，不上班` : kind === 'rest' ? '通常是休息日' : '通常是工作日'
  return `${year}年放假安排尚未公布或导入，暂无法确定。${formatDayFull(day)}${plain}，是否调休以国务院通知为准。`
}

/** 放假安排: the holidays and make-up days to come, as far as the notices that are known reach. */
function holidaysAhead(ctx: Ctx, from: Day): string {
  const { weeks } = ctx.company()
  const { year } = partsOf(from)
  const years = [year, year + 1].filter((y) => weeks.knows(y))
  const days: HolidayYear['days'] = []
  for (let date = from; years.includes(partsOf(date).year); date = addDays(date, 1)) {
    const { kind, name } = weeks.kind(date)
    if (name && (kind === 'holiday' || kind === 'makeup')) days.push({ date, name, isOffDay: kind === 'holiday' })
  }
  const next = years.includes(year + 1) ? [] : [text.notYet(year + 1)]
  const lines = describeHolidays({ year, days })
  return [...(lines.length > 0 ? [text.ahead, ...lines] : [text.noneAhead(year)]), ...next].join('\n')
}

/** 离职 张三 11月30日: shown back first. */
async function lastDay(turn: Turn, ctx: Ctx, ref: string, when: string): Promise<Answer[]> {
  const person = await one(ctx, ref)
  if (Array.isArray(person)) return person
  if (when === 'cancel') {
    const { kind } = await setLastDay(ctx, turn, turn.person, person, undefined)
    return [{ text: kind === 'not-leaving' ? text.noLeaving(person.name) : text.noLastDay(person.name) }]
  }
  const now = today(ctx, turn.at)
  const day = dayFrom(when, { planWeek: weekOf(now), today: now })?.day
  if (!day) return [{ text: text.noDay }]
  if (person.joinedOn !== undefined && day < person.joinedOn) return [{ text: text.beforeJoining }]
  const card = lastDayCard(person.name, person.departments[0] ?? '', day, day < now)
  return [{ card, subject: `last-day/${person._id}`, context: { personId: person._id, day } }]
}

export const onLastDay: OnCard = async (turn, ctx) => {
  const { personId, day } = turn.instance.context as { personId?: string; day?: Day }
  const person = personId === undefined ? null : await ctx.people.get(personId)
  if (!person || !day) return [{ text: text.stale }]
  if (turn.arg !== 'confirm') return [{ replace: closedCard(`${person.name}离职`, '已取消') }, { text: text.cancelled }]
  const { kind } = await setLastDay(ctx, turn, turn.person, person, day)
  if (kind === 'not-allowed') return [{ text: text.hrOnly }]
  const said = text.lastDay(person.name, formatDayFull(day), day < today(ctx, turn.at))
  return [{ replace: closedCard(`${person.name}离职`, '已登记') }, { text: said }]
}
