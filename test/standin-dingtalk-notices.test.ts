import { afterEach, expect, test } from 'vitest'
import { robotSignature } from '../sandbox/dingtalk/crypto.ts'
import { bot, CLIENT_ID, GROUP, ROBOT, startWorld, stopAll } from './standin-dingtalk-client.ts'

afterEach(stopAll)

const NOTICE = '/topapi/message/corpconversation/asyncsend_v2'
const notice = (more: object = {}) => ({
  agent_id: 3001,
  userid_list: 'zhao,nobody',
  msg: { msgtype: 'text', text: { content: '请交周报' } },
  ...more,
})

test('a work notification of equal content is dropped in silence until the next day', async () => {
  const { standIn, clock } = await startWorld()
  const client = bot(standIn)
  const once = async () => (await client.oapi(NOTICE, notice())).body
  const result = async (task_id: number) =>
    (await client.oapi('/topapi/message/corpconversation/getsendresult', { agent_id: 3001, task_id })).body.send_result
  const first = await once()
  const second = await once()
  expect([first.errcode, second.errcode]).toEqual([0, 0])
  expect(await result(first.task_id)).toMatchObject({
    unread_user_id_list: ['zhao'],
    invalid_user_id_list: ['nobody'],
    forbidden_list: [],
  })
  expect((await result(second.task_id)).forbidden_list).toEqual([{ code: '143106', count: 1, userid: 'zhao' }])
  expect(standIn.chat('zhao')).toHaveLength(1)
  clock.set('2026-11-20T23:59:59+08:00')
  await client.oapi(NOTICE, notice())
  expect(standIn.chat('zhao')).toHaveLength(1)
  clock.set('2026-11-21T00:00:00+08:00')
  await bot(standIn).oapi(NOTICE, notice())
  expect(standIn.chat('zhao')).toHaveLength(2)
})

test('the 501st work notification of a day is dropped in silence', async () => {
  const { standIn } = await startWorld()
  standIn.limits.perSecond = 1_000
  const client = bot(standIn)
  for (let i = 0; i < 501; i++)
    await client.oapi(NOTICE, notice({ msg: { msgtype: 'text', text: { content: `第${i}条` } } }))
  expect(standIn.chat('zhao')).toHaveLength(500)
})

test.each([
  ['101 people', { userid_list: Array.from({ length: 101 }, (_, i) => `u${i}`).join(',') }],
  ['nobody', { userid_list: '' }],
  ['another agent', { agent_id: 1 }],
  ['a message of more than 2,048 bytes', { msg: { msgtype: 'text', text: { content: '字'.repeat(700) } } }],
  ['a message of no known kind', { msg: { msgtype: 'dance', dance: {} } }],
])('a work notification with %s is refused', async (_what, more) => {
  const { standIn } = await startWorld()
  expect((await bot(standIn).oapi(NOTICE, notice(more))).body.errcode).toBe(400002)
})

