import { hash } from 'node:crypto'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Incoming } from '../src/platforms/port.ts'
import { decrypt, encrypt, sign, verify } from '../src/platforms/wecom/crypto.ts'
import { createWecom, type MenuItem, type WecomConfig, type WecomDeps } from '../src/platforms/wecom/index.ts'
import { signUrl } from '../src/platforms/wecom/js-signature.ts'
import { all, cutEncrypt, one, parseXml, textOf } from '../src/platforms/wecom/xml.ts'
import { apiServer } from './wecom-api-server.ts'
import { vectorKeys as keys, VECTOR_AES_KEY, VECTOR_CORP, VECTOR_TOKEN } from './wecom-vectors.ts'

const NOW = '2026-11-07T12:00:00+08:00'
const token = () => ({ errcode: 0, access_token: 'token-1', expires_in: 7200 })

async function world(
  script: Parameters<typeof apiServer>[0],
  config: Partial<WecomConfig> = {},
  passiveReply?: WecomDeps['passiveReply'],
) {
  const api = await apiServer({ '/cgi-bin/gettoken': token, ...script })
  const wecom = createWecom(
    {
      corpId: VECTOR_CORP,
      agentId: 218,
      secret: 's',
      token: VECTOR_TOKEN,
      aesKey: VECTOR_AES_KEY,
      apiBase: api.base,
      oauthBase: 'https://open.weixin.qq.com',
      publicBaseUrl: 'https://jixiao.example.com',
      menu: [],
      ...config,
    },
    {
      clock: { now: () => new Date(NOW), everyMinute: () => () => {} },
      log: { info() {}, warn() {}, error() {} },
      ...(passiveReply && { passiveReply }),
    },
  )
  onTestFinished(() => wecom.stop())
  return { wecom, api }
}

describe('members', () => {
  const tree: Record<string, { name: string; parentid: number }> = {
    1: { name: '示例公司', parentid: 0 },
    2: { name: '研发部', parentid: 1 },
    3: { name: '后端组', parentid: 2 },
    4: { name: '项目组', parentid: 1 },
  }
  const lin = {
    userid: 'Lin',
    name: '林晓',
    department: [4, 3],
    main_department: 3,
    is_leader_in_dept: [0, 1],
    direct_leader: ['zhao'],
    position: '工程师',
    status: 1,
    mobile: '13800000000',
    extattr: {
      attrs: [
        { type: 0, name: '入职日期', text: { value: '2021年3月1日' } },
        { type: 0, name: '工号', text: { value: '0012' } },
        { type: 0, name: '生日', text: { value: '农历八月十五' } },
        { type: 1, name: '主页', web: { url: 'http://x', title: 'x' } },
      ],
    },
  }
  const zhao = { userid: 'zhao', name: '赵明', department: [1], status: 4 }
  const gone = { userid: 'gone', name: '王离', department: [2], status: 5 }
  const staff: Record<string, object[]> = { 1: [zhao], 2: [gone], 3: [lin], 4: [lin] }
  const company = {
    '/cgi-bin/department/simplelist': () => ({
      errcode: 0,
      department_id: Object.entries(tree).map(([id, { parentid }]) => ({ id: Number(id), parentid, order: 1 })),
    }),
    '/cgi-bin/department/get': ({ query }: { query: Record<string, string> }) => ({
      errcode: 0,
      department: { id: Number(query.id), ...tree[query.id!] },
    }),
    '/cgi-bin/agent/get': () => ({ errcode: 0, agentid: 218, allow_userinfos: { user: [] } }),
    '/cgi-bin/user/list': ({ query }: { query: Record<string, string> }) => ({
      errcode: 0,
      userlist: staff[query.department_id!],
    }),
  }

  test('are told once each, with what the core needs and nothing else', async () => {
    const { wecom } = await world(company)
    const members = await wecom.members()
    expect(members.toSorted((a, b) => a.userId.localeCompare(b.userId))).toEqual([
      { userId: 'gone', name: '王离', departments: ['研发部'], active: false },
      {
        userId: 'Lin',
        name: '林晓',
        departments: ['研发部', '后端组', '项目组'],
        title: '工程师',
        jobNumber: '0012',
        managerUserId: 'zhao',
        leader: true,
        active: true,
        hiredOn: '2021-03-01',
        extra: { 入职日期: '2021年3月1日', 工号: '0012', 生日: '农历八月十五' },
      },
      { userId: 'zhao', name: '赵明', departments: [], active: true },
    ])
  })

  test.each([
    ['2021-03-01', '2021-03-01'],
    ['2021/3/1', '2021-03-01'],
    ['2021.3.1', '2021-03-01'],
    [' 20210301 ', '2021-03-01'],
    ['2021-02-30', undefined],
    ['三月', undefined],
    ['', undefined],
  ])('a hire date typed as %j is %j', async (value, hiredOn) => {
    const user = { ...zhao, extattr: { attrs: [{ name: '入职日期', text: { value } }] } }
    const { wecom } = await world({ ...company, '/cgi-bin/user/list': () => ({ errcode: 0, userlist: [user] }) })
    expect((await wecom.members())[0]?.hiredOn).toBe(hiredOn)
  })

  test('of a department too big for one answer are read one by one', async () => {
    const { wecom } = await world({
      ...company,
      '/cgi-bin/user/list': (call) =>
        call.query.department_id === '3'
          ? { errcode: 45029, errmsg: 'too large' }
          : company['/cgi-bin/user/list'](call),
      '/cgi-bin/user/simplelist': () => ({ errcode: 0, userlist: [{ userid: 'Lin', name: '林晓', department: [3] }] }),
      '/cgi-bin/user/get': () => ({ errcode: 0, ...lin }),
    })
    expect((await wecom.members()).map(({ userId }) => userId).sort()).toEqual(['Lin', 'gone', 'zhao'])
  })

  test('are all or none: a part that cannot be read is an error with its reason', async () => {
    const { wecom } = await world({
      ...company,
      '/cgi-bin/user/list': (call) =>
        call.query.department_id === '4'
          ? { errcode: 60011, errmsg: 'no privilege' }
          : company['/cgi-bin/user/list'](call),
    })
    await expect(wecom.members()).rejects.toThrow(/读取企业微信通讯录失败.*60011/)
  })

  test('put into the app’s range one by one, outside of any department it sees, are read too', async () => {
    const { wecom } = await world({
      ...company,
      '/cgi-bin/department/simplelist': () => ({ errcode: 0, department_id: [] }),
      '/cgi-bin/agent/get': () => ({ errcode: 0, allow_userinfos: { user: [{ userid: 'Lin' }] } }),
      '/cgi-bin/user/get': () => ({ errcode: 0, ...lin }),
    })
    expect(await wecom.members()).toMatchObject([{ userId: 'Lin', departments: [] }])
  })

  test('survive a moment in which the platform is busy', async () => {
    const { wecom } = await world({
      ...company,
      '/cgi-bin/user/list': (call, times) =>
        times === 1 ? { errcode: -1, errmsg: 'system error' } : company['/cgi-bin/user/list'](call),
    })
    expect(await wecom.members()).toHaveLength(3)
  })
})

