import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportProof } from '../handlers/month/proof.ts'
import { settleMonth } from '../handlers/month/settle.ts'
import { submitWeek } from '../handlers/weekly/submit.ts'
import { deadlineOf } from '../handlers/weekly/week.ts'
import type { TravelClock } from '../sandbox/clock.ts'
import { newcomer, type PlatformName, peopleOn, type SamplePerson, samplePeople } from '../sandbox/company/people.ts'
import { type Phone, readable } from '../sandbox/phone.ts'
import { startWorld, type World } from '../sandbox/world.ts'
import { checkProof, proofText } from '../src/domain/proof.ts'
import { type Week, weeksOfMonth } from '../src/domain/time.ts'
import type { WeeklyContent } from '../src/domain/weekly-report.ts'
import type { ResultRow } from '../src/store/results.ts'
import { weekRowId } from '../src/store/weeks.ts'

/**
 * The sample company's third quarter of 2026: July as it should be, August with people who come and change, September with
 * holidays that move its dates into October. What happens in the month's flow happens on the phones; each test goes on from
 * the one before.
 */

const cst = (at: string) => new Date(`${at}+08:00`)

/** Goes straight to an instant: what is due there happens, what lay between is caught up or left out as after an outage. */
function jumpingClock(start: string): TravelClock {
  let now = cst(start)
  const ticks = new Set<() => unknown>()
  const settles = new Set<() => Promise<unknown>>()
  return {
    now: () => new Date(now),
    everyMinute(tick) {
      ticks.add(tick)
      return () => void ticks.delete(tick)
    },
    onSettle(settle) {
      settles.add(settle)
      return () => void settles.delete(settle)
    },
    async travelTo(target) {
      if (target < now) throw new RangeError(`time only goes forward: it is ${now.toISOString()} already`)
      now = target
      for (const tick of ticks) await tick()
      for (const settle of settles) await settle()
    },
    run() {},
    hold() {},
    running: false,
    travelling: false,
  }
}

let world: World
const clock = jumpingClock('2026-06-26T08:30:00')
const go = (at: string) => clock.travelTo(cst(at))
const ctx = () => world.bot.ctx

// --- who is who ---

const everybody: SamplePerson[] = [...samplePeople, { ...newcomer, hiredOn: '2026-08-10' }]
const onDingtalk = new Set(['dengkai', 'caojing', 'guoqiang'])
const home = (userId: string): PlatformName => {
  const { on } = everybody.find((p) => p.userId === userId)!
  return on?.[0] ?? (onDingtalk.has(userId) ? 'dingtalk' : 'wecom')
}
const phone = (userId: string): Phone => world.phone(userId, home(userId))
const person = async (userId: string) => (await ctx().people.byAccount(home(userId), userId))!
const row = async (userId: string, month: string) =>
  (await ctx().results.get(`${(await person(userId))._id}/${month}`)) as ResultRow
/** All that the bot has sent to somebody, on both platforms. */
const seen = (userId: string) =>
  world.standIns.flatMap((s) => (s.people().some((p) => p.userId === userId) ? s.chat(userId) : []))

const writers = everybody.filter((p) => !['总经理', '司机', '炊事员'].includes(p.title)).map((p) => p.userId)
const drivers = ['wangwei', 'liuzhiqiang', 'mafuguo']
const cooks = ['huangdefa', 'wuguilan', 'zhengxiumei']
const heads = ['linxiuying', 'chenguohua', 'qianjin', 'xuli', 'dengkai', 'guoqiang', 'zhouwenbin']

// --- weeks: written and scored without phones, by the rules all the same ---

