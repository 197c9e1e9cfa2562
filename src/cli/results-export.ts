import { writeFileSync } from 'node:fs'
import { exportResults } from '../../handlers/month/export.ts'
import { formatMonth } from '../domain/time.ts'
import { type Command, type ExitCode, FailedError, print, UsageError } from './command.ts'
import { type Data, withData } from './data.ts'

export const monthOfArgument = (text: string | undefined): string => {
  if (!/^20\d\d-(0[1-9]|1[0-2])$/.test(text ?? '')) throw new UsageError('请写月份，例如 2026-11')
  return text!
}

/** Who took a month's results out of the system: whoever may work on the machine. */
export const noteExport = (data: Data, at: Date, what: string, month: string, detail: Record<string, unknown>) =>
  data.audit.add({ _id: `${what}/${month}/${at.toISOString()}`, at, by: 'cli', what, to: `month/${month}`, detail })

export const resultsExport: Command = {
  name: 'results export',
  usage: 'results export MONTH [--out FILE.xlsx]',
  about: '导出某月绩效结果：明细、部门汇总、等级分布，以及绩效工资（如已设置）',
  help: [
    'MONTH  月份，例如 2026-11',
    '--out  文件名；不写则为“公司-2026-11绩效结果.xlsx”',
    '未发布的结果也会导出，并在“状态”列注明。',
  ],
  options: { out: { type: 'string' } },
  async run(given) {
    const month = monthOfArgument(given.args[0])
    if (given.args.length > 1) throw new UsageError(`多余的参数：${given.args.slice(1).join(' ')}`)
    return withData<ExitCode>(given.io, async (data) => {
      const { bytes, people, drafts } = await exportResults(data, month, given.io.now())
      if (people === 0) throw new FailedError(`${formatMonth(month)}没有结果；次月结算后才有`)
      const file = String(
        given.options.out ?? `${data.company().name.replace(/[\\/:*?"<>|]/g, '')}-${month}绩效结果.xlsx`,
      )
      writeFileSync(file, bytes)
      await noteExport(data, given.io.now(), 'results-exported', month, { people, drafts })
      const note = drafts > 0 ? `，其中${drafts}人待确认` : ''
      print(given, `已导出${people}人${note}：${file}`, { file, month, people, drafts })
      return 0
    })
  },
}
