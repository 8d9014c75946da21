import { describe, expect, it } from 'vitest';
import { RunDriver, change, evaluation, scripted, step } from './run-driver.ts';

const rejection = { reason: 'no descent', damping: 2 };

describe('RunMachine: a step', () => {
  it('streams the update and begins the next round while the commit becomes durable, and announces it only then', () => {
    const run = new RunDriver(scripted([step(1), step(2)]));
    expect(run.start()).toEqual(['round 1.0 grad at 0']);
    expect(run.complete()).toEqual(['publish 1', 'advanced 1', 'append step 1.0', 'round 2.0 grad at 1']);
    expect(run.machine.step).toBe(1);
    expect(run.appended()).toEqual(['committed 1']);
    expect(run.complete()).toEqual(['publish 2', 'advanced 2', 'append step 2.0']);
    expect(run.appended()).toEqual(['committed 2', 'ended completed']);
  });

  it('has at most one commit under way', () => {
    const run = new RunDriver(scripted([step(1), step(2), step(3)]));
    run.start();
    run.complete();
    expect(run.machine.isCapturable).toBe(true);
    expect(run.complete()).toEqual([]);
    expect(run.machine.isCapturable).toBe(false);
    expect(run.machine.step).toBe(1);
    expect(run.appended()).toEqual(['committed 1', 'publish 2', 'advanced 2', 'append step 2.0', 'round 3.0 grad at 2']);
    expect(run.machine.isCapturable).toBe(true);
  });

  it('logs where the parameters stand, every round behind it, and what the trainer wants remembered', () => {
    const answer = { ...change(), record: { damping: 1 }, measurements: { trainLoss: 0.5 } };
    const run = new RunDriver(scripted([{ answer: {} }, { phase: 'trial', answer }]));
    run.start();
    run.complete();
    run.complete();
    const [gradient, trial] = run.actions.flatMap((action) => (action.type === 'begin-round' ? [action.round] : []));
    const { chain, checksum, version } = run.committed.position;
    expect(version).toBe(1);
    const round = { attempt: 0, examples: 60, coverage: [{ worker: 'w1', incarnation: 'w1#1', block: { level: 3, index: 0 } }] };
    expect(run.entries).toEqual([
      {
        type: 'step',
        step: 1,
        attempt: 0,
        phase: 'trial',
        version: 1,
        chain,
        checksum,
        inputDigest: trial.inputDigest,
        examples: 60,
        rounds: [
          { ...round, phase: 'grad', inputDigest: gradient.inputDigest },
          { ...round, phase: 'trial', inputDigest: trial.inputDigest },
        ],
        record: { damping: 1 },
        measurements: { trainLoss: 0.5 },
      },
    ]);
    run.appended();
    expect(run.actions.at(-2)).toEqual({
      type: 'committed',
      step: 1,
      phase: 'trial',
      examples: 60,
      measurements: { trainLoss: 0.5 },
      workers: 1,
    });
  });

  it('names dropped slots in its record, and none where there were none', () => {
    const run = new RunDriver(scripted([{ answer: {} }, { phase: 'trial', answer: change() }]));
    run.start();
    run.complete([6, 7]);
    run.complete([]);
    expect(run.entries[0]).toMatchObject({ rounds: [{ dropped: [6, 7] }, { phase: 'trial' }] });
    expect(run.entries[0].type === 'step' && 'dropped' in run.entries[0].rounds![1]).toBe(false);
  });

  it('hands the inputs of a round and the direction of an update on', () => {
    const direction = Float32Array.of(1, 2);
    const combination = { direction, alpha: 1, mu: 0 };
    const inputs = { vectors: { direction } };
    const run = new RunDriver(scripted([{ inputs, answer: { update: { combination, state: new Float32Array(0) } } }]));
    run.start();
    run.complete();
    expect(run.actions[0]).toMatchObject({ type: 'begin-round', inputs });
    expect(run.actions[1]).toMatchObject({ type: 'publish', combination, update: { version: 1 } });
  });

  it('reports the curvature with its step, and an evaluation after its step', () => {
    const run = new RunDriver(scripted([step(1, { ...change(), layers: [{ layer: 'a' }] }), evaluation(1)]));
    run.start();
    expect(run.complete()).toEqual(['publish 1', 'advanced 1', 'append step 1.0', 'round 1.0 eval/test at 1']);
    expect(run.complete()).toEqual([]);
    expect(run.appended()).toEqual(['refreshed 1', 'committed 1', 'evaluated test after 1', 'ended completed']);
    expect(run.entries[0]).toMatchObject({ rounds: [{ phase: 'grad' }] });
  });

  it('knows the initialisation, which comes before the first step, for a step', () => {
    const run = new RunDriver(scripted([{ step: 0, phase: 'init', answer: change() }, step(1)]));
    run.start();
    expect(run.complete()).toEqual(['publish 1', 'advanced 0', 'append step 0.0', 'round 1.0 grad at 1']);
    expect(run.entries[0]).toMatchObject({ step: 0, rounds: [{ phase: 'init' }] });
  });

  it('begins once', () => {
    const run = new RunDriver(scripted([step(1)]));
    expect(run.start()).toHaveLength(1);
    expect(run.start()).toEqual([]);
  });

  it('refuses to hear of an entry that it did not append', () => {
    expect(() => new RunDriver(scripted([step(1)])).appended()).toThrow(
      'RunMachine: appended: expected an entry that was to be appended, got none',
    );
  });
});

