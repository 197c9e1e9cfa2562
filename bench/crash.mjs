// kill -9 at random instants of pushes and a rush of submissions: node bench/crash.mjs [kills] [people] [seed]
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
await build({
  ...{ entryPoints: { crash: 'bench/crash/load.ts' }, outdir: 'dist/bench', bundle: true, platform: 'node' },
  ...{ target: 'node20', format: 'esm', packages: 'external', logLevel: 'warning' },
})
const { load } = await import(pathToFileURL(join(root, 'dist/bench/crash.js')))
const [kills = 100, people = 1_000, seed = 1] = process.argv.slice(2).map(Number)
process.exit((await load({ kills, people, seed })) ? 0 : 1)
