import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeCalendar } from '../src/domain/calendar.ts'
import { gist, type Intent, readSnooze, recognise } from '../src/domain/commands.ts'
import { leaveDays, readLeaveWords, weeksOfLeave } from '../src/domain/parse-leave.ts'
import { planLines } from './domain-chat-corpus.ts'

const said: [Intent, string[]][] = [
  ['help', ['帮助', '菜单', '你好', '您好！', '请问怎么用？', 'help', 'Hi', '?', '？', '@绩效机器人 帮助', '你好呀']],
  ['weekly-plan', ['周计划', '下周计划', '写周计划', '我要写周计划', '周计划：', '周报']],
  ['weekly-summary', ['周总结', '总结', '写总结', '帮我写周总结']],
  ['my-status', ['我的', '状态', '进度', '我交了吗', '什么时候截止？', '查看进度']],
  ['left-to-score', ['谁没评分', '谁还没评分？', '哪些上级没评分', '评分进度']],
  ['my-records', ['我被扣了几分', '我的扣分记录', '为什么扣我分']],
  ['interviews', ['我的面谈', '什么时候面谈？']],
  ['open-appeals', ['待处理申诉']],
  ['terms', ['谁快转正了', '合同到期名单']],
  ['who-is-missing', ['我的团队', '谁迟交了', '谁没交', '谁没交？', '还有谁没交', '提交情况', '谁没交啊']],
  ['chase', ['催一下', '催办', '催一下没交的', '帮我催一下']],
  ['score', ['打分', '评分', '我要打分', '开始评分吧']],
  ['undo', ['撤销', '撤回', '撤销！', '“撤销”', '撤回提交']],
  ['submit', ['提交', '确认提交', '提交吧', '交了']],
  ['confirm', ['确认', '确定', '好的', '好', '没问题', 'OK', 'ok。', '嗯']],
  ['cancel', ['取消', '算了', '不提交', '不对']],
  ['change', ['修改', '改一下', '我要修改', '重新填']],
  [
    'on-leave',
    [
      '我在请假',
      '我在请假，家里有事',
      '请假',
      '请假到周五',
      '我请假到12月4日',
      '今天请假',
      '请假3天',
      '我休年假了',
      '请病假',
      '请假 周三到周五',
      '请假从11月3日到5日',
      '我要休年假下周一至周三',
    ],
  ],
  ['on-trip', ['我在出差', '出差', '下周出差', '出差三天', '我要出差到周五', '下周去北京出差', '我在上海出差']],
  ['back-from-leave', ['取消请假', '撤销请假', '销假', '我不请假了', '不请假了', '我回来上班了']],
  [
    'snooze',
    [
      '1小时后',
      '一小时后',
      '半小时后再说',
      '两个小时后提醒我',
      '30分钟后',
      '下午',
      '下午再交',
      '稍后',
      '等会儿',
      '晚点',
      '明天',
      '明早',
    ],
  ],
  ['my-data', ['我的数据', '导出我的数据', '删除我的数据']],
  ['my-result', ['我的结果', '绩效结果', '查分']],
  ['no-wishes', ['不要祝福', '关闭祝福']],
  ['birthday', ['改生日', '改生日 8月15日']],
  ['appeal', ['申诉', '我要申诉', '申诉：10月考勤有误']],
  ['acknowledge', ['知道了', '收到', '收到！']],
  ['thanks', ['谢谢', '谢谢您', '辛苦了']],
  [
    'unknown',
    [
      '',
      '今天天气不错',
      '撤销旧账户 20分',
      '撤销 旧账户 20分',
      '确认合同条款 20分',
      '取消订单处理 10分',
      '修改制度 20分',
      '请假制度宣贯 10分',
      '催办欠款 20分',
      '我的电脑坏了',
      '打分表设计 20分',
      '帮助新同事 5分',
      '下午茶采购 10分',
      '明天会更好',
      '总结上半年数据 20分',
      '计划外出培训 10分',
      '提交年度预算 30分',
      '谁没交作业登记 5分',
    ],
  ],
]

describe('a short wish', () => {
  for (const [intent, texts] of said)
    test.each(texts)(`${intent}: %s`, (text) => {
      expect(recognise(text).intent).toBe(intent)
    })

  test('keeps what stands behind it', () => {
    expect(recognise('周计划\n1. 招聘 20分\n2. 培训 30分')).toEqual({
      intent: 'weekly-plan',
      rest: '1. 招聘 20分\n2. 培训 30分',
    })
    expect(recognise('打分：王五 18 30 40')).toEqual({ intent: 'score', rest: '王五 18 30 40' })
    expect(recognise('周总结 1完成 2未完成')).toEqual({ intent: 'weekly-summary', rest: '1完成 2未完成' })
    expect(recognise('今天天气不错').rest).toBe('今天天气不错')
  })

  test('is never found in a line of a plan', () => {
    for (const [line] of planLines) expect([line, recognise(line).intent]).toEqual([line, 'unknown'])
  })

  test('nothing typed makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void recognise(text)))
  })
})

