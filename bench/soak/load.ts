import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { deliveryId } from '../../src/outbox/outbox.ts'
import { requests } from '../callbacks/requests.ts'
import { pace } from '../rush/pace.ts'
import { service, settled } from '../rush/service.ts'
import type { Told } from './sink.ts'

const PEOPLE = 10_000
/** Memory grows until caches are full; what it does then is looked at. Half of a shorter run. */
const WARM_MINUTES = 10
const SAMPLE_MS = 5_000
/** Time for connections without work to be closed, on either side. */
const QUIET_MS = 15_000
const MOST_MIB_PER_MINUTE = 1
/** So many files may come and go. */
const MOST_MORE_FILES = 2
/** The driver keeps up to a hundred connections to the database, which is in the same process: two sockets each. A few more are the bench's. */
const MOST_DATABASE_SOCKETS = 2 * 100 + 20
const FIRST = 1_000

type Callbacks = ReturnType<typeof requests>

/** Of five callbacks three are new texts, which are answered with a card, one is a text once more, one needs nothing: the cards stay under the platform's 10,000 a minute. */
function minuteOf(callbacks: number): { texts: Callbacks; all: Callbacks } {
  const rounds = Math.ceil(callbacks / 5)
  const texts = requests(rounds * 3, 'text', PEOPLE)
  const nothing = requests(rounds, 'nothing')
  const all = nothing.flatMap((n, i) => [...texts.slice(i * 3, i * 3 + 3), texts[Math.floor(i * 1.5)]!, n])
  return { texts, all: all.slice(0, callbacks) }
}

/** Whose each TCP socket of this machine is, by its number: the port at either end. */
function tcpPorts(): Map<string, [number, number]> {
  const lines = ['tcp', 'tcp6'].flatMap((f) => readFileSync(`/proc/net/${f}`, 'utf8').split('\n').slice(1))
  const port = (address: string) => Number.parseInt(address.split(':')[1]!, 16)
  return new Map(
    lines
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields.length > 9)
      .map((fields) => [fields[9]!, [port(fields[1]!), port(fields[2]!)]]),
  )
}

/** What the service holds: memory in MiB, what is mapped of the database's file apart (the system takes it back when it likes), open files, and sockets by what they are for. */
function holding({ pid, port, sinkPort }: { pid: number; port: number; sinkPort: number }) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const mib = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)![1]) / 1024
  const ports = tcpPorts()
  const open = { files: 0, callbacks: 0, platform: 0, database: 0 }
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let target = ''
    try {
      target = readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {}
    const ends = ports.get(/^socket:\[(\d+)\]/.exec(target)?.[1] ?? '')
    if (!target.startsWith('socket:')) open.files++
    else if (ends?.[0] === port) open.callbacks++
    else if (ends?.[1] === sinkPort) open.platform++
    else open.database++
  }
  return { rss: mib('VmRSS'), own: mib('RssAnon'), mapped: mib('RssFile'), open }
}

type Sample = ReturnType<typeof holding> & { minute: number }

/** Least squares. */
function slope(samples: Sample[], of: 'rss' | 'own' | 'mapped'): number {
  const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length
  const x = mean(samples.map((s) => s.minute))
  const y = mean(samples.map((s) => s[of]))
  const top = samples.reduce((sum, s) => sum + (s.minute - x) * (s[of] - y), 0)
  return round(top / samples.reduce((sum, s) => sum + (s.minute - x) ** 2, 0))
}

const round = (n: number) => Math.round(n * 100) / 100

/**
 * The whole service in a process of its own, at an even pace for so long, with a platform that fails as in reliability.md C2 (L1). Every
 * text that was acknowledged has to be stored and answered on a phone. Prints and keeps the figures.
 */
