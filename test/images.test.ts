import { afterAll, beforeAll, expect, test } from 'vitest'
import type { World } from '../sandbox/world.ts'
import { createLog } from '../src/log.ts'
import { createOutbox } from '../src/outbox/outbox.ts'
import { createSender } from '../src/outbox/sender.ts'
import type { Delivery, Platform, SendResult } from '../src/platforms/port.ts'
import { drawTrend } from '../src/trend-png.ts'
import { phoneOf, startCanteen } from './survey-world.ts'

let world: World
beforeAll(async () => {
  world = await startCanteen()
})
afterAll(() => world.stop())

const png = drawTrend({ labels: ['26-10', '26-11'], values: [80, 60] })
const message = { kind: 'image' as const, png, alt: '10月80.0，11月60.0' }
const pictures = (userId: string) =>
  phoneOf(world, userId)
    .messages()
    .filter((m) => m.kind === 'image').length

test('a picture that is tried again under the same id is on the phone once (WeCom)', async () => {
  const wecom = world.bot.ctx.platforms.wecom!
  const before = pictures('an')
  const delivery = { id: 'picture-1', userId: 'an', message }
  expect(await wecom.send(delivery)).toMatchObject({ kind: 'sent' })
  expect(await wecom.send(delivery)).toMatchObject({ kind: 'sent' })
  expect(pictures('an')).toBe(before + 1)
  expect(await wecom.send({ ...delivery, id: 'picture-2' })).toMatchObject({ kind: 'sent' })
  expect(pictures('an')).toBe(before + 2)
})

test('a picture goes to a DingTalk chat, and to nobody whom the platform does not know', async () => {
  const dingtalk = world.bot.ctx.platforms.dingtalk!
  const before = pictures('bai')
  expect(await dingtalk.send({ id: 'picture-3', userId: 'bai', message })).toMatchObject({ kind: 'sent' })
  expect(pictures('bai')).toBe(before + 1)
  expect(await dingtalk.send({ id: 'picture-4', userId: 'nobody', message })).toMatchObject({ kind: 'refused' })
})

test('where a picture is refused its words are sent instead', async () => {
  const { db } = world.bot.ctx.surveyRounds.model
  const { ctx } = world.bot
  const sent: Delivery[] = []
  const platform = {
    name: 'wecom',
    async send(d: Delivery): Promise<SendResult> {
      sent.push(d)
      return d.message.kind === 'image'
        ? { kind: 'refused', reason: '图片不符合要求', advice: '' }
        : { kind: 'sent', messageId: 'm' }
    },
  } as unknown as Platform
  const sender = createSender({
    db,
    clock: ctx.clock,
    people: ctx.people,
    cards: ctx.cards,
    platforms: { wecom: platform },
    zone: () => 'Asia/Shanghai',
    quiet: () => ({ from: '21:30', to: '07:30', mostPerDay: 8 }),
    render: async () => ({ png, alt: message.alt }),
    backOff: () => 20,
  })
  const outbox = createOutbox({ db, clock: ctx.clock, log: createLog('silent'), owner: 'images', sender })
  const an = (await ctx.people.byAccount('wecom', 'an'))!
  const row = { to: an._id, mode: 'answer' as const, content: { kind: 'notice' as const, name: 'x', args: {} } }
  await outbox.add([{ key: 'refused-picture', ...row }])
  await outbox.idle()
  await outbox.stop()
  expect(sent.map((d) => d.message.kind)).toEqual(['image', 'text'])
  expect(sent[1]!.message).toEqual({ kind: 'text', text: message.alt })
})
