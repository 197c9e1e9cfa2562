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
    serializers: { err: errorForLog },
    hooks: { streamWrite: harmless },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    base: null,
  }
  return destination ? pino(options, destination) : pino(options)
}

/**
 * Of an error only what says what went wrong and where. The driver's own fields hold whole documents (`writeErrors`), and a
 * duplicate key names the value: neither is for a log.
 */
function errorForLog(error: unknown): unknown {
  if (typeof error === 'string') return withoutKeys(error)
  if (!(error instanceof Error)) return { type: typeof error }
  return {
    type: error.constructor.name,
    message: withoutKeys(error.message),
    ...(error.stack && { stack: withoutKeys(error.stack) }),
    ...(error.cause instanceof Error && { cause: errorForLog(error.cause) }),
  }
}

const withoutKeys = (text: string): string => text.replace(/(dup key: )\{.*\}/g, '$1{…}')

/** JSON escapes newlines and ESC; a terminal also obeys these, and some readers break a line at them. */
const UNRULY = /[\u0080-\u009f\u2028-\u202e\u2066-\u2069]/g

const harmless = (line: string): string =>
  line.replace(UNRULY, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
