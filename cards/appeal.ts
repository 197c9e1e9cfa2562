import type { Card } from './card.ts'

export interface AppealShown {
  name: string
  about: string
  reason: string
  filed: string
}

const facts = (a: AppealShown) => [
  { label: '申诉人', value: a.name },
  { label: '申诉事项', value: a.about },
  { label: '提交时间', value: a.filed },
]

/** Shown back before it is filed: nothing is an appeal before that. */
export const appealDraftCard = (about: string, reason: string, left: string): Card => ({
  title: '请核对您的申诉',
  facts: [
    { label: '申诉事项', value: about },
    { label: '申诉期', value: left },
  ],
  text: `理由：${reason}\n提交后由人力资源登记，并请上级答复；同一事项只能申诉一次。`,
  buttons: [
    { text: '提交申诉', action: 'appeal-file', style: 'primary' },
    { text: '修改', action: 'appeal-edit', style: 'plain' },
    { text: '不申诉', action: 'appeal-drop', style: 'plain' },
  ],
})

/** The person: where their appeal stands. */
export const ownAppealCard = (a: AppealShown, state: string, mayWithdraw: boolean): Card => ({
  title: state,
  facts: facts(a).slice(1),
  text: `理由：${a.reason}`,
  ...(mayWithdraw
    ? { buttons: [{ text: '撤回申诉', action: 'appeal-withdraw', style: 'plain' as const }] }
    : { closed: '每一步都会通知您' }),
})

/** HR: a new appeal to take on. */
export const appealFiledCard = (a: AppealShown): Card => ({
  title: '收到一件绩效申诉，请登记',
  facts: facts(a),
  text: `理由：${a.reason}`,
  buttons: [{ text: '登记受理', action: 'appeal-register', style: 'primary' }],
})

/** The superior: an answer in writing is asked for. @param until `12月11日24:00` @param again it was asked for before */
export const appealAnswerCard = (a: AppealShown, until: string, again: boolean): Card => ({
  title: `${again ? '提醒：' : ''}请答复${a.name}的申诉`,
  facts: facts(a),
  text: `理由：${a.reason}\n请在${until}前答复；之后将按现有材料裁定。`,
  buttons: [{ text: '填写答复', action: 'appeal-answer', style: 'primary' }],
})

/** Whoever decides: both sides on one card. @param corrected a correction had to be decided first, and is */
export const appealDecideCard = (a: AppealShown, answer: string, corrected: boolean): Card => ({
  title: `${a.name}的申诉待裁定`,
  ...(corrected && { subtitle: '此前待确认的更正已处理，现在可以裁定' }),
  facts: facts(a),
  text: `理由：${a.reason}\n上级答复：${answer}`,
  buttons: [
    { text: '申诉成立', action: 'appeal-decide:yes', style: 'primary' },
    { text: '不成立', action: 'appeal-decide:no', style: 'plain' },
  ],
})

/** What an employee can appeal against now, with how long each is open. */
export const appealPickCard = (options: { id: string; text: string; left: string }[]): Card => ({
  title: '请选择申诉事项',
  text: options.map((o) => `· ${o.text}，${o.left}`).join('\n'),
  input: {
    kind: 'choice',
    id: 'about',
    multiple: false,
    options: options.slice(0, 20).map(({ id, text }) => ({ id, text })),
    selected: options.slice(0, 1).map((o) => o.id),
  },
  buttons: [{ text: '下一步', action: 'appeal-pick', style: 'primary' }],
})
