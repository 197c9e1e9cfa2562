import { afterEach, describe, expect, test } from 'vitest'
import type { SandboxPerson } from '../sandbox/stand-in.ts'
import { companyOfFive, companyYaml } from './company-of-five.ts'
import { readable, startWeekWorld, type WeekWorld } from './week-world.ts'

let world: WeekWorld
afterEach(() => world?.stop())

const both = ['wecom', 'dingtalk'] as const
type Platform = (typeof both)[number]

const yaml = `${companyYaml}roles: { hr: ['0004'], gm: ['0001'] }
people: { '0003': { address: 赵姐 } }
columns: { texts: { 心灵启示: [千里之行，始于足下。, 每天进步一点点。], 轻松一刻·周末愉快: [] } }
`
const extras: Record<string, Record<string, string>> = {
  li: { 出生日期: '1985-11-26' },
  zhao: { 出生日期: '1990年11月26日' },
  qian: { 出生日期: '1979-05-03' },
  wang: { 出生日期: '1970-01-02' },
}
const people: SandboxPerson[] = companyOfFive.map((p) => ({
  ...p,
  ...(extras[p.userId] && { extra: extras[p.userId]! }),
}))

async function start(at: string, platform: Platform, who = people) {
  world = await startWeekWorld({ start: at, platforms: [platform], people: who, yaml })
  return world
}
/** To an instant at once: what was due in between is caught up or left out. */
async function jump(at: string) {
  world.clock.set(at)
  await world.clock.minute()
  await world.bot().idle()
}
const texts = (userId: string) =>
  world
    .phone(userId)
    .messages()
    .filter((m) => m.from === 'bot')
    .map(readable)
const about = (userId: string, pattern: RegExp) => texts(userId).filter((t) => pattern.test(t))

