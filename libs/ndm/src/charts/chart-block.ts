/**
 * The standard block of charts: ActNorm, Householder mix, coupling (a | b), coupling (b | a). A new one is ActNorm and a rotation, since
 * couplings start as the identity.
 */
import { actNorm } from './act-norm.ts';
import { affineCoupling } from './affine-coupling.ts';
import type { ChartMap } from './chart-map.ts';
import { compose } from './compose.ts';
import { householder } from './householder.ts';

/** Sizes of a standard block on R^width. */
export interface ChartBlockOptions {
  readonly name: string;
  readonly width: number;
  readonly hidden: number;
  readonly reflections: number;
  readonly scaleMax: number;
}

/** A standard block: its ActNorm (initialised from data) and the maps after it. */
export interface ChartBlock extends ChartMap {
  readonly afterNorm: ChartMap;
}

/** Describes a standard block; the two couplings swap the halves of the coordinates. */
export function chartBlock(options: ChartBlockOptions): ChartBlock {
  const { name, width, hidden, reflections, scaleMax } = options;
  const half = width >> 1;
  const first = Array.from({ length: half }, (_, i) => i);
  const second = Array.from({ length: width - half }, (_, i) => half + i);
  const norm = actNorm({ name: `${name}.norm`, width });
  const afterNorm = compose([
    householder({ name: `${name}.mix`, width, reflections }),
    affineCoupling({ name: `${name}.coupling1`, kept: first, moved: second, hidden, scaleMax }),
    affineCoupling({ name: `${name}.coupling2`, kept: second, moved: first, hidden, scaleMax }),
  ]);
  return { ...compose([norm, afterNorm]), afterNorm };
}
