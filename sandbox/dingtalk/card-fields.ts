import type { ParamMap } from './card-data.ts'
import { isRecord, isText, isTextList, type Json } from './json.ts'
import { refuse } from './refusal.ts'

export type Body = Json

/** A place a card goes to, with what its deliver model says. */
export interface Space {
  type: string
  id: string
  robotCode: string | undefined
  atUserIds: string[]
  recipients: string[] | undefined
}

/** Space and deliver model by space name (dingtalk.md §6.2). */
const MODELS: Record<string, { space: string; deliver: string }> = {
  IM_ROBOT: { space: 'imRobotOpenSpaceModel', deliver: 'imRobotOpenDeliverModel' },
  IM_GROUP: { space: 'imGroupOpenSpaceModel', deliver: 'imGroupOpenDeliverModel' },
  IM_SINGLE: { space: 'imSingleOpenSpaceModel', deliver: 'imSingleOpenDeliverModel' },
  ONE_BOX: { space: 'topOpenSpaceModel', deliver: 'topOpenDeliverModel' },
}
const MOST_BYTES = 100 * 1024
const MOST_KEY_BYTES = 100

/**
 * `{cardParamMap: {…}}` with texts only (dingtalk.md §6.3); `undefined` when it is not there.
 *
 * @throws Refusal `MissingStringValue` for any other value
 */
export function readParamMap(given: unknown, mostValueBytes: number): ParamMap | undefined {
  if (given === undefined || given === null) return undefined
  if (!isRecord(given)) throw refuse('param.invalid', 'cardData不是对象')
  if (given.cardParamMap === undefined) return undefined
  if (!isRecord(given.cardParamMap)) throw refuse('param.invalid', 'cardParamMap不是对象')
  const map: ParamMap = {}
  let total = 0
  for (const [key, value] of Object.entries(given.cardParamMap)) {
    if (typeof value !== 'string') throw refuse('MissingStringValue', `cardParamMap.${key}的值必须是字符串`)
    const bytes = Buffer.byteLength(value)
    total += bytes
    if (Buffer.byteLength(key) > MOST_KEY_BYTES) throw refuse('param.invalid', `变量名过长：${key}`)
    if (bytes > mostValueBytes) throw refuse('param.invalid', `变量值过长：${key}`)
    map[key] = value
  }
  if (total > MOST_BYTES) throw refuse('param.invalid', '卡片数据超过100KB')
  return map
}

/** `{"<userId>": {cardParamMap: {…}}}` */
export function readPrivateData(given: unknown, mostValueBytes: number): [string, ParamMap][] {
  if (given === undefined || given === null) return []
  if (!isRecord(given)) throw refuse('param.invalid', 'privateData不是对象')
  return Object.entries(given).map(([id, data]) => {
    if (id === '') throw refuse('param.userIdEmpty')
    return [id, readParamMap(data, mostValueBytes) ?? {}]
  })
}

/** The spaces of `openSpaceId`, each with its models. @throws Refusal when a model is missing or does not fit */
export function readSpaces(body: Body, withSpaceModels: boolean): Space[] {
  if (!isText(body.openSpaceId)) throw refuse('param.openSpaceIdEmpty')
  const spaces = body.openSpaceId.split(';').map((part) => {
    const found = /^dtv1\.card\/\/([A-Z_]+)\.(.+)$/.exec(part)
    if (!found || !Object.hasOwn(MODELS, found[1]!))
      throw refuse('param.openSpaceIdInvalid', `openSpaceId不合法：${part}`)
    return { type: found[1]!, id: found[2]! }
  })
  for (const [type, names] of Object.entries(MODELS)) {
    const wanted = spaces.some((s) => s.type === type)
    if (!wanted && body[names.deliver] !== undefined)
      throw refuse('param.openDeliverModelError', `${names.deliver}与openSpaceId不匹配`)
    if (!wanted && body[names.space] !== undefined)
      throw refuse('param.openSpaceModelInvalid', `${names.space}与openSpaceId不匹配`)
  }
  return spaces.map(({ type, id }) => {
    const names = MODELS[type]!
    if (withSpaceModels) checkSpaceModel(type, body[names.space])
    const model = body[names.deliver]
    if (!isRecord(model)) throw refuse('param.openDeliverModelEmpty', `缺少${names.deliver}`)
    return { type, id, ...readDeliverModel(type, model) }
  })
}

function checkSpaceModel(type: string, model: unknown) {
  if (!isRecord(model)) throw refuse('param.openSpaceModelInvalid', `${type}缺少场域模型`)
  if (type === 'ONE_BOX') {
    if (model.spaceType !== 'ONE_BOX') throw refuse('param.openSpaceModelInvalid', 'spaceType不匹配')
  } else if (typeof model.supportForward !== 'boolean')
    throw refuse('param.openSpaceModelInvalid', 'supportForward不能为空')
  const last = model.lastMessageI18n
  if (last !== undefined && !(isRecord(last) && Object.values(last).every((v) => typeof v === 'string')))
    throw refuse('param.openSpaceModelInvalid', 'lastMessageI18n不合法')
}

function readDeliverModel(type: string, model: Json): Omit<Space, 'type' | 'id'> {
  if (type === 'IM_ROBOT' && model.spaceType !== 'IM_ROBOT')
    throw refuse('param.openDeliverModelError', 'imRobotOpenDeliverModel.spaceType必须是IM_ROBOT')
  if (type === 'IM_GROUP' && !isText(model.robotCode))
    throw refuse('param.openDeliverModelError', 'imGroupOpenDeliverModel.robotCode不能为空')
  if (model.recipients !== undefined && !isTextList(model.recipients))
    throw refuse('param.openDeliverModelError', 'recipients不合法')
  return {
    robotCode: isText(model.robotCode) ? model.robotCode : undefined,
    atUserIds: isRecord(model.atUserIds) ? Object.keys(model.atUserIds) : [],
    recipients: model.recipients as string[] | undefined,
  }
}
