import { describe, expect, test } from 'vitest'
import type { Card } from '../cards/card.ts'
import { readForm } from '../src/platforms/dingtalk/actions.ts'
import {
  buttonIds,
  cannotDraw,
  drawButtons,
  drawForm,
  drawLink,
  pageUrl,
  wayOf,
} from '../src/platforms/dingtalk/draw-card.ts'
import { cut, safeInline, safeText } from '../src/platforms/dingtalk/markdown.ts'
import { createPace } from '../src/platforms/dingtalk/quota.ts'
import { splitText } from '../src/platforms/dingtalk/split-text.ts'

const options = { publicBaseUrl: 'https://bot.example.com/', hasFormTemplate: false }
const withForm = { ...options, hasFormTemplate: true }
const letters = (n: number) => Array.from({ length: n }, (_, i) => ({ id: `o${i}`, text: `选项${i}` }))
const choice = (n: number, multiple = false, more: Partial<Card> = {}): Card => ({
  title: '食堂问卷',
  input: { kind: 'choice', id: 'taste', multiple, options: letters(n), selected: ['o1'] },
  buttons: [{ text: '提交', action: 'submit-survey:w48' }],
  ...more,
})
const buttonsOf = (card: Card) => JSON.parse(drawButtons(card, options).sys_full_json_obj!).msgButtons

describe('what people typed', () => {
  test.each([
    ['[领奖](https://evil.example)', '［领奖］(https://evil.example)'],
    ['**加粗** `x` <b>', '＊＊加粗＊＊ ｀x｀ ＜b＞'],
    ['user_name 与 _斜体_', 'user_name 与 ＿斜体＿'],
    ['~~删除~~ 9~10 点', '～～删除～～ 9~10 点'],
  ])('%s is no markup', (typed, safe) => expect(safeInline(typed)).toBe(safe))

  test('keeps its lines and begins no heading, list, rule or quote', () => {
    expect(safeText('# 标题\n- 一\n--\n    代码\n> 引用\n-3 分\n1. 完成')).toBe(
      ['＃ 标题', '－ 一', '－-', '代码', '＞ 引用', '-3 分', '1. 完成'].join('  \n'),
    )
  })

  test('is never cut inside a character', () => {
    expect(cut('绩效😀😀', 6)).toBe('绩效😀😀')
    expect(cut('绩效😀😀', 5)).toBe('绩效😀…')
    expect(cut('绩效😀😀', 4)).toBe('绩效…')
  })
})

test('content stays below what shows blank, and still says that the card is over', () => {
  const { staticMsgContent } = drawButtons({ title: 'x', text: '绩'.repeat(9_000), closed: '已结束' }, options)
  expect(staticMsgContent!.length).toBeLessThanOrEqual(2_800)
  expect(staticMsgContent).toMatch(/…\n\n> 已结束$/)
})

test('facts stand label by value, the text apart', () => {
  const drawn = drawButtons(
    { title: 'x', subtitle: '副标题', facts: [{ label: '得分', value: '9*' }], text: '一\n二' },
    options,
  )
  expect(drawn.staticMsgContent).toBe('副标题  \n**得分**：9＊  \n  \n一  \n二')
})

describe('an input without the form template', () => {
  test('of up to five options is one button each', () => {
    expect(buttonsOf(choice(5)).map(({ id, color }: { id: string; color: string }) => [id, color])).toEqual([
      ['submit-survey:w48.taste.o0', 'gray'],
      ['submit-survey:w48.taste.o1', 'blue'],
      ['submit-survey:w48.taste.o2', 'gray'],
      ['submit-survey:w48.taste.o3', 'gray'],
      ['submit-survey:w48.taste.o4', 'gray'],
    ])
    expect(buttonIds(choice(2))).toEqual(['submit-survey:w48.taste.o0', 'submit-survey:w48.taste.o1'])
  })

  test('of six, or of several choices, is answered on its page, and is reported when it has none', () => {
    for (const card of [choice(6), choice(2, true)]) {
      expect(wayOf(card, options)).toBeUndefined()
      expect(cannotDraw(card)).toContain('食堂问卷')
      const linked = { ...card, link: { text: '填写问卷', path: '/h5/survey' } }
      expect(cannotDraw(linked)).toBeUndefined()
      expect(buttonsOf(linked)).toEqual([
        { text: '填写问卷', color: 'blue', url: 'https://bot.example.com/h5/survey?via=dingtalk' },
      ])
    }
    expect(cannotDraw(choice(5))).toBeUndefined()
  })
})

