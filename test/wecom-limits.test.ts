import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createMemberMeter, createMeter } from '../src/platforms/wecom/limits.ts'
import { createTokenSource, type Fetched } from '../src/platforms/wecom/token.ts'

const START = Date.parse('2026-11-07T12:00:00+08:00')
const MINUTE_MS = 60_000

describe('the meter of all calls', () => {
  test('lets 10,000 through at once, then one for each that is a minute old', () => {
    const meter = createMeter(10_000)
    for (let i = 0; i < 10_000; i++) expect(meter.take(START + (i < 5_000 ? 0 : 30_000))).toBe(0)
    const wait = meter.take(START + 30_000)
    expect(wait).toBeGreaterThan(30_000 - 1)
    expect(meter.take(START + 30_000 + wait - 1)).toBe(1)
    for (let i = 0; i < 5_000; i++) expect(meter.take(START + 30_000 + wait)).toBe(0)
    expect(meter.take(START + 30_000 + wait)).toBeGreaterThan(0)
  })

  test('never lets more than its limit through in any minute, and at least 98 % of it over ten', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 50, maxLength: 400 }), (gaps) => {
        const meter = createMeter(20)
        const passed: number[] = []
        let now = START
        for (const gap of gaps) {
          now += gap
          if (meter.take(now) === 0) passed.push(now)
        }
        passed.forEach((at, i) => {
          if (i >= 20) expect(at - passed[i - 20]!).toBeGreaterThanOrEqual(MINUTE_MS)
        })
      }),
    )
    const meter = createMeter(1000)
    let passed = 0
    for (let now = START; now < START + 10 * MINUTE_MS; now += 20) if (meter.take(now) === 0) passed++
    expect(passed).toBeGreaterThanOrEqual(9_800)
    expect(passed).toBeLessThanOrEqual(10_000)
  })

  test('takes several messages together or not at all', () => {
    const meter = createMeter(10)
    for (let i = 0; i < 8; i++) meter.take(START)
    expect(meter.take(START, 3)).toBeGreaterThan(0)
    expect(meter.take(START, 2)).toBe(0)
    expect(meter.take(START)).toBeGreaterThan(0)
  })

  test('after a complaint it pauses for the window, longer for each in a row, and goes on below what had passed', () => {
    const meter = createMeter(1000)
    for (let i = 0; i < 500; i++) meter.take(START)
    meter.complained(START)
    meter.complained(START + 5)
    expect(meter.take(START + 10)).toBe(MINUTE_MS - 10)
    const after = START + 2 * MINUTE_MS
    let passed = 0
    while (meter.take(after) === 0) passed++
    expect(passed).toBe(450)
    meter.complained(after)
    expect(meter.take(after)).toBe(2 * MINUTE_MS)
  })

  test('half an hour after the last complaint it goes as fast as before', () => {
    const meter = createMeter(1000)
    for (let i = 0; i < 500; i++) meter.take(START)
    meter.complained(START)
    meter.accepted()
    const passed = (now: number) => {
      let n = 0
      while (meter.take(now) === 0) n++
      return n
    }
    expect(passed(START + 29 * MINUTE_MS)).toBe(450)
    expect(passed(START + 31 * MINUTE_MS)).toBe(1000)
  })

  test('a complaint about a handful of calls was caused by others: it pauses, and goes on no slower', () => {
    const meter = createMeter(1000)
    for (let i = 0; i < 20; i++) meter.take(START)
    meter.complained(START)
    expect(meter.take(START + 10)).toBe(MINUTE_MS - 10)
    expect(meter.read(START + 2 * MINUTE_MS)).toEqual({ used: 0, limit: 1000, pausedMs: 0 })
  })

  test('a limit of half is met with one complaint in a push of twenty minutes', () => {
    const meter = createMeter(1000)
    const times: number[] = []
    let complaints = 0
    for (let now = START; now < START + 20 * MINUTE_MS; now += 25) {
      if (meter.take(now) > 0) continue
      while (times.length > 0 && times[0]! <= now - MINUTE_MS) times.shift()
      if (times.length < 500) times.push(now)
      else {
        complaints++
        meter.complained(now)
      }
    }
    expect(complaints).toBe(1)
  })

  test('a clock that is set back by a day does not stop it for a day', () => {
    const meter = createMeter(10)
    for (let i = 0; i < 10; i++) meter.take(START)
    expect(meter.take(START - 24 * 60 * MINUTE_MS)).toBe(0)
  })
})

