import type { SendResult } from '../port.ts'
import type { Failure } from './failure.ts'

export type Verdict = Exclude<SendResult, { kind: 'sent' }>

const console = '钉钉开放平台（open-dev.dingtalk.com）'
const SECOND = 1_000
const MINUTE = 60 * SECOND

const refused = (reason: string, advice: string): Verdict & { kind: 'refused' } => ({ kind: 'refused', reason, advice })
const gone = (reason: string): Verdict => ({
  kind: 'refused',
  reason,
  advice: '如仍在职，请检查应用的可见范围及通讯录中的账号状态',
  personGone: true,
})
const later = (reason: string, afterMs: number): Verdict & { kind: 'later' } => ({ kind: 'later', reason, afterMs })
/** Not this message's: none would be taken now. */
const outage = <V extends Verdict & { kind: 'refused' | 'later' }>(verdict: V): V => ({ ...verdict, outage: true })
const unknown = (reason: string): Verdict => ({ kind: 'unknown', reason })

const badSecret = outage(
  refused('应用凭证不正确', `请在${console}的“凭证与基础信息”页核对 Client ID 与 Client Secret，并更新机器人的配置`),
)
const badToken = outage(later('访问凭证暂不可用', 30 * SECOND))
const scope = outage(refused('应用缺少接口权限', `请在${console}的“权限管理”页申请所需权限，并发布新版本`))
const ip = outage(refused('服务器出口 IP 不在白名单内', `请在${console}的“安全设置”页将服务器出口 IP 加入白名单`))
const quotaGone = outage(
  refused('企业本月的钉钉接口调用次数已用完', '请在钉钉管理后台的“资源管理”页查看用量，增购或等待下月恢复后重新发送'),
)
const range = refused('对方或其部门不在应用可见范围内', `请在${console}的“版本管理与发布”页调整应用可见范围`)
const ourBug = refused('钉钉不接受消息格式', '请将错误代码和请求号转给技术支持')
const unsafe = refused('消息未通过钉钉的内容安全检查', '请调整措辞或去除其中的链接后重新发送')
const robotOff = outage(
  refused('机器人不可用', `请在${console}的“机器人”页确认已启用机器人，且 robotCode 与配置一致，并已发布版本`),
)
const template = refused(
  '卡片模板不可用',
  '请在卡片平台（open-dev.dingtalk.com/fe/card）确认模板已发布并关联本应用，且模板 ID 与配置一致',
)
const group = refused('无法在该群发送消息', '请确认机器人仍在群内，且该群为本企业的内部群')
const tooLong = refused('消息超过钉钉的长度限制', '请缩短内容后重新发送')

