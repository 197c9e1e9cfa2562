import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

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
