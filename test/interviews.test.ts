import { afterEach, expect, test } from 'vitest'
import { agreeTime, proposeTime } from '../handlers/interview/arrange.ts'
import { openInterviews } from '../handlers/interview/open.ts'
import {
  addPlanNote,
  confirmRecord,
  decideReview,
  reviewPlan,
  type WrittenRecord,
  waiveInterview,
  writeRecord,
} from '../handlers/interview/record.ts'
import { chains, runningInterviews } from '../handlers/interview/view.ts'
import { interviews } from '../jobs/run-interviews.ts'
import type { Act, Ctx } from '../src/context.ts'
import { interviewId } from '../src/store/interviews.ts'
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
const yaml = `${companyYaml}roles: { hr: ['0006'] }\n`

async function start(at: string, platforms: Platforms = ['wecom'], more = '') {
  world = await startWeekWorld({ start: at, platforms, people, yaml: yaml + more })
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
async function person(name: string): Promise<Person> {
  return (await ctx().people.active()).find((p) => p.name === name)!
}
const rowOf = async (name: string, period: string) =>
  (await ctx().interviews.get(interviewId((await person(name))._id, period)))!

/** A working day's 09:20, without the days before it. */
async function on(day: string): Promise<void> {
  const slot = `${day}T09:20:00+08:00`
  world.clock.set(slot)
  await interviews.run(new Date(slot), ctx())
  await world.bot().idle()
}

const written: WrittenRecord = {
  heldOn: '2026-10-12',
  good: '合同归档零差错',
  improve: '周计划提交偏晚',
  employee: '希望参加培训',
}
const plan = {
  items: [
    {
      ...{ goal: '周计划按时提交', measure: '每周五下午先写初稿', standard: '连续12周不晚于周六12:00' },
      ...{ resources: '每周五留出半小时', by: '2027-01-31', training: true },
    },
  ],
  reviewOn: '2027-05-12',
}

async function published(name: string, month: string, grades: string[]): Promise<void> {
  const { _id } = await person(name)
  const version = (grade: string, n: number) => ({
    ...{ version: n + 1, by: 'system', at: new Date(), why: '首次发布', hash: '' },
    result: { grade, shownTotal: grade === 'D' ? '55.00' : '85.00' },
  })
  await ctx().results.model.deleteOne({ _id: `${_id}/${month}` })
  await ctx().results.model.collection.insertOne({
    ...{ _id: `${_id}/${month}`, personId: _id, month, name, jobNumber: '', department: '', judgeId: '' },
    ...{ state: 'published', draft: {}, hash: '', seen: [], acknowledged: [], sent: [], rev: 1, applied: [] },
    versions: grades.map(version),
  } as never)
}

test.each(['wecom', 'dingtalk'] as const)(
  'on %s a quarter’s interviews are proposed, arranged by both sides in chat, recorded and confirmed',
  async (platform) => {
    const { wang, li, zhao, qian, zhou } = await start('2026-10-08T09:19:00+08:00', [platform])
    // In use since September.
    ctx().firstWeek = '2026-W38'
    // The first working day after the holidays.
    await world.go('2026-10-08T09:20:00+08:00')
    // The general manager's stand-in holds his.
    expect(li.sees()).toMatch(/待约时间（3）：(?:王建国|赵敏|钱进)、/)
    expect(qian.sees()).toContain('待约时间（1）：孙立')
    expect(wang.sees()).toMatch(/待约时间（2）：(?:李静、周华|周华、李静)/)
    expect(zhou.sees()).toContain('2026年第三季度：6人中已面谈0人')

    for (const [said, answer] of [
      ['约面谈', '请写明姓名、哪天和几点'],
      ['约面谈 张无忌 周五下午3点', '没有找到“张无忌”'],
      ['约面谈 孙立 昨天', '请写明姓名、哪天和几点'],
      ['约面谈 赵敏 2027年9月1日9:00', '请约在三个月以内的时间'],
      ['约面谈 赵敏 今天9:00', '这个时间已经过去了'],
      // Points make it an item of a plan.
      ['约谈 供应商 20分', '请选择是哪一周'],
    ] as const) {
      await li.type(said)
      expect(li.sees()).toContain(answer)
    }
    await qian.type('约面谈 赵敏 周五下午3点')
    expect(qian.sees()).toContain('赵敏的绩效面谈由其上级安排')
    // Another appointment is no answer to the question about the first: nobody hears of somebody else's.
    await li.type('约面谈 赵敏')
    expect(li.sees()).toContain('请回复您方便的时间和地点')
    const heard = zhao.messages().length
    await li.type('约面谈 钱进 周五下午4点 二楼会议室')
    expect(all(li).at(-2)).toContain('刚才等您回复的一项已取消，没有提交')
    expect(li.sees()).toContain('已请钱进确认：10月9日（周五）16:00，二楼会议室')
    await li.type('周五下午3点')
    expect(zhao.messages()).toHaveLength(heard)
    await li.type('约面谈 赵敏 周五下午3点 三楼会议室')
    expect(li.sees()).toContain('已请赵敏确认：10月9日（周五）15:00，三楼会议室')
    expect(zhao.sees()).toContain('李静约您绩效面谈')
    expect(zhao.sees()).toContain('10月9日（周五）15:00，三楼会议室')
    await zhao.tap('换个时间')
    await zhao.type('都行')
    expect(zhao.sees()).toContain('没有看懂时间')
    await zhao.type('下周一上午10点 三楼会议室')
    expect(zhao.sees()).toContain('已请李静确认：10月12日（周一）10:00，三楼会议室')
    expect(li.sees()).toContain('赵敏希望的面谈时间')
    await li.tap('可以')
    expect(li.sees()).toContain('已同意')
    expect(zhao.sees()).toContain('李静已确认绩效面谈时间：10月12日（周一）10:00，三楼会议室')

    // 10 October is a working Saturday, the last working day before.
    await on('2026-10-10')
    expect(count(zhao, '与李静的绩效面谈')).toBe(1)
    expect(count(li, '与赵敏的绩效面谈')).toBe(1)
    await on('2026-10-13')
    expect(count(zhao, '与李静的绩效面谈')).toBe(1)
    expect(count(li, '待填写记录（1）：赵敏')).toBe(1)
    const [zhaoPerson, liPerson] = [await person('赵敏'), await person('李静')]
    const { rev } = await rowOf('赵敏', '2026-Q3')
    expect(await writeRecord(ctx(), act(), liPerson, zhaoPerson, '2026-Q3', written, false, rev)).toEqual({
      ...{ kind: 'kept', waitsFor: 'employee' },
    })
    await world.bot().idle()
    expect(zhao.sees()).toContain('请确认绩效面谈记录')
    expect(zhao.sees()).not.toContain('零差错')
    await on('2026-10-15')
    expect(count(zhao, '请确认绩效面谈记录')).toBe(2)
    expect(await confirmRecord(ctx(), act(), zhaoPerson, '2026-Q3', 1)).toBe('done')
    await world.bot().idle()
    expect(li.sees()).toContain('赵敏已确认绩效面谈记录')
    await on('2026-10-19')
    expect(count(zhou, '6人中已面谈1人')).toBe(1)
    expect(all(li).findLast((m) => m.includes('绩效面谈待办'))).not.toContain('赵敏')
    await zhao.type('面谈')
    expect(zhao.sees()).toContain('目前没有绩效面谈')
  },
)

test('after the lowest grade: interview, plan, both confirm, progress each month, review', async () => {
  const { li, zhao, zhou } = await start('2026-10-11T10:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  await published('钱进', '2026-09', ['D', 'B'])
  await on('2026-10-12')
  expect(li.sees()).toContain('待约时间（1）：赵敏')
  const [zhaoPerson, liPerson, hr] = [await person('赵敏'), await person('李静'), await person('周华')]
  const write = async (w: WrittenRecord, unusual = false) =>
    writeRecord(ctx(), act(), liPerson, zhaoPerson, '2026-09', w, unusual, (await rowOf('赵敏', '2026-09')).rev)
  expect(await write(written)).toEqual({ kind: 'needs-plan' })
  const vague = { ...plan, items: [{ ...plan.items[0]!, standard: '更好' }] }
  expect(await write({ ...written, plan: vague })).toMatchObject({ kind: 'gaps', gaps: [{ item: 0 }] })
  expect((await rowOf('赵敏', '2026-09')).record).toBeUndefined()
  expect(await write({ ...written, plan })).toEqual({ kind: 'kept', waitsFor: 'employee' })
  await world.bot().idle()
  expect(zhao.sees()).toContain('李静已写好面谈记录和改进计划')

  // Seen differently: written anew, and only that can be confirmed.
  expect(await confirmRecord(ctx(), act(), zhaoPerson, '2026-09', 1, '三次晚交是因为出差')).toBe('done')
  await world.bot().idle()
  expect(li.sees()).toContain('赵敏的面谈记录请您修改')
  expect(await write({ ...written, improve: '出差时的周计划', plan })).toMatchObject({ kind: 'kept' })
  expect(await confirmRecord(ctx(), act(), zhaoPerson, '2026-09', 1)).toBe('changed')
  expect(await confirmRecord(ctx(), act(), zhaoPerson, '2026-09', 2)).toBe('done')
  await world.bot().idle()
  expect(li.sees()).toContain('改进计划已生效，2027年5月12日复核')
  // Frozen.
  expect(await write({ ...written, plan })).toEqual({ kind: 'over' })
  expect(await chains(ctx(), world.clock.now())).toMatchObject([
    {
      ...{ state: 'improving', months: ['2026-09'], withoutTraining: false },
      steps: ['10月12日已面谈', '10月12日双方确认', '改进计划1项，含培训', '2027年5月12日复核'],
    },
  ])

  // A second low month belongs to the same chain.
  await published('赵敏', '2026-10', ['D'])
  await on('2026-11-12')
  expect(zhao.sees()).toContain('改进计划进展')
  expect(zhao.sees()).toContain('1. 周计划按时提交（1月31日前）')
  await zhao.tap('填写进展')
  await zhao.type('已经连续四周按时')
  expect(zhao.sees()).toContain('已记录并转给对方')
  expect(li.sees()).toContain('赵敏的改进进展')
  expect(li.sees()).toContain('已经连续四周按时')
  await li.tap('回复')
  await li.type('很好，继续保持')
  expect(zhao.sees()).toContain('李静回复了您的改进进展')
  expect(zhao.sees()).toContain('很好，继续保持')
  expect(await ctx().interviews.model.countDocuments({ personId: zhaoPerson._id })).toBe(1)

  expect(await reviewPlan(ctx(), act(), liPerson, zhaoPerson, '2026-09', ['done'], '')).toBe('over')
  await on('2027-05-12')
  expect(count(li, '改进计划待复核（1）：赵敏')).toBe(1)
  expect(await reviewPlan(ctx(), act(), liPerson, zhaoPerson, '2026-09', ['done'], '进步明显')).toBe('done')
  await world.bot().idle()
  expect(zhao.sees()).toContain('各项都已完成，祝贺您的进步')
  expect(await rowOf('赵敏', '2026-09')).toMatchObject({ over: true, evaluation: { outcomes: ['done'] } })
  expect(hr.roles).toContain('hr')
  expect(count(zhou, '绩效面谈进展')).toBeGreaterThan(0)
  // The lowest grade stands in no chat.
  for (const phone of [li, zhao, zhou]) expect(all(phone).join()).not.toMatch(/55|等级D|D级/)
})

test('a correction that lifts the grade ends what was not held; one that lowers it again begins it anew', async () => {
  const { li } = await start('2026-10-11T10:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  await on('2026-10-12')
  expect((await rowOf('赵敏', '2026-09')).over).toBe(false)
  await published('赵敏', '2026-09', ['D', 'C'])
  await on('2026-10-13')
  expect(await rowOf('赵敏', '2026-09')).toMatchObject({ gone: true, over: true })
  await published('赵敏', '2026-09', ['D', 'C', 'D'])
  await on('2026-10-14')
  expect(await rowOf('赵敏', '2026-09')).toMatchObject({ gone: false, over: false })
  expect(count(li, '待约时间')).toBeGreaterThan(0)
})

test('a low month belongs to the chain that was under way when it was published, and begins its own after that', async () => {
  await start('2026-10-14T09:00:00+08:00')
  const [zhao, hr] = [await person('赵敏'), await person('周华')]
  const waive = (period: string) => waiveInterview(ctx(), act(), hr, zhao, period, '住院')
  await published('赵敏', '2026-09', ['D'])
  await on('2026-10-15')
  // Over before the next one is published.
  expect(await waive('2026-09')).toBe('done')
  await published('赵敏', '2026-10', ['D'])
  await on('2026-11-10')
  expect(await rowOf('赵敏', '2026-10')).toMatchObject({ openedOn: '2026-11-10', over: false })
  // Published while that one is under way: part of it, whatever becomes of it.
  await published('赵敏', '2026-11', ['D'])
  await on('2026-12-08')
  expect(await rowOf('赵敏', '2026-10')).toMatchObject({ absorbed: ['2026-11'] })
  expect(await waive('2026-10')).toBe('done')
  for (const day of ['2026-12-09', '2027-01-04', '2027-02-01']) await on(day)
  expect((await rowOf('赵敏', '2026-11')).openedOn).toBe('')
  // The first was a mistake: what is still low stands by itself.
  await published('钱进', '2026-12', ['D'])
  await on('2027-02-02')
  await published('钱进', '2027-01', ['D'])
  await on('2027-02-08')
  expect(await rowOf('钱进', '2026-12')).toMatchObject({ absorbed: ['2027-01'] })
  await published('钱进', '2026-12', ['D', 'B'])
  await on('2027-02-09')
  expect(await rowOf('钱进', '2026-12')).toMatchObject({ gone: true })
  expect(await rowOf('钱进', '2027-01')).toMatchObject({ openedOn: '2027-02-09', over: false })
})

test('nobody is asked for two: the one about the month stands for the quarter’s, with the time that was agreed', async () => {
  const { li, zhao, qian } = await start('2026-10-08T09:00:00+08:00')
  ctx().firstWeek = '2026-W30'
  await published('赵敏', '2026-08', ['D'])
  await on('2026-10-08')
  const periods = async (name: string) =>
    (await ctx().interviews.runningOf([(await person(name))._id])).map((r) => r.period)
  expect([await periods('赵敏'), await periods('钱进')]).toEqual([['2026-08'], ['2026-Q3']])
  await li.type('约面谈 钱进 10月13日下午3点 会议室')
  await li.type('约面谈 赵敏 10月9日上午9点半')
  await qian.tap('可以')
  await li.type('约面谈 钱进 10月14日下午3点 会议室')
  await published('钱进', '2026-09', ['D'])
  await on('2026-10-12')
  expect(await periods('钱进')).toEqual(['2026-09'])
  expect(await rowOf('钱进', '2026-09')).toMatchObject({ appointment: { round: 2, agreed: false, place: '会议室' } })
  // What was asked is asked anew, as the old card is closed.
  expect(count(qian, '10月14日（周三）15:00，会议室')).toBe(2)
  await qian.tap('可以')
  expect(li.sees()).toContain('钱进已确认绩效面谈时间：10月14日（周三）15:00')
  // One about a month that is held now is the quarter's as well; one from before is not.
  const [l, z] = [await person('李静'), await person('赵敏')]
  const write = { ...written, heldOn: '2026-10-09', plan }
  const { rev } = await rowOf('赵敏', '2026-08')
  expect(await writeRecord(ctx(), act(), l, z, '2026-08', write, false, rev)).toMatchObject({ kind: 'kept' })
  await on('2026-10-13')
  expect(await periods('赵敏')).toEqual(['2026-08'])
  // No month of the lowest grade after all: the quarter's is held.
  await published('钱进', '2026-09', ['D', 'B'])
  await on('2026-10-15')
  expect(await periods('钱进')).toEqual(['2026-Q3'])
  expect(zhao.sees()).toContain('请确认绩效面谈记录')
})

test('a review outside half a year to a year waits for HR, who may ask for another day', async () => {
  const { li, zhao, zhou } = await start('2026-10-11T10:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  await on('2026-10-12')
  const [zhaoPerson, liPerson] = [await person('赵敏'), await person('李静')]
  const soon = { ...written, plan: { ...plan, reviewOn: '2027-02-28' } }
  const write = async (unusual: boolean) =>
    writeRecord(ctx(), act(), liPerson, zhaoPerson, '2026-09', soon, unusual, (await rowOf('赵敏', '2026-09')).rev)
  expect(await write(false)).toEqual({ kind: 'unusual' })
  expect(await write(true)).toEqual({ kind: 'kept', waitsFor: 'hr' })
  await world.bot().idle()
  expect(count(zhao, '请确认绩效面谈记录')).toBe(0)
  expect(await confirmRecord(ctx(), act(), zhaoPerson, '2026-09', 1)).toBe('over')
  expect(zhou.sees()).toContain('复核日期定在2027年2月28日，不在半年到一年之间')
  await zhou.tap('请调整')
  expect(li.sees()).toContain('赵敏的面谈记录请您修改')
  expect(await write(true)).toMatchObject({ waitsFor: 'hr' })
  await world.bot().idle()
  await zhou.tap('同意')
  expect(zhao.sees()).toContain('请确认绩效面谈记录')
  const known = await rowOf('赵敏', '2026-09')
  expect(known.record?.plan?.allowedBy).toBe((await person('周华'))._id)
  // On a plan of one's own nobody decides.
  expect(await decideReview(ctx(), act(), zhaoPerson, zhaoPerson, '2026-09', 2, true)).toBe('not-allowed')
})

test('HR may record why there is none; then nobody is asked any more', async () => {
  const { li, zhao } = await start('2026-10-11T10:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  await on('2026-10-12')
  const [zhaoPerson, liPerson, hr] = [await person('赵敏'), await person('李静'), await person('周华')]
  await li.type('约谈 赵敏 周三下午3点')
  expect(count(zhao, '李静约您绩效面谈')).toBe(1)
  expect(await waiveInterview(ctx(), act(), liPerson, zhaoPerson, '2026-09', '本月休病假')).toBe('not-allowed')
  expect(await waiveInterview(ctx(), act(), hr, zhaoPerson, '2026-09', '本月休病假')).toBe('done')
  await world.bot().idle()
  expect(li.sees()).toContain('赵敏的2026年9月绩效面谈无需进行（本月休病假）')
  await zhao.tap('可以').catch(() => {})
  expect(await agreeTime(ctx(), act(), zhaoPerson, zhaoPerson, '2026-09', 1)).toEqual({ kind: 'over' })
  await on('2026-10-13')
  expect(await chains(ctx(), world.clock.now())).toMatchObject([
    { state: 'waived', steps: ['10月12日登记无需面谈：本月休病假'] },
  ])
  expect(count(li, '待约时间')).toBe(1)
})

test('who may do what, each step once, and only as it stands', async () => {
  await start('2026-10-11T10:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  await on('2026-10-12')
  const at = (time: string) => ({ at: new Date(`2026-10-14T${time}:00+08:00`), place: '' })
  const [zhao, li, qian, hr] = [await person('赵敏'), await person('李静'), await person('钱进'), await person('周华')]
  const propose = (by: Person, a = act(), time = '15:00') => proposeTime(ctx(), a, by, zhao, '2026-09', at(time))
  // HR reads everything and arranges nothing.
  for (const by of [qian, hr]) expect(await propose(by)).toEqual({ kind: 'not-allowed' })
  const once = act()
  expect(await propose(li, once)).toMatchObject({ kind: 'proposed' })
  expect(await propose(li, once)).toMatchObject({ kind: 'proposed' })
  expect((await rowOf('赵敏', '2026-09')).appointment?.round).toBe(1)
  // Nobody agrees with themselves, nor with a time that is not offered any more.
  expect(await agreeTime(ctx(), act(), li, zhao, '2026-09', 1)).toEqual({ kind: 'not-allowed' })
  expect(await propose(li, act(), '16:00')).toMatchObject({ kind: 'proposed' })
  expect(await agreeTime(ctx(), act(), zhao, zhao, '2026-09', 1)).toEqual({ kind: 'changed' })
  expect(await agreeTime(ctx(), act(), qian, zhao, '2026-09', 2)).toEqual({ kind: 'not-allowed' })
  expect(await agreeTime(ctx(), act(), zhao, zhao, '2026-09', 2)).toMatchObject({ kind: 'agreed' })
  expect(
    await proposeTime(ctx(), act(), li, zhao, '2026-09', { at: new Date('2026-10-12T09:00:00+08:00'), place: '' }),
  ).toEqual({ kind: 'past' })
  const { rev } = await rowOf('赵敏', '2026-09')
  const w = { ...written, plan }
  for (const by of [zhao, qian, hr])
    expect(await writeRecord(ctx(), act(), by, zhao, '2026-09', w, false, rev)).toEqual({ kind: 'not-allowed' })
  expect(await writeRecord(ctx(), act(), li, zhao, '2026-09', w, false, rev - 1)).toEqual({ kind: 'changed' })
  expect(await writeRecord(ctx(), act(), li, zhao, '2026-09', { ...w, heldOn: '2026-10-13' }, false, rev)).toEqual({
    kind: 'future',
  })
  expect(await writeRecord(ctx(), act(), li, zhao, '2026-09', w, false, rev)).toMatchObject({ kind: 'kept' })
  // What is confirmed is one's own.
  expect(await confirmRecord(ctx(), act(), li, '2026-09', 1)).toBe('over')
  expect(await addPlanNote(ctx(), act(), zhao, zhao, '2026-09', '进展')).toBe('over')
  expect(await confirmRecord(ctx(), act(), zhao, '2026-09', 1)).toBe('done')
  expect(await addPlanNote(ctx(), act(), qian, zhao, '2026-09', '进展')).toBe('not-allowed')
  expect(await waiveInterview(ctx(), act(), hr, zhao, '2026-09', '不再需要')).toBe('over')
})

test('a time that passes without an answer is the manager’s again, the next working day', async () => {
  const { li, zhao } = await start('2026-10-11T10:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  await on('2026-10-12')
  await li.type('约面谈 赵敏 周三下午3点')
  await on('2026-10-13')
  // Asked once more, and the manager is left in peace.
  expect(count(zhao, '李静约您绩效面谈')).toBe(2)
  expect(count(li, '待约时间（1）：赵敏')).toBe(1)
  for (const day of ['2026-10-14', '2026-10-15', '2026-10-16']) await on(day)
  expect(count(zhao, '李静约您绩效面谈')).toBe(2)
  expect(count(li, '待约时间（1）：赵敏')).toBe(2)
  await zhao.tap('可以')
  expect(zhao.sees()).toContain('这个时间已经过去了')
})

test('a time that was named at night is asked for once in the morning, and again after a whole working day', async () => {
  const { zhao } = await start('2026-10-12T09:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  await on('2026-10-12')
  world.clock.set('2026-10-12T22:30:00+08:00')
  const when = { at: new Date('2026-10-16T15:00:00+08:00'), place: '会议室' }
  await proposeTime(ctx(), act(), await person('李静'), await person('赵敏'), '2026-09', when)
  await world.go('2026-10-13T09:25:00+08:00')
  expect(count(zhao, '李静约您绩效面谈')).toBe(1)
  await on('2026-10-14')
  expect(count(zhao, '李静约您绩效面谈')).toBe(2)
})

test('a review is two years ahead at most; a row that cannot be read does not stop the others', async () => {
  await start('2026-10-12T09:00:00+08:00')
  for (const name of ['赵敏', '钱进']) await published(name, '2026-09', ['D'])
  await on('2026-10-12')
  const [zhao, li] = [await person('赵敏'), await person('李静')]
  const { rev } = await rowOf('赵敏', '2026-09')
  const write = (reviewOn: string) =>
    writeRecord(ctx(), act(), li, zhao, '2026-09', { ...written, plan: { ...plan, reviewOn } }, true, rev)
  for (const far of ['2028-10-13', '9999-12-31']) expect(await write(far)).toEqual({ kind: 'review-far' })
  expect(await write('2028-10-12')).toMatchObject({ kind: 'kept' })
  // Made by hand, or by an older version.
  await ctx().interviews.change(interviewId(zhao._id, '2026-09'), 'broken', (row) => ({
    row: { ...row, record: { ...row.record!, at: undefined as never, plan: { ...plan, reviewOn: '2027-05-12' } } },
    outcome: null,
  }))
  await proposeTime(ctx(), act(), li, await person('钱进'), '2026-09', {
    ...{ at: new Date('2026-10-16T15:00:00+08:00'), place: '' },
  })
  await world.bot().idle()
  const before = count(world.phone('qian'), '李静约您绩效面谈')
  world.clock.set('2026-10-14T09:20:00+08:00')
  await expect(interviews.run(new Date('2026-10-14T09:20:00+08:00'), ctx())).rejects.toThrow('1 parts failed')
  await world.bot().idle()
  expect(count(world.phone('qian'), '李静约您绩效面谈')).toBe(before + 1)
})

test('what was to be asked on a day on which the bot was down is asked on the next working day, once', async () => {
  const { li, zhao, zhou } = await start('2026-10-12T09:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  await on('2026-10-12')
  const [z, l] = [await person('赵敏'), await person('李静')]
  const { rev } = await rowOf('赵敏', '2026-09')
  await writeRecord(ctx(), act(), l, z, '2026-09', { ...written, plan }, false, rev)
  expect(await confirmRecord(ctx(), act(), z, '2026-09', 1)).toBe('done')
  await published('钱进', '2026-09', ['D'])
  await on('2026-10-13')
  // A month after 12 October, and the week's first day.
  await on('2026-11-06')
  const before = [count(zhao, '改进计划进展'), count(li, '待约时间'), count(zhou, '绩效面谈进展')]
  for (const day of ['2026-11-10', '2026-11-11', '2026-11-13', '2026-11-16']) await on(day)
  expect([count(zhao, '改进计划进展'), count(li, '待约时间'), count(zhou, '绩效面谈进展')]).toEqual([
    ...[before[0]! + 1, before[1]! + 2, before[2]! + 2],
  ])
  // Who is not of HR any more when it is sent has no list of HR's.
  await ctx().people.save({ ...(await person('周华')), roles: [] })
  const kept: Parameters<Ctx['outbox']['add']>[0] = []
  const hr = { ...ctx().people, withRole: async () => [await person('周华')] } as never
  const keep: Ctx['outbox']['add'] = async (adds) => void kept.push(...adds)
  await interviews.run(new Date('2026-11-23T09:20:00+08:00'), {
    ...{ ...ctx(), people: hr, outbox: { ...ctx().outbox, add: keep } },
  })
  world.clock.set('2026-11-23T09:21:00+08:00')
  await ctx().outbox.add(kept.filter((a) => a.key.startsWith('interviews-hr/')))
  await world.bot().idle()
  expect(count(zhou, '绩效面谈进展')).toBe(before[2]! + 2)
})

test('what superiors are told together on several days comes once after an outage', async () => {
  const { li } = await start('2026-10-12T09:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  const kept: Parameters<Ctx['outbox']['add']>[0] = []
  const keep: Ctx['outbox']['add'] = async (adds) => void kept.push(...adds)
  for (const [day, name] of [
    ['2026-10-12', '赵敏'],
    ['2026-10-13', '钱进'],
    ['2026-10-14', '李静'],
  ] as const) {
    await published(name, '2026-09', ['D'])
    world.clock.set(`${day}T09:20:00+08:00`)
    await interviews.run(new Date(`${day}T09:20:00+08:00`), { ...ctx(), outbox: { ...ctx().outbox, add: keep } })
  }
  world.clock.set('2026-10-14T09:30:00+08:00')
  const l = await person('李静')
  const keys = new Set(kept.filter((a) => a.to === l._id).map((a) => a.key))
  expect([...keys]).toEqual([`interviews-waiting/${l._id}/2026-W42`, `interviews-waiting/${l._id}/2026-10-13`])
  await ctx().outbox.add(kept)
  await world.bot().idle()
  expect(count(li, '绩效面谈待办')).toBe(1)
})

test('settings turn either off; who left or joined late has none; running the day again changes nothing', async () => {
  await start('2026-09-29T10:00:00+08:00', ['wecom'], 'interviews: { quarterly: false }\n')
  await published('赵敏', '2026-08', ['D'])
  await published('孙立', '2026-08', ['D'])
  await on('2026-10-08')
  expect((await ctx().interviews.running()).map((r) => r.period)).toEqual(['2026-08', '2026-08'])
  const before = await ctx().interviews.model.find().sort({ _id: 1 }).lean()
  await openInterviews(ctx(), '2026-10-08', 'again')
  expect(await ctx().interviews.model.find().sort({ _id: 1 }).lean()).toEqual(before)
  const sun = await person('孙立')
  await ctx().people.save({ ...sun, active: false, leftOn: '2026-10-08' })
  // Missing for some days is not gone: what was open goes on. A month later it is over.
  await openInterviews(ctx(), '2026-11-07', 'missing')
  expect(await ctx().interviews.running()).toHaveLength(2)
  expect((await runningInterviews(ctx(), world.clock.now())).map((s) => s.person.name)).toEqual(['赵敏'])
  await openInterviews(ctx(), '2026-11-09', 'left')
  expect((await ctx().interviews.running()).map((r) => r.personId)).toEqual([(await person('赵敏'))._id])
})

test('a process that dies anywhere in a step, and the same again: done once, told once', async () => {
  await start('2026-10-11T10:00:00+08:00')
  await published('赵敏', '2026-09', ['D'])
  const [zhao, li] = [await person('赵敏'), await person('李静')]
  const when = { at: new Date('2026-10-14T15:00:00+08:00'), place: '' }
  const soon = { ...written, plan: { ...plan, reviewOn: '2027-02-28' } }
  const rev = async () => (await rowOf('赵敏', '2026-09')).rev
  world.clock.set('2026-10-12T09:20:00+08:00')
  const steps: [what: string, told: string, step: (c: Ctx, a: Act, seen: number) => Promise<unknown>][] = [
    ['opened', 'interviews-waiting/', (c) => interviews.run(new Date('2026-10-12T09:20:00+08:00'), c)],
    ['a time', 'interview-time/', (c, a) => proposeTime(c, a, li, zhao, '2026-09', when)],
    ['agreed', 'interview-agreed/', (c, a) => agreeTime(c, a, zhao, zhao, '2026-09', 1)],
    ['for HR', 'interview-allow/', (c, a, seen) => writeRecord(c, a, li, zhao, '2026-09', soon, true, seen)],
    [
      'written',
      'interview-record/',
      (c, a, seen) => writeRecord(c, a, li, zhao, '2026-09', { ...written, plan }, false, seen),
    ],
    ['confirmed', 'interview-confirmed/', (c, a) => confirmRecord(c, a, zhao, '2026-09', 2)],
    ['a note', 'interview-note/', (c, a) => addPlanNote(c, a, zhao, zhao, '2026-09', '按计划进行')],
  ]
  for (const [what, told, step] of steps) {
    const [a, seen] = [act(), await rev()]
    const deaths = await untilItLives((n) => step(dyingStores(ctx(), ['interviews', 'outbox', 'audit'], n), a, seen))
    expect([what, deaths > 0]).toEqual([what, true])
    const keys = await ctx()
      .outbox.model.find({ _id: { $regex: `^${told}` } })
      .lean()
    expect([what, keys.length]).toEqual([what, 1])
  }
  expect(await rowOf('赵敏', '2026-09')).toMatchObject({ confirmedAt: expect.any(Date), record: { version: 2 } })
  expect((await rowOf('赵敏', '2026-09')).notes).toHaveLength(1)
})
