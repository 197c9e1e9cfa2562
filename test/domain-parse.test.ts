import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { numeral } from '../src/domain/chat-text.ts'
import { parseReport, type ReportContext } from '../src/domain/parse-plan.ts'
import { describeScore, parseScores, type Scoreable } from '../src/domain/parse-score.ts'
import { contentText, ITEM_EXAMPLE, templateText } from '../src/domain/template-text.ts'
import { addDays, addWeeks, mondayOf } from '../src/domain/time.ts'
import type { PlanItem, Summary, WeeklyContent } from '../src/domain/weekly-report.ts'
import { cost } from './cost.ts'
import { outcomeLines, planLines, scoreLines, verbMessages, verbOutcomes } from './domain-chat-corpus.ts'

const planned: PlanItem[] = [
  { text: '招聘方案', kind: 'key', points: 20 },
  { text: '组织消防培训', kind: 'key', points: 30 },
  { text: '月度考勤汇总', kind: 'routine', points: 50 },
]
const context: ReportContext = { today: '2026-11-27', summaryWeek: '2026-W48', planWeek: '2026-W49', planned }
const read = (text: string, more: Partial<ReportContext> = {}) => parseReport(text, { ...context, ...more })

const people: Scoreable[] = [
  { id: 'wang', name: '王五', aliases: ['小王', '老王'], planned: [20, 30, 50] },
  { id: 'li', name: '李四', aliases: ['四哥', '李工'], planned: [40, 40] },
  { id: 'zhao', name: '赵六', planned: [100] },
  { id: 'zhang1', name: '张伟', department: '行政部', planned: [60, 40] },
  { id: 'zhang2', name: '张伟', department: '车队', planned: [50, 50] },
  { id: 'ouyang', name: '欧阳娜娜', aliases: ['Nana'], planned: [30, 70] },
  { id: 'qian', name: '钱多多' },
]

test('the corpus holds at least 200 lines', () => {
  expect(planLines.length + outcomeLines.length + scoreLines.length).toBeGreaterThanOrEqual(200)
})

describe('a line of a plan', () => {
  const shownItem = (item: PlanItem | undefined, withKind: boolean) =>
    item
      ? [
          item.text,
          item.points,
          item.due?.slice(5) ?? '',
          withKind ? { key: '重点', routine: '日常' }[item.kind] : '',
          item.support ? `${item.support.who ?? ''}:${item.support.what}` : '',
        ]
          .join('|')
          .replace(/\|+$/, '')
      : '(nothing)'
  test.each(planLines)('%s', (line, expected) => {
    const result = read(`周计划\n${line}`)
    expect(result.plan).toHaveLength(1)
    expect(result.unread).toEqual([])
    expect(shownItem(result.plan[0], expected.split('|')[3] !== undefined && expected.split('|')[3] !== '')).toBe(
      expected,
    )
  })
})

const shownOutcomes = (summary: Summary | undefined) =>
  (summary?.outcomes ?? [])
    .map((one) =>
      one ? { done: '完', partly: '部', 'not-done': '未' }[one.outcome] + (one.note ? `(${one.note})` : '') : '-',
    )
    .join(' ')

describe('a verb that is an outcome elsewhere', () => {
  test.each(verbMessages)('$said', ({ said, plan, outcomes }) => {
    for (const [i, count] of [0, 1, 3].entries()) {
      const result = read(said, { planned: planned.slice(0, count) })
      expect([count, result.plan.map((item) => `${item.text} ${item.points}`).join(';')]).toEqual([count, plan])
      expect([count, shownOutcomes(result.summary)]).toEqual([count, outcomes[i]])
    }
  })
  test.each(verbOutcomes)('%s', (said, expected) => {
    const result = read(said)
    expect(shownOutcomes(result.summary)).toBe(expected)
    expect(result.plan).toEqual([])
    expect(result.unread).toEqual([])
  })
})

describe('a line of a summary', () => {
  test.each(outcomeLines)('%s', (line, expected) => {
    const result = read(`周总结\n${line}`)
    expect(shownOutcomes(result.summary)).toBe(expected)
    expect(result.unread).toEqual([])
    // Without a heading the same words say the same.
    expect(shownOutcomes(read(line).summary)).toBe(expected)
  })
})

