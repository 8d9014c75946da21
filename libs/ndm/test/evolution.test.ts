import { entryOf } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { chartNames, evolutionTerms, factoredMetric, volumeWeight } from '../src/index.ts';
import { evaluateFunction, normalTensor } from './evaluate-function.ts';
import { tensor } from './run-chart.ts';
import { run, slotValues, smallNdm, theta, type SmallNdm } from './small-ndm.ts';

const rows = 6;

/** d objective / d theta at a point, and the column sums of the examples. */
function step(ndm: SmallNdm, parameters: Float64Array): { gradient: Float64Array; columns: Record<string, number> } {
  const { graph, columns } = ndm.phases.grad;
  const { examples, 'sum:gradient': gradient } = run(graph, slotValues(ndm, rows, parameters));
  const sum = (column: number): number =>
    Array.from(examples.data).reduce((total, value, i) => (i % columns.length === column ? total + value : total), 0);
  return { gradient: gradient.data as Float64Array, columns: Object.fromEntries(columns.map((name, i) => [name, sum(i)])) };
}

function gradientOf(ndm: SmallNdm, name: string, gradient: Float64Array): number[] {
  const { offset, size } = entryOf(ndm.layout, name);
  return [...gradient.subarray(offset, offset + size)];
}

describe('the objective of ndmClassifier', () => {
  const ndm = smallNdm(rows);
  const parameters = theta(ndm);
  const { gradient } = step(ndm, parameters);

  it('has the gradient of loss + lambda_a anchor + lambda_v volume in the metric nets, without the anchor elsewhere', () => {
    const h = 1e-5;
    const names = ndm.layout.entries.flatMap(({ name, size }) => Array<string>(size).fill(name));
    const differences = Float64Array.from(names, (name, i) => {
      const at = (shift: number): number => {
        const shifted = parameters.slice();
        shifted[i] += shift;
        const { loss, anchor, volume } = step(ndm, shifted).columns;
        return loss + 0.25 * volume + (name.startsWith('metric') ? 0.125 * anchor : 0);
      };
      return (at(h) - at(-h)) / (2 * h);
    });
    expectClose(gradient, differences, { abs: 1e-7, rel: 1e-6 });
  });

  it('lets the anchor train the metric nets only: elsewhere no bit of the gradient depends on it', () => {
    const without = smallNdm(rows, { objective: { anchor: 0, volume: 0.25, volumeWarmupSteps: 1 } });
    const other = step(without, parameters).gradient;
    for (const { name } of ndm.model.parameters) {
      const [a, b] = [gradientOf(ndm, name, gradient), gradientOf(without, name, other)];
      const depends = a.some((value, i) => !Object.is(value, b[i]));
      expect({ [name]: depends }).toEqual({ [name]: name.startsWith('metric') });
    }
  });

  it('gives the metric nets no gradient without anchor and volume: the task alone says nothing about the metric', () => {
    const bare = smallNdm(rows, { objective: { anchor: 0, volume: 0, volumeWarmupSteps: 1 } });
    const values = {
      ...slotValues(bare, rows, parameters),
      state: tensor(
        [bare.model.state.length],
        bare.model.state.map(({ initial }) => initial),
      ),
    };
    const found = run(bare.phases.grad.graph, values)['sum:gradient'].data as Float64Array;
    for (const { name } of bare.model.parameters) {
      const isZero = gradientOf(bare, name, found).every((value) => value === 0);
      expect({ [name]: isZero }).toEqual({ [name]: name.startsWith('metric') });
    }
  });
});

describe('evolutionTerms', () => {
  const width = 3;
  const metrics = [0, 1].map((l) => factoredMetric({ name: `metric${l}`, width, rank: 2, basis: 2, hidden: 3 }));
  /** The same constant metric on both charts: the nets' weights are zero, their biases equal. */
  const constants = Object.fromEntries(
    metrics.flatMap(({ parameters }) =>
      parameters.map(
        ({ name, shape }) => [name, normalTensor(name.replace(/^metric\d/, ''), shape, name.includes('weight') ? 0 : 1)] as const,
      ),
    ),
  );
  const volumeOf = ({ logDet, scales }: { logDet: number; scales: readonly [number, number] }): number[] => {
    const x = normalTensor('chart', [rows, width]);
    const inputs = {
      ...constants,
      [chartNames.output(0)]: x,
      [chartNames.output(1)]: normalTensor('image', [rows, width]),
      [chartNames.logDet(1)]: tensor([rows], Array<number>(rows).fill(logDet)),
      [chartNames.score(0)]: normalTensor('score0', [rows, width]),
      [chartNames.score(1)]: normalTensor('score1', [rows, width]),
      [chartNames.scale(0)]: tensor([], [scales[0]]),
      [chartNames.scale(1)]: tensor([], [scales[1]]),
      [volumeWeight]: tensor([], [1]),
    };
    return evaluateFunction((t) => evolutionTerms(metrics, { anchor: 1 })(t), inputs).volume;
  };

  it('finds no distortion in a volume-preserving map between charts of equal metric', () => {
    expect(volumeOf({ logDet: 0, scales: [1, 1] })).toEqual(Array<number>(rows).fill(0));
  });

  it('finds none where a stretched chart has an accordingly smaller metric: the scales tau enter the volumes', () => {
    const stretch = 1.5;
    expectClose(volumeOf({ logDet: width * Math.log(stretch), scales: [2, 2 / stretch ** 2] }), Array<number>(rows).fill(0), {
      abs: 1e-20,
    });
  });

  it('is the squared log of the stretch per coordinate where the metric does not follow', () => {
    expectClose(volumeOf({ logDet: width * 0.3, scales: [1, 1] }), Array<number>(rows).fill(0.09), { abs: 1e-12 });
  });
});
