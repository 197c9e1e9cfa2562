import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Card } from '../cards/card.ts'
import { AI_CARD_TEMPLATE } from '../src/platforms/dingtalk/draw-card.ts'
import { type Server, startBot, startServer } from './dingtalk-server.ts'

const CARD = '/v1.0/card/instances/createAndDeliver'
const BATCH = '/v1.0/robot/oToMessages/batchSend'
const TOKEN = '/v1.0/oauth2/accessToken'

let server: Server
let running: ReturnType<typeof startBot>
beforeEach(async () => {
  server = await startServer()
  running = startBot(server)
})
afterEach(async () => {
  await running.bot.stop()
  await server.stop()
})

const card: Card = {
  title: '第48周评分',
  facts: [{ label: '员工', value: '赵一' }],
  buttons: [{ text: '满分', action: 'score:full', style: 'primary' }],
  link: { text: '查看详情', path: '/h5/score?week=48' },
}
const sendCard = (one: Card = card) =>
  running.bot.send({ id: 'score-w48', userId: 'li', message: { kind: 'card', card: one } })
const sendText = (text: string) => running.bot.send({ id: 't1', userId: 'li', message: { kind: 'text', text } })

describe('a card', () => {
  test('goes to the person’s chat with the bot under its delivery id, every value a string', async () => {
    expect(await sendCard()).toEqual({ kind: 'sent', code: 'buttons', messageId: 'carrier' })
    const [{ body, headers }] = server.to(CARD) as [ReturnType<Server['to']>[0]]
    expect(headers['x-acs-dingtalk-access-token']).toBe('token-secret-1')
    expect(body).toMatchObject({
      cardTemplateId: AI_CARD_TEMPLATE,
      outTrackId: 'score-w48',
      openSpaceId: 'dtv1.card//IM_ROBOT.li',
      imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT', robotCode: 'dingapp' },
      imRobotOpenSpaceModel: { supportForward: false, lastMessageI18n: { ZH_CN: '第48周评分' } },
      callbackType: 'HTTP',
      callbackRouteKey: 'jixiao-dingapp',
    })
    const variables = body.cardData.cardParamMap
    for (const value of Object.values(variables)) expect(typeof value).toBe('string')
    expect(variables.flowStatus).toBe('3')
    expect(JSON.parse(variables.sys_full_json_obj).msgButtons).toEqual([
      { text: '满分', color: 'blue', id: 'score:full', request: true },
      { text: '查看详情', color: 'blue', url: 'https://bot.example.com/h5/score?week=48&via=dingtalk' },
    ])
  })

  test('whose clicks come over Stream says so', async () => {
    const stream = startBot(server, { mode: 'stream' })
    await stream.bot.send({ id: 'c', userId: 'li', message: { kind: 'card', card } })
    expect(server.to(CARD)[0]!.body).toMatchObject({ callbackType: 'STREAM' })
    await stream.bot.stop()
  })

  test('that the platform knows already is sent', async () => {
    server.answer(CARD, { status: 400, body: { code: 'param.cardAlreadyExist', message: 'exists' } })
    expect(await sendCard()).toEqual({ kind: 'sent', code: 'buttons' })
  })

  test('whose space failed inside a success is not sent, and is delivered, not created, by the next try', async () => {
    server.answer(CARD, {
      body: { success: true, result: { deliverResults: [{ success: false, errorMsg: 'spaceId is illegal' }] } },
    })
    expect(await sendCard()).toMatchObject({ kind: 'refused', advice: expect.stringContaining('可见范围') })
    server.answer('/v1.0/card/instances/deliver', {
      body: { success: true, result: [{ success: true, carrierId: 'c2' }] },
    })
    expect(await sendCard()).toEqual({ kind: 'sent', code: 'buttons', messageId: 'c2' })
    expect(server.to(CARD)).toHaveLength(1)
  })

  test('to somebody who left says so', async () => {
    server.answer(CARD, { status: 400, body: { code: 'param.userIdNotExist', message: '' } })
    expect(await sendCard()).toMatchObject({ kind: 'refused', personGone: true })
  })

  test('without the permission goes as a link, names the scope, and is a card again ten minutes later', async () => {
    server.answer(CARD, {
      status: 403,
      body: {
        code: 'Forbidden.AccessDenied.AccessTokenPermissionDenied',
        message: 'no',
        requestid: 'r1',
        accessdenieddetail: { requiredScopes: ['Card.Instance.Write'] },
      },
    })
    expect(await sendCard()).toEqual({ kind: 'sent', code: 'link', messageId: 'pqk' })
    const [{ body }] = server.to(BATCH) as [ReturnType<Server['to']>[0]]
    expect(body).toMatchObject({ robotCode: 'dingapp', userIds: ['li'], msgKey: 'sampleActionCard' })
    const { singleURL, text } = JSON.parse(body.msgParam)
    expect(singleURL).toBe(
      `dingtalk://dingtalkclient/page/link?url=${encodeURIComponent('https://bot.example.com/h5/score?week=48&via=dingtalk')}&pc_slide=true`,
    )
    expect(text).toContain('赵一')
    expect(running.bot.status().problem).toContain('Card.Instance.Write')

    running.clock.set('2026-11-25T09:09:59+08:00')
    await sendCard()
    expect(server.to(CARD)).toHaveLength(1)
    server.usual(CARD)
    running.clock.set('2026-11-25T09:10:00+08:00')
    expect(await sendCard()).toMatchObject({ code: 'buttons' })
    expect(running.bot.status()).toEqual({ ok: true })
  })

  test.each(['param.templateNotExist', 'param.templateUnpublished'])(
    'whose template is gone (%s) goes as a link',
    async (code) => {
      server.answer(CARD, { status: 400, body: { code, message: code } })
      expect(await sendCard()).toMatchObject({ kind: 'sent', code: 'link' })
      expect(running.bot.status().ok).toBe(false)
    },
  )
})

