import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { momentJobs } from '../jobs/moments.ts'
import type { Ctx } from '../src/context.ts'
import { createDirectory } from '../src/people/directory.ts'
import type { Member, Platform } from '../src/platforms/port.ts'
import type { Db } from '../src/store/connect.ts'
import { openTestDb } from './db.ts'
import { momentsWorld } from './moments-world.ts'

let database: { db: Db; stop(): Promise<void> }
let world: Awaited<ReturnType<typeof momentsWorld>>
let ctx: Ctx
let members: Member[]
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())
beforeEach(async () => {
  for (const model of Object.values(database.db.models)) await model.deleteMany({})
  const yaml = `name: 示例\nroles: { hr: ['0001'], gm: ['0001'] }\n`
  world = await momentsWorld(database.db, { start: '2026-11-25T03:17:00+08:00', yaml })
  ctx = world.ctx
  members = [member('hr', '林秀英', { jobNumber: '0001' })]
})
afterEach(() => ctx.outbox.stop())

const member = (userId: string, name: string, more: Partial<Member> = {}): Member => ({
  ...{ userId, name, departments: ['行政部'], active: true, managerUserId: 'hr' },
  ...more,
})

/** The contacts as they are now are read, the way it happens at night. */
async function read(): Promise<void> {
  const platform = { name: 'wecom', members: async () => members } as unknown as Platform
  const { people, contacts, personal, clock, log, company } = ctx
  await createDirectory({
    ...{ people, contacts, personal, clock, log, company: () => company(), platforms: { wecom: platform } },
    alone: (work) => work(),
  }).refreshAll()
}
/** Lets a job happen at its time of a day, and everything be sent. @returns what arrived from it, by person */
async function run(name: string, at: string): Promise<{ to: string; text: string }[]> {
  world.clock.set(at)
  const before = world.arrived.length
  await momentJobs.find((j) => j.name === name)!.run(new Date(at), ctx)
  await ctx.outbox.idle()
  return world.arrived.slice(before).map((d) => ({
    to: d.userId,
    text: d.message.kind === 'text' ? d.message.text : JSON.stringify(d.message),
  }))
}

test('31 June, the 30th of a leap month that had 29 days, and words: each told to HR, nobody is wished on another day', async () => {
  members.push(
    member('a', '赵敏', { extra: { 生日: '6月31日' } }),
    member('b', '钱进', { extra: { 农历生日: '2025年闰六月三十' } }),
    member('c', '孙立', { extra: { 生日: '保密', 转正日期: '下个月底', 合同到期日: '2027-02-30' } }),
    // A leap month needs no year: this one is on the 30th when the month has one, on its last day otherwise.
    member('d', '李娜', { extra: { 农历生日: '闰六月三十' } }),
  )
  await read()
  const [said, ...more] = await run('contacts-report', '2026-11-25T09:40:00+08:00')
  expect(more).toEqual([])
  expect(said!.to).toBe('hr')
  for (const [name, field] of [
    ['赵敏', '生日'],
    ['钱进', '农历生日'],
    ['孙立', '生日'],
    ['孙立', '转正日期'],
    ['孙立', '合同到期日'],
  ])
    expect(said!.text).toContain(`${name}在通讯录中的“${field}”无法识别为日期`)
  expect(said!.text).not.toMatch(/李娜|保密|6月31日/)
  const wished = []
  for (const day of ['2027-06-30', '2027-07-01', '2027-08-01', '2027-08-02'])
    for (const { to, text } of await run('moments', `${day}T09:00:00+08:00`))
      if (text.includes('生日快乐')) wished.push(`${day} ${to}`)
  // 六月 of 2027 has 29 days, from 4 July.
  expect(wished).toEqual(['2027-08-01 d'])
  // Told once: the same reading the next night is no news.
  world.clock.set('2027-08-03T03:17:00+08:00')
  await read()
  expect(await run('contacts-report', '2027-08-03T09:40:00+08:00')).toEqual([])
})

test('two people of one name, one of them without a manager: each gets their own, and HR is told which is meant', async () => {
  members.push(
    member('a', '王伟', { jobNumber: '0014', departments: ['车队'], extra: { 生日: '11月26日' } }),
    member('b', '王伟', { jobNumber: '0022', departments: ['研发部'], extra: { 生日: '12月3日' } }),
  )
  delete members[2]!.managerUserId
  await read()
  const told = await run('contacts-report', '2026-11-25T09:40:00+08:00')
  expect(told.map((t) => t.text).join()).toContain('王伟（研发部，工号0022）没有直属上级')
  expect(told.map((t) => t.text).join()).not.toContain('0014')
  expect((await run('moments', '2026-11-26T09:00:00+08:00')).map((t) => t.to)).toEqual(['a'])
  expect((await run('moments', '2026-12-03T09:00:00+08:00')).map((t) => t.to)).toEqual(['b'])
})

test('managers in a circle: HR is told once, and the end of a contract still reaches HR', async () => {
  members.push(
    member('a', '赵敏', { managerUserId: 'b', extra: { 合同到期日: '2026-12-25' } }),
    member('b', '钱进', { managerUserId: 'a' }),
  )
  await read()
  const told = await run('contacts-report', '2026-11-25T09:40:00+08:00')
  expect(told.filter((t) => t.text.includes('上下级关系成环：'))).toHaveLength(1)
  const notices = await run('terms', '2026-11-25T09:41:00+08:00')
  expect(notices.map((n) => n.to).sort()).toEqual(['b', 'hr'])
})

test('a userid that is given to somebody else, and somebody who comes back: no wish for the former owner', async () => {
  members.push(member('a', '赵敏', { jobNumber: '0012', extra: { 生日: '11月26日' } }))
  await read()
  // The account is now another person's; whoever had it has left.
  members[1] = member('a', '钱进', { jobNumber: '0099' })
  await read()
  // The new owner is welcomed, and gets nothing that is hers.
  const texts = (await run('moments', '2026-11-26T09:00:00+08:00')).map((t) => t.text).join()
  expect(texts).toContain('钱进，欢迎加入')
  expect(texts).not.toMatch(/赵敏|生日快乐/)
  const told = await run('contacts-report', '2026-11-26T09:40:00+08:00')
  expect(told.map((t) => t.text).join()).toMatch(/账号“a”原属赵敏（工号0012），现属钱进/)
  // A year later she is back under another account: the same person, in her second employment.
  members.push(member('z', '赵敏', { jobNumber: '0012', hiredOn: '2027-11-22' }))
  world.clock.set('2027-11-23T03:17:00+08:00')
  await read()
  const [back, ...others] = (await ctx.people.all()).filter((p) => p.name === '赵敏')
  expect(others).toEqual([])
  expect(back).toMatchObject({ active: true, wecom: 'z', stint: 2 })
  const wished = (await run('moments', '2027-11-26T09:00:00+08:00')).filter((t) => t.text.includes('生日快乐'))
  expect(wished.map((t) => t.to)).toEqual(['z'])
})

test('somebody in two departments is one person, wished once', async () => {
  members.push(member('a', '赵敏', { departments: ['行政部', '工会'], extra: { 生日: '11月26日' } }))
  await read()
  await read()
  expect((await ctx.people.active()).filter((p) => p.name === '赵敏')).toHaveLength(1)
  expect(await run('moments', '2026-11-26T09:00:00+08:00')).toHaveLength(1)
  expect(await run('moments', '2026-11-26T09:00:00+08:00')).toHaveLength(0)
})
