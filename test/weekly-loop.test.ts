import { afterEach, expect, test } from 'vitest'
import { scoreWeek } from '../handlers/weekly/judge.ts'
import { companyOfFive, companyYaml } from './company-of-five.ts'
import { type Platforms, readable, startWeekWorld, type WeekWorld } from './week-world.ts'

let world: WeekWorld
afterEach(() => world?.stop())

const planOfZhao = `周计划
重点工作：
1. 完成年度采购对账 20分 周三
2. 组织新员工培训 30分 周五
日常工作：
3. 考勤统计 50分`

/** A first week, so that there is a plan to summarise. @param live minute by minute; otherwise nobody was there in between */
async function untilSecondWeek(platforms: Platforms = ['wecom'], { ownEngine = false, live = false } = {}) {
  world = await startWeekWorld({ start: '2026-11-20T15:59:00+08:00', platforms, ownEngine })
  const zhao = world.phone('zhao')
  await world.go('2026-11-20T16:00:00+08:00')
  await zhao.type(planOfZhao)
  await zhao.tap('提交')
  if (!live) world.clock.set('2026-11-27T15:00:00+08:00')
  await world.go('2026-11-27T16:00:00+08:00')
  return { zhao, li: world.phone('li'), qian: world.phone('qian') }
}

const summaryOfZhao = `周总结
1. 完成
2. 部分完成：教室被占用
3. 完成
不足：沟通不够及时
问题：教室紧张
更好的方法：提前一周预订
周计划
1. 年会筹备 40分 周四
2. 考勤统计 40分`

test.each(['wecom', 'dingtalk'] as const)(
  'a whole week is lived through on %s by what people see',
  async (platform) => {
    const { zhao, li, qian } = await untilSecondWeek([platform], { live: true })
    expect(zhao.sees()).toContain('请提交本周总结和下周计划')
    expect(zhao.sees()).toContain('本周截止时间为11月28日（周六）12:00')
    expect(zhao.sees()).toContain('1. 完成年度采购对账（20分）')

    await zhao.tap('在聊天中填写')
    expect(zhao.sees()).toContain('完成年度采购对账')
    await zhao.type(summaryOfZhao)
    expect(zhao.sees()).toContain('请核对，确认后提交')
    expect(zhao.sees()).toContain('2. 组织新员工培训（30分）：部分完成，教室被占用')
    expect(zhao.sees()).toContain('不足：沟通不够及时')
    await zhao.tap('未完成列入下周')
    expect(zhao.sees()).toMatch(/组织新员工培训.*已结转1周/)
    await zhao.tap('提交')
    expect(zhao.sees()).toContain('已提交')
    expect(zhao.sees()).toContain('3项，共110分')

    const before = zhao.messages().length
    await world.go('2026-11-28T09:00:00+08:00')
    expect(qian.sees()).toContain('今天中午前请提交周总结和计划')
    expect(zhao.messages()).toHaveLength(before)

    await li.type('谁没交')
    expect(li.sees()).toContain('还未提交（1人）：钱进')
    expect(li.sees()).toContain('按时提交（1人）：赵敏')
    await li.tap('催一下未提交的同事')
    expect(li.sees()).toContain('已提醒1位还未提交的同事')
    expect(qian.sees()).toContain('您的周总结和计划还未提交')

    await world.go('2026-11-28T12:01:00+08:00')
    expect(li.sees()).toContain('1人未提交')
    expect(li.sees()).toContain('未提交（1人）：钱进')

    await li.tap('开始评分')
    expect(li.sees()).toContain('赵敏')
    expect(li.sees()).toContain('按时提交')
    if (platform === 'wecom') {
      await li.tap('逐项打分')
      await li.tap('下一步', { '1. 完成年度采购对账': '18分', '2. 组织新员工培训': '30分', '3. 考勤统计': '40分' })
      expect(li.sees()).toContain('(18+30+40)÷100×100 = 88')
      await li.tap('扣分项')
      await li.tap('下一步', { 总结不完整: '扣2分' })
      await li.tap('下一步')
    } else {
      // Without the imported form three drop-downs cannot be drawn: the page is one tap away, and a line in chat does it too.
      await li.tap('逐项打分')
      expect(readable(li.last())).toContain('打开评分页')
      await li.type('赵敏 18 30 40 总结不完整扣2')
      expect(li.sees()).toContain('(18+30+40)÷100×100 = 88')
    }
    expect(li.sees()).toContain('总结不完整 −2')
    await li.tap('确认评分')
    expect(zhao.sees()).toContain('得分：86.00')
    expect(zhao.sees()).toContain('总结不完整 −2')
  },
)

