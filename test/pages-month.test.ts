/// <reference lib="dom" />
import { readFileSync } from 'node:fs'
import { readXlsx } from 'hucre/xlsx'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { approveMonth, confirmTeam, teamMonth } from '../handlers/month/flow.ts'
import { publishMonth } from '../handlers/month/publish.ts'
import { settleMonth } from '../handlers/month/settle.ts'
import { ONE_PIXEL } from '../sandbox/picture.ts'
import { weeksOfMonth } from '../src/domain/time.ts'
import { weekRowId } from '../src/store/weeks.ts'
import { barriers, launchBrowser } from './browser.ts'
import { type PagesWorld, signIn, startPagesWorld } from './pages-world.ts'

let browser: Browser
let world: PagesWorld
const phones: BrowserContext[] = []
const mistakes: string[] = []

beforeAll(async () => {
  browser = await launchBrowser()
  world = await startPagesWorld()
  const { ctx } = world
  ctx.firstWeek = '2026-W39'
  // October of everybody with weekly plans: 90 of 100, and 85 for 赵敏.
  for (const who of ['zhao', 'qian', 'li', 'zhou', 'zheng', 'wu'])
    for (const week of weeksOfMonth('2026-10'))
      await ctx.weeks.model.collection.insertOne({
        _id: weekRowId(world.idOf(who), week),
        personId: world.idOf(who),
        week,
        submissions: [],
        score: {
          points: [who === 'zhao' ? 88 : 93],
          planned: [{ text: '日常工作', points: 100 }],
          deductions: [],
          by: world.idOf('wang'),
          at: new Date('2026-10-31T12:00:00+08:00'),
        },
        pastScores: [],
        notes: [],
        rev: 1,
        applied: [],
      } as never)
  await settleMonth(ctx, '2026-10', world.clock.now())
}, 60_000)
afterAll(async () => {
  for (const phone of phones) await phone.close()
  await world.stop()
  await browser.close()
})

async function open(userId: string, path: string, dark = false): Promise<Page> {
  const phone = await world.phone(browser, userId, { dark })
  phones.push(phone)
  const page = await phone.newPage()
  page.on('pageerror', (error) => mistakes.push(error.message))
  await page.goto(world.origin + path)
  await page.waitForSelector('main:not([aria-busy=true])')
  return page
}

const shots = process.env.SHOTS_DIR
const shoot = async (page: Page, name: string) => {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true })
}

test('a superior checks the team’s table with everybody’s arithmetic and confirms it from the page', async () => {
  const page = await open('li', '/h5/month/2026-10')
  expect(await page.textContent('main')).toContain('10月')
  expect(await page.getByText('赵敏').count()).toBe(1)
  expect(await page.getByText('吴芳').count()).toBe(0)
  await page.getByText('赵敏').click()
  await page.getByText('(85+85+85+85+85)÷5 = 85').waitFor()
  expect(await barriers(page)).toEqual([])
  await shoot(page, 'team-month')
  await page.getByRole('button', { name: '确认团队结果' }).click()
  await page.getByRole('button', { name: '确认', exact: true }).click()
  await page.getByText('已确认').first().waitFor()
  const rows = await world.ctx.results.ofTeam('2026-10', world.idOf('li'))
  expect(rows.every((r) => r.state === 'confirmed')).toBe(true)
})

