import { afterAll, beforeAll, expect, test } from 'vitest'
import { OPENS_AT } from '../sandbox/history.ts'
import type { Phone } from '../sandbox/phone.ts'
import { readable } from '../sandbox/phone.ts'
import { startWorld, type World } from '../sandbox/world.ts'

let world: World
const shares: number[] = []
beforeAll(async () => {
  world = await startWorld({ history: true, onHistory: (share) => shares.push(share) })
}, 120_000)
afterAll(() => world?.stop())

const all = (phone: Phone) => phone.messages().map(readable).join('\n---\n')

test('ends ten minutes before the Friday’s reminder and tells its progress', () => {
  expect(world.clock.now()).toEqual(new Date(OPENS_AT))
  expect(shares).toEqual([...shares].sort((a, b) => a - b))
  expect(shares.at(-1)).toBe(1)
})

test('most hand in on time, one late, one not at all, one is on leave', async () => {
  expect(all(world.phone('chenguohua', 'wecom'))).toContain('全部已提交')
  expect(all(world.phone('dengkai', 'dingtalk'))).toMatch(/1人未提交[\s\S]*未提交（1人）：曹静/)
  expect(all(world.phone('dengkai', 'dingtalk'))).toContain('迟交（1人）：曹静')
  expect(all(world.phone('guoqiang', 'dingtalk'))).toContain('未提交（1人）：沈磊')
  expect(all(world.phone('panxiaoyan'))).toContain('免计')
})

test('what was not finished goes on into the next week', () => {
  expect(all(world.phone('zhaomin'))).toContain('已结转1周')
})

test('a colleague promised the support that a plan needs', () => {
  expect(all(world.phone('qianjin', 'wecom'))).toContain('赵敏需要您的支持')
  expect(all(world.phone('zhaomin'))).toContain('钱进说：今天下班前发给您')
})

test('people know their scores with how they came about', () => {
  expect(all(world.phone('tangxin'))).toContain('总结不完整 −2')
  expect(all(world.phone('luopeng'))).toMatch(/得分：97\.14/)
  const scores = world.standIns.flatMap((s) =>
    s
      .people()
      .flatMap((p) => [...all(world.phone(p.userId, s.platform)).matchAll(/得分：(\d+\.\d\d)/g)].map((m) => m[1])),
  )
  expect(scores.length).toBeGreaterThan(20)
  expect(new Set(scores).size).toBeGreaterThan(4)
})

test('the canteen was rated; a cook is asked what will be done about the lowest mark', () => {
  expect(all(world.phone('linxiuying', 'wecom'))).toMatch(/食堂满意度（2026年11月）结果：\d+/)
  expect(world.phone('wuguilan').has('回复改进措施')).toBe(true)
  expect(world.phone('wuguilan').text()).toContain('“价格”评分最低')
})

test('one superior still has to score, so that there is something to do', () => {
  expect(world.phone('guoqiang', 'dingtalk').has('开始评分')).toBe(true)
  expect(world.phone('guoqiang', 'dingtalk').last().card?.title).toContain('待您评分')
})

test('whoever writes was greeted then, so that nobody is today', async () => {
  const before = world.phone('zhaomin').messages().length
  expect(all(world.phone('zhaomin'))).toContain('您好，我是绩效机器人')
  await world.wecom.open('zhaomin')
  await world.idle()
  expect(world.phone('zhaomin').messages()).toHaveLength(before)
})

test('the newcomer of this week is there and is asked for nothing yet', async () => {
  const sun = world.phone('sunjiayi')
  expect(sun.messages().some((m) => m.card?.title.includes('周总结'))).toBe(false)
  await sun.type('帮助')
  expect(sun.text()).toContain('周计划')
})

test('the bot misunderstood nobody and broke no rule of the platforms', () => {
  for (const s of world.standIns)
    for (const p of s.people()) expect(all(world.phone(p.userId, s.platform))).not.toMatch(/没有看懂|没有读懂/)
  expect(world.dingtalk.violations).toEqual([])
  expect(world.wecom.log.filter((call) => call.errcode !== 0)).toEqual([])
})
