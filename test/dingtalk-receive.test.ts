import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldName, optionButtonId, readButtonId, readFieldName } from '../src/platforms/dingtalk/actions.ts'
import { instantThatCounts, readCardClick, readEvent, readRobotMessage } from '../src/platforms/dingtalk/receive.ts'

const now = new Date('2026-11-28T12:00:01+08:00')
const context = { now, corpId: 'dingcorp' }
const sentAt = Date.parse('2026-11-28T11:59:59+08:00')

const robot = {
  msgId: 'msg1',
  msgtype: 'text',
  conversationType: '1',
  conversationId: 'cid1==',
  senderId: '$:LWCP_v1:$x',
  senderStaffId: 'zhao',
  senderCorpId: 'dingcorp',
  createAt: sentAt,
  sessionWebhook: 'https://oapi.dingtalk.com/robot/sendBySession?session=s',
  sessionWebhookExpiredTime: sentAt + 5_400_000,
  text: { content: ' 本周总结 ' },
}

describe('a robot message', () => {
  test('counts from the moment it was typed, not from its arrival after the deadline', () => {
    expect(readRobotMessage(robot, context)).toEqual([
      {
        id: 'dingtalk/msg/msg1',
        platform: 'dingtalk',
        userId: 'zhao',
        at: new Date('2026-11-28T11:59:59+08:00'),
        type: 'text',
        text: '本周总结',
        chat: { kind: 'private' },
      },
    ])
  })

  test('in a group keeps the group and its reply address', () => {
    const [event] = readRobotMessage({ ...robot, conversationType: '2' }, context)
    expect(event).toMatchObject({
      chat: {
        kind: 'group',
        groupId: 'cid1==',
        replyUrl: robot.sessionWebhook,
        replyUntil: new Date(sentAt + 5_400_000),
      },
    })
  })

  test('of HTTP mode has its text one level higher', () => {
    const { text: _, ...rest } = robot
    expect(readRobotMessage({ ...rest, content: ' 周报 ' }, context)[0]).toMatchObject({ type: 'text', text: '周报' })
    expect(readRobotMessage({ ...rest, content: { content: '周报' } }, context)[0]).toMatchObject({ text: '周报' })
  })

  test('that is spoken carries what DingTalk recognised', () => {
    const spoken = {
      ...robot,
      msgtype: 'audio',
      content: { duration: 4_000, downloadCode: 'd', recognition: '明天请假' },
    }
    expect(readRobotMessage(spoken, context)[0]).toMatchObject({
      type: 'media',
      media: 'voice',
      recognized: '明天请假',
    })
  })

  test.each([
    ['picture', 'image'],
    ['video', 'video'],
    ['file', 'file'],
    ['unknownMsgType', 'other'],
    ['something new', 'other'],
  ])('%s is media: %s', (msgtype, media) => {
    expect(readRobotMessage({ ...robot, msgtype, content: {} }, context)[0]).toMatchObject({ type: 'media', media })
  })

  test('of rich text is its text, or a picture when it has none', () => {
    const rich = (richText: object[]) => ({ ...robot, msgtype: 'richText', content: { richText } })
    expect(
      readRobotMessage(rich([{ text: '完成' }, { type: 'picture', downloadCode: 'd' }, { text: '两项' }]), context)[0],
    ).toMatchObject({ type: 'text', text: '完成两项' })
    expect(readRobotMessage(rich([{ type: 'picture', downloadCode: 'd' }]), context)[0]).toMatchObject({
      media: 'image',
    })
  })

  test('without its text because the quota is gone is told to the administrator, once a day', () => {
    const empty = { ...robot, text: undefined, errCode: 20001, errMsg: 'quota' }
    const [one] = readRobotMessage(empty, context)
    const [other] = readRobotMessage({ ...empty, msgId: 'msg2', errCode: '20001' }, context)
    expect(one).toMatchObject({ type: 'notice', what: 'dingtalk-quota-gone', userId: '' })
    expect(other!.id).toBe(one!.id)
  })

  test('of somebody without a user id, or of another company, is nobody’s', () => {
    expect(readRobotMessage({ ...robot, senderStaffId: undefined }, context)[0]).toMatchObject({
      type: 'notice',
      userId: '',
    })
    expect(readRobotMessage({ ...robot, senderCorpId: 'dingother' }, context)[0]).toMatchObject({
      type: 'notice',
      userId: '',
    })
  })

  test('that makes no sense is nothing', () => {
    for (const raw of [undefined, null, 1, 'x', [], {}, { msgId: { $gt: '' } }, { msgId: '' }])
      expect(readRobotMessage(raw, context)).toEqual([])
    expect(readRobotMessage({ ...robot, senderStaffId: { $ne: null } }, context)[0]).toMatchObject({ type: 'notice' })
  })
})

