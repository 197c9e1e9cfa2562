import type { Core } from './core.ts'
import type { Faults } from './faults.ts'
import { isRecord, isText, isTextList, type Json, parseJson } from './json.ts'
import { drawRobotMessage, isMsgKey, missingField } from './messages.ts'
import type { ChatId, Phones } from './phones.ts'
import { RawReply, refuse } from './refusal.ts'
import type { Call, Route } from './server.ts'
import type { World } from './world.ts'

const MOST_RECEIVERS = 20
const MOST_GROUP_BYTES = 15_000
const DAY_MS = 86_400_000
const SCOPE = 'qyapi_robot_sendmsg'

interface Sent {
  at: number
  chats: ChatId[]
}

export interface Robot {
  routes: Route[]
  /** A code for a file somebody sent; valid for `messageFiles/download`. */
  keepFile(content: Buffer, contentType: string): string
}

interface Parts {
  core: Core
  faults: Faults
  world: World
  phones: Phones
  baseUrl(): string
}

/** Messages of the robot, their recall and read state, files sent to it (dingtalk.md §4, §5.2–§5.4). */
export function createRobot({ core, faults, world, phones, baseUrl }: Parts): Robot {
  const sent = new Map<string, Sent>()
  const files = new Map<string, { content: Buffer; contentType: string }>()
  const links = new Map<string, string>()

  function checkRobotCode(robotCode: unknown) {
    if (!isText(robotCode)) throw refuse('invalidParameter.robotCode.empty')
    if (robotCode !== core.app.clientId) throw refuse('invalidParameter.robotCode.notExsit')
  }

  function readMessage(body: Json): { msgKey: string; param: Json } {
    if (!isText(body.msgKey)) throw refuse('invalidParameter.msgKey.empty')
    if (!isMsgKey(body.msgKey)) throw refuse('invalidParameter.msgKey.invalid')
    const param = parseJson(body.msgParam)
    if (!isRecord(param)) throw refuse('invalidParameter.msgParam.invalid', 'msgParam必须是JSON字符串')
    const missing = missingField(body.msgKey, param)
    if (missing) throw refuse('invalidParameter.msgParam.invalid', `msgParam缺少${missing}`)
    return { msgKey: body.msgKey, param }
  }

  function deliver(key: string, chats: ChatId[], msgKey: string, param: Json) {
    for (const chat of chats)
      phones.add(chat, { id: key, at: new Date(core.now()), from: 'bot', ...drawRobotMessage(msgKey, param) })
    sent.set(key, { at: core.now(), chats })
  }

  function sendToPeople({ body }: Call) {
    checkRobotCode(body.robotCode)
    if (!isTextList(body.userIds) || body.userIds.length === 0) throw refuse('invalidParameter.userIds.empty')
    if (body.userIds.length > MOST_RECEIVERS) throw refuse('invalidParameter.userIds.overMax')
    const { msgKey, param } = readMessage(body)
    const userIds = [...new Set(body.userIds)]
    const invalid = userIds.filter((id) => !world.inScope(id))
    if (invalid.length === userIds.length && core.variants.unknownReceivers === 'error')
      throw refuse('staffId.notExisted')
    const held = userIds.filter((id) => !invalid.includes(id) && faults.settings.flowControlled.has(id))
    for (const _ of held) faults.count('flowControlled')
    const key = core.random.hex(24)
    const reached = userIds.filter((id) => !invalid.includes(id) && !held.includes(id))
    deliver(
      key,
      reached.map((userId) => ({ userId })),
      msgKey,
      param,
    )
    return { processQueryKey: key, invalidStaffIdList: invalid, flowControlledStaffIdList: held }
  }

  function checkGroup(id: unknown): string {
    const group = isText(id) ? world.groups.get(id) : undefined
    if (!group) throw refuse('invalid.openConversationId')
    if (group.disbanded) throw refuse('group.disbanded')
    if (!group.hasBot) throw refuse('robot.notInGroup', '机器人不在群中')
    return group.groupId
  }

  function sendToGroup({ body }: Call) {
    checkRobotCode(body.robotCode)
    const groupId = checkGroup(body.openConversationId)
    if (typeof body.msgParam === 'string' && Buffer.byteLength(body.msgParam) > MOST_GROUP_BYTES)
      throw refuse('invalidParameter.msgParam.tooLong')
    const { msgKey, param } = readMessage(body)
    const key = core.random.hex(24)
    deliver(key, [{ groupId }], msgKey, param)
    return { processQueryKey: key }
  }

  function recall({ body }: Call, isOfChat: (chat: ChatId) => boolean) {
    checkRobotCode(body.robotCode)
    const keys = body.processQueryKeys
    if (!isTextList(keys) || keys.length === 0 || keys.length > 20)
      throw refuse('invalidParameter.processQueryKeys.invalid')
    const successResult: string[] = []
    const failedResult: Record<string, string> = {}
    for (const key of keys) {
      // The carrier id of a card is a process query key as well.
      const message = sent.get(key) ?? findCard(key)
      if (!message?.chats.every(isOfChat)) failedResult[key] = 'processQueryKey不存在'
      else if (core.now() - message.at > DAY_MS) failedResult[key] = '消息发送超过24小时'
      else {
        for (const chat of message.chats) {
          const stored = phones.find(chat, key)
          if (stored) stored.recalled = true
          phones.changed(chat)
        }
        successResult.push(key)
      }
    }
    return { successResult, failedResult }
  }

  function findCard(key: string): Sent | undefined {
    const chats: ChatId[] = [
      ...[...world.people.keys()].map((userId) => ({ userId })),
      ...[...world.groups.keys()].map((groupId) => ({ groupId })),
    ]
    for (const chat of chats) {
      const message = phones.find(chat, key)
      if (message) return { at: message.at.getTime(), chats: [chat] }
    }
    return undefined
  }

  function readStatus({ query }: Call) {
    checkRobotCode(query.get('robotCode'))
    const key = query.get('processQueryKey') ?? ''
    const message = sent.get(key)
    if (!message || core.now() - message.at > DAY_MS) throw refuse('invalidParameter.processQueryKey.invalid')
    const list = message.chats.flatMap((chat) => {
      if (!('userId' in chat)) return []
      const isRead = phones.find(chat, key)?.readBy.has(chat.userId)
      const name = world.people.get(chat.userId)?.name ?? ''
      return [{ name, userId: chat.userId, readStatus: isRead ? 'READ' : 'UNREAD' }]
    })
    return { sendStatus: 'SUCCESS', messageReadInfoList: list }
  }

  function download({ body }: Call) {
    checkRobotCode(body.robotCode)
    if (!isText(body.downloadCode) || !files.has(body.downloadCode)) throw refuse('invalidParameter.downloadCode')
    const link = core.random.hex(16)
    links.set(link, body.downloadCode)
    return { downloadUrl: `${baseUrl()}/files/${link}` }
  }

  const base = { host: 'api', scope: SCOPE, counted: true } as const
  const routes: Route[] = [
    { ...base, method: 'POST', path: '/v1.0/robot/oToMessages/batchSend', handle: sendToPeople },
    { ...base, method: 'POST', path: '/v1.0/robot/groupMessages/send', handle: sendToGroup },
    {
      ...base,
      method: 'POST',
      path: '/v1.0/robot/otoMessages/batchRecall',
      handle: (call) => recall(call, (chat) => 'userId' in chat),
    },
    {
      ...base,
      method: 'POST',
      path: '/v1.0/robot/groupMessages/recall',
      handle(call) {
        const groupId = checkGroup(call.body.openConversationId)
        return recall(call, (chat) => 'groupId' in chat && chat.groupId === groupId)
      },
    },
    { ...base, method: 'GET', path: '/v1.0/robot/oToMessages/readStatus', handle: readStatus },
    { ...base, method: 'POST', path: '/v1.0/robot/messageFiles/download', handle: download },
    {
      method: 'GET',
      path: '/files/{link}',
      host: 'oapi',
      open: true,
      handle({ params }) {
        const file = files.get(links.get(params.link!) ?? '')
        return file ? new RawReply(200, file.contentType, file.content) : new RawReply(404, 'text/plain', 'not found')
      },
    },
  ]

  return {
    routes,
    keepFile(content, contentType) {
      const code = core.random.hex(40)
      files.set(code, { content, contentType })
      return code
    },
  }
}
