import { encrypt, sign } from '../../src/platforms/wecom/crypto.ts'
import { keys } from './keys.ts'

const aesKey = Buffer.from(`${keys.aesKey}=`, 'base64')

/** Callbacks as WeCom sends them, each with an id of its own: `text` hands in a plan, `nothing` needs no storing. */
export function requests(n: number, what: 'text' | 'nothing', people = 5_000) {
  const now = String(Math.floor(Date.now() / 1000))
  return Array.from({ length: n }, (_, i) => {
    const id = `${Date.now()}${process.hrtime.bigint()}${i}`
    const common = `<ToUserName><![CDATA[${keys.corpId}]]></ToUserName><FromUserName><![CDATA[u${i % people}]]></FromUserName><CreateTime>${now}</CreateTime><AgentID>1000002</AgentID>`
    const xml =
      what === 'text'
        ? `<xml>${common}<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[周计划 采购对账 30分]]></Content><MsgId>${id}</MsgId></xml>`
        : `<xml>${common}<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[LOCATION]]></Event><Latitude>31.2</Latitude><Longitude>121.4</Longitude><Precision>65</Precision></xml>`
    const encrypted = encrypt({ ...keys, aesKey, receiveId: keys.corpId }, xml)
    const nonce = String(i)
    const query = `msg_signature=${sign(keys.token, now, nonce, encrypted)}&timestamp=${now}&nonce=${nonce}`
    const body = `<xml><ToUserName><![CDATA[${keys.corpId}]]></ToUserName><Encrypt><![CDATA[${encrypted}]]></Encrypt><AgentID>1000002</AgentID></xml>`
    return { id, path: `/wecom/callback?${query}`, body }
  })
}
