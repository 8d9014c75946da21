/** The live view: what is shown after which events, and that it never exceeds the terminal. */
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '@geodesic/wire';
import { liveLines } from '../src/view/live-lines.ts';
import { applyEvent, createRunView, type RunView } from '../src/view/run-view.ts';
import { paint, widthOf } from '../src/view/styled-text.ts';
import { commit, event, header, opening } from './events.ts';

function viewAfter(events: readonly RunEvent[]): RunView {
  return events.reduce((view, next, i) => applyEvent(view, next, 100 * i), createRunView(header));
}

function textOf(view: RunView, width: number): string {
  return liveLines(view, { width })
    .map((line) => paint(line, { colour: false }))
    .join('\n');
}

const middle = [
  ...opening,
  ...Array.from({ length: 75 }, (_, i) => commit(i + 1, 2.3 * 0.95 ** i)),
  event('evaluation', { step: 70, split: 'test', loss: 0.21, accuracy: 0.9412 }),
  event('worker.progress', { worker: 'worker-1', state: 'computing', slots: 300, examples: 19_200, examplesPerSecond: 2_511.4 }),
  event('worker.lost', { worker: 'worker-2', reason: 'its connection broke' }),
];

describe('liveLines', () => {
  it('waits for workers before the first event', () => {
    const text = textOf(createRunView(header), 80);
    expect(text).toContain('digits-ndm  ·  waiting for workers');
    expect(text).toContain('0/150 steps    0 %');
    expect(text).toContain('the first step is under way');
  });

  it('shows progress, loss, accuracy, rate, time left and a row for each worker', () => {
    const text = textOf(viewAfter(middle), 120);
    expect(text).toContain('run-1  ·  onnx-cpu  ·  1 worker');
    expect(text).toContain('75/150 steps   50 %');
    expect(text).toContain('loss 0.05167');
    expect(text).toContain('test accuracy 94.1 % at step 70');
    expect(text).toContain('███▇▇▇▆▆▆');
    expect(text).toContain('10 steps/s, 5,120 examples/s  ·  time left 7.5 s');
    expect(text).toMatch(/worker-1 {2}computing {6}300 slots +2,511 examples\/s/);
    expect(text).toMatch(/worker-2 {2}lost {7}its connection broke/);
  });

  it('shows what the search for step sizes finds, and what it has rejected', () => {
    const searched = event('step.committed', {
      step: 76,
      measurements: { attempts: 1, damping: 0.3, learningRate: 0.911, momentum: 0.25, reductionRatio: 0.98 },
    });
    const rejected = event('step.rejected', { step: 77, attempt: 0, phase: 'trial', reason: 'the objective rose', damping: 1.2 });
    expect(textOf(viewAfter([...middle, searched]), 120)).toContain(
      'damping 0.3  ·  step size 0.911  ·  momentum 0.25  ·  reduction ratio 0.98\n',
    );
    expect(textOf(viewAfter([...middle, searched, rejected, rejected]), 120)).toContain('reduction ratio 0.98  ·  rejected steps 2');
    const fixed = event('step.committed', { step: 76, measurements: { damping: 0.3, learningRate: 0.1 } });
    expect(textOf(viewAfter([...middle, fixed]), 120)).not.toContain('damping');
  });

  it.each([20, 33, 47, 60, 80, 200])('fits a terminal of %i columns', (width) => {
    const widths = liveLines(viewAfter(middle), { width }).map(widthOf);
    expect(Math.max(...widths)).toBeLessThanOrEqual(width);
  });
});

describe('applyEvent', () => {
  it('lets workers be done and stops counting when the run is over', () => {
    const text = textOf(viewAfter([...middle, event('run.finished', { state: 'completed', result: {} })]), 100);
    expect(text).toMatch(/worker-1 {2}done /);
    expect(text).toMatch(/worker-2 {2}lost /);
    expect(text).toContain('examples/s');
    expect(text).not.toContain('time left');
  });

  it('ignores events that it does not know and fields that are missing', () => {
    const view = viewAfter(opening);
    expect(applyEvent(view, event('something.new', { step: 3 }), 0)).toBe(view);
    expect(applyEvent(view, event('evaluation', {}), 0).evaluation).toEqual({ step: 0, split: '', loss: 0 });
  });

  it('keeps a bounded course of the loss over a long run', () => {
    const commits = Array.from({ length: 10_000 }, (_, i) => commit(i + 1, 1 / (i + 1)));
    const { losses, lossStride } = viewAfter(commits);
    expect(losses.length).toBeLessThanOrEqual(512);
    expect(lossStride).toBe(32);
    expect(losses.at(-1)).toBeCloseTo(1 / (Math.floor(10_000 / 32) * 32), 12);
  });

  it('judges the time left by the median, so that one slow step does not move it', () => {
    const steady = Array.from({ length: 20 }, (_, i) => commit(i + 1, 1));
    const view = applyEvent(viewAfter(steady), commit(21, 1), 60_000);
    expect(textOf(view, 100)).toContain('time left 13 s');
  });
});