test('the last second before, 12:00:00 itself and the second after, on a host that lives elsewhere', async () => {
  world = await startWeekWorld({ start: '2026-11-16T09:00:00+08:00' })
  expect(new Date().getTimezoneOffset()).toBe(0)
  await world.go('2026-11-21T11:59:00+08:00')
  for (const [userId, at, said] of [
    ['zhao', '2026-11-21T11:59:59+08:00', '按时'],
    ['qian', '2026-11-21T12:00:00+08:00', '按时'],
    ['li', '2026-11-21T12:00:01+08:00', '迟交'],
  ] as const) {
    const phone = world.phone(userId)
    await phone.type('周计划\n1. 考勤统计 50分')
    world.clock.set(at)
    await phone.tap('提交')
    await phone.type('我的')
    expect(phone.sees()).toContain(said)
  }
})

test('a restart between every two steps loses nothing and doubles nothing', async () => {
  const { zhao, li } = await untilSecondWeek(['wecom'], { ownEngine: true })
  const step = async (act: () => Promise<void>) => {
    await act()
    await world.restart()
  }
  await step(() => zhao.tap('在聊天中填写'))
  await step(() => zhao.type(summaryOfZhao))
  await step(() => zhao.tap('提交'))
  await step(() => world.go('2026-11-28T12:01:00+08:00'))
  await step(() => li.tap('开始评分'))
  await step(() => li.tap('全部满分'))
  await step(() => li.tap('确认评分'))
  expect(zhao.sees()).toContain('得分：100.00')
  const texts = zhao.messages().map((m) => m.card?.title ?? m.text)
  expect(texts.filter((t) => t?.includes('得分'))).toHaveLength(1)
  expect(texts.filter((t) => t === '请提交本周总结和下周计划')).toHaveLength(2)
})

test('one person on both platforms is one employee: what was begun here is finished there', async () => {
  world = await startWeekWorld({ start: '2026-11-16T09:00:00+08:00', platforms: ['wecom', 'dingtalk'] })
  const here = world.phone('zhao', 'wecom')
  const there = world.phone('zhao', 'dingtalk')
  await here.type(planOfZhao)
  await there.type('提交')
  expect(there.sees()).toContain('已提交')
  await here.type('我的')
  expect(here.sees()).toContain('已按时提交')
  await world.go('2026-11-20T16:00:00+08:00')
  expect([...here.messages(), ...there.messages()].map(readable).join()).not.toContain('请提交本周总结')
})

test('nobody is reminded after submitting, not even a second later', async () => {
  world = await startWeekWorld({ start: '2026-11-20T15:59:59+08:00' })
  const zhao = world.phone('zhao')
  await zhao.type(planOfZhao)
  await zhao.tap('提交')
  const before = zhao.messages().length
  await world.go('2026-11-20T16:00:00+08:00')
  expect(zhao.messages()).toHaveLength(before)
  expect(world.phone('qian').sees()).toContain('请提交本周总结和下周计划')
})

test('a snooze holds over a restart, a leave stops reminders at once and asks the superior', async () => {
  world = await startWeekWorld({ start: '2026-11-20T15:59:00+08:00' })
  const [zhao, qian, li] = [world.phone('zhao'), world.phone('qian'), world.phone('li')]
  await world.go('2026-11-20T16:00:00+08:00')
  await zhao.tap('1小时后提醒')
  expect(zhao.sees()).toContain('11月20日 17:00再提醒您')
  await qian.tap('我在请假')
  expect(qian.messages().map(readable).join()).toContain('李静确认')
  expect(li.sees()).toContain('钱进11月16日至22日请假')
  await world.restart()
  const quiet = qian.messages().length
  await world.go('2026-11-20T17:00:00+08:00')
  expect(zhao.sees()).toContain('您让我此时再提醒您')
  await world.go('2026-11-21T11:30:00+08:00')
  expect(qian.messages()).toHaveLength(quiet)
  expect(zhao.sees()).toContain('即将截止')
  await li.tap('同意免计')
  expect(qian.sees()).toContain('李静已同意')
  await world.go('2026-11-21T12:01:00+08:00')
  expect(li.sees()).toContain('请假或免计（1人）：钱进')
})

