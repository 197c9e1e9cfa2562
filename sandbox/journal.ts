import { jobs } from '../jobs/index.ts'
import { createLog, type Log } from '../src/log.ts'
import type { PlatformName } from './company/people.ts'
import type { PhoneMessage } from './stand-in.ts'

/** One thing that happened, for people who look on. Instants are company time. */
export type Happening =
  | { at: string; kind: 'message'; platform: PlatformName; to: string; name: string; title: string; group: boolean }
  | { at: string; kind: 'job'; job: string; about: string; failed: boolean }
  | { at: string; kind: 'note'; text: string }

export interface Journal {
  /** What happened since the start, the oldest first; the last 500. */
  readonly all: readonly Happening[]
  add(happening: Happening): void
  /** Collects what happens until the returned function is called. */
  collect(): () => Happening[]
  onAdd(listener: (happening: Happening) => void): () => void
}

const MOST = 500

export function createJournal(): Journal {
  const all: Happening[] = []
  const listeners = new Set<(happening: Happening) => void>()
  const journal: Journal = {
    all,
    add(happening) {
      all.push(happening)
      if (all.length > MOST) all.shift()
      for (const listener of listeners) listener(happening)
    },
    collect() {
      const found: Happening[] = []
      const stop = journal.onAdd((happening) => found.push(happening))
      return () => {
        stop()
        return found
      }
    },
    onAdd(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  return journal
}

const severity = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
const abouts = new Map(jobs({ refreshAll: async () => {} }).map((job) => [job.name, job.about]))

/**
 * The bot's log in the sandbox: prints from `level` on, and tells the journal which jobs ran, which the bot says in its log and
 * nowhere else.
 */
export function journalLog(level: string, journal: Journal, now: () => Date): Log {
  const least = level === 'silent' ? Number.POSITIVE_INFINITY : severity.indexOf(level)
  const quietest = severity[Math.min(least, severity.indexOf('info'))] ?? 'info'
  return createLog(quietest, {
    write(line: string) {
      const entry = JSON.parse(line) as { level: string; msg?: string; job?: string }
      if (severity.indexOf(entry.level) >= least) process.stdout.write(line)
      if (entry.job === undefined || (entry.msg !== 'job done' && entry.msg !== 'job failed')) return
      const about = abouts.get(entry.job) ?? entry.job
      journal.add({ at: now().toISOString(), kind: 'job', job: entry.job, about, failed: entry.msg === 'job failed' })
    },
  })
}

/** The first words of a message, as a phone shows them in the list of chats. */
export function headline(m: PhoneMessage | undefined): string {
  if (!m) return ''
  if (m.recalled) return '[消息已撤回]'
  const media: Partial<Record<PhoneMessage['kind'], string>> = {
    ...{ image: '[图片]', voice: '[语音]', video: '[视频]', file: '[文件]', location: '[位置]' },
  }
  const words = m.card?.title || m.card?.text || m.text || media[m.kind] || ''
  const line = words.split('\n').find((l) => l.trim() !== '') ?? ''
  const plain = line.replace(/[#*>]+\s?/g, '').trim()
  return plain.length > 40 ? `${plain.slice(0, 39)}…` : plain
}
