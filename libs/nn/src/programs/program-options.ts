/** What programs are built for. */
import type { LayerCurvature, SearchPrograms } from '../layer-curvature.ts';
import type { ForwardMode, Model } from '../model.ts';

/** A model and what its optimiser's rounds want. */
export interface ProgramOptions {
  readonly model: Model;
  readonly slotSize: number;
  /** Layers with curvature; the others report gradients only. */
  readonly curvature: ReadonlyMap<string, LayerCurvature>;
  /** Programs and columns beside those of a fixed step. Default none. */
  readonly search?: SearchPrograms;
  /** Parameters whose gradients are not computed: zeros stand in their places. */
  readonly frozen?: ReadonlySet<string>;
  /** Parameters that have their first values, such as those of a checkpoint: initialisation from data leaves them alone. */
  readonly given?: ReadonlySet<string>;
  /**
   * How all programs but `eval` and `init` run the forward pass; default `training`. With `evaluation` batch norms use the committed
   * state, so that all else can be checked for coupling.
   */
  readonly gradientsOf?: 'training' | 'evaluation';
}

/** How the programs of a step run the forward pass: all alike, so that they speak of one function of theta. */
export function stepMode({ gradientsOf = 'training' }: ProgramOptions): ForwardMode {
  return { training: gradientsOf === 'training' };
}