test('the platform’s time counts up to five minutes apart, the first receipt beyond', () => {
  const at = (iso: string) => instantThatCounts(Date.parse(iso), now)
  expect(at('2026-11-28T11:55:01+08:00')).toEqual(new Date('2026-11-28T11:55:01+08:00'))
  expect(at('2026-11-28T11:55:00+08:00')).toEqual(now)
  expect(at('2026-11-28T12:05:01+08:00')).toEqual(new Date('2026-11-28T12:05:01+08:00'))
  expect(at('2026-11-28T12:05:02+08:00')).toEqual(now)
  expect(instantThatCounts(String(sentAt), now)).toEqual(new Date(sentAt))
  for (const nonsense of [undefined, null, '', 'soon', 0, Number.NaN, {}])
    expect(instantThatCounts(nonsense, now)).toEqual(now)
})

const click = (cardPrivateData: object, more: object = {}) => ({
  type: 'actionCallback',
  outTrackId: 'score-w48-zhao',
  corpId: 'dingcorp',
  userId: 'li',
  userIdType: 1,
  spaceType: 'im',
  spaceId: 'li',
  content: JSON.stringify({ cardPrivateData }),
  value: JSON.stringify({ cardPrivateData }),
  extension: '{}',
  ...more,
})
const read = (raw: unknown, buttons?: string[]) =>
  readCardClick(raw, 'm7', String(sentAt), { ...context, buttonsOf: () => buttons })

describe('a click', () => {
  test('on a button of the AI card says which, by whom and when', () => {
    expect(read(click({ actionIds: ['node_x'], params: { id: 'score:full', text: '满分' } }))).toEqual([
      {
        id: 'dingtalk/card/m7',
        platform: 'dingtalk',
        userId: 'li',
        at: new Date(sentAt),
        type: 'card-action',
        cardId: 'score-w48-zhao',
        action: 'score:full',
        choices: {},
        code: 'buttons',
      },
    ])
  })

  test('on an option that was drawn as a button is a choice', () => {
    const id = optionButtonId('submit-survey:w48', 'taste', 'good_1')
    expect(read(click({ actionIds: ['n'], params: { id } }))[0]).toMatchObject({
      action: 'submit-survey:w48',
      choices: { taste: ['good_1'] },
    })
  })

  test('with only `value`, or with params outside, is read all the same', () => {
    const cardPrivateData = { actionIds: ['n'], params: { id: 'ok' } }
    expect(read(click(cardPrivateData, { content: undefined }))[0]).toMatchObject({ action: 'ok' })
    const flat = JSON.stringify({ actionIds: ['n'], params: { id: 'ok' } })
    expect(read(click({}, { content: undefined, value: flat }))[0]).toMatchObject({ action: 'ok' })
  })

  test('is believed about its sender only at the top level', () => {
    const forged = click({ actionIds: ['n'], params: { id: 'ok', userId: 'boss', fromUser: 'boss' } })
    expect(read(forged)[0]).toMatchObject({ userId: 'li' })
    expect(read({ ...forged, userId: undefined })).toEqual([])
  })

  test('is meant by the longest id that begins it when DingTalk appends a suffix', () => {
    const known = ['score:full', 'score:full-2', 'ok']
    expect(read(click({ actionIds: ['score:full_17'], params: {} }), known)[0]).toMatchObject({ action: 'score:full' })
    expect(read(click({ actionIds: ['score:full-2_3'], params: {} }), known)[0]).toMatchObject({
      action: 'score:full-2',
    })
  })

  test('repeated by an event chain without content is ignored', () => {
    expect(read(click({ actionIds: ['ok'], params: { fromConfig: true } }))).toEqual([])
    expect(read(click({ actionIds: ['n'], params: { fromConfig: true, id: 'ok' } }))).toHaveLength(1)
  })

  test('on a submitted form carries every kind of value as option ids', () => {
    const form = {
      [fieldName('rate:w48', 'taste')]: { index: 1, value: 'good' },
      [fieldName('rate:w48', 'dishes')]: ['rice', 'soup'],
      [fieldName('rate:w48', 'many')]: { index: [0, 1], value: ['a', 'b'] },
      [fieldName('rate:w48', 'one')]: 'x',
      [fieldName('rate:w48', 'none')]: '',
    }
    const [event] = read(click({ actionIds: ['form'], params: { form } }))
    expect(event).toMatchObject({
      action: 'rate:w48',
      choices: { taste: ['good'], dishes: ['rice', 'soup'], many: ['a', 'b'], one: ['x'], none: [] },
      code: 'form',
    })
  })

  test('that mixes the forms of two actions, or is of another company, is not acted upon', () => {
    const form = { [fieldName('a', 'x')]: '1', [fieldName('b', 'y')]: '2' }
    expect(read(click({ actionIds: ['form'], params: { form } }))).toEqual([])
    expect(read(click({ actionIds: ['n'], params: { id: 'ok' } }, { corpId: 'dingother' }))[0]).toMatchObject({
      type: 'notice',
    })
  })

  test('that makes no sense is nothing', () => {
    for (const raw of [
      undefined,
      {},
      click({ actionIds: ['DROP TABLE'], params: {} }),
      click({}, { content: '{', value: 7 }),
    ])
      expect(read(raw)).toEqual([])
  })
})

