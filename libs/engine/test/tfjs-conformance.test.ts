/** Every case of every kernel on the backends of TensorFlow.js that need no native code, against the reference interpreter. */
import { planTfjs, tfjsCapabilities, tfjsExecutor } from '@geodesic/engine/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Executor } from '@geodesic/engine';
import { expectConformance, judgedCases, TOLERANCE } from './conformance.ts';

describe.each(['tfjs-wasm', 'tfjs-cpu'] as const)('%s', (backend) => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await tfjsExecutor({ backend });
  });
  afterAll(() => executor.close());
  const cases = judgedCases((graph) => planTfjs(graph, tfjsCapabilities[backend]));

  it('refuses formats of 16 bits only', () => {
    expect(new Set(cases.filter(({ refused }) => refused).map(({ kernel }) => kernel))).toEqual(new Set(['RoundTo']));
  });

  it.each(cases.filter(({ refused }) => !refused))('computes $name with its derivatives as the reference does', async (conformanceCase) => {
    const program = await executor.compile(conformanceCase.graph);
    expectConformance(conformanceCase, await program.run(conformanceCase.inputs), TOLERANCE.float32);
    await program.dispose();
  });
});