const planned = [40, 30, 30]
/** Something different for everybody and every week. */
const actualOf = (userId: string, week: Week): number[] => {
  const n = [...`${userId}${week}`].reduce((s, c) => (s * 31 + c.charCodeAt(0)) % 9973, 7)
  return [40 - (n % 7), 30 - (n % 5), 30 - (n % 4) / 2]
}
const late = new Set(['caojing/2026-W28', 'tangxin/2026-W34', 'zhaomin/2026-W37'])
const silent = new Set(['shenlei/2026-W29'])
/** Nothing handed in means nothing planned for the week after. */
const unplanned = new Set(['shenlei/2026-W30'])
const deducted: Record<string, number> = { 'qianjin/2026-W30': 2.5, 'yangfan/2026-W35': 4 }
/** On leave, said and agreed to on the phones: a week of 潘晓燕's July, the whole of 何雨婷's August. */
const onLeave = new Set(['panxiaoyan/2026-W30', ...weeksOfMonth('2026-08').map((w) => `heyuting/${w}`)])
/** Whose superior forgets to score it. */
const forgotten = 'yangfan/2026-W30'
const superiorOf = (userId: string, week: Week): string =>
  userId === 'panxiaoyan' && week >= '2026-W34'
    ? 'chenguohua'
    : everybody.find((p) => p.userId === userId)!.managerUserId!

const content = ({ first = false, items = planned.length } = {}): WeeklyContent => ({
  ...(!first && {
    summary: {
      outcomes: Array.from({ length: items }, () => ({ outcome: 'done' as const })),
      extra: ['协助其他部门'],
      shortcomings: '余量不足',
      problems: '暂无',
      improvements: '提前一天核对',
    },
  }),
  plan: planned.map((points, i) => ({ text: `第${i + 1}项工作`, kind: 'key' as const, points })),
})

const works = (userId: string, week: Week): boolean =>
  userId === 'sunjiayi' ? week >= '2026-W33' : userId === 'fanmeiling' ? week <= '2026-W37' : true

/** Everybody hands in a week on the afternoon before it is due and is scored at once, some after it is due, some not at all. */
async function liveWeek(week: Week): Promise<void> {
  const due = deadlineOf(ctx().company(), week)
  if (due === 'closed') throw new Error(`${week} is closed`)
  const deadline = due.deadline.getTime()
  const before = new Date(deadline - 21 * 3_600_000)
  const here = writers.filter((u) => works(u, week) && !silent.has(`${u}/${week}`))
  const is = (keys: ReadonlySet<string>) => here.filter((u) => keys.has(`${u}/${week}`))
  const [away, behind] = [is(onLeave), is(late)]
  if (away.length > 0) await clock.travelTo(before)
  for (const userId of away) {
    await phone(userId).type('我在请假')
    await phone(superiorOf(userId, week)).tap('同意免计')
    // The plan for the week after is handed in all the same.
    const act = { id: `hand/${userId}/${week}`, at: clock.now() }
    expect((await submitWeek(ctx(), act, await person(userId), week, content())).kind).toBe('on-time')
  }
  const inTime = here.filter((u) => !away.includes(u) && !behind.includes(u))
  await write(week, inTime, before)
  if (behind.length > 0) await write(week, behind, new Date(deadline + 7 * 60_000))
}

/** What handing in and scoring leave behind, for many at once. */
async function write(week: Week, who: string[], at: Date): Promise<void> {
  const ids = new Map((await ctx().people.all()).map((p) => [p.jobNumber, p._id]))
  const idOf = (userId: string) => ids.get(everybody.find((p) => p.userId === userId)!.jobNumber)!
  const rows = who.map((userId) => {
    const key = `${userId}/${week}`
    const first = week === '2026-W26' || (userId === 'sunjiayi' && week === '2026-W33')
    const items = planned.map((points, i) => ({ text: `第${i + 1}项工作`, points }))
    const deductions = deducted[key] ? [{ requirement: 'plan-sound' as const, points: deducted[key] }] : []
    const by = idOf(superiorOf(userId, week))
    const score = { points: actualOf(userId, week), planned: items, deductions, by, at }
    return {
      _id: weekRowId(idOf(userId), week),
      personId: idOf(userId),
      week,
      submissions: [{ at, content: content({ first, items: unplanned.has(key) ? 0 : planned.length }) }],
      ...(!first && key !== forgotten && !unplanned.has(key) && { score }),
      ...{ pastScores: [], notes: [], rev: 1, applied: [] },
    }
  })
  await ctx().weeks.model.collection.insertMany(rows as never)
}