test('a snooze in words ends when the words say, and nothing is promised that does not come', async () => {
  world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00' })
  const zhao = world.phone('zhao')
  for (const [said, at] of [
    ['两小时后提醒', '11月20日 12:00'],
    ['10分钟后', '11月20日 10:10'],
    ['一个半小时后', '11月20日 11:30'],
    ['今晚提醒', '11月20日 19:00'],
    ['下午', '11月20日 14:00'],
    ['明天上午提醒', '11月21日 09:00'],
    ['稍后', '11月20日 11:00'],
  ]) {
    await zhao.type(said!)
    expect([said, zhao.sees()]).toEqual([said, `好的，${at}再提醒您。`])
  }
  world.clock.set('2026-11-21T11:20:00+08:00')
  await zhao.type('1小时后')
  expect(zhao.sees()).toBe('那时已过截止时间（11月21日 12:00），建议尽早提交；我会在截止前再提醒一次。')
  world.clock.set('2026-11-21T11:40:00+08:00')
  await zhao.type('1小时后')
  expect(zhao.sees()).toBe('那时已过截止时间（11月21日 12:00），此前也不再有提醒，请在截止前提交。')
})

test('a draft that was not confirmed is not submitted, and is reminded of an hour before', async () => {
  world = await startWeekWorld({ start: '2026-11-21T10:00:00+08:00' })
  const zhao = world.phone('zhao')
  await zhao.type(planOfZhao)
  await world.go('2026-11-21T11:00:00+08:00')
  expect(zhao.sees()).toContain('您有一份周总结和计划还未提交')
  await zhao.tap('查看草稿并提交')
  await zhao.tap('提交')
  await zhao.type('我的')
  expect(zhao.sees()).toContain('已按时提交')
})

test('the last one sent counts until the deadline; after it a change waits for the superior and costs nothing', async () => {
  world = await startWeekWorld({ start: '2026-11-21T11:00:00+08:00' })
  const [zhao, li] = [world.phone('zhao'), world.phone('li')]
  await zhao.type('周计划\n1. 考勤统计 50分')
  await zhao.tap('提交')
  await zhao.type('周计划\n1. 考勤统计 60分')
  expect(zhao.sees()).toContain('提交后将替换已交的内容')
  await zhao.tap('提交')
  expect(zhao.sees()).toContain('已更新，以这一次为准')
  await world.go('2026-11-21T12:30:00+08:00')
  await zhao.type('周计划\n1. 考勤统计 70分')
  await zhao.tap('提交')
  expect(zhao.sees()).toContain('正在请上级确认')
  expect(li.sees()).toContain('赵敏请求修改')
  expect(li.sees()).toMatch(/60分[\s\S]*70分/)
  await li.tap('同意修改')
  expect(zhao.sees()).toContain('李静已同意')
  await zhao.type('我的')
  expect(zhao.sees()).toContain('已按时提交')
})

test('a week that was scored early can be handed in again until the deadline, and is scored anew', async () => {
  const { zhao, li } = await untilSecondWeek()
  await zhao.type(summaryOfZhao)
  await zhao.tap('提交')
  await li.type('赵敏 18 30 40')
  await li.tap('确认评分')
  expect(zhao.sees()).toContain('得分：88.00')
  world.clock.set('2026-11-27T17:00:00+08:00')
  await zhao.type('撤销')
  expect(zhao.sees()).toBe('上级已评分，不能撤销；截止前可以直接发送新的内容，由上级重新评分。')
  await zhao.type(`${summaryOfZhao}\n3. 合同归档 20分`)
  await zhao.tap('提交')
  expect(zhao.sees()).toContain('已更新，以这一次为准')
  expect(zhao.sees()).toContain('原来的评分不再计入，已请上级重新评分')
  expect(li.sees()).toContain('赵敏  11月23日至29日\n截止前更新了内容，原来的评分不再计入，请重新评分')
  const { ctx } = world.bot()
  const row = await ctx.weeks.model.findOne({ week: '2026-W48', 'submissions.0': { $exists: true } }).lean()
  expect([row?.score, row?.pastScores.map((s) => s.points)]).toEqual([undefined, [[18, 30, 40]]])
  expect(await ctx.audit.model.countDocuments({ what: 'score-replaced' })).toBe(1)
  // Taken back within its minutes, what stood before stands again, unscored.
  await zhao.tap('撤销（10分钟内）')
  await zhao.type('我的')
  expect(zhao.sees()).toContain('已按时提交，待评分')
  await zhao.type('提交')
  const asked = li.messages().filter((m) => readable(m).includes('请重新评分'))
  expect(asked).toHaveLength(1)
  await li.tap('全部满分')
  await li.tap('确认评分')
  expect(zhao.sees()).toContain('修改了评分')
  // After the deadline the score is final.
  world.clock.set('2026-11-28T12:00:01+08:00')
  await zhao.type('周计划\n1. 合同归档 30分')
  expect(zhao.sees()).toContain('已评分，不能再修改')
})

