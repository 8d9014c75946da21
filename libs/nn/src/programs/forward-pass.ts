/**
 * What the programs of a step have in common: the forward pass, the task's terms, and the objective of every example with its geometric
 * part. Random inputs are keyed by purpose and step, so that programs of one step draw alike and their objectives can be compared.
 */
import { SampledTargets } from '../curvature/sampled-targets.ts';
import type { ForwardMode, Model } from '../model.ts';
import { StepGraph } from '../step-graph.ts';
import { outputOf } from './output-of.ts';
import { stepMode, type ProgramOptions } from './program-options.ts';

/** A step's graph up to its objective. */
export interface ForwardPass {
  readonly step: StepGraph;
  readonly mode: ForwardMode;
  readonly targets: SampledTargets;
  /** The training objective of each example [B], without L2; not weighted. */
  readonly objective: number;
}

/** Appends the forward pass and the objective to a new graph; `columns`: also what is reported of each example. */
export function forwardPass(options: ProgramOptions, { columns }: { readonly columns: boolean }): ForwardPass {
  const { model, slotSize } = options;
  const mode = stepMode(options);
  const step = new StepGraph(model, slotSize);
  step.forward(mode);
  const targets = new SampledTargets(step, model);
  const task = taskTerms(step, model, { columns });
  const geometric = evolutionTerms(step, model, { columns, targets });
  const objective = geometric === undefined ? task : step.builder.add('Add', [task, geometric]);
  return { step, mode, targets, objective };
}

/** Adds the task's columns; returns the training loss of each example. */
export function taskTerms(step: StepGraph, { task }: Model, { columns }: { readonly columns: boolean }): number {
  const terms = step.append(task.terms);
  if (columns) for (const name of task.columns) step.column(name, outputOf(terms, name, task.name));
  return outputOf(terms, 'objective', task.name);
}

/** The geometric part of the objective, from the scores of a drawn target at every chart; undefined where the model has none. */
function evolutionTerms(
  step: StepGraph,
  { charts, evolution }: Model,
  { columns, targets }: { readonly columns: boolean; readonly targets: SampledTargets },
): number | undefined {
  if (!evolution) return undefined;
  const seed = targets.seed(0, 'the geometric objective');
  const scores = step.separateCotangents(
    [seed],
    charts.map(({ output }) => step.bindings[output]),
  );
  charts.forEach(({ output }, i) => (step.bindings[`score:${output}`] = step.builder.add('StopGradient', [scores[i]])));
  const terms = step.append(evolution.terms);
  if (columns) for (const name of evolution.columns) step.column(name, terms[name]);
  return terms.objective;
}