// --- the pocket calculator: nothing of the program's arithmetic ---

/** Points that were recorded and still count, by person and month. */
const recorded: Record<string, number[]> = {}
const corrected: Record<string, number> = {}
const sheets: Record<string, number[]> = {}
/** Stars that were given, by month: one list of four a person. */
const stars: Record<string, number[][]> = {}
const sum = (values: number[]) => values.reduce((s, v) => s + v, 0)

type Fraction = [bigint, bigint]
const plus = ([a, b]: Fraction, [c, d]: Fraction): Fraction => [a * d + c * b, b * d]
const halves = (points: number): Fraction => [BigInt(points * 2), 2n]
const reaches = ([n, d]: Fraction, bound: number) => n >= BigInt(bound) * d
const grade = (f: Fraction) => (reaches(f, 90) ? 'A' : reaches(f, 80) ? 'B' : reaches(f, 60) ? 'C' : 'D')

/** Two decimals, half up; more where two would tell another grade. */
function rounded(f: Fraction): string {
  for (let places = 2; ; places++) {
    const unit = 10n ** BigInt(places)
    const digits = (f[0] * unit * 2n + f[1]) / (2n * f[1])
    if (grade([digits, unit]) === grade(f) || places > 9)
      return `${digits / unit}.${String(digits % unit).padStart(places, '0')}`
  }
}

function workOf(userId: string, month: string): Fraction | undefined {
  if (drivers.includes(userId)) return halves(sum(sheets[`${userId}/${month}`]!))
  if (cooks.includes(userId)) {
    const given = stars[month]!
    return [BigInt(sum(given.flat()) * 20), BigInt(given.flat().length)]
  }
  const weeks = weeksOfMonth(month).filter(
    (w) => works(userId, w) && !(userId === 'sunjiayi' && w === '2026-W33') && !onLeave.has(`${userId}/${w}`),
  )
  if (weeks.length === 0) return undefined
  const points = weeks.map((w) => {
    const key = `${userId}/${w}`
    if (silent.has(key) || unplanned.has(key)) return 0
    const actual = key === forgotten ? 100 : sum(actualOf(userId, w))
    return actual - (late.has(key) ? 3 : 0) - (deducted[key] ?? 0)
  })
  return [BigInt(sum(points) * 2), BigInt(2 * points.length)]
}

function expected(userId: string, month: string) {
  const key = `${userId}/${month}`
  const work = workOf(userId, month)
  if (!work) return {}
  const total = plus(work, halves(sum(recorded[key] ?? []) + (corrected[key] ?? 0)))
  return { shownWork: rounded(work), shownTotal: rounded(total), grade: grade(total) }
}

/** Everybody's result in force against the calculator, and the change to the month before. */
async function checkTotals(month: string, who: string[], before?: string): Promise<void> {
  for (const userId of who) {
    const { versions, draft } = await row(userId, month)
    const result = versions.at(-1)?.result ?? draft
    const { shownWork, shownTotal, grade: g } = expected(userId, month)
    expect({ userId, shownWork: result.shownWork, shownTotal: result.shownTotal, grade: result.grade }).toEqual({
      ...{ userId, shownWork, shownTotal, grade: g },
    })
    const last =
      before && (before >= '2026-08' || userId !== 'sunjiayi') ? expected(userId, before).shownTotal : undefined
    if (!last || !shownTotal) expect(result.change, userId).toBeUndefined()
    else expect(Number(result.change?.replace('−', '-')), userId).toBeCloseTo(Number(shownTotal) - Number(last), 2)
  }
}

// --- what is done on phones ---

async function record(by: string, line: string, who: string, month: string, points: number): Promise<void> {
  await phone(by).type(line)
  await phone(by).tap('确认记录')
  recorded[`${who}/${month}`] = [...(recorded[`${who}/${month}`] ?? []), points]
}

