import { afterEach, expect, test } from 'vitest'
import { exportProof } from '../handlers/month/proof.ts'
import { settleMonth } from '../handlers/month/settle.ts'
import { ownResult } from '../handlers/month/view.ts'
import { checkProof, proofText } from '../src/domain/proof.ts'
import { type MonthWorld, monthYaml, novemberWeeks, startMonthWorld } from './month-world.ts'

let world: MonthWorld
afterEach(() => world?.stop())

/** 赵敏 89, 钱进 92, 李静 95, 周琳 90; the driver's sheet is still open. */
async function scoredMonth(platforms: ('wecom' | 'dingtalk')[] = ['wecom']): Promise<void> {
  world = await startMonthWorld({ platforms })
  for (const week of novemberWeeks) {
    await world.scored('zhao', week, 89)
    await world.scored('qian', week, 92)
    await world.scored('li', week, 95)
    await world.scored('zhou', week, 90)
  }
}

const row = async (userId: string) => (await world.bot().ctx.results.get(`${await world.idOf(userId)}/2026-11`))!

/** Both teams and the general manager confirm; the clock is behind publication. */
async function publish(): Promise<void> {
  const captain = world.phone('qian')
  await captain.type('检查 孙立 18 20 15 19.5 8 10')
  await captain.type('好的')
  expect(captain.sees()).toBe('还没有确认。请在卡片上点“确认”。')
  await captain.tap('确认')
  await world.jump('2026-12-01T09:01:00+08:00')
  // Publication is not offered before its time.
  await world.phone('zhou').type('月度进度')
  expect(world.phone('zhou').sees()).toMatch(/发布：.*，到时自动发布/)
  expect(world.phone('zhou').sees()).not.toContain('<发布>')
  for (const who of ['qian', 'li', 'wang']) {
    await world.phone(who).type('团队结果')
    await world.phone(who).tap('确认团队')
  }
  await world.phone('wang').tap('确认全部')
  await world.jump('2026-12-07T10:01:00+08:00')
}

test('behaviour from chat: read, shown back, confirmed, told at once, and in the result with its arithmetic', async () => {
  await scoredMonth()
  const li = world.phone('li')
  await li.type('记 赵敏 会议迟到 1次 11月24日')
  expect(li.sees()).toContain('会议迟到')
  expect(li.sees()).toContain('分值：−2')
  expect(await world.bot().ctx.behaviours.model.countDocuments()).toBe(0)
  await li.tap('确认记录')
  const zhao = world.phone('zhao')
  expect(zhao.sees()).toContain('日常行为记录：扣分')
  expect(zhao.sees()).toContain('如有异议，可在12月3日24:00前申诉')
  await zhao.tap('知道了')
  expect(zhao.sees()).toContain('已知悉')

  await settleMonth(world.bot().ctx, '2026-11', new Date('2026-12-01T09:00:00+08:00'))
  const { draft } = await row('zhao')
  expect(draft).toMatchObject({ shownWork: '89.00', minus: '2', shownTotal: '87.00', grade: 'B' })
  expect(draft.sections[1]!.lines).toEqual(['11月24日 会议迟到：−2'])
  expect(draft.sections[0]!.lines).toContain('(89+89+89+89)÷4 = 89')
})

test('settling again gives the same bytes and writes nothing', async () => {
  await scoredMonth()
  const { ctx } = world.bot()
  const at = new Date('2026-12-01T09:00:00+08:00')
  expect((await settleMonth(ctx, '2026-11', at)).written).toBe(5)
  const before = JSON.stringify(await ctx.results.ofMonth('2026-11'))
  expect((await settleMonth(ctx, '2026-11', new Date('2026-12-02T17:00:00+08:00'))).written).toBe(0)
  expect(JSON.stringify(await ctx.results.ofMonth('2026-11'))).toBe(before)
})

