import { createHash } from 'node:crypto'
import type { Ctx } from '../src/context.ts'
import { halfWidth, trimMarks } from '../src/domain/chat-text.ts'
import type { Answer, FindCommand, TextTurn } from '../src/inbox/handler.ts'

const text = {
  hrOnly: '群祝福由人力资源开启或停止。',
  on: '已开启：今后在本群发送生日、周年祝福和新同事欢迎，只祝福愿意公开的同事，不含年龄和年份。停止请@我发“停止发祝福”。',
  off: '已停止在本群发送祝福。',
  wasOff: '本群没有开启祝福。',
  made: (name: string) =>
    `已在企业微信创建“${name}”群，今后在群里发送生日、周年祝福和新同事欢迎。停止请发“停止群祝福”。`,
  noWecom: '没有接入企业微信。钉钉请先把我加入群聊，再在群里@我发“在这里发祝福”。',
  refused: (reason: string, advice: string) => `创建失败：${reason}。${advice}。`,
  allOff: (n: number) => (n === 0 ? '目前没有开启群祝福的群。' : `已停止全部${n}个群的祝福。`),
}

const plain = (said: string): string =>
  trimMarks(
    halfWidth(said)
      .replace(/@[^\s@]{1,30}[\s\u2005]*/g, '')
      .trim(),
  )

/** What HR says to the bot in a group chat: 在这里发祝福, 停止发祝福. Undefined: anything else. */
export async function readGroupWords(turn: TextTurn, groupId: string, ctx: Ctx): Promise<string | undefined> {
  const said = plain(turn.text)
  const on = /^(?:请)?在(?:这里|本群|这个群)发(?:送)?祝福$/.test(said)
  const off = /^(?:请)?停止(?:在(?:这里|本群))?发?(?:送)?祝福$/.test(said)
  if (!on && !off) return undefined
  if (!turn.person.roles.includes('hr')) return text.hrOnly
  if (on) await ctx.wishGroups.on(turn.platform, groupId, turn.person._id, turn.at)
  else if (!(await ctx.wishGroups.has(turn.platform, groupId))) return text.wasOff
  else await ctx.wishGroups.off(turn.platform, groupId)
  await audit(ctx, turn, on ? 'wish-group-on' : 'wish-group-off')
  return on ? text.on : text.off
}

/** In private: 建祝福群 makes one on WeCom, where the app can be in no other; 停止群祝福 ends all. */
export const wishGroupCommand: FindCommand = async (turn, ctx) => {
  const said = plain(turn.text)
  const make = /^(?:建|创建|新建)(?:一个)?祝福群$/.test(said)
  const stop = /^停止(?:发?)群?祝福$/.test(said)
  return make || stop ? () => groupWishes(turn, ctx, stop) : undefined
}

async function groupWishes(turn: TextTurn, ctx: Ctx, stop: boolean): Promise<Answer[]> {
  if (!turn.person.roles.includes('hr')) return [{ text: text.hrOnly }]
  if (stop) {
    const all = await ctx.wishGroups.all()
    for (const { platform, groupId } of all) await ctx.wishGroups.off(platform, groupId)
    await audit(ctx, turn, 'wish-group-off')
    return [{ text: text.allOff(all.length) }]
  }
  const wecom = ctx.platforms.wecom
  const owner = turn.person.wecom
  if (!wecom?.createGroup || owner === undefined) return [{ text: text.noWecom }]
  const userIds = (await ctx.people.active()).flatMap((p) => p.wecom ?? [])
  const name = `${ctx.company().name}·祝福`
  // From the event: the same request again is the same group.
  const id = createHash('sha256').update(turn.id).digest('hex').slice(0, 32)
  const made = await wecom.createGroup({ id, name, owner, userIds })
  if (made.kind === 'refused') return [{ text: text.refused(made.reason, made.advice) }]
  await ctx.wishGroups.on('wecom', made.groupId, turn.person._id, turn.at)
  await audit(ctx, turn, 'wish-group-on')
  return [{ text: text.made(name) }]
}

async function audit(ctx: Ctx, turn: TextTurn, what: string): Promise<void> {
  await ctx.audit.add({ _id: `${turn.id}/wish-group`, at: turn.at, by: turn.person._id, what, to: 'wish-groups' })
}
