import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // Deadlines are Beijing time; the suite must hold on a host that lives elsewhere.
    env: { TZ: 'UTC' },
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // How long `expect.poll` may wait: a busy machine is slow, not wrong.
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default'],
  },
})
