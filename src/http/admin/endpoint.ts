import type { z } from 'zod'
import type { Ctx } from '../../context.ts'
import type { Ready } from '../../health.ts'
import type { Schedule } from '../../schedule/schedule.ts'

export interface AdminDeps {
  bot: Ctx
  schedule: Schedule<Ctx>
  ready(): Promise<Ready>
  /** Reads the contacts of all platforms anew. */
  readContacts(): Promise<void>
  /** Events whose handler always failed. */
  parked(): Promise<number>
  /** Tries all of them again. @returns how many */
  retryParked(): Promise<number>
  /** The environment of the service, for the rehearsal's process. */
  env: Record<string, string | undefined>
  /** The built commands. */
  cli: string
}

export interface AdminCall<B = Record<string, unknown>> extends AdminDeps {
  now: Date
  zone: string
  body: B
  /** Writes down what was done; who did it is always `admin`. */
  audit(what: string, to: string, detail?: Record<string, unknown>): Promise<void>
}

/**
 * One route below /api/admin. Whatever is looked for stands in the body and never in the address: addresses end up in the logs of
 * proxies.
 */
export interface AdminEndpoint {
  method: 'GET' | 'POST'
  path: string
  body?: z.ZodType
  run(call: AdminCall<never>): Promise<unknown>
}

/** Types a route by its schema. */
export function adminEndpoint<B extends z.ZodType>(e: {
  method: 'GET' | 'POST'
  path: string
  body?: B
  run(call: AdminCall<z.infer<B>>): Promise<unknown>
}): AdminEndpoint {
  return e as unknown as AdminEndpoint
}
