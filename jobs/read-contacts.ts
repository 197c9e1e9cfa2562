import type { Ctx } from '../src/context.ts'
import { instantAt } from '../src/domain/time.ts'
import type { Job } from '../src/schedule/schedule.ts'

/** Nightly: the platforms' contacts are read whole, because change events get lost (wecom.md §1.6, dingtalk.md §7). */
export const readContacts = (directory: { refreshAll(): Promise<void> }): Job<Ctx> => ({
  name: 'read-contacts',
  about: '每天凌晨：重新读取通讯录',
  catchUpMs: 20 * 3_600_000,
  // Off the full hour, when everybody else calls.
  times: (day, ctx) => [instantAt(day, '03:17', ctx.company().timeZone)],
  run: () => directory.refreshAll(),
})
