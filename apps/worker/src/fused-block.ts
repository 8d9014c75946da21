/**
 * A block of slots in one call of the executor: every slot has its own rows and its own sums, which the graph adds by the tree. Same
 * bits as slot by slot (see `blockProgram`), without a crossing into JavaScript for each slot. S slots, E columns.
 */
import {
  blockInputName,
  blockProgram,
  packSums,
  sumsLength,
  type Executor,
  type NamedTensors,
  type PhaseProgram,
  type Program,
} from '@geodesic/engine';
import type { TensorData } from '@geodesic/tensor';
import { addRows, type RowShape, type SharedInputs, type SlotSums } from './phase-runner.ts';
import { RowBuffers, countExamples, type SlotRows } from './slot-rows.ts';

/** A phase compiled for blocks of S slots. */
export class FusedBlock {
  readonly #phase: PhaseProgram;
  readonly #program: Program;
  readonly #slots: readonly RowBuffers[];

  private constructor(phase: PhaseProgram, program: Program, slots: readonly RowBuffers[]) {
    this.#phase = phase;
    this.#program = program;
    this.#slots = slots;
  }

  /** Unrolls and compiles a phase for blocks of `slots` slots. */
  static async compile(phase: PhaseProgram, executor: Executor, options: RowShape & { readonly slots: number }): Promise<FusedBlock> {
    const program = await executor.compile(blockProgram(phase, options.slots));
    const slots = Array.from({ length: options.slots }, () => new RowBuffers(phase, options));
    return new FusedBlock(phase, program, slots);
  }

  /** Computes the sums of S slots, each of which has an example: an empty slot is an identity that the graph does not know. */
  async run(rows: readonly SlotRows[], shared: SharedInputs): Promise<SlotSums> {
    const inputs: Record<string, SharedInputs['theta']> = {};
    this.#slots.forEach((buffers, slot) => {
      buffers.fill(rows[slot]);
      const available: Record<string, TensorData | SharedInputs['theta']> = { ...buffers.inputs, ...shared };
      for (const { name } of this.#phase.graph.inputs) inputs[blockInputName(name, slot)] = available[name];
    });
    const outputs = await this.#program.run(inputs as NamedTensors);
    const sums = new Float32Array(sumsLength(this.#phase.sums));
    packSums(this.#phase.sums, outputs, sums);
    const scalars = this.#slots.map((_, slot) => {
      const columns = new Float64Array(this.#phase.columns.length);
      const examples = outputs[`examples@${slot}`] as TensorData | undefined;
      if (examples) addRows(examples.data as Float32Array, columns);
      return columns;
    });
    return { count: rows.reduce((count, slot) => count + countExamples(slot), 0), scalars: addByTree(scalars), sums };
  }
}

/** left + right, level by level. */
function addByTree(nodes: readonly Float64Array[]): Float64Array {
  if (nodes.length === 1) return nodes[0];
  const half = nodes.length / 2;
  const [left, right] = [addByTree(nodes.slice(0, half)), addByTree(nodes.slice(half))];
  for (let i = 0; i < left.length; i++) left[i] += right[i];
  return left;
}
