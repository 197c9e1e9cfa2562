import { afterEach, expect, test } from 'vitest'
import { surveyStepCard } from '../cards/survey.ts'
import type { World } from '../sandbox/world.ts'
import { canteenSurvey } from '../src/domain/survey.ts'
import { cannotDraw } from '../src/platforms/dingtalk/draw-card.ts'
import { personIdOf } from '../src/store/people.ts'
import { allAsked, answer, askedOf, canteenPeople, canteenYaml, phoneOf, startCanteen } from './survey-world.ts'

let world: World
afterEach(() => world?.stop())
const ROUND = 'canteen/2026-11'
const idOf = (userId: string) => personIdOf(`number/${world.people.find((p) => p.userId === userId)!.jobNumber}`)
const good = { 卫生: 5, 价格: 4, 味道: 4, 花色: 3 }
const poor = { 卫生: 4, 价格: 1, 味道: 3, 花色: 3 }

async function opened(options: Parameters<typeof startCanteen>[0] = {}) {
  world = await startCanteen(options)
  await world.jumpTo('2026-11-20T11:30:00+08:00')
  return askedOf(world)
}

test('a canteen round is lived through on both platforms by what people see', async () => {
  const asked = await opened()
  // Thirteen diners with HR, two cooks: ten are asked, HR perhaps one of them.
  expect(await world.bot.ctx.surveyRounds.asked(ROUND)).toHaveLength(10)
  expect(phoneOf(world, asked[0]!).text()).toMatch(/11月25日 18:00前作答[\s\S]*匿名[\s\S]*满5人[\s\S]*不能修改/)
  for (const cook of ['wu', 'zheng']) expect(phoneOf(world, cook).messages()).toHaveLength(0)

  const [quick, late, ...rest] = asked
  await answer(phoneOf(world, quick!), good)
  expect(phoneOf(world, quick!).text()).toContain('已提交，谢谢')
  expect(phoneOf(world, quick!).text()).not.toMatch(/★|满意\b|卫生|5/)
  await phoneOf(world, quick!).type('匿名意见：希望增加素菜')
  expect(phoneOf(world, quick!).text()).toBe('已收到您对“食堂满意度”的匿名意见，谢谢。')
  await phoneOf(world, quick!).type('匿名意见：还有一条')
  expect(phoneOf(world, quick!).text()).toContain('已经写过一次')

  const countOf = (id: string) => phoneOf(world, id).messages().length
  const before = { quick: countOf(quick!), late: countOf(late!) }
  await world.jumpTo('2026-11-22T12:00:00+08:00')
  expect(countOf(late!)).toBe(before.late)
  await world.jumpTo('2026-11-23T11:30:00+08:00')
  expect(phoneOf(world, late!).text()).toContain('还没有收到您的答案，11月25日 18:00截止')
  expect(countOf(quick!)).toBe(before.quick)
  await world.jumpTo('2026-11-24T11:30:00+08:00')
  expect(countOf(late!)).toBe(before.late + 2)
  await world.jumpTo('2026-11-25T17:00:00+08:00')
  expect(countOf(late!)).toBe(before.late + 2)

  for (const id of rest.slice(0, 5)) await answer(phoneOf(world, id), poor)
  await world.jumpTo('2026-11-25T18:00:00+08:00')
  await answer(phoneOf(world, late!), poor)
  expect(phoneOf(world, late!).text()).toContain('已提交，谢谢')
  const missed = rest[5]!
  await world.jumpTo('2026-11-25T18:00:01+08:00')
  await phoneOf(world, missed).tap('开始作答')
  expect(phoneOf(world, missed).text()).toContain('已经截止')
  expect(await world.bot.ctx.surveyResults.tally(ROUND)).toBeNull()

  await world.jumpTo('2026-11-25T18:10:00+08:00')
  // One of 80 and six of 55.
  const score = await world.bot.ctx.surveyScores.ofMonth('2026-11')
  expect(score).toMatchObject([
    { _id: ROUND, score: '410/7', answers: 7, state: 'ok', positions: ['炊事员', '食堂炊事员'] },
  ])
  const hr = world.phone('lin', 'wecom').messages().concat(world.phone('lin', 'dingtalk').messages())
  const texts = hr.map((m) => `${m.card?.title ?? ''} ${m.card?.subtitle ?? ''} ${m.text ?? ''}`).join('\n')
  expect(texts).toContain('食堂满意度（2026年11月）结果：58.57分')
  expect(texts).toContain('希望增加素菜')
  const seen = phoneOf(world, quick!).text()
  expect(seen).toContain('食堂满意度（2026年11月）结果：58.57分')
  expect(seen).toContain('10人中7人作答，回收率70%（目标75%）')
  expect(seen).not.toContain('素菜')

  const cook = phoneOf(world, 'wu')
  expect(cook.text()).toContain('“价格”评分最低')
  await cook.tap('回复改进措施')
  await cook.type('从下周起每天提供两款十元以内的套餐')
  expect(cook.text()).toContain('已发给被询问的10位同事')
  expect(phoneOf(world, quick!).text()).toMatch(/“价格”评分最低[\s\S]*炊事员的改进措施：从下周起每天提供/)
  await phoneOf(world, 'zheng').tap('回复改进措施')
  await phoneOf(world, 'zheng').type('不同的答案')
  expect(phoneOf(world, 'zheng').text()).toContain('已有同事回复过')

  await phoneOf(world, quick!).type('调查结果')
  expect(phoneOf(world, quick!).text()).toContain('结果：58.57分')
  await cook.type('调查')
  expect(cook.text()).toBe('目前没有需要您作答的调查。')

  // The next round begins with what was promised, and asks first those who were not asked.
  await world.jumpTo('2026-12-21T11:31:00+08:00')
  const next = await world.bot.ctx.surveyRounds.asked('canteen/2026-12')
  const first = await world.bot.ctx.surveyRounds.asked(ROUND)
  const all = new Set([...next, ...first])
  expect(all.size).toBe(13)
  const again = askedOf(world).find((id) => next.includes(idOf(id)))!
  expect(phoneOf(world, again).text()).toContain('上次评分最低的是“价格”，改进措施：从下周起')
})

