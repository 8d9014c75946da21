import { exp, imageOf, Jet, logVolumeFactor, tanh, type SmoothMap } from '@geodesic/geometry';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  actNorm,
  affineCoupling,
  compose,
  gramLogVolume,
  invert,
  pad,
  rectangularEmbedding,
  split,
  stiefelEmbedding,
  submersion,
} from '../src/index.ts';
import { evaluateFunction, normalParameters, normalTensor } from './evaluate-function.ts';
import { jacobianOfRow, runChart, tensor, type ChartRun } from './run-chart.ts';

/** A run of a map with normal parameters at normal points. */
function runOf(map: ChartRun['map'], scale = 0.5): ChartRun {
  return { map, parameters: normalParameters(map.parameters, scale), x: normalTensor('x', [4, map.inputs]) };
}

/** J^T J of row 0, [k, k]. */
function gramOfRow(run: ChartRun): number[] {
  const { inputs: k, outputs: n } = run.map;
  const jacobian = jacobianOfRow(run, 0);
  return Array.from({ length: k * k }, (_, at) =>
    Array.from({ length: n }, (__, r) => jacobian[r * k + Math.floor(at / k)] * jacobian[r * k + (at % k)]).reduce(
      (sum, term) => sum + term,
      0,
    ),
  );
}

describe('stiefelEmbedding', () => {
  const run = runOf(stiefelEmbedding({ name: 'frame', inputs: 3, outputs: 5 }), 1);

  it('has an orthonormal frame for any parameters, so that it keeps lengths and volume', () => {
    expect(run.map.isometry).toBe(true);
    expectClose(gramOfRow(run), [1, 0, 0, 0, 1, 0, 0, 0, 1], { abs: 1e-14 });
    expect(runChart(run).logDet.every((entry) => entry === 0)).toBe(true);
  });

  it('has as left inverse the orthogonal projection onto its image', () => {
    const { value } = runChart(run);
    const off = tensor([4, 5], [...normalTensor('off', [4, 5]).data]);
    const back = runChart({ ...run, x: tensor([4, 5], value) }, 'inverse');
    expectClose(back.value, run.x.data, { abs: 1e-14 });
    const foot = runChart({ ...run, x: tensor([4, 3], runChart({ ...run, x: off }, 'inverse').value) }).value;
    const residual = foot.slice(0, 5).map((entry, i) => off.data[i] - entry);
    const jacobian = jacobianOfRow(run, 0);
    for (let j = 0; j < 3; j++)
      expectClose(
        residual.reduce((sum, entry, i) => sum + entry * jacobian[i * 3 + j], 0),
        0,
        { abs: 1e-14 },
      );
  });
});

describe('rectangularEmbedding', () => {
  const run = runOf(rectangularEmbedding({ name: 'a', inputs: 2, outputs: 4 }), 1);

  it('has the volume of its image and comes back from it', () => {
    const [a, b, , c] = gramOfRow(run);
    const there = runChart(run);
    expectClose(there.logDet, Array<number>(4).fill(0.5 * Math.log(a * c - b * b)), { rel: 1e-13 });
    const back = runChart({ ...run, x: tensor([4, 4], there.value) }, 'inverse');
    expectClose(back.value, run.x.data, { abs: 1e-13 });
  });
});

/** ActNorm, padding to 4 dimensions and the coupling (0, 2 | 1, 3) of a run, on jets. */
function jetsOf({ parameters }: ChartRun): SmoothMap {
  const at = (name: string): Float64Array => Float64Array.from(parameters[name].data);
  const pick = (x: Jet, places: readonly number[]): Jet =>
    x.linear(places.length, (entries, out) => places.forEach((place, i) => (out[i] = entries[place])));
  const scale = at('norm.logScale').map(Math.exp);
  return {
    inputs: 2,
    outputs: 4,
    evaluate: (x) => {
      const normed = x.plus(at('norm.shift')).linear(2, (entries, out) => scale.forEach((factor, i) => (out[i] = factor * entries[i])));
      const kept = normed.linear(2, (entries, out) => (out[0] = entries[0]));
      const moved = normed.linear(2, (entries, out) => (out[0] = entries[1]));
      const h = tanh(kept.times(at('coupling.hidden.weight'), 3).plus(at('coupling.hidden.bias')));
      const net = h.times(at('coupling.affine.weight'), 4).plus(at('coupling.affine.bias'));
      const s = tanh(net.slice(0, 2).scale(0.5)).scale(2);
      return pick(Jet.concat([kept, moved.multiply(exp(s)).plus(net.slice(2, 4))]), [0, 2, 1, 3]);
    },
  };
}