async function rateCanteen(month: string, title: string): Promise<void> {
  stars[month] = []
  const asked = everybody.filter((p) => {
    const messages = seen(p.userId)
    return messages.some((m) => m.card?.title === title && m.card.buttons.some((b) => b.text === '开始作答'))
  })
  for (const [i, { userId }] of asked.slice(0, 6).entries()) {
    const given = [0, 1, 2, 3].map((n) => 3 + ((i + n + Number(month.slice(5))) % 3))
    const pick = (n: number, options: string[]) => options.find((o) => o.startsWith(`${'★'.repeat(given[n]!)} `))!
    const mine = phone(userId)
    await mine.tap('开始作答')
    for (let n = 0; n < 4; ) {
      // Something else may have come in after the invitation.
      const card = mine.messages().findLast((m) => m.card?.buttons.some((b) => b.submit))!.card!
      const inputs = [
        ...card.selects.map((s) => ({ label: s.title, options: s.options.map((o) => o.text) })),
        ...(card.form ?? []).map((f) => ({ label: f.label, options: f.options.map((o) => o.text) })),
        ...(card.checklist ? [{ label: card.checklist.key, options: card.checklist.options.map((o) => o.text) }] : []),
      ]
      await mine.choose(Object.fromEntries(inputs.map(({ label, options }, k) => [label, pick(n + k, options)])))
      n += inputs.length
    }
    stars[month].push(given)
  }
  expect(stars[month].length).toBe(6)
}

async function inspect(month: string, items: Record<string, number[]>): Promise<void> {
  for (const [userId, points] of Object.entries(items)) {
    const { jobNumber } = everybody.find((p) => p.userId === userId)!
    await phone('qianjin').type(`检查 ${jobNumber} ${points.join(' ')}`)
    await phone('qianjin').tap('确认')
    sheets[`${userId}/${month}`] = points
  }
}

async function confirmTeams(who: string[]): Promise<void> {
  for (const head of who) {
    await phone(head).type('团队结果')
    await phone(head).tap('确认团队')
    expect(phone(head).text(), head).toContain('已确认')
  }
}

/** Before anybody confirms: computed twice, not a byte apart. */
async function settleTwice(month: string): Promise<void> {
  const bytes = async () => JSON.stringify(await ctx().results.ofMonth(month))
  await settleMonth(ctx(), month, clock.now())
  const once = await bytes()
  expect(await settleMonth(ctx(), month, clock.now())).toMatchObject({ written: 0 })
  expect(await bytes()).toBe(once)
}

const noticesOf = (userId: string, words: string) =>
  seen(userId).filter((m) => m.card?.title.startsWith('您的') && m.card.title.includes(words))

/** One notice each, on one of their platforms, with no figure but dates in it; proofs whole; settling again changes nothing. */
async function checkPublication(month: string, title: string, told: string[], acknowledged: string[]): Promise<void> {
  for (const userId of told) {
    const notices = noticesOf(userId, `${title}绩效结果已`)
    const first = notices.filter((m) => !m.card!.title.includes('更正'))
    expect(first, userId).toHaveLength(1)
    for (const notice of notices) {
      const words = readable(notice).replace(/\d{4}年\d{1,2}月|\d{1,2}月\d{1,2}日/g, '')
      expect(words, userId).not.toMatch(/[0-9０-９]|等级|总分[：:]/)
    }
  }
  const file = await exportProof(ctx(), month, clock.now())
  const text = proofText(file)
  expect(checkProof(text)).toEqual([])
  expect(checkProof(text.replace('"published"', '"publishes"'))).not.toEqual([])
  const ids = new Map(await Promise.all(told.map(async (u) => [u, (await person(u))._id] as const)))
  for (const userId of told) {
    const { events, results } = file.people.find((p) => p.personId === ids.get(userId))!
    for (const { version } of results)
      expect(
        events.filter((e) => e.version === version).map((e) => e.what),
        userId,
      ).toEqual(['published', 'sent', ...(acknowledged.includes(userId) && version === 1 ? ['acknowledged'] : [])])
  }
  const before = JSON.stringify(await ctx().results.ofMonth(month))
  await settleMonth(ctx(), month, clock.now())
  expect(JSON.stringify(await ctx().results.ofMonth(month))).toBe(before)
}

const but = (...left: string[]) => everybody.map((p) => p.userId).filter((u) => u !== 'zhouwenbin' && !left.includes(u))

