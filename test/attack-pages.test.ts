import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSessions } from '../src/http/session.ts'
import { standingClock } from './clock.ts'
import { fingerprint, operators } from './hostile.ts'
import { type Client, type PagesWorld, signIn, startPagesWorld, wecomAgent } from './pages-world.ts'

let world: PagesWorld
let zhao: Client
beforeAll(async () => {
  world = await startPagesWorld()
  zhao = await signIn(world, 'zhao')
}, 60_000)
afterAll(() => world.stop())

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** As the bytes stand: `fetch` would tidy the path up before it is sent. */
function raw(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  const { method = 'GET', headers = {}, body } = options
  return new Promise<Answer>((done, failed) => {
    const { hostname, port } = new URL(world.origin)
    const req = request({ hostname, port, path, method, headers: { connection: 'close', ...headers } }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (c: Buffer) => chunks.push(c))
      res.on('end', () =>
        done({ status: res.statusCode!, headers: res.headers, body: Buffer.concat(chunks).toString() }),
      )
    })
    req.on('error', failed)
    req.end(body)
  })
}
const inWecom = { 'user-agent': wecomAgent }

describe('headers', () => {
  test('a page may load what is ours and nothing else, and is shown in no foreign frame', async () => {
    const { headers, status } = await raw('/h5/week', { headers: { ...inWecom, cookie: zhao.cookie } })
    expect(status).toBe(200)
    const policy = Object.fromEntries(
      String(headers['content-security-policy'])
        .split('; ')
        .map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]),
    )
    expect(policy).toMatchObject({
      'default-src': "'self'",
      'script-src': "'self'",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'object-src': "'none'",
      'frame-ancestors': "'self'",
    })
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'same-origin',
      'cache-control': 'no-cache',
    })
    expect(headers['x-powered-by']).toBeUndefined()
  })

  test.each([
    ['/healthz', 200],
    ['/nothing-here', 404],
    ['/api/nothing', 404],
    ['/api/me', 401],
    ['/h5/assets/none.js', 404],
    ['/auth/wecom', 403],
  ])('%s, an answer without a page, allows nothing at all', async (path, status) => {
    const answer = await raw(path)
    expect(answer.status).toBe(status)
    expect(String(answer.headers['content-security-policy'])).toMatch(/default-src 'none'/)
    expect(String(answer.headers['content-security-policy'])).toMatch(/frame-ancestors 'none'/)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  })

  test('what holds personal data is stored by no browser and no proxy, refusals included', async () => {
    for (const path of ['/api/me', '/api/week', '/api/results', '/api/result/2026-11', '/api/nothing'])
      for (const cookie of [zhao.cookie, ''])
        expect([path, (await raw(path, { headers: { cookie } })).headers['cache-control']]).toEqual([path, 'no-store'])
  })

  test('no answer lets a foreign page read it', async () => {
    const headers = { origin: 'https://evil.example', cookie: zhao.cookie }
    for (const path of ['/api/me', '/h5/week', '/healthz'])
      expect([path, (await raw(path, { headers })).headers['access-control-allow-origin']]).toEqual([path, undefined])
    const preflight = await raw('/api/week/2026-W48/submit', {
      method: 'OPTIONS',
      headers: {
        ...headers,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-csrf-token',
      },
    })
    expect(preflight.headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('requests that another site makes a browser send', () => {
  const body = JSON.stringify({ requestId: '00000000-0000-4000-8000-000000000000', reason: '年假' })
  const path = '/api/week/2026-W48/leave'

  test.each([
    ['without the token of the page', { 'content-type': 'application/json' }, 403],
    ['with an empty token', { 'content-type': 'application/json', 'x-csrf-token': '' }, 403],
    ['as a form would', { 'content-type': 'application/x-www-form-urlencoded' }, 403],
    ['as plain text', { 'content-type': 'text/plain' }, 403],
  ])('%s: refused, nothing changes', async (_, headers, status) => {
    const before = await fingerprint(world.ctx.people.model.db)
    const all = { ...headers, cookie: zhao.cookie, origin: 'https://evil.example' }
    expect((await raw(path, { method: 'POST', headers: all, body })).status).toBe(status)
    expect(await fingerprint(world.ctx.people.model.db)).toEqual(before)
  })

  test('with a token that was somehow got, but another type than JSON: refused', async () => {
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=a', ''])
      expect([
        type,
        (
          await raw(path, {
            method: 'POST',
            headers: { cookie: zhao.cookie, 'x-csrf-token': zhao.csrf, 'content-type': type },
            body,
          })
        ).status,
      ]).toEqual([type, 415])
  })

  test('nobody is signed in by a form of another site either', async () => {
    const code = world.dingtalk.loginCode('li')
    for (const type of ['application/x-www-form-urlencoded', 'text/plain']) {
      const answer = await raw('/auth/dingtalk', {
        method: 'POST',
        headers: { 'content-type': type },
        body: JSON.stringify({ code }),
      })
      expect([type, answer.status, answer.headers['set-cookie']]).toEqual([type, 415, undefined])
    }
  })

  test('reading changes nothing, whatever the method pretends', async () => {
    const before = await fingerprint(world.ctx.people.model.db)
    for (const header of ['x-http-method-override', 'x-method-override'])
      await raw(`${path}?_method=POST`, {
        headers: { [header]: 'POST', cookie: zhao.cookie, 'x-csrf-token': zhao.csrf },
      })
    expect(await fingerprint(world.ctx.people.model.db)).toEqual(before)
  })
})

describe('signing in', () => {
  test('a state that was made up, cut, lengthened or belongs to another purpose is not taken', async () => {
    const out = await raw('/auth/wecom?next=/h5/week', { headers: inWecom })
    const cookie = String(out.headers['set-cookie']![0]).split(';')[0]!
    const state = new URL(String(out.headers.location)).searchParams.get('state')!
    const [name, sealed] = cookie.split('=') as [string, string]
    const tries: [state: string, cookie: string][] = [
      [state.replace(/^./, (c) => (c === '0' ? '1' : '0')), cookie],
      ['0'.repeat(32), cookie],
      [state, `${name}=${sealed.slice(0, -1)}`],
      [state, `${name}=${sealed}x`],
      [state, `${name}=${Buffer.from('{"next":"/h5/","round":0,"at":0}').toString('base64url')}.x`],
      // A session is sealed with the same secret, for another purpose.
      [state, `${name}=${zhao.cookie.split('=')[1]}`],
      [state, `${name}=`],
      [state, ''],
    ]
    for (const [given, jar] of tries) {
      const answer = await raw(`/auth/wecom?code=c-${Math.random()}&state=${given}`, {
        headers: { ...inWecom, ...(jar && { cookie: jar }) },
      })
      expect([given, jar, answer.status]).toEqual([given, jar, 400])
      expect(String(answer.headers['set-cookie'] ?? '')).not.toMatch(/jixiao=[^;]/)
    }
  })

  test('a state is used up by being used', async () => {
    const out = await raw('/auth/wecom?next=/h5/week', { headers: inWecom })
    const cookie = String(out.headers['set-cookie']![0]).split(';')[0]!
    const state = new URL(String(out.headers.location)).searchParams.get('state')!
    const back = await raw(`/auth/wecom?code=never-given&state=${state}`, { headers: { ...inWecom, cookie } })
    expect(String(back.headers['set-cookie'])).toMatch(new RegExp(`^${cookie.split('=')[0]}=; .*Max-Age=0`))
  })

  test('a session that somebody planted before signing in is not the one afterwards', async () => {
    const qian = await signIn(world, 'qian')
    const again = await signIn(world, 'zhao')
    expect(again.cookie).not.toBe(qian.cookie)
    // The planted one is still its owner's, and nobody else's.
    expect((await qian.get('/api/me')).body).toMatchObject({ name: '钱进' })
    expect((await again.get('/api/me')).body).toMatchObject({ name: '赵敏' })
  })

  test('whatever stands behind next, one lands on a page of ours', async () => {
    for (const next of [
      'https://evil.example',
      '//evil.example/h5/',
      '/\\evil.example',
      '/h5/..//evil.example',
      '/h5/%2e%2e/%2f%2fevil.example',
      'javascript:alert(1)',
      '/h5/\r\nLocation: https://evil.example',
      '/h5/?x=\r\n\r\n<script>alert(1)</script>',
    ]) {
      const out = await raw(`/auth/wecom?next=${encodeURIComponent(next)}`, { headers: inWecom })
      const cookie = String(out.headers['set-cookie']![0]).split(';')[0]!
      const asked = await fetch(String(out.headers.location), {
        redirect: 'manual',
        headers: { ...inWecom, 'x-sandbox-user': 'zhao' },
      })
      const back = await fetch(asked.headers.get('location')!, { redirect: 'manual', headers: { ...inWecom, cookie } })
      const place = new URL(back.headers.get('location')!, world.origin)
      expect([next, back.status, place.origin, place.pathname]).toEqual([next, 302, world.origin, '/h5/'])
    }
  })
})

describe('the session cookie', () => {
  const clock = standingClock('2026-11-27T15:00:00+08:00')
  const made = (secure: boolean) => createSessions({ secret: 'a-secret-of-thirty-two-characters', secure, clock })
  const written = (secure: boolean) => {
    const set: string[] = []
    made(secure).start({ append: (_: string, value: string) => set.push(value) } as never, 'e1', 'wecom')
    return set[0]!
  }

  test('is out of reach of scripts, of other sites and of sibling hosts, and ends with the browser', () => {
    expect(written(true)).toMatch(/^__Host-jixiao=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    expect(written(false)).toMatch(/^jixiao=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  test('changed anywhere, made of other content, or sealed for another purpose, it is nobody’s', async () => {
    const value = zhao.cookie.split('=')[1]!
    const [text, signature] = value.split('.') as [string, string]
    const other = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url')
    const at = world.clock.now().getTime()
    const session = { p: world.idOf('wang'), f: 'wecom', i: at, e: at + 60_000 }
    const forged = [
      `${other(session)}.${signature}`,
      `${other(session)}.`,
      other(session),
      `${text}.${'A'.repeat(signature.length)}`,
      `${text}.${signature}.${signature}`,
      `.${signature}`,
      `${signature}.${text}`,
      `${text}=.${signature}`,
      made(false).seal('session', session),
      made(false).seal('csrf', session),
      'null.null',
      '%00',
      'a'.repeat(10_000),
      ...operators.map((o) => encodeURIComponent(JSON.stringify(o))),
      ...[...value].flatMap((c, i) =>
        i % 5 === 0 ? [`${value.slice(0, i)}${c === 'A' ? 'B' : 'A'}${value.slice(i + 1)}`] : [],
      ),
    ]
    for (const cookie of forged) {
      const { status } = await raw('/api/me', { headers: { cookie: `jixiao=${cookie}` } })
      expect([cookie.slice(0, 80), status]).toEqual([cookie.slice(0, 80), 401])
    }
    expect((await raw('/api/me', { headers: { cookie: zhao.cookie } })).status).toBe(200)
  })
})

describe('paths', () => {
  test('no way of writing .. leads out of the pages', async () => {
    const secrets = ['package.json', 'company.yaml', '../etc/passwd', 'src/main.ts', '.env']
    const up = [
      '../',
      '..%2f',
      '%2e%2e/',
      '%2e%2e%2f',
      '%252e%252e%252f',
      '..\\',
      '..%5c',
      '.%2e/',
      '..;/',
      '....//',
      '..%c0%af',
      '..%00/',
    ]
    for (const root of ['/h5/assets/', '/h5/', '/'])
      for (const step of up)
        for (const secret of secrets) {
          const path = `${root}${step.repeat(3)}${secret}`
          const { status, body } = await raw(path, { headers: { ...inWecom, cookie: zhao.cookie } })
          expect([path, status < 500]).toEqual([path, true])
          expect([path, /"dependencies"|root:|startBot|positions:|SECRET/.test(body)]).toEqual([path, false])
        }
    for (const path of [
      '/h5/assets//etc/passwd',
      '/h5/assets/%2fetc%2fpasswd',
      '/h5/assets/C:%5cboot.ini',
      '/h5/assets/constructor',
      '/h5/assets/__proto__',
      '/h5/assets/',
    ])
      expect([path, (await raw(path)).status]).not.toEqual([path, 200])
  })

  test('nothing of a request becomes a header or markup of the answer', async () => {
    for (const path of [
      '/h5/week%0d%0aSet-Cookie:%20planted=1',
      '/h5/%22%3e%3cscript%3ealert(1)%3c/script%3e',
      '/h5/week?x=%0d%0aX-Planted:1',
      '/auth/wecom?next=/h5/%0d%0aX-Planted:1',
      '/auth/wecom?code=x&state=%3cscript%3e',
      '/api/%3cscript%3e',
    ]) {
      const { status, headers, body } = await raw(path, { headers: { ...inWecom, cookie: zhao.cookie } })
      expect([path, status < 500]).toEqual([path, true])
      expect(headers['x-planted']).toBeUndefined()
      expect(String(headers['set-cookie'] ?? '')).not.toContain('planted')
      expect(body).not.toContain('<script>alert')
      expect(String(headers.link ?? '')).not.toMatch(/[<>]script|\r|\n/)
    }
  })

  test('a host or a forwarded header that somebody makes up is believed by nobody', async () => {
    const headers = {
      ...inWecom,
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    }
    const out = await raw('/auth/wecom?next=/h5/week', { headers })
    expect(new URL(String(out.headers.location)).searchParams.get('redirect_uri')).toBe(`${world.origin}/auth/wecom`)
    expect(String((await raw('/h5/week', { headers })).headers.location)).toMatch(/^\/auth\/wecom\?/)
  })
})

test('the figures for Prometheus hold no names and no ids', async () => {
  const { body } = await raw('/metrics')
  expect(body).not.toMatch(/赵敏|zhao|e[0-9a-f]{11}/)
})
