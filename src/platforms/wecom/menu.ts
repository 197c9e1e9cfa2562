import { z } from 'zod'
import type { Api, Reply } from './api.ts'

/** An entry under the chat: comes back as `menu` with its key, opens one of our pages, or holds up to five entries. */
export type MenuItem = MenuEntry | { text: string; children: MenuEntry[] }
export type MenuEntry = { text: string; key: string } | { text: string; path: string }

const TOP_ENTRIES = 3
const SUB_ENTRIES = 5
/** Five Chinese characters. For the entries below, one page says 40 bytes, the error list 16: what both allow. */
const NAME_BYTES = 16

/**
 * The body of menu/create (wecom.md §12).
 *
 * @throws RangeError for a menu that WeCom cannot show; made at start, so that it is seen at once
 */
export function drawMenu(menu: MenuItem[], publicBaseUrl: string): { button: object[] } {
  if (menu.length > TOP_ENTRIES) throw new RangeError(`a menu has at most ${TOP_ENTRIES} entries`)
  const entry = (item: MenuEntry) => {
    checkName(item.text)
    if ('key' in item) {
      if (item.key === '' || Buffer.byteLength(item.key) > 128) throw new RangeError(`menu entry ${item.text}: bad key`)
      return { type: 'click', name: item.text, key: item.key }
    }
    if (!item.path.startsWith('/h5/')) throw new RangeError(`menu entry ${item.text}: opens no page of ours`)
    return { type: 'view', name: item.text, url: `${publicBaseUrl}${item.path}` }
  }
  return {
    button: menu.map((item) => {
      if (!('children' in item)) return entry(item)
      checkName(item.text)
      if (item.children.length < 1 || item.children.length > SUB_ENTRIES)
        throw new RangeError(`menu entry ${item.text}: 1 to ${SUB_ENTRIES} entries below it`)
      return { name: item.text, sub_button: item.children.map((child) => entry(child)) }
    }),
  }
}

function checkName(text: string) {
  if (text === '' || Buffer.byteLength(text) > NAME_BYTES)
    throw new RangeError(`menu entry ${text}: 1 to ${NAME_BYTES} bytes`)
}

interface SeenEntry {
  type?: string | undefined
  name: string
  key?: string | undefined
  url?: string | undefined
  sub_button?: SeenEntry[] | undefined
}
const SeenEntry: z.ZodType<SeenEntry> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    name: z.string(),
    key: z.string().optional(),
    url: z.string().optional(),
    sub_button: z.array(SeenEntry).optional(),
  }),
)
const SeenMenu = z.object({ button: z.array(SeenEntry) })

/** Creates the menu unless the app has exactly this one. An empty one leaves whatever the app has. */
export async function ensureMenu(api: Api, agentId: number, menu: { button: object[] }): Promise<Reply> {
  if (menu.button.length === 0) return { kind: 'ok', body: {} }
  const seen = await api.get('/cgi-bin/menu/get', { agentid: agentId })
  // A refusal here is also how an app without a menu answers.
  if (seen.kind === 'ok') {
    const parsed = SeenMenu.safeParse(seen.body)
    if (parsed.success && same(parsed.data.button, menu.button as SeenEntry[])) return seen
  } else if (seen.failure.kind !== 'refused') return seen
  return api.post('/cgi-bin/menu/create', menu, { agentid: agentId })
}

/** Compares what we set; the platform's answer may hold more, such as an empty `sub_button`. */
function same(seen: SeenEntry[], wanted: SeenEntry[]): boolean {
  if (seen.length !== wanted.length) return false
  return wanted.every((entry, i) => {
    const other = seen[i]!
    if (entry.name !== other.name || !same(other.sub_button ?? [], entry.sub_button ?? [])) return false
    return entry.sub_button || (entry.type === other.type && entry.key === other.key && entry.url === other.url)
  })
}
