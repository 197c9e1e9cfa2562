import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { CompanyError } from '../company.ts'
import { ConfigError } from '../config.ts'
import { auditList } from './audit-list.ts'
import { backup, restore } from './backup.ts'
import { type Command, type ExitCode, FailedError, type Io, UsageError } from './command.ts'
import { deliveriesList, deliveriesRetry } from './deliveries.ts'
import { doctor } from './doctor.ts'
import { jobsList, jobsRun } from './jobs.ts'
import { proofCheck, proofExport } from './proof.ts'
import { rehearseCommand } from './rehearse.ts'
import { resultsExport } from './results-export.ts'
import { rosterImport, rosterTemplateCommand } from './roster.ts'
import { schemeCheck } from './scheme-check.ts'

/** Every command. A new one is one line here. */
export const commands: Command[] = [
  doctor,
  resultsExport,
  rosterTemplateCommand,
  rosterImport,
  schemeCheck,
  proofExport,
  proofCheck,
  auditList,
  jobsList,
  jobsRun,
  rehearseCommand,
  deliveriesList,
  deliveriesRetry,
  backup,
  restore,
]

const CALL = 'npm run jixiao --'

function overview(): string {
  const width = Math.max(...commands.map((c) => c.name.length)) + 2
  const lines = commands.map((c) => `  ${c.name.padEnd(width)}${c.about}`)
  return `用法：${CALL} 命令 [参数]\n\n${lines.join('\n')}\n\n各命令加 --help 查看用法，加 --json 输出JSON。\n退出码：0 成功，1 失败，2 用法错误。`
}

const helpOf = (c: Command): string =>
  [`用法：${CALL} ${c.usage}`, '', c.about, ...c.help.map((l) => `  ${l}`)].join('\n')

/** Runs one command. Never throws: what went wrong is printed and is the exit code. */
export async function runCli(argv: string[], io: Io): Promise<ExitCode> {
  const command = commands.find((c) => c.name === argv.slice(0, c.name.split(' ').length).join(' '))
  if (!command) {
    const asked = argv.length === 0 || argv.includes('--help') || argv[0] === 'help'
    if (asked) io.out(overview())
    else
      io.err(
        `没有这个命令：${argv
          .filter((a) => !a.startsWith('-'))
          .slice(0, 2)
          .join(' ')}\n\n${overview()}`,
      )
    return asked ? 0 : 2
  }
  try {
    const { values, positionals } = parseArgs({
      args: argv.slice(command.name.split(' ').length),
      options: { ...command.options, help: { type: 'boolean' }, json: { type: 'boolean' } },
      allowPositionals: true,
    })
    if (values.help) {
      io.out(helpOf(command))
      return 0
    }
    const { json, ...options } = values
    return await command.run({ args: positionals, options, json: json === true, io })
  } catch (error) {
    if (error instanceof UsageError || isArgumentError(error)) {
      io.err(`${(error as Error).message}\n\n${helpOf(command)}`)
      return 2
    }
    const known = error instanceof FailedError || error instanceof ConfigError || error instanceof CompanyError
    io.err(known ? (error as Error).message : `失败：${(error as Error).message ?? String(error)}`)
    return 1
  }
}

const isArgumentError = (error: unknown): boolean =>
  typeof (error as { code?: unknown }).code === 'string' &&
  String((error as { code: string }).code).startsWith('ERR_PARSE_ARGS')

/** What `npm run jixiao` starts. */
export async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  process.exitCode = await runCli(process.argv.slice(2), {
    env: process.env,
    out: (text) => console.log(text),
    err: (text) => console.error(text),
    now: () => new Date(),
  })
}
