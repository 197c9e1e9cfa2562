import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { milestoneSettings } from './company-milestones.ts'
import { columnSettings, momentSettings, retentionSettings } from './company-moments.ts'
import {
  behaviourSettings,
  gradeSettings,
  interviewSettings,
  kpiSettings,
  monthProblems,
  monthSettings,
  paySettings,
  schemeSettings,
} from './company-month.ts'
import { surveysOf, surveysSchema } from './company-survey.ts'
import { type Calendar, makeCalendar } from './domain/calendar.ts'
import { type DeadlineSettings, defaultDeadlineSettings } from './domain/deadline.ts'
import { type HolidayYear, shippedHolidays } from './domain/holidays.ts'
import type { Scheme } from './domain/schemes.ts'
import type { Survey } from './domain/survey.ts'
import { isDay } from './domain/time.ts'
import { inChinese } from './mistakes.ts'

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, '应为时刻，例如 "16:00"（带引号）')
const day = z.string().refine(isDay, '应为日期，例如 2026-10-01')
const minutes = (most: number) => z.number().int().min(0).max(most)

const zone = z.string().refine((v) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: v })
    return true
  } catch {
    return false
  }
}, '应为时区名称，例如 Asia/Shanghai')

const companySchema = z.strictObject({
  name: z.string().min(1),
  timeZone: zone.default('Asia/Shanghai'),
  /** 工号 (or a name that only one person has) of who holds a role beyond the organisation tree. */
  roles: z
    .strictObject({
      hr: z.array(z.string()).default([]),
      gm: z.array(z.string()).default([]),
      admin: z.array(z.string()).default([]),
    })
    .default({ hr: [], gm: [], admin: [] }),
  /** Who judges in place of somebody whose only judge would be party (domain.md §11.16): person to stand-in. */
  standIns: z.record(z.string(), z.string()).default({}),
  schemes: schemeSettings,
  kpis: kpiSettings,
  behaviour: behaviourSettings,
  grades: gradeSettings,
  month: monthSettings,
  pay: paySettings,
  interviews: interviewSettings,
  milestones: milestoneSettings,
  /** Title on the platform to scheme; `*` is any other title. */
  positions: z.record(z.string(), z.string()).default({ '*': '周计划' }),
  people: z
    .record(
      z.string(),
      z.strictObject({
        address: z.string().optional(),
        nicknames: z.array(z.string()).optional(),
        /** Kinds of `pay.allowances`. */
        allowances: z.array(z.string()).optional(),
      }),
    )
    .default({}),
  calendar: z
    .strictObject({
      restDays: z.array(day).optional(),
      workDays: z.array(day).optional(),
      alternateSaturdays: day.optional(),
    })
    .default({}),
  weekly: z
    .strictObject({
      deadlineTime: time.default(defaultDeadlineSettings.deadlineTime),
      firstReminder: time.default(defaultDeadlineSettings.firstReminder),
      morningReminder: time.default(defaultDeadlineSettings.morningReminder),
      lastReminderMinutes: minutes(240).default(defaultDeadlineSettings.lastReminderMinutes),
      draftReminderMinutes: minutes(480).default(defaultDeadlineSettings.draftReminderMinutes),
      scoringReminder: time.default(defaultDeadlineSettings.scoringReminder),
      undoMinutes: minutes(60).default(10),
    })
    .prefault({}),
  moments: momentSettings,
  columns: columnSettings,
  retention: retentionSettings,
  surveys: surveysSchema,
  quiet: z
    .strictObject({
      from: time.default('21:30'),
      to: time.default('07:30'),
      /** Messages of our own accord to one person on one day. */
      mostPerDay: z.number().int().min(1).max(100).default(8),
    })
    .prefault({}),
})

export type CompanyFile = z.infer<typeof companySchema>

/** The checked company file, with what is derived from it. */
export interface Company extends CompanyFile {
  weeks: Calendar
  deadlines: DeadlineSettings
  surveyList: Survey[]
}

/** Of a key that may not be one: what its own rule says. */
const reasonOf = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message

/** Every mistake of a company file with its line. */
export class CompanyError extends Error {
  constructor(
    readonly file: string,
    readonly problems: string[],
  ) {
    super(`${file} 有${problems.length}处错误：\n${problems.map((p) => `  - ${p}`).join('\n')}`)
  }
}

/**
 * Reads and checks a company file's text.
 * @throws CompanyError with every mistake, each with its line and what is allowed
 */