test.each([['wecom'], ['dingtalk']] as const)(
  'the month from settling to the confirmation of each person on %s',
  async (platform) => {
    await scoredMonth([platform])
    await world.jump('2026-12-01T09:01:00+08:00')
    const captain = world.phone('qian')
    expect(
      captain
        .messages()
        .map((m) => m.card?.title ?? m.text)
        .join('\n'),
    ).toContain('检查表还差孙立')
    // Missing is named, and there is nothing to confirm with.
    await captain.type('团队结果')
    expect(captain.sees()).toContain('孙立：月度检查表未评分')
    expect(captain.sees()).not.toContain('<确认团队>')
    await captain.type('检查 孙立 18 20 15 19.5 8 10')
    expect(captain.sees()).toContain('18+20+15+19.5+8+10 = 90.5')
    await captain.tap('确认')
    await captain.type('团队结果')
    await captain.tap('确认团队')
    expect(captain.sees()).toContain('已确认1人')

    await world.phone('li').type('团队结果')
    await world.phone('li').tap('确认团队')
    expect(world.phone('li').sees()).toContain('已确认2人')
    const gm = world.phone('wang')
    await gm.type('团队结果')
    await gm.tap('确认团队')
    expect(gm.sees()).toContain('2026年11月绩效结果待您确认')
    expect(gm.sees()).toContain('A：4人（80.0%）')
    await gm.tap('确认全部')
    expect(gm.sees()).toContain('将于12月7日（周一，因休息日由12月5日顺延）发布')

    await world.jump('2026-12-07T09:59:00+08:00')
    expect((await row('zhao')).state).toBe('confirmed')
    await world.jump('2026-12-07T10:01:00+08:00')
    const zhao = world.phone('zhao')
    const results = () => zhao.messages().filter((m) => m.card?.title.includes('绩效结果')).length
    expect(zhao.sees()).toContain('您的2026年11月绩效结果已发布')
    // Private by default: no figure in the chat (features.md B8).
    expect(zhao.sees()).not.toMatch(/8[79]|总分|等级/)
    await zhao.tap('确认收到')
    expect(zhao.sees()).toContain('已确认收到')
    expect(await row('zhao')).toMatchObject({ state: 'published', acknowledged: [{ version: 1, on: platform }] })
    // Once, whatever runs again.
    const told = results()
    await world.restart()
    await world.jump('2026-12-08T10:05:00+08:00')
    expect(results()).toBe(told)
  },
)

test('the general manager sends a team back, its superior hears why and confirms again', async () => {
  await scoredMonth()
  const captain = world.phone('qian')
  await captain.type('检查 孙立 18 20 15 19.5 8 10')
  await captain.tap('确认')
  await world.jump('2026-12-01T09:01:00+08:00')
  for (const who of ['qian', 'li', 'wang']) {
    await world.phone(who).type('团队结果')
    await world.phone(who).tap('确认团队')
  }
  const gm = world.phone('wang')
  await gm.tap('退回团队')
  await gm.tap('下一步')
  await gm.type('赵敏的出勤请再核对')
  const sentBack = (await world.bot().ctx.results.ofMonth('2026-11')).filter((r) => r.state === 'draft')
  expect(sentBack.length).toBeGreaterThan(0)
  expect(sentBack[0]!.returned?.reason).toBe('赵敏的出勤请再核对')
  const judge = sentBack[0]!.judgeId
  const who = (await world.bot().ctx.people.get(judge))!.wecom!
  expect(
    world
      .phone(who)
      .messages()
      .map((m) => m.card?.text ?? '')
      .join('\n'),
  ).toContain('赵敏的出勤请再核对')
  // The whole cannot be confirmed meanwhile, and who is open is named.
  const { approveMonth } = await import('../handlers/month/flow.ts')
  const { ctx } = world.bot()
  const gmPerson = (await ctx.people.withRole('gm'))[0]!
  const refused = await approveMonth(ctx, { id: 'x1', at: world.clock.now() }, gmPerson, '2026-11')
  expect(refused).toMatchObject({ kind: 'open' })
})

test('an appeal: registered, answered, decided, corrected with the general manager, a new version and the old one kept', async () => {
  await scoredMonth()
  await publish()
  const zhao = world.phone('zhao')
  await zhao.tap('申诉')
  expect(zhao.sees()).toContain('还剩4个工作日（至12月10日）')
  await zhao.type('11月第三周第1项漏评，附邮件记录')
  // Nothing is an appeal before it was read once more.
  const { ctx } = world.bot()
  expect(zhao.sees()).toContain('理由：11月第三周第1项漏评，附邮件记录')
  await zhao.type('确认')
  expect(zhao.sees()).toBe('还没有提交。请在卡片上点“提交申诉”。')
  expect(await ctx.appeals.open()).toEqual([])
  await zhao.tap('提交申诉')
  expect(zhao.sees()).toContain('已收到您的申诉')
  // Twice is answered.
  await zhao.tap('申诉')
  expect(zhao.sees()).toContain('同一事项只能申诉一次')

  const hr = world.phone('zhou')
  expect(hr.sees()).toContain('收到一件绩效申诉，请登记')
  await hr.tap('登记受理')
  expect(zhao.sees()).toContain('已登记受理')
  const li = world.phone('li')
  await li.tap('填写答复')
  await li.type('核对后确实漏评')
  expect(zhao.sees()).toContain('上级已答复：核对后确实漏评')
  await hr.tap('申诉成立')
  await hr.type('+2 第三周第1项漏评')
  expect(zhao.sees()).toContain('裁定为成立')
  expect((await row('zhao')).versions).toHaveLength(1)
  await world.phone('wang').tap('同意更正')
  const after = await row('zhao')
  expect(after.versions.map((v) => v.result.shownTotal)).toEqual(['89.00', '91.00'])
  expect(after.versions[1]!.result.sections.find((s) => s.title === '更正')?.lines[0]).toContain('+2')
  expect(zhao.sees()).toContain('您的2026年11月绩效结果已更正')
})