describe('the menu', () => {
  const menu: MenuItem[] = [
    { text: '本周计划', key: 'my-week' },
    { text: '更多', children: [{ text: '我的成绩', path: '/h5/results' }] },
  ]
  const drawn = {
    button: [
      { type: 'click', name: '本周计划', key: 'my-week' },
      { name: '更多', sub_button: [{ type: 'view', name: '我的成绩', url: 'https://jixiao.example.com/h5/results' }] },
    ],
  }

  test('is created where there is none or another', async () => {
    for (const seen of [
      { errcode: 46003, errmsg: 'menu no exist' },
      { errcode: 0, button: [{ type: 'click', name: '旧菜单', key: 'my-week' }] },
    ]) {
      const { wecom, api } = await world(
        { '/cgi-bin/menu/get': () => seen, '/cgi-bin/menu/create': () => ({ errcode: 0 }) },
        { menu },
      )
      await wecom.start(async () => {})
      expect(api.to('/cgi-bin/menu/create')).toMatchObject([{ query: { agentid: '218' }, body: drawn }])
      expect(wecom.status()).toEqual({ ok: true })
    }
  })

  test('is left alone where it is the same, whatever else the platform tells of it', async () => {
    const seen = {
      errcode: 0,
      button: [
        { ...drawn.button[0], sub_button: [] },
        { name: '更多', type: '', sub_button: drawn.button[1]!.sub_button },
      ],
    }
    const { wecom, api } = await world({ '/cgi-bin/menu/get': () => seen }, { menu })
    await wecom.start(async () => {})
    expect(api.to('/cgi-bin/menu/create')).toEqual([])
  })

  test('that cannot be made is tried again in the background: start does not fail, status tells why', async () => {
    const { wecom } = await world(
      {
        '/cgi-bin/menu/get': () => ({ errcode: 50003, errmsg: 'disabled' }),
        '/cgi-bin/menu/create': () => ({ errcode: 50003 }),
      },
      { menu },
    )
    await wecom.start(async () => {})
    expect(wecom.status()).toMatchObject({ ok: false, problem: expect.stringContaining('应用已停用') })
  })

  const entry = { text: '一', key: 'k' }
  test.each<[string, MenuItem[]]>([
    ['four entries', [entry, entry, entry, entry]],
    ['six below one', [{ text: '一', children: [entry, entry, entry, entry, entry, entry] }]],
    ['none below one', [{ text: '一', children: [] }]],
    ['a name over 16 bytes', [{ text: '一二三四五六', key: 'k' }]],
    ['a name over 16 bytes below one', [{ text: '一', children: [{ text: '一二三四五六', key: 'k' }] }]],
    ['a page that is not ours', [{ text: '一', path: '/admin' }]],
    ['an empty key', [{ text: '一', key: '' }]],
  ])('with %s is an error at start', async (_, bad) => {
    await expect(world({}, { menu: bad })).rejects.toThrow(RangeError)
  })
})

