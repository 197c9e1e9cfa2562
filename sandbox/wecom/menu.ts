import { isObject, type Json, refuse } from './refusal.ts'
import { checkAgent } from './send.ts'
import type { Call, Route } from './server.ts'
import type { World } from './state.ts'

const KEYED = ['click', 'scancode_push', 'scancode_waitmsg', 'pic_sysphoto', 'pic_photo_or_album', 'pic_weixin']
const TYPES = [...KEYED, 'location_select', 'view', 'view_miniprogram']

/** The menu under the chat (wecom.md §12). */
export function menuRoutes(world: World): Record<string, Route> {
  const ok = { errcode: 0, errmsg: 'ok' }
  const mine = (call: Call): void => checkAgent(world, Number(call.query.get('agentid') || Number.NaN))
  return {
    '/cgi-bin/menu/create': {
      ...{ method: 'POST', tokens: ['app'] },
      run(call) {
        mine(call)
        checkMenu(world, call.body)
        world.menu = structuredClone(call.body)
        return ok
      },
    },
    '/cgi-bin/menu/get': {
      ...{ method: 'GET', tokens: ['app'] },
      run(call) {
        mine(call)
        return { ...ok, button: world.menu?.button ?? [] }
      },
    },
    '/cgi-bin/menu/delete': {
      ...{ method: 'GET', tokens: ['app'] },
      run(call) {
        mine(call)
        world.menu = undefined
        return ok
      },
    },
  }
}

const TOP = { name: 40018, type: 40017, key: 40019, url: 40020 }
const SUB = { name: 40025, type: 40024, key: 40026, url: 40027 }

function checkMenu(world: World, body: Json): void {
  for (const button of list(body.button, 3, 40016)) {
    const parent = button.sub_button !== undefined && (button.sub_button as unknown[]).length !== 0
    checkName(button, 16, TOP.name)
    if (!parent) {
      checkEntry(button, TOP)
      continue
    }
    for (const sub of list(button.sub_button, 5, 40023)) {
      if (sub.sub_button !== undefined && (sub.sub_button as unknown[]).length !== 0)
        refuse(40022, 'invalid menu level')
      checkName(sub, world.quirks.subMenuNameBytes, SUB.name)
      checkEntry(sub, SUB)
    }
  }
}

function list(value: unknown, most: number, code: number): Json[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > most || !value.every(isObject))
    return refuse(code, `invalid button size, 1 to ${most}`)
  return value
}

function checkName(button: Json, most: number, code: number): void {
  checkText(button.name, most, code, 'invalid button name')
}

function checkEntry(button: Json, codes: typeof TOP): void {
  const type = button.type as string
  if (!TYPES.includes(type)) refuse(codes.type, 'invalid button type')
  if (KEYED.includes(type) || type === 'location_select') checkText(button.key, 128, codes.key, 'invalid button key')
  if (type === 'view') {
    checkText(button.url, 1024, codes.url, 'invalid button url')
    if (!/^https?:\/\//.test(String(button.url))) refuse(codes.url, 'invalid button url')
  }
  if (type === 'view_miniprogram')
    for (const name of ['appid', 'pagepath']) checkText(button[name], 1024, 40035, `invalid button ${name}`)
}

function checkText(value: unknown, mostBytes: number, code: number, why: string): void {
  if (typeof value !== 'string' || value === '' || Buffer.byteLength(value) > mostBytes) refuse(code, why)
}
