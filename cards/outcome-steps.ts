import type { Week } from '../src/domain/time.ts'
import { type Outcome, outcomeNames, type PlanItem } from '../src/domain/weekly-report.ts'
import type { Card } from './card.ts'

export const OUTCOMES_PER_STEP = 3

/** One step of the wizard: how up to three planned items came out. `from` counts from 0. */
export function outcomeStepCard(week: Week, planned: PlanItem[], outcomes: (Outcome | null)[], from: number): Card {
  const here = planned.slice(from, from + OUTCOMES_PER_STEP)
  const last = from + here.length >= planned.length
  return {
    title: `本周计划完成情况（${from + 1}—${from + here.length}／共${planned.length}项）`,
    text: here.map((item, i) => `${from + i + 1}. ${item.text}`).join('\n'),
    input: {
      kind: 'selects',
      selects: here.map((item, i) => ({
        id: `o${from + i}`,
        label: `${from + i + 1}. ${[...item.text].slice(0, 12).join('')}`,
        options: Object.entries(outcomeNames).map(([id, text]) => ({ id, text })),
        selected: outcomes[from + i]?.outcome ?? 'done',
      })),
    },
    buttons: [{ text: last ? '完成' : '下一步', action: `outcomes-step:${from + here.length}`, style: 'primary' }],
    link: { text: '打开填写页', path: `/h5/week/${week}` },
  }
}
