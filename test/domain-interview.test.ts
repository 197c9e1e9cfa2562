import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeCalendar } from '../src/domain/calendar.ts'
import { shippedHolidays } from '../src/domain/holidays.ts'
import {
  formatPeriod,
  gapsOf,
  type InterviewFacts,
  type InterviewState,
  interviewState,
  isOver,
  isPeriod,
  isUsualReview,
  lastCheck,
  lastReview,
  monthsLater,
  monthsOf,
  type PlanItem,
  quarterBeginningOn,
  quarterOf,
  waitsForManager,
} from '../src/domain/interview.ts'
import { readAppointment } from '../src/domain/parse-appointment.ts'
import { addDays, daysBetween } from '../src/domain/time.ts'

const calendar = makeCalendar({ years: shippedHolidays })

describe('quarters', () => {
  test('a month belongs to one, and it has three', () => {
    expect(['2026-01', '2026-03', '2026-04', '2026-12'].map(quarterOf)).toEqual([
      ...['2026-Q1', '2026-Q1', '2026-Q2', '2026-Q4'],
    ])
    expect(monthsOf('2026-Q3')).toEqual(['2026-07', '2026-08', '2026-09'])
    expect(monthsOf('2026-10')).toEqual(['2026-10'])
    expect(['2026-Q1', '2026-Q2', '2026-Q3', '2026-Q4', '2026-10'].map(formatPeriod)).toEqual([
      ...['2026年第一季度', '2026年第二季度', '2026年第三季度', '2026年第四季度', '2026年10月'],
    ])
    for (const none of ['2026-Q5', '2026-13', '26-10', 'x2026-Q3', '2026-Q33', 'x2026-10', '2026-100'])
      expect([none, isPeriod(none)]).toEqual([none, false])
    expect(['2026-Q4', '2026-10'].map(isPeriod)).toEqual([true, true])
  })

  test.each([
    ['2026-09-30', undefined],
    // The first seven days of October are holidays.
    ['2026-10-07', undefined],
    ['2026-10-08', '2026-Q3'],
    ['2026-10-21', '2026-Q3'],
    ['2026-10-22', undefined],
    ['2026-07-01', '2026-Q2'],
    // A year whose holidays are not known: 1 January is off, 2 and 3 are a weekend.
    ['2027-01-03', undefined],
    ['2027-01-04', '2026-Q4'],
  ])('on %s the interviews of %s begin or go on', (day, quarter) => {
    expect(quarterBeginningOn(day, calendar)).toBe(quarter)
  })
})

describe('an improvement plan', () => {
  /** Asked day by day. */
  const checkDays = (agreedOn: string, reviewOn: string) => {
    const days = Array.from({ length: daysBetween(agreedOn, reviewOn) }, (_, n) => addDays(agreedOn, n))
    return days.filter((day) => calendar.isWorkday(day) && lastCheck(agreedOn, day, calendar) === day)
  }
  const good: PlanItem = {
    goal: '合同归档不再延误',
    measure: '每周五核对一次归档清单',
    standard: '签订后3个工作日内归档率100%',
    resources: '',
    by: '2026-12-31',
    training: false,
  }
  test('a complete item lacks nothing', () => {
    expect(gapsOf(good, '2026-10-12', '2027-05-12')).toEqual([])
  })

  test.each<[Partial<PlanItem>, string]>([
    [{ goal: '提高效率' }, '不够具体'],
    [{ goal: '提升业务能力水平' }, '不够具体'],
    [{ goal: ' 沟通能力 ' }, '不够具体'],
    [{ goal: '守时间' }, '不够具体'],
    [{ measure: '多沟通' }, '请写明具体措施'],
    [{ measure: ' 多沟通 ' }, '请写明具体措施'],
    [{ standard: '归档都很准时了' }, '可以核对'],
    [{ measure: '' }, '请写明具体措施'],
    [{ standard: '更好' }, '可以核对'],
    [{ by: '2026-10-11' }, '已经过去'],
    [{ by: '2027-06-01' }, '晚于复核日期'],
  ])('%o is named with what to add', (change, gap) => {
    const gaps = gapsOf({ ...good, ...change }, '2026-10-12', '2027-05-12')
    expect(gaps).toHaveLength(1)
    expect(gaps[0]).toContain(gap)
  })

  test.each<Partial<PlanItem>>([
    { goal: '合同归档' },
    // Words that would be too general alone.
    { goal: '工作交接不再遗漏' },
    { goal: '与生产部的沟通' },
    { measure: '参加内训' },
    { standard: '3次' },
    { standard: '归档清单全部签字' },
    { by: '2026-10-12' },
    { by: '2027-05-12' },
  ])('%o is enough', (change) => {
    expect(gapsOf({ ...good, ...change }, '2026-10-12', '2027-05-12')).toEqual([])
  })

  test('its review is two years ahead at most', () => {
    expect(lastReview('2026-10-12')).toBe('2028-10-12')
  })

  test('its review is usually half a year to a year ahead, both days included', () => {
    const from = '2026-08-31'
    expect(monthsLater(from, 6)).toBe('2027-02-28')
    const usual = ['2027-02-27', '2027-02-28', '2027-08-31', '2027-09-01'].map((day) => isUsualReview(from, day))
    expect(usual).toEqual([false, true, true, false])
  })

  test('it is asked about once a month on working days, until the review', () => {
    // 31 October is a Saturday off; September has no 31st.
    expect(checkDays('2026-07-31', '2026-11-02')).toEqual(['2026-08-31', '2026-09-30'])
    expect(checkDays('2026-10-12', '2027-01-12')).toEqual(['2026-11-12', '2026-12-14'])
  })

  test('one whose day was missed is asked for three working days on', () => {
    const on = (today: string) => lastCheck('2026-10-12', today, calendar)
    expect(['2026-11-11', '2026-11-13', '2026-11-17', '2026-11-18', '2026-12-11', '2026-12-15'].map(on)).toEqual([
      ...[undefined, '2026-11-12', '2026-11-12', undefined, undefined, '2026-12-14'],
    ])
    expect(lastCheck('2026-10-12', '2027-03-12', calendar)).toBe('2027-03-12')
    // Put off over the holidays into the next month.
    expect(lastCheck('2026-08-30', '2026-10-08', calendar)).toBe('2026-09-30')
    expect(lastCheck('2027-08-31', '2027-11-02', calendar)).toBe('2027-11-01')
  })
})

