import { z } from 'zod'
import { standingProblems } from '../../../handlers/moments/contacts-report.ts'
import type { PlatformName } from '../../platforms/port.ts'
import type { AdminDone, AdminPeople } from './contract.ts'
import { adminEndpoint } from './endpoint.ts'

/** What was noted on the way is of use for so long. */
const NOTES_MS = 30 * 86_400_000
const MOST_ROWS = 500

const text = {
  unread:
    '通讯录还没有读取到任何人，目前不会发送消息。读取失败会自动重试；请核对平台凭证、可信IP和应用可见范围（npm run jixiao -- doctor 会逐项检查），再点“重新读取通讯录”。',
}

export const peopleEndpoints = [
  adminEndpoint({
    method: 'GET',
    path: '/api/admin/people',
    async run({ bot, now }): Promise<AdminPeople> {
      const active = await bot.people.active()
      const names = Object.keys(bot.platforms) as PlatformName[]
      const without = active.filter((p) => !names.some((name) => p[name] !== undefined))
      const doubts = await bot.contacts.openDoubts()
      const nameOf = new Map(active.map((p) => [p._id, p.name]))
      const notes = await bot.contacts.notesSince(new Date(now.getTime() - NOTES_MS))
      return {
        active: active.length,
        ...(active.length === 0 && { unread: text.unread }),
        without: without.slice(0, MOST_ROWS).map((p) => ({
          ...{ id: p._id, name: p.name, departments: p.departments },
          ...(p.jobNumber && { jobNumber: p.jobNumber }),
          note: '收不到任何消息：请将其加入应用可见范围后重新读取通讯录，或在花名册中补全账号',
        })),
        problems: [...(await standingProblems(bot)), ...notes.reverse()].slice(0, MOST_ROWS).map((n) => n.text),
        doubts: doubts.slice(0, MOST_ROWS).map((d) => ({
          ...{ name: d.name, platform: d.platform, departments: d.departments },
          candidates: d.candidates.map((id) => nameOf.get(id) ?? id),
        })),
      }
    },
  }),

  adminEndpoint({
    method: 'POST',
    path: '/api/admin/contacts/read',
    body: z.strictObject({}),
    async run({ readContacts, bot, audit }): Promise<AdminDone> {
      try {
        await readContacts()
      } catch (error) {
        bot.log.warn({ err: error }, 'contacts not read')
        await audit('contacts-read', 'contacts', { result: 'failed' })
        return { ok: false, said: `没有读取完：${(error as Error).message}` }
      }
      await audit('contacts-read', 'contacts', { result: 'done' })
      return { ok: true, said: '已重新读取通讯录' }
    },
  }),
]
