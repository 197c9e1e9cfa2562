import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Card } from '../cards/card.ts'
import { createLog } from '../src/log.ts'
import { type Add, createOutbox } from '../src/outbox/outbox.ts'
import { outboxModel } from '../src/outbox/rows.ts'
import { createSender } from '../src/outbox/sender.ts'
import type { CardUpdate, Delivery, Platform, SendResult, UpdateResult } from '../src/platforms/port.ts'
import { cardStore } from '../src/store/cards.ts'
import type { Db } from '../src/store/connect.ts'
import { type Person, peopleStore } from '../src/store/people.ts'
import { standingClock } from './clock.ts'
import { openTestDb } from './db.ts'

let database: { db: Db; stop(): Promise<void> }
const stopping: (() => Promise<void>)[] = []
beforeAll(async () => {
  database = await openTestDb()
})
afterAll(() => database.stop())
beforeEach(async () => {
  await outboxModel(database.db).deleteMany({})
  await cardStore(database.db).model.deleteMany({})
})
afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop()
})

const person = (id: string, more: Partial<Person> = {}): Person => ({
  _id: id,
  name: id,
  position: '',
  departments: [],
  roles: [],
  nicknames: [],
  active: true,
  wecom: `${id}-w`,
  ...more,
})

/** A platform that counts what arrives and knows an id it has seen, as both real ones do. */
function fakePlatform(name: 'wecom' | 'dingtalk', answers: (SendResult | 'lost')[] = []) {
  const arrived: Delivery[] = []
  const updates: CardUpdate[] = []
  const seen = new Set<string>()
  const updateAnswers: UpdateResult[] = []
  const platform = {
    name,
    async send(d: Delivery): Promise<SendResult> {
      const answer = answers.shift()
      if (answer && answer !== 'lost') return answer
      if (!seen.has(d.id)) arrived.push(d)
      seen.add(d.id)
      return answer === 'lost'
        ? { kind: 'unknown', reason: 'no answer' }
        : { kind: 'sent', messageId: `m${arrived.length}`, code: `c-${d.id}` }
    },
    async update(u: CardUpdate): Promise<UpdateResult> {
      const answer = updateAnswers.shift()
      if (answer) return answer
      updates.push(u)
      return { kind: 'sent' }
    },
  } as unknown as Platform
  return { platform, arrived, updates, updateAnswers, answers }
}

async function world(options: {
  people: Person[]
  wecom?: ReturnType<typeof fakePlatform>
  dingtalk?: ReturnType<typeof fakePlatform>
  render?: Parameters<typeof createSender>[0]['render']
  at?: string
  mostPerDay?: number
  owner?: string
  leaseNow?: () => number
  atOnce?: number
}) {
  const { db } = database
  const clock = standingClock(options.at ?? '2026-11-27T16:00:00+08:00')
  const people = peopleStore(db)
  await people.model.deleteMany({})
  for (const p of options.people) {
    await people.save(p)
    if (p.lastPlatform) await people.seenOn(p._id, p.lastPlatform)
  }
  const cards = cardStore(db)
  const sender = createSender({
    db,
    clock,
    people,
    cards,
    platforms: {
      ...(options.wecom && { wecom: options.wecom.platform }),
      ...(options.dingtalk && { dingtalk: options.dingtalk.platform }),
    },
    zone: () => 'Asia/Shanghai',
    quiet: () => ({ from: '21:30', to: '07:30', mostPerDay: options.mostPerDay ?? 8 }),
    render: options.render ?? (async () => ({ cancel: 'none' })),
    backOff: () => 20,
  })
  const log = createLog('silent')
  const outbox = createOutbox({
    ...{ db, clock, log, owner: options.owner ?? 'a', sender },
    ...(options.leaseNow && { leaseNow: options.leaseNow }),
    ...(options.atOnce && { atOnce: options.atOnce }),
  })
  stopping.push(() => outbox.stop())
  return { outbox, clock, cards, people }
}

const text = (key: string, to: string, more: Partial<Add> = {}): Add => ({
  key,
  to,
  mode: 'push',
  content: { kind: 'text', text: key },
  ...more,
})
const card: Card = { title: '请确认', buttons: [{ text: '确认', action: 'ok' }] }
const state = (key: string) => outboxModel(database.db).findById(key).lean()

