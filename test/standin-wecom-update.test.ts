import { describe, expect, test } from 'vitest'
import { childText } from '../sandbox/wecom/xml.ts'
import {
  AGENT,
  buttonCard,
  HOUR,
  makeWecomWithBot,
  multipleCard,
  reply,
  textCard,
  voteCard,
} from './standin-wecom-world.ts'

async function sentCard(card = buttonCard('t1'), touser = 'Zhao|qian|sun') {
  const world = await makeWecomWithBot()
  const answer = await world.sendCard(card, { touser })
  const code = answer.response_code as string
  const messageId = answer.msgid as string
  const card_ = (userId: string) => world.wecom.chat(userId)[0]!.card!
  /** A token lives two hours only. */
  const updateNow = async (body: Record<string, unknown>) =>
    world.post(`message/update_template_card?access_token=${await world.token()}`, { agentid: AGENT, ...body })
  const clickCode = () => childText(world.bot.received.at(-1)!.inner, 'ResponseCode')!
  return { ...world, code, messageId, cardOf: card_, updateNow, clickCode }
}

const done = { button: { replace_name: '已同意' } }

describe('a response code', () => {
  test('works once, then 60140', async () => {
    const { code, update, cardOf } = await sentCard()
    expect(await update({ response_code: code, userids: ['QIAN'], ...done })).toMatchObject({
      errcode: 0,
      invaliduser: [],
    })
    expect(cardOf('qian')).toMatchObject({ closed: '已同意', buttons: [] })
    expect(cardOf('Zhao').closed).toBeUndefined()
    expect((await update({ response_code: code, userids: ['sun'], ...done })).errcode).toBe(60140)
  })

  test('lives 72 hours, not a millisecond more', async () => {
    for (const [extra, errcode] of [
      [0, 0],
      [1, 60140],
    ] as const) {
      const { clock, code, updateNow } = await sentCard()
      clock.forward(72 * HOUR + extra)
      expect((await updateNow({ response_code: code, atall: 1, ...done })).errcode).toBe(errcode)
    }
  })

  test('comes anew with every click, so that the clicker and the others can see different cards', async () => {
    const { wecom, code, update, cardOf, messageId, clickCode } = await sentCard()
    await wecom.tap('qian', messageId, 'approve')
    const first = clickCode()
    await wecom.tap('qian', messageId, 'approve')
    expect(new Set([code, first, clickCode()]).size).toBe(3)
    await update({ response_code: code, atall: 1, button: { replace_name: '钱进已处理' } })
    await update({ response_code: first, userids: ['qian'], button: { replace_name: '您已同意' } })
    expect(['Zhao', 'qian', 'sun'].map((id) => cardOf(id).closed)).toEqual(['钱进已处理', '您已同意', '钱进已处理'])
  })

  test('is not used up by a refused update', async () => {
    const { code, update } = await sentCard()
    expect((await update({ response_code: code, userids: ['li'], ...done })).errcode).toBe(82102)
    expect((await update({ response_code: code, atall: 1, ...done })).errcode).toBe(0)
  })
})

test.each<[string, Record<string, unknown>, number]>([
  ['no agent', { agentid: undefined }, 40056],
  ['another app', { agentid: AGENT + 1 }, 42015],
  ['no code', { response_code: undefined }, 40063],
  ['an unknown code', { response_code: 'x' }, 60140],
  ['no target', { userids: undefined }, 82101],
  ['an empty target', { userids: [] }, 82101],
  ['a member who did not get it', { userids: ['li'] }, 82102],
  ['users as text', { userids: 'qian' }, 40035],
  ['1001 users', { userids: Array(1001).fill('qian') }, 40032],
  ['101 parties', { partyids: Array(101).fill(1) }, 82002],
  ['101 tags', { tagids: Array(101).fill(1) }, 82003],
  ['atall as truth', { atall: true }, 40035],
  ['no change', { button: undefined }, 40063],
  ['both changes', { template_card: textCard() }, 40035],
  ['an empty label', { button: { replace_name: '' } }, 40063],
  ['a card with a task', { button: undefined, template_card: buttonCard('t2') }, 40035],
  ['a department', { userids: undefined, partyids: [1] }, 0],
])('update: %s', async (_, body, errcode) => {
  const { code, update } = await sentCard()
  const answer = await update({ response_code: code, userids: ['qian'], ...done, ...body })
  expect(answer.errcode, answer.errmsg).toBe(errcode)
})

test('names who did not get the card in a list, in lower case', async () => {
  const { code, update } = await sentCard()
  const answer = await update({ response_code: code, userids: ['qian', 'LI', 'Nobody'], ...done })
  expect(answer).toMatchObject({ errcode: 0, invaliduser: ['li', 'nobody'] })
})

test('a card becomes one of any type; without replace_text it can be clicked again', async () => {
  const { wecom, code, update, cardOf, messageId, bot, clickCode } = await sentCard()
  const { task_id: _, ...vote } = voteCard('x')
  expect((await update({ response_code: code, userids: ['qian'], template_card: vote })).errcode).toBe(0)
  await wecom.tap('qian', messageId, 'vote', { q: ['a', 'c'] })
  const { inner } = bot.received.at(-1)!
  expect(childText(inner, 'TaskId')).toBe('t1')
  expect(childText(inner, 'CardType')).toBe('vote_interaction')
  const closed = { ...textCard(), main_title: { title: '谢谢' } }
  await update({ response_code: clickCode(), userids: ['qian'], template_card: closed })
  expect(cardOf('qian')).toMatchObject({ title: '谢谢', buttons: [] })
  await expect(wecom.tap('qian', messageId, 'vote')).rejects.toThrow('no button')
  expect(cardOf('sun').title).toBe('周计划待审批')
})