test('撤销 takes a submission back for ten minutes and not a second longer', async () => {
  world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00' })
  const zhao = world.phone('zhao')
  await zhao.type(planOfZhao)
  await zhao.tap('提交')
  world.clock.set('2026-11-20T10:10:00+08:00')
  await zhao.type('撤销')
  expect(zhao.sees()).toContain('已撤销')
  await zhao.type('提交')
  world.clock.set('2026-11-20T10:20:01+08:00')
  await zhao.type('撤销')
  expect(zhao.sees()).toContain('不能撤销')
})

test('撤销 leaves what was written since the submission', async () => {
  world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00' })
  const zhao = world.phone('zhao')
  await zhao.type(planOfZhao)
  await zhao.tap('提交')
  await zhao.type('周计划\n1. 【重点】年会筹备 80分')
  await zhao.type('撤销')
  expect(zhao.sees()).toContain('您之后写的内容仍是草稿')
  await zhao.type('提交')
  expect(zhao.sees()).toContain('1项，共80分')
})

test('the manager sends back with a reason and talks with the employee', async () => {
  const { zhao, li } = await untilSecondWeek()
  await zhao.type(summaryOfZhao)
  await zhao.tap('提交')
  await li.type('评分')
  await li.tap('退回补充')
  await li.type('请补充培训的具体安排')
  expect(zhao.sees()).toContain('请补充培训的具体安排')
  await li.type('评分')
  expect(li.sees()).toContain('目前没有待您评分')
  await zhao.type('周计划\n1. 年会筹备 40分 周四\n2. 考勤统计 40分\n3. 培训安排在周五下午二楼教室 20分')
  await zhao.tap('提交')
  expect(zhao.sees()).toContain('已更新')
  await li.type('评分')
  await li.tap('回复一句')
  await li.type('写得很清楚，辛苦了')
  expect(zhao.sees()).toContain('写得很清楚，辛苦了')
  await zhao.tap('回复')
  await zhao.type('谢谢李经理')
  expect(li.sees()).toContain('谢谢李经理')
})

test('a line in chat about somebody with two weeks to score is about the older one, and then about the other', async () => {
  const { zhao, li } = await untilSecondWeek()
  await zhao.type(summaryOfZhao)
  await zhao.tap('提交')
  await world.go('2026-12-04T16:00:00+08:00')
  await zhao.type(
    '周总结\n1. 完成\n2. 完成\n不足：无明显不足\n问题：没有\n更好的方法：写成模板\n周计划\n1. 年会彩排 100分',
  )
  await zhao.tap('提交')
  await world.go('2026-12-05T12:01:00+08:00')
  await li.type('赵敏 18 30 40')
  expect(li.sees()).toContain('11月23日至29日')
  expect(li.sees()).toContain('(18+30+40)÷100×100 = 88')
  await li.tap('确认评分')
  await li.type('赵敏 40 36')
  expect(li.sees()).toContain('11月30日至12月6日')
  await li.tap('确认评分')
  expect(zhao.sees()).toContain('得分：95.00')
})

