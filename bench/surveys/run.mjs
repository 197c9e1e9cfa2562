// 10,000 people answer the canteen survey in their lunch half-hour: node bench/surveys/run.mjs [people]; figures go to bench/results.
import { mkdirSync, writeFileSync } from 'node:fs'
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
const figures = await load(Number(process.argv[2] ?? 10_000))
mkdirSync('bench/results', { recursive: true })
writeFileSync('bench/results/surveys.json', `${JSON.stringify(figures, undefined, 2)}\n`)
