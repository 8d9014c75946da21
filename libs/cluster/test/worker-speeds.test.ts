import { describe, expect, it } from 'vitest';
import { WorkerSpeeds } from '../src/worker-speeds.ts';

describe('WorkerSpeeds', () => {
  it('takes workers of about one speed for equal, and remembers others', () => {
    const speeds = new WorkerSpeeds();
    speeds.observe('even', 1.4);
    speeds.observe('slow', 10);
    speeds.observe('fast', 0.25);
    expect(['new', 'even', 'slow', 'fast'].map((worker) => speeds.cost(worker))).toEqual([1, 1, 10, 0.25]);
  });

  it('follows a change', () => {
    const speeds = new WorkerSpeeds();
    speeds.observe('a', 10);
    for (let i = 0; i < 12; i += 1) speeds.observe('a', 1);
    expect(speeds.cost('a')).toBe(1);
  });

  it('takes an unfinished share for a lower bound', () => {
    const speeds = new WorkerSpeeds();
    speeds.observe('a', 8);
    speeds.observeAtLeast('a', 2);
    expect(speeds.cost('a')).toBe(8);
    speeds.observeAtLeast('a', 18);
    expect(speeds.cost('a')).toBe(18);
  });

  it('wants a worker looked at again after twenty rounds without a share', () => {
    const speeds = new WorkerSpeeds();
    speeds.asked('a');
    for (let i = 0; i < 19; i += 1) speeds.beginRound();
    expect(speeds.isDue('a')).toBe(false);
    speeds.beginRound();
    expect(speeds.isDue('a')).toBe(true);
    speeds.asked('a');
    expect(speeds.isDue('a')).toBe(false);
  });

  it('looks sooner again at a new worker that began slowly, and believes it at once when it is fast', () => {
    const speeds = new WorkerSpeeds();
    speeds.asked('new');
    speeds.observeAtLeast('new', 40); // its programs were being compiled
    speeds.beginRound();
    expect(speeds.isDue('new')).toBe(false);
    speeds.beginRound();
    expect(speeds.isDue('new')).toBe(true);
    speeds.asked('new');
    speeds.observe('new', 1);
    expect(speeds.cost('new')).toBe(1);
  });
});
