import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from './config.ts'
import type { Log } from './log.ts'

type Where = Pick<Config, 'MONGODB_URI' | 'DATA_DIR'>

export const embeddedDir = ({ DATA_DIR }: Pick<Config, 'DATA_DIR'>): string => join(DATA_DIR, 'embedded')

/** False where opening the database would make an empty one, as in a folder that is not the service's. */
export const hasDatabase = (config: Where): boolean =>
  config.MONGODB_URI !== undefined || existsSync(embeddedDir(config))

/** `MONGODB_URI`, or the embedded database in DATA_DIR (design §5). Nothing else knows which. */
export async function openDatabase(
  config: Where & Pick<Config, 'NODE_ENV'>,
  log: Log,
): Promise<{ uri: string; what: string; stop(): Promise<void> }> {
  if (config.MONGODB_URI) return { uri: config.MONGODB_URI, what: 'MongoDB', stop: async () => {} }
  const { startEmbeddedMongo } = await import('embedded-mongo')
  const dir = embeddedDir(config)
  const logger = {
    info: (m: string) => log.info(m),
    warn: (m: string) => log.warn(m),
    error: (m: string) => log.error(m),
  }
  const embedded = await startEmbeddedMongo({ dir, dbName: 'jixiao', logger })
  if (config.NODE_ENV === 'production')
    log.warn(
      'MONGODB_URI is not set: data lives in the embedded database of this one machine. Back up DATA_DIR, or set MONGODB_URI',
    )
  return { uri: embedded.uri, what: 'embedded', stop: () => embedded.stop() }
}
