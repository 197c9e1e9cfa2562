/// <reference lib="dom" />
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addNote } from '../handlers/weekly/judge.ts'
import { saveDraft } from '../handlers/weekly/submit.ts'
import { barriers, launchBrowser } from './browser.ts'
import { browserAgent, dingtalkAgent, type PagesWorld, planOf48, reportOf48, startPagesWorld } from './pages-world.ts'

let browser: Browser
let world: PagesWorld
const phones: BrowserContext[] = []
const mistakes: string[] = []

beforeAll(async () => {
  browser = await launchBrowser()
}, 60_000)
afterAll(() => browser.close())
beforeEach(async () => {
  world = await startPagesWorld()
}, 60_000)
afterEach(async () => {
  for (const phone of phones.splice(0)) await phone.close()
  await world.stop()
  expect(mistakes.splice(0)).toEqual([])
})

async function open(
  userId: string,
  path: string,
  options: { platform?: 'wecom' | 'dingtalk'; dark?: boolean } = {},
): Promise<Page> {
  const phone = await world.phone(browser, userId, options)
  phones.push(phone)
  return visit(phone, path)
}

async function visit(phone: BrowserContext, path: string): Promise<Page> {
  const page = await phone.newPage()
  page.on('pageerror', (error) => mistakes.push(error.message))
  await page.goto(world.origin + path)
  await page.waitForSelector('main:not([aria-busy=true])')
  return page
}

const sheetOf = (userId: string) => `/h5/score/${world.idOf(userId)}/2026-W48`
const rowOf = (userId: string) => world.ctx.weeks.get(world.idOf(userId), '2026-W48')

/** Fills in the whole week with the thumb. */
async function fillIn(page: Page): Promise<void> {
  await page.getByRole('button', { name: '全部完成' }).click()
  await page.getByRole('group', { name: '第3项的完成情况' }).getByText('部分完成').click()
  await page.getByLabel('第3项的说明').fill('还差4份合同')
  await page.getByLabel('不足').fill('开始得太晚')
  await page.getByLabel('遇到的问题').fill('原件不在公司')
  await page.getByLabel('更好的方法').fill('每月核对一次')
  await page.getByRole('button', { name: '结转到下周' }).click()
}

describe('signing in', () => {
  test('in WeCom one tap leads from a card to the page, signed in', async () => {
    const page = await open('zhao', '/h5/week/2026-W48')
    expect(new URL(page.url()).pathname).toBe('/h5/week/2026-W48')
    await page.getByText('完成11月考勤汇总并与各部门核对').waitFor()
  })

  test('in DingTalk the page asks the client for a code and goes on by itself', async () => {
    const page = await open('zhao', '/h5/week/2026-W48', { platform: 'dingtalk' })
    await page.getByText('完成11月考勤汇总并与各部门核对').waitFor()
  })

  test('in DingTalk without an answering client it says so instead of hanging', async () => {
    const context = await browser.newContext({
      userAgent: dingtalkAgent,
      viewport: { width: 390, height: 844 },
    })
    phones.push(context)
    const page = await context.newPage()
    await page.clock.install()
    await page.goto(`${world.origin}/h5/week`)
    await page.waitForLoadState('networkidle')
    for (let i = 0; i < 3; i++) await page.clock.runFor(6_000)
    await page.getByText('登录没有完成').waitFor()
  })

  test('in an ordinary browser a plain page says where to open it', async () => {
    const context = await browser.newContext({ userAgent: browserAgent })
    phones.push(context)
    const page = await context.newPage()
    await page.goto(`${world.origin}/h5/week`)
    await page.getByRole('heading', { name: '请在企业微信或钉钉中打开' }).waitFor()
  })

  test('a session that ends while somebody types brings them back to the same form with every word kept', async () => {
    const page = await open('zhao', '/h5/week/2026-W48')
    world.clock.set('2026-11-27T15:40:00+08:00')
    const back = page.waitForResponse((r) => r.url().includes('/auth/wecom?code='))
    await page.getByLabel('不足').fill('写到一半的内容')
    await back
    await page.getByText('草稿已保存').waitFor()
    expect(await page.getByLabel('不足').inputValue()).toBe('写到一半的内容')
    expect(page.url()).toBe(`${world.origin}/h5/week/2026-W48`)
    expect((await rowOf('zhao')).draft?.content.summary?.shortcomings).toBe('写到一半的内容')
  })
})

