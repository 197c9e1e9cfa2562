import { spawn } from 'node:child_process'
import { PassThrough } from 'node:stream'
import type { Context } from 'koa'
import { z } from 'zod'
import { ApiError } from '../api/body.ts'
import type { AdminRehearsal, AdminRehearsalLine } from './contract.ts'
import { causeInWords } from './deliveries.ts'
import type { AdminDeps } from './endpoint.ts'

export const rehearsalSchema = z.strictObject({
  days: z.number().int().min(1).max(92).default(30),
  person: z.string().trim().min(1).max(60).optional(),
})

const MOST_ANSWER = 32 * 1024 * 1024

/**
 * Answers with a line of JSON for each rehearsed day and one for the result. It is the command `jixiao rehearse` in a process of
 * its own, so that months of work on a copy of the data keep no callback waiting; one at a time.
 */
export function createRehearsal(deps: AdminDeps) {
  let running = false

  return (ctx: Context, { days, person }: z.infer<typeof rehearsalSchema>): void => {
    if (running) throw new ApiError(409, 'busy', '正在预演，请等它结束后再试')
    running = true
    const from = deps.bot.clock.now().toISOString()
    const args = ['rehearse', '--json', '--grouped', '--days', String(days), '--from', from]
    if (person) args.push('--to', person)
    const env = { PATH: process.env.PATH, TZ: process.env.TZ, ...deps.env, LOG_LEVEL: 'silent' }
    const child = spawn(process.execPath, [deps.cli, ...args], {
      ...{ cwd: process.cwd(), env: env as NodeJS.ProcessEnv, stdio: ['ignore', 'pipe', 'pipe'] },
    })
    const answer = new PassThrough()
    const say = (line: AdminRehearsalLine) => answer.write(`${JSON.stringify(line)}\n`)
    let out = ''
    let rest = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (out.length > MOST_ANSWER) child.kill()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const [, day = '', messages = ''] = /^(\d{4}-\d\d-\d\d) {2}累计 (\d+) 条$/.exec(line) ?? []
        if (day) say({ day, messages: Number(messages) })
        else if (line) complaint = line
      }
    })
    child.once('error', (error) => {
      complaint = error.message
    })
    child.once('close', (code) => {
      running = false
      if (code === 0) say({ result: inWords(JSON.parse(out), deps) })
      else {
        deps.bot.log.error({ code, reason: complaint || rest }, 'rehearsal failed')
        say({ error: '预演没有完成，请查看服务日志' })
      }
      answer.end()
    })
    // Nobody waits for it any more.
    answer.once('close', () => child.kill())
    ctx.type = 'application/x-ndjson'
    // A proxy that collects answers would hold back the progress.
    ctx.set('X-Accel-Buffering', 'no')
    ctx.body = answer
  }
}

function inWords(told: AdminRehearsal, { schedule }: AdminDeps): AdminRehearsal {
  const words = <T extends { why: string }>(row: T): T => ({
    ...row,
    why: causeInWords(row.why, schedule.jobs, told.zone),
  })
  return {
    ...{ zone: told.zone, messages: told.messages, groups: told.groups.map(words) },
    left: told.left.map((l) => words({ name: l.name, why: l.why, reason: l.reason })),
  }
}