test('one fact is one message, however often it is added', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox } = await world({ people: [person('zhao')], wecom })
  await Promise.all([outbox.add([text('k', 'zhao')]), outbox.add([text('k', 'zhao')])])
  await outbox.idle()
  await outbox.add([text('k', 'zhao')])
  await outbox.idle()
  expect(wecom.arrived).toHaveLength(1)
  expect(await state('k')).toMatchObject({ state: 'sent', sentOn: 'wecom', messageId: 'm1' })
})

test('what is written while the sender finds nothing to do is seen at once', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox } = await world({ people: [person('zhao')], wecom })
  const find = outbox.model.find.bind(outbox.model)
  let meanwhile: (() => Promise<void>) | undefined = () => outbox.add([text('meanwhile', 'zhao')])
  outbox.model.find = ((filter: object, fields?: object) => {
    const query = find(filter, fields)
    if (!fields || !('notBefore' in fields)) return query
    // The look for the next instant has its answer, and before it is read a row is written.
    const exec = query.exec.bind(query)
    query.exec = async () => {
      const rows = await exec()
      const act = meanwhile
      meanwhile = undefined
      await act?.()
      return rows
    }
    return query
  }) as never
  outbox.sweep()
  await outbox.idle()
  outbox.model.find = find as never
  expect(meanwhile).toBeUndefined()
  expect(wecom.arrived).toHaveLength(1)
})

test('two replicas send a thousand messages once between them', async () => {
  const wecom = fakePlatform('wecom')
  const people = Array.from({ length: 50 }, (_, i) => person(`p${i}`))
  const a = await world({ people, wecom, mostPerDay: 100, owner: 'a' })
  const b = await world({ people, wecom, mostPerDay: 100, owner: 'b' })
  await a.outbox.add(Array.from({ length: 1000 }, (_, i) => text(`many/${i}`, `p${i % 50}`)))
  b.outbox.sweep()
  await expect
    .poll(async () => {
      a.outbox.sweep()
      b.outbox.sweep()
      await Promise.all([a.outbox.idle(), b.outbox.idle()])
      return outboxModel(database.db).countDocuments({ state: 'sent' })
    })
    .toBe(1000)
  expect(new Set(wecom.arrived.map((d) => d.id)).size).toBe(1000)
  expect(wecom.arrived).toHaveLength(1000)
})

test('an answer that got lost is tried again under the same id, and the person has it once', async () => {
  const wecom = fakePlatform('wecom', ['lost'])
  const { outbox } = await world({ people: [person('zhao')], wecom })
  await outbox.add([text('lost', 'zhao')])
  await expect.poll(async () => (await state('lost'))?.state).toBe('sent')
  expect(wecom.arrived).toHaveLength(1)
})

test('a refusal goes to the list with its reason and what to do, and can be sent again from there', async () => {
  const wecom = fakePlatform('wecom', [{ kind: 'refused', reason: 'IP不在可信列表', advice: '在管理后台加入可信IP' }])
  const { outbox } = await world({ people: [person('zhao')], wecom })
  await outbox.add([text('refused', 'zhao')])
  await outbox.idle()
  expect(await outbox.failed()).toMatchObject([
    { _id: 'refused', reason: 'IP不在可信列表', advice: '在管理后台加入可信IP' },
  ])
  expect(await outbox.retry('refused')).toBe(true)
  await outbox.idle()
  expect(wecom.arrived).toHaveLength(1)
  expect(await outbox.retry('refused')).toBe(false)
})

test('a reason that has gone by the time of sending cancels the message', async () => {
  const wecom = fakePlatform('wecom')
  let submitted = false
  const { outbox, clock } = await world({
    people: [person('zhao')],
    wecom,
    render: async () => (submitted ? { cancel: '已提交' } : { text: '请提交' }),
  })
  const content = { kind: 'notice' as const, name: 'plan-reminder', args: {} }
  await outbox.add([
    { key: 'later', to: 'zhao', mode: 'push', content, notBefore: new Date('2026-11-27T17:00:00+08:00') },
  ])
  await outbox.idle()
  expect((await state('later'))?.state).toBe('pending')
  submitted = true
  clock.set('2026-11-27T17:00:00+08:00')
  outbox.wake()
  await outbox.idle()
  expect(await state('later')).toMatchObject({ state: 'cancelled', reason: '已提交' })
  expect(wecom.arrived).toHaveLength(0)
})

