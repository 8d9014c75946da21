/** Chart maps of every kind with given parameters, for properties that hold for all of them. */
import { normalTensor } from './evaluate-function.ts';
import { tensor, type ChartRun } from './run-chart.ts';
import {
  actNorm,
  additiveCoupling,
  affineCoupling,
  compose,
  householder,
  invert,
  luLinear,
  permutation,
  split,
  tanhChart,
  type ChartMap,
} from '../src/index.ts';

/** Describes a map of R^width under a name of its own. */
type Describe = (name: string, width: number) => ChartMap;

const count = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const even = (width: number): number[] => count(width).filter((i) => i % 2 === 0);
const odd = (width: number): number[] => count(width).filter((i) => i % 2 === 1);

/** Every bijection of R^width, width >= 2. */
export const bijections: Readonly<Record<string, Describe>> = {
  actNorm: (name, width) => actNorm({ name, width }),
  permutation: (_, width) => permutation(count(width).toReversed()),
  householder: (name, width) => householder({ name, width, reflections: 2 }),
  luLinear: (name, width) =>
    luLinear({
      name,
      width,
      permutation: count(width).map((k) => (k + 1) % width),
      signs: count(width).map((k) => (k % 2 === 0 ? 1 : -1)),
    }),
  affineCoupling: (name, width) => affineCoupling({ name, kept: even(width), moved: odd(width), hidden: 3, scaleMax: 2 }),
  additiveCoupling: (name, width) => additiveCoupling({ name, kept: odd(width), moved: even(width), hidden: 3 }),
  tanh: (_, width) => tanhChart(width),
  split: (name, width) => split({ width, through: actNorm({ name, width: width - 1 }) }),
  inverse: (name, width) => invert(luLinear({ name, width })),
};

/** Names of the bijections. */
export const kinds: readonly string[] = Object.keys(bijections);

/** The composition of maps of these kinds, with normal parameters of standard deviation `scale` and rows x of 0.3. */
export function randomStack(
  kindsOfMaps: readonly string[],
  { width, seed, rows = 3, scale = 0.4 }: StackOptions,
): ChartRun & { maps: ChartMap[] } {
  const maps = kindsOfMaps.map((kind, i) => bijections[kind](`map${i}`, width));
  const map = compose(maps);
  // Reflections need vectors away from zero, which entries of one sign are.
  const valueOf = (name: string, shape: readonly number[]): ChartRun['x'] => {
    const value = normalTensor(`${name}${seed}`, shape, scale);
    return name.endsWith('vectors')
      ? tensor(
          shape,
          Array.from(value.data, (entry) => 0.2 + Math.abs(entry)),
        )
      : value;
  };
  const parameters = Object.fromEntries(map.parameters.map(({ name, shape }) => [name, valueOf(name, shape)]));
  return { maps, map, parameters, x: normalTensor(`x${seed}`, [rows, width], 0.3) };
}

/** Size and seed of a stack. */
export interface StackOptions {
  readonly width: number;
  readonly seed: number;
  readonly rows?: number;
  readonly scale?: number;
}
