import { actionsOf, addressed, checkCard } from '../../cards/card.ts'
import type { Clock } from '../clock.ts'
import { addDays, dayOf, instantAt, timeOf } from '../domain/time.ts'
import type { Delivery, Platform, PlatformName, SendResult } from '../platforms/port.ts'
import type { Cards } from '../store/cards.ts'
import type { Db } from '../store/connect.ts'
import type { People, Person } from '../store/people.ts'
import type { Rendered } from './notice.ts'
import { deliveryId } from './outbox.ts'
import { type OutboxRow, outboxModel } from './rows.ts'

export type Sent =
  /** `keeping`: what else is being written about it; done before the row is recorded as sent. */
  | { kind: 'sent'; on: PlatformName; messageId?: string; keeping?: () => Promise<void> }
  | { kind: 'cancelled'; reason: string }
  | { kind: 'postponed'; until: Date }
  | { kind: 'failed'; reason: string; advice: string }
  /** `uncounted`: it says nothing about this message. */
  | { kind: 'later'; reason: string; afterMs: number; uncounted?: true }

/** Asks a platform when it is the row's turn; rejects, and asks nothing, when the row is somebody else's by then. */
export type OnWire = <T>(platform: PlatformName, ask: () => Promise<T>) => Promise<T>

/** Looks up at once what all of these rows need, and then sends each of them. */
export type Sender = (rows: OutboxRow[]) => Promise<(row: OutboxRow, onWire: OnWire) => Promise<Sent>>

export interface SenderDeps {
  db: Db
  clock: Clock
  people: People
  cards: Cards
  platforms: Partial<Record<PlatformName, Platform>>
  zone(): string
  quiet(): { from: string; to: string; mostPerDay: number }
  render(name: string, to: Person, args: Record<string, unknown>): Promise<Rendered>
  /** How long nothing is tried on a platform that is down. */
  heldMs?(platform: PlatformName): number
  /** Milliseconds to wait before the next try of a failing row. */
  backOff(tries: number): number
}

type Face = OutboxRow['content'] & { kind: 'update' }

const HELD = '平台暂不可用，恢复后自动发送'
/** A response code of a WeCom card is good for 72 hours (wecom.md §4.5); an hour less, for clocks. */
const CODE_LIFE_MS = 71 * 3_600_000
/** How long a card takes answers when its handler says nothing else. */
const CARD_LIFE_DAYS = 45

