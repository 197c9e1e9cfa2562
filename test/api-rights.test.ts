import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openInterview } from '../handlers/interview/open.ts'
import { recordBehaviour, recordId } from '../handlers/month/behaviour.ts'
import { attachPicture } from '../handlers/month/pictures.ts'
import { ONE_PIXEL } from '../sandbox/picture.ts'
import { endpoints } from '../src/http/api/index.ts'
import {
  fingerprint,
  foreignKeys,
  hostileParts,
  jsonWith,
  objectsOf,
  operators,
  placesOf,
  sharedIsClean,
} from './hostile.ts'
import { type Client, client, type PagesWorld, planOf48, signIn, startPagesWorld } from './pages-world.ts'

/**
 * Who may what. The matter is 赵敏's week 48; 李静 is her superior and 王建国 above that, 钱进 a colleague, 郑强 leads others,
 * 周华 is HR, 孙立 has no weekly plan. `2`: done or shown; `4`: refused with 403; `1`: may, but the content is wrong (400); `5`: may, but
 * there is nothing to do it to (422); `9`: may, but it has changed meanwhile (409).
 */
const who = ['zhao', 'qian', 'li', 'wang', 'zheng', 'zhou', 'sun'] as const
const table: Record<
  string,
  { at: (w: PagesWorld) => string; body?: object | ((w: PagesWorld) => object); may: string }
