import { type AppealShown, appealDraftCard, appealPickCard, ownAppealCard } from '../cards/appeal.ts'
import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { isCancel } from '../src/domain/commands.ts'
import { appealLeft } from '../src/domain/month-dates.ts'
import { addDays, dayOf, formatDay, formatInstant, formatMonth } from '../src/domain/time.ts'
import type { Answer, CardTurn, OnCard, OnTalk, Turn } from '../src/inbox/handler.ts'
import { type AppealAbout, type AppealRow, appealId, type StandingAppeal } from '../src/store/appeals.ts'
import { closeCards } from './close-cards.ts'
import {
  aboutText,
  answerAppeal,
  type DecideOutcome,
  decideAppeal,
  type FileOutcome,
  fileAppeal,
  registerAppeal,
  type Undecidable,
  undecidable,
  windowOf,
  withdrawAppeal,
} from './month/appeal.ts'
import { ask, meantBy } from './write-week.ts'

const text = {
  nothing: '目前没有可以申诉的事项：月度结果和日常行为记录在申诉期内可以申诉。',
  open: (n: number) => `处理中的申诉共${n}件，请在收到的申诉卡片上处理：`,
  noneOpen: '目前没有处理中的申诉。',
  askReason: (about: string, left: string) =>
    `请回复对“${about}”的申诉理由和依据，越具体越好。申诉期${left}。（回复“取消”放弃）`,
  cancelled: '已取消。',
  draft: '您的申诉',
  filed: '已收到您的申诉，人力资源会登记并请上级答复，每一步都会通知您。登记前可以发“撤回申诉”。',
  dropped: '没有提交，申诉期内可以随时再提出。',
  rewritten: '请重新发送申诉理由和依据。（回复“取消”放弃）',
  newer: '已有新的内容',
  withdrawn: (about: string) => `已撤回对“${about}”的申诉，申诉期内可以重新提出。`,
  tooLate: '您的申诉已登记受理，不能撤回。如需补充说明，请联系人力资源。',
  nothingFiled: '目前没有可以撤回的申诉。',
  already: {
    filed: '您的申诉已提交，等待人力资源登记；同一事项只能申诉一次。登记前可以发“撤回申诉”。',
    registered: '您的申诉已受理，等待上级答复；同一事项只能申诉一次。',
    answered: '您的申诉已有上级答复，等待裁定；同一事项只能申诉一次。',
    decided: '这一事项的申诉已有裁定，不能再次申诉。',
  },
  states: {
    filed: '您的申诉已提交，等待人力资源登记',
    registered: '您的申诉已受理，等待上级答复',
    answered: '您的申诉已有上级答复，等待裁定',
    decided: '您的申诉已有裁定',
  },
  late: (day: string) => `申诉期已于${day}24:00结束，不能再申诉。如有特殊情况，请联系人力资源。`,
  gone: '这项内容已经处理过了。',
  denied: '您与这件申诉有关联，不能处理。',
  notJudge: '您不是这位同事的上级，不能答复。',
  askAnswer: '请回复对申诉的答复，会转交裁定人。（回复“取消”放弃）',
  answered: '已提交答复，谢谢。',
  askDecision: {
    record: '请回复裁定理由，记录将被撤销，并告知申诉人。（回复“取消”放弃）',
    result: '请回复更正的分数和理由，例如：+2 周计划第3项漏评。（回复“取消”放弃）',
    no: '请回复不成立的理由，会以书面告知申诉人。（回复“取消”放弃）',
  },
  badPoints: '请先写更正的分数，例如：+2 周计划第3项漏评。',
  unanswered: (day: string) => `上级还没有答复，答复期至${day}24:00；收到答复或期满后，即可裁定。`,
  pending: (by: string, day: string, who: string) =>
    `这位同事该月的结果有一项更正（${by}于${day}提出）待${who || '总经理'}确认，目前还不能裁定成立。更正处理后会通知您，届时点“申诉成立”即可；申诉会一直保留。`,
  incomplete: (missing: string) => `这位同事该月的结果还缺少数据：${missing}。补齐后点“申诉成立”即可；申诉会一直保留。`,
  decided: '已裁定，并告知申诉人。',
  correction: {
    proposed: '因结果已发布，更正须总经理确认后生效。',
    unchanged: '按现有记录重算，结果没有变化，不需要更正。',
    'not-published': '这位同事该月没有已发布的结果，不需要更正。',
  },
  byHand: (name: string, month: string, points: string) =>
    `更正还没有提出：另有一项更正刚刚提交，或缺少数据。请在其处理后发送：更正 ${name} ${month} ${points}申诉成立`,
}

