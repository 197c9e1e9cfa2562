import { existsSync } from 'node:fs'
import { CompanyError } from './company.ts'
import { ConfigError, readConfig } from './config.ts'

/** What `npm start` runs: the service, or the sandbox when no platform is configured (design §6). */
async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const config = readConfig(process.env)
  const running =
    config.wecom || config.dingtalk
      ? await (await import('./main.ts')).startBot({ env: process.env })
      : await (await import('../sandbox/main.ts')).startSandbox(process.env)
  let stopping = false
  const stop = (signal: string) => {
    if (stopping) process.exit(1)
    stopping = true
    // A request that hangs must not keep the process for ever; what is not done stays in the store.
    setTimeout(() => process.exit(1), 9_000).unref()
    running.stop().then(
      () => process.exit(0),
      (error) => {
        console.error(signal, error)
        process.exit(1)
      },
    )
  }
  // `systemctl reload`: the file is looked at every two seconds anyway, but not on every network drive.
  if ('reload' in running) process.on('SIGHUP', () => running.reload())
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error) => {
  console.error(error instanceof ConfigError || error instanceof CompanyError ? error.message : error)
  process.exit(1)
})
