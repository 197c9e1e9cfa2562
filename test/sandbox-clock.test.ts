import { describe, expect, test } from 'vitest'
import { createTravelClock } from '../sandbox/clock.ts'

const at = (time: string) => new Date(`2026-11-27T${time}+08:00`)

describe('a travelling clock', () => {
  test('stands still until it is told to run', () => {
    const clock = createTravelClock(at('15:50:30'))
    expect(clock.now()).toEqual(at('15:50:30'))
    expect(clock.now()).toEqual(at('15:50:30'))
    expect(clock.running).toBe(false)
  })

  test('goes through every whole minute in order, then to the very second asked for', async () => {
    const clock = createTravelClock(at('15:58:30'))
    const seen: Date[] = []
    clock.everyMinute(() => seen.push(clock.now()))
    await clock.travelTo(at('16:01:01'))
    expect(seen).toEqual([at('15:59:00'), at('16:00:00'), at('16:01:00'), at('16:01:01')])
    expect(clock.now()).toEqual(at('16:01:01'))
  })

  test('skips no minute of a week', async () => {
    const clock = createTravelClock(at('15:50:00'))
    let previous = clock.now().getTime()
    let steps = 0
    clock.everyMinute(() => {
      expect(clock.now().getTime() - previous).toBe(60_000)
      previous = clock.now().getTime()
      steps++
    })
    await clock.travelTo(new Date(at('15:50:00').getTime() + 7 * 86_400_000))
    expect(steps).toBe(7 * 24 * 60)
  })

  test('leaves a minute only when every tick and what came of it is done', async () => {
    const clock = createTravelClock(at('16:00:00'))
    const seen: string[] = []
    clock.everyMinute(async () => {
      seen.push('tick')
      await new Promise((done) => setImmediate(done))
      seen.push('ticked')
    })
    clock.onSettle(async () => {
      await new Promise((done) => setImmediate(done))
      seen.push('settled')
    })
    await clock.travelTo(at('16:02:00'))
    expect(seen).toEqual(['tick', 'ticked', 'settled', 'tick', 'ticked', 'settled'])
  })

  test('does not go back, and stays where it was', async () => {
    const clock = createTravelClock(at('16:00:00'))
    await expect(clock.travelTo(at('15:59:59'))).rejects.toThrow(RangeError)
    expect(clock.now()).toEqual(at('16:00:00'))
    await clock.travelTo(at('16:00:00'))
    expect(clock.now()).toEqual(at('16:00:00'))
  })

  test('makes one journey after the other', async () => {
    const clock = createTravelClock(at('16:00:00'))
    const seen: Date[] = []
    clock.everyMinute(() => seen.push(clock.now()))
    await Promise.all([clock.travelTo(at('16:02:00')), clock.travelTo(at('16:03:00'))])
    expect(seen).toEqual([at('16:01:00'), at('16:02:00'), at('16:03:00')])
  })

  test('goes on from where it came to when a tick fails', async () => {
    const clock = createTravelClock(at('16:00:00'))
    const stop = clock.everyMinute(() => {
      throw new Error('broken')
    })
    await expect(clock.travelTo(at('16:05:00'))).rejects.toThrow('broken')
    expect(clock.now()).toEqual(at('16:01:00'))
    expect(clock.travelling).toBe(false)
    stop()
    await clock.travelTo(at('16:05:00'))
    expect(clock.now()).toEqual(at('16:05:00'))
  })

  test('stops on the way when asked to', async () => {
    const clock = createTravelClock(at('16:00:00'))
    const stop = new AbortController()
    clock.everyMinute(() => clock.now() >= at('16:03:00') && stop.abort())
    await clock.travelTo(at('18:00:00'), { signal: stop.signal })
    expect(clock.now()).toEqual(at('16:03:00'))
  })

  test('calls nobody who has left', async () => {
    const clock = createTravelClock(at('16:00:00'))
    let ticks = 0
    const leave = clock.everyMinute(() => ticks++)
    await clock.travelTo(at('16:01:00'))
    leave()
    await clock.travelTo(at('16:05:00'))
    expect(ticks).toBe(1)
  })

  test('runs on with the machine after a journey, and rings when the minute is full', async () => {
    const clock = createTravelClock(at('15:00:00'))
    clock.run()
    await clock.travelTo(at('15:59:59.950'))
    const rang = await new Promise<Date>((done) => clock.everyMinute(() => done(clock.now())))
    clock.hold()
    expect(rang.getTime()).toBeGreaterThanOrEqual(at('16:00:00').getTime())
    expect(rang.getTime()).toBeLessThan(at('16:00:30').getTime())
    const held = clock.now()
    await new Promise((done) => setImmediate(done))
    expect(clock.now()).toEqual(held)
  })
})
