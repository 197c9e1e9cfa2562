import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/order.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // Deadlines are Beijing time; the suite must hold on a host that lives elsewhere.
    env: { TZ: 'UTC' },
    // Files of one worker share its modules: reading them anew for each file was a fifth of the suite's work.
    isolate: false,
    // Crash tests and browsers wait more than they work.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // How long `expect.poll` may wait: a busy machine is slow, not wrong.
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default'],
  },
})
