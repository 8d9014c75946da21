/**
 * From a model to the programs of a run: `grad` (gradient sums and per-example scalars), `grad-stats` (the same and the curvature
 * sums), `eval` (scalars only), and `init` where the model initialises from data.
 *
 * Sums, never means: workers divide nothing, so the same sums come out of any number of workers. The gradients g of a layer's
 * curvature sums (curvature-sums.ts) are the cotangents at its pre-activation of
 *   kfac         -log p(y~ | x) for a target y~ drawn from the model (Martens and Grosse 2015: the Fisher matrix), or
 *   metric-kfac  a vector drawn from N(0, metric) at the output of the layer's chart (its pull-back, "form II").
 */
import { GraphBuilder, spliceGraph, type Graph, type PhaseProgram } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import type { CapturedLayer } from './capture/captured-layer.ts';
import { curvatureSums } from './curvature-sums.ts';
import { ModelError } from './errors.ts';
import type { ForwardMode, Model } from './model.ts';
import { StepGraph } from './step-graph.ts';

/** Which factor a layer's curvature is built from. */
export type CurvatureMethod = 'kfac' | 'metric-kfac';

/** What to build programs for. */
export interface ProgramOptions {
  readonly model: Model;
  readonly slotSize: number;
  /** Layers with curvature; the others report gradients only. */
  readonly curvature: ReadonlyMap<string, CurvatureMethod>;
  /** Parameters whose gradients are not computed: zeros stand in their places. */
  readonly frozen?: ReadonlySet<string>;
  /** Parameters that have their first values, such as those of a checkpoint: initialisation from data leaves them alone. */
  readonly given?: ReadonlySet<string>;
  /**
   * How the gradient programs run the forward pass; default `training`. With `evaluation` batch norms use the committed state, so that
   * all else can be checked for coupling.
   */
  readonly gradientsOf?: 'training' | 'evaluation';
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
  const initialised = model.initialisation?.parameters.filter((name) => !options.given?.has(name)) ?? [];
  if (initialised.length === 0) return { phases };
  return { phases: { ...phases, init: initProgram(model, slotSize) }, finishInit: finishInitGraph(model, initialised) };
}

function evaluationProgram(model: Model, slotSize: number): PhaseProgram {
  const step = new StepGraph(model, slotSize);
  step.forward({ training: false });
  taskTerms(step, model);
  return step.finish();
}

/** Adds the task's columns; returns the training loss of each example. */
function taskTerms(step: StepGraph, { task }: Model): number {
  const terms = step.append(task.terms);
  for (const name of task.columns) step.column(name, output(terms, name, task.name));
  return output(terms, 'objective', task.name);
}

function gradientProgram(options: ProgramOptions, curvature: ReadonlyMap<string, CurvatureMethod>): PhaseProgram {
  const { model, slotSize, gradientsOf = 'training' } = options;
  const mode: ForwardMode = { training: gradientsOf === 'training' };
  const step = new StepGraph(model, slotSize);
  step.forward(mode);
  let objective = taskTerms(step, model);
  const layers = [...curvature.keys()].map((layer) => step.layer(layer));
  const cotangents = new Map<string, readonly number[]>();
  const fisherLayers = layersOf(model, layers, { curvature, method: 'kfac' });
  if (fisherLayers.length > 0 || model.evolution) sampleTargets(step, model, fisherLayers, cotangents);
  if (model.evolution) {
    const terms = step.append(model.evolution.terms);
    for (const name of model.evolution.columns) step.column(name, terms[name]);
    objective = step.builder.add('Add', [objective, terms.objective]);
  }
  const total = step.builder.add('Sum', [step.weighted(objective)], { axes: [0], keepDims: false });
  step.sum('gradient', gradientOf(step, total, options));
  if (mode.training) momentSums(step, model);
  pullBackMetric(step, model, layersOf(model, layers, { curvature, method: 'metric-kfac' }), cotangents);
  for (const layer of layers) {
    const found = cotangents.get(layer.name);
    if (!found) throw new ModelError(layer.name, 'output gradients to build its curvature from', 'none');
    curvatureSums(step, { layer, cotangents: found, mask: maskOf(step, model, layer.name) });
  }
  return step.finish();
}

/** The gradient of a scalar in all parameters [P], zero where they are frozen. */
function gradientOf(step: StepGraph, total: number, { model, frozen = new Set() }: ProgramOptions): number {
  const moved = model.parameters.filter(({ name }) => !frozen.has(name)).map(({ name }) => step.bindings[name]);
  const found = step.cotangents([{ id: total, cotangent: step.builder.constant(1) }], moved);
  const zeros = (id: number): number => step.builder.add('BroadcastTo', [step.builder.constant(0)], { shape: step.builder.shapeOf(id) });
  return step.concatenate(model.parameters.map(({ name }) => (frozen.has(name) ? zeros(step.bindings[name]) : found.shift()!)));
}

