/** Runs a tensor function as one graph on ONNX Runtime, on the CPU and in float32. */
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { trace } from '@geodesic/engine/trace';
import type { TensorFunction } from '@geodesic/nn';
import type { TensorData } from '@geodesic/tensor';
import { shapesOf } from './evaluate-function.ts';

/** The outputs as flat arrays; inputs are rounded to float32. */
export async function runOnnx(fn: TensorFunction, inputs: Readonly<Record<string, TensorData>>): Promise<Record<string, number[]>> {
  const graph = trace(fn, shapesOf(inputs));
  const executor = onnxCpuExecutor({ threads: 1 });
  try {
    const program = await executor.compile(graph);
    const outputs = await program.run(Object.fromEntries(graph.inputs.map(({ name }) => [name, single(inputs[name])])));
    return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, [...data]]));
  } finally {
    await executor.close();
  }
}

function single({ shape, data }: TensorData): TensorData {
  return { dtype: 'float32', shape, data: Float32Array.from(data) };
}
