/**
 * Smooth maps between charts or from a chart to features, given by what they do to jets, and their Jacobians.
 * A map is one formula: its derivatives of any order come from the jets that pass through it.
 */
import { MetricError, requireLength } from '../errors.ts';
import { JetSpace } from './jet-space.ts';
import { Jet } from './jet.ts';

/** A map from `inputs` to `outputs` numbers. Pure. */
export interface SmoothMap {
  readonly inputs: number;
  readonly outputs: number;
  evaluate(x: Jet): Jet;
}

/** The image [outputs] of a point [inputs]. @throws {MetricError} when a size does not fit */
export function imageOf(map: SmoothMap, x: ArrayLike<number>): Float64Array {
  return evaluateChecked(map, Jet.at(x, 0)).values.slice();
}

/** The Jacobian [outputs, inputs] at a point [inputs]. @throws {MetricError} when a size does not fit */
export function jacobian(map: SmoothMap, x: ArrayLike<number>): Float64Array {
  const { jacobian: columns } = withJacobian(map, Jet.constant(JetSpace.of(0, 0), x));
  return columns.values.slice();
}

/**
 * The image [outputs] and the Jacobian [outputs, inputs] at a jet of a point, both as jets of its space: the Jacobian with its own
 * derivatives. (1 + inputs) times the channels of x.
 * @throws {MetricError} when a size does not fit
 */
export function withJacobian(map: SmoothMap, x: Jet): { readonly image: Jet; readonly jacobian: Jet } {
  const { inputs: n, outputs: m } = map;
  const wide = evaluateChecked(map, x.withTangents());
  const columns = Array.from({ length: n }, (_, tangent) => wide.restrict(x.space, tangent));
  const rows = Jet.concat(columns).linear(m * n, (entries, out) => {
    for (let i = 0; i < n; i++) for (let k = 0; k < m; k++) out[k * n + i] = entries[i * m + k];
  });
  return { image: wide.restrict(x.space), jacobian: rows };
}

/** The composition x -> outer(inner(x)). @throws {MetricError} when they do not fit */
export function compose(outer: SmoothMap, inner: SmoothMap): SmoothMap {
  if (outer.inputs !== inner.outputs) throw new MetricError('compose', 'outer', `a map of ${inner.outputs} inputs`, `${outer.inputs}`);
  return { inputs: inner.inputs, outputs: outer.outputs, evaluate: (x) => outer.evaluate(inner.evaluate(x)) };
}

/** The image of a jet, its sizes checked. @throws {MetricError} when a size does not fit */
export function evaluateChecked(map: SmoothMap, x: Jet): Jet {
  requireLength('SmoothMap', 'x', x.values, map.inputs, `[${map.inputs}]`);
  const image = map.evaluate(x);
  requireLength('SmoothMap', 'image', image.values, map.outputs, `[${map.outputs}]`);
  return image;
}