test('an appeal can be changed and dropped before it is filed, and taken back until HR has registered it', async () => {
  await scoredMonth()
  await publish()
  const [zhao, hr] = [world.phone('zhao'), world.phone('zhou')]
  const { ctx } = world.bot()
  const id = `result/${await world.idOf('zhao')}/2026-11/1`
  await zhao.tap('申诉')
  await zhao.type('算了不申诉了')
  expect(zhao.sees()).toContain('没有提交，申诉期内可以随时再提出')
  await zhao.tap('申诉')
  await zhao.type('第三周漏评')
  await zhao.tap('修改')
  await zhao.type('第三周第1项漏评')
  expect(zhao.sees()).toContain('理由：第三周第1项漏评')
  await zhao.tap('不申诉')
  expect(await ctx.appeals.get(id)).toBeUndefined()
  await zhao.type('撤回申诉')
  expect(zhao.sees()).toContain('目前没有可以撤回的申诉')

  await zhao.type('申诉')
  await zhao.type('第三周第1项漏评')
  await zhao.tap('提交申诉')
  await zhao.type('申诉')
  expect(zhao.sees()).toContain('您的申诉已提交，等待人力资源登记')
  expect(hr.sees()).toContain('收到一件绩效申诉，请登记')
  await zhao.type('撤回申诉')
  expect(zhao.sees()).toContain('已撤回对“2026年11月绩效结果”的申诉，申诉期内可以重新提出')
  expect(hr.sees()).toContain('赵敏的申诉\n（本人已撤回）')
  expect((await ctx.appeals.get(id))!.state).toBe('withdrawn')
  expect(await ctx.appeals.open()).toEqual([])

  // Filed again: HR is asked anew, and what is registered stays.
  await zhao.tap('申诉')
  await zhao.type('第三周第1项漏评，附邮件')
  await zhao.tap('提交申诉')
  await hr.tap('登记受理')
  expect(await ctx.appeals.get(id)).toMatchObject({ state: 'registered', reason: '第三周第1项漏评，附邮件' })
  await zhao.type('撤回申诉')
  expect(zhao.sees()).toContain('已登记受理，不能撤回')
  await zhao.type('申诉')
  expect(zhao.sees()).toContain('您的申诉已受理，等待上级答复')
  const what = (await ctx.audit.about(`appeal/${id}`)).map((l) => l.what)
  expect(what.filter((w) => w === 'appeal-filed')).toHaveLength(2)
  expect(what).toContain('appeal-withdrawn')
})

test('late is answered with the day, and silence stays silence', async () => {
  await scoredMonth()
  await publish()
  await world.jump('2026-12-10T23:59:00+08:00')
  const zhao = world.phone('zhao')
  await zhao.type('申诉')
  expect(zhao.sees()).toContain('还剩1个工作日（至12月10日）')
  await zhao.type('取消')
  await world.jump('2026-12-11T00:00:00+08:00')
  await zhao.tap('申诉')
  expect(zhao.sees()).toContain('申诉期已于12月10日24:00结束')
})

test('the proof of notice holds what happened, and a changed byte is found', async () => {
  await scoredMonth()
  await publish()
  await world.phone('zhao').tap('确认收到')
  const file = await exportProof(world.bot().ctx, '2026-11', world.clock.now(), await world.idOf('zhao'))
  expect(file.people[0]!.events.map((e) => e.what)).toEqual(['published', 'sent', 'acknowledged'])
  const text = proofText(file)
  expect(checkProof(text)).toEqual([])
  expect(checkProof(text, file.publicKey)).toEqual([])
  for (let at = 0; at < text.length; at += Math.max(1, Math.floor(text.length / 400))) {
    const other = text[at] === '7' ? '8' : '7'
    expect(checkProof(`${text.slice(0, at)}${other}${text.slice(at + 1)}`), `byte ${at}`).not.toEqual([])
  }
  // Signed anew by somebody else.
  expect(checkProof(text, 'another key')).toContain('不是由本系统签名')
})

