import { formatInstant } from '../domain/time.ts'
import { type Command, type ExitCode, print, UsageError } from './command.ts'
import { withData } from './data.ts'

const MOST = 1000

export const auditList: Command = {
  name: 'audit list',
  usage: 'audit list [--about PREFIX] [--by 人员编号] [--since 2026-11-01]',
  about: '查看操作记录：谁在什么时候对什么做了什么',
  help: [
    '--about  对象的开头，例如 month/2026-11、result/、behaviour/、appeal/',
    '--by     人员编号',
    '--since  从这一天起',
    `最多显示最近${MOST}条。记录只增不改。`,
  ],
  options: { about: { type: 'string' }, by: { type: 'string' }, since: { type: 'string' } },
  async run(given) {
    const { about, by, since } = given.options
    if (given.args.length > 0) throw new UsageError(`多余的参数：${given.args.join(' ')}`)
    if (since !== undefined && Number.isNaN(Date.parse(`${String(since)}T00:00:00+08:00`)))
      throw new UsageError('--since 请写日期，例如 2026-11-01')
    return withData<ExitCode>(given.io, async (data) => {
      const filter = {
        ...(typeof about === 'string' && { about }),
        ...(typeof by === 'string' && { by }),
        ...(typeof since === 'string' && { from: new Date(`${since}T00:00:00+08:00`) }),
      }
      const lines = (await data.audit.list({ ...filter, limit: MOST })).reverse()
      const ids = [...new Set(lines.map((l) => l.by))]
      const names = new Map((await data.people.many(ids)).map((p) => [p._id, p.name]))
      const zone = data.company().timeZone
      const text = lines.map(
        (l) =>
          `${formatInstant(l.at, zone)}  ${names.get(l.by) ?? l.by}  ${l.what}  ${l.to}${l.detail ? `  ${JSON.stringify(l.detail)}` : ''}`,
      )
      print(given, text.join('\n') || '没有记录', lines)
      return 0
    })
  },
}