> = {
  //                                                    赵敏 钱进 李静 王建国 郑强 周华 孙立
  'GET /api/me': { at: () => '/api/me', may: '2222222' },
  'GET /api/home': { at: () => '/api/home', may: '2222222' },
  'GET /api/week': { at: () => '/api/week', may: '2224224' },
  'PUT /api/week/:week/draft': {
    at: () => '/api/week/2026-W48/draft',
    body: { rev: 0, content: planOf48 },
    // Only ever one's own week: whose it is comes from the session.
    may: '9224224',
  },
  'POST /api/week/:week/submit': {
    at: () => '/api/week/2026-W48/submit',
    // A version that nobody has: allowed, and told that it has changed.
    body: { rev: 999, content: planOf48 },
    may: '9994994',
  },
  'POST /api/week/:week/withdraw': { at: () => '/api/week/2026-W48/withdraw', body: {}, may: '5554554' },
  'POST /api/week/:week/leave': { at: () => '/api/week/2026-W48/leave', body: { reason: '年假' }, may: '2224224' },
  'GET /api/score': { at: () => '/api/score', may: '4422244' },
  'GET /api/score/:person/:week': { at: (w) => `/api/score/${w.idOf('zhao')}/2026-W48`, may: '2422424' },
  'POST /api/score/:person/:week': {
    at: (w) => `/api/score/${w.idOf('zhao')}/2026-W48`,
    body: { points: [20, 30, 51], deductions: [] },
    may: '4411444',
  },
  'POST /api/score/:person/:week/withdraw': {
    at: (w) => `/api/score/${w.idOf('zhao')}/2026-W48/withdraw`,
    body: {},
    may: '4455444',
  },
  'POST /api/score/:person/:week/return': {
    at: (w) => `/api/score/${w.idOf('wu')}/2026-W48/return`,
    body: { reason: '请补充' },
    may: '4445544',
  },
  'POST /api/score/:person/:week/excuse': {
    at: (w) => `/api/score/${w.idOf('zhao')}/2026-W48/excuse`,
    body: { state: 'refused' },
    may: '4422444',
  },
  'POST /api/score/:person/:week/change': {
    at: (w) => `/api/score/${w.idOf('zhao')}/2026-W48/change`,
    body: { submittedAt: '2026-11-27T03:00:00.000Z', consent: 'given' },
    may: '4499444',
  },
  'POST /api/notes/:person/:week': {
    at: (w) => `/api/notes/${w.idOf('zhao')}/2026-W48`,
    body: { text: '收到' },
    may: '2422444',
  },
  'GET /api/team': { at: () => '/api/team?scope=own', may: '4422224' },
  'GET /api/team/trend': { at: () => '/api/team/trend?scope=all', may: '4442424' },
  'POST /api/team/chase': {
    at: () => '/api/team/chase',
    body: { week: '2026-W48', scope: 'all' },
    may: '4442424',
  },
  'GET /api/results': { at: () => '/api/results', may: '2222222' },
  'GET /api/form/:card': { at: () => '/api/form/nobodys-card', may: '4444444' },
  'POST /api/form/:card': { at: () => '/api/form/nobodys-card', body: { text: '收到' }, may: '4444444' },
  'GET /api/surveys': { at: () => '/api/surveys', may: '2222222' },
  'POST /api/surveys': {
    at: () => '/api/surveys',
    body: {
      ...{ title: '', dimensions: [], choices: [], departments: [], closesOn: '2026-12-02' },
      ...{ anonymous: true, comment: true },
    },
    may: '4444414',
  },
  'GET /api/survey/:survey/:period': { at: () => '/api/survey/none/2026-11', may: '4444444' },
  'POST /api/survey/:survey/:period': {
    at: () => '/api/survey/none/2026-11',
    body: { chosen: {} },
    may: '4444444',
  },
  'POST /api/survey/:survey/:period/:what': {
    at: () => '/api/survey/none/2026-11/close',
    body: {},
    may: '4444454',
  },
  // The pages about people are HR's alone; the general manager asks HR.
  'GET /api/people': { at: () => '/api/people', may: '4444424' },
  'POST /api/people/same': {
    at: () => '/api/people/same',
    body: { doubt: 'wecom:nobody:无', candidate: null },
    may: '4444454',
  },
  'GET /api/talks': { at: () => '/api/talks', may: '4444424' },
  'POST /api/talks': {
    at: () => '/api/talks',
    body: { person: 'nobody', summary: '状态良好', proposals: '多沟通', pass: false },
    may: '4444454',
  },
  'GET /api/columns': { at: () => '/api/columns', may: '4444424' },
  'POST /api/columns': {
    at: () => '/api/columns',
    body: { column: '没有的栏目', text: '把一件小事做完', change: 'add' },
    may: '4444454',
  },
  // 赵敏's quarter, not yet arranged; 吴芳's, which HR may do without.
  'GET /api/interviews': { at: () => '/api/interviews', may: '2222222' },
  'GET /api/interview/:person/:period': { at: (w) => interview(w, 'zhao'), may: '2422424' },
  'POST /api/interview/:person/:period/time': {
    at: (w) => `${interview(w, 'zhao')}/time`,
    body: { rev: 1, day: '2026-11-02', time: '15:00', place: '' },
    may: '5455444',
  },
  'POST /api/interview/:person/:period/agree': {
    at: (w) => `${interview(w, 'zhao')}/agree`,
    body: { rev: 1 },
    may: '9499444',
  },
  'POST /api/interview/:person/:period/record': {
    at: (w) => `${interview(w, 'zhao')}/record`,
    body: { rev: 1, heldOn: '2026-11-26', good: '', improve: '', employee: '', plan: null, unusual: false },
    may: '4455444',
  },
  'POST /api/interview/:person/:period/confirm': {
    at: (w) => `${interview(w, 'zhao')}/confirm`,
    body: { rev: 1, answer: 'confirm', words: '' },
    may: '9444444',
  },
  'POST /api/interview/:person/:period/note': {
    at: (w) => `${interview(w, 'zhao')}/note`,
    body: { words: '进展顺利' },
    may: '9499444',
  },
  'POST /api/interview/:person/:period/review': {
    at: (w) => `${interview(w, 'zhao')}/review`,
    body: { rev: 1, outcomes: ['done'], words: '' },
    may: '4499444',
  },
  'POST /api/interview/:person/:period/waive': {
    at: (w) => `${interview(w, 'wu')}/waive`,
    body: { rev: 1, reason: '本季度在外培训' },
    may: '4444424',
  },
  'POST /api/interview/:person/:period/allow': {
    at: (w) => `${interview(w, 'zhao')}/allow`,
    body: { rev: 1, allow: true },
    may: '4444494',
  },
  // Those of 赵敏, 钱进, 吴芳 and 孙立, which 李静 accepts.
  'GET /api/milestones': { at: () => '/api/milestones', may: '2222222' },
  'POST /api/milestones': {
    at: () => '/api/milestones',
    body: (w) => ({ title: '整理档案', owner: w.idOf('zhao'), accepter: '', due: '2026-11-26', handIn: '' }),
    may: '4444454',
  },
  'GET /api/milestone/:id': { at: () => '/api/milestone/m-zhao', may: '2422424' },
  'POST /api/milestone/:id/progress': {
    at: () => '/api/milestone/m-zhao/progress',
    body: { words: '已完成一半' },
    may: '2444444',
  },
  'POST /api/milestone/:id/hand-in': {
    at: () => '/api/milestone/m-sun/hand-in',
    body: { rev: 1, words: '见附件' },
    may: '4444442',
  },
  'POST /api/milestone/:id/decide': {
    at: () => '/api/milestone/m-qian/decide',
    // Nothing is handed in yet.
    body: { rev: 1, accept: true, words: '' },
    may: '4494444',
  },
  'POST /api/milestone/:id/cancel': {
    at: () => '/api/milestone/m-wu/cancel',
    body: { rev: 1, reason: '并入明年' },
    may: '4444424',
  },
  'GET /api/records': { at: (w) => `/api/records?person=${w.idOf('zhao')}`, may: '2422424' },
  'POST /api/records/:record/read': { at: () => `/api/records/${RECORD}/read`, body: {}, may: '2444444' },
  'POST /api/records/:record/appeal': {
    at: () => `/api/records/${RECORD}/appeal`,
    body: { text: '请复核' },
    may: '2444444',
  },
  // The one that was filed just now.
  'POST /api/records/:record/appeal/withdraw': {
    at: () => `/api/records/${RECORD}/appeal/withdraw`,
    body: {},
    may: '2444444',
  },
  'GET /api/records/:record/picture': { at: () => `/api/records/${RECORD}/picture`, may: '2422424' },
  'POST /api/records/:record/picture': {
    at: () => `/api/records/${RECORD}/picture`,
    body: { data: ONE_PIXEL.toString('base64') },
    // Whoever recorded it, and nobody else.
    may: '4424444',
  },
  'POST /api/month/:month/undo': { at: () => '/api/month/2026-11/undo', body: {}, may: '4444444' },
  'GET /api/month/:month/workbook': { at: () => '/api/month/2026-11/workbook', may: '4444454' },
  'GET /api/year/:year/workbook': { at: () => '/api/year/2026/workbook', may: '4444454' },
  'POST /api/month/:month/goals': {
    at: () => '/api/month/2026-11/goals',
    body: (w) => ({ person: w.idOf('zhao'), text: '11月目标检查：已完成' }),
    may: '4444424',
  },
  'GET /api/result/:month': { at: (w) => `/api/result/2026-11?person=${w.idOf('wu')}`, may: '4444444' },
  'POST /api/result/:month/acknowledge': {
    at: () => '/api/result/2026-11/acknowledge',
    body: { version: 1 },
    may: '9999999',
  },
  'POST /api/result/:month/appeal': {
    at: () => '/api/result/2026-11/appeal',
    body: { version: 1, text: '请复核' },
    may: '5555555',
  },
  'POST /api/result/:month/appeal/withdraw': {
    at: () => '/api/result/2026-11/appeal/withdraw',
    body: { version: 1 },
    may: '5555555',
  },
  'GET /api/month/:month': { at: () => '/api/month/2026-11', may: '4442424' },
  'POST /api/month/:month/confirm': {
    at: () => '/api/month/2026-11/confirm',
    body: { digest: '0123456789abcdef' },
    // The general manager and HR may look, and are told that there is no team of theirs to confirm yet.
    may: '4449494',
  },
  'POST /api/month/:month/return': {
    at: () => '/api/month/2026-11/return',
    body: (w) => ({ person: w.idOf('zhao'), text: '请核对' }),
    may: '4499444',
  },
  'GET /api/behaviour': { at: () => '/api/behaviour', may: '2222222' },
  'POST /api/behaviour': {
    at: () => '/api/behaviour',
    body: (w) => ({
      person: w.idOf('zhao'),
      case: 'meeting-late',
      points: '-2',
      times: 1,
      day: '2026-11-26',
      text: '周例会迟到',
    }),
    may: '4422444',
  },
  'GET /api/js-signature': {
    at: (w) => `/api/js-signature?platform=wecom&url=${encodeURIComponent(`${w.origin}/h5/week`)}`,
    may: '2222222',
  },
}
const interview = (w: PagesWorld, userId: string) => `/api/interview/${w.idOf(userId)}/2026-Q3`
/** 李静's record about 赵敏. */
const RECORD = recordId('a record')
const statusOf: Record<string, number> = { '1': 400, '2': 200, '4': 403, '5': 422, '9': 409 }

