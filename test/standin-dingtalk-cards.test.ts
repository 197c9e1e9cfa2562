import { afterEach, expect, test } from 'vitest'
import { fillForm, readForm } from '../sandbox/dingtalk/forms.ts'
import type { DingtalkStandIn } from '../sandbox/dingtalk/stand-in.ts'
import {
  AI_TEMPLATE,
  bot,
  CARDS,
  CLIENT_ID,
  FORM_TEMPLATE,
  GROUP,
  impatient,
  startWorld,
  stopAll,
} from './standin-dingtalk-client.ts'

afterEach(stopAll)

const toPerson = (userId: string) => ({
  openSpaceId: `dtv1.card//IM_ROBOT.${userId}`,
  imRobotOpenSpaceModel: { supportForward: false },
  imRobotOpenDeliverModel: { spaceType: 'IM_ROBOT', robotCode: CLIENT_ID },
})
const toGroup = (more: object = {}) => ({
  openSpaceId: `dtv1.card//IM_GROUP.${GROUP}`,
  imGroupOpenSpaceModel: { supportForward: false },
  imGroupOpenDeliverModel: { robotCode: CLIENT_ID, ...more },
})
const aiCard = (more: object = {}) => ({
  cardTemplateId: AI_TEMPLATE,
  outTrackId: 'c1',
  callbackType: 'STREAM',
  cardData: {
    cardParamMap: {
      flowStatus: '3',
      msgTitle: '评分',
      staticMsgContent: '请打分',
      sys_full_json_obj: JSON.stringify({
        order: ['msgTitle', 'staticMsgContent', 'msgButtons'],
        msgButtons: [
          { text: '满分', color: 'blue', id: 'full', request: true },
          { text: '没有编号', color: 'gray', request: true },
          { text: '详情', color: 'gray', url: 'https://example.com/h5' },
        ],
      }),
    },
  },
  ...toPerson('zhao'),
  ...more,
})

async function withCard(more: object = {}, options: Parameters<typeof startWorld>[0] = {}) {
  const { standIn, clock } = await startWorld(options)
  const client = bot(standIn)
  const stream = await client.connect()
  await client.api('POST', '/v1.0/card/instances/createAndDeliver', aiCard(more))
  const put = (body: object) => client.api('PUT', '/v1.0/card/instances', { outTrackId: 'c1', ...body })
  const seen = (userId: string) => standIn.chat(userId)[0]!.card!
  return { standIn, clock, client, stream, put, seen }
}

const first = (standIn: DingtalkStandIn, userId = 'zhao') => standIn.chat(userId)[0]!.id

test('the AI card shows request buttons with an id and links; a request button without an id is dead', async () => {
  const { seen } = await withCard()
  expect(seen('zhao').buttons).toEqual([
    { key: 'full', text: '满分', style: 'primary', submit: false },
    { url: 'https://example.com/h5', text: '详情', style: 'plain', submit: false },
  ])
})

test('parts that the order leaves out are not drawn, nor is what is no JSON', async () => {
  const { put, seen } = await withCard()
  const order = JSON.stringify({ order: ['msgTitle'], msgButtons: [{ text: 'x', id: 'x', request: true }] })
  await put({
    cardData: { cardParamMap: { sys_full_json_obj: order } },
    cardUpdateOptions: { updateCardDataByKey: true },
  })
  expect(seen('zhao')).toMatchObject({ title: '评分', buttons: [] })
  expect(seen('zhao').text).toBeUndefined()
  await put({
    cardData: { cardParamMap: { sys_full_json_obj: '{"order":' } },
    cardUpdateOptions: { updateCardDataByKey: true },
  })
  expect(seen('zhao')).toMatchObject({ title: '评分', text: '请打分', buttons: [] })
})

