import { halfWidth } from '../domain/chat-text.ts'
import { addDays, type Day, isDay, makeDay } from '../domain/time.ts'
import type { RosterRow } from '../people/roster.ts'
import { columnName, type ReadCell, type ReadSheet, readSheets, writeTables } from './sheet.ts'

type Field =
  | 'jobNumber'
  | 'name'
  | 'departments'
  | 'position'
  | 'manager'
  | 'address'
  | 'joinedOn'
  | 'probationEndsOn'
  | 'contractEndsOn'
  | 'leftOn'
  | 'birthday'
  | 'calendar'
  | 'wecom'
  | 'dingtalk'

/** The template's columns, and what the same is called in sheets that HR already has (features.md 5.3). */
const fields: { field: Field; title: string; width: number; also: string[]; hint: string }[] = [
  {
    field: 'jobNumber',
    title: '工号',
    width: 10,
    also: ['员工号', '员工编号', '编号', '人员编号'],
    hint: '保留前导零，例如0012',
  },
  { field: 'name', title: '姓名', width: 10, also: ['员工姓名', '名字'], hint: '必填' },
  {
    field: 'departments',
    title: '部门',
    width: 20,
    also: ['所属部门', '所在部门', '部门名称'],
    hint: '上下级之间用/分隔，例如行政部/车队',
  },
  { field: 'position', title: '职务', width: 14, also: ['岗位', '职位', '岗位名称'], hint: '决定考核方案' },
  {
    field: 'manager',
    title: '直接上级',
    width: 12,
    also: ['直属上级', '上级', '主管', '直接主管'],
    hint: '工号，或没有重名的姓名',
  },
  { field: 'address', title: '称呼', width: 10, also: ['尊称'], hint: '机器人怎么称呼，例如赵姐' },
  {
    field: 'joinedOn',
    title: '入职日期',
    width: 14,
    also: ['入职时间', '到岗日期', '入司日期'],
    hint: '2026-03-05、2026.3.5、2026年3月5日均可',
  },
  {
    field: 'probationEndsOn',
    title: '转正日期',
    width: 14,
    also: ['转正时间', '试用期结束日期', '试用期到期日'],
    hint: '同上',
  },
  {
    field: 'contractEndsOn',
    title: '合同到期日',
    width: 14,
    also: ['合同到期日期', '合同结束日期', '现合同到期日'],
    hint: '同上',
  },
  {
    field: 'leftOn',
    title: '离职日期',
    width: 14,
    also: ['离职时间', '最后工作日'],
    hint: '最后一天，仍算在职；可以提前填写',
  },
  {
    field: 'birthday',
    title: '出生日期',
    width: 16,
    also: ['生日', '出生年月日', '出生时间'],
    hint: '1990-05-03，或农历八月十五',
  },
  { field: 'calendar', title: '公历或农历', width: 12, also: ['历法', '公历/农历', '生日类型'], hint: '公历或农历' },
  {
    field: 'wecom',
    title: '企业微信账号',
    width: 16,
    also: ['企业微信', '企微账号', '企业微信ID'],
    hint: '只在平台上没有工号时需要',
  },
  { field: 'dingtalk', title: '钉钉账号', width: 16, also: ['钉钉', '钉钉ID', '钉钉userid'], hint: '同上' },
]

/** A blank table for HR with the rules of each column on a second sheet. */
export async function rosterTemplate(company: string): Promise<Uint8Array> {
  return writeTables(
    [
      {
        name: '花名册',
        title: `${company}花名册`,
        note: '从第4行开始填写，每人一行；各列的写法见“填写说明”',
        columns: fields.map((f) => ({ title: f.title, width: f.width, kind: 'text' as const })),
        rows: Array.from({ length: 20 }, () => fields.map(() => '')),
        signatures: [],
      },
      {
        name: '填写说明',
        title: '填写说明',
        note: '导入前会先试算，指出有问题的行和列；确认无误后才写入',
        columns: [
          { title: '列', width: 16, kind: 'text' },
          { title: '写法', width: 48, kind: 'text' },
          { title: '也可以叫', width: 40, kind: 'text' },
        ],
        rows: fields.map((f) => [f.title, f.hint, f.also.join('、')]),
        signatures: [],
        landscape: false,
      },
    ],
    { title: `${company}花名册`, company },
  )
}

