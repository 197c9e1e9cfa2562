import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { addMilestone, cancelMilestone, decide, handIn, noteProgress } from '../handlers/milestone/act.ts'
import { milestoneId } from '../handlers/milestone/calendar.ts'
import { milestones } from '../jobs/run-milestones.ts'
import type { Act, Ctx } from '../src/context.ts'
import type { Person } from '../src/store/people.ts'
import { companyOfFive, companyYaml } from './company-of-five.ts'
import { dyingStores, untilItLives } from './dying.ts'
import { type Platforms, readable, startWeekWorld, type WeekWorld } from './week-world.ts'

let world: WeekWorld
afterEach(() => world?.stop())

const people = [
  ...companyOfFive,
  {
    ...{ userId: 'zhou', name: '周华', departments: ['人力资源部'], title: '人力资源专员', jobNumber: '0006' },
    ...{ managerUserId: 'wang', hiredOn: '2018-03-05' },
  },
]
const calendarYaml = `${companyYaml}roles: { hr: ['0006'], gm: ['0001'] }
milestones:
  safety: { title: 年度安全检查总结, due: '12-31', owners: [钱进], accepter: 行政部, handIn: 检查记录和整改情况 }
  training: { title: 提交下月培训计划, due: 5, owners: [各部门], accepter: hr, handIn: 培训计划表 }
  exchange: { title: 管理交流会, due: '2026-12-11', everyWeeks: 2, owners: [赵敏] }
`

async function start(at: string, platforms: Platforms = ['wecom'], yaml = calendarYaml) {
  world = await startWeekWorld({ start: at, platforms, people, yaml })
  const [wang, li, zhao, qian, zhou] = ['wang', 'li', 'zhao', 'qian', 'zhou'].map((id) => world.phone(id)) as Phones
  return { wang, li, zhao, qian, zhou }
}
type Phone = ReturnType<WeekWorld['phone']>
type Phones = [Phone, Phone, Phone, Phone, Phone]
const all = (phone: Phone) => phone.messages().map(readable)
const count = (phone: Phone, words: string) => all(phone).filter((m) => m.includes(words)).length

const ctx = () => world.bot().ctx
let acts = 0
const act = (): Act => ({ id: `test-${acts++}`, at: world.clock.now() })
const person = async (name: string): Promise<Person> => (await ctx().people.active()).find((p) => p.name === name)!
const rowOf = async (rule: string, cycle: string, name: string) =>
  (await ctx().milestones.get(milestoneId(rule, cycle, (await person(name))._id)))!

/** A working day's 09:10, without the days before it. */
async function on(day: string): Promise<void> {
  const slot = `${day}T09:10:00+08:00`
  world.clock.set(slot)
  await milestones.run(new Date(slot), ctx())
  await world.bot().idle()
}

async function change(yaml: string): Promise<void> {
  writeFileSync(join(world.dir, 'company.yaml'), yaml)
  world.bot().reload()
}
const rule = (
  due: string,
  owner: string,
  more = 'accepter: 行政部, handIn: 检查记录',
) => `${companyYaml}roles: { hr: ['0006'], gm: ['0001'] }
milestones:
  fair: { title: 参展方案, due: ${due}, owners: [${owner}], ${more} }
`
/** 赵敏 open 2026-10-16 */
async function rows(): Promise<string[]> {
  const names = new Map((await ctx().people.model.find().lean()).map((p) => [p._id, p.name]))
  return (await ctx().milestones.model.find().lean()).map((r) => `${names.get(r.ownerId)} ${r.state} ${r.due}`).sort()
}

