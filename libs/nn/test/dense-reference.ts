/**
 * Curvature matrices in full, from Jacobians that are made column by column with unit vectors: what programs are compared with.
 * N examples (rows of a slot with weight 1), C entries of the forward output, P parameters; all matrices row-major.
 */
import { GraphBuilder, evaluate, jvp, type Graph, type LayerEntry, type PhaseProgram, type RandomInput } from '@geodesic/engine';
import { trace, type InputSpec } from '@geodesic/engine/trace';
import { entryOf, makeLayout, sizeOf, type TensorData } from '@geodesic/tensor';
import { buildPrograms, type LayerCurvature, type Model, type SearchPrograms } from '../src/index.ts';
import { labels, tensor } from './evaluate-function.ts';
import { normal, uniform } from './run-layer.ts';

/** Values of a program's inputs by name. */
export type Values = Readonly<Record<string, TensorData>>;

/** A keyed slot: `real` examples (default all), then padding that holds junk. */
export function slotValues(model: Model, rows: number, options: { readonly real?: number; readonly x?: readonly number[] } = {}): Values {
  const { real = rows } = options;
  const { target } = model.task;
  const size = makeLayout(model.parameters).size;
  const features = options.x ? tensor([rows, ...model.featureShape], options.x) : normal('x', [rows, ...model.featureShape]);
  const shape = target === 'features' ? [] : [rows, ...target.shape];
  const below = target === 'features' ? undefined : target.below;
  const classesOf = Array.from({ length: sizeOf(shape) }, (_, i) => (3 * i + 1) % (below ?? 2));
  const y = below === undefined ? uniform('y', shape) : { ...labels(classesOf), shape };
  return {
    theta: normal('theta', [size], 0.7),
    x: features,
    y,
    weight: tensor(
      [rows],
      Array.from({ length: rows }, (_, row) => (row < real ? 1 : 0)),
    ),
    'vector:direction': normal('direction', [size]),
    previous: normal('previous', [size]),
  };
}

/** Interprets a program in float64; random inputs that have no value are keyed by their names. */
export function run({ graph, random }: PhaseProgram, values: Values): Record<string, TensorData> {
  const distribution = new Map(random.map((input: RandomInput) => [input.name, input.distribution]));
  const inputs = graph.inputs.map(({ name, id }): [string, TensorData] => {
    const draw = distribution.get(name) === 'uniform' ? uniform : normal;
    return [name, distribution.has(name) && !(name in values) ? draw(name, graph.nodes[id].shape) : values[name]];
  });
  return evaluate(graph, Object.fromEntries(inputs), { precision: 'float64' });
}

/** A column of the output `examples`, row by row. */
export function column(program: PhaseProgram, outputs: Readonly<Record<string, TensorData>>, name: string): number[] {
  const { columns } = program;
  const { data, shape } = outputs.examples;
  return Array.from({ length: shape[0] }, (_, row) => data[row * columns.length + columns.indexOf(name)]);
}

/** Programs for one curvature of all layers. */
export function programsOf(
  model: Model,
  rows: number,
  curvature: LayerCurvature,
  search: SearchPrograms = {},
): Record<string, PhaseProgram> {
  const layers = new Map(model.layers.map(({ name }) => [name, curvature]));
  return { ...buildPrograms({ model, slotSize: rows, curvature: layers, search }).phases };
}

/** Parameters by name as pieces of a vector of theta's length. */
function pieces(model: Model, flat: ArrayLike<number>): Record<string, TensorData> {
  const { entries } = makeLayout(model.parameters);
  return Object.fromEntries(
    entries.map(({ name, shape, offset, size }) => [name, tensor(shape, Array.from(flat).slice(offset, offset + size))]),
  );
}

/** A forward output while training, as a graph of the parameters by name, and values for its inputs. */
function forwardGraph(model: Model, output: string, values: Values): { graph: Graph; inputs: Record<string, TensorData> } {
  const rows = values.weight.shape[0];
  const drawn = (model.random ?? []).map(({ name, width, distribution }) => {
    return [name, (distribution === 'uniform' ? uniform : normal)(name, [rows, width])] as const;
  });
  const inputs = { ...pieces(model, values.theta.data), x: values.x, weight: values.weight, ...Object.fromEntries(drawn) };
  const specs = Object.entries(inputs).map(([name, { shape }]): [string, InputSpec] => [name, { shape }]);
  return { graph: trace((t) => ({ output: model.forward(t, { training: true })[output] }), Object.fromEntries(specs)), inputs };
}

function feed(graph: Graph, values: Values): Values {
  return Object.fromEntries(graph.inputs.map(({ name }) => [name, values[name]]));
}

