import { readXlsx } from 'hucre/xlsx'
import { afterEach, expect, test } from 'vitest'
import { exportResults } from '../handlers/month/export.ts'
import { type CompanyError, parseCompany } from '../src/company.ts'
import { highestAllowance } from '../src/domain/pay.ts'
import { type MonthWorld, monthYaml, novemberWeeks, startMonthWorld } from './month-world.ts'

let world: MonthWorld | undefined
afterEach(() => world?.stop())

/** 篇九. */
const allowances = {
  南丁格尔甲: 800,
  南丁格尔乙: 600,
  硕士: 1000,
  院级: 600,
  正科: 500,
  副科: 300,
  正护士长: 400,
  干事: 200,
}

test('of several allowances the highest counts, they do not add up (domain.md §6)', () => {
  expect(highestAllowance(['正科', '硕士', '南丁格尔甲'], allowances)).toEqual({ kind: '硕士', yuan: 1000 })
  expect(highestAllowance(['院级', '南丁格尔乙'], allowances)).toEqual({ kind: '院级', yuan: 600 })
  expect(highestAllowance(['干事'], allowances)).toEqual({ kind: '干事', yuan: 200 })
  expect(highestAllowance([], allowances)).toBeUndefined()
})

test('a grade without a coefficient, one too many and an unknown allowance are named with their lines', () => {
  const yaml = `name: 测试公司
pay:
  coefficients: { A: 1.2, B: 1, E: 0.5 }
  allowances: { 硕士: 1000 }
people:
  '003': { allowances: [硕士, 博士] }
`
  let problems: string[] = []
  try {
    parseCompany(yaml)
  } catch (error) {
    problems = (error as CompanyError).problems
  }
  expect(problems).toEqual([
    '第6行：people.003.allowances.1：没有津贴“博士”，现有：硕士',
    '第3行：pay.coefficients：每个等级都要有系数，缺少：C、D',
    '第3行：pay.coefficients.E：没有等级“E”，现有：A、B、C、D',
  ])
})

test('the sheet is there when pay is set up: coefficients, the highest allowance, formulas for the bases of HR; an appeal waits', async () => {
  const pay = `pay:
  coefficients: { A: 1.2, B: 1, C: 0.8, D: 0 }
  allowances: { 硕士: 1000, 正科: 500, 副科: 300 }
people:
  '0002': { allowances: [副科, 硕士, 正科] }
  周琳: { allowances: [正科] }
`
  world = await startMonthWorld({ yaml: monthYaml.replace('standIns', `${pay}standIns`) })
  for (const week of novemberWeeks)
    for (const [who, n] of [
      ['zhao', 89],
      ['qian', 92],
      ['li', 95],
      ['zhou', 90],
    ] as const)
      await world.scored(who, week, n)
  const { ctx } = world.bot()
  const sheet = async () => {
    const { bytes } = await exportResults(ctx, '2026-11', world!.clock.now())
    const book = await readXlsx(bytes, { readStyles: true })
    const found = book.sheets.find((s) => s.name === '绩效工资')!
    const column = (title: string) => found.rows[2]!.indexOf(title)
    const rowOf = (name: string) => found.rows.findIndex((r) => r[column('姓名')] === name)
    return {
      of: (name: string) => Object.fromEntries(found.rows[2]!.map((t, c) => [t, found.rows[rowOf(name)]![c] ?? null])),
      formula: (name: string, title: string) => found.cells?.get(`${rowOf(name)},${column(title)}`)?.formula,
      line: (name: string) => rowOf(name) + 1,
    }
  }
  await world.jump('2026-12-01T09:01:00+08:00')
  expect((await sheet()).of('赵敏')).toMatchObject({ 系数: null, 备注: '结果未发布，暂不计发' })

  await world.phone('qian').type('检查 孙立 18 20 15 19.5 8 10')
  await world.phone('qian').tap('确认')
  for (const who of ['qian', 'li', 'wang']) {
    await world.phone(who).type('团队结果')
    await world.phone(who).tap('确认团队')
  }
  await world.phone('wang').tap('确认全部')
  await world.jump('2026-12-07T10:01:00+08:00')
  const published = await sheet()
  const own = { 绩效工资基数: null, 备注: '' }
  expect(published.of('李静')).toMatchObject({ 等级: 'A', 系数: 1.2, 津贴项目: '硕士', 津贴: 1000, ...own })
  expect(published.of('周琳')).toMatchObject({ 等级: 'A', 系数: 1.2, 津贴项目: '正科', 津贴: 500, ...own })
  expect(published.of('赵敏')).toMatchObject({ 等级: 'B', 系数: 1, 津贴项目: '', 津贴: null, ...own })
  const n = published.line('李静')
  expect(published.formula('李静', '绩效工资')).toBe(`IF(G${n}="","",ROUND(G${n}*F${n},2))`)
  expect(published.formula('李静', '合计')).toBe(`IF(G${n}="","",ROUND(SUM(H${n},J${n}),2))`)
  const last = published.line('合计')
  expect(published.formula('合计', '合计')).toBe(`SUM(K4:K${last - 1})`)

  await world.phone('zhao').tap('申诉')
  await world.phone('zhao').type('外出一周已请假')
  await world.phone('zhao').tap('提交申诉')
  const appealed = await sheet()
  expect(appealed.of('赵敏')).toMatchObject({ 等级: 'B', 系数: null, 合计: null, 备注: '申诉处理中，暂缓计发' })
  expect(appealed.formula('赵敏', '绩效工资')).toBeUndefined()
  expect(appealed.of('李静')).toMatchObject({ 系数: 1.2 })
})
