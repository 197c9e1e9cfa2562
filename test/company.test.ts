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
  expect(found[0]).toMatch(/^第2行：timeZone：应为时区名称/)
  expect(found[1]).toMatch(/^第4行：weekly.deadlineTime：应为时刻/)
  expect(found[2]).toMatch(/^第5行：没有“weekly.undoMinuets”这个设置/)
})

test('what is missing, of another kind or out of bounds is said in words, and nothing in English', () => {
  const found = mistakes(
    'quiet: 3\nroles: { hr: x }\nmoments: { feb29: "03-02", birthday: [] }\nweekly: { undoMinutes: 61 }\nschemes: { x: { kind: foo } }\n',
  )
  expect(found).toEqual([
    '第1行：name：没有填写',
    '第2行：roles.hr：应为列表',
    '第5行：schemes.x.kind：没有填写，或不是可用的值',
    '第4行：weekly.undoMinutes：不能大于60',
    '第3行：moments.feb29：只能是 02-28、03-01',
    '第3行：moments.birthday：至少1项',
    '第1行：quiet：应为下一级设置',
  ])
})

test('a position whose scheme does not exist is named with those that do', () => {
  expect(mistakes('name: 示例\npositions:\n  司机: 没有的方案\n')).toEqual([
    '第3行：positions.司机：没有方案“没有的方案”，现有：周计划',
  ])
})

test('broken YAML and a key written twice are told by line', () => {
  expect(mistakes('name: [示例\n')[0]).toMatch(/^第\d行：不是正确的YAML/)
  expect(mistakes('name: a\nname: b\n')[0]).toMatch(/^第2行/)
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
    '第3行：moments.birthday.0：花括号中只能是 {称呼} {公司}',
    '第3行：moments.birthday.1：不能提到年龄',
  ])
})
