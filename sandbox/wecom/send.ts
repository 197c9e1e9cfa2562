import { callsBack, checkCard } from './cards.ts'
import { membersBelow } from './people.ts'
import { cutBytes, isObject, type Json, refuse } from './refusal.ts'
import {
  livingMedium,
  type Member,
  memberOf,
  newResponseCode,
  opaqueId,
  reachable,
  type SentMessage,
  type World,
} from './state.ts'
import { translateCard, translateIds } from './translate.ts'

const SAFE_FILES = /\.(txt|pdf|docx?|pptx?|xlsx?|xml|jpe?g|png|bmp|gif)$/i

/** Sending memory that only this API has. */
export interface SendMemory {
  /** Request JSON to what it was answered, for `enable_duplicate_check`. */
  recent: Map<string, { at: number; msgId: string }>
  day: { key: string; receiverTimes: number }
}

export function newSendMemory(): SendMemory {
  return { recent: new Map(), day: { key: '', receiverTimes: 0 } }
}

interface Audience {
  members: Member[]
  invalidUsers: string[]
  invalidParties: string[]
  invalidTags: string[]
  unlicensed: string[]
}

interface Content {
  kind: 'text' | 'markdown' | 'image' | 'voice' | 'video' | 'file' | 'link' | 'card'
  text?: string
  card?: Json
  raw: unknown
}

/**
 * `message/send` (wecom.md §3). Checks in this order: type, agent, receivers' form, flags, content, callback URL,
 * receivers' existence, task id. Nothing is remembered of a refused call.
 * @throws Refusal
 */
export function sendMessage(world: World, memory: SendMemory, body: Json): Json {
  const at = world.clock.now()
  checkEnvelope(world, body)
  const content = readContent(world, body)
  const audience = findAudience(world, body)
  const answer: Json = {
    errcode: 0,
    errmsg: 'ok',
    invaliduser: audience.invalidUsers.join('|'),
    invalidparty: audience.invalidParties.join('|'),
    invalidtag: audience.invalidTags.join('|'),
    ...(audience.unlicensed.length > 0 ? { unlicenseduser: audience.unlicensed.join('|') } : {}),
  }
  const repeated = findDuplicate(memory, body, at.getTime())
  if (repeated) return world.quirks.duplicateAnswer === 'same-msgid' ? { ...answer, msgid: repeated.msgId } : answer
  countDay(world, memory, audience.members.length, at)
  const message = remember(world, content, audience, at)
  if (body.enable_duplicate_check === 1) keep(memory, body, at.getTime(), message.msgId)
  for (const member of audience.members) arrive(world, member, message, content, at)
  answer.msgid = message.msgId
  if (content.card && callsBack(content.card)) answer.response_code = newResponseCode(world, message)
  return answer
}

function checkEnvelope(world: World, body: Json): void {
  const types = ['text', 'markdown', 'image', 'voice', 'video', 'file', 'textcard', 'news', 'mpnews', 'template_card']
  if (!types.includes(body.msgtype as string)) refuse(40008, 'invalid message type')
  checkAgent(world, body.agentid)
  for (const [name, most, code] of [
    ['touser', 1000, 40032],
    ['toparty', 100, 82002],
    ['totag', 100, 82003],
  ] as const) {
    if (body[name] !== undefined && typeof body[name] !== 'string') refuse(40035, `invalid parameter ${name}`)
    if (split(body[name]).length > most) refuse(code, `invalid ${name} list size`)
  }
  if (!['touser', 'toparty', 'totag'].some((name) => split(body[name]).length > 0))
    refuse(82001, 'touser & toparty & totag all empty')
  if (body.safe !== undefined && ![0, 1, 2].includes(body.safe as number)) refuse(40035, 'invalid parameter safe')
  if (body.safe === 2 && body.msgtype !== 'mpnews') refuse(40035, 'safe 2 is for mpnews only')
  if (body.safe === 1 && body.msgtype === 'news') refuse(40074, 'news cannot be safe')
  for (const name of ['enable_id_trans', 'enable_duplicate_check'])
    if (body[name] !== undefined && body[name] !== 0 && body[name] !== 1) refuse(40035, `invalid parameter ${name}`)
  const interval = body.duplicate_check_interval
  if (interval !== undefined && !(Number.isInteger(interval) && Number(interval) >= 0 && Number(interval) <= 14400))
    refuse(40035, 'invalid parameter duplicate_check_interval')
}

