import { fileURLToPath } from 'node:url'
import { defineConfig, type UserWorkspaceConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** They compare how long things take, and run when nothing else does. */
const measured = [
  'test/subscriptions/poison-rate.int.test.ts',
  'test/subscriptions/hostile-speed.int.test.ts',
]
/** They start many processes, and wait for leases to expire. */
const heavy = ['test/chaos/smoke-*.test.ts', 'test/chaos/failpoints/*.test.ts']

const common: UserWorkspaceConfig = {
  resolve: {
    alias: [
      { find: /^reprise$/, replacement: source('./src/index.ts') },
      { find: /^reprise\/kafka$/, replacement: source('./src/kafka.ts') },
      { find: /^reprise\/testing$/, replacement: source('./src/testing.ts') },
    ],
  },
  test: { testTimeout: 60_000, hookTimeout: 120_000 },
}

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      {
        ...common,
        test: {
          ...common.test,
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: [...measured, ...heavy],
          // Most of what a file costs is loading the source.
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...common,
        test: {
          ...common.test,
          name: 'measured',
          include: measured,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...common,
        test: { ...common.test, name: 'faults', include: heavy, maxWorkers: 3, sequence: { groupOrder: 2 } },
      },
    ],
  },
})
