import { type MilestoneFacts, milestoneCard } from '../cards/milestone.ts'
import { closedCard } from '../cards/plan-submitted.ts'
import type { Ctx } from '../src/context.ts'
import { isCancel } from '../src/domain/commands.ts'
import { dueWords } from '../src/domain/milestone.ts'
import { type Day, dayOf } from '../src/domain/time.ts'
import type { Answer, CardTurn, FindCommand, OnCard, OnTalk, TextTurn, Turn } from '../src/inbox/handler.ts'
import type { MilestoneRow } from '../src/store/milestones.ts'
import {
  decide,
  handIn,
  lastHandIn,
  type MilestoneOutcome,
  milestoneSubject,
  noteProgress,
  toAccept,
} from './milestone/act.ts'
import { dueText, movedWords } from './milestone/calendar.ts'
import { ask } from './write-week.ts'

const text = {
  over: '这个节点已有新的状态，请打开页面查看。',
  notAllowed: '这个节点没有请您处理。',
  changed: '负责人已重新提交，请查看最新提交的内容。',
  askWhat: (what: string) => `请发送“${what}”的说明或文件链接，提交后请验收人确认。（回复“取消”放弃）`,
  askProgress: '请写一写目前的进展。（回复“取消”放弃）',
  askReason: '请写明还需要补充什么，会转给负责人。（回复“取消”放弃）',
  cancelled: '已取消，没有提交。',
  handedIn: '已提交，已请验收人确认。',
  done: '已提交，这个节点已完成，辛苦了。',
  noted: '已记录进展。',
  accepted: '已通过，已告知负责人。',
  returned: '已退回，已告知负责人。',
  none: '目前没有需要您处理的工作节点。',
  more: (n: number) => `另有${n}项，请打开页面查看。`,
}

const MOST_WORDS = 500
/** More cards at once would bury the first. */
const MOST = 5

export const factsOf = (ctx: Ctx, row: MilestoneRow, day: Day): MilestoneFacts => {
  const moved = movedWords(ctx, row)
  return {
    ...{ id: row._id, title: row.title, due: dueText(row.due), left: dueWords(day, row.due) },
    ...(moved && { moved }),
    ...(row.handIn && { handIn: row.handIn }),
  }
}

const about = (turn: CardTurn, ctx: Ctx) => ctx.milestones.get(String(turn.instance.context.id))
const saying = (kind: MilestoneOutcome, done: string): string =>
  ({ done, over: text.over, changed: text.changed, 'not-allowed': text.notAllowed })[kind]
const said = (kind: MilestoneOutcome, done: string): Answer[] => [{ text: saying(kind, done) }]
const wordsOf = (turn: TextTurn): string => [...turn.text.trim()].slice(0, MOST_WORDS).join('')

export const onMilestoneDone: OnCard = async (turn, ctx) => {
  const row = await about(turn, ctx)
  if (!row?.handIn || row.state !== 'open')
    return [{ replace: closedCard(row?.title ?? '工作节点', '已处理', text.over) }]
  await ask(turn, ctx, 'milestone-done', { id: row._id })
  return [{ text: text.askWhat(row.handIn) }]
}

export const onMilestoneHandedIn: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  if (isCancel(turn.text)) return [{ text: text.cancelled }]
  const kind = await handIn(ctx, turn, turn.person, String(data.id), wordsOf(turn))
  const accepter = (await ctx.milestones.get(String(data.id)))?.accepterId
  return said(kind, accepter ? text.handedIn : text.done)
}

export const onMilestoneProgress: OnCard = async (turn, ctx) => {
  const row = await about(turn, ctx)
  if (row?.state !== 'open') return [{ text: text.over }]
  await ask(turn, ctx, 'milestone-progress', { id: row._id })
  return [{ text: text.askProgress }]
}

export const onMilestoneNoted: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  if (isCancel(turn.text)) return [{ text: text.cancelled }]
  return said(await noteProgress(ctx, turn, turn.person, String(data.id), wordsOf(turn)), text.noted)
}

/** The hand-in that stands on the card. */
const handInOf = (turn: CardTurn): number => Number(turn.instance.context.n)

export const onMilestoneAccept: OnCard = async (turn, ctx) => {
  const id = String(turn.instance.context.id)
  const kind = await decide(ctx, turn, turn.person, id, handInOf(turn), true, '', turn.instance._id)
  if (kind === 'not-allowed') return said(kind, text.accepted)
  const title = (await ctx.milestones.get(id))?.title ?? '工作节点'
  return [{ replace: closedCard(title, kind === 'done' ? '已通过' : '已处理', saying(kind, text.accepted)) }]
}

export const onMilestoneReturn: OnCard = async (turn, ctx) => {
  const row = await about(turn, ctx)
  if (row?.state !== 'handed-in') return [{ text: text.over }]
  if (lastHandIn(row) !== handInOf(turn)) return [{ replace: closedCard(row.title, '已处理', text.changed) }]
  await ask(turn, ctx, 'milestone-return', { id: row._id, n: handInOf(turn) })
  return [{ text: text.askReason }]
}

export const onMilestoneReturned: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  if (isCancel(turn.text)) return [{ text: text.cancelled }]
  const kind = await decide(ctx, turn, turn.person, String(data.id), Number(data.n), false, wordsOf(turn))
  return said(kind, text.returned)
}

export const milestoneCommand: FindCommand = async (turn, ctx) =>
  /^(?:我的)?(?:工作)?节点(?:日历)?[。！!?？]?$|^里程碑[。！!?？]?$/.test(turn.text.trim())
    ? () => milestonesByWord(turn, ctx)
    : undefined

/** 节点: what one owes, nearest first. */
async function milestonesByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const day = dayOf(turn.at, ctx.company().timeZone)
  const [owed, accepting] = await Promise.all([ctx.milestones.owedBy(turn.person._id), toAccept(ctx, turn.person)])
  const open = owed.filter((r) => r.state === 'open')
  const waiting = owed.length - open.length
  const lines = [
    ...(waiting > 0 ? [`已提交待验收：${waiting}项`] : []),
    ...(accepting.length > 0 ? [`待您验收：${accepting.map((r) => r.title).join('、')}`] : []),
    ...(open.length > MOST ? [text.more(open.length - MOST)] : []),
  ]
  if (open.length + lines.length === 0) return [{ text: text.none }]
  return [
    ...open.slice(0, MOST).map((row) => ({
      card: milestoneCard(factsOf(ctx, row, day)),
      subject: milestoneSubject(row._id),
      context: { id: row._id },
    })),
    ...(lines.length > 0
      ? [
          {
            card: { title: '工作节点', text: lines.join('\n'), link: { text: '打开节点页面', path: '/h5/milestones' } },
            subject: `milestones/${turn.person._id}`,
          },
        ]
      : []),
  ]
}
