import { afterEach, expect, test } from 'vitest'
import { type MonthWorld, startMonthWorld } from './month-world.ts'

let world: MonthWorld
afterEach(() => world?.stop())

/** What somebody reads last after typing. */
const answer = async (who: string, said: string) => {
  await world.phone(who).type(said)
  return world.phone(who).sees()
}
const plan = [{ text: '日常工作', kind: 'routine' as const, points: 100 }]
/** Handed in on Friday, with a plan of the week before to score it by. */
async function handedIn(userId: string): Promise<void> {
  await world.scored(userId, '2026-W47', 90)
  const personId = await world.idOf(userId)
  const at = new Date('2026-11-27T09:30:00+08:00')
  await world.bot().ctx.weeks.change(personId, '2026-W48', `handed-in/${userId}`, (row) => ({
    row: { ...row, submissions: [{ at, content: { plan } }] },
    outcome: null,
  }))
}

test('a superior records behaviour in other words than 记: shown back, with what was said filled in', async () => {
  world = await startMonthWorld({ start: '2026-11-27T10:00:30+08:00' })
  const shown = await answer('li', '赵敏昨天开会迟到，扣2分')
  expect(shown).toContain('记录赵敏的日常行为')
  expect(shown).toContain('11月26日')
  expect(shown).toContain('分值：−2')
  expect(await answer('li', '给赵敏记一次会议迟到')).toContain('11月27日')
  expect(await answer('li', '奖励赵敏3分')).toContain('分值：+3')
  expect(await answer('li', '给赵敏加3分')).toMatch(/请写明情形。可以加3分的有：部门表扬、.*例如：记 赵敏 部门表扬 \+3/)
  expect(await answer('li', '扣赵敏2分')).toContain('请写明情形。可以扣2分的有：')
  expect(await answer('li', '表扬赵敏')).toContain('记 赵敏 部门表扬')
  expect(await world.bot().ctx.behaviours.model.countDocuments()).toBe(0)
  // Not of somebody above, and an item of a plan stays one.
  expect(await answer('zhao', '扣李静2分')).not.toContain('请写明情形')
  expect(await answer('li', '奖励赵敏方案制定 20分')).toContain('请选择是哪一周')
})

test('how one’s people stand, and where their leave is decided', async () => {
  world = await startMonthWorld({ start: '2026-11-27T10:00:30+08:00' })
  await handedIn('zhao')
  expect(await answer('li', '赵敏交了吗')).toBe('赵敏11月23日至29日：已按时提交（11月27日 09:30）。')
  expect(await answer('zhou', '钱进交了没？')).toBe('钱进11月23日至29日：还未提交。')
  expect(await answer('zhao', '钱进交了吗')).toContain('抱歉，我没有看懂')
  expect(await answer('li', '赵敏免计')).toContain('点页面下方的“免计本周”')
  expect(
    world
      .phone('li')
      .last()
      .card?.buttons.map((b) => b.url),
  ).toEqual([expect.stringContaining(`/h5/score/${await world.idOf('zhao')}/2026-W48`)])
  expect(await answer('zhou', '批准赵敏请假')).toBe('赵敏的请假和免计由直属上级处理。')
  expect(await answer('li', '我的团队')).toContain('按时提交（1人）：赵敏')
  expect(await answer('li', '谁迟交了')).toContain('还未提交（1人）：钱进')
})

test('who has weeks left to score: for HR by superior, for a superior their own', async () => {
  world = await startMonthWorld({ start: '2026-11-27T10:00:30+08:00' })
  for (const who of ['zhao', 'qian', 'li']) await handedIn(who)
  expect(await answer('zhou', '谁还没评分')).toBe('还有2位上级有周总结待评分：\n· 李静：2份\n· 王建国：1份')
  expect(await answer('li', '谁没评分')).toContain('<全部满分>')
  expect(await answer('qian', '谁没评分')).toBe('目前没有待您评分的周总结。')
})

test('HR asks for a month by name; others get their own answers', async () => {
  world = await startMonthWorld({ start: '2026-12-01T09:05:00+08:00' })
  expect(await answer('zhou', '9月进度')).toContain('没有该月的绩效结果')
  expect(await answer('zhou', '10月进度')).toContain('2026年10月绩效：已发布')
  expect(await answer('zhou', '导出11月结果')).toContain('2026年11月绩效：结算中')
  expect(world.phone('zhou').messages().at(-2)?.text).toBe('请打开下面的页面，点“下载Excel”导出。')
  const publish = await answer('zhou', '发布11月结果')
  expect(publish).toContain('2026年11月绩效：结算中')
  // What cannot be published yet is not offered.
  expect(publish).toContain('到时自动发布')
  expect(publish).not.toContain('<发布>')
  expect(await answer('zhou', '12月进度')).toContain('2026年12月尚未结束')
  expect(await answer('zhao', '11月结果')).toContain('您还没有已发布的月度结果')
  expect(await answer('zhao', '发布11月结果')).not.toContain('结算中')
  expect(await answer('zhou', '待处理申诉')).toBe('目前没有处理中的申诉。')
  expect(await answer('zhou', '下月生日')).toContain('2027年1月没有登记在册的员工生日')
  expect(await answer('zhou', '谁快转正了')).toContain('试用期结束前14天')
})

test('questions of employees lead to the answers there are', async () => {
  world = await startMonthWorld({ start: '2026-11-27T10:00:30+08:00' })
  for (const said of ['我被扣了几分', '我的扣分记录', '为什么扣我分'])
    expect(await answer('zhao', said)).toBe('近60天没有您的日常行为记录。')
  for (const said of ['我的面谈', '什么时候面谈']) expect(await answer('zhao', said)).toContain('面谈')
  expect(await answer('zhao', '我迟交会扣几分')).toBe(
    '晚于截止时间提交的，当周得分扣3分，只扣一次；上级同意的修改不扣分。本周截止时间为11月28日（周六）12:00。',
  )
  for (const said of ['春节放几天', '今年还有哪些假', '国庆放假吗'])
    expect(await answer('zhao', said)).toContain('2027年放假安排尚未公布或导入')
  expect(await answer('zhao', '周六上班吗')).toBe('2026年11月28日（周六）是休息日，不上班。')
  expect(await answer('zhao', '明天放假吗')).toContain('11月28日（周六）是休息日')
})
