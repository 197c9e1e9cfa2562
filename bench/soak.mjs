// A service under steady load and a platform that fails: node bench/soak.mjs [minutes] [callbacks a second]
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
await build({
  ...{ entryPoints: { soak: 'bench/soak/load.ts', 'soak-sink': 'bench/soak/sink.ts' }, outdir: 'dist/bench' },
  ...{ bundle: true, platform: 'node', target: 'node20', format: 'esm', packages: 'external', logLevel: 'warning' },
})
const { load } = await import(pathToFileURL(join(root, 'dist/bench/soak.js')))
const [minutes = 30, perSecond = 200] = process.argv.slice(2).map(Number)
process.exit((await load({ minutes, perSecond })) ? 0 : 1)
