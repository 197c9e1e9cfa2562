import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { type CardRules, checkCard } from '../sandbox/wecom/cards.ts'
import { seededRandom } from '../sandbox/wecom/random.ts'
import { Refusal } from '../sandbox/wecom/refusal.ts'
import { seenCard } from '../sandbox/wecom/seen-card.ts'
import { buttonCard, multipleCard, newsCard, textCard, voteCard } from './standin-wecom-world.ts'

type Json = Record<string, unknown>

const schema: unknown = JSON.parse(readFileSync(new URL('./wecom-template-card.schema.json', import.meta.url), 'utf8'))
const isValid = new Ajv2020({ strict: false }).compile(schema as Json)

const rules: CardRules = {
  ...{ where: 'send', unknownMembers: 'refused' },
  ...{ isMember: (id: string) => id !== 'stranger', isFile: (id: string) => id !== 'gone' },
}
const errcodeOf = (card: unknown, more: Partial<CardRules> = {}): number => {
  try {
    // As it travels: without members that are undefined.
    checkCard(card && JSON.parse(JSON.stringify(card)), { ...rules, ...more })
    return 0
  } catch (error) {
    if (error instanceof Refusal) return error.errcode
    throw error
  }
}

const option = (id: string) => ({ id, text: id })
const ticks = (n: number) => Array.from({ length: n }, (_, i) => ({ id: `o${i}`, text: 'x', is_checked: false }))
const drops = (n: number) => Array.from({ length: n }, (_, i) => option(`o${i}`))
const buttons = (n: number) => Array.from({ length: n }, (_, i) => ({ text: 'x', key: `k${i}` }))
const rows = (n: number) => Array.from({ length: n }, () => ({ keyname: '部门', value: '研发部' }))
const menu = (n: number, key?: string) => ({ action_list: drops(n).map(({ id, text }) => ({ text, key: key ?? id })) })
const action = (more: Json) => textCard({ card_action: more })
const row = (more: Json) => buttonCard('t', { horizontal_content_list: [{ keyname: 'a', ...more }] })
const box = (more: Json) => voteCard('t', { checkbox: { question_key: 'q', option_list: ticks(2), ...more } })
const select = (more: Json, n = 1) =>
  multipleCard('t', {
    select_list: Array.from({ length: n }, (_, i) => ({ question_key: `q${i}`, option_list: drops(2), ...more })),
  })
const press = (...list: Json[]) => buttonCard('t', { button_list: list })

