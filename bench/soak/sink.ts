import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { count, drawFault, newFaults } from '../../sandbox/wecom/faults.ts'
import { seededRandom } from '../../sandbox/wecom/random.ts'

/** Of all calls; such an answer takes `SLOW_MS`. */
const SLOW_SHARE = 0.01
const SLOW_MS = 3_000

/**
 * The send API with the faults of reliability.md C2, except complaints about the rate: each makes the bot pause a minute and then go slower
 * for long, as it must (wecom-limits.test.ts), and nothing else would be measured. It knows a task id it has seen, and keeps what has reached a phone. */
const random = seededRandom(1)
const faults = Object.assign(newFaults(), {
  ...{ http500Share: 0.05, resetBeforeShare: 0.02, resetAfterShare: 0.02 },
  ...{ hangAfterShare: 0.01, busyShare: 0.02, tokenInvalidShare: 0.002 },
})
const delivered = new Set<string>()
let tokens = 0
let slow = 0
let refused = 0
/** Between the words `begin` and `over`. */
let failing = false

const server = createServer(async (req, res) => {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  const url = new URL(req.url!, 'http://sink')
  const answer = (body: object) => res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  if (url.pathname === '/cgi-bin/gettoken')
    return answer({ errcode: 0, errmsg: 'ok', access_token: `t${tokens}`, expires_in: 7200 })
  if (url.pathname !== '/cgi-bin/message/send') return answer({ errcode: 60011, errmsg: 'no privilege' })

  const fault = failing ? drawFault(faults, url.pathname, random) : undefined
  if (fault) count(faults, fault)
  if (failing && random() < SLOW_SHARE) {
    slow++
    await sleep(SLOW_MS)
  }
  if (fault === 'http-500') return res.writeHead(500).end()
  if (fault === 'reset-before') return req.socket.destroy()
  if (fault === 'busy') return answer({ errcode: -1, errmsg: 'system busy' })
  if (fault === 'token-invalid') tokens++
  if (url.searchParams.get('access_token') !== `t${tokens}`)
    return answer({ errcode: 42001, errmsg: 'access_token expired' })

  const message = JSON.parse(Buffer.concat(chunks).toString())
  const task: string = message.template_card?.task_id ?? ''
  const known = delivered.has(task)
  if (known) refused++
  delivered.add(task)
  if (fault === 'reset-after') return req.socket.destroy()
  if (fault === 'hang-after') return
  if (known) return answer({ errcode: 42014, errmsg: 'taskid has existed' })
  return answer({ errcode: 0, errmsg: 'ok', msgid: `m${delivered.size}`, response_code: `c${delivered.size}` })
})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
process.on('message', (word) => {
  if (word === 'begin' || word === 'over') failing = word === 'begin'
  if (word === 'tell')
    process.send!({ delivered: [...delivered], refused, faults: { ...faults.counts, slow } } satisfies Told)
})

export interface Told {
  delivered: string[]
  /** Sent again although it had arrived: the platform's own key kept it from being seen twice. */
  refused: number
  faults: Record<string, number>
}
