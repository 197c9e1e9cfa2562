import { afterAll, beforeAll, expect, test } from 'vitest'
import { handlers } from '../handlers/index.ts'
import { createDispatch } from '../src/inbox/dispatch.ts'
import type { Add } from '../src/outbox/outbox.ts'
import { decodeAesKey, encrypt, sign } from '../src/platforms/wecom/crypto.ts'
import type { CardInstance } from '../src/store/cards.ts'
import { sharedIsClean } from './hostile.ts'
import { type MonthWorld, startMonthWorld } from './month-world.ts'

/**
 * Clicks as no phone makes them, with a signature that is right: what a button may do must follow from the card that we remember and
 * from who signed, never from what the click says. Weeks are scored, the month of November is settled and waits for 李静.
 */
let world: MonthWorld
const ids: Record<string, string> = {}
beforeAll(async () => {
  world = await startMonthWorld()
  for (const week of ['2026-W45', '2026-W46', '2026-W47', '2026-W48']) {
    await world.scored('zhao', week, 90)
    await world.scored('qian', week, 80)
  }
  await world.jump('2026-12-01T09:00:30+08:00')
  for (const userId of ['zhao', 'qian', 'li', 'wang', 'zhou', 'sun']) ids[userId] = await world.idOf(userId)
  for (const userId of ['zhao', 'li', 'zhou']) await world.phone(userId).type('我的数据')
}, 60_000)
afterAll(() => world.stop())

const keys = {
  token: 'token',
  aesKey: decodeAesKey('jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C'),
  receiveId: 'ww1',
}
let clicks = 0
const silent = { refresh: async () => {}, left: async () => {}, renamed: async () => {} }

/** A click that WeCom would have signed; anything in it may be forged. */
async function click(
  userId: string,
  press: { taskId: string; action: string; choices?: Record<string, string[]>; code?: string; corp?: string },
): Promise<number> {
  const { taskId, action, choices = {}, code = '', corp = 'ww1' } = press
  const text = (name: string, value: string) =>
    `<${name}><![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]></${name}>`
  const items = Object.entries(choices).map(
    ([key, chosen]) =>
      `<SelectedItem>${text('QuestionKey', key)}<OptionIds>${chosen.map((o) => text('OptionId', o)).join('')}</OptionIds></SelectedItem>`,
  )
  const timestamp = String(Math.floor(world.clock.now().getTime() / 1000))
  const message =
    `<xml>${text('ToUserName', 'ww1')}${text('FromUserName', userId)}<CreateTime>${timestamp}</CreateTime>` +
    `${text('MsgType', 'event')}${text('Event', 'template_card_event')}${text('EventKey', action)}` +
    `${text('TaskId', taskId)}${text('ResponseCode', code)}<MsgId>${++clicks}</MsgId>` +
    `<SelectedItems>${items.join('')}</SelectedItems><AgentID>1000002</AgentID></xml>`
  const encrypted = encrypt({ ...keys, receiveId: corp }, message)
  const query = new URLSearchParams({
    msg_signature: sign(keys.token, timestamp, '1', encrypted),
    timestamp,
    nonce: '1',
  })
  const { status } = await fetch(`${world.bot().url}/wecom/callback?${query}`, {
    method: 'POST',
    body: `<xml><Encrypt>${encrypted}</Encrypt></xml>`,
  })
  return status
}

const db = () => world.bot().ctx.people.model.db
const cardsOf = (userId: string) =>
  world.bot().ctx.cards.model.find({ personId: ids[userId] }).sort({ _id: 1 }).lean<CardInstance[]>()

/** Whatever is nobody's but others': what comes in and goes out, and what one may change of oneself, left aside. */
async function stateBesides(userId: string): Promise<Record<string, string[]>> {
  const mine = ids[userId]!
  const passing = ['inbox', 'outbox', 'cards', 'talks', 'slots', 'login-codes']
  const names = (await db().listCollections()).map((c) => c.name).filter((name) => !passing.includes(name))
  const state: Record<string, string[]> = {}
  for (const name of names.sort()) {
    const docs = await db().collection<{ _id: string; personId?: string; by?: string }>(name).find().toArray()
    const others = docs.filter(
      (d) => !d._id.includes(mine) && d.personId !== mine && !(name === 'audit' && d.by === mine),
    )
    state[name] = others.map((d) => JSON.stringify(d)).sort()
  }
  return state
}

/** Every event was decided at the first try: nothing threw. */
async function nothingFailed(): Promise<void> {
  await world.bot().idle()
  const rows = await db()
    .collection('inbox')
    .find({ $or: [{ state: { $ne: 'done' } }, { tries: { $gt: 0 } }] })
    .toArray()
  expect(rows.map((r) => [r.event.action, r.error])).toEqual([])
}

const actions = Object.keys(handlers.cards)

