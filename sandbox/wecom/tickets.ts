import { createHash } from 'node:crypto'
import { sameSignature } from './crypto.ts'
import { admit, type Meter, newMeter } from './limits.ts'
import { type Json, refuse } from './refusal.ts'
import type { Route } from './server.ts'
import { opaqueId, type World } from './state.ts'

const LIFE_S = 7200

type TicketKind = 'config' | 'agentConfig'

/** Tickets of the company and of the app are different things (wecom.md §8.1). */
export interface Tickets {
  living: Partial<Record<TicketKind, { text: string; expiresAt: number }>>
  meters: Record<TicketKind, Meter>
}

export interface JsSignature {
  noncestr: string
  /** Seconds. */
  timestamp: string | number
  /** Without its fragment. */
  url: string
  signature: string
}

export function newTickets(): Tickets {
  return { living: {}, meters: { config: newMeter(), agentConfig: newMeter() } }
}

export function ticketRoutes(world: World, tickets: Tickets): Record<string, Route> {
  return {
    '/cgi-bin/get_jsapi_ticket': {
      ...{ method: 'GET', tokens: ['app'], run: () => getTicket(world, tickets, 'config') },
    },
    '/cgi-bin/ticket/get': {
      ...{ method: 'GET', tokens: ['app'] },
      run(call) {
        if (call.query.get('type') !== 'agent_config') refuse(40035, 'invalid parameter type')
        return getTicket(world, tickets, 'agentConfig')
      },
    },
  }
}

function getTicket(world: World, tickets: Tickets, kind: TicketKind): Json {
  const now = world.clock.now().getTime()
  const most = { minute: world.limits.callsPerMinute, hour: world.limits.ticketsPerHour }
  admit(tickets.meters[kind], now, most)
  let ticket = tickets.living[kind]
  if (!ticket || ticket.expiresAt <= now) {
    ticket = { text: opaqueId(world, 86), expiresAt: now + LIFE_S * 1000 }
    tickets.living[kind] = ticket
  }
  const expiresIn = Math.floor((ticket.expiresAt - now) / 1000)
  return { errcode: 0, errmsg: 'ok', ticket: ticket.text, expires_in: expiresIn }
}

/** SHA-1 over ticket, nonce, seconds and address in this order, unencoded (wecom.md §8.1). */
export function jsSignature(ticket: string, o: Omit<JsSignature, 'signature'>): string {
  const text = `jsapi_ticket=${ticket}&noncestr=${o.noncestr}&timestamp=${o.timestamp}&url=${o.url}`
  return createHash('sha1').update(text).digest('hex')
}

/** 0 good; 42012 made with the other kind's ticket; 40093 anything else, an expired ticket too. */
export function checkJsSignature(world: World, tickets: Tickets, kind: TicketKind, o: JsSignature): 0 | 40093 | 42012 {
  const madeWith = (which: TicketKind): boolean => {
    const ticket = tickets.living[which]
    if (!ticket || ticket.expiresAt <= world.clock.now().getTime()) return false
    return sameSignature(jsSignature(ticket.text, o), o.signature)
  }
  if (o.url.includes('#') || !/^\d{10}$/.test(String(o.timestamp))) return 40093
  if (madeWith(kind)) return 0
  return madeWith(kind === 'config' ? 'agentConfig' : 'config') ? 42012 : 40093
}
