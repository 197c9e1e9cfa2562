import { progressCard, resultCard, returnPickCard, teamMonthCard } from '../cards/month.ts'
import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { halfWidth } from '../src/domain/chat-text.ts'
import { isCancel } from '../src/domain/commands.ts'
import { dayText } from '../src/domain/month-dates.ts'
import { namedFirst } from '../src/domain/parse-behaviour.ts'
import {
  dayOf,
  formatDay,
  formatDayFull,
  formatInstant,
  formatMonth,
  isDay,
  type Month,
  monthOf,
  previousMonth,
  timeOf,
} from '../src/domain/time.ts'
import type { Answer, CardTurn, Command, OnCard, OnTalk, TextTurn, Turn } from '../src/inbox/handler.ts'
import type { ResultRow } from '../src/store/results.ts'
import { windowOf } from './month/appeal.ts'
import { push } from './month/behaviour.ts'
import { decideCorrection, type ProposeOutcome, proposeCorrection } from './month/correct.ts'
import {
  approveMonth,
  confirmTeam,
  datesOf,
  returnResult,
  returnTeam,
  teamMonth,
  type UndoOutcome,
  undoConfirm,
} from './month/flow.ts'
import { firstMonth, remindInputs, unpublishedMonths } from './month/inputs.ts'
import { acknowledgeResult, finishPublication, nextPublication, publishMonth } from './month/publish.ts'
import { isOver, settleMonth } from './month/settle.ts'
import { progressOf, teamCardOf } from './month/view.ts'
import { ask } from './write-week.ts'

const text = {
  none: '您还没有已发布的月度结果。本周情况请发“我的”。',
  noTeam: '没有需要您确认的团队结果。',
  notOver: (month: Month, day: string) => `${formatMonth(month)}尚未结束，${day}开始结算，届时会通知您。`,
  noMonth: '没有该月的绩效结果，请写成“10月进度”或“2026年10月进度”。',
  exportHow: '请打开下面的页面，点“下载Excel”导出。',
  notAllowed: '您不是这个团队的上级，不能确认。',
  alreadyBy: (name: string) => `${name}已先确认。`,
  changed: '数据在您查看之后有变化，请核对最新结果后再确认。',
  confirmed: (n: number) => `已确认${n}人`,
  published: '该月结果已发布，不能再确认或撤销；如有差错，请联系人力资源更正。',
  undone: (month: Month, n: number) =>
    `已撤销对${formatMonth(month)}${n}人的确认，可以修改后重新确认（发“团队结果”）。`,
  unapproved: (month: Month) => `已撤销对${formatMonth(month)}全公司结果的确认；如需修改，请退回相关团队。`,
  undoApproved: (name: string) => `${name}已确认全公司结果，不能撤销；如确有需要，请${name}退回团队。`,
  nothingToUndo: '目前没有可以撤销的确认。',
  gone: '这项内容已经处理过了。',
  askReturn: (name: string) => `请回复退回${name}结果的原因，我会转达给人力资源。（回复“取消”放弃）`,
  askTeam: (name: string) => `请回复退回${name}团队的原因，我会转达。（回复“取消”放弃）`,
  cancelled: '已取消。',
  returned: '已退回，并转达。',
  notGm: '只有总经理可以确认全公司的月度结果。',
  open: (teams: string) => `还有团队没有确认：${teams}。全部确认后再处理。`,
  approved: (at: string) => `将于${at}发布。`,
  approvedLate: (at: string) => `将于${at}发布；如需提前，人力资源可发“月度进度”后点“发布”。`,
  nothing: '这个月还没有可以确认的结果。',
  notHr: '只有人力资源可以处理。',
  tooEarly: (at: string) => `将于${at}自动发布，不能提前。`,
  notApproved: (open: number) => (open > 0 ? `还有${open}人的结果没有确认，不能发布。` : '总经理尚未确认，不能发布。'),
  alreadyPublished: (at: string) => `已于${at}发布，不能重复发布。`,
  publishedNow: (n: number) => `已发布，共${n}人`,
  chased: '已提醒还没有完成的上级和评分人。',
  chasedToday: '今天已经催办过，请明天再催办。',
  received: '已确认收到',
  correctFormat: '请写成：更正 姓名 2026-11 +2 原因（加减的分数可以省略，只按最新记录重算）。',
  correct: {
    unchanged: '按现有记录重算，结果没有变化，未发起更正。',
    'not-published': '这位同事该月的结果尚未发布，可以直接修改，不需要更正。',
    'not-allowed': '只有人力资源可以发起更正，且不能为本人发起。',
    'bad-points': '更正的分数应为数字，例如 +2 或 -1.5。',
    'no-reason': '请写明更正的原因。',
    pending: '这位同事已有一项更正待总经理确认，请等待处理。',
    incomplete: '按现有记录重算时还有缺少的数据，请先补齐。',
  },
  proposed: (who: string) => `已提交更正，待${who || '总经理'}确认后生效并通知本人。`,
  notApprover: '您不能处理这项更正。',
}