test.each(['wecom', 'dingtalk'] as const)(
  'on %s an owner is reminded, answers in chat, and whoever accepts sends back or accepts with a tap',
  async (platform) => {
    const { li, qian } = await start('2026-12-16T09:00:00+08:00', [platform])
    await on('2026-12-17')
    expect(qian.sees()).toContain('年度安全检查总结')
    expect(qian.sees()).toContain('2026年12月31日（周四），还有14天')
    expect(qian.sees()).toContain('需提交：检查记录和整改情况')
    await qian.tap('填写进展')
    await qian.type('已查完两个库房')
    expect(qian.sees()).toContain('已记录进展')
    for (const day of ['2026-12-18', '2026-12-21', '2026-12-24', '2026-12-28', '2026-12-30', '2026-12-31'])
      await on(day)
    expect(count(qian, '年度安全检查总结')).toBe(5)
    await qian.type('节点')
    await qian.tap('完成')
    expect(qian.sees()).toContain('请发送“检查记录和整改情况”的说明或文件链接')
    await qian.type('https://docs.example.com/safety 共12项')
    expect(qian.sees()).toContain('已提交，已请验收人确认')
    expect(li.sees()).toContain('钱进已提交：年度安全检查总结')
    expect(li.sees()).toContain('https://docs.example.com/safety 共12项')
    await li.tap('退回')
    await li.type('请补充第7项的整改照片')
    expect(li.sees()).toContain('已退回，已告知负责人')
    expect(qian.sees()).toContain('请补充：请补充第7项的整改照片')
    await qian.tap('完成')
    await qian.type('已补充，见原链接')
    await li.tap('通过')
    expect(li.sees()).toContain('已通过')
    expect(qian.sees()).toContain('“年度安全检查总结”已通过验收，辛苦了')
    const row = await rowOf('safety', '2026', '钱进')
    expect(row.state).toBe('accepted')
    expect(row.steps.map((s) => s.kind)).toEqual(['progress', 'handed-in', 'returned', 'handed-in', 'accepted'])
    await on('2027-01-04')
    expect(count(qian, '逾期')).toBe(0)
    await qian.type('节点')
    expect(qian.sees()).toContain('目前没有需要您处理的工作节点')
  },
)

test('what is late is asked for each working day, from the third day with the accepter; a progress stands beside it', async () => {
  const { li, qian } = await start('2026-12-28T09:00:00+08:00')
  for (const day of ['2026-12-28', '2026-12-30', '2026-12-31']) await on(day)
  const before = count(qian, '年度安全检查总结')
  await noteProgress(ctx(), act(), await person('钱进'), (await rowOf('safety', '2026', '钱进'))._id, '还差一个库房')
  // 1 to 3 January are off.
  await on('2027-01-04')
  expect(count(qian, '这个节点已过截止日期')).toBe(1)
  expect(li.sees()).toContain('以下节点已逾期')
  expect(li.sees()).toContain('年度安全检查总结（钱进）：逾期4天；进展：还差一个库房')
  await on('2027-01-05')
  expect(count(qian, '年度安全检查总结')).toBe(before + 2)
  expect(count(li, '以下节点已逾期')).toBe(2)
  // Two that are late are one message.
  const [hr, q] = [await person('周华'), await person('钱进')]
  const more = { title: '车辆年检', owner: q, due: '2027-01-05', handIn: '年检凭证' }
  expect(await addMilestone(ctx(), act(), hr, more)).toBe('added')
  await on('2027-01-06')
  expect(qian.sees()).toContain('有2个工作节点已过截止日期')
  expect(qian.sees()).toContain('· 车辆年检：2027年1月5日（周二），逾期1天')
  expect(count(qian, '年度安全检查总结')).toBe(before + 3)
})

test('each department’s head has their own; a meeting is only told; who means nobody is told to HR once', async () => {
  const more = `${calendarYaml}  audit: { title: 外部审计配合, due: '12-15', owners: [财务部], handIn: 资料清单 }\n`
  const { wang, li, zhao, zhou } = await start('2026-12-02T09:00:00+08:00', ['wecom'], more)
  await on('2026-12-03')
  // 5 December is a Saturday.
  expect(li.sees()).toContain('提交下月培训计划')
  expect(li.sees()).toContain('2026年12月4日（周五），还有1天')
  expect(li.sees()).toContain('因休息日由12月5日提前')
  // HR does not accept their own: their superior does.
  expect(count(zhou, '提交下月培训计划')).toBe(1)
  expect(await rowOf('training', '2026-12', '周华')).toMatchObject({ accepterId: (await person('王建国'))._id })
  expect(await rowOf('training', '2026-12', '李静')).toMatchObject({ accepterId: (await person('周华'))._id })
  expect(count(wang, '提交下月培训计划')).toBe(1)
  expect(count(zhou, '工作节点“外部审计配合”（2026年12月15日（周二）到期）设置中的“财务部”没有对应到在职人员')).toBe(1)
  for (const day of ['2026-12-04', '2026-12-10', '2026-12-11']) await on(day)
  expect(count(zhao, '管理交流会')).toBe(2)
  expect(zhao.sees()).toContain('请按时参加或完成')
  expect(count(zhou, '外部审计配合')).toBe(1)
  await on('2026-12-14')
  expect(await rowOf('exchange', '2026-12-11', '赵敏')).toMatchObject({ state: 'past' })
})

