import { afterEach, describe, expect, test } from 'vitest'
import { changePlan } from '../src/domain/change-plan.ts'
import type { ReportContext } from '../src/domain/parse-plan.ts'
import type { PlanItem } from '../src/domain/weekly-report.ts'
import { cost } from './cost.ts'
import { readable, startWeekWorld, type WeekWorld } from './week-world.ts'

const context: ReportContext = {
  today: '2026-11-27',
  summaryWeek: '2026-W48',
  planWeek: '2026-W49',
  planned: [
    { text: '招聘方案', kind: 'key', points: 20 },
    { text: '组织消防培训', kind: 'key', points: 30 },
  ],
}
const inHand: PlanItem[] = [
  { text: '年会筹备', kind: 'key', points: 40, support: { what: '场地' } },
  { text: '考勤统计', kind: 'routine', points: 40 },
  { text: '采购合同', kind: 'key', points: 20 },
]
const change = (text: string, plan = inHand) => changePlan(text, plan, context)
const shownPlan = (plan: PlanItem[] = []) =>
  plan.map((p) => [p.text, p.points, ...(p.due ? [p.due.slice(5)] : [])].join(' ')).join('，')

describe('a wish to change the plan in hand', () => {
  const [first, second, third] = ['年会筹备 40', '考勤统计 40', '采购合同 20']
  test.each([
    ['改一下第2项改成50分', `${first}，考勤统计 50，${third}`],
    ['第3项30分', `${first}，${second}，采购合同 30`],
    ['第2项改为库房盘点 30分 周五', `${first}，库房盘点 30 12-04，${third}`],
    ['请把第2项的分值改成50分，谢谢', `${first}，考勤统计 50，${third}`],
    ['第二项改成五十分', `${first}，考勤统计 50，${third}`],
    ['第2项改到周五', `${first}，考勤统计 40 12-04，${third}`],
    ['第2项改成周五前50分', `${first}，考勤统计 50 12-04，${third}`],
    ['２改成５０分', `${first}，考勤统计 50，${third}`],
    ['第1项和第2项都改成30分', `年会筹备 30，考勤统计 30，${third}`],
    ['第3项：年会策划 30分', `${first}，${second}，年会策划 30`],
    ['考勤统计改成50分', `${first}，考勤统计 50，${third}`],
    ['把采购合同改成采购合同签订', `${first}，${second}，采购合同签订 20`],
    ['第1项30分，第2项50分', `年会筹备 30，考勤统计 50，${third}`],
    ['第2项改为50分。第3项改为60分。', `${first}，考勤统计 50，采购合同 60`],
    ['把第2项删掉', `${first}，${third}`],
    ['删掉第1项', `${second}，${third}`],
    ['去掉第3项', `${first}，${second}`],
    ['删除第1、3项', second],
    ['最后一项不要了', `${first}，${second}`],
    ['删掉考勤统计', `${first}，${third}`],
    ['去掉第2项，第1项改60分', `年会筹备 60，${third}`],
    ['再加一项：整理档案 10分 周四', `${first}，${second}，${third}，整理档案 10 12-03`],
    ['加一项 整理档案 10分', `${first}，${second}，${third}，整理档案 10`],
    ['补充一项整理档案10分', `${first}，${second}，${third}，整理档案 10`],
    ['再加：整理档案 10分', `${first}，${second}，${third}，整理档案 10`],
    ['再加两项：\n1. 整理档案 10分\n2. 盘点 20分', `${first}，${second}，${third}，整理档案 10，盘点 20`],
    ['第1项改成30分，第3项删掉，再加一项：整理档案 10分', '年会筹备 30，考勤统计 40，整理档案 10'],
  ])('%s', (said, expected) => {
    const changed = change(said)
    expect(shownPlan(changed?.plan)).toBe(expected)
    expect(changed?.unread).toEqual([])
    expect(changed?.assumptions.length).toBeGreaterThan(0)
  })

  test('keeps of an item what it does not speak of', () => {
    expect(change('第1项30分')?.plan[0]).toEqual({ ...inHand[0], points: 30 })
    expect(change('第2项改成重点')?.plan[1]).toEqual({ ...inHand[1], kind: 'key' })
  })

  test.each(['第5项30分', '第2项怎么办', '第2项加10分', '删掉第4项', '再加一项'])(
    '%s changes nothing, and says so',
    (said) => {
      expect(change(said)).toMatchObject({ plan: inHand, assumptions: [], unread: [{ line: 1, text: said }] })
    },
  )

  test('how an item came out is a word about the summary', () => {
    expect(change('第2项改成未完成')).toMatchObject({
      plan: inHand,
      summary: { outcomes: [null, { outcome: 'not-done' }] },
    })
  })

  test.each([
    '第2项完成',
    '第1项完成，第2项未完成',
    '第1项：招聘 20分\n第2项：培训 30分',
    '1. 招聘 20分',
    '周计划\n1. 招聘 20分\n2. 再加一项检查 10分',
    '再加强安全检查 20分',
    '增加一条生产线 20分',
    '补充项目资料 10分',
    '把第三季度报表改成新格式 20分',
    '撤销旧账户 20分',
    '删除过期账户 20分',
    '2不做了',
  ])('%s is none', (said) => {
    expect(change(said)).toBeUndefined()
  })

  test.each(['第1项', '改成', '删掉第', '再加一项', '，第1项', '第1、'])(
    'a long run of “%s” is over quickly',
    (unit) => {
      expect(cost(() => change(unit.repeat(20_000 / unit.length)), 3)).toBeLessThan(1_500_000)
    },
  )
})

