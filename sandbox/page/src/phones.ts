import type { PlatformName } from '../../company/people.ts'

/** A phone on the screen. */
export interface PhoneRef {
  platform: PlatformName
  userId: string
}

const platforms: PlatformName[] = ['wecom', 'dingtalk']

/** `#wecom/zhaomin+dingtalk/qianjin`: which phones a window shows, so that it can be bookmarked. */
export function readHash(hash: string): PhoneRef[] {
  return decodeURIComponent(hash.replace(/^#/, ''))
    .split('+')
    .map((part) => part.split('/'))
    .filter(([platform, userId]) => platforms.includes(platform as PlatformName) && userId)
    .map(([platform, userId]) => ({ platform: platform as PlatformName, userId: userId! }))
    .slice(0, 2)
}

export const hashOf = (phones: PhoneRef[]): string => `#${phones.map((p) => `${p.platform}/${p.userId}`).join('+')}`

export const platformName: Record<PlatformName, string> = { wecom: '企业微信', dingtalk: '钉钉' }

/** Colours of name tiles, the same for the same person everywhere. */
const tiles = ['#4a7dcf', '#3f9d7a', '#c9803a', '#8a63b8', '#c05a6b', '#4794a8', '#7b8a3c', '#5c6bb5']
export function tileColor(name: string): string {
  let sum = 0
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)!) >>> 0
  return tiles[sum % tiles.length]!
}
