import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { decryptEvent, encryptEvent, eventSignature, robotSignature } from '../sandbox/dingtalk/crypto.ts'
import { type DingtalkStandIn, startDingtalkStandIn } from '../sandbox/dingtalk/stand-in.ts'
import { AI_CARD_TEMPLATE } from '../sandbox/dingtalk/templates.ts'
import { standingClock } from './clock.ts'

const app = { corpId: 'dingcorp', clientId: 'dingapp', clientSecret: 'secret', agentId: '77' }
const people = [
  {
    userId: 'zhao',
    name: '赵敏',
    departments: ['行政部'],
    title: '行政人事助理',
    hiredOn: '2022-03-01',
    jobNumber: '0003',
  },
  { userId: 'li', name: '李静', departments: ['行政部'], title: '行政经理', leader: true },
]
const groups = [{ groupId: 'cidgroup==', name: '行政群', members: ['zhao', 'li'] }]

let clock: ReturnType<typeof standingClock>
let ding: DingtalkStandIn
const sockets: WebSocket[] = []
beforeEach(async () => {
  clock = standingClock('2026-11-27T16:00:00+08:00')
  ding = await startDingtalkStandIn({
    clock,
    ...app,
    people,
    groups,
    redeliverAfterMs: 30,
    deadlines: { ackMs: 40, clickMs: 40, eventRetryMs: [10, 10], closeAfterDisconnectMs: 20 },
    variants: { numbersAsStrings: 0 },
  })
})
afterEach(async () => {
  for (const s of sockets.splice(0)) s.terminate()
  await ding.stop()
})

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked at field by field
type Answer = { status: number; body: Record<string, any> }
async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const r = await fetch(ding.apiBase + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await r.text()
  return { status: r.status, body: text.startsWith('{') ? JSON.parse(text) : { text } }
}
const token = async () =>
  (await call('POST', '/v1.0/oauth2/accessToken', { appKey: app.clientId, appSecret: app.clientSecret })).body
    .accessToken as string
const api = async (method: string, path: string, body: unknown) =>
  call(method, path, body, { 'x-acs-dingtalk-access-token': await token() })
const oapi = async (path: string, body: unknown) => call('POST', `${path}?access_token=${await token()}`, body)

interface Frame {
  type: string
  headers: Record<string, string>
  data: string
}

/** A bare Stream client; `answer` decides what is acknowledged. */
async function stream(topics: [string, string][], answer: (frame: Frame) => unknown = () => ({ response: null })) {
  const open = await call(
    'POST',
    '/v1.0/gateway/connections/open',
    {
      clientId: app.clientId,
      clientSecret: app.clientSecret,
      subscriptions: topics.map(([type, topic]) => ({ type, topic })),
    },
    { accept: 'application/json' },
  )
  const frames: Frame[] = []
  const socket = new WebSocket(`${open.body.endpoint}?ticket=${encodeURIComponent(open.body.ticket)}`)
  sockets.push(socket)
  await new Promise((done, failed) => socket.once('open', done).once('error', failed))
  socket.on('message', (raw) => {
    const frame = JSON.parse(String(raw)) as Frame
    frames.push(frame)
    const data = answer(frame)
    if (data !== undefined)
      socket.send(
        JSON.stringify({
          code: 200,
          message: 'OK',
          headers: { messageId: frame.headers.messageId, contentType: 'application/json' },
          data: JSON.stringify(data),
        }),
      )
  })
  return { frames, socket, ticket: open.body.ticket as string, endpoint: open.body.endpoint as string }
}
const ROBOT: [string, string] = ['CALLBACK', '/v1.0/im/bot/messages/get']
const CARD: [string, string] = ['CALLBACK', '/v1.0/card/instances/callback']
const EVENTS: [string, string] = ['EVENT', '*']

const card = (more: Record<string, unknown> = {}) => ({
  cardTemplateId: AI_CARD_TEMPLATE,
  outTrackId: 't1',
  callbackType: 'STREAM',
  userIdType: 1,
  openSpaceId: 'dtv1.card//IM_ROBOT.zhao',
  imRobotOpenSpaceModel: { supportForward: false },
  imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT', robotCode: app.clientId },
  cardData: {
    cardParamMap: {
      flowStatus: '3',
      msgTitle: '本周总结',
      staticMsgContent: '请确认',
      sys_full_json_obj: JSON.stringify({
        order: ['msgTitle', 'staticMsgContent', 'msgButtons'],
        msgButtons: [{ text: '确认', color: 'blue', id: 'ok', request: true }],
      }),
    },
  },
  ...more,
})

