/**
 * The programs around the gradient and the layer-wise statistics:
 *   grad               the task's columns, `objective` where the search wants it, and the gradient
 *   grad-stats         the same and the curvature sums
 *   grad-stats-moving  the same without input factors that never change
 *   burnin             curvature sums alone
 *   basis              second moments in a broadcast eigenbasis
 */
import type { PhaseProgram } from '@geodesic/engine';
import { Backpropagation } from '../curvature/backpropagation.ts';
import { basisSums, hasConstantInputs, layerSums, type LayerRequest } from '../curvature/layer-sums.ts';
import { ModelError } from '../errors.ts';
import type { Model } from '../model.ts';
import type { StepGraph } from '../step-graph.ts';
import { forwardPass, type ForwardPass } from './forward-pass.ts';
import { collectParameters, movingParameters } from './parameter-vectors.ts';
import type { ProgramOptions } from './program-options.ts';

/** The gradient of the step's batch and what is reported of it. */
export function gradientProgram(options: ProgramOptions): PhaseProgram {
  const pass = forwardPass(options, { columns: true });
  gradientSums(pass, options);
  return pass.step.finish();
}

/** The same with the sums of all layers with curvature, but for the A of those in `skipInputs`. */
export function statisticsProgram(options: ProgramOptions, skipInputs: ReadonlySet<string> = new Set()): PhaseProgram {
  const pass = forwardPass(options, { columns: true });
  const total = gradientSums(pass, options);
  statistics(pass, options, { total, skipInputs });
  return coded(pass.step.finish(), options);
}

/** Curvature sums without a gradient. */
export function burnInProgram(options: ProgramOptions): PhaseProgram {
  const pass = forwardPass(options, { columns: false });
  statistics(pass, options, { total: totalOf(pass), skipInputs: new Set() });
  return coded(pass.step.finish(), options);
}

/** Second moments in the eigenbases of the layers that are asked for in this form. */
export function basisProgram(options: ProgramOptions): PhaseProgram {
  const pass = forwardPass(options, { columns: false });
  for (const request of requests(pass, options, totalOf(pass))) if (request.curvature.form === 'eigenbasis') basisSums(pass.step, request);
  return pass.step.finish();
}

/** Layers whose input factor depends on the features alone. */
export function constantInputLayers(options: ProgramOptions): string[] {
  const pass = forwardPass(options, { columns: false });
  return requests(pass, options, totalOf(pass)).flatMap((request) => (hasConstantInputs(pass.step, request) ? [request.layer.name] : []));
}

/** The objective of the slot: a sum over its examples, weighted. */
export function totalOf({ step, objective }: Pick<ForwardPass, 'step' | 'objective'>): number {
  return step.builder.add('Sum', [step.weighted(objective)], { axes: [0], keepDims: false });
}

function gradientSums(pass: ForwardPass, options: ProgramOptions): number {
  const { step, mode, objective } = pass;
  if (options.search?.objective) step.column('objective', objective);
  const total = totalOf(pass);
  const moved = movingParameters(options).map((name) => step.bindings[name]);
  const found = step.cotangents([{ id: total, cotangent: step.builder.constant(1) }], moved);
  step.sum('gradient', collectParameters(step, options, found));
  if (mode.training) momentSums(step, options.model);
  return total;
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

function statistics(
  pass: ForwardPass,
  options: ProgramOptions,
  { total, skipInputs }: { readonly total: number; readonly skipInputs: ReadonlySet<string> },
): void {
  for (const request of requests(pass, options, total)) layerSums(pass.step, request, { skipInputs: skipInputs.has(request.layer.name) });
}

/** The layers with curvature, in the model's order. @throws {ModelError} naming one that the model does not have */
function requests({ step, targets }: ForwardPass, { model, curvature }: ProgramOptions, total: number): LayerRequest[] {
  const backpropagation = new Backpropagation(step, { model, targets, total });
  const known = new Set(model.layers.map(({ name }) => name));
  const unknown = [...curvature.keys()].filter((name) => !known.has(name));
  const names = [...model.layers.map(({ name }) => name).filter((name) => curvature.has(name)), ...unknown];
  return names.map((name) => ({ model, layer: step.layer(name), curvature: curvature.get(name)!, backpropagation }));
}

/** Coded sums are rounded at the level that the run asks. */
function coded(program: PhaseProgram, { search }: ProgramOptions): PhaseProgram {
  const isCoded = program.sums.some(({ codec }) => codec !== undefined);
  return isCoded && search?.codecLevel ? { ...program, codecLevel: search.codecLevel } : program;
}