test.each(['zhao', 'zhou'])(
  '%s presses every button that there is on a card that does not have it, with anything behind it',
  async (userId) => {
    const args = ['', '{"$ne":null}']
    const { ctx } = world.bot()
    const own = (await cardsOf(userId)).find((c) => c.subject.startsWith('own-data/'))!
    const before = await stateBesides(userId)
    const told = new Set<string>()
    // Behind the inbox, so that what a handler throws is seen here; what is said is collected, not sent.
    const add = async (rows: Add | readonly Add[]) => {
      for (const row of [rows].flat()) told.add(row.to)
    }
    const press = createDispatch({ ...ctx, outbox: { ...ctx.outbox, add } }, handlers, { ...silent })
    const failed: unknown[] = []
    const choices = { constructor: ['x'], points: ['100'], person: [ids.qian!], week: ['2026-W48'] }
    for (const action of actions)
      for (const arg of args) {
        const event = { id: `forged/${++clicks}`, platform: 'wecom', userId, at: world.clock.now() } as const
        const pressed = arg === '' ? action : `${action}:${arg}`
        await press({ ...event, type: 'card-action', cardId: own._id, action: pressed, choices }).catch((error) =>
          failed.push([pressed.slice(0, 60), String(error.message).slice(0, 80)]),
        )
      }
    expect(failed).toEqual([])
    expect(await stateBesides(userId)).toEqual(before)
    expect([...told]).toEqual([ids[userId]])
    const lines = await ctx.audit.model.find({ by: ids[userId] }).lean()
    expect(lines.filter((l) => !l.to.includes(ids[userId]!)).map((l) => [l.what, l.to])).toEqual([])
    expect(sharedIsClean()).toBe(true)
  },
)

test('every card of somebody else, with each of its buttons: nothing is done, and it is said whose it is', async () => {
  const before = await stateBesides('qian')
  const others = [...(await cardsOf('zhao')), ...(await cardsOf('li')), ...(await cardsOf('zhou'))]
  expect(others.length).toBeGreaterThan(3)
  for (const card of others)
    for (const action of ['submit-week', 'score-confirm', 'delete-data-now', 'month-confirm', actions.at(-1)!])
      expect(await click('qian', { taskId: card._id, action, code: 'forged-code' })).toBe(200)
  await nothingFailed()
  expect(await stateBesides('qian')).toEqual(before)
  // Nor may the press leave a code with which the other person's card would be changed.
  for (const card of others) expect((await world.bot().ctx.cards.get(card._id))?.codes).toEqual(card.codes)
})

test('task ids and actions that no card has are answered and fail nothing', async () => {
  const before = await stateBesides('qian')
  const own = (await cardsOf('zhao'))[0]!
  for (const taskId of ['', 'none', '__proto__', 'constructor', '{"$ne":null}', '$where', 'x'.repeat(5000), '../x'])
    expect(await click('qian', { taskId, action: 'submit-week' })).toBe(200)
  for (const action of [
    '',
    ':',
    '__proto__',
    'constructor',
    'toString:1',
    'hasOwnProperty',
    'valueOf',
    '$ne',
    '\u0000',
  ])
    expect(await click('zhao', { taskId: own._id, action })).toBe(200)
  await nothingFailed()
  expect(await stateBesides('qian')).toEqual(before)
})

test('a click of another company is refused, whatever else is right', async () => {
  const own = (await cardsOf('zhao'))[0]!
  const stored = await db().collection('inbox').countDocuments()
  for (const corp of ['ww2', '', 'ww1 ', 'WW1', 'suite'])
    expect(await click('zhao', { taskId: own._id, action: 'delete-data-now', corp })).toBe(403)
  expect(await db().collection('inbox').countDocuments()).toBe(stored)
})

test('menu keys that are no entry of ours do nothing', async () => {
  const before = await stateBesides('zhao')
  for (const key of ['__proto__', 'constructor', 'toString', '', 'x'.repeat(1000)]) {
    const timestamp = String(Math.floor(world.clock.now().getTime() / 1000))
    const encrypted = encrypt(
      keys,
      `<xml><FromUserName>zhao</FromUserName><MsgType>event</MsgType><Event>click</Event><EventKey>${key}</EventKey><MsgId>${++clicks}</MsgId></xml>`,
    )
    const query = `msg_signature=${sign(keys.token, timestamp, '1', encrypted)}&timestamp=${timestamp}&nonce=1`
    const body = `<xml><Encrypt>${encrypted}</Encrypt></xml>`
    expect((await fetch(`${world.bot().url}/wecom/callback?${query}`, { method: 'POST', body })).status).toBe(200)
  }
  await nothingFailed()
  expect(await stateBesides('zhao')).toEqual(before)
})

test('who is no longer the superior, or no longer in the company, presses a card from before in vain', async () => {
  const { ctx } = world.bot()
  const zhao = (await ctx.people.get(ids.zhao!))!
  const li = (await ctx.people.get(ids.li!))!
  const records = () => ctx.behaviours.model.countDocuments({ personId: ids.zhao })
  const open = async () => {
    // An earlier press has asked for the birthday.
    await ctx.talks.end(ids.li!, 'test')
    await world.phone('li').type('记 赵敏 会议迟到 1次')
    const cards = await ctx.cards.model.find({ personId: ids.li, state: 'open' }).sort({ sentAt: 1, _id: 1 }).lean()
    return cards.filter((c) => c.actions?.includes('behaviour-save')).at(-1)!
  }
  const before = await records()

  const first = await open()
  await ctx.people.save({ ...zhao, managerId: ids.zhou! })
  expect(await click('li', { taskId: first._id, action: 'behaviour-save' })).toBe(200)
  await nothingFailed()
  expect(await records()).toBe(before)
  await ctx.people.save(zhao)

  const second = await open()
  await ctx.people.save({ ...li, active: false })
  expect(await click('li', { taskId: second._id, action: 'behaviour-save' })).toBe(200)
  await world.bot().idle()
  expect(await records()).toBe(before)
  await ctx.people.save(li)

  // The same card in the hands of whom it is for does what it says.
  expect(await click('li', { taskId: second._id, action: 'behaviour-save' })).toBe(200)
  await nothingFailed()
  expect(await records()).toBe(before + 1)
})
