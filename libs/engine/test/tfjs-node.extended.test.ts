/**
 * Every case of every kernel on TensorFlow by tfjs-node, where it is installed or GEODESIC_TFJS_NODE names the folder of one
 * (tools/build-tfjs-node.mjs makes it).
 */
import { ExecutorError, type Executor } from '@geodesic/engine';
import { planTfjs, tfjsCapabilities, tfjsExecutor } from '@geodesic/engine/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { expectConformance, judgedCases, TOLERANCE } from './conformance.ts';

const opened = await tfjsExecutor({ backend: 'tfjs-node' }).catch((error: unknown) => {
  if (error instanceof ExecutorError && error.failure === 'unavailable') return error.reason;
  throw error;
});
if (typeof opened === 'string') process.stderr.write(`SKIPPED: conformance of tfjs-node: ${opened}\n`);

describe.skipIf(typeof opened === 'string')('tfjs-node', () => {
  const executor = opened as Executor;
  afterAll(() => executor.close());
  const cases = judgedCases((graph) => planTfjs(graph, tfjsCapabilities['tfjs-node']));

  it.each(cases.filter(({ refused }) => !refused))('computes $name with its derivatives as the reference does', async (conformanceCase) => {
    const program = await executor.compile(conformanceCase.graph);
    expectConformance(conformanceCase, await program.run(conformanceCase.inputs), TOLERANCE.float32);
    await program.dispose();
  });

  it('names TensorFlow in its fingerprint', () => {
    expect(executor.fingerprint.tensorflow).not.toBe('unknown');
  });
});
