import type { ChecklistScheme } from '../src/domain/schemes.ts'
import { formatMonth, type Month } from '../src/domain/time.ts'
import type { Card } from './card.ts'
import { ITEMS_PER_STEP, pointChoices, pointsOfChoice } from './score-card.ts'

interface Sheet {
  name: string
  month: Month
  items: ChecklistScheme['items']
}

/** A driver's month to score: all points in one tap, or item by item. */
export function checklistCard(s: Sheet, rest: number): Card {
  return {
    title: `${s.name}：${formatMonth(s.month)}检查表`,
    subtitle: rest > 0 ? `还有${rest}位待评分` : '最后一位',
    text: s.items.map((i, n) => `${n + 1}. ${i.name}（${i.points}分）${i.rule ? `：${i.rule}` : ''}`).join('\n'),
    buttons: [
      { text: '逐项打分', action: 'checklist-step:0', style: 'primary' },
      { text: '全部满分', action: 'checklist-full', style: 'plain' },
      { text: '下一位', action: 'checklist-next', style: 'plain' },
    ],
  }
}

export function checklistStepCard(s: Sheet, got: Record<number, string>, from: number): Card {
  const here = s.items.slice(from, from + ITEMS_PER_STEP)
  return {
    title: `${s.name}：检查表（${from + 1}—${from + here.length}／共${s.items.length}项）`,
    subtitle: `其他分值可直接回复，例如：检查 ${s.name} ${s.items.map((i) => i.points).join(' ')}`,
    text: here.map((i, n) => `${from + n + 1}. ${i.name}（${i.points}分）${i.rule ? `：${i.rule}` : ''}`).join('\n'),
    input: {
      kind: 'selects',
      selects: here.map((item, n) => {
        const options = pointChoices(item.points)
        const chosen = got[from + n]
        const selected = options.find((o) => String(pointsOfChoice(o.id)) === chosen)?.id ?? options[0]!.id
        return {
          id: `p${from + n}`,
          label: `${from + n + 1}. ${[...item.name].slice(0, 12).join('')}`,
          options,
          selected,
        }
      }),
    },
    buttons: [{ text: '下一步', action: `checklist-step:${from + here.length}`, style: 'primary' }],
  }
}

/** Any of the month's inputs before it counts: the arithmetic or the value as it was read. */
export function inputConfirmCard(title: string, lines: string[], action: string): Card {
  return {
    title,
    subtitle: '请核对后确认',
    text: lines.join('\n'),
    buttons: [
      { text: '确认', action, style: 'primary' },
      { text: '取消', action: 'input-cancel', style: 'plain' },
    ],
  }
}
