import { defineConfig } from 'vitest/config';
import ClosingLine from './tools/closing-line.mjs';

const shared = {
  isolate: false,
  environment: 'node' as const,
};
const resolve = { conditions: ['@geodesic/source', 'node', 'import', 'default'] };

export default defineConfig({
  resolve,
  ssr: { resolve },
  test: {
    reporters: ['default', new ClosingLine()],
    projects: [
      {
        resolve,
        ssr: { resolve },
        test: { ...shared, name: 'unit', include: ['{libs,apps}/*/test/**/*.test.ts'], exclude: ['**/*.cluster.test.ts', '**/*.extended.test.ts'], testTimeout: 30_000 },
      },
      {
        resolve,
        ssr: { resolve },
        test: { ...shared, name: 'cluster', include: ['{libs,apps}/*/test/**/*.cluster.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
      },
    ],
  },
});
