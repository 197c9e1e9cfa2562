import { readFileSync } from 'node:fs'
import { CompanyError, parseCompany } from '../company.ts'
import { type Command, FailedError, print, UsageError } from './command.ts'

export const schemeCheck: Command = {
  name: 'scheme check',
  usage: 'scheme check FILE',
  about: '检查公司设置文件：逐行指出错误和允许的值',
  help: ['FILE  公司设置文件，例如 company.yaml'],
  options: {},
  async run(given) {
    const [name, ...more] = given.args
    if (!name || more.length > 0) throw new UsageError('请写一个文件名，例如 company.yaml')
    let source: string
    try {
      source = readFileSync(name, 'utf8')
    } catch {
      throw new FailedError(`无法读取文件：${name}`)
    }
    try {
      const company = parseCompany(source, name)
      const schemes = Object.entries(company.schemes).map(([scheme, s]) => ({
        scheme,
        kind: s.kind,
        positions: Object.entries(company.positions).flatMap(([position, to]) => (to === scheme ? [position] : [])),
      }))
      const lines = schemes.map(
        (s) =>
          `${s.scheme}（${s.kind}）：${s.positions.map((p) => (p === '*' ? '其余所有岗位' : p)).join('、') || '没有岗位使用'}`,
      )
      print(given, [`${name} 没有错误`, ...lines].join('\n'), { ok: true, schemes })
      return 0
    } catch (error) {
      if (!(error instanceof CompanyError)) throw error
      print(given, error.message, { ok: false, problems: error.problems })
      return 1
    }
  },
}