test('a message past its time is not sent', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox } = await world({ people: [person('zhao')], wecom, at: '2026-11-28T12:00:00+08:00' })
  await outbox.add([text('old', 'zhao', { expiresAt: new Date('2026-11-28T12:00:00+08:00') })])
  await outbox.idle()
  expect((await state('old'))?.state).toBe('cancelled')
})

test('quiet hours hold back what we send of our own accord until the morning, never an answer', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, clock } = await world({ people: [person('zhao')], wecom, at: '2026-11-27T21:30:00+08:00' })
  await outbox.add([text('push', 'zhao'), text('answer', 'zhao', { mode: 'answer' })])
  await outbox.idle()
  expect(wecom.arrived.map((d) => d.message)).toEqual([{ kind: 'text', text: 'answer' }])
  clock.set('2026-11-28T07:29:59+08:00')
  outbox.wake()
  await outbox.idle()
  expect(wecom.arrived).toHaveLength(1)
  clock.set('2026-11-28T07:30:00+08:00')
  outbox.wake()
  await outbox.idle()
  expect(wecom.arrived).toHaveLength(2)
})

test('nobody gets more of our own messages on a day than the company allows', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, clock } = await world({ people: [person('zhao')], wecom, mostPerDay: 2 })
  await outbox.add([text('1', 'zhao'), text('2', 'zhao'), text('3', 'zhao')])
  await outbox.idle()
  expect(wecom.arrived).toHaveLength(2)
  clock.set('2026-11-28T07:30:00+08:00')
  outbox.wake()
  await outbox.idle()
  expect(wecom.arrived).toHaveLength(3)
})

test('somebody who has left gets nothing', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox } = await world({ people: [person('zhao', { active: false })], wecom })
  await outbox.add([text('left', 'zhao')])
  await outbox.idle()
  expect(await state('left')).toMatchObject({ state: 'cancelled' })
  expect(wecom.arrived).toHaveLength(0)
})

test('a person on both platforms is written to where they last were, and on the other where that fails for them', async () => {
  const wecom = fakePlatform('wecom')
  const dingtalk = fakePlatform('dingtalk', [{ kind: 'refused', reason: 'gone', advice: '', personGone: true }])
  const { outbox } = await world({
    people: [person('zhao', { dingtalk: 'zhao-d', lastPlatform: 'dingtalk' })],
    wecom,
    dingtalk,
  })
  await outbox.add([text('first', 'zhao')])
  await outbox.idle()
  expect([dingtalk.arrived.length, wecom.arrived.length]).toEqual([0, 1])
  await outbox.add([text('second', 'zhao')])
  await outbox.idle()
  expect([dingtalk.arrived.length, wecom.arrived.length]).toEqual([1, 1])
})

test('a sent card is remembered with who may press it and the code that can change it; the code is used once', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, cards } = await world({ people: [person('zhao')], wecom })
  await outbox.add([
    {
      key: 'card',
      to: 'zhao',
      mode: 'push',
      content: { kind: 'card', card, subject: 's', context: { week: '2026-W48' } },
    },
  ])
  await outbox.idle()
  const [instance] = await cards.openAbout('s')
  expect(instance).toMatchObject({ personId: 'zhao', platform: 'wecom', context: { week: '2026-W48' } })
  expect(instance!._id).toMatch(/^[0-9A-Za-z_-]{32}$/)
  const closed: Card = { title: '请确认', closed: '已确认' }
  const update = (key: string, orSend: boolean): Add => ({
    key,
    to: 'zhao',
    mode: 'answer',
    content: { kind: 'update', cardId: instance!._id, card: closed, orSend },
  })
  await outbox.add([update('u1', false)])
  await outbox.idle()
  expect(wecom.updates).toMatchObject([{ id: instance!._id, code: `c-${instance!._id}` }])
  expect((await cards.get(instance!._id))?.state).toBe('closed')
  await outbox.add([update('u2', false), update('u3', true)])
  await outbox.idle()
  expect(await state('u2')).toMatchObject({ state: 'cancelled' })
  expect(wecom.arrived).toHaveLength(2)
  expect(wecom.arrived[1]?.message).toMatchObject({ kind: 'card', card: closed })
})

