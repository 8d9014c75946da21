/** The promise of onnx-cpu: equal bits in every run, session and process, for a number of threads. */
import { jvp, vjp, Expressions, GraphBuilder, type Graph, type NamedTensors } from '@geodesic/engine';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { sizeOf, type TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { generator, tensor } from './cases/kernel-case.ts';
import { openHost } from './executor-host.ts';

/** Products wide enough for two threads, a reduction, transcendental functions, a gradient and a tangent. */
function network(): Graph {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const features = builder.input('x', [96, 200], 'float32');
  const weights = builder.input('w', [200, 160], 'float32');
  const losses = x.sum(x.unary('Tanh', x.matMul(features, weights)), [1]);
  builder.output('losses', losses);
  builder.output('gradient', vjp(builder, [{ id: x.sum(losses, [0]), cotangent: builder.constant(1) }], [weights])[0]);
  builder.output('tangent', jvp(builder, [{ id: weights, tangent: weights }], [losses])[0]);
  return builder.build();
}

function inputsOf(graph: Graph): NamedTensors {
  const random = generator(9);
  const drawn = graph.inputs.map(({ name, id }): [string, TensorData] => {
    const { shape } = graph.nodes[id];
    return [
      name,
      tensor(
        'float32',
        shape,
        Array.from({ length: sizeOf(shape) }, () => random() - 0.5),
      ),
    ];
  });
  return Object.fromEntries(drawn);
}

const bitsOf = (outputs: Record<string, TensorData>): string[] =>
  Object.values(outputs).map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'));

describe.each([1, 2])('onnx-cpu with %d threads', (threads) => {
  it('computes the same bits in every run, session and process', async () => {
    const graph = network();
    const inputs = inputsOf(graph);
    const session = async (): Promise<string[][]> => {
      const executor = onnxCpuExecutor({ threads });
      const program = await executor.compile(graph);
      const runs = [bitsOf(await program.run(inputs)), bitsOf(await program.run(inputs))];
      await executor.close();
      return runs;
    };
    const host = await openHost('onnx-cpu', { threads });
    const elsewhere = bitsOf(await host.run(graph, inputs));
    await host.close();
    for (const bits of [...(await session()), ...(await session())]) expect(bits).toEqual(elsewhere);
  });
});
