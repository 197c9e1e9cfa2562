import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Card } from '../cards/card.ts'
import { startWecomStandIn, type WecomStandInOptions } from '../sandbox/wecom/stand-in.ts'
import type { Incoming } from '../src/platforms/port.ts'
import { createWecom, type WecomConfig, type WecomDeps } from '../src/platforms/wecom/index.ts'
import { VECTOR_AES_KEY, VECTOR_CORP, VECTOR_TOKEN } from './wecom-vectors.ts'

const START = '2026-11-07T11:50:00+08:00'

/** The adapter behind a bare HTTP server, and the platform's stand-in: both speak only the public protocol. */
async function world(
  standInOptions: Partial<WecomStandInOptions> = {},
  config: Partial<WecomConfig> = {},
  passiveReply?: WecomDeps['passiveReply'],
) {
  let now = Date.parse(START)
  const clock = { now: () => new Date(now), everyMinute: () => () => {} }
  const seen: Incoming[] = []
  const logged: object[] = []
  let refuse = 0

  let handle: ReturnType<typeof createWecom>['handleCallback'] | undefined
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://localhost')
    const query: Record<string, string | string[]> = {}
    for (const name of url.searchParams.keys()) {
      const values = url.searchParams.getAll(name)
      query[name] = values.length > 1 ? values : values[0]!
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const kind = url.pathname === '/wecom/contacts' ? 'contacts' : 'app'
    const { status, body } = await handle!({ method: request.method!, query, body: Buffer.concat(chunks) }, kind)
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const platform = await startWecomStandIn({
    clock,
    corpId: VECTOR_CORP,
    agentId: 218,
    secret: 'app-secret',
    contactsSecret: 'contacts-secret',
    people: [
      {
        userId: 'Lin',
        name: '林晓',
        departments: ['研发部', '后端组'],
        title: '工程师',
        managerUserId: 'zhao',
        extra: { 生日: '1990-05-06' },
      },
      { userId: 'zhao', name: '赵明', departments: ['研发部'], title: '经理', leader: true },
    ],
    retryDelayMs: 1,
    ...standInOptions,
  })
  const wecom = createWecom(
    {
      corpId: VECTOR_CORP,
      agentId: 218,
      secret: 'app-secret',
      token: VECTOR_TOKEN,
      aesKey: VECTOR_AES_KEY,
      contactsToken: 'ContactsToken',
      contactsAesKey: VECTOR_AES_KEY,
      apiBase: platform.apiBase,
      oauthBase: platform.oauthBase,
      publicBaseUrl: 'https://jixiao.example.com',
      menu: [
        { text: '本周计划', key: 'my-week' },
        { text: '更多', children: [{ text: '我的成绩', path: '/h5/results' }] },
      ],
      ...config,
    },
    {
      clock,
      log: { info() {}, warn: (obj) => void logged.push(obj), error() {} },
      ...(passiveReply && { passiveReply }),
    },
  )
  handle = wecom.handleCallback
  await wecom.start(async (event) => {
    if (refuse-- > 0) throw new Error('database down')
    seen.push(event)
  })
  await platform.setCallback({ url: `${own}/wecom/callback`, token: VECTOR_TOKEN, aesKey: VECTOR_AES_KEY })
  await platform.setContactsCallback({ url: `${own}/wecom/contacts`, token: 'ContactsToken', aesKey: VECTOR_AES_KEY })
  onTestFinished(async () => {
    await wecom.stop()
    await platform.stop()
    server.closeAllConnections()
    server.close()
  })
  return {
    platform,
    wecom,
    seen,
    logged,
    advance: (ms: number) => {
      now += ms
    },
    refuseNext: (times: number) => {
      refuse = times
    },
    card: (id: string, card: Card, userId = 'Lin') => wecom.send({ id, userId, message: { kind: 'card', card } }),
    text: (id: string, text: string, userId = 'Lin') => wecom.send({ id, userId, message: { kind: 'text', text } }),
    chat: (userId = 'Lin') => platform.chat(userId).filter((message) => message.from === 'bot'),
  }
}

const scoreCard: Card = {
  title: '给赵明评分',
  facts: [{ label: '完成率', value: '95%' }],
  buttons: [
    { text: '满分', action: 'score:full' },
    { text: '退回', action: 'return', style: 'danger' },
  ],
}

describe('a card and its clicks', () => {
  test('a button is pressed, told with a code, and the card closes for everybody who has it', async () => {
    const { platform, wecom, seen, card, chat } = await world()
    expect(await card('score@1', scoreCard)).toMatchObject({ kind: 'sent', code: expect.any(String) })
    const [message] = chat()
    expect(message?.card).toMatchObject({
      title: '给赵明评分',
      facts: [{ label: '完成率', value: '95%' }],
      buttons: [
        { key: 'score:full', text: '满分', style: 'primary' },
        { key: 'return', text: '退回', style: 'danger' },
      ],
    })
    await platform.tap('Lin', message!.id, 'score:full')
    expect(seen).toMatchObject([
      { type: 'card-action', userId: 'Lin', cardId: 'score@1', action: 'score:full', choices: {} },
    ])
    const { code } = seen[0] as { code: string }
    const closed = { title: '给赵明评分', closed: '已评满分' }
    expect(await wecom.update({ id: 'score@1', card: closed, for: 'all', code })).toEqual({ kind: 'sent' })
    expect(chat()[0]?.card).toMatchObject({ title: '给赵明评分', closed: '已评满分' })
    expect(await wecom.update({ id: 'score@1', card: closed, for: 'all', code })).toEqual({ kind: 'expired' })
  })

  test('a list is ticked and drop-downs are chosen; ids come back as they were', async () => {
    const { platform, seen, card, chat } = await world()
    const options = [
      { id: '01', text: '红烧肉' },
      { id: '02', text: '青菜' },
    ]
    await card('v', {
      title: '午餐',
      input: { kind: 'choice', id: 'dish', multiple: true, options },
      buttons: [{ text: '提交', action: 'survey' }],
    })
    await card('m', {
      title: '打分',
      input: {
        kind: 'selects',
        selects: [
          { id: 'a', label: '质量', options },
          { id: 'b', label: '速度', options },
        ],
      },
      buttons: [{ text: '提交', action: 'score' }],
    })
    const [vote, multiple] = chat()
    await platform.tap('Lin', vote!.id, 'survey', { dish: ['01', '02'] })
    await platform.tap('Lin', multiple!.id, 'score', { a: ['02'], b: ['01'] })
    expect(seen).toMatchObject([
      { cardId: 'v', action: 'survey', choices: { dish: ['01', '02'] } },
      { cardId: 'm', action: 'score', choices: { a: ['02'], b: ['01'] } },
    ])
  })

  test('one step after another: each click replaces the card by the next, and the last is closed', async () => {
    const { platform, wecom, seen, card, chat } = await world()
    await card('w', scoreCard)
    const steps: Card[] = [
      {
        title: '第二步',
        input: { kind: 'choice', id: 'q', multiple: false, options: [{ id: '1', text: '好' }] },
        buttons: [{ text: '提交', action: 'next' }],
      },
      {
        title: '第三步',
        input: { kind: 'selects', selects: [{ id: 's', label: '', options: [{ id: '1', text: '好' }] }] },
        buttons: [{ text: '提交', action: 'next' }],
      },
      { title: '完成', closed: '已完成' },
    ]
    const picks: (Record<string, string[]> | undefined)[] = [undefined, { q: ['1'] }, { s: ['1'] }]
    for (const [i, step] of steps.entries()) {
      await platform.tap('Lin', chat()[0]!.id, i === 0 ? 'score:full' : 'next', picks[i])
      const { code } = seen[i] as { code: string }
      expect(await wecom.update({ id: 'w', card: step, for: { userId: 'Lin' }, code })).toEqual({ kind: 'sent' })
      expect(chat()[0]?.card?.title).toBe(step.title)
    }
    expect(chat()[0]?.card?.closed).toBe('已完成')
    expect(new Set(seen.map(({ id }) => id)).size).toBe(3)
  })

  test('a passive answer changes the clicker’s card where the platform heeds it, and harms nothing where not', async () => {
    for (const passiveUpdateIgnored of [false, true]) {
      const next = () => ({ title: '已收到', closed: '已评' })
      const { platform, card, chat } = await world({ quirks: { passiveUpdateIgnored } }, { passiveUpdates: true }, next)
      await card('p', scoreCard)
      await platform.tap('Lin', chat()[0]!.id, 'score:full')
      expect(chat()[0]?.card?.title).toBe(passiveUpdateIgnored ? '给赵明评分' : '已收到')
    }
  })
})

describe('once, whatever happens on the way', () => {
  test('a card or text whose answer was lost is sent again and arrives once', async () => {
    const { platform, card, text, chat } = await world()
    for (const send of [() => card('c', scoreCard), () => text('t', '周计划已收到')]) {
      platform.faults.only = /message\/send/
      platform.faults.next = ['reset-after']
      expect(await send()).toMatchObject({ kind: 'unknown' })
      expect(await send()).toMatchObject({ kind: 'sent' })
    }
    expect(chat()).toHaveLength(2)
  })

  test('the same words twice, for two reasons, arrive twice', async () => {
    const { text, chat } = await world()
    await text('monday', '周计划已收到')
    await text('tuesday', '周计划已收到')
    expect(chat()).toHaveLength(2)
  })

  test('a message that could not be stored comes again until it can, with the same id', async () => {
    const { platform, seen, refuseNext } = await world()
    refuseNext(2)
    await platform.type('Lin', '1. 回访客户')
    expect(seen).toMatchObject([{ type: 'text', text: '1. 回访客户', userId: 'Lin', at: new Date(START) }])
  })

  test('a repeated delivery has the id of the first, messages and clicks alike', async () => {
    for (const duplicateDeliveries of ['after', 'together'] as const) {
      const { platform, seen, card, chat } = await world({ quirks: { duplicateDeliveries } })
      await card('c', scoreCard)
      await platform.type('Lin', '你好')
      await platform.tap('Lin', chat()[0]!.id, 'score:full')
      expect(seen).toHaveLength(4)
      expect(new Set(seen.map(({ id }) => id)).size).toBe(2)
    }
  })

  test('tokens that die early cost nobody a message', async () => {
    const { platform, card, chat } = await world()
    await card('a', scoreCard)
    platform.invalidateTokens()
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => card(`b${i}`, scoreCard)))
    expect(results.every(({ kind }) => kind === 'sent')).toBe(true)
    expect(chat()).toHaveLength(21)
  })

  test('the 31st message of a minute waits instead of being dropped', async () => {
    const { card, chat, advance } = await world()
    for (let i = 0; i < 30; i++) await card(`c${i}`, scoreCard)
    const late = await card('c30', scoreCard)
    expect(late).toMatchObject({ kind: 'later' })
    advance((late as { afterMs: number }).afterMs)
    expect(await card('c30', scoreCard)).toMatchObject({ kind: 'sent' })
    expect(chat()).toHaveLength(31)
  })
})

