import { describe, expect, it } from 'vitest';
import { RunDriver, change, evaluation, scripted, step } from './run-driver.ts';

describe('RunMachine: a pause', () => {
  it('holds from the next step on: the one under way is finished, with its evaluation', () => {
    const run = new RunDriver(scripted([step(1), step(2), evaluation(2), step(3)]));
    run.start();
    run.complete();
    run.appended();
    expect(run.control('pause')).toEqual(['append pause from 3']);
    expect(run.appended()).toEqual(['controlled pause from 3']);
    expect(run.complete()).toEqual(['publish 2', 'advanced 2', 'append step 2.0', 'round 2.0 eval/test at 2']);
    run.appended();
    expect(run.machine.isPaused).toBe(false);
    expect(run.complete()).toEqual(['evaluated test after 2', 'paused 3']);
    expect(run.machine.isPaused).toBe(true);
  });

  it('does not cut a step of several rounds or attempts', () => {
    const rounds = [
      { answer: {} },
      { phase: 'trial', answer: { rejected: { reason: 'no', damping: 2 } } },
      { attempt: 1, answer: {} },
      { attempt: 1, phase: 'trial', answer: change() },
    ];
    const run = new RunDriver(scripted([...rounds, step(2)]));
    run.start();
    run.complete();
    expect(run.control('pause')).toEqual(['append pause from 2']);
    expect(run.complete()).toEqual(['append rejected 1.0', 'round 1.1 grad at 0']);
    run.appended();
    run.appended();
    run.complete();
    expect(run.complete()).toEqual(['publish 1', 'advanced 1', 'append step 1.1', 'paused 2']);
    expect(run.appended()).toEqual(['committed 1']);
    expect(run.machine.isPaused).toBe(true);
  });

  it('lets an attempt be made again after the change before it was taken back', () => {
    const back = { ...change(-1), rejected: { reason: 'NaN', damping: 2 } };
    const run = new RunDriver(scripted([step(1), { step: 2, answer: back }, { step: 2, attempt: 1, answer: change() }, step(3)]));
    run.start();
    run.complete();
    run.appended();
    run.complete();
    expect(run.control('pause')).toEqual(['append pause from 3']);
    run.appended();
    expect(run.appended()).toEqual(['controlled pause from 3']);
    expect(run.complete()).toEqual(['publish 3', 'advanced 2', 'append step 2.1', 'paused 3']);
  });

  it('can be asked for before the start, while a commit and an evaluation wait, and twice', () => {
    const fresh = new RunDriver(scripted([step(1)]));
    expect(fresh.control('pause')).toEqual(['append pause from 1']);
    expect(fresh.start()).toEqual(['paused 1']);
    const run = new RunDriver(scripted([step(1), evaluation(1), step(2)]));
    run.start();
    run.complete();
    run.complete();
    expect(run.control('pause')).toEqual(['append pause from 2']);
    expect(run.appended()).toEqual(['committed 1', 'evaluated test after 1', 'paused 2']);
    expect(run.control('pause')).toEqual(['append pause from 2']);
  });

  it('is lifted once its end is durable', () => {
    const run = new RunDriver(scripted([step(1)]));
    run.control('pause');
    run.start();
    expect(run.control('resume')).toEqual(['append resume from 1']);
    expect(run.appended()).toEqual(['controlled pause from 1']);
    expect(run.machine.isPaused).toBe(true);
    expect(run.appended()).toEqual(['controlled resume from 1', 'round 1.0 grad at 0']);
    expect(run.machine.isPaused).toBe(false);
  });

  it('goes on when another pause is asked for before its end is durable', () => {
    const run = new RunDriver(scripted([step(1)]), { pausedFrom: 1 });
    run.start();
    run.control('resume');
    expect(run.control('pause')).toEqual(['append pause from 1']);
    expect(run.appended()).toEqual(['controlled resume from 1', 'paused 1']);
    expect(run.appended()).toEqual(['controlled pause from 1']);
    run.control('resume');
    expect(run.appended()).toEqual(['controlled resume from 1', 'round 1.0 grad at 0']);
  });

  it('never holds when it is lifted before its step', () => {
    const run = new RunDriver(scripted([step(1), step(2)]));
    run.start();
    run.control('pause');
    run.control('resume');
    run.appended();
    expect(run.appended()).toEqual(['controlled resume from 2']);
    expect(run.complete()).toContain('round 2.0 grad at 1');
  });

  it('does not keep a run from its end', () => {
    const run = new RunDriver(scripted([step(1), evaluation(1)]));
    run.start();
    run.control('pause');
    run.appended();
    run.complete();
    run.appended();
    expect(run.complete()).toEqual(['evaluated test after 1', 'ended completed']);
  });
});

describe('RunMachine: requests', () => {
  it('are logged with what they ask for, and done when they are durable', () => {
    const run = new RunDriver(scripted([step(1)]));
    run.start();
    run.control('scale', { workers: 3 });
    run.control('drain', { worker: 'w2' });
    expect(run.entries).toEqual([
      { type: 'control', action: 'scale', step: 2, reason: 'asked', workers: 3 },
      { type: 'control', action: 'drain', step: 2, reason: 'asked', worker: 'w2' },
    ]);
    run.appended();
    run.appended();
    expect(run.actions.slice(-2)).toEqual(run.entries.map((entry) => ({ type: 'controlled', entry })));
  });

  it('do not hold a commit up, nor announce it too early', () => {
    const run = new RunDriver(scripted([step(1), step(2)]));
    run.start();
    run.control('scale', { workers: 3 });
    expect(run.complete()).toEqual(['publish 1', 'advanced 1', 'append step 1.0', 'round 2.0 grad at 1']);
    expect(run.complete()).toEqual([]);
    expect(run.appended()).toEqual(['controlled scale from 2']);
    expect(run.appended()).toEqual(['committed 1', 'publish 2', 'advanced 2', 'append step 2.0']);
  });

  it('are not answered by a run that is ending', () => {
    const run = new RunDriver(scripted([step(1)]));
    run.start();
    run.send({ type: 'stop' });
    expect(run.control('scale', { workers: 1 })).toEqual([]);
    expect(run.complete()).toEqual(['publish 1', 'advanced 1', 'append step 1.0']);
    expect(run.appended()).toEqual(['committed 1', 'ended stopped']);
  });

  it('are durable before the run ends', () => {
    const run = new RunDriver(scripted([step(1)]));
    run.start();
    run.control('scale', { workers: 1 });
    run.send({ type: 'interrupt' });
    expect(run.appended()).toEqual(['controlled scale from 2', 'ended stopped']);
  });
});
