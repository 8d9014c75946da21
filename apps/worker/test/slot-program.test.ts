import { decodeBundle, encodeBundle } from '@geodesic/engine';
import { addContributions, applyUpdate, combine, type Block, type Contribution, type SlotComputer } from '@geodesic/cluster';
import { describe, expect, it } from 'vitest';
import { createSlotComputer } from '../src/slot-program.ts';
import { digitsBundle, parameterCount } from './digits-bundle.ts';

/** Any values that are not all alike. */
function vector(length: number, phase = 0): Float32Array {
  return Float32Array.from({ length }, (_, i) => 0.1 * Math.sin(i * 1.7 + phase));
}

async function computer(engine: 'reference' | 'onnx-cpu' = 'reference', seed = 1): Promise<SlotComputer> {
  const started = await createSlotComputer(digitsBundle(engine, seed));
  started.load({ parameters: vector(parameterCount), state: new Float32Array(0), previous: new Float32Array(0) });
  return started;
}

function compute(on: SlotComputer, block: Block, { step = 1, phase = 'grad-stats' } = {}): Promise<Contribution> {
  return on.compute({ step, attempt: 0, phase, block });
}

const slot = (index: number): Block => ({ level: 0, index });

describe.each(['reference', 'onnx-cpu'] as const)('createSlotComputer with the engine %s', (engine) => {
  it('says what it runs on, and which data', async () => {
    const { fingerprint } = await computer(engine);
    const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string;
    expect(fingerprint).toMatchObject({ executor: engine, data: digest, 'graph grad': digest, 'graph eval': digest });
  });

  it('gives a block the bits of its halves, added as the tree adds them', async () => {
    const one = await computer(engine);
    const other = await computer(engine);
    const whole = await compute(one, { level: 2, index: 1 });
    const [left, right] = [await compute(other, { level: 1, index: 2 }), await compute(other, { level: 1, index: 3 })];
    expect(addContributions(left, right)).toEqual(whole);
    expect(whole.count).toBe(256);
  });

  it('gives a slot the same bits whatever was computed before it', async () => {
    const fresh = await compute(await computer(engine), slot(3));
    const used = await computer(engine);
    await compute(used, slot(5), { step: 2 });
    await compute(used, slot(0), { phase: 'eval/validation' });
    await compute(used, slot(2), { phase: 'grad' });
    expect(await compute(used, slot(3))).toEqual(fresh);
  });
});

describe('createSlotComputer', () => {
  it('makes a slot without examples the identity of the addition', async () => {
    const on = await computer();
    // An epoch of 1,213 examples ends with a batch of 189: three slots of it hold examples.
    const empty = await compute(on, slot(7), { step: 3 });
    expect(empty.count).toBe(0);
    expect(empty.sums.every((value) => value === 0) && empty.scalars.every((value) => value === 0)).toBe(true);
    const [half, whole] = [await compute(on, { level: 2, index: 0 }, { step: 3 }), await compute(on, { level: 3, index: 0 }, { step: 3 })];
    expect(whole).toEqual({ ...half, block: whole.block });
  });

  it('draws examples and labels from the seed and the step, and from nothing else', async () => {
    const first = await compute(await computer(), slot(1));
    expect(await compute(await computer(), slot(1))).toEqual(first);
    expect((await compute(await computer('reference', 2), slot(1))).sums).not.toEqual(first.sums);
    expect((await compute(await computer(), slot(1), { step: 2 })).sums).not.toEqual(first.sums);
  });

  it('computes at the updated parameters after an update, as if they had been loaded', async () => {
    const parameters = vector(parameterCount);
    const [updated, loaded] = [await computer(), await computer()];
    const delta = vector(parameterCount, 1);
    const checksum = updated.apply({ delta, state: new Float32Array(0) });
    expect(applyUpdate(parameters, delta)).toBe(checksum);
    expect(loaded.load({ parameters, state: new Float32Array(0), previous: new Float32Array(0) })).toBe(checksum);
    expect(await compute(updated, slot(0))).toEqual(await compute(loaded, slot(0)));
  });

  it('keeps its own copy of what it loads', async () => {
    const parameters = vector(parameterCount);
    const on = await createSlotComputer(digitsBundle('reference'));
    on.load({ parameters, state: new Float32Array(0), previous: new Float32Array(0) });
    parameters.fill(0);
    expect(await compute(on, slot(0))).toEqual(await compute(await computer(), slot(0)));
  });

  it('covers every example of a split once when it evaluates', async () => {
    const { count, scalars } = await compute(await computer(), { level: 2, index: 0 }, { phase: 'eval/validation' });
    const [loss, hits] = scalars;
    expect(count).toBeGreaterThan(100);
    expect(loss / count).toBeGreaterThan(1);
    expect(Number.isInteger(hits)).toBe(true);
  });

  it('names the phases of the bundle when it is asked for another', async () => {
    await expect(compute(await computer(), slot(0), { phase: 'gram' })).rejects.toThrow(
      'compute: expected a phase of the bundle (eval, grad, grad-stats), got gram',
    );
  });
});

describe('createSlotComputer: rounds of a step', () => {
  /** The programs of the digits under the names of other rounds. */
  async function started(): Promise<SlotComputer> {
    const bundle = decodeBundle(digitsBundle('reference'));
    const { grad, 'grad-stats': burnin } = bundle.phases;
    const on = await createSlotComputer(encodeBundle({ ...bundle, phases: { ...bundle.phases, trial: grad, burnin } }));
    on.load({ parameters: vector(parameterCount), state: new Float32Array(0), previous: vector(parameterCount, 2) });
    return on;
  }

  it('computes a trial at the parameters to which the update would lead', async () => {
    const [trying, moved] = [await started(), await started()];
    const direction = vector(parameterCount, 1);
    const move = { digest: 'sha256:00', length: parameterCount, alpha: Math.fround(0.3), mu: Math.fround(0.9) };
    trying.hold(move.digest, direction);
    const inputs = { vectors: [], move };
    const trial = await trying.compute({ step: 1, attempt: 0, phase: 'trial/1', block: slot(0), inputs });
    moved.apply({ delta: combine(direction, vector(parameterCount, 2), move.alpha, move.mu), state: new Float32Array(0) });
    expect(trial).toEqual(await compute(moved, slot(0), { phase: 'grad' }));
    expect(await compute(trying, slot(0), { phase: 'grad' })).not.toEqual(trial);
  });

  it('draws labels of its own for every batch of a burn-in, of the examples of its step', async () => {
    const on = await started();
    const phases = ['burnin', 'burnin/0', 'burnin/1'];
    const [same, first, second] = await Promise.all(phases.map(async (phase) => compute(await started(), slot(0), { phase })));
    expect(same).toEqual(await compute(on, slot(0), { phase: 'grad-stats' }));
    expect(first.scalars).toEqual(same.scalars);
    expect([first.sums, second.sums].map((sums) => Buffer.from(sums.buffer).equals(Buffer.from(same.sums.buffer)))).toEqual([false, false]);
    expect(first.sums).not.toEqual(second.sums);
    expect(await compute(on, slot(0), { phase: 'burnin/0' })).toEqual(first);
  });
});
