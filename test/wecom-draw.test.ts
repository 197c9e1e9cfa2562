import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Card, checkCard } from '../cards/card.ts'
import { drawCard } from '../src/platforms/wecom/draw-card.ts'
import { clean, cut, drawText, TEXT_BYTES } from '../src/platforms/wecom/draw-text.ts'

const schema = JSON.parse(readFileSync(new URL('./wecom-template-card.schema.json', import.meta.url), 'utf8'))
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema)
const publicBaseUrl = 'https://jixiao.example.com'

const send = (card: Card) => drawCard(checkCard(card), { publicBaseUrl, taskId: 'week-2026-W45_lin@1' })
const update = (card: Card) => drawCard(checkCard(card), { publicBaseUrl })

/** An update knows three members more than the schema of a send, and lacks the task id (wecom.md §5). */
function asSent(card: ReturnType<typeof update>) {
  const { replace_text: _, ...rest } = structuredClone(card) as Record<string, unknown>
  const lists = [rest.checkbox, ...((rest.select_list as unknown[]) ?? [])] as ({ disable?: boolean } | undefined)[]
  for (const list of lists) delete list?.disable
  return { ...rest, task_id: 't' }
}

/** The members that these tests look at. */
interface Drawn {
  card_type: string
  main_title: { title: string; desc?: string }
  sub_title_text?: string
  quote_area?: { quote_text: string }
  horizontal_content_list?: { keyname: string; value: string }[]
}

const word = fc.string({
  unit: fc.constantFrom(...'周计划。；\n ab1<&]"\\\u0007\ud83d😀𠮷', '审批通过'),
  maxLength: 60,
})
const longText = fc.string({ unit: fc.constantFrom(...'一二三四五。\n x😀'), maxLength: 900 })
const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/)
const options = (most: number) =>
  fc.uniqueArray(fc.record({ id, text: word }), { minLength: 1, maxLength: most, selector: (option) => option.id })
const buttons = (minLength: number, maxLength: number) =>
  fc.uniqueArray(
    fc.record(
      {
        text: word.filter((text) => [...text].length <= 10),
        action: fc.stringMatching(/^[a-z0-9-]{1,40}(:[A-Za-z0-9_-]{1,60})?$/),
        style: fc.constantFrom('primary' as const, 'plain' as const, 'danger' as const),
      },
      { requiredKeys: ['text', 'action'] },
    ),
    { minLength, maxLength, selector: (button) => button.action },
  )
const common = {
  title: word.filter((title) => title.trim() !== ''),
  subtitle: fc.oneof(word, longText),
  text: longText,
  facts: fc.array(fc.record({ label: word, value: fc.oneof(word, longText) }), { maxLength: 12 }),
  link: fc.record({ text: word, path: fc.stringMatching(/^\/h5\/[a-z0-9/-]{0,30}$/) }),
  closed: word,
}
const optional = { requiredKeys: ['title' as const] }
const plainCard: fc.Arbitrary<Card> = fc.record({ ...common, buttons: buttons(0, 6) }, optional)
const choice = fc.record(
  { kind: fc.constant('choice' as const), id, multiple: fc.boolean(), options: options(20), selected: fc.array(id) },
  { requiredKeys: ['kind', 'id', 'multiple', 'options'] },
)
const selects = fc.record({
  kind: fc.constant('selects' as const),
  selects: fc.uniqueArray(
    fc.record({ id, label: word, options: options(10), selected: id }, { requiredKeys: ['id', 'label', 'options'] }),
    { minLength: 1, maxLength: 3, selector: (select) => select.id },
  ),
})
const inputCard: fc.Arbitrary<Card> = fc.record(
  { ...common, buttons: buttons(1, 1), input: fc.oneof(choice, selects) },
  { requiredKeys: ['title', 'buttons', 'input'] },
)
const anyCard = fc.oneof(plainCard, inputCard)

describe('any card that our contract allows', () => {
  test('is drawn as WeCom wants it, sent and updated', () => {
    fc.assert(
      fc.property(anyCard, (card) => {
        for (const drawn of [send(card), asSent(update(card))])
          if (!validate(drawn)) throw new Error(JSON.stringify({ drawn, errors: validate.errors }))
      }),
      { numRuns: 1000 },
    )
  })

  test('has no character that JSON escapes by number, and keeps to the lengths that a phone shows', () => {
    const points = (value: unknown) => [...((value as string | undefined) ?? '')].length
    fc.assert(
      fc.property(anyCard, (card) => {
        const drawn = send(card) as unknown as Drawn
        expect(JSON.stringify(drawn)).not.toMatch(/\\u[0-9a-f]{4}/)
        expect(points(drawn.main_title.title)).toBeLessThanOrEqual(drawn.card_type === 'vote_interaction' ? 16 : 36)
        expect(points(drawn.main_title.desc)).toBeLessThanOrEqual('submit_button' in drawn ? 160 : 44)
        expect(points(drawn.sub_title_text)).toBeLessThanOrEqual(160)
        for (const row of drawn.horizontal_content_list ?? []) {
          expect(points(row.keyname)).toBeLessThanOrEqual(5)
          expect(points(row.value)).toBeLessThanOrEqual(30)
        }
      }),
    )
  })

  test('without an update’s members when it is sent, without a task id when it is an update', () => {
    fc.assert(
      fc.property(anyCard, (card) => {
        expect(send(card)).not.toHaveProperty('replace_text')
        expect(send(card).task_id).toBe('week-2026-W45_lin@1')
        expect(update(card)).not.toHaveProperty('task_id')
      }),
    )
  })
})

