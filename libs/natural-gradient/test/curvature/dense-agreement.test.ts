/** Every curvature against its own dense matrix, solved by Gaussian elimination. */
import { expectClose } from '@geodesic/testing';
import { type CurvatureConfig, dampFactors, type LayerKind, toDense } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { denseSolve } from '../dense-solve.ts';
import { numbers } from '../fixtures.ts';
import { casesOf, embeddingCases, gradientsOf, type LayerCase, layerOf, outerSum, refreshedOn, type Shape, times } from './layer-cases.ts';

const decay = { factorDecay: 0.95 };
const damping = 0.03;

interface Case {
  readonly name: string;
  readonly config: CurvatureConfig;
  readonly kind: LayerKind;
  readonly shapes: readonly Shape[];
}

const shapes: readonly Shape[] = [
  { rows: 4, columns: 3 },
  { rows: 5, columns: 1 },
  { rows: 1, columns: 4 },
  { rows: 1, columns: 1 },
  { rows: 2, columns: 6 },
];
const units = shapes.filter(({ rows }) => rows <= 2);

/** Those that solve (C + lambda I) exactly. */
const exact: readonly Case[] = [
  { name: 'kfac in the eigenbasis', config: { method: 'kfac', dampingRule: 'eigenbasis', ...decay }, kind: 'dense', shapes },
  { name: 'ekfac', config: { method: 'ekfac', ...decay }, kind: 'conv', shapes },
  { name: 'ekfac of an embedding', config: { method: 'ekfac', ...decay }, kind: 'embedding', shapes },
  { name: 'ekfac of a norm', config: { method: 'ekfac', ...decay }, kind: 'norm', shapes: units },
  { name: 'diagonal', config: { method: 'diagonal', ...decay }, kind: 'dense', shapes },
  { name: 'block', config: { method: 'block', ...decay }, kind: 'dense', shapes },
  { name: 'kfac of a norm', config: { method: 'kfac', ...decay }, kind: 'norm', shapes: units },
  {
    name: 'kfac beside a 1 x 1 factor',
    config: { method: 'kfac', ...decay },
    kind: 'dense',
    shapes: shapes.filter((s) => Math.min(s.rows, s.columns) === 1),
  },
  {
    name: 'kfac without a backward pass',
    config: { method: 'kfac', dampingRule: 'eigenbasis', fisher: 'forward', ...decay },
    kind: 'dense',
    shapes,
  },
];

/** Those that put a damped product in the place of C + lambda I. */
const damped: readonly Case[] = [
  { name: 'kfac by pi', config: { method: 'kfac', ...decay }, kind: 'dense', shapes },
  { name: 'kfac of an embedding', config: { method: 'kfac', ...decay }, kind: 'embedding', shapes },
];

function examplesFor(kind: LayerKind, shape: Shape, seed: number): LayerCase[] {
  return kind === 'embedding' ? embeddingCases(seed, shape, 7) : casesOf(seed, shape, 7, 2);
}

const cases = (all: readonly Case[]) =>
  all.flatMap((one) => one.shapes.map((shape) => ({ ...one, shape, label: `${shape.rows} x ${shape.columns}` })));

describe.each(cases([...exact, ...damped]))('$name, $label', ({ config, kind, shape }) => {
  it.each([1, 2, 3])('multiplies as its dense matrix does, symmetric (seed %i)', (seed) => {
    const { curvature, state } = refreshedOn(config, examplesFor(kind, shape, seed), { layer: layerOf(shape, kind), damping });
    const dense = curvature.toDense(state);
    const v = numbers(seed + 50, curvature.size);
    expectClose(curvature.multiply(state, v), times(dense, v), { abs: 1e-13 });
    const mirrored = dense.map((_, at) => dense[(at % curvature.size) * curvature.size + Math.floor(at / curvature.size)]);
    expectClose(dense, mirrored, { abs: 1e-14 });
    expect(curvature.size).toBe(shape.rows * shape.columns);
  });
});

describe.each(cases(exact))('$name, $label', ({ config, kind, shape }) => {
  it.each([1, 2, 3])('solves with its damped dense matrix (seed %i)', (seed) => {
    const { curvature, state } = refreshedOn(config, examplesFor(kind, shape, seed), { layer: layerOf(shape, kind), damping });
    const v = numbers(seed + 90, curvature.size);
    expectClose(curvature.solve(state, v), denseSolve(curvature.toDense(state), v, damping), { rel: 1e-11, abs: 1e-12 });
  });
});

describe.each(cases(damped))('$name, $label', ({ config, kind, shape }) => {
  it.each([1, 2, 3])('solves with A_d (x) S_d (seed %i)', (seed) => {
    const examples = examplesFor(kind, shape, seed);
    const { curvature, state } = refreshedOn(config, examples, { layer: layerOf(shape, kind), damping });
    const mean = (rows: readonly (readonly number[])[], n: number): Float64Array =>
      outerSum(rows, n).map((value) => value / examples.length);
    const a = mean(
      examples.map((one) => one.a),
      shape.rows,
    );
    const s = mean(
      examples.flatMap((one) => one.g),
      shape.columns,
    );
    const { factors, pi } = dampFactors({ ...shape, input: a, output: s }, damping);
    const v = numbers(seed + 90, curvature.size);
    expectClose(curvature.solve(state, v), denseSolve(toDense(factors), v, 0), { rel: 1e-11, abs: 1e-12 });
    expectClose(curvature.report(state, 1)[0].pi ?? Number.NaN, pi, { rel: 1e-13 });
  });
});

describe('UnitCurvature', () => {
  it('is the exact block inside a channel, and nothing between channels', () => {
    const shape = { rows: 2, columns: 3 };
    const examples = casesOf(4, shape, 9);
    const { curvature, state } = refreshedOn({ method: 'kfac', ...decay }, examples, { layer: layerOf(shape, 'norm'), damping });
    const block = outerSum(gradientsOf(examples), 6);
    const expected = block.map((value, at) => ((at % 6) % 3 === Math.floor(at / 6) % 3 ? value / 9 : 0));
    expectClose(curvature.toDense(state), expected, { rel: 1e-13 });
  });
});
