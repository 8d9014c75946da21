/**
 * What simplification may change, on random programs over the case table with their gradients: sharing and dead code change
 * no bit; the identities change a value by scalar re-association only.
 */
import { GraphBuilder, evaluate, spliceGraph, type Graph } from '@geodesic/engine';
import type { TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawEntries, generator, tensor } from './cases/kernel-case.ts';
import { appendRandomProgram, programInputs } from './random-program.ts';

/**
 * The bound, relative to the largest value of a program. A rule that re-associates scalars errs by two roundings, 2^-52 =
 * 2.2e-16 in all; the few that meet in ten operations are amplified by the slopes of what follows (up to some ten each). Over
 * 2000 programs the worst was 3.8e-15.
 */
const BOUND = 1e-13;
const PROPERTY = { seed: 20260103, numRuns: 120 };

/** A random program, every operation as it was asked for. */
function programOf(seed: number): Graph {
  const builder = new GraphBuilder({ simplify: 'none' });
  appendRandomProgram(builder, { seed, steps: 10 });
  return builder.build();
}

/** The same graph through another builder. */
function rebuilt(graph: Graph, simplify: 'all' | 'sharing'): Graph {
  const builder = new GraphBuilder({ simplify });
  const bindings = graph.inputs.map(({ name, id }) => [name, builder.input(name, graph.nodes[id].shape, 'float64')]);
  const { outputs } = spliceGraph(builder, graph, Object.fromEntries(bindings));
  for (const [name, id] of Object.entries(outputs)) builder.output(name, id);
  return builder.build();
}

/** Values at random inputs, the first entries of which may be replaced. */
function valuesOf(graph: Graph, seed: number, replaced: readonly number[] = []): Record<string, TensorData> {
  const random = generator(seed + 1);
  const all = programInputs.map(({ shape }) => {
    const entries = drawEntries({ shape, dtype: 'float64' }, random);
    entries.set(replaced.slice(0, entries.length));
    return tensor('float64', shape, entries);
  });
  const feeds = graph.inputs.map(({ name }): [string, TensorData] => [name, all[Number(name.slice(1))]]);
  return evaluate(graph, Object.fromEntries(feeds), { precision: 'float64' });
}

describe('simplification of random programs', () => {
  it('changes no bit by sharing equal operations and leaving out dead ones', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const graph = programOf(seed);
        const shared = rebuilt(graph, 'sharing');
        expect(shared.nodes.length).toBeLessThan(graph.nodes.length);
        expect(valuesOf(shared, seed)).toEqual(valuesOf(graph, seed));
      }),
      PROPERTY,
    );
  });

  it('changes values by less than the stated bound', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const graph = programOf(seed);
        const [expected, got] = [valuesOf(graph, seed), valuesOf(rebuilt(graph, 'all'), seed)];
        const entries = Object.values(expected).flatMap(({ data }) => Array.from(data));
        const scale = entries.reduce((top, value) => Math.max(top, Math.abs(value)), 1);
        for (const [name, { data }] of Object.entries(expected)) expectClose(got[name].data, data, { abs: BOUND * scale });
      }),
      PROPERTY,
    );
  });

  it('keeps NaN and infinities where they are', () => {
    const special = (value: number): number => (Number.isFinite(value) ? 0 : value);
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const graph = programOf(seed);
        const [expected, got] = [graph, rebuilt(graph, 'all')].map((each) => valuesOf(each, seed, [Infinity, NaN, -Infinity]));
        for (const [name, { data }] of Object.entries(expected))
          expect(Array.from(got[name].data, special)).toEqual(Array.from(data, special));
      }),
      PROPERTY,
    );
  });
});
