/** What the curvature doctor says of one layer after a step. */

/** One row. Missing where the curvature has no such number. */
export interface LayerReport {
  readonly layer: string;
  /** Such as `kronecker`, `eigenbasis`, `dense`, `diagonal`. */
  readonly curvature: string;
  /** Condition number of the damped input factor (or of the whole matrix), at the last refresh. */
  readonly conditionA?: number;
  /** Condition number of the damped output factor, at the last refresh. */
  readonly conditionS?: number;
  readonly pi?: number;
  /** Steps since the last refresh. */
  readonly staleness: number;
  /** How far the statistics have moved since then; see Curvature.moved. */
  readonly moved: number;
  /** Share of the group's predicted KL divergence, in [0, 1]. */
  readonly share?: number;
  /** Bytes of statistics that one worker sends each time, in float32 unless a codec is said. */
  readonly bytes: number;
  /** Refreshes that left the first rung of the ladder; factors inverted with negative eigenvalues as zero; refreshes that kept the last inverse. */
  readonly fallbacks: number;
  readonly clamped: number;
  readonly kept: number;
  /** Refreshes that inverted the diagonal only, after three in a row that kept the last inverse. */
  readonly diagonal?: number;
  /** |v'Cv - v'Fv| / v'Fv on the last probe: this curvature against the exact block of the Gauss-Newton matrix. */
  readonly probeError?: number;
}