test('a card whose form template is gone goes with buttons where it can, else as a link', async () => {
  const form = startBot(server, { formTemplateId: 'form.schema' })
  server.answer(CARD, ({ body }) =>
    body.cardTemplateId === 'form.schema'
      ? { status: 400, body: { code: 'param.templateUnpublished', message: '' } }
      : undefined,
  )
  const asking = (multiple: boolean): Card => ({
    title: '问卷',
    input: { kind: 'choice', id: 'taste', multiple, options: [{ id: 'a', text: '甲' }] },
    buttons: [{ text: '提交', action: 'submit' }],
  })
  const send = (id: string, one: Card) => form.bot.send({ id, userId: 'li', message: { kind: 'card', card: one } })
  expect(await send('a', asking(false))).toMatchObject({ kind: 'sent', code: 'buttons' })
  expect(await send('b', asking(true))).toMatchObject({ kind: 'sent', code: 'link' })
  expect(form.bot.status().problem).toContain('表单卡片')
  expect(server.to(CARD).map(({ body }) => body.outTrackId)).toEqual(['a', 'a'])
  await form.bot.stop()
})

test('a card that nobody could answer is refused, with what to set up', async () => {
  const input = { kind: 'choice' as const, id: 'x', multiple: true, options: [{ id: 'a', text: '甲' }] }
  const result = await sendCard({ title: '问卷', input, buttons: [{ text: '提交', action: 'submit' }] })
  expect(result).toMatchObject({ kind: 'refused', advice: expect.stringContaining('DINGTALK_FORM_TEMPLATE_ID') })
  expect(server.asked).toHaveLength(0)
})

