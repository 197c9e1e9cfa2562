import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { help } from '../handlers/help.ts'
import { handlers } from '../handlers/index.ts'
import { isCancel, wishes } from '../src/domain/commands.ts'
import { createDispatch } from '../src/inbox/dispatch.ts'
import type { Handlers } from '../src/inbox/handler.ts'
import type { Person } from '../src/store/people.ts'
import { type MonthWorld, startMonthWorld } from './month-world.ts'

let world: MonthWorld
let everything: Person
beforeAll(async () => {
  world = await startMonthWorld({ start: '2026-11-25T10:00:00+08:00' })
  // Somebody who leads people and has every role, so that nothing is out of reach.
  const li = (await world.bot().ctx.people.get(await world.idOf('li')))!
  everything = { ...li, roles: ['hr', 'gm', 'admin'] }
})
afterAll(() => world?.stop())

/** Words that may as well be the answer that was asked for: the reason 病假, the time 明天. */
const conversation = ['confirm', 'cancel', 'change', 'on-leave', 'on-trip', 'snooze', 'acknowledge', 'thanks']

/** What 帮助 tells people to send, and every wish of the list in its first form. */
async function everyCommand(): Promise<string[]> {
  const turn = { id: 'help', at: world.clock.now(), platform: 'wecom' as const, person: everything }
  const told = (await help(turn, world.bot().ctx)).map((a) => ('text' in a ? a.text : '')).join('\n')
  const inHelp = [...told.matchAll(/“([^”]+)”/g)]
    .map(([, words]) => words!.replaceAll('姓名', '赵敏'))
    // Words about one's own plan may be the reason of sending back somebody else's.
    .filter((words) => !/^1\. |^需支持|请假|第\d项|再加一项/.test(words))
  const known = wishes
    .filter(([intent]) => !conversation.includes(intent))
    // Some begin with a pattern.
    .map(([, words]) => (words.startsWith('(') ? '销假' : words.split('|')[0]!))
    // An anonymous comment is sealed by the inbox before anything else.
    .filter((words) => words !== '匿名意见')
  // 撤销 means the question.
  return [...new Set([...inHelp, ...known])].filter((words) => !isCancel(words))
}

describe('while the bot waits for words', () => {
  test('every command ends any waiting, and is never taken for the answer', async () => {
    const { ctx } = world.bot()
    const commands = await everyCommand()
    expect(commands).toEqual(
      expect.arrayContaining([
        '约面谈 赵敏 周三下午3点 会议室',
        '更正 赵敏 2026-11 +2 原因',
        '记 赵敏 会议迟到 1次',
        '节点',
      ]),
    )
    expect(commands.length).toBeGreaterThan(40)
    const swallowed: string[] = []
    const talks: Handlers['talks'] = Object.fromEntries(
      Object.keys(handlers.talks).map((name) => [
        name,
        async (turn) => {
          swallowed.push(`${name}: ${turn.text}`)
          return []
        },
      ]),
    )
    const directory = { refresh: async () => {}, left: async () => {}, renamed: async () => {} }
    const dispatch = createDispatch(
      { ...ctx, people: { ...ctx.people, byAccount: async () => everything } },
      // What the commands do is told elsewhere.
      { ...handlers, talks, command: async (t, c) => (await handlers.command(t, c)) && (async () => []) },
      directory,
    )
    // What is found does not depend on what is waited for: each of both once or more, not each with each.
    const waiting = Object.keys(handlers.talks)
    for (let n = 0; n < Math.max(waiting.length, commands.length); n++) {
      const [expects, text] = [waiting[n % waiting.length]!, commands[n % commands.length]!]
      const at = world.clock.now()
      await ctx.talks.expect({ id: `ask/${n}`, at, person: everything }, expects, {}, 60_000)
      const event = {
        id: `say/${n}`,
        at,
        platform: 'wecom',
        userId: 'li',
        type: 'text',
        text,
        chat: { kind: 'private' },
      }
      await dispatch(event as never)
      expect([text, await ctx.talks.of(everything._id, at, 'later')]).toEqual([text, undefined])
    }
    expect(swallowed).toEqual([])
  })

  test.each([
    '计划：第2项请写具体一些',
    '总结：只写了做了什么',
    '病假',
    '明天下午3点 会议室',
    '好的',
    '谢谢，收到',
    '修改一下第2项',
    '申诉：11月18日的考勤有误，附请假单',
    '记录：\n谈话很顺利',
    '赵敏的第2项没有写完',
  ])('%s is the answer', async (text) => {
    const turn = { id: 'x', at: world.clock.now(), platform: 'wecom' as const, person: everything, text }
    expect(await handlers.command(turn, world.bot().ctx)).toBeUndefined()
  })

  test('a whole plan or a whole line of scores is none', async () => {
    const turn = { id: 'x', at: world.clock.now(), platform: 'wecom' as const, person: everything }
    for (const text of ['周计划\n1. 完成采购对账 20分 周三', '发起调查\n标题：午餐'])
      expect([text, await handlers.command({ ...turn, text }, world.bot().ctx)]).toEqual([text, expect.any(Function)])
  })

  test.each([
    '取消',
    '算了',
    '算了。',
    '算了不申诉了',
    '算了，不申诉了',
    '不申诉了',
    '那算了吧',
    '不用了',
    '取消申诉',
    '撤回',
  ])('%s takes the question back', (said) => expect(isCancel(said)).toBe(true))

  test.each(['取消了周三的会议', '不要了解客户', '算了一遍没有问题', '不改', '撤销原因：记错了人'])(
    '%s does not',
    (said) => expect(isCancel(said)).toBe(false),
  )
})
