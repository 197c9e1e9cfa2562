import { writeFileSync } from 'node:fs'
import { exportResults, exportYear } from '../../handlers/month/export.ts'
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
  usage: 'results export MONTH|YEAR [--out FILE.xlsx]',
  about: '导出某月绩效结果（明细、部门汇总、等级分布、绩效工资），或全年汇总和评优建议',
  help: [
    'MONTH  月份，例如 2026-11；未发布的结果也会导出，并在“状态”列注明',
    'YEAR   年份，例如 2026：已发布的各月汇总，以及评优建议',
    '--out  文件名；不写则为“公司-2026-11绩效结果.xlsx”或“公司-2026年绩效汇总.xlsx”',
  ],
  options: { out: { type: 'string' } },
  async run(given) {
    const [asked] = given.args
    if (given.args.length > 1) throw new UsageError(`多余的参数：${given.args.slice(1).join(' ')}`)
    const year = /^20\d\d$/.test(asked ?? '') ? Number(asked) : undefined
    const month = year === undefined ? monthOfArgument(asked) : undefined
    return withData<ExitCode>(given.io, async (data) => {
      const now = given.io.now()
      const company = data.company().name.replace(/[\\/:*?"<>|]/g, '')
      const fileOf = (name: string) => String(given.options.out ?? `${company}-${name}.xlsx`)
      if (month === undefined) {
        const { bytes, people } = await exportYear(data, year!, now)
        if (people === 0) throw new FailedError(`${year}年没有已发布的结果`)
        const file = fileOf(`${year}年绩效汇总`)
        writeFileSync(file, bytes)
        await noteExport(data, now, 'year-exported', `${year}`, { people })
        print(given, `已导出${people}人：${file}`, { file, year, people })
        return 0
      }
      const { bytes, people, drafts } = await exportResults(data, month, now)
      if (people === 0) throw new FailedError(`${formatMonth(month)}没有结果；次月结算后才有`)
      const file = fileOf(`${month}绩效结果`)
      writeFileSync(file, bytes)
      await noteExport(data, now, 'results-exported', month, { people, drafts })
      const note = drafts > 0 ? `，其中${drafts}人待确认` : ''
      print(given, `已导出${people}人${note}：${file}`, { file, month, people, drafts })
      return 0
    })
  },
}