test('somebody on both platforms goes on where they stopped, and twice at once is once', async () => {
  await opened({ yaml: `${canteenYaml}${allAsked}` })
  const [wecom, dingtalk] = [world.phone('lin', 'wecom'), world.phone('lin', 'dingtalk')]
  const card = (phone: typeof wecom) => phone.messages().findLast((m) => m.card?.buttons.some((b) => b.submit))!.card!
  await wecom.tap('开始作答')
  await wecom.choose({ 卫生: '★★★ 一般', 价格: '★★★ 一般', 味道: '★★★ 一般' })
  await dingtalk.type('调查')
  await dingtalk.tap('开始作答')
  const form = card(dingtalk)
  expect([...form.selects.map((s) => s.title), ...(form.form ?? []).map((f) => f.label)]).toEqual(['花色'])
  await Promise.all([
    wecom.choose({ 花色: '★★★ 一般' }),
    wecom.choose({ 花色: '★★★ 一般' }),
    dingtalk.choose({ 花色: '★ 很不满意' }),
  ])
  await world.idle()
  expect(await world.bot.ctx.surveyBallots.model.countDocuments({ round: ROUND, kind: 'answer' })).toBe(1)
  for (const phone of [wecom, dingtalk])
    expect(phone.messages().some((m) => m.card?.closed === '已提交，谢谢')).toBe(true)
  await world.restartBot()
  await dingtalk.type('调查')
  expect(dingtalk.text()).not.toContain('开始作答')
})

test('nothing chosen is not sent, and the card says so', async () => {
  const asked = await opened()
  const phone = phoneOf(world, asked[0]!)
  await phone.tap('开始作答')
  await phone.choose({ 卫生: '★ 很不满意', 价格: '请选择', 味道: '★ 很不满意' })
  expect(phone.text()).toMatch(/还有题目没有选择[\s\S]*价格/)
  await phone.choose({ 价格: '★★ 不满意', 花色: '★★ 不满意' })
  expect(phone.text()).toContain('已提交，谢谢')
})

test('a card of a step is answered by whoever it was sent to and nobody else', async () => {
  const asked = await opened()
  const { ctx } = world.bot
  const [mine] = await ctx.cards.openAbout(`survey/${ROUND}`)
  const other = asked.map(idOf).find((id) => id !== mine!.personId)!
  const { giveAnswers } = await import('../handlers/survey/answer.ts')
  const cook = (await ctx.people.get(idOf('wu')))!
  const act = { id: 'x', at: ctx.clock.now() }
  const all = { hygiene: '1', price: '1', taste: '1', variety: '1' }
  expect(await giveAnswers(ctx, act, cook, ROUND, all)).toEqual({ kind: 'not-asked' })
  const person = (await ctx.people.get(other))!
  const forged = { hygiene: '6', price: 'x', taste: '1', salary: '1' }
  expect(await giveAnswers(ctx, act, person, ROUND, forged)).toMatchObject({ answers: { stars: { taste: 1 } } })
  expect(await giveAnswers(ctx, act, person, 'canteen/2026-10', all)).toEqual({ kind: 'not-asked' })
})

