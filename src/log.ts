import pino from 'pino'

export type Log = pino.Logger

/**
 * JSON lines on standard output. Fields that could hold a secret or what a person wrote are cut out wherever they
 * stand at the first two levels; people appear by id only.
 */
export function createLog(level: string, destination?: pino.DestinationStream): Log {
  const hidden = [
    'secret',
    'token',
    'aesKey',
    'accessToken',
    'access_token',
    'code',
    'authorization',
    'cookie',
    'text',
    'name',
    'card',
    'content',
  ]
  const options: pino.LoggerOptions = {
    level,
    redact: { paths: hidden.flatMap((k) => [k, `*.${k}`]), censor: '[hidden]' },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    base: null,
  }
  return destination ? pino(options, destination) : pino(options)
}