describe('where it stands', () => {
  const now = new Date('2026-10-12T10:00:00+08:00')
  const at = (time: string) => new Date(`2026-10-12T${time}:00+08:00`)
  const asked = { at: at('15:00'), by: 'manager' as const, agreed: false }
  const plan = { items: [], reviewOn: '2027-05-12' }
  const cases: [string, Omit<InterviewFacts, 'period'>][] = [
    ['open', {}],
    ['asked', { appointment: asked }],
    ['countered', { appointment: { ...asked, by: 'employee' } }],
    // Over without an answer.
    ['open', { appointment: { ...asked, at: at('10:00') } }],
    ['open', { appointment: { ...asked, by: 'employee', at: at('09:00') } }],
    ['agreed', { appointment: { ...asked, agreed: true } }],
    ['to-record', { appointment: { at: at('10:00'), by: 'manager', agreed: true } }],
    ['to-confirm', { record: {} }],
    ['to-allow', { record: { plan: { ...plan, unusual: true } } }],
    ['to-confirm', { record: { plan: { ...plan, unusual: true, allowedBy: 'hr' } } }],
    ['objected', { record: {}, objection: { words: '' } }],
    ['done', { record: {}, confirmedAt: now }],
    ['improving', { record: { plan }, confirmedAt: now }],
    ['to-review', { record: { plan: { ...plan, reviewOn: '2026-10-12' } }, confirmedAt: now }],
    ['reviewed', { record: { plan }, confirmedAt: now, evaluation: {} }],
    ['waived', { appointment: asked, waived: {} }],
    ['gone', { record: { plan }, confirmedAt: now, gone: true }],
  ]
  test.each(cases)('%s', (state, facts) => {
    expect(interviewState({ period: '2026-Q3', ...facts }, now, '2026-10-12')).toBe(state)
  })

  test('in some of it nothing more is owed, in some the manager is to do something', () => {
    const states = [...new Set(cases.map(([state]) => state))] as InterviewState[]
    expect(states).toHaveLength(14)
    expect(states.filter(isOver).sort()).toEqual(['done', 'gone', 'reviewed', 'waived'])
    expect(states.filter(waitsForManager).sort()).toEqual([
      ...['countered', 'objected', 'open', 'to-record', 'to-review'],
    ])
  })
})