export function parseCompany(source: string, file = 'company.yaml'): Company {
  const lines = new LineCounter()
  const doc = parseDocument(source, { lineCounter: lines, uniqueKeys: true })
  if (doc.errors.length > 0) {
    throw new CompanyError(
      file,
      doc.errors.map((e) => `第${lines.linePos(e.pos[0]).line}行：不是正确的YAML：${e.message.split('\n')[0]}`),
    )
  }
  const lineOf = (path: PropertyKey[]): number => {
    for (let depth = path.length; depth > 0; depth--) {
      const node = doc.getIn(path.slice(0, depth), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const parsed = companySchema.safeParse(contentOf(doc, file), { error: inChinese })
  if (!parsed.success) {
    throw new CompanyError(
      file,
      parsed.error.issues.flatMap((i) =>
        i.code === 'unrecognized_keys'
          ? i.keys.map((k) => `第${lineOf([...i.path, k])}行：没有“${[...i.path, k].join('.')}”这个设置，请检查拼写`)
          : [`第${lineOf(i.path)}行：${i.path.join('.') || '整个文件'}：${reasonOf(i)}`],
      ),
    )
  }
  const company = parsed.data
  const problems: string[] = []
  for (const [position, scheme] of Object.entries(company.positions)) {
    if (!Object.hasOwn(company.schemes, scheme)) {
      const known = Object.keys(company.schemes).join('、')
      problems.push(
        `第${lineOf(['positions', position])}行：positions.${position}：没有方案“${scheme}”，现有：${known}`,
      )
    }
  }
  problems.push(...monthProblems(company, lineOf))
  let weeks: Calendar | undefined
  try {
    weeks = calendarOf(company)
  } catch (error) {
    problems.push(`第${lineOf(['calendar'])}行：calendar：${(error as Error).message}`)
  }
  if (problems.length > 0 || !weeks) throw new CompanyError(file, problems)
  const { undoMinutes: _, ...times } = company.weekly
  return { ...company, weeks, deadlines: { ...times, zone: company.timeZone }, surveyList: surveysOf(company.surveys) }
}

/** An alias of nothing, or so many that they would fill the memory, is told here and not by the parser. */
function contentOf(doc: Document.Parsed, file: string): unknown {
  try {
    return doc.toJS()
  } catch (error) {
    throw new CompanyError(file, [`第1行：不是正确的YAML：${(error as Error).message.split('\n')[0]}`])
  }
}

/** The company's working days: the shipped years, those HR confirmed, and its own days. */
function calendarOf({ calendar }: CompanyFile, confirmed: readonly HolidayYear[] = []): Calendar {
  const { restDays, workDays, alternateSaturdays } = calendar
  return makeCalendar({
    years: [...shippedHolidays, ...confirmed],
    company: {
      ...(restDays && { restDays }),
      ...(workDays && { workDays }),
      ...(alternateSaturdays && { alternateSaturdays }),
    },
  })
}

/**
 * The company file in force together with the years that HR has confirmed: a new notice counts from the next question on,
 * without a restart.
 *
 * @param confirmed gives another array when something has changed
 */
export function withHolidays(current: () => Company, confirmed: () => readonly HolidayYear[]): () => Company {
  let made: { from: Company; years: readonly HolidayYear[]; company: Company } | undefined
  return () => {
    const from = current()
    const years = confirmed()
    if (made?.from !== from || made.years !== years) {
      const company = years.length === 0 ? from : { ...from, weeks: calendarOf(from, years) }
      made = { from, years, company }
    }
    return made.company
  }
}

/**
 * Reads the file and keeps reading it when it changes. A wrong edit keeps the last good one and says so.
 * @returns `current()` gives the one in force; `reload` reads at once and throws on mistakes
 */
export function watchCompany(file: string, onChange: (company: Company) => void, onMistake: (error: unknown) => void) {
  const read = () => parseCompany(readFileSync(file, 'utf8'), file)
  let company = read()
  const reload = () => {
    company = read()
    onChange(company)
  }
  watchFile(file, { interval: 2000, persistent: false }, () => {
    try {
      reload()
    } catch (error) {
      onMistake(error)
    }
  })
  return { current: () => company, reload, stop: () => unwatchFile(file) }
}

/** The scheme of a position, or undefined when none is configured for it. */
export function schemeOf(company: Company, position: string): { name: string; kind: Scheme['kind'] } | undefined {
  const found = schemeFor(company, position)
  return found && { name: found.name, kind: found.scheme.kind }
}

/** The same with the scheme's own settings. */
export function schemeFor(company: Company, position: string): { name: string; scheme: Scheme } | undefined {
  // A title is whatever the contacts say, also `constructor`, which every object has.
  const named = Object.hasOwn(company.positions, position) ? company.positions[position] : undefined
  const name = named ?? company.positions['*']
  const scheme = name === undefined ? undefined : company.schemes[name]
  return name !== undefined && scheme ? { name, scheme } : undefined
}
