import { describe, expect, onTestFinished, test } from 'vitest'
import type { Card } from '../cards/card.ts'
import type { Delivery, SendResult } from '../src/platforms/port.ts'
import { createWecom, type WecomConfig } from '../src/platforms/wecom/index.ts'
import { type Answer, apiServer, type Call } from './wecom-api-server.ts'
import { VECTOR_AES_KEY, VECTOR_CORP, VECTOR_TOKEN } from './wecom-vectors.ts'

const SECRET = 'the-secret-of-the-app'
const SEND = '/cgi-bin/message/send'
const UPDATE = '/cgi-bin/message/update_template_card'
const GETTOKEN = '/cgi-bin/gettoken'

type Script = Parameters<typeof apiServer>[0]
const token = (_: Call, times: number) => ({ errcode: 0, access_token: `token-${times}`, expires_in: 7200 })

async function world(script: Script, config: Partial<WecomConfig> = {}) {
  const api = await apiServer({ [GETTOKEN]: token, ...script })
  let now = Date.parse('2026-11-07T12:00:00+08:00')
  const logged: unknown[] = []
  const log = (obj: object, msg: string) => void logged.push(obj, msg)
  const wecom = createWecom(
    {
      corpId: VECTOR_CORP,
      agentId: 218,
      secret: SECRET,
      token: VECTOR_TOKEN,
      aesKey: VECTOR_AES_KEY,
      apiBase: api.base,
      oauthBase: 'https://open.weixin.qq.com',
      publicBaseUrl: 'https://jixiao.example.com/',
      menu: [],
      ...config,
    },
    { clock: { now: () => new Date(now), everyMinute: () => () => {} }, log: { info: log, warn: log, error: log } },
  )
  onTestFinished(() => wecom.stop())
  const advance = (ms: number) => {
    now += ms
  }
  return { wecom, api, logged, advance }
}

const text = (words: string, id = 'd1', userId = 'lin'): Delivery => ({
  id,
  userId,
  message: { kind: 'text', text: words },
})
const card = (id = 'd1', userId = 'lin', more: Partial<Card> = {}): Delivery => ({
  id,
  userId,
  message: { kind: 'card', card: { title: '评分', buttons: [{ text: '满分', action: 'full' }], ...more } },
})
const ok = () => ({ errcode: 0, errmsg: 'ok', msgid: 'm1' })
const refusing = (errcode: number, errmsg = 'no') => ({ [SEND]: () => ({ errcode, errmsg }) })