beforeAll(async () => {
  world = await startWorld({ clock, people: samplePeople })
  // Whoever is on both platforms gets messages where they wrote last.
  for (const { userId, on } of samplePeople) if (!on) await phone(userId).type('帮助')
}, 120_000)
afterAll(() => world?.stop())

test('July: weeks, behaviour told at once, an attendance record that its person appeals and the general manager takes back', async () => {
  await liveWeek('2026-W26')
  // Before the bot was there nothing is settled.
  const june = { by: 'system', at: clock.now() }
  await ctx().months.change('2026-06', 'history', (m) => ({
    row: { ...m, state: 'published', published: june, told: true },
    outcome: null,
  }))
  await liveWeek('2026-W27')
  await go('2026-07-08T10:00:00')
  await record('chenguohua', '记 赵敏 会议迟到 1次', 'zhaomin', '2026-07', -2)
  await phone('zhaomin').tap('知道了')
  await record('qianjin', '记 马福国 车辆违规 未做日检', 'mafuguo', '2026-07', -5)
  await phone('linxiuying').type('记 沈磊 考勤违规 7月7日 早退')
  await phone('linxiuying').tap('确认记录')
  await phone('guoqiang').tap('属实，确认')
  expect(phone('shenlei').text()).toContain('日常行为记录：扣分')
  await phone('shenlei').tap('申诉')
  await phone('shenlei').type('当日外出取样，有派工单')
  await phone('shenlei').tap('提交申诉')
  // HR recorded it and its head confirmed it: both are party, so that it goes to the general manager.
  expect(noticesOf('linxiuying', '申诉')).toEqual([])
  await phone('zhouwenbin').tap('登记受理')
  await phone('guoqiang').tap('填写答复')
  await phone('guoqiang').type('派工单属实')
  await phone('zhouwenbin').tap('申诉成立')
  await phone('zhouwenbin').type('当日因公外出')
  expect(seen('shenlei').map(readable).join('\n')).toContain('不再计入')
  await liveWeek('2026-W28')
  await liveWeek('2026-W29')
  await go('2026-07-20T11:40:00')
  await rateCanteen('2026-07', '食堂满意度（2026年7月）')
  await record('linxiuying', '记 曹静 公司表扬', 'caojing', '2026-07', 6)
  await liveWeek('2026-W30')
  await liveWeek('2026-W31')
}, 60_000)

test('July settled: the missing named and chased, confirmed, published; an appeal is accepted and corrected', async () => {
  await go('2026-08-03T09:05:00')
  expect(phone('guoqiang').text()).toContain('杨帆：还有1周未评分：7月20日至26日')
  expect(phone('guoqiang').has('确认团队')).toBe(false)
  expect(phone('linxiuying').text()).toMatch(
    /结算：8月3日（周一，因休息日由8月1日顺延）[\s\S]*马福国：月度检查表未评分/,
  )
  await phone('linxiuying').tap('催办')
  await inspect('2026-07', {
    wangwei: [18, 20, 15, 19.5, 8, 10],
    liuzhiqiang: [20, 20, 20, 20, 10, 10],
    mafuguo: [17, 18, 16, 15, 7.5, 9],
  })
  await phone('guoqiang').type('评分')
  await phone('guoqiang').tap('开始评分')
  await phone('guoqiang').tap('全部满分')
  await phone('guoqiang').tap('确认评分')
  await settleTwice('2026-07')
  await confirmTeams(heads)
  expect(phone('zhouwenbin').text()).toContain('2026年7月绩效结果待您确认')
  await phone('zhouwenbin').tap('确认全部')
  await go('2026-08-06T09:59:00')
  expect((await ctx().months.get('2026-07')).state).toBe('approved')
  await go('2026-08-06T10:01:00')
  for (const userId of ['luopeng', 'tangxin', 'zhaomin']) await phone(userId).tap('确认收到')
  await checkTotals('2026-07', but('sunjiayi'))

  await phone('zhaomin').tap('申诉')
  await phone('zhaomin').type('第三周第2项漏评，见7月17日邮件')
  await phone('zhaomin').tap('提交申诉')
  await phone('linxiuying').tap('登记受理')
  await phone('chenguohua').tap('填写答复')
  await phone('chenguohua').type('核对后属实')
  // HR has had eight messages on the day of publication: the next comes in the morning.
  await go('2026-08-07T07:31:00')
  await phone('linxiuying').tap('申诉成立')
  await phone('linxiuying').type('+1.5 第三周第2项漏评')
  await phone('zhouwenbin').tap('同意更正')
  corrected['zhaomin/2026-07'] = 1.5
  expect(noticesOf('zhaomin', '2026年7月绩效结果已更正')).toHaveLength(1)
  expect((await row('zhaomin', '2026-07')).versions.map((v) => v.version)).toEqual([1, 2])
  await checkTotals('2026-07', but('sunjiayi'))
  await checkPublication('2026-07', '2026年7月', but('sunjiayi'), ['luopeng', 'tangxin', 'zhaomin'])
}, 60_000)

