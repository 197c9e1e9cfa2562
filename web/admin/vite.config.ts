import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

/** The administrator's page: a build of its own, so that no phone loads any of it. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/admin/',
  plugins: [vue()],
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  build: {
    outDir: '../dist/admin',
    emptyOutDir: true,
    target: ['es2020', 'chrome80', 'safari15'],
    modulePreload: { polyfill: false },
  },
})
