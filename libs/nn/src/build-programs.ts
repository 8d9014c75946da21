/**
 * From a model to the programs of a run: `grad`, `eval`, `init` where the model initialises from data, and what the curvature of its
 * layers and the search for a step ask for; see the files in programs/.
 *
 * Sums, never means: workers divide nothing, so the same sums come out of any number of workers. All rows are weighted, so that padding
 * adds exactly nothing to any output.
 */
import type { Graph, PhaseProgram } from '@geodesic/engine';
import { evaluationProgram } from './programs/evaluation-program.ts';
import { basisProgram, burnInProgram, constantInputLayers, gradientProgram, statisticsProgram } from './programs/gradient-programs.ts';
import { gramProgram } from './programs/gram-program.ts';
import { finishInitGraph, initProgram } from './programs/initialisation-programs.ts';
import type { ProgramOptions } from './programs/program-options.ts';
import { probeProgram, productProgram, quadraticProgram, trialProgram } from './programs/quadratic-programs.ts';

/** The programs of a run, and the graph that turns the sums of `init` into parameters. */
export interface Programs {
  readonly phases: Readonly<Record<string, PhaseProgram>>;
  readonly finishInit?: Graph;
  /** Layers whose input factor is the same at every step; only with `search.wholeBatch`. `grad-stats-moving` leaves it out. */
  readonly constantInputs: readonly string[];
}

/** Traces a model into the programs of a run. @throws {ModelError} naming a layer or task that cannot report what is asked of it */
export function buildPrograms(options: ProgramOptions): Programs {
  const { model, slotSize, given } = options;
  const constantInputs = options.search?.wholeBatch ? constantInputLayers(options) : [];
  const phases: Record<string, PhaseProgram> = {
    grad: gradientProgram(options),
    eval: evaluationProgram(model, slotSize),
    ...statisticsPrograms(options, constantInputs),
    ...searchPrograms(options),
  };
  const initialised = model.initialisation?.parameters.filter((name) => !given?.has(name)) ?? [];
  if (initialised.length === 0) return { phases, constantInputs };
  return { phases: { ...phases, init: initProgram(model, slotSize) }, finishInit: finishInitGraph(model, initialised), constantInputs };
}

function statisticsPrograms(options: ProgramOptions, constantInputs: readonly string[]): Record<string, PhaseProgram> {
  const { curvature, search } = options;
  if (curvature.size === 0) return {};
  const inBasis = [...curvature.values()].some(({ form }) => form === 'eigenbasis');
  return {
    'grad-stats': statisticsProgram(options),
    ...(constantInputs.length > 0 && { 'grad-stats-moving': statisticsProgram(options, new Set(constantInputs)) }),
    ...(search?.burnin && { burnin: burnInProgram(options) }),
    ...(inBasis && { basis: basisProgram(options) }),
  };
}

function searchPrograms(options: ProgramOptions): Record<string, PhaseProgram> {
  const { search = {}, curvature } = options;
  return {
    ...(search.gram && { gram: gramProgram(options, search.gram) }),
    ...(search.product && { product: productProgram(options) }),
    ...(search.quad && { quad: quadraticProgram(options) }),
    ...(search.trial && { trial: trialProgram(options) }),
    ...(search.probe && curvature.size > 0 && { probe: probeProgram(options) }),
  };
}
