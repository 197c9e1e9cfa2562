import { type Json, refuse } from './refusal.ts'
import { checkAgent } from './send.ts'
import type { Route } from './server.ts'
import { type AgentSettings, livingMedium, type World } from './state.ts'

/** Reading and changing the app's own settings (wecom.md §12). */
export function agentRoutes(world: World): Record<string, Route> {
  return {
    '/cgi-bin/agent/get': {
      ...{ method: 'GET', tokens: ['app'] },
      run(call) {
        checkAgent(world, Number(call.query.get('agentid') || Number.NaN))
        const { logo_mediaid: _, ...settings } = world.agent
        const members = [...world.members.values()]
        const all = members.every((member) => member.visible)
        return {
          ...{ errcode: 0, errmsg: 'ok', agentid: world.agentId, ...settings, close: 0 },
          square_logo_url: 'https://wework.qpic.cn/wwpic/sandbox-logo/0',
          allow_userinfos: { user: all ? [] : members.filter((m) => m.visible).map((m) => ({ userid: m.userId })) },
          allow_partys: { partyid: all ? [1] : [] },
          allow_tags: { tagid: [] },
          customized_publish_status: 1,
        }
      },
    },
    '/cgi-bin/agent/set': {
      ...{ method: 'POST', tokens: ['app'] },
      run(call) {
        checkAgent(world, call.body.agentid)
        world.agent = { ...world.agent, ...readSettings(world, call.body) }
        return { errcode: 0, errmsg: 'ok' }
      },
    },
  }
}

function readSettings(world: World, body: Json): Partial<AgentSettings> {
  const settings: Record<string, unknown> = {}
  const within = (name: string, least: number, most: number): void => {
    const value = body[name]
    if (value === undefined) return
    const length = typeof value === 'string' ? [...value].length : -1
    if (length < least || length > most) refuse(40035, `invalid parameter ${name}`)
    settings[name] = value
  }
  within('name', 1, 32)
  within('description', 4, 120)
  within('redirect_domain', 0, 1024)
  within('home_url', 0, 1024)
  if (settings.home_url && !/^https?:\/\//.test(String(settings.home_url))) refuse(40035, 'invalid parameter home_url')
  for (const name of ['isreportenter', 'report_location_flag']) {
    const value = body[name]
    if (value === undefined) continue
    if (value !== 0 && value !== 1) refuse(40035, `invalid parameter ${name}`)
    settings[name] = value
  }
  if (body.logo_mediaid !== undefined) {
    if (!livingMedium(world, body.logo_mediaid, 'image')) refuse(40007, 'invalid media_id')
    settings.logo_mediaid = body.logo_mediaid
  }
  return settings as Partial<AgentSettings>
}
