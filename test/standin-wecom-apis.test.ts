import { describe, expect, test } from 'vitest'
import { jsSignature } from '../sandbox/wecom/tickets.ts'
import { AGENT, CORP, DAY, HOUR, MINUTE, makeWecom, SECOND } from './standin-wecom-world.ts'

type Json = Record<string, unknown>

describe('contacts', () => {
  test('a department tree below the root, with leaders', async () => {
    const { get, app } = await makeWecom()
    const { department } = (await get(`department/list?access_token=${app}`)) as unknown as { department: Json[] }
    expect(department.map((one) => [one.name, one.parentid])).toEqual([
      ...[
        ['公司', 0],
        ['研发部', 1],
        ['平台组', 2],
        ['食堂', 1],
        ['行政部', 1],
      ],
    ])
    expect(department.find((one) => one.name === '研发部')!.department_leader).toEqual(['Zhao'])
    const ids = (await get(`department/simplelist?access_token=${app}&id=2`)).department_id
    expect(ids).toMatchObject([
      { id: 2, parentid: 1 },
      { id: 3, parentid: 2 },
    ])
    const one = await get(`department/get?access_token=${app}&id=3`)
    expect(one.department).toMatchObject({ id: 3, name: '平台组' })
  })

  test('lists hold direct members only, also those of a second department', async () => {
    const { wecom, get, app } = await makeWecom()
    wecom.addDepartment('sun', ['研发部'])
    const list = async (id: number) =>
      ((await get(`user/simplelist?access_token=${app}&department_id=${id}`)).userlist as Json[]).map(
        (one) => one.userid,
      )
    expect(await list(2)).toEqual(['Zhao', 'sun'])
    expect(await list(4)).toEqual(['sun', 'li'])
    expect(await list(1)).toEqual([])
    const sun = await get(`user/get?access_token=${app}&userid=SUN`)
    expect(sun).toMatchObject({ userid: 'sun', department: [4, 2], main_department: 4, is_leader_in_dept: [0, 0] })
  })

  test('a new app reads leader and attributes, not phone or address; an old one does', async () => {
    const { wecom, get, app } = await makeWecom()
    const qian = await get(`user/get?access_token=${app}&userid=qian`)
    expect(qian).toMatchObject({ name: '钱进', position: '员工', status: 1, direct_leader: ['Zhao'] })
    for (const name of ['mobile', 'email', 'biz_mail', 'gender', 'avatar', 'qr_code', 'address'])
      expect(qian).not.toHaveProperty(name)
    wecom.quirks.legacyFields = true
    expect(await get(`user/get?access_token=${app}&userid=qian`)).toHaveProperty('mobile')
  })

  test('dates in attributes are free text, written in many ways', async () => {
    const { get, app } = await makeWecom()
    const list = (await get(`user/list?access_token=${app}&department_id=4`)).userlist as Json[]
    const qian = await get(`user/get?access_token=${app}&userid=qian`)
    const attributes = [qian, ...list].map((one) => (one.extattr as { attrs: Json[] }).attrs)
    expect(attributes).toEqual([
      [
        { type: 0, name: '入职日期', text: { value: '2021年7月1日' } },
        { type: 0, name: '生日', text: { value: '腊月初八' } },
      ],
      [{ type: 0, name: '入职日期', text: { value: '2022/1/9' } }],
      [{ type: 0, name: '入职日期', text: { value: '2023.12.31' } }],
    ])
  })

  test('the assistant lists ids in pages and reads no details', async () => {
    const { wecom, get, post, token, app } = await makeWecom()
    wecom.addDepartment('sun', ['研发部'])
    const contacts = await token('contacts-secret')
    const first = await post(`user/list_id?access_token=${contacts}`, { limit: 4 })
    expect(first.dept_user).toHaveLength(4)
    const rest = await post(`user/list_id?access_token=${contacts}`, { limit: 4, cursor: first.next_cursor })
    expect(rest).toMatchObject({ dept_user: [{ userid: 'li' }, { userid: 'zhou' }], next_cursor: '' })
    expect((await post(`user/list_id?access_token=${contacts}`, { limit: 10_001 })).errcode).toBe(40035)
    expect((await post(`user/list_id?access_token=${app}`, {})).errcode).toBe(48002)
    const details = ['user/get?userid=sun', 'user/list?department_id=1', 'department/list?', 'department/get?id=1']
    for (const path of details) expect((await get(`${path}&access_token=${contacts}`)).errcode, path).toBe(48009)
    expect((await get(`department/simplelist?access_token=${contacts}`)).errcode).toBe(0)
    wecom.quirks.legacyContactsIp = true
    expect((await get(`user/get?userid=sun&access_token=${contacts}`)).errcode).toBe(0)
  })

  test('an app sees its range only', async () => {
    const { get, app } = await makeWecom({ visible: ['sun'] })
    expect((await get(`user/get?access_token=${app}&userid=li`)).errcode).toBe(60011)
    expect((await get(`user/get?access_token=${app}&userid=nobody`)).errcode).toBe(60111)
    expect((await get(`user/list?access_token=${app}&department_id=2`)).errcode).toBe(60011)
    expect((await get(`user/list?access_token=${app}&department_id=4`)).userlist).toMatchObject([{ userid: 'sun' }])
    expect((await get(`agent/get?access_token=${app}&agentid=${AGENT}`)).allow_userinfos).toEqual({
      user: [{ userid: 'sun' }],
    })
  })
})