describe('a manager’s line', () => {
  test.each(scoreLines)('%s', (line, expected) => {
    const { scores, problems } = parseScores(line, people)
    const shown = [
      ...scores.map((one) =>
        [
          one.name,
          ...(one.points ?? ['-']),
          ...(one.percent === undefined ? [] : [`${one.percent}%`]),
          ...one.deductions.flatMap((each) => ['扣', each.requirement, each.points]),
        ].join(' '),
      ),
      ...problems.map((one) => `!${one.kind}`),
    ]
    expect(shown.join(';')).toBe(expected)
    for (const { text } of problems) expect(text).toMatch(/[\u4e00-\u9fff]/)
  })

  test('says whom it could mean, what is wrong, and what it read', () => {
    const [problem] = parseScores('张伟 90', people).problems
    expect(problem).toMatchObject({
      candidates: ['zhang1', 'zhang2'],
      text: '“张伟”对应2人：张伟（行政部）、张伟（车队）。请写明部门，例如“张伟（行政部） 90”',
    })
    for (const said of ['张伟（车队） 90', '车队张伟90', '张伟(车队) 90分', '王五 18 30 40，车队张伟 90'])
      expect(parseScores(said, people)).toMatchObject({
        problems: [],
        scores: expect.arrayContaining([expect.objectContaining({ personId: 'zhang2', percent: 90 })]),
      })
    const twins = [1, 2].map((n) => ({ id: `z${n}`, name: '张伟', department: '车队', planned: [100] }))
    expect(parseScores('张伟 90', twins).problems[0]?.text).toContain('请发“评分”，在卡片上评分')
    expect(parseScores('王五 21 30 40', people).problems[0]?.text).toBe('王五第1项计划20分，21分超出，请核对')
    expect(parseScores('王五 18 30', people).problems[0]?.text).toBe('王五的计划有3项，您写了2个分数，请逐项写出')
    const { scores } = parseScores('王五 92 总结不完整扣2', people)
    expect(describeScore(scores[0]!, [20, 30, 50])).toBe(
      '王五：18.4/20、27.6/30、46/50，合计92/100，按92%分摊，总结不完整扣2分',
    )
  })

  test('one person’s mistake does not lose another’s score', () => {
    const result = parseScores('王五 18 30 40，孙七 90，李四 40 36', people)
    expect(result.scores.map((one) => one.personId)).toEqual(['wang', 'li'])
    expect(result.problems.map((one) => one.kind)).toEqual(['unknown-name'])
  })
})