/** What somebody may appeal against now. */
async function appealable(turn: Turn, ctx: Ctx) {
  const { timeZone, weeks } = ctx.company()
  const today = dayOf(turn.at, timeZone)
  const from = addDays(today, -45)
  const [results, records] = await Promise.all([
    ctx.results.ofPerson(turn.person._id, 2),
    ctx.behaviours.ofPerson(turn.person._id, from),
  ])
  const candidates: { about: AppealAbout; month: string; text: string; told: Date }[] = [
    ...results.flatMap((r) => {
      const last = r.versions.at(-1)
      return last
        ? [
            {
              about: { kind: 'result' as const, version: last.version },
              month: r.month,
              text: `${formatMonth(r.month)}绩效结果`,
              told: last.at,
            },
          ]
        : []
    }),
    ...records
      .filter((r) => r.state === 'counts')
      .map((r) => ({
        about: { kind: 'behaviour' as const, recordId: r._id },
        month: r.month,
        text: `${formatDay(r.day)} ${r.title}`,
        told: r.decided?.at ?? r.at,
      })),
  ]
  const open = []
  for (const c of candidates) {
    const window = windowOf(ctx, c.told)
    if (turn.at >= window.until || (await ctx.appeals.standing(appealId(turn.person._id, c.month, c.about)))) continue
    open.push({ ...c, left: appealLeft(today, window.day, weeks) })
  }
  return open
}

/** 申诉: one open subject asks for the reason at once, several are offered; without any, where those under way stand. */
export async function appealByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const open = await appealable(turn, ctx)
  const [only] = open
  if (!only) {
    const pending = await ctx.appeals.openOf(turn.person._id)
    return pending.length > 0 ? ownAppeals(ctx, pending) : [{ text: text.nothing }]
  }
  if (open.length === 1) return askReason(turn, ctx, only.month, only.about)
  const options = open.map((o, n) => ({ id: `o${n}`, text: o.text, left: o.left }))
  const context = { subjects: open.map(({ month, about }) => ({ month, about })) }
  return [{ card: appealPickCard(options), subject: `appeal-pick/${turn.id}`, context }]
}

const standings = { filed: '待登记', registered: '待上级答复', answered: '待裁定', decided: '已裁定' }

/** 待处理申诉: for HR those that are open and where they stand; for others their own. */
export async function openAppealsByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  if (!turn.person.roles.includes('hr')) return appealByWord(turn, ctx)
  const open = (await ctx.appeals.open()).filter((a) => a.personId !== turn.person._id)
  if (open.length === 0) return [{ text: text.noneOpen }]
  const names = new Map((await ctx.people.many(open.map((a) => a.personId))).map((p) => [p._id, p.name]))
  const lines = open.map(
    (a) => `· ${names.get(a.personId) ?? '已离职同事'} ${formatMonth(a.month)}：${standings[a.state]}`,
  )
  return [{ text: [text.open(open.length), ...lines.slice(0, 30)].join('\n') }]
}

export const onAppealPick: OnCard = async (turn, ctx) => {
  const subjects = turn.instance.context.subjects as { month: string; about: AppealAbout }[]
  const chosen = subjects[Number(turn.choices.about?.[0]?.slice(1))]
  return chosen ? askReason(turn, ctx, chosen.month, chosen.about) : [{ text: text.gone }]
}

/** Late and repeated appeals are answered before a reason is asked for. */
async function askReason(turn: Turn, ctx: Ctx, month: string, about: AppealAbout): Promise<Answer[]> {
  const known = await ctx.appeals.standing(appealId(turn.person._id, month, about))
  if (known) return [{ text: text.already[known.state] }]
  const open = await openSubject(turn, ctx, month, about)
  if ('why' in open) return [{ text: open.why }]
  await ask(turn, ctx, 'appeal-reason', { month, about })
  return [{ text: text.askReason(open.words, open.left) }]
}

/** What an appeal would be about, in words, with how long it is open; or why it cannot be any more. */
async function openSubject(
  turn: Turn,
  ctx: Ctx,
  month: string,
  about: AppealAbout,
): Promise<{ words: string; left: string } | { why: string }> {
  const record = about.kind === 'behaviour' ? await ctx.behaviours.get(about.recordId) : undefined
  const result = about.kind === 'result' ? await ctx.results.get(`${turn.person._id}/${month}`) : undefined
  const told =
    about.kind === 'behaviour'
      ? (record?.decided?.at ?? record?.at)
      : result?.versions.find((v) => v.version === about.version)?.at
  if (!told) return { why: text.gone }
  const window = windowOf(ctx, told)
  if (turn.at >= window.until) return { why: text.late(formatDay(window.day)) }
  const { timeZone, weeks } = ctx.company()
  const words = record ? `${formatDay(record.day)} ${record.title}` : `${formatMonth(month)}绩效结果`
  return { words, left: appealLeft(dayOf(turn.at, timeZone), window.day, weeks) }
}

