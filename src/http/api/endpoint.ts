import type { z } from 'zod'
import type { Act, Ctx } from '../../context.ts'
import type { PlatformName } from '../../platforms/port.ts'
import type { Person } from '../../store/people.ts'
import type { Session } from '../session.ts'

/** One call of a page by somebody who is signed in. */
export interface Call<Q = Record<string, unknown>, B = Record<string, unknown>> {
  ctx: Ctx
  me: Person
  platform: PlatformName
  session: Session
  now: Date
  /** What this call does, happening once per `requestId` of the body; for GET nothing is done under it. */
  act: Act
  params: Record<string, string>
  query: Q
  body: B
}

/** One route of the API. Rights are checked in `run`, against the organisation tree as it is now. */
export interface Endpoint {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  query: z.ZodType
  body?: z.ZodType
  /** Of the body, where it is more than pages write otherwise. */
  mostBytes?: number
  run(call: Call<never, never>): Promise<unknown>
}

/** Types a route by its schemas. */
export function endpoint<Q extends z.ZodType, B extends z.ZodType>(e: {
  method: 'GET' | 'POST' | 'PUT'
  path: string
  query: Q
  body?: B
  mostBytes?: number
  run(call: Call<z.infer<Q>, z.infer<B>>): Promise<unknown>
}): Endpoint {
  return e as unknown as Endpoint
}
