import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** In memory where there is room: most of the suite's waiting was for a disk to write what is thrown away. */
function scratchRoot(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    if (bavail * bsize > 4e9) return '/dev/shm'
  } catch {
    // No such place on this system.
  }
  return tmpdir()
}

/**
 * The embedded database runs from its bundle, also when a single test file is run: built if it has changed. All scratch files lie
 * in one folder, which is gone afterwards, also those of a worker that was killed.
 */
export default function setup(): () => void {
  execFileSync(process.execPath, ['scripts/build.mjs', 'embedded database'], { stdio: 'inherit' })
  const scratch = mkdtempSync(join(scratchRoot(), 'jixiao-tests-'))
  process.env.TMPDIR = scratch
  return () => rmSync(scratch, { recursive: true, force: true })
}