export const onResultAppeal: OnCard = (turn, ctx) => {
  const { month, version } = turn.instance.context
  return askReason(turn, ctx, String(month), { kind: 'result', version: Number(version) })
}

export const onBehaviourAppeal: OnCard = async (turn, ctx) => {
  const record = await ctx.behaviours.get(String(turn.instance.context.record))
  if (record?.state !== 'counts') return [{ text: text.gone }]
  return askReason(turn, ctx, record.month, { kind: 'behaviour', recordId: record._id })
}

export const onAppealReason: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  if (isCancel(turn.text)) return [{ text: text.dropped }]
  const { month, about } = data as unknown as Subject
  const id = appealId(turn.person._id, month, about)
  const known = await ctx.appeals.standing(id)
  if (known) return [{ text: text.already[known.state] }]
  const open = await openSubject(turn, ctx, month, about)
  if ('why' in open) return [{ text: open.why }]
  const reason = turn.text.trim().slice(0, 1000)
  const subject = `appeal-draft/${id}`
  // A card with older words must not be filed beside it.
  await closeCards(ctx, turn.id, subject, { title: text.draft, closed: text.newer }, () => true)
  return [{ card: appealDraftCard(open.words, reason, open.left), subject, context: { month, about, reason } }]
}

interface Subject {
  month: string
  about: AppealAbout
}

export const onAppealFile: OnCard = async (turn, ctx) => {
  const { month, about, reason } = turn.instance.context as unknown as Subject & { reason: string }
  const outcome = await fileAppeal(ctx, turn, turn.person, month, about, reason)
  const closed = outcome.kind === 'filed' ? '已提交' : '没有提交'
  return [{ replace: closedCard(text.draft, closed) }, { text: explainFile(outcome) }]
}

export const onAppealEdit: OnCard = async (turn, ctx) => {
  const { month, about } = turn.instance.context as unknown as Subject
  await ask(turn, ctx, 'appeal-reason', { month, about })
  return [{ replace: closedCard(text.draft, '修改中') }, { text: text.rewritten }]
}

export const onAppealDrop: OnCard = async () => [{ replace: closedCard(text.draft, '没有提交', text.dropped) }]

/** Where one's appeals stand, each with 撤回 as long as it can be. */
const ownAppeals = (ctx: Ctx, rows: StandingAppeal[]): Promise<Answer[]> =>
  Promise.all(
    rows.slice(0, 5).map(async (row) => ({
      card: ownAppealCard(await shownAppeal(ctx, row), text.states[row.state], row.state === 'filed'),
      subject: `own-appeal/${row._id}`,
      context: { appeal: row._id },
    })),
  )

/** 撤回申诉: the one that waits for HR; of several each is shown with its button. */
export async function withdrawAppealByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  let rows: StandingAppeal[] = []
  const id = await meantBy(turn, ctx, 'appeal', async () => {
    rows = await ctx.appeals.openOf(turn.person._id)
    const filed = rows.filter((r) => r.state === 'filed')
    return filed.length === 1 ? filed[0]!._id : undefined
  })
  if (id) return [{ text: await withdraw(turn, ctx, id) }]
  const filed = rows.filter((r) => r.state === 'filed')
  if (filed.length > 0) return ownAppeals(ctx, filed)
  return [{ text: rows.length > 0 ? text.tooLate : text.nothingFiled }]
}

export const onAppealWithdraw: OnCard = async (turn, ctx) => {
  const row = await ctx.appeals.get(idOf(turn))
  const title = row ? `对“${await aboutText(ctx, row)}”的申诉` : '申诉'
  return [{ replace: closedCard(title, '已处理', await withdraw(turn, ctx, idOf(turn))) }]
}

async function withdraw(turn: Turn, ctx: Ctx, id: string): Promise<string> {
  const { kind } = await withdrawAppeal(ctx, turn, turn.person, id)
  const row = await ctx.appeals.get(id)
  return kind === 'withdrawn' && row ? text.withdrawn(await aboutText(ctx, row)) : explainWithdraw(kind)
}

/** Where an appeal stands, for the pages. */
export const appealState = (row: StandingAppeal): string =>
  ({
    filed: '已提交，等待登记',
    registered: '已受理，等待上级答复',
    answered: '上级已答复，等待裁定',
    decided: `裁定${row.decision?.accepted ? '成立' : '不成立'}`,
  })[row.state]

/** Why an appeal cannot be withdrawn. */
export const explainWithdraw = (kind: 'withdrawn' | 'registered' | 'gone'): string =>
  kind === 'registered' ? text.tooLate : text.nothingFiled