describe('an appointment as people write it', () => {
  // Said on a Thursday.
  const read = (text: string) => {
    const found = readAppointment(text, '2026-10-08', 'Asia/Shanghai')
    return found && `${found.day} ${found.time}${found.place ? ` ${found.place}` : ''}`
  }
  test.each([
    ['周五下午3点 三楼会议室', '2026-10-09 15:00 三楼会议室'],
    ['下周一上午10点', '2026-10-12 10:00'],
    // Wednesday of this week is over.
    ['周三15:30，在小会议室', '2026-10-14 15:30 小会议室'],
    ['明天上午九点半', '2026-10-09 09:30'],
    ['10月12日14：00 地点：201', '2026-10-12 14:00 201'],
    ['12号下午两点', '2026-10-12 14:00'],
    ['今天3点', '2026-10-08 15:00'],
    ['后天中午12点', '2026-10-10 12:00'],
    ['周五晚上7点15分 线上', '2026-10-09 19:15 线上'],
    ['周五８点', '2026-10-09 08:00'],
    // Nobody works before seven, unless they say so.
    ['周五1点', '2026-10-09 13:00'],
    ['周五6点', '2026-10-09 18:00'],
    ['周五7点', '2026-10-09 07:00'],
    ['周五上午6点', '2026-10-09 06:00'],
    ['周五下午12点', '2026-10-09 12:00'],
    ['周五0点', '2026-10-09 00:00'],
    ['周五23:59', '2026-10-09 23:59'],
    // Today is a Thursday; a day with a date stays where it is.
    ['周四16:00', '2026-10-08 16:00'],
    ['10月7日16:00', '2026-10-07 16:00'],
    ['明天10点，二楼，在角落的会议室', '2026-10-09 10:00 二楼 在角落的会议室'],
    // Minutes as they are said and as they are written.
    ['周五下午三点三十分 三楼会议室', '2026-10-09 15:30 三楼会议室'],
    ['周五下午三点三十 三楼会议室', '2026-10-09 15:30 三楼会议室'],
    ['周五下午两点四十五分', '2026-10-09 14:45'],
    ['周五九点零五分', '2026-10-09 09:05'],
    ['周五3点一刻', '2026-10-09 15:15'],
    ['周五3点三刻钟在小会议室', '2026-10-09 15:45 小会议室'],
    ['周五中午12点半', '2026-10-09 12:30'],
    ['周五3点半岛酒店', '2026-10-09 15:00 半岛酒店'],
    // A number that is the place's.
    ['周五下午3点三楼会议室', '2026-10-09 15:00 三楼会议室'],
    ['周五下午3点15楼会议室', '2026-10-09 15:00 15楼会议室'],
    ['周五下午三点十五楼', '2026-10-09 15:00 十五楼'],
    ['周五下午3点 201', '2026-10-09 15:00 201'],
    ['周五下午3点一分公司会议室', '2026-10-09 15:00 一分公司会议室'],
    ['3号会议室 周五下午3点', '2026-10-09 15:00 3号会议室'],
    ['3号 会议室 周五下午3点', '2026-10-09 15:00 3号 会议室'],
    ['3号会议室 12号下午3点', '2026-10-12 15:00 3号会议室'],
    ['12号 小会议室 下午2点', '2026-10-12 14:00 小会议室'],
    // The same day said twice.
    ['10月12日（周一）15:00 会议室', '2026-10-12 15:00 会议室'],
    ['周一（12号）下午3点', '2026-10-12 15:00'],
    ['会议室周五下午3点', '2026-10-09 15:00 会议室'],
    ['周五 会议室 下午3点', '2026-10-09 15:00 会议室'],
    ['会议室10月12日下午3点', '2026-10-12 15:00 会议室'],
    ['12号 会议室 下午2点', '2026-10-12 14:00 会议室'],
    ['周五 5、6楼之间 下午3点', '2026-10-09 15:00 5 6楼之间'],
    // Over, and said so.
    ['本周三15:00', '2026-10-07 15:00'],
    ['改到下周一 晚7点 线上', '2026-10-12 19:00 线上'],
    [`明天10点 ${'长'.repeat(50)}`, `2026-10-09 10:00 ${'长'.repeat(40)}`],
  ])('%s', (text, expected) => {
    expect(read(text)).toBe(expected)
  })
  test.each([
    '',
    '周五',
    '下午3点',
    '周五25点',
    '周五24:00',
    '周五百百点',
    '周五9:60',
    '周五9:75',
    '好的',
    '随时都可以',
    '13月40日 3点',
    // More about the time than can be told on.
    '周五下午3点5 会议室',
    '周五上午10点到11点 会议室',
    '周五下午3点半小时',
    '周五下午3、4点',
    '周五两三点',
    '周五10-12点',
    '周五9:30pm',
    '周五9:30 PM',
    '周五下午 会议室 3点',
    '周五三点六十分',
    '周五三点百百分',
    // Two days, and a room that is none.
    '周三或周五下午3点',
    '10月12日周五 15:00',
    '下周三（10月21日）15:00',
    '周五 3号 三楼会议室 下午3点',
    'A12号 下午3点',
    '3号会议室 下午3点',
    '3号洽谈间 下午3点',
  ])('not %s', (text) => {
    expect(read(text)).toBeUndefined()
  })

  test.each<[string, (said: number) => number | undefined]>([
    ['上午', (said) => (said <= 12 ? said : undefined)],
    ['下午', (said) => (said < 12 ? said + 12 : said)],
    ['中午', (said) => ({ 1: 13, 2: 14, 11: 11, 12: 12, 13: 13, 14: 14 })[said]],
    // Midnight, and the hours after it, nobody means.
    ['晚上', (said) => (said >= 4 && said <= 11 ? said + 12 : said >= 16 ? said : undefined)],
    ['凌晨', () => undefined],
    ['', (said) => (said >= 1 && said <= 6 ? said + 12 : said)],
  ])('the hours of %s', (part, hour) => {
    for (let said = 0; said < 24; said++) {
      const h = hour(said)
      const time = h === undefined ? undefined : `2026-10-09 ${String(h).padStart(2, '0')}:00`
      expect([said, read(`周五${part}${said}点`)]).toEqual([said, time])
    }
  })

  test('however it is put together it is read as it was meant', () => {
    const digits = '零一二三四五六七八九'
    const chinese = (n: number) =>
      n < 10 ? digits[n]! : `${n < 20 ? '' : digits[Math.floor(n / 10)]}十${n % 10 ? digits[n % 10] : ''}`
    const said = fc.record({
      day: fc.constantFrom(
        { says: '周五', means: '2026-10-09' },
        { says: '下周三', means: '2026-10-14' },
        { says: '10月12日', means: '2026-10-12' },
        { says: '十月十二号', means: '2026-10-12' },
        { says: '12号', means: '2026-10-12' },
        { says: '10/12', means: '2026-10-12' },
        { says: '明天', means: '2026-10-09' },
        { says: '10月12日（周一）', means: '2026-10-12' },
      ),
      hour: fc.integer({ min: 7, max: 21 }),
      minute: fc.integer({ min: 0, max: 59 }),
      inChinese: fc.boolean(),
      unit: fc.constantFrom('分', ''),
      gap: fc.constantFrom('', ' ', '，'),
      place: fc.constantFrom(
        '',
        '三楼会议室',
        '3号会议室',
        '201',
        '小会议室',
        '线上',
        '15楼东侧',
        '二号楼一层',
        'A座12-5',
      ),
      placeFirst: fc.boolean(),
    })
    fc.assert(
      fc.property(said, ({ day: { says: day, means }, hour, minute, inChinese, unit, gap, place, placeFirst }) => {
        const part = hour < 12 ? '上午' : hour === 12 ? '中午' : hour < 18 ? '下午' : '晚上'
        const number = inChinese ? chinese : String
        const h = number(hour > 12 ? hour - 12 : hour)
        const two = !inChinese && minute < 10 ? `0${minute}` : number(minute)
        const m =
          minute === 0
            ? ''
            : minute === 30 && unit === ''
              ? '半'
              : minute % 15 === 0 && minute !== 30 && unit === ''
                ? `${minute / 15 === 1 ? '一' : '三'}刻`
                : inChinese && minute < 10
                  ? `零${two}${unit}`
                  : `${two}${unit}`
        const when = `${day}${gap}${part}${h}点${m}`
        const text = placeFirst ? `${place} ${when}` : `${when} ${place}`
        const found = read(text)
        const time = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`
        expect([text, found]).toEqual([text, `${means} ${time}${place ? ` ${place}` : ''}`])
      }),
      { numRuns: 2000 },
    )
  })

  test('whatever is said, it is read quickly, and the place holds no time', () => {
    const bits = fc.constantFrom(
      ...['周五', '12号', '10月12日', '下午', '晚上', '3', '三', '十', '点', '分', '半', '一刻', ':', '30', ' ', '，'],
      ...['会议室', '楼', '号', '到', '-', '改', '分公司', '明天', '10:30'],
    )
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 14 }), (all) => {
        const found = readAppointment(all.join(''), '2026-10-08', 'Asia/Shanghai')
        if (found)
          expect([all.join(''), found.place]).toEqual([
            all.join(''),
            expect.not.stringMatching(/\d:\d|[\d一三十]点|下午|晚上|周五/),
          ])
      }),
      { numRuns: 3000 },
    )
  })
})
