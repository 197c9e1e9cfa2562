import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Scored, ScoreSheet, Submitted, WeekPage } from '../src/http/api/contract.ts'
import { type Client, type PagesWorld, planOf48, reportOf48, signIn, startPagesWorld } from './pages-world.ts'

let world: PagesWorld
let zhao: Client
let li: Client
beforeEach(async () => {
  world = await startPagesWorld()
  zhao = await signIn(world, 'zhao')
  li = await signIn(world, 'li')
}, 60_000)
afterEach(() => world.stop())

const id = () => randomUUID()
const week = async () => (await zhao.get('/api/week')).body as WeekPage
const errorOf = (body: unknown) =>
  (body as { error: { code: string; message: string; fields?: { path: string; message: string }[] } }).error
const later = (at: string) => world.clock.set(at)
/** Sessions end within half an hour: whoever comes back later signs in again. */
async function at(time: string): Promise<void> {
  later(time)
  zhao = await signIn(world, 'zhao')
  li = await signIn(world, 'li')
}

test('the page lays last week’s plan before the person, saves the draft that the chat shows, and hands in', async () => {
  const page = await week()
  expect(page).toMatchObject({ week: '2026-W48', status: { kind: 'owed' }, source: 'blank', rev: 0 })
  expect(page.planned.map((p) => p.text)).toEqual(planOf48.plan.map((p) => p.text))
  expect(page.due!.text).toBe('本周截止时间为11月28日（周六）12:00')

  const saved = await zhao.send('PUT', '/api/week/2026-W48/draft', { requestId: id(), rev: 0, content: reportOf48 })
  expect(saved).toEqual({ status: 200, body: { rev: 1 } })
  await world.wecom.type('zhao', '我的')
  await world.bot.idle()
  expect(JSON.stringify(world.wecom.chat('zhao').at(-1)!.card)).toContain('有草稿未提交')

  const done = await zhao.send('POST', '/api/week/2026-W48/submit', { requestId: id(), rev: 1, content: reportOf48 })
  expect(done.body as Submitted).toMatchObject({ kind: 'on-time', page: { status: { kind: 'submitted' } } })
})

test('the same request sent again changes nothing and gets the same answer', async () => {
  const body = { requestId: id(), rev: 0, content: reportOf48 }
  const first = await zhao.send('POST', '/api/week/2026-W48/submit', body)
  const again = await zhao.send('POST', '/api/week/2026-W48/submit', body)
  expect([first.status, again.status]).toEqual([200, 200])
  expect((await world.ctx.weeks.get(world.idOf('zhao'), '2026-W48')).submissions).toHaveLength(1)
})

test('what was written elsewhere meanwhile is not overwritten: 409 with what is there now', async () => {
  await zhao.send('PUT', '/api/week/2026-W48/draft', { requestId: id(), rev: 0, content: planOf48 })
  const late = await zhao.send('PUT', '/api/week/2026-W48/draft', { requestId: id(), rev: 0, content: reportOf48 })
  expect(late.status).toBe(409)
  expect((late.body as { current: WeekPage }).current).toMatchObject({ rev: 1, content: planOf48 })
  const submit = await zhao.send('POST', '/api/week/2026-W48/submit', { requestId: id(), rev: 0, content: reportOf48 })
  expect(submit.status).toBe(409)
})

test.each([
  ['分值', { plan: [{ text: '甲', kind: 'key', points: -1 }] }, '下周计划第1项的分值应在0到1000之间，最多6位小数'],
  ['类型', { plan: [{ text: '甲', kind: 'key', points: '20' }] }, '下周计划第1项的分值没有填写或格式不正确'],
  [
    '长度',
    { plan: [planOf48.plan[0], { text: '长'.repeat(501), kind: 'key', points: 1 }] },
    '下周计划第2项的内容不能超过500字',
  ],
  ['日期', { plan: [{ text: '甲', kind: 'key', points: 1, due: '2026-02-30' }] }, '下周计划第1项的完成日期不正确'],
  ['项数', { plan: Array.from({ length: 31 }, () => planOf48.plan[0]) }, '下周计划最多30项'],
  ['字段', { plan: [], score: 100 }, '内容中有无法识别的内容，请刷新页面后重试'],
])('a body with a wrong %s is refused, naming the field', async (_, content, message) => {
  const answer = await zhao.send('PUT', '/api/week/2026-W48/draft', { requestId: id(), rev: 0, content })
  expect([answer.status, errorOf(answer.body).message]).toEqual([400, message])
})

