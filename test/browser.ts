/// <reference lib="dom" />
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Browser, chromium, type Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const installed = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The machine's Chromium where there is one, else the one that npm brought along (design §7). */
export async function launchBrowser(): Promise<Browser> {
  const own = process.env.CHROMIUM_PATH ?? installed.find((path) => existsSync(path))
  if (own) return chromium.launch({ executablePath: own, args: flags })
  const { default: packed } = await import('@sparticuz/chromium')
  // Its own list of flags ends the browser with its first context.
  return chromium.launch({
    executablePath: await packed.executablePath(),
    args: [...flags, '--no-zygote', '--disable-dev-shm-usage'],
  })
}

/** What axe finds wrong for people who see or move differently: `color-contrast <span ...>`. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    type Found = { id: string; nodes: { html: string }[] }
    // A sheet that is still sliding in is half transparent: its contrast is that of when it has come.
    await Promise.all(document.getAnimations().map((a) => a.finished.catch(() => {})))
    const { violations } = await (
      globalThis as unknown as { axe: { run(): Promise<{ violations: Found[] }> } }
    ).axe.run()
    return violations.map((v) => `${v.id} ${v.nodes.map((n) => n.html.slice(0, 120)).join(' | ')}`)
  })
}