describe('logging in', () => {
  test('sends a person to WeCom with everything that it wants, in its order of fragments', async () => {
    const { wecom } = await world({})
    const url = new URL(wecom.authorizeUrl('https://jixiao.example.com/auth/wecom?to=/h5/week', 'abc123'))
    expect(url.origin + url.pathname).toBe('https://open.weixin.qq.com/connect/oauth2/authorize')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      appid: VECTOR_CORP,
      redirect_uri: 'https://jixiao.example.com/auth/wecom?to=/h5/week',
      response_type: 'code',
      scope: 'snsapi_base',
      state: 'abc123',
      agentid: '218',
    })
    expect(url.hash).toBe('#wechat_redirect')
    expect(() => wecom.authorizeUrl('https://jixiao.example.com', 'a b')).toThrow(RangeError)
  })

  const userinfo = (answer: object) => ({ '/cgi-bin/auth/getuserinfo': () => ({ ...answer }) })

  test('a member’s code tells the member', async () => {
    const { wecom, api } = await world(userinfo({ errcode: 0, userid: 'lin' }))
    expect(await wecom.login('a+b/c=')).toEqual({ userId: 'lin' })
    expect(api.to('/cgi-bin/auth/getuserinfo')[0]!.query.code).toBe('a+b/c=')
  })

  test('an outsider, and a code that is wrong, old or used, tell nobody', async () => {
    for (const answer of [{ errcode: 0, openid: 'o1' }, { errcode: 40029 }, { errcode: 42003 }, { errcode: 42022 }]) {
      const { wecom } = await world(userinfo(answer))
      expect(await wecom.login('code')).toBeUndefined()
    }
  })

  test('an empty or endless code is not even asked about', async () => {
    const { wecom, api } = await world(userinfo({ errcode: 0, userid: 'lin' }))
    expect(await wecom.login('')).toBeUndefined()
    expect(await wecom.login('x'.repeat(513))).toBeUndefined()
    expect(api.calls).toEqual([])
  })

  test('a platform that cannot say is an error, not a stranger', async () => {
    const { wecom } = await world(userinfo({ errcode: 60020, errmsg: '' }))
    await expect(wecom.login('code')).rejects.toThrow('60020')
  })
})

describe('signing our pages', () => {
  test('the official vector, with and without a fragment', () => {
    const ticket = 'sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg'
    const expected = '0f9de62fce790f9a083d5c99e95740ceb90c27ed'
    expect(signUrl(ticket, 'Wm3WZYTPz0wzccnW', 1414587457, 'http://mp.weixin.qq.com?params=value')).toBe(expected)
    expect(signUrl(ticket, 'Wm3WZYTPz0wzccnW', 1414587457, 'http://mp.weixin.qq.com?params=value#/a#b')).toBe(expected)
  })

  test('uses the company’s ticket or the app’s, each fetched once', async () => {
    const { wecom, api } = await world({
      '/cgi-bin/get_jsapi_ticket': () => ({ errcode: 0, ticket: 'corp-ticket', expires_in: 7200 }),
      '/cgi-bin/ticket/get': () => ({ errcode: 0, ticket: 'app-ticket', expires_in: 7200 }),
    })
    const url = 'https://jixiao.example.com/h5/week?a=1'
    for (const [kind, ticket] of [
      ['config', 'corp-ticket'],
      ['agentConfig', 'app-ticket'],
      ['config', 'corp-ticket'],
    ] as const) {
      const { timestamp, nonceStr, signature } = await wecom.jsSignature(`${url}#x`, kind)
      expect(timestamp).toBe(Date.parse(NOW) / 1000)
      expect(signature).toBe(
        hash('sha1', `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=${url}`),
      )
    }
    expect(api.to('/cgi-bin/get_jsapi_ticket')).toHaveLength(1)
    expect(api.to('/cgi-bin/ticket/get')).toMatchObject([{ query: { type: 'agent_config' } }])
  })

  test('is for our own pages only', async () => {
    const { wecom, api } = await world({})
    for (const url of [
      'https://evil.example.com/h5/',
      'https://jixiao.example.com.evil.com/',
      'http://jixiao.example.com/',
      'x',
    ])
      await expect(wecom.jsSignature(url, 'config')).rejects.toThrow(RangeError)
    expect(api.calls).toEqual([])
  })
})