test('a changed calendar changes what is open: the day, the owner, or that there is none', async () => {
  const { qian } = await start('2026-12-16T09:00:00+08:00')
  await on('2026-12-17')
  await noteProgress(ctx(), act(), await person('钱进'), (await rowOf('safety', '2026', '钱进'))._id, '查了一半')
  await change(calendarYaml.replace("'12-31'", "'12-25'"))
  await on('2026-12-18')
  expect(await rowOf('safety', '2026', '钱进')).toMatchObject({ due: '2026-12-25', state: 'open' })
  expect(qian.sees()).toContain('2026年12月25日（周五），还有7天')
  await change(calendarYaml.replace('owners: [钱进]', 'owners: [孙立]'))
  await on('2026-12-21')
  expect(await rowOf('safety', '2026', '钱进')).toMatchObject({ state: 'cancelled', cancelled: { by: 'system' } })
  expect(await rowOf('safety', '2026', '孙立')).toMatchObject({ state: 'open', due: '2026-12-31' })
  await change(companyYaml)
  await on('2026-12-22')
  expect(await ctx().milestones.underWay()).toEqual([])
  // A mistake that is mended: all goes on, also what was overdue meanwhile and what was written about it.
  await change(calendarYaml)
  await on('2027-01-05')
  const again = await rowOf('safety', '2026', '钱进')
  expect(again).toMatchObject({ state: 'open', due: '2026-12-31', steps: [{ words: '查了一半' }] })
  expect([again.cancelled, again.overAt]).toEqual([undefined, undefined])
  expect(await rowOf('safety', '2026', '孙立')).toMatchObject({ state: 'cancelled' })
  // What HR cancelled stays cancelled.
  await cancelMilestone(ctx(), act(), await person('周华'), again._id, '并入明年')
  await on('2027-01-06')
  expect((await rowOf('safety', '2026', '钱进')).state).toBe('cancelled')
})

test('what is open, late too, goes with its steps to whoever comes in its owner’s place; what is handed in stays', async () => {
  const { li, qian } = await start('2026-10-08T09:00:00+08:00', ['wecom'], rule("'10-16'", '钱进'))
  const sun = world.phone('sun')
  for (const day of ['2026-10-08', '2026-10-16']) await on(day)
  const [q, s, l] = await Promise.all(['钱进', '孙立', '李静'].map(person))
  const id = milestoneId('fair', '2026', q!._id)
  await noteProgress(ctx(), act(), q!, id, '展位已订')
  await on('2026-10-19')
  await change(rule("'10-16'", '孙立'))
  const before = [count(qian, '参展方案'), count(sun, '参展方案')]
  await on('2026-10-20')
  expect(await rows()).toEqual(['孙立 open 2026-10-16', '钱进 cancelled 2026-10-16'])
  expect((await rowOf('fair', '2026', '孙立')).steps).toMatchObject([{ by: q!._id, words: '展位已订' }])
  expect(qian.sees()).toContain('工作节点“参展方案”已改由孙立负责，您不需要再处理')
  expect(sun.sees()).toContain('这个节点改由您负责，已有的进展和提交记录请打开页面查看')
  await on('2026-10-21')
  expect(sun.sees()).toContain('这个节点已过截止日期')
  expect([count(qian, '参展方案'), count(sun, '参展方案')]).toEqual([before[0]! + 1, before[1]! + 2])
  // Handed in: whoever comes next has nothing to do, unless it is sent back.
  const now = milestoneId('fair', '2026', s!._id)
  expect(await handIn(ctx(), act(), s!, now, '方案见附件')).toBe('done')
  await change(rule("'10-16'", '赵敏'))
  await on('2026-10-22')
  expect(await rows()).toEqual(['孙立 handed-in 2026-10-16', '钱进 cancelled 2026-10-16'])
  expect(await decide(ctx(), act(), l!, now, 1, false, '请写明预算')).toBe('done')
  await on('2026-10-23')
  const taken = await rowOf('fair', '2026', '赵敏')
  expect([taken.state, taken.steps.map((x) => x.words)]).toEqual(['open', ['展位已订', '方案见附件', '请写明预算']])
  expect(await handIn(ctx(), act(), await person('赵敏'), taken._id, '已补充')).toBe('done')
  await world.bot().idle()
  await li.tap('通过')
  // Done is done for this year, whoever it is asked of.
  await change(rule("'10-16'", '钱进'))
  await on('2026-10-26')
  expect(await rows()).toEqual([
    ...['孙立 cancelled 2026-10-16', '赵敏 accepted 2026-10-16', '钱进 cancelled 2026-10-16'],
  ])
})