describe('my week', () => {
  test('filled in with the thumb: saved as the draft of the chat, handed in, shown as handed in', async () => {
    const page = await open('zhao', '/h5/week')
    await fillIn(page)
    const rows = page.locator('[data-row]')
    expect(await rows.count()).toBe(1)
    await page.getByRole('button', { name: '添加一项' }).click()
    await page.getByLabel('第2项的内容').fill('准备年度体检方案')
    await page.getByLabel('第2项的分值').fill('４０分')
    await page.getByLabel('第2项的完成日期').selectOption('2026-12-03')
    await page.getByText('草稿已保存，聊天中同步可见').waitFor()
    expect((await rowOf('zhao')).draft?.content.plan[1]).toEqual({
      text: '准备年度体检方案',
      kind: 'routine',
      points: 40,
      due: '2026-12-03',
    })
    await page.getByRole('group', { name: '第2项的类别' }).getByText('重点').click()
    await page.getByRole('button', { name: '提交', exact: true }).click()
    await page.getByRole('heading', { name: '已提交' }).waitFor()
    const { submissions, draft } = await rowOf('zhao')
    expect([submissions.length, draft]).toEqual([1, undefined])
    expect(submissions[0]!.content.plan.map((p) => [p.text, p.kind, p.points, p.carriedFrom])).toEqual([
      ['更新员工档案，补齐合同扫描件', 'routine', 50, '2026-W48'],
      ['准备年度体检方案', 'key', 40, undefined],
    ])
    await page.getByRole('button', { name: '继续查看' }).click()
    await page.getByText('已按时提交，11月27日 15:00').waitFor()
  })

  test('what is wrong is named where it is, and nothing is sent', async () => {
    const page = await open('zhao', '/h5/week')
    await page.getByLabel('第1项的内容').fill('甲')
    await page.getByLabel('第1项的分值').fill('二十')
    await page.getByText('请填写数字，例如20').waitFor()
    await page.getByLabel('第1项的分值').fill('0')
    await page.getByRole('button', { name: '提交', exact: true }).click()
    await page.getByText('计划还没有分值').waitFor()
    expect((await rowOf('zhao')).submissions).toHaveLength(0)
  })

  test('what the server cannot take is not called saved; the field is brought into view and saved once it is mended', async () => {
    const page = await open('zhao', '/h5/week/2026-W48')
    await page.getByRole('button', { name: '添加一项' }).click()
    const field = page.getByLabel('第1项的内容')
    await field.fill('长'.repeat(600))
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
    await page.getByText('有内容需要修改，尚未保存').waitFor()
    expect(await field.evaluate((e) => e.getBoundingClientRect().top < innerHeight)).toBe(true)
    await field.fill('完成年度合同归档')
    await page.getByText('草稿已保存').waitFor()
    expect((await rowOf('zhao')).draft?.content.plan[0]?.text).toBe('完成年度合同归档')
  })

  test('handed in without a line: kept in the browser, sent when the line is back, once', async () => {
    const page = await open('zhao', '/h5/week')
    await fillIn(page)
    await page.getByText('草稿已保存，聊天中同步可见').waitFor()
    await page.context().setOffline(true)
    await page.getByRole('button', { name: '提交', exact: true }).click()
    const more = page.getByRole('button', { name: '现在提交' })
    await Promise.race([more.waitFor().then(() => more.click()), page.getByText('还没有送达').waitFor()])
    await page.getByText('还没有送达，已保存在本机').waitFor()
    expect((await rowOf('zhao')).submissions).toHaveLength(0)
    await page.context().setOffline(false)
    await page.getByText('已按时提交').first().waitFor()
    expect((await rowOf('zhao')).submissions).toHaveLength(1)
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([])
  })

  test('an answer that got lost is asked for again under the same number: one submission', async () => {
    const page = await open('zhao', '/h5/week')
    await fillIn(page)
    await page.getByText('草稿已保存，聊天中同步可见').waitFor()
    let lost = 0
    await page.route('**/submit', async (route) => {
      if (lost++ > 0) return route.continue()
      await route.fetch()
      await route.abort()
    })
    await page.getByRole('button', { name: '提交', exact: true }).click()
    const more = page.getByRole('button', { name: '现在提交' })
    await Promise.race([more.waitFor().then(() => more.click()), page.getByText('还没有送达').waitFor()])
    await page.getByText('还没有送达').waitFor()
    await page.evaluate(() => dispatchEvent(new Event('online')))
    await page.getByText('已按时提交').first().waitFor()
    expect((await rowOf('zhao')).submissions).toHaveLength(1)
  })

  test('written in the chat meanwhile: nothing is overwritten until the person has chosen', async () => {
    const page = await open('zhao', '/h5/week')
    const act = { id: 'chat/1', at: world.clock.now() }
    const theirs = { content: { plan: [planOf48.plan[0]!] }, unread: [], assumptions: [] }
    await saveDraft(world.ctx, act, await world.person('zhao'), '2026-W48', theirs)
    await page.getByLabel('不足').fill('页面上写的')
    await page.getByText('这一周的内容已在别处更新').waitFor()
    expect((await rowOf('zhao')).draft?.content).toEqual(theirs.content)
    await page.getByRole('button', { name: '保留本页填写的' }).click()
    await page.getByText('草稿已保存').waitFor()
    expect((await rowOf('zhao')).draft?.content.summary?.shortcomings).toBe('页面上写的')
  })

  test('going away asks only when something is not on the server', async () => {
    const page = await open('zhao', '/h5/')
    await page.getByRole('link', { name: /我的周总结和计划/ }).click()
    await page.getByLabel('不足').fill('已经保存的')
    await page.getByText('草稿已保存').waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: '赵敏，您好' }).waitFor()
    await page.goForward()
    await page.getByLabel('不足').fill('没有线路时写的')
    await page.context().setOffline(true)
    await page.goBack()
    await page.getByText('内容还没有同步').waitFor()
    await page.getByRole('button', { name: '留在此页' }).click()
    expect(await page.getByLabel('不足').inputValue()).toBe('没有线路时写的')
    await page.context().setOffline(false)
    await page.getByText('草稿已保存').waitFor()
  })
})

