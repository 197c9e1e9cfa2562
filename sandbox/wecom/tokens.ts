import { type Json, refuse } from './refusal.ts'
import { opaqueId, type TokenKind, type World } from './state.ts'

export const TOKEN_LIFE_S = 7200

export interface Tokens {
  readonly issued: Map<string, { kind: TokenKind; expiresAt: number }>
  readonly secrets: Map<string, TokenKind>
  wrong: { since: number; count: number }
}

export function newTokens(secret: string, contactsSecret: string | undefined): Tokens {
  const secrets = new Map<string, TokenKind>([[secret, 'app']])
  if (contactsSecret !== undefined) secrets.set(contactsSecret, 'contacts')
  return { issued: new Map(), secrets, wrong: { since: 0, count: 0 } }
}

/** `gettoken` (wecom.md §6.1): one secret per app, and another of the contact-sync assistant. */
export function getToken(world: World, tokens: Tokens, query: URLSearchParams): Json {
  const now = world.clock.now().getTime()
  if (now - tokens.wrong.since >= 3600_000 || now < tokens.wrong.since) tokens.wrong = { since: now, count: 0 }
  if (tokens.wrong.count >= world.limits.wrongSecrets) refuse(45009, 'api freq out of limit')
  if (query.get('corpid') !== world.corpId) refuse(40013, 'invalid corpid')
  const kind = tokens.secrets.get(query.get('corpsecret') ?? '')
  if (!kind) {
    tokens.wrong.count++
    return refuse(40001, 'invalid credential')
  }
  const living = [...tokens.issued].find(([, token]) => token.kind === kind && token.expiresAt > now)
  if (world.quirks.sameToken && living) return answer(living[0], Math.floor((living[1].expiresAt - now) / 1000))
  for (const [text, token] of tokens.issued) if (token.expiresAt < now - 24 * 3600_000) tokens.issued.delete(text)
  // The page asks to reserve 512 bytes; the length varies so that nobody relies on one.
  const token = opaqueId(world, 180 + Math.floor(world.random() * 333))
  tokens.issued.set(token, { kind, expiresAt: now + TOKEN_LIFE_S * 1000 })
  return answer(token, TOKEN_LIFE_S)
}

function answer(token: string, expiresIn: number): Json {
  return { errcode: 0, errmsg: 'ok', access_token: token, expires_in: expiresIn }
}

/** @throws Refusal 41001 missing, 40014 unknown or invalidated, 42001 expired */
export function checkToken(world: World, tokens: Tokens, text: string | null): TokenKind {
  if (!text) return refuse(41001, 'access_token missing')
  const token = tokens.issued.get(text) ?? refuse(40014, 'invalid access_token')
  if (world.clock.now().getTime() >= token.expiresAt) refuse(42001, 'access_token expired')
  return token.kind
}
