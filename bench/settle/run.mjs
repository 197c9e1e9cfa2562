// Settles a month of a large company beside reading and writing the same documents through the driver:
// node bench/settle/run.mjs [people, default 100000] [rounds, default 1]
// The database runs here; each measurement in a process of its own, so that its memory and its event loop are its own.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
process.chdir(root)
mkdirSync('dist/bench', { recursive: true })
await build({
  entryPoints: { settle: 'bench/settle/measure.ts' },
  outdir: 'dist/bench',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
})
const people = Number(process.argv[2] ?? 100_000)
const rounds = Number(process.argv[3] ?? 1)
const { startEmbeddedMongo } = await import('embedded-mongo')
const dir = mkdtempSync(join(tmpdir(), 'jixiao-settle-'))
const engine = await startEmbeddedMongo({ dir, dbName: 'bench', sync: 'off' })

/** @returns what the process printed, one JSON document */
function measure(what) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['dist/bench/settle.js', what, String(people)], {
      env: { ...process.env, BENCH_URI: engine.uri },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.on('exit', (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`${what} ended with ${code}`)),
    )
  })
}

const line = (name, m) =>
  console.log(
    `${name.padEnd(28)} ${(m.ms / 1000).toFixed(1).padStart(7)} s  cpu ${(m.cpuMs / 1000).toFixed(1).padStart(6)} s  ${String(m.rssMb).padStart(5)} MB  longest block ${m.blockMs.toFixed(0)} ms`,
  )
try {
  const seeded = await measure('seed')
  console.log(`${people} people, ${seeded.documents} week documents, seeded in ${(seeded.ms / 1000).toFixed(0)} s`)
  for (let round = 0; round < rounds; round++) {
    const bare = await measure('bare')
    line('driver: same reads, writes', bare)
    const settled = await measure('settle')
    line('settlement', settled)
    const again = await measure('again')
    line('again, nothing changed', again)
    console.log(
      `ratio ${(settled.ms / bare.ms).toFixed(2)} (goal 1.5); written ${settled.written}, again ${again.written}`,
    )
  }
} finally {
  await engine.stop()
  rmSync(dir, { recursive: true, force: true })
}
