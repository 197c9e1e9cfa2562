import { deleteDataCard, feb29Card, leapMonthCard, ownDataCard, whichCalendarCard } from '../cards/own-data.ts'
import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { type Birthday, formatBirthday, toLunar, toSolar } from '../src/domain/birthday.ts'
import { halfWidth, trimMarks } from '../src/domain/chat-text.ts'
import { recognise } from '../src/domain/commands.ts'
import { afterRecordWord } from '../src/domain/parse-behaviour.ts'
import { readBirthday } from '../src/domain/read-birthday.ts'
import { partsOf } from '../src/domain/time.ts'
import type { Answer, FindCommand, OnCard, OnTalk, Turn } from '../src/inbox/handler.ts'
import type { Personal } from '../src/store/personal.ts'
import {
  deleteOwnData,
  exportOwnData,
  setBirthday,
  setBirthdayRule,
  setColumns,
  setWishes,
  viewOwnData,
} from './moments/own-data.ts'
import { today } from './moments/people.ts'
import { ask } from './write-week.ts'

const text = {
  ask: '请直接回复生日的月和日，例如：5月3日、农历八月十五、农历闰六月初一。不需要年份；不想填请回复“取消”。',
  cancelled: '好的，没有改动。',
  unread: '没有看懂这个日期，请写成“5月3日”或“农历八月十五”；不想填请回复“取消”。',
  saved: (birthday: string, next: string | undefined) =>
    `已登记您的生日：${birthday}${next ? `，下一次是${next}` : ''}。如有误，发“改生日”重新登记；不需要祝福，发“不要祝福”。`,
  rule: (next: string | undefined) => `好的，已记下${next ? `，下一次是${next}` : ''}。`,
  noYear: (which: string) =>
    `没有您的出生年份，无法换算${which}，请直接发：改生日 ${which === '农历' ? '农历八月十五' : '5月3日'}。`,
  unknownBirthday: '还没有登记您的生日，请直接发：改生日 5月3日，或：改生日 农历八月十五。',
  wishes: {
    all: '好的，已恢复生日和周年祝福，公司开启群祝福时也会在群里祝贺。',
    private: '好的，今后只私下祝福您，不在任何群里公开。恢复请发“恢复祝福”。',
    none: '好的，今后不再送生日和周年祝福，也不会再询问生日。恢复请发“恢复祝福”。',
  } satisfies Record<Personal['wishes'], string>,
  columnsOff: '好的，不再给您发每周栏目。恢复请发“恢复栏目”。',
  columnsOn: '好的，已恢复每周栏目。',
  deleted: '已删除您的生日、出生年份和偏好，今后不会再询问，也不会从其他来源补回。',
  stale: '这张卡片的内容已经变化，请重新发“改生日”。',
}

const CANCEL = /^(?:取消|算了|不用了?|不填了?|不改了?)$/

const polite = (said: string): string =>
  trimMarks(halfWidth(said).trim())
    .replace(/^(?:请|麻烦|帮我|我要|我想|给我)+/, '')
    .replace(/(?:吧|呀|啊|谢谢)$/, '')

/** The words about one's own data (features.md B13). Only ever asked in private. */
export const ownDataCommand: FindCommand = async (turn, ctx) => {
  const said = polite(turn.text)
  if (/^(?:我的数据|我的信息|我的资料|(?:我的)?个人(?:信息|资料|数据))$/.test(said)) return () => showOwnData(turn, ctx)
  if (/^导出(?:我的)?(?:数据|资料|信息)?$/.test(said))
    return async () => [{ text: await exportOwnData(ctx, turn, turn.person) }]
  if (/^删除(?:我的)?(?:数据|资料|信息|生日)?$/.test(said)) return async () => askDelete(ctx, turn)
  if (/^(?:不要|不用|关闭|取消)公开(?:的)?祝福$/.test(said)) return () => wishes(turn, ctx, 'private')
  if (/^(?:不要|不用|不需要|关闭|取消)(?:生日|周年)?祝福$/.test(said)) return () => wishes(turn, ctx, 'none')
  if (/^(?:恢复|打开|开启|要)(?:公开|生日)?祝福$/.test(said)) return () => wishes(turn, ctx, 'all')
  if (/^(?:不要|退订|关闭|取消)(?:每周)?栏目$/.test(said)) return () => columns(turn, ctx, false)
  if (/^(?:恢复|打开|开启|订阅)(?:每周)?栏目$/.test(said)) return () => columns(turn, ctx, true)
  const { intent, rest } = recognise(turn.text)
  return intent === 'birthday' ? () => changeBirthday(turn, ctx, rest) : undefined
}

