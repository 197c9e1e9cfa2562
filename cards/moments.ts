import type { Term } from '../src/domain/moments.ts'
import { type Day, daysBetween, formatDayFull, partsOf } from '../src/domain/time.ts'
import type { Card } from './card.ts'

/** A company's own wording with the names put in. */
export const worded = (wording: string, names: { 称呼: string; 公司: string; 年数?: number }): string =>
  wording.replace(/\{(称呼|公司|年数)\}/g, (_, name: keyof typeof names) => String(names[name] ?? ''))

export interface WelcomeFacts {
  address: string
  company: string
  firstWeek: string[]
  manager?: string
  hr?: string
  /** When the weekly report is due, where the position has one: 每周六12:00前. */
  due?: string
}

/** What a newcomer needs: the first week, whom to ask, how the weekly plan is handed in. */
export function welcomeText({ address, company, firstWeek, manager, hr, due }: WelcomeFacts): string {
  const ask = [manager && `工作安排请问直属上级${manager}`, hr && `入职手续请问人力资源${hr}`].filter(Boolean)
  return [
    `${address}，欢迎加入${company}！我是绩效机器人，会在这里提醒您要办的事。`,
    ...(firstWeek.length > 0 ? ['', '第一周安排：', ...firstWeek.map((line) => `· ${line}`)] : []),
    ...(ask.length > 0 ? ['', `有问题找谁：${ask.join('；')}。`] : []),
    ...(due ? ['', `周总结和周计划：${due}提交，入职首周不作要求。发“周计划”即可开始，发“帮助”查看我能做什么。`] : []),
  ].join('\n')
}

export const welcomeInGroup = (name: string, department: string | undefined): string =>
  `欢迎新同事${name}${department ? `加入${department}` : ''}，请大家多多关照！`

export function checkInCard(address: string, after: 7 | 30, manager: string | undefined): Card {
  const ask = manager ? `直属上级${manager}` : '直属上级'
  return {
    title: after === 7 ? '入职一周了，还顺利吗？' : '入职满一个月了，还顺利吗？',
    text:
      after === 7
        ? `${address}，第一周辛苦了。岗位职责、办公环境和需要的权限，如有不清楚的，可以随时请教${ask}。`
        : `${address}，第一个月辛苦了。工作目标和试用期要求，如有需要调整或支持的，可以和${ask}当面聊聊。`,
    buttons: [
      { text: '一切顺利', action: 'check-in:well', style: 'primary' },
      { text: '想和人力资源聊聊', action: 'check-in:talk', style: 'plain' },
    ],
  }
}

export function farewellText(address: string, company: string, hr: string | undefined, keptDays: number): string {
  const kept = keptDays === 0 ? '将在离职后删除' : `将在${keptDays}天后删除`
  return [
    `${address}，今天是您在${company}的最后一个工作日。感谢您一直以来的付出，祝您前程似锦，一切顺利！`,
    `请在今天内完成工作交接${hr ? `，离职手续和绩效结果方面的问题请联系人力资源${hr}` : ''}。您的生日等个人资料${kept}。`,
  ].join('\n')
}

const TERM_NAMES: Record<Term, { what: string; basis: string; todo: string }> = {
  probation: {
    what: '试用期到期',
    basis: '试用期届满前应完成转正评估',
    todo: '请安排转正面谈和评估，办妥后点“已处理”。',
  },
  contract: {
    what: '劳动合同到期',
    basis: '合同到期前应确定是否续签并书面告知本人',
    todo: '请与本人沟通续签意向并办理手续，办妥后点“已处理”。',
  },
}

/** To manager and HR: matter, basis, time, what to do, whom to ask (features.md 5.1). */
export function termCard(
  term: Term,
  about: { name: string; department: string; endsOn: Day; today: Day; contact?: string },
): Card {
  const { name, department, endsOn, today, contact } = about
  const { what, basis, todo } = TERM_NAMES[term]
  const left = daysBetween(today, endsOn)
  const when = left > 0 ? `还有${left}天` : left === 0 ? '今天到期' : `已过${-left}天`
  return {
    title: `${name}${what}：${when}`,
    text: `${basis}。${todo}`,
    facts: [
      { label: '员工', value: department ? `${name}（${department}）` : name },
      { label: '到期日', value: `${partsOf(endsOn).year}年${formatDayFull(endsOn)}` },
      ...(contact ? [{ label: '联系人', value: contact }] : []),
    ],
    buttons: [
      { text: '已处理', action: 'term-done', style: 'primary' },
      { text: '稍后', action: 'term-later', style: 'plain' },
    ],
  }
}

export const termTitle = (term: Term, name: string): string => `${name}${TERM_NAMES[term].what}`

export function askBirthdayCard(address: string): Card {
  return {
    title: '想在您生日那天送上祝福',
    text: `${address}，公司会在生日当天私下送上祝福。如果愿意，请点“告诉生日”，只需月和日，公历、农历都可以，不需要年份。\n不填也没有任何影响，只问这一次。`,
    buttons: [
      { text: '告诉生日', action: 'tell-birthday', style: 'primary' },
      { text: '不需要祝福', action: 'no-wishes', style: 'plain' },
    ],
  }
}

export interface ListedBirthday {
  day: Day
  name: string
  department: string
  /** Does not want it said where others hear it. */
  private: boolean
}

/** Next month's birthdays for HR: days and names, never years. */
export function birthdayListText(month: string, list: ListedBirthday[]): string {
  if (list.length === 0) return `${month}没有登记在册的员工生日。`
  const line = ({ day, name, department, private: quiet }: ListedBirthday) =>
    `${formatDayFull(day)} ${name}${department ? `（${department}）` : ''}${quiet ? '·不公开' : ''}`
  return [
    `${month}生日名单（${list.length}人）：`,
    ...list.map(line),
    '名单涉及个人信息，请勿转发；标注“不公开”的请勿在群内祝贺。',
  ].join('\n')
}

/** May be one person: HR decides. */
export function samePersonCard(about: {
  platform: string
  name: string
  departments: string[]
  candidates: { name: string; departments: string[]; jobNumber?: string; active: boolean }[]
}): Card {
  const place = (departments: string[]) => departments[0] ?? '未分部门'
  const lines = about.candidates.map(
    (c, i) =>
      `${i + 1}. ${c.name}（${place(c.departments)}${c.jobNumber ? `，工号${c.jobNumber}` : ''}${c.active ? '' : '，曾离职'}）`,
  )
  return {
    title: `请确认是否同一人：${about.name}`,
    text: [
      `${about.platform}通讯录中的${about.name}（${place(about.departments)}）可能是以下员工：`,
      ...lines,
      '确认前按两位员工分开处理，不会合并任何记录。',
    ].join('\n'),
    buttons: [
      ...about.candidates.map((_, i) => ({
        text: about.candidates.length === 1 ? '是同一人' : `是第${i + 1}位`,
        action: `same-person:${i}`,
        style: 'primary' as const,
      })),
      {
        text: about.candidates.length === 1 ? '不是同一人' : '都不是',
        action: 'same-person:none',
        style: 'plain' as const,
      },
    ],
  }
}
