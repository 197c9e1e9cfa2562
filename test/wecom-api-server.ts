import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Call {
  path: string
  query: Record<string, string>
  body: Record<string, unknown>
}

/** `drop`: takes the call in, then cuts the connection without an answer. */
export type Answer = Record<string, unknown> | { status: number; text: string } | 'drop'

/** A small HTTP server that answers as a test says; stopped when the test is over. Unscripted paths answer 404. */
export async function apiServer(script: Record<string, (call: Call, times: number) => Answer | Promise<Answer>>) {
  const calls: Call[] = []
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://localhost')
    const call = { path: url.pathname, query: Object.fromEntries(url.searchParams), body: await bodyOf(request) }
    calls.push(call)
    const times = calls.filter(({ path }) => path === call.path).length
    const answer = (await script[call.path]?.(call, times)) ?? { status: 404, text: 'not found' }
    if (answer === 'drop') return void request.socket.destroy()
    if (typeof answer.text === 'string') return void response.writeHead(answer.status as number).end(answer.text)
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { base, calls, to: (path: string) => calls.filter((call) => call.path === path) }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text === '' ? {} : JSON.parse(text)
}