export async function load({ minutes, perSecond }: { minutes: number; perSecond: number }): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-soak-'))
  const ours = await service(dir, PEOPLE, 'dist/bench/soak-sink.js')
  const first = requests(FIRST, 'text', PEOPLE)
  await pace(ours.port, first, FIRST)
  await settled(ours.db)
  await sleep(QUIET_MS)
  const before = holding(ours)

  ours.sink.send('begin')
  const samples: Sample[] = []
  const from = performance.now()
  const watching = setInterval(() => {
    samples.push({ minute: (performance.now() - from) / 60_000, ...holding(ours) })
  }, SAMPLE_MS)
  const acknowledged = first.map((r) => r.id)
  const p99: number[] = []
  const unanswered: number[] = []
  let refused = 0
  let worst = 0
  for (let minute = 0; minute < minutes; minute++) {
    const { texts, all } = minuteOf(perSecond * 60)
    const got = await pace(ours.port, all, perSecond)
    for (const t of texts) acknowledged.push(t.id)
    p99.push(got.p99)
    unanswered.push(await ours.db.collection('outbox').countDocuments({ state: 'pending' }))
    refused += got.refused
    worst = Math.max(worst, got.worst)
    const { rss, own, open } = samples.at(-1)!
    const held = `${Math.round(rss)} MiB, ${Math.round(own)} of it its own; open ${JSON.stringify(open)}`
    console.error(`minute ${minute + 1}: p99 ${got.p99} ms; ${held}; ${unanswered.at(-1)} answers wait`)
  }
  clearInterval(watching)
  ours.sink.send('over')
  const ended = performance.now()
  await settled(ours.db)
  const answeredAfterS = Math.round((performance.now() - ended) / 1000)
  await sleep(QUIET_MS)
  const after = holding(ours)

  ours.sink.send('tell')
  const told = await new Promise<Told>((done) => ours.sink.once('message', done as never))
  const phones = new Set(told.delivered)
  const rows = await ours.db
    .collection('inbox')
    .find({}, { projection: { _id: 1 } })
    .toArray()
  const stored = new Set(rows.map((r) => String(r._id)))
  const notStored = acknowledged.filter((id) => !stored.has(`wecom:${id}`)).length
  const notAnswered = acknowledged.filter((id) => !phones.has(deliveryId(`wecom:${id}/0`, 'wecom'))).length
  const failedRows = await ours.db.collection('outbox').countDocuments({ state: 'failed' })
  await ours.stop()
  rmSync(dir, { recursive: true, force: true })

  const late = samples.filter((s) => s.minute > Math.min(WARM_MINUTES, minutes / 2))
  const slopes = { rss: slope(late, 'rss'), own: slope(late, 'own'), mapped: slope(late, 'mapped') }
  const criteria = {
    nothingLost: notStored + notAnswered + failedRows === 0,
    nothingStoredTwice: stored.size === acknowledged.length,
    memorySteady: slopes.own < MOST_MIB_PER_MINUTE,
    handlesSteady:
      after.open.files - before.open.files <= MOST_MORE_FILES &&
      after.open.callbacks <= before.open.callbacks &&
      after.open.platform <= before.open.platform &&
      after.open.database <= MOST_DATABASE_SOCKETS,
  }
  const ends = (s: typeof before) => ({ rssMib: Math.round(s.rss), ownMib: Math.round(s.own), open: s.open })
  const result = {
    ...{ minutes, perSecond, acknowledged: acknowledged.length, stored: stored.size, delivered: phones.size },
    ...{ notStored, notAnswered, failedRows, refused, sentAgain: told.refused, answeredAfterS },
    ...{ mibPerMinute: slopes, before: ends(before), after: ends(after) },
    ...{ p99PerMinute: p99, worst, unansweredPerMinute: unanswered, faults: told.faults, criteria },
  }
  console.log(JSON.stringify(result, undefined, 2))
  mkdirSync('bench/results', { recursive: true })
  writeFileSync('bench/results/soak.json', `${JSON.stringify(result, undefined, 2)}\n`)
  return Object.values(criteria).every(Boolean)
}
