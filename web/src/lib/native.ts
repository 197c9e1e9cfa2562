import { app, pageConfig, withTimeout } from './app.ts'

/** What the app around the page can do for it. Everything here is a courtesy: without it the page works all the same. */
const PATIENCE_MS = 3_000

async function signature(kind: 'config' | 'agent', url: string) {
  const answer = await fetch(`/api/js-signature?platform=wecom&kind=${kind}&url=${encodeURIComponent(url)}`)
  if (!answer.ok) throw new Error('not signed')
  return answer.json()
}

let wecom: Promise<typeof import('@wecom/jssdk') | undefined> | undefined

/** The SDK, registered once; undefined outside WeCom, where it would wait for ever (wecom.md §8.4). */
function ww() {
  wecom ??= (async () => {
    if (app !== 'wecom') return undefined
    const sdk = await import('@wecom/jssdk')
    if (!sdk.env.isWeCom) return undefined
    const corpId = pageConfig().wecom?.corpId
    if (!corpId) return undefined
    sdk.register({
      corpId,
      jsApiList: ['closeWindow', 'hideOptionMenu', 'onHistoryBack'],
      getConfigSignature: (url: string) => signature('config', url),
    })
    return sdk
  })().catch(() => undefined)
  return wecom
}

/** Results are nobody else's: the menu that shares the page goes. */
export async function hideShare(): Promise<void> {
  const sdk = await ww()
  if (sdk) await withTimeout(Promise.resolve(sdk.hideOptionMenu()), PATIENCE_MS).catch(() => undefined)
}

/** @returns false where the app does not close pages: DingTalk on computers, ordinary browsers */
export async function closePage(): Promise<boolean> {
  try {
    if (app === 'wecom') {
      const sdk = await ww()
      if (!sdk) return false
      await withTimeout(Promise.resolve(sdk.closeWindow()), PATIENCE_MS)
      return true
    }
    if (app === 'dingtalk') {
      const { closePage: close } = await import('./dingtalk.ts')
      await withTimeout(close({}), PATIENCE_MS)
      return true
    }
  } catch {
    // Not in this client.
  }
  return false
}

/**
 * Asks `mayLeave` when the app's own back button is pressed.
 * @param mayLeave true at once when nothing would be lost; otherwise it asks and goes back by itself
 */
export function guardBack(mayLeave: () => boolean): () => void {
  let on = true
  void ww().then((sdk) => {
    if (sdk && on) sdk.onHistoryBack(() => (on ? mayLeave() : true))
  })
  // DingTalk on Android.
  const onBackButton = (event: Event) => {
    if (!mayLeave()) event.preventDefault()
  }
  document.addEventListener('backbutton', onBackButton)
  return () => {
    on = false
    document.removeEventListener('backbutton', onBackButton)
  }
}
