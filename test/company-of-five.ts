import type { SandboxPerson } from '../sandbox/stand-in.ts'

/** A department small enough to follow: a general manager, a manager, two assistants, a driver. */
export const companyOfFive: SandboxPerson[] = [
  { userId: 'wang', name: '王建国', departments: ['总经办'], title: '总经理', jobNumber: '0001', leader: true },
  {
    userId: 'li',
    name: '李静',
    departments: ['行政部'],
    title: '行政经理',
    jobNumber: '0002',
    managerUserId: 'wang',
    leader: true,
    hiredOn: '2019-05-06',
  },
  {
    userId: 'zhao',
    name: '赵敏',
    departments: ['行政部'],
    title: '行政人事助理',
    jobNumber: '0003',
    managerUserId: 'li',
    hiredOn: '2022-03-01',
  },
  {
    userId: 'qian',
    name: '钱进',
    departments: ['行政部'],
    title: '车队队长',
    jobNumber: '0004',
    managerUserId: 'li',
    hiredOn: '2020-09-15',
  },
  {
    userId: 'sun',
    name: '孙立',
    departments: ['行政部'],
    title: '司机',
    jobNumber: '0005',
    managerUserId: 'qian',
    hiredOn: '2021-01-04',
  },
]

export const companyYaml = `name: 测试公司
standIns: { '0001': '0002' }
positions: { '*': 周计划, 总经理: 不考核, 司机: 不考核 }
schemes: { 周计划: { kind: weekly }, 不考核: { kind: none } }
`