test('field names carry any action and input id there and back', () => {
  for (const action of ['ok', 'score-card', 'score:full', 'a:__', 'a:1_2', `${'b'.repeat(40)}:${'c'.repeat(60)}`])
    for (const inputId of ['x', 'week_48', '__', '1_2'])
      expect(readFieldName(fieldName(action, inputId))).toEqual({ action, inputId })
  expect(readFieldName('question_title')).toBeUndefined()
  expect(readButtonId('ok.only-one-dot')).toBeUndefined()
})

describe('a change in the company', () => {
  const event = (type: string) => ({ type, id: 'e1', corpId: 'dingcorp', bornMs: String(sentAt) })

  test.each([
    ['user_add_org', 'joined'],
    ['user_leave_org', 'left'],
    ['user_modify_org', 'changed'],
    ['user_active_org', 'changed'],
  ])('%s is one %s for each person, each with its own id', (type, kind) => {
    expect(readEvent(event(type), { timeStamp: '1', userId: ['zhao', 'li'] }, context)).toEqual([
      { id: 'dingtalk/event/e1/zhao', platform: 'dingtalk', userId: 'zhao', at: new Date(sentAt), type: kind },
      { id: 'dingtalk/event/e1/li', platform: 'dingtalk', userId: 'li', at: new Date(sentAt), type: kind },
    ])
  })

  test('names one person as a text in older samples', () => {
    expect(readEvent(event('user_leave_org'), { userId: 'zhao' }, context)).toHaveLength(1)
  })

  test('that is not about members is left alone', () => {
    for (const type of [
      'chat_add_member',
      'org_dept_create',
      'robot_msg_read',
      'check_url',
      'toString',
      'constructor',
      '',
    ])
      expect(readEvent(event(type), { userId: ['zhao'] }, context)).toEqual([])
    for (const data of [undefined, null, 'x', {}, { userId: { $gt: '' } }])
      expect(readEvent(event('user_add_org'), data, context)).toEqual([])
  })
})

test('whatever comes in, reading does not throw and every value is a scalar', () => {
  const keys = fc.constantFrom(
    ...['msgId', 'msgtype', 'senderStaffId', 'createAt', 'text', 'content', 'conversationType', 'conversationId'],
    ...['outTrackId', 'userId', 'value', 'cardPrivateData', 'params', 'form', 'id', 'actionIds', '__proto__', '$gt'],
  )
  const { raw } = fc.letrec((tie) => ({
    raw: fc.oneof(
      { maxDepth: 5 },
      fc.string(),
      fc.double(),
      fc.constant(null),
      fc.constant('text'),
      fc.array(tie('raw'), { maxLength: 3 }),
      fc.dictionary(keys, tie('raw'), { maxKeys: 8 }),
      fc.dictionary(keys, tie('raw'), { maxKeys: 8 }).map((value) => JSON.stringify(value)),
    ),
  }))
  fc.assert(
    fc.property(raw, fc.constantFrom('user_add_org', 'user_leave_org', 'x'), (value, type) => {
      const all = [
        ...readRobotMessage(value, context),
        ...readCardClick(value, 'm', value, context),
        ...readEvent({ type, id: 'e', bornMs: value }, value, context),
      ]
      for (const event of all) {
        expect(typeof event.id).toBe('string')
        expect(typeof event.userId).toBe('string')
        expect(Number.isFinite(event.at.getTime())).toBe(true)
        if (event.type === 'text') expect(typeof event.text).toBe('string')
        if (event.type === 'card-action')
          for (const ids of Object.values(event.choices)) for (const id of ids) expect(typeof id).toBe('string')
      }
    }),
    { numRuns: 2_000, seed: 48 },
  )
})