describe('a change of a card', () => {
  const PUT = '/v1.0/card/instances'
  const update = (one: Card, code?: string) =>
    running.bot.update({ id: 'score-w48', card: one, for: 'all', ...(code && { code }) })

  test('names what it changes by key and repeats flowStatus', async () => {
    expect(await update({ title: '第48周评分', closed: '已由李二评定' })).toEqual({ kind: 'sent', code: 'buttons' })
    const [{ body, method }] = server.to(PUT) as [ReturnType<Server['to']>[0]]
    expect(method).toBe('PUT')
    expect(body.cardUpdateOptions).toEqual({ updateCardDataByKey: true })
    expect(body.cardData.cardParamMap).toMatchObject({ flowStatus: '3', staticMsgContent: '> 已由李二评定' })
    expect(JSON.parse(body.cardData.cardParamMap.sys_full_json_obj).msgButtons).toEqual([])
  })

  test('that is unknown to the platform is expired', async () => {
    server.answer(PUT, { status: 400, body: { code: 'param.cardNotExist', message: '' } })
    expect(await update(card)).toEqual({ kind: 'expired' })
  })

  test('from a link, or between form and buttons, needs a new message', async () => {
    const form = startBot(server, { formTemplateId: 'form.schema' })
    const asking: Card = {
      title: '问卷',
      input: { kind: 'choice', id: 'taste', multiple: true, options: [{ id: 'a', text: '甲' }] },
      buttons: [{ text: '提交', action: 'submit' }],
    }
    const id = 'q'
    const sent = await form.bot.send({ id, userId: 'li', message: { kind: 'card', card: asking } })
    expect(sent).toMatchObject({ kind: 'sent', code: 'form' })
    expect(server.to(CARD)[0]!.body.cardTemplateId).toBe('form.schema')
    expect(await form.bot.update({ id, for: 'all', card, code: 'form' })).toEqual({ kind: 'expired' })
    expect(await form.bot.update({ id, for: 'all', card: asking, code: 'buttons' })).toEqual({ kind: 'expired' })
    expect(await form.bot.update({ id, for: 'all', card, code: 'link' })).toEqual({ kind: 'expired' })
    expect(server.to(PUT)).toHaveLength(0)
    expect(await form.bot.update({ id, for: 'all', card: { title: '问卷', closed: '已提交' } })).toMatchObject({
      kind: 'sent',
    })
    expect(server.to(PUT)[0]!.body.cardData.cardParamMap).toMatchObject({
      form_status: 'disabled',
      form_btn_text: '已提交',
    })
    await form.bot.stop()
  })
})

describe('a text', () => {
  test('is a robot message whose parameters are a JSON string', async () => {
    expect(await sendText('周计划已收到')).toEqual({ kind: 'sent', messageId: 'pqk' })
    expect(server.to(BATCH)[0]!.body).toEqual({
      robotCode: 'dingapp',
      userIds: ['li'],
      msgKey: 'sampleText',
      msgParam: '{"content":"周计划已收到"}',
    })
  })

  test('that is long goes in parts, and a second try sends only what is missing', async () => {
    const lines = Array.from({ length: 300 }, (_, n) => `${n} ${'绩'.repeat(20)}`)
    server.answer(BATCH, (_, n) =>
      n === 2 ? { status: 403, body: { code: 'send.too.fast', message: '' } } : undefined,
    )
    expect(await sendText(lines.join('\n'))).toMatchObject({ kind: 'later' })
    expect(await sendText(lines.join('\n'))).toMatchObject({ kind: 'sent' })
    const contents = server.to(BATCH).map(({ body }) => JSON.parse(body.msgParam).content as string)
    contents.splice(1, 1)
    expect(contents.join('\n')).toBe(lines.join('\n'))
    for (const content of contents) expect(Buffer.byteLength(JSON.stringify({ content }))).toBeLessThan(15_000)
  })

  test('to somebody whom the platform skipped is not sent', async () => {
    server.answer(BATCH, { body: { processQueryKey: 'k', invalidStaffIdList: ['li'], flowControlledStaffIdList: [] } })
    expect(await sendText('x')).toMatchObject({ kind: 'refused', personGone: true })
    server.answer(BATCH, { body: { processQueryKey: 'k', invalidStaffIdList: [], flowControlledStaffIdList: ['li'] } })
    expect(await sendText('x')).toMatchObject({ kind: 'later' })
  })
})

