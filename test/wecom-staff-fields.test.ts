import { expect, onTestFinished, test } from 'vitest'
import type { SandboxPerson } from '../sandbox/stand-in.ts'
import { startWecomStandIn, type WecomStandInOptions } from '../sandbox/wecom/stand-in.ts'
import { createApi } from '../src/platforms/wecom/api.ts'
import { readMembers } from '../src/platforms/wecom/contacts.ts'
import { addStaffFields, wantedFields } from '../src/platforms/wecom/staff-fields.ts'

const clock = { now: () => new Date('2026-11-25T10:00:00+08:00'), everyMinute: () => () => {} }
const people: SandboxPerson[] = [
  {
    ...{ userId: 'zhao', name: '赵敏', departments: ['行政部'], title: '助理' },
    staff: {
      ...{
        姓名: '赵敏',
        出生日期: '1968-03-05',
        身份证号码: '110101196803050000',
        工号: '0012',
        入职时间: '2022-03-01',
      },
      ...{ 转正日期: '2022-06-01', 合同到期日: '2025-02-28,2028-02-29' },
    },
  },
  {
    ...{ userId: 'qian', name: '钱进', departments: ['车队'], title: '司机', jobNumber: '0099', hiredOn: '2018-05-21' },
    ...{ extra: { 出生日期: '5月3日' }, staff: { 农历生日: '八月十五', 工号: '0013', 出生日期: '1980-01-01' } },
  },
  { userId: 'sun', name: '孙立', departments: [], title: '' },
]

async function company(options: Partial<WecomStandInOptions> = {}) {
  const platform = await startWecomStandIn({
    ...{ clock, corpId: 'ww1', agentId: 7, secret: 's', contactsSecret: 'c', people, quirks: { staffFields: true } },
    ...options,
  })
  const api = createApi({ base: platform.apiBase, corpId: 'ww1', secret: 's', clock })
  onTestFinished(async () => {
    await api.close()
    await platform.stop()
  })
  const asked = (path: string) => platform.log.filter((entry) => entry.path === path)
  return { platform, api, asked, members: async () => new Map((await readMembers(api, 7)).map((m) => [m.userId, m])) }
}

test('birthday, hire, 转正, the last contract and 工号 come from 人事助手, whatever was typed into the contacts stands', async () => {
  const { members } = await company()
  const found = await members()
  expect(found.get('zhao')).toMatchObject({
    ...{ jobNumber: '0012', hiredOn: '2022-03-01' },
    extra: { 出生日期: '1968-03-05', 转正日期: '2022-06-01', 合同到期日: '2028-02-29' },
  })
  expect(found.get('qian')).toMatchObject({
    ...{ jobNumber: '0099', hiredOn: '2018-05-21', extra: { 出生日期: '5月3日', 农历生日: '八月十五' } },
  })
  expect(found.get('sun')?.extra).toBeUndefined()
})

test('only these fields are asked for, and each person once in half a day', async () => {
  const { api, asked, members } = await company()
  await members()
  expect(asked('/cgi-bin/hr/get_staff_info')).toHaveLength(3)
  const bodies = JSON.stringify(asked('/cgi-bin/hr/get_staff_info'))
  expect(bodies).toContain('11005')
  expect(bodies).not.toMatch(/11010|11001|"get_all":true/)
  await members()
  expect(asked('/cgi-bin/hr/get_staff_info')).toHaveLength(3)
  const wanted = (await wantedFields(api))!
  await addStaffFields(api, wanted, [...(await members()).values()], Date.now() + 13 * 3_600_000)
  expect(asked('/cgi-bin/hr/get_staff_info')).toHaveLength(6)
})

test('an app that is not listed there has its members all the same, and no problem', async () => {
  const { api, members, asked } = await company({ quirks: { staffFields: false } })
  expect((await members()).get('zhao')?.extra).toBeUndefined()
  expect(asked('/cgi-bin/hr/get_fields')).toHaveLength(1)
  expect(asked('/cgi-bin/hr/get_staff_info')).toHaveLength(0)
  expect(api.problem()).toBeUndefined()
})

test('the stand-in gives nothing of people outside the range, and wants to be asked for fields', async () => {
  const { api } = await company({ visible: ['zhao'] })
  const ask = (body: object) => api.post('/cgi-bin/hr/get_staff_info', body)
  const fieldids = [{ fieldid: 11005 }]
  expect(await ask({ userid: 'qian', fieldids })).toMatchObject({ kind: 'failed', code: 60011 })
  expect(await ask({ userid: 'nobody', fieldids })).toMatchObject({ kind: 'failed', code: 60111 })
  expect(await ask({ userid: 'zhao', fieldids: [] })).toMatchObject({ kind: 'failed', code: 40058 })
})