test('bodies that are no JSON, or beyond 256 KiB, are refused', async () => {
  const post = (body: string, type = 'application/json') =>
    fetch(`${world.origin}/api/week/2026-W48/draft`, {
      method: 'PUT',
      headers: { cookie: zhao.cookie, 'x-csrf-token': zhao.csrf, 'content-type': type },
      body,
    }).then((r) => r.status)
  expect(await post('{"a":')).toBe(400)
  expect(await post('a=1', 'application/x-www-form-urlencoded')).toBe(415)
  expect(await post(JSON.stringify({ text: 'x'.repeat(256 * 1024) }))).toBe(413)
})

test('what is missing stops a submission and says what', async () => {
  const answer = await zhao.send('POST', '/api/week/2026-W48/submit', {
    requestId: id(),
    rev: 0,
    content: { plan: [] },
  })
  expect(answer.status).toBe(400)
  expect(errorOf(answer.body).fields!.map((f) => f.message)).toEqual(['还差：本周总结', '还差：下周计划'])
})

test('12:00:00 is on time, 12:00:01 is late and costs three points', async () => {
  await at('2026-11-28T12:00:00+08:00')
  const onTime = await zhao.send('POST', '/api/week/2026-W48/submit', { requestId: id(), rev: 0, content: reportOf48 })
  expect((onTime.body as Submitted).kind).toBe('on-time')
  const qian = await signIn(world, 'qian')
  later('2026-11-28T12:00:01+08:00')
  const late = await qian.send('POST', '/api/week/2026-W48/submit', { requestId: id(), rev: 0, content: reportOf48 })
  expect((late.body as Submitted).kind).toBe('late')
})

test('a submission can be taken back for ten minutes', async () => {
  const hand = () => zhao.send('POST', '/api/week/2026-W48/submit', { requestId: id(), rev: 0, content: reportOf48 })
  await hand()
  later('2026-11-27T15:10:00+08:00')
  const back = await zhao.send('POST', '/api/week/2026-W48/withdraw', { requestId: id() })
  expect(back.body as WeekPage).toMatchObject({ status: { kind: 'draft' }, content: reportOf48 })
  const { rev } = back.body as WeekPage
  await zhao.send('POST', '/api/week/2026-W48/submit', { requestId: id(), rev, content: reportOf48 })
  later('2026-11-27T15:20:01+08:00')
  const late = await zhao.send('POST', '/api/week/2026-W48/withdraw', { requestId: id() })
  expect([late.status, errorOf(late.body).code]).toEqual([422, 'too-long-ago'])
})

test('a change after the deadline waits for the superior, who decides on the page; the card says so', async () => {
  await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
  await at('2026-11-28T14:00:00+08:00')
  const changed = { ...reportOf48, plan: reportOf48.plan.slice(0, 2) }
  const { rev } = await week()
  const asked = await zhao.send('POST', '/api/week/2026-W48/submit', { requestId: id(), rev, content: changed })
  expect((asked.body as Submitted).kind).toBe('needs-consent')
  await world.bot.idle()
  expect(
    world.wecom
      .chat('li')
      .at(-1)!
      .card!.buttons.map((b) => b.text),
  ).toContain('同意修改')

  const path = `/api/score/${world.idOf('zhao')}/2026-W48`
  const sheet = (await li.get(path)).body as ScoreSheet
  expect(sheet.change!.after).toEqual(['更新员工档案，补齐合同扫描件（40分）', '准备年度体检方案（40分）'])
  const given = await li.send('POST', `${path}/change`, {
    requestId: id(),
    submittedAt: sheet.change!.at,
    consent: 'given',
  })
  expect((given.body as ScoreSheet).next.plan).toHaveLength(2)
  await world.bot.idle()
  const card = world.wecom.chat('li').findLast((m) => m.card)!.card!
  expect([card.closed ?? card.buttons.map((b) => b.text).join()]).toEqual(['已由李静同意修改'])
})

