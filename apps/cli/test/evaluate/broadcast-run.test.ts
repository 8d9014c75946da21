/** The evaluation of a run that is known by what is broadcast: results are told once, whatever is repeated. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseEvent } from '@geodesic/events';
import { openBroadcastRun } from '../../src/evaluate/broadcast-run.ts';
import { CheckpointEvaluator } from '../../src/evaluate/checkpoint-evaluator.ts';
import { evaluateAnnounced, type Skipped } from '../../src/evaluate/evaluate-announced.ts';
import type { EvaluatedRun } from '../../src/evaluate/evaluated-run.ts';
import { BroadcastStage, digestOf } from './broadcast-stage.ts';
import { evaluatedRun, type EvaluatedFixture } from './evaluated-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'geodesic-broadcast-run-'));
let run: EvaluatedFixture;
let stage: BroadcastStage;

beforeAll(async () => {
  run = await evaluatedRun(folder);
});
beforeEach(() => {
  stage = new BroadcastStage(run.runId, run.store);
});
afterAll(() => rmSync(folder, { recursive: true }));

function open({ follow = true }: { readonly follow?: boolean } = {}): Promise<EvaluatedRun> {
  const { bus, objects, feed } = stage;
  const { signal } = new AbortController();
  return openBroadcastRun({
    run: run.runId,
    cluster: 'main',
    feed,
    bus,
    objects,
    follow,
    signal,
    onNotice: () => undefined,
    temporary: folder,
  });
}

/** Evaluates until the run is over. */
async function evaluateAll(): Promise<{ readonly skipped: readonly Skipped[] }> {
  const evaluated = await open();
  const { signal } = new AbortController();
  const skipped: Skipped[] = [];
  await evaluateAnnounced({
    announcements: evaluated.announcements(signal),
    access: evaluated.access,
    told: evaluated.told!,
    evaluator: await CheckpointEvaluator.open(evaluated.bundle, { run: run.runId }),
    onResult: (result) => evaluated.publish!(result),
    onSkipped: (one) => void skipped.push(one),
    signal,
  });
  return { skipped };
}

describe('an evaluator of a broadcast run', () => {
  it("tells every checkpoint's result once, in order, equal to the run's own evaluation, and leaves no folder behind", async () => {
    await stage.accept(run.bundle);
    await stage.broadcast(2);
    const ended = evaluateAll();
    await stage.broadcast(4);
    await stage.broadcast(6);
    await stage.emit('run.finished', { state: 'completed', result: {} });
    expect(await ended).toEqual({ skipped: [] });
    const results = await stage.results();
    expect(results.map(({ id }) => id.split('/').slice(1, 4))).toEqual(['2', '4', '6'].map((step) => ['evaluator', step, 'validation']));
    for (const result of results) {
      expect(parseEvent(JSON.stringify(result))).toEqual(result);
      const own = run.evaluations.find(({ step, split }) => step === result.data['step'] && split === 'validation')!;
      const { columns = {}, ...evaluation } = own;
      expect(result.data).toMatchObject({ ...evaluation, ...columns });
    }
    expect(readdirSync(folder)).toEqual(['runs']);
    expect(stage.objects.got.filter((digest) => digest === digestOf(run.bundle))).toHaveLength(1);
  });

  it('does not compute again what it told before it was started again', async () => {
    await stage.accept(run.bundle);
    for (const step of [2, 4]) await stage.broadcast(step);
    await stage.emit('run.finished', { state: 'completed', result: {} });
    await evaluateAll();
    const told = await stage.results();
    expect(told).toHaveLength(2);
    const { skipped } = await evaluateAll();
    expect(skipped.map(({ step, why }) => [step, why])).toEqual([
      [2, 'told'],
      [4, 'told'],
    ]);
    expect(await stage.results()).toEqual(told);
  });

  it('takes the last checkpoint where the pointer names it and no event did', async () => {
    await stage.accept(run.bundle);
    await stage.broadcast(2);
    await stage.broadcast(6, { isTold: false });
    await stage.emit('run.finished', { state: 'completed', result: {} });
    await evaluateAll();
    expect((await stage.results()).map(({ data }) => data['step'])).toEqual([2, 6]);
  });

  it('leaves out a checkpoint whose objects are gone', async () => {
    await stage.accept(run.bundle);
    await stage.broadcast(2);
    await stage.broadcast(4);
    for (const digest of stage.objects.kept.keys()) if (digest !== digestOf(run.bundle)) stage.objects.kept.delete(digest);
    await stage.broadcast(6);
    await stage.emit('run.finished', { state: 'completed', result: {} });
    const { skipped } = await evaluateAll();
    expect(skipped).toMatchObject([
      { step: 2, why: 'gone' },
      { step: 4, why: 'gone' },
    ]);
    expect((await stage.results()).map(({ data }) => data['step'])).toEqual([6]);
  });

  it('names the newest checkpoint, that of a step, or which there are', async () => {
    await stage.accept(run.bundle);
    await stage.broadcast(2);
    await stage.broadcast(4);
    const evaluated = await open({ follow: false });
    expect(await evaluated.newest(undefined)).toMatchObject({ step: 4 });
    expect(await evaluated.newest(2)).toMatchObject({ step: 2 });
    await expect(evaluated.newest(3)).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING', hint: 'broadcast: steps 2, 4' });
  });

  it('cannot begin without the bundle that the first event names', async () => {
    await stage.emit('run.accepted', { runId: run.runId, directory: '/elsewhere' });
    await stage.emit('run.started', { workers: 1, slots: 8, engine: 'reference', parameters: 1 });
    await expect(open({ follow: false })).rejects.toMatchObject({ code: 'BUNDLE_UNKNOWN' });
  });
});
