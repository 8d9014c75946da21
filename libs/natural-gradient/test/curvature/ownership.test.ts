import { assignOwners, inLockstep, type RoundRequest, type Rounds } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { conditionNumber } from '../../src/damping/condition-number.ts';
import { settle } from './layer-cases.ts';

const layers = [10, 7, 6, 5, 4, 4].map((n, i) => ({ name: `l${i}`, rows: n, columns: 1 }));
const ownersOf = (assigned: ReadonlyMap<string, string>): string[] => layers.map(({ name }) => assigned.get(name) ?? '');

describe('assignOwners', () => {
  it('gives each layer, the dearest first, to whoever has least', () => {
    // n^3 + 1: 1001 | 344 + 217 + 126 + 65 + 65
    expect(ownersOf(assignOwners(layers, ['a', 'b'], 'compute'))).toEqual(['a', 'b', 'b', 'b', 'b', 'b']);
    // n^2 + 1: 101 + 17 | 50 + 37 + 26, the last to b with 113 against 118
    expect(ownersOf(assignOwners(layers, ['a', 'b'], 'memory'))).toEqual(['a', 'b', 'b', 'b', 'a', 'b']);
  });

  it('breaks ties by the order of theta and of the owners', () => {
    const same = ['x', 'y', 'z'].map((name) => ({ name, rows: 3, columns: 2 }));
    expect([...assignOwners(same, ['a', 'b'], 'compute')]).toEqual([
      ['x', 'a'],
      ['y', 'b'],
      ['z', 'a'],
    ]);
  });

  it('leaves everything to a single owner', () => {
    expect(new Set(assignOwners(layers, ['coordinator'], 'compute').values())).toEqual(new Set(['coordinator']));
  });
});

function* asking(programs: readonly string[], name: string): Rounds<string> {
  let heard = name;
  for (const program of programs) {
    const { count } = yield { program, vectors: { [name]: Float32Array.of(1) } };
    heard += ` ${program}:${count}`;
  }
  return heard;
}

describe('inLockstep', () => {
  it('merges what is asked for at the same time, by program, with all vectors', () => {
    const requests: RoundRequest[] = [];
    const results = settle(inLockstep([asking(['basis', 'basis'], 'x'), 'ready', asking(['basis', 'probe'], 'y')]), (request) => {
      requests.push(request);
      return { count: requests.length, columns: new Map(), sums: new Map() };
    });
    expect(results).toEqual(['x basis:1 basis:2', 'ready', 'y basis:1 probe:3']);
    expect(requests.map(({ program, vectors }) => [program, Object.keys(vectors ?? {})])).toEqual([
      ['basis', ['x', 'y']],
      ['basis', ['x']],
      ['probe', ['y']],
    ]);
  });

  it('needs no round where nobody asks', () => {
    expect(settle(inLockstep([1, 2]))).toEqual([1, 2]);
  });
});

describe('conditionNumber', () => {
  it('finds the ratio of the extreme eigenvalues, from below', () => {
    const n = 9;
    const values = Float64Array.from({ length: n }, (_, i) => 4 ** i);
    // A reflection I - 2 u u^T / |u|^2 mixes the axes.
    const u = values.map((_, i) => Math.sin(i + 1));
    const square = u.reduce((sum, value) => sum + value * value, 0);
    const q = (i: number, j: number): number => (i === j ? 1 : 0) - (2 * u[i] * u[j]) / square;
    const withValues = (of: (value: number) => number): Float64Array =>
      Float64Array.from({ length: n * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        return values.reduce((sum, value, k) => sum + q(i, k) * of(value) * q(j, k), 0);
      });
    const inverted = { matrix: withValues((value) => value), onDiagonal: 0.5, inverse: withValues((value) => 1 / (value + 0.5)), n };
    const exact = (values[n - 1] + 0.5) / 1.5;
    const estimate = conditionNumber(inverted);
    expect(estimate).toBeLessThanOrEqual(exact * (1 + 1e-9));
    expect(estimate).toBeGreaterThan(0.99 * exact);
  });
});
