import { afterEach, describe, expect, test } from 'vitest'
import type { SandboxPerson } from '../sandbox/stand-in.ts'
import { defaultCases } from '../src/domain/behaviour.ts'
import { afterRecordWord, type Named, readBehaviour } from '../src/domain/parse-behaviour.ts'
import { type MonthWorld, startMonthWorld } from './month-world.ts'

const people: Named[] = [
  { id: 'zhao', name: '赵敏', jobNumber: '0012', aliases: ['小赵', '赵姐'], department: '行政部' },
  { id: 'wang1', name: '王伟', jobNumber: '0014', aliases: [], department: '车队' },
  { id: 'wang2', name: '王伟', jobNumber: '0022', aliases: [], department: '研发部' },
  { id: 'wangwei', name: '王伟明', jobNumber: '0031', aliases: [], department: '市场部' },
]
// Wednesday.
const today = '2026-11-25'
const read = (line: string, on = today) => {
  const after = afterRecordWord(line)
  return after && readBehaviour(after.rest, people, defaultCases, on)
}

describe('a line that records behaviour', () => {
  test.each([
    [
      '记 赵敏 会议迟到 1次',
      { personId: 'zhao', caseId: 'meeting-late', points: '-2', times: 1, day: '2026-11-25', facts: '' },
    ],
    ['记赵敏会议迟到', { personId: 'zhao', caseId: 'meeting-late', times: 1 }],
    ['记：赵姐 开会迟到 两次', { personId: 'zhao', caseId: 'meeting-late', times: 2 }],
    [
      '记 小赵 会议缺席 11月24日 周例会未到',
      { caseId: 'meeting-absent', points: '-5', day: '2026-11-24', facts: '周例会未到' },
    ],
    ['记 0022 5S违规 ２次', { personId: 'wang2', caseId: '5s', points: '-1', times: 2 }],
    [
      '记 王伟明 部门表扬 +3 协助布展',
      { personId: 'wangwei', caseId: 'praise-department', points: '3', facts: '协助布展' },
    ],
    ['记 赵敏 工作态度 扣3分 上班闲聊', { caseId: 'attitude', points: '-3', facts: '上班闲聊' }],
    ['记 赵敏 工作态度 -2.5', { caseId: 'attitude', points: '-2.5' }],
    ['记 赵敏 一般失误 0.5分 通知写错日期', { caseId: 'error', points: '-0.5', facts: '通知写错日期' }],
    ['记录 赵敏 玩游戏', { caseId: 'games', points: '-5' }],
    ['记 0014 车辆违规 未做日检', { personId: 'wang1', caseId: 'vehicle' }],
  ])('%s', (line, record) => {
    expect(read(line)).toMatchObject({ kind: 'read', record })
  })

  // A fact lies in the past: the last such day, today's included.
  test.each([
    ['2026-11-27', '周三', '2026-11-25'],
    ['2026-11-27', '星期五', '2026-11-27'],
    ['2026-11-27', '周六', '2026-11-21'],
    ['2026-11-27', '上周五', '2026-11-20'],
    ['2026-11-30', '上星期三', '2026-11-25'],
    ['2026-11-27', '上上周一', '2026-11-09'],
    ['2026-11-27', '本周一', '2026-11-23'],
    ['2026-11-27', '昨天', '2026-11-26'],
    ['2026-11-27', '前天', '2026-11-25'],
    ['2026-12-01', '大前天', '2026-11-28'],
    ['2026-11-30', '10日', '2026-11-10'],
    ['2026-11-30', '30号', '2026-11-30'],
    ['2026-12-01', '30日', '2026-11-30'],
    ['2026-11-27', '上月30日', '2026-10-30'],
    ['2026-11-27', '11月20日', '2026-11-20'],
    ['2026-11-27', '11/20', '2026-11-20'],
    ['2026-11-27', '十一月二十日', '2026-11-20'],
    ['2027-01-04', '12月31日', '2026-12-31'],
    ['2026-11-27', '2026年11月3日', '2026-11-03'],
    // Said of a day ahead, which is refused where the record is made.
    ['2026-11-25', '本周五', '2026-11-27'],
    ['2026-11-25', '12月3日', '2026-12-03'],
  ])('on %s %s is %s', (on, said, day) => {
    for (const line of [`记 赵敏 会议迟到 ${said} 1次`, `记 赵敏 ${said}会议迟到`, `记 赵敏 于${said}会议迟到`])
      expect(read(line, on)).toMatchObject({ kind: 'read', record: { day, facts: '', times: 1 } })
  })

  test('a range without a number leaves the points open', () => {
    const result = read('记 赵敏 工作态度 上班闲聊')
    expect(result).toMatchObject({ kind: 'read', record: { caseId: 'attitude' } })
    expect(result?.kind === 'read' && result.record.points).toBeUndefined()
  })

  test.each([
    ['记 王伟 会议迟到', '有2位同名的同事：王伟（车队，0014）、王伟（研发部，0022）'],
    ['记 张三 会议迟到', '没有找到这位同事'],
    ['记 赵敏 会议迟到 扣3分', '固定扣2分'],
    ['记 赵敏 工作态度 扣6分', '扣2到5分'],
    ['记 赵敏 工作态度 +3', '扣2到5分'],
    ['记 赵敏 会议迟到 21次', '1到20之间'],
    ['记 赵敏 会议迟到 2月30日', '不是有效的日期'],
    ['记 赵敏 会议迟到 32日', '不是有效的日期'],
    ['记 赵敏 天气很好', '没有找到对应的情形。可以这样写'],
    ['记 赵敏 迟到两次', '相近的有：考勤违规、会议迟到。可以这样写：记 赵敏 考勤违规 1次'],
  ])('%s is answered with what to write', (line, words) => {
    const result = read(line)
    expect(result?.kind === 'problem' ? result.text : '').toContain(words)
  })

  test('other lines are none', () => {
    for (const line of ['周计划', '1. 完成采购 20分', '我的记录']) expect(afterRecordWord(line)).toBeUndefined()
    expect(afterRecordWord('记录会议纪要 20分')).toMatchObject({ sure: false })
  })
})

