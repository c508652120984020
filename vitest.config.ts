import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Two cores: more workers than that only make real guests slower.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // As src/base/testing.ts waits: a condition that is late on a busy machine is no failure.
    expect: { poll: { timeout: 15_000, interval: 5 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{bin,scripts,src}/**/*.test.ts', 'test/{contract,faults,sim,tidy}/**/*.test.ts'],
          exclude: ['src/**/*.linux.test.ts'],
        },
      },
      {
        // Real QEMU, namespaces and nftables: root on Linux, one file at a time.
        extends: true,
        test: {
          name: 'linux',
          include: ['src/**/*.linux.test.ts', 'test/e2e/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