describe('compose with embeddings', () => {
  const coupling = affineCoupling({ name: 'coupling', kept: [0, 2], moved: [1, 3], hidden: 3, scaleMax: 2 });

  it('takes the volume of a bent image by the Gram determinant, as the pull-back of the Euclidean metric has it', () => {
    const run = runOf(compose([actNorm({ name: 'norm', width: 2 }), pad({ inputs: 2, outputs: 4 }), coupling]), 0.8);
    const { logDet, value } = runChart(run);
    // The same map by the forward jets of the geometry library.
    const reference = jetsOf(run);
    const points = Array.from({ length: 4 }, (_, row) => run.x.data.slice(2 * row, 2 * row + 2));
    expectClose(
      value,
      points.flatMap((point) => [...imageOf(reference, point)]),
      { abs: 1e-13 },
    );
    expectClose(
      logDet,
      points.map((point) => logVolumeFactor(reference, point)),
      { abs: 1e-13 },
    );
    const back = runChart({ ...run, x: tensor([4, 4], value) }, 'inverse');
    expectClose(back.value, run.x.data, { abs: 1e-13 });
    expectClose(
      back.logDet,
      logDet.map((entry) => -entry),
      { abs: 1e-13 },
    );
  });

  it('adds log-volumes where isometries follow, which is the Gram determinant then too', () => {
    const run = runOf(
      compose([
        affineCoupling({ name: 'first', kept: [0], moved: [1, 2], hidden: 3, scaleMax: 2 }),
        rectangularEmbedding({ name: 'a', inputs: 3, outputs: 4 }),
        stiefelEmbedding({ name: 'b', inputs: 4, outputs: 6 }),
      ]),
      0.8,
    );
    const { gram } = evaluateFunction((t) => ({ gram: gramLogVolume(run.map, t, { x: t.x }) }), { ...run.parameters, x: run.x });
    expectClose(runChart(run).logDet, gram, { rel: 1e-12 });
  });

  it('refuses maps that do not fit, narrowings and inverses of embeddings', () => {
    expect(() => compose([coupling, pad({ inputs: 3, outputs: 5 })])).toThrow(
      'model: compose, map 1: expected 4 inputs, the outputs before it, got 3',
    );
    expect(() => compose([])).toThrow('at least one map');
    expect(() => compose([{ ...coupling, outputs: 2 }])).toThrow('a narrowing is no chart: use submersion as a layer between charts');
    expect(() => invert(pad({ inputs: 2, outputs: 3 }))).toThrow('expected a bijection, got an embedding of 2 into 3 dimensions');
    expect(() => pad({ inputs: 3, outputs: 3 })).toThrow('model: pad: expected more than 3 outputs, got 3');
    expect(() => split({ width: 2, through: actNorm({ name: 'norm', width: 2 }) })).toThrow('between 1 and 1 kept coordinates of 2, got 2');
  });
});

describe('submersion', () => {
  it('is a dense layer into fewer dimensions, declared as no chart', () => {
    const stem = submersion({ name: 'stem', inputs: 4, outputs: 2 });
    expect(stem.chart).toBe(false);
    expect(stem.entries.map(({ name, inputs, outputs }) => [name, inputs, outputs])).toEqual([['stem', 4, 2]]);
    const values = { ...normalParameters(stem.parameters, 0), x: normalTensor('x', [3, 4]) };
    expect(evaluateFunction((t) => ({ z: stem.apply(t, t.x) }), values).z).toEqual(Array<number>(6).fill(0));
    expect(() => submersion({ name: 'stem', inputs: 2, outputs: 2 })).toThrow('model: stem: expected fewer than 2 outputs');
  });
});