test('August: somebody joins, somebody changes superior, somebody is on leave throughout', async () => {
  await liveWeek('2026-W32')
  await go('2026-08-10T09:30:00')
  await world.wecom.join(peopleOn([everybody.at(-1)!], 'wecom')[0]!)
  await world.idle()
  expect(await person('sunjiayi')).toMatchObject({ joinedOn: '2026-08-10' })
  await record('dengkai', '记 罗鹏 勤学进步 +3 自学嵌入式测试', 'luopeng', '2026-08', 3)
  await liveWeek('2026-W33')
  await go('2026-08-18T10:00:00')
  await world.wecom.change('panxiaoyan', { managerUserId: 'chenguohua' })
  await world.idle()
  expect((await person('panxiaoyan')).managerId).toBe((await person('chenguohua'))._id)
  await record('xuli', '记 唐欣 一般失误 扣1.5分 报表日期写错', 'tangxin', '2026-08', -1.5)
  await go('2026-08-20T11:40:00')
  await rateCanteen('2026-08', '食堂满意度（2026年8月）')
  await liveWeek('2026-W34')
  await liveWeek('2026-W35')
}, 60_000)

test('August settled: a superior sends somebody back, mends it and confirms; who is on leave has neither total nor grade', async () => {
  await go('2026-09-01T09:05:00')
  const full = [20, 20, 20, 20, 10, 10]
  await inspect('2026-08', { wangwei: full, liuzhiqiang: [19, 20, 18, 17.5, 9, 8], mafuguo: [18, 18, 18, 18, 9, 9] })
  await settleTwice('2026-08')
  await phone('xuli').type('团队结果')
  await phone('xuli').tap('退回某人')
  await phone('xuli').tap('下一步', { [phone('xuli').last().card!.checklist!.key]: '唐欣' })
  await phone('xuli').type('失误记错了人，请稍候')
  expect(phone('linxiuying').text()).toContain('徐丽退回了唐欣的2026年8月结果，原因：失误记错了人')
  await phone('xuli').type('撤销记录')
  await phone('xuli').type('记错了人')
  recorded['tangxin/2026-08'] = []
  await confirmTeams(heads)
  expect((await row('panxiaoyan', '2026-08')).confirmed?.by).toBe((await person('chenguohua'))._id)
  await phone('zhouwenbin').tap('确认全部')
  await liveWeek('2026-W36')
  await go('2026-09-07T10:01:00')
  for (const userId of ['caojing', 'sunjiayi']) await phone(userId).tap('确认收到')
  await checkTotals('2026-08', but(), '2026-07')
  expect((await row('heyuting', '2026-08')).draft).toMatchObject({ missing: [] })
  expect((await row('heyuting', '2026-08')).draft.total).toBeUndefined()
  expect((await row('sunjiayi', '2026-08')).draft.sections[0]!.lines[0]).toBe('8月10日入职，只计在职期间')
  await go('2026-09-07T16:00:00')
  await checkPublication('2026-08', '2026年8月', but(), ['caojing', 'sunjiayi'])
}, 60_000)

