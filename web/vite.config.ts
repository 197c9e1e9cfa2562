import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/h5/',
  plugins: [vue()],
  define: { __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The oldest web views that WeCom and DingTalk still run in.
    target: ['es2020', 'chrome80', 'safari14'],
    manifest: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        // Few files: on a phone each one costs a turn.
        codeSplitting: {
          groups: [
            { name: 'vue', test: /node_modules[\\/](@vue|vue|vue-router)[\\/]/ },
            {
              name: 'ui',
              test: /[\\/]web[\\/]src[\\/](ui|lib)[\\/](?!chart|dingtalk)|node_modules[\\/](vant|@vant)[\\/].*\.m?js$|[\\/]src[\\/]domain[\\/]/,
            },
          ],
        },
      },
      treeshake: {
        // The rules of the domain are shared with the server; what a page does not use of them (lunar dates, holiday tables) stays out.
        moduleSideEffects: [
          { test: /[\\/]src[\\/]domain[\\/]/, sideEffects: false },
          { test: /node_modules[\\/]tyme4ts/, sideEffects: false },
        ],
      },
    },
  },
})
