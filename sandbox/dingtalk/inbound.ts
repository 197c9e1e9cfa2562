import { ONE_PIXEL } from '../picture.ts'
import type { Core } from './core.ts'
import type { Deliveries } from './deliveries.ts'
import type { Json } from './json.ts'
import { drawWebhookMessage } from './messages.ts'
import type { ChatId, Phones } from './phones.ts'
import type { Quota } from './quota.ts'
import { opaque } from './random.ts'
import type { Robot } from './robot.ts'
import type { Webhooks } from './webhooks.ts'
import type { World } from './world.ts'

/** What people in groups type to mention the bot. */
export const MENTION = '@机器人'

export type Media = 'image' | 'voice' | 'video' | 'file' | 'location'

export interface Inbound {
  type(userId: string, text: string, groupId?: string): Promise<void>
  sendMedia(userId: string, media: Media, groupId?: string): Promise<void>
  sendPicture(userId: string, bytes: Buffer): Promise<void>
}

interface Parts {
  core: Core
  world: World
  phones: Phones
  quota: Quota
  deliveries: Deliveries
  webhooks: Webhooks
  robot: Robot
}

/** What people write and send, as the robot is told of it (dingtalk.md §4). */
export function createInbound({ core, world, phones, quota, deliveries, webhooks, robot }: Parts): Inbound {
  const { app, random, variants } = core

  function chatOf(userId: string, groupId?: string): ChatId {
    if (!world.people.has(userId)) throw new Error(`${userId} is not in the organisation`)
    if (groupId === undefined) return { userId }
    const group = world.groups.get(groupId)
    if (!group?.members.has(userId)) throw new Error(`${userId} is not in the group ${groupId}`)
    return { groupId }
  }

  async function tellBot(chat: ChatId, userId: string, part: Json): Promise<void> {
    const group = 'groupId' in chat ? world.groups.get(chat.groupId) : undefined
    const botId = `$:LWCP_v1:$${opaque('bot', app.clientId)}`
    const message: Json = {
      conversationId: group?.groupId ?? `cid${opaque('chat', userId)}==`,
      conversationType: group ? '2' : '1',
      ...(group ? { conversationTitle: group.name } : {}),
      chatbotCorpId: app.corpId,
      chatbotUserId: botId,
      msgId: `msg${random.hex(20)}==`,
      senderNick: world.people.get(userId)!.name,
      senderId: `$:LWCP_v1:$${opaque('sender', userId)}`,
      senderCorpId: app.corpId,
      senderPlatform: 'Android',
      ...(variants.unpublished ? {} : { senderStaffId: userId }),
      isAdmin: false,
      isInAtList: group !== undefined,
      ...(group ? { atUsers: [{ dingtalkId: botId }] } : {}),
      createAt: core.now(),
      ...webhooks.openSession(chat),
      robotCode: app.clientId,
      ...part,
    }
    if (!quota.countWebhook()) {
      delete message.text
      delete message.content
      Object.assign(message, { errCode: 20001, errMsg: '企业当月Webhook和Stream推送量已达上限' })
    }
    await deliveries.robot(message, (reply) => {
      const content = drawWebhookMessage(reply)
      if (!content) core.violation('http: the answer to a message is no message')
      else phones.add(chat, { id: random.hex(24), at: new Date(core.now()), from: 'bot', ...content })
    })
  }

  function remember(chat: ChatId, userId: string, kind: 'text' | Media, text?: string) {
    phones.add(chat, { id: `in-${random.hex(16)}`, at: new Date(core.now()), from: userId, kind, text })
  }

  return {
    async type(userId, text, groupId) {
      const chat = chatOf(userId, groupId)
      remember(chat, userId, 'text', text)
      let content = text
      if ('groupId' in chat) {
        if (!text.includes(MENTION) || !world.groups.get(chat.groupId)!.hasBot) return
        // The mention goes, the blank after it stays.
        content = text.replace(MENTION, '')
        if (!content.startsWith(' ')) content = ` ${content}`
      }
      const part = variants.textInContent ? { content } : { text: { content } }
      await tellBot(chat, userId, { msgtype: 'text', ...part })
    },
    async sendMedia(userId, media, groupId) {
      const chat = chatOf(userId, groupId)
      remember(chat, userId, media)
      // Of a group only a picture beside a mention arrives, as rich text; audio, video and files never do.
      if ('groupId' in chat) {
        if (media !== 'image' || !world.groups.get(chat.groupId)!.hasBot) return
        const picture = { type: 'picture', ...pictureCodes() }
        await tellBot(chat, userId, { msgtype: 'richText', content: { richText: [{ text: ' ' }, picture] } })
        return
      }
      await tellBot(chat, userId, mediaPart(media))
    },
    async sendPicture(userId, bytes) {
      const chat = chatOf(userId)
      remember(chat, userId, 'image')
      await tellBot(chat, userId, { msgtype: 'picture', content: pictureCodes(bytes) })
    },
  }

  function pictureCodes(bytes: Buffer = ONE_PIXEL): Json {
    const downloadCode = robot.keepFile(bytes, 'image/png')
    return { downloadCode, pictureDownloadCode: downloadCode }
  }

  function mediaPart(media: Media): Json {
    const keep = (type: string) => robot.keepFile(Buffer.from(`sandbox ${media}`), type)
    switch (media) {
      case 'image':
        return { msgtype: 'picture', content: pictureCodes() }
      case 'voice':
        return {
          msgtype: 'audio',
          content: { duration: 3_000, downloadCode: keep('audio/amr'), recognition: '本周完成了三项工作' },
        }
      case 'video':
        return { msgtype: 'video', content: { duration: 5_000, downloadCode: keep('video/mp4'), videoType: 'mp4' } }
      case 'file':
        return {
          msgtype: 'file',
          content: {
            downloadCode: keep('application/octet-stream'),
            fileName: '周总结.docx',
            spaceId: String(Math.floor(random.next() * 1e9)),
            fileId: String(Math.floor(random.next() * 1e9)),
          },
        }
      case 'location':
        return { msgtype: 'unknownMsgType', content: { unknownMsgType: '暂不支持的消息类型' } }
    }
  }
}
