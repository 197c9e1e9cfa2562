import { type ChildProcess, fork } from 'node:child_process'

export interface Server {
  port: number
  child: ChildProcess
  cpu(): Promise<number>
}

/** One of the servers of `server.ts` in a process of its own. */
export async function serve(kind: string, extra: string): Promise<Server> {
  const child = fork('dist/bench/server.js', [kind, extra], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const { port } = await new Promise<{ port: number }>((done) => child.once('message', done as never))
  return {
    ...{ port, child },
    async cpu() {
      child.send('cpu')
      const { cpu } = await new Promise<{ cpu: NodeJS.CpuUsage }>((done) => child.once('message', done as never))
      return cpu.user + cpu.system
    },
  }
}
