import { z } from 'zod'

const empty = (v: unknown) => (v === '' ? undefined : v)
const text = z.preprocess(empty, z.string().trim().min(1).optional())
const url = (fallback: string) =>
  z.preprocess(
    empty,
    z
      .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
      .default(fallback)
      .transform((v) => v.replace(/\/+$/, '')),
  )
const aesKey = z.preprocess(
  empty,
  z
    .string()
    .regex(/^[A-Za-z0-9]{43}$/, 'must be 43 letters and digits')
    .optional(),
)

const envSchema = z.object({
  PORT: z.preprocess(empty, z.coerce.number().int().min(0).max(65535).default(3000)),
  PUBLIC_BASE_URL: z.preprocess(
    empty,
    z
      .url({ protocol: /^https?$/ })
      .transform((v) => v.replace(/\/+$/, ''))
      .optional(),
  ),
  DATA_DIR: z.preprocess(empty, z.string().default('./data')),
  MONGODB_URI: z.preprocess(
    empty,
    z
      .string()
      .regex(/^mongodb(\+srv)?:\/\//, 'must begin with mongodb:// or mongodb+srv://')
      .optional(),
  ),
  COMPANY_FILE: z.preprocess(empty, z.string().default('./company.yaml')),
  LOG_LEVEL: z.preprocess(
    empty,
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ),
  SESSION_SECRET: z.preprocess(empty, z.string().min(32, 'must have at least 32 characters').optional()),
  ADMIN_TOKEN: z.preprocess(empty, z.string().min(24, 'must have at least 24 characters').optional()),
  WECOM_CORP_ID: text,
  WECOM_AGENT_ID: z.preprocess(
    empty,
    z.coerce.number({ error: 'must be the number of the app' }).int().positive().optional(),
  ),
  WECOM_SECRET: text,
  WECOM_TOKEN: z.preprocess(
    empty,
    z
      .string()
      .regex(/^[A-Za-z0-9]{1,32}$/, 'must be 1 to 32 letters and digits')
      .optional(),
  ),
  WECOM_ENCODING_AES_KEY: aesKey,
  WECOM_CONTACTS_SECRET: text,
  WECOM_CONTACTS_TOKEN: z.preprocess(
    empty,
    z
      .string()
      .regex(/^[A-Za-z0-9]{1,32}$/, 'must be 1 to 32 letters and digits')
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
    super(`The environment has ${problems.length} mistake(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`)
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
  const parsed = envSchema.safeParse(env)
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`))
  }
  const e = parsed.data
  const problems: string[] = []
  const complete = (what: string, names: readonly (keyof Env)[]): boolean => {
    const missing = names.filter((n) => e[n] === undefined)
    if (missing.length === names.length) return false
    for (const n of missing) problems.push(`${n}: is missing; ${what} needs all of ${names.join(', ')}`)
    return true
  }
  const wecom = complete('WeCom', wecomNeeds)
  const dingtalk = complete('DingTalk', dingtalkNeeds)
  complete('the WeCom contacts callback', [...contactsNeeds.slice(1)])
  if (e.DINGTALK_MODE === 'http' && dingtalk) {
    for (const n of ['DINGTALK_EVENT_TOKEN', 'DINGTALK_EVENT_AES_KEY'] as const)
      if (e[n] === undefined) problems.push(`${n}: is missing; DINGTALK_MODE=http needs it`)
  }
  if (wecom || dingtalk) {
    if (!e.PUBLIC_BASE_URL)
      problems.push('PUBLIC_BASE_URL: is missing; cards link to our pages, e.g. https://jixiao.example.com')
    if (!e.SESSION_SECRET)
      problems.push('SESSION_SECRET: is missing; at least 32 random characters, e.g. from: openssl rand -hex 32')
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { ...e, wecom, dingtalk }
}