describe('what a card holds decides its type', () => {
  test('nothing to press → a notice that opens its page, or our first page', () => {
    expect(send({ title: '周计划已收到', link: { text: '查看我的周计划', path: '/h5/week' } })).toEqual({
      card_type: 'text_notice',
      main_title: { title: '周计划已收到' },
      jump_list: [{ type: 1, title: '查看我的周计划', url: 'https://jixiao.example.com/h5/week' }],
      card_action: { type: 1, url: 'https://jixiao.example.com/h5/week' },
      task_id: 'week-2026-W45_lin@1',
    })
    expect(send({ title: '周计划已收到' }).card_action).toEqual({ type: 1, url: 'https://jixiao.example.com/h5/' })
  })

  test('buttons → buttons in their order with their keys as they are, and the link as the last', () => {
    const card: Card = {
      title: '评分',
      subtitle: '赵明 · 第 45 周',
      text: '请评分',
      facts: [{ label: '完成率', value: '95%' }],
      buttons: [
        { text: '满分', action: 'score:Full_1' },
        { text: '退回', action: 'return', style: 'danger' },
        { text: '稍后', action: 'later' },
      ],
      link: { text: '详情', path: '/h5/score' },
    }
    expect(send(card)).toEqual({
      card_type: 'button_interaction',
      main_title: { title: '评分', desc: '赵明 · 第 45 周' },
      sub_title_text: '请评分',
      horizontal_content_list: [{ keyname: '完成率', value: '95%' }],
      card_action: { type: 1, url: 'https://jixiao.example.com/h5/score' },
      button_list: [
        { text: '满分', style: 1, key: 'score:Full_1' },
        { text: '退回', style: 3, key: 'return' },
        { text: '稍后', style: 2, key: 'later' },
        { type: 1, text: '详情', style: 2, url: 'https://jixiao.example.com/h5/score' },
      ],
      task_id: 'week-2026-W45_lin@1',
    })
  })

  test('six buttons leave no room for a link button: the card itself opens the page', () => {
    const six = Array.from({ length: 6 }, (_, i) => ({ text: `${i}`, action: `a-${i}` }))
    const drawn = send({ title: '评分', buttons: six, link: { text: '详情', path: '/h5/score' } })
    expect(drawn.button_list).toHaveLength(6)
    expect(drawn.card_action).toEqual({ type: 1, url: 'https://jixiao.example.com/h5/score' })
  })

  test('a list to tick → a vote; drop-downs → a multiple choice', () => {
    const vote = send({
      title: '午餐满意度',
      input: {
        kind: 'choice',
        id: 'dish',
        multiple: true,
        options: [
          { id: '01', text: '红烧肉' },
          { id: '02', text: '青菜' },
        ],
        selected: ['02'],
      },
      buttons: [{ text: '提交', action: 'survey' }],
    })
    expect(vote).toMatchObject({
      card_type: 'vote_interaction',
      checkbox: {
        question_key: 'dish',
        mode: 1,
        option_list: [
          { id: '01', is_checked: false },
          { id: '02', is_checked: true },
        ],
      },
      submit_button: { text: '提交', key: 'survey' },
    })
    const multiple = send({
      title: '打分',
      input: {
        kind: 'selects',
        selects: [{ id: 'quality', label: '质量', options: [{ id: '5', text: '5 分' }], selected: '5' }],
      },
      buttons: [{ text: '提交', action: 'score' }],
    })
    expect(multiple).toMatchObject({
      card_type: 'multiple_interaction',
      select_list: [
        { question_key: 'quality', title: '质量', selected_id: '5', option_list: [{ id: '5', text: '5 分' }] },
      ],
    })
  })

  test('two drop-downs of one id are a bug that shows where it is made', () => {
    const select = { id: 'a', label: '', options: [{ id: '1', text: '1' }] }
    const card: Card = {
      title: 't',
      input: { kind: 'selects', selects: [select, select] },
      buttons: [{ text: 'x', action: 'x' }],
    }
    expect(() => drawCard(card, { publicBaseUrl, taskId: 't' })).toThrow(RangeError)
  })
})