test('a code older than 71 hours is not tried: a new message says it instead', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, cards, clock } = await world({ people: [person('zhao')], wecom })
  await outbox.add([
    { key: 'card', to: 'zhao', mode: 'push', content: { kind: 'card', card, subject: 'old', context: {} } },
  ])
  await outbox.idle()
  const [instance] = await cards.openAbout('old')
  clock.set('2026-11-30T15:00:01+08:00')
  await outbox.add([
    {
      key: 'u',
      to: 'zhao',
      mode: 'answer',
      content: { kind: 'update', cardId: instance!._id, card: { title: 't', closed: 'c' }, orSend: true },
    },
  ])
  await outbox.idle()
  expect([wecom.updates.length, wecom.arrived.length]).toEqual([0, 2])
})

test('messages to one person arrive in the order they were written', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox } = await world({ people: [person('zhao')], wecom, mostPerDay: 100 })
  await outbox.add(Array.from({ length: 30 }, (_, i) => text(`${i}`, 'zhao', { mode: 'answer' })))
  await outbox.idle()
  expect(wecom.arrived.map((d) => (d.message as { text: string }).text)).toEqual(
    Array.from({ length: 30 }, (_, i) => `${i}`),
  )
})

test('stopping in the middle leaves the rest for the next start', async () => {
  const wecom = fakePlatform('wecom')
  const people = Array.from({ length: 40 }, (_, i) => person(`p${i}`))
  const first = await world({ people, wecom })
  await first.outbox.add(people.map((p) => text(`stop/${p._id}`, p._id)))
  await first.outbox.stop()
  const second = await world({ people, wecom, owner: 'b' })
  second.outbox.wake()
  await expect.poll(() => outboxModel(database.db).countDocuments({ state: 'sent' })).toBe(40)
  expect(wecom.arrived).toHaveLength(40)
})

test('a process that died before it heard of an update does not say the same in a second message', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, cards } = await world({ people: [person('zhao')], wecom })
  const first = { kind: 'card' as const, card, subject: 'died', context: {} }
  await outbox.add([{ key: 'card', to: 'zhao', mode: 'push', content: first }])
  await outbox.idle()
  const [instance] = await cards.openAbout('died')
  const change = {
    kind: 'update' as const,
    cardId: instance!._id,
    card: { title: '请确认', closed: '已确认' },
    orSend: true,
  }
  await outbox.stop()
  await outbox.add([{ key: 'u', to: 'zhao', mode: 'answer', content: change }])
  // The first process took the code, kept it with the row, changed the card, and died.
  const code = instance!.codes[0]!.code
  await outboxModel(database.db).updateOne({ _id: 'u' }, { $set: { 'content.code': code } })
  wecom.updateAnswers.push({ kind: 'expired' })
  const second = await world({ people: [person('zhao')], wecom, owner: 'b' })
  second.outbox.wake()
  await second.outbox.idle()
  expect(wecom.arrived).toHaveLength(1)
  expect(await state('u')).toMatchObject({ state: 'sent' })
  expect(await cards.get(instance!._id)).toMatchObject({ state: 'closed', codes: [] })
})

test('a code that was used is not used again when its press is handled once more after a crash', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, cards, clock } = await world({ people: [person('zhao')], wecom })
  const first = { kind: 'card' as const, card, subject: 'again', context: {} }
  await outbox.add([{ key: 'card', to: 'zhao', mode: 'push', content: first }])
  await outbox.idle()
  const [instance] = await cards.openAbout('again')
  const id = instance!._id
  const press = async (key: string, code: string) => {
    await cards.addCode(id, code, clock.now())
    const content = { kind: 'update' as const, cardId: id, card: { ...card, title: key }, orSend: true }
    await outbox.add([{ key, to: 'zhao', mode: 'answer', content }])
    await outbox.idle()
  }
  await press('one', 'of the first press')
  // Its process died before it noted that it was done with it.
  await press('one', 'of the first press')
  await press('two', 'of the second press')
  await press('three', 'of the third press')
  expect(wecom.updates.map((u) => u.code)).toEqual(['of the first press', 'of the second press', 'of the third press'])
  await press('two', 'of the second press')
  const spare = (await cards.get(id))?.codes.map((c) => c.code)
  expect(spare).toEqual([`c-${id}`])
})

