import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseCompany } from '../src/company.ts'
import { factsOf } from '../src/people/facts.ts'
import { applyRosterRow, type RosterRow } from '../src/people/roster.ts'
import type { Member } from '../src/platforms/port.ts'
import { auditStore } from '../src/store/audit.ts'
import type { Db } from '../src/store/connect.ts'
import { type Person, peopleStore } from '../src/store/people.ts'
import { personalStore } from '../src/store/personal.ts'
import { openTestDb } from './db.ts'

let database: { db: Db; stop(): Promise<void> }
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())
const stores = () => ({
  people: peopleStore(database.db),
  personal: personalStore(database.db),
  audit: auditStore(database.db),
  company: () => parseCompany('name: 示例\n'),
})
beforeEach(async () => {
  for (const model of Object.values(database.db.models)) await model.deleteMany({})
})

const may3 = { calendar: 'solar' as const, month: 5, day: 3 }
const autumn = { calendar: 'lunar' as const, month: 8, day: 15 }

describe('personal facts', () => {
  test('HR overrides the platform, the person overrides HR, and the same again changes nothing', async () => {
    const { personal } = stores()
    expect(await personal.takeIn('p', { birthday: { birthday: may3, year: 1990 } }, 'wecom')).toEqual([
      'birthday',
      'birthYear',
    ])
    expect(await personal.takeIn('p', { birthday: { birthday: may3, year: 1990 } }, 'wecom')).toEqual([])
    await personal.takeIn('p', { birthday: { birthday: autumn } }, 'self')
    await personal.takeIn('p', { birthday: { birthday: may3 }, contractEndsOn: '2027-01-31' }, 'hr')
    expect(await personal.get('p')).toMatchObject({
      birthday: { value: autumn, from: 'self' },
      contractEndsOn: { value: '2027-01-31', from: 'hr' },
    })
    await personal.takeIn('p', { contractEndsOn: '2028-01-31' }, 'dingtalk')
    expect((await personal.get('p')).contractEndsOn?.value).toBe('2027-01-31')
  })
  test('what the person had deleted is not brought back by others, only by themselves', async () => {
    const { personal } = stores()
    await personal.set('p', { keepNoBirthday: true })
    await personal.takeIn('p', { birthday: { birthday: may3 } }, 'hr')
    expect((await personal.get('p')).birthday).toBeUndefined()
    await personal.takeIn('p', { birthday: { birthday: may3 } }, 'self')
    expect(await personal.get('p')).toMatchObject({ birthday: { value: may3 } })
    expect((await personal.get('p')).keepNoBirthday).toBeUndefined()
  })
})

test('text attributes as people type them', () => {
  const { fields } = parseCompany('name: 示例\n').moments
  const read = (extra: Record<string, string>) =>
    factsOf({ userId: 'a', name: '赵敏', departments: [], active: true, extra } as Member, fields, '2026-11-25')
  expect(read({ 生日: '1990.5.3', 转正日期: '2026年12月1日', 合同到期日: '2029/6/30' })).toEqual({
    facts: { birthday: { birthday: may3, year: 1990 }, probationEndsOn: '2026-12-01', contractEndsOn: '2029-06-30' },
    unread: [],
  })
  expect(read({ 农历生日: '八月十五', 生日: '1990-05-03' }).facts.birthday).toEqual({ birthday: autumn })
  expect(read({ 生日: '八月十五' })).toEqual({ facts: {}, unread: ['生日'] })
  expect(read({ 生日: '1990-06-31', 转正日期: '下个月', 合同到期日: '无固定期限' })).toEqual({
    facts: {},
    unread: ['生日', '转正日期'],
  })
})

describe('rows of the roster', () => {
  const hr: Person = {
    _id: 'hr',
    name: '孙丽',
    position: '',
    departments: [],
    roles: ['hr'],
    nicknames: [],
    active: true,
  }
  const zhao: Person = { ...hr, _id: 'zhao', name: '赵敏', roles: [], wecom: 'zm', departments: ['行政部'] }
  const at = new Date('2026-11-25T10:00:00+08:00')
  const apply = (row: RosterRow, id = 'e1') => applyRosterRow(stores(), { id, at }, hr, row)

  test('found by name and department, then by 工号; the same row again changes nothing', async () => {
    const { people, personal, audit } = stores()
    await people.save(hr)
    await people.save(zhao)
    const row: RosterRow = {
      name: '赵敏',
      jobNumber: '0003',
      departments: ['行政部'],
      manager: '孙丽',
      joinedOn: '2026-09-01',
      probationEndsOn: '2026-12-01',
      birthday: '农历八月十五',
      address: '赵姐',
    }
    expect(await apply(row)).toEqual({ kind: 'updated', personId: 'zhao' })
    expect(await people.get('zhao')).toMatchObject({ jobNumber: '0003', managerId: 'hr', address: '赵姐', wecom: 'zm' })
    expect(await personal.get('zhao')).toMatchObject({ birthday: { value: autumn, from: 'hr' } })
    expect(await apply(row, 'e2')).toEqual({ kind: 'unchanged', personId: 'zhao' })
    expect(await apply({ ...row, name: '赵敏' }, 'e3')).toEqual({ kind: 'unchanged', personId: 'zhao' })
    const lines = await audit.about('person/zhao')
    expect(lines).toHaveLength(1)
    expect(JSON.stringify(lines)).not.toMatch(/八月|"month"/)
  })
  test('two of one name without 工号 are a doubt; nobody known and no 工号 is told', async () => {
    const { people } = stores()
    await people.save(zhao)
    await people.save({ ...zhao, _id: 'zhao2', wecom: 'zm2' })
    expect(await apply({ name: '赵敏' })).toMatchObject({
      kind: 'doubt',
      candidates: [{ _id: 'zhao' }, { _id: 'zhao2' }],
    })
    expect(await apply({ name: '钱进' })).toEqual({ kind: 'unknown' })
    expect(await apply({ name: '钱进', jobNumber: '9' })).toMatchObject({ kind: 'created' })
    // A number that is somebody else's.
    expect(await apply({ name: '李娜', jobNumber: '9' })).toMatchObject({ kind: 'doubt' })
  })
  test('impossible cells are all named and nothing is taken', async () => {
    const { people } = stores()
    await people.save(zhao)
    const result = await apply({
      name: '赵敏',
      joinedOn: '2026-09-01',
      probationEndsOn: '2026-08-01',
      birthday: '1990-06-31',
      manager: '没有此人',
    })
    expect(result).toEqual({
      kind: 'wrong',
      problems: [
        '转正日期早于入职日期。',
        '出生日期“1990-06-31”：6月没有31日，请核对日期。',
        '直属上级“没有此人”未找到，或有多人同名，请填写工号。',
      ],
    })
    expect((await people.get('zhao'))?.joinedOn).toBeUndefined()
  })
  test('a last day ahead keeps somebody in until it is over', async () => {
    const { people } = stores()
    await people.save(zhao)
    await apply({ name: '赵敏', leftOn: '2026-11-25' })
    expect(await people.get('zhao')).toMatchObject({ active: true, leftOn: '2026-11-25', leftBy: 'roster' })
    await apply({ name: '赵敏', leftOn: '2026-11-24' }, 'e2')
    expect(await people.get('zhao')).toMatchObject({ active: false, leftOn: '2026-11-24' })
  })
})
