import { highestAllowance, type PaySettings } from '../domain/pay.ts'
import { formatMonth, type Month } from '../domain/time.ts'
import { HEADING_ROWS, type TableSheet, type Value } from './sheet.ts'

/** One person's line of the pay sheet. */
export interface PayLine {
  jobNumber: string
  name: string
  department: string
  grade: string | undefined
  /** Kinds the person is entitled to. */
  allowances: readonly string[]
  /** Why nothing is to be paid out yet: not published, or an appeal is under way (domain.md §11.25). */
  held: string | undefined
}

/** 基数 is the column that HR fills in: what people earn is nothing the bot has to know. */
const BASE = 'G'
const COEFFICIENT = 'F'
const PAY = 'H'
const ALLOWANCE = 'J'
const TOTAL = 'K'

/**
 * 绩效工资: grade to coefficient, and of several allowances the highest (domain.md §6). Pay is base × coefficient, half up to 0.01,
 * the coefficient on the base only (§11.26), reckoned by the workbook once HR has put the bases in.
 */
export function paySheet(
  company: string,
  month: Month,
  lines: readonly PayLine[],
  pay: PaySettings,
  made: string,
): TableSheet {
  const text = (title: string, width: number) => ({ title, width, kind: 'text' as const })
  const figure = (title: string, width = 12) => ({ title, width, kind: 'number' as const })
  const rows = lines.map((l, n): Value[] => {
    const row = HEADING_ROWS + n + 1
    const allowance = highestAllowance(l.allowances, pay.allowances)
    const coefficient = l.held === undefined && l.grade !== undefined ? pay.coefficients[l.grade] : undefined
    const payable = coefficient !== undefined
    return [
      String(n + 1),
      l.jobNumber,
      l.name,
      l.department,
      l.grade ?? '',
      coefficient ?? null,
      null,
      payable ? { formula: `IF(${BASE}${row}="","",ROUND(${BASE}${row}*${COEFFICIENT}${row},2))`, value: null } : null,
      allowance?.kind ?? '',
      allowance?.yuan ?? null,
      l.held !== undefined
        ? null
        : payable
          ? { formula: `IF(${BASE}${row}="","",ROUND(SUM(${PAY}${row},${ALLOWANCE}${row}),2))`, value: null }
          : (allowance?.yuan ?? null),
      l.held ?? (l.grade === undefined ? '本月没有等级，只计津贴' : ''),
    ]
  })
  const first = HEADING_ROWS + 1
  const last = HEADING_ROWS + lines.length
  const sum = (column: string): Value => ({ formula: `SUM(${column}${first}:${column}${last})`, value: null })
  return {
    name: '绩效工资',
    title: `${company}${formatMonth(month)}绩效工资`,
    note: `请在“绩效工资基数”列填写基数，其余自动计算；津贴不累加，取最高一项。制表日期${made}`,
    columns: [
      text('序号', 6),
      text('工号', 10),
      text('姓名', 10),
      text('部门', 18),
      text('等级', 6),
      figure('系数', 8),
      figure('绩效工资基数', 14),
      figure('绩效工资'),
      text('津贴项目', 16),
      figure('津贴', 10),
      figure('合计'),
      text('备注', 26),
    ],
    rows: [...rows, ['', '', '合计', '', '', null, sum(BASE), sum(PAY), '', null, sum(TOTAL), '']],
    signatures: ['制表', '人力资源', '总经理', '日期'],
  }
}