describe.each(both)('on %s', (platform) => {
  test('a birthday is wished at nine, by the form of address, in different words, once whatever restarts', async () => {
    await start('2026-11-26T08:58:00+08:00', platform)
    await world.go('2026-11-26T08:59:00+08:00')
    expect(about('zhao', /生日快乐/)).toEqual([])
    await world.go('2026-11-26T09:00:00+08:00')
    await world.restart()
    await world.go('2026-11-26T09:01:00+08:00')
    const [zhao, li] = [about('zhao', /生日/), about('li', /生日/)]
    expect([zhao.length, li.length]).toEqual([1, 1])
    expect(zhao[0]).toContain('赵姐')
    expect(li[0]).toContain('李静')
    expect(zhao[0]!.replace('赵姐', '')).not.toBe(li[0]!.replace('李静', ''))
    expect(`${zhao}${li}`).not.toMatch(/1990|1985|岁|年龄/)
    expect(about('qian', /生日/)).toEqual([])
  })

  test('a newcomer is welcomed once with what they need; a veteran who appears is not', async () => {
    await start('2026-11-26T10:00:00+08:00', platform)
    const standIn = world[platform]!
    const base = { departments: ['行政部'], title: '行政人事助理', managerUserId: 'li' }
    await standIn.join({ ...base, userId: 'zhou', name: '周平', jobNumber: '0006', hiredOn: '2026-11-26' })
    await standIn.join({ ...base, userId: 'wu', name: '吴静', jobNumber: '0007', hiredOn: '2026-10-26' })
    await standIn.join({ ...base, userId: 'zheng', name: '郑强', jobNumber: '0008', hiredOn: '2026-12-01' })
    await world.bot().idle()
    await world.restart()
    await jump('2026-11-27T09:00:00+08:00')
    const welcome = about('zhou', /欢迎加入测试公司/)
    expect(welcome).toHaveLength(1)
    expect(welcome[0]).toContain('第一周安排')
    expect(welcome[0]).toContain('直属上级李静')
    expect(welcome[0]).toContain('人力资源钱进')
    expect(welcome[0]).toContain('每周六12:00前')
    expect(about('wu', /欢迎加入/)).toEqual([])
    expect(about('zheng', /欢迎加入/)).toEqual([])
    await jump('2026-12-01T09:00:00+08:00')
    expect(about('zheng', /欢迎加入/)).toHaveLength(1)
    // Day 7 and a month later.
    await jump('2026-12-02T09:00:00+08:00')
    expect(world.phone('zhou').sees()).toContain('入职一周了，还顺利吗？')
    await world.phone('zhou').tap('想和人力资源聊聊')
    expect(world.phone('qian').sees()).toContain('周平（行政部）希望和人力资源聊聊')
    await jump('2026-12-25T09:00:00+08:00')
    expect(about('zhou', /入职满一个月了/)).toHaveLength(1)
    expect(about('zhou', /欢迎加入/)).toHaveLength(1)
  })

  test('the end of a probation is told to manager and HR until one of them has answered', async () => {
    const ending = people.map((p) => (p.userId === 'zhao' ? { ...p, extra: { 转正日期: '2026-12-10' } } : p))
    await start('2026-11-25T15:00:00+08:00', platform, ending)
    await jump('2026-11-26T09:30:00+08:00')
    const [li, qian] = [world.phone('li'), world.phone('qian')]
    for (const userId of ['li', 'qian']) {
      const [card] = about(userId, /赵敏试用期到期：还有14天/)
      expect(card).toContain('2026年12月10日（周四）')
    }
    expect(about('zhao', /试用期/)).toEqual([])
    await li.tap('稍后')
    expect(li.sees()).toContain('11月27日（周五）再提醒您')
    await jump('2026-11-27T09:30:00+08:00')
    expect(about('li', /试用期到期：还有13天/)).toHaveLength(1)
    expect(about('qian', /试用期到期：还有/)).toHaveLength(1)
    await jump('2026-12-03T09:30:00+08:00')
    expect(about('qian', /试用期到期：还有7天/)).toHaveLength(1)
    await qian.tap('已处理')
    expect(qian.messages().some((m) => readable(m).includes('已处理'))).toBe(true)
    expect(li.messages().some((m) => readable(m).includes('已由钱进处理'))).toBe(true)
    await jump('2026-12-10T09:30:00+08:00')
    expect(about('li', /试用期到期：今天/)).toEqual([])
  })

  test('a leaver is thanked on the last day and receives nothing after it', async () => {
    await start('2026-11-24T10:00:00+08:00', platform)
    const qian = world.phone('qian')
    for (const said of ['赵敏离职 11月25日', '离职 赵敏 11月25日']) {
      await qian.type(said)
      expect(qian.sees()).toContain('2026年11月25日（周三）')
    }
    await qian.tap('确认')
    await jump('2026-11-25T09:00:00+08:00')
    expect(about('zhao', /最后一个工作日/)).toHaveLength(1)
    const before = texts('zhao').length
    // Her birthday is the day after.
    await jump('2026-11-26T09:00:00+08:00')
    await jump('2026-11-27T17:00:00+08:00')
    expect(texts('zhao')).toHaveLength(before)
  })

  test('who is out of the company receives nothing at once, also what was written before', async () => {
    await start('2026-11-26T08:58:00+08:00', platform)
    const { ctx } = world.bot()
    const me = (await ctx.people.all()).find((p) => p.name === '赵敏')!
    await ctx.outbox.add([
      {
        key: 'written-before',
        to: me._id,
        mode: 'push',
        notBefore: new Date('2026-11-26T08:59:30+08:00'),
        content: { kind: 'text', text: '早先写下的消息' },
      },
    ])
    const sent = () => ctx.outbox.model.countDocuments({ to: me._id, state: 'sent' })
    const before = await sent()
    await world[platform]!.leave('zhao')
    await world.bot().idle()
    await world.go('2026-11-26T09:01:00+08:00')
    expect(await sent()).toBe(before)
    expect(await ctx.outbox.model.findById('written-before').lean()).toMatchObject({ state: 'cancelled' })
    expect(about('li', /生日快乐/)).toHaveLength(1)
  })

  test('own data: shown, changed, exported, deleted, each with a line in the audit, and never in a group', async () => {
    await start('2026-11-24T10:00:00+08:00', platform)
    const zhao = world.phone('zhao')
    await zhao.type('我的数据')
    expect(zhao.sees()).toContain('生日：1990年11月26日，下一次是2026年11月26日（周四）')
    await zhao.type('改生日 农历')
    expect(zhao.sees()).toContain('已登记您的生日：农历十月初十')
    await zhao.type('改生日')
    await zhao.type('记 李明 会议迟到')
    expect(zhao.sees()).not.toContain('没有看懂这个日期')
    await zhao.type('6月31日')
    expect(zhao.sees()).toContain('6月没有31日，请核对日期。')
    await zhao.type('八月十五')
    await zhao.tap('农历八月十五')
    expect(zhao.sees()).toContain('下一次是2027年9月15日（周三）')
    await zhao.type('改生日 2月29日')
    await zhao.tap('3月1日')
    expect(zhao.sees()).toContain('下一次是2027年3月1日（周一）')
    await zhao.type('不要公开祝福')
    expect(zhao.sees()).toContain('只私下祝福')
    await zhao.type('导出')
    const exported = texts('zhao').join('\n')
    expect(exported).toContain('个人数据导出')
    expect(exported).toContain('周总结和计划')
    for (const kept of ['月度结果', '日常行为记录', '调查', '谈话记录']) expect(exported).toContain(kept)
    await zhao.type('删除')
    await zhao.tap('确认删除')
    await zhao.type('我的数据')
    expect(zhao.sees()).toContain('生日：未登记')
    const { audit, people: store } = world.bot().ctx
    const me = (await store.all()).find((p) => p.name === '赵敏')!
    const what = (await audit.about(`person/${me._id}`)).map((l) => l.what)
    expect(what).toEqual(
      expect.arrayContaining([
        'own-data-read',
        'birthday-set',
        'birthday-rule-set',
        'wishes-private',
        'own-data-exported',
        'own-data-deleted',
      ]),
    )
    // The platform still has the date; it is not taken again.
    await jump('2026-11-25T03:17:00+08:00')
    await zhao.type('我的数据')
    expect(zhao.sees()).toContain('生日：未登记')
  })

  test('HR pastes a notice: read, shown back, in force at once', async () => {
    await start('2026-11-24T09:59:00+08:00', platform)
    await world.go('2026-11-24T10:00:00+08:00')
    const [qian, zhao] = [world.phone('qian'), world.phone('zhao')]
    expect(about('qian', /2027年放假安排尚未导入/)).toHaveLength(1)
    await zhao.type('2027-10-01上班吗')
    expect(zhao.sees()).toContain('2027年放假安排尚未公布或导入，暂无法确定')
    await zhao.type(notice2027)
    expect(zhao.sees()).toContain('由人力资源处理')
    await qian.type(notice2027.replace('1月1日（周五）至3日', '1月1日（周四）至3日'))
    expect(qian.sees()).toContain('没有启用')
    await qian.type(notice2027)
    expect(qian.sees()).toContain('2027年放假安排，请核对')
    expect(qian.sees()).toContain('国庆节：10月1日（周五）至10月7日（周四）放假，共7天')
    await qian.tap('确认启用')
    await zhao.type('放假安排')
    expect(zhao.sees()).toContain('国庆节：10月1日（周五）至10月7日（周四）放假，共7天；')
    await zhao.type('2027年10月9日上班吗')
    expect(zhao.sees()).toContain('因国庆节调休，需要上班')
    await world.restart()
    await zhao.type('2027-10-04上班吗')
    expect(zhao.sees()).toContain('是国庆节假期，不上班')
  })

  test('a talk of HR: recorded, shown back, its proposals passed to the manager and to nobody else', async () => {
    await start('2026-11-24T10:00:00+08:00', platform)
    const [qian, li, zhao] = [world.phone('qian'), world.phone('li'), world.phone('zhao')]
    await qian.type('谈话')
    expect(qian.sees()).toContain('2026年度谈话：4人中已完成0人')
    // What waits for words keeps no other command as the record.
    await qian.type('谈话 孙立')
    await qian.type('谈话 赵敏')
    expect(qian.sees()).toContain('请发送与赵敏的谈话内容')
    await qian.type('近期工作量偏大，情绪稳定。\n建议：\n1. 适当分担考勤统计\n2. 安排一次培训')
    expect(qian.sees()).toContain('赵敏的年度谈话记录')
    expect(qian.sees()).toContain('建议可转给直属上级李静')
    // Dropped by word, and once more by its button.
    await qian.type('取消')
    expect(qian.sees()).toBe('已取消：赵敏的谈话记录。')
    await qian.type('谈话 赵敏')
    await qian.type('很好')
    await qian.tap('不登记')
    expect(qian.sees()).toContain('没有登记')
    await qian.type('取消')
    expect(qian.sees()).toContain('目前没有等待您确认的内容')
    await qian.type('谈话 赵敏')
    await qian.type('近期工作量偏大，情绪稳定。\n建议：\n1. 适当分担考勤统计\n2. 安排一次培训')
    await qian.tap('保存并转给上级')
    expect(li.sees()).toContain('1. 适当分担考勤统计')
    expect(li.sees()).not.toContain('情绪稳定')
    await li.type('谈话记录 赵敏')
    expect(li.sees()).toContain('安排一次培训')
    expect(li.sees()).not.toContain('情绪稳定')
    await zhao.type('谈话记录 赵敏')
    expect(zhao.sees()).not.toContain('考勤统计')
    await qian.type('谈话记录 赵敏')
    expect(qian.sees()).toContain('情绪稳定')
  })

  test('columns on the last working day at five, an empty pool is skipped and HR is told', async () => {
    await start('2026-11-27T16:58:00+08:00', platform)
    await world.phone('sun').type('不要栏目')
    await world.go('2026-11-27T17:01:00+08:00')
    expect(about('zhao', /【心灵启示】/)).toHaveLength(1)
    expect(about('zhao', /【心灵启示】/)[0]).toContain('赵姐，一周辛苦了。')
    expect(about('zhao', /轻松一刻/)).toEqual([])
    expect(about('sun', /【心灵启示】/)).toEqual([])
    const qian = world.phone('qian')
    expect(about('qian', /栏目“轻松一刻·周末愉快”没有内容，本周已跳过/)).toHaveLength(1)
    await qian.type('添加轻松一刻·周末愉快 出门走走，晒晒太阳。')
    expect(qian.sees()).toContain('现有1条')
    await jump('2026-12-04T17:00:00+08:00')
    const second = about('zhao', /【心灵启示】/)[1]!
    expect(second).toContain('出门走走，晒晒太阳。')
    expect(second).toContain('每天进步一点点。')
  })

  test('a birthday that is unknown is asked for privately, once', async () => {
    await start('2026-11-16T09:00:00+08:00', platform)
    await jump('2026-11-24T10:30:00+08:00')
    const sun = world.phone('sun')
    expect(about('sun', /想在您生日那天送上祝福/)).toHaveLength(1)
    expect(about('zhao', /想在您生日那天/)).toEqual([])
    await sun.tap('不需要祝福')
    expect(sun.sees()).toContain('今后不再送生日和周年祝福')
    const before = texts('sun').length
    await jump('2026-11-25T10:30:00+08:00')
    expect(texts('sun').slice(before).join()).not.toContain('生日')
  })

  test("next month's birthdays go to HR ahead of time, without years", async () => {
    await start('2026-12-25T09:59:00+08:00', platform)
    await world.go('2026-12-25T10:01:00+08:00')
    const [list] = about('qian', /生日名单/)
    expect(list).toContain('2027年1月生日名单（1人）')
    expect(list).toContain('1月2日（周六） 王建国（总经办）')
    expect(list).not.toContain('1970')
    await world.phone('zhao').type('生日名单')
    expect(world.phone('zhao').sees()).toContain('您没有权限')
  })
})