test('form fields do as well as JSON on the old host', async () => {
  const { standIn } = await startWorld()
  const client = bot(standIn)
  const form = new URLSearchParams({
    agent_id: '3001',
    userid_list: 'lin',
    msg: JSON.stringify({ msgtype: 'markdown', markdown: { title: '提醒', text: '**周报**' } }),
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  await client.send('POST', `${NOTICE}?access_token=${await client.token()}`, headers, form.toString())
  expect(standIn.chat('lin')).toMatchObject([{ kind: 'markdown', text: '**周报**' }])
})

test('an upload wants its type in the address and a file of that type', async () => {
  const { standIn } = await startWorld()
  const token = await bot(standIn).token()
  const upload = async (type: string, name: string, bytes = 3) => {
    const body = new FormData()
    body.set('type', type)
    body.set('media', new Blob([new Uint8Array(bytes)]), name)
    const address = `${standIn.oapiBase}/media/upload?access_token=${token}${type && `&type=${type}`}`
    return (await (await fetch(address, { method: 'POST', body })).json()) as { errcode: number; media_id?: string }
  }
  expect((await upload('file', '绩效.xlsx')).media_id).toMatch(/^@/)
  expect((await upload('', '绩效.xlsx')).errcode).toBe(40004)
  expect((await upload('file', '绩效.exe')).errcode).toBe(40005)
  expect((await upload('voice', 'a.amr', 2 * 1024 * 1024)).errcode).toBe(0)
  expect((await upload('voice', 'a.amr', 2 * 1024 * 1024 + 1)).errcode).toBe(40006)
  standIn.variants.imageBytes = 1024 * 1024
  expect((await upload('image', 'a.png', 1024 * 1024 + 1)).errcode).toBe(40006)
})

test('a conversation’s webhook answers into it, for 90 minutes', async () => {
  const { standIn, clock } = await startWorld()
  const client = bot(standIn)
  const stream = await client.connect()
  const typed = standIn.type('zhao', '@机器人 谁还没交', GROUP)
  const frame = await stream.next(ROBOT)
  stream.ack(frame, { response: null })
  await typed
  const { sessionWebhook, sessionWebhookExpiredTime, createAt } = JSON.parse(frame.data)
  expect(sessionWebhookExpiredTime - createAt).toBe(5_400_000)
  const path = sessionWebhook.slice(standIn.oapiBase.length)
  const answer = async (body: object) => (await client.send('POST', path, {}, body)).body.errcode
  clock.forward(5_400)
  expect(await answer({ msgtype: 'text', text: { content: '都交了' } })).toBe(0)
  expect(await answer({ msgtype: 'text', text: '都交了' })).toBe(40035)
  expect(standIn.groupChat(GROUP).map((m) => m.text)).toEqual(['@机器人 谁还没交', '都交了'])
  clock.forward(1)
  expect(await answer({ msgtype: 'text', text: { content: '晚了' } })).toBe(300001)
})

test('a custom robot checks its signature, its hour and 20 messages a minute', async () => {
  const { standIn, clock } = await startWorld()
  Object.assign(standIn.limits, { by: 'clock', perSecond: 100 })
  standIn.addCustomRobot({ token: 't', groupId: GROUP, secret: 'SECx' })
  const say = async (timestamp: number, secret = 'SECx') => {
    const sign = encodeURIComponent(robotSignature(String(timestamp), secret))
    const path = `/robot/send?access_token=t&timestamp=${timestamp}&sign=${sign}`
    const body = { msgtype: 'text', text: { content: '提醒' } }
    return (await bot(standIn).send('POST', path, {}, body)).body.errcode
  }
  const now = () => clock.now().getTime()
  expect(await say(now(), 'SECy')).toBe(310000)
  expect(await say(now() - 3_600_001)).toBe(310000)
  expect(await say(now() - 3_600_000)).toBe(0)
  for (let i = 0; i < 19; i++) expect(await say(now())).toBe(0)
  expect(await say(now())).toBe(410100)
  clock.forward(599)
  expect(await say(now())).toBe(410100)
  clock.forward(1)
  expect(await say(now())).toBe(0)
})

test('a message is recalled within a day, read when the chat is opened', async () => {
  const { standIn, clock } = await startWorld()
  const client = bot(standIn)
  const send = async () =>
    (
      await client.api('POST', '/v1.0/robot/oToMessages/batchSend', {
        robotCode: CLIENT_ID,
        userIds: ['zhao'],
        msgKey: 'sampleActionCard2',
        msgParam: JSON.stringify({
          title: '周报',
          text: '请填写',
          actionTitle1: '去填写',
          actionURL1: 'https://example.com/h5/1',
          actionTitle2: '以后',
          actionURL2: 'https://example.com/h5/2',
        }),
      })
    ).body.processQueryKey
  const key = await send()
  expect(standIn.chat('zhao')[0]!.card!.buttons.map((b) => [b.text, b.url, b.key])).toEqual([
    ['去填写', 'https://example.com/h5/1', undefined],
    ['以后', 'https://example.com/h5/2', undefined],
  ])
  await expect(standIn.tap('zhao', key, '去填写')).rejects.toThrow('no buttons that call back')
  const read = async () =>
    (await client.api('GET', `/v1.0/robot/oToMessages/readStatus?robotCode=${CLIENT_ID}&processQueryKey=${key}`)).body
      .messageReadInfoList[0].readStatus
  expect(await read()).toBe('UNREAD')
  await standIn.open('zhao')
  expect(await read()).toBe('READ')
  const recall = async (keys: string[]) =>
    (await client.api('POST', '/v1.0/robot/otoMessages/batchRecall', { robotCode: CLIENT_ID, processQueryKeys: keys }))
      .body
  expect(await recall([key, 'unknown'])).toMatchObject({
    successResult: [key],
    failedResult: { unknown: expect.any(String) },
  })
  expect(standIn.chat('zhao')[0]).toMatchObject({ recalled: true })
  expect(standIn.chat('zhao')[0]!.card).toBeUndefined()
  const late = await send()
  clock.forward(7_100)
  await client.token()
  for (let i = 0; i < 12; i++) {
    clock.forward(7_100)
    await client.token()
  }
  expect((await recall([late])).failedResult).toHaveProperty(late)
})

test('media of people are told by kind, and downloaded by a code', async () => {
  const { standIn } = await startWorld()
  const client = bot(standIn)
  const stream = await client.connect()
  const hear = async (media: 'image' | 'voice' | 'video' | 'file' | 'location') => {
    const sent = standIn.sendMedia('zhao', media)
    const frame = await stream.next(ROBOT)
    stream.ack(frame, { response: null })
    await sent
    return JSON.parse(frame.data)
  }
  const kinds = []
  for (const media of ['image', 'voice', 'video', 'file', 'location'] as const) kinds.push((await hear(media)).msgtype)
  expect(kinds).toEqual(['picture', 'audio', 'video', 'file', 'unknownMsgType'])
  const { content } = await hear('file')
  const { body } = await client.api('POST', '/v1.0/robot/messageFiles/download', {
    robotCode: CLIENT_ID,
    downloadCode: content.downloadCode,
  })
  expect(await (await fetch(body.downloadUrl)).text()).toBe('sandbox file')
  await standIn.sendMedia('zhao', 'voice', GROUP)
  expect(stream.frames).toEqual([])
})

test('a change of a person tells what changed, a change of a group who came', async () => {
  const { standIn } = await startWorld()
  const stream = await bot(standIn).connect()
  const event = async (act: Promise<void>) => {
    const frame = await stream.next('*')
    stream.ack(frame, { status: 'SUCCESS' })
    await act
    return { type: frame.headers.eventType, data: JSON.parse(frame.data) }
  }
  const zhao = { userId: 'zhao', name: '赵敏', departments: ['生产部', '一车间'], title: '操作工' }
  expect(await event(standIn.join({ ...zhao, jobNumber: '0007' }))).toMatchObject({
    type: 'user_modify_org',
    data: {
      userId: ['zhao'],
      diffInfo: { userid: 'zhao', prev: { managerUserid: 'lin' }, curr: { jobNumber: '0007' } },
    },
  })
  const added = await event(standIn.addToGroup(GROUP, ['qian']))
  expect(added).toMatchObject({
    type: 'chat_add_member',
    data: { openConversationId: GROUP, userId: ['qian'], timeStamp: expect.any(Number) },
  })
  expect((await event(standIn.removeFromGroup(GROUP, ['qian']))).type).toBe('chat_remove_member')
  expect((await event(standIn.disbandGroup(GROUP))).type).toBe('chat_disband')
  expect(standIn.groups()).toEqual([])
  expect(standIn.quotaUsed().webhook).toBe(3)
  expect((await event(standIn.leave('qian'))).data).toEqual({ timeStamp: expect.any(String), userId: ['qian'] })
})

test('what is out of the visible scope is refused, what has left is not found', async () => {
  const { standIn } = await startWorld()
  const client = bot(standIn)
  const subs = await client.oapi('/topapi/v2/department/listsub', {})
  const finance = subs.body.result.find((d: { name: string }) => d.name === '财务部').dept_id
  standIn.setVisible({ departmentIds: [finance], userIds: ['lin'] })
  const errcode = async (path: string, body: object) => (await client.oapi(path, body)).body.errcode
  expect(await errcode('/topapi/v2/user/get', { userid: 'qian' })).toBe(0)
  expect(await errcode('/topapi/v2/user/get', { userid: 'lin' })).toBe(0)
  expect(await errcode('/topapi/v2/user/get', { userid: 'zhao' })).toBe(50002)
  expect(await errcode('/topapi/v2/user/list', { dept_id: 1, cursor: 0, size: 100 })).toBe(50004)
  expect(await errcode('/topapi/v2/user/list', { dept_id: finance, cursor: 0, size: 101 })).toBe(400002)
  expect((await client.oapi('/auth/scopes', undefined, 'GET')).body.auth_org_scopes).toEqual({
    authed_dept: [finance],
    authed_user: ['lin'],
  })
})

test('a page’s signature is over the address without its fragment, the query decoded', async () => {
  const { standIn } = await startWorld()
  const { body } = await bot(standIn).api('POST', '/v1.0/oauth2/jsapiTickets', {})
  const url = 'https://bot.example.com/h5/week?name=%E8%B5%B5&back=/a?b=1#top'
  const text = `jsapi_ticket=${body.jsapiTicket}&noncestr=n&timestamp=1&url=https://bot.example.com/h5/week?name=赵&back=/a?b=1`
  const { createHash } = await import('node:crypto')
  const sign = (hash: string) => createHash(hash).update(text).digest('hex')
  const check = (signature: string) => standIn.checkJsSignature({ nonceStr: 'n', timeStamp: 1, url, signature })
  expect([check(sign('sha256')), check(sign('sha1'))]).toEqual([true, false])
  standIn.variants.sha1Signatures = true
  expect(check(sign('sha1'))).toBe(true)
})