describe('a question in free words', () => {
  test.each<[Intent, string[]]>([
    [
      'my-status',
      ['我忘了交计划怎么办', '本周得分', '计划能改吗？', '几点截止来着', '来不及交了', '评分了吗', '我上周得了多少分'],
    ],
    ['my-result', ['我上月绩效多少', '上个月的结果', '10月得分多少', '绩效出来了吗']],
    ['appeal', ['我的分数不对', '怎么申诉']],
    ['who-is-missing', ['还有几个人没交', '本周提交率']],
    ['left-to-score', ['谁没评分', '还有哪些人没打分', '本周评分情况']],
    ['late-cost', ['我迟交会扣几分', '补交扣分吗', '逾期提交扣多少分']],
    ['my-records', ['我这个月被扣了几分', '为什么扣我的分']],
    ['survey', ['怎么填问卷', '发起食堂调查']],
    ['help', ['这个怎么操作', '你会做什么']],
  ])('%s', (intent, texts) => {
    for (const text of texts) expect([text, gist(text)]).toEqual([text, intent])
  })

  test('nothing is guessed about other matters, nor in a line of a plan', () => {
    for (const text of ['今天天气不错', '我的电脑坏了', '帮我看看小王的分数', '1. 考核结果汇总', '考核结果汇总 20分'])
      expect([text, gist(text)]).toEqual([text, undefined])
    for (const [line] of planLines) expect([line, gist(line)]).toEqual([line, undefined])
  })
})

describe('snooze and leave', () => {
  test.each([
    ['1小时后', { minutes: 60 }],
    ['一个半小时后', { minutes: 90 }],
    ['半小时后', { minutes: 30 }],
    ['20分钟后提醒我', { minutes: 20 }],
    ['稍后', { minutes: 60 }],
    ['下午', { daysAhead: 0, at: '14:00' }],
    ['今晚', { daysAhead: 0, at: '19:00' }],
    ['明天上午', { daysAhead: 1, at: '09:00' }],
    ['明天上午提醒', { daysAhead: 1, at: '09:00' }],
    ['明天下午提醒我', { daysAhead: 1, at: '14:00' }],
    ['今晚提醒', { daysAhead: 0, at: '19:00' }],
    ['两小时后提醒', { minutes: 120 }],
    ['10分钟后', { minutes: 10 }],
    ['0小时后', undefined],
    ['周计划', undefined],
  ])('%s', (text, expected) => {
    expect(readSnooze(text)).toEqual(expected)
  })

  // Said on Wednesday 25 November 2026. `now`: no day was named. `+`: weeks that lose half of their working days, `-`: others.
  test.each([
    ['我在请假', 'now'],
    ['请假', 'now'],
    ['我在请假，家里有事', 'now'],
    ['请假到周五', '2026-11-25 2026-11-27 +48'],
    ['请假到11月30日', '2026-11-25 2026-11-30 +48 -49'],
    ['请假到下周三', '2026-11-25 2026-12-02 +48 +49'],
    ['请假到周二', '2026-11-25 2026-12-01 +48 -49'],
    ['请假3天', '2026-11-25 2026-11-27 +48'],
    // Working days, as leave is counted.
    ['请假十天', '2026-11-25 2026-12-08 +48 +49 -50'],
    ['请假一天', '2026-11-25 2026-11-25 -48'],
    ['请假两天', '2026-11-25 2026-11-26 -48'],
    ['周六请假一天', '2026-11-28 2026-11-28'],
    ['周日请假两天', '2026-11-29 2026-12-01 -49'],
    ['请假半天', '2026-11-25 2026-11-25 half -48'],
    ['明天下午请假', '2026-11-26 2026-11-26 half -48'],
    ['我明天请病假一天', '2026-11-26 2026-11-26 -48'],
    ['孩子生病，明天请假一天', '2026-11-26 2026-11-26 -48'],
    ['请假 周三到周五', '2026-11-25 2026-11-27 +48'],
    ['请假 下周一到下周五', '2026-11-30 2026-12-04 +49'],
    ['我要休年假下周一至周三', '2026-11-30 2026-12-02 +49'],
    ['请年假12月7日至12月11日', '2026-12-07 2026-12-11 +50'],
    ['我想请年假，从12月7日到11日', '2026-12-07 2026-12-11 +50'],
    ['12.7到12.11请假', '2026-12-07 2026-12-11 +50'],
    ['下周请年假', '2026-11-30 2026-12-06 +49'],
    ['我下周休假', '2026-11-30 2026-12-06 +49'],
    ['请3天年假', '2026-11-25 2026-11-27 +48'],
    ['请假从11月3日到5日', '2026-11-03 2026-11-05 +45'],
    ['下周一开始请假', '2026-11-30 2026-12-06 +49'],
    ['请产假到2026年12月', '2026-11-25 2026-12-31 +48 +49 +50 +51 +52 +53'],
    ['请产假20天', '2026-11-25 2026-12-14 +48 +49 +50 -51'],
    // Of a week with a holiday four days are worked, or none.
    ['请假 12月31日到2027年1月2日', '2026-12-31 2027-01-02 -53'],
    ['请假到13月40日', undefined],
  ])('%s', (text, expected) => {
    expect(recognise(text).intent).toBe('on-leave')
    const calendar = makeCalendar()
    const leave = leaveDays(readLeaveWords(text)!, '2026-11-25', calendar)
    if (leave === 'now' || leave === undefined) return expect(leave).toBe(expected)
    const { most, part } = weeksOfLeave(leave, calendar)
    const weeks = [...most.map((w) => `${w.slice(6)} +`), ...part.map((w) => `${w.slice(6)} -`)].sort()
    const shown = [
      leave.from,
      leave.to,
      ...(leave.half ? ['half'] : []),
      ...weeks.map((w) => `${w[3]}${w.slice(0, 2)}`),
    ]
    expect(shown.join(' ')).toBe(expected)
  })

  test.each([
    '张三请假',
    '批准赵敏请假',
    '年假还有几天',
    '怎么请假',
    '可以请假吗',
    '请假流程优化',
    '请假，流程优化',
    '周三请假审批，20分',
    '出差报销单整理',
    '张三下周出差',
    '安排去北京出差 20分',
  ])('no leave: %s', (text) => {
    expect(['on-leave', 'on-trip']).not.toContain(recognise(text).intent)
  })
})