test('too few answers: nothing is opened, and HR extends, carries over or excuses', async () => {
  const asked = await opened()
  for (const id of asked.slice(0, 4)) await answer(phoneOf(world, id), good)
  await world.jumpTo('2026-11-25T18:10:00+08:00')
  const { ctx } = world.bot
  expect(await ctx.surveyScores.ofMonth('2026-11')).toMatchObject([{ state: 'missing', answers: 4 }])
  expect(await ctx.surveyResults.tally(ROUND)).toBeNull()
  const hr = world.phone('lin', 'wecom').has('延长3个工作日')
    ? world.phone('lin', 'wecom')
    : world.phone('lin', 'dingtalk')
  expect(hr.text()).toContain('只有4人作答')
  expect(hr.has('沿用上次得分')).toBe(false)
  await hr.tap('延长3个工作日')
  expect(hr.text()).toContain('已延长到11月30日 18:00')
  const silent = asked[5]!
  expect(phoneOf(world, silent).text()).toContain('截止时间延长到11月30日 18:00')
  expect(phoneOf(world, asked[0]!).text()).not.toContain('延长')
  await answer(phoneOf(world, silent), good)
  await world.jumpTo('2026-11-30T18:10:00+08:00')
  expect(await ctx.surveyScores.ofMonth('2026-11')).toMatchObject([{ state: 'ok', score: '80', answers: 5 }])

  await world.jumpTo('2026-12-21T11:30:00+08:00')
  await world.jumpTo('2026-12-25T18:10:00+08:00')
  expect(await ctx.surveyScores.ofMonth('2026-12')).toMatchObject([{ state: 'missing', answers: 0 }])
  await hr.tap('沿用上次得分')
  expect(hr.text()).toContain('已沿用2026年11月的得分')
  expect(await ctx.surveyScores.ofMonth('2026-12')).toMatchObject([
    { state: 'ok', score: '80', answers: 0, carriedFrom: '2026-11', decidedBy: idOf('lin') },
  ])
  expect(await ctx.surveyBallots.model.countDocuments({})).toBe(0)
  expect(await ctx.surveyBallots.keys.countDocuments({})).toBe(0)
  await hr.tap('延长3个工作日').catch(() => {})
  expect((await ctx.surveyRounds.get('canteen/2026-12'))?.state).toBe('unread')
})

test('an audience of four is refused, and HR is told why', async () => {
  world = await startCanteen({ people: canteenPeople(3) })
  await world.jumpTo('2026-11-20T11:31:00+08:00')
  const round = await world.bot.ctx.surveyRounds.get(ROUND)
  expect(round).toMatchObject({ state: 'refused', diners: 4 })
  expect(await world.bot.ctx.surveyRounds.asked(ROUND)).toEqual([])
  const said = [world.phone('lin', 'wecom'), world.phone('lin', 'dingtalk')].map((p) => p.text()).join()
  expect(said).toContain('范围内只有4人，少于5人无法保护匿名')
})

test('without cooks there is no canteen survey', async () => {
  world = await startCanteen({ people: canteenPeople().filter((p) => p.title !== '炊事员') })
  await world.jumpTo('2026-11-20T11:31:00+08:00')
  expect(askedOf(world)).toEqual([])
  expect(await world.bot.ctx.surveyRounds.get(ROUND)).toBeNull()
})

const party = `发起调查
标题：年会满意度
评分：组织、节目
选择：明年在哪里办=室内/户外
范围：全员
截止：12月5日
匿名：否
意见：是`

