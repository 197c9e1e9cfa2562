import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongo } from 'embedded-mongo'
import { readXlsx, writeXlsx } from 'hucre/xlsx'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../src/cli/index.ts'
import { parseCompany } from '../src/company.ts'
import { exact } from '../src/domain/decimal.ts'
import { type MonthResult, settle } from '../src/domain/settlement.ts'
import { resultsWorkbook } from '../src/excel/results.ts'
import { dayOfCell, readRoster, rosterTemplate } from '../src/excel/roster.ts'
import { columnName } from '../src/excel/sheet.ts'
import { importRoster } from '../src/people/import-roster.ts'
import { auditStore } from '../src/store/audit.ts'
import { prepare } from '../src/store/connect.ts'
import { peopleStore } from '../src/store/people.ts'
import { personalStore } from '../src/store/personal.ts'
import { openTestDb } from './db.ts'

const grades = [
  { name: 'A', from: 90 },
  { name: 'B', from: 80 },
  { name: 'C', from: 60 },
  { name: 'D', from: 0 },
]
const result = (work: string | undefined, minus = 0): MonthResult =>
  settle({
    month: '2026-11',
    parts: [
      {
        from: '2026-11-01',
        to: '2026-11-30',
        position: '行政人事助理',
        scheme: '周计划',
        work:
          work === undefined
            ? { kind: 'missing', missing: ['还有1周未评分：11月23日至29日'], lines: [] }
            : { kind: 'scored', score: exact(work), lines: [] },
      },
    ],
    behaviour:
      minus === 0 ? [] : [{ id: 'b', day: '2026-11-05', title: '会议迟到', points: `-${minus}`, times: 1, facts: '' }],
    adjustments: [],
    grades,
    previous: '88.00',
    ruleVersion: 'r',
  })

const lines = [
  {
    jobNumber: '0003',
    name: '赵敏',
    department: '行政部',
    state: 'published' as const,
    version: 1,
    result: result('89.995'),
  },
  {
    jobNumber: '0004',
    name: '=HYPERLINK("http://x")',
    department: '行政部',
    state: 'published' as const,
    version: 2,
    result: result('95', 2),
  },
  { jobNumber: '007', name: '@sum', department: '', state: 'draft' as const, version: 0, result: result(undefined) },
]

describe('the results workbook', () => {
  test('opened again, every cell is what was exported', async () => {
    const bytes = await resultsWorkbook('测试公司', '2026-11', lines, { grades, guide: { A: 20 }, made: '2026-12-07' })
    const book = await readXlsx(bytes, { readStyles: true })
    expect(book.sheets.map((s) => s.name)).toEqual(['明细', '部门汇总', '等级分布'])
    const [details, departments, spread] = book.sheets as [
      (typeof book.sheets)[0],
      (typeof book.sheets)[0],
      (typeof book.sheets)[0],
    ]
    const none = Array(14).fill(null)
    expect(details.rows.map((r) => r.map(blank))).toEqual(
      [
        ['测试公司2026年11月绩效结果明细', ...none],
        ['共3人，制表日期2026-12-07', ...none],
        [
          '序号',
          '工号',
          '姓名',
          '部门',
          '岗位',
          '考核方案',
          '工作得分',
          '加分',
          '扣分',
          '总分',
          '等级',
          '较上月',
          '状态',
          '版本',
          '备注',
        ],
        ['1', '0003', '赵敏', '行政部', '行政人事助理', '周计划', 90, 0, 0, 89.995, 'B', 2, '已发布', '1', ''].map(
          blank,
        ),
        [
          '2',
          '0004',
          '=HYPERLINK("http://x")',
          '行政部',
          '行政人事助理',
          '周计划',
          95,
          0,
          2,
          93,
          'A',
          5,
          '已发布',
          '2',
          '',
        ].map(blank),
        [
          '3',
          '007',
          '@sum',
          '',
          '行政人事助理',
          '周计划',
          null,
          0,
          0,
          null,
          '',
          null,
          '待确认',
          '',
          '还有1周未评分：11月23日至29日',
        ].map(blank),
        Array(15).fill(null),
        [
          '制表：＿＿＿＿＿＿',
          null,
          null,
          '人力资源：＿＿＿＿＿＿',
          null,
          null,
          '总经理：＿＿＿＿＿＿',
          null,
          null,
          '日期：＿＿＿＿＿＿',
          ...Array(5).fill(null),
        ],
      ].map((row) => row.map(blank)),
    )
    expect(departments.rows.slice(3, 6).map((r) => r.map(blank))).toEqual([
      ['未分部门', 1, 0, null, null, null, 0, 0, 0, 0],
      ['行政部', 2, 2, 91.5, 93, 89.995, 1, 1, 0, 0],
      ['合计', 3, 2, 91.5, 93, 89.995, 1, 1, 0, 0],
    ])
    expect(spread.rows.slice(3, 7).map((r) => r.map(blank))).toEqual([
      ['A', '≥90', 1, '50.0%', '20%', null],
      ['B', '≥80', 1, '50.0%', null, null],
      ['C', '≥60', 0, '0.0%', null, null],
      ['D', '≥0', 0, '0.0%', null, null],
    ])
    for (const sheet of book.sheets) {
      expect(sheet.freezePane).toEqual({ rows: 3 })
      expect(sheet.pageSetup).toMatchObject({
        paperSize: 'a4',
        fitToPage: true,
        fitToWidth: 1,
        printTitlesRow: '$1:$3',
      })
    }
  })

  test('what somebody typed as a name is never a formula', async () => {
    const bytes = await resultsWorkbook('测试公司', '2026-11', lines, { grades, guide: {}, made: '2026-12-07' })
    const book = await readXlsx(bytes, { readStyles: true })
    for (const sheet of book.sheets)
      for (const cell of sheet.cells?.values() ?? []) expect(cell.formula).toBeUndefined()
    // Text format, so that pressing Enter in the cell does not make one either.
    expect(book.sheets[0]!.cells?.get('4,2')?.style?.numFmt).toBe('@')
  })
})

