import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommittedParameters, LogMismatchError, verifyLog } from '../src/index.ts';
import type { RejectedEntry, StepEntry } from '../src/index.ts';
import { PROPERTY } from './fixtures.ts';
import { recordsOf } from './log-fixtures.ts';
import { RunDriver, change, evaluation, scripted, step, type ScriptedRound } from './run-driver.ts';
import { undisturbed } from './toy-training.ts';
import { SurvivingRun, type Disturbance } from './surviving-run.ts';

type Commit = StepEntry | RejectedEntry;

/** A run of rounds up to its end, each commit durable at once. */
function made(rounds: readonly ScriptedRound[]): Commit[] {
  const run = new RunDriver(scripted(rounds));
  run.start();
  while (run.machine.round) {
    const before = run.entries.length;
    run.complete();
    if (run.entries.length > before) run.appended();
  }
  return run.entries.filter((entry) => entry.type === 'step' || entry.type === 'rejected');
}

const rounds: readonly ScriptedRound[] = [
  step(1),
  { step: 2, answer: { ...change(-1), rejected: { reason: 'NaN', damping: 2 } } },
  { step: 2, attempt: 1, answer: {} },
  { step: 2, attempt: 1, phase: 'trial', answer: change() },
  evaluation(2),
  step(3),
];

describe('RunMachine: a log that is ahead', () => {
  it('is made again and compared, and then gone on with', () => {
    const ahead = made(rounds).slice(0, 3);
    const run = new RunDriver(scripted(rounds), { ahead });
    // What the log has is made again with exactly its slots: a relaxed run could leave others out.
    expect(run.start()).toEqual(['round 1.0 grad at 0 without nothing']);
    expect(run.complete()).toEqual(['publish 1', 'advanced 1', 'reproduced 1', 'round 2.0 grad at 1 without nothing']);
    expect(run.complete()).toEqual(['publish 2', 'reproduced 2', 'round 2.1 grad at 2 without nothing']);
    expect(run.machine.ahead).toBe(1);
    run.complete();
    expect(run.complete()).toEqual(['publish 3', 'advanced 2', 'reproduced 2', 'round 2.0 eval/test at 3']);
    expect(run.machine.ahead).toBe(0);
    expect(run.complete()).toEqual(['evaluated test after 2', 'round 3.0 grad at 3']);
    expect(run.complete()).toEqual(['publish 4', 'advanced 3', 'append step 3.0']);
    expect(run.entries).toEqual(made(rounds).slice(3));
  });

  it('says the curvature again with what it reproduces', () => {
    const report = [step(1, { ...change(), layers: [{ layer: 'a' }] })];
    const run = new RunDriver(scripted(report), { ahead: made(report) });
    run.start();
    run.complete();
    expect(run.actions).toContainEqual({ type: 'reproduced', step: 1, layers: [{ layer: 'a' }] });
    expect(run.history.at(-1)).toBe('ended completed');
  });

  it.each<[string, number, object, string]>([
    ['a chain', 0, { chain: 'x' }, 'step 1: expected chain "x" as in the commit log'],
    ['a checksum', 0, { checksum: 'x' }, 'step 1: expected checksum "x" as in the commit log'],
    ['a version', 0, { version: 7 }, 'step 1: expected version 7 as in the commit log, got 1'],
    ['an attempt', 2, { attempt: 2 }, 'step 2: expected attempt 2 as in the commit log, got 1'],
    ['a number of examples', 0, { examples: 59 }, 'step 1: expected examples 59 as in the commit log, got 60'],
    ['what the trainer remembers', 0, { record: { damping: 1 } }, 'step 1: expected record {"damping":1} as in the commit log, got none'],
    ['a damping', 1, { damping: 3 }, 'step 2: expected damping 3 as in the commit log, got 2'],
    ['a reason', 1, { reason: 'x' }, 'step 2: expected reason "x" as in the commit log, got "NaN"'],
    ['where it was taken back to', 1, { position: undefined }, 'step 2: expected position none as in the commit log'],
    ['a kind', 1, { type: 'step' }, 'step 2: expected type "step" as in the commit log, got "rejected"'],
  ])('stops the run where %s comes out otherwise', (_, index, changes, message) => {
    const ahead = made(rounds).map((entry, i) => (i === index ? { ...entry, ...changes } : entry));
    const run = new RunDriver(scripted(rounds), { ahead });
    const all = (): void => {
      run.start();
      while (run.machine.round) run.complete();
    };
    expect(all).toThrow(message);
    expect(all).not.toThrow();
    expect(run.history).not.toContain('ended completed');
  });

  it('stops the run where a round before the last one comes out otherwise, and names it', () => {
    const ahead = made(rounds);
    const trial = ahead[2].rounds!;
    const changed = { ...ahead[2], rounds: [{ ...trial[0], examples: 59 }, trial[1]] } as Commit;
    const run = new RunDriver(scripted(rounds), { ahead: [ahead[0], ahead[1], changed] });
    run.start();
    for (let i = 0; i < 3; i += 1) run.complete();
    expect(() => run.complete()).toThrow(/^step 2: expected rounds\[0\] .*"examples":59.* as in the commit log, got .*"examples":60/);
  });

  it('does not care who computed it, or in what words it failed', () => {
    const fails = [{ answer: {} }, { attempt: 1, answer: change() }];
    const rejects = (): { rejected: { reason: string; damping: number } } => ({ rejected: { reason: 'NaN', damping: 2 } });
    const first = new RunDriver(scripted(fails, rejects));
    first.start();
    first.abandon('slot 3 fails', 'w1');
    const run = new RunDriver(scripted(fails, rejects), { ahead: first.entries as Commit[] });
    run.start();
    expect(run.abandon('slot 5 fails', 'w2')).toEqual(['reproduced 1', 'round 1.1 grad at 0']);
  });

  it('is compared without its rounds where it is of format 1', () => {
    const ahead = made(rounds).map(({ rounds: _rounds, ...entry }) => entry as Commit);
    const run = new RunDriver(scripted(rounds), { ahead });
    run.start();
    while (run.machine.round) run.complete();
    expect(run.history.at(-1)).toBe('ended completed');
  });

  it('stops a run that would end before it', () => {
    const run = new RunDriver(scripted(rounds.slice(0, 1)), { ahead: made(rounds) });
    run.start();
    expect(() => run.complete()).toThrow(LogMismatchError);
  });

  it('leaves the same slots out again', () => {
    const first = new RunDriver(scripted([step(1), step(2)]));
    first.start();
    first.complete([6, 7]);
    const ahead = first.entries as Commit[];
    const run = new RunDriver(scripted([step(1), step(2)]), { ahead });
    expect(run.start()).toEqual(['round 1.0 grad at 0 without 6,7']);
    expect(run.complete([6, 7])).toEqual(['publish 1', 'advanced 1', 'reproduced 1', 'round 2.0 grad at 1']);
    const other = new RunDriver(scripted([step(1), step(2)]), { ahead });
    other.start();
    expect(() => other.complete([5])).toThrow('rounds[0]');
  });

  it('keeps a pause, which holds after what is there and what was begun', () => {
    const run = new RunDriver(scripted(rounds), { ahead: made(rounds).slice(0, 2), pausedFrom: 3 });
    run.start();
    while (run.machine.round) run.complete();
    expect(run.history.slice(-2)).toEqual(['append step 2.1', 'round 2.0 eval/test at 3']);
    expect(run.appended()).toEqual(['committed 2', 'evaluated test after 2', 'paused 3']);
  });

  it('is not cut by a new request, which holds after it', () => {
    const run = new RunDriver(scripted(rounds), { ahead: made(rounds).slice(0, 1) });
    run.start();
    expect(run.control('pause')).toEqual(['append pause from 2']);
    expect(run.complete()).toEqual(['publish 1', 'advanced 1', 'reproduced 1', 'paused 2']);
    const begun = new RunDriver(scripted(rounds), { ahead: made(rounds).slice(0, 2) });
    begun.start();
    expect(begun.machine.nextStep).toBe(3); // the log knows of an attempt at step 2
  });

  it('goes on from a checkpoint in the middle', () => {
    const whole = new RunDriver(scripted(rounds));
    whole.start();
    for (let i = 0; i < 4; i += 1) if (whole.complete().some((word) => word.startsWith('append'))) whole.appended();
    const { version, chain, parameters, previous } = whole.committed.snapshot();
    const start = { version, chain, previous: previous.slice() };
    const trainer = { ...scripted(rounds.slice(4)), parameters: parameters.slice() };
    const committed = new CommittedParameters(trainer, { usesPrevious: true, start });
    const run = new RunDriver(trainer, { step: 2, committed, ahead: made(rounds).slice(3) });
    expect(run.start()).toEqual(['round 2.0 eval/test at 3']);
    expect(run.machine.step).toBe(2);
    run.complete();
    expect(run.complete()).toEqual(['publish 4', 'advanced 3', 'reproduced 3', 'ended completed']);
  });
});

