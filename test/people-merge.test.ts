import { describe, expect, test } from 'vitest'
import { type Decisions, mergeMembers } from '../src/people/merge.ts'
import { treeProblems } from '../src/people/problems.ts'
import type { Member, PlatformName } from '../src/platforms/port.ts'
import type { Person } from '../src/store/people.ts'

const member = (userId: string, name: string, more: Partial<Member> = {}): Member => ({
  userId,
  name,
  departments: ['行政部'],
  active: true,
  ...more,
})
const person = (_id: string, name: string, more: Partial<Person> = {}): Person => ({
  _id,
  name,
  position: '',
  departments: ['行政部'],
  roles: [],
  nicknames: [],
  active: true,
  ...more,
})
const today = '2026-11-27'
const read = (known: Person[], members: Member[], decided: Decisions = new Map(), platform: PlatformName = 'wecom') =>
  mergeMembers(known, platform, members, today, { decided })

describe('userids that change or are used again', () => {
  test('a new userid with the same 工号, or the same name in the same department, is the same person', () => {
    const zhao = person('p1', '赵敏', { wecom: 'zhao', jobNumber: '003' })
    expect(read([zhao], [member('zm', '赵敏', { jobNumber: '003' })]).people).toMatchObject([
      { _id: 'p1', wecom: 'zm' },
    ])
    const plain = person('p1', '赵敏', { wecom: 'zhao' })
    const { people, doubts } = read([plain], [member('zm', '赵敏')])
    expect(people).toMatchObject([{ _id: 'p1', wecom: 'zm', active: true }])
    expect(doubts).toEqual([])
  })
  test('a userid with another 工号 and name belongs to somebody new, and the former owner has left', () => {
    const zhao = person('p1', '赵敏', { wecom: 'w7', jobNumber: '003' })
    const { people, notes } = read([zhao], [member('w7', '钱进', { jobNumber: '009' })])
    const former = people.find((p) => p._id === 'p1')
    expect(former).toMatchObject({ active: false, leftOn: today })
    expect(former?.wecom).toBeUndefined()
    expect(people.find((p) => p.name === '钱进')).toMatchObject({ wecom: 'w7', jobNumber: '009' })
    expect(notes[0]?.text).toBe('账号“w7”原属赵敏（工号003），现属钱进（工号009），已作为另一位员工处理。')
  })
  test('a userid of somebody who had left, with another name, is somebody new', () => {
    const zhao = person('p1', '赵敏', { wecom: 'w7', active: false, leftOn: '2026-01-31' })
    const { people } = read([zhao], [member('w7', '钱进')])
    expect(people.find((p) => p._id === 'p1')).toMatchObject({ active: false, leftOn: '2026-01-31' })
    expect(people.filter((p) => p.active)).toMatchObject([{ name: '钱进', wecom: 'w7' }])
  })
  test('another name in the same department is a changed name, and HR is told', () => {
    const { people, notes } = read([person('p1', '赵敏', { wecom: 'w7' })], [member('w7', '赵敏敏')])
    expect(people).toMatchObject([{ _id: 'p1', name: '赵敏敏' }])
    expect(notes).toHaveLength(1)
  })
  test('another name in another department: two people until HR has decided', () => {
    const known = [person('p1', '赵敏', { wecom: 'w7' })]
    const members = [member('w7', '钱进', { departments: ['车队'] })]
    const first = read(known, members)
    expect(first.doubts).toMatchObject([{ _id: 'wecom:w7:钱进', candidates: ['p1'] }])
    expect(first.people.find((p) => p._id === 'p1')?.active).toBe(false)
    const same = read(known, members, new Map([['wecom:w7:钱进', 'p1']]))
    expect(same.people).toMatchObject([{ _id: 'p1', name: '钱进', active: true }])
    expect(same.doubts).toEqual([])
  })
  test('two people who swapped their userids keep who they are by 工号', () => {
    const known = [
      person('p1', '赵敏', { wecom: 'a', jobNumber: '1' }),
      person('p2', '钱进', { wecom: 'b', jobNumber: '2' }),
    ]
    const { people } = read(known, [member('a', '钱进', { jobNumber: '2' }), member('b', '赵敏', { jobNumber: '1' })])
    expect(people).toMatchObject([
      { _id: 'p1', name: '赵敏', wecom: 'b', active: true },
      { _id: 'p2', name: '钱进', wecom: 'a', active: true },
    ])
    expect(people).toHaveLength(2)
  })
})

