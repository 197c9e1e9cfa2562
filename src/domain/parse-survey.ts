import { halfWidth } from './chat-text.ts'
import { type DayContext, dayFrom } from './parse-day.ts'
import { ALL, EVERYBODY, type Survey } from './survey.ts'
import type { Day } from './time.ts'

/** A survey as HR types it, or everything that is wrong with it, in words for HR. */
export type ReadSurvey = { survey: Survey; closesOn: Day } | { problems: string[] }

export const surveyForm = `发起调查
标题：
评分：（每项1到5星，用顿号分开，例如 组织、节目、餐饮）
选择：（可不填，例如 明年在哪里办=室内/户外）
范围：全员（或部门名称，用顿号分开）
截止：（例如 12月5日，当天18:00截止）
匿名：是
意见：是`

const FIELDS = ['标题', '评分', '选择', '范围', '截止', '匿名', '意见'] as const
type Field = (typeof FIELDS)[number]

const split = (text: string): string[] =>
  text
    .split(/[、,，;；]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')

const yes = (text: string | undefined, otherwise: boolean): boolean | undefined =>
  text === undefined || text === ''
    ? otherwise
    : /^(?:是|匿名|可以|要|y|yes)$/i.test(text)
      ? true
      : /^(?:否|不|不是|不要|实名|n|no)$/i.test(text)
        ? false
        : undefined

/**
 * Reads the filled form of 发起调查. @param idOf makes the survey's id: HR never types one
 */
export function readSurvey(text: string, context: DayContext, idOf: () => string): ReadSurvey {
  const said: Partial<Record<Field, string[]>> = {}
  const problems: string[] = []
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '' || /^发起(?:调查|问卷)/.test(line)) continue
    const match = /^(\S{2})\s*[:：]\s*(.*)$/.exec(line)
    const field = FIELDS.find((f) => f === match?.[1])
    if (!match || !field) problems.push(`“${[...line].slice(0, 20).join('')}”不是表中的项目`)
    // What stands in brackets is the form's own explanation.
    else if (!/^（.*）$/.test(match[2]!.trim())) said[field] = [...(said[field] ?? []), match[2]!.trim()]
  }
  const first = (field: Field) => said[field]?.[0]
  const title = first('标题') ?? ''
  if (title === '' || [...title].length > 20) problems.push('标题：请填写，不超过20个字')
  const dimensions = split(first('评分') ?? '').map((label, i) => ({ id: `d${i + 1}`, label }))
  const choices = (said.选择 ?? []).flatMap((line, i) => {
    if (line === '') return []
    const [label = '', list = ''] = line.split(/[=＝](.*)/s)
    const options = list
      .split(/[/／、]/)
      .map((o) => o.trim())
      .filter((o) => o !== '')
    if (label.trim() === '' || options.length < 2 || options.length > 5)
      problems.push('选择：请写成“问题=选项/选项”，2到5个选项')
    return [{ id: `c${i + 1}`, label: label.trim(), options: options.map((o, n) => ({ id: `o${n + 1}`, label: o })) }]
  })
  if (dimensions.length + choices.length === 0) problems.push('评分、选择：至少填写一项')
  if (dimensions.length + choices.length > 12) problems.push('评分、选择：合计不超过12项')
  if ([...dimensions, ...choices].some((q) => [...q.label].length > 30)) problems.push('每个问题不超过30个字')
  const scope = first('范围') ?? '全员'
  const departments = /^(?:全员|所有人|全体|)$/.test(scope) ? [] : split(scope)
  const until = halfWidth(first('截止') ?? '').replace(/前$/, '')
  const read = until === '' ? undefined : dayFrom(until.trim(), context)
  if (!read || read.day < context.today) problems.push('截止：请填写今天或以后的日期，例如 12月5日')
  const anonymous = yes(first('匿名'), true)
  const comment = yes(first('意见'), true)
  if (anonymous === undefined) problems.push('匿名：请填“是”或“否”')
  if (comment === undefined) problems.push('意见：请填“是”或“否”')
  if (problems.length > 0 || !read) return { problems }
  const closesOn = read.day
  return {
    closesOn,
    survey: {
      id: idOf(),
      title,
      dimensions,
      choices,
      comment: comment!,
      anonymous: anonymous!,
      threshold: 5,
      audience: { ...ALL, departments },
      sample: EVERYBODY,
      when: { every: 'once', opensOn: context.today, closesOn, opensTime: '00:00', closesTime: '18:00' },
      resultsTo: ['asked'],
      byDepartment: false,
      assesses: [],
      improvedBy: [],
    },
  }
}
