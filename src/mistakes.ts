import type { z } from 'zod'

const types: Record<string, string> = {
  string: '文字',
  number: '数字',
  int: '整数',
  boolean: 'true 或 false',
  array: '列表',
  object: '下一级设置',
  record: '下一级设置',
}

/** What is wrong in a settings file, where its schema has no words of its own. */
export const inChinese: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? '没有填写' : `应为${types[issue.expected] ?? issue.expected}`
    case 'too_small':
      if (issue.origin === 'string' && Number(issue.minimum) === 1) return '不能为空'
      return bound('至少', '不能小于', issue.origin, issue.minimum)
    case 'too_big':
      return bound('最多', '不能大于', issue.origin, issue.maximum)
    case 'invalid_value':
      return `只能是 ${issue.values.map(String).join('、')}`
    case 'invalid_union':
      return issue.discriminator ? '没有填写，或不是可用的值' : '写法不正确'
    case 'invalid_format':
      return '写法不正确'
  }
  return undefined
}

function bound(count: string, value: string, origin: string, limit: number | bigint): string {
  if (origin === 'string') return `${count}${limit}个字`
  return origin === 'array' ? `${count}${limit}项` : `${value}${limit}`
}