test('nobody scores themselves, others’ people, or twice; a double tap is one score', async () => {
  const { zhao, li, qian } = await untilSecondWeek()
  await zhao.type(summaryOfZhao)
  await zhao.tap('提交')
  await qian.type('赵敏 20 30 50')
  expect(qian.sees()).not.toContain('确认评分')
  await zhao.type('赵敏 20 30 50')
  expect(zhao.sees()).not.toContain('确认评分')
  // The general manager stands above the manager, so both may: the first counts.
  const wang = world.phone('wang')
  await wang.type('评分')
  expect(wang.sees()).not.toContain('赵敏')
  await li.type('赵敏 满分')
  await Promise.all([li.tap('确认评分'), li.tap('确认评分')])
  const scored = zhao
    .messages()
    .map(readable)
    .filter((t) => t.includes('得分：'))
  expect(scored).toHaveLength(1)
  await li.type('撤销')
  expect(li.sees()).toContain('已撤销对赵敏的评分')
  expect(zhao.sees()).toContain('评分已由上级撤回')
})

test('somebody else’s card, a card that is over and a forged action are answered and change nothing', async () => {
  world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00' })
  const zhao = world.phone('zhao')
  await zhao.type(planOfZhao)
  const draft = zhao.last()
  await zhao.tap('取消')
  await world.wecom!.tap('zhao', draft.id, 'submit-week').catch(() => {})
  await world.bot().idle()
  await zhao.type('我的')
  expect(zhao.sees()).toContain('还未提交')
})

test('a holiday Saturday moves the deadline and says why', async () => {
  world = await startWeekWorld({ start: '2026-06-17T15:59:00+08:00' })
  const zhao = world.phone('zhao')
  await world.go('2026-06-17T16:00:00+08:00')
  expect(zhao.sees()).toContain('因端午节放假，本周截止时间提前至6月18日（周四）12:00')
  await world.go('2026-06-18T12:01:00+08:00')
  expect(world.phone('li').sees()).toContain('人未提交')
  await world.go('2026-06-20T13:00:00+08:00')
  expect(zhao.messages().filter((m) => readable(m).includes('请提交'))).toHaveLength(2)
})

test('帮助, nonsense, pictures, groups and strangers get a useful line', async () => {
  world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00' })
  const [zhao, li, sun] = [world.phone('zhao'), world.phone('li'), world.phone('sun')]
  await zhao.type('帮助')
  expect(zhao.sees()).toContain('发“周计划”')
  await li.type('你好')
  expect(li.sees()).toContain('发“谁没交”')
  await zhao.type('哈哈哈哈哈')
  expect(zhao.sees()).toContain('发“周计划”开始填写')
  await sun.type('周计划')
  expect(sun.sees()).toContain('您的岗位不需要提交周计划')
  // Whose position has no weekly plan is offered none.
  for (const said of ['哈哈哈哈哈', '我的', '帮助']) {
    await sun.type(said)
    const read = sun.messages().slice(-3).map(readable).join('\n')
    expect(read).not.toContain('发“周计划”')
  }
  await sun.type('我的')
  expect(sun.messages().slice(-3).map(readable).join('\n')).toContain('还没有已发布的月度结果')
  await world.wecom!.sendMedia('zhao', 'image')
  await world.bot().idle()
  expect(zhao.sees()).toContain('我暂时看不了图片')
  // Politeness is answered with a word or with nothing, never with a lesson.
  for (const said of ['收到，谢谢', '您辛苦了', '好的谢谢', '辛苦啦~']) {
    await zhao.type(said)
    expect([said, zhao.sees()]).toEqual([said, '不客气。'])
  }
  const before = zhao.messages().length
  for (const said of ['👍', '😊😊', '好的', '收到']) await zhao.type(said)
  expect(zhao.messages().slice(before).map(readable).join()).not.toMatch(/没有看懂|没有等待/)
  for (const [said, answer] of [
    ['我不会写', '请复制下面的内容'],
    ['怎么写周计划啊', '请复制下面的内容'],
    ['这周没写怎么办', '截止后仍可以补交，按迟交计，当周扣3分'],
    ['为什么扣分', '日常行为记录'],
    ['绩效怎么算', '可在申诉期内发“申诉”'],
    ['我不服', '可在申诉期内发“申诉”'],
    ['元旦放几天假', '2027年放假安排尚未公布或导入'],
    ['把下周的采购都安排好', '例如“1. 完成采购对账 20分 周三”'],
  ] as const) {
    const seen = zhao.messages().length
    await zhao.type(said)
    expect([said, zhao.messages().slice(seen).map(readable).join('\n')]).toEqual([
      said,
      expect.stringContaining(answer),
    ])
  }
})