/** 邓凯 leads the developers; 罗鹏 runs the project 曹静 works on; 唐欣 has indicators and works for 徐丽. */
const makers: SandboxPerson[] = [
  { userId: 'boss', name: '周文斌', departments: ['总经办'], title: '总经理', jobNumber: '0001', leader: true },
  {
    userId: 'hr',
    name: '林秀英',
    departments: ['人力资源部'],
    title: '人事经理',
    jobNumber: '0002',
    managerUserId: 'boss',
  },
  {
    userId: 'deng',
    name: '邓凯',
    departments: ['研发部'],
    title: '研发经理',
    jobNumber: '0005',
    managerUserId: 'boss',
    leader: true,
  },
  { userId: 'luo', name: '罗鹏', departments: ['研发部'], title: '研发经理', jobNumber: '0023', managerUserId: 'deng' },
  { userId: 'cao', name: '曹静', departments: ['研发部'], title: '工程师', jobNumber: '0024', managerUserId: 'deng' },
  {
    userId: 'xu',
    name: '徐丽',
    departments: ['财务部'],
    title: '财务经理',
    jobNumber: '0004',
    managerUserId: 'boss',
    leader: true,
  },
  { userId: 'tang', name: '唐欣', departments: ['财务部'], title: '会计', jobNumber: '0020', managerUserId: 'xu' },
]
const yaml = `name: 测试公司
roles: { hr: ['0002'], gm: ['0001'] }
kpis:
  报表及时率: { rule: { kind: ratio }, unit: '%', target: 100 }
  差错: { rule: { kind: per-case, points: 10 }, unit: 次 }
schemes:
  不考核: { kind: none }
  研发:
    kind: raters
    people: { '0024': { project: 60, projectManagers: { '0023': 100 }, peers: ['0020'] } }
  指标: { kind: kpi, indicators: [{ kpi: 报表及时率, weight: 80 }, { kpi: 差错, weight: 20 }] }
positions: { '*': 不考核, 工程师: 研发, 会计: 指标 }
`

