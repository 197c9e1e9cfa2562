import { describe, expect, test } from 'vitest'
import type { Incoming } from '../src/platforms/port.ts'
import { toIncoming } from '../src/platforms/wecom/receive.ts'
import { parseXml } from '../src/platforms/wecom/xml.ts'

const receivedAt = new Date('2026-11-07T11:59:59.400+08:00')
const createTime = Date.parse('2026-11-07T11:59:58+08:00') / 1000

function xml(fields: Record<string, string | number>, inner = ''): string {
  const all = { ToUserName: 'corp', FromUserName: 'lin', CreateTime: createTime, AgentID: 218, ...fields }
  return `<xml>${Object.entries(all)
    .map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`)
    .join('')}${inner}</xml>`
}

function read(fields: Record<string, string | number>, inner = '', at = receivedAt): Incoming | undefined {
  return toIncoming(parseXml(xml(fields, inner)), at)
}

const event = (name: string, more: Record<string, string | number> = {}, inner = '') =>
  read({ MsgType: 'event', Event: name, ...more }, inner)
const contact = (change: string, more: Record<string, string> = {}) =>
  event('change_contact', { FromUserName: 'sys', ChangeType: change, ...more })

describe('messages', () => {
  test('a text is told with its words, its sender and its own time', () => {
    expect(read({ MsgType: 'text', Content: ' 周计划\n1. 回访 ', MsgId: '4561255354251345929' })).toEqual({
      id: 'wecom:4561255354251345929',
      platform: 'wecom',
      userId: 'lin',
      at: new Date('2026-11-07T11:59:58+08:00'),
      type: 'text',
      text: ' 周计划\n1. 回访 ',
      chat: { kind: 'private' },
    })
  })

  test.each(['image', 'voice', 'video', 'file', 'location', 'link'])(
    '%s is media of that kind, without its content',
    (kind) => {
      const read1 = read({
        MsgType: kind,
        MsgId: '1',
        PicUrl: 'http://p',
        Label: '家',
        Location_X: '23.1',
        MediaId: 'm',
      })
      expect(read1).toMatchObject({ type: 'media', media: kind, userId: 'lin' })
      const kept = ['at', 'chat', 'id', 'media', 'platform', 'type', 'userId', ...(kind === 'image' ? ['ref'] : [])]
      expect(Object.keys(read1!).sort()).toEqual(kept.sort())
    },
  )

  test('a message of a future type is still a message from somebody who waits for an answer', () => {
    expect(read({ MsgType: 'hologram', MsgId: '1' })).toMatchObject({ type: 'media', media: 'other' })
  })
})

describe('the instant that counts', () => {
  const at = (offsetMs: number) => read({ MsgType: 'text', MsgId: '1' }, '', new Date(createTime * 1000 + offsetMs))!.at

  test('is the platform’s own, up to five minutes from the receipt on either side', () => {
    expect(at(300_000)).toEqual(new Date(createTime * 1000))
    expect(at(-300_000)).toEqual(new Date(createTime * 1000))
  })

  test('is the receipt beyond five minutes', () => {
    expect(at(300_001)).toEqual(new Date(createTime * 1000 + 300_001))
    expect(at(-300_001)).toEqual(new Date(createTime * 1000 - 300_001))
  })

  test.each(['', 'soon', '-1', '1e9'])('is the receipt where CreateTime is %j', (CreateTime) => {
    expect(read({ MsgType: 'text', MsgId: '1', CreateTime })!.at).toEqual(receivedAt)
  })
})

describe('card clicks', () => {
  const items = (...list: [string, string[]][]) =>
    `<SelectedItems>${list
      .map(
        ([key, ids]) =>
          `<SelectedItem><QuestionKey>${key}</QuestionKey><OptionIds>${ids
            .map((id) => `<OptionId>${id}</OptionId>`)
            .join('')}</OptionIds></SelectedItem>`,
      )
      .join('')}</SelectedItems>`
  const click = (inner = '', more = {}) =>
    event(
      'template_card_event',
      { EventKey: 'score:full', TaskId: 'task@1', CardType: 'button_interaction', ResponseCode: 'code1', ...more },
      inner,
    )

  test('a button tells card, action and the response code', () => {
    expect(click()).toMatchObject({
      type: 'card-action',
      userId: 'lin',
      cardId: 'task@1',
      action: 'score:full',
      choices: {},
      code: 'code1',
    })
  })

  test('one choice and several are lists alike, ids as written', () => {
    expect(click(items(['dish', ['0012']]))).toMatchObject({ choices: { dish: ['0012'] } })
    expect(click(items(['dish', ['a', 'b']], ['when', ['c']]))).toMatchObject({
      choices: { dish: ['a', 'b'], when: ['c'] },
    })
    expect(click(items(['dish', []]))).toMatchObject({ choices: { dish: [] } })
    expect(click('<SelectedItems></SelectedItems>')).toMatchObject({ choices: {} })
  })

  test('keys and ids that we never draw, and names that would harm an object, are left out', () => {
    const action = click(
      items(['__proto__', ['a']], ['constructor', ['a']], ['$where', ['a']], ['a.b', ['a']], ['ok', ['$ne', 'x']]),
    )
    expect(action).toMatchObject({ choices: { ok: ['x'] } })
    expect(Object.keys((action as { choices: object }).choices)).toEqual(['ok'])
  })

  test('a click in a card’s menu is a click; without a response code there is none', () => {
    const read1 = event('template_card_menu_event', { EventKey: 'mute', TaskId: 't' })
    expect(read1).toMatchObject({ type: 'card-action', action: 'mute', choices: {} })
    expect(read1).not.toHaveProperty('code')
  })
})

describe('other events', () => {
  test('the menu, opening the chat, entering and leaving the reach of the app', () => {
    expect(event('click', { EventKey: 'my-week' })).toMatchObject({ type: 'menu', key: 'my-week', userId: 'lin' })
    expect(event('enter_agent', { EventKey: '' })).toMatchObject({ type: 'opened', userId: 'lin' })
    expect(event('subscribe')).toMatchObject({ type: 'joined', userId: 'lin' })
    expect(event('unsubscribe')).toMatchObject({ type: 'left', userId: 'lin' })
  })

  test('contact changes tell the member and nothing of the member', () => {
    const joined = contact('create_user', { UserID: 'new', Name: '新人', Mobile: '13800000000', Department: '1,2' })
    expect(joined).toMatchObject({ type: 'joined', userId: 'new' })
    expect(JSON.stringify(joined)).not.toMatch(/新人|138/)
    expect(contact('delete_user', { UserID: 'old' })).toMatchObject({ type: 'left', userId: 'old' })
    expect(contact('update_user', { UserID: 'lin' })).toMatchObject({ type: 'changed', userId: 'lin' })
    expect(contact('update_user', { UserID: 'lin' })).not.toHaveProperty('newUserId')
    expect(contact('update_user', { UserID: 'lin', NewUserID: 'lin2' })).toMatchObject({ newUserId: 'lin2' })
  })

  test.each(['create_party', 'update_party', 'delete_party'])('%s says that departments changed', (change) => {
    expect(contact(change, { Id: '2' })).toMatchObject({ type: 'notice', what: 'departments-changed', userId: '' })
  })

  test.each([
    'inactive_alert',
    'close_inactive_agent',
    'reopen_inactive_agent',
    'low_active_alert',
    'low_active',
    'active_restored',
  ])('%s is a notice to the administrator', (name) => {
    expect(event(name)).toMatchObject({ type: 'notice', what: name.replaceAll('_', '-'), userId: '' })
  })

  test.each([
    'view',
    'view_miniprogram',
    'LOCATION',
    'scancode_push',
    'scancode_waitmsg',
    'pic_sysphoto',
    'pic_photo_or_album',
    'pic_weixin',
    'location_select',
    'batch_job_result',
    'switch_workbench_mode',
    'open_approval_change',
  ])('%s means nothing to us', (name) => {
    expect(event(name, { EventKey: 'x' })).toBeUndefined()
  })

  test('a change of tags means nothing to us', () => {
    expect(contact('update_tag', { TagId: '1' })).toBeUndefined()
  })

  test('what nobody has documented yet is a notice, never an error', () => {
    const unknown = { type: 'notice', what: 'unknown-event', userId: '' }
    expect(event('brand_new')).toMatchObject(unknown)
    expect(event('')).toMatchObject(unknown)
    expect(contact('rename_user', { UserID: 'lin' })).toMatchObject(unknown)
    expect(contact('create_user')).toMatchObject(unknown)
    expect(toIncoming(parseXml('<xml></xml>'), receivedAt)).toMatchObject(unknown)
    expect(read({ MsgType: 'text', FromUserName: '', MsgId: '1' })).toMatchObject(unknown)
    expect(event('toString')).toMatchObject(unknown)
    expect(read({ MsgType: 'constructor', MsgId: '1' })).toMatchObject({ media: 'other' })
  })
})

describe('the delivery id', () => {
  const card = { MsgType: 'event', Event: 'template_card_event', EventKey: 'yes', TaskId: 't1', ResponseCode: 'c1' }

  test('is the same when a delivery comes again, whatever the order of its elements and their wrapping', () => {
    const again = `<xml><TaskId>t1</TaskId><Event>template_card_event</Event><EventKey>yes</EventKey><ResponseCode>c1</ResponseCode><MsgType>event</MsgType><AgentID>218</AgentID><CreateTime>${createTime}</CreateTime><FromUserName>lin</FromUserName><ToUserName>corp</ToUserName></xml>`
    const first = toIncoming(parseXml(xml(card)), receivedAt)!
    expect(toIncoming(parseXml(again), new Date(receivedAt.getTime() + 15_000))!.id).toBe(first.id)
    expect(first.id).toMatch(/^wecom:[0-9A-Za-z:_-]+$/)
  })

  test('tells two events of one person in one second apart by anything that makes them two', () => {
    const variants = [
      card,
      { ...card, EventKey: 'no' },
      { ...card, TaskId: 't2' },
      { ...card, ResponseCode: 'c2' },
      { ...card, FromUserName: 'zhao' },
      { ...card, CreateTime: createTime + 1 },
      { ...card, Event: 'template_card_menu_event' },
    ]
    expect(new Set(variants.map((fields) => read(fields)!.id)).size).toBe(variants.length)
  })

  test('tells members of one bulk import apart: sender and second are the same for all', () => {
    const ids = ['a', 'b', 'c'].map((UserID) => contact('create_user', { UserID })!.id)
    expect(new Set([...ids, contact('delete_user', { UserID: 'a' })!.id]).size).toBe(4)
  })

  test('tells two answers with different choices apart', () => {
    const chosen = (id: string) =>
      read(
        card,
        `<SelectedItems><SelectedItem><QuestionKey>q</QuestionKey><OptionIds><OptionId>${id}</OptionId></OptionIds></SelectedItem></SelectedItems>`,
      )!.id
    expect(chosen('a')).not.toBe(chosen('b'))
  })
})
