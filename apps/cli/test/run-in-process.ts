/** A run without a cluster: the trainer and the slot program of the processes, in this one. The bits are those of any cluster. */
import { createHash } from 'node:crypto';
import { applyUpdate, combine, planRound, referTo, vectorDigest, vectorsOf } from '@geodesic/cluster';
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
  const { parameters, state } = trainer;
  const previous = new Float32Array(parameters.length);
  const computer = await createSlotComputer(bundle);
  computer.load({ parameters, state, previous });
  const measurements: Record<string, number> = {};
  const history: Readonly<Record<string, number>>[] = [];
  for (let plan = trainer.plan(); plan; plan = trainer.plan()) {
    const { step, attempt, phase, slots } = plan;
    const { inputs } = planRound({ run: 'in-process', plan, position: { version: 0, chain: '', checksum: '' } });
    for (const vector of plan.inputs ? vectorsOf(plan.inputs) : []) computer.hold(vectorDigest(vector), vector);
    const total = await totalOf((block) => computer.compute({ step, attempt, phase, block, ...(inputs && { inputs }) }), slots);
    const { update, evaluation, measurements: measured } = trainer.absorb(total);
    Object.assign(measurements, measured, evaluation?.accuracy !== undefined && { [`${evaluation.split}Accuracy`]: evaluation.accuracy });
    if (!update) continue;
    if (measured) history.push(measured);
    const combination = 'combination' in update ? update.combination : undefined;
    if (combination) computer.hold(vectorDigest(combination.direction), combination.direction);
    computer.apply('delta' in update ? update : { state: update.state, combination: referTo(update.combination) });
    const delta =
      'delta' in update ? update.delta : combine(update.combination.direction, previous, update.combination.alpha, update.combination.mu);
    applyUpdate(parameters, delta);
    previous.set(delta);
    state.set(update.state);
  }
  const digest = createHash('sha256').update(trainer.parameters).update(trainer.state).digest('hex');
  return { trainer, digest, measurements, history };
}
