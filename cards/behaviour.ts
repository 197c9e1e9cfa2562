import { type BehaviourCase, caseTitle, isFixed, isReward, pointChoices, signed } from '../src/domain/behaviour.ts'
import { exact, multiply, readable } from '../src/domain/decimal.ts'
import { type Day, formatDayFull } from '../src/domain/time.ts'
import type { Card } from './card.ts'

export interface Shown {
  name: string
  title: string
  points: string
  times: number
  day: Day
  facts: string
  by: string
}

const total = (s: { points: string; times: number }): string => {
  const sum = signed(readable(multiply(exact(s.points), exact(s.times))))
  return s.times > 1 ? `${signed(s.points)}×${s.times}次，共${sum}` : sum
}

const facts = (s: Omit<Shown, 'name' | 'by'>) => [
  { label: '情形', value: s.title },
  { label: '分值', value: total(s) },
  { label: '日期', value: formatDayFull(s.day) },
  ...(s.facts === s.title || s.facts === '' ? [] : [{ label: '事实', value: s.facts }]),
]

/** What was read from chat, before it counts. */
export function behaviourConfirmCard(s: Omit<Shown, 'by'>, note?: string): Card {
  return {
    title: `记录${s.name}的日常行为`,
    subtitle: '确认后记入当月，并告知本人',
    facts: facts(s),
    ...(note && { text: note }),
    buttons: [
      { text: '确认记录', action: 'behaviour-save', style: 'primary' },
      { text: '取消', action: 'behaviour-cancel', style: 'plain' },
    ],
  }
}

/** A range without a number: the points to choose. */
export function behaviourPointsCard(c: BehaviourCase, s: { name: string; day: Day; facts: string }): Card {
  const all = pointChoices(c)
  // At most ten options: whole points where half steps would be too many.
  const choices = all.length <= 10 ? all : all.filter((p) => Number.isInteger(Number(p)))
  return {
    title: `记录${s.name}：${caseTitle(c)}`,
    subtitle: `${formatDayFull(s.day)}，请选择分值`,
    input: {
      kind: 'selects',
      selects: [
        {
          id: 'points',
          label: isReward(c) ? '加分' : '扣分',
          options: choices
            .slice(0, 10)
            .map((p) => ({ id: `p${p.replace('-', 'm').replace('.', '_')}`, text: `${signed(p)}分` })),
          selected: `p${choices[0]!.replace('-', 'm').replace('.', '_')}`,
        },
      ],
    },
    buttons: [{ text: '下一步', action: 'behaviour-points', style: 'primary' }],
  }
}

export const pointsOfOption = (id: string): string => id.slice(1).replace('m', '-').replace('_', '.')

/** What the employee gets at once (domain.md §4). */
export function behaviourCard(s: Shown, appealBy: string): Card {
  return {
    title: s.points.startsWith('-') ? '日常行为记录：扣分' : '日常行为记录：加分',
    subtitle: `由${s.by}记录`,
    facts: facts(s),
    text: `如有异议，可在${appealBy}前申诉。`,
    buttons: [
      { text: '知道了', action: 'behaviour-read', style: 'primary' },
      { text: '申诉', action: 'behaviour-appeal', style: 'plain' },
    ],
    link: { text: '查看记录', path: '/h5/records' },
  }
}

/** HR's attendance record, for the unit's head. */
export function attendanceCard(s: Shown): Card {
  return {
    title: `${s.name}的考勤记录，请核对`,
    subtitle: `由${s.by}根据考勤记录提出，您确认后计入`,
    facts: facts(s),
    buttons: [
      { text: '属实，确认', action: 'attendance:yes', style: 'primary' },
      { text: '不属实', action: 'attendance:no', style: 'plain' },
    ],
  }
}

/** 行为情形: the table, with what each costs. */
export function casesText(cases: readonly BehaviourCase[]): string {
  const points = (c: BehaviourCase) =>
    isFixed(c) ? signed(String(c.most)) : `${signed(String(c.least))}至${signed(String(c.most))}`
  const lines = cases.map(
    (c) => `· ${caseTitle(c)}：${points(c)}${c.positions ? `（仅${c.positions.join('、')}）` : ''}`,
  )
  return `您可以记录的情形：\n${lines.join('\n')}\n\n写法：记 姓名 会议迟到 1次；记 姓名 工作态度 扣3分 11月5日 事实经过`
}
