/** An answer with an errcode. HTTP stays 200, as on the platform (wecom.md §6.1). */
export class Refusal extends Error {
  readonly errcode: number
  constructor(errcode: number, message: string) {
    super(message)
    this.errcode = errcode
  }
}

/** @throws Refusal always */
export function refuse(errcode: number, message: string): never {
  throw new Refusal(errcode, message)
}

/** The shape of `errmsg` (wecom.md §6.1): text, hint, address, link, and a warning for a malformed body. */
export function errmsg(o: { errcode: number; text: string; hint: string; ip: string; wrongJson: boolean }): string {
  const warning = o.wrongJson ? ' Warning: wrong json format. ' : ''
  const link = `https://open.work.weixin.qq.com/devtool/query?e=${o.errcode}`
  return `${o.text}, hint: [${o.hint}], from ip: ${o.ip}, more info at ${link}${warning}`
}

export type Json = Record<string, unknown>

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Cuts to at most `bytes` of UTF-8, never inside a code point (wecom.md §13 row 11). */
export function cutBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text, 'utf8')
  if (whole.length <= bytes) return text
  let end = bytes
  while (end > 0 && (whole[end]! & 0xc0) === 0x80) end--
  return whole.toString('utf8', 0, end)
}
