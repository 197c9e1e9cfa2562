import type { Json } from './json.ts'

/** An answer that refuses, in the shape of the host it comes from (dingtalk.md §1.2). */
export class Refusal extends Error {
  readonly status: number
  readonly body: Json

  constructor(status: number, body: Json) {
    super(String(body.code ?? body.errcode))
    this.status = status
    this.body = body
  }
}

/** api.dingtalk.com: an HTTP status of 4xx or 5xx with `code` and `message`. */
export function refuse(code: string, message = code, status = 400, extra: Json = {}): Refusal {
  return new Refusal(status, { code, message, ...extra })
}

/** oapi.dingtalk.com: HTTP 200 with a number. */
export function refuseOld(errcode: number, errmsg: string, extra: Json = {}): Refusal {
  return new Refusal(200, { errcode, errmsg, ...extra })
}

/** An answer that is no JSON object: a file, XML, the page of the firewall. */
export class RawReply {
  readonly status: number
  readonly contentType: string
  readonly body: string | Buffer

  constructor(status: number, contentType: string, body: string | Buffer) {
    this.status = status
    this.contentType = contentType
    this.body = body
  }
}
