/// <reference lib="dom" />
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openInterview } from '../handlers/interview/open.ts'
import { interviewId } from '../src/store/interviews.ts'
import { barriers, launchBrowser } from './browser.ts'
import { type PagesWorld, startPagesWorld } from './pages-world.ts'

const DAY = '2026-11-27'

let browser: Browser
let world: PagesWorld
const phones = new Map<string, Page>()
const mistakes: string[] = []

beforeAll(async () => {
  browser = await launchBrowser()
  world = await startPagesWorld()
  // October of the lowest grade, as published: 赵敏 and 吴芳.
  const month = '2026-10'
  for (const who of ['zhao', 'wu']) {
    const result = { grade: world.ctx.company().grades.at(-1)!.name, shownTotal: '61.00' }
    const version = { version: 1, by: world.idOf('wang'), at: world.clock.now(), why: '', result, hash: '' }
    await world.ctx.results.model.collection.insertOne({
      ...{ _id: `${world.idOf(who)}/${month}`, personId: world.idOf(who), month, name: who, state: 'published' },
      ...{ versions: [version], seen: [], acknowledged: [], sent: [], rev: 1, applied: [] },
    } as never)
    await openInterview(world.ctx, 'test', world.idOf(who), month, DAY)
  }
  await openInterview(world.ctx, 'test', world.idOf('qian'), '2026-Q3', DAY)
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
const pathOf = (userId: string, period: string) => `/h5/interview/${world.idOf(userId)}/${period}`
const rowOf = async (userId: string, period: string) =>
  (await world.ctx.interviews.get(interviewId(world.idOf(userId), period)))!

async function passes(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  expect(await barriers(page)).toEqual([])
}
const shots = process.env.SHOTS_DIR
const shoot = async (page: Page, name: string) => {
  if (shots) await page.screenshot({ path: `${shots}/iv-${name}.png`, fullPage: true })
}

test('a time is named and agreed, a record with a plan is written and confirmed, and both say how it goes', async () => {
  const li = await open('li', '/h5/interviews')
  await passes(li, 'light')
  await shoot(li, 'test-list')
  await li.getByRole('link', { name: /赵敏.*待约时间/ }).click()
  await li.getByLabel('地点', { exact: true }).fill('三楼会议室')
  await li.goBack()
  await li.getByRole('button', { name: '留在此页' }).click()
  await li.getByRole('dialog').waitFor({ state: 'hidden' })
  await li.getByLabel('日期', { exact: true }).fill('2026-12-02')
  await li.getByLabel('时间', { exact: true }).fill('15:00')
  await li.getByRole('button', { name: '发出时间' }).click()
  await li.getByText('12月2日（周三）15:00').waitFor()
  await li.getByRole('button', { name: '改约' }).waitFor()

  const zhao = await open('zhao', pathOf('zhao', '2026-10'))
  await zhao.getByRole('button', { name: '同意这个时间' }).click()
  await zhao.getByText('双方已同意').waitFor()
  expect((await rowOf('zhao', '2026-10')).appointment).toMatchObject({ agreed: true, place: '三楼会议室' })

  // They talked earlier than agreed. The manager's page is from before the consent.
  await li.getByRole('button', { name: '已经面谈，填写记录' }).click()
  await li.getByLabel('做得好的').fill('入职培训组织有序')
  await li.getByLabel('需要改进的').fill('10月考勤汇总有三处与部门不一致')
  await li.getByLabel('员工意见和需要的支持').fill('希望部门表格提前统一格式')
  const save = li.getByRole('button', { name: '保存并请对方确认' })
  await save.click()
  expect(await li.locator('.error').allTextContents()).toEqual([
    ...['请填写目标', '请填写措施', '请填写衡量标准', '请选择完成日期'],
  ])
  await li.getByLabel('第1项的目标').fill('每月考勤汇总的核对')
  await li.getByLabel('第1项的措施').fill('每月25日前与各部门核对一次')
  await li.getByLabel('第1项的衡量标准').fill('做得更好')
  await li.getByLabel('第1项的资源').fill('人力资源提供核对表')
  await li.getByLabel('第1项的完成日期').fill('2027-03-31')
  await li.getByLabel('第1项包含培训或调整岗位').check()
  await save.click()
  // Somebody changed it meanwhile: what is typed stays.
  await li.getByRole('dialog').getByRole('button', { name: '确认' }).click()
  await save.click()
  await li.getByText('衡量标准请写成可以核对的').waitFor()
  expect((await rowOf('zhao', '2026-10')).record).toBeUndefined()
  await passes(li, 'light')
  await shoot(li, 'test-gap')
  await li.getByLabel('第1项的衡量标准').fill('每月差错不超过1次')
  await save.click()
  await li.getByText('已保存，已请赵敏确认').waitFor()

  await zhao.reload()
  await zhao.getByText('每月差错不超过1次').waitFor()
  await shoot(zhao, 'test-confirm')
  await zhao.getByRole('button', { name: '确认', exact: true }).click()
  await zhao.getByRole('dialog').getByRole('button', { name: '确认' }).click()
  await zhao.getByText('双方已确认').waitFor()
  await zhao.getByLabel('进展').fill('已完成第一次核对，没有差错')
  await zhao.getByRole('button', { name: '填写进展' }).click()
  await zhao.getByText('已完成第一次核对，没有差错').waitFor()
  await passes(zhao, 'dark')
  await shoot(zhao, 'test-improving')
  const row = await rowOf('zhao', '2026-10')
  expect(row.record!.plan).toMatchObject({ items: [{ training: true, by: '2027-03-31' }], reviewOn: '2027-05-27' })
  expect(row.confirmedAt).toBeDefined()
  expect(row.notes).toMatchObject([{ by: world.idOf('zhao'), words: '已完成第一次核对，没有差错' }])

  // Half a year later.
  await world.ctx.interviews.change(row._id, 'later', ({ record, ...rest }) => ({
    row: { ...rest, record: { ...record!, plan: { ...record!.plan!, reviewOn: DAY } } },
    outcome: null,
  }))
  await li.reload()
  await li.getByRole('group', { name: '第1项的完成情况' }).getByText('完成', { exact: true }).click()
  await li.getByLabel('评语').fill('核对成了习惯')
  await li.getByRole('button', { name: '提交复核结果' }).click()
  await li.getByRole('dialog').getByRole('button', { name: '提交' }).click()
  await li.getByText('已复核').waitFor()
  await li.getByText('核对成了习惯').waitFor()
  expect(await rowOf('zhao', '2026-10')).toMatchObject({ over: true, evaluation: { outcomes: ['done'] } })
})

test('the employee sees it differently, and the manager writes it anew from what is there', async () => {
  const id = interviewId(world.idOf('qian'), '2026-Q3')
  const at = new Date('2026-11-27T10:00:00+08:00')
  await world.ctx.interviews.change(id, 'talked', (row) => ({
    row: { ...row, appointment: { at, place: '', by: 'manager', agreed: true, round: 1, askedAt: at } },
    outcome: null,
  }))
  const li = await open('li', pathOf('qian', '2026-Q3'))
  await li.getByLabel('做得好的').fill('车辆安全行驶')
  await li.getByRole('button', { name: '保存并请对方确认' }).click()
  await li.getByText('已保存，已请钱进确认').waitFor()

  const qian = await open('qian', pathOf('qian', '2026-Q3'))
  await qian.getByRole('button', { name: '有不同意见' }).click()
  await qian.getByLabel('不同意见').fill('请补充车辆老化的情况')
  await qian.getByRole('button', { name: '提交意见' }).click()
  await qian.getByText('已告知李静').waitFor()

  await li.reload()
  await li.getByText('请补充车辆老化的情况').waitFor()
  expect(await li.getByLabel('做得好的').inputValue()).toBe('车辆安全行驶')
  await li.getByLabel('需要改进的').fill('两辆车已到年限，安排更换')
  await li.getByRole('button', { name: '制定改进计划' }).click()
  await li.getByLabel('第1项的目标').fill('车辆出车前检查')
  await li.getByLabel('第1项的措施').fill('每日出车前按清单检查')
  await li.getByLabel('第1项的衡量标准').fill('清单每日留存，每月抽查1次')
  await li.getByLabel('第1项的完成日期').fill('2027-01-15')
  await li.getByLabel('复核日期').fill('2027-02-01')
  await shoot(li, 'test-objected')
  await li.getByRole('button', { name: '保存并请对方确认' }).click()
  await li.getByText('复核日期一般在半年到一年之间').waitFor()
  await li.getByRole('button', { name: '仍然提交' }).click()
  await li.getByText('已保存，已请人力资源同意复核日期').waitFor()
  expect((await rowOf('qian', '2026-Q3')).record).toMatchObject({ version: 2, plan: { unusual: true } })
})

test('HR sees who of the lowest grade is how far, says where no interview is needed, and asks for another day of the review', async () => {
  const hr = await open('zhou', '/h5/interviews')
  const chain = hr.getByRole('link', { name: /吴芳.*最低等级：2026年10月/ })
  await chain.waitFor()
  await passes(hr, 'dark')
  await shoot(hr, 'test-overview')
  await chain.click()
  await hr.getByRole('button', { name: '不安排这次面谈' }).click()
  await hr.getByLabel('原因').fill('已经调岗，由新上级另行安排')
  await hr.getByRole('button', { name: '提交' }).click()
  await hr.getByRole('dialog').getByRole('button', { name: '确定' }).click()
  await hr.getByText('已登记无需面谈').waitFor()
  await shoot(hr, 'test-waived')
  expect((await rowOf('wu', '2026-10')).waived).toMatchObject({ reason: '已经调岗，由新上级另行安排' })
  await hr.goBack()
  await hr.getByRole('link', { name: /钱进.*待您同意复核日期/ }).click()
  await hr.getByRole('button', { name: '不同意', exact: true }).click()
  await hr.getByRole('dialog').getByRole('button', { name: '不同意' }).click()
  await hr.getByText('复核日期需要调整').waitFor()
  await hr.getByText('待调整复核日期').waitFor()
})
