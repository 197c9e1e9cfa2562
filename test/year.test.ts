import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { readXlsx } from 'hucre/xlsx'
import { expect, test } from 'vitest'
import { runCli } from '../src/cli/index.ts'
import { shown } from '../src/domain/decimal.ts'
import { yearOf } from '../src/domain/year.ts'
import { auditStore } from '../src/store/audit.ts'
import { connect, prepare } from '../src/store/connect.ts'
import { peopleStore } from '../src/store/people.ts'
import { resultStore } from '../src/store/results.ts'
import { testDatabase } from './db.ts'

const gradeOf = (n: number): string => (n >= 90 ? 'A' : n >= 80 ? 'B' : n >= 60 ? 'C' : 'D')
const monthNo = (n: number): string => `2026-${String(n).padStart(2, '0')}`
const person = (personId: string, totals: number[], active = true) => ({
  personId,
  active,
  months: new Map(totals.map((t, n) => [monthNo(n + 1), { total: String(t), grade: gradeOf(t) }])),
})

test('means are exact, equal ones share a place, and the best tenth of those who can be is proposed', () => {
  const even = (id: string, t: number, months = 12, active = true) => person(id, Array(months).fill(t), active)
  const found = yearOf(
    [
      even('best-but-short', 99, 9),
      even('left', 98, 12, false),
      person('once-lowest', [59, ...Array(11).fill(98)]),
      // 91.25 + 11 × 91.5: not 91.48.
      person('third', [91.25, ...Array(11).fill(91.5)]),
      even('level-a', 95),
      even('level-b', 95, 10),
      ...Array.from({ length: 9 }, (_, n) => even(`many-${n}`, 70)),
      even('none', 0, 0),
    ],
    'D',
  )
  const of = (id: string) => found.find((r) => r.personId === id)!
  expect(shown(of('third').mean!, 4)).toBe('91.4792')
  expect([of('best-but-short'), of('left'), of('level-a'), of('level-b')].map((r) => r.place)).toEqual([1, 2, 3, 3])
  expect(of('none')).toMatchObject({ mean: undefined, place: undefined, proposed: false })
  // Twelve can be proposed: two of them; both who are level are among these.
  expect(found.filter((r) => r.proposed).map((r) => r.personId)).toEqual(['level-a', 'level-b'])
})

test('nobody who is proposed is worse than one who could have been, and so many are as the tenth asks for', () => {
  const year = fc.record({
    totals: fc.array(fc.integer({ min: 50, max: 100 }), { maxLength: 12 }),
    active: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(year, { maxLength: 40 }), (years) => {
      const found = yearOf(
        years.map((y, n) => person(`p${n}`, y.totals, y.active)),
        'D',
      )
      const can = found.filter((_, n) => {
        const y = years[n]!
        return y.active && y.totals.length >= 10 && y.totals.every((t) => t >= 60)
      })
      const mean = (r: (typeof found)[0]) => {
        const own = years[Number(r.personId.slice(1))]!.totals
        return own.reduce((s, t) => s + t, 0) / own.length
      }
      const proposed = found.filter((r) => r.proposed)
      expect(proposed.every((r) => can.includes(r))).toBe(true)
      expect(proposed.length).toBeGreaterThanOrEqual(Math.ceil(can.length / 10))
      const worst = Math.min(...proposed.map(mean))
      const better = can.filter((r) => mean(r) > worst + 1e-9)
      expect(better.length).toBeLessThanOrEqual(Math.max(0, Math.ceil(can.length / 10) - 1))
      expect(can.filter((r) => !r.proposed).every((r) => mean(r) < worst - 1e-9)).toBe(true)
    }),
    { seed: 20261231 },
  )
})

test('`results export 2026` is the year as HR files it, of the versions in force, and leaves an audit line', async () => {
  const database = await testDatabase()
  const db = await connect(database.uri)
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-year-'))
  try {
    const [people, results, audit] = [peopleStore(db), resultStore(db), auditStore(db)]
    await prepare(db)
    const add = (_id: string, name: string, jobNumber: string) =>
      people.save({
        ...{ _id, name, jobNumber, position: '', departments: ['行政部'], roles: [], nicknames: [], active: true },
      })
    await add('e1', '赵敏', '0003')
    await add('e2', '钱进', '0005')
    const row = (personId: string, month: string, totals: number[], state = 'published') => ({
      ...{ _id: `${personId}/${month}`, personId, month, department: '行政部', judgeId: '', state, rev: 1 },
      ...{ name: personId === 'e1' ? '赵敏' : '钱进', jobNumber: personId === 'e1' ? '0003' : '0005' },
      versions: totals.map((t, n) => ({ version: n + 1, result: { month, total: String(t), grade: gradeOf(t) } })),
    })
    await results.model.collection.insertMany([
      ...Array.from({ length: 11 }, (_, n) => row('e1', monthNo(n + 1), n === 0 ? [80, 91] : [92])),
      row('e1', '2026-12', [], 'draft'),
      row('e1', '2025-12', [70]),
      row('e2', '2026-03', [89.995]),
    ] as never)
    const companyFile = join(dir, 'company.yaml')
    writeFileSync(companyFile, 'name: 测试公司\n')
    const file = join(dir, 'year.xlsx')
    const said: string[] = []
    const io = {
      env: { MONGODB_URI: database.uri, COMPANY_FILE: companyFile, DATA_DIR: dir },
      now: () => new Date('2027-01-06T09:00:00+08:00'),
      out: (line: string) => void said.push(line),
      err: (line: string) => void said.push(line),
    }
    expect([await runCli(['results', 'export', '2026', '--out', file], io as never), said.join()]).toEqual([
      0,
      `已导出2人：${file}`,
    ])
    const book = await readXlsx(readFileSync(file))
    expect(book.sheets.map((s) => s.name)).toEqual(['年度汇总', '评优建议'])
    const [summary, proposals] = book.sheets as [(typeof book.sheets)[0], (typeof book.sheets)[0]]
    const own = (name: string) => {
      const values = summary.rows.find((r) => r[1] === name)!
      return Object.fromEntries(summary.rows[2]!.map((title, c) => [title, values[c] ?? null]))
    }
    expect(own('赵敏')).toMatchObject({
      ...{ 工号: '0003', '1月': 91, '2月': 92, '11月': 92, '12月': null },
      ...{ 计入月数: 11, 平均分: 91.91, A级月数: 11, B级月数: 0, 名次: '1' },
    })
    // 89.995 is B and does not look like an A.
    expect(own('钱进')).toMatchObject({ '3月': 89.995, 计入月数: 1, B级月数: 1, 名次: '2' })
    expect(proposals.rows.slice(3, 4)).toEqual([['1', '0003', '赵敏', '行政部', 91.91, '11个月平均91.91，A级11个月']])
    expect(await audit.about('month/2026')).toMatchObject([{ what: 'year-exported', by: 'cli', detail: { people: 2 } }])
    said.length = 0
    expect(await runCli(['results', 'export', '2024', '--out', file], io as never)).toBe(1)
    expect(said.join()).toContain('2024年没有已发布的结果')
  } finally {
    await db.close()
    await database.stop()
  }
})