describe('sending', () => {
  test('a card goes under the delivery’s own id and brings its response code back', async () => {
    const { wecom, api } = await world({ [SEND]: () => ({ ...ok(), response_code: 'rc1' }) })
    expect(await wecom.send(card('week@1'))).toEqual({ kind: 'sent', messageId: 'm1', code: 'rc1' })
    expect(api.to(SEND)).toMatchObject([
      {
        query: { access_token: 'token-1' },
        body: { touser: 'lin', agentid: 218, msgtype: 'template_card', template_card: { task_id: 'week@1' } },
      },
    ])
  })

  test('a card that WeCom knows already is sent', async () => {
    const { wecom } = await world(refusing(42014, 'taskid has existed'))
    expect(await wecom.send(card())).toEqual({ kind: 'sent' })
  })

  test('a text is checked for repetition: the same request for the same delivery, another for another', async () => {
    const { wecom, api } = await world({ [SEND]: ok })
    for (const id of ['d1', 'd1', 'd2']) await wecom.send(text('已收到', id))
    const [first, again, other] = api.to(SEND).map((call) => JSON.stringify(call.body))
    expect(first).toBe(again)
    expect(first).not.toBe(other)
    for (const { body } of api.to(SEND)) {
      expect(body).toMatchObject({ enable_duplicate_check: 1, text: { content: '已收到' } })
      expect(body.duplicate_check_interval).toBeGreaterThanOrEqual(1800)
      expect(body.duplicate_check_interval).toBeLessThanOrEqual(14_400)
    }
  })

  test('a long text goes in parts, in order, and stops at the first that fails', async () => {
    const long = `${'甲'.repeat(600)}\n${'乙'.repeat(600)}\n${'丙'.repeat(600)}`
    let parts = 0
    const good = await world({ [SEND]: () => ({ errcode: 0, msgid: `m${++parts}` }) })
    // All of them: what went in parts is taken back in all its parts.
    expect(await good.wecom.send(text(long))).toEqual({ kind: 'sent', messageId: 'm1 m2 m3' })
    expect(good.api.to(SEND).map(({ body }) => (body.text as { content: string }).content[0])).toEqual([
      '甲',
      '乙',
      '丙',
    ])
    const bad = await world({ [SEND]: (_, times) => (times === 2 ? 'drop' : ok()) })
    expect(await bad.wecom.send(text(long))).toMatchObject({ kind: 'unknown' })
    expect(bad.api.to(SEND)).toHaveLength(2)
  })

  test('a text without a visible character is refused and not sent', async () => {
    const { wecom, api } = await world({ [SEND]: ok })
    expect(await wecom.send(text(' \n'))).toMatchObject({ kind: 'refused' })
    expect(api.calls).toEqual([])
  })

  test('somebody out of the app’s reach is told apart from a failure, though WeCom answers ok', async () => {
    const { wecom } = await world({ [SEND]: () => ({ ...ok(), invaliduser: 'lin' }) })
    expect(await wecom.send(card())).toMatchObject({ kind: 'refused', personGone: true })
  })

  test('a member without a licence is refused, and not gone', async () => {
    const { wecom } = await world({ [SEND]: () => ({ ...ok(), unlicenseduser: 'lin' }) })
    const result = await wecom.send(card())
    expect(result).toMatchObject({ kind: 'refused', advice: expect.stringContaining('接口许可') })
    expect(result).not.toHaveProperty('personGone')
  })

  test('an account that would be several people, or everybody, is refused and not sent', async () => {
    const { wecom, api } = await world({ [SEND]: ok })
    for (const userId of ['lin|zhao', '@all', '@ALL', '', 'x'.repeat(65)])
      expect(await wecom.send(card('d1', userId))).toMatchObject({
        kind: 'refused',
        advice: expect.stringContaining('花名册'),
      })
    expect(api.calls).toEqual([])
  })

  test('an id that WeCom would take for a repeated one because it is malformed is a bug, not sent', async () => {
    const { wecom } = await world({ [SEND]: () => ({ errcode: 42014, errmsg: 'taskid has existed or empty' }) })
    for (const id of ['a/b', '', 'x'.repeat(129), '周']) await expect(wecom.send(card(id))).rejects.toThrow(RangeError)
  })

  test('the host may have a path in front, as in a private deployment', async () => {
    const api = await apiServer({ '/wx/cgi-bin/gettoken': token, [`/wx${SEND}`]: ok })
    const { wecom } = await world({}, { apiBase: `${api.base}/wx/` })
    expect(await wecom.send(card())).toMatchObject({ kind: 'sent' })
  })
})