test('a text of more than 3,000 characters makes the AI card blank', async () => {
  const { put, seen } = await withCard()
  const write = (staticMsgContent: string) =>
    put({ cardData: { cardParamMap: { staticMsgContent } }, cardUpdateOptions: { updateCardDataByKey: true } })
  await write('字'.repeat(3_000))
  expect(seen('zhao').title).toBe('评分')
  await write('字'.repeat(3_001))
  expect(seen('zhao')).toEqual({ title: '', facts: [], selects: [], buttons: [] })
})

test('an update by key keeps the rest; private data wins for its person', async () => {
  const { standIn, put, seen } = await withCard({
    ...toGroup(),
    openSpaceId: `dtv1.card//IM_GROUP.${GROUP};dtv1.card//IM_ROBOT.zhao`,
    ...{ privateData: { lin: { cardParamMap: { msgTitle: '给林涛' } } } },
  })
  expect(standIn.groupChat(GROUP, 'lin')[0]!.card!.title).toBe('给林涛')
  expect(standIn.groupChat(GROUP, 'zhao')[0]!.card!.title).toBe('评分')
  await put({ cardData: { cardParamMap: { msgTitle: '已改' } }, cardUpdateOptions: { updateCardDataByKey: true } })
  expect(seen('zhao')).toMatchObject({ title: '已改', text: '请打分' })
  expect(standIn.groupChat(GROUP, 'lin')[0]!.card!.title).toBe('给林涛')
})

test.each([
  ['nothing to change', { cardData: { cardParamMap: {} } }, 'param.cardDataAndPrivateDataBothEmpty'],
  ['an unknown card', { outTrackId: 'c2', cardData: { cardParamMap: { a: 'b' } } }, 'param.cardNotExist'],
  ['no card', { outTrackId: '', cardData: { cardParamMap: { a: 'b' } } }, 'param.outTrackIdEmpty'],
  ['a number', { cardData: { cardParamMap: { a: 1 } } }, 'MissingStringValue'],
  ['an unknown person', { privateData: { nobody: { cardParamMap: { a: 'b' } } } }, 'param.userIdNotExist'],
  ['a private number', { privateData: { zhao: { cardParamMap: { a: true } } } }, 'MissingStringValue'],
  ['a userIdType 3', { userIdType: 3, cardData: { cardParamMap: { a: 'b' } } }, 'param.invalid'],
])('an update with %s is refused', async (_what, body, code) => {
  const { put, seen } = await withCard()
  expect(await put(body)).toMatchObject({ status: 400, body: { code } })
  expect(seen('zhao').title).toBe('评分')
})

test.each([
  ['a model of another space', { imGroupOpenDeliverModel: { robotCode: CLIENT_ID } }, 'param.openDeliverModelError'],
  [
    'a space model of another space',
    { imGroupOpenSpaceModel: { supportForward: true } },
    'param.openSpaceModelInvalid',
  ],
  ['another spaceType', { imRobotOpenDeliverModel: { spaceType: 'IM_GROUP' } }, 'param.openDeliverModelError'],
  [
    'a group without robotCode',
    { ...toGroup({ robotCode: '' }), imRobotOpenSpaceModel: undefined, imRobotOpenDeliverModel: undefined },
    'param.openDeliverModelError',
  ],
  ['an owner who does not exist', { userId: 'nobody' }, 'param.userIdNotExist'],
  ['an unpublished template', { cardTemplateId: 'draft.schema' }, 'param.templateUnpublished'],
  ['an unknown route key', { callbackType: 'HTTP', callbackRouteKey: 'nowhere' }, 'param.invalid'],
])('a card with %s is refused, and its id stays free', async (_what, more, code) => {
  const { standIn } = await startWorld()
  standIn.addTemplate('draft.schema', { kind: 'form', published: false })
  const client = bot(standIn)
  const create = (body: object) => client.api('POST', '/v1.0/card/instances/createAndDeliver', aiCard(body))
  expect(await create(more)).toMatchObject({ status: 400, body: { code } })
  expect((await create({})).status).toBe(200)
})

