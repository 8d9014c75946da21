/**
 * From a model to the programs of a run: `grad` (gradient sums and per-example scalars), `grad-stats` (the same and the curvature
 * sums), `eval` (scalars only), and `init` where the model initialises from data.
 *
 * Sums, never means: workers divide nothing, so the same sums come out of any number of workers. With w the weight of a row and
 * a- = [a; 1] w the homogeneous input of a layer, A = sum a- a-^T, S = sum g g^T with g the cotangent at the pre-activation of
 *   kfac         -log p(y~ | x) for a label y~ drawn from the model (Martens and Grosse 2015: the Fisher matrix), or
 *   metric-kfac  a vector drawn from N(0, metric) at the output of the layer's chart (its pull-back, "form II").
 */
import { GraphBuilder, spliceGraph, type Graph, type PhaseProgram } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import { crossEntropy, hits, sampledLabelCotangent, smoothedCrossEntropy } from './classification.ts';
import { ModelError } from './errors.ts';
import type { ClassifierModel } from './model.ts';
import { labelUniform } from './program-inputs.ts';
import { StepGraph } from './step-graph.ts';

/** Which factor a layer's curvature is built from. */
export type CurvatureMethod = 'kfac' | 'metric-kfac';

/** What to build programs for. */
export interface ProgramOptions {
  readonly model: ClassifierModel;
  readonly slotSize: number;
  /** Layers with Kronecker-factored curvature; the others report gradients only. */
  readonly curvature: ReadonlyMap<string, CurvatureMethod>;
  /** Share of a label spread over all classes while training, in [0, 1); default 0. The column `loss` is not smoothed. */
  readonly labelSmoothing?: number;
}

/** The programs of a run, and the graph that turns the sums of `init` into parameters. */
export interface Programs {
  readonly phases: Readonly<Record<string, PhaseProgram>>;
  readonly finishInit?: Graph;
}

/** Traces a model into the programs of a run. @throws {ModelError} naming a layer that cannot report what its method needs */
export function buildPrograms(options: ProgramOptions): Programs {
  const { model, slotSize, curvature } = options;
  const phases: Record<string, PhaseProgram> = {
    grad: gradientProgram(options, new Map()),
    eval: evaluationProgram(model, slotSize),
  };
  if (curvature.size > 0) phases['grad-stats'] = gradientProgram(options, curvature);
  if (!model.initialisation) return { phases };
  return { phases: { ...phases, init: initProgram(model, slotSize) }, finishInit: finishInitGraph(model) };
}

function evaluationProgram(model: ClassifierModel, slotSize: number): PhaseProgram {
  const step = new StepGraph(model, slotSize);
  step.append(model.forward);
  taskColumns(step);
  return step.finish();
}

function taskColumns(step: StepGraph): void {
  const { loss, hit } = step.append(({ logits, y }) => ({ loss: crossEntropy(logits, y), hit: hits(logits, y) }));
  step.column('loss', loss);
  step.column('hit', hit);
}

function gradientProgram(
  { model, slotSize, labelSmoothing = 0 }: ProgramOptions,
  curvature: ReadonlyMap<string, CurvatureMethod>,
): PhaseProgram {
  const step = new StepGraph(model, slotSize);
  step.append(model.forward);
  taskColumns(step);
  const { loss } = step.append(({ logits, y }) => ({ loss: smoothedCrossEntropy(logits, y, labelSmoothing) }));
  const fisherLayers = layersOf(model, curvature, 'kfac');
  const cotangents = new Map<string, number>();
  if (fisherLayers.length > 0 || model.evolution) sampleLabels(step, model, fisherLayers, cotangents);
  let objective = loss;
  if (model.evolution) {
    const terms = step.append(model.evolution.terms);
    for (const name of model.evolution.columns) step.column(name, terms[name]);
    objective = step.builder.add('Add', [loss, terms.objective]);
  }
  const total = step.builder.add('Sum', [step.weighted(objective)], { axes: [0], keepDims: false });
  const parameters = model.parameters.map(({ name }) => step.bindings[name]);
  const gradient = step.cotangents([{ id: total, cotangent: step.builder.constant(1) }], parameters);
  step.sum('gradient', step.concatenate(gradient));
  pullBackMetric(step, model, curvature, cotangents);
  for (const layer of curvature.keys()) curvatureSums(step, layer, cotangents.get(layer));
  return step.finish();
}

