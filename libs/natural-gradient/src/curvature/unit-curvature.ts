/**
 * The curvature of a norm layer, unit by unit: for each channel the exact block of its gain and bias, [p^2, p q; p q, q^2] in the mean,
 * p and q being an example's gradients of gain and bias, and nothing between channels (Grosse & Martens 2016 treat batch norms so). A layer
 * without a bias has [p^2]. Matrix of the layer: [rows, channels], gains in the first row.
 * Keys: those of single-statistic.ts with sum `U` [3, channels] = p^2, p q, q^2 or [1, channels]; `inverse` of the same form; `condition`;
 * `clamped`: channels that rounding left without a positive determinant, whose off-diagonal entry then counts as zero.
 */
import { OptimizerConfigError } from '../errors.ts';
import type { LayerReport } from '../layer-report.ts';
import { scalar, type StateTree } from '../state.ts';
import type { Curvature, RefreshOptions, StatisticsBatch } from './curvature.ts';
import type { SingleCurvatureOptions } from './diagonal-curvature.ts';
import { LayerVitals } from './layer-vitals.ts';
import { SingleStatistic } from './single-statistic.ts';

/** Blocks of one or two numbers a channel. */
export class UnitCurvature extends LayerVitals implements Curvature {
  readonly size: number;
  readonly #layer: string;
  readonly #channels: number;
  readonly #hasBias: boolean;
  readonly #statistic: SingleStatistic;

  /** @throws {OptimizerConfigError} when the layer's matrix has more than two rows */
  constructor({ layer, decay, tracksDrift }: SingleCurvatureOptions) {
    super();
    const { name, rows, columns } = layer;
    if (rows > 2) throw new OptimizerConfigError(`layer ${name}.inputs`, '1 for a norm layer', rows);
    this.size = layer.size;
    this.#layer = name;
    this.#channels = columns;
    this.#hasBias = rows === 2;
    this.#statistic = new SingleStatistic({ layer: name, sum: 'U', length: this.#entries, decay, tracksDrift });
  }

  initialState(): StateTree {
    const inverse = new Float64Array(this.#entries);
    return { ...this.#statistic.initialState(), inverse, condition: scalar(0), clamped: scalar(0) };
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    return this.#statistic.absorb(state, batch);
  }

  refresh(state: StateTree, options: RefreshOptions): StateTree {
    this.#statistic.requireKnown(state, options.step);
    const { inverse, condition, clamped } = this.#inverted(state['U'], options.damping);
    return {
      ...state,
      ...this.#statistic.refreshed(state, options),
      inverse,
      condition: scalar(condition),
      clamped: scalar(state['clamped'][0] + clamped),
    };
  }

  solve(state: StateTree, v: Float64Array): Float64Array {
    return this.#times(state['inverse'], v);
  }

  multiply(state: StateTree, v: Float64Array): Float64Array {
    return this.#times(state['U'], v);
  }

  toDense(state: StateTree): Float64Array {
    const dense = new Float64Array(this.size * this.size);
    const channels = this.#channels;
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i <= (this.#hasBias ? 1 : 0); i++) {
        for (let j = 0; j <= (this.#hasBias ? 1 : 0); j++)
          dense[(i * channels + c) * this.size + j * channels + c] = state['U'][(i + j) * channels + c];
      }
    }
    return dense;
  }

  report(state: StateTree, step: number): readonly LayerReport[] {
    return [
      {
        layer: this.#layer,
        curvature: 'unit-wise',
        conditionA: state['condition'][0],
        ...this.age(state, step),
        bytes: 4 * this.#entries,
        fallbacks: 0,
        clamped: state['clamped'][0],
        kept: 0,
      },
    ];
  }

  get #entries(): number {
    return this.#hasBias ? 3 * this.#channels : this.#channels;
  }

  #inverted(u: Float64Array, damping: number): { inverse: Float64Array; condition: number; clamped: number } {
    const channels = this.#channels;
    const inverse = new Float64Array(u.length);
    let [least, most, clamped] = [Infinity, 0, 0];
    for (let c = 0; c < channels; c++) {
      const pp = Math.max(0, u[c]) + damping;
      const qq = this.#hasBias ? Math.max(0, u[2 * channels + c]) + damping : pp;
      let pq = this.#hasBias ? u[channels + c] : 0;
      if (pp * qq - pq * pq <= 0) {
        pq = 0;
        clamped++;
      }
      const determinant = pp * qq - pq * pq;
      const middle = (pp + qq) / 2;
      const largest = middle + Math.hypot((pp - qq) / 2, pq);
      most = Math.max(most, largest);
      least = Math.min(least, determinant / largest);
      if (this.#hasBias) {
        inverse[c] = qq / determinant;
        inverse[channels + c] = -pq / determinant;
        inverse[2 * channels + c] = pp / determinant;
      } else inverse[c] = 1 / pp;
    }
    return { inverse, condition: most / least, clamped };
  }

  #times(blocks: Float64Array, v: Float64Array): Float64Array {
    const channels = this.#channels;
    const out = new Float64Array(this.size);
    for (let c = 0; c < channels; c++) {
      if (!this.#hasBias) {
        out[c] = blocks[c] * v[c];
        continue;
      }
      out[c] = blocks[c] * v[c] + blocks[channels + c] * v[channels + c];
      out[channels + c] = blocks[channels + c] * v[c] + blocks[2 * channels + c] * v[channels + c];
    }
    return out;
  }
}