describe('a failure', () => {
  test('of the token is mended once: new token, one more try', async () => {
    await sendText('first')
    server.answer(BATCH, ({ headers }) =>
      headers['x-acs-dingtalk-access-token'] === 'token-secret-1'
        ? { status: 400, body: { code: 'InvalidAuthentication', message: '不合法的access_token' } }
        : undefined,
    )
    expect(await sendText('second')).toMatchObject({ kind: 'sent' })
    expect(server.to(TOKEN)).toHaveLength(2)
  })

  test('of every token ends after the second try', async () => {
    server.answer(BATCH, { status: 401, body: { code: 'whatever', message: 'token-secret-1 is bad' } })
    const result = await sendText('x')
    expect(server.to(BATCH)).toHaveLength(2)
    expect(server.to(TOKEN)).toHaveLength(2)
    expect(JSON.stringify([result, running.logged])).not.toMatch(/token-secret|app-secret/)
  })

  test('to get a token is told without the secret', async () => {
    server.answer(TOKEN, { status: 400, body: { code: 'invalidClientIdOrSecret', message: 'bad app-secret-7f3a' } })
    const result = await sendText('x')
    expect(result).toMatchObject({ kind: 'refused', advice: expect.stringContaining('Client Secret') })
    expect(running.bot.status().ok).toBe(false)
    expect(JSON.stringify([result, running.logged, running.bot.status()])).not.toMatch(/app-secret/)
  })

  test.each([
    [403, { code: 'Forbidden.AccessDenied.QpsLimitForAppkeyAndApi', message: '' }, 'later'],
    [403, { code: 'Forbidden.AccessDenied.ApiCountLimitForOrg', message: '' }, 'refused'],
    [403, { Code: 'Forbidden.AccessDenied.IpNotInWhiteList', Message: '', RequestId: 'r' }, 'refused'],
    [429, { code: 'system.busy', message: '' }, 'later'],
    [500, { code: 'unknownError', message: '' }, 'unknown'],
    [400, { code: 'invalidParameter.msgParam.invalid', message: '' }, 'refused'],
    [400, { code: 'staffId.notExisted', message: '' }, 'refused'],
    [418, { code: 'never seen', message: '' }, 'refused'],
    [200, '<html>blocked</html>', 'later'],
    [200, { status: 1111, wait: 5, source: 'x5', punish: 'deny', uuid: 'u' }, 'later'],
    [502, '<html>bad gateway</html>', 'unknown'],
    [200, '', 'unknown'],
    [200, '[]', 'unknown'],
  ])('HTTP %i %j is: %s', async (status, body, kind) => {
    server.answer(BATCH, { status, body })
    const result = await sendText('x')
    expect(result.kind).toBe(kind)
    if (result.kind === 'refused') expect(result.advice).not.toBe('')
  })

  test('without an answer is unknown, one that never arrived is for later', async () => {
    const quick = startBot(server, {}, { times: { timeoutMs: 40 } })
    const send = () => quick.bot.send({ id: 't', userId: 'li', message: { kind: 'text', text: 'x' } })
    server.answer(BATCH, { body: {}, hangUp: true })
    expect(await send()).toMatchObject({ kind: 'unknown' })
    server.answer(BATCH, { body: {}, afterMs: 200 })
    expect(await send()).toMatchObject({ kind: 'unknown' })
    await quick.bot.stop()
    const nowhere = startBot({ base: 'http://127.0.0.1:9' })
    expect(await nowhere.bot.send({ id: 't', userId: 'li', message: { kind: 'text', text: 'x' } })).toMatchObject({
      kind: 'later',
    })
    await nowhere.bot.stop()
  })
})

test('fifty sends at once ask for one token', async () => {
  server.answer(TOKEN, { body: { accessToken: 'token-secret-x', expireIn: 7200 }, afterMs: 10 })
  await Promise.all(
    Array.from({ length: 15 }, (_, n) =>
      running.bot.send({ id: `${n}`, userId: 'li', message: { kind: 'text', text: 'x' } }),
    ),
  )
  expect(server.to(TOKEN)).toHaveLength(1)
})

