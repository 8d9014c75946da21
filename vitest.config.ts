/**
 * One configuration for all tests: `unit` (pure, in parallel) and then `cluster` (real processes, one file after the other), which
 * are `npm test`; and `extended` (`*.extended.test.ts`: long, or in need of optional parts), which is `npm run test:extended`.
 */
import { defineConfig } from 'vitest/config';

const resolve = { conditions: ['@geodesic/source', 'node', 'import', 'default'] };
const tests = '{libs/*,apps/*,tools}/test/**';

export default defineConfig({
  resolve,
  ssr: { resolve },
  test: {
    reporters: ['default', './tools/closing-line.mjs'],
    // One for every core: the default leaves one free, which is half of a machine with two.
    maxWorkers: '100%',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          isolate: false,
          include: [`${tests}/*.test.ts`],
          exclude: ['**/*.cluster.test.ts', '**/*.extended.test.ts'],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          isolate: false,
          include: [`${tests}/*.cluster.test.ts`],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'extended',
          isolate: false,
          include: [`${tests}/*.extended.test.ts`],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
