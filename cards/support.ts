import { formatDay, formatWeek, type Week } from '../src/domain/time.ts'
import type { PlanItem } from '../src/domain/weekly-report.ts'
import type { Card } from './card.ts'

export interface SupportAsked {
  asker: string
  week: Week
  item: string
  what: string
  /** Expected finish of the item. */
  due?: PlanItem['due']
}

/** Somebody's plan needs this person: one tap answers (features.md B6). */
export function supportCard(s: SupportAsked): Card {
  return {
    title: `${s.asker}需要您的支持`,
    subtitle: formatWeek(s.week),
    text: [`工作：${s.item}`, `需要：${s.what}`, ...(s.due ? [`预计完成：${formatDay(s.due)}`] : [])].join('\n'),
    buttons: [
      { text: '可以支持', action: 'support:agreed', style: 'primary' },
      { text: '有困难', action: 'support:declined', style: 'plain' },
    ],
  }
}

/** The same after the answer, with room for a word. */
export function supportAnsweredCard(s: SupportAsked, answer: 'agreed' | 'declined'): Card {
  return {
    title: `${s.asker}需要您的支持`,
    subtitle: answer === 'agreed' ? `已回复${s.asker}：可以支持` : `已回复${s.asker}：有困难`,
    text: [`工作：${s.item}`, `需要：${s.what}`].join('\n'),
    buttons: [{ text: '补充一句', action: 'support-words', style: 'plain' }],
  }
}