describe('what is given once a month, in chat', () => {
  let world: MonthWorld
  afterEach(() => world?.stop())
  const draft = async (userId: string) => {
    const { settleMonth } = await import('../handlers/month/settle.ts')
    const { ctx } = world.bot()
    await settleMonth(ctx, '2026-11', new Date('2026-12-01T09:00:00+08:00'))
    return (await ctx.results.get(`${await world.idOf(userId)}/2026-11`))!.draft
  }

  test('ratings by those who are named, each seeing nothing of the others; a missing one is spread once HR closes', async () => {
    world = await startMonthWorld({ people: makers, yaml })
    const [deng, luo, tang, hr] = ['deng', 'luo', 'tang', 'hr'].map((p) => world.phone(p)) as [
      ReturnType<MonthWorld['phone']>,
      ...ReturnType<MonthWorld['phone']>[],
    ]
    await deng.type('评价')
    expect(deng.sees()).toContain('待评价：曹静')
    await deng.type('评价 曹静 101')
    expect(deng.sees()).toContain('0到100分')
    await deng.type('评价 曹静 88')
    await deng.tap('确认')
    expect((await draft('cao')).missing).toEqual(['还未评价：项目经理、同事'])
    await luo!.type('评价 曹静 90')
    await luo!.tap('确认')
    // Who is not asked for it means something else.
    await hr!.type('评价')
    expect(hr!.sees()).toContain('目前没有需要您评价的同事')
    await hr!.type('关闭评价 曹静 同事出差未评')
    expect(hr!.sees()).toContain('已关闭曹静的评价')
    const result = await draft('cao')
    // 60×90 + 40×88, the peer's weight with the manager.
    expect(result).toMatchObject({ shownWork: '89.20', missing: [] })
    expect(result.sections[0]!.lines.join('\n')).toContain('其中1人未评价，其权重由本部分其他评价人按比例分担')
    // The last word counts while the month is open.
    await tang!.type('评价 曹静 70')
    await tang!.tap('确认')
    expect((await draft('cao')).shownWork).toBe('87.04')
  })

  test('indicators by the superior, named until all are there', async () => {
    world = await startMonthWorld({ people: makers, yaml })
    const xu = world.phone('xu')
    await xu.type('指标')
    expect(xu.sees()).toContain('唐欣：报表及时率、差错')
    await xu.type('指标 唐欣 报表及时率 95')
    expect(xu.sees()).toContain('报表及时率 实际值 95%')
    await xu.tap('确认')
    expect((await draft('tang')).missing).toEqual(['指标未填实际值：差错'])
    await xu.type('指标 唐欣 差错 1')
    await xu.tap('确认')
    // 95×80% + 90×20%
    expect(await draft('tang')).toMatchObject({ shownTotal: '94.00', grade: 'A' })
    await xu.type('指标')
    expect(xu.sees()).toContain('已全部完成')
  })

  test('a position without a scheme is named, a change of position counts by days', async () => {
    const without = yaml.replace("'*': 不考核", '工程经理: 不考核')
    world = await startMonthWorld({ people: makers, yaml: without })
    expect((await draft('boss')).missing).toEqual(['岗位“总经理”没有设置考核方案'])
    const { ctx } = world.bot()
    const id = await world.idOf('tang')
    await ctx.positions.note('2026-11-01', [{ _id: id, position: '工程经理' }])
    await ctx.positions.note('2026-11-21', [{ _id: id, position: '会计' }])
    const xu = world.phone('xu')
    await xu.type('指标 唐欣 报表及时率 95')
    await xu.tap('确认')
    await xu.type('指标 唐欣 差错 1')
    await xu.tap('确认')
    const lines = (await draft('tang')).sections[0]!.lines
    expect(lines[0]).toBe('工程经理 11月1日至11月20日（20天）')
    expect(lines).toContain('会计 11月21日至11月30日（10天）')
    expect((await draft('tang')).shownWork).toBe('94.00')
  })
})
