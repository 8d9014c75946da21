/** A run without a cluster: the trainer and the slot program of the processes, in this one. The bits are those of any cluster. */
import { createHash } from 'node:crypto';
import { openTrainer } from '@geodesic/coordinator/trainer';
import { parseRunSpec, type RunSpec } from '@geodesic/run-spec';
import { createSlotComputer } from '@geodesic/worker/slot-program';
import { buildBundle } from '../src/build-bundle.ts';
import { defaultGroups } from '../src/recipes.ts';

type Trainer = ReturnType<typeof openTrainer>;
type Total = Parameters<Trainer['absorb']>[0];

/** What a test looks at after a run. */
export interface FinishedRun {
  readonly trainer: Trainer;
  /** sha256 over parameters and state. */
  readonly digest: string;
  /** Measurements of the last step, and `<split>Accuracy` of the last evaluations. */
  readonly measurements: Readonly<Record<string, number>>;
  /** Measurements of every training step, in order. */
  readonly history: readonly Readonly<Record<string, number>>[];
}

/** Computes the total of a round; the default computes the block of all slots at once. */
export type TotalOf = (compute: (block: Total['block']) => Promise<Total>, slots: number) => Promise<Total>;

/** A validated spec from plain data, with the recipe's default groups. */
export function specOf(written: Readonly<Record<string, unknown>>): RunSpec {
  return parseRunSpec(JSON.stringify(written), { format: 'json', defaultGroups });
}

/** Trains to the end. */
export async function runInProcess(spec: RunSpec, totalOf?: TotalOf): Promise<FinishedRun> {
  return runBundle(buildBundle(spec).bundle, totalOf);
}

/** Trains a bundle to the end. */
export async function runBundle(
  bundle: Uint8Array,
  totalOf: TotalOf = (compute, slots) => compute({ level: Math.log2(slots), index: 0 }),
): Promise<FinishedRun> {
  const trainer = openTrainer(bundle);
  const computer = await createSlotComputer(bundle);
  computer.load(trainer);
  const measurements: Record<string, number> = {};
  const history: Readonly<Record<string, number>>[] = [];
  for (let plan = trainer.plan(); plan; plan = trainer.plan()) {
    const { step, attempt, phase, slots } = plan;
    const total = await totalOf((block) => computer.compute({ step, attempt, phase, block }), slots);
    const { update, evaluation, measurements: measured } = trainer.absorb(total);
    Object.assign(measurements, measured, evaluation?.accuracy !== undefined && { [`${evaluation.split}Accuracy`]: evaluation.accuracy });
    if (!update) continue;
    if (phase !== 'init') history.push(measured ?? {});
    computer.apply(update);
    update.delta.forEach((value, i) => (trainer.parameters[i] += value));
    trainer.state.set(update.state);
  }
  const digest = createHash('sha256').update(trainer.parameters).update(trainer.state).digest('hex');
  return { trainer, digest, measurements, history };
}