/** 我的结果: the last published month; figures in chat only where the company set it (features.md B8). */
export async function myResult(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const [row] = await ctx.results.ofPerson(turn.person._id, 1)
  return row ? [await resultAnswer(ctx, row)] : [{ text: text.none }]
}

/** The card of a row's last version, for its person. */
export async function resultAnswer(ctx: Ctx, row: ResultRow, version?: number) {
  const shown = row.versions.find((v) => v.version === version) ?? row.versions.at(-1)!
  const card = resultCard({
    month: row.month,
    version: shown.version,
    why: shown.why,
    appealBy: formatDay(windowOf(ctx, shown.at).day),
    acknowledged: row.acknowledged.some((a) => a.version === shown.version),
    ...(ctx.company().month.figuresOnCard && { figures: shown.result }),
  })
  return { card, subject: `result/${row._id}`, context: { month: row.month, version: shown.version } }
}

export const onResultAck: OnCard = async (turn, ctx) => {
  const { month, version } = turn.instance.context
  const outcome = await acknowledgeResult(ctx, turn, turn.person, String(month), Number(version), turn.platform)
  if (outcome.kind === 'gone') return [{ text: text.gone }]
  const row = (await ctx.results.get(`${turn.person._id}/${String(month)}`))!
  const { card, context } = await resultAnswer(ctx, row, Number(version))
  return [{ replace: { ...card, subtitle: text.received }, context }]
}

const monthIn = (turn: CardTurn): Month => String(turn.instance.context.month)

/** 团队结果: one's own team in the month that is being worked on. */
export async function teamByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const today = dayOf(turn.at, ctx.company().timeZone)
  // An older month that was never confirmed comes before the last one.
  for (const month of await unpublishedMonths(ctx, today)) {
    const open = await ctx.results.model.countDocuments({ month, judgeId: turn.person._id, state: 'draft' })
    const answer = open > 0 ? await teamAnswer(turn, ctx, month, turn.person._id) : undefined
    if (answer) return [answer]
  }
  const month = lastMonth(ctx, today)
  if (!isOver(ctx, month, turn.at)) return [{ text: text.notOver(month, dayText(datesOf(ctx, month).settle)) }]
  const answer = await teamAnswer(turn, ctx, month, turn.person._id)
  return answer ? [answer] : [{ text: text.noTeam }]
}

/** The last month that is over; in the first one of all that one itself. */
function lastMonth(ctx: Ctx, today: string): Month {
  const last = previousMonth(monthOf(today))
  return last < firstMonth(ctx) ? monthOf(today) : last
}

/** 撤销确认: of the newest month that somebody has confirmed and that is not out yet. */
export async function undoByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const today = dayOf(turn.at, ctx.company().timeZone)
  const months = await unpublishedMonths(ctx, today)
  let outcome: UndoOutcome | undefined
  for (const month of months.toReversed()) {
    outcome = await undoConfirm(ctx, turn, turn.person, month)
    switch (outcome.kind) {
      case 'undone':
        return [{ text: text.undone(month, outcome.people) }]
      case 'unapproved':
        return [{ text: text.unapproved(month) }]
      case 'approved':
        return [{ text: text.undoApproved((await ctx.people.get(outcome.by))?.name ?? '总经理') }]
      case 'published':
      case 'nothing':
        break
    }
  }
  const last = await ctx.results.model.countDocuments({ month: lastMonth(ctx, today), 'confirmed.by': turn.person._id })
  return [{ text: last > 0 && months.length === 0 ? text.published : text.nothingToUndo }]
}

