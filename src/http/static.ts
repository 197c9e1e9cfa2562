import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Context } from 'koa'

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
}

interface File {
  type: string
  plain: Buffer
  br?: Buffer
  gzip?: Buffer
}

/**
 * What the pages may load: only what is ours. Vue and Vant set styles by script, which `style-src` does not see; the inline
 * styles are Vant's transitions. The JS-SDKs of the platforms talk to the app around them, not to a server.
 */
const CSP = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "object-src 'none'",
  "form-action 'self'",
  "frame-ancestors 'self'",
].join('; ')

/** What the page needs to know before anybody is signed in. */
export interface PageConfig {
  wecom?: { corpId: string }
  dingtalk?: { corpId: string; clientId: string }
}

export type StaticPages = ReturnType<typeof staticPages>

/**
 * The built pages from memory: they are small, and what is not there cannot be asked for, so no path leads out of the folder.
 * Assets carry their content's hash in their names and are kept for a year; the page itself is asked for every time.
 *
 * @param dir `web/dist` as `web/build.mjs` leaves it
 * @param config written into the page
 */
export function staticPages(dir: string, config: PageConfig) {
  const assets = new Map<string, File>()
  const assetDir = join(dir, 'assets')
  const built = existsSync(join(dir, 'index.html'))
  if (built) {
    for (const name of readdirSync(assetDir)) {
      const type = types[extname(name)]
      if (!type) continue
      const packed = (end: string) => {
        const path = join(assetDir, name + end)
        return existsSync(path) ? readFileSync(path) : undefined
      }
      const br = packed('.br')
      const gzip = packed('.gz')
      assets.set(name, { type, plain: readFileSync(join(assetDir, name)), ...(br && { br }), ...(gzip && { gzip }) })
    }
  }
  const html = built ? readFileSync(join(dir, 'index.html'), 'utf8') : ''
  const content = JSON.stringify(config).replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;')
  const plain = Buffer.from(html.replace('<!--config-->', `<meta name="jixiao" content="${content}">`))
  const index: File = { type: 'text/html; charset=utf-8', plain, br: brotliCompressSync(plain), gzip: gzipSync(plain) }
  /** Which scripts a page needs beyond the entry, so that the browser need not find out one by one. */
  const preloadFile = join(dir, 'preload.json')
  const preload: Record<string, string[]> =
    built && existsSync(preloadFile) ? JSON.parse(readFileSync(preloadFile, 'utf8')) : {}

  function send(ctx: Context, file: File): void {
    ctx.type = file.type
    ctx.vary('Accept-Encoding')
    const encoding = ctx.acceptsEncodings('br', 'gzip', 'identity')
    const packed = encoding === 'br' ? file.br : encoding === 'gzip' ? file.gzip : undefined
    if (packed) ctx.set('Content-Encoding', encoding as string)
    ctx.body = packed ?? file.plain
  }

  return {
    built,
    /** One built file; false when there is none of that name. */
    asset(ctx: Context, name: string): boolean {
      const file = assets.get(name)
      if (!file) return false
      ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
      send(ctx, file)
      return true
    },
    /** The page, whatever its address below `/h5/`. */
    index(ctx: Context, signedIn: boolean): void {
      ctx.set('Cache-Control', 'no-cache')
      ctx.set('Content-Security-Policy', CSP)
      ctx.set('Referrer-Policy', 'same-origin')
      const page = ctx.path.split('/')[2] || 'home'
      const links = (preload[page] ?? []).map((href) =>
        href.endsWith('.css') ? `<${href}>; rel=preload; as=style; crossorigin` : `<${href}>; rel=modulepreload`,
      )
      // What the page will ask for first can come along with its scripts.
      const first = signedIn ? firstCallOf(ctx.path) : undefined
      if (first) links.push(`<${first}>; rel=preload; as=fetch; crossorigin=anonymous`)
      if (links.length > 0) ctx.set('Link', links.join(', '))
      send(ctx, index)
    },
  }
}

/** The first call of a page, as `web/src/pages` makes it. */
function firstCallOf(path: string): string | undefined {
  const [, , page = '', ...rest] = path.split('/')
  const plain = rest.every((part) => /^[A-Za-z0-9-]*$/.test(part))
  if (!plain) return undefined
  switch (page) {
    case '':
      return '/api/home'
    case 'week':
      return rest[0] ? `/api/week?week=${rest[0]}` : '/api/week'
    case 'score':
      return rest.length === 2 ? `/api/score/${rest.join('/')}` : undefined
    case 'results':
      return '/api/results'
    default:
      return undefined
  }
}
