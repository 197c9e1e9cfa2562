import { type Json, refuse } from './refusal.ts'
import type { Call, RawAnswer, Route } from './server.ts'
import { MEDIA_LIFE_MS, type Medium, opaqueId, type World } from './state.ts'

const MEGABYTE = 1024 * 1024
/** Size in bytes and how the file must begin (wecom.md §10.3). */
const KINDS: Record<Medium['kind'], { most: number; looks(bytes: Buffer): boolean }> = {
  image: { most: 10 * MEGABYTE, looks: (bytes) => isJpeg(bytes) || isPng(bytes) },
  voice: { most: 2 * MEGABYTE, looks: (bytes) => bytes.subarray(0, 5).toString('latin1') === '#!AMR' },
  video: { most: 10 * MEGABYTE, looks: (bytes) => bytes.subarray(4, 8).toString('latin1') === 'ftyp' },
  file: { most: 20 * MEGABYTE, looks: () => true },
}

export function mediaRoutes(world: World, base: () => string): Record<string, Route> {
  return {
    '/cgi-bin/media/upload': {
      ...{ method: 'POST', tokens: ['app'], form: true, run: (call) => upload(world, call) },
    },
    '/cgi-bin/media/uploadimg': {
      ...{ method: 'POST', tokens: ['app'], form: true },
      run(call) {
        const { bytes } = readForm(call)
        checkSize(bytes, 2 * MEGABYTE)
        if (!KINDS.image.looks(bytes)) refuse(40009, 'invalid image')
        return { errcode: 0, errmsg: 'ok', url: `${base()}/wwpic/${opaqueId(world, 32)}/0` }
      },
    },
    '/cgi-bin/media/get': {
      ...{ method: 'GET', tokens: ['app'], run: (call) => download(world, call.query.get('media_id')) },
    },
  }
}

function upload(world: World, call: Call): Json {
  const kind = call.query.get('type') as Medium['kind']
  if (!Object.hasOwn(KINDS, kind)) refuse(40004, 'invalid media type')
  const { name, bytes } = readForm(call)
  checkSize(bytes, KINDS[kind].most)
  if (!KINDS[kind].looks(bytes)) refuse(40005, 'invalid file type')
  const id = opaqueId(world, 64)
  const at = world.clock.now().getTime()
  world.media.set(id, { kind, name, bytes, at })
  return { errcode: 0, errmsg: 'ok', type: kind, media_id: id, created_at: String(Math.floor(at / 1000)) }
}

function download(world: World, id: string | null): RawAnswer {
  const medium = world.media.get(id ?? '')
  if (!medium || world.clock.now().getTime() - medium.at > MEDIA_LIFE_MS) return refuse(40007, 'invalid media_id')
  const headers = {
    'content-type': 'application/octet-stream',
    'content-disposition': `attachment; filename="${encodeURIComponent(medium.name)}"`,
  }
  return { raw: { status: 200, headers, body: medium.bytes } }
}

function checkSize(bytes: Buffer, most: number): void {
  if (bytes.length <= 5) refuse(44001, 'empty media data')
  if (bytes.length > most) refuse(45001, 'media size out of limit')
}

/** The one part of a multipart form that is called `media` and has a file name. */
function readForm(call: Call): { name: string; bytes: Buffer } {
  const type = call.headers['content-type'] ?? ''
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(type)?.[1]
  if (!boundary) return refuse(41005, 'media data missing')
  const mark = Buffer.from(`--${boundary}`)
  let at = call.raw.indexOf(mark)
  while (at >= 0) {
    const next = call.raw.indexOf(mark, at + mark.length)
    if (next < 0) break
    const part = call.raw.subarray(at + mark.length + 2, next - 2)
    const split = part.indexOf('\r\n\r\n')
    const head = part.subarray(0, Math.max(split, 0)).toString('utf8')
    const name = /filename="([^"]*)"/.exec(head)?.[1]
    if (split >= 0 && /[; ]name="media"/.test(head) && name) return { name, bytes: part.subarray(split + 4) }
    at = next
  }
  return refuse(41005, 'media data missing')
}

function isJpeg(bytes: Buffer): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff
}

function isPng(bytes: Buffer): boolean {
  return bytes.subarray(0, 4).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47]))
}