async function teamAnswer(turn: Turn, ctx: Ctx, month: Month, judgeId: string) {
  const team = await teamMonth(ctx, judgeId, month, turn.at)
  if (team.rows.length === 0) return undefined
  const card = teamMonthCard(await teamCardOf(ctx, team))
  return { card, subject: `team-month/${judgeId}/${month}`, context: { month, judgeId, digest: team.digest } }
}

export const onTeamMonth: OnCard = async (turn, ctx) => {
  const answer = await teamAnswer(turn, ctx, monthIn(turn), String(turn.instance.context.judgeId))
  return answer ? [{ replace: answer.card, context: answer.context }] : [{ text: text.noTeam }]
}

export const onTeamConfirm: OnCard = async (turn, ctx) => {
  const { judgeId, digest } = turn.instance.context
  const month = monthIn(turn)
  const title = `${formatMonth(month)}团队结果`
  const outcome = await confirmTeam(ctx, turn, turn.person, String(judgeId), month, String(digest))
  switch (outcome.kind) {
    case 'confirmed':
      return [{ replace: closedCard(title, text.confirmed(outcome.people)) }]
    case 'already': {
      const by = await ctx.people.get(outcome.by)
      return [{ replace: closedCard(title, '已确认', text.alreadyBy(by?.name ?? '其他上级')) }]
    }
    case 'missing':
    case 'changed': {
      const answer = await teamAnswer(turn, ctx, month, String(judgeId))
      if (!answer) return [{ text: text.noTeam }]
      return [
        { replace: answer.card, context: answer.context },
        ...(outcome.kind === 'changed' ? [{ text: text.changed }] : []),
      ]
    }
    case 'published':
      return [{ replace: closedCard(title, '已发布', text.published) }]
    case 'not-over':
      return [{ text: text.notOver(month, dayText(datesOf(ctx, month).settle)) }]
    case 'no-team':
      return [{ text: text.noTeam }]
    case 'not-allowed':
      return [{ text: text.notAllowed }]
  }
}

/** 退回某人, and 退回团队 for the general manager: first who, then why. */
export const onResultReturn: OnCard = async (turn, ctx) => {
  const month = monthIn(turn)
  const rows = await ctx.results.ofTeam(month, String(turn.instance.context.judgeId))
  const options = rows.filter((r) => r.state === 'draft').map((r) => ({ id: r.personId, text: r.name }))
  if (options.length === 0) return [{ text: text.gone }]
  const card = returnPickCard(month, '选择要退回的同事', options, 'result-return-who')
  return [{ card, subject: `return/${turn.id}`, context: { month } }]
}

export const onResultReturnWho: OnCard = async (turn, ctx) => {
  const person = await ctx.people.get(String(turn.choices.who?.[0]))
  if (!person) return [{ text: text.gone }]
  await ask(turn, ctx, 'result-return', { personId: person._id, month: monthIn(turn) })
  return [{ text: text.askReturn(person.name) }]
}

export const onResultReturnReason: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  const person = await ctx.people.get(String(data.personId))
  if (!person || isCancel(turn.text)) return [{ text: text.cancelled }]
  const { kind } = await returnResult(ctx, turn, turn.person, person, String(data.month), turn.text)
  return [{ text: kind === 'returned' ? text.returned : kind === 'not-allowed' ? text.notAllowed : text.gone }]
}

export const onMonthApprove: OnCard = async (turn, ctx) => {
  const month = monthIn(turn)
  const title = `${formatMonth(month)}绩效结果`
  const outcome = await approveMonth(ctx, turn, turn.person, month)
  switch (outcome.kind) {
    case 'approved':
      return [{ replace: closedCard(title, '已确认', publicationText(ctx, month, turn.at)) }]
    case 'already': {
      const by = await ctx.people.get(outcome.by)
      return [{ replace: closedCard(title, '已确认', text.alreadyBy(by?.name ?? '总经理')) }]
    }
    case 'open':
      return [{ text: text.open(outcome.teams.map((t) => `${t.name}（${t.people}人）`).join('、')) }]
    case 'published':
      return [{ replace: closedCard(title, '已发布', text.published) }]
    case 'nothing':
      return [{ text: text.nothing }]
    case 'not-over':
      return [{ text: text.notOver(month, dayText(datesOf(ctx, month).settle)) }]
    case 'not-allowed':
      return [{ text: text.notGm }]
  }
}

