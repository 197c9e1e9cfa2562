import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Asked, type Server, startBot, startServer } from './dingtalk-server.ts'

let server: Server
let running: ReturnType<typeof startBot>
beforeEach(async () => {
  server = await startServer()
  running = startBot(server)
  server.answer('/auth/scopes', { body: { errcode: 0, auth_org_scopes: { authed_dept: [1], authed_user: [] } } })
  server.answer('/topapi/v2/department/listsub', { body: { errcode: 0, result: [] } })
})
afterEach(async () => {
  await running.bot.stop()
  await server.stop()
})

const company = (list: object[]) =>
  server.answer('/topapi/v2/user/list', ({ body }: Asked) => ({
    body: {
      errcode: 0,
      result: {
        has_more: body.cursor + body.size < list.length,
        next_cursor: body.cursor + body.size,
        list: list.slice(body.cursor, body.cursor + body.size),
      },
    },
  }))

test('dates of the HR roster are read a hundred people at a time; what stands in the contacts comes first', async () => {
  company([
    { userid: 'zhao', name: '赵敏', dept_id_list: [1], extension: '{"出生日期":"农历八月十五"}' },
    ...Array.from({ length: 149 }, (_, n) => ({ userid: `u${n}`, name: '员工', dept_id_list: [1] })),
  ])
  const asked: number[] = []
  server.answer('/v1.0/hrm/rosters/lists/query', ({ body }: Asked) => {
    asked.push(body.userIdList.length)
    expect(body.appAgentId).toBe(42)
    const field = (fieldCode: string, value: string) => ({
      fieldCode,
      fieldValueList: [{ itemIndex: 0, label: value, value }],
    })
    return {
      body: {
        result: body.userIdList
          .filter((id: string) => id === 'zhao' || id === 'u7')
          .map((userId: string) => ({
            userId,
            fieldDataList: [
              field('sys02-birthTime', '1990-05-03'),
              field('sys05-nowContractEndTime', '2027-06-30'),
              field('sys00-confirmJoinTime', '2024-03-01'),
              field('sys01-planRegularTime', '2026-12-01'),
              field('sys01-regularTime', userId === 'zhao' ? '2026-11-20' : ''),
            ],
          })),
      },
    }
  })
  const members = await running.bot.members()
  expect(asked).toEqual([100, 50])
  expect(members.find((m) => m.userId === 'u7')).toMatchObject({
    hiredOn: '2024-03-01',
    extra: { 出生日期: '1990-05-03', 合同到期日: '2027-06-30', 转正日期: '2026-12-01' },
  })
  expect(members.find((m) => m.userId === 'zhao')?.extra?.出生日期).toBe('农历八月十五')
  // 转正 was carried out already.
  expect(members.find((m) => m.userId === 'zhao')?.extra?.转正日期).toBeUndefined()
  expect(members.find((m) => m.userId === 'u8')?.extra).toBeUndefined()
})

test('a company without the HR application, or without the permission, has its members all the same and no problem', async () => {
  company([{ userid: 'zhao', name: '赵敏', dept_id_list: [1] }])
  server.answer('/v1.0/hrm/rosters/lists/query', {
    status: 403,
    body: { code: 'Forbidden.AccessDenied.AccessTokenPermissionDenied', message: 'no', requestid: 'r' },
  })
  expect(await running.bot.members()).toMatchObject([{ userId: 'zhao' }])
  expect(running.bot.status().problem ?? '').not.toMatch(/hrm|花名册/)
  expect(running.logged.some((line) => line.includes('智能人事'))).toBe(true)
})
