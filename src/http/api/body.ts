import type { Context } from 'koa'
import type { z } from 'zod'

/** Beyond this no page of ours writes. */
const MOST_BODY_BYTES = 256 * 1024

/** A refusal that a page shows as it is. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly more: { fields?: FieldProblem[]; current?: unknown } = {},
  ) {
    super(message)
  }
}

export interface FieldProblem {
  /** Where it is, e.g. `content.plan.1.points`. */
  path: string
  /** In Chinese, with the field's name: 下周计划第2项的分值不能小于0 */
  message: string
}

/**
 * The JSON body of a request.
 * @param most bytes
 * @throws ApiError 415 for another type, 413 beyond `most`, 400 for what is no JSON
 */
export async function readJson(ctx: Context, most = MOST_BODY_BYTES): Promise<unknown> {
  if (!ctx.is('application/json')) throw new ApiError(415, 'not-json', '请求格式不支持')
  const tooBig = () => {
    ctx.set('Connection', 'close')
    ctx.req.resume()
    return new ApiError(413, 'too-big', '内容太长，请精简后再提交')
  }
  if (Number(ctx.get('content-length')) > most) throw tooBig()
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.req) {
    size += (chunk as Buffer).length
    if (size > most) throw tooBig()
    chunks.push(chunk as Buffer)
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)), noPrototype)
  } catch {
    throw new ApiError(400, 'not-json', '内容无法识别，请刷新页面后重试')
  }
}

/** No page of ours sends it, and a field of that name is no data. */
function noPrototype(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new SyntaxError('a prototype is no data')
  return value
}

/** @throws ApiError 400 naming every field that is wrong */
export function check<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: inChinese(issue) }))
  throw new ApiError(400, 'invalid', fields[0]!.message, { fields })
}

const names: Record<string, string> = {
  plan: '下周计划',
  text: '内容',
  data: '照片',
  kind: '类别',
  points: '分值',
  due: '完成日期',
  support: '需要的支持',
  who: '支持人',
  what: '支持事项',
  carriedFrom: '结转周次',
  outcomes: '完成情况',
  outcome: '完成情况',
  note: '说明',
  extra: '计划外工作',
  shortcomings: '不足',
  problems: '遇到的问题',
  improvements: '更好的方法',
  deductions: '扣分',
  requirement: '扣分要求',
  reason: '原因',
  week: '周次',
  scope: '范围',
  state: '处理结果',
  consent: '处理结果',
  submittedAt: '提交时间',
  replaces: '原评分时间',
  requestId: '请求编号',
  rev: '版本',
  url: '网址',
}

/** 下周计划第2项的分值 */
function nameOf(path: PropertyKey[]): string {
  const parts: string[] = []
  for (const key of path) {
    if (typeof key === 'number') parts.push(`${parts.pop() ?? ''}第${key + 1}项`)
    else if (Object.hasOwn(names, String(key))) parts.push(names[String(key)]!)
  }
  // The nearest two say enough: 下周计划第2项的分值.
  return parts.slice(-2).join('的') || '内容'
}

function inChinese(issue: z.core.$ZodIssue): string {
  const name = nameOf(issue.path)
  switch (issue.code) {
    case 'too_big':
      return issue.origin === 'string'
        ? `${name}不能超过${issue.maximum}字`
        : issue.origin === 'array'
          ? `${name}最多${issue.maximum}项`
          : `${name}不能大于${issue.maximum}`
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array' ? `请填写${name}` : `${name}不能小于${issue.minimum}`
    case 'unrecognized_keys':
      return `${name}中有无法识别的内容，请刷新页面后重试`
    case 'custom':
      return `${name}${issue.message}`
    case 'invalid_type':
      return `${name}没有填写或格式不正确`
    default:
      return `${name}格式不正确`
  }
}