/** When a month that was confirmed just now will be published. */
function publicationText(ctx: Ctx, month: Month, now: Date): string {
  const { at, planned } = nextPublication(ctx, month, now)
  if (planned) return text.approved(dayText(datesOf(ctx, month).publish))
  const zone = ctx.company().timeZone
  return text.approvedLate(`${formatDayFull(dayOf(at, zone))}${timeOf(at, zone).slice(0, 5)}`)
}

export const onTeamReturn: OnCard = async (turn, ctx) => {
  const month = monthIn(turn)
  const judgeIds = (await ctx.results.model.distinct('judgeId', { month, state: 'confirmed' })) as string[]
  const names = await ctx.people.many(judgeIds)
  if (names.length === 0) return [{ text: text.gone }]
  const card = returnPickCard(
    month,
    '选择要退回的团队',
    names.map((p) => ({ id: p._id, text: p.name })),
    'team-return-who',
  )
  return [{ card, subject: `return/${turn.id}`, context: { month } }]
}

export const onTeamReturnWho: OnCard = async (turn, ctx) => {
  const judge = await ctx.people.get(String(turn.choices.who?.[0]))
  if (!judge) return [{ text: text.gone }]
  await ask(turn, ctx, 'team-return', { judgeId: judge._id, month: monthIn(turn) })
  return [{ text: text.askTeam(judge.name) }]
}

export const onTeamReturnReason: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  if (isCancel(turn.text)) return [{ text: text.cancelled }]
  const { kind } = await returnTeam(ctx, turn, turn.person, String(data.judgeId), String(data.month), turn.text)
  return [{ text: kind === 'returned' ? text.returned : kind === 'not-allowed' ? text.notGm : text.gone }]
}

/** 月度进度: HR and the general manager; a draft of the month is computed first. */
export async function progressByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const { roles } = turn.person
  if (!roles.includes('hr') && !roles.includes('gm')) return [{ text: text.notHr }]
  const today = dayOf(turn.at, ctx.company().timeZone)
  const month = (await unpublishedMonths(ctx, today))[0] ?? lastMonth(ctx, today)
  if (!isOver(ctx, month, turn.at)) return [{ text: text.notOver(month, dayText(datesOf(ctx, month).settle)) }]
  if ((await ctx.months.get(month)).state !== 'published') await settleMonth(ctx, month, turn.at)
  return [{ card: progressCard(await progressOf(ctx, month)), subject: `month/${month}`, context: { month } }]
}

const MONTH_WORDS =
  /^(导出|下载|发布|查看)?(?:(20\d{2})年)?(\d{1,2}|上个?|本|这个?)月份?的?(?:绩效|月度|考核)?(结果|进度|结算进度|结算|结果导出|结果发布)(?:Excel|表格)?[。！!？?]?$/

/** 10月进度, 导出10月结果, 发布10月结果: that month for HR and the general manager. Undefined for others, whose own result it is. */
export async function monthByWord(turn: Turn, ctx: Ctx, said: string): Promise<Command | undefined> {
  const { roles } = turn.person
  const match = MONTH_WORDS.exec(said.replace(/\s+/g, ''))
  if (!match || (!roles.includes('hr') && !roles.includes('gm'))) return undefined
  const [, verb, year, which, what] = match
  if (what === '结果' && (!verb || verb === '查看')) return undefined
  return async () => {
    const today = dayOf(turn.at, ctx.company().timeZone)
    const month = monthSaid(which!, year, monthOf(today))
    if (!month || month < firstMonth(ctx)) return [{ text: text.noMonth }]
    if (!isOver(ctx, month, turn.at)) return [{ text: text.notOver(month, dayText(datesOf(ctx, month).settle)) }]
    if ((await ctx.months.get(month)).state !== 'published') await settleMonth(ctx, month, turn.at)
    const card = progressCard(await progressOf(ctx, month))
    const exports = verb === '导出' || verb === '下载' || what === '结果导出'
    return [...(exports ? [{ text: text.exportHow }] : []), { card, subject: `month/${month}`, context: { month } }]
  }
}

/** 10, 上, 本 → the month; without a year the last such month. */
function monthSaid(which: string, year: string | undefined, current: Month): Month | undefined {
  if (/^[本这]/.test(which)) return current
  if (which.startsWith('上')) return previousMonth(current)
  const number = Number(which)
  if (number < 1 || number > 12) return undefined
  const named = (y: number) => `${y}-${String(number).padStart(2, '0')}`
  if (year) return named(Number(year))
  const thisYear = Number(current.slice(0, 4))
  return named(thisYear) <= current ? named(thisYear) : named(thisYear - 1)
}

