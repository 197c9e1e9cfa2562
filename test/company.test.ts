import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CompanyError, parseCompany, schemeOf, watchCompany } from '../src/company.ts'

const mistakes = (source: string): string[] => {
  try {
    parseCompany(source)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(CompanyError)
    return (error as CompanyError).problems
  }
}

test('a name is enough: every default is there', () => {
  const company = parseCompany('name: 示例公司\n')
  expect(company).toMatchObject({
    timeZone: 'Asia/Shanghai',
    weekly: { deadlineTime: '12:00', undoMinutes: 10 },
    quiet: { from: '21:30' },
  })
  expect(schemeOf(company, '任何岗位')).toEqual({ name: '周计划', kind: 'weekly' })
})

test('the example that ships is right and shows every setting', () => {
  const source = readFileSync('company.example.yaml', 'utf8')
  const company = parseCompany(source)
  expect(schemeOf(company, '行政人事助理')?.kind).toBe('weekly')
  // What it shows is what holds without it.
  const { behaviour, grades, month } = parseCompany('name: 示例公司\n')
  expect(company).toMatchObject({ behaviour, grades, month })
  for (const key of [
    'timeZone',
    'roles',
    'standIns',
    'schemes',
    'kpis',
    'positions',
    'behaviour',
    'grades',
    'month',
    'people',
    'calendar',
    'weekly',
    'moments',
    'columns',
    'retention',
    'quiet',
  ])
    expect(source).toContain(`${key}:`)
})

test('every mistake is named with its line and what is allowed', () => {
  const found = mistakes(
    [
      'name: 示例',
      'timeZone: Mars/Base',
      'weekly:',
      '  deadlineTime: noon',
      '  undoMinuets: 5',
      'positions:',
      '  司机: 没有的方案',
    ].join('\n'),
  )
  expect(found).toHaveLength(3)
  expect(found[0]).toMatch(/^line 2: timeZone: must be an IANA time zone/)
  expect(found[1]).toMatch(/^line 4: weekly.deadlineTime: must be a time of day/)
  expect(found[2]).toMatch(/^line 5: "weekly.undoMinuets" is not a setting/)
})

test('a position whose scheme does not exist is named with those that do', () => {
  expect(mistakes('name: 示例\npositions:\n  司机: 没有的方案\n')).toEqual([
    'line 3: positions.司机: there is no scheme "没有的方案"; there is: 周计划',
  ])
})

test('broken YAML and a key written twice are told by line', () => {
  expect(mistakes('name: [示例\n')[0]).toMatch(/^line \d/)
  expect(mistakes('name: a\nname: b\n')[0]).toMatch(/^line 2/)
})

test('a wrong edit keeps the last good file in force', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'jixiao-company-')), 'company.yaml')
  writeFileSync(file, 'name: 旧名\n')
  const watch = watchCompany(
    file,
    () => {},
    () => {},
  )
  writeFileSync(file, 'nam: 错\n')
  expect(() => watch.reload()).toThrow(CompanyError)
  expect(watch.current().name).toBe('旧名')
  writeFileSync(file, 'name: 新名\n')
  watch.reload()
  expect(watch.current().name).toBe('新名')
  watch.stop()
})

test("the example shows the wordings of people's moments as they are without it", () => {
  const example = parseCompany(readFileSync('company.example.yaml', 'utf8'))
  const plain = parseCompany('name: 示例\n')
  expect(example.moments).toEqual(plain.moments)
  expect(example.retention).toEqual(plain.retention)
  expect(mistakes('name: 示例\nmoments:\n  birthday: ["{名字}，生日快乐", "祝您晚年幸福"]\n')).toEqual([
    'line 3: moments.birthday.0: knows only {称呼} {公司} in braces',
    'line 3: moments.birthday.1: must not mention age',
  ])
})
