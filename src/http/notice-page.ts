import type { Context } from 'koa'

/** A plain page for those who cannot get in: needs no script, no session, and never waits for anything. */
export function noticePage(
  ctx: Context,
  status: number,
  title: string,
  text: string,
  link?: { text: string; href: string },
) {
  ctx.status = status
  ctx.set('Cache-Control', 'no-store')
  ctx.set(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  )
  ctx.type = 'text/html; charset=utf-8'
  const action = link ? `<p><a href="${escapeHtml(link.href)}">${escapeHtml(link.text)}</a></p>` : ''
  ctx.body = `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover"><meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title><style>
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1rem/1.7 system-ui,-apple-system,"PingFang SC","Microsoft YaHei",sans-serif;background:#f5f6f8;color:#1f2329}
main{max-width:22rem;padding:2rem;text-align:center}h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:.5rem 0;color:#51565d}
a{display:inline-block;min-height:44px;line-height:44px;padding:0 1.5rem;border-radius:.6rem;background:#1456c4;color:#fff;text-decoration:none}
@media(prefers-color-scheme:dark){body{background:#111418;color:#e8eaed}p{color:#b4bac2}a{background:#8ab4ff;color:#0b1b33}}
</style></head><body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${action}</main></body></html>`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => entities[c]!)
