import type { SendResult } from '../port.ts'

export type Failure = Exclude<SendResult, { kind: 'sent' }>

/** What an errcode means for us. `again`: nothing is wrong with the request. `admin`: somebody must change a setting. */
type Meaning =
  | { act: 'again'; afterMs: number; reason: string }
  | { act: 'refresh-token'; reason: string }
  | { act: 'person'; reason: string; advice: string }
  | { act: 'admin'; reason: string; advice: string }
  | { act: 'bug'; reason: string }

const APP = '管理后台 应用管理 → 应用'
const BUG_ADVICE = '请将错误码反馈给绩效机器人的维护人员'

const again = (afterMs: number, reason: string): Meaning => ({ act: 'again', afterMs, reason })
const refresh = (reason: string): Meaning => ({ act: 'refresh-token', reason })
const person = (reason: string, advice: string): Meaning => ({ act: 'person', reason, advice })
const admin = (reason: string, advice: string): Meaning => ({ act: 'admin', reason, advice })
const bug = (reason: string): Meaning => ({ act: 'bug', reason })

const GONE_ADVICE = `请确认该成员仍在职；如仍在职，请在${APP} → 可见范围 中加入该成员，并同步通讯录`
const SECRET_ADVICE = `请核对 WECOM_CORP_ID 与 WECOM_SECRET（${APP} → Secret），并确认应用已启用，修改后重启服务`
const AGENT_ADVICE = `请核对 WECOM_AGENT_ID（${APP} → AgentId）与 WECOM_SECRET 属于同一应用`
const DISABLED_ADVICE = `请在${APP} 中启用该应用；长期未使用被停用的，按页面提示重新启用`
const DOMAIN_ADVICE = `请在${APP} → 网页授权及JS-SDK 中设置并验证可信域名，域名须已备案且主体一致`

/** wecom.md §6.2. A code that is not here is treated as a bug of ours: not repeated, shown with its number. */
const MEANINGS: Record<number, Meaning> = {
  [-1]: again(1_000, '企业微信系统繁忙'),
  6000: again(2_000, '数据正在被同时修改'),
  45035: again(2_000, '数据正在被同时修改'),
  45009: again(60_000, '调用过于频繁，被企业微信暂时限制'),
  45033: again(2_000, '并发调用过多'),
  45036: again(5_000, '数据量过大，被企业微信暂时限制'),

  40014: refresh('访问凭证无效'),
  42001: refresh('访问凭证已过期'),

  40003: person('成员不存在', GONE_ADVICE),
  60111: person('成员不存在', GONE_ADVICE),
  46004: person('成员不存在', GONE_ADVICE),
  301021: person('成员不存在', GONE_ADVICE),
  81013: person('成员已离职或不在应用可见范围内', GONE_ADVICE),
  60011: person('成员不在应用可见范围内', GONE_ADVICE),
  50002: person('成员不在应用可见范围内', GONE_ADVICE),
  60021: person('成员不在应用可见范围内', GONE_ADVICE),
  92000: person('成员不在应用可见范围内', GONE_ADVICE),

  40001: admin('应用 Secret 不正确，或应用已停用', SECRET_ADVICE),
  40091: admin('Secret 属于其他企业', SECRET_ADVICE),
  40013: admin('企业 ID 不正确', '请核对 WECOM_CORP_ID（管理后台 我的企业 → 企业信息 → 企业ID），修改后重启服务'),
  2000002: admin('企业 ID 不正确', '请核对 WECOM_CORP_ID（管理后台 我的企业 → 企业信息 → 企业ID），修改后重启服务'),
  40056: admin('应用 AgentId 不正确', AGENT_ADVICE),
  301002: admin('AgentId 与 Secret 不属于同一应用', AGENT_ADVICE),
  43012: admin('应用未设置接收消息的 URL，无法发送可点击的卡片', `请在${APP} → 接收消息 → 设置API接收 中填写回调 URL`),
  48001: admin('应用没有调用该接口的权限', `请在${APP} 中检查接口权限，或确认使用的是应用的 Secret`),
  48002: admin('应用没有调用该接口的权限', `请在${APP} 中检查接口权限，或确认使用的是应用的 Secret`),
  48006: admin('应用长期未使用，接口权限已被收回', DISABLED_ADVICE),
  50003: admin('应用已停用', DISABLED_ADVICE),
  60031: admin('接口已被关闭', DISABLED_ADVICE),
  48009: admin('通讯录同步助手不能读取成员详情', '请使用应用的 Secret 读取通讯录，并将应用可见范围设为全公司'),
  48010: admin('TLS 版本过低', '请升级服务器或代理，使用 TLS 1.2 及以上版本'),
  50001: admin('网页授权的域名不是应用的可信域名', DOMAIN_ADVICE),
  80001: admin('可信域名未验证', DOMAIN_ADVICE),
  85005: admin('可信域名未备案', DOMAIN_ADVICE),
  85008: admin('可信域名备案校验失败', DOMAIN_ADVICE),
  60020: admin('本机 IP 不在企业可信IP中', `请在${APP} → 企业可信IP 中加入本机出口 IP，约 1 分钟后生效`),
  301042: admin('本机 IP 不在企业可信IP中', `请在${APP} → 企业可信IP 中加入本机出口 IP，约 1 分钟后生效`),

  40008: bug('消息类型不合法'),
  40032: bug('接收人过多'),
  40031: bug('接收人列表不合法'),
  40033: bug('请求含有不合法字符'),
  40035: bug('参数不合法'),
  40058: bug('参数不合法'),
  40063: bug('参数缺失'),
  41001: bug('缺少访问凭证'),
  44004: bug('内容为空'),
  45002: bug('内容过长'),
  82001: bug('没有指定接收人'),
  82101: bug('没有指定接收人'),
  82102: bug('该成员未收到过这张卡片'),
}

