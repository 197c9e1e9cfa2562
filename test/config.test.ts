import { expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'

const wecom = {
  WECOM_CORP_ID: 'ww1',
  WECOM_AGENT_ID: '1000002',
  WECOM_SECRET: 'top-secret-value',
  WECOM_TOKEN: 'token',
  WECOM_ENCODING_AES_KEY: 'jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C',
  PUBLIC_BASE_URL: 'https://jixiao.example.com/',
  SESSION_SECRET: 'x'.repeat(32),
}

const problems = (env: Record<string, string>): string[] => {
  try {
    readConfig(env)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).problems
  }
}

test('nothing set is a good environment: no platform, every default', () => {
  expect(readConfig({})).toMatchObject({
    PORT: 3000,
    DATA_DIR: './data',
    wecom: false,
    dingtalk: false,
    DINGTALK_MODE: 'stream',
  })
})

test('a whole platform is taken, addresses without their last slash', () => {
  expect(readConfig(wecom)).toMatchObject({
    wecom: true,
    dingtalk: false,
    PUBLIC_BASE_URL: 'https://jixiao.example.com',
    WECOM_AGENT_ID: 1000002,
  })
})

test('empty means not set', () => {
  expect(readConfig({ PORT: '', MONGODB_URI: '', WECOM_CORP_ID: '' })).toMatchObject({ PORT: 3000, wecom: false })
})

test('every mistake is named at once', () => {
  const found = problems({ PORT: 'abc', LOG_LEVEL: 'loud', WECOM_ENCODING_AES_KEY: 'short', MONGODB_URI: 'http://x' })
  expect(found.map((p) => p.split('：')[0])).toEqual(['PORT', 'MONGODB_URI', 'LOG_LEVEL', 'WECOM_ENCODING_AES_KEY'])
})

test('half a platform names what is missing', () => {
  const { WECOM_SECRET: _, PUBLIC_BASE_URL: __, ...half } = wecom
  expect(problems(half).map((p) => p.split('：')[0])).toEqual(['WECOM_SECRET', 'PUBLIC_BASE_URL'])
})

test('http mode of DingTalk needs the keys of its events', () => {
  const env = {
    DINGTALK_CORP_ID: 'a',
    DINGTALK_CLIENT_ID: 'b',
    DINGTALK_CLIENT_SECRET: 'c',
    PUBLIC_BASE_URL: 'https://a.b',
    SESSION_SECRET: 'x'.repeat(32),
  }
  expect(problems(env)).toEqual([])
  expect(problems({ ...env, DINGTALK_MODE: 'http' }).map((p) => p.split('：')[0])).toEqual([
    'DINGTALK_EVENT_TOKEN',
    'DINGTALK_EVENT_AES_KEY',
  ])
})

test('a mistake never shows the value', () => {
  const message = problems({ ...wecom, WECOM_TOKEN: 'bad secret!', SESSION_SECRET: 'tiny-secret' }).join('\n')
  expect(message).not.toMatch(/bad secret|tiny-secret|top-secret/)
  expect(message).toMatch(/WECOM_TOKEN.*\n.*SESSION_SECRET|SESSION_SECRET.*\n.*WECOM_TOKEN/)
})