/** @throws Refusal 40056 for what is no agent id, 301002 for one that the token does not own */
export function checkAgent(world: World, agentId: unknown): void {
  if (!Number.isInteger(agentId)) refuse(40056, 'invalid agentid')
  if (agentId !== world.agentId) refuse(301002, 'not allow operate another agent with this accesstoken')
}

function readContent(world: World, body: Json): Content {
  const type = body.msgtype as string
  const part = body[type]
  const translate = (text: string): string => (body.enable_id_trans === 1 ? translateIds(world, text) : text)
  if (type === 'template_card') {
    const card = checkCard(part, {
      where: 'send',
      unknownMembers: world.quirks.unknownMembers,
      isMember: (userId) => memberOf(world, userId) !== undefined,
      isFile: (mediaId) => livingMedium(world, mediaId, 'file') !== undefined,
    })
    if (callsBack(card) && !world.callbacks.app) refuse(43012, 'callback url is missing')
    if (card.task_id !== undefined && world.taskIds.has(card.task_id as string))
      refuse(42014, 'taskid has existed or empty or exceed max len')
    return { kind: 'card', card: body.enable_id_trans === 1 ? translateCard(world, card) : card, raw: card }
  }
  const member = isObject(part) ? part : {}
  if (type === 'text') {
    const text = cutBytes(translate(filledText(member.content, 44004, 'content')), 2048)
    return { kind: 'text', text, raw: part }
  }
  if (type === 'markdown') {
    const text = filledText(member.content, 44004, 'content')
    if (Buffer.byteLength(text) > 2048) refuse(45002, 'content size out of limit')
    return { kind: 'markdown', text, raw: part }
  }
  if (type === 'textcard') return readTextCard(member)
  if (type === 'news' || type === 'mpnews') return readNews(member, type)
  const kind = type as 'image' | 'voice' | 'video' | 'file'
  const medium = livingMedium(world, member.media_id, kind) ?? refuse(40007, 'invalid media_id')
  if (kind === 'file' && body.safe === 1 && !SAFE_FILES.test(medium.name)) refuse(40035, 'file type cannot be safe')
  return { kind, text: medium.name, raw: part }
}

function readTextCard(part: Json): Content {
  const title = filledText(part.title, 44004, 'title')
  const description = filledText(part.description, 44004, 'description')
  checkUrl(part.url)
  if (part.btntxt !== undefined && typeof part.btntxt !== 'string') refuse(40035, 'invalid parameter btntxt')
  const raw = {
    ...part,
    title: cutBytes(title, 128),
    description: cutBytes(description, 512),
    btntxt: [...((part.btntxt as string | undefined) || '详情')].slice(0, 4).join(''),
  }
  return { kind: 'link', text: `${raw.title}\n${raw.description}`, raw }
}

function readNews(part: Json, type: 'news' | 'mpnews'): Content {
  const articles = part.articles
  if (!Array.isArray(articles) || articles.length < 1 || articles.length > 8 || !articles.every(isObject))
    return refuse(45008, 'articles must hold 1 to 8 entries')
  for (const article of articles) {
    filledText(article.title, 44004, 'title')
    if (type === 'mpnews') filledText(article.content, 44004, 'content')
    else if (!article.appid) checkUrl(article.url)
  }
  return { kind: 'link', text: articles.map((article) => cutBytes(String(article.title), 128)).join('\n'), raw: part }
}

function checkUrl(url: unknown): void {
  if (typeof url !== 'string' || !/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || Buffer.byteLength(url) > 2048)
    refuse(45034, 'url is missing, too long or without protocol')
}

function filledText(value: unknown, code: number, name: string): string {
  if (value !== undefined && typeof value !== 'string') refuse(40035, `invalid parameter ${name}`)
  return (value as string | undefined) || refuse(code, `empty ${name}`)
}

function split(list: unknown): string[] {
  return typeof list === 'string' ? list.split('|').filter(Boolean) : []
}