describe('RunMachine: attempts', () => {
  it('logs an attempt that is given up, and tries again', () => {
    const run = new RunDriver(scripted([{ answer: { rejected: rejection } }, { attempt: 1, answer: change() }]));
    run.start();
    expect(run.complete()).toEqual(['append rejected 1.0', 'round 1.1 grad at 0']);
    expect(run.machine.step).toBe(0);
    expect(run.complete()).toEqual([]);
    expect(run.appended()).toEqual(['rejected 1.0', 'publish 1', 'advanced 1', 'append step 1.1']);
    expect(run.entries).toMatchObject([
      { type: 'rejected', ...rejection, rounds: [{ attempt: 0 }] },
      { type: 'step', attempt: 1, rounds: [{ attempt: 1 }] },
    ]);
    expect('position' in run.entries[0]).toBe(false);
  });

  it('takes the last change back: the parameters move, the step does not', () => {
    const back = { ...change(-1), rejected: rejection };
    const run = new RunDriver(scripted([step(1), { step: 2, answer: back }, { step: 2, attempt: 1, answer: change() }]));
    run.start();
    run.complete();
    run.appended();
    expect(run.complete()).toEqual(['publish 2', 'append rejected 2.0', 'round 2.1 grad at 2']);
    expect(run.machine.step).toBe(1);
    expect(run.entries[1]).toMatchObject({ position: run.committed.position });
    expect(run.appended()).toEqual(['rejected 2.0 and taken back']);
    expect(run.complete()).toContain('append step 2.1');
    expect(run.entries[2]).toMatchObject({ version: 3 });
  });
});

describe('RunMachine: a round that nobody can compute', () => {
  it('is answered by the trainer, and logged without what the worker said first', () => {
    const trainer = scripted([{ answer: {} }, { attempt: 1, answer: change() }], () => ({ rejected: rejection }));
    const run = new RunDriver(trainer);
    run.start();
    expect(run.abandon()).toEqual(['append rejected 1.0', 'round 1.1 grad at 0']);
    expect(run.entries[0]).toMatchObject({ reason: 'no descent', rounds: [{ failed: 'Log makes NaN', examples: 0, coverage: [] }] });
    expect(run.appended()).toEqual(['rejected 1.0 by w1']);
  });

  it('belongs to the step that gets over it', () => {
    const run = new RunDriver(
      scripted(
        [
          { phase: 'trial', answer: {} },
          { phase: 'finish', answer: change() },
        ],
        () => ({}),
      ),
    );
    run.start();
    expect(run.abandon()).toEqual(['round 1.0 finish at 0']);
    expect(run.complete()).toEqual(['publish 1', 'advanced 1', 'append step 1.0']);
    expect(run.entries[0]).toMatchObject({ rounds: [{ phase: 'trial', failed: 'Log makes NaN' }, { phase: 'finish' }] });
  });

  it('leaves an evaluation out, which the log does not know of', () => {
    const run = new RunDriver(scripted([step(1), evaluation(1), step(2)], () => ({})));
    run.start();
    run.complete();
    run.appended();
    expect(run.abandon()).toEqual(['unevaluated eval/test 1: Log makes NaN', 'round 2.0 grad at 1']);
    run.complete();
    expect(run.entries[1]).toMatchObject({ step: 2, rounds: [{ phase: 'grad' }] });
  });

  it.each(['without', 'whose answer is none'])('fails the run of a trainer %s, once everything is durable', (kind) => {
    const run = new RunDriver(scripted([step(1), step(2)], kind === 'without' ? undefined : () => undefined));
    run.start();
    run.complete();
    expect(run.abandon()).toEqual([]);
    expect(run.control('pause')).toEqual([]);
    expect(run.appended()).toEqual(['committed 1', 'failed grad 2: Log makes NaN']);
    expect(run.send({ type: 'stop' })).toEqual([]);
    expect(run.complete()).toEqual([]);
  });

  it('fails a run that was to stop after this round, too', () => {
    const run = new RunDriver(scripted([step(1)]));
    run.start();
    run.send({ type: 'stop' });
    expect(run.abandon()).toEqual(['failed grad 1: Log makes NaN']);
  });
});

