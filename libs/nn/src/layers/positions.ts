/**
 * Weight sharing: what a layer says about the positions of an example that use its weight, and how curvature treats them
 * (Eschenhagen et al. 2023, "Kronecker-factored approximate curvature for modern neural network architectures").
 */
import type { LayerEntry } from '@geodesic/engine';

/** Options of layers that may be shared over positions. */
export interface PositionOptions {
  /** T, positions of an example that share the weight: words of a sequence, pixels. Default 1. */
  readonly positions?: number;
  /**
   * What curvature makes of positions: `expand` treats each as a case of its own (losses at every position), `reduce` adds them up
   * first (positions that are pooled; cheaper). Default `expand`.
   */
  readonly sharing?: 'expand' | 'reduce';
}

/** The fields of a layer's entry. */
export function sharingOf({ positions = 1, sharing = 'expand' }: PositionOptions): Pick<LayerEntry, 'positions' | 'sharing'> {
  return { positions, sharing: positions === 1 ? 'none' : sharing };
}