const REFRESH_AFTER_MS = 1_000
/** No address for clicks is set: texts still arrive. */
const CARDS_ONLY = 43012

/** True when the token must be fetched again: 40014, 42001. */
export function needsNewToken(code: number): boolean {
  return MEANINGS[code]?.act === 'refresh-token'
}

/** True when sending must pause for a while, whoever it is for. */
export function isRateLimit(code: number): boolean {
  return code === 45009
}

/** True when nothing will work until somebody changes a setting of the app, so `status` should say so. */
export function needsAdmin(code: number): boolean {
  return MEANINGS[code]?.act === 'admin'
}

/**
 * What to tell the outbox about a refused call.
 *
 * @param errmsg judged by nobody; only the caller's IP is taken from it, where an administrator needs it
 */
export function failureOf(code: number, errmsg: string): Failure {
  const meaning = MEANINGS[code] ?? bug(code >= 42014 && code <= 42051 ? '卡片内容不合要求' : '企业微信拒绝了请求')
  const reason = `${meaning.reason}（${code}）`
  switch (meaning.act) {
    case 'again':
      return { kind: 'later', reason, afterMs: meaning.afterMs }
    case 'refresh-token':
      return { kind: 'later', reason, afterMs: REFRESH_AFTER_MS }
    case 'person':
      return { kind: 'refused', reason, advice: meaning.advice, personGone: true }
    case 'admin':
      return {
        ...{ kind: 'refused', reason, advice: withIp(meaning.advice, errmsg) },
        ...(code !== CARDS_ONLY && { outage: true }),
      }
    case 'bug':
      return { kind: 'refused', reason, advice: BUG_ADVICE }
  }
}

/** `... from ip: 203.0.113.7, more info at ...` (wecom.md §6.1). */
function withIp(advice: string, errmsg: string): string {
  const ip = /from ip: ?([0-9a-fA-F.:]{3,45})/.exec(errmsg)?.[1]
  return ip ? advice.replace('本机出口 IP', ` ${ip}`) : advice
}
