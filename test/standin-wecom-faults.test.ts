import { describe, expect, test } from 'vitest'
import { makeWecom } from './standin-wecom-world.ts'

async function attempt<T>(call: () => Promise<T>): Promise<T | 'broken'> {
  try {
    return await call()
  } catch {
    return 'broken'
  }
}

test('down answers 503 to everything', async () => {
  const { wecom, app } = await makeWecom()
  wecom.faults.down = true
  expect((await fetch(`${wecom.apiBase}/cgi-bin/getcallbackip?access_token=${app}`)).status).toBe(503)
  wecom.faults.down = false
  expect((await fetch(`${wecom.apiBase}/cgi-bin/getcallbackip?access_token=${app}`)).status).toBe(200)
  expect(wecom.faults.counts.down).toBe(1)
})

test('connections are refused and accepted again at the same address, with everything remembered', async () => {
  const { wecom, sendText } = await makeWecom()
  await wecom.refuseConnections(true)
  expect(await attempt(() => sendText('a'))).toBe('broken')
  await wecom.refuseConnections(false)
  expect((await sendText('b')) as unknown).toMatchObject({ errcode: 0 })
  expect(wecom.chat('qian').map((m) => m.text)).toEqual(['b'])
})

describe('one planned fault', () => {
  test.each([
    ['reset-before', 'broken', 0],
    ['reset-after', 'broken', 1],
    ['busy', -1, 0],
    ['rate-limit', 45009, 0],
    ['token-invalid', 40014, 0],
  ] as const)('%s answers %s and %i messages arrive', async (fault, outcome, arrived) => {
    const { wecom, sendText } = await makeWecom()
    wecom.faults.next.push(fault)
    const answer = await attempt(() => sendText('a'))
    expect(answer === 'broken' ? answer : answer.errcode).toBe(outcome)
    expect(wecom.chat('qian')).toHaveLength(arrived)
    expect(wecom.faults.counts[fault]).toBe(1)
    expect(wecom.log.at(-1)).toMatchObject({ path: '/cgi-bin/message/send', fault })
  })

  test.each([
    ['hang', 0],
    ['hang-after', 1],
  ] as const)('%s never answers, and %i messages arrive', async (fault, arrived) => {
    const { wecom, app } = await makeWecom()
    wecom.faults.next.push(fault)
    const body = JSON.stringify({ touser: 'qian', agentid: 1000002, msgtype: 'text', text: { content: 'a' } })
    const signal = AbortSignal.timeout(60)
    const url = `${wecom.apiBase}/cgi-bin/message/send?access_token=${app}`
    expect(await attempt(() => fetch(url, { method: 'POST', body, signal }))).toBe('broken')
    // On a busy machine it may only be on its way.
    await expect.poll(() => wecom.faults.counts[fault]).toBe(1)
    await expect.poll(() => wecom.chat('qian')).toHaveLength(arrived)
  })

  test('http-500 is no JSON', async () => {
    const { wecom, app } = await makeWecom()
    wecom.faults.next.push('http-500')
    const answer = await fetch(`${wecom.apiBase}/cgi-bin/getcallbackip?access_token=${app}`)
    expect([answer.status, (await answer.text()).startsWith('<html>')]).toEqual([500, true])
  })
})

test('shares are drawn the same way for the same seed, and only where asked', async () => {
  const run = async (seed: number) => {
    const { wecom, sendText, get, app } = await makeWecom({ seed })
    Object.assign(wecom.faults, { busyShare: 0.3, rateLimitShare: 0.2, only: /message\/send/ })
    const codes: number[] = []
    for (let i = 0; i < 60; i++) codes.push((await sendText('a')).errcode)
    for (let i = 0; i < 20; i++) expect((await get(`getcallbackip?access_token=${app}`)).errcode).toBe(0)
    expect(wecom.faults.counts.busy).toBe(codes.filter((code) => code === -1).length)
    return codes
  }
  const first = await run(7)
  expect(first).toEqual(await run(7))
  expect(first).not.toEqual(await run(8))
  expect(new Set(first)).toEqual(new Set([0, -1, 45009]))
})

test('an address off the list or banned is told so', async () => {
  const { wecom, sendText, get } = await makeWecom()
  wecom.faults.untrustedIp = '203.0.113.9'
  expect((await sendText('a')).errcode).toBe(60020)
  wecom.faults.untrustedIp = undefined
  wecom.faults.ipBanned = true
  expect((await get('gettoken?corpid=wx5823bf96d3bd56c7&corpsecret=app-secret')).errcode).toBe(45009)
  expect(wecom.faults.counts).toMatchObject({ 'untrusted-ip': 1, 'ip-banned': 1 })
})

test('slow answers take their time, in real milliseconds', async () => {
  const { wecom, sendText } = await makeWecom()
  wecom.faults.slowMs = 30
  const started = performance.now()
  await sendText('a')
  expect(performance.now() - started).toBeGreaterThanOrEqual(29)
})

test('the log names path, errcode and token kind, and holds no secret', async () => {
  const { wecom, sendText, token } = await makeWecom()
  await sendText('a')
  await token('wrong-secret')
  expect(wecom.log.map((entry) => [entry.path, entry.errcode, entry.token])).toEqual([
    ['/cgi-bin/gettoken', 0, undefined],
    ['/cgi-bin/message/send', 0, 'app'],
    ['/cgi-bin/gettoken', 40001, undefined],
  ])
  expect(JSON.stringify(wecom.log)).not.toMatch(/secret/)
})
