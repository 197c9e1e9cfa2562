import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox/main.ts'
import { launchBrowser } from './browser.ts'

let dir: string
let sandbox: Sandbox
let browser: Browser
const wrong: string[] = []

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'jixiao-sandbox-page-'))
  const env = { PORT: '0', DATA_DIR: dir, LOG_LEVEL: 'silent' }
  sandbox = await startSandbox(env, { history: false, say: () => {} })
  await sandbox.opened
  browser = await launchBrowser()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await sandbox?.stop()
  rmSync(dir, { recursive: true, force: true })
})

async function window(hash: string, width = 390, height = 844): Promise<Page> {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN' })
  const page = await context.newPage()
  page.on('pageerror', (error) => wrong.push(error.message))
  await page.goto(`${sandbox.url}/${hash}`)
  return page
}

async function write(page: Page, text: string): Promise<void> {
  await page.getByLabel('输入消息').fill(text)
  await page.getByRole('button', { name: '发送' }).click()
}

test('what is typed in one window is answered live in another', async () => {
  const mine = await window('#wecom/zhaomin')
  const other = await window('#wecom/zhaomin')
  await write(mine, '周计划\n1. 年会场地预订 40分 周三\n2. <img src=x onerror=alert(1)> 60分')
  for (const page of [mine, other]) await page.getByText('请核对').waitFor()
  // What people type is text and never markup.
  expect(await other.locator('img').count()).toBe(0)
  await other.getByRole('button', { name: '提交', exact: true }).click()
  await mine.getByText('已提交').first().waitFor()
  await mine.context().close()
  await other.context().close()
}, 60_000)

test('the clock goes to Friday 16:00 and tells what came of it; the address keeps who is shown', async () => {
  const page = await window('#dingtalk/luopeng+wecom/tangxin', 1280, 800)
  await page.getByRole('button', { name: '周五 16:00' }).click()
  await page.locator('.report').getByText('发出').waitFor()
  await page.locator('.phone.dingtalk').getByText('请提交本周总结和下周计划').waitFor()
  await page.locator('.phone.wecom').getByText('请提交本周总结和下周计划').waitFor()
  await page.locator('.person', { hasText: '郭强' }).getByTitle('郭强的企业微信').click()
  expect(new URL(page.url()).hash).toBe('#wecom/guoqiang+wecom/tangxin')
  await page.context().close()
}, 60_000)

test('a link of a card opens the page inside the phone, signed in as its holder', async () => {
  const page = await window('#wecom/tangxin')
  await page.getByRole('button', { name: '打开填写页' }).last().click()
  await page
    .frameLocator('iframe')
    .locator('body')
    .getByText(/唐欣|周计划|周总结/)
    .first()
    .waitFor()
  await page.goto(`${sandbox.url}/#dingtalk/luopeng`)
  await page.reload()
  await page.getByRole('button', { name: '打开填写页' }).last().click()
  await page
    .frameLocator('iframe')
    .locator('body')
    .getByText(/罗鹏|周计划|周总结/)
    .first()
    .waitFor()
  expect(wrong).toEqual([])
  await page.context().close()
}, 60_000)