describe('RunMachine: an end', () => {
  it('comes after the round in progress when a run is stopped, and when everything is durable', () => {
    const run = new RunDriver(scripted([step(1), step(2), step(3)]));
    run.start();
    run.complete();
    run.appended();
    expect(run.send({ type: 'stop' })).toEqual([]);
    expect(run.complete()).toEqual(['publish 2', 'advanced 2', 'append step 2.0']);
    expect(run.appended()).toEqual(['committed 2', 'ended stopped']);
    expect(run.send({ type: 'stop' })).toEqual([]);
  });

  it('comes between the rounds of a step when a run is stopped there', () => {
    const run = new RunDriver(scripted([{ answer: {} }, { phase: 'trial', answer: change() }]));
    run.start();
    run.send({ type: 'stop' });
    expect(run.complete()).toEqual(['ended stopped']);
    expect(run.entries).toEqual([]);
  });

  it('does not wait for the round in progress when a run is interrupted, and hears no more of it', () => {
    const run = new RunDriver(scripted([step(1), step(2)]));
    run.start();
    run.complete();
    run.send({ type: 'stop' });
    expect(run.send({ type: 'interrupt' })).toEqual([]); // the disk has not answered
    expect(run.machine.round).toBeUndefined();
    expect(run.complete()).toEqual([]);
    expect(run.appended()).toEqual(['committed 1', 'ended stopped']);
    expect(run.machine.isCapturable).toBe(true);
  });

  it.each(['stop', 'interrupt'] as const)('waits for what has been absorbed and waits for the disk, on %s', (type) => {
    const run = new RunDriver(scripted([step(1), step(2), step(3)]));
    run.start();
    run.complete();
    run.complete();
    expect(run.send({ type })).toEqual([]);
    expect(run.appended()).toEqual(['committed 1', 'publish 2', 'advanced 2', 'append step 2.0']);
    expect(run.appended()).toEqual(['committed 2', 'ended stopped']);
    expect(run.machine.step).toBe(2);
  });

  it('comes at once where nothing is under way: before the start, and in a pause', () => {
    const fresh = new RunDriver(scripted([step(1)]));
    expect(fresh.send({ type: 'stop' })).toEqual(['ended stopped']);
    expect(fresh.start()).toEqual([]);
    const paused = new RunDriver(scripted([step(1)]), { pausedFrom: 1 });
    expect(paused.start()).toEqual(['paused 1']);
    expect(paused.send({ type: 'interrupt' })).toEqual(['ended stopped']);
    expect(paused.machine.isPaused).toBe(false);
  });

  it('lets what is under way be announced when the trainer throws', () => {
    const trainer = scripted([step(1), step(2)]);
    const run = new RunDriver({
      ...trainer,
      absorb: (total) => {
        if (trainer.plan()!.step === 2) throw new RangeError('a defect');
        return trainer.absorb(total);
      },
    });
    run.start();
    run.complete();
    expect(() => run.complete()).toThrow('a defect');
    expect(run.control('resume')).toEqual([]);
    expect(run.appended()).toEqual(['committed 1']);
  });
});
