import type { Personal } from '../src/store/personal.ts'
import type { Card } from './card.ts'

const WISHES: Record<Personal['wishes'], string> = {
  all: '接收，可以公开',
  private: '只私下接收，不公开',
  none: '不接收',
}

export interface OwnFacts {
  name: string
  jobNumber?: string
  departments: string[]
  position: string
  joinedOn?: string
  /** 农历八月十五, with the year of birth where it is kept. */
  birthday?: string
  nextBirthday?: string
  probationEndsOn?: string
  contractEndsOn?: string
  wishes: Personal['wishes']
  columns: boolean
}

/** What is kept about somebody, in lines. */
export function ownLines(f: OwnFacts): string[] {
  const line = (label: string, value: string | undefined) => `${label}：${value || '未登记'}`
  return [
    line('姓名', f.name),
    line('工号', f.jobNumber),
    line('部门', f.departments.join(' / ')),
    line('职务', f.position),
    line('入职日期', f.joinedOn),
    line('转正日期', f.probationEndsOn),
    line('合同到期日', f.contractEndsOn),
    line('生日', f.birthday && `${f.birthday}${f.nextBirthday ? `，下一次是${f.nextBirthday}` : ''}`),
    line('生日和周年祝福', WISHES[f.wishes]),
    line('每周栏目', f.columns ? '接收' : '不接收'),
  ]
}

export function ownDataCard(f: OwnFacts): Card {
  return {
    title: '我这里保存的您的资料',
    subtitle: '仅您本人可见',
    text: ownLines(f).join('\n'),
    buttons: [
      { text: '修改生日', action: 'tell-birthday', style: 'primary' },
      f.wishes === 'all'
        ? { text: '不公开祝福', action: 'wishes:private', style: 'plain' }
        : { text: '恢复公开祝福', action: 'wishes:all', style: 'plain' },
      ...(f.wishes === 'none' ? [] : [{ text: '不要祝福', action: 'wishes:none', style: 'plain' as const }]),
      { text: '导出', action: 'export-data', style: 'plain' },
      { text: '删除', action: 'delete-data', style: 'danger' },
    ],
  }
}

export function deleteDataCard(recordYears: number): Card {
  return {
    title: '删除您的个人资料',
    text: [
      '将删除：生日和出生年份、祝福和栏目的偏好。删除后不再送生日祝福，其他来源也不会再补回。',
      `将保留：姓名、部门等在职信息，以及考核记录（用人单位依法管理所需，${recordYears}年后自动删除）；如对考核记录有异议，请联系人力资源。`,
    ].join('\n'),
    buttons: [
      { text: '确认删除', action: 'delete-data-now', style: 'danger' },
      { text: '取消', action: 'keep-data', style: 'plain' },
    ],
  }
}

/** 八月十五 is said of both calendars. */
export function whichCalendarCard(solar: string, lunar: string): Card {
  return {
    title: '请选择公历还是农历',
    buttons: [
      { text: `公历${solar}`, action: 'birthday-is:solar', style: 'primary' },
      { text: lunar, action: 'birthday-is:lunar', style: 'primary' },
    ],
  }
}

export const feb29Card = (): Card => ({
  title: '没有2月29日的年份，您想在哪天过？',
  buttons: [
    { text: '2月28日', action: 'birthday-on:feb28', style: 'primary' },
    { text: '3月1日', action: 'birthday-on:mar1', style: 'plain' },
  ],
})

export const leapMonthCard = (month: string): Card => ({
  title: `有闰${month}的年份，您想怎样过？`,
  text: `没有闰${month}的年份都按${month}过。`,
  buttons: [
    { text: `按闰${month}过`, action: 'birthday-on:leap', style: 'primary' },
    { text: `按${month}过`, action: 'birthday-on:ordinary', style: 'plain' },
  ],
})
