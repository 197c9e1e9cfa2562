// 10,000 people answer the canteen survey in their lunch half-hour: node bench/surveys/run.mjs [people]
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
process.chdir(root)
mkdirSync('dist/bench', { recursive: true })
await build({
  entryPoints: { surveys: 'bench/surveys/load.ts' },
  outdir: 'dist/bench',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
})
const { load } = await import(pathToFileURL(join(root, 'dist/bench/surveys.js')))
await load(Number(process.argv[2] ?? 10_000))