describe('scoring', () => {
  test('full points, an item less, a deduction: the arithmetic runs along, and the next person comes', async () => {
    await world.handIn('zhao', '2026-11-28T12:07:00+08:00')
    await world.handIn('qian', '2026-11-27T11:00:00+08:00')
    world.clock.set('2026-11-28T13:00:00+08:00')
    const page = await open('li', sheetOf('zhao'))
    await page.getByText('还有3项未评').waitFor()
    await page.getByRole('button', { name: '全部满分' }).click()
    await page.getByRole('button', { name: '第1项减1分' }).click()
    await page.getByRole('button', { name: '第1项减1分' }).click()
    await page.getByLabel('第3项的得分').fill('51')
    await page.getByText('不能超过50分').waitFor()
    expect(await page.getByRole('button', { name: '提交评分' }).isDisabled()).toBe(true)
    await page.getByLabel('第3项的得分').fill('40')
    await page.getByRole('button', { name: '总结不完整', exact: true }).click()
    await page.getByText('(18+30+40)÷100×100 = 88').waitFor()
    await page.getByText('得分 83.00').first().waitFor()
    await page.getByRole('button', { name: '提交评分' }).click()
    await page.getByText('您于11月28日 13:00评分').waitFor()
    expect((await rowOf('zhao')).score).toMatchObject({ points: [18, 30, 40], by: world.idOf('li') })
    await page.getByText('下一位：钱进').click()
    await page.getByRole('heading', { name: '钱进' }).waitFor()
  })

  test('a swipe leads to the next person, and back', async () => {
    const page = await open('li', sheetOf('zhao'))
    await page.getByRole('button', { name: '下一位：钱进' }).waitFor()
    const swipe = (from: number, to: number) =>
      page.evaluate(
        ([a, b]) => {
          const at = document.querySelector('h1')!
          const touch = (x: number) => new Touch({ identifier: 1, target: at, clientX: x, clientY: 120 })
          at.dispatchEvent(new TouchEvent('touchstart', { bubbles: true, touches: [touch(a!)] }))
          at.dispatchEvent(new TouchEvent('touchend', { bubbles: true, changedTouches: [touch(b!)] }))
        },
        [from, to],
      )
    await swipe(300, 80)
    await page.getByRole('heading', { name: '钱进' }).waitFor()
    await page.getByRole('button', { name: '上一位：赵敏' }).waitFor()
    await swipe(80, 300)
    await page.getByRole('heading', { name: '赵敏' }).waitFor()
  })

  test('points that are not sent are asked about before leaving, and are there again afterwards', async () => {
    await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
    const page = await open('li', '/h5/score')
    await page.getByRole('link', { name: /赵敏/ }).click()
    await page.getByRole('button', { name: '全部满分' }).click()
    await page.goBack()
    await page.getByText('评分还没有提交').waitFor()
    await page.getByRole('button', { name: '离开' }).click()
    await page.getByRole('link', { name: /赵敏/ }).click()
    await page.getByText('得分 100.00').first().waitFor()
  })

  test('somebody scored meanwhile: the first counts, and the second reads who it was', async () => {
    await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
    const [first, second] = [await open('li', sheetOf('zhao')), await open('wang', sheetOf('zhao'))]
    for (const page of [first, second]) await page.getByRole('button', { name: '全部满分' }).click()
    await first.getByRole('button', { name: '提交评分' }).click()
    await first.getByText('您于11月27日 15:00评分').waitFor()
    await second.getByRole('button', { name: '提交评分' }).click()
    await second.getByText('李静已先行评分，您的评分没有覆盖').waitFor()
  })

  test('who is not above somebody sees nothing of them, whatever the address says', async () => {
    const held: Record<string, BrowserContext> = {}
    for (const [userId, path] of [
      ['zheng', sheetOf('zhao')],
      ['zhao', sheetOf('qian')],
      ['zhao', '/h5/team'],
      ['zhao', '/h5/score'],
    ] as const) {
      held[userId] ??= await world.phone(browser, userId)
      phones.push(held[userId])
      const page = await visit(held[userId], path)
      const said = await page.getByRole('alert').textContent()
      expect([userId, path, said?.includes('权限') || said?.includes('没有需要查看的团队')]).toEqual([
        userId,
        path,
        true,
      ])
      expect(await page.content()).not.toContain('考勤汇总')
    }
  })

  test('HTML in a text is text', async () => {
    const summary = { ...reportOf48.summary!, shortcomings: '<img src=x onerror="document.title=1"><b>粗</b>' }
    await world.handIn('zhao', '2026-11-27T11:00:00+08:00', { ...reportOf48, summary })
    const page = await open('li', sheetOf('zhao'))
    await page.getByText('<b>粗</b>').waitFor()
    expect(await page.locator('main img').count()).toBe(0)
  })
})

