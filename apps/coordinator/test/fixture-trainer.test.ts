/** The fixture trainers go on from a checkpoint as the real one does: tests of recovery by processes stand on it. */
import { decodeSafetensors, encodeSafetensors } from '@geodesic/checkpoint';
import { applyUpdate, combine, planRound, referTo, vectorDigest, vectorsOf, type SlotComputer } from '@geodesic/cluster';
import { describe, expect, it } from 'vitest';
import { committedFiles, resumedRun } from '../src/checkpoint-content.ts';
import type { ResumePoint, TrainerFactory } from '../src/run-meta.ts';

const fixture = (name: string): Promise<unknown> => import(new URL(`./fixtures/${name}.mjs`, import.meta.url).href);
const { createTrainer } = (await fixture('trainer')) as { createTrainer: TrainerFactory };
const { createSlotComputer } = (await fixture('slot-program')) as { createSlotComputer: (bundle: Uint8Array) => Promise<SlotComputer> };

/** Checkpoints after every step, and what became of each round. */
interface Run {
  readonly saved: readonly ResumePoint[];
  readonly rounds: readonly string[];
}

/** Runs to the end in this process, with one worker. */
async function run(bundle: Uint8Array, resume?: ResumePoint): Promise<Run> {
  const { trainer, meta } = await createTrainer(bundle, resume);
  const layout = meta.parametersLayout;
  const { parameters, state } = trainer;
  const previous = resume
    ? resumedRun(resume.files, { ...resume, layout }).previous
    : new Float32Array(meta.usesPrevious ? layout.size : 0);
  const computer = await createSlotComputer(bundle);
  computer.load({ parameters, state, previous });
  const saved: ResumePoint[] = [];
  const rounds: string[] = [];
  const save = (step: number): void => {
    const files = { ...committedFiles({ parameters, state, previous }, layout), ...trainer.checkpoint!() };
    const read = Object.entries(files).map(
      ([name, { tensors, metadata }]) => [name, decodeSafetensors(encodeSafetensors(tensors, metadata))] as const,
    );
    saved.push({ step, files: new Map(read) });
  };
  save(resume?.step ?? 0);
  for (let plan = trainer.plan(); plan; plan = trainer.plan()) {
    const { step, attempt, phase, slots } = plan;
    for (const vector of plan.inputs ? vectorsOf(plan.inputs) : []) computer.hold(vectorDigest(vector), vector);
    const { inputs } = planRound({ run: 'fixture', plan, position: { version: 0, chain: '', checksum: '' } });
    const block = { level: Math.log2(slots), index: 0 };
    const absorbed = await computer.compute({ step, attempt, phase, block, ...(inputs && { inputs }) }).then(
      (total) => trainer.absorb(total),
      (error: Error) => trainer.reject!({ step, attempt, phase, worker: 'one', reason: error.message })!,
    );
    rounds.push(`${step}.${attempt} ${phase} ${JSON.stringify(absorbed.evaluation ?? absorbed.measurements ?? absorbed.rejected ?? {})}`);
    const { update } = absorbed;
    if (!update) continue;
    if ('combination' in update) computer.hold(vectorDigest(update.combination.direction), update.combination.direction);
    computer.apply('delta' in update ? update : { state: update.state, combination: referTo(update.combination) });
    const delta =
      'delta' in update ? update.delta : combine(update.combination.direction, previous, update.combination.alpha, update.combination.mu);
    applyUpdate(parameters, delta);
    state.set(update.state);
    if (previous.length > 0) previous.set(delta);
    if (!absorbed.rejected) save(step);
  }
  return { saved, rounds };
}

describe('a fixture run that is resumed', () => {
  it.each([
    ['plain', {}],
    ['quadratic', { quadratic: true }],
    ['quadratic, with a change taken back', { quadratic: true, failOnce: 6 }],
  ])('ends with the same bits from every step: %s', async (_what, options) => {
    const bundle = new TextEncoder().encode(JSON.stringify({ name: 'fixture', steps: 11, slots: 4, parameters: 13, ...options }));
    const whole = await run(bundle);
    expect(whole.saved.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    for (const point of whole.saved) {
      const rest = await run(bundle, point);
      expect(rest.saved.at(-1), `from step ${point.step}`).toEqual(whole.saved.at(-1));
      expect(rest.rounds).toEqual(whole.rounds.slice(whole.rounds.length - rest.rounds.length));
    }
  });

  it('has other bits without its momentum', async () => {
    const bundle = new TextEncoder().encode(JSON.stringify({ name: 'fixture', steps: 4, slots: 4, parameters: 13 }));
    const { saved } = await run(bundle);
    const { step, files } = saved[2];
    const velocity = files.get('optimizer.safetensors')!.tensors.get('velocity')!;
    velocity.data.fill(0);
    expect((await run(bundle, { step, files })).saved.at(-1)).not.toEqual(saved.at(-1));
  });
});
