import type { Core } from './core.ts'
import { RawReply, refuseOld } from './refusal.ts'
import type { Call, Route } from './server.ts'

const MB = 1024 * 1024
/** dingtalk.md §10 */
const TYPES: Record<string, { most: number; names: RegExp }> = {
  image: { most: 20 * MB, names: /\.(jpe?g|gif|png|bmp)$/i },
  voice: { most: 2 * MB, names: /\.(amr|mp3|wav)$/i },
  video: { most: 20 * MB, names: /\.mp4$/i },
  file: { most: 20 * MB, names: /\.(docx?|xlsx?|pptx?|zip|pdf|rar)$/i },
}

/** `media/upload`: multipart with a part `media`, the type in the address (dingtalk.md §10). */
export function createMedia(core: Core): { routes: Route[] } {
  const kept = new Map<string, Buffer>()

  function upload({ query, headers, raw }: Call) {
    const type = query.get('type') ?? ''
    const rule = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
    if (!rule) throw refuseOld(40004, '不合法的媒体文件类型')
    const file = readFilePart(headers['content-type'] ?? '', raw)
    if (!file) throw refuseOld(41005, '缺少媒体文件数据')
    if (!rule.names.test(file.name)) throw refuseOld(40005, '不合法的文件类型')
    const most = type === 'image' ? core.variants.imageBytes : rule.most
    if (file.content.length > most) throw refuseOld(40006, '不合法的文件大小')
    const media_id = `@${core.random.hex(24)}`
    kept.set(media_id, file.content)
    return { errcode: 0, errmsg: 'ok', type, media_id, created_at: core.now() }
  }

  return {
    routes: [
      { method: 'POST', path: '/media/upload', host: 'oapi', counted: true, handle: upload },
      {
        method: 'GET',
        path: '/media/{id}',
        host: 'oapi',
        open: true,
        handle({ params }) {
          const content = kept.get(params.id!)
          return content
            ? new RawReply(200, 'application/octet-stream', content)
            : new RawReply(404, 'text/plain', 'not found')
        },
      },
    ],
  }
}

/** The part named `media` of a multipart body. */
function readFilePart(contentType: string, raw: Buffer): { name: string; content: Buffer } | undefined {
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(contentType)?.[1]
  if (!boundary) return undefined
  const mark = Buffer.from(`--${boundary}`)
  let at = raw.indexOf(mark)
  while (at >= 0) {
    const next = raw.indexOf(mark, at + mark.length)
    if (next < 0) return undefined
    const part = raw.subarray(at + mark.length + 2, next - 2)
    const split = part.indexOf('\r\n\r\n')
    const head = part.subarray(0, Math.max(split, 0)).toString('utf8')
    const name = /filename="([^"]*)"/i.exec(head)?.[1]
    if (split >= 0 && name && /\bname="media"/i.test(head)) return { name, content: part.subarray(split + 4) }
    at = next
  }
  return undefined
}
