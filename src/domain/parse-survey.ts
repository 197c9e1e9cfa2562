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
  const scope = first('范围') ?? ''
  const until = halfWidth(first('截止') ?? '').replace(/前$/, '')
  const closesOn = until === '' ? undefined : dayFrom(until.trim(), context)?.day
  const anonymous = yes(first('匿名'), true)
  const comment = yes(first('意见'), true)
  if (anonymous === undefined) problems.push('匿名：请填“是”或“否”')
  if (comment === undefined) problems.push('意见：请填“是”或“否”')
  const made = makeSurvey(
    {
      title: first('标题') ?? '',
      dimensions: split(first('评分') ?? ''),
      choices: (said.选择 ?? []).filter((line) => line !== '').map(readChoice),
      departments: /^(?:全员|所有人|全体|)$/.test(scope) ? [] : split(scope),
      anonymous: anonymous ?? true,
      comment: comment ?? true,
      ...(closesOn && { closesOn }),
    },
    context.today,
    idOf,
  )
  if ('problems' in made) return { problems: [...problems, ...made.problems] }
  return problems.length > 0 ? { problems } : made
}

/** `明年在哪里办=室内/户外` */
function readChoice(line: string): { label: string; options: string[] } {
  const [label = '', list = ''] = line.split(/[=＝](.*)/s)
  return { label, options: list.split(/[/／、]/) }
}

/** What HR fills in, in chat or on the page. */
export interface SurveyForm {
  title: string
  dimensions: string[]
  choices: { label: string; options: string[] }[]
  /** Empty: everybody. */
  departments: string[]
  closesOn?: Day
  anonymous: boolean
  comment: boolean
}

const MOST_QUESTIONS = 12
const MOST_LABEL = 30
const filled = (texts: string[]): string[] => texts.map((t) => t.trim()).filter((t) => t !== '')

/** A survey that is held once, or everything that is wrong with it. @param idOf makes its id: nobody types one */
export function makeSurvey(form: SurveyForm, today: Day, idOf: () => string): ReadSurvey {
  const problems: string[] = []
  const title = form.title.trim()
  if (title === '' || [...title].length > 20) problems.push('标题：请填写，不超过20个字')
  const dimensions = filled(form.dimensions).map((label, i) => ({ id: `d${i + 1}`, label }))
  const choices = form.choices.map(({ label, options }, i) => ({
    id: `c${i + 1}`,
    label: label.trim(),
    options: filled(options).map((o, n) => ({ id: `o${n + 1}`, label: o })),
  }))
  if (choices.some((c) => c.label === '' || c.options.length < 2 || c.options.length > 5))
    problems.push('选择：每题要有问题和2到5个选项，例如“明年在哪里办=室内/户外”')
  const questions = [...dimensions, ...choices]
  if (questions.length === 0) problems.push('评分、选择：至少填写一项')
  if (questions.length > MOST_QUESTIONS) problems.push(`评分、选择：合计不超过${MOST_QUESTIONS}项`)
  if ([...questions, ...choices.flatMap((c) => c.options)].some((q) => [...q.label].length > MOST_LABEL))
    problems.push(`每个问题和选项不超过${MOST_LABEL}个字`)
  const { closesOn } = form
  if (closesOn === undefined || closesOn < today) problems.push('截止：请填写今天或以后的日期，例如 12月5日')
  if (problems.length > 0 || closesOn === undefined) return { problems }
  return {
    closesOn,
    survey: {
      id: idOf(),
      title,
      dimensions,
      choices,
      comment: form.comment,
      anonymous: form.anonymous,
      threshold: 5,
      audience: { ...ALL, departments: form.departments },
      sample: EVERYBODY,
      when: { every: 'once', opensOn: today, closesOn, opensTime: '00:00', closesTime: '18:00' },
      resultsTo: ['asked'],
      byDepartment: false,
      assesses: [],
      improvedBy: [],
    },
  }
}
