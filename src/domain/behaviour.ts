import { add, compare, type Exact, exact, isNegative, multiply, negate, readable, ZERO } from './decimal.ts'
import type { Day } from './time.ts'

/** One case of the table of 篇三 (domain.md §4). Points are signed; `from` = `to` is a fixed case. */
export interface BehaviourCase {
  /** `[a-z0-9-]{1,30}`: stays when its words change. */
  id: string
  category: string
  name: string
  /** The smaller and the larger, in size: −2 and −5 are `least: -2, most: -5`. */
  least: number
  most: number
  /** Who records it: the superior, HR, or both (then HR's counts once the superior confirmed it, domain.md §11.15). */
  by: 'manager' | 'hr' | 'both'
  /** Only for people of these positions. */
  positions?: string[] | undefined
  /** Further ways to say it in chat. */
  words?: string[] | undefined
}

const one = (
  id: string,
  category: string,
  name: string,
  least: number,
  most = least,
  more: Partial<BehaviourCase> = {},
): BehaviourCase => ({ id, category, name, least, most, by: 'manager', ...more })

/** The table of 篇三; a discretionary reward is above 0 to 10 (domain.md §11.24). */
export const defaultCases: readonly BehaviourCase[] = [
  one('attendance', '考勤', '违规', -3, -3, { by: 'both', words: ['考勤违规', '考勤', '旷工', '上班迟到', '早退'] }),
  one('5s', '5S管理', '违规', -1, -1, { words: ['5S违规', '5S'] }),
  one('attitude', '工作态度', '工作态度不端正', -2, -5, { words: ['工作态度', '态度不端正', '态度差'] }),
  one('games', '工作态度', '玩游戏', -5, -5, { words: ['玩游戏', '浏览游戏', '看游戏网页'] }),
  one('defiance', '沟通协调', '顶撞上级', -3, -3, { words: ['不服从', '顶撞'] }),
  one('unfriendly', '沟通协调', '对同事不友善', -1, -2, { words: ['不友善', '对同事不友好'] }),
  one('meeting-late', '会议', '迟到', -2, -2, { words: ['开会迟到'] }),
  one('meeting-absent', '会议', '缺席', -5, -5, { words: ['开会缺席', '会议未参加', '会议缺勤', '会议旷会'] }),
  one('task-department', '临时性工作', '部门临时任务未做好', -2, -2, { words: ['部门临时工作', '部门临时任务'] }),
  one('task-company', '临时性工作', '公司临时任务未做好', -4, -4, { words: ['公司临时工作', '公司临时任务'] }),
  one('error', '工作失误', '一般失误', -0.5, -2, { words: ['一般错误', '文件差错'] }),
  one('serious-error', '工作失误', '严重失误', -2, -6, { words: ['严重错误', '重大失误'] }),
  one('teamwork', '团队建设', '不配合团队工作', -2, -2, { words: ['不配合', '不协作'] }),
  one('vehicle', '车辆管理', '违规', -5, -5, {
    positions: ['司机'],
    words: ['车辆违规', '未着工装', '未戴工牌', '乱停车', '未做日检', '车辆日检'],
  }),
  one('criticism', '公司处罚', '通报批评', -6, -6, { by: 'hr' }),
  one('warning', '公司处罚', '警告', -12, -12, { by: 'hr' }),
  one('praise-department', '奖励', '部门表扬', 3),
  one('praise-company', '奖励', '公司表扬', 6, 6, { by: 'hr' }),
  one('merit', '奖励', '记功', 10, 10, { by: 'hr' }),
  one('beyond-plan', '奖励', '计划外工作', 2, 5, { words: ['计划外'] }),
  one('helping', '奖励', '帮助同事', 2, 3, { words: ['工作外帮助同事'] }),
  one('learning', '奖励', '勤学进步', 1, 5, { words: ['学习进步', '勤奋学习'] }),
  one('department-best', '奖励', '部门考核突出', 1, 3, { words: ['考核突出'] }),
  one('other-reward', '奖励', '其他奖励', 0.5, 10, { words: ['奖励'] }),
]

const STEP = exact('0.5')
const size = (value: Exact): Exact => (isNegative(value) ? negate(value) : value)

/** Points a case may take, smallest first in size: fixed cases one, ranges in steps of 0.5 (domain.md §11.24). */
export function pointChoices(c: BehaviourCase): string[] {
  const sign = c.most < 0 ? '-' : ''
  const to = size(exact(c.most))
  const choices: string[] = []
  for (let at = size(exact(c.least)); compare(at, to) <= 0; at = add(at, STEP)) choices.push(`${sign}${readable(at)}`)
  return choices
}

/** Whether a case takes these points: `'-2'`, `'2.5'`. A fixed case takes no other number. */
export const takesPoints = (c: BehaviourCase, points: string): boolean =>
  pointChoices(c).some((p) => compare(exact(p), exact(points)) === 0)

export const isFixed = (c: BehaviourCase): boolean => c.least === c.most
export const isReward = (c: BehaviourCase): boolean => c.most > 0
/** 会议迟到, 部门表扬: a short name needs its category, a longer one says enough. */
export const caseTitle = (c: BehaviourCase): string =>
  [...c.name].length > 2 || c.name.startsWith(c.category) ? c.name : `${c.category}${c.name}`

/** `−2`, `+3` for people. */
export const signed = (points: string): string => {
  const value = exact(points)
  return isNegative(value) ? `−${readable(negate(value))}` : `+${readable(value)}`
}

/** What settlement needs of a record. */
export interface BehaviourFact {
  id: string
  day: Day
  title: string
  /** Signed, of one time. */
  points: string
  times: number
  facts: string
}

/** Rewards and deductions of a month, each with its reason and date (features.md T9). */
export function behaviourSum(facts: readonly BehaviourFact[]): {
  plus: Exact
  minus: Exact
  score: Exact
  lines: string[]
} {
  const ordered = [...facts].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.id < b.id ? -1 : 1))
  let plus = ZERO
  let minus = ZERO
  const lines: string[] = []
  for (const fact of ordered) {
    const points = multiply(exact(fact.points), exact(fact.times))
    if (isNegative(points)) minus = add(minus, negate(points))
    else plus = add(plus, points)
    const times = fact.times > 1 ? `${fact.times}次，每次${signed(fact.points)}，共` : ''
    lines.push(
      `${Number(fact.day.slice(5, 7))}月${Number(fact.day.slice(8))}日 ${fact.title}：${times}${signed(readable(points))}`,
    )
  }
  return { plus, minus, score: add(plus, negate(minus)), lines }
}