describe('what WeCom refuses becomes what to do', () => {
  test.each<[number, Partial<SendResult>]>([
    [-1, { kind: 'later' }],
    [6000, { kind: 'later' }],
    [45009, { kind: 'later', afterMs: 60_000 }],
    [45033, { kind: 'later' }],
    [81013, { kind: 'refused', personGone: true }],
    [60111, { kind: 'refused', personGone: true }],
    [60011, { kind: 'refused', personGone: true }],
    [42028, { kind: 'refused' }],
    [43012, { kind: 'refused', advice: expect.stringContaining('接收消息') }],
    [301002, { kind: 'refused', advice: expect.stringContaining('WECOM_AGENT_ID') }],
    [50003, { kind: 'refused', advice: expect.stringContaining('启用') }],
    [999_999, { kind: 'refused', reason: expect.stringContaining('999999') }],
  ])('%i', async (errcode, expected) => {
    const { wecom, api } = await world(refusing(errcode))
    expect(await wecom.send(card())).toMatchObject(expected)
    expect(api.to(SEND)).toHaveLength(1)
  })

  test('an IP that is not allowed is named, with the page where to add it, and status says so until it works', async () => {
    let errcode = 60020
    const errmsg =
      'not allow to access from your ip, hint: [1], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/devtool/query?e=60020'
    const { wecom } = await world({ [SEND]: () => ({ errcode, errmsg }) })
    const advice = '请在管理后台 应用管理 → 应用 → 企业可信IP 中加入 203.0.113.7，约 1 分钟后生效'
    expect(await wecom.send(card())).toMatchObject({ kind: 'refused', advice })
    expect(wecom.status()).toMatchObject({ ok: false, problem: expect.stringContaining(advice) })
    errcode = 0
    await wecom.send(card('d2'))
    expect(wecom.status()).toEqual({ ok: true })
  })

  test('one person who is gone is no problem of the platform', async () => {
    const { wecom } = await world(refusing(81013))
    await wecom.send(card())
    expect(wecom.status()).toEqual({ ok: true })
  })

  test.each<[string, Answer, string]>([
    ['a cut connection', 'drop', 'unknown'],
    ['a gateway that lost its backend', { status: 502, text: '<html>' }, 'unknown'],
    ['a page in place of an answer', { status: 200, text: '<html>' }, 'unknown'],
    ['a proxy that forbids', { status: 403, text: 'Forbidden' }, 'later'],
    ['a list in place of an object', { status: 200, text: '[]' }, 'unknown'],
  ])('%s', async (_, answer, kind) => {
    const { wecom } = await world({ [SEND]: () => answer })
    expect(await wecom.send(card())).toMatchObject({ kind })
  })

  test('a host that nobody listens at: nothing was sent, and status says so', async () => {
    const { wecom } = await world({}, { apiBase: 'http://127.0.0.1:9' })
    expect(await wecom.send(card())).toMatchObject({ kind: 'later', reason: expect.stringContaining('无法连接') })
    expect(wecom.status().ok).toBe(false)
  })
})

describe('the token', () => {
  test('is fetched once, however many sends need it', async () => {
    const { wecom, api } = await world({ [SEND]: ok })
    await Promise.all(Array.from({ length: 20 }, (_, i) => wecom.send(card(`d${i}`, `p${i}`))))
    expect(api.to(GETTOKEN)).toHaveLength(1)
    expect(api.to(GETTOKEN)[0]!.query).toEqual({ corpid: VECTOR_CORP, corpsecret: SECRET })
  })

  test.each([40014, 42001])(
    'refused with %i is fetched once more for all, and every message arrives',
    async (errcode) => {
      const { wecom, api } = await world({
        [SEND]: ({ query }) => (query.access_token === 'token-1' ? { errcode, errmsg: 'expired' } : ok()),
      })
      const results = await Promise.all(Array.from({ length: 50 }, (_, i) => wecom.send(card(`d${i}`, `p${i}`))))
      expect(results.every(({ kind }) => kind === 'sent')).toBe(true)
      expect(api.to(GETTOKEN)).toHaveLength(2)
      expect(api.to(SEND)).toHaveLength(100)
    },
  )

  test('refused twice in a row is given up until later', async () => {
    const { wecom, api } = await world(refusing(42001))
    expect(await wecom.send(card())).toMatchObject({ kind: 'later' })
    expect(api.to(SEND)).toHaveLength(2)
  })

  test('wrong secret: asked once, then every send is refused with the place to mend it', async () => {
    const { wecom, api } = await world({
      [GETTOKEN]: () => ({ errcode: 40001, errmsg: 'invalid credential' }),
      [SEND]: ok,
    })
    for (const id of ['d1', 'd2', 'd3'])
      expect(await wecom.send(card(id))).toMatchObject({
        kind: 'refused',
        advice: expect.stringContaining('WECOM_SECRET'),
      })
    expect(api.calls).toHaveLength(1)
    expect(wecom.status()).toMatchObject({ ok: false, problem: expect.stringContaining('Secret') })
  })
})

