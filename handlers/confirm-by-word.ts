import type { Ctx } from '../src/context.ts'
import type { Answer, Turn } from '../src/inbox/handler.ts'
import type { CardInstance } from '../src/store/cards.ts'
import { draftAnswer } from './weekly/draft.ts'
import { viewWeek } from './weekly/week.ts'
import { showDraftAgain } from './write-week.ts'

const text = {
  notHandedIn: '还没有提交。请点“提交”，或回复“提交”。',
  press: (done: string, button: string) => `还没有${done}。请在卡片上点“${button}”。`,
}

/** Buttons that make something count, with what has not been done before they are pressed. */
const waiting: Record<string, [done: string, button: string]> = {
  'submit-week': ['提交', '提交'],
  'score-confirm': ['评分', '确认评分'],
  'score-lines': ['评分', '全部确认'],
  'behaviour-save': ['记录', '确认记录'],
  'attendance:yes': ['确认', '属实，确认'],
  'interview-agree': ['答复', '可以'],
  'team-confirm': ['确认', '确认团队'],
  'month-approve': ['确认', '确认全部'],
  'checklist-save': ['确认', '确认'],
  'rating-save': ['确认', '确认'],
  'kpi-save': ['确认', '确认'],
  'appeal-file': ['提交', '提交申诉'],
  'keep-talk:only': ['登记', '只保存'],
  'holidays:confirm': ['启用', '确认启用'],
  'last-day:confirm': ['登记', '确认'],
  'survey-start': ['发起', '确认发起'],
}

/**
 * 确认 or 好的, typed: about the newest card that waits for a press, and no press itself (features.md B15). A draft is shown once
 * more, because it may be far above. Undefined: nothing waits.
 */
export async function confirmByWord(turn: Turn, ctx: Ctx): Promise<Answer[] | undefined> {
  for (const card of await ctx.cards.openWith(turn.person._id, Object.keys(waiting), turn.at)) {
    const action = card.actions?.findLast((a) => Object.hasOwn(waiting, a))
    if (!action || (await isOver(turn, ctx, card, action))) continue
    if (action !== 'submit-week') return [{ text: text.press(...waiting[action]!) }]
    return [{ text: text.notHandedIn }, await draftAnswer(ctx, turn, String(card.context.week))]
  }
  const draft = await showDraftAgain(turn, ctx)
  return draft && [{ text: text.notHandedIn }, ...draft]
}

/** Whether what the card asks has been done elsewhere: its buttons are still there, but say nothing new. */
async function isOver(turn: Turn, ctx: Ctx, { context }: CardInstance, action: string): Promise<boolean> {
  if (action !== 'submit-week' && action !== 'score-confirm') return false
  const person = action === 'submit-week' ? turn.person : await ctx.people.get(String(context.personId))
  if (!person) return true
  const { row } = await viewWeek(ctx, person, String(context.week), turn.at)
  return action === 'submit-week' ? row.draft === undefined : row.score !== undefined
}