describe('one person on two platforms', () => {
  test('the same name in another department is asked about', () => {
    const known = [person('p1', '李娜', { wecom: 'li' })]
    const { people, doubts } = read(known, [member('d1', '李娜', { departments: ['车队'] })], new Map(), 'dingtalk')
    expect(people).toHaveLength(2)
    expect(doubts).toMatchObject([{ candidates: ['p1'], departments: ['车队'] }])
    const decided = new Map([['dingtalk:d1:李娜', 'p1']])
    expect(read(known, [member('d1', '李娜', { departments: ['车队'] })], decided, 'dingtalk').people).toMatchObject([
      { _id: 'p1', wecom: 'li', dingtalk: 'd1', departments: ['行政部'] },
    ])
    const different = new Map([['dingtalk:d1:李娜', null]])
    const apart = read(known, [member('d1', '李娜', { departments: ['车队'] })], different, 'dingtalk')
    expect([apart.people.length, apart.doubts.length]).toEqual([2, 0])
  })
  test('two of one name are both offered; different 工号 are never one person', () => {
    const known = [person('p1', '李娜', { wecom: 'li1' }), person('p2', '李娜', { wecom: 'li2' })]
    expect(read(known, [member('d1', '李娜')], new Map(), 'dingtalk').doubts).toMatchObject([
      { candidates: ['p1', 'p2'] },
    ])
    const numbered = [person('p1', '李娜', { wecom: 'li1', jobNumber: '1' })]
    const { people, doubts } = read(numbered, [member('d1', '李娜', { jobNumber: '2' })], new Map(), 'dingtalk')
    expect([people.length, doubts.length]).toEqual([2, 0])
  })
  test('departments that differ are named, and do not change back and forth', () => {
    const known = [person('p1', '李娜', { wecom: 'li', dingtalk: 'd1', jobNumber: '1' })]
    const { people, notes } = read(
      known,
      [member('d1', '李娜', { jobNumber: '1', departments: ['车队'] })],
      new Map(),
      'dingtalk',
    )
    expect(people).toMatchObject([{ departments: ['行政部'] }])
    expect(notes.map((n) => n.text)).toEqual(['李娜在企业微信属于“行政部”，在钉钉属于“车队”，暂以企业微信为准。'])
  })
  test('one 工号 for two people decides nothing and is named', () => {
    const { people, notes } = read(
      [],
      [member('a', '赵敏', { jobNumber: '1' }), member('b', '钱进', { jobNumber: '1' })],
    )
    expect(people).toHaveLength(2)
    expect(notes[0]?.text).toMatch(/工号1有多人使用/)
  })
})

describe('coming and going', () => {
  test('newcomers appear today, but not in the first reading, with a hire date, or when many appear at once', () => {
    const one = [member('a', '赵敏')]
    expect(read([], one).people[0]?.appearedOn).toBe(today)
    expect(mergeMembers([], 'wecom', one, today, { first: true }).people[0]?.appearedOn).toBeUndefined()
    expect(read([], [member('a', '赵敏', { hiredOn: '2026-11-01' })]).people[0]?.appearedOn).toBeUndefined()
    const crowd = Array.from({ length: 6 }, (_, i) => member(`u${i}`, `新人${i}`))
    const widened = read([], crowd)
    expect(widened.people.every((p) => p.appearedOn === undefined)).toBe(true)
    expect(widened.notes[0]?.text).toMatch(/一次新增6人/)
    expect(read([], crowd.slice(1)).people.every((p) => p.appearedOn === today)).toBe(true)
  })
  test('back after a day is a flapping visible range, back after a month or with a new hire date a new employment', () => {
    const gone = (leftOn: string) => [person('p1', '赵敏', { wecom: 'a', active: false, leftOn, leftBy: 'platform' })]
    const back = (leftOn: string, hiredOn?: string) =>
      read(gone(leftOn), [member('a', '赵敏', { ...(hiredOn && { hiredOn }) })]).people[0]
    expect(back('2026-11-26')).toMatchObject({ active: true })
    expect(back('2026-11-26')?.stint).toBeUndefined()
    expect(back('2026-10-28')?.stint).toBeUndefined()
    expect(back('2026-10-27')).toMatchObject({ active: true, stint: 2, appearedOn: today })
    expect(back('2026-11-20', '2026-11-25')).toMatchObject({ stint: 2, joinedOn: '2026-11-25' })
    expect(back('2026-10-27')?.leftOn).toBeUndefined()
  })
  test('whose last day HR gave stays out while they are still in the contacts', () => {
    const left = person('p1', '赵敏', { wecom: 'a', active: false, leftOn: '2026-11-20', leftBy: 'roster' })
    const { people, notes } = read([left], [member('a', '赵敏')])
    expect(people[0]?.active).toBe(false)
    expect(notes[0]?.text).toBe('赵敏已过最后工作日，但仍在通讯录中，请及时移除。')
    const gone = read([left], [member('b', '钱进')]).people.find((p) => p._id === 'p1')!
    expect(gone.leftBy).toBe('platform')
    expect(read([gone], [member('a', '赵敏')]).people[0]?.active).toBe(true)
  })
  test('gone before the last day that was given: out at once', () => {
    const leaving = person('p1', '赵敏', { wecom: 'a', leftOn: '2026-12-31', leftBy: 'roster' })
    expect(read([leaving], [member('b', '钱进')]).people[0]).toMatchObject({ active: false, leftOn: today })
  })
})

test('of two people of one name HR is told which is meant', () => {
  const people = [
    person('gm', '王总'),
    person('a', '赵敏', { managerId: 'gm', departments: ['行政部'] }),
    person('b', '赵敏', { departments: ['生产部'], jobNumber: '0030' }),
    person('c', '赵敏', { active: false }),
    person('d', '钱进'),
  ]
  expect(treeProblems(people, new Set(['gm'])).map((n) => n.text)).toEqual([
    '赵敏（生产部，工号0030）没有直属上级，请补充。',
    '钱进没有直属上级，请补充。',
  ])
})

test('missing managers, managers who left and circles are named', () => {
  const people = [
    person('gm', '王总'),
    person('a', '赵敏', { managerId: 'b' }),
    person('b', '钱进', { managerId: 'c' }),
    person('c', '孙立', { managerId: 'a' }),
    person('d', '李娜'),
    person('e', '周平', { managerId: 'old' }),
    person('f', '吴静', { managerId: 'a' }),
    person('old', '郑强', { active: false }),
  ]
  expect(treeProblems(people, new Set(['gm'])).map((n) => n.text)).toEqual([
    '上下级关系成环：赵敏 → 钱进 → 孙立 → 赵敏，请更正其中一人的直属上级。',
    '李娜没有直属上级，请补充。',
    '周平的直属上级郑强已离职，请更新。',
  ])
})
