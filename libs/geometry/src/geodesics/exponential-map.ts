/**
 * The exponential map: follow the geodesic from x with velocity v for unit time. Its inverse is logarithm-map.ts.
 */
import { requirePoint, type MetricField } from '../fields/metric-field.ts';
import { lagrangianSystem, type GeodesicState } from './geodesic-equations.ts';
import { integrate, type IntegrationOptions } from './integrators.ts';

/** Integration options and the time to follow the geodesic for. */
export interface GeodesicOptions extends IntegrationOptions {
  /** Default 1. */
  readonly time?: number;
}

/**
 * The states along the geodesic at equal times from 0 to `time`, steps + 1 of them. RK4: four 1-jets in d directions a step.
 * @throws {MetricError | NotPositiveDefiniteError} when the geodesic leaves the chart, or an option is unusable
 */
export function geodesic(field: MetricField, start: GeodesicState, options: GeodesicOptions = {}): GeodesicState[] {
  const d = field.dimension;
  const y = new Float64Array(2 * d);
  y.set(requirePoint('geodesic', 'x', field, start.x));
  y.set(requirePoint('geodesic', 'v', field, start.v), d);
  const states = integrate(lagrangianSystem(field), y, options.time ?? 1, options);
  return states.map((state) => ({ x: state.subarray(0, d), v: state.subarray(d) }));
}

/** exp_x(time v) [d], the end of that geodesic. @throws {MetricError | NotPositiveDefiniteError} as geodesic does */
export function exponentialMap(field: MetricField, start: GeodesicState, options: GeodesicOptions = {}): Float64Array {
  return geodesic(field, start, options)[options.steps ?? 100].x.slice();
}
