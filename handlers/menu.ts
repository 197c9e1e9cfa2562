import type { MenuItem } from '../src/platforms/wecom/index.ts'

/** Entries under the chat in WeCom; the keys are `handlers.menu`'s. */
export const menu: MenuItem[] = [
  {
    text: '本周',
    children: [
      { text: '写周计划', key: 'write' },
      { text: '我的本周', key: 'mine' },
      { text: '我在请假', key: 'leave' },
      { text: '打开填写页', path: '/h5/week' },
    ],
  },
  {
    text: '团队',
    children: [
      { text: '谁还没交', key: 'team' },
      { text: '待我评分', key: 'to-score' },
      { text: '团队页面', path: '/h5/team' },
    ],
  },
  {
    text: '更多',
    children: [
      { text: '我的结果', path: '/h5/results' },
      { text: '面谈', path: '/h5/interviews' },
      { text: '调查', key: 'survey' },
      { text: '帮助', key: 'help' },
    ],
  },
]
