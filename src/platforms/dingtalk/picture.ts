import { MOST_PICTURE_BYTES } from '../../domain/picture.ts'
import type { Api } from './api.ts'

/** Hosts of the platform's storage whose address may be written without TLS and has it all the same (dingtalk.md §4). */
const KNOWN = /(^|\.)(aliyuncs\.com|dingtalk\.com|dingtalkapps\.com)$/

/**
 * Where a picture is fetched from: over TLS, or from the very host that was configured.
 *
 * @param bases addresses of the platform's API, as configured
 */
export function fileAddress(text: unknown, bases: readonly string[]): string | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol === 'https:') return url.href
  if (url.protocol !== 'http:') return undefined
  if (bases.some((base) => new URL(base).origin === url.origin)) return url.href
  if (!KNOWN.test(url.hostname)) return undefined
  url.protocol = 'https:'
  return url.href
}

/** A picture that somebody sent to the robot: its code gives a short-lived address (dingtalk.md §4). */
export async function fetchPicture(
  api: Api,
  robotCode: string,
  bases: readonly string[],
  downloadCode: string,
): Promise<{ bytes: Buffer } | { tooBig: true } | undefined> {
  const answer = await api.call('/v1.0/robot/messageFiles/download', { downloadCode, robotCode }, { counted: true })
  const address = answer.ok ? fileAddress(answer.data.downloadUrl, bases) : undefined
  return address === undefined ? undefined : api.file(address, MOST_PICTURE_BYTES)
}
