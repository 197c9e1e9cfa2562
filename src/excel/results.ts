import { divide, exact, readable, shown, sum } from '../domain/decimal.ts'
import { distribution, type Grades, type MonthResult } from '../domain/settlement.ts'
import { formatMonth, type Month } from '../domain/time.ts'
import { type TableSheet, type Value, writeTables } from './sheet.ts'

/** One line of the export. */
export interface ResultLine {
  jobNumber: string
  name: string
  department: string
  state: 'draft' | 'confirmed' | 'published'
  version: number
  result: MonthResult
}

const states = { draft: '待确认', confirmed: '已确认', published: '已发布' }
const number = (text: string | undefined): Value => (text === undefined ? null : Number(text))
const signedNumber = (text: string | undefined): Value =>
  text === undefined ? null : Number(text.replace('−', '-').replace('+', ''))
const SIGNATURES = ['制表', '人力资源', '总经理', '日期']

const text = (title: string, width: number) => ({ title, width, kind: 'text' as const })
const figure = (title: string, width = 10) => ({ title, width, kind: 'number' as const })

/** 明细, 部门汇总, 等级分布, and what else is given: the workbook that HR keeps (features.md 5.3). */
export async function resultsWorkbook(
  company: string,
  month: Month,
  lines: readonly ResultLine[],
  {
    grades,
    guide,
    made,
    further = [],
  }: { grades: Grades; guide: Readonly<Record<string, number>>; made: string; further?: TableSheet[] },
): Promise<Uint8Array> {
  const sheets = [details(company, month, lines, made), departments(company, month, lines, grades, made)]
  return writeTables([...sheets, spread(company, month, lines, grades, guide, made), ...further], {
    title: `${company}${formatMonth(month)}绩效结果`,
    company,
  })
}

function details(company: string, month: Month, lines: readonly ResultLine[], made: string): TableSheet {
  return {
    name: '明细',
    title: `${company}${formatMonth(month)}绩效结果明细`,
    note: `共${lines.length}人，制表日期${made}`,
    columns: [
      text('序号', 6),
      text('工号', 10),
      text('姓名', 10),
      text('部门', 18),
      text('岗位', 14),
      text('考核方案', 14),
      figure('工作得分'),
      figure('加分', 8),
      figure('扣分', 8),
      figure('总分'),
      text('等级', 6),
      figure('较上月'),
      text('状态', 9),
      text('版本', 6),
      text('备注', 28),
    ],
    rows: lines.map(({ result: r, ...l }, n) => [
      String(n + 1),
      l.jobNumber,
      l.name,
      l.department,
      r.position,
      r.scheme,
      number(r.work === undefined ? undefined : r.shownWork),
      Number(shown(exact(r.plus))),
      Number(shown(exact(r.minus))),
      number(r.shownTotal),
      r.grade ?? '',
      signedNumber(r.change),
      states[l.state],
      l.version > 0 ? String(l.version) : '',
      r.missing.join('；'),
    ]),
    signatures: SIGNATURES,
  }
}

function departments(
  company: string,
  month: Month,
  lines: readonly ResultLine[],
  grades: Grades,
  made: string,
): TableSheet {
  const groups = new Map<string, ResultLine[]>()
  for (const l of lines) {
    const name = l.department === '' ? '未分部门' : l.department
    groups.set(name, [...(groups.get(name) ?? []), l])
  }
  const row = (name: string, members: readonly ResultLine[]): Value[] => {
    const totals = members.flatMap((m) => (m.result.total === undefined ? [] : [exact(m.result.total)]))
    const values = members.flatMap((m) => (m.result.shownTotal === undefined ? [] : [Number(m.result.shownTotal)]))
    const mean = totals.length === 0 ? null : Number(shown(divide(sum(totals), exact(totals.length))))
    return [
      name,
      members.length,
      totals.length,
      mean,
      values.length > 0 ? Math.max(...values) : null,
      values.length > 0 ? Math.min(...values) : null,
      ...grades.map((g) => members.filter((m) => m.result.grade === g.name).length),
    ]
  }
  const names = [...groups.keys()].sort()
  return {
    name: '部门汇总',
    title: `${company}${formatMonth(month)}绩效结果部门汇总`,
    note: `平均分为有总分人员的算术平均，制表日期${made}`,
    columns: [
      text('部门', 24),
      { title: '人数', width: 10, kind: 'count' },
      { title: '有总分人数', width: 12, kind: 'count' },
      figure('平均分'),
      figure('最高分'),
      figure('最低分'),
      ...grades.map((g) => ({ title: `${g.name}级人数`, width: 10, kind: 'count' as const })),
    ],
    rows: [...names.map((n) => row(n, groups.get(n)!)), row('合计', lines)],
    signatures: SIGNATURES,
  }
}

function spread(
  company: string,
  month: Month,
  lines: readonly ResultLine[],
  grades: Grades,
  guide: Readonly<Record<string, number>>,
  made: string,
): TableSheet {
  const d = distribution(
    lines.map((l) => l.result),
    grades,
    guide,
  )
  return {
    name: '等级分布',
    title: `${company}${formatMonth(month)}绩效等级分布`,
    note: `按有等级的${d.counted}人计算；建议比例只作提醒，不改变得分。制表日期${made}`,
    columns: [
      text('等级', 8),
      text('分数线', 12),
      { title: '人数', width: 10, kind: 'count' },
      text('占比', 10),
      text('建议比例', 12),
      text('提醒', 20),
    ],
    rows: d.grades.map((g) => [
      g.name,
      `≥${readable(exact(grades.find((x) => x.name === g.name)!.from))}`,
      g.count,
      `${g.share}%`,
      g.guide === undefined ? '' : `${g.guide}%`,
      g.over ? `超出${g.over}人` : '',
    ]),
    signatures: SIGNATURES,
    landscape: false,
  }
}