describe('callbacks of the whole adapter', () => {
  const request = (inner: string, by = keys) => {
    const encrypted = encrypt(by, inner)
    const timestamp = String(Date.parse(NOW) / 1000)
    const query = { msg_signature: sign(by.token, timestamp, 'n', encrypted), timestamp, nonce: 'n' }
    return { method: 'POST', query, body: Buffer.from(`<xml><Encrypt>${encrypted}</Encrypt></xml>`) }
  }
  const click = `<xml><FromUserName>lin</FromUserName><CreateTime>${Date.parse(NOW) / 1000}</CreateTime><MsgType>event</MsgType><Event>template_card_event</Event><EventKey>full</EventKey><TaskId>t1</TaskId><ResponseCode>rc</ResponseCode><AgentID>218</AgentID></xml>`

  test('are taken from start to stop; stop waits for what is being stored', async () => {
    const { wecom } = await world({})
    expect((await wecom.handleCallback(request(click), 'app')).status).toBe(503)
    let store = () => {}
    await wecom.start(() => new Promise<void>((resolve) => (store = resolve)))
    const answer = wecom.handleCallback(request(click), 'app')
    const order: string[] = []
    void answer.then(() => order.push('answered'))
    const stopped = wecom.stop().then(() => order.push('stopped'))
    expect((await wecom.handleCallback(request(click), 'app')).status).toBe(503)
    store()
    await stopped
    expect((await answer).status).toBe(200)
    expect(order).toEqual(['answered', 'stopped'])
  })

  test('of the contact assistant have their own keys, and none where it is not set up', async () => {
    const contacts = { ...keys, token: 'ContactsToken' }
    const seen: Incoming[] = []
    const joined =
      '<xml><FromUserName>sys</FromUserName><MsgType>event</MsgType><Event>change_contact</Event><ChangeType>create_user</ChangeType><UserID>new</UserID></xml>'
    const with_ = await world({}, { contactsToken: contacts.token, contactsAesKey: VECTOR_AES_KEY })
    await with_.wecom.start(async (event) => void seen.push(event))
    expect((await with_.wecom.handleCallback(request(joined, contacts), 'contacts')).status).toBe(200)
    expect((await with_.wecom.handleCallback(request(joined, contacts), 'app')).status).toBe(403)
    expect(seen).toMatchObject([{ type: 'joined', userId: 'new' }])
    const without = await world({})
    expect((await without.wecom.handleCallback(request(joined, contacts), 'contacts')).status).toBe(404)
  })

  test('are answered with nothing, unless passive updates are on: then with the card’s next face', async () => {
    const next = () => ({
      title: '已评 ]]> 分',
      buttons: [{ text: '改分', action: 'again' }],
      link: { text: '详情', path: '/h5/score' },
    })
    const off = await world({}, {}, next)
    await off.wecom.start(async () => {})
    expect(await off.wecom.handleCallback(request(click), 'app')).toEqual({ status: 200, body: '' })

    const on = await world({}, { passiveUpdates: true }, next)
    await on.wecom.start(async () => {})
    const { status, body } = await on.wecom.handleCallback(request(click), 'app')
    expect(status).toBe(200)
    const outer = parseXml(body)
    const encrypted = cutEncrypt(Buffer.from(body))!
    expect(
      verify(keys.token, textOf(outer, 'TimeStamp'), textOf(outer, 'Nonce'), encrypted, textOf(outer, 'MsgSignature')),
    ).toBe(true)
    const inner = parseXml(decrypt(keys, encrypted))
    expect(['ToUserName', 'FromUserName', 'MsgType'].map((name) => textOf(inner, name))).toEqual([
      'lin',
      VECTOR_CORP,
      'update_template_card',
    ])
    const card = one(inner, 'TemplateCard')
    expect(textOf(card, 'CardType')).toBe('button_interaction')
    expect(textOf(one(card, 'MainTitle'), 'Title')).toBe('已评 ]]> 分')
    expect(all(card, 'ButtonList').map((button) => [textOf(button, 'Text'), textOf(button, 'Key')])).toEqual([
      ['改分', 'again'],
    ])
  })

  test('are acknowledged although the next face cannot be made', async () => {
    const { wecom } = await world({}, { passiveUpdates: true }, () => {
      throw new Error('bug')
    })
    await wecom.start(async () => {})
    expect(await wecom.handleCallback(request(click), 'app')).toEqual({ status: 200, body: '' })
  })
})