describe('a card and its errcode', () => {
  test.each<[string, unknown, number]>([
    ['no card', undefined, 40063],
    ['unknown type', { ...textCard(), card_type: 'form' }, 42031],
    ['text notice', textCard(), 0],
    ['text notice without action', textCard({ card_action: undefined }), 42045],
    ['action of type 0', action({ type: 0, url: 'https://a' }), 42045],
    ['action without url', action({ type: 1 }), 42028],
    ['action without appid', action({ type: 2 }), 42030],
    ['text notice with no words', textCard({ main_title: undefined }), 42033],
    ['text notice with a subtitle only', textCard({ main_title: undefined, sub_title_text: 'a' }), 0],
    ['text notice with buttons', textCard({ button_list: buttons(1) }), 40035],
    ['menu without task', textCard({ action_menu: menu(1) }), 42014],
    ['menu with 3 entries', textCard({ action_menu: menu(3), task_id: 't' }), 0],
    ['menu with 4 entries', textCard({ action_menu: menu(4), task_id: 't' }), 40035],
    ['menu with a key twice', textCard({ action_menu: menu(2, 'k'), task_id: 't' }), 42051],
    ['menu on a vote', voteCard('t', { action_menu: menu(1) }), 40035],
    ['menu and button with one key', buttonCard('t', { action_menu: menu(1, 'approve') }), 42051],
    ['news notice', newsCard(), 0],
    ['news notice without picture', newsCard({ card_image: undefined }), 42044],
    ['picture too flat', newsCard({ card_image: { url: 'https://a', aspect_ratio: 2.26 } }), 42044],
    ['picture of 1.3', newsCard({ card_image: { url: 'https://a', aspect_ratio: 1.3 } }), 0],
    ['5 blocks', newsCard({ vertical_content_list: Array(5).fill({ title: 'a' }) }), 42036],
    ['6 rows', buttonCard('t', { horizontal_content_list: rows(6) }), 0],
    ['7 rows', buttonCard('t', { horizontal_content_list: rows(7) }), 42035],
    ['row without name', buttonCard('t', { horizontal_content_list: [{ value: 'a' }] }), 42027],
    ['row with link, no url', row({ type: 1 }), 42028],
    ['row with a lost file', row({ type: 2, media_id: 'gone' }), 42029],
    ['row with a file', row({ type: 2, media_id: 'm' }), 0],
    ['row with a stranger', row({ type: 3, userid: 'stranger' }), 42050],
    ['row of unknown type', row({ type: 4 }), 40035],
    ['4 jumps', textCard({ jump_list: Array(4).fill({ title: 'a' }) }), 42042],
    ['jump without title', textCard({ jump_list: [{ type: 0 }] }), 42033],
    ['buttons', buttonCard('t'), 0],
    ['no task', buttonCard('t', { task_id: undefined }), 42014],
    ['empty task', buttonCard(''), 42014],
    ['task of 128 bytes', buttonCard('t'.repeat(128)), 0],
    ['task of 129 bytes', buttonCard('t'.repeat(129)), 42014],
    ['task with a slash', buttonCard('a/b'), 42014],
    ['6 buttons', press(...buttons(6)), 0],
    ['7 buttons', press(...buttons(7)), 42038],
    ['no buttons', press(), 42038],
    ['button without text', press({ key: 'k' }), 42038],
    ['button without key', press({ text: 'x' }), 42039],
    ['button with a link', press({ text: 'x', type: 1, url: 'https://a' }), 0],
    ['button with a link, no url', press({ text: 'x', type: 1 }), 42028],
    ['key of 1024 bytes', press({ text: 'x', key: 'k'.repeat(1024) }), 0],
    ['key of 1026 bytes in 342 characters', press({ text: 'x', key: '键'.repeat(342) }), 42039],
    ['one key twice', press({ text: 'x', key: 'k' }, { text: 'y', key: 'k' }), 42051],
    ['unknown button style', press({ text: 'x', key: 'k', style: 9 }), 0],
    ['drop-down of 11', buttonCard('t', { button_selection: { question_key: 'q', option_list: drops(11) } }), 42037],
    ['drop-down without key', buttonCard('t', { button_selection: { option_list: drops(1) } }), 42043],
    ['vote', voteCard('t'), 0],
    ['vote of 20', box({ option_list: ticks(20) }), 0],
    ['vote of 21', box({ option_list: ticks(21) }), 42037],
    ['vote of none', box({ option_list: [] }), 42037],
    ['option without is_checked', box({ option_list: [option('a')] }), 40035],
    ['option twice', box({ option_list: [ticks(1)[0], ticks(1)[0]] }), 42040],
    ['option id of 129 bytes', box({ option_list: [{ ...ticks(1)[0], id: '选'.repeat(43) }] }), 42040],
    ['option without text', box({ option_list: [{ id: 'a', is_checked: true }] }), 42041],
    ['disable when sending', box({ disable: true }), 40035],
    ['vote with coloured source', voteCard('t', { source: { desc: 'a', desc_color: 1 } }), 40035],
    ['vote without button', voteCard('t', { submit_button: undefined }), 42046],
    ['submit without text', voteCard('t', { submit_button: { key: 'k' } }), 42049],
    ['3 drop-downs', select({}, 3), 0],
    ['4 drop-downs', select({}, 4), 42047],
    ['question key twice', select({ question_key: 'q' }, 2), 42043],
    ['unknown preselection', select({ selected_id: 'nothing' }), 0],
    ['replace_text when sending', buttonCard('t', { replace_text: '已同意' }), 40035],
    ['unknown member', textCard({ colour: 'red' }), 40035],
  ])('%s', (_, card, errcode) => {
    expect(errcodeOf(card)).toBe(errcode)
  })

  test('an update has no task, may be closed and disabled, and needs no submit button', () => {
    const update = { where: 'update' } as const
    expect(errcodeOf(buttonCard('t'), update)).toBe(40035)
    const closed = { task_id: undefined, replace_text: '已处理' }
    expect(errcodeOf(buttonCard('t', closed), update)).toBe(0)
    expect(errcodeOf(voteCard('t', { ...closed, submit_button: undefined }), update)).toBe(0)
    const disabled = { ...(box({ disable: true }) as Json), task_id: undefined }
    expect(errcodeOf(disabled, update)).toBe(0)
    expect(errcodeOf(textCard({ replace_text: 'a' }), update)).toBe(40035)
  })

  test('unknown members may be let through', () => {
    expect(errcodeOf(textCard({ colour: 'red' }), { unknownMembers: 'ignored' })).toBe(0)
  })
})

