import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Measure } from './platforms/measure.ts'
import type { PlatformName } from './platforms/port.ts'

export type Metrics = ReturnType<typeof createMetrics>

/** What `/metrics` shows (docs/operations.md has the table); labels never hold a person. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'jixiao_' })
  const registers = [registry]
  const calls = new Counter({
    name: 'jixiao_platform_calls_total',
    help: 'Calls of the platform, by its error code; ok, unsent and unknown (no answer) are ours',
    labelNames: ['platform', 'code'],
    registers,
  })
  const tokens = new Counter({
    name: 'jixiao_platform_tokens_total',
    help: 'Access tokens asked for',
    labelNames: ['platform', 'outcome'],
    registers,
  })
  return {
    registry,
    events: new Counter({
      name: 'jixiao_events_total',
      help: 'Events taken in',
      labelNames: ['platform', 'type'],
      registers,
    }),
    callbacks: new Histogram({
      name: 'jixiao_callback_seconds',
      help: 'Time until a callback was answered',
      labelNames: ['path', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    outbox: new Gauge({
      name: 'jixiao_outbox_messages',
      help: 'Messages that wait to be sent or could not be sent',
      labelNames: ['state'],
      registers,
    }),
    oldestDue: new Gauge({
      name: 'jixiao_outbox_oldest_due_seconds',
      help: 'How long the oldest message that could be sent has been waiting',
      registers,
    }),
    parked: new Gauge({ name: 'jixiao_inbox_parked', help: 'Events whose handler always failed', registers }),
    jobs: new Counter({
      name: 'jixiao_job_runs_total',
      help: 'Runs of jobs by this process',
      labelNames: ['job', 'outcome'],
      registers,
    }),
    jobLag: new Histogram({
      name: 'jixiao_job_lag_seconds',
      help: 'How long after its time a job began',
      buckets: [1, 5, 15, 60, 300, 900, 3600, 14400, 86400],
      registers,
    }),
    databaseUp: new Gauge({ name: 'jixiao_database_up', help: '1 when the database answers', registers }),
    platformUp: new Gauge({
      name: 'jixiao_platform_up',
      help: '1 when nothing is wrong with the platform',
      labelNames: ['platform'],
      registers,
    }),
    quotaUsed: new Gauge({
      name: 'jixiao_platform_quota_used',
      help: 'Calls that count against a limit of the platform, in its window',
      labelNames: ['platform', 'window'],
      registers,
    }),
    quotaLimit: new Gauge({
      name: 'jixiao_platform_quota_limit',
      help: 'The limit of the platform in its window',
      labelNames: ['platform', 'window'],
      registers,
    }),
    /** For the adapter of one platform. */
    measure: (platform: PlatformName): Measure => ({
      call: (code) => calls.inc({ platform, code }),
      token: (outcome) => tokens.inc({ platform, outcome }),
    }),
  }
}
