/// <reference lib="dom" />
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { barriers, launchBrowser } from './browser.ts'
import { startWeekWorld, type WeekWorld } from './week-world.ts'

const TOKEN = 'a-token-for-the-admin-of-this-test'
let browser: Browser
let world: WeekWorld

beforeAll(async () => {
  browser = await launchBrowser()
  world = await startWeekWorld({ start: '2026-11-16T10:00:00+08:00', env: { ADMIN_TOKEN: TOKEN } })
})
afterAll(async () => {
  await browser.close()
  await world.stop()
})

test.each([
  ['desktop', 1280, 900],
  ['phone', 390, 844],
])(
  'on a %s: with the token everything can be seen and a message taken back; nothing keeps the token but the tab',
  async (_, width, height) => {
    await world.phone('zhao').type('帮助')
    const shown = world.phone('zhao').messages().length
    const context = await browser.newContext({ viewport: { width, height }, locale: 'zh-CN' })
    const page = await context.newPage()
    const wrong: string[] = []
    page.on('pageerror', (error) => wrong.push(error.message))
    page.on('request', (r) => r.url().includes(TOKEN) && wrong.push(r.url()))
    await page.goto(`${world.bot().url}/admin`)
    const enter = async (token: string) => {
      await page.getByLabel('管理令牌').fill(token)
      await page.getByRole('button', { name: '进入' }).click()
    }
    await enter('not-this-one')
    await page.getByRole('alert').filter({ hasText: '令牌不正确' }).waitFor()
    await enter(TOKEN)
    for (const tab of ['概况', '定时任务', '配额', '人员', '操作记录', '预演', '发送记录']) {
      await page.getByRole('link', { name: tab, exact: true }).click()
      await page.locator('main .card').first().waitFor()
      if (width === 390) expect([tab, await barriers(page)]).toEqual([tab, []])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
    }
    const inbox = world.bot().ctx.people.model.db.collection('inbox')
    await inbox.updateOne({ state: 'done' }, { $set: { state: 'parked' } })
    await page.getByRole('link', { name: '概况', exact: true }).click()
    const again = page.getByRole('button', { name: '重新处理' })
    await again.waitFor()
    if (width === 390) expect(await barriers(page)).toEqual([])
    await again.click()
    await page.getByRole('status').filter({ hasText: '1' }).waitFor()
    await expect.poll(() => inbox.countDocuments({ state: { $ne: 'done' } })).toBe(0)
    // What had been answered already is not answered twice.
    expect(world.phone('zhao').messages().length).toBe(shown)
    await page.getByRole('link', { name: '发送记录', exact: true }).click()
    const newest = page.locator('li.entry').first()
    await newest.getByText('赵敏').waitFor()
    await newest.getByRole('button', { name: '撤回' }).click()
    await page.getByRole('dialog').getByRole('button', { name: '撤回' }).click()
    await page.getByRole('status').filter({ hasText: '已撤回' }).waitFor()
    expect(world.phone('zhao').last().recalled).toBe(true)
    expect([await context.cookies(), await page.evaluate(() => localStorage.length)]).toEqual([[], 0])
    await page.getByRole('button', { name: '退出' }).click()
    await page.getByLabel('管理令牌').waitFor()
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
    expect(wrong).toEqual([])
    await context.close()
  },
)