describe('login', () => {
  const authorize = { appid: CORP, redirect_uri: 'http://bot.example.com:3000/auth/wecom?a=1', response_type: 'code' }
  const login = async (more: Json = {}, headers: Record<string, string> = {}, options = {}) => {
    const world = await makeWecom({ trustedDomain: 'bot.example.com:3000', ...options })
    const query = new URLSearchParams({
      ...authorize,
      scope: 'snsapi_base',
      state: 'abc',
      sandbox_user: 'QIAN',
      ...more,
    })
    const answer = await fetch(`${world.wecom.oauthBase}/connect/oauth2/authorize?${query}`, {
      redirect: 'manual',
      headers,
    })
    const location = answer.headers.get('location')
    const code = location === null ? undefined : new URL(location).searchParams.get('code')!
    const redeem = async (text = code) => world.get(`auth/getuserinfo?access_token=${await world.token()}&code=${text}`)
    return { ...world, answer, location, redeem, page: await answer.text() }
  }

  test('leads back with code and state, and the code names the member once', async () => {
    const { answer, location, redeem } = await login()
    expect(answer.status).toBe(302)
    expect(location).toMatch(/^http:\/\/bot\.example\.com:3000\/auth\/wecom\?a=1&code=[\w-]+&state=abc$/)
    expect(await redeem()).toEqual({ errcode: 0, errmsg: 'ok', userid: 'qian' })
    expect((await redeem()).errcode).toBe(42022)
    expect((await redeem('unknown')).errcode).toBe(40029)
  })

  test('a code lives five minutes', async () => {
    const good = await login()
    good.clock.forward(5 * MINUTE)
    expect((await good.redeem()).errcode).toBe(0)
    const late = await login()
    late.clock.forward(5 * MINUTE + 1)
    expect((await late.redeem()).errcode).toBe(42003)
  })

  test.each<[string, Json, number]>([
    ['another company', { appid: 'ww1' }, 40013],
    ['another domain', { redirect_uri: 'http://evil.example.com:3000/' }, 50001],
    ['another port', { redirect_uri: 'http://bot.example.com/' }, 50001],
    ['a subdomain', { redirect_uri: 'http://a.bot.example.com:3000/' }, 50001],
    ['no address', { redirect_uri: 'bot' }, 50001],
    ['another response type', { response_type: 'token' }, 40035],
    ['another scope', { scope: 'snsapi_userinfo' }, 40035],
    ['a state with a dash', { state: 'a-b' }, 40035],
    ['a state of 129 letters', { state: 'a'.repeat(129) }, 40035],
    ['nobody on the phone', { sandbox_user: '' }, 40035],
    ['another app', { agentid: '1' }, 40056],
  ])('is refused for %s', async (_, more, errcode) => {
    const { answer, page, location } = await login(more)
    expect([answer.status, location]).toEqual([400, null])
    expect(page).toContain(`errcode: ${errcode}`)
  })

  test('without a trusted domain leads nowhere, until one is set', async () => {
    const { page } = await login({}, {}, { trustedDomain: undefined })
    expect(page).toContain('errcode: 50001')
  })

  test('knows the phone by its header or cookie too', async () => {
    const phones: Record<string, string>[] = [{ 'x-sandbox-user': 'sun' }, { cookie: 'a=b; sandbox_user=sun' }]
    for (const headers of phones)
      expect((await (await login({ sandbox_user: '' }, headers)).redeem()).userid).toBe('sun')
  })

  test('of an outsider gives an openid; of a member outside the range the id, but no details', async () => {
    const outsider = await (await login({ sandbox_user: 'wang' })).redeem()
    expect(outsider).toMatchObject({ errcode: 0, openid: expect.any(String) })
    expect(outsider).not.toHaveProperty('userid')
    const hidden = { visible: ['sun'] }
    expect((await (await login({}, {}, hidden)).redeem()).userid).toBe('qian')
    const detail = { scope: 'snsapi_privateinfo', agentid: String(AGENT) }
    expect((await login(detail, {}, hidden)).page).toContain('errcode: 60011')
  })

  test('with consent gives a ticket for details that lives 30 minutes', async () => {
    const { redeem, post, token, clock } = await login({ scope: 'snsapi_privateinfo', agentid: String(AGENT) })
    const { user_ticket } = await redeem()
    const detail = async (ticket: unknown) =>
      post(`auth/getuserdetail?access_token=${await token()}`, { user_ticket: ticket })
    expect(await detail(user_ticket)).toEqual({ errcode: 0, errmsg: 'ok', userid: 'qian', gender: '0' })
    expect((await detail('x')).errcode).toBe(84015)
    clock.forward(30 * MINUTE + 1)
    expect((await detail(user_ticket)).errcode).toBe(84014)
    const base = await login({ scope: 'snsapi_privateinfo' })
    expect(await base.redeem()).not.toHaveProperty('user_ticket')
  })

  test('codes come without a browser too, and the assistant cannot redeem them', async () => {
    const { wecom, get, app, token } = await makeWecom()
    const path = (code: string, by: string) => `auth/getuserinfo?access_token=${by}&code=${code}`
    expect((await get(path(wecom.loginCode('qian'), app))).userid).toBe('qian')
    expect(await get(path(wecom.outsiderCode(), app))).toHaveProperty('openid')
    expect((await get(path(wecom.loginCode('qian'), await token('contacts-secret')))).errcode).toBe(48002)
  })
})

