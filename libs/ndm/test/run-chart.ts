/** Runs a chart map in float64 through the traced graph, and takes its Jacobian products on the graph. */
import { evaluate, GraphBuilder, spliceGraph, vjp, type Graph } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import { sizeOf, type Shape, type TensorData } from '@geodesic/tensor';
import type { ChartMap } from '../src/index.ts';

/** A float64 tensor. */
export function tensor(shape: Shape, data: readonly number[]): TensorData {
  return { dtype: 'float64', shape, data: Float64Array.from(data) };
}

/** Parameters by name, and what a map does with a batch x [B, d]. */
export interface ChartRun {
  readonly map: ChartMap;
  readonly parameters: Readonly<Record<string, TensorData>>;
  readonly x: TensorData;
}

/** value [B, d] and logDet [B] of a map's forward or inverse direction. */
export function runChart(
  { map, parameters, x }: ChartRun,
  direction: 'forward' | 'inverse' = 'forward',
): { value: number[]; logDet: number[] } {
  const inputs = { ...parameters, x };
  const graph = trace((t) => ({ ...map[direction](t, t.x) }), shapes(inputs));
  const { value, logDet } = interpret(graph, inputs);
  const rows = x.shape[0];
  return { value: [...value.data], logDet: logDet.data.length === 1 ? Array<number>(rows).fill(logDet.data[0]) : [...logDet.data] };
}

/** J^T u for each row, u [B, d]. */
export function pullBack(run: ChartRun, u: readonly number[]): number[] {
  const inputs = { ...run.parameters, x: run.x, u: tensor(run.x.shape, u) };
  const { builder, x, value, bindings } = spliced(run, inputs);
  const [product] = vjp(builder, [{ id: value, cotangent: bindings.u }], [x]);
  builder.output('product', product);
  return [...interpret(builder.build(), inputs).product.data];
}

/** J v for each row, v [B, d]: the derivative of u -> J^T u, which is linear in u, pulled back along v. */
export function pushForward(run: ChartRun, v: readonly number[]): number[] {
  const inputs = {
    ...run.parameters,
    x: run.x,
    u: tensor(
      run.x.shape,
      v.map(() => 0),
    ),
    v: tensor(run.x.shape, v),
  };
  const { builder, x, value, bindings } = spliced(run, inputs);
  const [transposed] = vjp(builder, [{ id: value, cotangent: bindings.u }], [x]);
  const [product] = vjp(builder, [{ id: transposed, cotangent: bindings.v }], [bindings.u]);
  builder.output('product', product);
  return [...interpret(builder.build(), inputs).product.data];
}

/** dy/dx [d, d] of one row. */
export function jacobianOfRow(run: ChartRun, row: number): number[] {
  const [rows, d] = run.x.shape;
  return Array.from({ length: d }, (_, i) => {
    const u = Array.from({ length: rows * d }, (_, j) => (j === row * d + i ? 1 : 0));
    return pullBack(run, u).slice(row * d, (row + 1) * d);
  }).flat();
}

/** Evaluates a graph in float64 with those of the values that it reads. */
function interpret(graph: Graph, values: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  return evaluate(graph, Object.fromEntries(graph.inputs.map(({ name }) => [name, values[name]])), { precision: 'float64' });
}

function spliced(
  run: ChartRun,
  inputs: Readonly<Record<string, TensorData>>,
): { builder: GraphBuilder; x: number; value: number; bindings: Record<string, number> } {
  const graph = trace((t) => ({ value: run.map.forward(t, t.x).value }), shapes({ ...run.parameters, x: run.x }));
  const builder = new GraphBuilder();
  const bindings = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, builder.input(name, shape, 'float32')]));
  const { outputs } = spliceGraph(builder, graph, bindings);
  return { builder, x: bindings.x, value: outputs.value, bindings };
}

function shapes(inputs: Readonly<Record<string, TensorData>>): Record<string, { shape: Shape }> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, data }]) => {
      if (sizeOf(shape) !== data.length) throw new RangeError(`${name}: shape and data differ`);
      return [name, { shape }];
    }),
  );
}