test('a row that cannot be read does not stop the others, and the day’s run is tried again', async () => {
  const { qian } = await start('2026-12-16T09:00:00+08:00')
  await ctx().milestones.change('once:broken', 'broken', (row) => ({
    row: { ...row, title: '坏了', ownerId: 'nobody', planned: '2026-13-40', due: '2026-13-40', handIn: '附件' },
    outcome: null,
  }))
  await ctx().people.save({ ...(await person('孙立')), _id: 'nobody', wecom: 'nobody', name: '某人' })
  const slot = new Date('2026-12-17T09:10:00+08:00')
  world.clock.set(slot.toISOString())
  await expect(milestones.run(slot, ctx())).rejects.toThrow('parts failed')
  await world.bot().idle()
  expect(count(qian, '年度安全检查总结')).toBe(1)
})

test('a process that dies while what is late goes to somebody else: it goes whole, and both are told once', async () => {
  await start('2026-10-08T09:00:00+08:00', ['wecom'], rule("'10-16'", '钱进'))
  await on('2026-10-08')
  const [q, s] = [await person('钱进'), await person('孙立')]
  await noteProgress(ctx(), act(), q, milestoneId('fair', '2026', q._id), '展位已订')
  await change(rule("'10-16'", '孙立'))
  world.clock.set('2026-10-20T09:10:00+08:00')
  const day = (n: number) =>
    milestones.run(new Date('2026-10-20T09:10:00+08:00'), dyingStores(ctx(), ['milestones', 'outbox'], n))
  expect(await untilItLives(day)).toBeGreaterThan(1)
  expect(await rows()).toEqual(['孙立 open 2026-10-16', '钱进 cancelled 2026-10-16'])
  expect((await rowOf('fair', '2026', '孙立')).steps).toMatchObject([{ words: '展位已订' }])
  const told = await ctx()
    .outbox.model.find({ _id: { $gte: 'milestone-moved/', $lt: 'milestone-moved/~' } })
    .lean()
  expect(told.map((r) => r.to).sort()).toEqual([q._id, s._id].sort())
})

