import { defineConfig } from 'vitest/config';

const shared = {
  isolate: false,
  environment: 'node' as const,
};
const resolve = { conditions: ['@geodesic/source', 'node', 'import', 'default'] };

export default defineConfig({
  resolve,
  ssr: { resolve },
  test: {
    reporters: ['default', './tools/closing-line.mjs'],
    projects: [
      {
        resolve,
        ssr: { resolve },
        test: { ...shared, name: 'unit', include: ['{libs/*,apps/*,tools}/test/**/*.test.ts'], exclude: ['**/*.cluster.test.ts', '**/*.extended.test.ts'], testTimeout: 30_000 },
      },
      {
        resolve,
        ssr: { resolve },
        test: { ...shared, name: 'cluster', include: ['{libs/*,apps/*,tools}/test/**/*.cluster.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
      },
    ],
  },
});