const blank = (v: unknown) => (v === '' || v === undefined ? null : v)
const sheet = (rows: unknown[][], more: object = {}) =>
  writeXlsx({ sheets: [{ name: '人员', rows: rows as never, ...more }] })

describe('reading a roster as HR has it', () => {
  test('merged title, two-row heading, total row, full-width digits, leading zeros, every way to write a day', async () => {
    const bytes = await sheet(
      [
        ['某某公司花名册', null, null, null, null, null],
        ['工号', '姓 名', '所属部门', '日期', null, '职位'],
        [null, null, null, '入职时间', '合同到期日', null],
        ['００１２', '赵敏', '行政部/综合', '2026.3.5', '2029年3月4日', '行政人事助理'],
        [13, '钱进', '行政部', 46086, '20290304', '车队队长'],
        ['0014', '孙立', '行政部', '２０２６／３／５', '无固定期限', '司机'],
        ['合计', 3, null, null, null, null],
      ],
      {
        merges: [{ startRow: 0, startCol: 0, endRow: 0, endCol: 5 }],
        cells: new Map([['4,0', { style: { numFmt: '0000' } }]]),
      },
    )
    const { rows, problems } = await readRoster(bytes)
    expect(problems).toEqual([])
    expect(rows.map((r) => r.value)).toEqual([
      {
        name: '赵敏',
        jobNumber: '0012',
        departments: ['行政部', '综合'],
        position: '行政人事助理',
        joinedOn: '2026-03-05',
        contractEndsOn: '2029-03-04',
      },
      {
        name: '钱进',
        jobNumber: '0013',
        departments: ['行政部'],
        position: '车队队长',
        joinedOn: '2026-03-05',
        contractEndsOn: '2029-03-04',
      },
      { name: '孙立', jobNumber: '0014', departments: ['行政部'], position: '司机', joinedOn: '2026-03-05' },
    ])
  })

  test('a merged department counts for every row under it', async () => {
    const bytes = await sheet(
      [
        ['姓名', '部门'],
        ['赵敏', '行政部'],
        ['钱进', null],
      ],
      {
        merges: [{ startRow: 1, startCol: 1, endRow: 2, endCol: 1 }],
      },
    )
    expect((await readRoster(bytes)).rows.map((r) => r.value.departments)).toEqual([['行政部'], ['行政部']])
  })

  test('what cannot be is named with row and column', async () => {
    const bytes = await sheet([
      ['工号', '姓名', '入职日期'],
      ['0001', '赵敏', '2026-02-30'],
      ['0001', '钱进', '去年三月'],
      ['00/3', '孙立', null],
      ['0005', null, null],
    ])
    const { problems } = await readRoster(bytes)
    expect(problems.map((p) => `${p.row}${p.column} ${p.message}`)).toEqual([
      '2C “2026-02-30”不是有效日期，请写成2026-03-05',
      '3A 工号“0001”与第2行重复',
      '3C “去年三月”不是有效日期，请写成2026-03-05',
      '4A 工号“00/3”只能有字母、数字、-和_',
      '5B 姓名没有填写',
    ])
  })

  test('a birthday in either calendar', async () => {
    const bytes = await sheet([
      ['姓名', '出生日期', '公历或农历'],
      ['赵敏', '1990.5.3', '公历'],
      ['钱进', '八月十五', '农历'],
      ['孙立', '农历腊月三十', ''],
    ])
    expect((await readRoster(bytes)).rows.map((r) => r.value.birthday)).toEqual([
      '1990-05-03',
      '农历八月十五',
      '农历腊月三十',
    ])
  })

  test('days both sides of what is one', () => {
    expect(dayOfCell({ value: 1 })).toBe('1899-12-31')
    expect(dayOfCell({ value: 0 })).toBeUndefined()
    expect(dayOfCell({ value: 46086.75 })).toBe('2026-03-05')
    expect(dayOfCell({ value: 20260305 })).toBe('2026-03-05')
    expect(dayOfCell({ value: 20261305 })).toBeUndefined()
    expect(dayOfCell({ value: new Date('2026-03-05T00:00:00Z') })).toBe('2026-03-05')
    expect(dayOfCell({ value: '2026年3月5日' })).toBe('2026-03-05')
    expect(dayOfCell({ value: '2026年2月29日' })).toBeUndefined()
    expect([columnName(1), columnName(26), columnName(27), columnName(702), columnName(703)]).toEqual([
      'A',
      'Z',
      'AA',
      'ZZ',
      'AAA',
    ])
  })

  test('no workbook and no heading are sentences', async () => {
    await expect(readRoster(new TextEncoder().encode('not a zip'))).rejects.toThrow('不是可以读取的Excel工作簿')
    expect((await readRoster(await sheet([['随便', '写写']]))).problems[0]!.message).toContain('没有找到标题行')
  })

  test('the template reads back as a roster without people and without problems', async () => {
    expect(await readRoster(await rosterTemplate('测试公司'))).toEqual({ rows: [], problems: [] })
  })
})