test('a department’s own goes to its new head; what nobody does any more is told to HR, late too, and goes on', async () => {
  const gm = 'accepter: gm, handIn: 检查记录'
  const { qian, zhou } = await start('2026-10-08T09:00:00+08:00', ['wecom'], rule("'10-16'", '钱进, 各部门', gm))
  const sun = world.phone('sun')
  for (const day of ['2026-10-08', '2026-10-16', '2026-10-19']) await on(day)
  const [q, l] = [await person('钱进'), await person('李静')]
  expect(await ctx().milestones.underWay()).toHaveLength(4)
  await ctx().people.save({ ...q, active: false, leftOn: '2026-10-19' })
  const before = [count(qian, '参展方案'), count(zhou, '没有对应到在职人员')]
  for (const day of ['2026-10-20', '2026-10-21']) await on(day)
  expect([count(qian, '参展方案'), count(zhou, '没有对应到在职人员')]).toEqual([before[0], before[1]! + 1])
  expect(count(zhou, '工作节点“参展方案”（2026年10月16日（周五）到期）设置中的“钱进”没有对应到在职人员')).toBe(1)
  expect(await rows()).toContain('钱进 open 2026-10-16')
  // Another name that is missing is told as well, and a new head has what the old one had.
  for (const name of ['赵敏', '孙立']) {
    const p = await person(name)
    await ctx().people.save({ ...p, managerId: name === '赵敏' ? l.managerId! : (await person('赵敏'))._id })
  }
  await ctx().people.save({ ...l, departments: ['总经办'] })
  await change(rule("'10-16'", '孙立, 各部门, 财务部', gm))
  await on('2026-10-22')
  expect(sun.sees()).toContain('这个节点改由您负责')
  expect(await rowOf('fair', '2026', '孙立')).toMatchObject({ state: 'open', takenFrom: { ownerId: q._id } })
  expect(await rowOf('fair', '2026', '赵敏')).toMatchObject({ state: 'open', takenFrom: { ownerId: l._id } })
  expect(await rowOf('fair', '2026', '李静')).toMatchObject({ state: 'cancelled', cancelled: { reason: '已转给赵敏' } })
  expect(count(zhou, '设置中的“财务部”没有对应到在职人员')).toBe(1)
  // Of a department without a head it stays where it is, and HR hears of it.
  await ctx().people.save({ ...(await person('赵敏')), active: false, leftOn: '2026-10-22' })
  for (const name of ['孙立', '李静', '钱进'])
    await ctx().people.save({ ...(await person(name)), departments: ['行政部'], managerId: l.managerId! })
  await on('2026-10-23')
  expect(await rows()).toContain('赵敏 open 2026-10-16')
  expect(count(zhou, '工作节点“参展方案”（2026年10月16日（周五）到期）负责人已离职')).toBe(1)
})

test('a day that is moved takes what was done along, however far it is moved; a later one of the same rule is new', async () => {
  const { qian } = await start('2026-10-08T09:00:00+08:00', ['wecom'], rule("'2026-10-23'", '钱进'))
  for (const day of ['2026-10-08', '2026-10-09']) await on(day)
  const q = await person('钱进')
  const id = milestoneId('fair', '2026-10-23', q._id)
  await noteProgress(ctx(), act(), q, id, '展位已订')
  await change(rule("'2026-12-18'", '钱进'))
  await on('2026-10-12')
  expect(await rows()).toEqual(['钱进 open 2026-12-18'])
  const before = count(qian, '参展方案')
  for (const day of ['2026-10-16', '2026-10-23', '2026-10-26']) await on(day)
  expect(count(qian, '参展方案')).toBe(before)
  expect(await handIn(ctx(), act(), q, id, '方案见附件')).toBe('done')
  await change(rule("'2026-12-21'", '钱进'))
  await on('2026-12-14')
  expect(await rows()).toEqual(['钱进 handed-in 2026-12-18'])
  expect(await decide(ctx(), act(), await person('李静'), id, 1, true, '')).toBe('done')
  await change(rule("'2026-12-24'", '钱进'))
  await on('2026-12-21')
  expect(await rows()).toEqual(['钱进 accepted 2026-12-18'])
  await change(rule("'2027-12-17'", '钱进'))
  await on('2027-12-06')
  expect(await rows()).toEqual(['钱进 accepted 2026-12-18', '钱进 open 2027-12-17'])
})

test('what is late for months still follows the settings; a year’s day moved back into the past is next year’s', async () => {
  const { qian } = await start('2026-08-27T09:00:00+08:00', ['wecom'], rule("'08-31'", '钱进'))
  await on('2026-08-28')
  await change(rule("'08-31'", '钱进', 'handIn: 检查记录和照片'))
  await on('2026-11-09')
  const row = await rowOf('fair', '2026', '钱进')
  expect([row.state, row.handIn, row.accepterId]).toEqual(['open', '检查记录和照片', undefined])
  expect(qian.sees()).toContain('逾期70天')
  await change(rule("'03-31'", '钱进', 'handIn: 检查记录和照片'))
  await on('2026-11-10')
  expect(await rows()).toEqual(['钱进 cancelled 2026-08-31'])
})

