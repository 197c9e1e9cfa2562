import type { Member, World } from './state.ts'
import type { XmlNode } from './xml.ts'

/** Fields of the decrypted XML, in no order that matters (wecom.md §2). */
export function message(world: World, member: Member, type: string, fields: XmlNode): XmlNode {
  return { ...common(world, member.userId, type), ...fields, MsgId: messageId(world), AgentID: world.agentId }
}

export function appEvent(world: World, member: Member, event: string, fields: XmlNode = {}): XmlNode {
  return { ...common(world, member.userId, 'event'), Event: event, ...fields, AgentID: world.agentId }
}

/** Entering or leaving the app's range; the key is empty or missing (wecom.md §2.2). */
export function rangeEvent(world: World, member: Member, entered: boolean): XmlNode {
  const key: XmlNode = world.random() < 0.5 ? { EventKey: '' } : {}
  return appEvent(world, member, entered ? 'subscribe' : 'unsubscribe', key)
}

/** A change of the contacts comes from `sys` and has no AgentID (wecom.md §2.5). */
export function contactEvent(world: World, changeType: string, fields: XmlNode): XmlNode {
  return { ...common(world, 'sys', 'event'), Event: 'change_contact', ChangeType: changeType, ...fields }
}

export function cardEvent(
  world: World,
  member: Member,
  event: 'template_card_event' | 'template_card_menu_event',
  click: {
    key: string
    taskId: string
    cardType: string
    responseCode: string
    selected: [string, string[]][]
    emptyItems: boolean
  },
): XmlNode {
  const fields: XmlNode = {
    EventKey: click.key,
    TaskId: click.taskId,
    CardType: click.cardType,
    ResponseCode: click.responseCode,
  }
  if (click.selected.length > 0) {
    fields.SelectedItems = {
      SelectedItem: click.selected.map(([key, ids]) => ({ QuestionKey: key, OptionIds: { OptionId: ids } })),
    }
  }
  if (click.selected.length === 0 && click.emptyItems) fields.SelectedItems = ''
  return appEvent(world, member, event, fields)
}

function common(world: World, from: string, type: string): XmlNode {
  return {
    ToUserName: world.corpId,
    FromUserName: from,
    CreateTime: Math.floor(world.clock.now().getTime() / 1000),
    MsgType: type,
  }
}

/** 64-bit, always beyond what a JavaScript number holds (wecom.md §13 row 3). */
function messageId(world: World): bigint {
  return (1n << 62n) + BigInt(Math.floor(world.random() * 2 ** 52)) * 256n + BigInt(Math.floor(world.random() * 256))
}
