import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Company, CompanyError, parseCompany } from '../company.ts'
import { type Config, ConfigError, readConfig } from '../config.ts'
import { hasDatabase, openDatabase } from '../database.ts'
import { dayOf, monthOf, partsOf } from '../domain/time.ts'
import { createLog } from '../log.ts'
import { createDingtalk } from '../platforms/dingtalk/index.ts'
import { FREE_MONTHLY_CALLS } from '../platforms/dingtalk/quota.ts'
import { dingtalkConfig, wecomConfig } from '../platforms/from-config.ts'
import type { Platform } from '../platforms/port.ts'
import { decodeAesKey, encrypt, sign } from '../platforms/wecom/crypto.ts'
import { failureOf } from '../platforms/wecom/errors.ts'
import { createWecom } from '../platforms/wecom/index.ts'
import { connect } from '../store/connect.ts'
import { holidayStore } from '../store/holidays.ts'
import { metaStore } from '../store/meta.ts'
import { type Command, type Io, print, UsageError } from './command.ts'

/** One line of the report. `mend`: on which page, or in which file, it is put right. */
interface Finding {
  what: string
  ok: boolean
  said: string
  mend?: string
}

/** WeCom refuses nothing over a clock, but we refuse its callbacks beyond ten minutes, and deadlines are to the second. */
const MOST_DRIFT_MS = 30_000
const TIMEOUT_MS = 8_000
const log = createLog('silent')

const good = (what: string, said: string): Finding => ({ what, ok: true, said })
const bad = (what: string, said: string, mend: string): Finding => ({ what, ok: false, said, mend })

