import type { Model } from 'mongoose'
import type { People } from '../store/people.ts'
import type { OutboxRow } from './rows.ts'

export const DELIVERY_STATES = { pending: '等待发送', sent: '已发送', cancelled: '已取消', failed: '未送达' } as const
export type DeliveryState = keyof typeof DELIVERY_STATES

export interface DeliveryFilter {
  state?: DeliveryState
  /** Ids of people. */
  to?: string[]
  /** `answer` or `push` (rows.ts), a kind of content, or `notice:` with a notice's name. */
  kind?: string
  from?: Date
  until?: Date
  /** How many of the newest to leave out, for the next page. */
  skip?: number
  limit: number
}

/** A row without what it says, which is not the administrator's to read. */
export type Listed = Omit<OutboxRow, 'content'> & { kind: OutboxRow['content']['kind']; notice?: string; name?: string }

/** Messages with their fate, the newest first; content stays out. */
export async function listDeliveries(
  model: Model<OutboxRow>,
  people: Pick<People, 'many'>,
  filter: DeliveryFilter,
): Promise<Listed[]> {
  const { state, to, from, until } = filter
  const created = { ...(from && { $gte: from }), ...(until && { $lt: until }) }
  const rows = await model
    .find({
      ...(state && { state }),
      ...(to && { to: { $in: to } }),
      ...(filter.kind && ofKind(filter.kind)),
      ...((from || until) && { createdAt: created }),
    })
    .sort({ createdAt: -1, seq: -1 })
    .skip(filter.skip ?? 0)
    .limit(filter.limit)
    .lean<OutboxRow[]>()
  const names = new Map((await people.many([...new Set(rows.map((r) => r.to))])).map((p) => [p._id, p.name]))
  return rows.map(({ content, ...row }) => {
    const name = names.get(row.to)
    const notice = content.kind === 'notice' || content.kind === 'group-notice' ? content.name : undefined
    return { ...row, kind: content.kind, ...(notice && { notice }), ...(name !== undefined && { name }) }
  })
}

function ofKind(kind: string): Record<string, unknown> {
  if (kind === 'answer' || kind === 'push') return { mode: kind }
  if (kind.startsWith('notice:')) return { 'content.name': kind.slice('notice:'.length) }
  return { 'content.kind': kind }
}
