/**
 * A cluster without processes: W workers, each with a slot computer of its own, that take uneven shares of every round, rest, answer twice
 * and in any order, leave and come back, all drawn from a seed; the coordinator's side is the real trainer, reduction tree and committed
 * parameters. The digest of a run must not depend on any of it.
 */
import { createHash } from 'node:crypto';
import { decodeSafetensors, encodeSafetensors, type CheckpointFile } from '@geodesic/checkpoint';
import {
  applyUpdate,
  combine,
  dyadicBlocks,
  parametersChecksum,
  planRound,
  ReductionTree,
  referTo,
  vectorDigest,
  vectorsOf,
  type Absorbed,
  type Block,
  type Contribution,
  type PhasePlan,
  type SlotComputer,
} from '@geodesic/cluster';
import { committedFiles, createTrainer, openTrainer, resumedRun, type ResumedRun, type ResumePoint } from '@geodesic/coordinator/trainer';
import { deriveKey, fillUniform, permutation } from '@geodesic/random';
import { createSlotComputer } from '@geodesic/worker/slot-program';

type Trainer = ReturnType<typeof openTrainer>;

/** How a run is computed; nothing here may matter. */
export interface ClusterShape {
  readonly workers: number;
  /** Of who computes what, when; default: even shares, everyone there, in order. */
  readonly disorder?: number;
}

/** What a run left behind after a step. */
export interface Saved {
  readonly step: number;
  /** Its checkpoint's files as bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The same, as they are given to a store. */
  readonly content: Readonly<Record<string, CheckpointFile>>;
  /** Who was given up, and why, since the last one. */
  readonly rejections: readonly string[];
}

/** Who could not compute a round, and why. */
export interface Failure {
  readonly worker: string;
  readonly reason: string;
}

/** A run that is over. */
export interface SimulatedRun {
  /** sha256 over parameters, committed state, last change and optimiser. */
  readonly digest: string;
  readonly trainer: Trainer;
  /** Measurements of every step, in order. */
  readonly history: readonly Readonly<Record<string, number>>[];
  /** Every phase that was computed, `<step>.<attempt> <phase>`. */
  readonly phases: readonly string[];
  readonly rejections: readonly NonNullable<Absorbed['rejected']>[];
  /** What workers could not compute. */
  readonly failures: readonly Failure[];
  /** Programs of the rounds, after the first one, before which a worker came or came back. */
  readonly joined: ReadonlySet<string>;
  /** Before the first step and after every step. */
  readonly saved: readonly Saved[];
}

/** Workers of one bundle, who may serve many runs of it. */
export class SimulatedCluster {
  readonly #bundle: Uint8Array;
  readonly #computers: SlotComputer[] = [];

  constructor(bundle: Uint8Array) {
    this.#bundle = bundle;
  }

  /** Trains to the end, or from a checkpoint to the end: one that this cluster saved, or one that was read from a disk. */
  async run(shape: ClusterShape, { from }: { readonly from?: Saved | ResumePoint } = {}): Promise<SimulatedRun> {
    while (this.#computers.length < shape.workers) this.#computers.push(await createSlotComputer(this.#bundle));
    const coordinator = from ? await this.#resumed('content' in from ? opened(from) : from) : new Coordinator(openTrainer(this.#bundle));
    const workers = new Workers(this.#computers.slice(0, shape.workers), shape, coordinator);
    coordinator.save();
    for (let plan = coordinator.trainer.plan(); plan; plan = coordinator.trainer.plan()) {
      coordinator.phases.push(`${plan.step}.${plan.attempt} ${plan.phase}`);
      const outcome = await workers.total(plan);
      const absorbed = 'worker' in outcome ? coordinator.trainer.reject({ ...plan, ...outcome }) : coordinator.trainer.absorb(outcome);
      if ('worker' in outcome) coordinator.failures.push(outcome);
      if (absorbed === undefined) throw new Error(coordinator.failures.at(-1)!.reason);
      coordinator.conclude(absorbed, plan.step);
      if (absorbed.update) workers.apply(absorbed.update);
    }
    return coordinator.finish();
  }

  async #resumed(point: ResumePoint): Promise<Coordinator> {
    const { trainer, meta } = await createTrainer(this.#bundle, point);
    return new Coordinator(trainer as Trainer, resumedRun(point.files, { ...point, layout: meta.parametersLayout }));
  }
}

/** A checkpoint from the bytes of its files. */
function opened({ step, files }: Saved): ResumePoint {
  return { step, files: new Map([...files].map(([name, bytes]) => [name, decodeSafetensors(bytes)])) };
}

/** Whether the arrays that went into a checkpoint still hold what they held when it was made. */
export function isUntouched({ files, content }: Saved): boolean {
  return Object.entries(content).every(([name, { tensors }]) => Buffer.from(files.get(name)!).equals(encodeSafetensors(tensors)));
}

/** The committed side. */
class Coordinator {
  readonly trainer: Trainer;
  readonly previous: Float32Array;
  readonly phases: string[] = [];
  readonly failures: Failure[] = [];
  readonly joined: Set<string> = new Set();
  readonly #history: Readonly<Record<string, number>>[] = [];
  readonly #rejections: NonNullable<Absorbed['rejected']>[] = [];
  readonly #saved: Saved[] = [];
  #step: number;
  #reported = 0;

  constructor(trainer: Trainer, from?: ResumedRun) {
    this.trainer = trainer;
    this.previous = from?.previous.slice() ?? new Float32Array(trainer.parameters.length);
    this.#step = from?.step ?? 0;
  }

  conclude({ update, rejected, measurements }: Absorbed, step: number): void {
    if (rejected) this.#rejections.push(rejected);
    if (measurements) this.#history.push(measurements);
    if (!update) return;
    const { parameters, state } = this.trainer;
    const delta =
      'delta' in update
        ? update.delta
        : combine(update.combination.direction, this.previous, update.combination.alpha, update.combination.mu);
    applyUpdate(parameters, delta);
    this.previous.set(delta);
    state.set(update.state);
    if (rejected === undefined) this.#step = step;
    this.save();
  }

  /** Keeps what a checkpoint would hold, as bytes. */
  save(): void {
    const { parameters, state, layout } = this.trainer;
    const files = { ...committedFiles({ parameters, state, previous: this.previous }, layout), ...this.trainer.checkpoint() };
    this.#saved.push({
      step: this.#step,
      content: files,
      files: new Map(Object.entries(files).map(([name, file]) => [name, encodeSafetensors(file.tensors)])),
      rejections: this.#rejections.slice(this.#reported).map(({ reason }) => reason),
    });
    this.#reported = this.#rejections.length;
  }

