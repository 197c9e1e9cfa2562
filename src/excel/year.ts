import { exact, shown } from '../domain/decimal.ts'
import type { Grades } from '../domain/settlement.ts'
import type { Month } from '../domain/time.ts'
import { MONTHS_FOR_OUTSTANDING, OUTSTANDING_PERCENT, type YearResult } from '../domain/year.ts'
import { type TableSheet, type Value, writeTables } from './sheet.ts'

export interface YearLine extends YearResult {
  jobNumber: string
  name: string
  department: string
}

const SIGNATURES = ['制表', '人力资源', '总经理', '日期']
const text = (title: string, width: number) => ({ title, width, kind: 'text' as const })
const figure = (title: string, width = 9) => ({ title, width, kind: 'number' as const })
const months = (year: number): Month[] =>
  Array.from({ length: 12 }, (_, n) => `${year}-${String(n + 1).padStart(2, '0')}`)

/** 年度汇总 and 评优建议: a year as HR files it, from the published versions in force. */
export async function yearWorkbook(
  company: string,
  year: number,
  lines: readonly YearLine[],
  grades: Grades,
  made: string,
): Promise<Uint8Array> {
  return writeTables([summary(company, year, lines, grades, made), proposals(company, year, lines, grades, made)], {
    title: `${company}${year}年绩效年度汇总`,
    company,
  })
}

function summary(company: string, year: number, lines: readonly YearLine[], grades: Grades, made: string): TableSheet {
  return {
    name: '年度汇总',
    title: `${company}${year}年绩效年度汇总`,
    note: `共${lines.length}人；平均分为有总分各月的算术平均，名次按平均分。制表日期${made}`,
    columns: [
      text('工号', 10),
      text('姓名', 10),
      text('部门', 18),
      ...months(year).map((_, n) => figure(`${n + 1}月`, 8)),
      { title: '计入月数', width: 10, kind: 'count' },
      figure('平均分'),
      ...grades.map((g) => ({ title: `${g.name}级月数`, width: 10, kind: 'count' as const })),
      text('名次', 6),
    ],
    rows: lines.map((l): Value[] => [
      l.jobNumber,
      l.name,
      l.department,
      ...months(year).map((m) => {
        const total = l.months.get(m)?.total
        return total === undefined ? null : Number(shown(exact(total), 4))
      }),
      l.months.size,
      l.mean === undefined ? null : Number(shown(l.mean)),
      ...grades.map((g) => l.grades.get(g.name) ?? 0),
      l.place === undefined ? '' : String(l.place),
    ]),
    signatures: SIGNATURES,
  }
}

function proposals(
  company: string,
  year: number,
  lines: readonly YearLine[],
  grades: Grades,
  made: string,
): TableSheet {
  const proposed = lines.filter((l) => l.proposed).sort((a, b) => a.place! - b.place!)
  const lowest = grades.at(-1)!.name
  const ground = (l: YearLine): string => {
    const best = grades.flatMap((g) => {
      const n = l.grades.get(g.name)
      return n ? [`${g.name}级${n}个月`] : []
    })
    return `${l.months.size}个月平均${shown(l.mean!)}，${best.join('、')}`
  }
  return {
    name: '评优建议',
    title: `${company}${year}年评优建议`,
    note: `在职、计入不少于${MONTHS_FOR_OUTSTANDING}个月且没有${lowest}级的人员中，平均分居前${OUTSTANDING_PERCENT}%（并列都列入）；仅供人力资源和总经理参考。制表日期${made}`,
    columns: [
      text('名次', 6),
      text('工号', 10),
      text('姓名', 10),
      text('部门', 20),
      figure('平均分'),
      text('依据', 44),
    ],
    rows: proposed.map((l) => [String(l.place), l.jobNumber, l.name, l.department, Number(shown(l.mean!)), ground(l)]),
    signatures: SIGNATURES,
    landscape: false,
  }
}
