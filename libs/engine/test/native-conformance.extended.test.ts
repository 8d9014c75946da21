/** Every case of every kernel on executors that need a graphics card or a TensorFlow of the host: where they are absent, that they say so. */
import { openExecutor, probeExecutors } from '@geodesic/engine/executors';
import { cudaCapabilities, emitOnnx } from '@geodesic/engine/onnx';
import { planTfjs, tfjsCapabilities } from '@geodesic/engine/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Executor, Graph } from '@geodesic/engine';
import { expectConformance, judgedCases, TOLERANCE } from './conformance.ts';

const compilers = {
  'onnx-cuda': (graph: Graph): unknown => emitOnnx(graph, { capabilities: cudaCapabilities }),
  'tfjs-node-gpu': (graph: Graph): unknown => planTfjs(graph, tfjsCapabilities['tfjs-node-gpu']),
  'tfjs-node': (graph: Graph): unknown => planTfjs(graph, tfjsCapabilities['tfjs-node']),
};

/** Cards multiply in an order of their own. */
const tolerance = { abs: 10 * TOLERANCE.float32.abs, rel: 10 * TOLERANCE.float32.rel };

const probes = (await probeExecutors()).flatMap(({ name, ...probe }) =>
  name in compilers ? [{ name: name as keyof typeof compilers, ...probe }] : [],
);
for (const { name, available, reason } of probes)
  if (!available) process.stderr.write(`NOT RUN: conformance of ${name}: ${reason ?? 'unknown reason'}\n`);

describe.each(probes.filter(({ available }) => available))('$name', ({ name }) => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await openExecutor(name);
  });
  afterAll(() => executor.close());

  it.each(judgedCases(compilers[name]).filter(({ refused }) => !refused))(
    'computes $name as the reference does',
    async (conformanceCase) => {
      const program = await executor.compile(conformanceCase.graph);
      expectConformance(conformanceCase, await program.run(conformanceCase.inputs), tolerance);
      await program.dispose();
    },
  );
});

describe.each(probes.filter(({ available }) => !available))('$name, which is absent', ({ name, reason }) => {
  it('says why, and compiles nothing', async () => {
    expect(reason).toMatch(/\S+ \S+/);
    const [{ graph }] = judgedCases(compilers[name]);
    await expect(openExecutor(name).then((executor) => executor.compile(graph))).rejects.toThrow(/./);
  });
});