describe('the meter of one member', () => {
  const take = (meter: ReturnType<typeof createMemberMeter>, userId: string, now: number) => {
    const wait = meter.wait(userId, now, 1)
    if (wait === 0) meter.add(userId, now, 1)
    return wait
  }

  test('never lets more than 30 in any minute nor 1,000 in any hour through', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 9_000 }), fc.nat(60_000), (gap, offset) => {
        const meter = createMemberMeter()
        const passed: number[] = []
        for (let now = START + offset; now < START + 2 * 60 * MINUTE_MS && passed.length < 1_500; now += gap)
          if (take(meter, 'lin', now) === 0) passed.push(now)
        passed.forEach((at, i) => {
          if (i >= 30) expect(at - passed[i - 30]!).toBeGreaterThanOrEqual(MINUTE_MS)
          if (i >= 1000) expect(at - passed[i - 1000]!).toBeGreaterThanOrEqual(60 * MINUTE_MS)
        })
      }),
      { numRuns: 30 },
    )
  })

  test('says how long to wait, and then it goes', () => {
    const meter = createMemberMeter()
    for (let i = 0; i < 30; i++) expect(take(meter, 'lin', START + i * 100)).toBe(0)
    const wait = take(meter, 'lin', START + 3_000)
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(70_000)
    expect(take(meter, 'lin', START + 3_000 + wait)).toBe(0)
  })

  test('one message to each of 100,000 members never waits', () => {
    const meter = createMemberMeter()
    for (let i = 0; i < 100_000; i++) expect(take(meter, `employee-${i}`, START + Math.floor(i / 10))).toBe(0)
  })

  test('a clock that is set back begins anew', () => {
    const meter = createMemberMeter()
    for (let i = 0; i < 30; i++) take(meter, 'lin', START)
    expect(take(meter, 'lin', START - 24 * 60 * MINUTE_MS)).toBe(0)
  })
})

describe('a value that expires', () => {
  function source(answers: (n: number) => Fetched, waits = true) {
    let real = 0
    let now = START
    const fetches: number[] = []
    const token = createTokenSource({
      fetch: async () => {
        fetches.push(real)
        return answers(fetches.length)
      },
      clock: { now: () => new Date(now), everyMinute: () => () => {} },
      pace: {
        nowMs: () => real,
        sleep: async (ms) => {
          real += ms
        },
      },
      waits,
    })
    const advance = (ms: number) => {
      real += ms
      now += ms
    }
    return { token, fetches, advance }
  }
  const good = (n: number): Fetched => ({ kind: 'ok', value: `v${n}`, lifeSeconds: 7200 })
  const down: Fetched = { kind: 'failed', failure: { kind: 'unknown', reason: '没有应答' }, stop: false }

  test('is used until five minutes before its end, then fetched again', async () => {
    const { token, fetches, advance } = source(good)
    expect(await token.get()).toEqual({ kind: 'ok', value: 'v1' })
    advance(115 * MINUTE_MS - 1)
    expect(await token.get()).toEqual({ kind: 'ok', value: 'v1' })
    advance(1)
    expect(await token.get()).toEqual({ kind: 'ok', value: 'v2' })
    expect(fetches).toHaveLength(2)
  })

  test('that lives only two minutes is used for one', async () => {
    const { token, advance } = source((n) => ({ kind: 'ok', value: `v${n}`, lifeSeconds: 120 }))
    await token.get()
    advance(MINUTE_MS - 1)
    expect(await token.get()).toMatchObject({ value: 'v1' })
    advance(1)
    expect(await token.get()).toMatchObject({ value: 'v2' })
  })

  test('is thrown away only by who holds this very value', async () => {
    const { token, fetches } = source(good)
    await token.get()
    token.invalidate('v1')
    await token.get()
    token.invalidate('v1')
    expect(await token.get()).toEqual({ kind: 'ok', value: 'v2' })
    expect(fetches).toHaveLength(2)
  })

  test('ended early again and again is fetched at most once a second on the whole', async () => {
    const { token, fetches } = source(good)
    for (let i = 0; i < 20; i++) {
      const got = await token.get()
      if (got.kind === 'ok') token.invalidate(got.value)
    }
    expect(fetches.at(-1)! - fetches[0]!).toBeGreaterThanOrEqual(18_000)
  })

  test('that cannot be had for five minutes is asked for seldom and answered at once meanwhile', async () => {
    const { token, fetches, advance } = source((n) => (n <= 8 ? down : good(n)))
    for (let i = 0; i < 3_000; i++) {
      const got = await token.get()
      if (got.kind === 'failed') expect(got.failure).toMatchObject({ kind: 'later' })
      advance(100)
    }
    expect(fetches.length).toBeLessThanOrEqual(10)
    for (let i = 1; i < fetches.length; i++) expect(fetches[i]! - fetches[i - 1]!).toBeGreaterThanOrEqual(1_000)
    expect(token.problem()).toBeUndefined()
  })

  test('refused for good is tried again after an hour only', async () => {
    const refused: Fetched = {
      kind: 'failed',
      failure: { kind: 'refused', reason: '密钥错误', advice: '请核对' },
      stop: true,
    }
    const { token, fetches, advance } = source((n) => (n === 1 ? refused : good(n)))
    expect(await token.get()).toMatchObject({ kind: 'failed', failure: { kind: 'refused' } })
    expect(token.problem()).toBe('密钥错误：请核对')
    advance(60 * MINUTE_MS - 1)
    expect(await token.get()).toMatchObject({ kind: 'failed' })
    expect(fetches).toHaveLength(1)
    advance(1)
    expect(await token.get()).toMatchObject({ kind: 'ok' })
    expect(token.problem()).toBeUndefined()
  })

  test('with a quota tells the caller to come later instead of waiting', async () => {
    const { token, fetches } = source(good, false)
    for (const value of ['v1', 'v2']) {
      expect(await token.get()).toMatchObject({ value })
      token.invalidate(value)
    }
    expect(await token.get()).toMatchObject({ kind: 'failed', failure: { kind: 'later', afterMs: 2_000 } })
    expect(fetches).toHaveLength(2)
  })
})