export function explainFile(outcome: FileOutcome): string {
  switch (outcome.kind) {
    case 'filed':
      return text.filed
    case 'already':
      return text.already[outcome.row.state]
    case 'late':
      return text.late(formatDay(outcome.day))
    default:
      return text.gone
  }
}

const idOf = (turn: CardTurn): string => String(turn.instance.context.appeal)

export const onAppealRegister: OnCard = async (turn, ctx) => {
  const outcome = await registerAppeal(ctx, turn, turn.person, idOf(turn))
  if (outcome.kind === 'not-allowed') return [{ text: text.denied }]
  const row = await ctx.appeals.get(idOf(turn))
  const person = row && (await ctx.people.get(row.personId))
  return [
    { replace: closedCard(`${person?.name ?? ''}的申诉`, outcome.kind === 'registered' ? '已登记受理' : '已处理') },
  ]
}

export const onAppealAnswer: OnCard = async (turn, ctx) => {
  await ask(turn, ctx, 'appeal-answer', { appeal: idOf(turn) })
  return [{ text: text.askAnswer }]
}

export const onAppealAnswerText: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  if (isCancel(turn.text)) return [{ text: text.cancelled }]
  const { kind } = await answerAppeal(ctx, turn, turn.person, String(data.appeal), turn.text)
  return [{ text: kind === 'answered' ? text.answered : kind === 'not-allowed' ? text.notJudge : text.gone }]
}

export const onAppealDecide: OnCard = async (turn, ctx) => {
  const row = await ctx.appeals.get(idOf(turn))
  if (!row) return [{ text: text.gone }]
  const accepted = turn.arg === 'yes'
  const not = await undecidable(ctx, turn, turn.person, row, accepted)
  if (not) return [{ text: explainUndecidable(ctx, not) }]
  await ask(turn, ctx, 'appeal-decision', { appeal: row._id, accepted })
  const question = accepted ? (row.about.kind === 'behaviour' ? 'record' : 'result') : 'no'
  return [{ text: text.askDecision[question] }]
}

export const onAppealDecisionText: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  if (isCancel(turn.text)) return [{ text: text.cancelled }]
  const row = await ctx.appeals.get(String(data.appeal))
  if (!row) return [{ text: text.gone }]
  const accepted = data.accepted === true
  const said = /^\s*([+＋-]?\d{1,3}(?:\.\d{1,2})?)\s*分?[\s,，:：]*([\s\S]*)$/.exec(turn.text)
  const withPoints = accepted && row.about.kind === 'result'
  if (withPoints && (!said?.[2] || said[2].trim() === '')) {
    await ask(turn, ctx, 'appeal-decision', data)
    return [{ text: text.badPoints }]
  }
  const outcome = await decideAppeal(ctx, turn, turn.person, row._id, {
    accepted,
    text: withPoints ? said![2]! : turn.text,
    ...(withPoints && { points: said![1]!.replace(/[+＋]/, '') }),
  })
  switch (outcome.kind) {
    case 'decided':
      return [{ text: `${text.decided}${await afterDecision(ctx, outcome)}` }]
    case 'no-text':
    case 'bad-points':
      await ask(turn, ctx, 'appeal-decision', data)
      return [{ text: text.badPoints }]
    default:
      return [{ text: explainUndecidable(ctx, outcome) }]
  }
}

function explainUndecidable(ctx: Ctx, not: Undecidable): string {
  switch (not.kind) {
    case 'gone':
      return text.gone
    case 'not-allowed':
      return text.denied
    case 'unanswered':
      return text.unanswered(formatDay(not.day))
    case 'pending':
      return text.pending(not.by, formatDay(dayOf(not.at, ctx.company().timeZone)), not.approvers.join('、'))
    case 'incomplete':
      return text.incomplete(not.missing.join('；'))
  }
}

/** What became of the correction, for whoever decided. */
async function afterDecision(ctx: Ctx, { row, correction }: DecideOutcome & { kind: 'decided' }): Promise<string> {
  switch (correction) {
    case undefined:
      return ''
    case 'proposed':
    case 'unchanged':
    case 'not-published':
      return text.correction[correction]
    default: {
      const { points } = row.decision!
      const signedPoints = points ? `${points.startsWith('-') ? '' : '+'}${points} ` : ''
      return text.byHand((await ctx.people.get(row.personId))?.name ?? '', row.month, signedPoints)
    }
  }
}

/** What the cards of an appeal show. */
export async function shownAppeal(ctx: Ctx, row: AppealRow): Promise<AppealShown> {
  const person = await ctx.people.get(row.personId)
  const filed = formatInstant(row.filedAt, ctx.company().timeZone)
  return { name: person?.name ?? '', about: await aboutText(ctx, row), reason: row.reason, filed }
}