test('HR makes a survey with names in chat; answers change until the close; HR sees who chose what', async () => {
  world = await startCanteen({ yaml: `${canteenYaml}surveys: {}\n` })
  const hr = world.phone('lin', 'wecom')
  await phoneOf(world, 'an').type('发起调查')
  expect(phoneOf(world, 'an').text()).toBe('只有人力资源可以发起和管理调查。')
  await hr.type('发起调查')
  expect(hr.text()).toContain('标题：')
  await hr.type(party.replace('12月5日', '11月1日'))
  expect(hr.text()).toMatch(/还不能发起[\s\S]*截止/)
  await hr.type(party)
  expect(hr.text()).toMatch(/请核对：年会满意度[\s\S]*实名，15人，12月5日 18:00截止/)
  await hr.tap('确认发起')
  await world.idle()
  const an = phoneOf(world, 'an')
  expect(an.text()).toContain('实名：发起人可以看到每个人的选择')
  await an.tap('开始作答')
  await an.choose({ 组织: '★★★★ 满意', 节目: '★★★★ 满意', 明年在哪里办: '室内' })
  expect(an.text()).toContain('截止前可以修改'.replace('截止前', '12月5日 18:00前'))
  await an.tap('修改答案')
  await an.choose({ 组织: '★★★★ 满意', 节目: '★ 很不满意', 明年在哪里办: '户外' })
  await an.tap('写一句意见')
  await an.type('户外要备雨具')
  await world.jumpTo('2026-12-04T10:00:00+08:00')
  await hr.type('调查')
  expect(hr.text()).toContain('已有1／15人作答，回收率6%（目标75%）')
  await hr.tap('立即截止')
  await hr.type('调查结果')
  expect(hr.text()).toMatch(/年会满意度结果：50.00分[\s\S]*明年在哪里办－户外：安然/)
  await an.type('调查结果')
  expect(an.text()).not.toContain('安然')
})

test('an edit of the settings while a round is open is for the next one', async () => {
  const asked = await opened()
  const { ctx } = world.bot
  const company = ctx.company()
  const [canteen, ...others] = company.surveyList
  const shorter = { ...canteen!, title: '午餐', dimensions: canteen!.dimensions.slice(0, 1) }
  Object.assign(company, { surveyList: [shorter, ...others] })
  await answer(phoneOf(world, asked[0]!), good)
  expect(phoneOf(world, asked[0]!).text()).toContain('食堂满意度')
  expect((await ctx.surveyRounds.get(ROUND))?.survey.dimensions).toHaveLength(4)
})

test('every step can be answered on DingTalk without the form template: one row of buttons a question', () => {
  const survey = {
    ...canteenSurvey,
    choices: [{ id: 'c', label: '哪里', options: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, label: id })) }],
  }
  const shown = { survey, period: '2026-11', until: '' }
  for (const q of [...survey.dimensions, ...survey.choices])
    expect(cannotDraw(surveyStepCard(shown, [q], false, false))).toBeUndefined()
})

test('from the second round on the cooks get the trend as a picture, on either platform', async () => {
  for (const [day, close] of [
    ['20', '11-25'],
    ['21', '12-25'],
  ] as const) {
    if (day === '20') await opened({ yaml: `${canteenYaml}${allAsked}` })
    else await world.jumpTo('2026-12-21T11:30:00+08:00')
    for (const id of askedOf(world).slice(0, 5)) await answer(phoneOf(world, id), day === '20' ? good : poor)
    await world.jumpTo(`2026-${close}T18:10:00+08:00`)
    const pictures = ['wu', 'zheng'].map(
      (id) =>
        phoneOf(world, id)
          .messages()
          .filter((m) => m.kind === 'image').length,
    )
    expect(pictures).toEqual(day === '20' ? [0, 0] : [1, 1])
  }
})

test('HR ends a round early with too few answers and lets the month go without a score', async () => {
  const asked = await opened({ yaml: `${canteenYaml}${allAsked}` })
  await answer(phoneOf(world, asked[0]!), good)
  const hr = world.phone('lin', 'wecom')
  await hr.type('调查')
  await hr.tap('立即截止')
  await world.idle()
  const { ctx } = world.bot
  expect(await ctx.surveyScores.ofMonth('2026-11')).toMatchObject([{ state: 'missing', answers: 1 }])
  await hr.type('调查')
  await hr.tap('本月免计')
  expect(await ctx.surveyScores.ofMonth('2026-11')).toMatchObject([
    { state: 'excused', answers: 1, decidedBy: idOf('lin') },
  ])
  expect(await ctx.surveyBallots.model.countDocuments({})).toBe(0)
  expect(await ctx.surveyResults.tally(ROUND)).toBeNull()
  await phoneOf(world, asked[1]!).tap('开始作答')
  expect(phoneOf(world, asked[1]!).text()).toContain('已经截止')
})