test('帮助 is a list for each thing that somebody is, whole, and the general manager’s has what is theirs', async () => {
  world = await startWeekWorld({
    start: '2026-11-20T10:00:00+08:00',
    yaml: `${companyYaml}roles: { hr: ['0002'], gm: ['0001'] }\n`,
  })
  const lists = async (who: string) => {
    const phone = world.phone(who)
    const before = phone.messages().length
    await phone.type('帮助')
    return phone
      .messages()
      .slice(before + 1)
      .map(readable)
  }
  const gm = await lists('wang')
  expect(gm.map((text) => text.split('\n')[0])).toEqual([
    '您好，我是绩效机器人。您的岗位不需要提交周计划；需要您处理的事项会在这里通知您。',
    '作为上级，您可以：',
    '作为总经理，您可以：',
  ])
  expect(gm.join('\n')).toMatch(/月度进度[\s\S]*确认全部[\s\S]*退回团队/)
  expect(gm.join('\n')).toMatch(/我的结果[\s\S]*节点/)
  expect((await lists('li')).map((text) => text.split('\n')[0])).toEqual([
    '您好，我是绩效机器人，可以帮您：',
    '作为上级，您可以：',
    '作为人力资源，您可以：',
  ])
  for (const text of [...gm, ...(await lists('li'))]) expect(Buffer.byteLength(text)).toBeLessThan(2048)
})

test('a manager names one report: reminded alone, or told why there is nothing to score', async () => {
  const { zhao, li, qian } = await untilSecondWeek()
  await li.type('赵敏 18 30 40')
  expect(li.sees()).toBe('赵敏11月23日至29日的周总结还未提交，提交后才能评分。')
  await li.type('给赵敏打90分')
  expect(li.sees()).toContain('提交后才能评分')
  await li.type('赵敏转正面谈 20分')
  expect(li.sees()).toContain('请选择是哪一周')
  await li.tap('11月23日至29日')
  expect(li.sees()).toContain('赵敏转正面谈（20分')
  await li.type('催赵敏')
  expect(li.sees()).toBe('已提醒赵敏。')
  expect(zhao.sees()).toContain('您的周总结和计划还未提交')
  expect(qian.sees()).not.toContain('您的周总结和计划还未提交')
  await zhao.type(summaryOfZhao)
  await zhao.tap('提交')
  await li.type('提醒赵敏一下')
  expect(li.sees()).toContain('没有需要提交的内容')
  await qian.type('催赵敏')
  expect(qian.sees()).toContain('不在您的团队中')
  await li.type('赵敏 18 30 40')
  await li.tap('确认评分')
  await li.type('赵敏 18 30 40')
  expect(li.sees()).toContain('已经评过分。如需修改，在评分后10分钟内发“撤销”，之后请在评分页修改。')
})

test('the example of 帮助, sent by somebody who had a plan this week, is the next plan', async () => {
  const { zhao } = await untilSecondWeek()
  await zhao.type('帮助')
  const [, example] = /例如“(1\. .*?)”/.exec(zhao.sees())!
  await zhao.type(example!)
  expect(zhao.sees()).toContain('1. 【重点】完成采购对账（20分，12月2日前）')
  expect(zhao.sees()).not.toMatch(/完成年度采购对账（20分）：完成/)
})

test('two open weeks, one of them over the end of a month, are asked about on buttons', async () => {
  const { zhao } = await untilSecondWeek()
  world.clock.set('2026-11-30T10:00:00+08:00')
  await zhao.type('下周计划\n1. 年会筹备 40分')
  expect(zhao.sees()).toContain('<11月23日至29日><11/30至12/6>')
  await zhao.tap('11/30至12/6')
  expect(zhao.sees()).toContain('年会筹备（40分')
})

test('a question in free words is answered with what is known; a colleague’s matters are not guessed at', async () => {
  const { zhao, li } = await untilSecondWeek()
  await zhao.type('我忘了交计划怎么办')
  expect(zhao.sees()).toContain('本周截止时间为11月28日（周六）12:00')
  await zhao.type('上个月的结果')
  expect(zhao.sees()).toContain('结果')
  await zhao.type('钱进本周得分多少')
  expect(zhao.sees()).toContain('抱歉，我没有看懂')
  await li.type('谁没评分')
  expect(li.sees()).toContain('目前没有待您评分的周总结')
  await zhao.type('放假安排')
  expect(zhao.sees()).toContain('2027年放假安排尚未公布或导入')
  await zhao.type('请假 周三到周五')
  expect(li.sees()).toContain('赵敏')
  // Past the deadline what is missing can still be written from here.
  await world.go('2026-11-28T12:02:00+08:00')
  const qian = world.phone('qian')
  await qian.type('我的')
  expect(qian.sees()).toContain('未提交，现在补交按迟交计')
  await qian.tap('在聊天中填写')
  expect(qian.sees()).toContain('周总结（11月23日至29日）')
})

