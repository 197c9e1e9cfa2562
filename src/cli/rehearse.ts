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
import { mustHaveDatabase } from './data.ts'

const MINUTE_MS = 60_000
const MOST_DAYS = 92
/** Beyond this the names of a group are only counted; `--to` finds anybody's own. */
const MOST_NAMES = 200
const MOST_GROUPS = 1_000

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

/** The same words to several people at one moment. */
export interface RehearsedGroup {
  at: Date
  why: string
  platforms: PlatformName[]
  people: number
  names: string[]
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
  const config = readConfig(env)
  mustHaveDatabase(config)
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-rehearsal-'))
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

/** What goes out at one moment for one reason is one line; the words are those of the first, where they differ. */
export function grouped(sent: Rehearsed[]): RehearsedGroup[] {
  const groups = new Map<string, RehearsedGroup>()
  for (const m of sent) {
    const key = `${m.at.getTime()} ${m.why} ${m.text.split('\n')[0]}`
    const group = groups.get(key) ?? { at: m.at, why: m.why, platforms: [], people: 0, names: [], text: m.text }
    groups.set(key, group)
    group.people++
    if (group.names.length < MOST_NAMES) group.names.push(m.name)
    if (!group.platforms.includes(m.platform)) group.platforms.push(m.platform)
  }
  return [...groups.values()].slice(0, MOST_GROUPS)
}

export const rehearseCommand: Command = {
  name: 'rehearse',
  usage: 'rehearse [--days 30] [--from 2026-12-01T09:00+08:00] [--to 姓名或人员编号] [--grouped]',
  about: '预演：今后谁会在什么时候收到什么、为什么（不发送）',
  help: [
    `--days     天数，1到${MOST_DAYS}，默认30`,
    '--from     从这个时间开始，默认现在',
    '--to       只看一个人',
    '--grouped  同一时间、同一原因的合并为一条',
    '在数据的副本上把时间向前推，由服务本身决定发给谁；如果期间没有人操作，到时发送的就是这些。',
    '不会发送任何消息，也不改变现有数据。',
  ],
  options: { days: { type: 'string' }, from: { type: 'string' }, to: { type: 'string' }, grouped: { type: 'boolean' } },
  async run(given) {
    const { to } = given.options
    const days = Number(given.options.days ?? 30)
    const from = given.options.from === undefined ? given.io.now() : new Date(String(given.options.from))
    if (given.args.length > 0) throw new UsageError(`多余的参数：${given.args.join(' ')}`)
    if (!Number.isInteger(days) || days < 1 || days > MOST_DAYS)
      throw new UsageError(`--days 请写1到${MOST_DAYS}的整数`)
    if (Number.isNaN(from.getTime())) throw new UsageError('--from 请写时间，例如 2026-12-01T09:00+08:00')
    const progress = (day: string, n: number) => given.io.err(`${day}  累计 ${n} 条`)
    const { zone, ...all } = await rehearse(given.io.env, from, days, progress)
    const wanted = (m: { to: string; name: string }) => to === undefined || m.to === to || m.name === to
    const sent = all.sent.filter(wanted)
    const left = all.left.filter(wanted)
    const groups = given.options.grouped === true ? grouped(sent) : undefined
    const shown = groups ?? sent.map((m) => ({ ...m, people: 1, names: [m.name] }))
    const lines = shown.map((m) => {
      const who = m.names.join('、') + (m.people > m.names.length ? ` 等${m.people}人` : '')
      return `${formatInstant(m.at, zone)}  ${who}  （${m.why}）\n${m.text.replace(/^/gm, '    ')}`
    })
    const kept = left.map((l) => `未发送  ${l.name}  （${l.why}）${l.reason}`)
    const data = groups ? { zone, groups, messages: sent.length, left } : { zone, sent, left }
    print(given, [...lines, ...kept].join('\n') || '这段时间没有要发送的消息', data)
    return 0
  },
}