describe('JS tickets', () => {
  const page = { noncestr: 'n', timestamp: 1764032400, url: 'https://bot.example.com/h5/plan?week=1' }

  test('of company and app differ, and a signature made with the other one is recognised', async () => {
    const { wecom, get, app, clock } = await makeWecom()
    const config = (await get(`get_jsapi_ticket?access_token=${app}`)).ticket as string
    const agent = (await get(`ticket/get?access_token=${app}&type=agent_config`)).ticket as string
    expect(config).not.toBe(agent)
    const check = (kind: 'config' | 'agentConfig', ticket: string, more = {}) =>
      wecom.checkJsSignature(kind, { ...page, signature: jsSignature(ticket, page), ...more })
    expect(check('config', config)).toBe(0)
    expect(check('agentConfig', agent)).toBe(0)
    expect(check('agentConfig', config)).toBe(42012)
    expect(check('config', config, { url: `${page.url}#a` })).toBe(40093)
    expect(check('config', config, { noncestr: 'm' })).toBe(40093)
    expect(check('config', config, { timestamp: 1764032400000 })).toBe(40093)
    clock.forward(7200 * SECOND)
    expect(check('config', config)).toBe(40093)
  })

  test('are 100 an hour, each kind for itself; then the hour is over', async () => {
    const { get, token, clock, app } = await makeWecom()
    for (let i = 0; i < 100; i++) await get(`get_jsapi_ticket?access_token=${app}`)
    expect((await get(`get_jsapi_ticket?access_token=${app}`)).errcode).toBe(45009)
    expect((await get(`ticket/get?access_token=${app}&type=agent_config`)).errcode).toBe(0)
    expect((await get(`ticket/get?access_token=${app}`)).errcode).toBe(40035)
    clock.forward(HOUR)
    expect((await get(`get_jsapi_ticket?access_token=${await token()}`)).errcode).toBe(0)
  })
})

