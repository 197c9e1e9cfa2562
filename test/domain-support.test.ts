import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Colleague, supporterFinder } from '../src/domain/support.ts'

const one = (id: string, name: string, department: string, managerId?: string, aliases: string[] = []): Colleague => ({
  ...{ id, name, aliases, departments: ['华兴', department] },
  ...(managerId && { managerId }),
})
const people = [
  one('gm', '周总成', '总经办'),
  one('wang', '王强', '财务部', 'gm', ['王会计']),
  one('chen', '陈静', '财务部', 'wang', ['小陈']),
  one('li', '李静', '行政部', 'gm'),
  one('zhao', '赵敏', '行政部', 'li'),
  one('wei1', '张伟', '行政部', 'li'),
  one('wei2', '张伟', '车队', 'qian'),
  one('wei3', '张伟', '研发部', 'he'),
  one('qian', '钱进', '车队', 'li'),
  one('he', '何与平', '研发部', 'gm'),
  one('wang2', '王磊', '研发部', 'he'),
  one('sun', '孙立', '食堂', 'li'),
]
const find = supporterFinder(people)
const asked = (who: string | undefined, asker = 'zhao') => find(who, people.find((p) => p.id === asker)!)

describe('whom 需支持 means', () => {
  test.each([
    ['王强', ['wang']],
    ['王会计', ['wang']],
    [' 陈静 ', ['chen']],
    ['小陈', ['chen']],
    ['财务部', ['wang']],
    ['财务', ['wang']],
    ['食堂', ['sun']],
    ['王经理', ['wang']],
    ['李主任', ['li']],
    ['周总', ['gm']],
    ['上级', ['li']],
    ['领导', ['li']],
    ['何与平', ['he']],
    ['王强、陈静', ['wang', 'chen']],
    ['王强和财务部', ['wang']],
    ['车队张伟', ['wei2']],
    ['张伟（研发部）', ['wei3']],
  ])('%s', (who, ids) => {
    expect(asked(who)).toEqual(ids)
  })

  test('of one name the one of the own department; where that does not tell, nobody', () => {
    expect(asked('张伟')).toEqual(['wei1'])
    expect(asked('张伟', 'chen')).toEqual([])
  })

  test('nobody: oneself, strangers, everybody, a title that leads nobody, nothing', () => {
    for (const who of ['赵敏', '马云', '大家', '各部门', '孙经理', '', ' ', undefined])
      expect([who, asked(who)]).toEqual([who, []])
    expect(asked('行政部、王强', 'li')).toEqual(['wang'])
    expect(asked('上级', 'gm')).toEqual([])
  })

  test('whatever is typed, only people of the company and never oneself', () => {
    const bits = fc.constantFrom(
      '王',
      '强',
      '经理',
      '、',
      '和',
      '部',
      '财务',
      '张伟',
      '（',
      '）',
      ' ',
      '总',
      '上级',
      'x',
      '',
    )
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 12 }), fc.constantFrom(...people), (parts, asker) => {
        const ids = find(parts.join(''), asker)
        expect(ids).not.toContain(asker.id)
        expect(people.map((p) => p.id)).toEqual(expect.arrayContaining(ids))
        expect(new Set(ids).size).toBe(ids.length)
      }),
    )
  })
})
