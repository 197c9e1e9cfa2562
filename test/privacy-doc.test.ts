import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseCompany } from '../src/company.ts'
import { companyYaml } from './company-of-five.ts'

const source = join(import.meta.dirname, '../src')
const page = readFileSync(join(import.meta.dirname, '../docs/privacy.md'), 'utf8')

test('every collection stands in the tables of what is stored about people, and no other', () => {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'))
  const made = files.flatMap((f) =>
    [...readFileSync(join(source, f), 'utf8').matchAll(/\bmodel(?:<[^>]*>)?\(\s*'([a-z_-]+)'/g)].map((m) => m[1]!),
  )
  const rows = page.split('\n').filter((line) => /^\| `/.test(line))
  const told = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([a-z_-]+)`/g)].map((m) => m[1]!))
  expect(made.length).toBeGreaterThan(25)
  expect([...new Set(told)].sort()).toEqual([...new Set(made)].sort())
})

test('the periods that are told are those that are set when nobody sets others', () => {
  const { retention, surveys } = parseCompany(companyYaml)
  for (const [name, value] of Object.entries(retention)) expect(page).toContain(`\`${name}\` (${value})`)
  expect(page).toContain(`离职后[${retention.personalDays}]日内删除`)
  expect(page).toContain(`| 操作记录 | [${retention.auditYears}]年 |`)
  expect(page).toContain(`| 与人力资源的谈话记录 | [${retention.talkYears}]年 |`)
  expect(page).toContain(`离职满[${retention.recordYears}]年后删除`)
  expect(surveys.canteen?.threshold).toBe(5)
  expect(page).toContain('作答不足[5]人')
})