describe('crypto', () => {
  test('the published vectors of encrypted events come out', () => {
    expect(
      eventSignature(
        '123456',
        '1614767836',
        'A7Co0cJLMzIDtMMI',
        'YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA==',
      ),
    ).toBe('9a95a004dd16f5c307e849b994173f76aa26e5eb')
    const keys = {
      token: '123456',
      aesKey: '1234567890123456789012345678901234567890123',
      ownerKey: 'dingsnotzck6pm5veliw',
    }
    expect(
      decryptEvent(
        keys.aesKey,
        'YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA==',
      ),
    ).toEqual({ message: 'success', ownerKey: 'dingsnotzck6pm5veliw' })
    expect(encryptEvent(keys, 'success', 'dICkEDLj0eb6yAbc')).toBe(
      'YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA==',
    )
  })
  test('the robot signature is the published one', () => {
    expect(robotSignature('1577262236757', 'this is a secret')).toBe('DJrE6qdyVGCQz9z5r2MDuNcNAhwYnuAkyj13cx169CA=')
  })
})

describe('tokens', () => {
  test('the same token inside its life of two hours, refused a second after', async () => {
    const first = await token()
    clock.set('2026-11-27T17:59:59+08:00')
    expect(await token()).toBe(first)
    clock.set('2026-11-27T19:59:59+08:00')
    const at = (t: string) => call('POST', '/v1.0/oauth2/jsapiTickets', {}, { 'x-acs-dingtalk-access-token': t })
    expect(await at(first)).toMatchObject({ status: 400, body: { code: 'InvalidAuthentication' } })
  })
  test('the header counts on one host, the query on the other, never the other way round', async () => {
    const t = await token()
    expect((await call('POST', `/v1.0/oauth2/jsapiTickets?access_token=${t}`, {})).body.code).toBe(
      'InvalidAuthentication',
    )
    expect(
      (await call('POST', '/topapi/v2/user/get', { userid: 'zhao' }, { 'x-acs-dingtalk-access-token': t })).body
        .errcode,
    ).toBe(41001)
    expect((await call('POST', '/topapi/v2/user/get?access_token=nonsense', { userid: 'zhao' })).body.errcode).toBe(
      40014,
    )
  })
  test('wrong credentials are refused in each of the three ways', async () => {
    expect(await call('POST', '/v1.0/oauth2/accessToken', { appKey: app.clientId, appSecret: 'x' })).toMatchObject({
      status: 400,
      body: { code: 'invalidClientIdOrSecret' },
    })
    expect((await call('GET', '/gettoken?appkey=dingapp&appsecret=x')).body.errcode).toBe(40089)
    expect(
      (
        await call('POST', '/v1.0/oauth2/dingcorp/token', {
          client_id: 'a',
          client_secret: 'b',
          grant_type: 'client_credentials',
        })
      ).body.code,
    ).toBe('invalid.client')
  })
})

