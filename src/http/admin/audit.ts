import { z } from 'zod'
import type { AdminAudit } from './contract.ts'
import { between, day, PAGE, paging } from './deliveries.ts'
import { adminEndpoint } from './endpoint.ts'
import { peopleMeant } from './find.ts'
import { ADMIN, auditWord, SYSTEM } from './words.ts'

/** As `personIdOf` makes them. */
const PERSON_ID = /\be[0-9a-f]{11}\b/g

export const auditEndpoints = [
  adminEndpoint({
    method: 'POST',
    path: '/api/admin/audit/search',
    body: z.strictObject({
      person: z.string().trim().max(60).optional(),
      from: day.optional(),
      until: day.optional(),
      ...paging,
    }),
    async run({ body, bot, zone }): Promise<AdminAudit> {
      const { person, from, until, skip } = body
      const filter = { ...between(from, until, zone), skip, limit: PAGE + 1 }
      const by = person ? [...(await peopleMeant(bot.people, person)), ...meansUs(person)] : undefined
      const lines = await bot.audit.list({ ...filter, ...(by && { by }) })
      const ids = lines.flatMap((l) => [l.by, ...(l.to.match(PERSON_ID) ?? [])])
      const names = new Map((await bot.people.many([...new Set(ids)])).map((p) => [p._id, p.name]))
      return {
        rows: lines.slice(0, PAGE).map((l) => ({
          ...{ id: l._id, at: l.at.toISOString(), what: auditWord(l.what) },
          to: l.to.replace(PERSON_ID, (id) => names.get(id) ?? id),
          by: l.by === 'admin' ? ADMIN : l.by === 'system' ? SYSTEM : (names.get(l.by) ?? l.by),
          ...(l.detail && { detail: JSON.stringify(l.detail).slice(0, 1_000) }),
        })),
        more: lines.length > PAGE,
      }
    },
  }),
]

/** Who looks for the administrator or the system types the word that the list shows. */
const meansUs = (text: string): string[] => [
  ...(ADMIN.includes(text) || text === 'admin' ? ['admin'] : []),
  ...(SYSTEM.includes(text) ? ['system'] : []),
]
