import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Card } from '../../cards/card.ts'
import type { Clock } from '../clock.ts'
import { readConfig } from '../config.ts'
import { openDatabase } from '../database.ts'
import { dayOf, formatInstant } from '../domain/time.ts'
import { createLog } from '../log.ts'
import { startBot } from '../main.ts'
import { deliveryId } from '../outbox/outbox.ts'
import type { OutboxRow } from '../outbox/rows.ts'
import type { Delivery, Platform, PlatformName } from '../platforms/port.ts'
import { connect, type Db } from '../store/connect.ts'
import { dump, load } from './backup.ts'
import { type Command, type Io, print, UsageError } from './command.ts'

const MINUTE_MS = 60_000
const MOST_DAYS = 92

/** What somebody would get. `why`: the job and its slot, as the outbox knows it. */
export interface Rehearsed {
  at: Date
  to: string
  name: string
  platform: PlatformName
  why: string
  /** All the words, as they would be sent. */
  text: string
}

export interface Rehearsal {
  /** The company's time zone. */
  zone: string
  /** What is due but not sent, with the reason: quiet hours past the last day, somebody without an account. */
  left: { to: string; name: string; why: string; reason: string }[]
  sent: Rehearsed[]
}

/**
 * Plays the clock forward on a copy of the data, with platforms that only write down what they are given: the service itself
 * decides who gets what, so the rehearsal is what will happen if nobody does anything in between (features.md B5).
 */
export async function rehearse(
  env: Io['env'],
  from: Date,
  days: number,
  onDay?: (day: string, messages: number) => void,
): Promise<Rehearsal> {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-rehearsal-'))
  const config = readConfig(env)
  const log = createLog('silent')
  const { startEmbeddedMongo } = await import('embedded-mongo')
  const scratch = await startEmbeddedMongo({ dir: join(dir, 'database'), dbName: 'jixiao', sync: 'off' })
  try {
    const source = await openDatabase(config, log)
    const original = await connect(source.uri)
    const copy = await connect(scratch.uri)
    await load(copy, join(dir, 'copy'), await dump(original, join(dir, 'copy')))
    await original.close()
    await source.stop()

    const taken: { at: Date; platform: PlatformName; delivery: Delivery }[] = []
    const clock = steppingClock(from)
    const note = (name: PlatformName) =>
      notingPlatform(name, (delivery) => taken.push({ at: clock.now(), platform: name, delivery }))
    const platforms = {
      ...(config.wecom && { wecom: note('wecom') }),
      ...(config.dingtalk && { dingtalk: note('dingtalk') }),
    }
    const bot = await startBot({ env: withoutPlatforms(env, scratch.uri), clock, log, platforms })
    try {
      const zone = bot.ctx.company().timeZone
      const end = from.getTime() + days * 86_400_000
      for (let day = ''; clock.now().getTime() < end; ) {
        const today = dayOf(clock.now(), zone)
        if (day !== '' && day !== today) onDay?.(day, taken.length)
        day = today
        clock.step()
        await bot.tick()
      }
      return { zone, ...(await told(copy, bot.ctx.people, taken)) }
    } finally {
      await bot.stop()
      await copy.close()
    }
  } finally {
    await scratch.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The service without its platforms, on another database; never on the port of the real one. */
function withoutPlatforms(env: Io['env'], uri: string): Io['env'] {
  const kept = Object.entries(env).filter(([name]) => !/^(WECOM|DINGTALK)_/.test(name))
  return { ...Object.fromEntries(kept), MONGODB_URI: uri, PORT: '0' }
}

function steppingClock(from: Date): Clock & { step(): void } {
  let now = from.getTime()
  return {
    now: () => new Date(now),
    // Driven from outside, minute by minute.
    everyMinute: () => () => {},
    step() {
      now = Math.floor(now / MINUTE_MS) * MINUTE_MS + MINUTE_MS
    },
  }
}

/** Takes everything and delivers nothing. */
function notingPlatform(name: PlatformName, note: (delivery: Delivery) => void): Platform {
  return {
    name,
    start: async () => {},
    stop: async () => {},
    status: () => ({ ok: true }),
    async send(delivery) {
      note(delivery)
      return { kind: 'sent' }
    },
    update: async () => ({ kind: 'sent' }),
    reply: async () => ({ kind: 'sent' }),
    createGroup: async (group) => ({ kind: 'made', groupId: group.id }),
    members: async () => [],
    login: async () => undefined,
  }
}

async function told(
  db: Db,
  people: { all(): Promise<{ _id: string; name: string }[]> },
  taken: { at: Date; platform: PlatformName; delivery: Delivery }[],
): Promise<Omit<Rehearsal, 'zone'>> {
  const names = new Map((await people.all()).map((p) => [p._id, p.name]))
  const rows = (await db.collection('outbox').find({}).toArray()) as unknown as OutboxRow[]
  const byDelivery = new Map<string, OutboxRow>()
  for (const row of rows)
    for (const platform of ['wecom', 'dingtalk'] as const) byDelivery.set(deliveryId(row._id, platform), row)
  const sent = taken.flatMap(({ at, platform, delivery }) => {
    const row = byDelivery.get(delivery.id)
    if (!row) return []
    return [
      {
        at,
        platform,
        to: row.to,
        name: names.get(row.to) ?? row.to,
        why: row.cause ?? row._id,
        text: wordsOf(delivery),
      },
    ]
  })
  const left = rows
    .filter((r) => r.state === 'pending' || r.state === 'failed')
    .map((r) => ({ to: r.to, name: names.get(r.to) ?? r.to, why: r.cause ?? r._id, reason: r.reason ?? '' }))
  return { sent, left }
}

function wordsOf({ message }: Delivery): string {
  if (message.kind === 'text') return message.text
  if (message.kind === 'image') return message.alt
  return wordsOfCard(message.card)
}

function wordsOfCard(card: Card): string {
  const facts = (card.facts ?? []).map((f) => `${f.label}：${f.value}`)
  const buttons = (card.buttons ?? []).map((b) => `［${b.text}］`).join('')
  const link = card.link ? `［${card.link.text}］` : ''
  return [card.title, card.subtitle, card.text, ...facts, buttons + link, card.closed].filter(Boolean).join('\n')
}

export const rehearseCommand: Command = {
  name: 'rehearse',
  usage: 'rehearse [--days 30]',
  about: '预演：今后谁会在什么时候收到什么、为什么（不发送）',
  help: [
    `--days  天数，1到${MOST_DAYS}，默认30`,
    '在数据的副本上把时间向前推，由服务本身决定发给谁；如果期间没有人操作，到时发送的就是这些。',
    '不会发送任何消息，也不改变现有数据。',
  ],
  options: { days: { type: 'string' } },
  async run(given) {
    const days = Number(given.options.days ?? 30)
    if (given.args.length > 0) throw new UsageError(`多余的参数：${given.args.join(' ')}`)
    if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS)
      throw new UsageError(`--days 请写1到${MOST_DAYS}的整数`)
    const result = await rehearse(given.io.env, given.io.now(), days, (day, n) => given.io.err(`${day}  累计 ${n} 条`))
    const lines = result.sent.map(
      (m) => `${formatInstant(m.at, result.zone)}  ${m.name}  （${m.why}）\n${m.text.replace(/^/gm, '    ')}`,
    )
    const left = result.left.map((l) => `未发送  ${l.name}  （${l.why}）${l.reason}`)
    print(given, [...lines, ...left].join('\n') || '这段时间没有要发送的消息', result)
    return 0
  },
}
