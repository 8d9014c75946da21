/**
 * The vectors whose outer products make a layer's curvature, brought back to its pre-activation. By source:
 *   sampled           M cotangents of -log p(y~ | x), y~ drawn from the model, each counting 1 / M: the Fisher matrix on average
 *   exact             the K roots of the task's output Hessian (type 2): the Gauss-Newton matrix itself, K backward passes
 *   empirical         the cotangent of the objective itself: the second moment of the gradients of examples
 *   metric-pullback,  vectors drawn from the learned metric; see metric-draws.ts
 *   metric-local
 * Source: Martens and Grosse 2015, section 5; Dangel et al. 2023 for the names of the types. Rows are weighted; the moments of batch
 * norms count as constants.
 */
import type { Seed } from '@geodesic/engine';
import type { CapturedLayer } from '../capture/captured-layer.ts';
import { ModelError } from '../errors.ts';
import type { LayerCurvature } from '../layer-curvature.ts';
import type { Model } from '../model.ts';
import { outputOf } from '../programs/output-of.ts';
import type { StepGraph } from '../step-graph.ts';
import type { LayerVectors } from './layer-cases.ts';
import { requireRoots } from './limits.ts';
import { MetricDraws, type MetricForm } from './metric-draws.ts';
import type { SampledTargets } from './sampled-targets.ts';

/** What backpropagation begins from. */
export interface BackpropagationOptions {
  readonly model: Model;
  readonly targets: SampledTargets;
  /** The objective summed over the slot's examples, weighted. */
  readonly total: number;
}

/** Brings vectors back to layers; seeds are made once and shared between layers. */
export class Backpropagation {
  readonly #step: StepGraph;
  readonly #model: Model;
  readonly #targets: SampledTargets;
  readonly #total: number;
  readonly #metric: MetricDraws;
  #roots: readonly Seed[] | undefined;

  constructor(step: StepGraph, { model, targets, total }: BackpropagationOptions) {
    this.#step = step;
    this.#model = model;
    this.#targets = targets;
    this.#total = total;
    this.#metric = new MetricDraws(step, model);
  }

  /** The vectors of a layer. @throws {ModelError} naming the layer when task or model cannot give them */
  vectors(layer: CapturedLayer, { source, samples = 1 }: Pick<LayerCurvature, 'source' | 'samples'>): LayerVectors {
    switch (source) {
      case 'sampled': {
        if (!Number.isInteger(samples) || samples < 1)
          throw new ModelError(layer.name, 'a whole number of samples, at least 1', String(samples));
        const seeds = Array.from({ length: samples }, (_, m) => this.#targets.seed(m, `layer ${layer.name}`));
        return { vectors: seeds.map((seed) => this.#back(layer, seed)), factor: 1 / samples };
      }
      case 'exact':
        return { vectors: this.#rootSeeds(layer.name).map((seed) => this.#back(layer, seed)), factor: 1 };
      case 'empirical':
        return { vectors: [this.#back(layer, { id: this.#total, cotangent: this.#step.builder.constant(1) })], factor: 1 };
      case 'metric-pullback':
        return this.metric(layer, 'pullback');
      case 'metric-local':
        return this.metric(layer, 'local');
      case 'forward':
        throw new ModelError(layer.name, 'a source of output gradients', 'forward, which has none (take kfac without norms)');
    }
  }

  /** A vector drawn from the metric. @throws {ModelError} naming the layer */
  metric(layer: CapturedLayer, form: MetricForm): LayerVectors {
    return { vectors: [this.#metric.cotangents(layer, form)], factor: 1 };
  }

  #back({ uses }: CapturedLayer, seed: Seed): readonly number[] {
    return this.#step.separateCotangents(
      [seed],
      uses.map(({ output }) => output),
    );
  }

  #rootSeeds(layer: string): readonly Seed[] {
    if (this.#roots) return this.#roots;
    const { task } = this.#model;
    const curvature = requireRoots(layer, task);
    const found = this.#step.call(curvature.rootsOf);
    const id = outputOf(this.#step.bindings, curvature.output, task.name);
    this.#roots = Array.from({ length: curvature.roots }, (_, k) => {
      return { id, cotangent: this.#step.weighted(outputOf(found, `root:${k}`, task.name)) };
    });
    return this.#roots;
  }
}
