import { describe, expect, test } from 'vitest'
import {
  AGENT,
  buttonCard,
  DAY,
  HOUR,
  KEYS,
  MINUTE,
  makeWecom,
  makeWecomWithBot,
  multipleCard,
  newsCard,
  SECOND,
  textCard,
  voteCard,
} from './standin-wecom-world.ts'

const withUrl = { callback: { ...KEYS, url: 'http://127.0.0.1:9/nobody' } }

describe('tokens', () => {
  test('live 7200 seconds by the clock, then 42001', async () => {
    const { clock, sendText } = await makeWecom()
    clock.forward(7200 * SECOND - 1)
    expect((await sendText('a')).errcode).toBe(0)
    clock.forward(1)
    expect((await sendText('a')).errcode).toBe(42001)
  })

  test('invalidated early answer 40014, missing ones 41001', async () => {
    const { wecom, sendText, post } = await makeWecom()
    wecom.invalidateTokens()
    expect((await sendText('a')).errcode).toBe(40014)
    expect((await post('message/send', {})).errcode).toBe(41001)
  })

  test('wrong secrets answer 40001 and in the end block the address for an hour; a wrong company 40013', async () => {
    const { get, clock, token } = await makeWecom({ limits: { wrongSecrets: 2 } })
    const wrong = `gettoken?corpid=wx5823bf96d3bd56c7&corpsecret=x`
    expect((await get('gettoken?corpid=other&corpsecret=app-secret')).errcode).toBe(40013)
    for (const errcode of [40001, 40001, 45009]) expect((await get(wrong)).errcode).toBe(errcode)
    expect(await token()).toBeUndefined()
    clock.forward(HOUR)
    expect(await token()).toBeTypeOf('string')
  })

  test('of the assistant send nothing, and an app writes no contacts', async () => {
    const { post, token, app } = await makeWecom()
    const contacts = await token('contacts-secret')
    expect((await post(`message/send?access_token=${contacts}`, {})).errcode).toBe(48002)
    expect((await post(`user/create?access_token=${app}`, {})).errcode).toBe(48002)
  })

  test('a repeated gettoken gives another token, or the same when switched so', async () => {
    const { wecom, token, app } = await makeWecom()
    expect(await token()).not.toBe(app)
    wecom.quirks.sameToken = true
    expect(await token()).toBe(await token())
  })
})

test('error texts carry hint, address and link; a malformed body a warning', async () => {
  const { wecom, app, post, sendText } = await makeWecom()
  expect((await sendText('a', { agentid: 1 })).errmsg).toMatch(
    /^not allow operate .+, hint: \[\d+\], from ip: 127\.0\.0\.1, more info at https:\/\/open\.work\.weixin\.qq\.com\/devtool\/query\?e=301002$/,
  )
  const broken = await post(`message/send?access_token=${app}`, '{"touser":')
  expect(broken).toMatchObject({ errcode: 40008, errmsg: expect.stringContaining('Warning: wrong json format.') })
  wecom.faults.untrustedIp = '203.0.113.7'
  expect(await sendText('a')).toMatchObject({ errcode: 60020, errmsg: expect.stringContaining('from ip: 203.0.113.7') })
})

const users = (n: number): string => Array.from({ length: n }, (_, i) => `u${i}`).join('|')
test.each<[string, Record<string, unknown>, number]>([
  ['no type', { msgtype: undefined }, 40008],
  ['type file without medium', { msgtype: 'file', file: { media_id: 'x' } }, 40007],
  ['agent as text', { agentid: String(AGENT) }, 40056],
  ['agent of another app', { agentid: AGENT + 1 }, 301002],
  ['1001 users', { touser: users(1001) }, 40032],
  ['101 parties', { toparty: users(101) }, 82002],
  ['101 tags', { totag: users(101) }, 82003],
  ['users as a list', { touser: ['qian'] }, 40035],
  ['nobody', { touser: '' }, 82001],
  ['only bars', { touser: '||' }, 82001],
  ['strangers only', { touser: 'wang|wu' }, 81013],
  ['tag only', { touser: '', totag: '1' }, 81013],
  ['safe 2 text', { safe: 2 }, 40035],
  ['safe news', { safe: 1, msgtype: 'news', news: { articles: [{ title: 'a', url: 'https://a' }] } }, 40074],
  ['flag true', { enable_duplicate_check: true }, 40035],
  ['interval over 4 h', { duplicate_check_interval: 14401 }, 40035],
  ['interval of 4 h', { duplicate_check_interval: 14400 }, 0],
  ['empty text', { text: { content: '' } }, 44004],
  ['no text', { text: undefined }, 44004],
  ['text as number', { text: { content: 1 } }, 40035],
  ['markdown of 2048 bytes', { msgtype: 'markdown', markdown: { content: 'a'.repeat(2048) } }, 0],
  ['markdown of 2049 bytes', { msgtype: 'markdown', markdown: { content: 'a'.repeat(2049) } }, 45002],
  ['link without protocol', { msgtype: 'textcard', textcard: { title: 'a', description: 'b', url: 'a.com' } }, 45034],
  ['nine articles', { msgtype: 'news', news: { articles: Array(9).fill({ title: 'a', url: 'https://a' }) } }, 45008],
  ['text to 1000 users, one known', { touser: `${users(999)}|qian` }, 0],
])('message/send: %s answers as documented', async (_, body, errcode) => {
  const { send } = await makeWecom()
  const answer = await send({ msgtype: 'text', text: { content: 'hello' }, ...body })
  expect(answer.errcode, answer.errmsg).toBe(errcode)
})

