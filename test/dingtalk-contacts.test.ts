import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Asked, type Server, startBot, startServer } from './dingtalk-server.ts'

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

const ok = (result: unknown) => ({ body: { errcode: 0, errmsg: 'ok', result } })
const scope = (authed_dept: unknown[], authed_user: unknown[] = []) =>
  server.answer('/auth/scopes', { body: { errcode: 0, auth_org_scopes: { authed_dept, authed_user } } })
const departments = (tree: Record<string, [number, string][]>) =>
  server.answer('/topapi/v2/department/listsub', ({ body }: Asked) =>
    ok((tree[body.dept_id] ?? []).map(([dept_id, name]) => ({ dept_id, name, parent_id: body.dept_id }))),
  )
const people = (lists: Record<string, object[]>) =>
  server.answer('/topapi/v2/user/list', ({ body }: Asked) => {
    const list = lists[body.dept_id] ?? []
    const end = body.cursor + body.size
    return ok({ has_more: end < list.length, next_cursor: end, list: list.slice(body.cursor, end) })
  })

test('walks all departments and meets everybody once', async () => {
  scope([1])
  departments({
    1: [
      [2, '研发部'],
      [3, '市场部'],
    ],
    2: [[4, '后端组']],
  })
  const zhao = {
    userid: 'zhao',
    name: '赵一',
    title: '工程师',
    job_number: 'A001',
    manager_userid: 'li',
    dept_id_list: [4, 3],
    leader_in_dept: [
      { dept_id: 4, leader: true },
      { dept_id: 3, leader: false },
    ],
    active: true,
    // Midnight of 1 March in Beijing.
    hired_date: Date.parse('2024-03-01T00:00:00+08:00'),
    extension: '{"生日":"05-20","工龄":2,"其他":{"x":1}}',
  }
  people({
    1: [{ userid: 'boss', name: '王总', dept_id_list: ['1'], active: 'false' }],
    3: [zhao],
    4: [
      zhao,
      ...Array.from({ length: 230 }, (_, n) => ({ userid: `u${n}`, name: '员工', dept_id_list: [4], active: true })),
    ],
  })
  const members = await running.bot.members()
  expect(members).toHaveLength(232)
  expect(members.find(({ userId }) => userId === 'zhao')).toEqual({
    userId: 'zhao',
    name: '赵一',
    departments: ['研发部', '后端组', '市场部'],
    title: '工程师',
    jobNumber: 'A001',
    managerUserId: 'li',
    leader: true,
    active: true,
    hiredOn: '2024-03-01',
    extra: { 生日: '05-20', 工龄: '2' },
  })
  expect(members.find(({ userId }) => userId === 'boss')).toEqual({
    userId: 'boss',
    name: '王总',
    departments: [],
    active: false,
  })
  for (const { body } of server.to('/topapi/v2/user/list')) expect(body.size).toBeLessThanOrEqual(100)
  expect(running.bot.quota().used).toBe(0)
})

test('begins at the departments and people that are in scope', async () => {
  scope([7], ['chen'])
  server.answer('/topapi/v2/department/get', ok({ dept_id: 7, name: '食堂' }))
  departments({})
  people({ 7: [{ userid: 'sun', name: '孙', dept_id_list: [7], active: true }] })
  server.answer('/topapi/v2/user/get', ok({ userid: 'chen', name: '陈', dept_id_list: [99], active: true }))
  expect(await running.bot.members()).toEqual([
    { userId: 'sun', name: '孙', departments: ['食堂'], active: true },
    { userId: 'chen', name: '陈', departments: [], active: true },
  ])
})

test('a part that cannot be read fails the whole, without a token in the text', async () => {
  scope([1])
  departments({ 1: [[2, '研发部']] })
  server.answer('/topapi/v2/user/list', ({ body }) =>
    body.dept_id === 2
      ? { body: { errcode: '60011', errmsg: 'no token-secret-1', request_id: 'r9' } }
      : ok({ has_more: false, list: [] }),
  )
  const error = await running.bot.members().then(
    () => undefined,
    (reason: Error) => reason,
  )
  expect(error?.message).toContain('权限管理')
  expect(error?.message).toContain('r9')
  expect(error?.message).not.toContain('token-secret')
})

test('the token goes into the query of the old host, and an expired one is replaced once', async () => {
  server.answer('/topapi/v2/user/getuserinfo', ({ query, headers }) => {
    expect(headers['x-acs-dingtalk-access-token']).toBeUndefined()
    return query.get('access_token') === 'token-secret-1'
      ? { body: { errcode: 40014, errmsg: 'bad' } }
      : ok({ userid: 'zhao' })
  })
  expect(await running.bot.login('code')).toEqual({ userId: 'zhao' })
  expect(server.to('/v1.0/oauth2/accessToken')).toHaveLength(2)
})

test('a used login code is nobody; a platform that is down is an error', async () => {
  server.answer('/topapi/v2/user/getuserinfo', { body: { errcode: 40078, errmsg: 'used' } })
  expect(await running.bot.login('code')).toBeUndefined()
  expect(await running.bot.login('')).toBeUndefined()
  server.answer('/topapi/v2/user/getuserinfo', { status: 502, body: '<html>' })
  await expect(running.bot.login('code')).rejects.toThrow('登录失败')
})

test('pages are signed with one ticket that is asked for anew within its life', async () => {
  server.answer('/v1.0/oauth2/jsapiTickets', { body: { jsapiTicket: 'ticket', expireIn: 7200 } })
  const [one] = await Promise.all([running.bot.jsSignature('https://x/h5/'), running.bot.jsSignature('https://x/h5/')])
  expect(one).toMatchObject({ agentId: '42', corpId: 'dingcorp', signature: expect.stringMatching(/^[0-9a-f]{64}$/) })
  expect(server.to('/v1.0/oauth2/jsapiTickets')).toHaveLength(1)
  running.clock.set('2026-11-25T10:00:00+08:00')
  await running.bot.jsSignature('https://x/h5/')
  expect(server.to('/v1.0/oauth2/jsapiTickets')).toHaveLength(2)
})