let world: PagesWorld
const clients = new Map<string, Client>()
beforeAll(async () => {
  world = await startPagesWorld()
  for (const userId of who) clients.set(userId, await signIn(world, userId))
  await world.handIn('zhao', '2026-11-27T11:00:00+08:00')
  const { ctx } = world
  const act = { id: 'a record', at: world.clock.now() }
  const late = { caseId: 'meeting-late', points: '-2', times: 1, day: '2026-11-25', facts: '' }
  const li = await world.person('li')
  await recordBehaviour(ctx, act, li, await world.person('zhao'), late)
  await attachPicture(ctx, act, li, RECORD, ONE_PIXEL)
  for (const userId of ['zhao', 'wu']) await openInterview(ctx, 'opened', world.idOf(userId), '2026-Q3', '2026-10-08')
  for (const userId of ['zhao', 'wu', 'qian', 'sun'])
    await ctx.milestones.change(`m-${userId}`, 'opened', (row) => ({
      row: {
        ...{ ...row, cycle: '2026', title: '年度总结', handIn: '总结', planned: '2026-12-10', due: '2026-12-10' },
        ...{ ownerId: world.idOf(userId), accepterId: world.idOf('li') },
      },
      outcome: null,
    }))
}, 60_000)
afterAll(() => world.stop())