test('characters written as \\uXXXX are refused, escaped backslashes are not', async () => {
  const { app, post } = await makeWecom()
  const body = (content: string) =>
    `{"touser":"qian","agentid":${AGENT},"msgtype":"text","text":{"content":"${content}"}}`
  expect((await post(`message/send?access_token=${app}`, body('\\ud83d'))).errcode).toBe(40033)
  expect((await post(`message/send?access_token=${app}`, body('\\\\u00e9 \\n 中'))).errcode).toBe(0)
})

describe('receivers', () => {
  test('outside the visible range are named in lower case, the others get it', async () => {
    const { wecom, sendText } = await makeWecom({ visible: ['Zhao', 'qian'] })
    const answer = await sendText('hi', { touser: 'ZHAO|Sun|Wang' })
    expect(answer).toMatchObject({ errcode: 0, invaliduser: 'sun|wang', msgid: expect.any(String) })
    expect(wecom.chat('zhao')).toHaveLength(1)
    expect(wecom.chat('sun')).toHaveLength(0)
    expect((await sendText('hi', { touser: 'sun' })).errcode).toBe(81013)
  })

  test('@all reaches the visible range, a department those below it too', async () => {
    const { wecom, sendText, get, app } = await makeWecom({ visible: ['Zhao', 'qian', 'sun'] })
    await sendText('all', { touser: '@all' })
    expect(['Zhao', 'qian', 'sun', 'li'].map((id) => wecom.chat(id).length)).toEqual([1, 1, 1, 0])
    const list = (await get(`department/list?access_token=${app}`)).department as { id: number; name: string }[]
    const id = list.find((one) => one.name === '研发部')!.id
    expect(await sendText('dept', { touser: '', toparty: `${id}|99` })).toMatchObject({
      errcode: 0,
      invalidparty: '99',
    })
    expect(['Zhao', 'qian', 'sun'].map((id) => wecom.chat(id).length)).toEqual([2, 2, 1])
  })

  test('without licence and disabled members get nothing', async () => {
    const { wecom, sendText } = await makeWecom()
    wecom.setUnlicensed(['li'])
    await wecom.setDisabled('zhou', true)
    const answer = await sendText('hi', { touser: 'li|zhou|sun' })
    expect(answer).toMatchObject({ errcode: 0, unlicenseduser: 'li', invaliduser: 'zhou' })
    expect(['li', 'zhou', 'sun'].map((id) => wecom.chat(id).length)).toEqual([0, 0, 1])
  })
})

test('text is cut at 2048 bytes without a word, never inside a character', async () => {
  const { wecom, sendText } = await makeWecom()
  expect((await sendText('批'.repeat(683))).errcode).toBe(0)
  expect((await sendText(`${'a'.repeat(2046)}😀`)).errcode).toBe(0)
  const [first, second] = wecom.chat('qian')
  expect(first!.text).toBe('批'.repeat(682))
  expect(second!.text).toBe('a'.repeat(2046))
})

test('ids are translated on request, unknown ones stay as typed', async () => {
  const { wecom, sendText } = await makeWecom()
  await sendText('$userName=zhao$ $userName=wang$', { enable_id_trans: 1 })
  await sendText('$userName=zhao$')
  expect(wecom.chat('qian').map((m) => m.text)).toEqual(['赵敏 $userName=wang$', '$userName=zhao$'])
})

describe('what one member gets', () => {
  test('the 31st message in a minute vanishes with errcode 0; a minute later they arrive again', async () => {
    const { wecom, clock, sendText } = await makeWecom()
    for (let i = 0; i < 31; i++) expect((await sendText(`${i}`, { touser: 'qian|sun' })).errcode).toBe(0)
    expect(wecom.chat('qian')).toHaveLength(30)
    clock.forward(MINUTE - 1)
    await sendText('too early')
    expect(wecom.chat('qian')).toHaveLength(30)
    clock.forward(1)
    await sendText('again')
    expect(wecom.chat('qian').at(-1)!.text).toBe('again')
  })

  test('the hour has its own limit', async () => {
    const { wecom, clock, sendText } = await makeWecom({ limits: { memberPerHour: 3 } })
    for (let i = 0; i < 4; i++) {
      await sendText(`${i}`)
      clock.forward(10 * MINUTE)
    }
    expect(wecom.chat('qian')).toHaveLength(3)
    clock.forward(20 * MINUTE)
    await sendText('next hour')
    expect(wecom.chat('qian')).toHaveLength(4)
  })
})