test('scoring on the page: the arithmetic of the rule, the second scorer is told who was first', async () => {
  await world.handIn('zhao', '2026-11-28T12:07:00+08:00')
  await at('2026-11-28T14:00:00+08:00')
  const path = `/api/score/${world.idOf('zhao')}/2026-W48`
  const body = { points: [18, 30, 40], deductions: [{ requirement: 'summary-complete', points: 2 }] }
  const scored = await li.send('POST', path, { requestId: id(), ...body })
  expect((scored.body as Scored).sheet.score).toMatchObject({ shown: '83.00', by: '李静' })
  const wang = await signIn(world, 'wang')
  const second = await wang.send('POST', path, { requestId: id(), points: [20, 30, 50], deductions: [] })
  expect([second.status, errorOf(second.body).message]).toEqual([409, '李静已先行评分，您的评分没有覆盖'])
  const seen = (second.body as { current: ScoreSheet }).current.score!.at
  const replaced = await wang.send('POST', path, {
    requestId: id(),
    points: [20, 30, 50],
    deductions: [],
    replaces: seen,
  })
  expect((replaced.body as Scored).sheet.score).toMatchObject({ shown: '97.00', by: '王建国' })
  const results = (await zhao.get('/api/results')).body as { months: { shown: string; weeks: { lines: string[] }[] }[] }
  expect(results.months[0]!.weeks[0]!.lines.at(-1)).toBe('得分 97.00')
})

test('a week that was not handed in is 0 only so far, until the month is confirmed', async () => {
  type Month = { month: string; provisional: boolean; weeks: { kind: string; soFar?: true; lines: string[] }[] }
  await at('2026-11-28T12:05:00+08:00')
  const november = async () =>
    ((await zhao.get('/api/results')).body as { months: Month[] }).months.find((m) => m.month === '2026-11')!
  const so = { kind: 'zero', soFar: true, lines: ['未提交，暂按0分；补交后重新计算，也可由直属上级免计'] }
  expect(await november()).toMatchObject({ provisional: true, weeks: [so] })
  await world.ctx.months.change('2026-11', 'published', (row) => ({
    row: { ...row, state: 'published' },
    outcome: null,
  }))
  const { weeks, provisional } = await november()
  expect(provisional).toBe(false)
  expect(weeks[0]!.soFar).toBeUndefined()
  expect(weeks[0]!.lines).toEqual(['未提交，按0分计，可由直属上级免计'])
})

test('a score given before the deadline leaves the page open; what is handed in anew is scored anew', async () => {
  await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
  const path = `/api/score/${world.idOf('zhao')}/2026-W48`
  await li.send('POST', path, { requestId: id(), points: [18, 30, 40], deductions: [] })
  const { rev, score } = await week()
  expect(score).toMatchObject({ shown: '88.00' })
  const content = { ...reportOf48, plan: reportOf48.plan.slice(0, 2) }
  const again = (await zhao.send('POST', '/api/week/2026-W48/submit', { requestId: id(), rev, content }))
    .body as Submitted
  expect([again.kind, again.page.status.kind, again.page.score]).toEqual(['on-time', 'submitted', undefined])
  await li.send('POST', path, { requestId: id(), points: [20, 30, 50], deductions: [] })
  await at('2026-11-28T12:00:01+08:00')
  const late = { requestId: id(), rev: (await week()).rev, content: reportOf48 }
  const refused = await zhao.send('POST', '/api/week/2026-W48/submit', late)
  expect([refused.status, errorOf(refused.body).code]).toEqual([422, 'scored'])
})

test.each([
  ['above the planned', { points: [21, 30, 50], deductions: [] }, '第1项的得分应在0到20之间'],
  ['negative', { points: [-1, 30, 50], deductions: [] }, '分值第1项不能小于0'],
  [
    'a deduction of one point',
    { points: [20, 30, 50], deductions: [{ requirement: 'plan-sound', points: 1 }] },
    '扣分第1项的分值应为2、2.5、3、3.5或4',
  ],
])('points %s are refused', async (_, given, message) => {
  await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
  const path = `/api/score/${world.idOf('zhao')}/2026-W48`
  const answer = await li.send('POST', path, { requestId: id(), ...given })
  expect([answer.status, errorOf(answer.body).message]).toEqual([400, message])
})