test('the token is renewed ten minutes before its end', async () => {
  await sendText('x')
  running.clock.set('2026-11-25T10:49:59+08:00')
  await sendText('x')
  expect(server.to(TOKEN)).toHaveLength(1)
  running.clock.set('2026-11-25T10:50:00+08:00')
  await sendText('x')
  expect(server.to(TOKEN)).toHaveLength(2)
})

describe('an answer in a group', () => {
  const chat = (until: string) => ({
    kind: 'group' as const,
    groupId: 'cid==',
    replyUrl: `${server.base}/robot/sendBySession?session=session-secret`,
    replyUntil: new Date(until),
  })
  const HOOK = '/robot/sendBySession'
  const GROUP = '/v1.0/robot/groupMessages/send'

  test('takes the session webhook while it lasts, the robot afterwards', async () => {
    expect(await running.bot.reply(chat('2026-11-25T09:00:10+08:00'), 'e1', '收到')).toEqual({ kind: 'sent' })
    expect(server.to(HOOK)[0]!.body).toEqual({ msgtype: 'text', text: { content: '收到' } })
    expect(await running.bot.reply(chat('2026-11-25T09:00:09+08:00'), 'e1', '收到')).toMatchObject({ kind: 'sent' })
    expect(server.to(HOOK)).toHaveLength(1)
    expect(server.to(GROUP)[0]!.body).toMatchObject({
      openConversationId: 'cid==',
      robotCode: 'dingapp',
      msgKey: 'sampleText',
    })
  })

  test('falls back to the robot when the session has ended early', async () => {
    server.answer(HOOK, { body: { errcode: 300001, errmsg: 'session.expired session-secret' } })
    expect(await running.bot.reply(chat('2026-11-25T10:00:00+08:00'), 'e1', 'x')).toMatchObject({ kind: 'sent' })
    expect(server.to(GROUP)).toHaveLength(1)
    expect(running.logged.join()).not.toContain('session-secret')
  })

  test('is never sent to an address that is not the platform’s', async () => {
    for (const replyUrl of [
      'http://169.254.169.254/x',
      'https://dingtalk.com.evil.example/',
      'https://evil-dingtalk.com/',
      'file:///x',
      'x',
    ])
      await running.bot.reply({ ...chat('2026-11-25T10:00:00+08:00'), replyUrl }, 'e1', 'x')
    expect(server.to(GROUP)).toHaveLength(5)
  })
})

describe('the monthly meter', () => {
  test('counts sends and changes, not tokens, contacts or what was throttled', async () => {
    const counted: [string, number][] = []
    const metered = startBot(
      server,
      {},
      {
        quota: { initial: { month: '2026-11', used: 78 }, limit: 100, onCount: (month, n) => counted.push([month, n]) },
      },
    )
    await metered.start()
    const send = () => metered.bot.send({ id: 'a', userId: 'li', message: { kind: 'text', text: 'x' } })
    await send()
    expect(metered.bot.quota()).toEqual({ month: '2026-11', used: 79, limit: 100 })
    expect(metered.received).toEqual([])
    await metered.bot.update({ id: 'c', card, for: 'all' })
    expect(metered.received).toMatchObject([{ type: 'notice', what: 'dingtalk-quota-80' }])
    await metered.bot.login('code')
    server.answer(BATCH, { status: 403, body: { code: 'Forbidden.AccessDenied.QpsLimitForApi', message: '' } })
    await send()
    expect(counted).toEqual([
      ['2026-11', 1],
      ['2026-11', 1],
    ])
    server.answer(BATCH, { status: 403, body: { code: 'Forbidden.AccessDenied.ApiCountLimitForOrg', message: '' } })
    expect(await send()).toMatchObject({ kind: 'refused', advice: expect.stringContaining('资源管理') })
    expect(metered.received.at(-1)).toMatchObject({ what: 'dingtalk-quota-gone' })
    metered.clock.set('2026-12-01T00:00:00+08:00')
    expect(metered.bot.quota()).toMatchObject({ month: '2026-12', used: 0 })
    await metered.bot.stop()
  })
})
