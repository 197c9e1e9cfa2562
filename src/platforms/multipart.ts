import { randomBytes } from 'node:crypto'

export interface Upload {
  /** ASCII with its extension: platforms judge the kind of a file by it. */
  name: string
  type: string
  bytes: Buffer
}

/** A form with one file in its part `media`, as both platforms take pictures (wecom.md §10.3, dingtalk.md §10). */
export function multipart({ name, type, bytes }: Upload): { contentType: string; body: Buffer } {
  const boundary = `jixiao-${randomBytes(16).toString('hex')}`
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="media"; filename="${name}"; filelength=${bytes.length}\r\n` +
    `Content-Type: ${type}\r\n\r\n`
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)])
  return { contentType: `multipart/form-data; boundary=${boundary}`, body }
}
