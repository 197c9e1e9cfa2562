import { afterAll, beforeAll, expect, test } from 'vitest'
import { findByRef, judgeOf, judges as judgesNow, mayJudge, mayRead } from '../handlers/rights.ts'
import type { Ctx } from '../src/context.ts'
import type { Db } from '../src/store/connect.ts'
import { type Person, peopleStore } from '../src/store/people.ts'
import { openTestDb } from './db.ts'

let database: { db: Db; stop(): Promise<void> }
let ctx: Ctx
let standIns: Record<string, string> = {}

const person = (id: string, more: Partial<Person> = {}): Person => ({
  ...{ _id: id, name: id, position: '专员', departments: [], roles: [], nicknames: [], active: true },
  ...more,
})
/** wang (general manager) over chen over zhao and qian; sun is HR, li an administrator, ma another general manager; zhou has left, and wu is left without him. */
const everybody = [
  person('wang', { roles: ['gm'], jobNumber: '001' }),
  person('chen', { managerId: 'wang', jobNumber: '002' }),
  person('zhao', { managerId: 'chen', jobNumber: '003' }),
  person('qian', { managerId: 'chen', name: '同名' }),
  person('sun', { managerId: 'wang', roles: ['hr'], name: '同名' }),
  person('li', { managerId: 'wang', roles: ['admin'] }),
  person('zhou', { managerId: 'wang', active: false, roles: ['hr'] }),
  person('wu', { managerId: 'zhou' }),
  person('self', { managerId: 'self' }),
  person('ma', { roles: ['gm'] }),
]
const who = (id: string) => everybody.find((p) => p._id === id)!

beforeAll(async () => {
  database = await openTestDb()
  const people = peopleStore(database.db)
  for (const one of everybody) await people.save(one)
  ctx = { people, company: () => ({ standIns }) } as unknown as Ctx
})
afterAll(() => database.stop())

/** Everybody who may, of all who could ask. */
const allowed = async (may: typeof mayJudge, about: string) => {
  const ids: string[] = []
  for (const by of everybody) if (await may(ctx, by, who(about))) ids.push(by._id)
  return ids
}

test('who is above somebody may judge, and nobody else: no peer, no HR, not oneself, nobody who has left', async () => {
  standIns = {}
  expect(await allowed(mayJudge, 'zhao')).toEqual(['wang', 'chen'])
  expect(await allowed(mayJudge, 'chen')).toEqual(['wang'])
  expect(await allowed(mayJudge, 'wang')).toEqual([])
  expect(await allowed(mayJudge, 'wu')).toEqual(['wang'])
  expect(await allowed(mayJudge, 'self')).toEqual([])
})

test('a stand-in of the settings may judge whom they stand in for', async () => {
  standIns = { '001': 'chen', qian: 'li', zhao: 'li', self: 'self' }
  expect(await allowed(mayJudge, 'wang')).toEqual(['chen'])
  expect(await allowed(mayJudge, 'zhao')).toEqual(['wang', 'chen', 'li'])
  // “qian” is nobody's name or number here, and nobody stands in for themselves.
  expect(await allowed(mayJudge, 'qian')).toEqual(['wang', 'chen'])
  expect(await allowed(mayJudge, 'self')).toEqual([])
  standIns = { wu: 'zhou', zhou: 'li' }
  expect(await allowed(mayJudge, 'wu')).toEqual(['wang'])
})

test('a week is read by oneself, those above, HR and the general manager, as long as they are there', async () => {
  standIns = {}
  expect(await allowed(mayRead, 'zhao')).toEqual(['wang', 'chen', 'zhao', 'sun', 'ma'])
  expect(await allowed(mayRead, 'wang')).toEqual(['wang', 'sun', 'ma'])
  expect(await allowed(mayRead, 'zhou')).toEqual(['wang', 'sun', 'ma'])
  standIns = { wang: 'chen' }
  expect(await allowed(mayRead, 'wang')).toEqual(['wang', 'chen', 'sun', 'ma'])
})

test('the judge is the superior; the stand-in where there is none, or they have left; or nobody', async () => {
  const judges = async () => {
    const list: Record<string, string | undefined> = {}
    const ofEverybody = await judgesNow(ctx)
    for (const id of ['wang', 'zhao', 'wu', 'self']) {
      list[id] = (await judgeOf(ctx, who(id)))?._id
      expect([id, ofEverybody(who(id))]).toEqual([id, list[id]])
    }
    return list
  }
  standIns = {}
  expect(await judges()).toEqual({ wang: undefined, zhao: 'chen', wu: undefined, self: undefined })
  standIns = { wang: '002', zhao: 'li', wu: 'chen', self: 'li' }
  expect(await judges()).toEqual({ wang: 'chen', zhao: 'chen', wu: 'chen', self: 'li' })
  standIns = { wang: '002' }
  expect((await judges()).wang).toBe('chen')
  // Named twice: the first counts.
  standIns = { '001': 'li', wang: 'chen' }
  expect((await judges()).wang).toBe('li')
  standIns = { wang: 'wang', wu: 'zhou', self: '同名' }
  expect(await judges()).toEqual({ wang: undefined, zhao: 'chen', wu: undefined, self: undefined })
  expect(await judgeOf(ctx, person('new', { managerId: 'nobody' }))).toBeUndefined()
})

test('a person is found by number, then by a name that only they have', () => {
  const people = [...everybody, person('ying', { name: '003', jobNumber: '099' })]
  expect(findByRef(people, '002')?._id).toBe('chen')
  expect(findByRef(people, 'li')?._id).toBe('li')
  expect(findByRef(people, '003')?._id).toBe('zhao')
  expect(findByRef(people, '同名')).toBeUndefined()
  expect(findByRef(people, '别人')).toBeUndefined()
})