test('in a group only where HR turned it on, and only for those who do not mind', async () => {
  world = await startWeekWorld({
    start: '2026-11-25T10:00:00+08:00',
    platforms: ['dingtalk'],
    people,
    yaml,
    groups: [{ groupId: 'cid1==', name: '全员群', members: people.map((p) => p.userId) }],
  })
  const group = () =>
    world
      .dingtalk!.groupChat('cid1==')
      .filter((m) => m.from === 'bot')
      .map(readable)
  const say = async (userId: string, said: string) => {
    await world.dingtalk!.type(userId, `@机器人 ${said}`, 'cid1==')
    await world.bot().idle()
    return group().at(-1)
  }
  expect(await say('zhao', '我的数据')).toContain('请私聊我')
  expect(await say('zhao', '在这里发祝福')).toContain('由人力资源开启')
  expect(await say('qian', '在这里发祝福')).toContain('已开启')
  await world.phone('li').type('不要公开祝福')
  const before = group().length
  await jump('2026-11-26T09:00:00+08:00')
  const posts = group().slice(before)
  expect(posts).toHaveLength(1)
  expect(posts[0]).toContain('赵敏')
  expect(posts[0]).not.toMatch(/1990|岁/)
  expect(about('li', /生日快乐/)).toHaveLength(1)
  expect(await say('qian', '停止发祝福')).toContain('已停止')
})