test('a card that asks for words leads to a form; they arrive once, and the card says so', async () => {
  await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
  const zhao = await world.person('zhao')
  const act = { id: 'note/1', at: world.clock.now() }
  await addNote(world.ctx, act, await world.person('li'), zhao, '2026-W48', '请补充培训人数')
  await world.bot.idle()
  const [card] = await world.ctx.cards.openAbout(`note/${zhao._id}/2026-W48`)
  const page = await open('zhao', `/h5/form/${card!._id}`)
  await page.getByLabel('回复内容').fill('参加6人')
  await page.getByRole('button', { name: '发送' }).click()
  await page.getByRole('heading', { name: '已发送' }).waitFor()
  expect((await rowOf('zhao')).notes.map((n) => n.text)).toEqual(['请补充培训人数', '参加6人'])
  await world.bot.idle()
  expect((await world.ctx.cards.get(card!._id))!.state).toBe('closed')
})

test('nothing serious for axe on any page, in light and dark', async () => {
  await world.handIn('qian', '2026-11-27T11:00:00+08:00')
  const found: string[] = []
  const held: Record<string, BrowserContext> = {}
  for (const [userId, path] of [
    ['zhao', '/h5/week'],
    ['li', '/h5/'],
    ['li', '/h5/score'],
    ['li', sheetOf('qian')],
    ['li', '/h5/team'],
    ['zhao', '/h5/results'],
  ] as const) {
    held[userId] ??= await world.phone(browser, userId)
    phones.push(held[userId])
    const page = await visit(held[userId], path)
    if (path === sheetOf('qian')) {
      await page.getByRole('button', { name: '全部满分' }).click()
      await page.getByRole('button', { name: '计划不合理', exact: true }).click()
    }
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      found.push(...(await barriers(page)).map((what) => `${colorScheme} ${path} ${what}`))
    }
    const small = await page.evaluate(() =>
      Array.from(document.querySelectorAll<HTMLElement>('button, select, a.tap, summary, .seg label'))
        .map((el) => ({ text: el.textContent || el.getAttribute('aria-label'), box: el.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.height < 44 || box.width < 36))
        .map(({ text, box }) => `${text} ${Math.round(box.width)}×${Math.round(box.height)}`),
    )
    if (small.length > 0) found.push(`${path} too small to tap: ${small.join(', ')}`)
    await page.close()
  }
  expect(found).toEqual([])
}, 60_000)

