import { type Day, formatDayFull, partsOf } from '../src/domain/time.ts'
import type { Card } from './card.ts'

/** A year's arrangement as it was read, before it counts. */
export function holidaysCard(year: number, lines: string[], replaces: boolean): Card {
  return {
    title: `${year}年放假安排，请核对`,
    subtitle: replaces ? '确认后将替换现有的安排' : '确认后即刻启用，无需重启',
    text: lines.join('\n'),
    buttons: [
      { text: '确认启用', action: 'holidays:confirm', style: 'primary' },
      { text: '取消', action: 'holidays:cancel', style: 'plain' },
    ],
  }
}

export function lastDayCard(name: string, department: string, day: Day, past: boolean): Card {
  return {
    title: `登记${name}离职，请核对`,
    facts: [
      { label: '员工', value: department ? `${name}（${department}）` : name },
      { label: '最后工作日', value: `${partsOf(day).year}年${formatDayFull(day)}` },
    ],
    text: past ? '该日期已过，确认后即刻停止向其发送消息。' : '当天仍为在职，会收到送别消息；次日起不再发送任何消息。',
    buttons: [
      { text: '确认', action: 'last-day:confirm', style: 'primary' },
      { text: '取消', action: 'last-day:cancel', style: 'plain' },
    ],
  }
}
