/** Runs a chart map through the traced graph, in float64 or natively in float32, and takes its Jacobian products on the graph. */
import { GraphBuilder, jvp, spliceGraph, vjp } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import { sizeOf, type Shape, type TensorData } from '@geodesic/tensor';
import type { ChartMap } from '../src/index.ts';
import { evaluateFunction, interpret, shapesOf } from './evaluate-function.ts';
import { runOnnx } from './run-onnx.ts';

/** A float64 tensor. @throws {RangeError} when the data do not fill the shape */
export function tensor(shape: Shape, data: readonly number[]): TensorData {
  if (sizeOf(shape) !== data.length) throw new RangeError(`tensor [${shape.join(', ')}]: ${data.length} entries`);
  return { dtype: 'float64', shape, data: Float64Array.from(data) };
}

/** Parameters by name, and what a map does with a batch x [B, d]. */
export interface ChartRun {
  readonly map: ChartMap;
  readonly parameters: Readonly<Record<string, TensorData>>;
  readonly x: TensorData;
}

/** value [B, outputs] and logDet [B] of a map's forward or inverse direction. */
export function runChart(
  { map, parameters, x }: ChartRun,
  direction: 'forward' | 'inverse' = 'forward',
): { value: number[]; logDet: number[] } {
  const { value, logDet } = evaluateFunction((t) => ({ ...map[direction](t, t.x) }), { ...parameters, x });
  return { value, logDet: logDet.length === 1 ? Array<number>(x.shape[0]).fill(logDet[0]) : logDet };
}

/** J v for each row, v [B, inputs], by the map's closed form. */
export function pushForward({ map, parameters, x }: ChartRun, v: readonly number[]): number[] {
  const { tangent } = evaluateFunction((t) => ({ tangent: map.pushForward(t, t.x, t.v).tangent }), {
    ...parameters,
    x,
    v: tensor(x.shape, v),
  });
  return tangent;
}

/** J v for each row, v [B, inputs], by forward accumulation on the graph. */
export function tangentOnGraph(run: ChartRun, v: readonly number[]): number[] {
  return productOnGraph(run, { v: tensor(run.x.shape, v) }, ({ builder, x, value, seed }) =>
    jvp(builder, [{ id: x, tangent: seed }], [value]),
  );
}

/** J^T u for each row, u [B, outputs], by reverse accumulation on the graph. */
export function pullBack(run: ChartRun, u: readonly number[]): number[] {
  const seeds = { u: tensor([run.x.shape[0], run.map.outputs], u) };
  return productOnGraph(run, seeds, ({ builder, x, value, seed }) => vjp(builder, [{ id: value, cotangent: seed }], [x]));
}

/** dy/dx [outputs, inputs] of one row. */
export function jacobianOfRow(run: ChartRun, row: number): number[] {
  const { inputs, outputs } = run.map;
  return Array.from({ length: outputs }, (_, i) => {
    const u = Array.from({ length: run.x.shape[0] * outputs }, (__, j) => (j === row * outputs + i ? 1 : 0));
    return pullBack(run, u).slice(row * inputs, (row + 1) * inputs);
  }).flat();
}

/** What a map makes of x and its log-determinant, what comes back of y and J v, natively in float32. */
export async function runChartNatively(
  { map, parameters, x }: ChartRun,
  given: { readonly y: readonly number[]; readonly v: readonly number[] },
): Promise<Record<string, number[]>> {
  const inputs = { ...parameters, x, y: tensor([x.shape[0], map.outputs], given.y), v: tensor(x.shape, given.v) };
  return runOnnx((t) => {
    const { value, logDet } = map.forward(t, t.x);
    return { value, logDet, back: map.inverse(t, t.y).value, tangent: map.pushForward(t, t.x, t.v).tangent };
  }, inputs);
}

/** Where a derivative is taken: ids of the argument, the value and the vector. */
interface Site {
  readonly builder: GraphBuilder;
  readonly x: number;
  readonly value: number;
  readonly seed: number;
}

/** Evaluates one product of the Jacobian, appended to the graph of a map. */
function productOnGraph(run: ChartRun, seeds: Readonly<Record<string, TensorData>>, product: (site: Site) => number[]): number[] {
  const inputs = { ...run.parameters, x: run.x, ...seeds };
  const graph = trace((t) => ({ value: run.map.forward(t, t.x).value }), shapesOf({ ...run.parameters, x: run.x }));
  const builder = new GraphBuilder();
  const bindings = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, builder.input(name, shape, 'float32')]));
  const { outputs } = spliceGraph(builder, graph, bindings);
  const [seed] = Object.keys(seeds).map((name) => bindings[name]);
  builder.output('product', product({ builder, x: bindings.x, value: outputs.value, seed })[0]);
  return [...interpret(builder.build(), inputs).product.data];
}