test('a meeting that is moved after it was over is told again; one whose accepter has left is HR’s', async () => {
  const { zhao, zhou } = await start(
    '2026-12-03T09:00:00+08:00',
    ['wecom'],
    rule("'2026-12-04'", '赵敏', 'whenOff: stay'),
  )
  for (const day of ['2026-12-03', '2026-12-04', '2026-12-07']) await on(day)
  expect(await rows()).toEqual(['赵敏 past 2026-12-04'])
  await change(rule("'2026-12-11'", '赵敏', 'whenOff: stay'))
  await on('2026-12-08')
  await on('2026-12-10')
  expect(zhao.sees()).toContain('2026年12月11日（周五），还有1天')
  expect(await rows()).toEqual(['赵敏 open 2026-12-11'])
  await change(rule("'12-18'", '赵敏', 'accepter: 李静, handIn: 检查记录'))
  await on('2026-12-11')
  const l = await person('李静')
  await ctx().people.save({ ...l, active: false, leftOn: '2026-12-11' })
  await on('2026-12-14')
  expect(zhou.sees()).toContain('“李静”没有对应到在职人员')
  const { _id: id, accepterId } = await rowOf('fair', '2026', '赵敏')
  expect(accepterId).toBe(l._id)
  expect(await handIn(ctx(), act(), await person('赵敏'), id, '见附件')).toBe('done')
  expect(await decide(ctx(), act(), await person('周华'), id, 0, true, '')).toBe('done')
})

test('a reminder whose day was missed comes on the next one, once; a day’s reminder does not come beside the next day’s', async () => {
  const { zhao, qian } = await start('2026-12-16T09:00:00+08:00')
  await on('2026-12-18')
  expect(count(qian, '还有13天')).toBe(1)
  await on('2026-12-21')
  expect(count(qian, '年度安全检查总结')).toBe(1)
  // What HR adds is told when it is added.
  const m = { title: '整理年度档案', owner: await person('赵敏'), due: '2026-12-27', handIn: '档案目录' }
  expect(await addMilestone(ctx(), act(), await person('周华'), m)).toBe('added')
  await on('2026-12-22')
  expect(count(zhao, '整理年度档案')).toBe(1)
  await on('2026-12-24')
  expect(count(zhao, '整理年度档案')).toBe(2)
  // Night and the day's cap hold back what is sent; here the outbox is not run for two days.
  const late = async (day: string) => {
    world.clock.set(`${day}T09:10:00+08:00`)
    await milestones.run(new Date(`${day}T09:10:00+08:00`), { ...ctx(), outbox: { ...ctx().outbox, add: keep } })
  }
  const kept: Parameters<Ctx['outbox']['add']>[0] = []
  const keep: Ctx['outbox']['add'] = async (adds) => void kept.push(...adds)
  for (const day of ['2027-01-04', '2027-01-05', '2027-01-06']) await late(day)
  const before = count(qian, '这个节点已过截止日期')
  await ctx().outbox.add(kept)
  await world.bot().idle()
  expect(count(qian, '这个节点已过截止日期')).toBe(before + 1)
})

test('what was handed in again is decided on only by who has it before them', async () => {
  const { li, qian } = await start('2026-12-16T09:00:00+08:00')
  await on('2026-12-17')
  const [q, l] = [await person('钱进'), await person('李静')]
  const id = milestoneId('safety', '2026', q._id)
  // At night: nothing is sent before the morning.
  world.clock.set('2026-12-17T22:30:00+08:00')
  expect(await handIn(ctx(), act(), q, id, '第一稿')).toBe('done')
  world.clock.set('2026-12-17T23:00:00+08:00')
  expect(await decide(ctx(), act(), l, id, 0, false, '请补充照片')).toBe('done')
  world.clock.set('2026-12-17T23:30:00+08:00')
  expect(await handIn(ctx(), act(), q, id, '第二稿')).toBe('done')
  expect(await decide(ctx(), act(), l, id, 0, true, '')).toBe('changed')
  await world.go('2026-12-18T08:31:00+08:00')
  expect(all(li).filter((m) => m.includes('钱进已提交'))).toEqual([expect.stringContaining('第二稿')])
  await li.tap('退回')
  // Taken back and handed in again on the page while the accepter is writing.
  expect(await decide(ctx(), act(), l, id, 2, false, '请先补充')).toBe('done')
  expect(await handIn(ctx(), act(), q, id, '第三稿')).toBe('done')
  await world.bot().idle()
  await li.type('照片不清楚')
  expect(li.sees()).toContain('负责人已重新提交，请查看最新提交的内容')
  expect(all(qian).filter((m) => m.includes('照片不清楚'))).toEqual([])
  await li.tap('通过')
  expect((await rowOf('safety', '2026', '钱进')).steps.map((s) => s.words)).toEqual([
    ...['第一稿', '请补充照片', '第二稿', '请先补充', '第三稿', ''],
  ])
})

