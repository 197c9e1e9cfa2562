import { expect, test } from 'vitest'
import { AT_ONCE, halfHourWithout } from './half-hour.ts'

test('half an hour without the platform: it is hardly asked, then every card arrives once, and the administrator hears once that it is back', async () => {
  const it = await halfHourWithout(80)
  expect(it).toMatchObject({ failed: 0, missing: 0, twice: 0 })
  // Those that were under way when it began, then one now and then; none but those has used up a try.
  expect(it.attempts[0]).toBeLessThanOrEqual(AT_ONCE + 10)
  for (const attempts of it.attempts.slice(1)) expect([1, 2]).toContain(attempts)
  expect(it.mostTries).toBeLessThanOrEqual(1)
  // The next look at the platform, and the waits that were spread so that not all come at once.
  expect(it.drainedAfterMs).toBeLessThanOrEqual(90_000)
  expect(it.told.back).toBe(1)
  expect(it.told.down).toBeLessThanOrEqual(1)
}, 60_000)