test('published, somebody reads how theirs came about, confirms and appeals; a peer gets nothing', async () => {
  const { ctx } = world
  const at = world.clock.now()
  const gm = (await ctx.people.withRole('gm'))[0]!
  for (const judge of ['wang', 'zheng']) {
    const who = (await ctx.people.get(world.idOf(judge)))!
    const { digest } = await teamMonth(ctx, who._id, '2026-10', at)
    await confirmTeam(ctx, { id: `confirm-${judge}`, at }, who, who._id, '2026-10', digest)
  }
  expect((await approveMonth(ctx, { id: 'approve', at }, gm, '2026-10')).kind).toBe('approved')
  expect((await publishMonth(ctx, { id: 'publish', at }, undefined, '2026-10')).kind).toBe('published')
  const page = await open('zhao', '/h5/result/2026-10')
  const said = (await page.textContent('main'))!
  expect(said).toContain('85.00')
  expect(said).toContain('总分 85.00，等级B')
  expect(said).toMatch(/申诉期还剩\d个工作日/)
  expect(await barriers(page)).toEqual([])
  await shoot(page, 'result')
  await page.getByRole('button', { name: '确认收到' }).click()
  await page.getByText('您已确认收到').waitFor()
  await page.getByRole('button', { name: '申诉' }).click()
  await page.getByLabel('申诉理由和依据').fill('第三周漏评一项')
  await page.getByRole('button', { name: '提交申诉' }).click()
  await page.getByText('已收到您的申诉').waitFor()
  const row = (await ctx.results.get(`${world.idOf('zhao')}/2026-10`))!
  expect(row.seen).toHaveLength(1)
  expect(row.acknowledged).toHaveLength(1)
  expect(await ctx.appeals.open()).toHaveLength(1)
  await page.getByRole('dialog', { name: '申诉已提交' }).getByRole('button').click()
  await page.getByRole('button', { name: '撤回申诉' }).click()
  await page.getByText('申诉已撤回').waitFor()
  expect(await ctx.appeals.open()).toEqual([])
  await page.getByRole('button', { name: '申诉' }).waitFor()

  const peer = await signIn(world, 'qian')
  const refused = await peer.get(`/api/result/2026-10?person=${world.idOf('zhao')}`)
  expect(refused.status).toBe(403)
  expect(JSON.stringify(refused.body)).not.toContain('85')
  expect((await peer.get('/api/month/2026-10')).status).toBe(403)
  expect((await (await signIn(world, 'li')).get(`/api/result/2026-10?person=${world.idOf('zhao')}`)).status).toBe(200)
})

test('behaviour is recorded from the page, within the case’s points, for one’s own people only', async () => {
  const page = await open('li', '/h5/behaviour', true)
  await page.getByLabel('同事').selectOption({ label: '赵敏（行政部，0003）' })
  await page.getByLabel('情形').selectOption({ label: '会议：会议迟到' })
  await page.getByLabel('事实经过').fill('周一例会迟到十分钟')
  expect(await barriers(page)).toEqual([])
  await shoot(page, 'behaviour')
  await page.getByRole('button', { name: '确认记录' }).click()
  await page.getByText('已记录，并告知本人').waitFor()
  expect(await world.ctx.behaviours.model.find().lean()).toMatchObject([
    { points: '-2', day: '2026-11-27', state: 'counts' },
  ])
  const li = await signIn(world, 'li')
  const body = {
    requestId: crypto.randomUUID(),
    case: 'meeting-late',
    points: '-2',
    times: 1,
    day: '2026-11-27',
    text: '',
  }
  expect((await li.send('POST', '/api/behaviour', { ...body, person: world.idOf('wu') })).status).toBe(403)
  expect((await li.send('POST', '/api/behaviour', { ...body, person: world.idOf('li') })).status).toBe(403)
  expect((await li.send('POST', '/api/behaviour', { ...body, person: world.idOf('zhao'), points: '-3' })).status).toBe(
    422,
  )
  expect(mistakes).toEqual([])
})