describe('a whole message', () => {
  test('summary and plan together, under headings of kinds', () => {
    const result = read(`周总结
1完成 2部分完成：缺数据 3未完成
计划外：接待检查组
不足：沟通不够及时
遇到的问题：会议室不够
改进方法：提前一天预约

下周计划
重点工作：
1. 供应商谈判 40分 周四 需支持：张三 提供数据
日常工作：
2. 车辆年检 （２０分）4日
3. 考勤统计 40分
合计 100分`)
    expect(result).toEqual({
      summary: {
        outcomes: [{ outcome: 'done' }, { outcome: 'partly', note: '缺数据' }, { outcome: 'not-done' }],
        extra: ['接待检查组'],
        shortcomings: '沟通不够及时',
        problems: '会议室不够',
        improvements: '提前一天预约',
      },
      plan: [
        { text: '供应商谈判', kind: 'key', points: 40, due: '2026-12-03', support: { who: '张三', what: '提供数据' } },
        { text: '车辆年检', kind: 'routine', points: 20, due: '2026-12-04' },
        { text: '考勤统计', kind: 'routine', points: 40 },
      ],
      unread: [],
      assumptions: [],
    })
  })

  test('a table pasted from Excel, with its headings in any order and a total that does not add up', () => {
    const result = read(
      '序号\t完成时间\t工作内容\t类别\t需支持\t分值\n1\t12.4\t招聘方案\t重点\t无\t20\n2\t周五\t考勤统计\t日常\t财务部 对账\t30\n合计\t\t\t\t\t60',
    )
    expect(result.plan).toEqual([
      { text: '招聘方案', kind: 'key', points: 20, due: '2026-12-04' },
      { text: '考勤统计', kind: 'routine', points: 30, due: '2026-12-04', support: { what: '财务部 对账' } },
    ])
    expect(result.assumptions).toEqual(['合计写的是60分，逐项相加为50分，按逐项分值计'])
  })

  test('several items in one line', () => {
    const names = (text: string) => read(text).plan.map((item) => `${item.text} ${item.points}`)
    const three = ['招聘方案 20', '消防培训 30', '考勤 50']
    expect(names('周计划 1、招聘方案 20分 2、消防培训 30分 3、5S管理抽查 50分')).toEqual([
      ...three.slice(0, 2),
      '5S管理抽查 50',
    ])
    expect(names('周计划\n1、招聘方案 20分\n2、消防培训 30分\n3、5S管理抽查 50分')).toEqual([
      ...three.slice(0, 2),
      '5S管理抽查 50',
    ])
    expect(names('周计划 1、招聘方案 20分 2、消防培训 30分 3、考勤 50分')).toEqual(three)
    expect(names('周计划：①招聘方案20分②消防培训30分③考勤50分')).toEqual(three)
    expect(names('下周计划：招聘方案20分，消防培训30分，考勤50分')).toEqual(three)
    expect(names('周计划 招聘方案（20分）；消防培训（30分）；考勤（50分）')).toEqual(three)
    expect(names('下周要做：招聘方案20分周三前，消防培训30分周五，考勤50分')).toEqual(three)
    expect(names('周计划 招聘方案20分周三前完成、消防培训30分、考勤50分')).toEqual(three)
    expect(names('周计划：招聘方案20分，周三前，消防培训30分，周五，考勤50分')).toEqual(three)
    expect(names('周计划 招聘方案20分周三前消防培训30分考勤50分')).toEqual(three)
    expect(names('周计划\n1 招聘方案 20\n2 消防培训 30\n3 考勤 50')).toEqual(three)
    expect(names('1. 招聘方案 20分\n2. 消防培训 30分\n3. 考勤 50分')).toEqual(three)
  })

  test('points that stay in an item’s words are asked about', () => {
    expect(read('周计划\n招聘、培训各20分 30分').assumptions[0]).toBe(
      '第2行写有几个分值，按30分理解；如果是几项工作，请一行写一项再发送',
    )
    expect(read('周计划\n20分钟晨会分享 5分').assumptions.join()).not.toContain('几个分值')
  })

  test('what somebody did, under a heading of their own words', () => {
    expect(read('本周做了：招聘方案完成了，消防培训做了一半').summary?.outcomes).toEqual([
      { outcome: 'done' },
      { outcome: 'partly', note: '做了一半' },
      null,
    ])
    expect(read('周总结\n招聘方案：部分完成，等组织消防培训完成').summary?.outcomes[0]).toEqual({
      outcome: 'partly',
      note: '等组织消防培训完成',
    })
  })

  test('the words of a button below a plan are no part of it', () => {
    const { plan, summary, assumptions } = read('周计划\n1. 年会策划 20分\n2. 车辆年检 20分\n本周计划全部完成')
    expect(plan.map((item) => item.text)).toEqual(['年会策划', '车辆年检'])
    expect(summary?.outcomes).toEqual(planned.map(() => ({ outcome: 'done' })))
    expect(assumptions.join()).not.toContain('并入')
    const said = read('周总结\n2. 未完成\n周计划\n1. 年会策划 20分\n本周计划全部完成')
    expect(said.summary?.outcomes[1]).toEqual({ outcome: 'not-done' })
    expect(read('周计划\n1. 年会策划 20分\n提交')).toMatchObject({
      plan: [{ text: '年会策划' }],
      unread: [{ line: 3, text: '提交', why: '请核对后点卡片上的按钮' }],
    })
    expect(read('周计划\n1. 年会策划 20分\n本周计划全部完成', { planned: [] }).plan[0]!.text).toBe('年会策划')
  })

  test.each([
    '为什么是98',
    '为什么是98分',
    '怎么才88分',
    '能不能加20分？',
    '招聘 20分可以吗',
    '扣了多少分',
    '3月15',
    '3.15',
    '11月28日',
    '周三',
  ])('%s is no plan', (said) => {
    expect(read(said)).toMatchObject({ plan: [], unread: [{ line: 1, text: said }] })
    expect(read(said).summary).toBeUndefined()
    expect(read(`周计划\n1. 招聘 20分\n2. 培训 20分`).plan).toHaveLength(2)
  })

  test('a question below a plan is no item and no part of one; a mark or points make it one', () => {
    expect(read('周计划\n1. 招聘 20分\n这样写行吗？')).toMatchObject({
      plan: [{ text: '招聘' }],
      unread: [{ line: 3, text: '这样写行吗？' }],
    })
    expect(read('如何提升客户满意度培训 20分').plan[0]!.text).toBe('如何提升客户满意度培训')
  })

  test('a number before a number is an item’s where the lines around it count along', () => {
    const texts = (text: string) => read(text).plan.map((item) => item.text)
    expect(texts('周计划\n1、周排产计划 40分\n2、12月滚动计划 40分\n3、2026年预算 20分')).toEqual([
      '周排产计划',
      '12月滚动计划',
      '2026年预算',
    ])
    expect(texts('周计划\n１、12月滚动计划 40分\n完成时间：周四\n２、考勤 60分')).toEqual(['12月滚动计划', '考勤'])
    expect(texts('周计划\n2、3月份报表合并 100分')).toEqual(['2、3月份报表合并'])
    const { summary } = read('周总结\n1、完成\n2、3没做，设备检修')
    expect(summary?.outcomes?.map((o) => o?.outcome)).toEqual(['done', 'not-done', 'not-done'])
  })

  test('attributes and further words on lines of their own belong to the item above', () => {
    const { plan, assumptions } = read(
      '周计划\n1. 年会方案 20分\n需支持：王经理 场地\n完成时间：周四\n2. 消防培训 30分\n含新员工和外包人员',
    )
    expect(plan[0]).toMatchObject({ due: '2026-12-03', support: { who: '王经理', what: '场地' } })
    expect(plan[1]!.text).toBe('消防培训 含新员工和外包人员')
    expect(assumptions).toContain('第6行并入计划第2项')
  })

  test('several parts on one line, and items counted without marks', () => {
    const { summary, plan, assumptions } = read(`总结：1、2完成了，3完成一半
不足：核对太慢。问题：系统卡。改进：换个时间导出
计划：
1年会策划30分
2车辆年检20分`)
    expect(summary).toEqual({
      outcomes: [{ outcome: 'done' }, { outcome: 'done' }, { outcome: 'partly', note: '完成一半' }],
      extra: [],
      shortcomings: '核对太慢。',
      problems: '系统卡。',
      improvements: '换个时间导出',
    })
    expect(plan.map((item) => item.text)).toEqual(['年会策划', '车辆年检'])
    expect(assumptions).toContain('各项开头的数字按序号理解')
    expect(read('周计划\n3D打印机维护 20分\n考勤 10分').plan[0]!.text).toBe('3D打印机维护')
  })

  test('an outcome of something else is never lost in the note above', () => {
    const result = read('本周完成情况：\n招聘方案 完成\n接待检查组 完成')
    expect(result.summary).toMatchObject({ outcomes: [{ outcome: 'done' }, null, null], extra: ['接待检查组 完成'] })
    const part = read('周总结\n消防培训 没完成')
    expect(part.assumptions).toEqual(['“消防培训”按第2项“组织消防培训”理解'])
  })

  test('points behind a name never make it another one', () => {
    const planned = ['拜访客户120', '拜访客户1'].map((text) => ({ text, kind: 'key' as const, points: 20 }))
    const { summary } = parseReport('周总结\n2. 拜访客户1（20分）：完成', { ...context, planned })
    expect(summary?.outcomes).toEqual([null, { outcome: 'done' }])
  })

  test('what cannot be read is named by line and kept', () => {
    expect(read('王总好\n周计划\n招聘 20分').unread).toEqual([
      { line: 1, text: '王总好', why: '没有看出这是计划还是总结，可在前面加一行“周计划”或“周总结”' },
    ])
    expect(read('周总结\n2. 组织消防培训 很顺利').unread[0]).toMatchObject({ line: 2, text: '2. 组织消防培训 很顺利' })
    expect(read('').unread).toEqual([])
    expect(read(`周计划\n${'长'.repeat(2501)}`).unread[0]).toMatchObject({ line: 2 })
    expect(read(`周计划\n${'长'.repeat(2500)}`).unread).toEqual([])
  })

  test('work that was not planned is taken as beyond the plan, and said so', () => {
    const result = read('周总结\n1. 招聘方案 完成\n4. 接待检查组')
    expect(result.summary?.extra).toEqual(['接待检查组'])
    expect(result.assumptions).toEqual(['第3行不在本周计划内，计入计划外工作'])
  })

  test('本周 or 下周 is asked only where both weeks are open', () => {
    const monday = { today: '2026-11-30', otherPlanWeek: '2026-W50' }
    expect(read('下周计划\n招聘 20分', monday).ask).toEqual({
      kind: 'which-week',
      weeks: ['2026-W49', '2026-W50'],
      text: '您说的“下周计划”是指11月30日至12月6日，还是12月7日至13日？',
    })
    expect(read('周计划\n招聘 20分', monday).ask).toBeUndefined()
    expect(read('下周计划\n招聘 20分').ask).toBeUndefined()
    expect(read('本周计划\n【重点】招聘 20分').assumptions).toEqual(['“本周计划”按11月30日至12月6日这一周理解'])
    expect(read('下周计划\n【重点】招聘 20分').assumptions).toEqual([])
  })

  test('the untouched template says nothing and leaves nothing unread', () => {
    const result = read(templateText(context))
    expect(result).toEqual({ plan: [], unread: [], assumptions: [] })
    expect(templateText(context)).toContain('1. 招聘方案（20分）：')
  })
})

