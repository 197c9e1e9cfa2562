import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { newcomer, peopleOn, samplePeople } from '../sandbox/company/people.ts'
import { plans } from '../sandbox/company/work.ts'
import { parseCompany, schemeOf } from '../src/company.ts'

const file = new URL('../sandbox/company/company.yaml', import.meta.url)
const company = parseCompany(readFileSync(file, 'utf8'), 'company.yaml')
const everybody = [...samplePeople, newcomer]
const byNumber = (jobNumber: string) => everybody.find((p) => p.jobNumber === jobNumber)

describe('the sample company', () => {
  test('has two dozen people on WeCom, on DingTalk or on both, each number once, two of one name', () => {
    expect(everybody).toHaveLength(24)
    expect(new Set(everybody.map((p) => p.jobNumber)).size).toBe(24)
    expect(new Set(everybody.map((p) => p.userId)).size).toBe(24)
    expect(everybody.filter((p) => p.name === '王伟').map((p) => p.title)).toEqual(['司机', '结构工程师'])
    const [wecom, dingtalk] = [peopleOn(everybody, 'wecom'), peopleOn(everybody, 'dingtalk')]
    const onBoth = wecom.filter((p) => dingtalk.some((d) => d.jobNumber === p.jobNumber))
    expect(wecom.length - onBoth.length).toBeGreaterThan(5)
    expect(dingtalk.length - onBoth.length).toBeGreaterThan(5)
    expect(onBoth.length).toBeGreaterThan(4)
  })

  test('everybody but the top has a superior who is on one of their platforms', () => {
    for (const person of everybody.filter((p) => p.title !== '总经理')) {
      const superior = everybody.find((p) => p.userId === person.managerUserId)!
      const home = person.on?.[0] ?? 'wecom'
      expect(superior.on ?? ['wecom', 'dingtalk'], person.name).toContain(home)
    }
  })

  test('its roles, stand-ins and forms of address are about people who are there', () => {
    const { roles, standIns, people } = company
    for (const number of [...roles.hr, ...roles.gm, ...roles.admin, ...Object.entries(standIns).flat()])
      expect(byNumber(number), number).toBeDefined()
    for (const number of Object.keys(people)) expect(byNumber(number), number).toBeDefined()
    expect(byNumber(roles.gm[0]!)?.title).toBe('总经理')
  })

  test('plans are written by everybody but the general manager, drivers and cooks', () => {
    const weekly = everybody.filter((p) => schemeOf(company, p.title)?.kind === 'weekly').map((p) => p.userId)
    expect(weekly.toSorted()).toEqual([...Object.keys(plans), newcomer.userId].toSorted())
    const others = everybody.filter((p) => !weekly.includes(p.userId)).map((p) => p.title)
    expect(new Set(others)).toEqual(new Set(['总经理', '司机', '炊事员']))
  })

  test('each plan adds up to a hundred points', () => {
    for (const [userId, weeks] of Object.entries(plans))
      for (const tasks of weeks)
        expect(
          tasks.reduce((sum, t) => sum + t.points, 0),
          userId,
        ).toBe(100)
  })
})
