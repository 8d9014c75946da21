import { describe, expect, it } from 'vitest';
import { expectClose } from '@geodesic/testing';
import { ExampleRows } from '../src/descent/example-rows.ts';
import { checkKernelSize } from '../src/descent/kernel-size.ts';
import { createKernel } from '../src/descent/kernel.ts';
import { KernelSizeError, MissingStatisticsError, SingularKernelError } from '../src/errors.ts';
import type { RoundRequest, RoundTotals } from '../src/rounds.ts';
import { denseSolve } from './dense-solve.ts';
import { totalsOf } from './drive.ts';
import { drive, inputOf, outerOf } from './fisher-problem.ts';
import { numbers } from './fixtures.ts';

const layers = [
  { name: 'stem', kind: 'dense' as const, rows: 4, columns: 5, offset: 0, size: 20 },
  { name: 'head', kind: 'dense' as const, rows: 5, columns: 2, offset: 20, size: 10 },
];
const [count, padded, n] = [12, 16, 30];

/** Rows of 16 slots' places of which four are padding: zeros. */
function table(seed: number, width: number, homogeneous = false): Float64Array {
  const rows = numbers(seed, padded * width);
  for (let i = 0; i < padded; i++) {
    if (homogeneous) rows[i * width + width - 1] = 1;
    if (i % 4 === 3) rows.fill(0, i * width, (i + 1) * width);
  }
  return rows;
}

const tables: Record<string, Float64Array> = {
  'rows:a/stem': table(1, 4, true),
  'rows:a/head': table(2, 5),
  'rows:g/stem': table(3, 5),
  'rows:g/head': table(4, 2),
  'rows:s/stem': table(5, 5),
  'rows:s/head': table(6, 2),
};

/** Gradients of single examples [16, n], formed one by one. */
function examples(kind: 's' | 'g'): Float64Array {
  const out = new Float64Array(padded * n);
  for (let i = 0; i < padded; i++)
    for (const { name, rows, columns, offset } of layers)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++)
          out[i * n + offset + r * columns + c] = tables[`rows:a/${name}`][i * rows + r] * tables[`rows:${kind}/${name}`][i * columns + c];
  return out;
}

const fisher = { sampled: meanOuter(examples('s')), empirical: meanOuter(examples('g')) };
/** The mean gradient is that of the true targets, with an L2 term. */
const plain = meanOf(examples('g'));
const gradient = plain.map((entry, i) => entry + 0.1 * Math.cos(i));

function meanOuter(rows: Float64Array): Float64Array {
  return outerOf(rows, n).map((entry) => entry / count);
}

function meanOf(rows: Float64Array): Float64Array {
  return Float64Array.from(
    { length: n },
    (_, j) => Array.from({ length: padded }, (_row, i) => rows[i * n + j]).reduce((a, b) => a + b) / count,
  );
}

function gram({ program }: RoundRequest): RoundTotals {
  expect(program).toBe('gram');
  return totalsOf(count, tables);
}

describe('ExampleRows', () => {
  const rows = new ExampleRows({ layers, gradients: 's', tables: new Map(Object.entries(tables)), step: 1 });
  const dense = examples('s');

  it('has the Gram matrix of the gradients, as a sum of Hadamard products', () => {
    const expected = Float64Array.from({ length: padded * padded }, (_, at) => {
      const [i, j] = [Math.floor(at / padded), at % padded];
      return Array.from({ length: n }, (_entry, k) => dense[i * n + k] * dense[j * n + k]).reduce((a, b) => a + b);
    });
    expectClose(rows.gram(), expected, { rel: 1e-12, abs: 1e-13 });
  });

  it('multiplies a vector by the gradients, and weights them', () => {
    const [v, w] = [numbers(7, n), numbers(8, padded)];
    const times = Float64Array.from({ length: padded }, (_, i) => v.reduce((sum, entry, k) => sum + dense[i * n + k] * entry, 0));
    const weighted = Float64Array.from({ length: n }, (_, k) => w.reduce((sum, entry, i) => sum + dense[i * n + k] * entry, 0));
    expectClose(rows.times(v), times, { rel: 1e-12, abs: 1e-13 });
    expectClose(rows.weighted(w), weighted, { rel: 1e-12, abs: 1e-13 });
  });
});

