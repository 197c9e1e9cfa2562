import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { machineMs } from '../src/clock.ts'
import { parseCompany } from '../src/company.ts'
import { createLog } from '../src/log.ts'
import { createDirectory } from '../src/people/directory.ts'
import type { Member, Platform } from '../src/platforms/port.ts'
import type { Db } from '../src/store/connect.ts'
import { contactStore } from '../src/store/contacts.ts'
import { createLock } from '../src/store/lock.ts'
import { metaStore } from '../src/store/meta.ts'
import { peopleStore } from '../src/store/people.ts'
import { personalStore } from '../src/store/personal.ts'
import { standingClock } from './clock.ts'
import { openTestDb } from './db.ts'

let database: { db: Db; stop(): Promise<void> }
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())
beforeEach(() => peopleStore(database.db).model.deleteMany({}))

const member = (userId: string, name: string, more: Partial<Member> = {}): Member => ({
  userId,
  name,
  departments: ['行政部'],
  active: true,
  ...more,
})

function world(yaml = 'name: 示例\n') {
  const lists: { wecom: Member[]; dingtalk: Member[] } = { wecom: [], dingtalk: [] }
  const down = new Set<string>()
  const readings = { now: 0, most: 0 }
  const members = async (name: 'wecom' | 'dingtalk') => {
    if (down.has(name)) throw new Error(`${name} is down`)
    readings.most = Math.max(readings.most, ++readings.now)
    return lists[name]
  }
  const platform = (name: 'wecom' | 'dingtalk') => ({ name, members: () => members(name) }) as unknown as Platform
  const people = peopleStore(database.db)
  const contacts = contactStore(database.db)
  const replica = () =>
    createDirectory({
      people,
      platforms: { wecom: platform('wecom'), dingtalk: platform('dingtalk') },
      company: () => parseCompany(yaml),
      clock: standingClock('2026-11-27T16:00:00+08:00'),
      log: createLog('silent'),
      contacts,
      personal: personalStore(database.db),
      alone: createLock(metaStore(database.db), 'contacts', machineMs).alone,
      afterRead: async () => void readings.now--,
    })
  const directory = replica()
  return {
    lists,
    readings,
    down,
    people,
    contacts,
    replica,
    directory,
    who: (name: string) => people.model.find({ name }).lean(),
  }
}

test('one 工号 on both platforms is one employee', async () => {
  const { lists, people, directory } = world()
  lists.wecom = [member('zhao', '赵敏', { jobNumber: '003', title: '行政人事助理' })]
  lists.dingtalk = [member('d-zhao', '赵敏', { jobNumber: '003' })]
  await directory.refreshAll()
  expect(await people.all()).toMatchObject([
    { name: '赵敏', wecom: 'zhao', dingtalk: 'd-zhao', position: '行政人事助理' },
  ])
})

test('without 工号 the same name in the same department is one employee, two of one name are left apart', async () => {
  const { lists, people, directory } = world()
  lists.wecom = [member('zhao', '赵敏'), member('li1', '李娜'), member('li2', '李娜')]
  lists.dingtalk = [member('d-zhao', '赵敏'), member('d-li', '李娜')]
  await directory.refreshAll()
  const all = await people.all()
  expect(all).toHaveLength(4)
  expect(all.find((p) => p.name === '赵敏')).toMatchObject({ wecom: 'zhao', dingtalk: 'd-zhao' })
})

test('the superior is who the platform says, else the leader of the nearest department that has one', async () => {
  const { lists, directory, who } = world()
  lists.wecom = [
    member('wang', '王总', { departments: ['总经办'], leader: true }),
    member('li', '李经理', { managerUserId: 'wang', leader: true }),
    member('zhao', '赵敏'),
    member('qian', '钱进', { departments: ['行政部', '车队'] }),
    member('sun', '孙立', { managerUserId: 'zhao' }),
  ]
  await directory.refreshAll()
  const [wang] = await who('王总')
  const [li] = await who('李经理')
  const [zhao] = await who('赵敏')
  expect(wang?.managerId).toBeUndefined()
  expect(li?.managerId).toBe(wang?._id)
  expect(zhao?.managerId).toBe(li?._id)
  expect((await who('钱进'))[0]?.managerId).toBe(li?._id)
  expect((await who('孙立'))[0]?.managerId).toBe(zhao?._id)
})

test('who is gone from the last platform has left; who comes back is the same person', async () => {
  const { lists, people, directory, who } = world()
  lists.wecom = [member('li', '李经理'), member('zhao', '赵敏', { jobNumber: '003' })]
  await directory.refreshAll()
  const [before] = await who('赵敏')
  lists.wecom = [member('li', '李经理')]
  await directory.refreshAll()
  expect((await who('赵敏'))[0]).toMatchObject({ active: false, leftOn: '2026-11-27' })
  lists.wecom = [member('li', '李经理'), member('zhao', '赵敏', { jobNumber: '003' })]
  await directory.refreshAll()
  expect((await who('赵敏'))[0]).toMatchObject({ _id: before!._id, active: true })
  expect((await who('赵敏'))[0]?.leftOn).toBeUndefined()
  expect(await people.all()).toHaveLength(2)
})

test('leaving one of two platforms is not leaving the company', async () => {
  const { lists, directory, who } = world()
  lists.wecom = [member('zhao', '赵敏', { jobNumber: '003' })]
  lists.dingtalk = [member('d-zhao', '赵敏', { jobNumber: '003' })]
  await directory.refreshAll()
  await directory.left('dingtalk', 'd-zhao', new Date('2026-11-27T16:00:00+08:00'))
  expect((await who('赵敏'))[0]).toMatchObject({ active: true, wecom: 'zhao' })
  expect((await who('赵敏'))[0]?.dingtalk).toBeUndefined()
})

