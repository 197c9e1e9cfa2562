import { describe, expect, test } from 'vitest'
import { checkCard } from '../cards/card.ts'
import { talkDraftCard, talksDueText } from '../cards/hr-talks.ts'
import { worded } from '../cards/moments.ts'
import { readTalk } from '../handlers/moments/hr-talks.ts'
import { nextIssue, type PastIssue } from '../src/domain/columns.ts'
import { dueTalks, type TalkOccasion } from '../src/domain/hr-talks.ts'

describe('columns', () => {
  const run = (pool: string[], weeks: number, past: PastIssue[] = []) => {
    for (let i = 0; i < weeks; i++) past.push(nextIssue(pool, past)!)
    return past
  }
  test('nothing comes again until all have been, and then never twice in a row', () => {
    const past = run(['甲', '乙', '丙'], 9)
    for (let i = 0; i < 9; i += 3)
      expect(new Set(past.slice(i, i + 3).map((p) => p.text)), `round ${i}`).toEqual(new Set(['甲', '乙', '丙']))
    for (let i = 1; i < past.length; i++) expect(past[i]?.text).not.toBe(past[i - 1]?.text)
    expect(past.map((p) => p.round)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3])
  })
  test('a text that is added comes in the running round, once; one that is removed does not', () => {
    const past = run(['甲', '乙'], 3)
    expect(past.map((p) => p.text)).toEqual(['甲', '乙', '甲'])
    const more = run(['甲', '乙', '丙'], 3, past)
    expect(more.slice(3).map((p) => p.text)).toEqual(['乙', '丙', '甲'])
    expect(nextIssue(['丁'], more)).toEqual({ text: '丁', round: 3 })
  })
  test('an empty pool has nothing, a single text repeats', () => {
    expect(nextIssue([], [])).toBeUndefined()
    expect(run(['甲'], 2).map((p) => p.round)).toEqual([1, 2])
  })
})

describe('talks of HR', () => {
  const held = (...talks: [TalkOccasion, string][]) => talks.map(([occasion, heldOn]) => ({ occasion, heldOn }))
  const due = (person: Parameters<typeof dueTalks>[0], today: string, had = held()) =>
    dueTalks(person, had, today).map((d) => `${d.occasion} ${d.by}`)
  const veteran = { id: 'a', joinedOn: '2020-01-01' }

  test('once a calendar year, for which any talk counts', () => {
    expect(due(veteran, '2026-01-01')).toEqual(['yearly 2026-12-31'])
    expect(due(veteran, '2026-12-31', held(['regular', '2026-01-01']))).toEqual([])
    expect(due(veteran, '2027-01-01', held(['yearly', '2026-12-31']))).toEqual(['yearly 2027-12-31'])
  })
  test('at joining, from the first day', () => {
    const newcomer = { id: 'a', joinedOn: '2026-11-02' }
    expect(due(newcomer, '2026-11-01')).toEqual([])
    expect(due(newcomer, '2026-11-02')).toEqual(['joining 2026-12-02'])
    expect(due(newcomer, '2026-12-31')).toEqual(['joining 2026-12-02'])
    expect(due(newcomer, '2026-12-31', held(['joining', '2026-11-20']))).toEqual([])
  })
  test('at 转正 from 14 days before, and at leaving until the last day', () => {
    const trial = { id: 'a', joinedOn: '2026-09-01', probationEndsOn: '2026-12-01' }
    const joined = held(['joining', '2026-09-05'])
    expect(due(trial, '2026-11-16', joined)).toEqual([])
    expect(due(trial, '2026-11-17', joined)).toEqual(['regular 2026-12-01'])
    expect(due(trial, '2026-11-18', [...joined, ...held(['regular', '2026-11-17'])])).toEqual([])
    const leaver = { ...veteran, leftOn: '2026-11-30' }
    expect(due(leaver, '2026-11-30', held(['yearly', '2026-02-01']))).toEqual(['leaving 2026-11-30'])
    expect(due(leaver, '2026-12-01')).toEqual([])
  })
  test('the list names those that may not fail; the year is counted, and named from September on or when asked', () => {
    const person = { name: '赵敏', departments: ['行政部'] }
    const yearly = { due: [{ person, occasion: 'yearly' as const, by: '2026-12-31' }], done: 4, of: 5 }
    expect(talksDueText(yearly, '2026-08-31')).toBeUndefined()
    expect(talksDueText(yearly, '2026-09-01')).toContain('待谈：赵敏')
    expect(talksDueText(yearly, '2026-02-01', true)).toContain('待谈：赵敏')
    const other = { person: { name: '赵敏', departments: ['食堂'] }, occasion: 'yearly' as const, by: '2026-12-31' }
    const twice = talksDueText({ due: [...yearly.due, other], done: 3, of: 5 }, '2026-09-01')
    expect(twice).toContain('待谈：赵敏（行政部）、赵敏（食堂）')
    const late = { ...yearly, due: [{ person, occasion: 'joining' as const, by: '2026-05-01' }] }
    expect(talksDueText(late, '2026-05-02')).toContain('· 赵敏（行政部）：入职谈话，5月1日前，已逾期')
    expect(talksDueText(late, '2026-05-01')).not.toContain('逾期')
  })
  test('a superior of any name fits on the card that passes the proposals on', () => {
    const draft = { summary: '近期工作量偏大', proposals: ['安排一次培训'] }
    const card = checkCard(talkDraftCard('赵敏', 'yearly', draft, '古丽努尔·买买提阿不都拉'))
    expect(card.subtitle).toContain('直属上级古丽努尔·买买提阿不都拉')
    expect(card.buttons?.map((b) => b.text)).toEqual(['保存并转给上级', '只保存', '重新填写', '不登记'])
  })
  test('a record as it is typed: what was said, and proposals a line each', () => {
    expect(readTalk('状态稳定\n希望多培训\n建议：\n1. 安排培训\n2、调整分工\n- 每月沟通')).toEqual({
      summary: '状态稳定\n希望多培训',
      proposals: ['安排培训', '调整分工', '每月沟通'],
    })
    expect(readTalk('一切正常')).toEqual({ summary: '一切正常', proposals: [] })
    expect(readTalk('建议：多休息')).toEqual({ summary: '', proposals: ['多休息'] })
  })
})

test('names go into a wording, braces of others stay', () => {
  expect(worded('{称呼}在{公司}{年数}年', { 称呼: '赵姐', 公司: '示例', 年数: 3 })).toBe('赵姐在示例3年')
})