describe('limits of calls', () => {
  test('an excess blocks the API for the minute from then', async () => {
    const { wecom, clock, sendText } = await makeWecom({
      limits: { callsPerMinute: 2 },
      quirks: { sendCountsAsCall: true },
    })
    for (const errcode of [0, 0, 45009]) expect((await sendText('a')).errcode).toBe(errcode)
    clock.forward(MINUTE - 1)
    expect((await sendText('a')).errcode).toBe(45009)
    clock.forward(1)
    expect((await sendText('a')).errcode).toBe(0)
    expect(wecom.chat('qian')).toHaveLength(3)
  })

  test('sending does not count, unless switched so; other calls do', async () => {
    const { sendText, get, app } = await makeWecom({ limits: { callsPerMinute: 1 } })
    for (let i = 0; i < 3; i++) expect((await sendText('a')).errcode).toBe(0)
    const ask = () => get(`getcallbackip?access_token=${app}`)
    expect([(await ask()).errcode, (await ask()).errcode]).toEqual([0, 45009])
  })

  test('a natural day of Beijing has 200 receiver-times for each account', async () => {
    const { clock, sendText, post, token } = await makeWecom({ limits: { accountCap: 0.02 } })
    expect((await sendText('a', { touser: '@all' })).errcode).toBe(45009)
    expect((await sendText('a', { touser: 'qian|sun|li|zhao' })).errcode).toBe(0)
    expect((await sendText('a')).errcode).toBe(45009)
    const body = { touser: 'qian', agentid: AGENT, msgtype: 'text', text: { content: 'b' } }
    const later = async () => (await post(`message/send?access_token=${await token()}`, body)).errcode
    clock.forward(15 * HOUR - 1)
    expect(await later()).toBe(45009)
    clock.forward(1)
    expect(await later()).toBe(0)
  })
})

describe('the duplicate check', () => {
  test('suppresses the same request inside the interval only', async () => {
    const { wecom, clock, sendText } = await makeWecom()
    const once = { enable_duplicate_check: 1, duplicate_check_interval: 60 }
    const first = await sendText('a', once)
    clock.forward(MINUTE - 1)
    expect((await sendText('a', once)).msgid).toBe(first.msgid)
    expect(wecom.chat('qian')).toHaveLength(1)
    await sendText('b', once)
    clock.forward(1)
    await sendText('a', once)
    expect(wecom.chat('qian').map((m) => m.text)).toEqual(['a', 'b', 'a'])
    wecom.quirks.duplicateAnswer = 'no-msgid'
    expect(await sendText('a', once)).not.toHaveProperty('msgid')
  })
})

describe('response codes', () => {
  const menu = { task_id: 'm', action_menu: { action_list: [{ text: '不再提醒', key: 'mute' }] } }
  test.each<[string, Record<string, unknown>, boolean]>([
    ['buttons', buttonCard('t'), true],
    ['a vote', voteCard('t'), true],
    ['drop-downs', multipleCard('t'), true],
    ['a text notice', textCard(), false],
    ['a news notice', newsCard(), false],
    ['a text notice with a menu', textCard(menu), true],
    ['a news notice with a menu', newsCard(menu), true],
  ])('%s', async (_, card, given) => {
    const { sendCard } = await makeWecom(withUrl)
    const answer = await sendCard(card)
    expect(answer).toMatchObject({ errcode: 0 })
    expect('response_code' in answer).toBe(given)
  })

  test('a card that calls back needs a callback URL', async () => {
    const { sendCard } = await makeWecom()
    expect((await sendCard(buttonCard('t'))).errcode).toBe(43012)
    expect((await sendCard(textCard())).errcode).toBe(0)
  })
})

test('a task id is used once; a refused card does not use it up', async () => {
  const { wecom, sendCard } = await makeWecom(withUrl)
  expect((await sendCard(buttonCard('task-1'), { touser: 'nobody' })).errcode).toBe(81013)
  expect((await sendCard(buttonCard('task-1'))).errcode).toBe(0)
  expect((await sendCard(buttonCard('task-1'))).errcode).toBe(42014)
  expect(wecom.chat('qian')).toHaveLength(1)
})

test('a message is recalled within 24 hours', async () => {
  const { wecom, clock, sendText, post, token } = await makeWecom()
  const a = await sendText('a')
  const b = await sendText('b')
  clock.forward(DAY)
  const recall = async (msgid: unknown) =>
    (await post(`message/recall?access_token=${await token()}`, { msgid })).errcode
  expect(await recall(a.msgid)).toBe(0)
  expect(wecom.chat('qian')[0]).toMatchObject({ recalled: true })
  expect(wecom.chat('qian')[0]).not.toHaveProperty('text')
  expect(await recall('unknown')).toBe(40058)
  clock.forward(1)
  expect(await recall(b.msgid)).toBe(42052)
})

test('each phone tells its listener about changes', async () => {
  const { wecom, sendText } = await makeWecomWithBot()
  const seen: string[] = []
  const stop = wecom.onChange((id) => seen.push(id))
  await sendText('a', { touser: 'QIAN|sun' })
  stop()
  await sendText('b')
  expect(seen).toEqual(['qian', 'sun'])
})
