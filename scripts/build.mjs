// Builds what has changed since the last build: the database, the service, the pages, the sandbox's page.
// `npm start` and `npm test` call it (names of parts as arguments build only those); a second call with nothing changed takes a few milliseconds.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

/** The parts in order: what they are made from, what they make, how. */
const parts = [
  {
    name: 'embedded database',
    from: ['packages/embedded-mongo/src', 'packages/embedded-mongo/build.mjs'],
    makes: 'packages/embedded-mongo/dist/index.js',
    build: () => buildModule('packages/embedded-mongo/build.mjs'),
  },
  {
    name: 'service',
    from: ['src', 'handlers', 'cards', 'jobs', 'sandbox', 'scripts/build.mjs'],
    makes: 'dist/start.js',
    async build() {
      const { build } = await import('esbuild')
      const { metafile } = await build({
        entryPoints: { start: 'src/start.ts', cli: 'src/cli.ts' },
        outdir: 'dist',
        bundle: true,
        splitting: true,
        platform: 'node',
        target: 'node20',
        format: 'esm',
        // Libraries are bundled: a thousand small files less to find and read at every start.
        external: [
          // Runs from its own files: a worker and a native module.
          'embedded-mongo',
          // The MongoDB driver looks for these and does without.
          ...[
            'kerberos',
            '@mongodb-js/zstd',
            '@aws-sdk/credential-providers',
            'gcp-metadata',
            'snappy',
            'socks',
            'aws4',
          ],
          ...['mongodb-client-encryption', 'bufferutil', 'utf-8-validate'],
        ],
        // What of them is CommonJS asks for Node's own modules by `require`.
        banner: {
          js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
        },
        minifyWhitespace: true,
        minifySyntax: true,
        sourcemap: 'linked',
        metafile: true,
        logLevel: 'warning',
      })
      for (const file of readdirSync('dist'))
        if (/\.js(\.map)?$/.test(file) && !metafile.outputs[`dist/${file}`]) rmSync(join('dist', file))
    },
  },
  {
    name: 'pages',
    from: ['web', 'src/domain'],
    makes: 'web/dist/index.html',
    build: () => buildModule('web/build.mjs'),
  },
  {
    name: 'sandbox page',
    from: ['sandbox/page'],
    makes: 'sandbox/page/dist/index.html',
    build: () => buildModule('sandbox/page/build.mjs'),
  },
]

async function buildModule(file) {
  const { build } = await import(pathToFileURL(join(root, file)))
  await build()
}

function files(path) {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.name === 'dist' || entry.name === 'node_modules' ? [] : files(join(path, entry.name)),
  )
}

/** Content decides, so that a fresh clone, a copy and a checkout of another branch all come out right. */
function fingerprint(from) {
  const hash = createHash('sha256')
  hash.update(readFileSync('package-lock.json'))
  for (const file of from.flatMap(files).sort()) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

const stampFile = 'dist/.built.json'
const stamps = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {}
const wanted = process.argv.slice(2)
for (const part of parts) {
  if (wanted.length > 0 && !wanted.includes(part.name)) continue
  if (files(part.from[0]).length === 0) continue
  const now = fingerprint(part.from)
  if (stamps[part.name] === now && existsSync(part.makes)) continue
  const from = performance.now()
  process.stdout.write(`building the ${part.name} ... `)
  await part.build()
  console.log(`${Math.round(performance.now() - from)} ms`)
  stamps[part.name] = now
  mkdirSync('dist', { recursive: true })
  writeFileSync(stampFile, JSON.stringify(stamps))
}