/** What is wrong in a cell, or in a whole row (no column). Rows and columns as Excel names them. */
export interface CellProblem {
  row: number
  column?: string
  title?: string
  message: string
}

export interface ReadRoster {
  /** In order, with the row they stand in. */
  rows: { row: number; value: RosterRow }[]
  problems: CellProblem[]
}

const plain = (value: ReadCell['value']): string =>
  value === null || value === undefined ? '' : value instanceof Date ? value.toISOString().slice(0, 10) : String(value)

/** Text as it was meant: half-width, without stray blanks. */
const words = (cell: ReadCell | undefined): string =>
  halfWidth(plain(cell?.value ?? null))
    .replace(/[\u200b\ufeff]/g, '')
    .trim()

/** A number with its leading zeros where the cell's format has them (`0000`). */
function identifier(cell: ReadCell | undefined): string {
  const zeros = /^0{2,20}$/.exec(cell?.format ?? '')?.[0]
  return typeof cell?.value === 'number' && zeros ? String(cell.value).padStart(zeros.length, '0') : words(cell)
}

/** Excel counts days from the 30th of December 1899. */
const fromSerial = (serial: number): Day => addDays('1899-12-30', Math.floor(serial))

/** 2026.3.5, 2026年3月5日, 2026/3/5, 20260305, full-width digits, Excel's own dates and serials; undefined: no day. */
export function dayOfCell(cell: ReadCell): Day | undefined {
  const { value } = cell
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString().slice(0, 10)
  if (typeof value === 'number') {
    if (value >= 19_000_101 && value <= 29_991_231) return dayOfCell({ value: String(value) })
    return value >= 1 && value < 110_000 ? fromSerial(value) : undefined
  }
  const text = words(cell)
    .replace(/\s/g, '')
    .replace(/(?:[T ]?\d{1,2}:\d{2}(?::\d{2})?)$/, '')
  const parts = /^(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})[日号]?$/.exec(text) ?? /^(\d{4})(\d{2})(\d{2})$/.exec(text)
  if (parts) return makeDay(Number(parts[1]), Number(parts[2]), Number(parts[3]))
  return /^\d{5}(\.\d+)?$/.test(text) ? fromSerial(Number(text)) : undefined
}

const titleKey = (text: string): string =>
  halfWidth(text)
    .replace(/[\s*＊:：()（）]/g, '')
    .toLowerCase()
const byTitle = new Map(fields.flatMap((f) => [f.title, ...f.also].map((t) => [titleKey(t), f] as const)))

interface Heading {
  /** 0-based index of the row behind the heading. */
  from: number
  columns: Map<Field, number>
}

/** The heading among the first rows: behind merged titles, on one row or two. */
function findHeading(sheet: ReadSheet): Heading | undefined {
  for (let r = 0; r < Math.min(15, sheet.rows.length); r++) {
    const columns = columnsIn(sheet.rows[r]!)
    if (!columns.has('name') || columns.size < 2) continue
    const below = columnsIn(sheet.rows[r + 1] ?? [])
    // A second heading row names what the first one groups: 合同 over 到期日.
    const two = [...below.keys()].some((f) => !columns.has(f)) || below.has('name')
    if (two) for (const [field, column] of below) if (!columns.has(field)) columns.set(field, column)
    return { from: two ? r + 2 : r + 1, columns }
  }
  return undefined
}