describe('importing', () => {
  let db: Awaited<ReturnType<typeof openTestDb>>
  const company = parseCompany('name: 测试公司\n')
  const deps = () => ({
    people: peopleStore(db.db),
    personal: personalStore(db.db),
    audit: auditStore(db.db),
    company: () => company,
  })
  const act = { id: 'import', at: new Date('2026-11-25T10:00:00+08:00') }
  beforeEach(async () => {
    db = await openTestDb()
    deps()
    await prepare(db.db)
  })
  afterEach(() => db.stop())

  const three = [
    ['工号', '姓名', '部门', '直接上级', '合同到期日'],
    ['0012', '赵敏', '行政部', '李静', '2029-03-04'],
    ['0002', '李静', '行政部', null, null],
    ['0022', '王伟', '研发部', '0002', null],
  ]

  test('the dry run writes nothing and says what would be; then it is done, and again changes nothing', async () => {
    const read = await readRoster(await sheet(three))
    const dry = await importRoster(deps(), act, read, { apply: false })
    expect(dry).toMatchObject({ rows: 3, created: 3, problems: [], applied: false })
    expect(await deps().people.all()).toEqual([])
    const done = await importRoster(deps(), act, read, { apply: true })
    expect(done).toMatchObject({ created: 3, problems: [], applied: true })
    const people = await deps().people.all()
    const li = people.find((p) => p.name === '李静')!
    expect(
      people
        .filter((p) => p.managerId === li._id)
        .map((p) => p.name)
        .sort(),
    ).toEqual(['王伟', '赵敏'])
    const again = await importRoster(deps(), { ...act, id: 'again' }, read, { apply: true })
    expect(again).toMatchObject({ created: 0, updated: 0, unchanged: 3 })
  })

  test('two people of one name are told apart by 工号 or asked about; with a problem nothing is written', async () => {
    await importRoster(deps(), act, await readRoster(await sheet([...three, ['0014', '王伟', '车队', null, null]])), {
      apply: true,
    })
    const doubtful = await readRoster(
      await sheet([
        ['姓名', '职务'],
        ['王伟', '司机'],
        ['赵敏', '主管'],
      ]),
    )
    const report = await importRoster(deps(), { ...act, id: 'two' }, doubtful, { apply: true })
    expect(report.applied).toBe(false)
    expect(report.problems).toHaveLength(1)
    expect(report.problems[0]).toMatchObject({ row: 2 })
    expect(report.problems[0]!.message).toMatch(/^“王伟”可能是王伟（.*或王伟（.*），请填写正确的工号$/)
    for (const who of ['车队，工号0014', '研发部，工号0022']) expect(report.problems[0]!.message).toContain(who)
    expect((await deps().people.all()).find((p) => p.name === '赵敏')!.position).toBe('')
    const sure = await readRoster(
      await sheet([
        ['工号', '姓名', '职务'],
        ['0014', '王伟', '司机'],
      ]),
    )
    expect((await importRoster(deps(), { ...act, id: 'sure' }, sure, { apply: true })).updated).toBe(1)
  })
})