test('HR adds and cancels; who may do what, each once', async () => {
  const { zhao } = await start('2026-12-16T09:00:00+08:00')
  const [z, l, q, w, hr] = await Promise.all(['赵敏', '李静', '钱进', '王建国', '周华'].map(person))
  const m = { title: '整理年度档案', owner: z!, accepter: l!, due: '2026-12-30', handIn: '档案目录' }
  expect(await addMilestone(ctx(), act(), l!, m)).toBe('not-allowed')
  expect(await addMilestone(ctx(), act(), hr!, { ...m, due: '2026-12-15' })).toBe('past')
  expect(await addMilestone(ctx(), act(), hr!, { ...m, accepter: z! })).toBe('own')
  expect(await addMilestone(ctx(), act(), hr!, { ...m, handIn: '' })).toBe('no-hand-in')
  const once = act()
  for (let i = 0; i < 2; i++) expect(await addMilestone(ctx(), once, hr!, m)).toBe('added')
  await world.bot().idle()
  expect(count(zhao, '人力资源为您新增了一个工作节点')).toBe(1)
  const [row] = await ctx().milestones.owedBy(z!._id)
  const id = row!._id
  for (const by of [l!, q!, hr!]) {
    expect(await noteProgress(ctx(), act(), by, id, '进展')).toBe('not-allowed')
    expect(await handIn(ctx(), act(), by, id, '完成')).toBe('not-allowed')
  }
  expect(await decide(ctx(), act(), l!, id, 0, true, '')).toBe('over')
  expect(await handIn(ctx(), act(), z!, id, '目录见附件')).toBe('done')
  expect(await handIn(ctx(), act(), z!, id, '目录见附件')).toBe('over')
  for (const by of [z!, q!, w!, hr!]) expect(await decide(ctx(), act(), by, id, 0, true, '')).toBe('not-allowed')
  // HR stands in for an accepter who has left.
  await ctx().people.save({ ...l!, active: false, leftOn: '2026-12-16' })
  expect(await decide(ctx(), act(), hr!, id, 0, false, '请补充2024年')).toBe('done')
  expect(await cancelMilestone(ctx(), act(), z!, id, '不需要')).toBe('not-allowed')
  expect(await cancelMilestone(ctx(), act(), hr!, id, '并入明年')).toBe('done')
  await world.bot().idle()
  expect(zhao.sees()).toContain('“整理年度档案”已取消：并入明年')
  expect(await cancelMilestone(ctx(), act(), hr!, id, '并入明年')).toBe('over')
})

test('a process that dies anywhere in the day’s work or in a step, and the same again: done once, told once', async () => {
  await start('2026-12-16T09:00:00+08:00')
  const [q, l] = [await person('钱进'), await person('李静')]
  const id = milestoneId('safety', '2026', q._id)
  world.clock.set('2026-12-17T09:10:00+08:00')
  const steps: [what: string, step: (c: Ctx, a: Act) => Promise<unknown>][] = [
    [`milestone-due/${id}/`, (c) => milestones.run(new Date('2026-12-17T09:10:00+08:00'), c)],
    [`milestone-handed-in/${id}/`, (c, a) => handIn(c, a, q, id, '见附件')],
    [`milestone-decided/${id}/`, (c, a) => decide(c, a, l, id, 0, true, '')],
  ]
  for (const [told, step] of steps) {
    const a = act()
    const deaths = await untilItLives((n) => step(dyingStores(ctx(), ['milestones', 'outbox'], n), a))
    const keys = await ctx().outbox.model.countDocuments({ _id: { $gte: told, $lt: `${told}~` } })
    expect([told, deaths > 0, keys]).toEqual([told, true, 1])
  }
  expect((await ctx().milestones.get(id))?.steps.map((s) => s.kind)).toEqual(['handed-in', 'accepted'])
})
