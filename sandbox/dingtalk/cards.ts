import { type CardInstance, noteFlowStatus, type ParamMap, updatePrivate, updatePublic } from './card-data.ts'
import { type Body, readParamMap, readPrivateData, readSpaces, type Space } from './card-fields.ts'
import type { Core } from './core.ts'
import { drawCard } from './draw-card.ts'
import { isRecord, isText, type Json } from './json.ts'
import type { ChatId, Phones } from './phones.ts'
import { refuse } from './refusal.ts'
import type { Route } from './server.ts'
import type { Template } from './templates.ts'
import type { World } from './world.ts'

export interface Cards {
  routes: Route[]
  instances: Map<string, CardInstance>
  /** Marks every phone that shows the card as changed. */
  touch(card: CardInstance): void
}

interface Parts {
  core: Core
  world: World
  phones: Phones
  templates: Map<string, Template>
  hasRouteKey(key: string): boolean
}

const SCOPE = 'Card.Instance.Write'

/** The card platform: create, deliver, update (dingtalk.md §6.2–§6.5). */
export function createCards({ core, world, phones, templates, hasRouteKey }: Parts): Cards {
  const instances = new Map<string, CardInstance>()

  function create(body: Body): CardInstance {
    if (!isText(body.cardTemplateId)) throw refuse('param.cardTemplateIdEmpty')
    if (!isText(body.outTrackId)) throw refuse('param.outTrackIdEmpty')
    if (body.outTrackId.length > 100) throw refuse('param.invalid', 'outTrackId不能超过100个字符')
    const publicData = readParamMap(body.cardData, core.variants.cardValueBytes)
    if (!publicData || Object.keys(publicData).length === 0) throw refuse('param.cardPublicDataEmpty')
    const userIdType = readUserIdType(body)
    const { callbackType } = body
    if (callbackType !== undefined && callbackType !== 'STREAM' && callbackType !== 'HTTP')
      throw refuse('param.invalid', 'callbackType只能是STREAM或HTTP')
    if (callbackType === 'HTTP' && !(isText(body.callbackRouteKey) && hasRouteKey(body.callbackRouteKey)))
      throw refuse('param.invalid', 'callbackRouteKey未注册')
    const template = templates.get(body.cardTemplateId)
    if (!template) throw refuse('param.templateNotExist')
    if (!template.published) throw refuse('param.templateUnpublished')
    if (isText(body.userId)) need(body.userId, userIdType)
    const privateData = readPrivateData(body.privateData, core.variants.cardValueBytes)
    const card: CardInstance = {
      outTrackId: body.outTrackId,
      template,
      callbackType,
      callbackRouteKey: isText(body.callbackRouteKey) ? body.callbackRouteKey : undefined,
      userIdType,
      publicData,
      privateData: new Map(privateData.map(([id, data]) => [need(id, userIdType), data])),
      answers: new Map(),
      hadFlowStatus: false,
      places: [],
    }
    if (instances.has(card.outTrackId)) throw refuse('param.cardAlreadyExist')
    for (const data of [publicData, ...card.privateData.values()]) noteFlowStatus(card, data)
    return card
  }

  function need(id: string, userIdType: number): string {
    const userId = world.resolve(id, userIdType)
    if (!userId) throw refuse('param.userIdNotExist', `userId不存在：${id}`)
    return userId
  }

  function checkPeople(spaces: readonly Space[], userIdType: number) {
    for (const space of spaces) {
      for (const id of [...space.atUserIds, ...(space.recipients ?? [])]) if (id !== '@ALL') need(id, userIdType)
      const isPerson = space.type === 'IM_ROBOT'
      if (isPerson && core.variants.unknownCardUser === 'error') need(space.id, userIdType)
    }
  }

  function deliver(card: CardInstance, space: Space, userIdType: number): Json {
    const result = { spaceType: space.type, spaceId: space.id }
    const fail = (errorMsg: string) => ({ ...result, success: false, carrierId: '', errorMsg })
    if (space.robotCode !== undefined && space.robotCode !== core.app.clientId) return fail('robotCode is illegal')
    let chat: ChatId
    if (space.type === 'IM_ROBOT') {
      const userId = world.resolve(space.id, userIdType)
      if (!userId) return fail('spaceId is illegal')
      if (!world.inScope(userId)) return fail('robot is not available for the user')
      chat = { userId }
    } else if (space.type === 'IM_GROUP') {
      const group = world.groups.get(space.id)
      if (!group || group.disbanded) return fail('spaceId is illegal')
      if (!group.hasBot) return fail('robot is not in the group')
      chat = { groupId: space.id }
    } else return fail('space is not supported')
    const recipients = space.recipients?.map((id) => need(id, userIdType))
    const carrierId = core.random.hex(24)
    phones.add(chat, {
      id: carrierId,
      at: new Date(core.now()),
      from: 'bot',
      kind: 'card',
      card: (userId) => drawCard(card, userId),
      outTrackId: card.outTrackId,
      onlyFor: recipients && recipients.length > 0 ? new Set(recipients) : undefined,
    })
    card.places.push({ chat, messageId: carrierId })
    return { ...result, success: true, carrierId, errorMsg: '' }
  }

  function known(body: Body): CardInstance {
    if (!isText(body.outTrackId)) throw refuse('param.outTrackIdEmpty')
    const card = instances.get(body.outTrackId)
    if (!card) throw refuse('param.cardNotExist')
    return card
  }

  function touch(card: CardInstance) {
    for (const { chat, messageId } of card.places) {
      const message = phones.find(chat, messageId)
      if (message) message.updatedAt = new Date(core.now())
      phones.changed(chat)
    }
  }

  function createAndDeliver({ body }: { body: Body }) {
    const card = create(body)
    const spaces = readSpaces(body, true)
    checkPeople(spaces, card.userIdType)
    instances.set(card.outTrackId, card)
    const deliverResults = spaces.map((space) => deliver(card, space, card.userIdType))
    return { success: true, result: { outTrackId: card.outTrackId, deliverResults } }
  }

  function update({ body }: { body: Body }) {
    if (!isText(body.outTrackId)) throw refuse('param.outTrackIdEmpty')
    const data = readParamMap(body.cardData, core.variants.cardValueBytes)
    const people = readPrivateData(body.privateData, core.variants.cardValueBytes)
    if ((!data || Object.keys(data).length === 0) && people.length === 0)
      throw refuse('param.cardDataAndPrivateDataBothEmpty')
    const card = known(body)
    const userIdType = readUserIdType(body)
    const given = people.map(([id, map]): [string, ParamMap] => [need(id, userIdType), map])
    const options = isRecord(body.cardUpdateOptions) ? body.cardUpdateOptions : {}
    if (data) updatePublic(card, data, options.updateCardDataByKey === true)
    for (const [userId, map] of given) updatePrivate(card, userId, map, options.updatePrivateDataByKey === true)
    touch(card)
    return { success: true, result: true }
  }

  const guids = new Set<string>()
  function streaming({ body }: { body: Body }) {
    const card = known(body)
    if (!isText(body.guid) || !isText(body.key) || typeof body.content !== 'string') throw refuse('param.empty')
    if (guids.has(body.guid)) throw refuse('param.invalid', 'guid重复')
    guids.add(body.guid)
    const before = body.isFull === true ? '' : (card.publicData[body.key] ?? '')
    updatePublic(card, { [body.key]: before + body.content }, true)
    if (body.isError === true) updatePublic(card, { flowStatus: '5' }, true)
    else if (body.isFinalize === true) updatePublic(card, { flowStatus: '3' }, true)
    touch(card)
    return { success: true, result: true }
  }

  function createOnly({ body }: { body: Body }) {
    const card = create(body)
    instances.set(card.outTrackId, card)
    return { success: true, result: card.outTrackId }
  }

  function addSpaces({ body }: { body: Body }) {
    known(body)
    return { success: true, result: true }
  }

  function deliverOnly({ body }: { body: Body }) {
    const card = known(body)
    const userIdType = readUserIdType(body)
    const spaces = readSpaces(body, false)
    checkPeople(spaces, userIdType)
    return { success: true, result: spaces.map((space) => deliver(card, space, userIdType)) }
  }

  const base = { host: 'api', scope: SCOPE, counted: true } as const
  const routes: Route[] = [
    { ...base, method: 'POST', path: '/v1.0/card/instances/createAndDeliver', handle: createAndDeliver },
    { ...base, method: 'PUT', path: '/v1.0/card/instances', handle: update },
    { ...base, method: 'POST', path: '/v1.0/card/instances', handle: createOnly },
    { ...base, method: 'PUT', path: '/v1.0/card/instances/spaces', handle: addSpaces },
    { ...base, method: 'POST', path: '/v1.0/card/instances/deliver', handle: deliverOnly },
    { ...base, method: 'PUT', path: '/v1.0/card/streaming', scope: 'Card.Streaming.Write', handle: streaming },
  ]
  return { routes, instances, touch }
}

function readUserIdType(body: Body): number {
  if (body.userIdType === undefined) return 1
  if (body.userIdType !== 1 && body.userIdType !== 2) throw refuse('param.invalid', 'userIdType只能是1或2')
  return body.userIdType
}
