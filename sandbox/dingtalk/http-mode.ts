import type { Core } from './core.ts'
import { cardSignature, decryptEvent, encryptEvent, eventSignature, robotSignature } from './crypto.ts'
import { isRecord, isText, type Json, parseJson } from './json.ts'
import type { HttpAddresses } from './options.ts'
import { refuse } from './refusal.ts'
import type { Route } from './server.ts'

export interface HttpMode {
  routes: Route[]
  addresses: HttpAddresses
  hasRouteKey(key: string): boolean
  /** `undefined`: not taken. Otherwise the body of the answer, `{}` when it was empty. */
  postRobot(message: Json): Promise<Json | undefined>
  /** True when the answer is the encrypted word `success` under a good signature. */
  postEvent(event: Json): Promise<boolean>
  postCard(routeKey: string, data: Json): Promise<Json | undefined>
}

/** Callbacks over HTTP (dingtalk.md §3). */
export function createHttpMode(core: Core, addresses: HttpAddresses): HttpMode {
  const { app, deadlines, random, variants } = core
  const routeKeys = new Map<string, { callbackUrl: string; apiSecret: string }>()

  async function post(url: string, headers: Record<string, string>, body: Json, ms: number) {
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal: AbortSignal.timeout(ms),
      })
      const text = await answer.text()
      return answer.status === 200 ? text : undefined
    } catch {
      return undefined
    }
  }

  function readJson(text: string | undefined): Json | undefined {
    if (text === undefined) return undefined
    if (text.trim() === '') return {}
    const body = parseJson(text)
    if (isRecord(body)) return body
    core.violation('http: the answer is no JSON object')
    return undefined
  }

  async function postEvent(event: Json): Promise<boolean> {
    const { eventsUrl, eventToken: token, eventAesKey: aesKey } = addresses
    if (!eventsUrl || !token || !aesKey) return false
    const ownerKey = variants.ownerKey === 'clientId' ? app.clientId : app.corpId
    const encrypt = encryptEvent({ token, aesKey, ownerKey }, JSON.stringify(event), random.hex(16))
    const timestamp = String(core.now())
    const nonce = random.hex(8)
    const signature = eventSignature(token, timestamp, nonce, encrypt)
    const url = new URL(eventsUrl)
    url.searchParams.set(variants.oldEventQuery ? 'signature' : 'msg_signature', signature)
    url.searchParams.set(variants.oldEventQuery ? 'timeStamp' : 'timestamp', timestamp)
    url.searchParams.set('nonce', nonce)
    const answer = readJson(await post(url.href, {}, { encrypt }, deadlines.httpMs))
    if (!answer) return false
    const why = wrongAnswer(answer, token, aesKey, ownerKey)
    if (why) core.violation(`http: ${why}`)
    return why === undefined
  }

  const registerRoute: Route = {
    method: 'POST',
    path: '/v1.0/card/callbacks/register',
    host: 'api',
    scope: 'Card.Instance.Write',
    counted: true,
    handle({ body }) {
      if (!isText(body.callbackRouteKey) || !isText(body.callbackUrl)) throw refuse('param.empty')
      if (!URL.canParse(body.callbackUrl)) throw refuse('param.invalid', 'callbackUrl不合法')
      const known = routeKeys.get(body.callbackRouteKey)
      if (known && body.forceUpdate !== true) {
        if (variants.routeKeyExists === 'error') throw refuse('param.callbackRouteKeyExist', undefined, 500)
        return { success: true, result: known }
      }
      const apiSecret = isText(body.apiSecret) ? body.apiSecret : ''
      const entry = { callbackUrl: body.callbackUrl, apiSecret }
      routeKeys.set(body.callbackRouteKey, entry)
      return { success: true, result: entry }
    },
  }

  return {
    routes: [registerRoute],
    addresses,
    hasRouteKey: (key) => routeKeys.has(key),
    async postRobot(message) {
      if (!addresses.robotUrl) return undefined
      const timestamp = String(core.now())
      const headers = { timestamp, sign: robotSignature(timestamp, app.clientSecret) }
      return readJson(await post(addresses.robotUrl, headers, message, deadlines.httpMs))
    },
    postEvent,
    async postCard(routeKey, data) {
      const entry = routeKeys.get(routeKey)
      if (!entry) return undefined
      const timestamp = String(core.now())
      const headers: Record<string, string> = {}
      if (entry.apiSecret) {
        headers['x-ddpaas-signature-timestamp'] = timestamp
        headers['x-ddpaas-signature'] = cardSignature(timestamp, entry.apiSecret)
      }
      return readJson(await post(entry.callbackUrl, headers, data, deadlines.clickMs))
    },
  }
}

/** What is wrong with `{msg_signature, encrypt, timeStamp, nonce}`, if anything. */
function wrongAnswer(answer: Json, token: string, aesKey: string, ownerKey: string): string | undefined {
  const { msg_signature, encrypt, nonce } = answer
  const timeStamp = typeof answer.timeStamp === 'number' ? String(answer.timeStamp) : answer.timeStamp
  if (!isText(encrypt) || !isText(nonce) || !isText(timeStamp)) return 'the answer to an event lacks a field'
  if (msg_signature !== eventSignature(token, timeStamp, nonce, encrypt))
    return 'the answer to an event has a wrong signature'
  try {
    const plain = decryptEvent(aesKey, encrypt)
    if (plain.message !== 'success') return 'the answer to an event is not success'
    if (plain.ownerKey !== ownerKey) return 'the answer to an event has a wrong owner key'
    return undefined
  } catch {
    return 'the answer to an event cannot be decrypted'
  }
}
