// Half an hour without the platform while cards wait: node bench/outage.mjs [cards]
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
await build({
  ...{ entryPoints: { outage: 'bench/outage/load.ts' }, outdir: 'dist/bench', bundle: true, platform: 'node' },
  ...{ target: 'node20', format: 'esm', packages: 'external', logLevel: 'warning' },
})
const { load } = await import(pathToFileURL(join(root, 'dist/bench/outage.js')))
const [waiting = 5_000] = process.argv.slice(2).map(Number)
process.exit((await load(waiting)) ? 0 : 1)