test('create and deliver may be two calls; the result of the second is a list', async () => {
  const { standIn } = await startWorld()
  const client = bot(standIn)
  const { openSpaceId: _id, imRobotOpenDeliverModel: _model, ...onlyCard } = aiCard()
  expect((await client.api('POST', '/v1.0/card/instances', onlyCard)).body.result).toBe('c1')
  expect(standIn.chat('zhao')).toEqual([])
  const { imRobotOpenSpaceModel: _space, ...place } = toPerson('zhao')
  const { body } = await client.api('POST', '/v1.0/card/instances/deliver', { outTrackId: 'c1', ...place })
  expect(body.result).toMatchObject([{ spaceType: 'IM_ROBOT', spaceId: 'zhao', success: true }])
  expect(standIn.chat('zhao')).toHaveLength(1)
})

test('a card for some of a group is on their phones only', async () => {
  const { standIn } = await startWorld()
  const place = { ...toGroup({ recipients: ['lin'] }), imRobotOpenSpaceModel: undefined }
  const body = aiCard({ ...place, imRobotOpenDeliverModel: undefined })
  await bot(standIn).api('POST', '/v1.0/card/instances/createAndDeliver', body)
  expect(standIn.groupChat(GROUP, 'lin')).toHaveLength(1)
  expect(standIn.groupChat(GROUP, 'zhao')).toHaveLength(0)
  await expect(standIn.tap('zhao', standIn.groupChat(GROUP, 'lin')[0]!.id, 'full')).rejects.toThrow('no message')
})

test('private data of an answer is not keyed by user: keyed data is a violation and changes nothing', async () => {
  const { standIn, stream, seen } = await withCard()
  const tapped = standIn.tap('zhao', first(standIn), 'full')
  const answer = { userPrivateData: { zhao: { cardParamMap: { msgTitle: '已评' } } } }
  stream.ack(await stream.next(CARDS), { response: answer })
  await tapped
  expect(seen('zhao').title).toBe('评分')
  expect(standIn.violations).toEqual(['card: userPrivateData of the answer is not {cardParamMap: texts}'])
})

test('a PUT reaches the clicker too, whatever the answer to the click had shown', async () => {
  const { standIn, stream, put, seen } = await withCard()
  const tapped = standIn.tap('zhao', first(standIn), 'full')
  const cardData = { cardParamMap: { flowStatus: '3', msgTitle: '正在保存' } }
  stream.ack(await stream.next(CARDS), { response: { cardData } })
  await tapped
  expect(seen('zhao')).toMatchObject({ title: '正在保存', buttons: [] })
  await put({ cardData: { cardParamMap: { msgTitle: '已保存' } }, cardUpdateOptions: { updateCardDataByKey: true } })
  expect(seen('zhao').title).toBe('已保存')
})

test('an answer that comes after the deadline changes nothing', async () => {
  const { standIn, stream, seen } = await withCard({}, impatient)
  const tapped = standIn.tap('zhao', first(standIn), 'full')
  const frame = await stream.next(CARDS)
  await tapped
  stream.ack(frame, { response: { cardData: { cardParamMap: { flowStatus: '3', msgTitle: '太晚' } } } })
  // Frames arrive in order: after the echo the late answer has been read.
  const pinged = standIn.ping()
  const ping = await stream.next('ping')
  stream.ack(ping, JSON.parse(ping.data))
  expect(await pinged).toBe(true)
  expect(standIn.toasts('zhao')).toEqual(['操作失败，请稍后重试'])
  expect(seen('zhao').title).toBe('评分')
})

test('a button that is not on the card cannot be pressed', async () => {
  const { standIn } = await withCard()
  await expect(standIn.tap('zhao', first(standIn), 'half')).rejects.toThrow('no button half')
  await expect(standIn.tap('lin', first(standIn), 'full')).rejects.toThrow('no message')
})