describe('createKernel', () => {
  it.each(['sampled', 'empirical'] as const)('equals the dense solve with the %s Fisher matrix, L2 term included', (form) => {
    const kernel = createKernel({ fisher: form, spring: 0 }, { layers });
    const { result, requests } = drive(kernel.direction(kernel.initialState(), inputOf(gradient, 1e-2)), gram);
    expectClose(result.direction, denseSolve(fisher[form], gradient, 1e-2), { rel: 1e-9, abs: 1e-11 });
    expect(requests).toEqual([{ program: 'gram' }]);
    expect(result.report['residual']).toBeLessThan(1e-12);
    expect(result.state).toEqual({});
  });

  it.each(['sampled', 'empirical'] as const)('stays exact at a damping of 1e-9 (%s)', (form) => {
    const kernel = createKernel({ fisher: form, spring: 0 }, { layers });
    const { result } = drive(kernel.direction({}, inputOf(plain, 1e-9)), gram);
    const expected = denseSolve(fisher[form], plain, 1e-9);
    const error = Math.hypot(...result.direction.map((entry, i) => entry - expected[i])) / Math.hypot(...expected);
    expect(error).toBeLessThan(1e-6);
  });

  it('tells sampled and empirical Fisher matrices apart', () => {
    const [sampled, empirical] = (['sampled', 'empirical'] as const).map((form) => {
      const kernel = createKernel({ fisher: form, spring: 0 }, { layers });
      return drive(kernel.direction({}, inputOf(gradient, 1e-2)), gram).result.direction;
    });
    expect(Math.hypot(...sampled.map((entry, i) => entry - empirical[i])) / Math.hypot(...sampled)).toBeGreaterThan(0.1);
  });

  it.each(['sampled', 'empirical'] as const)('solves the proximal problem of SPRING (%s)', (form) => {
    const [lambda, mu] = [1e-2, 0.7];
    const kernel = createKernel({ fisher: form, spring: mu }, { layers });
    const first = drive(kernel.direction(kernel.initialState(), inputOf(gradient, lambda)), gram).result;
    expectClose(first.direction, denseSolve(fisher[form], gradient, lambda), { rel: 1e-9, abs: 1e-10 });
    const next = numbers(11, n);
    const second = drive(kernel.direction(first.state, inputOf(next, lambda, { step: 2 })), gram).result;
    const right = next.map((entry, i) => entry + lambda * mu * first.direction[i]);
    expectClose(second.direction, denseSolve(fisher[form], right, lambda), { rel: 1e-9, abs: 1e-10 });
    expect(second.state['previous']).toEqual(second.direction);
    expect(Object.keys(second.state)).toEqual(Object.keys(kernel.initialState()));
  });

  it('takes layers in any order', () => {
    const answer = (given: typeof layers) =>
      drive(createKernel({ fisher: 'sampled', spring: 0 }, { layers: given }).direction({}, inputOf(gradient, 1e-2)), gram);
    expect(answer([...layers].reverse()).result).toEqual(answer(layers).result);
  });

  it('names the layer whose rows are missing', () => {
    const kernel = createKernel({ fisher: 'sampled', spring: 0 }, { layers });
    const { 'rows:s/head': _gone, ...rest } = tables;
    const run = () => drive(kernel.direction({}, inputOf(gradient, 1e-2)), () => totalsOf(count, rest));
    expect(run).toThrow(MissingStatisticsError);
    expect(run).toThrow(/rows:s\/head/);
  });

  it('says so where the damping is too small to solve with', () => {
    const kernel = createKernel({ fisher: 'sampled', spring: 0 }, { layers });
    const run = () => drive(kernel.direction({}, inputOf(gradient, 1e-22, { step: 3 })), gram);
    expect(run).toThrow(SingularKernelError);
    expect(run).toThrow(/step 3: .*1e-22/);
  });

  it('refuses rows beyond its size before it makes their Gram matrix', () => {
    const small = [{ name: 'x', kind: 'dense' as const, rows: 1, columns: 1, offset: 0, size: 1 }];
    const kernel = createKernel({ fisher: 'empirical', spring: 0 }, { layers: small });
    const rows = new Float32Array(4097);
    const run = () =>
      drive(kernel.direction({}, inputOf(new Float64Array(1), 1)), () => totalsOf(4097, { 'rows:a/x': rows, 'rows:g/x': rows }));
    expect(run).toThrow(KernelSizeError);
  });
});

describe('checkKernelSize', () => {
  it('takes batches up to a Gram matrix of 4096 x 4096', () => {
    expect(checkKernelSize({ examples: 4096, layers })).toBeUndefined();
    expect(checkKernelSize({ examples: 4097, layers })).toMatch(
      /at most 4096 examples .* got 4097, whose Gram matrix would be 4097 x 4097/,
    );
  });

  it('counts the numbers of all rows: inputs, and output gradients of both kinds', () => {
    const wide = (columns: number) => [{ rows: 2 ** 13, columns }];
    expect(checkKernelSize({ examples: 4096, layers: wide(2 ** 12) })).toBeUndefined();
    expect(checkKernelSize({ examples: 4096, layers: wide(2 ** 12 + 1) })).toMatch(
      /at most 67108864 numbers .* got 4096 examples of 16386 each/,
    );
  });
});
