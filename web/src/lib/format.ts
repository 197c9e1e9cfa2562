import { ref } from 'vue'

const zone = ref('Asia/Shanghai')

/** Instants are shown in the company's time, wherever the phone is. */
export function showIn(companyZone: string): void {
  zone.value = companyZone
}

/** 11月28日 11:58 */
export function instant(iso: string): string {
  const formatter = new Intl.DateTimeFormat('zh-CN', {
    timeZone: zone.value,
    month: 'numeric',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const p = Object.fromEntries(formatter.formatToParts(new Date(iso)).map((x) => [x.type, x.value]))
  return `${p.month}月${p.day}日 ${p.hour}:${p.minute}`
}

/** 还剩 2天3小时 / 1小时20分 / 4分30秒; undefined when it is over. */
export function remaining(ms: number): string | undefined {
  if (ms < 0) return undefined
  const s = Math.floor(ms / 1000)
  const [d, h, m] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60]
  if (d > 0) return h > 0 ? `${d}天${h}小时` : `${d}天`
  if (h > 0) return m > 0 ? `${h}小时${m}分` : `${h}小时`
  return m >= 10 ? `${m}分钟` : `${m}分${s % 60}秒`
}

/** Points as typed on a phone: full-width digits and a trailing 分 are meant. NaN when it is no number. */
export function readPoints(text: string): number {
  const half = text
    .trim()
    .replace(/[０-９．]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(/[。]/g, '.')
    .replace(/分$/, '')
  return /^\d+(\.\d+)?$/.test(half) ? Number(half) : Number.NaN
}