describe('limits that WeCom keeps silently', () => {
  test('the 31st message of a minute to one member waits; others do not; the next minute goes on', async () => {
    const { wecom, api, advance } = await world({ [SEND]: ok })
    for (let i = 0; i < 30; i++) expect(await wecom.send(card(`d${i}`))).toMatchObject({ kind: 'sent' })
    const late = await wecom.send(card('d30'))
    expect(late).toMatchObject({ kind: 'later' })
    expect(await wecom.send(card('e0', 'LIN'))).toMatchObject({ kind: 'later' })
    expect(await wecom.send(card('e1', 'zhao'))).toMatchObject({ kind: 'sent' })
    expect(api.to(SEND)).toHaveLength(31)
    advance((late as { afterMs: number }).afterMs)
    expect(await wecom.send(card('d30'))).toMatchObject({ kind: 'sent' })
  })

  test('after “too often” nothing is sent for a minute, to anybody', async () => {
    let errcode = 45009
    const { wecom, api, advance } = await world({ [SEND]: () => ({ errcode, errmsg: 'api freq out of limit' }) })
    await wecom.send(card('d1'))
    errcode = 0
    expect(await wecom.send(card('d2', 'zhao'))).toMatchObject({ kind: 'later', afterMs: 60_000 })
    advance(59_999)
    expect(await wecom.send(card('d2', 'zhao'))).toMatchObject({ kind: 'later' })
    expect(api.to(SEND)).toHaveLength(1)
    advance(1)
    expect(await wecom.send(card('d2', 'zhao'))).toMatchObject({ kind: 'sent' })
  })
})

describe('changing a card', () => {
  const change = (more = {}) => ({
    id: 'd1',
    card: { title: '评分', closed: '已评分' },
    for: 'all' as const,
    code: 'rc1',
    ...more,
  })

  test('for all who got it, or for one, with its code and without a task id', async () => {
    const { wecom, api } = await world({ [UPDATE]: () => ({ errcode: 0, errmsg: 'ok' }) })
    expect(await wecom.update(change())).toEqual({ kind: 'sent' })
    expect(await wecom.update(change({ for: { userId: 'lin' }, code: 'rc2' }))).toEqual({ kind: 'sent' })
    const [all, one] = api.to(UPDATE).map(({ body }) => body)
    expect(all).toMatchObject({
      atall: 1,
      agentid: 218,
      response_code: 'rc1',
      template_card: { replace_text: '已评分' },
    })
    expect(all).not.toHaveProperty('userids')
    expect(one).toMatchObject({ userids: ['lin'], response_code: 'rc2' })
    expect(one).not.toHaveProperty('atall')
    expect(one!.template_card).not.toHaveProperty('task_id')
  })

  test('with a code that is used or too old, or with none, is not possible any more', async () => {
    const { wecom, api } = await world({ [UPDATE]: () => ({ errcode: 60140, errmsg: 'invalid response code' }) })
    expect(await wecom.update(change())).toEqual({ kind: 'expired' })
    expect(await wecom.update(change({ code: undefined }))).toEqual({ kind: 'expired' })
    expect(api.to(UPDATE)).toHaveLength(1)
  })

  test('somebody who never got it is told in a list here', async () => {
    const { wecom } = await world({ [UPDATE]: () => ({ errcode: 0, invaliduser: ['lin'] }) })
    expect(await wecom.update(change({ for: { userId: 'Lin' } }))).toMatchObject({ kind: 'refused' })
    expect(await wecom.update(change({ for: 'all', code: 'rc2' }))).toEqual({ kind: 'sent' })
  })

  test('without an answer the outcome is unknown', async () => {
    const { wecom } = await world({ [UPDATE]: () => 'drop' })
    expect(await wecom.update(change())).toMatchObject({ kind: 'unknown' })
  })
})

