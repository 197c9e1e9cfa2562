import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DingtalkStandIn, startDingtalkStandIn } from '../sandbox/dingtalk/stand-in.ts'
import { clockAt, SECRET, startBot } from './dingtalk-server.ts'

const clock = clockAt('2026-11-25T09:00:00+08:00')
let platform: DingtalkStandIn
let running: ReturnType<typeof startBot>
let server: HttpServer | undefined

const app = { corpId: 'dingcorp', clientId: 'dingapp', clientSecret: SECRET, agentId: '42' }
async function begin(mode: 'stream' | 'http' = 'stream') {
  platform = await startDingtalkStandIn({
    clock,
    ...app,
    mode,
    formTemplateId: 'form.schema',
    people: [
      {
        userId: 'zhao',
        name: '赵一',
        departments: ['研发部', '后端组'],
        title: '工程师',
        managerUserId: 'li',
        hiredOn: '2024-03-01',
      },
      { userId: 'li', name: '李二', departments: ['研发部'], title: '经理', leader: true },
    ],
    groups: [{ groupId: 'cidgroup==', name: '研发群', members: ['zhao', 'li'] }],
    redeliverAfterMs: 100,
    deadlines: { ackMs: 1_500, clickMs: 1_500, eventRetryMs: [20, 40], closeAfterDisconnectMs: 100 },
    seed: 1,
  })
  running = startBot({ base: platform.apiBase }, { mode, ...more }, { clock })
}
let more: Parameters<typeof startBot>[1] = {}
beforeEach(() => {
  more = {}
})
afterEach(async () => {
  await running.bot.stop()
  await platform.stop()
  expect(platform.violations).toEqual([])
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  server = undefined
})

const ask = (userId = 'li') => ({
  id: 'score-w48-zhao',
  userId,
  message: {
    kind: 'card' as const,
    card: {
      title: '第48周评分',
      facts: [{ label: '员工', value: '赵一' }],
      buttons: [
        { text: '满分', action: 'score:full', style: 'primary' as const },
        { text: '需改进', action: 'score:low' },
      ],
      link: { text: '查看详情', path: '/h5/score' },
    },
  },
})

test('a text is received once, is acknowledged, and an answer reaches the phone', async () => {
  await begin()
  await running.start()
  await platform.connected()
  await platform.type('zhao', ' 本周总结 ')
  expect(running.received).toMatchObject([
    { type: 'text', userId: 'zhao', text: '本周总结', at: clock.now(), chat: { kind: 'private' } },
  ])
  expect(await running.bot.send({ id: 't', userId: 'zhao', message: { kind: 'text', text: '已收到' } })).toMatchObject({
    kind: 'sent',
  })
  expect(platform.chat('zhao').map(({ text }) => text?.trim())).toEqual(['本周总结', '已收到'])
  expect(await platform.ping()).toBe(true)
})

test('what was not stored comes again and has the same id', async () => {
  await begin()
  const seen: string[] = []
  await running.start(async ({ id }) => {
    seen.push(id)
    if (seen.length === 1) throw new Error('database down')
  })
  await platform.connected()
  await platform.type('zhao', '周报')
  expect(seen).toHaveLength(2)
  expect(seen[0]).toBe(seen[1])
})

test('a card is seen, tapped and closed; sent twice it is there once', async () => {
  await begin()
  await running.start()
  await platform.connected()
  const first = await running.bot.send(ask())
  expect(first).toMatchObject({ kind: 'sent', code: 'buttons' })
  expect(await running.bot.send(ask())).toMatchObject({ kind: 'sent' })
  const [message, ...others] = platform.chat('li')
  expect(others).toEqual([])
  expect(message!.card).toMatchObject({ title: '第48周评分' })
  expect(message!.card!.buttons.map(({ key, url, text }) => [key ?? url, text])).toEqual([
    ['score:full', '满分'],
    ['score:low', '需改进'],
    ['https://bot.example.com/h5/score?via=dingtalk', '查看详情'],
  ])
  await platform.tap('li', message!.id, 'score:full')
  expect(running.received).toMatchObject([
    { type: 'card-action', userId: 'li', cardId: 'score-w48-zhao', action: 'score:full', choices: {} },
  ])
  expect(
    await running.bot.update({
      id: 'score-w48-zhao',
      for: 'all',
      card: { title: '第48周评分', closed: '已评定：满分' },
      code: 'buttons',
    }),
  ).toMatchObject({ kind: 'sent' })
  const after = platform.chat('li')[0]!.card!
  expect(after.buttons).toEqual([])
  expect(JSON.stringify(after)).toContain('已评定：满分')
  expect(platform.toasts('li')).toEqual([])
})

test('the odd forms of a click are one click each', async () => {
  await begin()
  await running.start()
  await platform.connected()
  await running.bot.send(ask())
  const [message] = platform.chat('li')
  for (const variant of ['clickValueOnly', 'clickFromConfig', 'clickSuffixedActionId', 'clickPrefixedSpace'] as const) {
    platform.variants[variant] = true
    running.received.length = 0
    await platform.tap('li', message!.id, 'score:low')
    expect(running.received, variant).toMatchObject([{ type: 'card-action', action: 'score:low' }])
    platform.variants[variant] = false
  }
})

