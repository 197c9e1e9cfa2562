/// <reference lib="dom" />
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withLinks } from '../web/src/pages/milestone/links.ts'
import { barriers, launchBrowser } from './browser.ts'
import { type PagesWorld, startPagesWorld } from './pages-world.ts'

let browser: Browser
let world: PagesWorld
const phones = new Map<string, Page>()
const mistakes: string[] = []

beforeAll(async () => {
  browser = await launchBrowser()
  world = await startPagesWorld()
}, 60_000)
afterAll(async () => {
  await world.stop()
  await browser.close()
  expect(mistakes).toEqual([])
})

async function open(userId: string, path: string): Promise<Page> {
  const page = phones.get(userId) ?? (await (await world.phone(browser, userId)).newPage())
  if (!phones.has(userId)) {
    page.on('pageerror', (error) => mistakes.push(error.message))
    await page.emulateMedia({ reducedMotion: 'reduce' })
  }
  phones.set(userId, page)
  await page.goto(world.origin + path)
  await page.waitForSelector('main:not([aria-busy=true])')
  return page
}

const shots = process.env.SHOTS_DIR
const shoot = async (page: Page, name: string) => {
  if (shots) await page.screenshot({ path: `${shots}/ms-${name}.png` })
}
async function passes(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    expect(await barriers(page)).toEqual([])
    await shoot(page, `${name}-${colorScheme}`)
  }
}

test('HR adds a milestone, its owner hands in a link, it is sent back once and then accepted', async () => {
  const hr = await open('zhou', '/h5/')
  await hr.getByRole('link', { name: /工作节点/ }).click()
  await hr.getByRole('button', { name: '新增节点' }).click()
  const form = hr.getByRole('region', { name: '新增节点' })
  await form.getByLabel('名称').fill('消防设施年检')
  await hr.goBack()
  await hr.getByRole('button', { name: '留在此页' }).click()
  await hr.getByRole('dialog').waitFor({ state: 'hidden' })
  await form.getByLabel('负责人').selectOption(world.idOf('zhao'))
  await form.getByLabel('截止日期').fill('2026-12-07')
  expect(await form.getByLabel('验收人').count()).toBe(0)
  await form.getByLabel('需提交').fill('年检报告')
  expect(await form.getByLabel('验收人').getByText('赵敏').count()).toBe(0)
  await form.getByLabel('验收人').selectOption(world.idOf('li'))
  await passes(hr, 'add')
  await form.getByRole('button', { name: '保存' }).click()
  await hr.getByRole('link', { name: /消防设施年检.*还有10天.*赵敏，2026年12月7日/ }).waitFor()
  const row = async () => (await world.ctx.milestones.model.findOne({ title: '消防设施年检' }).lean())!
  expect(await row()).toMatchObject({ handIn: '年检报告', accepterId: world.idOf('li'), due: '2026-12-07' })

  const zhao = await open('zhao', '/h5/milestones')
  await shoot(zhao, 'own')
  await zhao.getByRole('link', { name: /消防设施年检/ }).click()
  await zhao.getByLabel('进展').fill('已约检测机构，12月2日上门')
  await zhao.getByRole('button', { name: '填写进展' }).click()
  await zhao.getByText('已约检测机构，12月2日上门').waitFor()
  await zhao.getByLabel('提交内容').fill('见https://doc.example.com/w3_Ab?x=1，请查收')
  // It changes elsewhere: what is typed stays.
  await world.ctx.milestones.change((await row())._id, 'elsewhere', (r) => ({ row: { ...r }, outcome: null }))
  const handIn = zhao.getByRole('button', { name: '提交完成' })
  await handIn.click()
  await zhao.getByRole('dialog').getByRole('button', { name: '确认' }).click()
  await handIn.click()
  const link = zhao.getByRole('link', { name: 'https://doc.example.com/w3_Ab?x=1' })
  await link.waitFor()
  expect(await link.getAttribute('href')).toBe('https://doc.example.com/w3_Ab?x=1')
  expect(await link.getAttribute('rel')).toContain('noopener')

  const li = await open('li', '/h5/milestones')
  await li.getByRole('link', { name: /消防设施年检.*待验收/ }).click()
  await li.getByRole('button', { name: '退回' }).click()
  await li.getByText('请写明需要补充或调整的地方').waitFor()
  await passes(li, 'decide')
  await li.getByLabel('意见').fill('请补上三号楼的记录')
  await li.getByRole('button', { name: '退回' }).click()
  await li.getByText('需补充', { exact: true }).waitFor()
  expect(await row()).toMatchObject({ state: 'open' })

  await zhao.reload()
  await zhao.getByText('请补上三号楼的记录').waitFor()
  await zhao.getByLabel('提交内容').fill('已补三号楼，链接不变')
  await shoot(zhao, 'returned')
  await zhao.getByRole('button', { name: '提交完成' }).click()
  await zhao.getByText('已补三号楼，链接不变').waitFor()

  await li.reload()
  await li.getByRole('button', { name: '通过' }).click()
  await li.getByRole('dialog').getByRole('button', { name: '通过' }).click()
  await li.getByText('验收通过', { exact: true }).waitFor()
  expect((await row()).steps.map((s) => s.kind)).toEqual([
    ...['progress', 'handed-in', 'returned', 'handed-in', 'accepted'],
  ])

  await hr.reload()
  await hr
    .locator('section', { hasText: '近期结束' })
    .getByRole('link', { name: /消防设施年检.*已完成/ })
    .waitFor()
  await shoot(hr, 'list')
})

test('HR cancels one of which only the day is told, and says why', async () => {
  const hr = await open('zhou', '/h5/milestones')
  await hr.getByRole('button', { name: '新增节点' }).click()
  await hr.getByLabel('名称').fill('年终座谈会')
  await hr.getByLabel('负责人').selectOption(world.idOf('zheng'))
  await hr.getByLabel('截止日期').fill('2026-12-25')
  await hr.getByRole('button', { name: '保存' }).click()
  // By the keyboard: the word that it was added still lies on the link.
  await hr.getByRole('link', { name: /年终座谈会/ }).press('Enter')
  await hr.getByText('届时会提醒郑强，不需要提交内容。').waitFor()
  await hr.getByRole('button', { name: '取消节点' }).click()
  await hr.getByLabel('原因').fill('改到明年一月')
  await hr.getByRole('button', { name: '提交' }).click()
  await hr.getByRole('dialog').getByRole('button', { name: '取消节点' }).click()
  await hr.getByText('改到明年一月').waitFor()
  await shoot(hr, 'cancelled')
})

test('only https becomes a link, and it leads where it says', () => {
  const links = (words: string) => withLinks(words).flatMap((p) => p.to ?? [])
  expect(withLinks('见https://a.cn/x?y=1。完').map((p) => p.text)).toEqual(['见', 'https://a.cn/x?y=1', '。完'])
  expect(links('（https://a.cn/b）、https://c.cn/d, https://e.cn.')).toEqual([
    ...['https://a.cn/b', 'https://c.cn/d', 'https://e.cn/'],
  ])
  for (const words of [
    'http://a.cn',
    'javascript:alert(1)',
    'https://',
    'https://bank.cn@evil.cn/',
    'data:text/html,x',
  ])
    expect(withLinks(words)).toEqual([{ text: words }])
})