describe('RunMachine: a coordinator that is disturbed and dies at any time', () => {
  it('ends with the bits and the commits of a run that nothing happened to, each announced at most once', () => {
    const steps = 8;
    const alone = new SurvivingRun(steps);
    alone.finish();
    expect(alone.fingerprint()).toBe(undisturbed(steps));
    const commits = alone.told;
    expect(commits).toContain('rejected 5.0');
    const disturbance = fc.oneof(
      { weight: 12, arbitrary: fc.constant<Disturbance>('round') },
      { weight: 8, arbitrary: fc.constant<Disturbance>('disk') },
      { weight: 5, arbitrary: fc.constantFrom<Disturbance>('pause', 'resume', 'resume', 'scale', 'crash', 'interrupt') },
    );
    const property = fc.property(fc.array(disturbance, { maxLength: 80, size: 'max' }), (schedule) => {
      const run = new SurvivingRun(steps);
      for (const what of schedule) run.act(what);
      run.finish();
      expect(run.hasEnded).toBe(true);
      expect(run.fingerprint()).toBe(undisturbed(steps));
      const logged = run.log.flatMap((entry) => ('attempt' in entry ? [`${entry.type} ${entry.step}.${entry.attempt}`] : []));
      expect(logged).toEqual(commits);
      expect(commits.filter((word) => run.told.includes(word))).toEqual(run.told);
      expect(verifyLog(recordsOf(run.log)).faults).toEqual([]);
    });
    fc.assert(property, { ...PROPERTY, numRuns: 60 });
  });
});