test('a crash right after the month was published leaves nobody out and tells nobody twice', async () => {
  await scoredMonth()
  const captain = world.phone('qian')
  await captain.type('检查 孙立 18 20 15 19.5 8 10')
  await captain.tap('确认')
  await world.jump('2026-12-01T09:01:00+08:00')
  for (const who of ['qian', 'li', 'wang']) {
    await world.phone(who).type('团队结果')
    await world.phone(who).tap('确认团队')
  }
  await world.phone('wang').tap('确认全部')
  const { ctx } = world.bot()
  const published = { by: 'system', at: new Date('2026-12-07T10:00:00+08:00') }
  await ctx.months.change('2026-11', 'the commit point', (r) => ({
    row: { ...r, state: 'published', published },
    outcome: null,
  }))
  expect((await row('zhao')).state).toBe('confirmed')
  await world.restart()
  await world.jump('2026-12-08T10:00:30+08:00')
  await world.jump('2026-12-09T10:00:30+08:00')
  for (const who of ['zhao', 'qian', 'li', 'zhou', 'sun']) {
    expect((await row(who)).versions, who).toHaveLength(1)
    const told = world
      .phone(who)
      .messages()
      .filter((m) => m.card?.title.startsWith('您的2026年11月绩效结果'))
    expect(told, who).toHaveLength(1)
  }
  // And what the outbox knew is kept with the result, for the proof.
  expect((await row('zhao')).sent).toMatchObject([{ version: 1, on: 'wecom' }])
})

test('a month that is published late and cut off is finished on the next working day; a correction’s delivery is kept too', async () => {
  await scoredMonth()
  const captain = world.phone('qian')
  await captain.type('检查 孙立 18 20 15 19.5 8 10')
  await captain.tap('确认')
  await world.jump('2026-12-01T09:01:00+08:00')
  for (const who of ['qian', 'li', 'wang']) {
    await world.phone(who).type('团队结果')
    await world.phone(who).tap('确认团队')
  }
  await world.jump('2027-01-11T09:01:00+08:00')
  await world.phone('wang').tap('确认全部')
  const { ctx } = world.bot()
  const published = { by: 'system', at: new Date('2027-01-11T10:00:00+08:00') }
  await ctx.months.change('2026-11', 'the commit point', (r) => ({
    row: { ...r, state: 'published', published },
    outcome: null,
  }))
  await world.jump('2027-01-12T10:01:00+08:00')
  expect(world.phone('zhao').sees()).toContain('您的2026年11月绩效结果已发布')
  expect(await ctx.months.get('2026-11')).toMatchObject({ told: true })
  await world.jump('2027-01-13T10:01:00+08:00')
  expect((await row('zhao')).sent).toMatchObject([{ version: 1 }])
  expect(await ctx.months.untold()).toEqual([])
  expect(await ctx.months.unkept()).toEqual([])
  // Two months later.
  await world.jump('2027-03-10T14:00:00+08:00')
  await world.phone('zhou').type('更正 赵敏 2026-11 +2 漏评一项')
  await world.phone('wang').tap('同意更正')
  expect(await ctx.months.unkept()).toEqual(['2026-11'])
  await world.jump('2027-03-11T10:01:00+08:00')
  expect((await row('zhao')).sent.map((s) => s.version)).toEqual([1, 2])
  expect(await ctx.months.unkept()).toEqual([])
})

test('a company may show the figures on the card, and its own place on the page', async () => {
  world = await startMonthWorld({
    yaml: monthYaml.replace('standIns', 'month: { figuresOnCard: true, ranking: { show: own-place } }\nstandIns'),
  })
  for (const week of novemberWeeks)
    for (const [who, n] of [
      ['zhao', 89],
      ['qian', 92],
      ['li', 95],
      ['zhou', 90],
    ] as const)
      await world.scored(who, week, n)
  await publish()
  expect(world.phone('zhao').sees()).toContain('总分：89.00')
  const { ctx } = world.bot()
  const zhao = (await ctx.people.get(await world.idOf('zhao')))!
  const own = await ownResult(ctx, zhao, zhao, '2026-11', world.clock.now())
  expect(own).toMatchObject({ place: { place: 5, of: 5 } })
  expect(own?.list).toBeUndefined()
  await world.phone('zhao').tap('申诉')
  await world.phone('zhao').type('理由')
  await world.phone('zhao').tap('提交申诉')
  // The place waits for the appeal.
  expect((await ownResult(ctx, zhao, zhao, '2026-11', world.clock.now()))?.place).toBeUndefined()
})