describe('cards', () => {
  test.each([
    ['no template', { cardTemplateId: '' }, 'param.cardTemplateIdEmpty'],
    ['an unknown template', { cardTemplateId: 'x.schema' }, 'param.templateNotExist'],
    ['no outTrackId', { outTrackId: '' }, 'param.outTrackIdEmpty'],
    ['an outTrackId of 101 characters', { outTrackId: 'x'.repeat(101) }, 'param.invalid'],
    ['no data', { cardData: {} }, 'param.cardPublicDataEmpty'],
    ['a number in the data', { cardData: { cardParamMap: { flowStatus: 3 } } }, 'MissingStringValue'],
    ['no space', { openSpaceId: '' }, 'param.openSpaceIdEmpty'],
    ['a space in lower case', { openSpaceId: 'dtv1.card//im_robot.zhao' }, 'param.openSpaceIdInvalid'],
    [
      'a deliver model of another space',
      { openSpaceId: 'dtv1.card//IM_GROUP.cidgroup==' },
      'param.openDeliverModelError',
    ],
    ['no deliver model', { imRobotOpenDeliverModel: undefined }, 'param.openDeliverModelEmpty'],
    ['no supportForward', { imRobotOpenSpaceModel: {} }, 'param.openSpaceModelInvalid'],
    ['callbackType in lower case', { callbackType: 'stream' }, 'param.invalid'],
  ])('%s is refused', async (_what, more, code) => {
    expect(await api('POST', '/v1.0/card/instances/createAndDeliver', card(more))).toMatchObject({
      status: 400,
      body: { code },
    })
    expect(ding.chat('zhao')).toEqual([])
  })

  test('an outTrackId is good for one card', async () => {
    expect((await api('POST', '/v1.0/card/instances/createAndDeliver', card())).status).toBe(200)
    expect((await api('POST', '/v1.0/card/instances/createAndDeliver', card())).body.code).toBe(
      'param.cardAlreadyExist',
    )
    expect(ding.chat('zhao')).toHaveLength(1)
  })

  test('a failed space hides inside a success', async () => {
    const answer = await api(
      'POST',
      '/v1.0/card/instances/createAndDeliver',
      card({ openSpaceId: 'dtv1.card//IM_ROBOT.nobody' }),
    )
    expect(answer).toMatchObject({
      status: 200,
      body: { success: true, result: { deliverResults: [{ success: false, errorMsg: 'spaceId is illegal' }] } },
    })
  })

  test('an update replaces the whole map, and an AI card without flowStatus shows nothing', async () => {
    await api('POST', '/v1.0/card/instances/createAndDeliver', card())
    await api('PUT', '/v1.0/card/instances', {
      outTrackId: 't1',
      cardData: { cardParamMap: { staticMsgContent: '已确认' } },
      cardUpdateOptions: { updateCardDataByKey: true },
    })
    expect(ding.chat('zhao')[0]!.card).toMatchObject({ title: '本周总结', text: '已确认' })
    await api('PUT', '/v1.0/card/instances', {
      outTrackId: 't1',
      cardData: { cardParamMap: { staticMsgContent: '空' } },
    })
    expect(ding.chat('zhao')[0]!.card).toMatchObject({ title: '', buttons: [] })
    expect(
      (await api('PUT', '/v1.0/card/instances', { outTrackId: 'none', cardData: { cardParamMap: { a: 'b' } } })).body
        .code,
    ).toBe('param.cardNotExist')
    expect((await api('PUT', '/v1.0/card/instances', { outTrackId: 't1' })).body.code).toBe(
      'param.cardDataAndPrivateDataBothEmpty',
    )
  })

  test('a click carries content and value as texts, and the answer changes the card for the clicker only', async () => {
    const { frames } = await stream([CARD], () => ({
      response: {
        cardUpdateOptions: { updateCardDataByKey: true },
        cardData: { cardParamMap: { msgTitle: '只有您看到' } },
      },
    }))
    await api(
      'POST',
      '/v1.0/card/instances/createAndDeliver',
      card({
        openSpaceId: 'dtv1.card//IM_GROUP.cidgroup==',
        imRobotOpenSpaceModel: undefined,
        imRobotOpenDeliverModel: undefined,
        imGroupOpenSpaceModel: { supportForward: false },
        imGroupOpenDeliverModel: { robotCode: app.clientId },
      }),
    )
    const [message] = ding.groupChat('cidgroup==')
    await ding.tap('zhao', message!.id, 'ok')
    const data = JSON.parse(frames[0]!.data)
    expect(typeof frames[0]!.data).toBe('string')
    expect(data).toMatchObject({ type: 'actionCallback', outTrackId: 't1', userId: 'zhao', spaceType: 'im' })
    expect(data.content).toBe(data.value)
    expect(JSON.parse(data.content).cardPrivateData.params).toMatchObject({ id: 'ok', text: '确认' })
    expect(ding.groupChat('cidgroup==', 'zhao')[0]!.card!.title).toBe('只有您看到')
    expect(ding.groupChat('cidgroup==', 'li')[0]!.card!.title).toBe('本周总结')
  })

  test('a click that is not answered in time fails, and without callbackType none is made', async () => {
    const { frames } = await stream([CARD], () => undefined)
    await api('POST', '/v1.0/card/instances/createAndDeliver', card())
    await ding.tap('zhao', ding.chat('zhao')[0]!.id, 'ok')
    expect(ding.toasts('zhao')).toHaveLength(1)
    await api('POST', '/v1.0/card/instances/createAndDeliver', card({ outTrackId: 't2', callbackType: undefined }))
    await ding.tap('zhao', ding.chat('zhao')[1]!.id, 'ok')
    expect(frames).toHaveLength(1)
  })
})

