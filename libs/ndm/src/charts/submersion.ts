/**
 * A narrowing linear map R^n -> R^m, m < n, between charts: a submersion, declared as no chart. It has no inverse and no volume, and what
 * it pulls back has rank m; so it is a layer, of a type that `compose` does not take. Its own curvature is metric K-FAC of form I, with
 * the metric on its output as the coordinate; no chart pulls back through it.
 */
import { dense, ModelError, type Layer } from '@geodesic/nn';

/** A layer that gives dimensions up. */
export interface Submersion extends Layer {
  readonly chart: false;
  readonly inputs: number;
  readonly outputs: number;
}

/** Describes a narrowing; its parameters are those of a dense layer of this name. @throws {ModelError} unless outputs < inputs */
export function submersion(options: { readonly name: string; readonly inputs: number; readonly outputs: number }): Submersion {
  const { name, inputs, outputs } = options;
  if (!(outputs < inputs)) throw new ModelError(name, `fewer than ${inputs} outputs (others can be charts)`, String(outputs));
  return { ...dense({ name, inputs, outputs }), chart: false, inputs, outputs };
}
