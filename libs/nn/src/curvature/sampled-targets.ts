/**
 * Targets drawn from the model, for Fisher matrices and for the scores of the geometric objective. Draw 0 is the one that every program
 * of a step shares; draw m > 0 has random inputs of its own, keyed by `<purpose>/<m>`.
 */
import type { Seed } from '@geodesic/engine';
import { ModelError } from '../errors.ts';
import type { Model } from '../model.ts';
import type { StepGraph } from '../step-graph.ts';
import { outputOf } from '../programs/output-of.ts';

/** The draws of one phase, made when they are asked for. */
export class SampledTargets {
  readonly #step: StepGraph;
  readonly #model: Model;
  readonly #seeds = new Map<number, Seed>();

  constructor(step: StepGraph, model: Model) {
    this.#step = step;
    this.#model = model;
  }

  /**
   * The forward output and its weighted cotangent, d/df of -log p(y~ | x), for draw m.
   * @param subject who needs it, for the message
   * @throws {ModelError} when the task has no likelihood to draw from
   */
  seed(m: number, subject: string): Seed {
    const known = this.#seeds.get(m);
    if (known) return known;
    const { task } = this.#model;
    if (!task.sampled)
      throw new ModelError(subject, 'a task whose targets can be drawn from the model', `${task.name}, which has no Fisher matrix`);
    const { output, random, draw } = task.sampled;
    const drawn = random.map(({ name, purpose, ...rest }) => {
      const suffix = m === 0 ? '' : `/${m}`;
      return { ...rest, name: `${name}${suffix}`, purpose: `${purpose}${suffix}` };
    });
    this.#step.draw(drawn);
    const bound = Object.fromEntries(random.map(({ name }, i) => [name, this.#step.bindings[drawn[i].name]]));
    const cotangent = outputOf(this.#step.call(draw, bound), 'cotangent', task.name);
    const seed = { id: outputOf(this.#step.bindings, output, task.name), cotangent: this.#step.weighted(cotangent) };
    this.#seeds.set(m, seed);
    return seed;
  }
}
