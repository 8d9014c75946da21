/** What people are told of faults, pauses and takeovers, and what the live view makes of them. */
import { describe, expect, it } from 'vitest';
import { conditionLine } from '../src/view/condition-lines.ts';
import { liveLines } from '../src/view/live-lines.ts';
import { applyEvent, createRunView, type RunView } from '../src/view/run-view.ts';
import { commit, event, header, opening } from './events.ts';

describe('conditionLine', () => {
  it.each([
    ['run.resumed', { term: 2, step: 50, ahead: 3 }, 'taken up by coordinator 2 after step 50; 3 commits of the log are made again'],
    ['run.resumed', { term: 3, step: 0, ahead: 0 }, 'taken up by coordinator 3 after step 0'],
    [
      'run.recovered',
      { step: 53, seconds: 0.4, replayed: 6, recomputed: 1 },
      /^recovered up to step 53 in .*: 6 rounds from the journal, 1 computed again$/,
    ],
    ['run.paused', { step: 7, reason: 'lunch' }, 'paused before step 7: lunch'],
    ['run.continued', { step: 7 }, 'goes on with step 7'],
    ['run.scaled', { workers: 1 }, 'scaled to 1 worker'],
    ['worker.draining', { worker: 'worker-2', reason: 'SIGTERM' }, 'worker-2 finishes its work and leaves: SIGTERM'],
    ['worker.deferred', { worker: 'w', reason: 'corrupt sums', retryAfterMs: 20_000 }, /^w is turned away for 20.*: corrupt sums$/],
    ['worker.straggling', { worker: 'w', waitedMs: 1000 }, /^w is late \(.*\): its slots are computed elsewhere, too$/],
    [
      'contribution.disputed',
      { workers: ['a', 'b'], resolved: true, detail: 'b was wrong' },
      'two results of one block differ (a, b): a third decided; b was wrong',
    ],
    ['storage.failed', { message: 'ENOSPC: no space left' }, 'the disk fails, the run waits: ENOSPC: no space left'],
    ['storage.mended', {}, 'the disk is mended, the run goes on'],
  ])('says what %s means', (type, data, expected) => {
    expect(conditionLine(event(type, data))).toMatch(expected);
  });

  it('says nothing of what has a line of its own', () => expect(conditionLine(commit(1, 2))).toBeUndefined());

  it('says nothing of a worker that is late by less than a second', () =>
    expect(conditionLine(event('worker.straggling', { worker: 'w', waitedMs: 999 }))).toBeUndefined());
});

describe('the live view', () => {
  const after = (...events: readonly [string, Record<string, unknown>][]): RunView =>
    [...opening, commit(1, 2), ...events.map(([type, data]) => event(type, data))].reduce(
      (view, next, i) => applyEvent(view, next, 1000 * i),
      createRunView(header),
    );
  const title = (view: RunView): string =>
    liveLines(view, { width: 120 })[1]
      .map(({ text }) => text)
      .join('');

  it('says why nothing moves, until it does', () => {
    expect(title(after(['run.paused', { step: 2 }]))).toContain('paused');
    expect(title(after(['storage.failed', {}]))).toContain('the disk fails');
    expect(title(after(['run.paused', { step: 2 }], ['run.continued', { step: 2 }]))).not.toContain('paused');
    expect(title(after(['run.resumed', { step: 1 }], ['step.committed', { step: 2, steps: 150 }]))).not.toContain('recovering');
  });

  it('does not count a pause as a slow step', () => {
    expect(after(['run.paused', { step: 2 }], ['run.continued', {}], ['step.committed', { step: 2 }]).intervalsMs).toEqual([]);
  });

  it('keeps the counts of a worker that leaves in order, and names the reason of one that is turned away', () => {
    const view = after(
      ['worker.progress', { worker: 'worker-1', state: 'computing', slots: 9, examplesPerSecond: 5 }],
      ['worker.draining', { worker: 'worker-1' }],
      ['worker.deferred', { worker: 'worker-2', reason: 'corrupt' }],
    );
    expect(view.workers.get('worker-1')).toMatchObject({ state: 'draining', slots: 9 });
    expect(view.workers.get('worker-2')).toMatchObject({ state: 'turned away', reason: 'corrupt' });
  });
});