/** What the piece of work in the next test takes on two quiet cores, where the page is usable after 0.7 to 0.8 s. */
const WORK_MS = 100

test('the first load stays under 150 kB and is usable within a second on a 4G phone', async () => {
  const phone = await world.phone(browser, 'zhao')
  phones.push(phone)
  // Signing in is the platform's redirect; what is measured is our page.
  await (await visit(phone, '/h5/form/x')).close()

  async function load(tries = 3): Promise<{ bytes: number; ms: number; early: boolean }> {
    const page = await phone.newPage()
    const cdp = await phone.newCDPSession(page)
    await cdp.send('Network.enable')
    await cdp.send('Network.clearBrowserCache')
    // A usual 4G connection: 9 Mbit/s down, 60 ms there and back.
    const line = { downloadThroughput: (9e6 / 8) | 0, uploadThroughput: (3e6 / 8) | 0, latency: 60 }
    await cdp.send('Network.emulateNetworkConditions', { offline: false, ...line })
    let bytes = 0
    cdp.on('Network.loadingFinished', (event) => {
      bytes += event.encodedDataLength
    })
    await page.goto(`${world.origin}/h5/week/2026-W48`, { waitUntil: 'commit' })
    // One load may meet a busy machine; the best of them counts.
    const handIn = page.getByRole('button', { name: '提交', exact: true })
    const isThere = await handIn.waitFor({ timeout: 15_000 }).then(
      () => true,
      (error) => {
        // What the page says then is what went wrong.
        if (tries === 1) return page.innerText('body').then((said) => Promise.reject(new Error(`${error}\n${said}`)))
        return false
      },
    )
    if (!isThere) {
      await page.close()
      return load(tries - 1)
    }
    const [ms, early] = await page.evaluate(() => {
      const all = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
      const call = all.find((r) => r.name.includes('/api/week'))!
      const script = all.find((r) => r.name.includes('/assets/vue-'))!
      return [Math.round(performance.now()), call.startTime < script.responseEnd] as const
    })
    await page.waitForLoadState('networkidle')
    await page.close()
    return { bytes, ms, early }
  }

  const loads = [await load()]
  // Time also depends on what else the machine does: the best of a few loads is the page's own.
  while (Math.min(...loads.map((l) => l.ms)) >= 1_000 && loads.length < 5) loads.push(await load())
  // A second is meant for a phone, and this machine may be slower than one: so long it takes for a fixed piece of work.
  const page = await phone.newPage()
  const work = await page.evaluate(() => {
    const once = () => {
      const from = performance.now()
      for (let i = 0; i < 3_000; i++)
        document.body.append(Object.assign(document.createElement('p'), { textContent: `${i}` }))
      document.body.getBoundingClientRect()
      return performance.now() - from
    }
    return Math.min(once(), once(), once())
  })
  await page.close()
  if (process.env.SHOW_FIGURES) console.log(JSON.stringify({ loads, work }))
  // The first answer comes along with the scripts, not after them.
  expect(loads[0]!.early).toBe(true)
  expect(loads[0]!.bytes).toBeLessThan(150_000)
  expect(Math.min(...loads.map((l) => l.ms))).toBeLessThan(1_000 * Math.max(1, work / WORK_MS))
}, 180_000)