describe('on the phone', () => {
  let world: WeekWorld
  afterEach(() => world?.stop())
  const plan = '周计划\n1. 年会筹备 40分\n2. 考勤统计 40分\n3. 采购合同 20分'

  async function written() {
    world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00' })
    const zhao = world.phone('zhao')
    await zhao.type(plan)
    return zhao
  }

  test('a draft is changed in words, item by item, and handed in as it is shown', async () => {
    const zhao = await written()
    await zhao.type('改一下第2项改成50分')
    expect(zhao.sees()).toContain('2. 【重点】考勤统计（50分）')
    expect(zhao.sees()).toContain('已修改第2项')
    await zhao.type('再加一项：整理档案 10分 周四')
    expect(zhao.sees()).toContain('4. 【重点】整理档案（10分，11月26日前）')
    await zhao.type('删掉第1项')
    expect(zhao.sees()).toContain('已删除“年会筹备（40分）”')
    await zhao.type('第7项30分')
    expect(zhao.sees()).toBe('没有修改：“第7项30分”，计划共3项，请核对序号。')
    await zhao.type('提交')
    expect(zhao.sees()).toContain('3项，共80分')
    // What has been handed in is changed in the same words, until the deadline.
    await zhao.type('第3项30分')
    expect(zhao.sees()).toContain('提交后将替换已交的内容')
    expect(zhao.sees()).toContain('合计100分')
  })

  test('a shorter plan that replaces the draft says so, and one tap or 撤销 brings the former one back', async () => {
    const zhao = await written()
    await zhao.type('周计划\n1. 【重点】库房盘点 50分')
    expect(zhao.sees()).toContain('已替换原来的3项')
    await zhao.tap('恢复原来的')
    expect(zhao.sees()).toContain('3. 【重点】采购合同（20分）')
    expect(zhao.sees()).not.toContain('恢复原来的>')
    await zhao.type('删掉第1项')
    await zhao.type('撤销')
    expect(zhao.sees()).toContain('1. 【重点】年会筹备（40分）')
    await zhao.type('周计划\n1. 甲 20分\n2. 乙 20分\n3. 丙 20分')
    expect(zhao.sees()).not.toContain('恢复原来的')
  })

  test('an older card does not bring back what is not its own', async () => {
    const zhao = await written()
    await zhao.type('删掉第1项')
    const older = zhao.last()
    await zhao.type('第1项45分')
    await world.wecom!.tap('zhao', older.id, 'restore-plan')
    await world.bot().idle()
    expect(zhao.sees()).toContain('1. 【重点】考勤统计（45分）')
  })

  test('with nothing in hand there is nothing to change', async () => {
    world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00' })
    const zhao = world.phone('zhao')
    await zhao.type('把第2项改成50分')
    expect(zhao.sees()).toContain('计划还没有内容')
    await zhao.type('我的')
    expect(zhao.messages().map(readable).join()).not.toContain('草稿')
  })
})