describe('robot', () => {
  const send = (more: Record<string, unknown> = {}) =>
    api('POST', '/v1.0/robot/oToMessages/batchSend', {
      robotCode: app.clientId,
      userIds: ['zhao'],
      msgKey: 'sampleText',
      msgParam: JSON.stringify({ content: '你好' }),
      ...more,
    })

  test.each([
    ['no robotCode', { robotCode: '' }, 'invalidParameter.robotCode.empty'],
    ['another robotCode', { robotCode: 'x' }, 'invalidParameter.robotCode.notExsit'],
    ['nobody', { userIds: [] }, 'invalidParameter.userIds.empty'],
    ['21 people', { userIds: Array.from({ length: 21 }, (_, i) => `u${i}`) }, 'invalidParameter.userIds.overMax'],
    ['an unknown msgKey', { msgKey: 'sampleDance' }, 'invalidParameter.msgKey.invalid'],
    ['msgParam as an object', { msgParam: { content: 'x' } }, 'invalidParameter.msgParam.invalid'],
    ['msgParam that is no JSON', { msgParam: 'x' }, 'invalidParameter.msgParam.invalid'],
    ['msgParam without its field', { msgParam: '{}' }, 'invalidParameter.msgParam.invalid'],
  ])('a message with %s is refused', async (_what, more, code) => {
    expect(await send(more)).toMatchObject({ status: 400, body: { code } })
  })

  test('who does not exist and who is held back are named in the answer', async () => {
    ding.faults.flowControlled.add('li')
    expect((await send({ userIds: ['zhao', 'li', 'nobody'] })).body).toMatchObject({
      invalidStaffIdList: ['nobody'],
      flowControlledStaffIdList: ['li'],
    })
    expect([ding.chat('zhao').length, ding.chat('li').length]).toEqual([1, 0])
  })

  test('a group message has at most 15,000 bytes', async () => {
    const group = (content: string) =>
      api('POST', '/v1.0/robot/groupMessages/send', {
        robotCode: app.clientId,
        openConversationId: 'cidgroup==',
        msgKey: 'sampleText',
        msgParam: JSON.stringify({ content }),
      })
    const frame = JSON.stringify({ content: '' }).length
    expect((await group('x'.repeat(15_000 - frame))).status).toBe(200)
    expect((await group('x'.repeat(15_001 - frame))).body.code).toBe('invalidParameter.msgParam.tooLong')
  })

  test('twenty calls a second of one kind, the twenty-first is refused', async () => {
    const t = await token()
    const once = () =>
      call(
        'POST',
        '/v1.0/robot/oToMessages/batchSend',
        { robotCode: app.clientId, userIds: ['zhao'], msgKey: 'sampleText', msgParam: '{"content":"x"}' },
        { 'x-acs-dingtalk-access-token': t },
      )
    const answers = await Promise.all(Array.from({ length: 21 }, once))
    expect(answers.filter((a) => a.status === 200)).toHaveLength(20)
    expect(answers.find((a) => a.status === 403)?.body.code).toBe('Forbidden.AccessDenied.QpsLimitForAppkeyAndApi')
  })
})

