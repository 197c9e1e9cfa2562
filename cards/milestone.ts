import type { Card } from './card.ts'

const page = (id: string, text: string) => ({ text, path: `/h5/milestone/${id}` })

export interface MilestoneFacts {
  id: string
  title: string
  /** 2026年12月31日（周四） */
  due: string
  /** 还有7天 */
  left: string
  moved?: string
  handIn?: string
}

/** To the owner, before the day and after it. */
export function milestoneCard(m: MilestoneFacts, note?: string): Card {
  return {
    title: m.title,
    subtitle: `${m.due}，${m.left}`,
    text: [
      ...(note ? [note] : []),
      ...(m.moved ? [`${m.moved}。`] : []),
      ...(m.handIn ? [`需提交：${m.handIn}`, '提交请点“完成”，再发文字说明或文件链接。'] : ['请按时参加或完成。']),
    ].join('\n'),
    ...(m.handIn && {
      buttons: [
        { text: '完成', action: 'milestone-done', style: 'primary' as const },
        { text: '填写进展', action: 'milestone-progress', style: 'plain' as const },
      ],
    }),
    link: page(m.id, '查看节点'),
  }
}

/** To whoever accepts. */
export const handedInCard = (m: MilestoneFacts, owner: string, words: string): Card => ({
  title: `${owner}已提交：${m.title}`,
  subtitle: `截止${m.due}`,
  text: [`要求：${m.handIn ?? ''}`, `提交内容：${words}`].join('\n'),
  buttons: [
    { text: '通过', action: 'milestone-accept', style: 'primary' },
    { text: '退回', action: 'milestone-return', style: 'plain' },
  ],
  link: page(m.id, '查看节点'),
})

/** To whoever accepts: what is late by three days and more. */
export const lateCard = (lines: string[]): Card => ({
  title: '以下节点已逾期',
  text: [...lines, '已每天提醒负责人，请您帮助推进。'].join('\n'),
  link: { text: '打开节点页面', path: '/h5/milestones' },
})

/** To an owner: several that are late. */
export const owedCard = (count: number, lines: string[]): Card => ({
  title: `有${count}个工作节点已过截止日期`,
  text: [...lines, '请尽快提交；有困难也可以写在进展里。发“节点”可逐项处理。'].join('\n'),
  link: { text: '打开节点页面', path: '/h5/milestones' },
})