function columnsIn(row: readonly ReadCell[]): Map<Field, number> {
  const columns = new Map<Field, number>()
  for (const [c, cell] of row.entries()) {
    const field = byTitle.get(titleKey(words(cell)))?.field
    if (field && !columns.has(field)) columns.set(field, c)
  }
  return columns
}

const dateFields = ['joinedOn', 'probationEndsOn', 'contractEndsOn', 'leftOn'] as const

/**
 * Reads HR's roster as HR has it: merged titles, two-row headings, 合计 rows, full-width digits, dates in every usual form,
 * 工号 with leading zeros. What cannot be is named with row and column.
 *
 * @throws Error with a sentence for people when it is no workbook
 */
export async function readRoster(bytes: Uint8Array): Promise<ReadRoster> {
  const sheets = await readSheets(bytes)
  for (const sheet of sheets) {
    const heading = findHeading(sheet)
    if (heading) return readRows(sheet, heading)
  }
  return {
    rows: [],
    problems: [{ row: 1, message: '没有找到标题行：需要有“姓名”列，以及工号、部门等列。可先下载模板。' }],
  }
}

function readRows(sheet: ReadSheet, { from, columns }: Heading): ReadRoster {
  const rows: ReadRoster['rows'] = []
  const problems: CellProblem[] = []
  const seen = new Map<string, number>()
  for (let r = from; r < sheet.rows.length; r++) {
    const cells = sheet.rows[r]!
    const at = (field: Field): ReadCell | undefined => (columns.has(field) ? cells[columns.get(field)!] : undefined)
    const text = (field: Field): string => words(at(field))
    const everything = cells.map((c) => words(c)).join('')
    if (everything === '' || /^(合计|总计|小计|共计|制表|审核|批准|备注|说明)/.test(everything)) continue
    const row = r + 1
    const wrong = (field: Field, message: string) =>
      problems.push({
        row,
        column: columnName(columns.get(field)! + 1),
        title: fields.find((f) => f.field === field)!.title,
        message,
      })
    const value: RosterRow = { name: text('name').replace(/\s/g, '') }
    if (value.name === '') {
      wrong('name', '姓名没有填写')
      continue
    }
    const jobNumber = identifier(at('jobNumber'))
    if (jobNumber !== '') {
      if (!/^[0-9A-Za-z_-]{1,32}$/.test(jobNumber)) wrong('jobNumber', `工号“${jobNumber}”只能有字母、数字、-和_`)
      else value.jobNumber = jobNumber
      const first = seen.get(jobNumber)
      if (first !== undefined) wrong('jobNumber', `工号“${jobNumber}”与第${first}行重复`)
      else seen.set(jobNumber, row)
    }
    const departments = text('departments')
      .split(/[/\\>＞]|\s-\s/)
      .map((d) => d.trim())
      .filter(Boolean)
    if (departments.length > 0) value.departments = departments
    for (const field of ['position', 'address', 'wecom', 'dingtalk'] as const) {
      const said = text(field)
      if (said !== '') value[field] = said.slice(0, 64)
    }
    const manager = identifier(at('manager'))
    if (manager !== '') value.manager = manager
    for (const field of dateFields) {
      const cell = at(field)
      if (!cell || words(cell) === '' || /^(无|\/|-+|长期|无固定期限)$/.test(words(cell))) continue
      const day = dayOfCell(cell)
      if (day === undefined || !isDay(day) || day < '1950-01-01' || day > '2099-12-31')
        wrong(field, `“${words(cell)}”不是有效日期，请写成2026-03-05`)
      else value[field] = day
    }
    const birthday = at('birthday')
    if (birthday && words(birthday) !== '') {
      const day = dayOfCell(birthday)
      const lunar = /农|阴/.test(text('calendar'))
      const said = words(birthday)
      value.birthday =
        day === undefined ? (lunar && !/农|阴/.test(said) ? `农历${said}` : said) : lunar ? `农历${day}` : day
    }
    rows.push({ row, value })
  }
  return { rows, problems }
}