describe('the menu', () => {
  const click = (more: Json = {}) => ({ type: 'click', name: '绩效', key: 'k', ...more })
  const sub = (...list: Json[]) => [{ name: '更多', sub_button: list }]

  test.each<[string, unknown, number]>([
    ['three entries', [click(), click(), click()], 0],
    ['four entries', Array(4).fill(click()), 40016],
    ['none', [], 40016],
    ['a name of 15 bytes', [click({ name: '五个汉字吧' })], 0],
    ['a name of 18 bytes', [click({ name: '六个汉字超长' })], 40018],
    ['an unknown type', [click({ type: 'media_id' })], 40017],
    ['a key of 129 bytes', [click({ key: 'k'.repeat(129) })], 40019],
    ['a view without url', [click({ type: 'view' })], 40020],
    ['a view', [{ type: 'view', name: 'a', url: 'https://a' }], 0],
    ['five below', sub(...Array(5).fill(click())), 0],
    ['six below', sub(...Array(6).fill(click())), 40023],
    ['a third level', sub({ ...click(), sub_button: [click()] }), 40022],
    ['a long name below', sub(click({ name: '六个汉字超长' })), 40025],
    ['an unknown type below', sub(click({ type: 'x' })), 40024],
    ['no key below', sub(click({ key: undefined })), 40026],
    ['a bad url below', sub(click({ type: 'view', url: 'a' })), 40027],
  ])('with %s', async (_, button, errcode) => {
    const { post, app } = await makeWecom()
    expect((await post(`menu/create?access_token=${app}&agentid=${AGENT}`, { button })).errcode).toBe(errcode)
  })

  test('is kept, shown and deleted; of another app 301002, of none 40056', async () => {
    const { wecom, post, get, app } = await makeWecom({ quirks: { subMenuNameBytes: 40 } })
    const button = sub(click({ name: '六个汉字超长' }))
    expect((await post(`menu/create?access_token=${app}&agentid=${AGENT}`, { button })).errcode).toBe(0)
    expect((await get(`menu/get?access_token=${app}&agentid=${AGENT}`)).button).toEqual(button)
    expect(wecom.menu()).toEqual([{ text: '更多', children: [{ text: '六个汉字超长', key: 'k' }] }])
    expect((await get(`menu/delete?access_token=${app}&agentid=1`)).errcode).toBe(301002)
    expect((await get(`menu/delete?access_token=${app}`)).errcode).toBe(40056)
    await get(`menu/delete?access_token=${app}&agentid=${AGENT}`)
    expect(wecom.menu()).toEqual([])
  })
})

