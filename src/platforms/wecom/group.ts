import type { NewGroup, SendResult } from '../port.ts'
import type { Api } from './api.ts'
import { drawText } from './draw-text.ts'

const EXISTS = 86215
const NOT_OURS = 86008
const RANGE_TOO_SMALL = 48002
const NOT_MADE_BY_US: SendResult = {
  kind: 'refused',
  reason: '不是本应用创建的群，或群已解散',
  advice: '请由人力资源发“停止群祝福”，再发“建祝福群”重新创建',
}
/** wecom.md §10.1 */
const MOST_MEMBERS = 2000
const LONGEST_NAME = 50

/** Posts into a group that this app made (appchat/send); other groups are closed to a self-built app. */
export async function postToGroup(api: Api, groupId: string, text: string): Promise<SendResult> {
  if (!/^[0-9A-Za-z]{1,32}$/.test(groupId)) return NOT_MADE_BY_US
  for (const content of drawText(text)) {
    const reply = await api.post('/cgi-bin/appchat/send', { chatid: groupId, msgtype: 'text', text: { content } })
    if (reply.kind === 'failed') return reply.code === NOT_OURS ? NOT_MADE_BY_US : reply.failure
  }
  return { kind: 'sent' }
}

/**
 * Makes a group chat (appchat/create), which only an app that sees the whole company may do. The same id again is the same
 * group.
 */
export async function createGroup(
  api: Api,
  { id, name, owner, userIds }: NewGroup,
): Promise<{ kind: 'made'; groupId: string } | { kind: 'refused'; reason: string; advice: string }> {
  const userlist = [...new Set([owner, ...userIds])].slice(0, MOST_MEMBERS)
  if (userlist.length < 2)
    return { kind: 'refused', reason: '群成员不足两人', advice: '请先将员工加入应用可见范围并同步通讯录' }
  const body = { name: [...name].slice(0, LONGEST_NAME).join(''), owner, userlist, chatid: id }
  const reply = await api.post('/cgi-bin/appchat/create', body)
  if (reply.kind === 'ok' || reply.code === EXISTS) return { kind: 'made', groupId: id }
  const { failure } = reply
  if (reply.code === RANGE_TOO_SMALL)
    return { kind: 'refused', reason: failure.reason, advice: '请在管理后台将应用可见范围设为全公司后再试' }
  return failure.kind === 'refused'
    ? { kind: 'refused', reason: failure.reason, advice: failure.advice }
    : { kind: 'refused', reason: failure.reason, advice: '请稍后再试' }
}
