/// <reference lib="dom" />
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { giveAnswers, giveComment } from '../handlers/survey/answer.ts'
import { closeRound } from '../handlers/survey/decide.ts'
import { openRound } from '../handlers/survey/round.ts'
import { canteenSurvey, EVERYBODY, type Survey } from '../src/domain/survey.ts'
import { barriers, launchBrowser } from './browser.ts'
import { type PagesWorld, startPagesWorld } from './pages-world.ts'

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

async function open(userId: string, path: string, platform: 'wecom' | 'dingtalk' = 'wecom'): Promise<Page> {
  const phone = await world.phone(browser, userId, { platform })
  phones.push(phone)
  const page = await phone.newPage()
  page.on('pageerror', (error) => mistakes.push(error.message))
  await page.goto(world.origin + path)
  await page.waitForSelector('main:not([aria-busy=true])')
  return page
}

const survey: Survey = { ...canteenSurvey, assesses: [], sample: EVERYBODY }

async function round(period: string, at: string) {
  const opensAt = new Date(at)
  const plan = { period, opensAt, closesAt: new Date(opensAt.getTime() + 5 * 86_400_000) }
  const opened = await openRound(world.ctx, survey, plan, opensAt, 'test')
  if (!('round' in opened)) throw new Error(opened.kind)
  return opened.round
}

test('an anonymous survey is answered on the page in six taps, and nothing of it stays on the phone', async () => {
  const { _id } = await round('2026-11', '2026-11-26T11:30:00+08:00')
  const page = await open('zhao', '/h5/survey/canteen/2026-11')
  await page.getByText('满5人作答才公布').waitFor()
  expect(await barriers(page)).toEqual([])
  for (const [label, stars] of [
    ['卫生', '5星'],
    ['价格', '2星'],
    ['味道', '4星'],
    ['花色', '3星'],
  ])
    await page.getByRole('group', { name: label! }).getByRole('radio', { name: stars! }).check({ force: true })
  await page.getByLabel('意见（选填）').fill('希望增加素菜')
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/survey-answer.png` })
  await page.getByRole('button', { name: '提交', exact: true }).click()
  await page.getByText('提交后无法找出并修改').waitFor()
  await page.getByRole('button', { name: '提交', exact: true }).last().click()
  await page.getByText('已提交，谢谢').waitFor()
  expect(await world.ctx.surveyBallots.count(_id)).toBe(1)
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }))
  expect(kept).not.toMatch(/素菜|taste|hygiene/)
  await page.reload()
  await page.getByText('已提交，谢谢').waitFor()
  expect(await page.getByRole('radio').count()).toBe(0)
}, 60_000)

test('results come round by round with a picture; HR makes the next survey there', async () => {
  const people = await world.ctx.people.active()
  const hr = await world.person('zhou')
  for (const [period, stars] of [
    ['2026-09', 3],
    ['2026-10', 4],
    ['2026-11', 5],
  ] as const) {
    const at = `${period}-20T11:30:00+08:00`
    const { _id } = await round(period, at)
    const act = { id: `answer/${period}`, at: new Date(`${period}-21T11:30:00+08:00`) }
    for (const person of people.slice(0, 6)) {
      const chosen = { hygiene: `${stars}`, price: '3', taste: '4', variety: '4' }
      await giveAnswers(world.ctx, act, person, _id, chosen)
      await giveComment(world.ctx, act, person, _id, `${person.name}的意见`)
    }
    await closeRound(world.ctx, { ...act, id: `close/${period}` }, hr, _id)
  }
  const page = await open('zhou', '/h5/surveys', 'dingtalk')
  await page.getByText('80.00').waitFor()
  await page.getByText('3.0星').first().waitFor()
  await page.locator('.chart svg').waitFor()
  expect(await barriers(page)).toEqual([])
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/survey-results.png`, fullPage: true })
  await page.getByRole('button', { name: '发起调查' }).click()
  await page.getByLabel('标题').fill('办公环境')
  await page.getByLabel('评分项目').fill('采光、噪声')
  await page.getByLabel('截止日期').fill('2026-12-02')
  expect(await barriers(page)).toEqual([])
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/survey-make.png`, fullPage: true })
  await page.getByRole('button', { name: '发起', exact: true }).click()
  await page.getByRole('button', { name: '发起', exact: true }).last().click()
  await page.getByText('0／8人作答').waitFor()
  await page.getByText('等您作答').waitFor()
}, 60_000)
