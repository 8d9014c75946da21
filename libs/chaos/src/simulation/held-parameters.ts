/**
 * What a worker holds: parameters that follow its coordinator's, update by update or by a snapshot, and vectors by address. Updates by
 * combination wait for their direction; what is gone at the coordinator leads to a snapshot.
 */
import { addressesOf, applyUpdate, combine, parametersChecksum, VectorCache } from '@geodesic/cluster';
import type { CommittedUpdate, Position, RoundInputs, Snapshot } from '@geodesic/cluster';
import type { CoordinatorProcess } from './coordinator-process.ts';
import type { Published } from './publication.ts';
import { fetchVector } from './request.ts';
import { SIZE } from './toy/toy-data.ts';
import type { FindVector } from './toy/toy-program.ts';
import type { WorkerProcess } from './worker-process.ts';
import type { World } from './world.ts';

/** Parameters with the vectors of a round, for one computation. */
export type HeldCopy = Snapshot & { readonly find: FindVector };

const RETRY_MS = 4;
/** After so many lost transfers a round's vectors are given up. */
const MAX_LOST = 3;

/** Parameters and vectors of one worker. */
export class HeldParameters {
  readonly #world: World;
  readonly #process: WorkerProcess;
  readonly #vectors = new VectorCache<Float32Array>({ spareElements: 2 * SIZE });
  #held: (Snapshot & { readonly position: Position }) | undefined;
  #isFetching = false;

  constructor(world: World, process: WorkerProcess) {
    this.#world = world;
    this.#process = process;
  }

  /** A snapshot is needed. */
  forget(): void {
    this.#held = undefined;
  }

  /** What is held, for a computation, when it is of this version; later updates do not change it. */
  copy(version: number): HeldCopy | undefined {
    const held = this.#held;
    if (held?.position.version !== version) return undefined;
    const vectors = new Map<string, Float32Array>();
    const find: FindVector = (digest) => vectors.get(digest) ?? this.#vectors.get(digest);
    return { ...held, find };
  }

  /** Goes on as far as it can; says so after every step. */
  follow(coordinator: CoordinatorProcess, onPosition: (position: Position) => void): void {
    const { publication } = coordinator;
    if (this.#isFetching || !coordinator.isAwake || !publication) return;
    const { newest } = publication;
    for (;;) {
      const held = this.#held;
      if (held && held.position.chain === newest.position.chain) return;
      const next = held && publication.after(held.position);
      if (!held || !next?.update) this.#load(newest);
      else if (!this.#apply(held, next.update, coordinator)) return;
      onPosition(this.#held!.position);
      if (this.#process.session !== coordinator) return;
    }
  }

  /** Gets the vectors of a round; false when they are gone. */
  provide(inputs: RoundInputs | undefined, coordinator: CoordinatorProcess | undefined, done: (isHere: boolean) => void): void {
    const needed = inputs ? [...addressesOf(inputs).keys()] : [];
    this.#vectors.pin('round', needed);
    this.#vectors.trim();
    const missing = needed.filter((digest) => !this.#vectors.has(digest));
    if (missing.length === 0) done(true);
    else this.#fetch(missing, coordinator, done);
  }

  #load({ position, parameters, state, previous }: Published): void {
    const copies = { parameters: parameters.slice(), state: state.slice(), previous: previous.slice() };
    this.#held = { ...copies, position: { ...position, checksum: parametersChecksum(copies.parameters) } };
  }

  /** False when it waits for the direction. */
  #apply(held: Snapshot & { readonly position: Position }, update: CommittedUpdate, coordinator: CoordinatorProcess): boolean {
    const needed = 'combination' in update ? [update.combination.digest] : [];
    this.#vectors.pin('update', needed);
    if (needed.some((digest) => !this.#vectors.has(digest))) {
      this.#isFetching = true;
      this.#fetch(needed, coordinator, (isHere) => {
        this.#isFetching = false;
        if (!isHere) this.forget();
        this.#process.follow(coordinator);
      });
      return false;
    }
    const delta = 'delta' in update ? update.delta : this.#combine(held, update.combination);
    const parameters = held.parameters.slice();
    const checksum = applyUpdate(parameters, delta);
    const { version, chain, state } = update;
    this.#held = { parameters, state: state.slice(), previous: delta.slice(), position: { version, chain, checksum } };
    return true;
  }

  #combine({ previous }: Snapshot, { digest, alpha, mu }: { digest: string; alpha: number; mu: number }): Float32Array {
    return combine(this.#vectors.get(digest)!, previous, alpha, mu);
  }

  /** One after the other; lost ones again, some times. */
  #fetch(digests: readonly string[], coordinator: CoordinatorProcess | undefined, done: (isHere: boolean) => void, lost = 0): void {
    const [digest, ...rest] = digests;
    if (digest === undefined) return done(true);
    if (!coordinator || lost > MAX_LOST) return this.#world.later(this.#process, 0, () => done(false));
    fetchVector(this.#world, { digest, from: this.#process, to: coordinator }, (answer) => {
      if (answer === 'gone') {
        this.#world.note('gone');
        done(false);
      } else if (answer === 'lost') {
        this.#world.later(this.#process, RETRY_MS, () => this.#fetch(digests, coordinator, done, lost + 1));
      } else {
        this.#vectors.add(digest, { value: answer, length: answer.length });
        this.#fetch(rest, coordinator, done, lost);
      }
    });
  }
}