/** What a code means for the message at hand (dingtalk.md §1.3, §1.4, §5.2, §6.2). Keys in lower case. */
const verdicts: Record<string, Verdict> = {
  // Ours
  'not-reached': outage(later('暂时无法连接钉钉', 10 * SECOND)),
  'no-answer': unknown('钉钉未在时限内答复'),
  'bad-answer': unknown('钉钉的答复无法识别'),
  banned: outage(later('请求过于频繁，服务器出口 IP 被钉钉暂停访问', 5 * MINUTE)),
  'too-fast': { ...later('发送较为集中，排队等待', SECOND), untried: true },
  // Token and credentials
  invalidauthentication: badToken,
  'http-401': badToken,
  40014: badToken,
  42001: badToken,
  40001: badToken,
  41001: badToken,
  invalidclientidorsecret: badSecret,
  'invalid.client': badSecret,
  'unauthorized.client': badSecret,
  40089: badSecret,
  40013: badSecret,
  // Limits
  'forbidden.accessdenied.qpslimitforappkeyandapi': later('超过钉钉每秒调用上限', SECOND),
  90018: later('超过钉钉每秒调用上限', SECOND),
  'forbidden.accessdenied.qpmlimitforappkeyandapi': later('超过钉钉每分钟调用上限', MINUTE),
  'forbidden.accessdenied.qpslimitforapi': later('钉钉接口繁忙', 2 * SECOND),
  90002: later('钉钉接口繁忙', 2 * SECOND),
  'send.too.fast': later('发送过于频繁', 10 * SECOND),
  'send.bytoken.toofast': later('发送过于频繁', 10 * SECOND),
  410100: later('发送过于频繁', 10 * MINUTE),
  'forbidden.accessdenied.apicountlimitfororg': quotaGone,
  90020: quotaGone,
  'integrated.qps.exceed': later('超过钉钉当日上限', 60 * MINUTE),
  'system.busy': later('钉钉繁忙', 5 * SECOND),
  systembusy: later('钉钉繁忙', 5 * SECOND),
  '-1': later('钉钉繁忙', 5 * SECOND),
  'http-429': later('钉钉繁忙', 5 * SECOND),
  'system.error': unknown('钉钉内部错误'),
  unknownerror: unknown('钉钉内部错误'),
  // Set-up
  'forbidden.accessdenied.ipnotinwhitelist': ip,
  60020: ip,
  'forbidden.accessdenied.accesstokenpermissiondenied': scope,
  60011: scope,
  orgauthlevelnotenough: refused('企业认证等级不足', '请在钉钉管理后台完成企业认证后重试'),
  50002: range,
  50004: range,
  60003: range,
  60019: range,
  // Person
  33012: gone('钉钉通讯录中没有此人'),
  60121: gone('钉钉通讯录中没有此人'),
  'staffid.notexisted': gone('钉钉通讯录中没有此人'),
  'param.useridnotexist': gone('钉钉通讯录中没有此人'),
  // Robot and message
  'chatbotid.notallow.sendoto': robotOff,
  'robot.oto.notexist': robotOff,
  'bot.stopped': robotOff,
  'template.not.existed': robotOff,
  'template.stopped': robotOff,
  'invalidparameter.msgparam.toolong': tooLong,
  'too.many.people': ourBug,
  'contain.unsafe.url': unsafe,
  'contain.notallowed.text': unsafe,
  'contain.notallowed.picture': unsafe,
  'contain.notallowed.content': unsafe,
  'param.contentunsafe': unsafe,
  'invalid.openconversationid': group,
  'conversation.org.notmatch': group,
  'group.disbanded': group,
  // Card
  'param.templatenotexist': template,
  'param.templateunpublished': template,
  'param.cardtemplateidempty': template,
}

/** Beginnings of codes, tried in order when the whole code is unknown. */
const families: [RegExp, Verdict][] = [
  [/accesstokenpermissiondenied$/, scope],
  [/^forbidden\.accessdenied\.qps/, later('超过钉钉每秒调用上限', SECOND)],
  [/^invalidparameter\.robotcode/, robotOff],
  [/^(param|invalidparameter|missing)/, ourBug],
  [/^http-5/, unknown('钉钉内部错误')],
]

/** What is to be done about a failed call; the advice names the scopes that are missing, where the platform says them. */
export function verdictOf(failure: Failure): Verdict {
  const code = failure.code.toLowerCase()
  const found = verdicts[code] ?? families.find(([pattern]) => pattern.test(code))?.[1]
  if (found?.kind === 'refused' && found.reason === scope.reason && failure.scopes.length > 0)
    return { ...found, advice: `请在${console}的“权限管理”页申请权限 ${failure.scopes.join('、')}，并发布新版本` }
  if (found) return found
  if (failure.status === 401) return badToken
  if (failure.status >= 500) return unknown('钉钉内部错误')
  return refused(`钉钉拒绝了请求（${failure.code}）`, '请将错误代码和请求号转给技术支持')
}

const has = (failure: Failure, ...codes: string[]) => codes.includes(failure.code.toLowerCase())

export const isTokenRefused = (failure: Failure) =>
  has(failure, 'invalidauthentication', '40014', '42001', '40001', '41001') || failure.status === 401
/** Nobody answered. */
export const isSilence = (failure: Failure) => has(failure, 'not-reached', 'no-answer')
export const isQuotaGone = (failure: Failure) => verdictOf(failure).reason === quotaGone.reason
/** The template or the right to send cards is missing: the message itself can still go as a link. */
export const isCardUnavailable = (failure: Failure) =>
  [template.reason, scope.reason].includes(verdictOf(failure).reason)
/** Calls that failed by throttling or on the way are not counted by the platform (§1.5). */
export const isUncounted = (failure: Failure) =>
  has(failure, 'not-reached', 'no-answer', 'banned', 'too-fast', '90018', '90002', '90020') ||
  failure.code.toLowerCase().startsWith('forbidden.accessdenied.') ||
  isTokenRefused(failure)
/** Mistakes in the set-up: the admin has to know, every message will fail the same way. */
export const isSetupFault = (failure: Failure) =>
  [badSecret, scope, ip, quotaGone, robotOff, template].some((fault) => fault.reason === verdictOf(failure).reason)