describe('stream', () => {
  test('needs Accept JSON and known credentials; a ticket is good once and for 90 seconds', async () => {
    const body = {
      clientId: app.clientId,
      clientSecret: app.clientSecret,
      subscriptions: [{ type: 'CALLBACK', topic: ROBOT[1] }],
    }
    expect(
      (await call('POST', '/v1.0/gateway/connections/open', body, { accept: 'text/plain' })).body.endpoint,
    ).toBeUndefined()
    expect(
      (
        await call(
          'POST',
          '/v1.0/gateway/connections/open',
          { ...body, clientSecret: 'x' },
          { accept: 'application/json' },
        )
      ).status,
    ).toBe(400)
    const { ticket, endpoint } = await stream([ROBOT])
    const refused = (t: string) =>
      new Promise<boolean>((resolve) => {
        const socket = new WebSocket(`${endpoint}?ticket=${t}`)
        socket.once('open', () => resolve(false)).once('error', () => resolve(true))
        sockets.push(socket)
      })
    expect(await refused(ticket)).toBe(true)
    const fresh = await call('POST', '/v1.0/gateway/connections/open', body, { accept: 'application/json' })
    clock.set('2026-11-27T16:01:31+08:00')
    expect(await refused(fresh.body.ticket)).toBe(true)
  })

  test('a robot message that is not acknowledged comes again, an acknowledged one does not', async () => {
    let acknowledge = false
    const { frames } = await stream([ROBOT], () => (acknowledge ? { response: null } : undefined))
    await ding.type('zhao', '你好')
    expect(frames).toHaveLength(2)
    expect(JSON.parse(frames[0]!.data).msgId).toBe(JSON.parse(frames[1]!.data).msgId)
    acknowledge = true
    await ding.type('zhao', '再见')
    expect(frames).toHaveLength(3)
    expect(JSON.parse(frames[2]!.data)).toMatchObject({
      msgtype: 'text',
      text: { content: '再见' },
      senderStaffId: 'zhao',
      conversationType: '1',
    })
  })

  test('only subscribed topics are pushed; events come twice more when they fail', async () => {
    const robot = await stream([ROBOT])
    const events = await stream([EVENTS], () => undefined)
    await ding.join({ userId: 'sun', name: '孙立', departments: ['车队'], title: '司机' })
    expect(robot.frames).toEqual([])
    const added = events.frames.filter((f) => f.headers.eventType === 'user_add_org')
    expect(added).toHaveLength(3)
    expect(JSON.parse(added[0]!.data)).toMatchObject({ userId: ['sun'] })
  })

  test('a ping wants its data back, a disconnect is followed by the end', async () => {
    const { socket } = await stream([ROBOT], (f) =>
      f.headers.topic === 'ping' ? JSON.parse(f.data) : { response: null },
    )
    expect(await ding.ping()).toBe(true)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    ding.faults.disconnect()
    await closed
    await expect.poll(() => ding.streamClients()).toBe(0)
  })

  test('in a group only what mentions the robot arrives, with the blank the mention left', async () => {
    const { frames } = await stream([ROBOT])
    await ding.type('zhao', '中午吃什么', 'cidgroup==')
    expect(frames).toHaveLength(0)
    await ding.type('zhao', '@机器人 帮助', 'cidgroup==')
    expect(JSON.parse(frames[0]!.data)).toMatchObject({ conversationType: '2', text: { content: ' 帮助' } })
  })
})

describe('contacts and pages', () => {
  test('departments are walked from the top; leavers and strangers are refused', async () => {
    const subs = await oapi('/topapi/v2/department/listsub', { dept_id: 1 })
    expect(subs.body.result.map((d: { name: string }) => d.name)).toEqual(['行政部'])
    const list = await oapi('/topapi/v2/user/list', { dept_id: subs.body.result[0].dept_id, cursor: 0, size: 1 })
    expect(list.body.result).toMatchObject({
      has_more: true,
      next_cursor: 1,
      list: [{ userid: 'zhao', job_number: '0003', hired_date: Date.parse('2022-03-01T00:00:00+08:00') }],
    })
    expect((await oapi('/topapi/v2/user/list', { dept_id: 1, cursor: 0, size: 101 })).body.errcode).toBe(400002)
    expect((await oapi('/topapi/v2/department/listsub', { dept_id: 999 })).body.errcode).toBe(60003)
    await ding.leave('zhao')
    expect((await oapi('/topapi/v2/user/get', { userid: 'zhao' })).body.errcode).toBe(60121)
  })

  test('a missing permission is named', async () => {
    ding.faults.deniedScopes.add('qyapi_get_member')
    expect((await oapi('/topapi/v2/user/get', { userid: 'zhao' })).body).toMatchObject({
      errcode: 88,
      sub_code: '60011',
    })
    ding.faults.deniedScopes.add('Card.Instance.Write')
    const denied = await api('POST', '/v1.0/card/instances/createAndDeliver', card())
    expect(denied).toMatchObject({
      status: 403,
      body: { accessdenieddetail: { requiredScopes: ['Card.Instance.Write'] } },
    })
  })

  test('a login code is good once and for five minutes', async () => {
    const redeem = (code: string) => oapi('/topapi/v2/user/getuserinfo', { code })
    const code = ding.loginCode('zhao')
    expect((await redeem(code)).body.result.userid).toBe('zhao')
    expect((await redeem(code)).body.errcode).toBe(40078)
    const late = ding.loginCode('zhao')
    clock.set('2026-11-27T16:05:00+08:00')
    expect((await redeem(late)).body.errcode).toBe(40078)
  })

  test('the month’s quota ends with a refusal that is no throttle', async () => {
    ding.faults.apiQuotaGone = true
    expect(await api('POST', '/v1.0/card/instances/createAndDeliver', card())).toMatchObject({
      status: 403,
      body: { code: 'Forbidden.AccessDenied.ApiCountLimitForOrg' },
    })
    expect((await oapi('/topapi/v2/user/get', { userid: 'zhao' })).body.errcode).toBe(0)
  })
})