test('a face that a dead process left behind does not cover a newer one', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, cards } = await world({ people: [person('zhao')], wecom })
  const first = { kind: 'card' as const, card, subject: 'faces', context: {} }
  await outbox.add([{ key: 'card', to: 'zhao', mode: 'push', content: first }])
  await outbox.idle()
  const [instance] = await cards.openAbout('faces')
  await outbox.stop()
  const step: Card = { title: '第2步', buttons: [{ text: '提交', action: 'ok' }] }
  const thanks: Card = { title: '请确认', closed: '已提交，谢谢' }
  const face = (key: string, card: Card): Add => {
    const content = { kind: 'update' as const, cardId: instance!._id, card, orSend: true }
    return { key, to: 'zhao', mode: 'answer', content }
  }
  await outbox.add([face('late', step)])
  // Its process died with it; while the lease runs, the person presses again, and another process answers.
  const rows = outboxModel(database.db)
  await rows.updateOne({ _id: 'late' }, { $set: { owner: 'dead', holdUntil: Date.now() + 3_600_000 } })
  const second = await world({ people: [person('zhao')], wecom, owner: 'b' })
  await second.cards.addCode(instance!._id, 'of the second press', second.clock.now())
  await second.outbox.add([face('newer', thanks)])
  await second.outbox.idle()
  expect((await state('newer'))?.state).toBe('sent')
  await rows.updateOne({ _id: 'late' }, { $set: { holdUntil: 0 } })
  second.outbox.sweep()
  await second.outbox.idle()
  expect(await state('late')).toMatchObject({ state: 'cancelled', reason: '卡片上已是更新的内容' })
  expect(wecom.updates.map((u) => u.card.closed)).toEqual(['已提交，谢谢'])
  expect(await cards.get(instance!._id)).toMatchObject({ state: 'closed' })
  expect(wecom.arrived).toHaveLength(1)
})

test('a change that could not be shown does not keep an earlier one from being shown', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, cards, clock } = await world({ people: [person('zhao')], wecom })
  const first = { kind: 'card' as const, card, subject: 'unshown', context: {} }
  await outbox.add([{ key: 'card', to: 'zhao', mode: 'push', content: first }])
  await outbox.idle()
  const [instance] = await cards.openAbout('unshown')
  const id = instance!._id
  await cards.dropCode(id, instance!.codes[0]!.code)
  await cards.addCode(id, 'of the press', clock.now())
  const face = (key: string, orSend: boolean): Add => {
    const content = { kind: 'update' as const, cardId: id, card: { ...card, title: key }, orSend }
    return { key, to: 'zhao', mode: 'answer', content }
  }
  // The answer to a press has its code and waits for its next try; meanwhile something else would change the card.
  wecom.updateAnswers.push({ kind: 'later', reason: 'busy', afterMs: 300 })
  await outbox.add([face('answer', true)])
  await outbox.idle()
  await outbox.add([face('closing', false)])
  await outbox.idle()
  expect((await state('closing'))?.state).toBe('cancelled')
  await expect.poll(async () => (await state('answer'))?.state).toBe('sent')
  expect(wecom.updates).toMatchObject([{ card: { title: 'answer' }, code: 'of the press' }])
  expect(wecom.arrived).toHaveLength(1)
})

test('a new message in place of a spent code survives its own failure', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, cards } = await world({ people: [person('zhao')], wecom })
  const first = { kind: 'card' as const, card, subject: 'spent', context: {} }
  await outbox.add([{ key: 'card', to: 'zhao', mode: 'push', content: first }])
  await outbox.idle()
  const [instance] = await cards.openAbout('spent')
  wecom.updateAnswers.push({ kind: 'expired' })
  wecom.answers.push({ kind: 'later', reason: 'busy', afterMs: 1 })
  const face = { title: '请确认', closed: '已确认' }
  const change = { kind: 'update' as const, cardId: instance!._id, card: face, orSend: true }
  await outbox.add([{ key: 'u', to: 'zhao', mode: 'answer', content: change }])
  await expect.poll(async () => (await state('u'))?.state).toBe('sent')
  expect(wecom.arrived[1]?.message).toMatchObject({ kind: 'card', card: face })
})