test('a form is filled in and read back', async () => {
  more = { formTemplateId: 'form.schema' }
  await begin()
  await running.start()
  await platform.connected()
  const card = {
    title: '食堂问卷',
    input: {
      kind: 'choice' as const,
      id: 'dishes',
      multiple: true,
      options: ['rice', 'soup', 'fish'].map((id) => ({ id, text: id })),
    },
    buttons: [{ text: '提交', action: 'submit-survey:w48' }],
  }
  expect(await running.bot.send({ id: 'q', userId: 'zhao', message: { kind: 'card', card } })).toMatchObject({
    kind: 'sent',
    code: 'form',
  })
  const [message] = platform.chat('zhao')
  const seen = message!.card!
  const [field] = seen.form!
  const button = seen.buttons.find(({ submit }) => submit)!
  await platform.tap('zhao', message!.id, button.key!, { [field!.name]: ['rice', 'fish'] })
  expect(running.received).toMatchObject([
    {
      type: 'card-action',
      cardId: 'q',
      action: 'submit-survey:w48',
      choices: { dishes: ['rice', 'fish'] },
      code: 'form',
    },
  ])
  expect(
    await running.bot.update({ id: 'q', for: 'all', card: { title: '食堂问卷', closed: '已提交' }, code: 'form' }),
  ).toMatchObject({ kind: 'sent' })
})

test('garbage, a huge frame, dropped sockets and `disconnect` lose nothing', async () => {
  await begin()
  await running.start()
  await platform.connected()
  const opened = () => platform.log.filter(({ path }) => path === '/v1.0/gateway/connections/open').length
  for (const [strike, reconnects] of [
    [() => platform.faults.sendGarbage(), 0],
    [() => platform.faults.sendHuge(5 * 1024 * 1024), 1],
    [() => platform.faults.dropSockets(), 1],
    [() => platform.faults.disconnect(), 1],
    [() => platform.faults.invalidateTokens(), 0],
  ] as const) {
    const before = opened()
    strike()
    await expect.poll(opened).toBe(before + reconnects)
    await expect.poll(() => running.bot.status()).toEqual({ ok: true })
    await platform.connected()
    running.received.length = 0
    await platform.type('zhao', '还在吗')
    expect(running.received.length).toBeGreaterThanOrEqual(1)
    expect(await running.bot.send({ id: 't', userId: 'zhao', message: { kind: 'text', text: '在' } })).toMatchObject({
      kind: 'sent',
    })
  }
})

test('a question in the group is answered in the group, also after the webhook has ended', async () => {
  await begin()
  await running.start()
  await platform.connected()
  await platform.type('zhao', '@机器人 排名', 'cidgroup==')
  const [event] = running.received
  expect(event).toMatchObject({ text: '排名' })
  const chat = event?.type === 'text' ? event.chat : undefined
  if (chat?.kind !== 'group') throw new Error('no group')
  expect(await running.bot.reply(chat, 'e', '请私聊查看')).toMatchObject({ kind: 'sent' })
  expect(await running.bot.reply({ kind: 'group', groupId: chat.groupId }, 'e', '请私聊查看')).toMatchObject({
    kind: 'sent',
  })
  expect(platform.groupChat('cidgroup==').filter(({ from }) => from === 'bot')).toHaveLength(2)
})

test('over HTTP: messages and clicks arrive signed', async () => {
  const post: { path: string; handle: 'handleRobot' | 'handleCards' | 'handleEvents' }[] = [
    { path: '/dingtalk/robot', handle: 'handleRobot' },
    { path: '/dingtalk/cards', handle: 'handleCards' },
    { path: '/dingtalk/events', handle: 'handleEvents' },
  ]
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const url = new URL(request.url!, 'http://x')
      const handle = post.find(({ path }) => path === url.pathname)!.handle
      const query = Object.fromEntries(url.searchParams)
      const reply = await running.bot[handle]({ headers: request.headers, query, body: Buffer.concat(chunks) })
      response.writeHead(reply.status, reply.headers).end(reply.body)
    })
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const publicBaseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const event = { eventToken: 'event123', eventAesKey: '4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij' }
  more = { publicBaseUrl, ...event }
  await begin('http')
  await running.start()
  await platform.setHttp({
    robotUrl: `${publicBaseUrl}/dingtalk/robot`,
    eventsUrl: `${publicBaseUrl}/dingtalk/events`,
    ...event,
  })
  await platform.type('zhao', '周报')
  await running.bot.send(ask())
  const message = platform.chat('li').at(-1)!
  await platform.tap('li', message.id, 'score:full')
  expect(running.received.map(({ type, userId }) => [type, userId])).toEqual([
    ['text', 'zhao'],
    ['card-action', 'li'],
  ])
})
