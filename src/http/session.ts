import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Context } from 'koa'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { PlatformName } from '../platforms/port.ts'

/** Who is signed in on a phone. Roles are not kept here: they come from the organisation tree at every call. */
export interface Session {
  personId: string
  platform: PlatformName
  issuedAt: Date
}

/** A session lives this long after its last use… */
const IDLE_MS = 30 * 60_000
/** …and never longer than this after signing in. */
const MOST_MS = 12 * 3_600_000

const payloadSchema = z.strictObject({
  p: z.string().min(1).max(60),
  f: z.enum(['wecom', 'dingtalk']),
  i: z.number().int(),
  e: z.number().int(),
})

export type Sessions = ReturnType<typeof createSessions>

/**
 * Sessions in a signed cookie: HttpOnly, SameSite=Lax, Secure behind https, ended with the browser. Nothing is stored, so any
 * replica reads them.
 *
 * @param secret SESSION_SECRET; another one ends all sessions
 * @param secure whether people reach us by https
 */
export function createSessions({ secret, secure, clock }: { secret: string; secure: boolean; clock: Clock }) {
  // `__Host-`: browsers take it only with Secure, for this very host, so no sibling domain can plant one.
  const name = secure ? '__Host-jixiao' : 'jixiao'

  const sign = (purpose: string, text: string): string =>
    createHmac('sha256', secret).update(`${purpose}\n${text}`).digest('base64url')

  const seal = (purpose: string, value: unknown): string => {
    const text = Buffer.from(JSON.stringify(value)).toString('base64url')
    return `${text}.${sign(purpose, text)}`
  }

  const unseal = (purpose: string, sealed: string | undefined): unknown => {
    const [text = '', signature = '', more] = (sealed ?? '').split('.')
    if (!text || more !== undefined || !equal(signature, sign(purpose, text))) return undefined
    try {
      return JSON.parse(Buffer.from(text, 'base64url').toString())
    } catch {
      return undefined
    }
  }

  const setCookie = (ctx: Context, cookie: string, value: string, path: string, maxAgeS?: number): void => {
    const parts = [`${cookie}=${value}`, `Path=${path}`, 'HttpOnly', 'SameSite=Lax']
    if (secure) parts.push('Secure')
    if (maxAgeS !== undefined) parts.push(`Max-Age=${maxAgeS}`)
    ctx.append('Set-Cookie', parts.join('; '))
  }

  const write = (ctx: Context, session: Session): void => {
    const issued = session.issuedAt.getTime()
    const expires = Math.min(clock.now().getTime() + IDLE_MS, issued + MOST_MS)
    setCookie(ctx, name, seal('session', { p: session.personId, f: session.platform, i: issued, e: expires }), '/')
  }

  return {
    seal,
    unseal,
    setCookie,
    /** Signs somebody in on this browser. */
    start(ctx: Context, personId: string, platform: PlatformName): Session {
      const session = { personId, platform, issuedAt: clock.now() }
      write(ctx, session)
      return session
    },
    /** The session of a request, renewed by being used; undefined when there is none, it is forged or over. */
    read(ctx: Context): Session | undefined {
      const parsed = payloadSchema.safeParse(unseal('session', ctx.cookies.get(name)))
      if (!parsed.success) return undefined
      const { p, f, i, e } = parsed.data
      const now = clock.now().getTime()
      // A session from the future was issued by a clock that has since been set back.
      if (now >= e || now >= i + MOST_MS || now < i) return undefined
      const session: Session = { personId: p, platform: f, issuedAt: new Date(i) }
      if (e - now < IDLE_MS / 2) write(ctx, session)
      return session
    },
    end(ctx: Context): void {
      setCookie(ctx, name, '', '/', 0)
    },
    /** What a page sends with everything that changes something; good for this session only, also after renewal. */
    csrfToken: (s: Session): string => sign('csrf', `${s.personId}/${s.platform}/${s.issuedAt.getTime()}`),
    csrfMatches(s: Session, token: string): boolean {
      return equal(token, this.csrfToken(s))
    },
  }
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}
