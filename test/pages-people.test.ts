/// <reference lib="dom" />
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ColumnsPage, PeoplePage, TalksPage } from '../src/http/api/contract-people.ts'
import { barriers, launchBrowser } from './browser.ts'
import { type PagesWorld, signIn, startPagesWorld } from './pages-world.ts'

let browser: Browser
let world: PagesWorld
const phones: BrowserContext[] = []
const mistakes: string[] = []

beforeAll(async () => {
  browser = await launchBrowser()
  world = await startPagesWorld()
  await world.wecom.join({ userId: 'wujing', name: '吴静', departments: ['行政部'], title: '文员' })
  await world.dingtalk.join({ userId: 'wujing2', name: '吴静', departments: ['市场部'], title: '文员' })
  await world.wecom.join({
    ...{ userId: 'new', name: '何静', departments: ['行政部'], title: '文员', jobNumber: '0101' },
    ...{ managerUserId: 'li', hiredOn: '2026-11-23' },
  })
  // The platform tells of them in its own time.
  while ((await world.ctx.contacts.doubts.countDocuments()) === 0) await sleep(20)
  await world.bot.idle()
}, 60_000)
afterAll(async () => {
  for (const phone of phones) await phone.close()
  await world.stop()
  await browser.close()
  expect(mistakes).toEqual([])
})

async function open(path: string, dark = false): Promise<Page> {
  const phone = await world.phone(browser, 'zhou', { dark })
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

test('HR sees what is doubtful about people, and joins two records of one', async () => {
  const page = await open('/h5/people')
  await page.getByText('吴静是否同一人？').waitFor()
  expect(await page.textContent('main')).toContain('没有工号（2）')
  expect(await barriers(page)).toEqual([])
  await shoot(page, 'people')
  await page.getByRole('button', { name: /^是吴静/ }).click()
  await page.getByRole('button', { name: '合并' }).click()
  await page.getByText('是否同一人').waitFor({ state: 'detached' })
  const found = (await world.ctx.people.active()).filter((p) => p.name === '吴静')
  expect(found).toMatchObject([{ wecom: 'wujing', dingtalk: 'wujing2' }])
  await shoot(page, 'people-after')
})

test('HR sees whose talk is due, records one there, and its proposals go to the manager', async () => {
  const page = await open('/h5/talks')
  await page.getByRole('button', { name: /何静.*入职谈话/ }).click()
  await page.getByLabel('谈话内容').fill('适应较快')
  await page.getByLabel('建议（一行一条').fill('1. 安排带教\n2、多沟通')
  expect(await barriers(page)).toEqual([])
  await shoot(page, 'talks')
  await page.getByRole('button', { name: '保存' }).click()
  await page.getByText('已保存，建议已转给李静').waitFor()
  await world.bot.idle()
  await page.getByRole('button', { name: /何静.*入职谈话/ }).waitFor({ state: 'detached' })
  const person = (await world.ctx.people.active()).find((p) => p.name === '何静')!
  expect(await world.ctx.hrTalks.about(person._id)).toMatchObject([
    { occasion: 'joining', summary: '适应较快', proposals: ['安排带教', '多沟通'], passedTo: [world.idOf('li')] },
  ])
  const said = world.wecom.chat('li').map((m) => m.text ?? '')
  expect(said.filter((t) => t.includes('安排带教'))).toHaveLength(1)
  expect(said.join()).not.toContain('适应较快')
})

test('HR keeps the columns there: adds, is told of what is there already, removes', async () => {
  const page = await open('/h5/columns', true)
  const pool = page.getByRole('region', { name: '心灵启示' })
  expect(await barriers(page)).toEqual([])
  const box = pool.getByRole('textbox')
  await box.fill('走得慢不要紧，方向对了，每一步都算数。')
  await pool.getByRole('button', { name: '添加' }).click()
  await pool.getByText('走得慢不要紧').waitFor()
  await box.fill('走得慢不要紧，方向对了，每一步都算数。')
  await pool.getByRole('button', { name: '添加' }).click()
  await page.getByText('已经有这一条').waitFor()
  await page.getByRole('button', { name: /确认|确定/ }).click()
  await shoot(page, 'columns')
  await pool.getByRole('button', { name: /^删除/ }).click()
  await page.getByRole('dialog').getByRole('button', { name: '删除' }).click()
  await pool.getByText('没有内容').waitFor()
})

test('a talk of HR with themselves, nothing said, a doubt decided twice, another column: refused, nothing kept', async () => {
  const hr = await signIn(world, 'zhou')
  const talk = (body: object) =>
    hr.send('POST', '/api/talks', { requestId: randomUUID(), summary: '好', proposals: '', pass: false, ...body })
  expect((await talk({ person: world.idOf('zhou') })).status).toBe(422)
  expect((await talk({ person: world.idOf('li'), summary: ' ' })).status).toBe(400)
  const { due, people } = (await hr.get('/api/talks')).body as TalksPage
  expect(people.map((p) => p.id)).not.toContain(world.idOf('zhou'))
  expect(due.some((d) => d.person.id === world.idOf('li'))).toBe(true)
  const { doubts } = (await hr.get('/api/people')).body as PeoplePage
  expect(doubts).toEqual([])
  const [row] = await world.ctx.contacts.doubts.find({ state: 'decided' }).lean()
  const again = { requestId: randomUUID(), doubt: row!._id, candidate: null }
  expect((await hr.send('POST', '/api/people/same', again)).status).toBe(422)
  const column = (body: object) => hr.send('POST', '/api/columns', { requestId: randomUUID(), change: 'add', ...body })
  expect((await column({ column: '心灵启示', text: '短' })).status).toBe(422)
  expect((await column({ column: '心灵启示', text: '长'.repeat(801) })).status).toBe(400)
  const { columns, next } = (await hr.get('/api/columns')).body as ColumnsPage
  expect(columns.every((c) => c.texts.length === 0)).toBe(true)
  expect(next).toMatch(/^11月27日（周五）17:00$/)
})

test('a request that is sent again keeps one talk', async () => {
  const hr = await signIn(world, 'zhou')
  const body = { requestId: randomUUID(), person: world.idOf('qian'), summary: '好', proposals: '', pass: false }
  for (let i = 0; i < 2; i++) expect((await hr.send('POST', '/api/talks', body)).status).toBe(200)
  expect(await world.ctx.hrTalks.about(world.idOf('qian'))).toHaveLength(1)
})
