import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { companyOfFive, companyYaml } from './company-of-five.ts'
import { startProcesses, until } from './process.ts'

test('told to, a process reads the company file again and lives on, also with mistakes in it; one that ends by itself is named with its last words', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'jixiao-reload-'))
  const file = join(dir, 'company.yaml')
  writeFileSync(file, companyYaml)
  const world = await startProcesses({
    ...{ at: '2026-11-16T10:00:00+08:00', people: companyOfFive, yaml: companyYaml, replicas: 1 },
    env: { COMPANY_FILE: file },
  })
  const [replica] = world.replicas
  const { pid, port } = replica!
  const said = (msg: string) => world.logs.filter((l) => l.msg.startsWith(msg)).length
  try {
    // Nothing has changed: only the signal makes it look.
    await replica!.signal('SIGHUP')
    await until('the file is read again', () => said('company file read again') === 1, 20_000)
    writeFileSync(file, 'name: [')
    await replica!.signal('SIGHUP')
    await until('the mistake is told', () => said('company file is wrong') > 0, 20_000)
    const isReady = async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok
    await until('it serves as before', isReady, 20_000)
    expect(replica!.pid).toBe(pid)

    process.kill(pid!, 'SIGKILL')
    const waited = until('what never comes', () => false, 60_000)
    await expect(waited).rejects.toThrow(/r0 ended by itself \(SIGKILL\); it said:\n(.*\n)*.*company file is wrong/)
  } finally {
    await world.stop()
    rmSync(dir, { recursive: true, force: true })
  }
})