async function showOwnData(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const facts = await viewOwnData(ctx, turn, turn.person)
  return [{ card: ownDataCard(facts), subject: `own-data/${turn.person._id}` }]
}

const askDelete = (ctx: Ctx, turn: Turn): Answer[] => [
  { card: deleteDataCard(ctx.company().retention.recordYears), subject: `own-data/${turn.person._id}` },
]

async function wishes(turn: Turn, ctx: Ctx, which: Personal['wishes']): Promise<Answer[]> {
  await setWishes(ctx, turn, turn.person, which)
  return [{ text: text.wishes[which] }]
}

async function columns(turn: Turn, ctx: Ctx, wanted: boolean): Promise<Answer[]> {
  await setColumns(ctx, turn, turn.person, wanted)
  return [{ text: wanted ? text.columnsOn : text.columnsOff }]
}

/** 改生日 农历八月十五; 改生日 农历 turns the one that is known into the other calendar; 改生日 alone asks. */
async function changeBirthday(turn: Turn, ctx: Ctx, rest: string): Promise<Answer[]> {
  if (rest.trim() === '') return askBirthday(turn, ctx)
  const other = /^(?:改为|改成|按|过)?(农历|阴历|旧历|公历|阳历|新历)(?:过)?$/.exec(trimMarks(halfWidth(rest)))
  if (other) return turnCalendar(turn, ctx, /农|阴|旧/.test(other[1]!) ? 'lunar' : 'solar')
  const taken = await takeBirthday(turn, ctx, rest)
  return taken ?? [{ text: text.unread }, ...(await expectBirthday(turn, ctx))]
}

async function askBirthday(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  await expectBirthday(turn, ctx)
  return [{ text: text.ask }]
}

async function expectBirthday(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  await ask(turn, ctx, 'birthday', {})
  return []
}

/** Undefined: no date at all. */
async function takeBirthday(turn: Turn, ctx: Ctx, said: string): Promise<Answer[] | undefined> {
  const read = readBirthday(said, today(ctx, turn.at))
  switch (read.kind) {
    case 'unread':
      return undefined
    case 'impossible':
      return [{ text: read.why }, ...(await expectBirthday(turn, ctx))]
    case 'which-calendar': {
      const { solar, lunar, year } = read
      const card = whichCalendarCard(formatBirthday(solar), formatBirthday(lunar))
      return [{ card, subject: `birthday/${turn.person._id}`, context: { solar, lunar, ...(year && { year }) } }]
    }
    case 'read':
      return keepBirthday(turn, ctx, read.birthday, read.year)
  }
}

async function keepBirthday(turn: Turn, ctx: Ctx, birthday: Birthday, year: number | undefined): Promise<Answer[]> {
  const { next } = await setBirthday(ctx, turn, turn.person, birthday, year)
  const said: Answer[] = [{ text: text.saved(formatBirthday(birthday), next) }]
  const subject = `birthday/${turn.person._id}`
  if (birthday.calendar === 'solar' && birthday.month === 2 && birthday.day === 29)
    return [...said, { card: feb29Card(), subject }]
  if (birthday.leap) {
    const ordinary = formatBirthday({ calendar: 'lunar', month: birthday.month, day: 1 }).slice(2, 4)
    return [...said, { card: leapMonthCard(ordinary), subject }]
  }
  return said
}