test('requests that are not the platform’s are refused and do nothing; a replay adds no second id', async () => {
  const { platform, seen, advance } = await world()
  await platform.type('Lin', '你好')
  const hostile = [
    ...([
      'bad-signature',
      'no-signature',
      'wrong-token',
      'wrong-receiveid',
      'wrong-agent',
      'wrong-key',
      'tampered',
    ] as const),
    ...(['cut', 'pad-zero', 'pad-33', 'pad-unequal', 'length-beyond', 'doubled-query', 'doctype-outside'] as const),
    ...(['doctype-inside', 'not-xml', 'no-encrypt', 'oversized'] as const),
  ]
  for (const kind of hostile)
    expect([kind, await platform.probe(kind)]).toEqual([kind, expect.toSatisfy(isClientError)])
  expect(seen).toHaveLength(1)
  expect(await platform.probe('replay')).toBe(200)
  expect(new Set(seen.map(({ id }) => id)).size).toBe(1)
  advance(10 * 60_000 + 1_000)
  expect(await platform.probe('replay')).toBe(403)
  expect(seen).toHaveLength(2)
})

const isClientError = (status: number) => status >= 400 && status < 500

describe('the company', () => {
  test('is read with names of departments from the top, titles, leaders and own fields', async () => {
    const { wecom } = await world()
    const members = await wecom.members()
    expect(members.toSorted((a, b) => a.name.localeCompare(b.name, 'en'))).toMatchObject([
      {
        userId: 'Lin',
        name: '林晓',
        departments: ['研发部', '后端组'],
        title: '工程师',
        managerUserId: 'zhao',
        active: true,
        extra: { 生日: '1990-05-06' },
      },
      { userId: 'zhao', name: '赵明', departments: ['研发部'], title: '经理', leader: true, active: true },
    ])
  })

  test('is read as far as the app sees it, members put into its range one by one included', async () => {
    const { wecom, logged } = await world({ visible: ['Lin'] }, { contactsSecret: 'contacts-secret' })
    expect((await wecom.members()).map(({ userId }) => userId)).toEqual(['Lin'])
    expect(logged).toMatchObject([{ unseen: 1 }])
  })

  test('tells who joins and who leaves, and whom it cannot reach', async () => {
    const { platform, seen, text } = await world()
    await platform.join({ userId: 'new', name: '新人', departments: ['研发部'], title: '' })
    await platform.leave('zhao')
    expect(seen.filter(({ type }) => type === 'joined').map(({ userId }) => userId)).toContain('new')
    expect(seen.filter(({ type }) => type === 'left').map(({ userId }) => userId)).toContain('zhao')
    expect(await text('t', '你好', 'zhao')).toMatchObject({ kind: 'refused', personGone: true })
  })

  test('has our menu under the chat, and its entries come back', async () => {
    const { platform, seen } = await world()
    expect(platform.menu()).toMatchObject([
      { key: 'my-week', text: '本周计划' },
      { text: '更多', children: [{ url: 'https://jixiao.example.com/h5/results' }] },
    ])
    await platform.tapMenu('Lin', 'my-week')
    await platform.open('Lin')
    expect(seen).toMatchObject([
      { type: 'menu', key: 'my-week', userId: 'Lin' },
      { type: 'opened', userId: 'Lin' },
    ])
  })

  test('logs its members in once a code, and nobody else', async () => {
    const { platform, wecom } = await world()
    const code = platform.loginCode('Lin')
    expect(await wecom.login(code)).toEqual({ userId: 'Lin' })
    expect(await wecom.login(code)).toBeUndefined()
    expect(await wecom.login(platform.outsiderCode())).toBeUndefined()
    expect(await wecom.login('made-up')).toBeUndefined()
  })

  test('accepts our signatures of pages, each with its own ticket', async () => {
    const { platform, wecom } = await world()
    const url = 'https://jixiao.example.com/h5/week'
    for (const kind of ['config', 'agentConfig'] as const) {
      const { timestamp, nonceStr: noncestr, signature: signed } = await wecom.jsSignature(`${url}#top`, kind)
      const signature = { timestamp, noncestr, url, signature: signed }
      expect(platform.checkJsSignature(kind, signature)).toBe(0)
      expect(platform.checkJsSignature(kind === 'config' ? 'agentConfig' : 'config', signature)).toBe(42012)
    }
  })
})

test('media are told by kind, without their content', async () => {
  const { platform, seen } = await world()
  for (const media of ['image', 'voice', 'video', 'location'] as const) await platform.sendMedia('Lin', media)
  expect(seen).toMatchObject(['image', 'voice', 'video', 'location'].map((media) => ({ type: 'media', media })))
})