/** Sends a row on the platform where its person is, or says what is to become of it. */
export function createSender(deps: SenderDeps): Sender {
  const { clock, people, cards, platforms, zone, quiet } = deps
  const outbox = outboxModel(deps.db)

  return async (rows) => {
    const who = new Map((await people.many([...new Set(rows.map((r) => r.to))])).map((p) => [p._id, p]))
    const pushed = await pushesToday([...new Set(rows.filter((r) => r.mode === 'push').map((r) => r.to))])
    return async (row, onWire) => {
      const person = who.get(row.to)
      if (!person?.active) return { kind: 'cancelled', reason: '收件人已离职或不在通讯录中' }
      if (row.mode === 'answer') return sendRow(row, person, onWire)
      const sentToday = pushed.get(row.to) ?? 0
      const until = heldBack(sentToday)
      if (until) return { kind: 'postponed', until }
      const sent = await sendRow(row, person, onWire)
      if (sent.kind === 'sent') pushed.set(row.to, sentToday + 1)
      return sent
    }
  }

  async function sendRow(row: OutboxRow, person: Person, onWire: OnWire): Promise<Sent> {
    const { content } = row
    switch (content.kind) {
      case 'text':
        return toPerson(row, person, onWire, { text: content.text })
      case 'card':
        return toPerson(row, person, onWire, { card: content.card, subject: content.subject, context: content.context })
      case 'notice': {
        const rendered = await deps.render(content.name, person, content.args)
        if ('cancel' in rendered) return { kind: 'cancelled', reason: rendered.cancel }
        return toPerson(row, person, onWire, rendered)
      }
      case 'update':
        return update(row, person, onWire, content)
      case 'group-notice': {
        const platform = row.platform && platforms[row.platform]
        if (!platform) return { kind: 'cancelled', reason: '该平台未配置' }
        const rendered = await deps.render(content.name, person, content.args)
        if (!('text' in rendered))
          return { kind: 'cancelled', reason: 'cancel' in rendered ? rendered.cancel : '不是文字' }
        const { text } = rendered
        const result = await onWire(platform.name, () =>
          platform.reply(content.chat, deliveryId(row._id, platform.name), text),
        )
        // A group has no duplicate check: rather once too few than twice before everybody.
        if (result.kind === 'unknown')
          return { kind: 'failed', reason: result.reason, advice: '可能已经送达，请在群里核对，需要时手动补发' }
        return settle(result, platform.name, row)
      }
      case 'group-reply': {
        const platform = row.platform && platforms[row.platform]
        if (!platform) return { kind: 'cancelled', reason: '该平台未配置' }
        return settle(
          await onWire(platform.name, () =>
            platform.reply(content.chat, deliveryId(row._id, platform.name), content.text),
          ),
          platform.name,
          row,
        )
      }
    }
  }

  /** Until when a message of our own accord has to wait: quiet hours, or the day's share is used up. */
  function heldBack(sentToday: number): Date | undefined {
    const now = clock.now()
    const { from, to, mostPerDay } = quiet()
    const today = dayOf(now, zone())
    const time = timeOf(now, zone()).slice(0, 5)
    const inNight = from > to ? time >= from || time < to : time >= from && time < to
    const morning = (day: string) => instantAt(day, to, zone())
    if (inNight) return morning(from > to && time >= from ? addDays(today, 1) : today)
    return sentToday >= mostPerDay ? morning(addDays(today, 1)) : undefined
  }

  /** How many messages of our own accord these people got today. */
  async function pushesToday(ids: string[]): Promise<Map<string, number>> {
    if (ids.length === 0) return new Map()
    const midnight = instantAt(dayOf(clock.now(), zone()), '00:00', zone())
    const counts = await outbox.aggregate<{ _id: string; n: number }>([
      { $match: { to: { $in: ids }, sentAt: { $gte: midnight }, mode: 'push' } },
      { $group: { _id: '$to', n: { $sum: 1 } } },
    ])
    return new Map(counts.map((c) => [c._id, c.n]))
  }

  function accounts(row: OutboxRow, person: Person): PlatformName[] {
    const order = [row.platform, person.lastPlatform, 'wecom', 'dingtalk'] as const
    return [...new Set(order)].filter(
      (p): p is PlatformName => p !== undefined && person[p] !== undefined && platforms[p] !== undefined,
    )
  }

  async function toPerson(
    row: OutboxRow,
    person: Person,
    onWire: OnWire,
    what: Exclude<Rendered, { cancel: string }>,
  ): Promise<Sent> {
    let last: Sent = {
      kind: 'failed',
      reason: '没有可用的平台账号',
      advice: '请确认该员工在应用可见范围内，并同步通讯录',
    }
    const names = accounts(row, person)
    // Another try goes where the first one may have arrived, wherever the person writes meanwhile.
    if (names.length > 1 && row.platform !== names[0]) {
      row.platform = names[0]!
      await outbox.updateOne({ _id: row._id }, { $set: { platform: row.platform } })
    }
    for (const name of names) {
      const platform = platforms[name]!
      const id = deliveryId(row._id, name)
      const send = (id: string, message: Delivery['message']) =>
        onWire(name, () => platform.send({ id, userId: person[name]!, message }))
      let result: SendResult
      let keeping: (() => Promise<void>) | undefined
      if ('text' in what) {
        const textId = row.resent ? deliveryId(`${row._id}~${row.resent}`, name) : id
        result = await send(textId, { kind: 'text', text: what.text })
      } else if ('png' in what) {
        result = await send(id, { kind: 'image', png: what.png, alt: what.alt })
        // Where a picture is not taken, its words are.
        if (result.kind === 'refused' && !result.personGone && !result.outage)
          result = await send(id, { kind: 'text', text: what.alt })
      } else {
        const now = clock.now()
        const expiresAt = new Date(now.getTime() + CARD_LIFE_DAYS * 86_400_000)
        const { card, subject, context = {} } = what
        const about = { _id: id, personId: person._id, platform: name, subject, context }
        const instance = { ...about, face: row.seq, sentAt: now, expiresAt }
        await cards.remember({ ...instance, actions: actionsOf(card) })
        result = await send(id, { kind: 'card', card: checkCard(addressed(card, id)) })
        const code = result.kind === 'sent' ? result.code : undefined
        if (code) keeping = () => cards.addCode(id, code, now)
      }
      last = settle(result, name, row)
      if (last.kind === 'sent' && keeping) last.keeping = keeping
      if (result.kind !== 'refused' || !result.personGone) return last
    }
    return last
  }

  async function update(row: OutboxRow, person: Person, onWire: OnWire, content: Face): Promise<Sent> {
    const instance = await cards.get(content.cardId)
    const platform = instance && platforms[instance.platform]
    if (!instance || !platform) return { kind: 'cancelled', reason: '原卡片已不存在' }
    // It lay with a process that died, and another one has answered a later press meanwhile.
    if ((instance.face ?? 0) > row.seq) return { kind: 'cancelled', reason: '卡片上已是更新的内容' }
    await cards.offer(instance, actionsOf(content.card))
    // Not before the code is taken: it would look used.
    const heldMs = deps.heldMs?.(platform.name) ?? 0
    if (heldMs > 0) return { kind: 'later', reason: HELD, afterMs: heldMs, uncounted: true }
    // A code that lies with the row was used by an earlier try, perhaps of a process that died before it heard the answer.
    const tried = content.code !== undefined
    let code = content.code
    if (code !== undefined) await cards.dropCode(instance._id, code)
    else if (platform.name === 'wecom')
      code = await cards.takeCode(instance._id, new Date(clock.now().getTime() - CODE_LIFE_MS), (taken) =>
        outbox.updateOne({ _id: row._id }, { $set: { 'content.code': taken } }),
      )
    // DingTalk's code names the template the card was made with, for as long as the card lives.
    if (platform.name === 'dingtalk') code = instance.codes[0]?.code
    const result =
      !code && platform.name === 'wecom'
        ? ({ kind: 'expired' } as const)
        : await onWire(platform.name, () =>
            platform.update({
              id: instance._id,
              card: checkCard(addressed(content.card, instance._id)),
              for: 'all',
              ...(code && { code }),
            }),
          )
    if (result.kind === 'expired') {
      // A used code on a second try means that the first one arrived.
      const arrived = tried && platform.name === 'wecom'
      // What nobody gets to see covers nothing either.
      await close(instance._id, content, arrived || content.orSend ? row.seq : undefined)
      if (arrived) return { kind: 'sent', on: platform.name }
      // Spent before this: a later try must not take it for a change that arrived.
      if (code !== undefined) await outbox.updateOne({ _id: row._id }, { $unset: { 'content.code': 1 } })
      if (!content.orSend) return { kind: 'cancelled', reason: '卡片已过可更新时间' }
      const context = content.context ?? instance.context
      return toPerson(row, person, onWire, { card: content.card, subject: instance.subject, context })
    }
    if (result.kind === 'sent') await close(instance._id, content, row.seq)
    return settle(result, platform.name, row)
  }

  async function close(id: string, { card, context }: Face, face: number | undefined): Promise<void> {
    const live = (card.buttons?.length ?? 0) > 0 && card.closed === undefined
    const state = live ? 'open' : 'closed'
    await cards.change(id, { state, ...(context && { context }), ...(face !== undefined && { face }) })
  }

  /** When a platform is down, not before the next try; spread, so that not all come back for it. */
  function held(on: PlatformName, atLeastMs: number): number {
    const ms = deps.heldMs?.(on) ?? 0
    return ms === 0 ? atLeastMs : Math.max(50, ms) * (1 + Math.random())
  }

  function settle(result: SendResult, on: PlatformName, row: OutboxRow): Sent {
    switch (result.kind) {
      case 'sent':
        return { kind: 'sent', on, ...(result.messageId && { messageId: result.messageId }) }
      case 'refused':
        if (!result.outage) return { kind: 'failed', reason: result.reason, advice: result.advice }
        return {
          kind: 'later',
          reason: `${result.reason}。${result.advice}`,
          afterMs: held(on, 1_000),
          uncounted: true,
        }
      case 'later':
        if (result.outage || result.untried)
          return { kind: 'later', reason: result.reason, afterMs: held(on, result.afterMs), uncounted: true }
        return {
          kind: 'later',
          reason: result.reason,
          afterMs: Math.max(result.afterMs, row.tries > 0 ? deps.backOff(row.tries) : 0),
        }
      case 'unknown': {
        const afterMs = Math.max(deps.backOff(row.tries), held(on, 0))
        return { kind: 'later', reason: result.reason, afterMs, ...(held(on, 0) > 0 && { uncounted: true }) }
      }
    }
  }
}