const form = {
  fields: [
    { name: 'why', label: '原因', type: 'TEXT_AREA', required: true, requiredMsg: '请写原因' },
    { name: 'days', label: '天数', type: 'NUMBER' },
    {
      name: 'kind',
      label: '类别',
      type: 'SELECT',
      options: [
        { value: 'a', text: '甲' },
        { value: 'b', text: '乙' },
      ],
    },
    {
      name: 'many',
      label: '多选',
      type: 'MULTI_SELECT',
      options: [
        { value: 'a', text: '甲' },
        { value: 'b', text: '乙' },
      ],
    },
    { name: 'star', label: '评分', type: 'CHECKBOX_GROUP', options: [{ value: '5', text: '五' }] },
    { name: 'list', label: '列表', type: 'MULTI_CHECKBOX_GROUP', options: [{ value: 'x', text: '某' }] },
    { name: 'ok', label: '同意', type: 'CHECKBOX' },
    { name: 'day', label: '日期', type: 'DATE' },
  ],
}

test('values of a form come in the shape of their type', () => {
  const fields = readForm(JSON.stringify(form))!
  const filled = {
    why: ['家里有事'],
    days: ['1.5'],
    kind: ['b'],
    many: ['b', 'a'],
    star: ['5'],
    list: ['x'],
    ok: ['true'],
    day: ['2026-11-20'],
  }
  expect(fillForm(fields, filled)).toEqual({
    why: '家里有事',
    days: 1.5,
    kind: { index: 1, value: 'b' },
    many: { index: [1, 0], value: ['b', 'a'] },
    star: '5',
    list: ['x'],
    ok: true,
    day: '2026-11-20',
  })
})

test.each([
  ['a required field left empty', {}, '请写原因'],
  ['an option that is not offered', { why: ['x'], kind: ['c'] }, 'no option c'],
  ['a word for a number', { why: ['x'], days: ['两天'] }, 'cannot be 两天'],
  ['a date that is none', { why: ['x'], day: ['11-20'] }, 'cannot be 11-20'],
  ['a field that is not there', { why: ['x'], other: ['y'] }, 'no field other'],
])('the client does not let through %s', (_what, filled, words) => {
  expect(() => fillForm(readForm(JSON.stringify(form))!, filled as Record<string, string[]>)).toThrow(words)
})

test('our form template: submitted with action id "form", then greyed', async () => {
  const { standIn, stream, put, seen } = await withCard({
    cardTemplateId: FORM_TEMPLATE,
    cardData: {
      cardParamMap: { title: '请假', content: '**说明**', form: JSON.stringify(form), form_btn_text: '提交申请' },
    },
  })
  expect(seen('zhao')).toMatchObject({
    title: '请假',
    text: '**说明**',
    buttons: [{ key: 'form', text: '提交申请', submit: true }],
  })
  const tapped = standIn.tap('zhao', first(standIn), 'form', { why: ['家里有事'] })
  const frame = await stream.next(CARDS)
  stream.ack(frame, { response: null })
  await tapped
  expect(JSON.parse(JSON.parse(frame.data).content)).toEqual({
    cardPrivateData: { actionIds: ['form'], params: { form: { why: '家里有事' } } },
  })
  await put({
    cardData: { cardParamMap: { form_status: 'disabled', form_btn_text: '已提交' } },
    cardUpdateOptions: { updateCardDataByKey: true },
  })
  expect(seen('zhao')).toMatchObject({ closed: '已提交', buttons: [] })
  await expect(standIn.tap('zhao', first(standIn), 'form', { why: ['x'] })).rejects.toThrow('no button')
})

test('streaming replaces or appends, each call with a guid of its own', async () => {
  const { client, seen } = await withCard()
  const write = (guid: string, content: string, isFull: boolean) =>
    client.api('PUT', '/v1.0/card/streaming', { outTrackId: 'c1', guid, key: 'staticMsgContent', content, isFull })
  await write('g1', '一', true)
  await write('g2', '二', false)
  expect(seen('zhao').text).toBe('一二')
  expect(await write('g2', '三', true)).toMatchObject({ status: 400, body: { code: 'param.invalid' } })
})