describe('properties', () => {
  const safeText = fc
    .array(
      fc.constantFrom('招聘', '方案', '客户', '培训', 'A4', 'ERP', '（华东）', '“新”', '-', ' 与 ', '1.5', '20%'),
      { minLength: 1, maxLength: 6 },
    )
    .map((parts) => `推进${parts.join('')}`.trim())
  const points = fc.integer({ min: 1, max: 20_000 }).map((halves) => halves / 20)
  const item: fc.Arbitrary<PlanItem> = fc
    .record(
      {
        text: safeText,
        kind: fc.constantFrom('key' as const, 'routine' as const),
        points,
        due: fc.integer({ min: -30, max: 500 }).map((offset) => addDays(mondayOf('2026-W49'), offset)),
        support: fc.oneof(
          fc.record({ who: fc.constantFrom('张三', '财务部', '王经理'), what: safeText }),
          fc.record({ what: fc.constant('提供数据') }),
        ),
        carriedFrom: fc.integer({ min: 1, max: 20 }).map((weeks) => addWeeks('2026-W49', -weeks)),
      },
      { requiredKeys: ['text', 'kind', 'points'] },
    )
    .map((one) => one as PlanItem)
  const note = fc.constantFrom('缺数据', '等领导签字', '还差一场')
  const outcome = fc.option(
    fc.record(
      { outcome: fc.constantFrom('done' as const, 'partly' as const, 'not-done' as const), note },
      { requiredKeys: ['outcome'] },
    ),
  )

  test('the example that people are shown is an item, whatever was planned for this week', () => {
    const texts = fc.constantFrom(
      '采购对账',
      '完成采购对账',
      '对账',
      '完成采购对账 20分',
      '招聘方案',
      '周三例会',
      '完成',
    )
    const plans = fc.array(fc.oneof(texts, safeText), { maxLength: 5 })
    fc.assert(
      fc.property(plans, fc.constantFrom('', '周计划\n', '下周计划：\n', '周计划 '), (texts, before) => {
        const planned = texts.map((text) => ({ text, kind: 'key' as const, points: 20 }))
        const { plan, summary, unread } = read(`${before}${ITEM_EXAMPLE}`, { planned })
        expect(plan).toEqual([{ text: '完成采购对账', kind: 'key', points: 20, due: '2026-12-02' }])
        expect([summary, unread]).toEqual([undefined, []])
      }),
    )
  })

  test('the template is read back without loss', () => {
    const plan = fc.array(item, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(
        plan,
        plan.chain((items) =>
          fc.record({
            items: fc.constant(items),
            outcomes: fc.array(outcome, { minLength: items.length, maxLength: items.length }),
          }),
        ),
        fc.array(safeText, { maxLength: 3 }),
        fc.tuple(safeText, safeText, safeText),
        (next, week, extra, [shortcomings, problems, improvements]) => {
          const here = { ...context, planned: week.items }
          const content: WeeklyContent = {
            summary: { outcomes: week.outcomes, extra, shortcomings, problems, improvements },
            plan: next,
          }
          const text = contentText(content, here)
          const back = parseReport(text, here)
          // Two planned items of one text are told apart by their numbers.
          expect(back).toEqual({ ...content, unread: [], assumptions: [] })
        },
      ),
      { numRuns: 300 },
    )
  })

  test('items in one sentence come out one by one, whatever stands between them and wherever their days are', () => {
    const words = fc.constantFrom('采购合同', '培训新员工', '车辆年检', '年会策划', '5S管理抽查', '考勤统计（10月）')
    const one = fc.record({
      text: words,
      points: fc.integer({ min: 1, max: 100 }),
      day: fc.constantFrom('', '周三', '周五前', '12月4日前完成'),
      // 「培训，周五」 alone is no item, so a day apart from its points follows them.
      apart: fc.constantFrom('', '，'),
    })
    fc.assert(
      fc.property(
        fc.array(one, { minLength: 2, maxLength: 6 }),
        fc.constantFrom('，', '、', '；', '。'),
        fc.constantFrom('周计划 ', '下周要做：', ''),
        (items, mark, heading) => {
          const said = items.map(({ text, points, day, apart }) => `${text}${points}分${day && apart}${day}`)
          const { plan, unread } = read(`${heading}${said.join(mark)}`, { planned: [] })
          expect(plan.map((p) => [p.text, p.points, p.due !== undefined])).toEqual(
            items.map((p) => [p.text, p.points, p.day !== '']),
          )
          expect(unread).toEqual([])
        },
      ),
      { numRuns: 300 },
    )
  })

  test('nothing typed makes a parser throw or take long', () => {
    const bits = fc.constantFrom(
      '1',
      '、',
      '分',
      '20',
      '周三',
      '需',
      '支持',
      '：',
      '（',
      '）',
      '完成',
      '没',
      '除',
      '外',
      '都',
      '\t',
      '\n',
      ' ',
      '王五',
      '其他',
      '扣',
      '总结',
      '计划',
      '一',
      '十',
      '半',
      '-',
      '.',
      '%',
      '月',
      '日',
      '重点',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.array(bits, { maxLength: 300 }).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (typed) => {
        const result = read(typed)
        expect(Array.isArray(result.plan)).toBe(true)
        parseScores(typed, people)
      }),
      { numRuns: 400 },
    )
  })

  test.each([
    '1',
    '、',
    '1、',
    '（',
    '需',
    '需支持',
    '一',
    ' ',
    '周三',
    '完成',
    '1完成',
    '20分',
    '扣',
    '王五',
    '12-',
    '\t',
    '计划',
    '预计',
  ])('a long run of “%s” is over quickly', (unit) => {
    const both = () => {
      read(`周计划\n${unit.repeat(2000 / unit.length)}\n周总结\n${unit.repeat(2000 / unit.length)}`)
      parseScores(unit.repeat(4000), people)
    }
    expect(cost(both, 3)).toBeLessThan(1_500_000)
  })

  test('a second outcome of one item never drops the note of the first', () => {
    const back = read('周总结\n1. 等供应商报价 部分完成\n1. 已换一家 完成')
    expect(JSON.stringify(back)).toContain('等供应商报价')
    expect(back.unread).toMatchObject([{ line: 3, why: '第1项的完成情况前面已经写过，请合并成一行' }])
  })

  test('every line is accounted for: its words come back in the reading or as unread', () => {
    const words = fc.constantFrom('甲乙丙', '丁戊己', '庚辛壬')
    const line = fc
      .tuple(
        fc.constantFrom('', '1. ', '- ', '不足：', '计划外：', '【日常】'),
        words,
        fc.constantFrom('', ' 20分', '（20分，周三）', ' 完成', ' 需支持：场地'),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(
        fc.constantFrom('', '周计划\n', '周总结\n'),
        fc.array(line, { minLength: 1, maxLength: 6 }),
        (heading, lines) => {
          const back = JSON.stringify(read(heading + lines.join('\n')))
          for (const word of ['甲乙丙', '丁戊己', '庚辛壬']) {
            // The same outcome said twice of one item is one outcome; nothing of it is lost.
            const typed = new Set(lines.filter((one) => one.includes(word))).size
            expect(back.split(word).length - 1).toBeGreaterThanOrEqual(typed)
          }
        },
      ),
    )
  })
})

test.each([
  ['二十', 20],
  ['十五', 15],
  ['一百', 100],
  ['一百零五', 105],
  ['一百二', 120],
  ['两百', 200],
  ['九十一', 91],
  ['九二', 92],
  ['三点五', 3.5],
  ['零', 0],
  ['14.5', 14.5],
  ['十百', undefined],
  ['', undefined],
  ['一点', undefined],
  ['1.2.3', undefined],
])('the numeral %s is %s', (text, value) => {
  expect(numeral(text)).toBe(value)
})