/** f_n of every row: [C] each. */
export function outputRows(model: Model, output: string, values: Values): number[][] {
  const { graph, inputs } = forwardGraph(model, output, values);
  const { data, shape } = evaluate(graph, feed(graph, inputs), { precision: 'float64' }).output;
  const width = data.length / shape[0];
  return Array.from({ length: shape[0] }, (_, n) => [...data.subarray(n * width, (n + 1) * width)]);
}

/** J_n of a forward output for every row: C rows of P. */
export function jacobians(model: Model, output: string, values: Values): number[][][] {
  const { graph, inputs } = forwardGraph(model, output, values);
  const { entries, size } = makeLayout(model.parameters);
  const builder = GraphBuilder.from(graph);
  const known = new Map(graph.inputs.map(({ name, id }) => [name, id]));
  const seeds = entries.flatMap(({ name, shape }) =>
    known.has(name) ? [{ id: known.get(name)!, tangent: builder.input(`v:${name}`, shape, 'float32') }] : [],
  );
  builder.output('tangent', jvp(builder, seeds, [graph.outputs[0].id])[0]);
  const tangents = builder.build();
  const rows = values.weight.shape[0];
  const columns = Array.from({ length: size }, (_, p) => {
    const unit = pieces(
      model,
      Float64Array.from({ length: size }, (_value, i) => (i === p ? 1 : 0)),
    );
    const named = Object.fromEntries(Object.entries(unit).map(([name, value]) => [`v:${name}`, value]));
    return evaluate(tangents, feed(tangents, { ...inputs, ...named }), { precision: 'float64' }).tangent.data;
  });
  const width = columns[0].length / rows;
  return Array.from({ length: rows }, (_, n) =>
    Array.from({ length: width }, (_row, c) => columns.map((tangent) => tangent[n * width + c])),
  );
}

/** diag(p) - p p^T of logits. */
export function softmaxHessian(logits: readonly number[]): number[][] {
  const top = Math.max(...logits);
  const total = logits.reduce((sum, z) => sum + Math.exp(z - top), 0);
  const p = logits.map((z) => Math.exp(z - top) / total);
  return p.map((pi, i) => p.map((pj, j) => (i === j ? pi : 0) - pi * pj));
}

/** The unit matrix. */
export function unitMatrix(n: number): number[][] {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_value, j) => (i === j ? 1 : 0)));
}

/** sum over examples of J^T H J: [P, P], as rows. */
export function gaussNewton(
  all: readonly (readonly (readonly number[])[])[],
  hessians: readonly (readonly (readonly number[])[])[],
): number[][] {
  const size = all[0][0].length;
  const sum = Array.from({ length: size }, () => new Float64Array(size));
  all.forEach((jacobian, n) => {
    const curved = hessians[n].map((row) => addRows(jacobian, row));
    jacobian.forEach((row, c) => row.forEach((value, i) => curved[c].forEach((other, j) => (sum[i][j] += value * other))));
  });
  return sum.map((row) => [...row]);
}

function addRows(rows: readonly (readonly number[])[], factors: readonly number[]): number[] {
  return rows[0].map((_, i) => rows.reduce((sum, row, c) => sum + factors[c] * row[i], 0));
}

/** The part of a [P, P] matrix that belongs to a layer, row-major. */
export function blockOf(matrix: readonly (readonly number[])[], model: Model, layer: LayerEntry): number[] {
  const { offset, size } = entryOf(makeLayout(model.parameters), layer.weight);
  const end = offset + size + (layer.bias ? layer.outputs : 0);
  return matrix.slice(offset, end).flatMap((row) => row.slice(offset, end));
}

/** A (x) S for the row-major order of [rows, columns]: entry ((i, o), (j, p)) = A_ij S_op. */
export function kroneckerProduct(a: ArrayLike<number>, s: ArrayLike<number>, scale = 1): number[] {
  const [rows, columns] = [Math.sqrt(a.length), Math.sqrt(s.length)];
  const n = rows * columns;
  return Array.from({ length: n * n }, (_, at) => {
    const [row, other] = [Math.floor(at / n), at % n];
    const [i, o, j, p] = [Math.floor(row / columns), row % columns, Math.floor(other / columns), other % columns];
    return scale * a[i * rows + j] * s[o * columns + p];
  });
}

/** |a - b| / |b| in the Frobenius norm. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** The gradients of the examples, from slots with one example each: rows of P. */
export function exampleGradients(model: Model, values: Values): number[][] {
  const rows = values.weight.shape[0];
  const { grad } = buildPrograms({ model, slotSize: rows, curvature: new Map() }).phases;
  const examples = [...values.weight.data.keys()].filter((row) => values.weight.data[row] === 1);
  return examples.map((example) => {
    const weight = tensor(
      [rows],
      Array.from({ length: rows }, (_, row) => (row === example ? 1 : 0)),
    );
    return [...run(grad, { ...values, weight })['sum:gradient'].data];
  });
}
