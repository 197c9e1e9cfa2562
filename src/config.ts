import { z } from 'zod'
import { inChinese } from './mistakes.ts'

const empty = (v: unknown) => (v === '' ? undefined : v)
const text = z.preprocess(empty, z.string().trim().min(1).optional())
const url = (fallback: string) =>
  z.preprocess(
    empty,
    z
      .url({ protocol: /^https?$/, error: '应为 http 或 https 地址' })
      .default(fallback)
      .transform((v) => v.replace(/\/+$/, '')),
  )
const aesKey = z.preprocess(
  empty,
  z
    .string()
    .regex(/^[A-Za-z0-9]{43}$/, '应为43位字母和数字')
    .optional(),
)

const envSchema = z.object({
  PORT: z.preprocess(empty, z.coerce.number().int().min(0).max(65535).default(3000)),
  PUBLIC_BASE_URL: z.preprocess(
    empty,
    z
      .url({ protocol: /^https?$/, error: '应为 http 或 https 地址' })
      .transform((v) => v.replace(/\/+$/, ''))
      .optional(),
  ),
  DATA_DIR: z.preprocess(empty, z.string().default('./data')),
  MONGODB_URI: z.preprocess(
    empty,
    z
      .string()
      .regex(/^mongodb(\+srv)?:\/\//, '应以 mongodb:// 或 mongodb+srv:// 开头')
      .optional(),
  ),
  COMPANY_FILE: z.preprocess(empty, z.string().default('./company.yaml')),
  LOG_LEVEL: z.preprocess(
    empty,
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ),
  SESSION_SECRET: z.preprocess(empty, z.string().min(32, '至少32个字符').optional()),
  ADMIN_TOKEN: z.preprocess(empty, z.string().min(24, '至少24个字符').optional()),
  WECOM_CORP_ID: text,
  WECOM_AGENT_ID: z.preprocess(
    empty,
    z.coerce.number({ error: '应为应用的AgentId（数字）' }).int().positive().optional(),
  ),
  WECOM_SECRET: text,
  WECOM_TOKEN: z.preprocess(
    empty,
    z
      .string()
      .regex(/^[A-Za-z0-9]{1,32}$/, '应为1到32位字母和数字')
      .optional(),
  ),
  WECOM_ENCODING_AES_KEY: aesKey,
  WECOM_CONTACTS_SECRET: text,
  WECOM_CONTACTS_TOKEN: z.preprocess(
    empty,
    z
      .string()
      .regex(/^[A-Za-z0-9]{1,32}$/, '应为1到32位字母和数字')
      .optional(),
  ),
  WECOM_CONTACTS_AES_KEY: aesKey,
  WECOM_API_BASE: url('https://qyapi.weixin.qq.com'),
  WECOM_OAUTH_BASE: url('https://open.weixin.qq.com'),
  WECOM_PASSIVE_UPDATES: z.preprocess(empty, z.enum(['true', 'false']).default('false')).transform((v) => v === 'true'),
  DINGTALK_CORP_ID: text,
  DINGTALK_CLIENT_ID: text,
  DINGTALK_CLIENT_SECRET: text,
  DINGTALK_AGENT_ID: text,
  DINGTALK_ROBOT_CODE: text,
  DINGTALK_MODE: z.preprocess(empty, z.enum(['stream', 'http']).default('stream')),
  DINGTALK_EVENT_TOKEN: text,
  DINGTALK_EVENT_AES_KEY: aesKey,
  DINGTALK_CARD_TEMPLATE_ID: text,
  DINGTALK_FORM_TEMPLATE_ID: text,
  DINGTALK_API_BASE: url('https://api.dingtalk.com'),
  DINGTALK_OAPI_BASE: url('https://oapi.dingtalk.com'),
  NODE_ENV: text,
})

export type Env = z.infer<typeof envSchema>

export type Config = Env & { wecom: boolean; dingtalk: boolean }

/** All mistakes of the environment at once, a line each: variable, what is wrong, what is allowed. Values are never shown. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(`环境变量（.env）有${problems.length}处错误：\n${problems.map((p) => `  - ${p}`).join('\n')}`)
  }
}

const wecomNeeds = ['WECOM_CORP_ID', 'WECOM_AGENT_ID', 'WECOM_SECRET', 'WECOM_TOKEN', 'WECOM_ENCODING_AES_KEY'] as const
const dingtalkNeeds = ['DINGTALK_CORP_ID', 'DINGTALK_CLIENT_ID', 'DINGTALK_CLIENT_SECRET'] as const
const contactsNeeds = ['WECOM_CONTACTS_SECRET', 'WECOM_CONTACTS_TOKEN', 'WECOM_CONTACTS_AES_KEY'] as const

/**
 * Reads and checks the environment (design §6). A platform counts as configured when any of its keys is set; then all that it
 * needs must be.
 * @throws ConfigError with every mistake
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const parsed = envSchema.safeParse(env, { error: inChinese })
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((i) => `${i.path.join('.')}：${i.message}`))
  }
  const e = parsed.data
  const problems: string[] = []
  const complete = (what: string, names: readonly (keyof Env)[]): boolean => {
    const missing = names.filter((n) => e[n] === undefined)
    if (missing.length === names.length) return false
    for (const n of missing) problems.push(`${n}：没有填写；${what}需要全部填写：${names.join('、')}`)
    return true
  }
  const wecom = complete('企业微信', wecomNeeds)
  const dingtalk = complete('钉钉', dingtalkNeeds)
  complete('企业微信通讯录回调', [...contactsNeeds.slice(1)])
  if (e.DINGTALK_MODE === 'http' && dingtalk) {
    for (const n of ['DINGTALK_EVENT_TOKEN', 'DINGTALK_EVENT_AES_KEY'] as const)
      if (e[n] === undefined) problems.push(`${n}：没有填写；DINGTALK_MODE=http 时需要`)
  }
  if (wecom || dingtalk) {
    if (!e.PUBLIC_BASE_URL)
      problems.push('PUBLIC_BASE_URL：没有填写；卡片要链接到本服务的页面，例如 https://jixiao.example.com')
    if (!e.SESSION_SECRET) problems.push('SESSION_SECRET：没有填写；至少32个随机字符，可用 openssl rand -hex 32 生成')
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { ...e, wecom, dingtalk }
}
