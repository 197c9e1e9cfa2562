import { execFileSync } from 'node:child_process'

/** The embedded database runs from its bundle, also when a single test file is run: build it if it has changed. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs', 'embedded database'], { stdio: 'inherit' })
}
