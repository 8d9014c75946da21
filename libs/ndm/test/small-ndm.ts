/** A Neural Differential Manifold of about 300 parameters, its programs, and a keyed slot of examples to run them on. */
import { evaluate, type Graph } from '@geodesic/engine';
import { buildPrograms, type Model, type LayerCurvature, type Programs } from '@geodesic/nn';
import { makeLayout, type Layout, type TensorData } from '@geodesic/tensor';
import { ndmClassifier, type NdmClassifierOptions } from '../src/index.ts';
import { interpret, normal } from './evaluate-function.ts';
import { tensor } from './run-chart.ts';

/** Sizes of the small model; weights of the objective are exact in float32, as the constants of a graph are. */
export const smallOptions = {
  inputs: 3,
  classes: 3,
  width: 4,
  blocks: 2,
  hidden: 3,
  reflections: 2,
  scaleMax: 2,
  metric: { rank: 2, basis: 2, hidden: 3 },
  objective: { anchor: 0.125, volume: 0.25, volumeWarmupSteps: 1 },
} as const satisfies NdmClassifierOptions;

/** A model, its layout, and its programs with K-FAC at the ends and metric K-FAC in the blocks. */
export interface SmallNdm extends Programs {
  readonly model: Model;
  readonly layout: Layout;
}

/** Builds the small model with some sizes or weights replaced. */
export function smallNdm(slotSize: number, options: Partial<NdmClassifierOptions> = {}): SmallNdm {
  const model = ndmClassifier({ ...smallOptions, ...options });
  const sourceOf = (layer: string): LayerCurvature['source'] => (layer.startsWith('block') ? 'metric-pullback' : 'sampled');
  const curvature = new Map(model.layers.map(({ name }) => [name, { source: sourceOf(name), form: 'kronecker' } as const]));
  return { model, layout: makeLayout(model.parameters), ...buildPrograms({ model, slotSize, curvature }) };
}

/** theta with every parameter normal times `scale`. */
export function theta({ layout }: SmallNdm, scale = 0.5): Float64Array {
  return normal('theta', layout.size, scale);
}

/** Values for every input of a slot of `rows` examples: scales tau of 1, a volume weight of 0.25. */
export function slotValues(ndm: SmallNdm, rows: number, parameters: Float64Array): Record<string, TensorData> {
  const { model, layout } = ndm;
  const values: Record<string, TensorData> = {
    theta: tensor([layout.size], [...parameters]),
    state: tensor(
      [model.state.length],
      model.state.map(({ name }) => (name === 'lambda/volume' ? smallOptions.objective.volume : 1)),
    ),
    x: tensor([rows, 3], [...normal('x', rows * 3)]),
    y: { dtype: 'int32', shape: [rows], data: Int32Array.from({ length: rows }, (_, row) => row % 3) },
    weight: tensor([rows], Array<number>(rows).fill(1)),
    'uniform:label': tensor(
      [rows, 1],
      Array.from({ length: rows }, (_, row) => (row + 0.5) / rows),
    ),
  };
  for (const { name, width } of model.metricCotangents!.random) values[name] = tensor([rows, width], [...normal(name, rows * width)]);
  return values;
}

/** Runs a program's graph in float64 on those of the values that it reads. */
export function run(graph: Graph, values: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  return interpret(graph, values);
}

/** The parameters by name that `finishInit` computes from the sums of `init` and the count of examples. */
export function finishInit(
  { finishInit }: SmallNdm,
  count: number,
  sums: Readonly<Record<string, TensorData>>,
): Record<string, TensorData> {
  return evaluate(finishInit!, { count: tensor([], [count]), ...sums }, { precision: 'float64' });
}