test('somebody who joined this week is asked for a first plan and owes nothing', async () => {
  const people = companyOfFive.map((p) => (p.userId === 'qian' ? { ...p, hiredOn: '2026-11-18' } : p))
  world = await startWeekWorld({ start: '2026-11-20T15:59:00+08:00', people })
  const qian = world.phone('qian')
  await world.go('2026-11-20T16:00:00+08:00')
  expect(qian.sees()).toContain('请写下您的第一份周计划')
  await qian.type('周计划\n1. 熟悉车辆台账 40分')
  await qian.tap('提交')
  await world.go('2026-11-27T16:00:00+08:00')
  expect(qian.sees()).toContain('1. 熟悉车辆台账（40分）')
})

test('HR is told of people whom nobody may score', async () => {
  const people = companyOfFive.map(({ managerUserId, leader, ...p }) =>
    p.userId === 'wang'
      ? p
      : {
          ...p,
          ...(managerUserId && p.userId !== 'qian' && { managerUserId }),
          ...(leader && p.userId !== 'li' && { leader }),
        },
  )
  world = await startWeekWorld({
    start: '2026-11-20T15:59:00+08:00',
    people,
    yaml: `${companyYaml}roles: { hr: ['0003'] }\n`,
  })
  await world.go('2026-11-20T16:00:00+08:00')
  const told = world
    .phone('zhao')
    .messages()
    .map(readable)
    .find((t) => t.includes('没有上级'))
  expect(told).toContain('钱进')
  expect(told).not.toContain('赵敏')
})

test('in a group the bot keeps short and names nobody', async () => {
  world = await startWeekWorld({
    start: '2026-11-20T10:00:00+08:00',
    platforms: ['dingtalk'],
    groups: [{ groupId: 'cid1==', name: '行政群', members: ['zhao', 'li'] }],
  })
  await world.dingtalk!.type('li', '@机器人 谁没交', 'cid1==')
  await world.bot().idle()
  const answer = world.dingtalk!.groupChat('cid1==').at(-1)
  expect(answer?.text).toContain('请私聊我处理')
  for (const { name } of companyOfFive) expect(answer?.text).not.toContain(name)
})

test('nothing is handed in or scored unseen: an older card shows what is new instead', async () => {
  const { zhao, li } = await untilSecondWeek()
  await zhao.type(summaryOfZhao)
  const older = zhao.last()
  await zhao.type('周计划\n1. 年会筹备 55分')
  await world.wecom!.tap('zhao', older.id, 'submit-week')
  await world.bot().idle()
  expect(zhao.sees()).toContain('年会筹备（55分')
  await zhao.type('我的')
  expect(zhao.sees()).toContain('有草稿未提交')
  await zhao.type('提交')
  await li.type('赵敏 满分')
  await zhao.type('周计划\n1. 年会筹备 60分')
  await zhao.tap('提交')
  await li.tap('确认评分')
  expect(li.sees()).toContain('<全部满分>')
  expect(zhao.messages().map(readable).join()).not.toContain('得分：')
})

test('好的 is no press, and a command is no reason', async () => {
  const { zhao, li } = await untilSecondWeek()
  await zhao.type(summaryOfZhao)
  await zhao.type('好的')
  expect(zhao.sees()).toContain('请核对，确认后提交')
  await zhao.tap('提交')
  await li.type('评分')
  await li.tap('退回补充')
  await li.type('谁没交')
  expect(li.sees()).toContain('提交情况')
  // It ends the question, and says so: what is typed next is no reason either.
  expect(li.messages().map(readable).at(-2)).toContain('刚才等您回复的一项已取消')
  await li.type('请补充培训安排')
  expect(zhao.messages().map(readable).join()).not.toContain('请补充培训安排')
  await li.tap('退回补充')
  await li.type('提交')
  expect(li.sees()).toContain('草稿')
  await li.tap('退回补充')
  await li.type('请补充培训安排')
  expect(zhao.sees()).toContain('请补充培训安排')
})