test('on WeCom HR has the bot make the group, because an app can be in no other', async () => {
  await start('2026-11-25T10:00:00+08:00', 'wecom')
  await world.phone('qian').type('建祝福群')
  expect(world.phone('qian').sees()).toContain('已在企业微信创建“测试公司·祝福”群')
  const [made] = world.wecom!.groups()
  expect(made?.members).toHaveLength(5)
  await jump('2026-11-26T09:00:00+08:00')
  const posts = world.wecom!.groupChat(made!.groupId).map(readable)
  expect(posts.filter((t) => t.includes('赵敏'))).toHaveLength(1)
  expect(posts.filter((t) => t.includes('李静'))).toHaveLength(1)
})

test('somebody who may be known already is asked about, and joined when HR says so', async () => {
  const unnumbered = people.map(({ jobNumber, ...p }) => (p.userId === 'sun' ? p : { ...p, jobNumber: jobNumber! }))
  world = await startWeekWorld({ start: '2026-11-25T10:00:00+08:00', platforms: both, people: unnumbered, yaml })
  await world.dingtalk!.join({ userId: 'zhao2', name: '赵敏', departments: ['车队'], title: '调度' })
  await world.bot().idle()
  const qian = world.phone('qian')
  const [card] = [
    ...about('qian', /请确认是否同一人：赵敏/),
    ...world.phone('qian', 'dingtalk').messages().map(readable),
  ]
  expect(card).toBeUndefined()
  // She is on DingTalk already; somebody who is not may be the same person.
  await world.wecom!.join({ userId: 'wu1', name: '吴静', departments: ['行政部'], title: '文员' })
  await world.dingtalk!.join({ userId: 'wu2', name: '吴静', departments: ['车队'], title: '文员' })
  await world.bot().idle()
  expect(about('qian', /吴静/).at(-1)).toContain('请确认是否同一人：吴静')
  await qian.tap('是同一人')
  const found = (await world.bot().ctx.people.all()).filter((p) => p.name === '吴静' && p.active)
  expect(found).toMatchObject([{ wecom: 'wu1', dingtalk: 'wu2', departments: ['行政部'] }])
  await jump('2026-11-26T03:17:00+08:00')
  expect((await world.bot().ctx.people.all()).filter((p) => p.name === '吴静' && p.active)).toHaveLength(1)
})

test('an outage: caught up until the evening, never on another day', async () => {
  await start('2026-11-25T20:00:00+08:00', 'wecom')
  // Nothing runs between, as if the process had been down.
  await jump('2026-11-26T18:30:00+08:00')
  expect(about('zhao', /生日/)).toHaveLength(1)
  await world.stop()

  await start('2026-11-25T20:00:00+08:00', 'wecom')
  await jump('2026-11-27T08:30:00+08:00')
  await jump('2026-11-27T09:05:00+08:00')
  expect(about('zhao', /生日快乐/)).toEqual([])
})

const notice2027 = `国务院办公厅关于2027年部分节假日安排的通知
一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（周五）至11日（周四）放假调休，共7天。1月31日（周日）、2月13日（周六）上班。
三、清明节：4月3日（周六）至5日（周一）放假，共3天。
四、劳动节：5月1日（周六）至5日（周三）放假调休，共5天。4月25日（周日）、5月8日（周六）上班。
五、端午节：6月9日（周三）放假1天。
六、中秋节：9月15日（周三）放假1天。
七、国庆节：10月1日（周五）至7日（周四）放假调休，共7天。9月26日（周日）、10月9日（周六）上班。`