test('somebody reads their records, says 知道了, sees the photo and appeals from the page; others’ are not theirs', async () => {
  const { ctx } = world
  const [row] = await ctx.behaviours.model.find().lean()
  const li = await open('li', `/h5/records?person=${world.idOf('zhao')}`)
  const file = { name: 'photo.png', mimeType: 'image/png', buffer: ONE_PIXEL }
  await li.getByLabel('添加照片').setInputFiles({ ...file, buffer: Buffer.from('no picture') })
  await li.getByRole('dialog', { name: '没有成功' }).getByText('这张照片无法识别').waitFor()
  expect(await barriers(li)).toEqual([])
  await li.getByRole('button', { name: '确认' }).click()
  await li.getByLabel('添加照片').setInputFiles(file)
  await li.getByRole('status').getByText('照片已添加').waitFor()
  expect(await barriers(li)).toEqual([])
  await li.getByRole('img', { name: '会议迟到的现场照片' }).waitFor()
  // Drawn anew on the phone.
  expect((await ctx.pictures.get(row!._id))!.type).toBe('image/jpeg')

  const page = await open('zhao', '/h5/records')
  await page.getByText('周一例会迟到十分钟').waitFor()
  await page.getByRole('button', { name: '查看照片' }).click()
  await page.getByRole('img', { name: '会议迟到的现场照片' }).waitFor()
  expect(await page.getByText('添加照片').count()).toBe(0)
  await page.getByRole('button', { name: '知道了' }).click()
  await page.getByText('您已知悉').waitFor()
  expect(await barriers(page)).toEqual([])
  await shoot(page, 'records')
  await page.getByRole('button', { name: '申诉' }).click()
  await page.getByLabel('申诉理由和依据').fill('当日外出办事，有派工单')
  await page.getByRole('button', { name: '提交申诉' }).click()
  await page.getByRole('dialog', { name: '申诉已提交' }).getByText('已收到您的申诉').waitFor()
  expect(await barriers(page)).toEqual([])
  expect(await ctx.appeals.get(`behaviour/${row!._id}`)).toMatchObject({
    state: 'filed',
    reason: '当日外出办事，有派工单',
  })
  expect((await ctx.behaviours.get(row!._id))!.acknowledgedAt).toBeDefined()
  expect(mistakes).toEqual([])
})

test('what goal management found stands beside the result as a reference, the totals as a line, and neither changes it', async () => {
  const { ctx } = world
  const id = `${world.idOf('zhao')}/2026-10`
  const before = JSON.stringify(await ctx.results.get(id))
  const hr = await open('zhou', '/h5/month/2026-10')
  await hr.getByText('赵敏').click()
  await hr.locator('details[open]').getByRole('button', { name: '填写' }).click()
  await hr.getByLabel('检查结果').fill('三季度目标：招聘8人，已完成7人')
  await hr.getByRole('button', { name: '保存' }).click()
  await hr.getByText('招聘8人，已完成7人').first().waitFor()
  expect(await barriers(hr)).toEqual([])
  const [saved] = await Promise.all([
    hr.waitForEvent('download'),
    hr.getByRole('button', { name: '下载Excel' }).click(),
  ])
  expect(saved.suggestedFilename()).toBe('示例公司-2026-10绩效结果.xlsx')
  const [year] = await Promise.all([
    hr.waitForEvent('download'),
    hr.getByRole('button', { name: '下载2026年汇总和评优建议' }).click(),
  ])
  expect(year.suggestedFilename()).toBe('示例公司-2026年绩效汇总.xlsx')
  const book = await readXlsx(readFileSync((await saved.path())!))
  const line = book.sheets[0]!.rows.find((r) => r[2] === '赵敏')!
  expect(line.slice(1, 11)).toEqual(['0003', '赵敏', '行政部', '行政人事助理', '周计划', 85, 0, 0, 85, 'B'])
  expect((await ctx.audit.about('month/2026-10')).filter((l) => l.what === 'results-exported')).toMatchObject([
    { by: world.idOf('zhou'), detail: { people: 6, drafts: 0 } },
  ])
  // Months before, as they were published.
  const october = (await ctx.results.get(id))!
  for (const [month, total] of [
    ['2026-08', '92.50'],
    ['2026-09', '101.00'],
  ] as const) {
    const version = october.versions[0]!
    const result = { ...version.result, month, shownTotal: total }
    await ctx.results.model.collection.insertOne({
      ...{ ...october, _id: `${world.idOf('zhao')}/${month}`, month, versions: [{ ...version, result }] },
    } as never)
  }
  const page = await open('zhao', '/h5/result/2026-10')
  await page.getByText('目标管理检查结果').waitFor()
  expect(await page.textContent('main')).toContain('仅供参考')
  expect(await page.textContent('main')).toContain('10月：85')
  await page.locator('.chart canvas, .chart svg').first().waitFor()
  expect(await barriers(page)).toEqual([])
  await shoot(page, 'result-trend')
  expect(JSON.stringify(await ctx.results.get(id))).toBe(before)
  // Somebody above sees the result and not the line of months.
  const superior = await signIn(world, 'li')
  const { body } = await superior.get(`/api/result/2026-10?person=${world.idOf('zhao')}`)
  expect(body).toMatchObject({ goals: '三季度目标：招聘8人，已完成7人', trend: [] })
  expect(mistakes).toEqual([])
})