describe('groups', () => {
  const APPCHAT = '/cgi-bin/appchat/send'
  const CREATE = '/cgi-bin/appchat/create'
  const post = { kind: 'group' as const, groupId: 'g1' }

  test('a text goes into a group that the app made; any other is refused with what to do', async () => {
    const { wecom, api } = await world({ [APPCHAT]: (_: Call, times) => ({ errcode: times === 1 ? 0 : 86008 }) })
    expect(await wecom.reply(post, 'd1', '生日快乐')).toEqual({ kind: 'sent' })
    expect(api.to(APPCHAT)[0]?.body).toEqual({ chatid: 'g1', msgtype: 'text', text: { content: '生日快乐' } })
    expect(await wecom.reply(post, 'd2', 'hi')).toMatchObject({
      kind: 'refused',
      advice: expect.stringContaining('建祝福群'),
    })
    expect(await wecom.reply({ kind: 'group', groupId: 'cid/1==' }, 'd3', 'hi')).toMatchObject({ kind: 'refused' })
    expect(api.to(APPCHAT)).toHaveLength(2)
  })

  test('a group is made once for one wish, and needs two people', async () => {
    const { wecom, api } = await world({ [CREATE]: (_: Call, times) => ({ errcode: times === 1 ? 0 : 86215 }) })
    const group = { id: 'abc1', name: '示例·祝福', owner: 'lin', userIds: ['lin', 'zhao'] }
    expect(await wecom.createGroup?.(group)).toEqual({ kind: 'made', groupId: 'abc1' })
    expect(await wecom.createGroup?.(group)).toEqual({ kind: 'made', groupId: 'abc1' })
    expect(api.to(CREATE)[0]?.body).toEqual({
      name: '示例·祝福',
      owner: 'lin',
      userlist: ['lin', 'zhao'],
      chatid: 'abc1',
    })
    expect(await wecom.createGroup?.({ ...group, userIds: [] })).toMatchObject({ kind: 'refused' })
    expect(api.to(CREATE)).toHaveLength(2)
  })

  test('an app that does not see the whole company is told which setting is wrong', async () => {
    const { wecom } = await world({ [CREATE]: () => ({ errcode: 48002, errmsg: 'api forbidden' }) })
    const made = await wecom.createGroup?.({ id: 'a', name: '群', owner: 'lin', userIds: ['zhao'] })
    expect(made).toMatchObject({ kind: 'refused', reason: expect.stringContaining('48002') })
  })
})

test('neither secret nor token is in any log line, result, status or error, whatever goes wrong', async () => {
  const told: unknown[] = []
  const broken: Answer[] = [
    'drop',
    { status: 502, text: `token-1 ${SECRET}` },
    { errcode: 40014, errmsg: 'token-1' },
    { errcode: 60020, errmsg: `token-1 ${SECRET} from ip: token-1` },
    { errcode: 999, errmsg: `access_token=token-1 ${SECRET}` },
  ]
  for (const answer of broken) {
    for (const path of [SEND, GETTOKEN]) {
      const { wecom, logged } = await world({ [path]: () => answer }, { menu: [{ text: '菜单', key: 'k' }] })
      await wecom.start(async () => {})
      const caught = async (work: Promise<unknown>) => told.push(await work.catch((error) => `${error} ${error.stack}`))
      await caught(wecom.send(card()))
      await caught(wecom.login('code'))
      await caught(wecom.jsSignature('https://jixiao.example.com/h5/', 'config'))
      told.push(logged, wecom.status())
    }
  }
  expect(JSON.stringify(told)).not.toMatch(/the-secret|token-\d|QDG6eK|jWmYm7/)
})
