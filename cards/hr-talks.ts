import { OCCASIONS, type TalkOccasion } from '../src/domain/hr-talks.ts'
import { type Day, formatDay, partsOf } from '../src/domain/time.ts'
import type { Card } from './card.ts'

export interface TalksFacts {
  due: { person: { name: string; departments: string[] }; occasion: TalkOccasion; by: Day }[]
  done: number
  of: number
}

const MOST_NAMED = 20
/** From this month on the year's talks are named, before they are only counted. */
const YEARLY_FROM = 9

/**
 * Who is due, for HR. Undefined when there is nobody to name and nothing to count.
 *
 * @param asked HR wants to know: the year's talks are named in any month
 */
export function talksDueText({ due, done, of }: TalksFacts, today: Day, asked = false): string | undefined {
  const sure = due.filter((d) => d.occasion !== 'yearly')
  const yearly = due.filter((d) => d.occasion === 'yearly')
  const { month, year } = partsOf(today)
  const named = asked || month >= YEARLY_FROM
  if (sure.length === 0 && (yearly.length === 0 || !named)) return undefined
  const place = (p: { departments: string[] }) => p.departments[0] ?? '未分部门'
  const lines = sure.slice(0, MOST_NAMED).map(({ person, occasion, by }) => {
    const late = by < today ? '，已逾期' : ''
    return `· ${person.name}（${place(person)}）：${OCCASIONS[occasion]}谈话，${formatDay(by)}前${late}`
  })
  const parts = [
    ...(lines.length > 0 ? ['请安排以下谈话：', ...lines] : []),
    ...(sure.length > MOST_NAMED ? [`另有${sure.length - MOST_NAMED}位。`] : []),
    `${year}年度谈话：${of}人中已完成${done}人，还差${of - done}人。`,
  ]
  if (named && yearly.length > 0) {
    const twice = (name: string) => yearly.filter((d) => d.person.name === name).length > 1
    const names = yearly
      .slice(0, MOST_NAMED)
      .map(({ person }) => (twice(person.name) ? `${person.name}（${place(person)}）` : person.name))
    parts.push(`待谈：${names.join('、')}${yearly.length > MOST_NAMED ? '等' : ''}。`)
  }
  parts.push('谈后发“谈话 姓名”登记。')
  return parts.join('\n')
}

/** Shown back before it is kept. */
export function talkDraftCard(
  name: string,
  occasion: TalkOccasion,
  draft: { summary: string; proposals: string[] },
  manager: string | undefined,
): Card {
  const passes = manager !== undefined && draft.proposals.length > 0
  return {
    title: `${name}的${OCCASIONS[occasion]}谈话记录`,
    subtitle: `仅人力资源可见；建议可转给${manager ? `直属上级${manager}` : '直属上级'}`,
    text: [
      draft.summary || '（未填写谈话内容）',
      ...(draft.proposals.length > 0 ? ['建议：', ...draft.proposals.map((p, i) => `${i + 1}. ${p}`)] : []),
    ].join('\n'),
    buttons: [
      ...(passes ? [{ text: '保存并转给上级', action: 'keep-talk:pass', style: 'primary' as const }] : []),
      { text: '只保存', action: 'keep-talk:only', style: passes ? ('plain' as const) : ('primary' as const) },
      { text: '重新填写', action: 'keep-talk:again', style: 'plain' },
      { text: '不登记', action: 'keep-talk:drop', style: 'plain' },
    ],
  }
}

export function talkPassedText(name: string, by: string, talk: { heldOn: Day; proposals: string[] }): string {
  return [
    `人力资源${by}于${formatDay(talk.heldOn)}与${name}谈话，对您有以下建议：`,
    ...talk.proposals.map((p, i) => `${i + 1}. ${p}`),
    '内容保密，请勿转发，也请勿向本人转述来源。如需了解情况，请与人力资源当面沟通。',
  ].join('\n')
}

export function talksAboutText(
  name: string,
  talks: { heldOn: Day; occasion: TalkOccasion; summary: string; proposals: string[] }[],
): string {
  if (talks.length === 0) return `还没有${name}的谈话记录。`
  return [
    `${name}的谈话记录（保密）：`,
    ...talks
      .slice(0, 10)
      .flatMap((t) => [
        `${partsOf(t.heldOn).year}年${formatDay(t.heldOn)} ${OCCASIONS[t.occasion]}`,
        ...(t.summary ? [t.summary] : []),
        ...t.proposals.map((p, i) => `建议${i + 1}：${p}`),
      ]),
  ].join('\n')
}