test('a platform that shows nobody changes nobody', async () => {
  const { lists, directory, who } = world()
  lists.wecom = [member('zhao', '赵敏')]
  await directory.refreshAll()
  lists.wecom = []
  await directory.refreshAll()
  expect((await who('赵敏'))[0]?.active).toBe(true)
})

test('roles, forms of address and nicknames come from the company file', async () => {
  const { lists, directory, who } = world(
    'name: 示例\nroles: { hr: ["003"], gm: [王总] }\npeople:\n  "003": { address: 赵姐, nicknames: [小赵] }\n',
  )
  lists.wecom = [member('wang', '王总'), member('zhao', '赵敏', { jobNumber: '003' })]
  await directory.refreshAll()
  expect((await who('赵敏'))[0]).toMatchObject({ roles: ['hr'], address: '赵姐', nicknames: ['小赵'] })
  expect((await who('王总'))[0]).toMatchObject({ roles: ['gm'] })
})

test('a changed userid is still the same person', async () => {
  const { lists, people, directory } = world()
  lists.wecom = [member('zhao', '赵敏')]
  await directory.refreshAll()
  const [before] = await people.all()
  await directory.renamed('wecom', 'zhao', 'zhaomin')
  lists.wecom = [member('zhaomin', '赵敏')]
  await directory.refreshAll()
  expect(await people.all()).toMatchObject([{ _id: before!._id, wecom: 'zhaomin' }])
})

test('one platform that is down does not keep the other from being read', async () => {
  const { lists, down, people, directory } = world()
  down.add('wecom')
  lists.dingtalk = [member('d-zhao', '赵敏')]
  await expect(directory.refreshAll()).rejects.toThrow('wecom is down')
  expect(await people.all()).toMatchObject([{ name: '赵敏', dingtalk: 'd-zhao' }])
})

test('two who may be one, found on both platforms in the same moment by different replicas: HR is asked', async () => {
  const { lists, readings, people, contacts, directory, replica } = world()
  lists.wecom = [member('zhao', '赵敏')]
  lists.dingtalk = [member('d-zhao', '赵敏')]
  await directory.refreshAll()
  lists.wecom.push(member('wu', '吴静'))
  lists.dingtalk.push(member('d-wu', '吴静', { departments: ['车队'] }))
  await Promise.all([directory.refresh('wecom'), replica().refresh('dingtalk')])
  expect(readings.most).toBe(1)
  const doubts = (await contacts.openDoubts()).filter((d) => d.name === '吴静')
  expect(doubts).toMatchObject([{ candidates: [expect.any(String)] }])
  expect(await people.all()).toHaveLength(3)
})

test('what is changed while the contacts are read stays', async () => {
  const { lists, people, directory, who } = world()
  lists.wecom = [member('zhao', '赵敏')]
  await directory.refreshAll()
  lists.wecom = [member('zhao', '赵敏', { title: '主管' })]
  const { all } = people
  people.all = (async () => {
    const read = await all()
    await people.save({ ...read[0]!, leftOn: '2026-12-31', leftBy: 'roster' })
    return read
  }) as never
  await directory.refreshAll()
  expect(await who('赵敏')).toMatchObject([{ position: '主管', leftOn: '2026-12-31', leftBy: 'roster' }])
})

test('a reading whose process died keeps the next one waiting no longer than its lease', async () => {
  const meta = metaStore(database.db)
  let now = 0
  const { alone } = createLock(meta, 'x', () => now)
  const { alone: again } = createLock(meta, 'x', () => now)
  let die = (_: Error) => {}
  const dead = alone(() => new Promise<void>((_, reject) => (die = reject)))
  await expect.poll(() => meta.get('lock/x')).toBeDefined()
  const order: string[] = []
  const waiting = again(async () => void order.push('taken over'))
  expect(order).toEqual([])
  now = 60_000
  await waiting
  expect(order).toEqual(['taken over'])
  die(new Error('dead'))
  await expect(dead).rejects.toThrow('dead')
})

test('a process that stops waits for no other one’s reading, and leaves none of its own behind', async () => {
  const meta = metaStore(database.db)
  const holder = createLock(meta, 'y', machineMs)
  const waiter = createLock(meta, 'y', machineMs)
  let end = () => {}
  const reading = holder.alone(() => new Promise<void>((done) => (end = done)))
  await expect.poll(() => meta.get('lock/y')).toBeDefined()
  const waiting = [waiter.alone(async () => 'read'), waiter.alone(async () => 'read')].map((w) => w.catch(String))
  await waiter.stop()
  expect(await Promise.all(waiting)).toEqual(Array(2).fill('Error: the service is stopping'))
  await expect(waiter.alone(async () => 'read')).rejects.toThrow('stopping')

  let stopped = false
  const stop = holder.stop().then(() => (stopped = true))
  await new Promise(setImmediate)
  expect(stopped).toBe(false)
  end()
  await Promise.all([reading, stop])
  expect(await meta.get('lock/y')).toBeUndefined()
})

test('what is counted in a rush adds up, in fewer writes', async () => {
  const meta = metaStore(database.db)
  const { updateOne } = meta.model
  let writes = 0
  meta.model.updateOne = ((...args: Parameters<typeof updateOne>) => {
    writes++
    return updateOne.apply(meta.model, args)
  }) as never
  await Promise.all(Array.from({ length: 50 }, (_, i) => meta.add(i % 2 === 0 ? 'even' : 'odd', i)))
  meta.model.updateOne = updateOne
  expect([await meta.get('even'), await meta.get('odd'), writes]).toEqual([600, 625, 2])
})
