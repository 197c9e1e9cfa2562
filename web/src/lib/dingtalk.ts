// Only what the pages use of `dingtalk-jsapi`: the whole of it is larger than everything else together.

import requestAuthCodeOld from 'dingtalk-jsapi/api/runtime/permission/requestAuthCode'
import closePage from 'dingtalk-jsapi/api/union/closePage'
import requestAuthCode from 'dingtalk-jsapi/api/union/requestAuthCode'
import dd from 'dingtalk-jsapi/entry/union'

/** A CommonJS module reaches us with or without its wrapper. */
const plain = <T>(module: T | { default: T }): T =>
  module && typeof module === 'object' && 'default' in module ? module.default : (module as T)

const code = plain(requestAuthCode) as (p: { corpId: string; clientId: string }) => Promise<{ code: string }>
const codeOld = plain(requestAuthCodeOld) as unknown as (p: { corpId: string }) => Promise<{ code: string }>
const close = plain(closePage) as unknown as (p: object) => Promise<unknown>

export { close as closePage, code as requestAuthCode, codeOld as requestAuthCodeOld, dd }