/** Draws a label for each example; binds the scores at the charts and keeps the cotangents at the Fisher layers. */
function sampleLabels(step: StepGraph, model: ClassifierModel, layers: readonly string[], cotangents: Map<string, number>): void {
  step.draw([labelUniform]);
  const { seed } = step.append((t) => ({ seed: sampledLabelCotangent(t.logits, t[labelUniform.name]) }));
  const charts = model.evolution ? model.charts.map(({ output }) => output) : [];
  const places = [...charts.map((name) => step.bindings[name]), ...layers.map((layer) => captureOf(step, layer).output)];
  const found = step.cotangents([{ id: step.bindings.logits, cotangent: step.weighted(seed) }], places);
  charts.forEach((name, i) => (step.bindings[`score:${name}`] = step.builder.add('StopGradient', [found[i]])));
  layers.forEach((layer, i) => cotangents.set(layer, found[charts.length + i]));
}

/** Draws a cotangent from the metric at each chart and pulls it back to the chart's layers. */
function pullBackMetric(
  step: StepGraph,
  model: ClassifierModel,
  curvature: ReadonlyMap<string, CurvatureMethod>,
  cotangents: Map<string, number>,
): void {
  const wanted = new Set(layersOf(model, curvature, 'metric-kfac'));
  if (wanted.size === 0) return;
  if (!model.metricCotangents) throw new ModelError([...wanted][0], 'a model with a metric for metric-kfac', 'a model without one');
  step.draw(model.metricCotangents.random);
  const drawn = step.append(namedSeeds(model.metricCotangents.draw));
  for (const { output, layers } of model.charts) {
    const used = layers.filter((layer) => wanted.delete(layer));
    if (used.length === 0) continue;
    const seed = step.weighted(drawn[`seed:${output}`]);
    const found = step.cotangents(
      [{ id: step.bindings[output], cotangent: seed }],
      used.map((layer) => captureOf(step, layer).output),
    );
    used.forEach((layer, i) => cotangents.set(layer, found[i]));
  }
  for (const layer of wanted) throw new ModelError(layer, 'a chart that it belongs to, for metric-kfac', 'none');
}

/** Keeps a drawn cotangent apart from the chart's coordinates, which have the same name. */
function namedSeeds(draw: NonNullable<ClassifierModel['metricCotangents']>['draw']): typeof draw {
  return (tensors) => Object.fromEntries(Object.entries(draw(tensors)).map(([name, tensor]) => [`seed:${name}`, tensor]));
}

/** A = sum a- a-^T [I + 1, I + 1] and S = sum g g^T [O, O] of one layer. */
function curvatureSums(step: StepGraph, layer: string, cotangent: number | undefined): void {
  if (cotangent === undefined) throw new ModelError(layer, 'output gradients to build its curvature from', 'none');
  const { builder, bindings } = step;
  const { input } = captureOf(step, layer);
  const ones = builder.add('Reshape', [bindings.weight], { shape: [...builder.shapeOf(bindings.weight), 1] });
  const homogeneous = builder.add('Concat', [step.weighted(input), ones], { axis: 1 });
  const outer = (id: number): number => builder.add('BatchMatMul', [id, id], { transposeA: true, transposeB: false });
  step.sum(`A/${layer}`, outer(homogeneous), { symmetric: true });
  step.sum(`S/${layer}`, outer(cotangent), { symmetric: true });
}

function initProgram(model: ClassifierModel, slotSize: number): PhaseProgram {
  const step = new StepGraph(model, slotSize);
  const { sums, statistics } = model.initialisation!;
  const found = step.append(statistics);
  for (const { name } of sums) step.sum(name, found[name]);
  return step.finish();
}

function finishInitGraph(model: ClassifierModel): Graph {
  const { sums, finish, parameters } = model.initialisation!;
  const inputs = { count: { shape: [] }, ...Object.fromEntries(sums.map(({ name, shape }) => [name, { shape }])) };
  const graph = trace(finish, inputs);
  const builder = new GraphBuilder();
  const bindings = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape }]) => [name, builder.input(name === 'count' ? name : `sum:${name}`, shape, 'float32')]),
  );
  const { outputs } = spliceGraph(builder, graph, bindings);
  for (const name of parameters) builder.output(`parameter:${name}`, outputs[name]);
  return builder.build();
}

function layersOf(model: ClassifierModel, curvature: ReadonlyMap<string, CurvatureMethod>, method: CurvatureMethod): string[] {
  return model.layers.map(({ name }) => name).filter((name) => curvature.get(name) === method);
}

function captureOf(step: StepGraph, layer: string): { input: number; output: number } {
  const capture = step.captures.get(layer);
  if (!capture) throw new ModelError(layer, 'taps for its input and its output', 'none');
  return capture;
}