describe('the commands', () => {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-cli-'))
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  writeFileSync(join(dir, 'company.yaml'), 'name: 测试公司\n')
  // The service has been started here once.
  beforeAll(async () => (await startEmbeddedMongo({ dir: join(dir, 'embedded'), dbName: 'jixiao' })).stop())
  const cli = (...argv: string[]) => cliIn(dir, ...argv)
  async function cliIn(dataDir: string, ...argv: string[]) {
    const out: string[] = []
    const err: string[] = []
    const code = await runCli(argv, {
      env: { DATA_DIR: dataDir, COMPANY_FILE: join(dir, 'company.yaml') },
      out: (t) => out.push(t),
      err: (t) => err.push(t),
      now: () => new Date('2026-12-07T12:00:00+08:00'),
    })
    return { code, out: out.join('\n'), err: err.join('\n') }
  }

  test('help is 0, wrong use is 2 with the usage, a failure is 1 with a sentence', async () => {
    expect((await cli()).out).toContain('results export')
    expect((await cli('results', 'export', '--help')).out).toContain('用法：npm run jixiao -- results export MONTH')
    expect(await cli('results', 'import')).toMatchObject({ code: 2 })
    expect(await cli('results', 'export')).toMatchObject({ code: 2, err: expect.stringContaining('请写月份') })
    expect(await cli('results', 'export', '2026-13')).toMatchObject({ code: 2 })
    expect(await cli('results', 'export', '2026-11', '--format')).toMatchObject({ code: 2 })
    expect(await cli('results', 'export', '2026-11')).toMatchObject({
      code: 1,
      err: '2026年11月没有结果；次月结算后才有',
    })
    expect(await cli('roster', 'import', join(dir, 'none.xlsx'))).toMatchObject({ code: 1 })
  })

  test('where no service has run nothing is read from an empty database, and none is made', async () => {
    const elsewhere = join(dir, 'elsewhere')
    for (const command of [
      ['backup', join(dir, 'nothing')],
      ['results', 'export', '2026-11'],
      ['audit', 'list'],
      ['deliveries', 'list'],
      ['jobs', 'list'],
      ['rehearse'],
    ])
      expect([command, await cliIn(elsewhere, ...command)]).toMatchObject([
        command,
        { code: 1, err: expect.stringContaining(`${elsewhere} 中没有数据`) },
      ])
    expect((await cliIn(elsewhere, 'doctor')).out).toContain(`还没有数据，服务第一次启动时在 ${elsewhere} 中创建`)
    expect([existsSync(elsewhere), existsSync(join(dir, 'nothing'))]).toEqual([false, false])
  })

  test('the template is written, filled in, tried and imported', async () => {
    const file = join(dir, 'roster.xlsx')
    expect(await cli('roster', 'template', file)).toMatchObject({ code: 0 })
    expect((await readXlsx(readFileSync(file))).sheets[0]!.rows[2]!.slice(0, 3)).toEqual(['工号', '姓名', '部门'])
    writeFileSync(
      file,
      await sheet([
        ['工号', '姓名'],
        ['0012', '赵敏'],
      ]),
    )
    expect(await cli('roster', 'import', file)).toMatchObject({
      code: 0,
      out: expect.stringContaining('试算：共1行，新增1人'),
    })
    expect(await cli('roster', 'import', file, '--apply')).toMatchObject({
      code: 0,
      out: expect.stringContaining('已写入'),
    })
    const again = await cli('roster', 'import', file, '--json')
    expect(JSON.parse(again.out)).toMatchObject({ rows: 1, unchanged: 1, problems: [], applied: false })
    const audit = await cli('audit', 'list', '--about', 'person/')
    expect(audit.out).toContain('roster-row')
  })

  test('a scheme file is checked with lines', async () => {
    expect(await cli('scheme', 'check', 'examples/kpi-departments.yaml')).toMatchObject({
      code: 0,
      out: expect.stringContaining('科室指标（kpi）：其余所有岗位'),
    })
    writeFileSync(join(dir, 'bad.yaml'), 'name: x\ngrades: [{ name: A, from: 90 }]\n')
    const bad = await cli('scheme', 'check', join(dir, 'bad.yaml'), '--json')
    expect(bad.code).toBe(1)
    expect(JSON.parse(bad.out).problems[0]).toContain('第2行：grades')
  })
})
