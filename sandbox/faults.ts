import type { World } from './world.ts'

/** Something that goes wrong on the platforms when somebody wants to see how the bot takes it. */
export interface FaultSwitch {
  name: string
  label: string
  about: string
  /** Strikes once and is over. */
  once?: boolean
  isOn(world: World): boolean
  set(world: World, on: boolean): void
}

/** Real milliseconds that every answer of a slow platform takes. */
const SLOW_MS = 800

export const faultSwitches: FaultSwitch[] = [
  {
    name: 'down',
    label: '平台宕机',
    about: '两个平台都不应答；恢复后机器人补发',
    isOn: (w) => w.standIns.some((s) => s.platform === 'wecom' && w.wecom.faults.down),
    set(w, on) {
      w.wecom.faults.down = on
      w.dingtalk.faults.down = on
    },
  },
  {
    name: 'slow',
    label: '网络变慢',
    about: '平台的每次应答慢0.8秒',
    isOn: (w) => w.wecom.faults.slowMs > 0,
    set(w, on) {
      w.wecom.faults.slowMs = on ? SLOW_MS : 0
      w.dingtalk.faults.slowMs = on ? SLOW_MS : 0
    },
  },
  {
    name: 'busy',
    label: '系统繁忙',
    about: '三成调用返回“系统繁忙”，由机器人重试',
    isOn: (w) => w.wecom.faults.busyShare > 0,
    set(w, on) {
      w.wecom.faults.busyShare = on ? 0.3 : 0
      w.dingtalk.faults.busyShare = on ? 0.3 : 0
    },
  },
  {
    name: 'repeat',
    label: '推送重复',
    about: '平台把每条消息和点击推送两次，机器人只应处理一次',
    isOn: (w) => w.wecom.quirks.duplicateDeliveries !== 'no',
    set(w, on) {
      w.wecom.quirks.duplicateDeliveries = on ? 'after' : 'no'
      w.dingtalk.faults.duplicateShare = on ? 1 : 0
    },
  },
  {
    name: 'token',
    label: '令牌失效',
    about: '平台提前作废访问令牌（一次）',
    once: true,
    isOn: () => false,
    set(w) {
      w.wecom.invalidateTokens()
      w.dingtalk.faults.invalidateTokens()
    },
  },
  {
    name: 'drop',
    label: '钉钉断线',
    about: '切断钉钉长连接，机器人自动重连（一次）',
    once: true,
    isOn: () => false,
    set(w) {
      w.dingtalk.faults.dropSockets()
    },
  },
]
