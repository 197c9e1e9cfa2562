import { readConfig } from '../config.ts'
import { formatInstant } from '../domain/time.ts'
import { createLog } from '../log.ts'
import { type Bot, startBot } from '../main.ts'
import { AHEAD_DAYS, jobOverview, runByHand } from '../schedule/overview.ts'
import { type Command, type ExitCode, FailedError, type Io, print, UsageError } from './command.ts'
import { mustHaveDatabase } from './data.ts'

/** One more replica of the service, for as long as the command takes: the same code, the same keys. */
async function withBot<T>(io: Io, use: (bot: Bot) => Promise<T>): Promise<T> {
  mustHaveDatabase(readConfig(io.env))
  const bot = await startBot({ env: { ...io.env, PORT: '0' }, log: createLog('silent') })
  try {
    return await use(bot)
  } finally {
    await bot.stop()
  }
}

const states = { running: '执行中', done: '完成', failed: '失败' } as const

export const jobsList: Command = {
  name: 'jobs list',
  usage: 'jobs list',
  about: '定时任务：做什么、上一次结果、下一次时间',
  help: [],
  options: {},
  async run(given) {
    if (given.args.length > 0) throw new UsageError(`多余的参数：${given.args.join(' ')}`)
    return withBot<ExitCode>(given.io, async ({ ctx, schedule }) => {
      const zone = ctx.company().timeZone
      const rows = await jobOverview(schedule, ctx.clock.now(), zone)
      const lines = rows.map((r) =>
        [
          `${r.name}  ${r.about}`,
          `    上一次：${r.last ? `${formatInstant(r.last.at, zone)} ${states[r.last.state]}${r.last.error ? `（${r.last.error}）` : ''}` : '无'}    下一次：${r.next ? formatInstant(r.next, zone) : `${AHEAD_DAYS}天内没有`}`,
        ].join('\n'),
      )
      print(given, lines.join('\n'), rows)
      return 0
    })
  },
}

export const jobsRun: Command = {
  name: 'jobs run',
  usage: 'jobs run NAME --at 2026-11-20T16:00+08:00',
  about: '补跑一个定时任务；已经执行过的不会重复执行',
  help: [
    'NAME  任务名，见 jobs list',
    '--at  本应执行的时间，须是这个任务的时间点',
    '与定时执行使用同一个编号：同一个时间点只生效一次，消息不会重复。',
  ],
  options: { at: { type: 'string' } },
  async run(given) {
    const [name, ...more] = given.args
    if (!name || more.length > 0) throw new UsageError('请写一个任务名')
    const at = new Date(String(given.options.at ?? ''))
    if (Number.isNaN(at.getTime())) throw new UsageError('--at 请写时间，例如 2026-11-20T16:00+08:00')
    return withBot<ExitCode>(given.io, async ({ ctx, schedule, idle }) => {
      const zone = ctx.company().timeZone
      const result = await runByHand({ schedule, ctx, now: ctx.clock.now(), zone }, name, at)
      switch (result.kind) {
        case 'no-such-job':
          throw new UsageError(`没有这个任务：${name}。可用：${schedule.jobs.map((j) => j.name).join('、')}`)
        case 'never-due':
        case 'no-such-time': {
          const times = 'times' in result ? result.times : []
          throw new UsageError(
            `${name} 在这一天的时间点：${times.map((t) => formatInstant(t, zone)).join('、') || '无'}`,
          )
        }
        case 'not-yet':
          throw new FailedError('这个时间还没有到，届时会自动执行')
        case 'failed':
          throw new FailedError(`执行失败：${result.reason}`)
      }
      await idle()
      const words = {
        done: '执行完成',
        'was-done': '之前已执行过，没有重复执行',
        running: '正在由其他进程执行',
      } as const
      print(given, words[result.kind], { job: name, ...result })
      return 0
    })
  },
}