/** Looks at everything that has to be right for the service to work. Sends nothing and changes nothing. */
export async function examine(io: Io): Promise<Finding[]> {
  let config: Config
  try {
    config = readConfig(io.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((p) => bad('环境变量', p, '.env（各项说明见 .env.example）'))
  }
  const findings = [good('环境变量', '完整')]
  if (!config.wecom && !config.dingtalk)
    findings.push(
      bad(
        '平台',
        '没有配置企业微信或钉钉，npm start 会打开演示环境',
        '.env；步骤见 docs/setup-wecom.md、docs/setup-dingtalk.md',
      ),
    )
  const company = companyOf(config, findings)
  const quotaUsed = await lookAtData(io, config, company, findings)
  if (config.wecom) await lookAtWecom(io, config, findings)
  if (config.dingtalk) await lookAtDingtalk(io, config, quotaUsed, findings)
  return findings
}

function companyOf(config: Config, findings: Finding[]): Company | undefined {
  const file = config.COMPANY_FILE
  if (!existsSync(file)) {
    findings.push(bad('公司设置', `没有文件 ${file}`, '复制 company.example.yaml 为 company.yaml 并修改'))
    return undefined
  }
  try {
    const company = parseCompany(readFileSync(file, 'utf8'), file)
    findings.push(good('公司设置', `${file} 没有错误`))
    return company
  } catch (error) {
    if (!(error instanceof CompanyError)) throw error
    findings.push(...error.problems.map((p) => bad('公司设置', String(p), file)))
    return undefined
  }
}

/** The database and what lies in it. @returns calls of DingTalk's monthly quota that were counted */
async function lookAtData(io: Io, config: Config, company: Company | undefined, findings: Finding[]): Promise<number> {
  const where = config.MONGODB_URI ? 'MONGODB_URI' : 'DATA_DIR'
  if (!hasDatabase(config)) {
    findings.push(good('数据库', `还没有数据，服务第一次启动时在 ${resolve(config.DATA_DIR)} 中创建`))
    return 0
  }
  try {
    const database = await openDatabase(config, log)
    const db = await connect(database.uri)
    try {
      await db.db!.command({ ping: 1 })
      findings.push(good('数据库', `${database.what === 'embedded' ? '嵌入式数据库' : 'MongoDB'}可用`))
      const zone = company?.timeZone ?? 'Asia/Shanghai'
      const today = dayOf(io.now(), zone)
      const holidays = holidayStore(db)
      await holidays.refresh()
      const known = (year: number) =>
        company?.weeks.knows(year) === true || holidays.current().some((h) => h.year === year)
      const { year, month } = partsOf(today)
      // Notices of the next year come out in October or November.
      for (const y of month >= 11 ? [year, year + 1] : [year])
        findings.push(
          known(y)
            ? good('放假安排', `${y}年已导入`)
            : bad('放假安排', `${y}年没有导入，调休不能推算`, '由人力资源把国务院通知全文发给机器人'),
        )
      return (await metaStore(db).get<number>(`dingtalk-quota/${monthOf(today)}`)) ?? 0
    } finally {
      await db.close()
      await database.stop()
    }
  } catch (error) {
    findings.push(
      bad('数据库', `无法使用：${(error as Error).message}`, `.env 的 ${where}；服务器是否启动、账号和网络`),
    )
    return 0
  }
}

async function lookAtWecom(io: Io, c: Config, findings: Finding[]): Promise<void> {
  const app = '管理后台 应用管理 → 应用'
  const query = `corpid=${encodeURIComponent(c.WECOM_CORP_ID!)}&corpsecret=${encodeURIComponent(c.WECOM_SECRET!)}`
  const answer = await ask(`${c.WECOM_API_BASE}/cgi-bin/gettoken?${query}`)
  if (!answer) {
    findings.push(bad('企业微信接口', '没有应答', '服务器的网络和防火墙，需要能访问 qyapi.weixin.qq.com:443'))
    return
  }
  findings.push(drift('企业微信', answer.date, io.now()))
  const refusal = (body: Record<string, unknown>) => {
    const failure = failureOf(Number(body.errcode), String(body.errmsg ?? ''))
    return { said: failure.reason, mend: failure.kind === 'refused' ? failure.advice : '稍后再试' }
  }
  if (answer.body.errcode) {
    const { said, mend } = refusal(answer.body)
    findings.push(bad('企业微信凭证', said, mend))
    return
  }
  findings.push(good('企业微信凭证', '有效'))
  const token = encodeURIComponent(String(answer.body.access_token))
  const agent = await ask(`${c.WECOM_API_BASE}/cgi-bin/agent/get?access_token=${token}&agentid=${c.WECOM_AGENT_ID}`)
  if (!agent || agent.body.errcode) {
    const { said, mend } = agent ? refusal(agent.body) : { said: '没有应答', mend: '稍后再试' }
    // The platform names our address in its refusal, and only there.
    findings.push(bad('企业微信应用', said, mend))
  } else {
    findings.push(good('企业可信IP', '平台接受本机的出口IP'))
    if (agent.body.close === 1) findings.push(bad('企业微信应用', '应用已停用', `${app} → 启用`))
    const domain = String(agent.body.redirect_domain ?? '')
    const { host } = new URL(c.PUBLIC_BASE_URL!)
    findings.push(
      domain === host
        ? good('网页授权可信域名', host)
        : bad('网页授权可信域名', `是“${domain}”，应为“${host}”`, `${app} → 网页授权及JS-SDK → 可信域名`),
    )
    const menu = await ask(`${c.WECOM_API_BASE}/cgi-bin/menu/get?access_token=${token}&agentid=${c.WECOM_AGENT_ID}`)
    const made = Array.isArray(menu?.body.button) && menu.body.button.length > 0
    findings.push(made ? good('应用菜单', '已创建') : bad('应用菜单', '还没有菜单', '启动服务，菜单会自动创建'))
  }
  const wecom = createWecom(wecomConfig(c, c.PUBLIC_BASE_URL!), {
    clock: { now: io.now, everyMinute: () => () => {} },
    log,
  })
  await range('企业微信', wecom, `${app} → 可见范围`, findings)
  findings.push(await callback(io, c, app))
}

/** Asks our own callback from outside in, as the console does when a URL is saved. */
async function callback(io: Io, c: Config, app: string): Promise<Finding> {
  const keys = { token: c.WECOM_TOKEN!, aesKey: decodeAesKey(c.WECOM_ENCODING_AES_KEY!), receiveId: c.WECOM_CORP_ID! }
  const word = `doctor-${io.now().getTime()}`
  const echo = encrypt(keys, word)
  const timestamp = String(Math.floor(io.now().getTime() / 1000))
  const query = new URLSearchParams({
    msg_signature: sign(keys.token, timestamp, '1', echo),
    timestamp,
    nonce: '1',
    echostr: echo,
  })
  const url = `${c.PUBLIC_BASE_URL}/wecom/callback`
  const mend = `反向代理和证书；${app} → 接收消息 → 设置API接收，URL 填 ${url}`
  try {
    const answer = await fetch(`${url}?${query}`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (answer.status === 200 && (await answer.text()) === word)
      return good('企业微信回调', `${url} 可以访问，密钥一致`)
    const why = answer.status === 403 ? '密钥与正在运行的服务不一致' : `应答 ${answer.status}，不是本服务`
    return bad('企业微信回调', `${url}：${why}`, mend)
  } catch {
    return bad('企业微信回调', `${url} 不能访问`, mend)
  }
}

async function lookAtDingtalk(io: Io, c: Config, used: number, findings: Finding[]): Promise<void> {
  const console = '开发者后台 open-dev.dingtalk.com'
  const asked = { appKey: c.DINGTALK_CLIENT_ID, appSecret: c.DINGTALK_CLIENT_SECRET }
  const answer = await ask(`${c.DINGTALK_API_BASE}/v1.0/oauth2/accessToken`, asked)
  if (!answer) {
    findings.push(bad('钉钉接口', '没有应答', '服务器的网络和防火墙，需要能访问 api.dingtalk.com:443'))
    return
  }
  findings.push(drift('钉钉', answer.date, io.now()))
  if (typeof answer.body.accessToken !== 'string') {
    findings.push(
      bad(
        '钉钉凭证',
        `平台拒绝（${String(answer.body.code ?? answer.status)}）`,
        `${console} → 应用 → 凭证与基础信息，核对 Client ID 和 Client Secret`,
      ),
    )
    return
  }
  findings.push(good('钉钉凭证', '有效'))
  const clock = { now: io.now, everyMinute: () => () => {} }
  const dingtalk = createDingtalk(dingtalkConfig(c, c.PUBLIC_BASE_URL!), { clock, log, quota: {} })
  await range('钉钉', dingtalk, `${console} → 应用 → 权限管理、版本管理与发布（可见范围）`, findings)
  findings.push(
    used < FREE_MONTHLY_CALLS * 0.8
      ? good('钉钉调用量', `本月已用 ${used} 次（免费组织每月 ${FREE_MONTHLY_CALLS} 次）`)
      : bad(
          '钉钉调用量',
          `本月已用 ${used} 次，接近或超过免费额度 ${FREE_MONTHLY_CALLS} 次`,
          '钉钉管理后台 → 购买专业版或调用量包',
        ),
  )
  if (!c.DINGTALK_FORM_TEMPLATE_ID)
    findings.push(
      bad(
        '钉钉表单卡片',
        '没有设置，多项选择会打开网页',
        '卡片平台 open-dev.dingtalk.com/fe/card 导入模板，填入 DINGTALK_FORM_TEMPLATE_ID',
      ),
    )
}

/** Who the app can see: who is not seen gets nothing. Also shows whether the app may read contacts at all. */
async function range(name: string, platform: Platform, page: string, findings: Finding[]): Promise<void> {
  try {
    const active = (await platform.members()).filter((m) => m.active).length
    findings.push(active > 0 ? good(`${name}可见范围`, `${active} 人`) : bad(`${name}可见范围`, '看不到任何人', page))
  } catch (error) {
    findings.push(bad(`${name}通讯录`, (error as Error).message, page))
  } finally {
    await platform.stop()
  }
}

function drift(platform: string, date: string | null, now: Date): Finding {
  const theirs = date ? Date.parse(date) : Number.NaN
  if (Number.isNaN(theirs)) return good('服务器时间', `${platform}没有给出时间，未比较`)
  const seconds = Math.round((now.getTime() - theirs) / 1000)
  return Math.abs(seconds) * 1000 <= MOST_DRIFT_MS
    ? good('服务器时间', `与${platform}相差 ${seconds} 秒`)
    : bad('服务器时间', `与${platform}相差 ${seconds} 秒`, '在服务器上启用 NTP 校时（timedatectl set-ntp true）')
}

interface Asked {
  status: number
  date: string | null
  body: Record<string, unknown>
}

/** Undefined: no answer. The address holds secrets and is never shown. */
async function ask(url: string, body?: object): Promise<Asked | undefined> {
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body && { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const json: unknown = await answer.json()
    if (typeof json !== 'object' || json === null) return undefined
    return { status: answer.status, date: answer.headers.get('date'), body: json as Record<string, unknown> }
  } catch {
    return undefined
  }
}

export const doctor: Command = {
  name: 'doctor',
  usage: 'doctor',
  about: '检查配置、数据库、平台权限和回调：哪里不对、到哪个页面修改',
  help: ['不发送消息，不改变数据。服务运行时执行，可以同时检查回调。', '全部正常退出码为0，有问题为1。'],
  options: {},
  async run(given) {
    if (given.args.length > 0) throw new UsageError(`多余的参数：${given.args.join(' ')}`)
    const findings = await examine(given.io)
    const lines = findings.map(
      (f) => `${f.ok ? '✓' : '✗'} ${f.what}：${f.said}${f.mend ? `\n    修改：${f.mend}` : ''}`,
    )
    const wrong = findings.filter((f) => !f.ok).length
    print(given, [...lines, wrong === 0 ? '全部正常' : `${wrong} 项需要处理`].join('\n'), { ok: wrong === 0, findings })
    return wrong === 0 ? 0 : 1
  },
}