test('September: a deadline moved by the festival, somebody leaves', async () => {
  await liveWeek('2026-W37')
  await go('2026-09-16T18:00:00')
  await world.wecom.leave('fanmeiling')
  await world.idle()
  await liveWeek('2026-W38')
  await go('2026-09-21T11:40:00')
  await rateCanteen('2026-09', '食堂满意度（2026年9月）')
  await record('linxiuying', '记 郭强 通报批评', 'guoqiang', '2026-09', -6)
  await liveWeek('2026-W39')
  // Saturday is the festival's: due on Thursday.
  expect(deadlineOf(ctx().company(), '2026-W39')).toMatchObject({ deadline: cst('2026-09-24T12:00:00') })
}, 60_000)

test('September settled behind the National Day, sent back by the general manager, confirmed again, published', async () => {
  await go('2026-10-08T09:05:00')
  expect(phone('linxiuying').text()).toContain('发布：10月12日（周一，因国庆节由10月5日顺延）')
  await inspect('2026-09', {
    wangwei: [20, 19, 18, 17, 10, 9],
    liuzhiqiang: [20, 20, 20, 20, 10, 10],
    mafuguo: [12, 14, 11, 13, 5, 6],
  })
  await settleTwice('2026-09')
  await confirmTeams(heads)
  await phone('zhouwenbin').tap('退回团队')
  await phone('zhouwenbin').tap('下一步', { [phone('zhouwenbin').last().card!.checklist!.key]: '徐丽' })
  await phone('zhouwenbin').type('请再核对第四周')
  expect(phone('xuli').text()).toContain('请再核对第四周')
  await phone('xuli').tap('确认团队')
  await phone('zhouwenbin').tap('确认全部')
  await go('2026-10-12T10:01:00')
  await phone('yangfan').tap('确认收到')
  await checkTotals('2026-09', but('fanmeiling'), '2026-08')
  await go('2026-10-12T16:00:00')
  await checkPublication('2026-09', '2026年9月', but('fanmeiling'), ['yangfan'])
  // Who has left has a result, and no message any more.
  const { _id } = (await ctx().people.model.findOne({ name: '范美玲' }).lean())!
  const left = (await ctx().results.get(`${_id}/2026-09`))!
  const { shownTotal, grade: g } = expected('fanmeiling', '2026-09')
  expect(left.versions[0]!.result).toMatchObject({ shownTotal, grade: g })
  expect(left.sent).toEqual([])
  expect(world.dingtalk.violations).toEqual([])
}, 60_000)

test('every step of the quarter stands in the audit, by whom, to what and to which version', async () => {
  const lines = await ctx().audit.model.find().sort({ at: 1 }).lean()
  const of = (what: string) => lines.filter((l) => l.what === what)
  const steps = [
    ...['behaviour-recorded', 'behaviour-revoked', 'behaviour-read', 'attendance-confirmed', 'checklist-given'],
    ...['excuse-proposed', 'excuse-granted', 'month-settled', 'result-returned', 'team-returned', 'team-confirmed'],
    ...['month-approved', 'month-published', 'result-acknowledged'],
    ...['appeal-filed', 'appeal-registered', 'appeal-answered', 'appeal-decided'],
    ...['correction-proposed', 'correction-accepted'],
  ]
  for (const step of steps) {
    expect(of(step), step).not.toEqual([])
    for (const { by, to, at } of of(step))
      expect([by, to, at.getTime() > 0], step).toEqual([expect.stringMatching(/./), expect.stringMatching(/\//), true])
  }
  expect(of('month-published').map((l) => [l.to, l.detail?.version])).toEqual([
    ['month/2026-07', 1],
    ['month/2026-08', 1],
    ['month/2026-09', 1],
  ])
  expect(of('correction-accepted').map((l) => l.detail)).toEqual([{ version: 2 }])
  for (const line of of('result-acknowledged')) expect(line.detail).toEqual({ version: 1 })
  for (const line of of('team-confirmed')) expect(line.detail?.digest).toMatch(/^[0-9a-f]{16}$/)
  for (const line of of('month-settled')) expect(line.detail?.ruleVersion).toMatch(/^[0-9a-f]{12}$/)
})
