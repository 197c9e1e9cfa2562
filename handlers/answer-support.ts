import { closedCard } from '../cards/plan-submitted.ts'
import { type SupportAsked, supportAnsweredCard, supportCard } from '../cards/support.ts'
import type { Ctx } from '../src/context.ts'
import { isCancel } from '../src/domain/commands.ts'
import type { Week } from '../src/domain/time.ts'
import type { Answer, CardTurn, OnCard, OnTalk, Turn } from '../src/inbox/handler.ts'
import type { Person } from '../src/store/people.ts'
import type { SupportRequest } from '../src/store/weeks.ts'
import { addSupportWords, answerSupport, asks, openSupports, supportSubject } from './weekly/support.ts'
import { runningWeek } from './weekly/target.ts'
import type { WeekView } from './weekly/week.ts'
import { ask } from './write-week.ts'

const text = {
  gone: '对方的计划已有调整，不再需要这项支持。',
  notYours: '这项支持没有请您处理。',
  none: '目前没有等您回复的支持请求。',
  askWords: (asker: string) => `请输入要转达给${asker}的话，例如什么时候可以提供。（回复“取消”放弃）`,
  cancelled: '已取消。',
  sent: (asker: string) => `已转达给${asker}。`,
}

/** What a card says of a request. */
export function askedOf(
  asker: Person,
  week: Week,
  request: SupportRequest,
  planned: WeekView['planned'],
): SupportAsked {
  const due = planned.find((item) => asks(item, request))?.due
  return { ...{ asker: asker.name, week, item: request.item, what: request.what }, ...(due && { due }) }
}

/** 支持: what others need of this person and what waits for their answer. */
export async function supportsByWord(turn: Turn, ctx: Ctx): Promise<Answer[]> {
  const week = runningWeek(ctx, turn.at)
  const open = await openSupports(ctx, turn.person, [ctx.company().weeks.previousOpenWeek(week), week], turn.at)
  if (open.length === 0) return [{ text: text.none }]
  return open.slice(-MOST).map(({ asker, week, n, request }) => ({
    card: supportCard(askedOf(asker, week, request, [])),
    subject: supportSubject(asker._id, week, n),
    context: { personId: asker._id, week, n },
  }))
}

/** More cards at once would bury the first. */
const MOST = 5

async function about(turn: CardTurn, ctx: Ctx): Promise<{ asker: Person; week: Week; n: number } | undefined> {
  const { personId, week, n } = turn.instance.context
  const asker = await ctx.people.get(String(personId))
  return asker ? { asker, week: String(week), n: Number(n) } : undefined
}

export const onSupport: OnCard = async (turn, ctx) => {
  const it = await about(turn, ctx)
  if (!it || (turn.arg !== 'agreed' && turn.arg !== 'declined')) return [{ text: text.gone }]
  const { asker, week, n } = it
  const outcome = await answerSupport(ctx, turn, turn.person, asker, week, n, turn.arg, turn.instance._id)
  switch (outcome.kind) {
    case 'answered':
    case 'already': {
      const { request } = outcome
      const card = supportAnsweredCard(askedOf(asker, week, request, []), request.answer!)
      return [{ replace: card, context: turn.instance.context }]
    }
    case 'gone':
      return [{ replace: closedCard(`${asker.name}需要您的支持`, '已不需要', text.gone) }]
    case 'not-allowed':
      return [{ text: text.notYours }]
  }
}

export const onSupportWords: OnCard = async (turn, ctx) => {
  const it = await about(turn, ctx)
  if (!it) return [{ text: text.gone }]
  await ask(turn, ctx, 'support-words', { personId: it.asker._id, week: it.week, n: it.n })
  return [{ text: text.askWords(it.asker.name) }]
}

export const onSupportSaid: OnTalk = async (turn, data, ctx) => {
  await ctx.talks.end(turn.person._id, turn.id)
  const asker = await ctx.people.get(String(data.personId))
  if (!asker || isCancel(turn.text)) return [{ text: text.cancelled }]
  const words = turn.text.trim().slice(0, 500)
  const { kind } = await addSupportWords(ctx, turn, turn.person, asker, String(data.week), Number(data.n), words)
  return [{ text: kind === 'sent' ? text.sent(asker.name) : text.notYours }]
}