test('agrees with the schema of the documentation on 20,000 damaged cards', () => {
  const random = seededRandom(20261125)
  const pick = <T>(list: T[]): T => list[Math.floor(random() * list.length)]!
  const full = {
    ...{ source: { desc: 'a', icon_url: 'https://a' }, task_id: 't', sub_title_text: 's' },
    ...{ horizontal_content_list: [...rows(2), { keyname: 'a', type: 1, url: 'https://a' }] },
    quote_area: { type: 1, url: 'https://a', title: 'a', quote_text: 'b' },
  }
  const seeds = [
    textCard({
      ...full,
      action_menu: menu(2),
      emphasis_content: { title: '98' },
      jump_list: [{ title: 'a', type: 0 }],
    }),
    newsCard({ ...full, sub_title_text: undefined, vertical_content_list: [{ title: 'a', desc: 'b' }] }),
    newsCard({ image_text_area: { image_url: 'https://a', type: 2, appid: 'x' }, jump_list: [{ title: 'a' }] }),
    buttonCard('t', {
      ...full,
      card_action: { type: 0 },
      button_selection: { question_key: 'q', option_list: drops(2) },
    }),
    voteCard('t', { source: { desc: 'a' } }),
    multipleCard('t'),
  ]
  const values = [undefined, null, '', 'x', 0, 1, 2, 5, 1.5, true, [], {}, [{}], 'a/b']
  let refused = 0
  for (let round = 0; round < 20_000; round++) {
    const card = JSON.parse(JSON.stringify(pick(seeds))) as Json
    const places: [Json, string][] = []
    const walk = (node: Json): void => {
      for (const [name, value] of Object.entries(node)) {
        places.push([node, name])
        if (typeof value === 'object' && value !== null) walk(value as Json)
      }
    }
    walk(card)
    const [where, name] = pick(places)
    const change = random()
    if (change < 0.4) where[name] = pick(values)
    else if (change < 0.6) delete where[name]
    else if (change < 0.8) where[pick(['url', 'type', 'title', 'disable', 'key', 'desc', 'other'])] = pick(values)
    else if (Array.isArray(where[name])) {
      const first = (where[name] as unknown[])[0]
      const copies = Array.from({ length: Math.floor(random() * 25) }, (_, i) => {
        const copy = structuredClone(first) as Json
        for (const own of ['id', 'key', 'question_key']) if (copy && own in copy) copy[own] = `${own}${i}`
        return copy
      })
      where[name] = copies
    }
    const plain: unknown = JSON.parse(JSON.stringify(card))
    const errcode = errcodeOf(plain)
    // Repeated keys and ids are no matter of the schema.
    if (errcode === 42051 || errcode === 42040) continue
    if (errcode !== 0) refused++
    expect({ card: plain, errcode: errcode !== 0 }).toEqual({ card: plain, errcode: !isValid(plain) })
  }
  expect(refused).toBeGreaterThan(5000)
})

describe('what the phone shows', () => {
  test('of buttons: their keys, links and looks, then the corner menu', () => {
    const list = [
      { text: '同意', key: 'yes' },
      { text: '退回', key: 'no', style: 3 },
      { text: '详情', type: 1, url: 'https://a', style: 2 },
    ]
    const card = buttonCard('t', {
      ...{
        button_list: list,
        action_menu: { action_list: [{ text: '静音', key: 'mute' }] },
        sub_title_text: '三项任务',
      },
      horizontal_content_list: [{ keyname: '提交人', value: '钱进' }],
      main_title: { title: '周计划', desc: '第48周' },
    })
    expect(seenCard(card)).toEqual({
      ...{ title: '周计划', subtitle: '第48周', text: '三项任务', selects: [] },
      facts: [{ label: '提交人', value: '钱进' }],
      buttons: [
        { key: 'yes', text: '同意', style: 'primary', submit: false },
        { key: 'no', text: '退回', style: 'danger', submit: false },
        { url: 'https://a', text: '详情', style: 'plain', submit: false },
        { key: 'mute', text: '静音', style: 'plain', submit: false },
      ],
    })
    expect(seenCard(card, '已同意')).toMatchObject({ closed: '已同意', buttons: [] })
  })

  test('of a vote and drop-downs: the inputs, the first option where nothing valid is preselected', () => {
    expect(seenCard(voteCard('t'))).toMatchObject({
      checklist: { key: 'q', multiple: true, disabled: false },
      buttons: [{ key: 'vote', submit: true }],
    })
    expect(seenCard(multipleCard('t')).selects.map((one) => one.selected)).toEqual(['2', '1'])
    expect(seenCard(multipleCard('t', { replace_text: '已提交' }))).toMatchObject({
      ...{ closed: '已提交', buttons: [] },
      selects: [{ disabled: true }, { disabled: true }],
    })
  })

  test('of a notice: where a tap leads, and its links', () => {
    const jump = { jump_list: [{ title: '申诉', type: 1, url: 'https://b' }, { title: '说明' }] }
    expect(seenCard(textCard({ ...jump, emphasis_content: { title: '98', desc: '得分' } }))).toEqual({
      ...{ title: '本月结果', text: '98\n得分', facts: [], selects: [], url: 'https://bot.example.com/h5/results' },
      buttons: [{ url: 'https://b', text: '申诉', style: 'plain', submit: false }],
    })
  })
})