const routes = endpoints({ sessions: {} as never, publicBaseUrl: 'http://localhost' })

test('every route has its row in the table of who may what', () => {
  expect(Object.keys(table).sort()).toEqual(routes.map((e) => `${e.method} ${e.path}`).sort())
})

describe.each(Object.entries(table))('%s', (route, { at, body, may }) => {
  const method = route.split(' ')[0] as 'GET' | 'POST' | 'PUT'
  const content = () => ({ requestId: randomUUID(), ...(typeof body === 'function' ? body(world) : body) })
  test.each(who.map((userId, i) => [userId, statusOf[may[i]!]!] as const))('%s gets %d', async (userId, expected) => {
    const c = clients.get(userId)!
    const { status, body: answer } =
      method === 'GET' ? await c.get(at(world)) : await c.send(method, at(world), content())
    expect({ status, answer: status === expected ? undefined : answer }).toEqual({ status: expected })
  })

  test('nobody without a session, with a forged one, or without the CSRF token gets anywhere', async () => {
    const call = (headers: Record<string, string>) =>
      fetch(world.origin + at(world), {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(method !== 'GET' && { body: JSON.stringify(content()) }),
      }).then((r) => r.status)
    const { cookie, csrf } = clients.get('li')!
    expect(await call({})).toBe(401)
    expect(await call({ cookie: `${cookie.slice(0, -2)}xx`, 'x-csrf-token': csrf })).toBe(401)
    if (method === 'GET') return
    expect(await call({ cookie })).toBe(403)
    expect(await call({ cookie, 'x-csrf-token': clients.get('zhao')!.csrf })).toBe(403)
  })

  test('operators, prototypes and fields that are nobody’s to give are refused wherever they stand, and change nothing', async () => {
    const endpoint = routes.find((e) => `${e.method} ${e.path}` === route)!
    // By whoever gets furthest, so that no refusal for lack of rights hides what would be taken.
    const best = Math.min(...[...may].map((m) => '29514'.indexOf(m)))
    const { cookie, csrf } = clients.get(who[[...may].findIndex((m) => '29514'.indexOf(m) === best)]!)!
    const headers = { cookie, 'x-csrf-token': csrf, 'content-type': 'application/json' }
    const statusOfCall = (path: string, json?: string) =>
      fetch(world.origin + path, { method, headers, ...(json !== undefined && { body: json }) }).then((r) => r.status)
    const good = content()
    const json = method === 'GET' ? undefined : JSON.stringify(good)
    const [path = '', search = ''] = at(world).split('?')
    await world.bot.idle()
    const before = await fingerprint(world.ctx.people.model.db)
    const tries: [what: string, path: string, json: string | undefined][] = []

    if (json) {
      // Each operator in turn: all of them at every place would be ten thousand requests.
      for (const [n, place] of placesOf(endpoint.body, good).entries())
        for (let i = 0; i < 3; i++)
          tries.push(['operator', path, jsonWith(good, place, operators[(n + 3 * i) % operators.length])])
      for (const object of objectsOf(good))
        for (const key of object.length === 0 ? foreignKeys : foreignKeys.slice(0, 5))
          tries.push(['foreign key', path, jsonWith(good, [...object, key], { polluted: true })])
      for (const whole of ['null', '[]', '"x"', '1', '['.repeat(100_000), '{"__proto__":{"roles":["hr"]}}', '\\u0000'])
        tries.push(['whole body', path, whole])
    }
    const names = new Set([...new URLSearchParams(search).keys(), ...placesOf(endpoint.query, {}).map(String)])
    const without = (name: string) => [...new URLSearchParams(search)].filter(([k]) => k !== name)
    for (const name of names)
      for (const put of [`${name}[$ne]=x`, `${name}[]=a&${name}[]=b`, `${name}=a&${name}=b`, `${name}={"$ne":null}`])
        tries.push(['query', `${path}?${new URLSearchParams(without(name))}&${encodeURI(put)}`, json])
    for (const key of foreignKeys)
      tries.push(['foreign query', `${path}?${new URLSearchParams(without(key))}&${encodeURIComponent(key)}=1`, json])

    const taken: unknown[] = []
    const queue = tries[Symbol.iterator]()
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (const [what, asked, sent] of queue) {
          const status = await statusOfCall(asked, sent)
          if (status !== 400) taken.push([status, what, asked, sent])
        }
      }),
    )
    expect(taken).toEqual([])

    const parts = path.split('/')
    for (const [n, part] of endpoint.path.split('/').entries()) {
      if (!part.startsWith(':')) continue
      for (const put of hostileParts) {
        const status = await statusOfCall(`${parts.with(n, put).join('/')}?${search}`, json)
        expect([part, put, Math.floor(status / 100)]).toEqual([part, put, 4])
      }
    }
    expect(await fingerprint(world.ctx.people.model.db)).toEqual(before)
    expect(sharedIsClean()).toBe(true)
  })
})

