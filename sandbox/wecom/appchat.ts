import { cutBytes, isObject, type Json, refuse } from './refusal.ts'
import type { Route } from './server.ts'
import { type ChatEntry, type GroupChat, memberOf, opaqueId, reachable, type World } from './state.ts'

/** Groups that the app makes (wecom.md §10.1). They carry no template card and tell the app nothing. */
export function appchatRoutes(world: World): Record<string, Route> {
  return {
    '/cgi-bin/appchat/create': { ...{ method: 'POST', tokens: ['app'], run: (call) => create(world, call.body) } },
    '/cgi-bin/appchat/get': {
      ...{ method: 'GET', tokens: ['app'] },
      run(call) {
        const { groupId, name, owner, members } = find(world, call.query.get('chatid'))
        return { errcode: 0, errmsg: 'ok', chat_info: { chatid: groupId, name, owner, userlist: members } }
      },
    },
    '/cgi-bin/appchat/send': { ...{ method: 'POST', tokens: ['app'], run: (call) => send(world, call.body) } },
  }
}

function create(world: World, body: Json): Json {
  const members = [...world.members.values()]
  if (!members.every((member) => member.visible)) refuse(48002, 'api forbidden, the app does not see the root')
  const ids = body.userlist
  if (!Array.isArray(ids) || ids.length < 2 || ids.length > 2000) return refuse(86001, 'userlist must hold 2 to 2000')
  const found = ids.map((id) => memberOf(world, String(id)))
  if (!found.every(reachable)) return refuse(40003, 'invalid userid')
  const chatId = body.chatid ?? opaqueId(world, 32).replaceAll(/[-_]/g, '0')
  if (typeof chatId !== 'string' || !/^[0-9A-Za-z]{1,32}$/.test(chatId)) return refuse(86001, 'invalid chatid')
  if (world.groups.has(chatId)) refuse(86215, 'chatid exists')
  const owner = memberOf(world, String(body.owner ?? ids[0])) ?? refuse(40003, 'invalid owner')
  const name = typeof body.name === 'string' ? [...body.name].slice(0, 50).join('') : '群聊'
  const userIds = [...new Set([owner, ...found].map((member) => member.userId))]
  world.groups.set(chatId, { groupId: chatId, name, owner: owner.userId, members: userIds, chat: [] })
  world.changed(chatId)
  return { errcode: 0, errmsg: 'ok', chatid: chatId }
}

function find(world: World, chatId: unknown): GroupChat {
  return world.groups.get(String(chatId)) ?? refuse(86008, 'the chat was not made by this app')
}

function send(world: World, body: Json): Json {
  const group = find(world, body.chatid)
  const type = body.msgtype as string
  const kinds: Record<string, ChatEntry['kind']> = {
    ...{ text: 'text', markdown: 'markdown', image: 'image', voice: 'voice', video: 'video', file: 'file' },
    ...{ textcard: 'link', news: 'link', mpnews: 'link' },
  }
  const kind = Object.hasOwn(kinds, type) ? kinds[type]! : refuse(40008, 'invalid message type')
  const part = isObject(body[type]) ? (body[type] as Json) : refuse(44004, 'empty content')
  const entry: ChatEntry = { id: opaqueId(world, 32), at: world.clock.now(), from: 'bot', kind, raw: part }
  if (type === 'text' || type === 'markdown') {
    if (typeof part.content !== 'string' || part.content === '') return refuse(44004, 'empty content')
    if (type === 'markdown' && Buffer.byteLength(part.content) > 2048) refuse(45002, 'content size out of limit')
    entry.text = cutBytes(part.content, 2048)
  } else if (kind !== 'link') {
    const medium = world.media.get(String(part.media_id))
    if (medium?.kind !== kind) refuse(40007, 'invalid media_id')
    entry.text = medium!.name
  } else entry.text = String(part.title ?? '')
  group.chat.push(entry)
  world.changed(group.groupId)
  return { errcode: 0, errmsg: 'ok' }
}