/** The sums that the committed state averages. */
function momentSums(step: StepGraph, { state }: Model): void {
  for (const { name, rule } of state) {
    if (rule.kind !== 'moving-average-of-sum') continue;
    const sum = step.bindings[`sum:${rule.sum}`];
    if (sum === undefined) throw new ModelError(name, `a forward output sum:${rule.sum} while training`, 'none');
    step.sum(rule.sum, sum);
  }
}

/** Draws a target for each example; binds the scores at the charts and keeps the cotangents at the Fisher layers. */
function sampleTargets(
  step: StepGraph,
  { task, charts, evolution }: Model,
  layers: readonly CapturedLayer[],
  cotangents: Map<string, readonly number[]>,
): void {
  const { sampled } = task;
  if (!sampled) {
    const needs = layers[0] ? `layer ${layers[0].name}` : 'the geometric objective';
    throw new ModelError(needs, 'a task whose targets can be drawn from the model', `${task.name}, which has no Fisher matrix`);
  }
  step.draw(sampled.random);
  const seed = output(step.append(sampled.draw), 'cotangent', task.name);
  const scored = evolution ? charts.map(({ output: name }) => name) : [];
  const found = step.separateCotangents(
    [{ id: output(step.bindings, sampled.output, task.name), cotangent: step.weighted(seed) }],
    [...scored.map((name) => step.bindings[name]), ...placesOf(layers)],
  );
  scored.forEach((name, i) => (step.bindings[`score:${name}`] = step.builder.add('StopGradient', [found[i]])));
  keep(layers, found.slice(scored.length), cotangents);
}

/** Draws a cotangent from the metric at each chart and pulls it back to the chart's layers. */
function pullBackMetric(
  step: StepGraph,
  { charts, metricCotangents }: Model,
  layers: readonly CapturedLayer[],
  cotangents: Map<string, readonly number[]>,
): void {
  if (layers.length === 0) return;
  if (!metricCotangents) throw new ModelError(layers[0].name, 'a model with a metric for metric-kfac', 'a model without one');
  step.draw(metricCotangents.random);
  const drawn = step.append(namedSeeds(metricCotangents.draw));
  for (const { output: name, layers: names } of charts) {
    const used = layers.filter(({ name: layer }) => names.includes(layer) && !cotangents.has(layer));
    if (used.length === 0) continue;
    const seed = step.weighted(drawn[`seed:${name}`]);
    keep(used, step.separateCotangents([{ id: step.bindings[name], cotangent: seed }], placesOf(used)), cotangents);
  }
  const stray = layers.find(({ name }) => !cotangents.has(name));
  if (stray) throw new ModelError(stray.name, 'a chart that it belongs to, for metric-kfac', 'none');
}

/** Keeps a drawn cotangent apart from the chart's coordinates, which have the same name. */
function namedSeeds(draw: NonNullable<Model['metricCotangents']>['draw']): typeof draw {
  return (tensors) => Object.fromEntries(Object.entries(draw(tensors)).map(([name, tensor]) => [`seed:${name}`, tensor]));
}

function placesOf(layers: readonly CapturedLayer[]): number[] {
  return layers.flatMap(({ uses }) => uses.map(({ output: place }) => place));
}

/** Hands out cotangents at the places of layers, in their order. */
function keep(layers: readonly CapturedLayer[], found: readonly number[], cotangents: Map<string, readonly number[]>): void {
  let next = 0;
  for (const { name, uses } of layers) cotangents.set(name, found.slice(next, (next += uses.length)));
}

function maskOf(step: StepGraph, { positionMasks }: Model, layer: string): number | undefined {
  const name = positionMasks?.[layer];
  return name === undefined ? undefined : output(step.bindings, name, layer);
}

function output(outputs: Readonly<Record<string, number>>, name: string, subject: string): number {
  const id = outputs[name] as number | undefined;
  if (id === undefined) throw new ModelError(subject, `an output ${name}`, `none among ${Object.keys(outputs).join(', ')}`);
  return id;
}

function initProgram(model: Model, slotSize: number): PhaseProgram {
  const step = new StepGraph(model, slotSize);
  const { sums, statistics } = model.initialisation!;
  const found = step.append(statistics);
  for (const { name } of sums) step.sum(name, found[name]);
  return step.finish();
}

function finishInitGraph(model: Model, parameters: readonly string[]): Graph {
  const { sums, finish } = model.initialisation!;
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

/** The captured layers of a method, in the model's order. */
function layersOf(
  model: Model,
  captured: readonly CapturedLayer[],
  { curvature, method }: { readonly curvature: ReadonlyMap<string, CurvatureMethod>; readonly method: CurvatureMethod },
): CapturedLayer[] {
  const found = new Map(captured.map((layer) => [layer.name, layer]));
  return model.layers.flatMap(({ name }) => (curvature.get(name) === method ? [found.get(name)!] : []));
}
