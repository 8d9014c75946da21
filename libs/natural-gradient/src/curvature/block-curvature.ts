/**
 * The curvature of a group: block diagonal, a block for each layer in the order of theta. State of a layer: `<layer>/<key>`.
 */
import type { LayerReport } from '../layer-report.ts';
import type { Rounds } from '../rounds.ts';
import type { StateTree } from '../state.ts';
import type { Curvature, RefreshOptions, StatisticsBatch } from './curvature.ts';
import { inLockstep } from './lockstep.ts';
import { coordinatorOwnsAll, type LayerOwners } from './ownership.ts';

/** A layer and its own curvature. */
export interface LayerBlock {
  readonly name: string;
  readonly curvature: Curvature;
}

interface Placed extends LayerBlock {
  /** Position of the layer's first number in the group's vectors. */
  readonly start: number;
  readonly keys: readonly string[];
}

/** Blocks side by side. */
export class BlockCurvature implements Curvature {
  readonly size: number;
  /** Present where a layer's curvature has moments. */
  readonly moments?: (state: StateTree, step: number) => Rounds<StateTree>;
  readonly #blocks: readonly Placed[];
  readonly #owners: LayerOwners;

  /** @param blocks in the order of theta */
  constructor(blocks: readonly LayerBlock[], owners: LayerOwners = coordinatorOwnsAll) {
    let start = 0;
    this.#blocks = blocks.map((block) => {
      const placed = { ...block, start, keys: Object.keys(block.curvature.initialState()) };
      start += block.curvature.size;
      return placed;
    });
    this.size = start;
    this.#owners = owners;
    if (blocks.some(({ curvature }) => curvature.moments)) this.moments = (state, step) => this.#moments(state, step);
  }

  initialState(): StateTree {
    return this.#joined((block) => block.curvature.initialState());
  }

  absorb(state: StateTree, batch: StatisticsBatch): StateTree {
    return this.#joined((block) => block.curvature.absorb(stateOf(block, state), batch));
  }

  isKnown(state: StateTree): boolean {
    return this.#blocks.every((block) => block.curvature.isKnown(stateOf(block, state)));
  }

  isReady(state: StateTree): boolean {
    return this.#blocks.every((block) => block.curvature.isReady(stateOf(block, state)));
  }

  moved(state: StateTree): number {
    return this.#blocks.reduce((most, block) => Math.max(most, block.curvature.moved(stateOf(block, state))), 0);
  }

  /** Layers that have moved by more than the threshold since their last refresh, those never refreshed included; for RefreshOptions.only. */
  movedLayers(state: StateTree, threshold: number): ReadonlySet<string> {
    const moved = this.#blocks.filter((block) => block.curvature.moved(stateOf(block, state)) > threshold);
    return new Set(moved.map(({ name }) => name));
  }

  *refresh(state: StateTree, options: RefreshOptions): Rounds<StateTree> {
    const { only, step } = options;
    const work = this.#blocks.map((block) => ({
      layer: block.name,
      run: (): StateTree | Rounds<StateTree> => {
        const { curvature, name } = block;
        const own = stateOf(block, state);
        if (only === undefined || only.has(name) || !curvature.isReady(own)) return curvature.refresh(own, options);
        // The round of the others wants the basis of every layer.
        return curvature.moments?.(own, step) ?? own;
      },
    }));
    const states = only?.size === 0 && this.isReady(state) ? undefined : yield* this.#owners.refresh(work);
    return states === undefined ? state : this.#joined((_, i) => states[i]);
  }

  solve(state: StateTree, v: Float64Array): Float64Array {
    return this.#sideBySide(v, (block, part) => block.curvature.solve(stateOf(block, state), part));
  }

  multiply(state: StateTree, v: Float64Array): Float64Array {
    return this.#sideBySide(v, (block, part) => block.curvature.multiply(stateOf(block, state), part));
  }

  toDense(state: StateTree): Float64Array {
    const dense = new Float64Array(this.size * this.size);
    for (const block of this.#blocks) {
      const { size } = block.curvature;
      const own = block.curvature.toDense(stateOf(block, state));
      for (let i = 0; i < size; i++) dense.set(own.subarray(i * size, (i + 1) * size), (block.start + i) * this.size + block.start);
    }
    return dense;
  }

  report(state: StateTree, step: number): readonly LayerReport[] {
    return this.#blocks.flatMap((block) => block.curvature.report(stateOf(block, state), step));
  }

  *#moments(state: StateTree, step: number): Rounds<StateTree> {
    const states = yield* inLockstep(
      this.#blocks.map((block) => block.curvature.moments?.(stateOf(block, state), step) ?? stateOf(block, state)),
    );
    return this.#joined((_, i) => states[i]);
  }

  #joined(next: (block: Placed, index: number) => StateTree): StateTree {
    const joined: StateTree = {};
    for (const [i, block] of this.#blocks.entries()) {
      for (const [key, value] of Object.entries(next(block, i))) joined[`${block.name}/${key}`] = value;
    }
    return joined;
  }

  #sideBySide(v: Float64Array, of: (block: Placed, part: Float64Array) => Float64Array): Float64Array {
    const out = new Float64Array(this.size);
    for (const block of this.#blocks) out.set(of(block, v.subarray(block.start, block.start + block.curvature.size)), block.start);
    return out;
  }
}

/** A layer's own entries: by its keys, not by its prefix, which another layer's name may begin with. */
function stateOf({ name, keys }: Placed, state: StateTree): StateTree {
  return Object.fromEntries(keys.map((key) => [key, state[`${name}/${key}`]]));
}