export const onMonthChase: OnCard = async (turn, ctx) => {
  if (!turn.person.roles.includes('hr') && !turn.person.roles.includes('gm')) return [{ text: text.notHr }]
  return [{ text: (await chaseMonth(ctx, monthIn(turn), turn.at, turn.id)) ? text.chased : text.chasedToday }]
}

/**
 * Reminds the superiors whose teams are open, and those who owe a checklist, a rating or indicators; once a day, whoever asks.
 *
 * @returns false when it was done today
 */
export async function chaseMonth(ctx: Ctx, month: Month, at: Date, cause: string): Promise<boolean> {
  const day = dayOf(at, ctx.company().timeZone)
  if ((await ctx.meta.setOnce(`chased/${month}/${day}`, cause)) !== cause) return false
  const judgeIds = ((await ctx.results.model.distinct('judgeId', { month, state: 'draft' })) as string[]).filter(
    Boolean,
  )
  await ctx.outbox.add(
    judgeIds.map((id) =>
      push(`team-month/${month}/${id}/chase/${day}`, id, 'team-month', { month, why: 'chase' }, cause),
    ),
  )
  await remindInputs(ctx, month, `chase/${day}`, cause)
  return true
}

export const onMonthPublish: OnCard = async (turn, ctx) => {
  const month = monthIn(turn)
  const outcome = await publishMonth(ctx, turn, turn.person, month)
  const zone = ctx.company().timeZone
  switch (outcome.kind) {
    case 'published':
      return [{ replace: closedCard(`${formatMonth(month)}绩效结果`, text.publishedNow(outcome.people)) }]
    case 'already':
      await finishPublication(ctx, month)
      return [{ text: text.alreadyPublished(formatInstant(outcome.at, zone)) }]
    case 'too-early':
      return [{ text: text.tooEarly(formatInstant(outcome.at, zone)) }]
    case 'not-approved':
      return [{ text: text.notApproved(outcome.open) }]
    case 'not-over':
      return [{ text: text.notOver(month, dayText(datesOf(ctx, month).settle)) }]
    case 'not-allowed':
      return [{ text: text.notHr }]
  }
}

/** 更正 姓名 2026-11 +2 原因: HR's correction after publication. */
export async function correctByWord(turn: TextTurn, ctx: Ctx, rest: string): Promise<Answer[]> {
  if (!turn.person.roles.includes('hr')) return [{ text: text.correct['not-allowed'] }]
  const people = await ctx.people.all()
  const named = people.map((p) => ({
    id: p._id,
    name: p.name,
    aliases: p.nicknames,
    ...(p.jobNumber && { jobNumber: p.jobNumber }),
  }))
  const half = halfWidth(rest).trim()
  const { people: found, rest: behind } = namedFirst(half, named)
  const said = /^\s*(20\d\d)[-年/.](\d{1,2})月?\s*(?:([+-]\d{1,3}(?:\.\d{1,2})?)分?)?\s*([\s\S]*)$/.exec(behind)
  if (found.length !== 1 || !said) return [{ text: text.correctFormat }]
  const month = `${said[1]}-${said[2]!.padStart(2, '0')}`
  if (!isDay(`${month}-01`)) return [{ text: text.correctFormat }]
  const person = people.find((p) => p._id === found[0]!.id)!
  const outcome = await proposeCorrection(ctx, turn, turn.person, person, month, {
    why: said[4]!,
    ...(said[3] && { points: said[3].replace('+', '') }),
  })
  return [{ text: explainCorrection(outcome) }]
}

export const explainCorrection = (outcome: ProposeOutcome): string =>
  outcome.kind === 'proposed' ? text.proposed(outcome.approvers.join('、')) : text.correct[outcome.kind]

export const onCorrection: OnCard = async (turn, ctx) => {
  const { row, proposal } = turn.instance.context
  const accept = turn.arg === 'yes'
  const outcome = await decideCorrection(ctx, turn, turn.person, String(row), String(proposal), accept)
  if (outcome.kind === 'not-allowed') return [{ text: text.notApprover }]
  if (outcome.kind === 'gone') return [{ text: text.gone }]
  return [{ replace: closedCard('绩效结果更正', accept ? '已同意，新结果已通知本人' : '未同意，结果不变') }]
}