test('who has left gets in nowhere, at once', async () => {
  const wu = await signIn(world, 'wu')
  const person = await world.person('wu')
  await world.ctx.people.save({ ...person, active: false })
  for (const e of routes.filter((r) => r.method === 'GET')) {
    const path = table[`GET ${e.path}`]!.at(world)
    expect([e.path, (await wu.get(path)).status]).toEqual([e.path, 403])
  }
  await world.ctx.people.save(person)
})

test('a list holds nobody whose week one may not see', async () => {
  const names = async (userId: string, path: string) =>
    ((await clients.get(userId)!.get(path)).body as { people: { name: string }[] }).people.map((p) => p.name).sort()
  expect(await names('li', '/api/team')).toEqual(['赵敏', '钱进'])
  expect(await names('zheng', '/api/team')).toEqual(['吴芳'])
  expect(await names('zheng', '/api/score')).toEqual(['吴芳'])
  expect(await names('wang', '/api/score')).toEqual(['周华', '李静', '郑强'])
  expect(await names('zhou', '/api/team?scope=all')).toHaveLength(5)
})

test('who reads what was said in an interview leaves a line a day; one’s own does not', async () => {
  const id = `${world.idOf('zhao')}/2025-Q4`
  const at = new Date('2026-11-20T10:00:00+08:00')
  await openInterview(world.ctx, 'read', world.idOf('zhao'), '2025-Q4', '2026-11-20')
  const read = async (...userIds: string[]) => {
    for (const userId of userIds)
      expect((await clients.get(userId)!.get(`/api/interview/${id}`)).status).toBe(userId === 'qian' ? 403 : 200)
    const lines = await world.ctx.audit.list({ about: `interview/${id}`, limit: 9 })
    return lines.map((l) => [l.what, l.by]).sort()
  }
  // There is nothing to read yet.
  expect(await read('li', 'zhou')).toEqual([])
  await world.ctx.interviews.change(id, 'written', (row) => ({
    row: { ...row, record: { version: 1, by: 'li', at, heldOn: '2026-11-20', good: '好', improve: '', employee: '' } },
    outcome: null,
  }))
  expect(await read('li', 'zhou', 'zhou', 'zhao', 'qian')).toEqual(
    ['li', 'zhou'].map((userId) => ['interview-read', world.idOf(userId)]).sort(),
  )
})

test('a person who does not exist is answered like somebody else’s', async () => {
  const zheng = clients.get('zheng')!
  const [none, others] = await Promise.all([
    zheng.get('/api/score/e00000000000/2026-W48'),
    zheng.get(`/api/score/${world.idOf('zhao')}/2026-W48`),
  ])
  expect(none).toEqual(others)
})

test('a session ends after half an hour without use and after twelve hours anyway', async () => {
  const zhao = await signIn(world, 'zhao')
  const start = world.clock.now().getTime()
  world.clock.set(new Date(start + 30 * 60_000 - 1000).toISOString())
  const renewed = await fetch(`${world.origin}/api/me`, { headers: { cookie: zhao.cookie } })
  expect(renewed.status).toBe(200)
  let cookie = renewed.headers.getSetCookie()[0]!.split(';')[0]!
  expect(renewed.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Lax/)
  world.clock.set(new Date(start + 30 * 60_000).toISOString())
  expect((await zhao.get('/api/me')).status).toBe(401)
  for (let minutes = 50; minutes < 12 * 60; minutes += 20) {
    world.clock.set(new Date(start + minutes * 60_000).toISOString())
    const answer = await fetch(`${world.origin}/api/me`, { headers: { cookie } })
    expect([minutes, answer.status]).toEqual([minutes, 200])
    cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
  }
  world.clock.set(new Date(start + 12 * 3_600_000).toISOString())
  expect((await (await client(world.origin, cookie)).get('/api/me')).status).toBe(401)
  world.clock.set(new Date(start).toISOString())
})
