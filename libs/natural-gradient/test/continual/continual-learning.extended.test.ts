/**
 * The measured claim of continual learning: five tasks of permuted features in a row, a 20-64-64-5 tanh network, 8 epochs of Adam each, three
 * seeds, each memory at the best of a small grid of strengths (chosen on the same test examples, for all memories alike). Noise, size and learning
 * rate were chosen so that training without memory forgets about as much as in the reference figures (none 0.509, diagonal 0.609, Kronecker 0.848);
 * nothing was fitted to the other memories. Figures are printed. About two minutes.
 */
import { type ContinualMeasures, continualMeasures } from '@geodesic/natural-gradient';
import { beforeAll, describe, expect, it } from 'vitest';
import { learnInTurn, type Memory } from './continual-run.ts';
import { permutedTasks } from './permuted-tasks.ts';
import { layersOf } from './tanh-network.ts';

const seeds = [0, 1, 2];
const layers = layersOf([20, 64, 64, 5]);
const grid: readonly (readonly [Memory, readonly number[]])[] = [
  ['none', [0]],
  ['euclidean', [0.03, 0.1, 0.3, 1]],
  ['diagonal', [30, 60, 100, 300]],
  ['kronecker', [10, 30, 100]],
  ['merged', [10, 30, 100]],
];

interface Row {
  readonly memory: Memory;
  readonly strength: number;
  readonly measures: readonly ContinualMeasures[];
}

const rows: Row[] = [];
const mean = ({ measures }: Row, key: keyof ContinualMeasures): number =>
  measures.reduce((sum, one) => sum + one[key], 0) / measures.length;

/** The row of a memory with the best mean average final accuracy. */
function best(memory: Memory): Row {
  return rows.filter((row) => row.memory === memory).reduce((a, b) => (mean(b, 'averageFinal') > mean(a, 'averageFinal') ? b : a));
}

function measured(memory: Memory, strength: number): Row {
  const measures = seeds.map((seed) => {
    const tasks = permutedTasks(seed, { tasks: 5, train: 1000, test: 500, noise: 0.7 });
    return continualMeasures(learnInTurn(tasks, { seed, layers, memory, strength, epochs: 8, batch: 32, learningRate: 1e-3 }));
  });
  return { memory, strength, measures };
}

function printed(row: Row): string {
  const each = (key: keyof ContinualMeasures): string =>
    `${mean(row, key).toFixed(3)} (${row.measures.map((one) => one[key].toFixed(3)).join(' ')})`;
  return `${row.memory} ${row.strength}: average final ${each('averageFinal')}, forgetting ${each('forgetting')}`;
}

describe('five permuted tasks in a row', () => {
  beforeAll(() => {
    for (const [memory, strengths] of grid) for (const strength of strengths) rows.push(measured(memory, strength));
    console.log(rows.map(printed).join('\n'));
  }, 600_000);

  it('forgets without a memory', () => {
    expect(mean(best('none'), 'averageFinal')).toBeLessThan(0.56);
    expect(mean(best('none'), 'forgetting')).toBeGreaterThan(0.5);
  });

  it('keeps at least ten points more with Kronecker than with diagonal anchors, for every seed', () => {
    const [kronecker, diagonal] = [best('kronecker'), best('diagonal')];
    expect(mean(kronecker, 'averageFinal')).toBeGreaterThanOrEqual(mean(diagonal, 'averageFinal') + 0.1);
    for (const [seed, { averageFinal }] of kronecker.measures.entries())
      expect(averageFinal).toBeGreaterThanOrEqual(diagonal.measures[seed].averageFinal + 0.1);
  });

  it('keeps more with either than without', () => {
    for (const memory of ['euclidean', 'diagonal', 'kronecker'] as const)
      expect(mean(best(memory), 'averageFinal')).toBeGreaterThan(mean(best('none'), 'averageFinal') + 0.05);
    expect(mean(best('kronecker'), 'averageFinal')).toBeGreaterThan(0.75);
  });

  it('loses at most two points when all tasks share one merged Kronecker anchor', () => {
    expect(mean(best('merged'), 'averageFinal')).toBeGreaterThanOrEqual(mean(best('kronecker'), 'averageFinal') - 0.02);
  });

  it('finds the best strengths inside the grid', () => {
    for (const [memory, strengths] of grid.slice(1)) {
      expect(best(memory).strength).toBeGreaterThan(strengths[0]);
      expect(best(memory).strength).toBeLessThan(strengths[strengths.length - 1]);
    }
  });
});
