import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Builds the page with the phones into `sandbox/page/dist`. */
export async function build() {
  const [{ build: bundle }, { default: vue }] = await Promise.all([import('vite'), import('@vitejs/plugin-vue')])
  await bundle({
    configFile: false,
    root: here,
    logLevel: 'warn',
    plugins: [vue()],
    define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
    build: { outDir: join(here, 'dist'), emptyOutDir: true, modulePreload: { polyfill: false } },
  })
}