  finish(): SimulatedRun {
    const hash = createHash('sha256');
    for (const bytes of this.#saved.at(-1)!.files.values()) hash.update(bytes);
    const { trainer, phases, failures, joined } = this;
    return {
      digest: hash.digest('hex'),
      trainer,
      phases,
      failures,
      joined,
      history: this.#history,
      rejections: this.#rejections,
      saved: this.#saved,
    };
  }
}

/** The computing side. */
class Workers {
  readonly #computers: readonly SlotComputer[];
  readonly #shape: ClusterShape;
  readonly #coordinator: Coordinator;
  /** Those that hold what is committed. */
  readonly #present: Set<number> = new Set();
  #round = 0;

  constructor(computers: readonly SlotComputer[], shape: ClusterShape, coordinator: Coordinator) {
    this.#computers = computers;
    this.#shape = shape;
    this.#coordinator = coordinator;
  }

  /** The total of a round, or who could not compute it. */
  async total(plan: PhasePlan): Promise<Contribution | Failure> {
    this.#round += 1;
    this.#comeAndGo(plan);
    const { step, attempt, phase, slots, codec } = plan;
    const { inputs } = planRound({ run: 'simulated', plan, position: { version: 0, chain: '', checksum: '' } });
    for (const vector of plan.inputs ? vectorsOf(plan.inputs) : [])
      for (const worker of this.#present) this.#computers[worker].hold(vectorDigest(vector), vector);
    const tree = new ReductionTree({ slots, ...(codec && { codec }) });
    for (const { worker, block } of this.#shares(slots)) {
      try {
        tree.accept(await this.#computers[worker].compute({ step, attempt, phase, block, ...(inputs && { inputs }) }));
      } catch (error) {
        return { reason: (error as Error).message, worker: `worker-${worker + 1}` };
      }
    }
    return tree.total();
  }

  apply(update: NonNullable<Absorbed['update']>): void {
    const { parameters } = this.#coordinator.trainer;
    for (const worker of this.#present) {
      const computer = this.#computers[worker];
      if ('combination' in update) computer.hold(vectorDigest(update.combination.direction), update.combination.direction);
      const checksum = computer.apply('delta' in update ? update : { state: update.state, combination: referTo(update.combination) });
      if (checksum !== parametersChecksum(parameters)) throw new Error(`worker ${worker + 1} holds other parameters`);
    }
  }

  /** Those that come load what is committed, wherever the step stands; the first worker never leaves. */
  #comeAndGo({ phase }: PhasePlan): void {
    const { trainer, previous, joined } = this.#coordinator;
    const { parameters, state } = trainer;
    this.#computers.forEach((computer, worker) => {
      const isThere = worker === 0 || this.#shape.disorder === undefined || this.#draw('presence', worker) < 0.75;
      if (!isThere) this.#present.delete(worker);
      if (!isThere || this.#present.has(worker)) return;
      computer.load({ parameters, state, previous });
      this.#present.add(worker);
      if (this.#round > 1) joined.add(phase.split('/')[0]);
    });
  }

  /** Uneven contiguous shares as blocks, some twice, shuffled. */
  #shares(slots: number): { worker: number; block: Block }[] {
    const workers = [...this.#present].toSorted((a, b) => a - b);
    const { disorder } = this.#shape;
    const isOrdered = disorder === undefined;
    const cuts = workers.slice(1).map((worker, i) => (isOrdered ? ((i + 1) * slots) / workers.length : slots * this.#draw('cut', worker)));
    const bounds = [0, ...cuts.map(Math.floor).toSorted((a, b) => a - b), slots];
    const shares = workers.flatMap((worker, i) => dyadicBlocks(bounds[i], bounds[i + 1]).map((block) => ({ worker, block })));
    if (isOrdered) return shares;
    const backup = { ...shares[Math.floor(this.#draw('backup', 0) * shares.length)], worker: workers.at(-1)! };
    const all = [...shares, backup];
    return [...permutation(deriveKey(disorder, 'arrival', this.#round), all.length)].map((i) => all[i]);
  }

  /** In [0, 1). */
  #draw(purpose: string, worker: number): number {
    const out = new Float64Array(1);
    fillUniform(deriveKey(this.#shape.disorder!, `${purpose}/${worker}`, this.#round), 0, out);
    return out[0];
  }
}
