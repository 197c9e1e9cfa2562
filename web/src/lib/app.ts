/** Which app the page runs in, by the browser's own word. */
export const app: 'wecom' | 'dingtalk' | undefined = /wxwork/i.test(navigator.userAgent)
  ? 'wecom'
  : /dingtalk/i.test(navigator.userAgent)
    ? 'dingtalk'
    : undefined

/** Neither platform's SDK promises to answer (wecom.md §8.4, dingtalk.md §9.4): nothing of ours ever waits longer. */
export function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('timeout')), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** A number nobody else has; the same act keeps it on every try. `randomUUID` is missing in older web views and on http. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** What survives a reload, a signing in again and a lost line. Private windows have none, and the page works without. */
export const local = {
  read<T>(key: string): T | undefined {
    try {
      const text = localStorage.getItem(`jixiao/${key}`)
      return text === null ? undefined : (JSON.parse(text) as T)
    } catch {
      return undefined
    }
  },
  write(key: string, value: unknown): void {
    try {
      localStorage.setItem(`jixiao/${key}`, JSON.stringify(value))
    } catch {
      // Full or forbidden.
    }
  },
  drop(key: string): void {
    try {
      localStorage.removeItem(`jixiao/${key}`)
    } catch {
      // Forbidden.
    }
  },
}

/** What the server wrote into the page: who we are on the platforms. No secrets. */
export function pageConfig(): { wecom?: { corpId: string }; dingtalk?: { corpId: string; clientId: string } } {
  return JSON.parse(document.querySelector<HTMLMetaElement>('meta[name=jixiao]')?.content ?? '{}')
}