test('sent back with a reason, the person reads it and hands in again without becoming late', async () => {
  await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
  await at('2026-11-28T14:00:00+08:00')
  const path = `/api/score/${world.idOf('zhao')}/2026-W48`
  expect((await li.send('POST', `${path}/return`, { requestId: id(), reason: ' ' })).status).toBe(400)
  await li.send('POST', `${path}/return`, { requestId: id(), reason: '第2项请写明参加人数' })
  const page = await week()
  expect(page.returned).toMatchObject({ by: '李静', reason: '第2项请写明参加人数' })
  const content = { ...reportOf48, summary: { ...reportOf48.summary!, problems: '参加人数6人' } }
  const again = await zhao.send('POST', '/api/week/2026-W48/submit', { requestId: id(), rev: page.rev, content })
  expect((again.body as Submitted).page.submitted).toMatchObject({ late: false })
})

test('leave asked for on the page stops reminders and is decided by the superior', async () => {
  const asked = await zhao.send('POST', '/api/week/2026-W48/leave', { requestId: id(), reason: '年假' })
  expect((asked.body as WeekPage).excuse).toEqual({ state: 'proposed', reason: '年假' })
  const home = (await li.get('/api/home')).body as { requests: object[] }
  expect(home.requests).toMatchObject([{ kind: 'excuse', person: { name: '赵敏' }, text: '年假' }])
  const path = `/api/score/${world.idOf('zhao')}/2026-W48`
  await li.send('POST', `${path}/excuse`, { requestId: id(), state: 'granted' })
  expect((await week()).status).toEqual({ kind: 'not-owed', because: 'excused' })
  const team = (await li.get('/api/team')).body as { counts: object }
  expect(team.counts).toMatchObject({ owed: 1, excused: 1 })
})

test('chasing reaches those who have not handed in, at most once a quarter of an hour', async () => {
  await world.handIn('qian', '2026-11-27T11:00:00+08:00')
  await world.bot.idle()
  const before = { zhao: world.wecom.chat('zhao').length, qian: world.wecom.chat('qian').length }
  for (let i = 0; i < 2; i++) await li.send('POST', '/api/team/chase', { requestId: id(), week: '2026-W48' })
  await world.bot.idle()
  expect(world.wecom.chat('zhao').length).toBe(before.zhao + 1)
  expect(world.wecom.chat('qian').length).toBe(before.qian)
})

test('a note goes to the other side; its card can be answered on a page of its own, once', async () => {
  await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
  await li.send('POST', `/api/notes/${world.idOf('zhao')}/2026-W48`, { requestId: id(), text: '<b>很好</b>' })
  await world.bot.idle()
  const open = await world.ctx.cards.openAbout(`note/${world.idOf('zhao')}/2026-W48`)
  expect(open).toHaveLength(1)
  const path = `/api/form/${open[0]!._id}`
  const link = world.wecom
    .chat('zhao')
    .at(-1)!
    .card!.buttons.find((b) => b.url)
  expect(link).toMatchObject({ text: '在页面回复', url: `${world.origin}/h5/form/${open[0]!._id}` })
  expect((await li.get(path)).status).toBe(403)
  expect((await zhao.get(path)).body).toMatchObject({ title: '回复留言', most: 500 })
  const body = { requestId: id(), text: '谢谢，已记下' }
  for (let i = 0; i < 2; i++) expect((await zhao.send('POST', path, body)).status).toBe(200)
  await world.bot.idle()
  expect((await week()).notes.map((n) => n.text)).toEqual(['<b>很好</b>', '谢谢，已记下'])
  expect((await zhao.get(path)).status).toBe(410)
})

test('the filing rate counts only who owed', async () => {
  await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
  await world.handIn('qian', '2026-11-28T12:30:00+08:00')
  await at('2026-11-28T14:00:00+08:00')
  const trend = (await li.get('/api/team/trend')).body as object[]
  expect(trend).toMatchObject([{ week: '2026-W48', label: '11/28', owed: 2, onTime: 1, late: 1 }])
})