describe('media', () => {
  const png = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), Buffer.alloc(60)])
  const upload = async (path: string, bytes: Buffer, name = 'a.png', field = 'media') => {
    const world = await makeWecom()
    const form = new FormData()
    form.set(field, new Blob([new Uint8Array(bytes)]), name)
    const url = `${world.wecom.apiBase}/cgi-bin/media/${path}access_token=${world.app}`
    const answer = (await (await fetch(url, { method: 'POST', body: form })).json()) as Json
    return { ...world, answer }
  }

  test.each<[string, string, Buffer, number]>([
    ['a picture', 'upload?type=image&', png, 0],
    ['five bytes', 'upload?type=file&', Buffer.alloc(5), 44001],
    ['six bytes', 'upload?type=file&', Buffer.alloc(6), 0],
    ['a file of 20 MB', 'upload?type=file&', Buffer.alloc(20 * 2 ** 20), 0],
    ['a file over 20 MB', 'upload?type=file&', Buffer.alloc(20 * 2 ** 20 + 1), 45001],
    ['a picture that is none', 'upload?type=image&', Buffer.from('GIF89a...'), 40005],
    ['a voice that is none', 'upload?type=voice&', png, 40005],
    ['an unknown type', 'upload?type=excel&', png, 40004],
    ['a picture for ever', 'uploadimg?', png, 0],
    ['a picture for ever that is none', 'uploadimg?', Buffer.alloc(60), 40009],
  ])('%s', async (_, path, bytes, errcode) => {
    expect((await upload(path, bytes)).answer.errcode).toBe(errcode)
  })

  test('need the field media', async () => {
    expect((await upload('upload?type=file&', png, 'a', 'file')).answer.errcode).toBe(41005)
  })

  test('are sent under their name for three days', async () => {
    const { wecom, answer, clock, post, token } = await upload('upload?type=file&', png, '结果.xlsx')
    const send = async (msgtype: string) =>
      post(`message/send?access_token=${await token()}`, {
        ...{ touser: 'qian', agentid: AGENT, msgtype, [msgtype]: { media_id: answer.media_id } },
      })
    expect((await send('file')).errcode).toBe(0)
    expect(wecom.chat('qian')).toMatchObject([{ kind: 'file', text: '结果.xlsx' }])
    expect((await send('image')).errcode).toBe(40007)
    clock.forward(3 * DAY)
    expect((await send('file')).errcode).toBe(0)
    clock.forward(1)
    expect((await send('file')).errcode).toBe(40007)
  })
})

describe('groups made by the app', () => {
  test('carry text and links, no cards, and tell the app nothing', async () => {
    const { wecom, post, app } = await makeWecom()
    const create = { name: '项目', owner: 'Zhao', userlist: ['zhao', 'qian'], chatid: 'g1' }
    expect(await post(`appchat/create?access_token=${app}`, create)).toMatchObject({ errcode: 0, chatid: 'g1' })
    const send = async (body: Json) =>
      (await post(`appchat/send?access_token=${app}`, { chatid: 'g1', ...body })).errcode
    expect(await send({ msgtype: 'text', text: { content: '大家好' } })).toBe(0)
    expect(await send({ msgtype: 'template_card', template_card: {} })).toBe(40008)
    expect(await send({ chatid: 'other', msgtype: 'text', text: { content: 'a' } })).toBe(86008)
    await wecom.type('qian', '收到', 'g1')
    expect(wecom.groupChat('g1').map((m) => m.text)).toEqual(['大家好', '收到'])
    expect(wecom.groups()).toEqual([{ groupId: 'g1', name: '项目', members: ['Zhao', 'qian'] }])
    expect(wecom.callbacks).toHaveLength(0)
  })

  test('need the root in range and two members', async () => {
    const body = { userlist: ['zhao', 'qian'] }
    const narrow = await makeWecom({ visible: ['Zhao', 'qian'] })
    expect((await narrow.post(`appchat/create?access_token=${narrow.app}`, body)).errcode).toBe(48002)
    const wide = await makeWecom()
    expect((await wide.post(`appchat/create?access_token=${wide.app}`, { userlist: ['qian'] })).errcode).toBe(86001)
  })
})

test.each<[Json, number]>([
  [{ description: '三个字' }, 40035],
  [{ description: '四个字吧' }, 0],
  [{ name: 'n'.repeat(33) }, 40035],
  [{ isreportenter: 2 }, 40035],
  [{ home_url: 'bot' }, 40035],
  [{ agentid: 1 }, 301002],
  [{ logo_mediaid: 'x' }, 40007],
])('agent/set %j answers %i', async (body, errcode) => {
  const { post, app } = await makeWecom()
  expect((await post(`agent/set?access_token=${app}`, { agentid: AGENT, ...body })).errcode).toBe(errcode)
})

test('debug=1 lowers the limit of an API to five a minute; the wrong method and path are told', async () => {
  const { wecom, get, app } = await makeWecom()
  const codes = []
  for (let i = 0; i < 6; i++) codes.push((await get(`get_api_domain_ip?access_token=${app}&debug=1`)).errcode)
  expect(codes).toEqual([0, 0, 0, 0, 0, 45009])
  expect((await get(`message/send?access_token=${app}`)).errcode).toBe(40063)
  expect((await fetch(`${wecom.apiBase}/cgi-bin/user/getuserinfo`)).status).toBe(404)
})