async function turnCalendar(turn: Turn, ctx: Ctx, to: Birthday['calendar']): Promise<Answer[]> {
  const { birthday, birthYear } = await ctx.personal.get(turn.person._id)
  if (!birthday) return [{ text: text.unknownBirthday }]
  if (birthday.value.calendar === to) return [{ text: text.saved(formatBirthday(birthday.value), undefined) }]
  if (birthYear === undefined) return [{ text: text.noYear(to === 'lunar' ? '农历' : '公历') }]
  if (to === 'lunar') return keepBirthday(turn, ctx, toLunar(birthYear, birthday.value), birthYear)
  const { month, dayOfMonth } = partsOf(toSolar(birthYear, birthday.value))
  return keepBirthday(turn, ctx, { calendar: 'solar', month, day: dayOfMonth }, birthYear)
}

/** The answer to 改生日 or 告诉生日; another wish ends the waiting. */
export const onBirthdayTalk: OnTalk = async (turn, _data, ctx) => {
  // A record of behaviour is no answer; the question stays open.
  if (afterRecordWord(turn.text)?.sure) return undefined
  if (CANCEL.test(polite(turn.text))) {
    await ctx.talks.end(turn.person._id, turn.id)
    return [{ text: text.cancelled }]
  }
  await ctx.talks.end(turn.person._id, turn.id)
  const taken = await takeBirthday(turn, ctx, turn.text)
  if (taken) return taken
  const short = turn.text.trim().length <= 12
  if (short && recognise(turn.text).intent === 'unknown')
    return [{ text: text.unread }, ...(await expectBirthday(turn, ctx))]
  return undefined
}

export const onTellBirthday: OnCard = (turn, ctx) => askBirthday(turn, ctx)

export const onBirthdayIs: OnCard = async (turn, ctx) => {
  const { solar, lunar, year } = turn.instance.context as { solar?: Birthday; lunar?: Birthday; year?: number }
  const chosen = turn.arg === 'solar' ? solar : lunar
  if (!chosen) return [{ text: text.stale }]
  return [
    { replace: closedCard('公历还是农历', formatBirthday(chosen)) },
    ...(await keepBirthday(turn, ctx, chosen, year)),
  ]
}

const RULES: Record<string, { rule: Pick<Personal, 'feb29' | 'leapMonth'>; said: string }> = {
  feb28: { rule: { feb29: '02-28' }, said: '2月28日' },
  mar1: { rule: { feb29: '03-01' }, said: '3月1日' },
  leap: { rule: { leapMonth: 'leap' }, said: '有闰月时按闰月过' },
  ordinary: { rule: { leapMonth: 'ordinary' }, said: '不按闰月过' },
}

export const onBirthdayOn: OnCard = async (turn, ctx) => {
  const chosen = Object.hasOwn(RULES, turn.arg) ? RULES[turn.arg] : undefined
  if (!chosen) return [{ text: text.stale }]
  const { next } = await setBirthdayRule(ctx, turn, turn.person, chosen.rule)
  return [{ replace: closedCard('您的生日', chosen.said) }, { text: text.rule(next) }]
}

export const onNoWishes: OnCard = async (turn, ctx) => [
  { replace: closedCard('生日祝福', '已选择不需要') },
  ...(await wishes(turn, ctx, 'none')),
]

export const onWishes: OnCard = async (turn, ctx) => {
  const which = turn.arg === 'all' || turn.arg === 'private' || turn.arg === 'none' ? turn.arg : undefined
  return which ? wishes(turn, ctx, which) : [{ text: text.stale }]
}

export const onExportData: OnCard = async (turn, ctx) => [{ text: await exportOwnData(ctx, turn, turn.person) }]

export const onDeleteData: OnCard = async (turn, ctx) => askDelete(ctx, turn)

export const onDeleteDataNow: OnCard = async (turn, ctx) => {
  await deleteOwnData(ctx, turn, turn.person)
  return [{ replace: closedCard('删除您的个人资料', '已删除') }, { text: text.deleted }]
}

export const onKeepData: OnCard = async () => [
  { replace: closedCard('删除您的个人资料', '已取消') },
  { text: text.cancelled },
]