describe('with the form template', () => {
  test('a choice is a list to tick, and what comes back is the action and the choice', () => {
    for (const [multiple, type, value] of [
      [false, 'CHECKBOX_GROUP', 'o1'],
      [true, 'MULTI_CHECKBOX_GROUP', ['o1']],
    ] as const) {
      const drawn = drawForm(choice(3, multiple), withForm)
      const [field] = JSON.parse(drawn.form!).fields
      expect(field).toMatchObject({ type, required: true, defaultValue: value })
      expect(field.options[0]).toEqual({ value: 'o0', text: '选项0' })
      expect(readForm({ [field.name]: value })).toEqual({ action: 'submit-survey:w48', choices: { taste: ['o1'] } })
      expect(drawn).toMatchObject({ title: '食堂问卷', form_status: 'normal', form_btn_text: '提交' })
    }
  })

  test('drop-downs keep their labels and what is selected', () => {
    const card: Card = {
      title: 'x',
      input: {
        kind: 'selects',
        selects: [
          { id: 'quality', label: '质量', options: letters(3), selected: 'o2' },
          { id: 'speed', label: '速度', options: letters(2) },
        ],
      },
      buttons: [{ text: '提交', action: 'rate' }],
    }
    const { fields } = JSON.parse(drawForm(card, withForm).form!)
    expect(fields).toMatchObject([
      { name: 'rate__0_quality', label: '质量', type: 'SELECT', defaultValue: { index: 2, value: 'o2' } },
      { name: 'rate__0_speed', label: '速度', type: 'SELECT' },
    ])
    expect(fields[1]).not.toHaveProperty('defaultValue')
  })
})

test('the floor of a card that asks something without a page of its own leads to our pages', () => {
  const { msgKey, msgParam } = drawLink({ title: 'x', buttons: [{ text: '同意', action: 'ok' }] }, options)
  expect(msgKey).toBe('sampleActionCard')
  expect(JSON.stringify(msgParam)).toContain(encodeURIComponent('https://bot.example.com/h5/?via=dingtalk'))
  expect(drawLink({ title: 'x', text: 'y' }, options)).toEqual({
    msgKey: 'sampleMarkdown',
    msgParam: { title: 'x', text: '### x  \ny' },
  })
})

test('a page address keeps its own query and fragment', () => {
  expect(pageUrl('https://x.example/bot/', '/h5/a?b=1#c')).toBe('https://x.example/bot/h5/a?b=1&via=dingtalk#c')
})

test('a text is parted at line ends and never inside a character', () => {
  expect(splitText('短')).toEqual(['短'])
  expect(splitText('')).toEqual([''])
  expect(splitText('aaaa\nbbbb\ncc', 10)).toEqual(['aaaa\nbbbb', 'cc'])
  expect(splitText('aaaa\nbbbb\ncc', 9)).toEqual(['aaaa\nbbbb', 'cc'])
  expect(splitText('aaaa\nbbbb\ncc', 7)).toEqual(['aaaa', 'bbbb\ncc'])
  expect(splitText('😀😀😀', 3)).toEqual(['😀', '😀', '😀'])
  expect(splitText('绩绩绩', 100, 6)).toEqual(['绩绩', '绩'])
})

test('the limiter lets twenty through, then makes the next wait or say so', async () => {
  const pace = createPace(20, 200)
  const turns = await Promise.all(Array.from({ length: 20 }, () => pace.turn('send', 0)))
  expect(turns.every(Boolean)).toBe(true)
  expect(await pace.turn('send', 0)).toBe(false)
  expect(await pace.turn('other', 0)).toBe(true)
  const before = performance.now()
  expect(await pace.turn('send', 1_000)).toBe(true)
  expect(performance.now() - before).toBeGreaterThan(1)
})