test('a notice has no buttons to grey', async () => {
  const menu = { task_id: 'm', action_menu: { action_list: [{ text: '静音', key: 'mute' }] } }
  const { code, update } = await sentCard(textCard(menu))
  expect((await update({ response_code: code, atall: 1, ...done })).errcode).toBe(40035)
})

test('a recalled card is not updated and not clicked', async () => {
  const { wecom, code, update, messageId, post, app } = await sentCard()
  await post(`message/recall?access_token=${app}`, { msgid: messageId })
  expect((await update({ response_code: code, atall: 1, ...done })).errcode).toBe(42016)
  await expect(wecom.tap('qian', messageId, 'approve')).rejects.toThrow('recalled')
})

describe('a tap', () => {
  test('sends what is selected, the preselected where nothing was touched', async () => {
    const { wecom, messageId, bot } = await sentCard(multipleCard('m1'))
    await wecom.tap('qian', messageId, 'score', { speed: ['3'] })
    const items = bot.received[0]!.inner.children.get('SelectedItems')![0]!.children.get('SelectedItem')!
    const read = items.map((item) => [
      childText(item, 'QuestionKey'),
      item.children
        .get('OptionIds')![0]!
        .children.get('OptionId')!
        .map((id) => id.text),
    ])
    expect(read).toEqual([
      ['quality', ['2']],
      ['speed', ['3']],
    ])
  })

  test.each<[string, string, Record<string, string[]>, string]>([
    ['an unknown button', 'other', {}, 'no button'],
    ['an unknown input', 'vote', { z: ['a'] }, 'no input'],
    ['an unknown option', 'vote', { q: ['z'] }, 'no option'],
    ['nothing', 'vote', {}, 'nothing is chosen'],
  ])('on %s is impossible', async (_, key, chosen, why) => {
    const { wecom, messageId, bot } = await sentCard(voteCard('v'))
    await expect(wecom.tap('qian', messageId, key, chosen)).rejects.toThrow(why)
    expect(bot.received).toHaveLength(0)
  })

  test('on a corner menu is an event of its own', async () => {
    const menu = { action_menu: { action_list: [{ text: '静音', key: 'mute' }] } }
    const { wecom, messageId, bot } = await sentCard(buttonCard('t', menu))
    await wecom.tap('qian', messageId, 'mute')
    expect(childText(bot.received[0]!.inner, 'Event')).toBe('template_card_menu_event')
  })
})

describe('an update in the answer to a click', () => {
  const answer = (type: string, more: Record<string, never> | object) => ({
    body: reply({
      ...{ ToUserName: 'qian', FromUserName: 'wx5823bf96d3bd56c7', CreateTime: 1764032400, MsgType: type },
      ...more,
    }),
  })
  const clicked = async (ignored: boolean, respond: () => { body: string }) => {
    const world = await makeWecomWithBot(respond, { quirks: { passiveUpdateIgnored: ignored } })
    const { msgid } = await world.sendCard(buttonCard('t'), { touser: 'qian|sun' })
    await world.wecom.tap('qian', msgid as string, 'approve')
    return { ...world, cards: ['qian', 'sun'].map((id) => world.wecom.chat(id)[0]!.card!) }
  }

  test('changes nothing by default', async () => {
    const { wecom, cards } = await clicked(true, () => answer('update_button', { Button: { ReplaceName: '好' } }))
    expect(cards[0]!.closed).toBeUndefined()
    expect(wecom.callbacks[0]!.replyProblem).toBeUndefined()
  })

  test('changes the clicker’s card where the platform honours it', async () => {
    const { cards } = await clicked(false, () => answer('update_button', { Button: { ReplaceName: '好' } }))
    expect(cards.map((card) => card.closed)).toEqual(['好', undefined])
  })

  test('may bring a whole card', async () => {
    const TemplateCard = {
      ...{ CardType: 'vote_interaction', MainTitle: { Title: '新' }, ReplaceText: '已投' },
      CheckBox: {
        ...{ QuestionKey: 'q', Mode: 1, Disable: 'true' },
        OptionList: [{ Id: 'a', Text: '甲', IsChecked: 'true' }],
      },
    }
    const { cards, wecom } = await clicked(false, () => answer('update_template_card', { TemplateCard }))
    expect(wecom.callbacks[0]!.replyProblem).toBeUndefined()
    expect(cards[0]).toMatchObject({ title: '新', closed: '已投', checklist: { options: [{ checked: true }] } })
  })
})

test('names in a new card are translated on request', async () => {
  const { code, update, cardOf } = await sentCard()
  const template_card = textCard({ main_title: { title: '$userName=zhao$ 已同意' } })
  await update({ response_code: code, userids: ['qian'], template_card, enable_id_trans: 1 })
  expect(cardOf('qian').title).toBe('赵敏 已同意')
})

test('a click without inputs has no selected items, or an empty list of them', async () => {
  const { wecom, messageId, bot } = await sentCard()
  for (let i = 0; i < 20; i++) await wecom.tap('qian', messageId, 'approve')
  const lists = bot.received.map(({ inner }) => inner.children.get('SelectedItems')?.[0]?.children.size)
  expect(new Set(lists)).toEqual(new Set([undefined, 0]))
})