function findAudience(world: World, body: Json): Audience {
  const audience: Audience = { members: [], invalidUsers: [], invalidParties: [], invalidTags: [], unlicensed: [] }
  const found = new Set<Member>()
  const users = split(body.touser)
  const everybody = users.length === 1 && users[0] === '@all'
  if (everybody) for (const member of world.members.values()) if (reachable(member)) found.add(member)
  for (const userId of everybody ? [] : users) {
    const member = memberOf(world, userId)
    if (reachable(member)) found.add(member)
    else audience.invalidUsers.push(userId.toLowerCase())
  }
  for (const party of everybody ? [] : split(body.toparty)) {
    const members = membersBelow(world, Number(party)).filter(reachable)
    if (members.length === 0) audience.invalidParties.push(party)
    for (const member of members) found.add(member)
  }
  // The sample company has no tags.
  if (!everybody) audience.invalidTags.push(...split(body.totag))
  if (found.size === 0) refuse(81013, 'user & party & tag all invalid')
  for (const member of found) {
    if (world.unlicensed.has(member.userId.toLowerCase())) audience.unlicensed.push(member.userId.toLowerCase())
    else audience.members.push(member)
  }
  return audience
}

function requestKey(body: Json): string {
  return JSON.stringify(body)
}

function keep(memory: SendMemory, body: Json, at: number, msgId: string): void {
  // The oldest stands first, and no interval is longer than four hours.
  for (const [key, entry] of memory.recent) {
    if (at - entry.at < 4 * 3600_000) break
    memory.recent.delete(key)
  }
  memory.recent.delete(requestKey(body))
  memory.recent.set(requestKey(body), { at, msgId })
}

function findDuplicate(memory: SendMemory, body: Json, at: number): { msgId: string } | undefined {
  if (body.enable_duplicate_check !== 1) return undefined
  const first = memory.recent.get(requestKey(body))
  const intervalMs = Number(body.duplicate_check_interval ?? 1800) * 1000
  return first && at - first.at < intervalMs ? first : undefined
}

function countDay(world: World, memory: SendMemory, receivers: number, at: Date): void {
  // The natural day of Beijing.
  const key = new Date(at.getTime() + 8 * 3600_000).toISOString().slice(0, 10)
  if (memory.day.key !== key) memory.day = { key, receiverTimes: 0 }
  if (memory.day.receiverTimes + receivers > world.limits.accountCap * 200) refuse(45009, 'api freq out of limit')
  memory.day.receiverTimes += receivers
}

function remember(world: World, content: Content, audience: Audience, at: Date): SentMessage {
  const message: SentMessage = {
    msgId: opaqueId(world, 60),
    at,
    receivers: new Set(audience.members.map((member) => member.userId.toLowerCase())),
    recalled: false,
  }
  if (content.card) message.card = content.card
  const taskId = content.card?.task_id as string | undefined
  if (taskId !== undefined) {
    message.taskId = taskId
    world.taskIds.add(taskId)
  }
  world.messages.set(message.msgId, message)
  return message
}

/** Puts the message on a phone, unless this member had too many: then it vanishes without a word (wecom.md §3.4). */
function arrive(world: World, member: Member, message: SentMessage, content: Content, at: Date): void {
  const now = at.getTime()
  member.arrivals = member.arrivals.filter((then) => then <= now && now - then < 3600_000)
  const inLastMinute = member.arrivals.filter((then) => now - then < 60_000).length
  if (inLastMinute >= world.limits.memberPerMinute || member.arrivals.length >= world.limits.memberPerHour) return
  member.arrivals.push(now)
  const { kind, text, card, raw } = content
  member.chat.push({
    ...{ id: message.msgId, at, from: 'bot', kind, raw, sent: message },
    ...(text === undefined ? {} : { text }),
    ...(card ? { card } : {}),
  })
  world.changed(member.userId)
}

/** `message/recall`: within 24 hours of sending (wecom.md §3.3). */
export function recallMessage(world: World, body: Json): Json {
  const message = typeof body.msgid === 'string' ? world.messages.get(body.msgid) : undefined
  if (!message || message.recalled) return refuse(40058, 'invalid msgid')
  if (world.clock.now().getTime() - message.at.getTime() > 24 * 3600_000) refuse(42052, 'msgid expired')
  message.recalled = true
  for (const userId of message.receivers) world.changed(memberOf(world, userId)?.userId ?? userId)
  return { errcode: 0, errmsg: 'ok' }
}