test('撤销 instead of a reason means the question; an excused week is not sent back', async () => {
  const { zhao, li } = await untilSecondWeek()
  await zhao.type(summaryOfZhao)
  await zhao.tap('提交')
  await li.type('评分')
  await li.tap('退回补充')
  await li.type('撤销')
  expect(li.sees()).toContain('已取消')
  await zhao.type('我在请假')
  await li.tap('同意免计')
  await li.tap('退回补充')
  await li.type('请补充培训安排')
  expect(li.sees()).toContain('这一周已免计')
  expect(zhao.messages().map(readable).join()).not.toContain('请补充')
})

test('scored, taken back and scored again within one second: each of the three is told', async () => {
  const { zhao, li } = await untilSecondWeek()
  await zhao.type(summaryOfZhao)
  await zhao.tap('提交')
  await world.go('2026-11-28T12:01:00+08:00')
  await li.type('赵敏 18 30 40')
  await li.tap('确认评分')
  await li.type('撤销')
  await li.type('赵敏 18 30 50')
  await li.tap('确认评分')
  const told = zhao.messages().map(readable).join()
  expect(told).toContain('得分：88.00')
  expect(told).toContain('评分已由上级撤回')
  expect(told).toContain('得分：98.00')
})

test('DingTalk by HTTP callbacks is the same loop', async () => {
  world = await startWeekWorld({ start: '2026-11-20T15:59:00+08:00', platforms: ['dingtalk'], dingtalkMode: 'http' })
  const zhao = world.phone('zhao')
  await world.go('2026-11-20T16:00:00+08:00')
  await zhao.tap('在聊天中填写')
  await zhao.type(planOfZhao)
  await zhao.tap('提交')
  expect(zhao.sees()).toContain('已提交')
  expect(world.dingtalk!.violations).toEqual([])
})

test('with the imported form DingTalk answers drop-downs in the card', async () => {
  world = await startWeekWorld({
    start: '2026-11-16T09:00:00+08:00',
    platforms: ['dingtalk'],
    formTemplateId: 'ours.schema',
  })
  const [zhao, li] = [world.phone('zhao'), world.phone('li')]
  await zhao.type(planOfZhao)
  await zhao.tap('提交')
  await world.go('2026-11-27T16:00:00+08:00')
  await zhao.type(summaryOfZhao)
  await zhao.tap('提交')
  await li.type('评分')
  await li.tap('逐项打分')
  await li.tap('下一步', { '1. 完成年度采购对账': '18分', '3. 考勤统计': '40分' })
  expect(li.sees()).toContain('(18+30+40)÷100×100 = 88')
  await li.tap('确认评分')
  expect(zhao.sees()).toContain('得分：88.00')
  expect(world.dingtalk!.violations).toEqual([])
})

test('of two who may score the first counts: the other’s card says who it was', async () => {
  const { zhao, li } = await untilSecondWeek()
  await zhao.type(summaryOfZhao)
  await zhao.tap('提交')
  await li.type('评分')
  const { ctx } = world.bot()
  const [person] = await ctx.people.model.find({ name: '赵敏' }).lean()
  const [wang] = await ctx.people.model.find({ name: '王建国' }).lean()
  const act = { id: 'page/wang/1', at: world.clock.now() }
  const outcome = await scoreWeek(ctx, act, wang!, person!, '2026-W48', { points: [20, 30, 50], deductions: [] })
  expect(outcome.kind).toBe('scored')
  await world.bot().idle()
  expect(li.sees()).toContain('已由王建国评分')
  await li.type('赵敏 18 30 40')
  expect(li.sees()).not.toContain('确认评分')
})

test('the menu is created on WeCom and leads where its words do', async () => {
  world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00' })
  const menu = world.wecom!.menu()
  expect(menu.map((m) => m.text)).toEqual(['本周', '团队', '更多'])
  const write = menu[0]!.children!.find((c) => c.text === '写周计划')!
  await world.wecom!.tapMenu('zhao', write.key!)
  await world.bot().idle()
  expect(world.phone('zhao').sees()).toContain('重点工作：')
})
