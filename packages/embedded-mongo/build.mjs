// Bundles the package to dist/: index.js for the caller and worker.js for the engine thread.
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

export async function build() {
  await bundle({
    entryPoints: [here('src/index.ts'), here('src/worker.ts')],
    outdir: here('dist'),
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()