test('a second try goes to the platform of the first, wherever the person writes meanwhile', async () => {
  const wecom = fakePlatform('wecom', ['lost'])
  const dingtalk = fakePlatform('dingtalk')
  const both = person('zhao', { dingtalk: 'zhao-d', lastPlatform: 'wecom' })
  const { outbox } = await world({ people: [both], wecom, dingtalk })
  await outbox.add([text('where', 'zhao')])
  await expect.poll(() => wecom.arrived.length).toBe(1)
  await peopleStore(database.db).seenOn('zhao', 'dingtalk')
  await expect.poll(async () => (await state('where'))?.state).toBe('sent')
  expect([wecom.arrived.length, dingtalk.arrived.length]).toEqual([1, 0])
})

test('what a frozen process still holds when its lease is over is not sent by it', async () => {
  const wecom = fakePlatform('wecom')
  const people = Array.from({ length: 30 }, (_, i) => person(`p${i}`))
  let leaseNow = 1_000_000
  const frozen = await world({ people, wecom, owner: 'frozen', leaseNow: () => leaseNow, atOnce: 1 })
  let sends = 0
  const send = wecom.platform.send
  wecom.platform.send = async (delivery) => {
    // Ten seconds pass in which this process does nothing, and another one takes over what is left.
    if (++sends === 10) {
      leaseNow += 60_000
      const here = (delivery.message as { text: string }).text
      const left = { state: 'pending', _id: { $ne: here } } as const
      await outboxModel(database.db).updateMany(left, { $set: { owner: 'other', holdUntil: leaseNow + 3_600_000 } })
    }
    return send(delivery)
  }
  await frozen.outbox.add(people.map((p) => text(`frozen/${p._id}`, p._id)))
  await expect.poll(() => sends).toBeGreaterThanOrEqual(10)
  await frozen.outbox.stop()
  expect(sends).toBe(10)
  expect(await outboxModel(database.db).countDocuments({ state: 'sent' })).toBe(10)
})

test('a message whose result could not be written at first is not sent again', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox } = await world({ people: [person('zhao')], wecom })
  const collection = outbox.model.collection
  const bulkWrite = collection.bulkWrite
  await outbox.stop()
  await outbox.add([text('unwritten', 'zhao')])
  const second = await world({ people: [person('zhao')], wecom, owner: 'b' })
  let refusals = 0
  second.outbox.model.collection.bulkWrite = async function (this: unknown, ...args: never[]) {
    if (refusals++ === 0) throw new Error('the database is away')
    return (bulkWrite as (...a: never[]) => never).apply(collection, args)
  } as never
  second.outbox.wake()
  await expect.poll(async () => (await state('unwritten'))?.state).toBe('sent')
  second.outbox.model.collection.bulkWrite = bulkWrite
  expect([wecom.arrived.length, refusals]).toEqual([1, 2])
})

test('when looking up what a message needs fails, it goes with the next round, not when its lease is over', async () => {
  const wecom = fakePlatform('wecom')
  const { outbox, people } = await world({ people: [person('zhao')], wecom, leaseNow: () => 1_000_000 })
  const find = people.model.find.bind(people.model)
  people.model.find = (() => {
    people.model.find = find as never
    throw new Error('the database is away')
  }) as never
  await outbox.add([text('again', 'zhao')])
  // The clock of leases stands still: no lease is ever over.
  await expect.poll(async () => (await state('again'))?.state).toBe('sent')
  expect(wecom.arrived).toHaveLength(1)
})

test('an answer that never comes keeps its own person waiting and nobody else', async () => {
  const wecom = fakePlatform('wecom')
  const send = wecom.platform.send.bind(wecom.platform)
  let answer = () => {}
  wecom.platform.send = async (d) => {
    if (d.userId === 'zhao-w') await new Promise<void>((done) => (answer = done))
    return send(d)
  }
  const people = [person('zhao'), ...Array.from({ length: 250 }, (_, n) => person(`p${n}`))]
  const { outbox } = await world({ people, wecom })
  await outbox.add([text('first', 'zhao'), text('second', 'zhao')])
  await outbox.add(people.slice(1).map((p) => text(`to-${p._id}`, p._id)))
  await expect.poll(() => wecom.arrived.length).toBe(250)
  await outbox.add([text('third', 'zhao'), text('later', 'p0')])
  await expect.poll(() => wecom.arrived.length).toBe(251)
  wecom.platform.send = send
  answer()
  await outbox.idle()
  expect(wecom.arrived.slice(251).map((d) => (d.message.kind === 'text' ? d.message.text : ''))).toEqual([
    'first',
    'second',
    'third',
  ])
})
