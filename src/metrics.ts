import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>

/** What `/metrics` shows; labels never hold a person. */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'jixiao_' })
  const registers = [registry]
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
    pending: new Gauge({ name: 'jixiao_outbox_pending', help: 'Messages waiting to be sent', registers }),
    undeliverable: new Gauge({ name: 'jixiao_outbox_failed', help: 'Messages that could not be sent', registers }),
    parked: new Gauge({ name: 'jixiao_inbox_parked', help: 'Events whose handler always failed', registers }),
    databaseUp: new Gauge({ name: 'jixiao_database_up', help: '1 when the database answers', registers }),
    platformUp: new Gauge({
      name: 'jixiao_platform_up',
      help: '1 when the platform answers',
      labelNames: ['platform'],
      registers,
    }),
  }
}
