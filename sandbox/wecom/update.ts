import { checkCard, isQuestion } from './cards.ts'
import { membersBelow } from './people.ts'
import { isObject, type Json, refuse } from './refusal.ts'
import {
  livingMedium,
  type Member,
  memberOf,
  RESPONSE_CODE_LIFE_MS,
  reachable,
  type SentMessage,
  type World,
} from './state.ts'
import { translateCard } from './translate.ts'

/**
 * `message/update_template_card` (wecom.md §5). A refused call does not use up the code.
 * @throws Refusal
 */
export function updateCard(world: World, body: Json): Json {
  if (!Number.isInteger(body.agentid)) refuse(40056, 'invalid agentid')
  if (body.agentid !== world.agentId) refuse(42015, 'task belongs to another app')
  checkTargets(body)
  const change = readChange(world, body)
  if (typeof body.response_code !== 'string' || body.response_code === '') refuse(40063, 'response_code is missing')
  const code = world.codes.get(body.response_code as string)
  const lived = world.clock.now().getTime() - (code?.at ?? 0)
  if (!code || code.used || lived > RESPONSE_CODE_LIFE_MS) return refuse(60140, 'response_code is invalid')
  if (code.message.recalled) refuse(42016, 'task is unknown')
  if (change.kind === 'button' && !isQuestion(typeOf(code.message)))
    refuse(40035, 'replace_name needs a card with buttons')
  const { members, invalid } = findTargets(world, body, code.message)
  code.used = true
  for (const member of members) applyChange(world, member, code.message, change)
  return { errcode: 0, errmsg: 'ok', invaliduser: invalid }
}

export type CardChange = { kind: 'button'; replaceName: string } | { kind: 'card'; card: Json }

/** Changes one receiver's copy; another receiver's stays as it is. */
export function applyChange(world: World, member: Member, message: SentMessage, change: CardChange): void {
  for (const entry of member.chat) {
    if (entry.sent !== message) continue
    entry.updatedAt = world.clock.now()
    if (change.kind === 'button') entry.closed = change.replaceName
    else {
      entry.card = change.card
      entry.raw = change.card
      delete entry.closed
    }
    world.changed(member.userId)
  }
}

export function typeOf(message: SentMessage): Parameters<typeof isQuestion>[0] {
  return (message.card as { card_type: Parameters<typeof isQuestion>[0] }).card_type
}

function checkTargets(body: Json): void {
  for (const [name, most, code] of [
    ['userids', 1000, 40032],
    ['partyids', 100, 82002],
    ['tagids', 100, 82003],
  ] as const) {
    const list = body[name]
    if (list === undefined) continue
    const kind = name === 'userids' ? 'string' : 'number'
    if (!Array.isArray(list) || !list.every((item) => typeof item === kind)) refuse(40035, `invalid parameter ${name}`)
    if ((list as unknown[]).length > most) refuse(code, `invalid ${name} list size`)
  }
  if (body.atall !== undefined && body.atall !== 0 && body.atall !== 1) refuse(40035, 'invalid parameter atall')
}

function readChange(world: World, body: Json): CardChange {
  const { button, template_card: card } = body
  if (button !== undefined && card !== undefined) refuse(40035, 'button and template_card exclude each other')
  if (body.enable_id_trans !== undefined && body.enable_id_trans !== 0 && body.enable_id_trans !== 1)
    refuse(40035, 'invalid parameter enable_id_trans')
  if (button !== undefined) {
    const name = isObject(button) ? button.replace_name : undefined
    if (typeof name !== 'string' || name === '') return refuse(40063, 'replace_name is missing')
    return { kind: 'button', replaceName: name }
  }
  if (card === undefined) refuse(40063, 'button and template_card are both missing')
  const checked = checkCard(card, {
    where: 'update',
    unknownMembers: world.quirks.unknownMembers,
    isMember: (userId) => memberOf(world, userId) !== undefined,
    isFile: (mediaId) => livingMedium(world, mediaId, 'file') !== undefined,
  })
  return { kind: 'card', card: body.enable_id_trans === 1 ? translateCard(world, checked) : checked }
}

function findTargets(world: World, body: Json, message: SentMessage): { members: Member[]; invalid: string[] } {
  const userIds = (body.userids as string[] | undefined) ?? []
  const partyIds = (body.partyids as number[] | undefined) ?? []
  const tagIds = (body.tagids as number[] | undefined) ?? []
  if (body.atall === 1) {
    const all = [...message.receivers].map((userId) => memberOf(world, userId)).filter((m) => m !== undefined)
    return { members: all, invalid: [] }
  }
  if (userIds.length + partyIds.length + tagIds.length === 0) refuse(82101, 'update target is empty')
  const got = (member: Member | undefined): member is Member =>
    reachable(member) && message.receivers.has(member.userId.toLowerCase())
  const members = new Set<Member>(partyIds.flatMap((id) => membersBelow(world, id)).filter(got))
  const invalid: string[] = []
  for (const userId of userIds) {
    const member = memberOf(world, userId)
    if (got(member)) members.add(member)
    else invalid.push(userId.toLowerCase())
  }
  if (members.size === 0) refuse(82102, 'update target is not a receiver')
  return { members: [...members], invalid }
}
