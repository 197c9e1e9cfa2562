import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The send API as far as a push needs it: counts what arrives, and knows a task id it has seen. */
const seen = new Set<string>()
let messages = 0
const server = createServer((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (c: Buffer) => chunks.push(c))
  req.on('end', () => {
    const answer = (body: object) =>
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (req.url!.startsWith('/cgi-bin/gettoken'))
      return answer({ errcode: 0, errmsg: 'ok', access_token: 't', expires_in: 7200 })
    if (!req.url!.startsWith('/cgi-bin/message/send')) return answer({ errcode: 60011, errmsg: 'no privilege' })
    messages++
    const task = /"task_id":"([^"]+)"/.exec(Buffer.concat(chunks).toString())?.[1] ?? ''
    if (seen.has(task)) return answer({ errcode: 42014, errmsg: 'taskid has existed' })
    seen.add(task)
    return answer({ errcode: 0, errmsg: 'ok', msgid: `m${messages}`, response_code: `c${messages}` })
  })
})
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
process.on('message', () => process.send!({ messages, distinct: seen.size }))
