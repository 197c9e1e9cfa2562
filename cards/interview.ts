import type { Card } from './card.ts'

const page = (id: string, text: string) => ({ text, path: `/h5/interview/${id}` })

/** A time is named; whoever is asked takes it or names another. */
export function timeCard(i: { id: string; from: string; own: boolean; when: string; again: boolean }): Card {
  return {
    title: i.own ? `${i.from}${i.again ? '改约' : '约您'}绩效面谈` : `${i.from}希望的面谈时间`,
    text: `${i.when}\n${i.own ? '请提前想一想：做得好的、遇到的困难、需要的支持。' : '合适请点“可以”，不合适请另约。'}`,
    buttons: [
      { text: '可以', action: 'interview-agree', style: 'primary' },
      { text: '换个时间', action: 'interview-other', style: 'plain' },
    ],
    link: page(i.id, '查看面谈'),
  }
}

/** After the tap. */
export const timeAgreedCard = (id: string, when: string): Card => ({
  title: '绩效面谈时间已定',
  text: when,
  closed: '已同意',
  link: page(id, '查看面谈'),
})

export const todayCard = (id: string, other: string, when: string, writes: boolean): Card => ({
  title: `与${other}的绩效面谈`,
  text: `${when}${writes ? '\n面谈后请在页面填写记录，双方确认后生效。' : ''}`,
  link: page(id, '查看面谈'),
})

export const recordCard = (id: string, manager: string, plan: boolean): Card => ({
  title: '请确认绩效面谈记录',
  text: `${manager}已写好面谈记录${plan ? '和改进计划' : ''}。请打开页面查看；双方确认后不再修改，有不同意见也请在页面写明。`,
  link: page(id, '查看并确认'),
})

export const allowReviewCard = (id: string, name: string, reviewOn: string): Card => ({
  title: `${name}的改进计划：复核日期`,
  text: `复核日期定在${reviewOn}，不在半年到一年之间。同意后请${name}确认；不同意则请上级调整。`,
  buttons: [
    { text: '同意', action: 'interview-allow:yes', style: 'primary' },
    { text: '请调整', action: 'interview-allow:no', style: 'plain' },
  ],
  link: page(id, '查看计划'),
})

export const progressCard = (id: string, items: { goal: string; by: string }[], reviewOn: string): Card => ({
  title: '改进计划进展',
  text: [
    ...items.map((item, n) => `${n + 1}. ${item.goal}（${item.by}前）`),
    `${reviewOn}复核。进展如何？遇到困难也可以写明，会转给您的上级。`,
  ].join('\n'),
  buttons: [{ text: '填写进展', action: 'interview-note', style: 'primary' }],
  link: page(id, '查看计划'),
})

/** What one side wrote, to the other one. */
export const progressNoteCard = (id: string, from: string, words: string, own: boolean): Card => ({
  title: own ? `${from}回复了您的改进进展` : `${from}的改进进展`,
  text: own ? words : `${words}\n看到进步，请给一句肯定；有困难，请帮助协调。`,
  buttons: [{ text: '回复', action: 'interview-note', style: 'primary' }],
  link: page(id, '查看计划'),
})

/** What waits for a manager: by what is to be done, with names. */
export function waitingCard(groups: { what: string; names: string[] }[]): Card {
  const most = 20
  return {
    title: '绩效面谈待办',
    text: [
      ...groups.map(({ what, names }) => {
        const named = names.slice(0, most).join('、')
        return `${what}（${names.length}）：${named}${names.length > most ? '等' : ''}`
      }),
      '可以直接发给我，例如“约面谈 姓名 周三下午3点 会议室”。',
    ].join('\n'),
    link: { text: '打开面谈页面', path: '/h5/interviews' },
  }
}