describe('a closed card', () => {
  test('keeps its face and shows one grey button in an update', () => {
    expect(update({ title: '评分', facts: [{ label: '得分', value: '95' }], closed: '王芳已评分' })).toEqual({
      card_type: 'button_interaction',
      main_title: { title: '评分' },
      horizontal_content_list: [{ keyname: '得分', value: '95' }],
      button_list: [{ text: '王芳已评分', style: 2, key: 'closed' }],
      replace_text: '王芳已评分',
    })
  })

  test('cannot be ticked any more', () => {
    const input: Card['input'] = {
      kind: 'choice',
      id: 'q',
      multiple: false,
      options: [{ id: '1', text: '好' }],
      selected: ['1'],
    }
    const card: Card = { title: '午餐', input, buttons: [{ text: '提交', action: 's' }], closed: '已提交' }
    expect(update(card)).toMatchObject({ checkbox: { disable: true }, replace_text: '已提交' })
  })

  test('is a notice with its state when it is sent anew, because only an update can have a dead button', () => {
    const card: Card = { title: '评分', buttons: [{ text: '满分', action: 'full' }], closed: '已结束' }
    expect(send(card)).toMatchObject({
      card_type: 'text_notice',
      horizontal_content_list: [{ keyname: '状态', value: '已结束' }],
    })
  })
})

describe('what is too long', () => {
  test('moves on to the next place, and nothing of it is lost up to the quotation', () => {
    const title = '第'.repeat(40)
    const subtitle = '副'.repeat(50)
    const text = '正文'.repeat(60)
    const drawn = send({ title, subtitle, text }) as unknown as Drawn
    expect(drawn.main_title).toEqual({ title: '第'.repeat(36), desc: '副'.repeat(44) })
    const rest = `${drawn.sub_title_text}${drawn.quote_area?.quote_text ?? ''}`
    expect(rest.replaceAll('\n', '')).toBe(`${'第'.repeat(4)}${'副'.repeat(6)}${text}`)
  })

  test('breaks after a sentence rather than inside it', () => {
    const first = `${'一'.repeat(120)}。`
    const drawn = send({ title: 't', text: `${first}${'二'.repeat(80)}` }) as unknown as Drawn
    expect(drawn.sub_title_text).toBe(first)
    expect(drawn.quote_area?.quote_text).toBe('二'.repeat(80))
  })

  test('the seventh fact, a long label and a long value are lines of the quotation', () => {
    const facts = Array.from({ length: 7 }, (_, i) => ({ label: `第${i + 1}项`, value: `${i}` }))
    const drawn = send({
      title: 't',
      facts: [{ label: '本周完成的工作', value: '拜访' }, ...facts, { label: '说明', value: '长'.repeat(31) }],
    }) as unknown as Drawn
    expect(drawn.horizontal_content_list).toHaveLength(6)
    expect(drawn.quote_area?.quote_text).toBe(`本周完成的工作：拜访\n第7项：6\n说明：${'长'.repeat(31)}`)
  })

  test('is cut with an ellipsis between characters, never inside an emoji', () => {
    expect(cut('审批通过😀', 5)).toBe('审批通过😀')
    expect(cut('审批通过😀了', 5)).toBe('审批通过…')
    expect(cut('审批通😀过了', 5)).toBe('审批通😀…')
  })
})

describe('a text', () => {
  test('of 2,048 bytes is one message, of one more is two', () => {
    expect(drawText('x'.repeat(2048))).toEqual(['x'.repeat(2048)])
    expect(drawText('x'.repeat(2049))).toEqual(['x'.repeat(2048), 'x'])
    expect(drawText('绩'.repeat(682))).toHaveLength(1)
    expect(drawText('绩'.repeat(683))).toEqual(['绩'.repeat(682), '绩'])
  })

  test('breaks between lines where it can', () => {
    const [a, b] = ['甲'.repeat(500), '乙'.repeat(500)]
    expect(drawText(`${a}\n${b}`)).toEqual([a, b])
  })

  test('of any kind is split into whole characters, and put together again is the same', () => {
    const long = fc.string({ unit: fc.constantFrom(...'绩效a\n😀𠮷é'), minLength: 600, maxLength: 3000 })
    fc.assert(
      fc.property(long, (text) => {
        const parts = drawText(text)
        for (const part of parts) {
          expect(Buffer.byteLength(part)).toBeLessThanOrEqual(TEXT_BYTES)
          expect(clean(part)).toBe(part)
        }
        expect(parts.join('').replaceAll('\n', '')).toBe(text.replaceAll('\n', ''))
      }),
    )
  })

  test('loses control characters and half emoji, which the platform refuses', () => {
    expect(drawText('a\u0000b\u0007c\ud83dd\re\tf')).toEqual(['abcde\tf'])
  })

  test('shows a link that somebody typed as text, and leaves other signs alone', () => {
    expect(drawText('<a href="http://evil">点我</a> 3<5 <b>')).toEqual(['＜a href="http://evil">点我＜/a> 3<5 <b>'])
    expect(drawText('< A href=x>')).toEqual(['＜ A href=x>'])
  })

  test('without a visible character is no message', () => {
    for (const text of ['', ' \n', '\u0000']) expect(drawText(text)).toEqual([])
  })
})
