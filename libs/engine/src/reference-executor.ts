/**
 * The reference interpreter as an executor: float64 inside, outputs rounded once to the dtypes of the graph.
 */
import type { TensorData } from '@geodesic/tensor';
import { ClosedError } from './errors.ts';
import { checkInputs, evaluate, storeAs, type NamedTensors } from './evaluate.ts';
import type { Executor, Program } from './executor.ts';
import type { Graph } from './graph.ts';
import { graphDigest } from './serialize.ts';

/** An executor for tests, small models and hosts without native code. */
export function referenceExecutor(): Executor {
  let closed = false;
  return {
    name: 'reference',
    deterministic: true,
    fingerprint: { executor: 'reference', version: 1, node: process.versions.node, v8: process.versions.v8, arch: process.arch },
    lowering: graphDigest,
    async compile(graph) {
      if (closed) throw new ClosedError('executor');
      return referenceProgram(graph, () => closed);
    },
    async close() {
      closed = true;
    },
  };
}

function referenceProgram(graph: Graph, executorClosed: () => boolean): Program {
  let disposed = false;
  return {
    async run(inputs: NamedTensors) {
      if (disposed || executorClosed()) throw new ClosedError('program');
      checkInputs(graph, inputs, { precision: 'declared' });
      const exact = evaluate(graph, inputs, { precision: 'float64' });
      const rounded = graph.outputs.map(({ name, id }): [string, TensorData] => {
        const { dtype } = graph.nodes[id];
        const { shape, data } = exact[name];
        return [name, { shape, dtype, data: dtype === 'float32' ? storeAs(dtype, data as Float64Array) : data }];
      });
      return Object.fromEntries(rounded);
    },
    async dispose() {
      disposed = true;
    },
  };
}
