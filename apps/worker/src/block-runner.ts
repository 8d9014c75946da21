/**
 * From a block of slots to its contribution. Short programs are unrolled over as many slots as fit and run in one call; long ones,
 * blocks with an empty slot, and those that gather rows, run slot by slot. Both ways give the same bits, and the first block of every width
 * is computed in both to prove it on the machine at hand. Coded sums are rounded at their level of the tree, above which nothing is unrolled.
 */
import { BlockAccumulator, blockEnd, blockStart, roundAtLevel, type Block, type Contribution } from '@geodesic/cluster';
import { codecOf, programSumsLength, type Executor, type PhaseProgram } from '@geodesic/engine';
import type { SumsCodec } from '@geodesic/tensor';
import { FusedBlock } from './fused-block.ts';
import { PhaseRunner, type RowShape, type SharedInputs } from './phase-runner.ts';
import { countExamples, type SlotRows } from './slot-rows.ts';

/** Nodes of an unrolled program: above, compiling a session takes longer than the crossings that it saves in a short run. */
const UNROLLED_NODES = 1500;

/** Where the rows of each slot come from. */
export type RowSource = (slot: number) => SlotRows;

/** Computes contributions of one phase. */
export class BlockRunner {
  readonly #phase: PhaseProgram;
  readonly #executor: Executor;
  readonly #rows: RowShape;
  readonly #slot: PhaseRunner;
  readonly #codec: SumsCodec | undefined;
  readonly #fused: Map<number, Promise<FusedBlock>> = new Map();
  /** Levels at which an unrolled program gave the bits of single slots. */
  readonly #proven: Set<number> = new Set();
  /** The largest level that is unrolled. */
  #highest: number;

  private constructor(phase: PhaseProgram, executor: Executor, parts: { readonly rows: RowShape; readonly slot: PhaseRunner }) {
    this.#phase = phase;
    this.#executor = executor;
    this.#rows = parts.rows;
    this.#slot = parts.slot;
    this.#codec = codecOf(phase);
    // The reference interpreter keeps doubles between nodes: within one program a slot's sums would not be rounded before they are added.
    const unrolls = executor.name !== 'reference';
    const fitting = Math.floor(Math.log2(UNROLLED_NODES / phase.graph.nodes.length));
    const gathers = (phase.rows ?? []).length > 0;
    this.#highest = unrolls && !gathers ? Math.max(0, Math.min(fitting, this.#codec?.level ?? fitting)) : 0;
  }

  /** Compiles a phase for single slots; wider programs are compiled when a block first asks for them. */
  static async compile(phase: PhaseProgram, executor: Executor, rows: RowShape): Promise<BlockRunner> {
    return new BlockRunner(phase, executor, { rows, slot: await PhaseRunner.compile(phase, executor, rows) });
  }

  /** Computes the contribution of a block, in tree order; `onSlots` is told of the slots of each part of a large one. */
  async run(block: Block, rowsOf: RowSource, shared: SharedInputs, onSlots?: (slots: number) => void): Promise<Contribution> {
    const level = Math.min(block.level, this.#highest);
    if (level === block.level) return this.#part(block, rowsOf, shared);
    const accumulator = this.#accumulator(block, rowsOf(blockStart(block)));
    for (let start = blockStart(block); start < blockEnd(block); start += 1 << level) {
      accumulator.push(await this.#part({ level, index: start >> level }, rowsOf, shared));
      onSlots?.(1 << level);
    }
    return accumulator.finish();
  }

  async #part(block: Block, rowsOf: RowSource, shared: SharedInputs): Promise<Contribution> {
    const rows = Array.from({ length: 1 << block.level }, (_, i) => rowsOf(blockStart(block) + i));
    if (block.level === 0 || rows.some((slot) => countExamples(slot) === 0)) return this.#slotBySlot(block, rows, shared);
    const fused = await this.#fusedProgram(block.level);
    const contribution = roundAtLevel({ block, ...(await fused.run(rows, shared)) }, this.#codec);
    if (this.#proven.has(block.level)) return contribution;
    const reference = await this.#slotBySlot(block, rows, shared);
    if (sameBits(contribution.sums, reference.sums)) this.#proven.add(block.level);
    else this.#giveUp(block.level);
    return reference;
  }

  async #slotBySlot(block: Block, rows: readonly SlotRows[], shared: SharedInputs): Promise<Contribution> {
    const accumulator = this.#accumulator(block, rows[0]);
    for (const [i, slot] of rows.entries()) {
      const sums = await this.#slot.run(slot, shared);
      accumulator.push(roundAtLevel({ block: { level: 0, index: blockStart(block) + i }, ...sums }, this.#codec));
    }
    return accumulator.finish();
  }

  #fusedProgram(level: number): Promise<FusedBlock> {
    const known = this.#fused.get(level);
    if (known) return known;
    const compiled = FusedBlock.compile(this.#phase, this.#executor, { ...this.#rows, slots: 1 << level });
    this.#fused.set(level, compiled);
    return compiled;
  }

  /** Slower, never wrong: exactness does not rest on how a runtime schedules a longer program. */
  #giveUp(level: number): void {
    this.#highest = 0;
    const { name } = this.#executor;
    process.emitWarning(`${name} computes ${1 << level} slots in one program with other bits than one by one; they are run one by one`);
  }

  #accumulator(block: Block, { roundRows }: SlotRows): BlockAccumulator {
    const sumsLength = programSumsLength(this.#phase, roundRows);
    return new BlockAccumulator({ block, sumsLength, scalarsLength: this.#slot.scalarsLength, codec: this.#codec });
  }
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.compare(bytesOf(a), bytesOf(b)) === 0;
}

function bytesOf(array: Float32Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
