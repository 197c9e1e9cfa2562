import { readFileSync, writeFileSync } from 'node:fs'
import { type CellProblem, readRoster, rosterTemplate } from '../excel/roster.ts'
import { importRoster } from '../people/import-roster.ts'
import { type Command, type ExitCode, FailedError, print, UsageError } from './command.ts'
import { withData } from './data.ts'

const file = (args: string[]): string => {
  if (args.length !== 1) throw new UsageError('请写一个文件名，例如 花名册.xlsx')
  return args[0]!
}

export const rosterTemplateCommand: Command = {
  name: 'roster template',
  usage: 'roster template FILE.xlsx',
  about: '生成空白花名册模板',
  help: ['FILE.xlsx  要生成的文件'],
  options: {},
  async run(given) {
    const name = file(given.args)
    writeFileSync(name, await rosterTemplate('公司'))
    print(given, `已生成模板：${name}`, { file: name })
    return 0
  },
}

/** 第5行F列（入职日期）：… */
const problemLine = (p: CellProblem): string =>
  `第${p.row}行${p.column ? `${p.column}列（${p.title}）` : ''}：${p.message}`

export const rosterImport: Command = {
  name: 'roster import',
  usage: 'roster import FILE.xlsx [--apply]',
  about: '导入花名册：先试算，指出有问题的行和列；加 --apply 才写入',
  help: [
    'FILE.xlsx  HR 现有的花名册即可：合并的标题、两行表头、合计行、全角数字和各种日期写法都能识别',
    '--apply    试算没有问题时写入；有任何问题则一行也不写入',
  ],
  options: { apply: { type: 'boolean' } },
  async run(given) {
    const name = file(given.args)
    let bytes: Buffer
    try {
      bytes = readFileSync(name)
    } catch {
      throw new FailedError(`无法读取文件：${name}`)
    }
    const read = await readRoster(bytes).catch((error: Error) => {
      throw new FailedError(error.message)
    })
    return withData<ExitCode>(given.io, async (data) => {
      const at = given.io.now()
      const apply = given.options.apply === true
      const report = await importRoster(data, { id: `cli:roster:${at.toISOString()}`, at }, read, {
        apply,
        onRow: (done) => {
          if (done % 500 === 0) given.io.err(`已处理 ${done}/${read.rows.length} 行`)
        },
      })
      const { created, updated, unchanged, problems, applied } = report
      const lines = [
        `${applied ? '已写入' : '试算'}：共${report.rows}行，新增${created}人，更新${updated}人，无变化${unchanged}人`,
        ...problems.map(problemLine),
        ...(problems.length > 0 ? [`有${problems.length}处问题，没有写入。请更正后重新导入。`] : []),
        ...(problems.length === 0 && !applied ? ['没有问题。加 --apply 写入。'] : []),
      ]
      print(given, lines.join('\n'), report)
      return problems.length > 0 ? 1 : 0
    })
  },
}
